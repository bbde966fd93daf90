"""A quote as tables for people."""

from collections.abc import Sequence
from typing import Any

REASONS = {
    "out_of_period": "not at this time",
    "channel": "not in this channel",
    "store": "not in this store",
    "region": "not in this region",
    "currency": "not in this currency",
    "segment": "the customer is not in the segment",
    "level": "the customer has another level",
    "birthday": "it is not the customer's birthday",
    "order_number": "not for this order of the customer",
    "scope_empty": "nothing in the cart is in its scope",
    "threshold_short": "the goods are not worth enough",
    "quantity_short": "there are too few units",
    "better_price": "another promotion gives a better price",
    "passed_over": "another one comes first in its group, though this one is cheaper",
    "never_with": "it never stands with another one that is applied",
    "standalone": "one that stands alone and this one exclude each other",
    "limit": "its limit is used up",
    "budget": "its budget does not suffice",
    "code_missing": "its code was not given",
    "no_effect": "it would change nothing",
    "gift_out_of_stock": "no gift is in stock",
    "not_discountable": "the goods in its scope take no discount",
    "payment": "not with this payment",
    "shipping_method": "not with this delivery",
}


def money(value: int) -> str:
    """Return minor units as a decimal number: 123456 is 1 234.56."""
    whole, part = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole:,}.{part:02}".replace(",", " ")


def explained(quote: dict[str, Any]) -> str:
    """Return a quote as tables: each unit from its list price over the steps to its net price, and every reason."""
    rows: list[Sequence[str]] = [("line", "units", "list", "step", "takes", "net")]
    for line in quote["lines"]:
        for units in line["units"]:
            rows.append((line["id"], str(units["count"]), money(units["list"]), "", "", money(units["net"])))
            rows += [("", "", "", *_step(step), "") for step in units["steps"]]
    for entry in quote["shipping"]:
        rows.append((entry["id"], "", money(entry["list"]), "", "", money(entry["net"])))
        rows += [("", "", "", *_step(step), "") for step in entry["steps"]]
    parts = [_table(rows)]
    goods = quote["goods"]
    totals = [("goods at list price", money(goods["list"])), ("discount", money(-goods["discount"]))]
    totals += [("delivery", money(sum(entry["net"] for entry in quote["shipping"])))]
    totals += [("tax", money(quote["tax"])), ("to pay", f"{money(quote['payable'])} {quote['currency']}")]
    totals += [("cashback", money(quote["cashback"]))] if quote["cashback"] else []
    parts.append(_table(totals))
    if quote["gifts"]:
        parts.append(_table([("gift", "quantity", "by"), *(_gift(gift) for gift in quote["gifts"])]))
    if quote["not_applied"]:
        parts.append(_table([("not applied", "why"), *((one["promotion"], _why(one)) for one in quote["not_applied"])]))
    if quote["codes"]:
        parts.append(_table([("code", "status"), *((one["code"], one["status"]) for one in quote["codes"])]))
    proof = quote["proof"]
    sure = (
        "No allowed choice is cheaper."
        if proof["status"] == "optimal"
        else (f"The search stopped early: no allowed choice is below {money(proof['bound'])}.")
    )
    return "\n\n".join([*parts, sure])


def _gift(gift: dict[str, Any]) -> tuple[str, str, str]:
    return (gift["sku"], str(gift["quantity"]), gift["promotion"])


def _step(step: dict[str, Any]) -> tuple[str, str]:
    cut = f" (of {money(step['amount'])}, limited by {step['cut_by']})" if step.get("cut_by") else ""
    return step["promotion"], f"{money(step['given'])}{cut}"


def _why(one: dict[str, Any]) -> str:
    words = REASONS[one["reason"]]
    words += f": {one['by']}" if "by" in one else ""
    words += f", {money(one['loss'])} more" if "loss" in one else ""
    if "short" in one:
        words += f", {one['short'] if one['reason'] == 'quantity_short' else money(one['short'])} short"
    return words


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
