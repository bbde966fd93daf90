"""Processes of a peer that start together once all of them are ready."""

import multiprocessing as mp
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

Serve = Callable[..., Callable[[], None]]
"""Opens what the process needs, given its arguments, and returns what is to be timed."""


def timed(serve: Serve, arguments: list[tuple[object, ...]]) -> float:
    """Run one process for each tuple of arguments; return the seconds from their common start to the last one's end."""
    context = mp.get_context("spawn")
    pipes = []
    processes = []
    for some in arguments:
        ours, theirs = context.Pipe()
        process = context.Process(target=_run, args=(theirs, serve, some))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    began = time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    for pipe in pipes:
        pipe.recv()
    elapsed = time.perf_counter() - began
    for pipe in pipes:
        pipe.send("end")
    for process in processes:
        process.join()
    return elapsed


def _run(pipe: Connection, serve: Serve, arguments: tuple[object, ...]) -> None:
    work = serve(*arguments)
    pipe.send("ready")
    pipe.recv()
    work()
    pipe.send("done")
    pipe.recv()
