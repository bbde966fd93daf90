"""`wayfare demo` goes into an empty database only, and says in one line what it did not do."""

import os
import subprocess
import sys
from pathlib import Path

from store.db import Store
from store.migrate import upgrade
from wayfare import clock, settings
from wayfare.cli import demo
from wayfare.cli.demo import state
from wayfare.vault import Vault


def run(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run the command on a data folder."""
    command = [sys.executable, "-m", "wayfare", "demo", *args]
    environment = {**os.environ, "WAYFARE_DATA_DIR": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def open_folder(folder: Path) -> tuple[settings.Settings, Store]:
    """Return the settings of a data folder and its migrated database."""
    found = settings.load(data_dir=folder)
    upgrade(found.database_url)
    return found, Store(found.database_url, Vault(found.secret))


def test_a_loaded_demo_is_left_alone(tmp_path: Path) -> None:
    found, store = open_folder(tmp_path)
    state.note(store, state.State(clock.now(), stage="done"))
    store.dispose()
    assert demo.load_if_empty(found, _never) is False
    assert demo.load(found, _never) is False
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("The demo is loaded already; nothing has changed.")


def test_a_database_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    found, store = open_folder(tmp_path)
    from engine.customers import upsert_customers

    upsert_customers(store, [{"key": "alice"}], now=clock.now(), source="test")
    store.dispose()
    assert demo.load_if_empty(found, _never) is False
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("wayfare: this database is in use")
    assert done.stderr.count("\n") == 1


def _never(*_: object) -> None:
    raise AssertionError("something was loaded")
