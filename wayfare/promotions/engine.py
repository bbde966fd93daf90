"""One document in, one document out."""

from typing import Any

from wayfare.promotions.answer import write
from wayfare.promotions.budgets import settle_budgets
from wayfare.promotions.contract import Cart, Ruleset, check_ruleset, parse_cart, parse_request, parse_ruleset
from wayfare.promotions.rules import Compiled
from wayfare.promotions.search import Found, find
from wayfare.promotions.table import Table, lay, out_of_reach

LIMIT = 200_000


def compile(ruleset: Ruleset | object) -> Compiled:
    """Return a rule set, or its document, made ready for many carts. Raises InputRefused: path, code, message."""
    if isinstance(ruleset, Ruleset):
        check_ruleset(ruleset, "")
        return Compiled(ruleset)
    return Compiled(parse_ruleset(ruleset))


def quote(
    document: object, compiled: Compiled | None = None, *, ref: str | None = None, limit: int = LIMIT
) -> dict[str, Any]:
    """Return the quote for a request document, or for a cart (a document or a Cart) under a compiled rule set.

    Raises InputRefused with path, code and message. `limit` is how many evaluations the search may make; past it the
    quote is the best one found, with a bound. `ref` is echoed; a request brings its own.
    """
    if compiled is None:
        request = parse_request(document)
        compiled, cart, ref = Compiled(request.ruleset), request.cart, request.ref
    else:
        cart = document if isinstance(document, Cart) else parse_cart(document)
    table, found = search(cart, compiled, limit=limit)
    return write(table, found, ref)


def search(cart: Cart, compiled: Compiled, *, limit: int = LIMIT) -> tuple[Table, Found]:
    """Return the table and the best choice, priced by the plain pricer. Raises QuoteDiffers."""
    table = settle_budgets(lay(compiled, cart))
    beyond = out_of_reach(table)
    return table, find(table.only(one for one in table.offers if one not in beyond) if beyond else table, limit)
