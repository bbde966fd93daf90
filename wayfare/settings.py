"""All settings, read once at start-up from the environment: `WAYFARE_` and the field's name in capitals."""

import difflib
import ipaddress
import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from wayfare.errors import SettingsError
from wayfare.secret_file import SHORTEST_SECRET, secret_from

PREFIX = "WAYFARE_"


class Settings(BaseSettings):
    """What one installation is set to. Every field has a default that runs on a laptop. Use `load()` to make one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    data_dir: Path = Field(
        Path("data"),
        description="Folder for the database file, the secret key, Valkey's files and e-mails written to disk.",
    )
    database_url: str = Field(
        "",
        repr=False,
        description="Database: `postgresql://user:password@host/name`, or `sqlite:///path`. "
        "Empty means the file `wayfare.sqlite3` in the data folder.",
    )
    redis_url: str | None = Field(
        None,
        repr=False,
        description="Redis or Valkey that carries wake-up calls: `redis://host:6379/0`. Empty means that "
        "`wayfare up` starts a Valkey of its own; the other commands then work by polling.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description=f"Key of sessions, encryption and blind indexes: at least {SHORTEST_SECRET} random characters. "
        "Empty means the file `secret_key` in the data folder, made at the first start. Whoever loses it loses all "
        "promo codes and queued messages.",
    )
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the web server listens on.")
    base_url: str = Field(
        "",
        description="Address under which people reach Wayfare, for links in messages: `https://wayfare.example.com`. "
        "Empty means `http://HOST:PORT`.",
    )
    insecure: bool = Field(
        False, description="Allow plain http on an address that others can reach. Passwords then travel unprotected."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="How many reverse proxies stand in front and set X-Forwarded-For and X-Forwarded-Proto.",
    )
    web_threads: int = Field(8, ge=1, le=256, description="Requests that the web server answers at the same time.")
    smtp_url: str | None = Field(
        None,
        repr=False,
        description="Mail server: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. "
        "Empty means that e-mails are written to the folder `outbox` in the data folder.",
    )
    mail_from: str = Field("Wayfare <wayfare@localhost>", description="Sender of e-mails, with or without a name.")
    time_zone: str = Field(
        "UTC",
        description="Time zone of the house, such as `Europe/Kyiv`: by it days are counted in statistics and limits, "
        "and it stands in for the zone of customers and journeys that have none.",
    )
    nodes_dir: Path | None = Field(
        None,
        description="Folder with node types of your own, one Python file each. They run with all rights of Wayfare: "
        "files and folders to which others may write are refused. Empty means none.",
    )
    poll_seconds: float = Field(
        1.0, gt=0, le=60, description="Pause between two looks at the database when no wake-up call comes."
    )
    batch_size: int = Field(
        5000, ge=1, le=100_000, description="Customers that walk through a journey in one transaction."
    )
    lease_seconds: int = Field(
        60, ge=5, le=3600, description="How long a worker may keep a batch before another worker may take it over."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious kind of line logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Shape of log lines: JSON, or for people; `auto` means for people on a terminal."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("there is no such time zone; use a name such as Europe/Kyiv")
        return name

    @field_validator("data_dir", "nodes_dir")
    @classmethod
    def _resolved(cls, folder: Path | None) -> Path | None:
        return folder.expanduser().resolve() if folder else None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        return _database_url(url) if url else url

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("it must begin with redis://, rediss:// or unix://")
        return url

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        text = key.get_secret_value()
        if text and (len(text) < SHORTEST_SECRET or len(set(text)) < 8):
            raise ValueError(
                f"it is too easy to guess: take at least {SHORTEST_SECRET} random characters, for example from "
                "`openssl rand -base64 32`, or unset it and one is made"
            )
        return key

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("it must look like https://wayfare.example.com")
        return url.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "smtp://host")
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("it must look like smtp://user:password@host:587 or smtps://user:password@host:465")
        return url

    @model_validator(mode="after")
    def _defaults_from_others(self) -> Self:
        def fill(name: str, value: object) -> None:
            if not getattr(self, name):
                object.__setattr__(self, name, value)  # frozen for everyone else

        host = f"[{self.host}]" if ":" in self.host else self.host
        fill("base_url", f"http://{host}:{self.port}")
        fill("database_url", f"sqlite:///{self.data_dir / 'wayfare.sqlite3'}")
        return self

    @property
    def secret(self) -> bytes:
        """The secret key as bytes."""
        return self.secret_key.get_secret_value().encode()

    @property
    def is_https(self) -> bool:
        """Whether people reach Wayfare over https: decides cookie names, Secure and HSTS."""
        return self.base_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether the web server can be reached from this machine only."""
        return is_loopback(self.host)

    def check_bind(self) -> None:
        """Refuse to serve plain http to other machines; raises SettingsError."""
        if not (self.is_loopback or self.is_https or self.insecure):
            raise SettingsError(
                f"{PREFIX}HOST={self.host} can be reached from other machines, and passwords would travel unprotected; "
                f"set {PREFIX}BASE_URL to the https address of your reverse proxy, or accept the risk with --insecure",
                variable=f"{PREFIX}HOST",
            )

    def environment(self) -> dict[str, str]:
        """Return the variables that give a child process these very settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values["secret_key"] = self.secret_key.get_secret_value()
        return {f"{PREFIX}{name.upper()}": "" if value is None else str(value) for name, value in values.items()}


def load(**overrides: object) -> Settings:
    """Read the settings, make the data folder and the secret key when they are missing.

    `overrides` come from the command line and win; None means not given. Raises SettingsError that names the variable.
    """
    _refuse_misspelt()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks what the command line gave
        _make_folder(settings.data_dir)
        if settings.secret_key.get_secret_value():
            return settings
        given["secret_key"] = secret_from(settings.data_dir / "secret_key")
        return Settings(**given)  # type: ignore[arg-type]  # as above
    except ValidationError as error:
        raise _explained(error) from None


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _database_url(url: str) -> str:
    """Return the URL with the driver that Wayfare brings."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and separator:
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and rest.startswith("/"):
        return url
    raise ValueError("it must begin with postgresql:// or sqlite:///")


def _make_folder(folder: Path) -> None:
    """Make the data folder, closed to other people, and try that it takes files."""
    variable = f"{PREFIX}DATA_DIR"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = f"cannot write to the data folder {folder} ({error.strerror}); make it writable or set {variable}"
        raise SettingsError(message, variable=variable) from None


def _refuse_misspelt() -> None:
    """Refuse a variable that is nearly the name of a setting: ignored in silence, it would cost a day."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
            if close:
                raise SettingsError(f"there is no setting {name}; did you mean {close[0]}?", variable=name)


def _explained(error: ValidationError) -> SettingsError:
    """Return an error that names every variable at fault and what it wants."""
    lines, variables = [], []
    for problem in error.errors(include_url=False, include_input=False):
        variable = PREFIX + str(problem["loc"][0] if problem["loc"] else "").upper()
        variables.append(variable)
        lines.append(f"{variable}: {problem['msg'].removeprefix('Value error, ')}")
    return SettingsError("; ".join(lines), variable=variables[0] if len(variables) == 1 else "")
