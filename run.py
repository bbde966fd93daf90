#!/usr/bin/env python3
"""Set Wayfare up in .venv and run it: `python3 run.py up|test|check|setup|lock`.

    up      start everything on this machine (arguments go to `wayfare up`)
    test    run the tests (arguments go to pytest)
    check   lint, formatting, types and import directions (--fix repairs what can be repaired)
    setup   only make .venv (--dev adds what tests and checks need)
    lock    resolve requirements/*.in again (needs uv; arguments go to `uv pip compile`)

Standard library only, and readable by old Pythons, so that they get a sentence instead of a SyntaxError.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "wayfare.stamp"
OLDEST = (3, 11)
ROOMS = ["wayfare", "nodes", "store", "offers", "engine", "builder", "web"]


class SetupFailed(Exception):
    """The environment cannot be made; the message is the one line the person reads."""


def main(argv: list[str]) -> int:
    """Run one command and return its exit code; `up` and `test` replace this process."""
    if sys.version_info < OLDEST:
        found = f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable})"
        return _fail("Wayfare needs Python 3.11 or newer; this is " + found + ".")
    if sys.platform == "win32":
        return _fail("Wayfare does not run on Windows itself: install WSL2 (`wsl --install`) and run this there.")
    commands = {"up": up, "test": test, "check": check, "setup": setup, "lock": lock}
    if not argv or argv[0] not in commands:
        print(__doc__.strip(), file=sys.stdout if argv[:1] in (["-h"], ["--help"]) else sys.stderr)
        return 0 if argv[:1] in (["-h"], ["--help"]) else 2
    try:
        return commands[argv[0]](argv[1:])
    except SetupFailed as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def up(args: list[str]) -> int:
    prepare("app")
    return _become([str(VENV / "bin" / "wayfare"), "up", *args])


def test(args: list[str]) -> int:
    prepare("dev")
    workers = [] if any(arg.startswith("-n") or arg == "--pdb" for arg in args) else ["-n", "2"]
    return _become([str(PYTHON), "-m", "pytest", *workers, *args])


def check(args: list[str]) -> int:
    """Run every check, even after one has failed, and say which did."""
    prepare("dev")
    fix = "--fix" in args
    places = [room for room in [*ROOMS, "tests", "bench", "run.py"] if _has_python(ROOT / room)]
    steps = [
        ["ruff", "check", *(["--fix"] if fix else []), "."],
        ["ruff", "format", *([] if fix else ["--check"]), "."],
        ["mypy", *places],
        ["lint-imports"],
    ]
    failed = []
    for step in steps:
        print("$ " + " ".join(step), flush=True)
        if subprocess.call([str(VENV / "bin" / step[0]), *step[1:]], cwd=str(ROOT)) != 0:
            failed.append(" ".join(step[:2]))
    print("FAILED: " + ", ".join(failed) if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def setup(args: list[str]) -> int:
    prepare("dev" if "--dev" in args else "app")
    print("Ready: " + str(PYTHON))
    return 0


def lock(args: list[str]) -> int:
    """Resolve each .in file for every platform; dev and bench stay on what the application is locked to."""
    uv = _uv()
    if not uv:
        raise SetupFailed("Locking needs uv: install it with `pip install uv`.")
    folder = ROOT / "requirements"
    for name in ("app", "dev", "bench"):
        command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"]
        command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", *args]
        command += [] if name == "app" else ["--constraints", "app.txt"]
        _run([*command, name + ".in", "--output-file", name + ".txt"], cwd=folder)
    return 0


def prepare(kind: str) -> None:
    """Make .venv hold what `kind` ('app' or 'dev') is locked to; do nothing when it already does.

    'dev' contains 'app', so an environment made for the tests also starts the application.
    """
    digest = _digest()
    if _stamped(kind, digest):
        return
    with open(__file__) as handle:  # two commands started together must not install over each other
        _only_one(handle.fileno())
        if _stamped(kind, digest):
            return
        print("Setting up .venv; the first time takes up to a minute ...", file=sys.stderr, flush=True)
        had_dev = STAMP.exists() and STAMP.read_text().startswith("dev ")
        kind = "dev" if had_dev else kind
        STAMP.unlink(missing_ok=True)
        uv = _uv()
        if not _is_usable():
            _make_venv(uv)
        install = _installer(uv)
        _run([*install, "--require-hashes", "-r", str(ROOT / "requirements" / (kind + ".txt"))])
        _run([*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
        STAMP.write_text(kind + " " + digest)


def _digest() -> str:
    """Return a digest of everything that decides what .venv holds: locks, project file, Python, place."""
    parts = [(ROOT / "requirements" / name).read_bytes() for name in ("app.txt", "dev.txt")]
    parts += [(ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _stamped(kind: str, digest: str) -> bool:
    if not STAMP.exists() or not PYTHON.exists():
        return False
    have, _, of = STAMP.read_text().partition(" ")
    return of == digest and have in (kind, "dev")


def _only_one(handle: int) -> None:
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX)


def _uv() -> str | None:
    """Return a uv that really starts: a version manager's shim may be on the PATH with nothing behind it."""
    found = shutil.which("uv")
    if found and subprocess.call([found, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return found
    return None


def _is_usable() -> bool:
    """Return whether .venv runs, and on this very Python."""
    if not PYTHON.exists():
        return False
    told = subprocess.run([str(PYTHON), "-c", "import sys; print(sys.version)"], stdout=subprocess.PIPE, check=False)
    return told.returncode == 0 and told.stdout.decode().strip() == sys.version.strip()


def _make_venv(uv: str | None) -> None:
    """Make .venv by the first way that works here; Debian's python3 comes without ensurepip."""
    shutil.rmtree(VENV, ignore_errors=True)
    python, venv = sys.executable, [sys.executable, "-m", "venv"]
    if uv and _tried([uv, "venv", "--quiet", "--python", python, str(VENV)]):
        return
    if _tried([*venv, str(VENV)]):
        return
    if _outer_pip() and _tried([*venv, "--clear", "--without-pip", str(VENV)]):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing " + package + " with apt-get ...", file=sys.stderr, flush=True)
        _tried(["apt-get", "update", "-qq"])
        if _tried(["apt-get", "install", "-y", "-qq", package]) and _tried([*venv, "--clear", str(VENV)]):
            return
    shutil.rmtree(VENV, ignore_errors=True)
    raise SetupFailed("This Python cannot make a virtual environment; run: sudo apt-get install " + package)


def _installer(uv: str | None) -> list[str]:
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    if _tried([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if _outer_pip():
        return [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet"]
    raise SetupFailed("No pip found for .venv; remove the folder .venv and start again.")


def _outer_pip() -> bool:
    """Return whether the running Python's own pip can install into another environment (pip 22.3 and newer)."""
    return _tried([sys.executable, "-m", "pip", "--python", sys.executable, "--version"])


def _tried(command: list[str]) -> bool:
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _run(command: list[str], cwd: Path = ROOT) -> None:
    if subprocess.call(command, cwd=str(cwd)) != 0:
        raise SetupFailed("This step failed (its own words are above): " + " ".join(command))


def _become(command: list[str]) -> NoReturn:
    """Replace this process, so that Ctrl+C and signals reach the program itself."""
    os.chdir(str(ROOT))
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606  no shell is wanted


def _has_python(path: Path) -> bool:
    return path.is_file() or any(path.rglob("*.py"))


def _fail(line: str) -> int:
    print(line, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
