"""Wake-up calls after a commit: workers look at once instead of at their next poll."""

from web.context import runtime


def ring(shard: str = "flow") -> None:
    """Ask for a look at `shard` ("flow" or "send"); without a bell the workers' polls find the work a second later."""
    parts = runtime()
    if parts is not None:
        parts.ring(shard)
