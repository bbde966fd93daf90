"""A shop's snapshot: who may use it, when, what a thief learns from it, and how its keys follow each other."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from offers.codes.batches import change_batch
from offers.till import keys
from offers.till.offline import opened
from offers.till.signed import SnapshotRefused, public_keys
from rig.coupons import a_batch, made, some_codes
from rig.offline import STORE, a_file, a_snapshot
from rig.orders import cart, off, percent, rules
from rig.world import World
from wayfare.cli import main
from wayfare.errors import InputRefused

SOAP = cart(("soap", 10_000, 1))


def document(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.loads(file)["snapshot"])
    return found


def test_it_is_used_in_its_shop_and_in_its_time(world: World) -> None:
    rules(world, percent("tenth", "10"))
    file, pem = a_file(world)
    trusted, made_at = public_keys(pem), world.now
    snapshot = opened(file, trusted, store=STORE, now=made_at)
    assert snapshot.quote(SOAP, made_at)["payable"] == 9_000
    refused = [
        ("lviv-02", made_at, "is for the shop 'kyiv-01', not for 'lviv-02'"),
        (STORE, made_at + timedelta(hours=24), "fetch a new one"),
        (STORE, made_at - timedelta(hours=1), "set the clock of this till"),
    ]
    for store, at, words in refused:
        with pytest.raises(SnapshotRefused, match=words):
            opened(file, trusted, store=store, now=at)
    with pytest.raises(SnapshotRefused, match="fetch a new one"):
        snapshot.quote(SOAP, made_at + timedelta(hours=24))
    last = {"cart": SOAP, "quote": snapshot.quote(SOAP, made_at + timedelta(hours=3)), "phone": None}
    with pytest.raises(SnapshotRefused, match="set the clock"):
        snapshot.quote(SOAP, made_at + timedelta(hours=2), since=[last])
    with pytest.raises(InputRefused, match="for the shop 'kyiv-01'"):
        snapshot.quote({**SOAP, "store": "lviv-02"}, made_at)


def test_a_thief_of_a_snapshot_finds_no_codes(world: World) -> None:
    codes = [code.replace("-", "") for code in some_codes(world, 30, key="gift", offline=True, length=16)]
    for name in ("bind_phone", "with_pin"):
        with pytest.raises(InputRefused, match="cannot check"):
            a_batch(world, name, offline=True, length=16, **{name: True})
    with pytest.raises(InputRefused, match="14 characters"):
        a_batch(world, "short", offline=True)
    with pytest.raises(InputRefused, match="steals a till"):
        made(world, 100_000, "gift")
    rules(world, off("present", 5_000, requires_code="GIFT"))
    file, _ = a_file(world)
    inside = document(file)["codes"]
    assert not [code for code in codes if code in file or code[-4:] in json.dumps(inside)]
    marks = base64.b64decode(inside["unique"][0]["marks"])
    found = {marks[at : at + 12] for at in range(0, len(marks), 12)}
    key, salt = base64.b64decode(inside["key"]), base64.b64decode(inside["salt"])
    assert found == {hashlib.sha256(salt + hmac.digest(key, code.encode(), "sha256")).digest()[:12] for code in codes}
    usual = world.store.vault.digest_key("code")
    assert usual not in (key, salt), "the key of all other codes stays in the house"
    other = document(a_file(world, "lviv-02")[0])["codes"]
    assert other["salt"] != inside["salt"]
    assert other["unique"][0]["marks"] != inside["unique"][0]["marks"]


def test_a_batch_becomes_one_for_tills_only_before_its_codes_are_out(world: World) -> None:
    a_batch(world, length=16)
    act: dict[str, Any] = {"now": world.now, "by": "alice"}
    assert world.store.run(lambda conn: change_batch(conn, "summer", {"offline": True}, **act)).offline
    assert not world.store.run(lambda conn: change_batch(conn, "summer", {"offline": False}, **act)).offline
    made(world)
    with pytest.raises(InputRefused, match="make another batch"):
        world.store.run(lambda conn: change_batch(conn, "summer", {"offline": True}, **act))


def test_keys_follow_each_other_and_a_till_that_fetches_now_and_then_always_has_the_right_one(world: World) -> None:
    rules(world, percent("tenth", "10"))
    file, pem = a_file(world)
    first = document(file)["keys"]
    fresh = world.store.run(lambda conn: keys.rotate(conn, world.store.vault, world.now, "alice"))
    again = world.store.run(lambda conn: keys.rotate(conn, world.store.vault, world.now, "alice"))
    assert (fresh.begins_at - world.now, again.name) == (timedelta(days=7), fresh.name)
    world.now += timedelta(days=1)
    file, _ = a_file(world)
    snapshot = opened(file, public_keys(pem), store=STORE, now=world.now)
    assert snapshot.keys == "".join(first) + fresh.pem
    world.now += timedelta(days=7)
    file, _ = a_file(world)
    with pytest.raises(SnapshotRefused, match="not among the public keys"):
        opened(file, public_keys(pem), store=STORE, now=world.now)
    assert opened(file, public_keys(snapshot.keys), store=STORE, now=world.now).store == STORE
    stolen = world.store.run(lambda conn: keys.rotate(conn, world.store.vault, world.now, "alice", at_once=True))
    file, pem = a_file(world)
    assert pem == stolen.pem
    with pytest.raises(SnapshotRefused):
        opened(file, public_keys(snapshot.keys), store=STORE, now=world.now)
    stored = repr(world.rows("SELECT value FROM setting WHERE name = 'till.keys'"))
    private = keys.private(world.store.vault, stolen).private_bytes_raw()
    assert base64.b64encode(private).decode() not in stored
    assert private.hex() not in stored
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'till.key_rotated'") == 2


def test_the_same_content_is_the_same_snapshot_until_its_next_beginning(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}))
    first, second = a_file(world)[0], a_file(world)[0]
    world.now += timedelta(minutes=29)
    third = a_file(world)[0]
    world.now += timedelta(minutes=1)
    assert first == second == third != a_file(world)[0]
    assert a_snapshot(world).issued == world.now
    assert world.scalar("SELECT count(*) FROM till_snapshot") == 2
    world.now += timedelta(days=90)
    a_file(world)
    assert world.scalar("SELECT count(*) FROM till_snapshot") == 1, "those that ended long ago are forgotten"


def test_the_command_line_prices_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {**os.environ, "WAYFARE_DATA_DIR": str(tmp_path / "data")}
    root = Path(__file__).parents[3]

    def wayfare(*args: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "wayfare", *args]
        return subprocess.run(command, env=env | more, capture_output=True, text=True, cwd=root, check=False)

    snapshot, pem, request = tmp_path / "kyiv-01.json", tmp_path / "wayfare.pem", tmp_path / "request.json"
    assert wayfare("till", "snapshot", "--store", STORE, "--to", str(snapshot)).returncode == 0
    pem.write_text(wayfare("till", "key").stdout)
    request.write_text(json.dumps({"cart": SOAP}))
    args = ("quote", str(request), "--snapshot", str(snapshot), "--public-key", str(pem), "--json")
    nowhere = {"WAYFARE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "WAYFARE_DATA_DIR": "/nowhere"}
    done = wayfare(*args, "--store", STORE, **nowhere)
    assert (done.returncode, json.loads(done.stdout)["payable"], done.stderr) == (0, 10_000, "")
    other = wayfare(*args, "--store", "lviv-02", **nowhere)
    assert (other.returncode, other.stderr.count("\n")) == (1, 1)
    assert "is for the shop 'kyiv-01', not for 'lviv-02'" in other.stderr
    request.write_text(json.dumps({"cart": SOAP, "ruleset": {}}))
    with pytest.raises(SystemExit):
        main(list(args))
    assert "leave ruleset out" in capsys.readouterr().err
    snapshot.write_text(snapshot.read_text().replace("kyiv-01", "kyiv-02"))
    with pytest.raises(SystemExit):
        main(list(args))
    assert capsys.readouterr().err == "wayfare: the snapshot was changed after it was signed; fetch it again\n"
    with pytest.raises(SystemExit):
        main(["quote", str(request), "--snapshot", str(snapshot)])
    assert "--public-key" in capsys.readouterr().err
