"""What the fields of promotions are called for people who never saw the contract."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """A label, a sentence of help, the picker that fills the field in, and what stands behind the value."""

    label: str
    help: str = ""
    picker: str = ""
    unit: str = ""
    placeholder: str = ""


EFFECTS: Mapping[str, Words] = {
    "percent": Words("Percent off", "So many percent less."),
    "amount": Words("Amount off", "So much money less."),
    "set_price": Words("New price", "A lower price; dearer than before is never charged."),
    "tiers": Words("More off for more", "The more is bought, the more is given."),
    "nth": Words("Second piece cheaper", "Of each product, further pieces cost less than the first."),
    "sets": Words("Sets, as in 3 for 2", "Of each set of pieces the cheapest ones are rewarded."),
    "bundle": Words("Bundle price", "Certain products together at one price."),
    "buy_get": Words("Buy these, get those", "Who buys some products gets others cheaper or free."),
    "gift": Words("Gift", "A product for nothing, the first one in stock."),
    "cashback": Words("Bonus back", "Bonus earned on what is paid. It changes no price."),
    "personal_price": Words("Personal price", "A price of the customer's own."),
}
CONDITIONS: Mapping[str, Words] = {
    "channel": Words("Sales channel", "Web shop, app, shop on the street …"),
    "store": Words("Shop"),
    "region": Words("Region"),
    "currency": Words("Currency"),
    "segment": Words("Customer segment"),
    "level": Words("Loyalty level"),
    "birthday": Words("Birthday"),
    "order_number": Words("Number of the order", "The first order, each tenth …"),
    "goods_from": Words("Goods worth at least"),
    "goods_to": Words("Goods worth at most"),
    "quantity_from": Words("So many pieces"),
    "line_quantity_from": Words("So many of one product"),
    "weekly": Words("Days and hours"),
    "period": Words("Period"),
    "payment": Words("Way of payment"),
    "shipping_method": Words("Way of delivery"),
    "any": Words("One of several", "At least one of these holds."),
    "all": Words("All of several", "All of these hold."),
    "not": Words("Not", "The condition inside must not hold."),
}
MENU: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Where", ("channel", "store", "region", "shipping_method", "payment", "currency")),
    ("Who", ("segment", "level", "birthday", "order_number")),
    ("What is in the cart", ("goods_from", "goods_to", "quantity_from", "line_quantity_from")),
    ("When", ("weekly", "period")),
    ("Put together", ("any", "all", "not")),
)
_TARGETS = {
    "unit": "each piece",
    "line": "each product, once",
    "order": "the whole order",
    "shipping": "each delivery",
    "shipping_total": "all deliveries together",
}
_DAYS = dict(zip("1234567", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
LAYERS: Mapping[str, Words] = {
    "price": Words("Price", "The price a product begins with: personal prices."),
    "item": Words("Products", "Sales, sets, bundles, the second piece at half price."),
    "personal": Words("Customer", "Extras for members and levels, on top of the products' prices."),
    "order": Words("Order", "Discounts on the whole order."),
    "shipping": Words("Delivery", "Cheaper or free delivery."),
    "gift": Words("Gifts", "Products for nothing."),
}
POLICIES: Mapping[str, Words] = {
    "best": Words("The best one", "Of these, each piece gets the one that is best for the customer."),
    "first": Words(
        "The first one", "The highest in this list that fits wins, even where another one would be cheaper."
    ),
    "all": Words("All of them", "They add up, one on top of the other."),
}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "target": _TARGETS,
    "days": _DAYS,
    "layers": {key: one.label for key, one in LAYERS.items()},
    "effect.base": {
        "quantity": "pieces of these products together",
        "line": "pieces of one product",
        "goods": "money spent on these products",
    },
    "base": {"list": "before discounts", "net": "after earlier discounts"},
    "favor": {"customer": "best for the customer", "retailer": "the cheapest of all pieces"},
    "per": {"cart": "once an order", "set": "once a set", "unit": "for each piece bought"},
    "pick": {"cheapest": "the cheapest", "dearest": "the dearest"},
    "never_on": {"cart": "the same order", "unit": "the same piece"},
    "policy": {key: one.label for key, one in POLICIES.items()},
    "percent_base": {"running": "of the price as it is by then", "list": "of the list price"},
}
_FIELDS: Mapping[str, Words] = {
    "percent.value": Words("Percent", unit="%", placeholder="20"),
    "amount.value": Words("Amount", placeholder="100.00"),
    "set_price.value": Words("New price", placeholder="499.00"),
    "personal_price.value": Words("Price", placeholder="499.00"),
    "target": Words("On"),
    "tiers.base": Words("Counted by"),
    "steps": Words("Steps", "From the lowest to the highest; the highest that is reached applies."),
    "nth.first": Words("The first piece gets"),
    "nth.additional": Words("Each further piece gets"),
    "sets.size": Words("Pieces in a set", unit="pieces"),
    "reward": Words("What is rewarded"),
    "reward.units": Words("How many of them", "The cheapest of each set.", unit="pieces"),
    "reward.effect": Words("They get"),
    "favor": Words("Sets are made", "Best for the customer, or so that only the cheapest pieces of all are rewarded."),
    "parts": Words("Products of the bundle"),
    "bundle.price": Words("Price of one bundle", placeholder="999.00"),
    "buy": Words("Who buys these"),
    "get": Words("gets those"),
    "get.effect": Words("They get"),
    "choices": Words("Gifts to choose from", "The first one in stock is offered.", "product"),
    "gift.quantity": Words("How many", unit="pieces"),
    "per": Words("How often"),
    "cashback.percent": Words("Percent of what is paid", unit="%"),
    "cashback.amount": Words("or an amount"),
    "quantity": Words("Pieces", unit="pieces"),
    "skus": Words("Products", picker="product"),
    "brands": Words("Brands", picker="brand"),
    "categories": Words("Categories", picker="category"),
    "lists": Words("Product lists", "Lists that the shop marks its products with."),
    "lines": Words("Lines of a cart"),
    "price_from": Words("Price from"),
    "price_to": Words("Price up to"),
    "attributes": Words("Other properties", "One a line, such as: colour = red, blue", placeholder="colour = red"),
    "shipping_methods": Words("Ways of delivery", "Such as courier or post."),
    "skip_discounted": Words("Leave out what is reduced already"),
    "channel.values": Words("Channels", "As the shop and the tills name them.", placeholder="web"),
    "store.values": Words("Shops", picker="store"),
    "region.values": Words("Regions"),
    "currency.values": Words("Currencies", placeholder="UAH"),
    "segment.values": Words("Segments", "The customer is in one of them.", "segment"),
    "level.values": Words("Levels", picker="level"),
    "payment.values": Words("Ways of payment", placeholder="card"),
    "shipping_method.values": Words("Ways of delivery", placeholder="courier"),
    "from": Words("From"),
    "until": Words("Until"),
    "days": Words("On"),
    "zone": Words("Time zone"),
    "birthday.before": Words("Days before it", unit="days"),
    "birthday.after": Words("Days after it", unit="days"),
    "order_number.equals": Words("Exactly order number", placeholder="1"),
    "order_number.multiple_of": Words("or each so many orders", placeholder="10"),
    "goods_from.value": Words("At least", placeholder="1000.00"),
    "goods_to.value": Words("At most", placeholder="5000.00"),
    "base": Words("Counted"),
    "quantity_from.value": Words("At least", unit="pieces"),
    "line_quantity_from.value": Words("At least", unit="pieces"),
    "requires_code": Words(
        "Code", "Leave it blank for everybody; with a code only who names it gets this.", "unlock", "", "WELCOME"
    ),
    "priority": Words("Priority", "The higher one wins between equals, and comes first where the order counts."),
    "standalone": Words(
        "Stands alone", "With nothing else in the same order: the customer gets this or all the others."
    ),
    "never_with": Words("Never together with", "Promotions, or whole groups.", "promotion"),
    "never_on": Words("Kept apart on"),
    "note": Words("Note for colleagues"),
    "name": Words("Name", "Colleagues see it here, and customers on the receipt.", placeholder="20 % off perfume"),
    "usage.total": Words("Uses in all", unit="times"),
    "usage.per_customer": Words("Uses a customer", unit="times"),
    "usage.per_code": Words("Uses a code", unit="times"),
    "usage.per_day": Words("Uses a day", unit="times"),
    "usage.spend": Words("Budget", "Discount given in all; then it stops.", placeholder="50000.00"),
    "usage.partial": Words("Give what is left of the budget when it no longer suffices"),
    "max_units": Words("Pieces in an order", unit="pieces"),
    "max_units_line": Words("Pieces of one product", unit="pieces"),
    "pick": Words("If there are more, it goes to"),
    "max_discount_unit": Words("Most off a piece"),
    "max_discount_cart": Words("Most off an order"),
    "repeat": Words("Times in an order", unit="times"),
    "max_percent": Words("At most percent off", unit="%", placeholder="15"),
    "max_amount": Words("At most off a piece", placeholder="500.00"),
    "layers": Words("Discounts that count", "None ticked: all of them."),
}


def words_for(kind: str, name: str) -> Words:
    """Return what a field is called: by the kind or name of what it stands in, else by its own name."""
    return _FIELDS.get(f"{kind}.{name}") or _FIELDS.get(name) or Words(name.replace("_", " ").capitalize())


def options_for(kind: str, name: str) -> Mapping[str, str]:
    """Return what the options of a field are called."""
    return OPTIONS.get("effect.base" if (kind, name) == ("tiers", "base") else name, {})
