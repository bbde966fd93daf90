"""A cart to try promotions with, as it stands in an address: read, filled in from the products, written back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from store.products import Product
from web.builder_forms.values import money_meant, money_shown
from web.promotion_forms.convert import moment_meant, moment_shown

ROW = ("sku", "price", "qty", "brand", "categories", "lists")
TEXTS = ("channel", "store", "region", "payment", "currency", "segments", "level", "birthday", "order_number", "codes")
OTHERS = ("day", "time", "delivery", "method", "stock", "version", "force", "find", "who", "customer")
KEPT = (*TEXTS, "day", "time", "delivery", "method", "stock", "version", "who", "customer")
"""What a saved cart keeps beside its rows."""
MOST_ROWS = 50


@dataclass(slots=True)
class Tried:
    """What was typed. `document` is the cart of the contract, `faults` what could not be read, in words."""

    rows: list[dict[str, str]]
    values: dict[str, str]
    document: dict[str, Any]
    faults: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to price."""
        return not self.document["lines"]


def read(args: MultiDict[str, str], zone: str) -> Tried:
    """Read what an address holds; rows without a SKU and a price are left out."""
    columns = {name: args.getlist(name)[:MOST_ROWS] for name in ROW}
    rows = []
    for at in range(max(map(len, columns.values()))):
        row = {name: (values[at].strip()[:500] if at < len(values) else "") for name, values in columns.items()}
        if row["sku"] or row["price"]:
            rows.append(row)
    values = {name: args.get(name, "").strip()[:500] for name in (*TEXTS, *OTHERS)}
    tried = Tried(rows, values, {})
    if values["day"] and zone:
        values["at"] = moment_meant({"day": values["day"], "time": values["time"]}, zone) or ""
    return tried


def fill(tried: Tried, known: Mapping[str, Product], now: str, currency: str) -> None:
    """Make the cart's document; what a row leaves open comes from the product."""
    lines = []
    for at, row in enumerate(tried.rows, 1):
        row["placeholder"] = ""
        product = known.get(row["sku"])
        price = money_meant(row["price"]) if row["price"] else (product.price if product else None)
        quantity = int(row["qty"]) if row["qty"].isascii() and row["qty"].isdigit() and len(row["qty"]) < 7 else 1
        if not isinstance(price, int) or price < 0:
            tried.faults.append(f"Line {at}: give a price, such as 199.00; no product “{row['sku']}” has one.")
            continue
        brand = row["brand"] or (product.brand if product else None)
        categories = split(row["categories"]) or (list(product.categories) if product else [])
        line: dict[str, Any] = {"id": str(at), "sku": row["sku"] or f"line-{at}", "price": price}
        lines.append({**line, "quantity": max(1, quantity), "categories": categories, "lists": split(row["lists"])})
        if brand:
            lines[-1]["brand"] = brand
        row["placeholder"] = money_shown(price)
    values = tried.values
    tried.document = {
        "currency": values["currency"] or currency or "UAH",
        "at": values.get("at") or now,
        "lines": lines,
    }
    tried.document |= {name: values[name] for name in ("channel", "store", "region", "payment") if values[name]}
    customer: dict[str, Any] = {"segments": split(values["segments"])} if values["segments"] else {}
    customer |= {name: values[name] for name in ("level", "birthday") if values[name]}
    number = values["order_number"]
    if number.isascii() and number.isdigit() and len(number) < 10:
        customer["order_number"] = int(number)
    tried.document["customer"] = customer
    tried.document["codes"] = split(values["codes"])
    tried.document["stock"] = dict.fromkeys(split(values["stock"]), 1000)
    if values["delivery"] or values["method"]:
        price = money_meant(values["delivery"] or "0")
        if isinstance(price, int) and price >= 0:
            parcel = {"id": "delivery", "price": price}
            tried.document["shipping"] = [{**parcel, **({"method": values["method"]} if values["method"] else {})}]
        else:
            tried.faults.append("Give the price of delivery, such as 60.00.")


def choose(tried: Tried, customer: Mapping[str, Any]) -> None:
    """Make one of our customers the buyer, with what is known of them, in place of what was typed."""
    tried.document["customer"] = dict(customer)


def query_of(form: MultiDict[str, str]) -> str:
    """Return the address's query of a cart that was posted: its rows, and what was filled in beside them."""
    columns = {name: form.getlist(name)[:MOST_ROWS] for name in ROW}
    found: list[tuple[str, str]] = []
    for at in range(max(map(len, columns.values()))):
        row = {name: (values[at].strip()[:500] if at < len(values) else "") for name, values in columns.items()}
        if row["sku"] or row["price"]:
            found += row.items()
    found += [(name, value) for name in KEPT if (value := form.get(name, "").strip()[:500])]
    return urlencode(found)


def split(text: str) -> list[str]:
    """Return the values between commas."""
    return list(dict.fromkeys(part for one in text.split(",") if (part := one.strip())))


def address_of(cart: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return the arguments of an address that holds a cart of the contract, such as a finding's example."""
    found: dict[str, Any] = {name: [] for name in ROW}
    for line in cart["lines"]:
        one = {"sku": line["sku"], "price": money_shown(line["price"]), "qty": str(line["quantity"])}
        lists = {name: ", ".join(line.get(name, ())) for name in ("categories", "lists")}
        for name, value in {**one, "brand": line.get("brand") or "", **lists}.items():
            found[name].append(value)
    found |= {name: cart[name] for name in ("channel", "store", "region", "payment", "currency") if cart.get(name)}
    customer = cart.get("customer") or {}
    found |= {name: customer[name] for name in ("level", "birthday", "order_number") if customer.get(name)}
    found |= {"segments": ", ".join(customer.get("segments", ())), "codes": ", ".join(cart.get("codes", ()))}
    if cart.get("shipping"):
        found |= {
            "delivery": money_shown(cart["shipping"][0]["price"]),
            "method": cart["shipping"][0].get("method", ""),
        }
    shown = moment_shown(datetime.fromisoformat(cart["at"]), zone)
    return {key: value for key, value in {**found, "day": shown["day"], "time": shown["time"]}.items() if value}
