"""A rule in a form: reading what was posted, and what the editor's templates draw."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wayfare.segments import RuleInvalid, parse_rule
from wayfare.segments.facts import PROFILE, Kind, kind_of
from wayfare.segments.words import in_words
from web.builder_forms import conditions
from web.builder_forms.conditions import value_kind
from web.builder_forms.figures import Fields
from web.builder_forms.operators import Options, counts, op_words, operators_for
from web.builder_forms.rules import Condition, Group, Item, dump, every, mark, tree

Posted = Mapping[str, str]
_GROUPS = (
    ("Customer", ("first_name", "last_name", "email", "phone", "birthday", "sex", "city", "country", "locale")),
    ("Customer", ("time_zone", "level", "created_at", "key")),
    ("Orders", ("orders.count", "orders.sum", "orders.first_at", "orders.last_at")),
    ("Value", ("rfm.group", "rfm.since", "rfm.recency", "rfm.frequency", "rfm.monetary")),
    ("Value", ("value.spent", "value.predicted", "value.orders_expected", "value.alive", "value.profit")),
    ("Value", ("points.balance",)),
)
LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "phone": "Phone",
    "birthday": "Birthday",
    "sex": "Sex",
    "city": "City",
    "country": "Country",
    "locale": "Language",
    "time_zone": "Time zone",
    "level": "Loyalty level",
    "created_at": "Customer since",
    "key": "Customer number",
    "orders.count": "Number of orders",
    "orders.sum": "Sum of all orders",
    "orders.first_at": "First order",
    "orders.last_at": "Last order",
    "rfm.group": "RFM group",
    "rfm.since": "In the RFM group since",
    "rfm.recency": "Recency class (1 to 5)",
    "rfm.frequency": "Frequency class (1 to 5)",
    "rfm.monetary": "Monetary class (1 to 5)",
    "value.spent": "Spent so far",
    "value.predicted": "Margin of the next 12 months",
    "value.orders_expected": "Orders in the next 12 months",
    "value.alive": "Chance to buy again (%)",
    "value.profit": "Profit of the last 12 months",
    "points.balance": "Bonus points",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What the editor offers. `attributes` are known names; with `is_event` only the data of an event is asked."""

    attributes: Sequence[str] = ()
    is_event: bool = False
    is_optional: bool = False
    event: str = ""
    zone: str = "+00:00"
    may_count: bool = False


@dataclass(slots=True)
class View:
    """One condition, ready for its template."""

    prefix: str
    fields: Fields
    subjects: Options
    operators: Options
    inputs: str
    kinds: Sequence[tuple[str, str]] = ()
    is_not: bool = False
    nots: int = 0
    error: str = ""
    raw: str = ""
    fact: str = ""
    where: Sequence[Mapping[str, str]] = field(default_factory=list)


def read(posted: Posted, prefix: str) -> Item | None:
    """Return the rule that a form holds below `prefix`, or None when it holds none."""
    kind = posted.get(f"{prefix}.is", "")
    if not kind:
        return None
    nots = int(extra) * 2 if (extra := posted.get(f"{prefix}.nots", "0")).isdigit() and len(extra) < 3 else 0
    if kind == "group":
        mode = posted.get(f"{prefix}.mode", "all")
        items = [one for n in _numbers(posted, f"{prefix}.") if (one := read(posted, f"{prefix}.{n}")) is not None]
        turned = mode in ("none", "not all")
        return Group("any" if mode in ("none", "any") else "all", items, nots + turned)
    if kind == "raw":
        text = posted.get(f"{prefix}.json", "")
        try:
            return Condition(json.loads(text), nots)
        except (ValueError, RecursionError):
            return Condition({"type": "unreadable", "text": text}, nots)
    turned = bool(posted.get(f"{prefix}.not"))
    return Condition(conditions.meant(lambda name: posted.get(f"{prefix}.{name}")), nots + turned)


def read_rule(posted: Posted, prefix: str, old: Any = None) -> Any:
    """Return the rule's JSON; `old` itself when nothing in it was changed."""
    item = read(posted, prefix)
    if item is None:
        return None
    new = dump(item)
    return old if old is not None and _same(dump(tree(old)), new) else new


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _numbers(posted: Posted, prefix: str) -> list[int]:
    found = set()
    for name in posted:
        if name.startswith(prefix) and name.endswith(".is"):
            step = name[len(prefix) :].partition(".")[0]
            if step.isdigit() and len(step) < 5:
                found.add(int(step))
    return sorted(found)


def judge(rule: Any, item: Item | None) -> tuple[str, list[str]]:
    """Return (the rule in words, problems of the whole), and write what is wrong to the conditions of `item`."""
    if item is None:
        return "", []
    try:
        parsed = parse_rule(rule)
    except RuleInvalid as error:
        return "", mark(item, in_plain_words(error, rule))
    text = in_words(parsed)
    return text[:1].upper() + text[1:], []


def in_plain_words(error: RuleInvalid, rule: Any) -> list[tuple[str, str]]:
    """Return the problems of a rule as (path, words for the person who fills it in).

    A group whose only condition is wrong is reported as empty as well; the condition is what there is to correct.
    """
    paths = [one.path for one in error.problems]
    return [
        (one.path, plain(one.path, one.code, one.message, rule))
        for one in error.problems
        if not (one.code == "too_short" and any(path.startswith(f"{one.path}.") for path in paths))
    ]


