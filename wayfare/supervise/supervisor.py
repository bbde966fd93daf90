"""Keep children running until someone asks to stop; then stop them in order."""

import signal
import threading
from collections.abc import Callable, Sequence

from wayfare.supervise.child import Child, code_in_words

LOOK_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Children in their order of start; they stop in the reverse order."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` shows one line to the person who started Wayfare."""
        self.children: list[Child] = []
        self.say = say
        self._asked = threading.Event()

    def start(self, children: Sequence[Child]) -> None:
        """Start more children."""
        for child in children:
            self.children.append(child)
            child.start()

    def catch_signals(self) -> None:
        """From now on Ctrl+C, SIGTERM and a closed terminal ask for an ordered stop; asked twice, it kills."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # started with nohup, it outlives the terminal
                signal.signal(number, self._on_signal)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Watch until a signal asks to stop, or `until` returns true."""
        while not self._asked.wait(LOOK_SECONDS) and not until():
            for child in self.children:
                news = child.look()
                if news:
                    self.say(news)

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether a signal has come."""
        return self._asked.is_set()

    def stop(self) -> int:
        """Stop all, the last started first; return 0 when each of them ended well, else 1."""
        self._asked.set()
        failed = False
        for child in reversed(self.children):
            code = child.stop()
            if code not in (0, -signal.SIGTERM):  # asked before it could even set up its own handler: as good as 0
                failed = True
                self.say(f"{child.name} ended with {code_in_words(code)}")
        return 1 if failed else 0

    def _on_signal(self, _number: int, _frame: object) -> None:
        if self._asked.is_set():
            for child in self.children:
                child.kill()
        self._asked.set()
