"""The web server: granian in front of Flask (why: docs/decisions/0001-web-server.md)."""

import os
from typing import TYPE_CHECKING, Any

from wayfare import lifeline, log
from wayfare.settings import Settings, load
from wayfare.supervise import ports

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PARENT = "WAYFARE_WEB_PARENT"
LONGEST_HEADERS = 10_000  # milliseconds until a client must have sent its request's head


def serve(settings: Settings) -> None:
    """Serve pages and API until SIGTERM, and finish the requests under way. Raises StartError and SettingsError."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    settings.check_bind()
    ports.ensure_free(settings.host, settings.port)
    os.environ.update(settings.environment())  # the worker process reads them again
    os.environ[PARENT] = str(os.getpid())
    server: Any = Granian(
        f"{__name__}:make_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=1,
        blocking_threads=settings.web_threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=LONGEST_HEADERS),
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {}, "formatters": {}, "loggers": {"_granian": {"propagate": True}}},
        log_access=False,
    )
    server.serve()


def make_app() -> "WSGIApplication":
    """Return the application, in the server's worker process, which must not outlive the server."""
    lifeline.follow_parent(int(os.environ[PARENT]))
    settings = load()
    log.configure(settings.log_level, settings.log_format)
    from web.app import create_app

    application: WSGIApplication = create_app(settings)
    return application
