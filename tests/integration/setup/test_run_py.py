"""`run.py` on machines that differ: old Pythons, with and without uv, a Debian without ensurepip."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rig.services import missing

ROOT = Path(__file__).parents[3]
RUN = ROOT / "run.py"

# Stands in for uv: notes what it was asked, and makes an environment that has a Python and nothing else.
FAKE_UV = """#!/bin/sh
echo "$@" >> "$UV_JOURNAL"
case "$1" in
venv)
    for last; do :; done
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$REAL_PYTHON" > "$last/bin/python"
    printf '#!/bin/sh\\necho wayfare got "$@"\\n' > "$last/bin/wayfare"
    chmod +x "$last/bin/python" "$last/bin/wayfare" ;;
esac
"""


class Place:
    """A project folder with its own run.py, a small lock, and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin, self.journal = folder / "da ta", folder / "bin", folder / "journal"
        (self.root / "requirements").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(RUN, self.root)
        (self.root / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
            '[project]\nname = "tiny"\nversion = "1"\n[tool.setuptools]\npy-modules = []\n'
        )
        for name in ("app.txt", "dev.txt"):
            (self.root / "requirements" / name).write_text(setuptools_lines())

    def with_uv(self) -> None:
        uv = self.bin / "uv"
        uv.write_text(FAKE_UV)
        uv.chmod(0o755)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
        env |= {"PATH": f"{self.bin}:/usr/bin:/bin", "UV_JOURNAL": str(self.journal), "REAL_PYTHON": sys.executable}
        command = [sys.executable, str(self.root / "run.py"), *args]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        """What uv was asked since the last look."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        self.journal.unlink(missing_ok=True)
        return [line for line in lines if line != "--version"]


def setuptools_lines() -> str:
    """Return the entry of setuptools in the real lock."""
    entry = (ROOT / "requirements" / "app.txt").read_text().split("\nsetuptools==")[1]
    lines = [f"setuptools=={entry.splitlines()[0]}"]
    lines += [line for line in entry.splitlines()[1:4] if line.startswith("    --hash")]
    return "\n".join(lines) + "\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_needs_nothing_but_the_standard_library_and_old_pythons_can_read_it() -> None:
    tree = ast.parse(RUN.read_text(), feature_version=(3, 7))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert all(name.split(".")[0] in sys.stdlib_module_names for name in names), names


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ("sys.version_info = (3, 9, 2)", "needs Python 3.11 or newer; this is 3.9"),
        ("sys.platform = 'win32'", "WSL2"),
    ],
)
def test_a_machine_that_does_not_fit_gets_one_line(lie: str, words: str) -> None:
    program = (
        f"import runpy, sys; {lie}; sys.argv = ['run.py', 'up']; runpy.run_path({str(RUN)!r}, run_name='__main__')"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert words in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_without_a_command_it_lists_them(place: Place) -> None:
    told = place.run()
    assert told.returncode == 2
    assert "up " in told.stderr
    assert place.run("--help").returncode == 0


def test_uv_installs_what_is_locked_by_hash_and_passes_arguments_on(place: Place) -> None:
    place.with_uv()
    told = place.run("up", "--empty", "--port", "1")
    assert told.stdout == "wayfare got up --empty --port 1\n"
    venv, locked, project = place.asked()
    assert venv.startswith("venv ")
    assert "--require-hashes" in locked
    assert locked.endswith("requirements/app.txt")
    assert "--no-deps" in project
    assert "--no-build-isolation" in project


def test_a_second_start_installs_nothing_until_the_lock_changes(place: Place) -> None:
    place.with_uv()
    place.run("up")
    place.asked()
    place.run("up")
    assert place.asked() == []
    with (place.root / "requirements" / "app.txt").open("a") as file:
        file.write("# changed\n")
    place.run("up")
    locked, project = place.asked()  # the environment itself is kept
    assert "app.txt" in locked
    assert "-e" in project


def test_what_serves_the_tests_serves_the_application_too(place: Place) -> None:
    place.with_uv()
    place.run("up")
    place.asked()
    place.run("setup", "--dev")
    assert "dev.txt" in place.asked()[0]
    place.run("up")
    assert place.asked() == []


def test_an_install_that_was_cut_short_is_done_again(place: Place) -> None:
    place.with_uv()
    (place.bin / "uv").write_text(FAKE_UV + '[ "$2" != install ] || exit 1\n')
    told = place.run("up")
    assert told.returncode == 1
    assert "This step failed" in told.stderr
    place.with_uv()
    place.asked()
    assert place.run("up").returncode == 0
    assert place.asked()


def test_an_environment_of_a_python_that_is_gone_is_made_anew(place: Place) -> None:
    place.with_uv()
    place.run("up")
    place.asked()
    (place.root / ".venv" / "bin" / "python").unlink()
    place.run("up")
    assert place.asked()[0].startswith("venv ")


def test_it_works_without_uv_and_twice_at_once(place: Place) -> None:
    command = [sys.executable, str(place.root / "run.py"), "setup"]
    env = {**os.environ, "PATH": f"{place.bin}:/usr/bin:/bin"}
    both = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sorted("Setting up" in words for words in told) == [False, True]
    python = place.root / ".venv" / "bin" / "python"
    shown = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert "tiny" in shown


def load_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_under_test", place.root / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("PATH", f"{place.bin}:/usr/bin:/bin")
    return module


def test_a_python_without_ensurepip_uses_its_own_pip(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load_run(place, monkeypatch)
    tried = run._tried
    monkeypatch.setattr(
        run, "_tried", lambda command: tried(command) and ("venv" not in command or "--without-pip" in command)
    )
    monkeypatch.setattr(run.sys, "executable", _base_python())
    run.prepare("app")
    assert not (place.root / ".venv" / "bin" / "pip").exists()
    shown = subprocess.run(
        [place.root / ".venv" / "bin" / "python", "-c", "import setuptools"], capture_output=True, check=False
    )
    assert shown.returncode == 0, shown.stderr


def test_when_nothing_works_it_names_the_package_to_install(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load_run(place, monkeypatch)
    monkeypatch.setattr(run, "_tried", lambda command: False)
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    with pytest.raises(run.SetupFailed, match=r"sudo apt-get install python3\.\d+-venv"):
        run.prepare("app")


def _base_python() -> str:
    """Return the Python behind this environment, if it has a pip that can install into another environment."""
    base = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")
    asked = subprocess.run([base, "-m", "pip", "--python", base, "--version"], capture_output=True, check=False)
    if asked.returncode != 0:
        missing("pip", "the Python behind this environment has no pip of its own")
    return base
