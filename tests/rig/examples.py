"""How many random carts the property tests draw, and how.

`PRICE_EXAMPLES=50` draws fifty times as many as usual; `PRICE_ONCE=1` draws the same ones each time, and takes the
first that fails as it is.
"""

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("PRICE_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """Return the settings for a test that usually draws so many."""
    usual = settings(max_examples=count * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
    if os.environ.get("PRICE_ONCE"):
        return settings(usual, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
    return usual
