"""A call that cannot be served, with every reason at once."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """Answer with this status and these problems; see `problem`."""

    def __init__(
        self, status: int, problems: Sequence[dict[str, Any]], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(one["message"] for one in problems))
        self.status = status
        self.problems = list(problems)
        self.headers = dict(headers or {})


def problem(reason: str, message: str, *, path: str = "", index: int | None = None) -> dict[str, Any]:
    """Return one error in the API's shape: `code` is for programs, `message` says to people what to do."""
    return {"index": index, "path": path, "code": reason, "message": message}
