"""django-oscar's offer applicator on carts from standard input, one JSON document a line; has its own environment.

A document: {"lines": [{"price", "quantity", "brand"}], "offers": [{"kind": "percent" | "amount" | "multibuy", "value",
"brand" or null}]}. An answer: {"payable", "seconds"}. Prices are whole minor units. Membership in a range is answered
from memory, so that no database is measured: only the applicator is.
"""

import json
import sys
import time
from decimal import Decimal
from typing import Any

import django
import oscar
from django.conf import settings
from django.core.management import call_command


def _set_up() -> None:
    from oscar import defaults

    names = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
    settings.configure(
        **names,
        INSTALLED_APPS=oscar.INSTALLED_APPS,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        SITE_ID=1,
        SECRET_KEY="bench",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        MIGRATION_MODULES={app.rsplit(".apps.", 1)[0].rsplit(".", 1)[-1]: None for app in oscar.INSTALLED_APPS},
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


class Shop:
    """Products by price and brand, ranges by brand, and offers."""

    def __init__(self) -> None:
        from oscar.core.loading import get_class, get_model

        self.model = get_model
        self.applicator = get_class("offer.applicator", "Applicator")
        self.strategy = get_class("partner.strategy", "Default")
        self.partner = get_model("partner", "Partner").objects.create(name="p", code="p")
        self.sort = get_model("catalogue", "ProductClass").objects.create(name="c", requires_shipping=False)
        self.members: dict[int, set[int] | None] = {}
        members = self.members

        def contains_product(range_: Any, product: Any) -> bool:
            mine = members[range_.id]
            return mine is None or product.id in mine

        get_model("offer", "Range").contains_product = contains_product

    def price(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what a cart costs, and how long the applicator took."""
        basket = self.model("basket", "Basket").objects.create()
        basket.strategy = self.strategy()
        brands: dict[str, set[int]] = {}
        product_model, stock_model = self.model("catalogue", "Product"), self.model("partner", "StockRecord")
        for line in document["lines"]:
            product = product_model.objects.create(title="t", product_class=self.sort)
            stock_model.objects.create(
                product=product,
                partner=self.partner,
                partner_sku=str(product.id),
                price=Decimal(line["price"]) / 100,
                price_currency="GBP",
                num_in_stock=10**6,
            )
            brands.setdefault(line["brand"], set()).add(product.id)
            basket.add_product(product, line["quantity"])
        offers = [self._offer(number, one, brands) for number, one in enumerate(document["offers"])]
        list(basket.all_lines())
        began = time.process_time()
        self.applicator().apply_offers(basket, offers)
        seconds = time.process_time() - began
        return {"payable": int((basket.total_incl_tax * 100).to_integral_value()), "seconds": seconds}

    def _offer(self, number: int, one: dict[str, Any], brands: dict[str, set[int]]) -> Any:
        name = f"r{len(self.members)}"
        range_ = self.model("offer", "Range").objects.create(name=name, includes_all_products=one["brand"] is None)
        self.members[range_.id] = None if one["brand"] is None else brands.get(one["brand"], set())
        condition_model, benefit_model = self.model("offer", "Condition"), self.model("offer", "Benefit")
        many = one["kind"] == "multibuy"
        condition = condition_model.objects.create(
            range=range_, type=condition_model.COUNT, value=one["value"] if many else 1
        )
        sorts = {
            "percent": benefit_model.PERCENTAGE,
            "amount": benefit_model.FIXED_UNIT,
            "multibuy": benefit_model.MULTIBUY,
        }
        value = None if many else Decimal(one["value"]) / (100 if one["kind"] == "amount" else 1)
        benefit = benefit_model.objects.create(range=range_, type=sorts[one["kind"]], value=value)
        return self.model("offer", "ConditionalOffer").objects.create(
            name=f"o{name}", slug=f"o{name}", condition=condition, benefit=benefit, priority=-number
        )


def main() -> None:
    """Answer each line of standard input with one line."""
    _set_up()
    shop = Shop()
    print(json.dumps({"oscar": oscar.get_version(), "django": django.get_version()}), flush=True)
    for text in sys.stdin:
        print(json.dumps(shop.price(json.loads(text))), flush=True)


if __name__ == "__main__":
    main()
