"""SpiffWorkflow: one workflow a customer, its state as JSON in PostgreSQL, two commits a customer.

The graph is built once. What waits is serialised without its specification, which is the lightest way it offers; the
effects of a leg are written by one pipeline of statements in the same transaction as the state.
"""

import json
import secrets
from collections.abc import Callable

import psycopg
from SpiffWorkflow.operators import Attrib, Equal
from SpiffWorkflow.serializer.json import JSONSerializer
from SpiffWorkflow.specs.ExclusiveChoice import ExclusiveChoice
from SpiffWorkflow.specs.Simple import Simple
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from bench.peers.crew import timed
from bench.peers.tables import CODE, CUSTOMER, MESSAGE, STEP


def work(url: str, customers: int, workers: int) -> float:
    """Take everyone to the end with so many processes; return seconds."""
    return timed(_serve, [(url, list(range(1 + number, customers + 1, workers))) for number in range(workers)])


def _serve(url: str, ids: list[int]) -> Callable[[], None]:
    conn = psycopg.connect(url)
    spec = _specification()

    def walk() -> None:
        for id in ids:
            _first(conn, spec, id)
        for id in ids:
            _second(conn, spec, id)

    return walk


def _first(conn: psycopg.Connection, spec: WorkflowSpec, id: int) -> None:
    """From the trigger to the wait: one commit."""
    row = conn.execute(CUSTOMER, (id,)).fetchone()
    assert row is not None
    workflow = Workflow(spec)
    workflow.task_tree.set_data(country=row[0], first_name=row[1])
    effects = _run(workflow, id, until="n5")
    state = _States().serialize_workflow(workflow, include_spec=False)
    insert = "INSERT INTO peer.position (customer_id, node, wake_at, state) VALUES (%s, 'n5', now(), %s)"
    _write(conn, [*effects, (insert, (id, state))])


def _second(conn: psycopg.Connection, spec: WorkflowSpec, id: int) -> None:
    """From the wait to the end: one commit."""
    row = conn.execute("SELECT state FROM peer.position WHERE customer_id = %s FOR UPDATE", (id,)).fetchone()
    assert row is not None
    workflow = _States().restore(spec, row[0])
    effects = _run(workflow, id, until="")
    _write(conn, [*effects, ("UPDATE peer.position SET node = 'end', state = NULL WHERE customer_id = %s", (id,))])


class _States(JSONSerializer):  # type: ignore[misc]  # the package publishes no types
    """Reads back a state that was written without its specification, which its own reader insists on."""

    def restore(self, spec: WorkflowSpec, state: str) -> Workflow:
        """Return the workflow that `state` was written from."""
        found = self._loads(state)
        workflow = Workflow(spec)
        workflow.data = self.deserialize_dict(found["data"])
        workflow.success = found["success"]
        workflow.task_tree = self.deserialize_task(workflow, found["task_tree"], [])
        return workflow


def _write(conn: psycopg.Connection, statements: list[tuple[str, tuple[object, ...]]]) -> None:
    with conn.pipeline():
        for statement, values in statements:
            conn.execute(statement, values)
    conn.commit()


def _run(workflow: Workflow, id: int, until: str) -> list[tuple[str, tuple[object, ...]]]:
    """Run what is ready, up to the node `until`; return the statements of the effects."""
    effects: list[tuple[str, tuple[object, ...]]] = []
    while (task := workflow.get_next_task(state=TaskState.READY)) is not None:
        node = task.task_spec.name
        if node == until:
            break
        if node in ("n3", "n4", "n7"):
            names = ("first_name", "code") if node == "n7" else ("first_name",)
            variables = json.dumps({name: task.get_data(name) for name in names})
            effects.append((MESSAGE, (id, node, variables)))
        elif node == "n6":
            code = secrets.token_hex(5)
            task.set_data(code=code)
            effects.append((CODE, (code, id)))
        if node.startswith("n"):
            port = ("ua" if task.get_data("country") == "UA" else "else") if node == "n2" else "next"
            effects.append((STEP, (id, node, port)))
        workflow.run_task_from_id(task.id)
    return effects


def _specification() -> WorkflowSpec:
    spec = WorkflowSpec("bench", addstart=True)
    trigger, split = Simple(spec, "n1"), ExclusiveChoice(spec, "n2")
    ukrainian, english = Simple(spec, "n3"), Simple(spec, "n4")
    wait, code, send = Simple(spec, "n5"), Simple(spec, "n6"), Simple(spec, "n7")
    spec.start.connect(trigger)
    trigger.connect(split)
    split.connect_if(Equal(Attrib("country"), "UA"), ukrainian)
    split.connect(english)
    for one in (ukrainian, english):
        one.connect(wait)
    wait.connect(code)
    code.connect(send)
    return spec
