"""What the pages need to know about where they run."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from wayfare.settings import Settings, is_loopback

IDLE = timedelta(minutes=30)
LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Values from the settings. The defaults are a laptop's."""

    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    trusted_proxies: int = 0
    is_insecure: bool = False
    data_dir: Path | None = None  # where heads of the audit trail are noted

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take what the pages need from the settings."""
        return cls(
            settings.base_url, settings.host, settings.trusted_proxies, settings.insecure, data_dir=settings.data_dir
        )

    @property
    def is_https(self) -> bool:
        """Whether people come over https: decides cookie names, Secure and HSTS."""
        return self.base_url.startswith("https://")

    @property
    def is_private(self) -> bool:
        """Whether only this machine gets here: it listens on loopback, and no proxy brings others."""
        name = urlsplit(self.base_url).hostname or ""
        return is_loopback(self.host) and is_loopback(name) and self.trusted_proxies == 0

    @property
    def trusted_hosts(self) -> list[str] | None:
        """Names by which a browser may call us; None when a proxy in front, or nobody, decides that.

        Otherwise another site could point its own name at this machine and speak to Wayfare as itself.
        """
        if self.trusted_proxies or self.is_insecure:
            return None
        return [urlsplit(self.base_url).hostname or "localhost", self.host, "localhost", "127.0.0.1", "[::1]"]

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address that people use."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def cookie(self, name: str = "") -> str:
        """Return a cookie's full name. `__Host-` binds it to this host and to https, so plain http cannot carry it."""
        plain = f"wayfare-{name}" if name else "wayfare"
        return f"__Host-{plain}" if self.is_https else plain
