"""The platform's reference: said back as it came, kept where its surface keeps signals, opaque and short."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from safehold.model.clock import utc_now
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy
from safehold.web.server import served

KEPT = {"lookback": {"basis": "a law made for tests", "days": 3}}
SURFACES: dict[str, Any] = {
    "uploads": {"rehearsal": True, **KEPT},
    "plain": {"rehearsal": True},
    "letters": {
        "visibility": "private",
        "regions": ["north", "south"],
        "legal_bases": [{"region": "north", "name": "the law of the north"}],
        **KEPT,
    },
}
HOSTILE = [
    "",
    "a" * 65,
    "anna@example.org",
    "https://example.org/a",
    "two words",
    "line\nfeed",
    "nul\0",
    "tab\t",
    "é",
    "\u202e",
    "../../etc/passwd",
    "a'; drop table event; --",
    '{"a":1}',
    "\ud800",
    7,
    ["a"],
    {"a": "b"},
]


@pytest.fixture(scope="module")
def keeping(
    database_url: str, _initial_rows: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    # After the rows were noted that every test begins with: opening adds one.
    settings = running.settings_of(
        tmp_path_factory.mktemp("references") / "data", database_url, surfaces=SURFACES
    )
    with running.installation(settings, serve=served) as opened:
        yield opened


@pytest.fixture
def platform(keeping: Installation, database_url: str) -> Iterator[Platform]:
    keeping.add_list()
    yield keeping.platform()
    keeping.program.scanner.counters.flush()


def place(surface: str = "uploads", **more: Any) -> dict[str, Any]:
    return {"surface": surface, **more}


def signals() -> list[dict[str, str]]:
    return [{"type": "pdq", "value": secrets.token_hex(32)}]


def test_it_is_said_back_with_the_day_from_which_nothing_is_kept(platform: Platform) -> None:
    today = utc_now().date()
    answer = platform.upload(altered_copy(90), place(reference="post-8841"), media_type="image/jpeg")
    assert answer.body["reference"] == "post-8841"
    assert answer.body["reference_until"] == str(today + timedelta(days=3))


def test_where_nothing_is_kept_it_is_said_back_without_a_day(platform: Platform) -> None:
    clear = platform.upload(altered_copy(90), place("plain", reference="r"), media_type="image/jpeg")
    held = platform.upload(altered_copy(1), place(reference="r"), media_type="image/jpeg")
    exact = [{"type": "sha256", "value": secrets.token_hex(32)}]
    alone = platform.ask("POST", "/v1/scan", {"signals": exact, "context": place(reference="r")})
    assert [each.body["result"] for each in (clear, held, alone)] == ["clear", "hold", "incomplete"]
    for answer in (clear, held, alone):
        assert (answer.body["reference"], answer.body["reference_until"]) == ("r", None)


def test_without_one_nothing_is_kept(platform: Platform, keeping: Installation) -> None:
    kept = keeping.program.home.lookback
    keeping.program.scanner.kept.flush()
    before = sum(path.stat().st_size for path in kept.rglob("rows"))
    answer = platform.ask("POST", "/v1/scan", {"signals": signals(), "context": place()})
    keeping.program.scanner.kept.flush()
    assert (answer.body["reference"], answer.body["reference_until"]) == (None, None)
    assert sum(path.stat().st_size for path in kept.rglob("rows")) == before


@pytest.mark.parametrize("region", ["south", "elsewhere", None])
def test_what_a_region_forbids_to_scan_is_not_kept_either(platform: Platform, region: str | None) -> None:
    context = place("letters", reference="r", region=region)
    answer = platform.ask("POST", "/v1/scan", {"signals": signals(), "context": context})
    assert (answer.body["result"], answer.body["reference_until"]) == ("not_scanned", None)


def test_a_private_surface_keeps_nothing_while_a_region_of_it_has_no_basis(platform: Platform) -> None:
    context = place("letters", reference="r", region="north")
    answer = platform.ask("POST", "/v1/scan", {"signals": signals(), "context": context})
    assert (answer.body["result"], answer.body["reference_until"]) != ("not_scanned", None)
    assert answer.body["reference_until"] is None, "a day can only be destroyed whole"


@pytest.mark.parametrize("reference", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_opaque_reference_is_refused_and_not_quoted(platform: Platform, reference: Any) -> None:
    answer = platform.ask("POST", "/v1/scan", {"signals": signals(), "context": place(reference=reference)})
    assert (answer.status, answer.body["code"]) in {(422, "bad_form"), (422, "malformed_json")}
    if isinstance(reference, str) and len(reference) > 3:
        assert reference not in str(answer.body)


def test_each_item_of_a_batch_has_its_own_or_that_of_the_batch(platform: Platform) -> None:
    items = [
        {"signals": signals()},
        {"signals": signals(), "context": place(reference="own")},
        {"signals": [{"type": "pdq", "value": "00"}]},
        {"text": "hello"},
    ]
    answer = platform.ask("POST", "/v1/scan", {"items": items, "context": place(reference="of-all")})
    told = [(item.get("reference"), item.get("reference_until") is not None) for item in answer.body["items"]]
    assert told == [("of-all", True), ("own", True), (None, False), ("of-all", False)]


def test_a_repeat_is_answered_alike_and_the_records_keep_no_reference(
    platform: Platform, keeping: Installation
) -> None:
    body = {"signals": signals(), "context": place(reference="post-of-a-repeat")}
    first, second = (
        platform.ask("POST", "/v1/scan", body, {"Idempotency-Key": "repeat-1"}) for _ in range(2)
    )
    assert {**first.body, "signals": None} == second.body
    assert first.body["reference"] == "post-of-a-repeat"
    keeping.program.scanner.kept.flush()
    for table in keeping.counts():
        named = f"select 1 from {table} as t where t::text like '%%post-of-a-repeat%%'"
        assert keeping.sql(named) == [], f"{table} keeps it"
