"""A batch is one search and one transaction, and each item is answered as it would be alone."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.app import requests
from safehold.app.requests import Overtaken
from safehold.app.scan import Fingerprints
from safehold.model.errors import DatabaseBusy
from safehold.model.ids import KeyId
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.storage import scans
from safehold.storage.database import Tx
from safehold.testing.platform import Platform
from safehold.testing.running import TESTER, Installation

CONTEXT = {"surface": "rehearsal", "account_id": "account-1"}
UNLISTED = "ab" * 32
KEY = "batch-1"


def listed(safehold: Installation) -> str:
    """Return the value of an entry, as a platform would send it."""
    [row, *_] = safehold.sql("select encode(value, 'hex') as value from entry where signal_type = 'pdq'")
    return str(row.value)


def pdq(value: str, **more: Any) -> dict[str, Any]:
    return {"signals": [{"type": "pdq", "value": value}], **more}


def kinds_of_items(value: str) -> dict[str, dict[str, Any]]:
    """Return one item of each kind that a batch can have."""
    return {
        "listed": pdq(value),
        "unlisted": pdq(UNLISTED),
        "not every type": {"signals": [{"type": "sha256", "value": UNLISTED}]},
        "of no type": {"signals": [{"type": "photodna", "value": UNLISTED}]},
        "too short": pdq("ab"),
        "elsewhere": pdq(value, context={"surface": "nowhere"}),
        "may not be scanned": pdq(value, context={"surface": "private_without_basis"}),
        "on a public surface": pdq(value, context={"surface": "public"}),
        "text": {"text": "Good morning"},
        "private address": {"url": "http://10.0.0.1/"},
    }


KINDS = sorted(kinds_of_items(""))


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, but for the ids that are made anew each time."""
    said = {**answer, **answer.get("error", {})}
    changing = ("scan_id", "item_id", "request_id", "error")
    return {name: said[name] for name in said if name not in changing} | {
        "kept": said.get("item_id") is not None
    }


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
def test_each_item_of_a_batch_is_answered_as_it_would_be_alone_and_in_order(
    safehold: Installation, chosen: list[str]
) -> None:
    platform, known = safehold.platform(), kinds_of_items(listed(safehold))
    items = [known[kind] for kind in chosen]
    before = safehold.counts().get("item", 0)
    alone = [platform.ask("POST", "/v1/scan", {"context": CONTEXT, **item}).body for item in items]
    between = safehold.counts().get("item", 0)
    together = platform.ask("POST", "/v1/scan", {"items": items, "context": CONTEXT}).body["items"]
    assert [told(answer) for answer in together] == [told(answer) for answer in alone]
    assert safehold.counts().get("item", 0) - between == between - before


def test_what_is_kept_of_a_batch_is_committed_together_and_each_item_is_on_record(
    safehold: Installation, platform: Platform
) -> None:
    items = [pdq(listed(safehold)), pdq(UNLISTED), pdq(listed(safehold)), pdq(listed(safehold))]
    answers = platform.ask("POST", "/v1/scan", {"items": items, "context": CONTEXT}).body["items"]
    rows = safehold.sql("select item.id, item.xmin::text as written from item join hold on item_id = item.id")
    assert {str(row.id) for row in rows} == {answers[index]["item_id"] for index in (0, 2, 3)}
    assert len({row.written for row in rows}) == 1
    assert answers[1]["result"] == "clear"


def test_every_item_of_a_batch_is_counted(safehold: Installation, platform: Platform) -> None:
    items = [pdq(UNLISTED)] * 5 + [pdq(listed(safehold)), pdq("ab")]
    platform.ask("POST", "/v1/scan", {"items": items, "context": CONTEXT})
    safehold.program.scanner.counters.flush()
    counted = safehold.sql("select result, sum(scans)::int as scans from scan_counter group by result")
    assert {row.result: row.scans for row in counted} == {"clear": 5, "hold": 1}


def test_where_one_cannot_be_written_nothing_of_any_is_and_all_are_left_to_be_asked_alone(
    safehold: Installation,
) -> None:
    def fails(tx: Tx, answer: ScanAnswer) -> None:
        raise DatabaseBusy

    place = Context(surface="rehearsal")
    asked = [
        Fingerprints(signals=[("pdq", listed(safehold))], context=place),
        Fingerprints(signals=[("pdq", UNLISTED)], context=place),
        Fingerprints(signals=[("pdq", listed(safehold))], context=place, when_kept=fails),
    ]
    answers = safehold.program.scanner.scan_together(asked, actor=TESTER)
    assert [answer.result if answer else None for answer in answers] == [None, ScanResult.CLEAR, None]
    assert "item" not in safehold.counts()


def test_an_item_that_another_attempt_recorded_meanwhile_is_answered_as_it_was_and_the_others_are_kept(
    safehold: Installation,
) -> None:
    secret = safehold.key(Permission.SCAN)
    platform = Platform(safehold.base_url, secret)
    [row] = safehold.sql("select id from api_key")
    key_id, program = KeyId(row.id), safehold.program
    body = {"items": [pdq(listed(safehold)), pdq(listed(safehold)), pdq(UNLISTED)], "context": CONTEXT}
    digest = requests.body_digest(program.request_secret, json.dumps(body).encode())
    recorded = {"item_id": "of the other attempt"}
    with program.database.begin() as tx:
        scans.finish_request(
            tx, key_id, f"{KEY}\n{digest.hex()}\n1", recorded, body_digest=digest, now=program.clock()
        )
    answers = platform.ask("POST", "/v1/scan", body, {"Idempotency-Key": KEY}).body["items"]
    [item] = safehold.sql("select id from item")
    assert answers[0]["item_id"] == str(item.id)
    assert answers[1] == {**recorded, "reference": None}
    assert answers[2]["result"] == "clear"
    assert platform.ask("POST", "/v1/scan", body, {"Idempotency-Key": KEY}).body["items"] == answers


def test_an_answer_that_is_overtaken_is_not_kept(safehold: Installation) -> None:
    def overtaken(tx: Tx, answer: ScanAnswer) -> None:
        raise Overtaken({})

    asked = Fingerprints(
        signals=[("pdq", listed(safehold))], context=Context(surface="rehearsal"), when_kept=overtaken
    )
    actor = Actor(permissions=frozenset({Permission.SCAN}), system="tests")
    assert safehold.program.scanner.scan_together([asked], actor=actor) == [None]
    assert "item" not in safehold.counts()
