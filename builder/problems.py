"""What is wrong with a draft, for the person who can correct it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `node` is empty when it concerns the whole journey; `remedy` says what to do about it."""

    node: str
    severity: Severity
    code: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.node}: " if self.node else ""
        return f"{where}{self.message}" + (f"; {self.remedy}" if self.remedy else "")

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def error(node: str, code: str, message: str, remedy: str = "") -> Problem:
    """Return a finding that keeps a draft from being published."""
    return Problem(node, "error", code, message, remedy)


def warning(node: str, code: str, message: str, remedy: str = "") -> Problem:
    """Return a finding that may be meant so."""
    return Problem(node, "warning", code, message, remedy)


def has_errors(problems: list[Problem]) -> bool:
    """Say whether anything keeps the draft from being published."""
    return any(problem.severity == "error" for problem in problems)
