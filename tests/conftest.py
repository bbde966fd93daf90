"""Real services for the tests. Every xdist worker has servers of its own, so nothing is shared between them."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rig.chromium import FLAGS, find_chromium
from rig.npm import install
from rig.postgres import NoPostgres, PostgresServer
from rig.services import missing
from rig.valkey import NoValkey, ValkeyServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The settings of the person who runs the tests must not leak into them.
for _name in [name for name in os.environ if name.startswith("WAYFARE_") and name != "WAYFARE_TEST_CHROMIUM"]:
    del os.environ[_name]

# Whoever starts the tests in the background makes them deaf to these, and all processes that they start would be too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A running Valkey that a test may stop, kill and freeze."""
    try:
        server = ValkeyServer()
    except NoValkey as error:
        missing("Valkey", str(error))
    yield server
    server.destroy()


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The URL of an empty Valkey."""
    valkey_server.flush()
    return valkey_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL that a test may stop, crash and freeze."""
    try:
        server = PostgresServer()
    except NoPostgres as error:
        missing("PostgreSQL", str(error))
    if os.environ.get("CI") and not server.has_tls:
        missing("PostgreSQL with TLS", "install Debian's package postgresql")
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database that every test gets a copy of."""
    from store.migrate import upgrade

    name = postgres_server.create_database()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[str]:
    """A fresh migrated database on PostgreSQL."""
    name = postgres_server.create_database(_postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from store.migrate import upgrade

    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated database in an SQLite file."""
    path = tmp_path / "wayfare.sqlite3"
    for suffix in ("", "-wal"):
        part = _sqlite_template.with_name(_sqlite_template.name + suffix)
        if part.exists():
            shutil.copy(part, path.with_name(path.name + suffix))
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """A running Chromium."""
    path = find_chromium()
    if path is None:
        missing("Chromium", "install it (Debian: apt-get install chromium) or set WAYFARE_TEST_CHROMIUM to its program")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def npm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the builder's bundle with its packages."""
    return install(tmp_path_factory.mktemp("npm"))


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """An empty page in a browser profile of its own."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
