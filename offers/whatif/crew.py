"""Work that other processes do, in order and never far ahead; they give way to everybody who waits for a price."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from wayfare import lifeline

Part = TypeVar("Part")
Done = TypeVar("Done")


def ordered(
    parts: Iterable[Part],
    work: Callable[[Part], Done],
    processes: int,
    prepare: Callable[..., None],
    given: tuple[Any, ...],
) -> Iterator[tuple[Part, Done]]:
    """Yield each part with what `work` made of it, in the order of the parts; at most a few parts are under way.

    With 0 processes the work is done here. Others are made ready by `prepare(*given)` and end with this one, however it
    ends.
    """
    if not processes:
        prepare(*given)
        for part in parts:
            yield part, work(part)
        return
    context = multiprocessing.get_context("spawn")  # no connection or lock is shared
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(os.getpid(), prepare, given))
    waiting: deque[tuple[Part, Future[Done]]] = deque()
    try:
        for part in parts:
            waiting.append((part, pool.submit(work, part)))
            if len(waiting) > 2 * processes:
                yield waiting[0][0], waiting.popleft()[1].result()
        while waiting:
            yield waiting[0][0], waiting.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(parent: int, prepare: Callable[..., None], given: tuple[Any, ...]) -> None:
    lifeline.follow_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent passes on what the terminal sends to all
    os.nice(10)
    prepare(*given)
