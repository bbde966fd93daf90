"""Start-up: from settings to a running engine."""

from datetime import timedelta

from engine.bell import Bell
from engine.channels import channels
from engine.runtime import Runtime
from nodes.registry import open_registry
from store.db import Store
from wayfare.settings import Settings
from wayfare.vault import Vault


def open_runtime(settings: Settings) -> Runtime:
    """Open what jobs work with. Call it once a process, after any fork."""
    vault = Vault(settings.secret)
    bell = Bell(settings.redis_url)
    return Runtime(
        store=Store(settings.database_url, vault, zone=settings.time_zone),
        registry=open_registry(folder=settings.nodes_dir),
        vault=vault,
        channels=channels(data_dir=settings.data_dir, smtp_url=settings.smtp_url, mail_from=settings.mail_from),
        batch_size=settings.batch_size,
        default_zone=settings.time_zone,
        lease=timedelta(seconds=settings.lease_seconds),
        ring=bell.ring,
    )
