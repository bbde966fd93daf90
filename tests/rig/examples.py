"""How many random carts the property tests draw: `PRICE_EXAMPLES=50` draws fifty times as many as usual."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("PRICE_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """Return the settings for a test that usually draws so many."""
    return settings(max_examples=count * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
