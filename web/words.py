"""Statuses and types in the words of the people who read the pages, with the tone in which they are shown."""

from typing import NamedTuple


class Said(NamedTuple):
    """A status in words: label, tone of its badge, and a sentence that explains it."""

    label: str
    tone: str
    more: str = ""


JOURNEY = {
    "live": Said("Live", "good", "Takes customers in and moves them on"),
    "closing": Said("Closing", "info", "Takes nobody in; those inside go on to the end"),
    "paused": Said("Paused", "warn", "Nobody enters, nobody moves, nothing is sent"),
    "draft": Said("Draft", "", "Was never published"),
    "stopped": Said("Stopped", "bad", "Everybody was taken out"),
    "archived": Said("Archived", "", "Put away"),
}
ENROLLMENT = {
    "active": Said("Moving", "accent", "Due to take the next step"),
    "waiting": Said("Waiting", "info", "Waits for a time or an event"),
    "parked": Said("Parked", "warn", "Stands at a step whose type is missing; goes on when it is back"),
    "quarantined": Said("Quarantined", "bad", "Set aside because the step could not handle it"),
    "completed": Said("Completed", "good", "Came to an end of the journey"),
    "exited": Said("Left early", "", "An exit rule, or somebody, took the customer out"),
    "failed": Said("Failed", "bad", "A step said that it cannot be done"),
}
MESSAGE = {
    "pending": Said("Queued", "info", "Waits for its turn"),
    "claimed": Said("Queued", "info", "A worker has it in hand"),
    "sending": Said("Sending", "accent", "With the provider right now"),
    "sent": Said("Sent", "good", "The provider took it"),
    "suppressed": Said("Not allowed", "", "No consent, no address, or suppressed"),
    "capped": Said("Over the cap", "", "The customer already got as many as the frequency cap allows"),
    "expired": Said("Too late", "warn", "Could not leave before its time was over"),
    "cancelled": Said("Cancelled", "", "The journey was stopped before it left"),
    "failed": Said("Failed", "bad", "The provider refused it, or it was given up"),
    "uncertain": Said("Uncertain", "violet", "Nobody knows whether it arrived: decide"),
}
CHANNELS = {"email": "E-mail", "sms": "SMS", "viber": "Viber", "telegram": "Telegram", "whatsapp": "WhatsApp"}
CHANNEL_ICONS = {
    "email": "mail",
    "sms": "message",
    "viber": "message-circle",
    "telegram": "brand-telegram",
    "whatsapp": "brand-whatsapp",
    "push": "device-mobile",
}
EVENTS = {
    "purchase": ("Purchase", "shopping-cart"),
    "cart.updated": ("Cart updated", "basket"),
    "wishlist.added": ("Added to the wish list", "heart"),
    "wishlist.removed": ("Taken off the wish list", "heart"),
    "price.dropped": ("The price of a wished product fell", "tag"),
    "customer.registered": ("Registered", "user-plus"),
    "segment.entered": ("Entered a segment", "chart-pie"),
    "segment.left": ("Left a segment", "chart-pie"),
    "journey.start": ("Asked to enter a journey", "route"),
    "journey.enter": ("Sent into another journey", "route"),
    "journey.reached": ("Passed a step of another journey", "git-branch"),
    "journey.ended": ("Came to the end of another journey", "flag-check"),
    "level.changed": ("Loyalty level changed", "trophy"),
    "points_earned": ("Earned points", "coin"),
    "points_spent": ("Spent points", "coin"),
}
FIELDS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "phone": "Phone",
    "birthday": "Birthday",
    "time_zone": "Time zone",
    "sex": "Sex",
    "city": "City",
    "country": "Country",
    "locale": "Language",
    "level": "Loyalty level",
}


def journey(status: str) -> Said:
    """Return a journey's status in words; one that nobody named is shown as it is."""
    return JOURNEY.get(status, Said(status.capitalize(), ""))


def enrollment(status: str) -> Said:
    """Return an enrollment's status in words."""
    return ENROLLMENT.get(status, Said(status.capitalize(), ""))


def message(status: str) -> Said:
    """Return a message's status in words."""
    return MESSAGE.get(status, Said(status.capitalize(), ""))


def channel(key: str) -> str:
    """Return what people call a channel."""
    return CHANNELS.get(key, key.replace("_", " ").capitalize())


def channel_icon(key: str) -> str:
    """Return the icon of a channel."""
    return CHANNEL_ICONS.get(key, "send")


def event(kind: str) -> str:
    """Return what people call a type of event: `loyalty.level_changed` becomes Loyalty level changed."""
    return EVENTS[kind][0] if kind in EVENTS else kind.replace(".", " ").replace("_", " ").capitalize()


def event_icon(kind: str) -> str:
    """Return the icon of a type of event."""
    return EVENTS[kind][1] if kind in EVENTS else "bolt"


def field(name: str) -> str:
    """Return what people call a field of a profile or an attribute."""
    return FIELDS.get(name) or name.removeprefix("attrs.").replace("_", " ").capitalize()


PORTS = {
    "@moved": "Moved by hand",
    "else": "Everyone else",
    "happened": "It happened",
    "timeout": "Time is over",
    "late": "Too late",
    "yes": "Yes",
    "no": "No",
}


def port(name: str) -> str:
    """Return the words for a way out of a step; the only one needs none."""
    if name in ("next", ""):
        return ""
    words = PORTS.get(name) or CHANNELS.get(name) or name.replace("_", " ")
    return words[:1].upper() + words[1:]
