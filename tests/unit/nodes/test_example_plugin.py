"""The example package passes its own tests, with nothing installed but Wayfare."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "plugins" / "acme_journeys"


def test_the_example_package_passes_its_own_tests(tmp_path: Path) -> None:
    path = os.pathsep.join([str(EXAMPLE), str(ROOT)])
    env = os.environ | {"PYTHONPATH": path, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE)]
    ran = subprocess.run(command, env=env, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout
