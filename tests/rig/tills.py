"""Tills in processes of their own, each with many threads, that pay with one certificate."""

import multiprocessing
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from offers.certificates import spend
from offers.certificates.issue import Issued
from offers.certificates.proof import Proof
from offers.certificates.spend import Payment
from rig.world import SECRET
from store.db import Store
from wayfare import lifeline
from wayfare.vault import Vault

_CONTEXT = multiprocessing.get_context("forkserver")


def open_tills(url: str, gift: Issued, amount: int, keys: Sequence[Sequence[str]], now: datetime) -> list[Any]:
    """Start one process for each list of keys; each key is one payment, made by a thread of its own."""
    processes = [_CONTEXT.Process(target=_pay, args=(url, gift, amount, mine, now)) for mine in keys]
    for process in processes:
        process.start()
    return processes


def _pay(url: str, gift: Issued, amount: int, keys: Sequence[str], now: datetime) -> None:
    lifeline.follow_parent()
    store = Store(url, Vault(SECRET))
    start = threading.Barrier(len(keys))

    def pay(key: str) -> None:
        start.wait()
        asked = Payment(gift.number, Proof(gift.secret), amount, "UAH", key, "till")
        for _ in range(2):  # as a till does that got no answer
            store.run(lambda conn: spend.redeem(conn, store.vault, asked, now=now))

    threads = [threading.Thread(target=pay, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.dispose()
