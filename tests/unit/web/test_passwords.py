"""Which passwords are refused, and how the others are kept."""

import pytest

from web import passwords


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "password1234",
        "Password12345!",
        "qwertyuiop123",
        "111111111111",
        "abcabcabcabc",
        "ababababababab",
        "1q2w3e4r5t6y",
        "dragon2026!!!",
        "x" * 201,
    ],
)
def test_short_stolen_and_repetitive_ones_are_refused(password: str) -> None:
    assert passwords.fault(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "нехай буде сонячно",
        "alllowercaseletterswithsense",
        "8403 1927 5561 0",
        "🦊🦉🐢🐬🦔🐝🦋🐌🐙🦀🐧🦩",
    ],
)
def test_there_are_no_rules_about_kinds_of_characters(password: str) -> None:
    assert passwords.fault(password) == ""


def test_little_more_than_ones_name_is_refused() -> None:
    assert passwords.fault("olena-kovalenko", "olena.kovalenko@shop.example")
    assert passwords.fault("wayfarewayfare", "wayfare")
    assert not passwords.fault("a long walk with olena in autumn", "olena@shop.example")


def test_argon2id_keeps_them_and_each_differently() -> None:
    first, second = passwords.hashed("the same"), passwords.hashed("the same")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert passwords.matches(first, "the same")
    assert not passwords.matches(first, "the sane")
    assert not passwords.matches("!", "anything")


def test_an_account_that_does_not_exist_costs_a_whole_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    real = passwords._HASHER

    class Counting:
        def verify(self, kept: str, typed: str) -> bool:
            computed.append(kept)
            return real.verify(kept, typed)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    monkeypatch.setattr(passwords, "_nobody", lambda: real.hash("nobody"))
    assert not passwords.matches(None, "nobody"), "not even with the very password of nobody"
    assert computed[0].split("$")[:4] == real.hash("x").split("$")[:4]


def test_invented_ones_are_long_and_pass_the_rules() -> None:
    made = {passwords.invented() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 23 and not passwords.fault(one) for one in made)
