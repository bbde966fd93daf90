"""A process of django-oscar in an environment of its own, asked one cart at a time."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
WANTED = HERE.parent.parent / "requirements" / "oscar.txt"


def environment(folder: Path) -> Path:
    """Return the Python of an environment with django-oscar; it is made in `folder` where it is not there yet."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(WANTED)]
        subprocess.run(command, check=True)
    return python


class Oscar:
    """Prices carts with the offer applicator of django-oscar."""

    def __init__(self, python: Path) -> None:
        command = [str(python), "-W", "ignore", str(HERE / "applicator.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions: dict[str, str] = self._read()

    def __enter__(self) -> "Oscar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.communicate()

    def price(self, lines: list[dict[str, Any]], offers: list[dict[str, Any]]) -> tuple[int, float]:
        """Return what a cart costs, and the processor time of the applicator in seconds."""
        assert self.process.stdin is not None  # it is a pipe
        print(json.dumps({"lines": lines, "offers": offers}), file=self.process.stdin, flush=True)
        answer = self._read()
        return answer["payable"], answer["seconds"]

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None  # it is a pipe
        text = self.process.stdout.readline()
        if not text:
            raise SystemExit("django-oscar ended early; its words are above")
        found: dict[str, Any] = json.loads(text)
        return found
