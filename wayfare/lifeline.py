"""A child process that does not outlive its parent, however the parent dies."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

from wayfare import clock

IS_LINUX: bool = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def preexec(parent: int) -> Callable[[], None]:
    """Return a `preexec_fn` for Popen: the kernel kills the child when the thread that started it ends (Linux).

    `parent` is the caller's own pid: a parent that died before the request took hold would never be noticed. Start such
    children from the main thread. Does nothing on other systems; Python children call `follow_parent()` there.
    """
    if not IS_LINUX:
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: the child may only make plain calls

    def request() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return request


def follow_parent(parent: int | None = None) -> None:
    """Kill this process as soon as its parent has gone, on any system.

    On Linux the kernel does it; elsewhere a thread looks at getppid. `parent` is the expected pid, by default the
    present one; give it where you can, for the parent may have gone before this call.
    """
    expected = os.getppid() if parent is None else parent
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != expected:
            os.kill(os.getpid(), signal.SIGKILL)
        return
    threading.Thread(target=_watch, args=(expected,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        clock.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
