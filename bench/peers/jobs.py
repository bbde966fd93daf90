"""The usual way: one RQ job for each customer and step, SQLModel objects, one commit a job.

A real Valkey with its append-only file, workers that do not fork (RQ's fastest kind), JSON arguments.
"""

import json
import logging
import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import BigInteger, Engine, create_engine
from sqlmodel import Field, Session, SQLModel

from bench.peers.crew import timed
from bench.peers.tables import send_of
from wayfare.supervise import valkey

NEXT = {"n1": "n2", "n3": "n5", "n4": "n5", "n5": "n6", "n6": "n7"}
_open: list[tuple[Engine, Queue]] = []


class _Row(SQLModel):
    __table_args__ = {"schema": "peer"}


class PeerCustomer(_Row, table=True):
    """Whom it is about."""

    __tablename__ = "customer"
    id: int = Field(sa_type=BigInteger, primary_key=True)
    country: str
    first_name: str
    phone: str


class PeerPosition(_Row, table=True):
    """Where a customer stands."""

    __tablename__ = "position"
    customer_id: int = Field(sa_type=BigInteger, primary_key=True)
    node: str
    state: str | None = None


class PeerStep(_Row, table=True):
    """The step log."""

    __tablename__ = "step"
    customer_id: int = Field(sa_type=BigInteger, primary_key=True)
    node: str = Field(primary_key=True)
    port: str
    at: datetime


class PeerMessage(_Row, table=True):
    """The outbox."""

    __tablename__ = "message"
    customer_id: int = Field(sa_type=BigInteger, primary_key=True)
    node: str = Field(primary_key=True)
    variables: str
    status: str = "pending"


class PeerCode(_Row, table=True):
    """Issued codes."""

    __tablename__ = "code"
    code: str = Field(primary_key=True)
    customer_id: int = Field(sa_type=BigInteger)


def work(url: str, customers: int, workers: int) -> float:
    """Take everyone to the end with so many workers; return seconds. Filling the queue the first time is not timed."""
    server = valkey.find_server()
    if server is None:
        raise SystemExit("there is no Valkey or Redis here")
    elapsed = 0.0
    with tempfile.TemporaryDirectory() as folder:
        child, redis_url = valkey.make_child(server, Path(folder), env=os.environ)
        child.start()
        try:
            valkey.wait_ready(child, redis_url, Path(folder))
            for node in ("n1", "n5"):
                queue = Queue("bench", connection=redis.Redis.from_url(redis_url), serializer=JSONSerializer)
                queue.enqueue_many([_job(id, node) for id in range(1, customers + 1)])
                elapsed += timed(_serve, [(url, redis_url)] * workers)
        finally:
            child.stop()
    return elapsed


def _job(id: int, node: str) -> Any:
    return Queue.prepare_data(f"{__name__}.step", args=(id, node), result_ttl=0, timeout=60)


def _serve(url: str, redis_url: str) -> Callable[[], None]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    queue = Queue("bench", connection=redis.Redis.from_url(redis_url), serializer=JSONSerializer)
    _open[:] = [(engine, queue)]
    logging.disable(logging.WARNING)
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)

    def walk() -> None:
        worker.work(burst=True, logging_level="ERROR")

    return walk


def step(id: int, node: str) -> None:
    """Do one step of one customer, commit, and queue the next one; a wait ends the chain."""
    engine, queue = _open[0]
    port, following = "next", NEXT.get(node)
    with Session(engine) as session:
        customer = session.get_one(PeerCustomer, id)
        position = session.get(PeerPosition, id) or PeerPosition(customer_id=id, node=node)
        if node == "n2":
            port, following = send_of(customer.country)
        elif node in ("n3", "n4", "n7"):
            variables = {"first_name": customer.first_name, **({"code": position.state} if node == "n7" else {})}
            session.add(PeerMessage(customer_id=id, node=node, variables=json.dumps(variables)))
        elif node == "n6":
            position.state = secrets.token_hex(5)
            session.add(PeerCode(code=position.state, customer_id=id))
        session.add(PeerStep(customer_id=id, node=node, port=port, at=datetime.now(UTC)))
        position.node = following or "end"
        session.add(position)
        session.commit()
    if following is not None and following != "n5":
        queue.enqueue_many([_job(id, following)])
