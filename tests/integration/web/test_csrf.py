"""Nothing changes unless one of our own pages, in this very session, asked for it."""

from typing import Any

import pytest
from sqlalchemy import text

from offers.till.keys import ensured
from rig.web import Web

FORM = {"theme": "dark"}


def _writes(web: Web) -> list[tuple[str, str]]:
    found = [(method, path) for method, path, declared in web.routes() if method != "GET" and declared.has_csrf]
    assert len(found) > 12
    return found


@pytest.mark.parametrize(
    ("case", "headers"),
    [
        ("no token", {}),
        ("no token, but sent as htmx does", {"HX-Request": "true"}),
        ("no token, from our own page", {"Sec-Fetch-Site": "same-origin"}),
        ("a token made up", {"X-CSRF-Token": "0" * 64}),
        ("an empty token", {"X-CSRF-Token": ""}),
        ("a token that is no ASCII", {"X-CSRF-Token": "é"}),
    ],
)
def test_without_the_sessions_token_nothing_is_done(web: Web, case: str, headers: dict[str, str]) -> None:
    alice = web.sign_in("admin")
    for method, path in _writes(web):
        for type_ in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
            more: dict[str, Any] = {"headers": headers, "data": "a=b", "content_type": type_}
            answer = alice.client.open(path, method=method, base_url=alice.base, **more)
            assert answer.status_code == 403, f"{case}: {method} {path} as {type_}"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused_even_with_the_right_token(web: Web, site: str) -> None:
    alice = web.sign_in("admin")
    assert alice.post("/account/theme", FORM, {"Sec-Fetch-Site": site}).status_code == 403


def test_another_origin_is_refused_where_the_browser_says_nothing_of_sites(web: Web) -> None:
    alice, right = web.sign_in("admin"), {}
    right = {"X-CSRF-Token": alice.token()}

    def post(origin: str) -> int:
        headers = {**right, "Origin": origin}
        return alice.client.post("/account/theme", base_url=alice.base, headers=headers, data=FORM).status_code

    assert post("https://evil.example") == 403
    assert post("null") == 403
    assert post("http://127.0.0.1:9999") == 403
    assert post(alice.base) == 303


def test_the_token_of_another_session_is_refused(web: Web) -> None:
    alice, mallory = web.sign_in("admin"), web.sign_in("admin")
    assert alice.post("/account/theme", FORM, {"X-CSRF-Token": mallory.token()}).status_code == 403
    assert alice.post("/account/theme", FORM).status_code == 303


def test_the_sign_in_form_needs_the_token_of_its_visit(web: Web) -> None:
    web.user("admin", "alice", "correct horse battery staple")
    login = {"login": "alice", "password": "correct horse battery staple"}
    stranger = web.browser()
    assert stranger.client.post("/login", base_url=web.base, data=login).status_code == 403
    assert web.browser().post("/login", login, {"X-CSRF-Token": web.browser().token()}).status_code == 403
    assert stranger.post("/login", login).status_code == 303


def test_the_token_in_a_plain_form_works_without_scripts(web: Web) -> None:
    alice = web.sign_in("admin")
    form = {**FORM, "_csrf": alice.token()}
    assert alice.client.post("/account/theme", base_url=alice.base, data=form).status_code == 303


def test_a_program_with_a_key_needs_no_token_and_no_cookie_helps_it(web: Web) -> None:
    alice = web.sign_in("admin")
    answer = alice.client.get("/settings/users", base_url=web.base, headers={"Authorization": "Bearer wf_00000000_x"})
    assert answer.status_code == 401, "a bad key must not fall back to the cookie"


def test_reading_changes_nothing(web: Web) -> None:
    alice = web.sign_in("admin")
    ensured(web.store, web.at)  # the first look at the keys of tills makes them
    before = _content(web)
    for method, path, _ in web.routes():
        if method == "GET":
            alice.get(path)
            alice.fragment(path)
            alice.get(path, method="HEAD")
    assert _content(web) == before


def _content(web: Web) -> dict[str, list[tuple[object, ...]]]:
    from store.tables import metadata

    with web.store.read() as conn:
        return {
            name: [tuple(row) for row in conn.execute(text(f'SELECT * FROM "{name}" ORDER BY 1'))]
            for name in metadata.tables
        }
