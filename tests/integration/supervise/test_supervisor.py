"""Real processes: restarted when they die, stopped in order, and none outlives its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rig.processes import children, is_gone
from rig.waiting import until
from wayfare.supervise.child import Child
from wayfare.supervise.supervisor import Supervisor

# Writes its name when it starts and when it is asked to stop, then ends with the given code.
PROGRAM = """
import signal, sys, time
name, code, journal = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def note(what):
    with open(journal, "a") as file:
        file.write(f"{what} {name}\\n")
def stop(*_):
    note("stopped")
    sys.exit(code)
signal.signal(signal.SIGTERM, stop)
note("started")
while True:
    time.sleep(0.05)
"""

# A supervisor as `wayfare up` builds it, with three such children, that prints their pids.
PARENT = """
import sys
from wayfare.supervise.child import Child
from wayfare.supervise.supervisor import Supervisor
program, journal = sys.argv[1:]
supervisor = Supervisor(lambda line: print(line, file=sys.stderr))
supervisor.catch_signals()
supervisor.start([Child(n, [sys.executable, "-c", program, n, "0", journal], env={}) for n in ("one", "two", "three")])
print(*[child.pid for child in supervisor.children], flush=True)
supervisor.run()
sys.exit(supervisor.stop())
"""


def a_child(name: str, journal: Path, code: int = 0, program: str = PROGRAM, grace: float = 10.0) -> Child:
    return Child(name, [sys.executable, "-c", program, name, str(code), str(journal)], env={}, grace=grace)


def lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def a_parent(journal: Path) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, PROGRAM, str(journal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    until(lambda: len(lines(journal)) == 3, "all children's start")
    return process, pids


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_last_started_first(journal: Path, number: signal.Signals) -> None:
    parent, pids = a_parent(journal)
    parent.send_signal(number)
    parent.communicate(timeout=20)
    assert parent.returncode == 0
    assert lines(journal)[3:] == ["stopped three", "stopped two", "stopped one"]
    assert all(is_gone(pid) for pid in pids)


def test_nothing_is_left_when_the_parent_is_killed(journal: Path) -> None:
    parent, pids = a_parent(journal)
    parent.kill()
    parent.communicate(timeout=20)
    until(lambda: all(is_gone(pid) for pid in pids), "the end of all children")
    assert len(lines(journal)) == 3  # killed, not asked


def test_a_child_that_dies_is_started_again_after_growing_pauses(journal: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.start([Child("short", [sys.executable, "-c", "raise SystemExit(3)"], env={})])
    supervisor.run(until=lambda: len(said) == 3)
    supervisor.stop()
    assert said == [f"short ended with exit code 3; it starts again in {pause} s" for pause in ("0.5", "1", "2")]


def test_a_child_that_ends_badly_is_named_and_counts(journal: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.start([a_child("good", journal), a_child("bad", journal, code=5)])
    until(lambda: len(lines(journal)) == 2, "the start")
    assert supervisor.stop() == 1
    assert said == ["bad ended with exit code 5"]


def test_a_child_that_does_not_stop_is_killed_with_what_it_started(journal: Path, tmp_path: Path) -> None:
    stubborn = PROGRAM.replace('    note("stopped")\n    sys.exit(code)', "    pass").replace(
        'note("started")',
        'import subprocess; print("x"); own = subprocess.Popen(["sleep", "60"]); note(f"{own.pid}")',
    )
    child = a_child("stubborn", journal, program=stubborn, grace=0.2)
    child.start()
    until(lambda: lines(journal), "the start")
    grandchild = int(lines(journal)[0].split()[0])
    assert child.stop() == -signal.SIGKILL
    until(lambda: is_gone(grandchild), "the grandchild's end")


def test_the_keeper_ends_its_program_with_its_parent(tmp_path: Path) -> None:
    """Linux does not need the keeper, but it runs here just as on the systems that do."""
    middle = (
        "import os, subprocess, sys\n"
        "keeper = subprocess.Popen([sys.executable, '-m', 'wayfare.supervise.keeper', str(os.getpid()), 'sleep', '60'],"
        " stdout=subprocess.DEVNULL)\n"
        "print(keeper.pid, flush=True)\n"
        "keeper.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    keeper = int(parent.stdout.readline())
    sleeper = until(lambda: children(keeper), "the program's start")[0]
    parent.kill()
    parent.communicate(timeout=20)
    until(lambda: is_gone(sleeper) and is_gone(keeper), "the end of the keeper and its program")


def test_following_the_parent_works_without_the_kernels_help(tmp_path: Path) -> None:
    child = (
        "import os, sys, time; from wayfare import lifeline; lifeline.IS_LINUX = False; lifeline.follow_parent()\n"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    middle = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]).wait()"
    parent = subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not is_gone(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate(timeout=20)
    until(lambda: is_gone(pid), "the child's end")
