"""What pages show: queries that only read, bounded whatever the size of the database, the same number a page."""

from store.views._parts import hold_still

__all__ = ["hold_still"]
