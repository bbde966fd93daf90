"""What a provider saw, written down outside the system under test before the provider answers."""

import json
import os
from pathlib import Path
from threading import Lock
from typing import Any


class Journal:
    """Lines of JSON in a file, forced to the disk one by one, so that no crash of anybody loses one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._file = path.open("ab", buffering=0)

    def write(self, **entry: Any) -> None:
        """Add one entry."""
        with self._lock:
            self._file.write(json.dumps(entry).encode() + b"\n")
            os.fsync(self._file.fileno())

    def entries(self) -> list[dict[str, Any]]:
        """Return all entries, oldest first."""
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    def close(self) -> None:
        """Close the file; entries can still be read."""
        self._file.close()
