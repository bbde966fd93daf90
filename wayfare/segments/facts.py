"""References to what is known of a customer: the words in which rules and node types ask for values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of a customer. `name` alone is a profile value; the other fields narrow an aggregate."""

    name: str

    @classmethod
    def of(cls, name: str) -> "Fact":
        """Return the fact with this profile name, such as "city" or "attrs.points"."""
        return cls(name)
