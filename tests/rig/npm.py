"""What the builder's bundle is made with, installed from its lock file into a folder of the tests."""

import shutil
import subprocess
from pathlib import Path

from rig.services import missing

SOURCE = Path(__file__).parents[2] / "web" / "builder_src"


def install(folder: Path) -> Path:
    """Copy the bundle's source into `folder`, install its packages as locked, and return the folder."""
    npm = shutil.which("npm")
    if npm is None:
        missing("npm", "install it (Debian: apt-get install nodejs npm)")
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
