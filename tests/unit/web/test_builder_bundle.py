"""The builder's committed bundle is what its committed source makes."""

import shutil
import subprocess
from pathlib import Path

import pytest

BUILT = Path(__file__).parents[3] / "web" / "static" / "builder"


def test_the_bundle_is_made_from_the_source_and_lock_file_beside_it(npm_folder: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, "build.mjs", str(tmp_path)], cwd=npm_folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in BUILT.iterdir()}
    for path in tmp_path.iterdir():
        if path.read_bytes() != (BUILT / path.name).read_bytes():
            pytest.fail(f"{path.name} differs: run `npm ci && npm run build` in web/builder_src and commit it")


def test_licences_of_bundled_packages_are_told(npm_folder: Path) -> None:
    told = (BUILT.parent / "LICENSES.md").read_text()
    for name in ("@xyflow/react", "react", "react-dom", "zustand", "classcat", "d3-zoom"):
        assert f"`{name}`" in told, name
