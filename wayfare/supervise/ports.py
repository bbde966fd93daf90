"""Ports: is this one free, and give me any."""

import errno
import socket

from wayfare.errors import StartError


def ensure_free(host: str, port: int) -> None:
    """Raise StartError with the remedy when nothing can listen on this address."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            # As the server itself does: a connection that was just closed must not look like a busy port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise StartError(_explained(host, port, error)) from None


def any_free(host: str = "127.0.0.1") -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _explained(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program; stop it, or choose another port with --port {port + 1}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not listen on port {port}; choose one above 1023, for example --port 8000"
    return f"cannot listen on {host} port {port} ({error.strerror or error}); choose another address with --host"
