"""Whoever asks, as the rooms below name those who change rule sets, codes and certificates."""

from offers.rules.author import Author
from web.principal import Principal


def author_of(who: Principal) -> Author:
    """Return who acts and the person behind: of a key, whoever made it."""
    person = who.key.created_by if who.key else who.actor
    return Author(who.actor, person, is_person=who.key is None)