def plain(path: str, code: str, message: str, rule: Any) -> str:
    """Return a problem of a rule in words for the person who fills in the form."""
    field = path.rpartition(".")[2]
    value = _at(rule, path)
    if field == "fact" and value in ("", "attrs.", "data."):
        return "Choose what to ask about" if value == "" else "Write the name"
    if value in (None, "") or code in ("missing", "empty") or value == []:
        return {"key": "Choose one", "event": "Choose an event"}.get(field, "Fill this in")
    if code == "too_short" and field == "rules":
        return "Add at least one condition"
    if code == "wrong_type" and isinstance(value, str) and field in ("value", "days", "within_days"):
        return "Write a number" if "date" not in message and "instant" not in message else _sentence(message)
    return _sentence(message)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at(rule: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(rule, list | tuple) and step.isdigit() and int(step) < len(rule):
            rule = rule[int(step)]
        elif isinstance(rule, Mapping):
            rule = rule.get(step)
        else:
            return None
    return rule


def first_wrong(item: Item | None) -> str:
    """Return which condition is the first to put right and what is wrong with it: "Condition 2: Fill this in"."""
    parts = [one for one in every(item) if isinstance(one, Condition)] if item is not None else []
    number = next((n for n, one in enumerate(parts, 1) if one.error), 0)
    if number:
        return f"Condition {number}: {parts[number - 1].error}"
    return next((one.error for one in every(item) if one.error), "") if item else "Add a condition"


def view(item: Condition, prefix: str, context: Context) -> View:
    """Return one condition as its template draws it."""
    fields = conditions.shown(item.part)
    is_not, nots = item.nots % 2 == 1, item.nots // 2
    if fields is None:
        raw = json.dumps(item.part, ensure_ascii=False, indent=1)
        return View(prefix, {}, (), (), "raw", is_not=is_not, nots=nots, error=item.error, raw=raw)
    fact = item.part.get("fact", "birthday" if item.part["type"] == "birthday" else "")
    subjects = subjects_for(fields["about"], fact, context)
    found = View(prefix, fields, subjects, (), "none", is_not=is_not, nots=nots, error=item.error, fact=fact)
    if fields["about"] in ("orders", "events"):
        found.operators, found.inputs = (("", counts()),), fields["about"]
        rows = [n for n in range(5) if f"where.{n}.field" in fields]
        found.where = [{name: fields[f"where.{n}.{name}"] for name in ("field", "kind", "value")} for n in rows]
    elif fields["about"] in ("segment", "list", "consent"):
        found.inputs = fields["about"]
    elif fields["about"]:
        kind = fields.get("kind") or value_kind(fact, "")
        found.operators = operators_for(fact, kind, is_event=context.is_event)
        if fields["op"] not in {op for _, options in found.operators for op, _ in options}:
            found.operators = (*found.operators, ("Does not fit here", ((fields["op"], op_words(fields["op"])),)))
        found.inputs = _inputs(fields, kind)
        if (kind_of(fact) or Kind.ANY) is Kind.ANY and "kind" in fields:
            found.kinds = (("text", "text"), ("number", "number"), ("yes_no", "yes or no"))
        if kind == "instant" and not fields.get("zone"):
            fields["zone"] = context.zone
    return found


def _inputs(fields: Fields, kind: str) -> str:
    op = fields.get("op", "")
    if op in ("set", "empty"):
        return "none"
    if op.startswith(("age:", "since:")) or op == "birthday":
        return "days2" if op == "since:between" else "birthday" if op == "birthday" else "days"
    if op in conditions.LISTS:
        return "lines"
    if op == "between":
        return "two"
    return "yes_no" if kind == "yes_no" else "one"


def subjects_for(about: str, fact: str, context: Context) -> Options:
    """Return what a condition can ask about."""
    if context.is_event:
        options = [("data", "A field of the event")]
        if about not in ("data", ""):
            options.append((about, label(fact)))
        return (("", options),)
    customer = [(f"fact:{name}", LABELS[name]) for _, names in _GROUPS[:2] for name in names]
    orders = [("orders", "Orders in a period, or of a product")]
    orders += [(f"fact:{name}", LABELS[name]) for name in _GROUPS[2][1]]
    known = [f"attrs.{name}" for name in context.attributes]
    if fact and fact not in PROFILE and fact not in known and fact.startswith("attrs.") and about != "attr":
        known.append(fact)
    attributes = [(f"fact:{name}", label(name)) for name in sorted(known)]
    attributes.append(("attr", "Another attribute…"))
    groups = [
        ("Customer", customer),
        ("Attributes", attributes),
        ("Orders", orders),
        ("Behaviour", [("events", "Events"), ("consent", "Consent")]),
        ("Membership", [("segment", "Segment"), ("list", "List")]),
    ]
    given = {value for _, options in groups for value, _ in options}
    if about == "data":
        groups.append(("Event", [("data", "A field of the event")]))
    elif about and about not in given:
        groups.append(("Other", [(about, label(fact))]))
    return groups


def label(fact: str) -> str:
    """Return what people call a fact."""
    name = fact.removeprefix("attrs.").removeprefix("data.").replace("_", " ")
    return LABELS.get(fact) or name[:1].upper() + name[1:]
