"""What the commands that run for long have in common."""

import os

from wayfare import lifeline, log
from wayfare.settings import Settings, load

PARENT = "WAYFARE_PARENT"


def begin(**overrides: object) -> Settings:
    """Read the settings, set logging up, and follow `wayfare up` when it started this process."""
    if PARENT in os.environ:
        lifeline.follow_parent(int(os.environ.pop(PARENT)))
    settings = load(**overrides)
    log.configure(settings.log_level, settings.log_format)
    return settings
