"""How instants and numbers are written on pages: in the reader's own time zone, with a full form on hover."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request
from markupsafe import Markup, escape

from web.context import now

ZONE_COOKIE = "wayfare-zone"  # set by wayfare.js from what the browser knows; no secret, so scripts may write it
# What tells browsers apart; the first that fits, for most of them also claim to be others.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_UNITS = (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("h", 3600), ("min", 60))


def zone() -> tzinfo:
    """Return the reader's time zone, or UTC until the browser has told it."""
    try:
        return ZoneInfo(request.cookies.get(ZONE_COOKIE, "UTC")[:64])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def when(instant: datetime | None, missing: str = "–") -> Markup:
    """Write an instant as day and time, shorter the nearer it is."""
    if instant is None:
        return Markup('<span class="muted">{}</span>').format(missing)
    local, today = instant.astimezone(zone()), now().astimezone(zone())
    if local.date() == today.date():
        text = f"{local:%H:%M}"
    elif local.year == today.year:
        text = f"{local.day} {local:%b, %H:%M}"
    else:
        text = f"{local.day} {local:%b %Y}"
    return _time(instant, text)


def ago(instant: datetime | None, missing: str = "never") -> Markup:
    """Write an instant as a distance from now: `3 min ago`, `in 2 days`."""
    if instant is None:
        return Markup('<span class="muted">{}</span>').format(missing)
    away = now() - instant
    return _time(instant, "now" if abs(away) < timedelta(seconds=45) else _distance(away))


def clock(instant: datetime) -> Markup:
    """Write an instant as time of day; the day stands above it."""
    return _time(instant, f"{instant.astimezone(zone()):%H:%M}")


def day(date_text: str) -> str:
    """Write a date as counters keep it, 2026-03-02, as 2 Mar, or 2 Mar 2025 in another year."""
    date = datetime.strptime(date_text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    return f"{date.day} {date:%b}" if date.year == now().year else f"{date.day} {date:%b %Y}"


def number(value: float | None, missing: str = "–") -> str:
    """Write a number with thin spaces between thousands."""
    if value is None:
        return missing
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text.replace(",", "\u202f")


def compact(value: int) -> str:
    """Write a number where there is little room: 950, 1.2k, 38k, 4.1M."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if abs(value) >= size:
            short = value / size
            return f"{short:.1f}{letter}" if abs(short) < 9.95 else f"{short:.0f}{letter}"
    return str(value)


def percent(part: float | None, whole: float | None = 1, missing: str = "–") -> str:
    """Write a share as percent: one decimal below ten."""
    if part is None or not whole:
        return missing
    share = 100 * part / whole
    return f"{share:.0f}\u202f%" if share >= 10 or share == 0 else f"{share:.1f}\u202f%"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its word: `1 customer`, `12 customers`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def money(minor: int | None, currency: str = "", missing: str = "–") -> str:
    """Write an amount of minor units; all currencies in use here have two decimals."""
    if minor is None:
        return missing
    sign, whole, cents = "−" if minor < 0 else "", *divmod(abs(minor), 100)
    return f"{sign}{number(whole)}.{cents:02d}" + (f" {currency}" if currency else "")


def plain(value: object) -> str:
    """Write a value of a JSON document for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(inner)}" for name, inner in value.items()) or "none"
    return str(value)


def browser(user_agent: str) -> str:
    """Name a browser and its system as people do; what the browser says of itself when it is an unusual one."""
    name = next((words for mark, words in _BROWSERS if mark in user_agent), "")
    system = next((words for mark, words in _SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (name, system))) or user_agent[:60] or "Unknown"


def _time(instant: datetime, text: str) -> Markup:
    local = instant.astimezone(zone())
    full = f"{local.day} {local:%B %Y, %H:%M:%S} {local.tzname() or ''}".strip()
    if local.utcoffset():
        full += f" = {instant.astimezone(UTC):%H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(instant.isoformat(), full, escape(text))


def _distance(away: timedelta) -> str:
    seconds = abs(away.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            word = f"{count} {unit}{'s' if unit not in ('h', 'min') and count != 1 else ''}"
            return f"{word} ago" if away > timedelta(0) else f"in {word}"
    return "a moment ago" if away > timedelta(0) else "in a moment"
