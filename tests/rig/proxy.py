"""A TCP proxy before PostgreSQL that loses what a test wants lost. The connection behind it is without TLS."""

import socket
import threading
from types import TracebackType
from typing import Self

from sqlalchemy.engine import make_url


class Proxy:
    """Passes everything on, until it is told to lose the server's answer to the nth statement with some words."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = ""
        self.lost = 0
        self._seen: dict[bytes, int] = {}
        self._wanted: dict[bytes, set[int]] = {}
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @classmethod
    def before(cls, database_url: str) -> "Proxy":
        """Stand before a database; `url` is the way through."""
        target = make_url(database_url)
        proxy = cls(target.host or "127.0.0.1", target.port or 5432)
        plain = target.set(port=proxy.port).difference_update_query(["sslmode", "sslrootcert"])
        proxy.url = plain.update_query_dict({"sslmode": "disable"}).render_as_string(hide_password=False)
        return proxy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def lose_answer_to(self, words: bytes, nth: int) -> None:
        """Cut the connection once the server has answered the nth statement with these words, before it arrives."""
        with self._lock:
            self._wanted.setdefault(words, set()).add(nth)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            doomed = threading.Event()
            threading.Thread(target=self._up, args=(client, server, doomed), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, doomed), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        while data := _receive(client):
            with self._lock:
                for words, wanted in self._wanted.items():
                    if words in data:
                        self._seen[words] = self._seen.get(words, 0) + 1
                        if self._seen[words] in wanted:
                            doomed.set()
            if not _send(server, data):
                break
        _close(client, server)

    def _down(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        while data := _receive(server):
            if doomed.is_set():
                with self._lock:
                    self.lost += 1
                break
            if not _send(client, data):
                break
        _close(client, server)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _send(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def _close(*connections: socket.socket) -> None:
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
