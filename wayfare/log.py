"""Log lines: JSON on stderr, or readable on a terminal, with personal data masked wherever it turns up."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

MASK = "***"

# Fields whose value is never logged, whatever it looks like.
HIDDEN = re.compile(
    r"(?i)^(.*[_-])?(e?mail|phone|msisdn|first_name|last_name|full_name|birthday|address|codes?|pin|token|password|passwd|"
    r"secret|secret_key|api_key|authorization|cookie|set-cookie|totp)$"
)

# The same data inside a sentence. A phone number is a plus and digits, or 10 to 15 digits in a row that stand alone:
# dates and amounts have separators or are shorter.
LOOKS_PERSONAL = re.compile(
    r"""[\w.+-]+@[\w-]+(\.[\w-]+)+      # e-mail address
      | \+\d[\d\s().-]{7,}\d             # international phone number
      | (?<![\w.-])\d{10,15}(?![\w.-])   # national phone number
      | (?<=://)[^/\s@:]*:[^/\s@]*(?=@)  # user and password in a URL
    """,
    re.VERBOSE,
)


def configure(level: str = "info", form: str = "auto") -> None:
    """Set up logging for this process: structlog and every library's own logging alike.

    `form` is json, console or auto (console when stderr is a terminal). Calling it again replaces the set-up.
    """
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,  # request_id and the like, see bind()
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_personal_data,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; call it with an event and fields: `log.info("walked", version=3, customers=500)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**fields: object) -> None:
    """Add fields, such as request_id, to every line that this thread or request logs from now on."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind_all() -> None:
    """Forget what bind() added: a thread serves the next request."""
    structlog.contextvars.clear_contextvars()


def mask_personal_data(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace personal data and secrets in a log line, however deep they lie (structlog processor)."""
    for key in event:
        if not key.startswith("_"):
            event[key] = _masked(key, event[key])
    return event


def mask(text: str) -> str:
    """Return the text with e-mail addresses, phone numbers and passwords in URLs replaced."""
    return LOOKS_PERSONAL.sub(MASK, text)


def _masked(key: str, value: object) -> object:
    if HIDDEN.match(key) and value not in (None, ""):
        return MASK
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner) for inner in value]
    if isinstance(value, int | float | bool | None):
        return value
    return mask(str(value))
