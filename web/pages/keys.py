"""API keys: programs that may call, with which rights and until when."""

from datetime import timedelta

from flask import Blueprint, Response, url_for

from store import keys as rows
from wayfare.errors import NotFound, SettingsError
from web import access, accounts, rights, ui
from web.context import now, store
from web.forms import Form
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("settings_keys", __name__, url_prefix="/settings/keys")
LIVES = {"90": "90 days", "365": "1 year", "30": "30 days", "0": "Until it is revoked"}


@bp.get("")
@access.needs("keys.own")
def index() -> Response:
    """List the keys that this person may see: all of them, or those of their own making."""
    with store().read() as conn:
        found = rows.list_keys(conn, created_by=None if ui.may("keys.manage") else principal().actor)
    return respond("keys/index.html", keys=found, at=now(), rights=rights.RIGHTS)


@bp.get("/new")
@access.needs("keys.own")
def new() -> Response:
    """Show the form for a new key."""
    return _new_form(Form(), [])


@bp.post("/new")
@access.needs("keys.own")
def add() -> Response:
    """Make a key and show it once."""
    form = Form()
    name = form.text("name", longest=100, need="Say what the key is for, such as “Web shop”.")
    kind = form.choice("kind", list(rights.KINDS), need="Choose a kind.")
    life = form.choice("life", list(LIVES), need="Choose when it ends.")
    allowed = sorted(rights.of_kind(kind))
    granted = allowed if kind in ("ingest", "till") else form.several("rights", allowed)
    shop = form.text("store", longest=100) if kind == "till" else ""
    if kind and not granted:
        form.wrong["rights"] = "Tick at least one right."
    if kind == "till" and not shop:
        form.wrong["store"] = "A till key is bound to one store: type its name or number."
    networks = form.text("networks").replace(",", " ").split()
    if not form.is_good:
        return _new_form(form, granted)
    ends = now() + timedelta(days=int(life)) if life != "0" else None
    try:
        _, token = accounts.add_key(
            store(),
            name,
            kind,
            granted,
            by=principal().actor,
            now=now(),
            expires_at=ends,
            shop=shop or None,
            networks=networks,
        )
    except SettingsError as error:
        form.wrong["networks"] = str(error)
        return _new_form(form, granted)
    return respond("keys/shown.html", "keys/_shown.html", token=token, name=name, is_new=True)


@bp.post("/<int:key_id>/revoke")
@access.needs("keys.own")
def revoke(key_id: int) -> Response:
    """End a key now."""
    accounts.revoke_key(store(), _key(key_id), by=principal().actor, now=now())
    return go(url_for("settings_keys.index"), "The key no longer opens anything.")


@bp.post("/<int:key_id>/rotate")
@access.needs("keys.own")
def rotate(key_id: int) -> Response:
    """Make a successor and show it once; the old key works for another week."""
    key = _key(key_id)
    if not key.is_live(now()):
        return go(url_for("settings_keys.index"), "This key has ended; make a new one.", "bad")
    _, token = accounts.rotate_key(store(), key, by=principal().actor, now=now())
    return respond("keys/shown.html", token=token, name=key.name, is_new=False)


def _key(key_id: int) -> rows.Key:
    """Return a key that this person may touch; NotFound for somebody else's."""
    with store().read() as conn:
        key = rows.get_key(conn, key_id)
    if not ui.may("keys.manage") and key.created_by != principal().actor:
        raise NotFound(f"no API key {key_id}")
    return key


def _new_form(form: Form, granted: list[str]) -> Response:
    words = {name: right.words for name, right in rights.RIGHTS.items()}
    return respond(
        "keys/new.html",
        "keys/_new.html",
        status=422 if form.wrong else 200,
        form=form,
        granted=granted,
        kinds=[(kind, kind.capitalize(), text) for kind, text in rights.KINDS.items()],
        choices=[(name, text) for name, text in words.items() if name in rights.of_kind("integration")],
        lives=list(LIVES.items()),
    )
