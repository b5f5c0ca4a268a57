"""What concerns the request itself: keys, scopes, sizes, types, bodies; each is refused in one form."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from safehold.app.access.key_ring import SEEN_FOR
from safehold.model.permissions import Permission
from safehold.testing.platform import Answer, Platform
from safehold.testing.running import Installation, altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1"}
PDQ = "0f" * 32
WANTED_HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "x-frame-options",
    "x-request-id",
    "cache-control",
}

NOWHERE = "01a20100-0000-7000-8000-000000000000"
"""The id of nothing; the same in every process, so that parallel runs collect the same tests."""


def assert_problem(answer: Answer, status: int, code: str) -> None:
    """Check the one form of every refusal."""
    assert answer.status == status, answer.body
    body = answer.body
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:safehold:error:{code}"
    assert all(isinstance(body[name], str) and body[name] for name in ("title", "kept", "advice"))
    assert UUID(body["request_id"]).version == 7


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b"", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"[" * 90_000, "malformed_json"),
        (b"[]", "bad_form"),
        (b'"items"', "bad_form"),
        (b"{}", "bad_form"),
        (b'{"items": []}', "bad_form"),
        (b'{"items": {}}', "bad_form"),
        (b'{"text": "a", "links": ["b"], "context": {"surface": "rehearsal"}}', "bad_form"),
        (b'{"text": "hello"}', "bad_form"),
        (b'{"text": "hello", "context": {"surface": "rehearsal", "colour": "blue"}}', "bad_form"),
        (b'{"text": "hello", "context": {"surface": "rehearsal", "account_id": "\\u0000"}}', "bad_form"),
        (
            b'{"text": "hello", "context": {"surface": "rehearsal", "ip": "\\ud800"}}',
            "malformed_json",
        ),
        (
            b'{"text": "a", "context": {"surface": "rehearsal", "uploaded_at": "0001-01-01T00:00:00+14:00"}}',
            "bad_form",
        ),
        (b'{"text": "hello", "context": {"surface": "nowhere"}}', "unknown_surface"),
        (b'{"signals": [], "context": {"surface": "rehearsal"}}', "bad_form"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_not_quoted(
    platform: Platform, body: bytes, code: str
) -> None:
    answer = platform.send("POST", "/v1/scan", body, {"Content-Type": "application/json"})
    assert_problem(answer, 422, code)
    assert not {"hello", "blue", "nowhere"} & set(json.dumps(answer.body).split('"'))


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2026-02-30T08:00:00Z",
        "2026-13-01",
        "24.12.2026",
        "25:00",
        "infinity",
        "",
        "1e400",
        [],
        {},
    ],
)
def test_a_date_that_is_none_is_named_and_not_quoted_and_nothing_is_taken_for_it(
    safehold: Installation, platform: Platform, written: object
) -> None:
    context = {"surface": "rehearsal", "uploaded_at": written}
    before = safehold.counts()
    answers = [
        platform.upload(altered_copy(1), context),
        platform.ask("POST", "/v1/scan", {"text": "hello", "context": context}),
    ]
    for answer in answers:
        assert_problem(answer, 422, "bad_form")
        assert "uploaded_at" in answer.body["title"]
        assert not written or str(written) not in json.dumps(answer.body)
    assert safehold.counts() == before


@pytest.mark.parametrize(
    ("signal_type", "value", "code"),
    [
        ("pdq", PDQ[:-1], "bad_digest"),
        ("pdq", PDQ + "00", "bad_digest"),
        ("pdq", "", "bad_digest"),
        ("pdq", "zz" * 32, "bad_digest"),
        ("sha256", "ab" * 20, "bad_digest"),
        ("md5", "ab" * 32, "bad_digest"),
        ("photodna", "ab" * 32, "unknown_signal_type"),
    ],
)
def test_a_digest_that_does_not_fit_its_type_is_refused(
    platform: Platform, signal_type: str, value: str, code: str
) -> None:
    body = {"signals": [{"type": signal_type, "value": value}], "context": CONTEXT}
    answer = platform.ask("POST", "/v1/scan", body)
    assert_problem(answer, 422, code)
    assert not value or value not in json.dumps(answer.body)


def test_an_unknown_list_and_an_unknown_address_are_not_found(platform: Platform) -> None:
    for path in ("/v1/lists/nowhere", "/v1/lists/%00", f"/v1/items/{uuid4()}", f"/v1/cases/{uuid4()}", "/v2"):
        assert_problem(platform.ask("GET", path), 404, "not_found")


def test_a_wrong_method_says_which_ones_there_are(safehold: Installation) -> None:
    response, body = _raw(safehold, "GET", "/v1/scan")
    assert (response.status, body["code"]) == (405, "wrong_method")
    assert response.getheader("allow") == "POST"


def test_without_a_key_nothing_is_read(safehold: Installation) -> None:
    for header in ({}, {"Authorization": "Bearer sfh_unknown"}, {"Authorization": "Basic c2NhbjpzY2Fu"}):
        response, body = _raw(safehold, "POST", "/v1/scan", b"{", header)
        assert (response.status, body["code"]) == (401, "not_authenticated")
        assert response.getheader("www-authenticate") == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "enough"),
    [
        ("POST", "/v1/scan", Permission.SCAN),
        ("POST", "/v1/appeals", Permission.APPEAL_FILE),
        ("POST", f"/v1/items/{NOWHERE}/removal", Permission.SCAN),
        ("GET", f"/v1/items/{NOWHERE}", Permission.ITEM_READ),
        ("GET", f"/v1/cases/{NOWHERE}", Permission.CASE_READ),
        ("GET", "/v1/lists", Permission.LIST_READ),
        ("GET", "/v1/lists/painted", Permission.LIST_READ),
        ("GET", "/metrics", Permission.OPS),
    ],
)
def test_a_key_without_the_scope_is_refused(
    bare: Installation, method: str, path: str, enough: Permission
) -> None:
    others = [scope for scope in Permission if scope in bare_scopes() and scope is not enough]
    assert_problem(bare.platform(*others).ask(method, path), 403, "not_allowed")
    assert bare.platform(enough).ask(method, path).status not in (401, 403)


def bare_scopes() -> frozenset[Permission]:
    """Return the scopes that a key can have, but scan:detail, which opens nothing by itself."""
    from safehold.model.permissions import SCOPES

    return SCOPES - {Permission.SCAN_DETAIL}


def test_a_revoked_key_is_refused(safehold: Installation, platform: Platform) -> None:
    assert platform.ask("GET", "/v1/lists").status == 200
    safehold.sql("update api_key set revoked_at = now()")
    time.sleep(SEEN_FOR)
    assert_problem(platform.ask("GET", "/v1/lists"), 401, "not_authenticated")


@pytest.mark.parametrize(
    ("content_type", "body", "limit"),
    [("application/json", b'{"text": "', 200_000), ("multipart/form-data; boundary=x", b"--x", 2_000_000)],
)
def test_a_body_above_the_limit_is_refused_whether_its_length_is_declared_or_not(
    safehold: Installation, content_type: str, body: bytes, limit: int
) -> None:
    key, host = safehold.key(), urlsplit(safehold.base_url)
    beginning = f"POST /v1/scan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    declared = f"{beginning}Content-Type: {content_type}\r\nContent-Length: {limit + 70_000}\r\n\r\n"
    chunked = f"{beginning}Content-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    too_much = b"".join(b"10000\r\n" + b"a" * 65_536 + b"\r\n" for _ in range(limit // 65_536 + 3))
    multipart_start = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        if content_type.startswith("multipart")
        else b""
    )
    started = b"%x\r\n%b\r\n" % (len(multipart_start), multipart_start) if multipart_start else b""
    for sent in (declared.encode() + body, chunked.encode() + started + too_much):
        status, answer = _send_bytes(host.hostname or "", host.port or 0, sent)
        assert (status, answer["code"]) == (413, "too_large")
        assert UUID(answer["request_id"]).version == 7


def test_a_batch_above_the_limit_is_refused(platform: Platform) -> None:
    answer = platform.ask("POST", "/v1/scan", {"items": [{"text": "a"}] * 21, "context": CONTEXT})
    assert_problem(answer, 413, "too_large")


def test_another_content_type_is_refused(platform: Platform) -> None:
    for content_type in ("text/plain", "image/jpeg", "application/x-www-form-urlencoded", ""):
        answer = platform.send("POST", "/v1/scan", b"a=b", {"Content-Type": content_type})
        assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b"--x--", b"--x\r\n\r\n\r\n--x--\r\n", b"no boundary at all", b"--x\r\n" * 100],
)
def test_a_form_that_cannot_be_read_is_refused(platform: Platform, body: bytes) -> None:
    for boundary in ("; boundary=x", ""):
        headers = {"Content-Type": f"multipart/form-data{boundary}"}
        answer = platform.send("POST", "/v1/scan", body, headers)
        assert answer.status == 422
        assert answer.body["code"] in ("bad_form", "invalid_input")


def test_one_idempotency_key_and_body_have_one_effect_and_one_answer(
    safehold: Installation, platform: Platform
) -> None:
    header = {"Idempotency-Key": "upload-1"}
    first = platform.upload(altered_copy(1), CONTEXT, headers=header)
    second = platform.upload(altered_copy(1), CONTEXT, headers=header)
    assert first.status == second.status == 200
    assert first.body == second.body
    assert safehold.counts()["item"] == 1
    # Another key of a platform is another space of names.
    assert safehold.platform().upload(altered_copy(2), CONTEXT, headers=header).status == 200


def test_one_idempotency_key_and_another_claim_about_the_same_bytes_is_refused(platform: Platform) -> None:
    header = {"Idempotency-Key": "upload-1"}
    data = altered_copy(1)
    assert platform.upload(data, CONTEXT, media_type="image/jpeg", headers=header).status == 200
    again = platform.upload(data, CONTEXT, media_type="text/plain", headers=header)
    assert_problem(again, 422, "idempotency_mismatch")


def test_one_idempotency_key_with_another_body_is_refused(platform: Platform) -> None:
    header = {"Idempotency-Key": "upload-1"}
    assert platform.upload(altered_copy(1), CONTEXT, headers=header).status == 200
    assert_problem(platform.upload(altered_copy(2), CONTEXT, headers=header), 422, "idempotency_mismatch")
    other_place = CONTEXT | {"content_id": "post-2"}
    answer = platform.upload(altered_copy(1), other_place, headers=header)
    assert_problem(answer, 422, "idempotency_mismatch")


def test_a_repeat_while_the_first_still_runs_is_told_so_and_has_no_effect(
    safehold: Installation, platform: Platform
) -> None:
    header = {"Idempotency-Key": "upload-1"}
    platform.upload(altered_copy(1), CONTEXT, headers=header)
    # As it is while the first attempt is under way, and after its process has died.
    safehold.sql("update idempotency set answer = null")
    assert_problem(platform.upload(altered_copy(1), CONTEXT, headers=header), 409, "idempotency_in_progress")
    safehold.sql("update idempotency set started_at = started_at - interval '2 minutes'")
    assert platform.upload(altered_copy(1), CONTEXT, headers=header).status == 200


def test_many_repeats_at_once_have_one_effect(safehold: Installation, platform: Platform) -> None:
    def send(_: int) -> Answer:
        return platform.upload(altered_copy(1), CONTEXT, headers={"Idempotency-Key": "upload-1"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert len({answer.body["item_id"] for answer in answers if answer.status == 200}) == 1
    assert safehold.counts()["item"] == 1


def test_a_request_that_failed_may_be_sent_again_with_its_key(platform: Platform) -> None:
    header = {"Idempotency-Key": "upload-1"}
    assert_problem(platform.upload(b"", CONTEXT, headers=header), 422, "empty_file")
    assert platform.upload(altered_copy(1), CONTEXT, headers=header).status == 200


def test_an_idempotency_key_of_no_or_too_many_characters_is_refused(platform: Platform) -> None:
    for key in ("", "k" * 201):
        answer = platform.upload(altered_copy(1), CONTEXT, headers={"Idempotency-Key": key})
        assert_problem(answer, 422, "bad_form")


def test_no_fingerprint_of_something_clear_is_kept_for_a_repeat(safehold: Installation) -> None:
    platform, header = safehold.platform(), {"Idempotency-Key": "upload-1"}
    first = platform.upload(altered_copy(100), CONTEXT, headers=header).body
    assert first["result"] == "clear"
    assert first["signals"]
    [row] = safehold.sql("select answer::text as kept from idempotency")
    assert not any(signal["value"] in row.kept for signal in first["signals"])
    again = platform.upload(altered_copy(100), CONTEXT, headers=header).body
    assert {**again, "signals": None} == {**first, "signals": None}


@pytest.mark.parametrize(
    "path",
    ["/v1/health/live", "/v1/lists", "/v1/lists/none", "/nowhere", "/console", "/openapi.json", "/metrics"],
)
def test_every_answer_carries_the_security_headers_and_an_id(safehold: Installation, path: str) -> None:
    response, _ = _raw(safehold, "GET", path)
    names = {name.lower() for name, _ in response.getheaders()}
    assert names >= WANTED_HEADERS
    assert response.getheader("cache-control") == "no-store"
    assert "default-src 'none'" in (response.getheader("content-security-policy") or "")
    assert "server" not in names


def _raw(
    safehold: Installation,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[Any, Any]:
    where = urlsplit(safehold.base_url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    is_json = "json" in (response.getheader("content-type") or "")
    return response, json.loads(raw) if is_json else raw


def _send_bytes(host: str, port: int, sent: bytes) -> tuple[int, Any]:
    """Send bytes for as long as the server reads them, and return its status and JSON."""
    with socket.create_connection((host, port), timeout=30) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        received = b""
        while b"\r\n\r\n" not in received or not received.endswith(b"}"):
            part = connection.recv(65_536)
            if not part:
                break
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])


@pytest.mark.parametrize("twice", ["context", "file", "other"])
def test_a_part_that_comes_twice_or_that_nobody_reads_is_refused(bare: Installation, twice: str) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    parts = {
        "context": part.format("context", "", '{"surface": "rehearsal"}'),
        "file": part.format("file", '; filename="a.jpg"', "bytes"),
        "other": part.format("other", "", "1"),
    }
    body = parts["context"] + parts["file"] + parts[twice] + "--b--\r\n"

    answer = bare.platform(Permission.SCAN).send(
        "POST", "/v1/scan", body.encode(), {"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert_problem(answer, 422, "bad_form")


def test_a_context_that_is_no_json_is_named_as_the_part_that_is_wrong(platform: Platform) -> None:
    parts = (("context", "surface=rehearsal"), ("file", "some bytes"))
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"'
        f"{'; filename=a' if name == 'file' else ''}\r\n\r\n{said}\r\n"
        for name, said in parts
    )
    sent = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = platform.send("POST", "/v1/scan", f"{body}--x--\r\n".encode(), sent)
    assert_problem(answer, 422, "malformed_json")
    assert answer.body["title"].startswith("context: ")
