"""Every error that Wayfare raises on purpose. A message says what to do about it."""

from collections.abc import Sequence
from datetime import timedelta


class WayfareError(Exception):
    """Something went wrong that Wayfare foresaw; the message is meant for the person who can act on it."""


class SettingsError(WayfareError):
    """A setting is missing or makes no sense. `variable` names it; it is empty when several are at fault."""

    def __init__(self, message: str, *, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class GraphInvalid(WayfareError):
    """A draft cannot be published. `problems` holds every problem found, not only the first."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("; ".join(map(str, problems)) or "the graph is invalid")
        self.problems = list(problems)


class RulesetInvalid(WayfareError):
    """A rule set cannot be published. `problems` holds every problem found, not only the first."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__("; ".join(map(str, problems)) or "the rule set is invalid")
        self.problems = list(problems)


class BadOperation(WayfareError):
    """An edit of a draft cannot be carried out. `index` is the place of the operation in the edit, from 0."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class BadKey(WayfareError):
    """A key that nothing can be saved under; the message says why. Choose another one."""


class NodeTypeError(WayfareError):
    """A node type broke its contract, or is not known here."""


class UnknownNodeType(NodeTypeError):
    """No installed package offers this node type. Install it, or replace the node."""

    def __init__(self, key: str, message: str = "") -> None:
        super().__init__(
            message or f"unknown node type '{key}'; install the package that offers it or replace the node"
        )
        self.key = key


class DuplicateNodeType(NodeTypeError):
    """Two installed packages offer the same node type. Uninstall one of them."""

    def __init__(self, key: str, message: str = "") -> None:
        super().__init__(message or f"two node types call themselves '{key}'; uninstall one of their packages")
        self.key = key


class InvalidSettings(NodeTypeError):
    """A node's settings are not what its type asks for. `problems` holds (field, code, message), one per fault."""

    def __init__(self, key: str, problems: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(f"{key}: {'; '.join(message for _, _, message in problems)}")
        self.key = key
        self.problems = list(problems)


class BadResult(NodeTypeError):
    """A node type's `step` did not answer for every enrollment exactly once, or named a port it does not have."""


class DeliveryFailed(WayfareError):
    """A channel could not hand a message over.

    `permanent` says that another attempt is useless. `retry_in` is the pause the provider asked for, or None when it
    named none.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_in: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_in = retry_in


class StoreError(WayfareError):
    """The store cannot do what was asked."""


class NotFound(StoreError):
    """The thing asked for does not exist, or not for the one who asks."""


class Conflict(StoreError):
    """Someone else changed it first. Read it again and decide anew."""


class InputRefused(WayfareError):
    """A request cannot be understood as a whole; what is wrong with single items is reported beside the others.

    `code` is for programs; `path` names the field when there is one.
    """

    def __init__(self, code: str, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.path = path


class StartError(WayfareError):
    """A process of Wayfare cannot start: a busy port, an unwritable folder, a server that does not come up."""


class VaultError(WayfareError):
    """A secret key is too short, or a sealed value was changed or sealed under another key."""
