"""How a process that walks batches sets up Python: fewer looks for cyclic garbage."""

import gc


def tune() -> None:
    """Make garbage collection rare: a batch makes hundreds of thousands of tuples and no cycles.

    Measured: the collector took about a tenth of a batch's time with Python's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
