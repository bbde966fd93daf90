"""What docs/codes.md shows is what Wayfare takes, and it names what there is."""

import json
import re
from pathlib import Path

from offers.codes.resolve import REASONS
from rig.web import Web
from web import rights
from web.api.codes import BatchIn

PAGE = (Path(__file__).parents[3] / "docs" / "codes.md").read_text()
CALLS = re.findall(r"^(POST) /api/v1(\S+)\n(\{.*?\})$(?=\n\n|\n```)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_call_works(web: Web) -> None:
    headers = web.key("integration", *rights.of_kind("integration"))
    assert len(CALLS) == 8
    for _, path, body in CALLS:
        answer = web.client.post(f"/api/v1{path}", json=json.loads(body), headers=headers)
        assert answer.status_code in (200, 201), f"{path}: {answer.text}"
        if path.endswith("/check"):
            assert [one["usable"] for one in answer.get_json()["codes"]] == [True, False]
        if path.endswith("/void"):
            assert answer.get_json() == {"changed": 1, "refused": 0}


def test_every_reason_and_rule_is_explained() -> None:
    assert all(f"`{reason}`" in PAGE for reason in REASONS)
    plain = {"key", "name", "prefix", "partner", "with_pin", "is_test"}
    assert all(f"`{name}`" in PAGE for name in BatchIn.model_fields.keys() - plain)


def test_every_path_exists(web: Web) -> None:
    there = {rule.rule.replace("/api/v1", "") for rule in web.app.url_map.iter_rules()}
    named = set(re.findall(r"`(?:POST |GET )?(/(?:codes|certificates|code-batches)[\w/-]*)`", PAGE))
    assert len(named) > 8
    for path in named:
        assert any(re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", rule), path) for rule in there), path
