"""Addresses, fingerprints, texts, links and batches: what is not a file in the request itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safehold.egress.addresses import PermittedNetworks
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy
from safehold.testing.servers import LocalServer, redirect, reply
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal", "account_id": "account-1"}
PICTURE = altered_copy(1)


@pytest.fixture
def site() -> Iterator[LocalServer]:
    """Yield a web server on this machine with a listed picture."""
    routes = {
        "/picture": reply(PICTURE, media_type="image/jpeg"),
        "/unlisted": reply(altered_copy(100), media_type="image/jpeg"),
        "/gone": reply(status=404),
        "/large": reply(b"0" * 3_000_000),
        "/away": redirect("http://10.0.0.1/"),
        "/here": redirect("/picture"),
    }
    with LocalServer(routes) as server:
        yield server


@pytest.fixture
def permitted(bare: Installation, site: LocalServer, database_url: str) -> Iterator[Installation]:
    """Yield a second program, opened with that server's port permitted, on the same records."""
    settings = bare.program.settings.model_copy(update={"policies": bare.program.settings.policies})
    networks = PermittedNetworks.of(f"127.0.0.1:{site.port}")
    with running.installation(settings, serve=served, content_permitted=networks) as opened:
        opened.add_list()
        yield opened


def test_an_address_on_this_machine_is_refused(platform: Platform, site: LocalServer) -> None:
    for host in ("127.0.0.1", "localhost", "127.1", "[::1]", "2130706433"):
        answer = platform.ask(
            "POST", "/v1/scan", {"url": site.url("/picture", host=host), "context": CONTEXT}
        )
        assert (answer.status, answer.body["code"]) == (422, "address_refused")
    assert site.requests == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd", "http://", "no url"]
)
def test_an_address_that_is_private_or_none_at_all_is_refused(platform: Platform, url: str) -> None:
    answer = platform.ask("POST", "/v1/scan", {"url": url, "context": CONTEXT})
    assert (answer.status, answer.body["code"]) == (422, "address_refused")
    assert url not in str(answer.body)


def test_a_permitted_address_is_fetched_scanned_and_judged_like_an_upload(
    permitted: Installation, site: LocalServer
) -> None:
    platform = permitted.platform()

    def scan(path: str) -> tuple[int, str]:
        answer = platform.ask("POST", "/v1/scan", {"url": site.url(path), "context": CONTEXT})
        return answer.status, answer.body.get("result") or answer.body["code"]

    assert scan("/picture") == (200, "hold")
    assert scan("/here") == (200, "hold")
    assert scan("/unlisted") == (200, "clear")
    assert scan("/gone") == (502, "fetch_failed")
    assert scan("/large") == (413, "too_large")
    # A permitted server may not lead anywhere else.
    assert scan("/away") == (422, "address_refused")


@pytest.mark.parametrize(("kind", "value"), [("text", "How was school?"), ("links", ["https://a.example/"])])
def test_what_no_check_exists_for_is_incomplete_and_nothing_of_it_is_kept(
    safehold: Installation, platform: Platform, kind: str, value: object
) -> None:
    before = safehold.counts()
    answer = platform.ask("POST", "/v1/scan", {kind: value, "context": CONTEXT}).body
    assert (answer["result"], answer["advice"]) == ("incomplete", "hold")
    assert answer["degraded"] == [f"no_check:{kind}"]
    safehold.program.scanner.counters.flush()
    after = safehold.counts()
    assert after.pop("incomplete_scan") == 1
    assert after == before | {"scan_counter": 1}


def test_a_listed_fingerprint_is_held_without_bytes(safehold: Installation) -> None:
    platform = safehold.platform()
    [signal] = [one for one in _signals(platform) if one["type"] == "pdq"]
    body = {"signals": [{"type": "pdq", "value": signal["value"].upper()}], "context": CONTEXT}
    answer = platform.ask("POST", "/v1/scan", body).body
    assert answer["result"] == "hold"
    assert safehold.counts()["media"] == 1  # that of the upload the fingerprint was taken from
    assert platform.ask("GET", f"/v1/items/{answer['item_id']}").body["media_type"] is None


def test_fingerprints_that_match_nothing_are_clear_only_when_every_listed_type_was_sent(
    safehold: Installation,
) -> None:
    platform = safehold.platform()
    unlisted = _signals(platform, seed=100)
    everything = platform.ask("POST", "/v1/scan", {"signals": unlisted, "context": CONTEXT}).body
    exact = [one for one in unlisted if one["type"] != "pdq"]
    partly = platform.ask("POST", "/v1/scan", {"signals": exact, "context": CONTEXT}).body
    assert (everything["result"], everything["degraded"]) == ("clear", [])
    assert (partly["result"], partly["degraded"]) == ("incomplete", ["signal_missing:pdq"])


def test_a_batch_answers_each_item_by_itself_in_order(safehold: Installation) -> None:
    platform = safehold.platform()
    listed, unlisted = _signals(platform), _signals(platform, seed=100)
    items = [
        {"signals": listed},
        {"signals": unlisted},
        {"text": "Good morning"},
        {"signals": [{"type": "pdq", "value": "ab"}]},
        {"url": "http://127.0.0.1/"},
        {"signals": listed, "context": {"surface": "nowhere"}},
        {"signals": listed, "context": {"surface": "private_without_basis"}},
    ]
    answer = platform.ask("POST", "/v1/scan", {"items": items, "context": CONTEXT})
    assert answer.status == 200
    told = [one.get("result") or one["error"]["code"] for one in answer.body["items"]]
    wanted = [
        "hold",
        "clear",
        "incomplete",
        "bad_digest",
        "address_refused",
        "unknown_surface",
        "not_scanned",
    ]
    assert told == wanted
    failed = answer.body["items"][3]["error"]
    assert (failed["status"], failed["type"]) == (422, "urn:safehold:error:bad_digest")
    assert failed["request_id"]


def test_an_item_of_a_batch_that_has_no_context_at_all_fails_alone(platform: Platform) -> None:
    items = [{"text": "a"}, {"text": "b", "context": CONTEXT}]
    answer = platform.ask("POST", "/v1/scan", {"items": items}).body["items"]
    assert answer[0]["error"]["code"] == "bad_form"
    assert answer[1]["result"] == "incomplete"


def _signals(platform: Platform, seed: int = 1) -> list[dict[str, str]]:
    shown = platform.upload(altered_copy(seed), CONTEXT).body["signals"]
    return [{"type": one["type"], "value": one["value"]} for one in shown]
