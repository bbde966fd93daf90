"""The bell: RQ jobs that only say 'look now'. The one module that knows RQ; losing a job costs a poll interval.

Rules that measurements taught: JSON and never pickle, one queue a worker process, no RQ scheduler and no RQ Retry,
and a worker that runs jobs in its own process. A ring coalesces with a queued job but never with a started one: the
mark that coalesces is taken away before the drain looks.
"""

import threading
from collections.abc import Callable

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from wayfare import clock

log = structlog.get_logger(__name__)

QUEUE = "wayfare"
_MARK = "wayfare:rung:"
_MARK_SECONDS = 5
_JOB_TIMEOUT = 120
_SILENCE_SECONDS = 5.0
_work: Callable[[str], None] | None = None


class Bell:
    """Rings for a shard. Never raises and never waits long: while Redis is away it is silent for some seconds."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis = (
            None
            if redis_url is None
            else Redis.from_url(redis_url, socket_timeout=0.5, socket_connect_timeout=0.5, protocol=3)
        )
        self._queue = None if self._redis is None else Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)
        self._silent_until = 0.0
        self._lock = threading.Lock()

    def ring(self, shard: str) -> bool:
        """Ask for a drain of `shard`; say whether the call was placed or one is queued already."""
        if self._redis is None or self._queue is None or clock.monotonic() < self._silent_until:
            return False
        try:
            if self._redis.set(_MARK + shard, 1, nx=True, ex=_MARK_SECONDS):
                self._queue.enqueue_call(
                    "engine.bell.job", args=[shard], timeout=_JOB_TIMEOUT, result_ttl=0, failure_ttl=3600, ttl=60
                )
        except (RedisError, OSError) as error:
            with self._lock:
                if clock.monotonic() >= self._silent_until:
                    log.warning("the bell is silent; workers poll", error=type(error).__name__)
                self._silent_until = clock.monotonic() + _SILENCE_SECONDS
            return False
        return True


def job(shard: str) -> None:
    """Run in a worker: take the mark away, so that a ring from now on queues another job, and drain."""
    if _work is None:
        raise RuntimeError("this process did not start as a worker of Wayfare")
    _work(shard)


def serve(redis_url: str, work: Callable[[str], None]) -> None:
    """Take jobs until the process is told to stop; returns at once when Redis is away. Call it in a main thread."""
    global _work  # RQ finds the job by its name, so what it works with cannot be passed
    connection = Redis.from_url(redis_url, protocol=3)

    def answer(shard: str) -> None:
        connection.delete(_MARK + shard)
        work(shard)

    _work = answer
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    worker = SimpleWorker(
        [queue],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=20,
        log_job_description=False,
    )
    worker.work(with_scheduler=False, logging_level="WARNING")


def check(redis_url: str) -> list[str]:
    """Return what is wrong with the Redis behind the bell, in plain words; empty when all is well."""
    try:
        connection = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2, protocol=3)
        policy = connection.config_get("maxmemory-policy").get("maxmemory-policy")
    except (RedisError, OSError) as error:
        return [f"Redis does not answer ({type(error).__name__}); workers poll until it does"]
    if policy not in (None, "noeviction"):
        return [f"Redis evicts keys (maxmemory-policy {policy}); set it to noeviction, or wake-up calls get lost"]
    return []
