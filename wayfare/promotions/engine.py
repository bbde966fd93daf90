"""One document in, one document out."""

from typing import Any

from wayfare.promotions.answer import write
from wayfare.promotions.budgets import settle_budgets
from wayfare.promotions.contract import Cart, Request, Ruleset, check_ruleset, parse_request
from wayfare.promotions.pricer import QuoteDiffers, price
from wayfare.promotions.search import Found, find
from wayfare.promotions.table import Rulebook, Table

LIMIT = 200_000


def quote(document: object, *, limit: int = LIMIT) -> dict[str, Any]:
    """Return the quote for a request document. Raises InputRefused with path, code and message.

    `limit` is how many evaluations the search may make; past it the quote is the best one found, with a bound.
    """
    request = parse_request(document)
    return Quoter(request.ruleset).answer(request, limit=limit)


class Quoter:
    """A rule set made ready once for many carts."""

    def __init__(self, ruleset: Ruleset) -> None:
        check_ruleset(ruleset, "ruleset.")
        self.book = Rulebook(ruleset)

    def quote(self, cart: Cart, *, ref: str | None = None, limit: int = LIMIT) -> dict[str, Any]:
        """Return the quote for one cart."""
        return self.answer(Request.model_construct(cart=cart, ruleset=self.book.ruleset, ref=ref), limit=limit)

    def answer(self, request: Request, *, limit: int = LIMIT) -> dict[str, Any]:
        """Return the quote for one request."""
        table, found = self.search(request, limit=limit)
        return write(table, found)

    def search(self, request: Request, *, limit: int = LIMIT) -> tuple[Table, Found]:
        """Return the table and the best choice, priced again by the plain pricer. Raises QuoteDiffers."""
        whole = self.book.lay(request)
        table = settle_budgets(whole)
        found = find(table, limit)
        again = price(found.table, found.choice)
        if (again.goods, again.delivery) != (found.priced.goods, found.priced.delivery):
            raise QuoteDiffers("the search and the pricer disagree; please report this cart and rule set")
        return table, found
