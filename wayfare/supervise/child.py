"""One process that `wayfare up` keeps running."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from wayfare import clock, lifeline

LONGEST_PAUSE = 30.0  # seconds between two attempts to start a process that keeps dying
STEADY = 30.0  # seconds after which a process counts as healthy and its earlier failures are forgotten


class Child:
    """A process in a session of its own: Ctrl+C reaches the supervisor alone, and the order of stopping is ours."""

    def __init__(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str], stdin: str = "", grace: float = 15.0
    ) -> None:
        """`stdin` is written once after the start; `grace` is how many seconds it gets between SIGTERM and SIGKILL."""
        self.name, self.argv, self.env, self.stdin, self.grace = name, list(argv), dict(env), stdin, grace
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.started_at = 0.0
        self.restart_at: float | None = None  # monotonic; None while it runs

    @property
    def pid(self) -> int:
        """Its process id, or 0 while it does not run."""
        return self.process.pid if self.process and self.process.poll() is None else 0

    def start(self) -> None:
        """Start it; call this from the main thread (see lifeline)."""
        self.process = subprocess.Popen(  # noqa: S603  our own programs
            self.argv,
            env=self.env,
            stdin=subprocess.PIPE if self.stdin else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # logs go to stderr
            start_new_session=True,
            preexec_fn=lifeline.preexec(os.getpid()),
        )
        if self.process.stdin:
            with suppress(BrokenPipeError), self.process.stdin as pipe:  # it may have died already; look() will tell
                pipe.write(self.stdin.encode())
        self.started_at, self.restart_at = clock.monotonic(), None

    def look(self) -> str:
        """Restart it when it has died and its pause is over; return what happened in words, or ''."""
        now = clock.monotonic()
        if self.restart_at is not None:
            if now >= self.restart_at:
                self.start()
            return ""
        code = self.process.poll() if self.process else None
        if code is None:
            if self.failures and now - self.started_at > STEADY:
                self.failures = 0
            return ""
        pause = min(LONGEST_PAUSE, 0.5 * 2**self.failures)
        self.failures += 1
        self.restart_at = now + pause
        return f"{self.name} ended with {code_in_words(code)}; it starts again in {pause:g} s"

    def stop(self) -> int:
        """Ask it to stop, wait, insist; return its exit code (0 when it did not run)."""
        if self.process is None or self.restart_at is not None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(self.grace)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """End it and its whole session at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)


def code_in_words(code: int) -> str:
    """Return `exit code 3`, or the signal's name for a process that was killed."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
