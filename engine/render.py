"""Texts of messages: rendered once, at the first claim, and the same bytes in every attempt afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import structlog

from nodes.contract import NodeType, Rendered
from store.outbox import Queued
from wayfare.errors import VaultError, WayfareError
from wayfare.vault import Vault

log = structlog.get_logger(__name__)

_LONGEST_BODY = 512 * 1024
_LONGEST_SUBJECT = 998


class Compiled(Protocol):
    """What is needed of a compiled version: its nodes, and why those that are missing could not be loaded."""

    @property
    def nodes(self) -> Mapping[str, NodeType]:
        """Node types with their settings, by node id."""

    @property
    def unknown(self) -> Mapping[str, str]:
        """Nodes whose type is not installed here, with the reason."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message's text, in the clear and as it is stored. `digest` covers subject and body."""

    subject: str
    body: str
    sealed_subject: bytes
    sealed_body: bytes
    digest: bytes


@dataclass(slots=True)
class Texts:
    """What came of rendering a claim: texts, messages that can never be rendered, and those that can later."""

    ready: dict[int, Text]
    failed: dict[int, str]
    waiting: dict[int, str]


def render(messages: Sequence[Queued], version: Callable[[int], Compiled], vault: Vault) -> Texts:
    """Return the texts of all messages; what goes wrong with one costs no other.

    A message that was rendered before keeps its text, whatever its node says today.
    """
    texts = Texts({}, {}, {})
    fresh: dict[int, tuple[str, str]] = {}
    for message in messages:
        try:
            if message.body is not None and message.body_hash is not None:
                texts.ready[message.id] = _kept(message.subject or b"", message.body, message.body_hash, vault)
                continue
            compiled = version(message.version_id)
            if message.node in compiled.unknown:
                texts.waiting[message.id] = compiled.unknown[message.node]
                continue
            fresh[message.id] = _rendered(message, compiled, vault)
        except VaultError as error:
            texts.waiting[message.id] = str(error)  # with the right secret key it can be read again
        except Exception as error:  # templates and node types are foreign code: a bad one fails its own message only
            texts.failed[message.id] = _blame(error)
    sealed = iter(vault.seal_many([part.encode() for pair in fresh.values() for part in pair]))
    for id, (subject, body) in fresh.items():
        texts.ready[id] = Text(subject, body, next(sealed), next(sealed), _digest(vault, subject, body))
    return texts


def _kept(subject: bytes, body: bytes, digest: bytes, vault: Vault) -> Text:
    clear = vault.open(subject).decode() if subject else ""
    return Text(clear, vault.open(body).decode(), subject, body, digest)


def _rendered(message: Queued, compiled: Compiled, vault: Vault) -> tuple[str, str]:
    node = compiled.nodes.get(message.node)
    if node is None:
        raise WayfareError(f"its version has no node '{message.node}'")
    values: Any = orjson.loads(vault.open(message.variables)) if message.variables else {}
    rendered = node.render(message.channel, values)
    if not isinstance(rendered, Rendered):
        raise WayfareError(f"{node.key} rendered a {type(rendered).__name__}; it must return Rendered")
    subject, body = rendered.subject, rendered.body
    if len(body) > _LONGEST_BODY or len(subject) > _LONGEST_SUBJECT:
        raise WayfareError(f"the text is too long: at most {_LONGEST_BODY} signs, {_LONGEST_SUBJECT} in the subject")
    if "\0" in subject or "\0" in body:
        raise WayfareError("the text holds a NUL sign")
    subject.encode()  # a lone surrogate raises here, before anything is stored
    body.encode()
    return subject, body


def _digest(vault: Vault, subject: str, body: str) -> bytes:
    """Keyed, because a body may hold a code that is short enough to guess from a plain hash."""
    return vault.digest("message", f"{subject}\0{body}")


def _blame(error: Exception) -> str:
    """Return why a message could not be rendered, without values of the customer in it where we can help it."""
    if isinstance(error, WayfareError):
        return f"template: {error}"
    log.warning("a template failed", error=type(error).__name__, exc_info=error)
    return f"template: {type(error).__name__}"
