"""A gentle stream of made-up events through intake, so that the pages move."""

import random
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rich.console import Console

from engine.customers import upsert_customers
from engine.drain import FLOW
from engine.intake import ingest_events
from engine.runtime import Runtime
from engine.start import open_runtime
from wayfare.cli.demo.cdnow import customer_key
from wayfare.cli.demo.events import CURRENCY, PRICE_CLASSES, SYNTHETIC, synthetic, synthetic_purchase
from wayfare.cli.demo.people import person
from wayfare.settings import Settings

CUSTOMERS = 23_570
_SHARES = (("cart", 45), ("wish", 25), ("purchase", 20), ("registration", 10))
_SKUS = [sku for _, sku, _ in PRICE_CLASSES[1:]]
_REPORT_EVERY = 20


class Traffic:
    """Makes one event after the other. `dice` decides; keys carry the instant, so two streams share none."""

    def __init__(self, runtime: Runtime, dice: random.Random) -> None:
        self.runtime = runtime
        self.dice = dice
        self._newcomers: list[str] = []

    def happen(self, now: datetime) -> str:
        """Let one thing happen now, and come in; return what it was, in words."""
        (kind,) = self.dice.choices([kind for kind, _ in _SHARES], [weight for _, weight in _SHARES])
        key = f"traffic-{now:%Y%m%d%H%M%S%f}-{self.dice.randrange(10**6):06d}"
        makers: dict[str, Callable[[str, datetime], dict[str, Any]]] = {
            "cart": self._cart,
            "wish": self._wish,
            "purchase": self._purchase,
            "registration": self._registration,
        }
        event = makers[kind](key, now)
        ingest_events(self.runtime.store, [event], source_default=SYNTHETIC, now=now)
        self.runtime.ring(FLOW)
        return f"{event['customer']}: {event['type']}"

    def _someone(self) -> str:
        """Choose a customer: often one who came with this stream, so that welcome journeys go both ways."""
        if self._newcomers and self.dice.random() < 0.25:
            return self.dice.choice(self._newcomers[-200:])
        return customer_key(self.dice.randint(1, CUSTOMERS))

    def _cart(self, key: str, now: datetime) -> dict[str, Any]:
        skus = self.dice.sample(_SKUS, self.dice.randint(1, 3))
        lines = [{"sku": sku, "quantity": self.dice.randint(1, 2)} for sku in skus]
        return synthetic(key, self._someone(), "cart.updated", now, currency=CURRENCY, lines=lines)

    def _wish(self, key: str, now: datetime) -> dict[str, Any]:
        type = "wishlist.added" if self.dice.random() < 0.8 else "wishlist.removed"
        return synthetic(key, self._someone(), type, now, sku=self.dice.choice(_SKUS))

    def _purchase(self, key: str, now: datetime) -> dict[str, Any]:
        units = self.dice.choice((1, 1, 1, 2, 2, 3, 5))
        return synthetic_purchase(key, self._someone(), now, units, units * self.dice.randint(900, 2400))

    def _registration(self, key: str, now: datetime) -> dict[str, Any]:
        number = 1_000_000 + self.dice.randrange(8_999_999)
        profile = person(key, number, since=now)
        upsert_customers(self.runtime.store, [profile], now=now, source=SYNTHETIC, is_synthetic=True)
        self._newcomers.append(key)
        return synthetic(f"{key}-registered", key, "customer.registered", now, channel="web")


def pauses(rate: float, dice: random.Random) -> Iterator[float]:
    """Yield the seconds to the next event, `rate` a second on average: irregular, as people are."""
    while True:
        yield dice.expovariate(rate)


def run(settings: Settings, rate: float, console: Console) -> None:
    """Let things happen until SIGINT or SIGTERM."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    runtime = open_runtime(settings)
    dice = random.Random()  # noqa: S311 - made-up shoppers, not a secret
    traffic = Traffic(runtime, dice)
    console.print(f"About {rate:g} events a second come in; Ctrl+C stops.", markup=False)
    for count, pause in enumerate(pauses(rate, dice), start=1):
        if stopping.wait(pause):
            break
        what = traffic.happen(runtime.now())
        if count % _REPORT_EVERY == 1 or console.is_terminal:
            console.print(f"{count:6d}  {what}", markup=False, soft_wrap=True)
    runtime.store.dispose()
