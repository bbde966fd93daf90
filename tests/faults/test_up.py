"""`wayfare up` as a person uses it: everything starts, everything stops, and each mistake gets one line."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rig.processes import children, descendants, is_gone
from rig.waiting import until
from wayfare.supervise.ports import any_free

pytestmark = pytest.mark.faults
READY = 90.0  # seconds; a start takes a few, on a machine that does nothing else


class Up:
    """A running `wayfare up --empty`, and what it said so far."""

    def __init__(self, data: Path, port: int) -> None:
        self.port, self.said = port, data.with_name(f"{data.name}-{port}.log")
        command = [
            sys.executable,
            "-m",
            "wayfare",
            "up",
            "--empty",
            "--data-dir",
            str(data),
            "--port",
            str(port),
        ]
        with self.said.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def words(self) -> str:
        return self.said.read_text()

    def wait_ready(self) -> "Up":
        def ready() -> bool:
            assert self.process.poll() is None, self.words()
            return "Wayfare is ready" in self.words()

        until(ready, "wayfare up", READY)
        return self

    def family(self) -> list[int]:
        return descendants(self.process.pid)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "da ta"


@pytest.fixture
def up(data: Path) -> Iterator[Up]:
    running = Up(data, any_free())
    yield running.wait_ready()
    running.kill()


def refused(data: Path, *args: str) -> str:
    """Run `wayfare up`, which must refuse, and return its one line."""
    command = [sys.executable, "-m", "wayfare", "up", "--empty", "--data-dir", str(data), *args]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1, told.stderr
    assert told.stdout == ""
    assert len(told.stderr.splitlines()) == 1, told.stderr
    return told.stderr


def test_a_first_start_shows_the_way_in_and_a_second_keeps_everything(up: Up, data: Path) -> None:
    assert f"http://127.0.0.1:{up.port}" in up.words()
    password = re.search(r"password (\S+)", up.words())
    assert password
    assert len(password[1]) >= 12
    for name in ("web", "worker", "scheduler", "redis", "database"):
        assert re.search(rf"^{name} ", up.words(), re.MULTILINE), up.words()
    with pytest.raises(urllib.error.HTTPError), urllib.request.urlopen(f"http://127.0.0.1:{up.port}/no-such-page"):
        pass
    assert (data / "wayfare.sqlite3").stat().st_mode & 0o077 == 0
    assert (data / "valkey" / "appendonlydir").is_dir()

    family = up.family()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.words()
    assert all(is_gone(pid) for pid in family)
    assert "Traceback" not in up.words(), up.words()

    again = Up(data, up.port).wait_ready()
    try:
        assert "password" not in again.words()
    finally:
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(60) == 0, again.words()


def test_nothing_is_left_when_it_is_killed(up: Up) -> None:
    family = up.family()
    assert len(family) >= 5  # Valkey, web and its worker process, worker, scheduler
    up.kill()
    until(lambda: all(is_gone(pid) for pid in family), "the end of every process")


def test_a_second_one_on_the_same_folder_or_port_gets_one_line(up: Up, data: Path, tmp_path: Path) -> None:
    assert f"process {up.process.pid}" in refused(data, "--port", str(any_free()))
    assert f"port {up.port} is taken" in refused(tmp_path / "other", "--port", str(up.port))


def test_a_folder_that_cannot_be_written_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write to the data folder" in refused(tmp_path / "file" / "data")
    if os.geteuid() != 0:  # root may write everywhere
        tmp_path.chmod(0o500)
        assert "cannot write to the data folder" in refused(tmp_path / "data")


def test_an_open_address_without_https_gets_one_line(data: Path) -> None:
    assert "--insecure" in refused(data, "--host", "0.0.0.0", "--port", str(any_free()))


def test_what_dies_is_started_again(up: Up) -> None:
    names = ("web", "worker", "scheduler", "valkey")
    for name in names:
        found = re.search(rf"^{'redis' if name == 'valkey' else name} +(\d+)", up.words(), re.MULTILINE)
        assert found, up.words()
        os.kill(int(found[1]), signal.SIGKILL)
    for name in names:
        until(partial(_said, up, f"{name} ended with signal SIGKILL; it starts again"), f"news of {name}")
    until(lambda: len(children(up.process.pid)) == 4, "the restart of all", 30)
    until(lambda: _answers(up.port), "the web server", 30)
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0, up.words()


def _said(up: Up, words: str) -> bool:
    return words in up.words()


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
