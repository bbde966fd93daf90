"""The Flask application: gate, headers, errors, and every module of `web.pages` and `web.api` that has routes."""

import importlib
import pkgutil
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from types import ModuleType
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

import web.api
import web.pages
from engine.start import open_runtime
from store.db import Store
from wayfare import clock, log
from wayfare.settings import Settings
from wayfare.vault import Vault
from web import access, anchors, cookies, errors, flash, headers, ui
from web.config import WebConfig
from web.context import Context

LONGEST_STATEMENT = 30
"""Seconds after which a page gives up, so that slow ones never hold all threads (on PostgreSQL)."""


def create_app(settings: Settings) -> Flask:
    """Return the application that these settings describe. Raises SettingsError for an unsafe address."""
    settings.check_bind()
    vault, threads = Vault(settings.secret), settings.web_threads
    store = Store(
        settings.database_url,
        vault,
        zone=settings.time_zone,
        pool_size=threads,
        statement_seconds=LONGEST_STATEMENT,
    )
    return build(store, WebConfig.of(settings), runtime=replace(open_runtime(settings), store=store))


def build(
    store: Store,
    config: WebConfig | None = None,
    *,
    runtime: Any = None,
    clock: Callable[[], datetime] = clock.now,
    blueprints: Sequence[Blueprint] = (),
) -> Flask:
    """Return the application on a store; tests pass their own clock and further blueprints.

    Raises StartError when a route declares no right.
    """
    config = config or WebConfig()
    app = Flask("web", static_folder=None)  # files are served by a route of our own, see web.pages.files
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.config.update(MAX_CONTENT_LENGTH=access.DEFAULT_BYTES, MAX_FORM_PARTS=2000, TRUSTED_HOSTS=config.trusted_hosts)
    app.extensions["wayfare"] = Context(store, config, clock, runtime)
    if config.trusted_proxies:
        proxies = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]  # Flask's own way
    app.before_request(_begin)
    app.before_request(access.admit)
    app.after_request(_finish)
    errors.register(app)
    ui.register(app)
    for blueprint in [*_blueprints(web.pages), *_blueprints(web.api), *blueprints]:
        app.register_blueprint(blueprint)
    access.check_declared(app)
    anchors.check(store, config)
    return app


def _blueprints(package: ModuleType) -> list[Blueprint]:
    """Return what the modules of a package call `bp`, so that a new module needs no other line."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [module.bp for module in modules if hasattr(module, "bp")]


def _begin() -> None:
    g.request_id, g.started = secrets.token_hex(8), clock.monotonic()
    log.unbind_all()
    log.bind(request_id=g.request_id)


def _finish(response: Response) -> Response:
    flash.carry(response)
    cookies.apply(response)
    headers.protect(response)
    seconds = clock.monotonic() - g.get("started", clock.monotonic())
    log.get(__name__).debug(
        "request",
        method=request.method,
        route=str(request.url_rule or ""),  # the rule and not the path, which may name a customer
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )
    return response
