"""Run a program that cannot follow its parent itself: `python -m wayfare.supervise.keeper PARENT PROGRAM ARGS...`.

Linux ends a child with its parent by itself (see lifeline); this serves the systems that do not.
"""

import os
import signal
import subprocess
import sys

from wayfare import clock


def main(argv: list[str]) -> int:
    """Run the program until it ends or the parent is gone; return its exit code."""
    parent, command = int(argv[0]), argv[1:]
    program = subprocess.Popen(command)  # noqa: S603  the supervisor's own command
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())
    while program.poll() is None:
        if os.getppid() != parent:
            program.kill()
        clock.sleep(0.2)
    return program.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
