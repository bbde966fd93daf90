"""Settings name what is wrong, and never keep or show what is secret."""

import multiprocessing
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wayfare.cli import build
from wayfare.cli.settings import as_markdown
from wayfare.errors import SettingsError
from wayfare.secret_file import secret_from
from wayfare.settings import load

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_has_a_default_that_runs_on_a_laptop(a_home: Path) -> None:
    made = load()
    assert made.data_dir == a_home / "data"
    assert made.database_url == f"sqlite:///{a_home}/data/wayfare.sqlite3"
    assert made.redis_url is None
    assert made.base_url == "http://127.0.0.1:8000"
    assert made.is_loopback
    assert not made.is_https


def test_the_secret_is_made_once_for_its_owner_only(a_home: Path) -> None:
    first, again = load().secret, load().secret
    assert first == again
    assert len(first) >= 43  # 32 random bytes in base64
    assert (a_home / "data" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(a_home / "data") == ["secret_key"]


def test_processes_that_start_together_agree_on_one_secret(a_home: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        secrets = pool.map(secret_from, [a_home / "key"] * 16)
    assert len(set(secrets)) == 1


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("WAYFARE_PORT", "eighty", "valid integer"),
        ("WAYFARE_PORT", "70000", "less than or equal to 65535"),
        ("WAYFARE_SECRET_KEY", "short", "at least 32 random characters"),
        ("WAYFARE_SECRET_KEY", "a" * 64, "too easy to guess"),
        ("WAYFARE_DATABASE_URL", "mysql://host/x", "postgresql:// or sqlite:///"),
        ("WAYFARE_DATABASE_URL", "sqlite://", "postgresql:// or sqlite:///"),
        ("WAYFARE_REDIS_URL", "localhost:6379", "redis://"),
        ("WAYFARE_BASE_URL", "wayfare.example.com", "https://wayfare.example.com"),
        ("WAYFARE_SMTP_URL", "http://mail", "smtp://"),
        ("WAYFARE_LOG_LEVEL", "loud", "'debug', 'info'"),
        ("WAYFARE_DATABSE_URL", "x", "did you mean WAYFARE_DATABASE_URL"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        load()
    assert caught.value.variable == variable
    assert variable in str(caught.value)


def test_a_wrong_secret_is_not_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_SECRET_KEY", "tiny-but-secret")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "tiny-but-secret" not in str(caught.value)


def test_several_mistakes_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_PORT", "x")
    monkeypatch.setenv("WAYFARE_BATCH_SIZE", "0")
    with pytest.raises(SettingsError, match=r"WAYFARE_PORT.*WAYFARE_BATCH_SIZE"):
        load()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_our_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("WAYFARE_DATABASE_URL", f"{scheme}://u:p@host/db?sslmode=require")
    assert load().database_url == "postgresql+psycopg://u:p@host/db?sslmode=require"


def test_nothing_secret_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_DATABASE_URL", "postgresql://u:hidden@host/db")
    monkeypatch.setenv("WAYFARE_REDIS_URL", "redis://:hidden@host")
    monkeypatch.setenv("WAYFARE_SMTP_URL", "smtp://u:hidden@host")
    monkeypatch.setenv("WAYFARE_SECRET_KEY", "hidden-0123456789-0123456789-abcdefgh")
    assert "hidden" not in repr(load())


def test_a_child_process_reads_the_very_same_settings(monkeypatch: pytest.MonkeyPatch, a_home: Path) -> None:
    parent = load(port=8123, data_dir=a_home / "da ta")
    for name, value in parent.environment().items():
        monkeypatch.setenv(name, value)
    assert load() == parent


def test_an_option_that_was_not_given_leaves_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_PORT", "9000")
    assert load(port=None).port == 9000
    assert load(port=9001).port == 9001


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_may_speak_plain_http(host: str) -> None:
    load(host=host).check_bind()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "wayfare.example.com"])
def test_other_addresses_need_https_or_an_explicit_word(host: str) -> None:
    with pytest.raises(SettingsError, match="--insecure"):
        load(host=host).check_bind()
    load(host=host, insecure=True).check_bind()
    load(host=host, base_url="https://wayfare.example.com").check_bind()


def test_a_folder_that_cannot_be_written_is_named(a_home: Path) -> None:
    (a_home / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot write to the data folder") as caught:
        load(data_dir=a_home / "file" / "data")
    assert caught.value.variable == "WAYFARE_DATA_DIR"


def test_a_secret_that_others_can_read_or_that_was_cut_is_refused(a_home: Path) -> None:
    path = a_home / "key"
    secret_from(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        secret_from(path)
    path.chmod(0o600)
    path.write_text("cut")
    with pytest.raises(SettingsError, match="shorter than 32"):
        secret_from(path)


def test_every_setting_is_documented() -> None:
    assert DOCS.read_text() == as_markdown(), "write the table anew: wayfare settings --markdown > docs/settings.md"


def test_what_is_in_force_is_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_PORT", "9000")
    monkeypatch.setenv("WAYFARE_DATABASE_URL", "postgresql://u:hidden@host/db")
    told = CliRunner().invoke(build(["settings"]), ["settings"])
    assert told.exit_code == 0, told.output
    assert "9000" in told.output
    assert "hidden" not in told.output
