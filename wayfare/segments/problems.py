"""What is wrong with a rule, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from wayfare.errors import WayfareError


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One problem: `path` leads to it (`rules.0.value`), `code` is for programs, `message` says what to do."""

    path: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RuleInvalid(WayfareError):
    """A rule cannot be understood. `problems` holds every problem found, not only the first."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("; ".join(map(str, problems)) or "the rule is invalid")
        self.problems = list(problems)


def refused(field: str, code: str, message: str) -> PydanticCustomError:
    """Return the error to raise inside a model about one of its fields."""
    return PydanticCustomError(code, "{message}", {"message": message, "field": field})
