"""Somebody at the API: a person who is signed in, or a key."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from rig.web import Browser, Web


class Desk:
    """Calls of one person or key; each says which status it expects."""

    def __init__(self, web: Web, who: Browser | dict[str, str]) -> None:
        self.web = web
        self.who = who

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """Make a call and return its answer."""
        code, answer = self.ask(method, path, body, **headers)
        assert code == status, answer
        return answer

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Make a call and return its status and answer."""
        more: dict[str, Any] = {"json": body} if body is not None else {}
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(self.who, Browser):
            answer = self.who.send(method, f"/api/v1{path}", headers=own, **more)
        else:
            answer = self.web.client.open(f"/api/v1{path}", method=method, headers={**self.who, **own}, **more)
        return answer.status_code, answer.get_json() if answer.data else None


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all of this at the same time; return what each gave, in order."""
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        gate.wait(30)
        results[place] = works[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
