"""Who does something to rule sets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """`actor` is the name in the audit trail; `person` is who stands behind it: of a key, whoever made it.

    Two people are two persons, so nobody approves with a session what a key of theirs published.
    """

    actor: str
    person: str
    is_person: bool = True  # signed in, and not a key or a shell
