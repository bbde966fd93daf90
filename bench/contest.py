"""A contest: processes that walk batches from the same start, what each of them came to, and a check of the effects."""

import multiprocessing as mp
import os
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import text

from bench.journey import STEPS, Leg
from bench.world import open_store

Walker = Callable[[], int]
"""Walks one batch; returns how many enrollments, 0 when nothing is due."""

Prepare = Callable[[str, Leg, int], Walker]
"""Opens what a contestant needs for a leg of the journey: database, leg, size of a batch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process came to. Times in seconds, memory (resident) in MB after the first and the last batch."""

    enrollments: int
    seconds: float
    worst: float
    first_memory: int
    last_memory: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement of one contestant; `rate` in customer-steps a second of wall time."""

    rate: float
    worst: float = 0.0
    first_memory: int = 0
    last_memory: int = 0
    client_cpu: float = 0.0  # microseconds a customer-step, spent outside the database server

    def notes(self) -> str:
        """Return all but the rate in words."""
        found = []
        if self.worst:
            found.append(f"worst batch {self.worst * 1000:.0f} ms")
        if self.last_memory:
            found.append(f"{self.first_memory} → {self.last_memory} MB a worker")
        if self.client_cpu:
            found.append(f"{self.client_cpu:.1f} µs client CPU a step")
        return ", ".join(found)


def measure(url: str, prepare: Prepare, legs: Iterable[Leg], *, customers: int, batch: int, workers: int) -> Figure:
    """Walk everyone through all legs with so many processes, and check that all effects are there."""
    elapsed = 0.0
    outcomes: list[Outcome] = []
    for leg in legs:
        seconds, found = _race(url, prepare, leg, batch, workers)
        if (done := sum(outcome.enrollments for outcome in found)) != customers:
            raise SystemExit(f"{done} of {customers} enrollments were walked")
        elapsed += seconds
        outcomes += found
    check_effects(url, customers)
    return Figure(
        customers * STEPS / elapsed,
        max(outcome.worst for outcome in outcomes),
        max(outcome.first_memory for outcome in outcomes),
        max(outcome.last_memory for outcome in outcomes),
        sum(outcome.cpu for outcome in outcomes) / customers / STEPS * 1e6,
    )


def _race(url: str, prepare: Prepare, leg: Leg, batch: int, workers: int) -> tuple[float, list[Outcome]]:
    context = mp.get_context("spawn")
    pipes = []
    processes = []
    for _ in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, prepare, url, leg, batch))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    began = time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    outcomes: list[Outcome] = [pipe.recv() for pipe in pipes]
    elapsed = time.perf_counter() - began
    for process in processes:
        process.join()
    return elapsed, outcomes


def _work(pipe: Connection, prepare: Prepare, url: str, leg: Leg, batch: int) -> None:
    walk = prepare(url, leg, batch)
    pipe.send("ready")
    pipe.recv()
    pipe.send(walk_all(walk))


def walk_all(walk: Walker) -> Outcome:
    """Walk batches in this process until nothing is due."""
    done, worst, first_memory = 0, 0.0, 0
    cpu, start = _cpu(), time.perf_counter()
    while True:
        began = time.perf_counter()
        walked = walk()
        if not walked:
            return Outcome(done, began - start, worst, first_memory or _memory(), _memory(), _cpu() - cpu)
        worst = max(worst, time.perf_counter() - began)
        done += walked
        first_memory = first_memory or _memory()


def check_effects(url: str, customers: int) -> None:
    """Refuse a figure whose effects are not all there."""
    store = open_store(url)
    with store.read() as conn:
        for table, expected in (("step_log", STEPS * customers), ("message", 2 * customers), ("code", customers)):
            there = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            if there != expected:
                raise SystemExit(f"{table} has {there} rows, expected {expected}")
        steps, ended = (
            conn.execute(text(query)).scalar_one()
            for query in ("SELECT sum(n) FROM step_count WHERE node <> ''", "SELECT count(ended_at) FROM enrollment")
        )
        if int(steps) != STEPS * customers or ended != customers:
            raise SystemExit(f"{steps} steps are counted and {ended} enrollments ended, for {customers} customers")
    store.dispose()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _memory() -> int:
    """Return what is resident now, in MB; the peak where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
