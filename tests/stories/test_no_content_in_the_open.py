"""A marker planted in every input field is kept where it belongs, and stands nowhere in the open.

The real program in processes of its own: `safehold` sets up, serves and stops; a platform and a person use it
over HTTP. Then everything that is written in the open is searched: what the processes print, the database's
log, the bodies of failures, the metrics, the arguments of jobs, events, steps, alarms and the audit log.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa

from safehold.storage.database import Database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.pictures import landscape
from safehold.testing.platform import Answer, Platform
from safehold.testing.processes import free_port
from safehold.testing.running import encoded

LISTED, UNLISTED = 1, 77
SAFEHOLD = "from safehold.cli.main import run; run()"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
SETTINGS = """
data_folder = "{folder}"

[surfaces.uploads]
rehearsal = true

[surfaces.uploads.lookback]
basis = "a law made for tests"

[limits]
upload_bytes = 4000000
"""
JOBS = "select args::text from procrastinate_jobs"
IN_THE_OPEN = {
    "events": "select fields::text from event",
    "steps": "select name || ' ' || coalesce(error_code, '') from step",
    "alarms": "select code || ' ' || subject from alarm",
    "audit log": "select actor || ' ' || verb || ' ' || object || ' ' || detail::text from audit_record",
    "counters": "select surface || ' ' || result from scan_counter",
    "incomplete scans": "select surface || ' ' || array_to_string(codes, ' ') from incomplete_scan",
}
"""Where ids, codes and counts stand, and nothing else may."""
KEPT = {
    "contexts": "select item_context::text from item_context",
    "appeals": "select appeal::text from appeal",
    "entries": "select labels::text || source_id from entry",
    "media": "select encode(sha256, 'hex') from media",
    "messages": "select message_id || ' ' || account_id from conversation_message",
}
"""Where content may stand."""


GIVEN_BACK = {
    "sign-in": {"name at sign-in"},
    "sign-in of anna": {"our own address"},
}
"""What the form of the sign-in shows again to whoever filled it in; never a password."""


@dataclass
class Canary:
    """Hands out a marker for each field, and remembers every one."""

    markers: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return the marker of a field, of a form that any text field takes."""
        return self.markers.setdefault(name, f"canary{secrets.token_hex(8)}")

    def watch(self, name: str, text: str) -> None:
        """Look for a text of another form as well, such as a digest."""
        self.markers[name] = text

    def seen_in(self, text: str) -> list[str]:
        """Return the fields whose marker stands in a text, in whatever case."""
        lowered = text.lower()
        return sorted(name for name, marker in self.markers.items() if marker.lower() in lowered)


@dataclass(frozen=True)
class Story:
    """What is left when everybody has gone: the markers, and what could be read in the open."""

    canary: Canary
    folder: Path
    refused: list[tuple[str, int, str]]
    metrics: str
    answers: dict[str, Answer]
    printed: str
    ended: tuple[int, int]
    rows: dict[str, list[str]]


def run(folder: Path, *arguments: str, typed: str = "") -> tuple[str, str]:
    """Run a command; return what it said on standard output and on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", SAFEHOLD, *arguments],
        cwd=folder,
        env={**os.environ, "SAFEHOLD_CONFIG": str(folder / "safehold.toml")},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def set_up(folder: Path, canary: Canary) -> tuple[str, str]:
    """Set up the records, a list, a key and a person; return the key and all that was printed."""
    listed = encoded(landscape(LISTED))
    bad = canary.of("bad line of a list file")
    lines = [
        {
            "signal_type": "sha256",
            "value": sha256(listed).hexdigest(),
            "labels": [canary.of("label of an entry")],
            "source_id": canary.of("source id of an entry"),
        },
        {"signal_type": "pdq", "value": bad},
        {"signal_type": canary.of("signal type in a list file"), "value": "00"},
    ]
    (folder / "list.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + bad + "\n")
    printed = [*run(folder, "db", "init")]
    provenance = ("--provenance", canary.of("provenance of a list"))
    printed += run(
        folder, "lists", "add", "known", "--purpose", "test", "--may-hold", "--vetted", *provenance
    )
    printed += run(folder, "lists", "import", "known", "list.jsonl")
    printed += run(folder, "users", "add", "anna", "--role", "analyst", typed=canary.of("password") + "\n")
    key, said = run(
        folder,
        "keys",
        "add",
        "platform",
        *_scopes("scan", "scan:detail", "appeal.file", "conversation", "item.read", "list.read", "ops"),
    )
    canary.watch("key", key.strip())
    return key.strip(), "".join([*printed, said])


def _scopes(*names: str) -> Iterator[str]:
    for name in names:
        yield from ("--scope", name)


def context(canary: Canary, call: str, **changed: Any) -> dict[str, Any]:
    """Return a context with a marker in every field that takes text."""
    fields = ("content_id", "account_id", "original_name", "region", "reference")
    marked = {name: canary.of(f"{name} of {call}") for name in fields}
    return {"surface": "uploads", "ip": "198.51.100.77", **marked, **changed}


def play(platform: Platform, canary: Canary) -> dict[str, Answer]:
    """Send a marker in every field of every request, right ones and wrong ones; return all answers."""
    listed, other = encoded(landscape(LISTED)), encoded(landscape(UNLISTED))
    canary.watch("address of an uploader", "198.51.100.77")
    for name, data in (("listed", listed), ("unlisted", other)):
        for kind in (md5, sha1, sha256):
            canary.watch(f"{kind.__name__} of the {name} picture", kind(data).hexdigest())
    answers = {
        "upload that matches": platform.upload(listed, context(canary, "match")),
        "upload that is clear": platform.upload(other, context(canary, "clear")),
        "upload that is no picture": platform.upload(canary.of("bytes").encode(), context(canary, "bytes")),
        "upload with a media type": platform.upload(
            other, context(canary, "type"), media_type=canary.of("type")
        ),
        "unknown surface": platform.upload(other, context(canary, "u", surface=canary.of("surface"))),
        "unknown field": platform.upload(other, context(canary, "f", **{canary.of("field name"): 1})),
        "wrong address": platform.upload(other, context(canary, "ip", ip=canary.of("ip"))),
        "wrong reference": platform.upload(other, context(canary, "ref", reference=canary.of("ref") + "\n")),
        "NUL in a field": platform.upload(other, context(canary, "nul", account_id=canary.of("NUL") + "\0")),
        "NUL in a match": platform.upload(
            listed, context(canary, "nul2", account_id=canary.of("NUL2") + "\0")
        ),
        "half a character": platform.upload(
            listed, context(canary, "half", content_id=canary.of("h") + "\ud800")
        ),
        "repeat": platform.upload(
            listed, context(canary, "re"), headers={"Idempotency-Key": canary.of("repeat")}
        ),
    }
    place = context(canary, "json")
    address = f"http://127.0.0.1:9/{canary.of('path of an address')}?q={canary.of('query of an address')}"
    bodies = {
        "address": {"url": address},
        "address with a name": {"url": f"http://{canary.of('user')}:{canary.of('word')}@127.0.0.1:9/"},
        "no address": {"url": canary.of("no address")},
        "text": {"text": canary.of("text")},
        "links": {"links": [f"https://example.org/{canary.of('link')}"]},
        "bad digest": {"signals": [{"type": "pdq", "value": canary.of("bad digest")}]},
        "digest of the right length": {
            "signals": [{"type": "pdq", "value": _watched(canary, "sent digest", 32)}]
        },
        "bad signal type": {"signals": [{"type": canary.of("signal type"), "value": "00"}]},
    }
    for name, body in bodies.items():
        answers[name] = platform.ask("POST", "/v1/scan", {**body, "context": place})
    answers["batch"] = platform.ask("POST", "/v1/scan", {"items": list(bodies.values()), "context": place})
    answers |= (
        conversations(platform, canary)
        | malformed(platform, canary)
        | appeals(platform, canary, answers)
        | addresses(platform, canary)
    )
    return answers


def _watched(canary: Canary, name: str, length: int) -> str:
    canary.watch(name, secrets.token_hex(length))
    return canary.markers[name]


def malformed(platform: Platform, canary: Canary) -> dict[str, Answer]:
    """Send what is not of the right form at all."""
    as_json = {"Content-Type": "application/json"}
    marker = canary.of("malformed")
    return {
        "no JSON": platform.send("POST", "/v1/scan", f"{{{marker}".encode(), as_json),
        "JSON of another shape": platform.send("POST", "/v1/scan", json.dumps([marker]).encode(), as_json),
        "no UTF-8": platform.send("POST", "/v1/scan", b'{"text": "\xff' + marker.encode(), as_json),
        "content type": platform.send("POST", "/v1/scan", b"x", {"Content-Type": f"text/{marker}"}),
        "no multipart": platform.send(
            "POST", "/v1/scan", marker.encode(), {"Content-Type": "multipart/form-data; boundary=b"}
        ),
        "key": platform.send("GET", "/v1/lists", None, {"Authorization": f"Bearer {canary.of('wrong key')}"}),
    }


def conversations(platform: Platform, canary: Canary) -> dict[str, Answer]:
    """Send messages of which one asks for a look, and what cannot be taken."""
    said = {
        "id": canary.of("id of a message"),
        "by": canary.of("who wrote"),
        "sent_at": "2026-11-22T12:00:00Z",
        "language": canary.of("language")[:20],
        "text": f"How old are you? Don't tell anyone, {canary.of('words of a message')}",
    }
    body = {"surface": "uploads", "region": canary.of("region of a talk"), "messages": [said]}
    reader = {"id": canary.of("who reads"), "age": 12}
    address = f"/v1/conversations/{canary.of('id of a talk')}/messages"
    return {
        "messages": platform.ask("POST", address, body | {"participants": [reader]}),
        "messages of nowhere": platform.ask("POST", address, body | {"surface": canary.of("no surface")}),
        "an age": platform.ask("POST", address, body | {"participants": [reader | {"age_band": said["id"]}]}),
        "a time": platform.ask("POST", address, body | {"messages": [said | {"sent_at": said["text"]}]}),
        "a message with a NUL": platform.ask("POST", address, body | {"messages": [said | {"id": "a\0"}]}),
    }


def appeals(platform: Platform, canary: Canary, answers: dict[str, Answer]) -> dict[str, Answer]:
    """Contest what matched, and what does not exist."""
    words = {"statement": canary.of("statement"), "by": canary.of("who contests")}
    item = answers["upload that matches"].body["item_id"]
    return {
        "appeal": platform.ask("POST", "/v1/appeals", {"item_id": item, **words}),
        "appeal against nothing": platform.ask(
            "POST", "/v1/appeals", {"item_id": canary.of("no id"), **words}
        ),
        "appeal with a NUL": platform.ask(
            "POST", "/v1/appeals", {"item_id": item, **words, "by": words["by"] + "\0"}
        ),
    }


def addresses(platform: Platform, canary: Canary) -> dict[str, Answer]:
    """Put markers into paths, queries, headers and cookies, and try to sign in with them."""
    marker = quote(canary.of("our own address"))
    signing_in = {"name": canary.of("name at sign-in"), "password": canary.of("wrong password")}
    mistyped = {"name": "anna", "password": canary.of("mistyped password"), "next": f"/console/{marker}"}
    headers = {
        "User-Agent": canary.of("user agent"),
        "Referer": f"https://example.org/{canary.of('referer')}",
    }
    return {
        "item": platform.ask("GET", f"/v1/items/{marker}"),
        "list": platform.ask("GET", f"/v1/lists/{marker}"),
        "page": platform.send("GET", f"/console/{marker}?q={marker}", None, headers),
        "query": platform.send("GET", f"/v1/health/live?q={marker}", None, headers),
        "cookie": platform.send("GET", "/console/queue", None, {"Cookie": f"safehold={canary.of('cookie')}"}),
        "sign-in": platform.send("POST", "/console/sign-in", urlencode(signing_in).encode(), FORM),
        "sign-in of anna": platform.send("POST", "/console/sign-in", urlencode(mistyped).encode(), FORM),
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Play the whole story once; the worker comes when everything is sent, so that its jobs can be read."""
    folder, canary = tmp_path_factory.mktemp("canary"), Canary()
    (folder / "data").mkdir(mode=0o700)
    # Held open from here to the end, so that not every command starts and stops it anew.
    with EmbeddedServer(folder / "data" / "postgres", durable=False) as server:
        return told_in(folder, server, canary)


def told_in(folder: Path, server: EmbeddedServer, canary: Canary) -> Story:
    """Play the story in this folder, on this server."""
    (folder / "safehold.toml").write_text(SETTINGS.format(folder=folder / "data"))
    key, printed = set_up(folder, canary)
    listen = f"127.0.0.1:{free_port()}"
    platform = Platform(f"http://{listen}", key)
    with (folder / "said").open("w") as said, ExitStack() as stack:
        serving = stack.enter_context(
            process(folder, said, "serve", "--surfaces", "api,console", "--listen", listen)
        )
        _wait_for(platform, serving)
        answers = play(platform, canary)
        jobs = read(server, {"job arguments": JOBS})
        with process(folder, said, "worker") as working:
            metrics = _when_steps_are_done(platform)
        stack.close()
    return Story(
        canary=canary,
        folder=folder,
        refused=[(name, answer.status, told(answer)) for name, answer in answers.items() if told(answer)],
        metrics=metrics,
        answers=answers,
        printed=printed + (folder / "said").read_text(),
        ended=(serving.returncode, working.returncode),
        rows=jobs | read(server, IN_THE_OPEN | KEPT),
    )


@contextmanager
def process(folder: Path, said: IO[str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that goes on until it is told to stop, for as long as the block lasts."""
    started = subprocess.Popen(
        [sys.executable, "-c", SAFEHOLD, *arguments],
        cwd=folder,
        env={**os.environ, "SAFEHOLD_CONFIG": str(folder / "safehold.toml")},
        stdout=said,
        stderr=said,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=60)


def read(server: EmbeddedServer, statements: dict[str, str]) -> dict[str, list[str]]:
    """Return the first column of each query on what was recorded."""
    database = Database(server.url("safehold"))
    try:
        with database.begin() as tx:
            return {name: [str(row[0]) for row in tx.run(sa.text(sql))] for name, sql in statements.items()}
    finally:
        database.close()


def told(answer: Answer) -> str:
    """Return what an answer says about failures, "" where it says nothing about any."""
    if answer.status >= 400:
        return json.dumps(answer.body)
    items = answer.body.get("items", []) if isinstance(answer.body, dict) else []
    return json.dumps([item["error"] for item in items if "error" in item]) if items else ""


def _wait_for(platform: Platform, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            if platform.ask("GET", "/v1/health/ready").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail("the program ended before it was ready")


def _when_steps_are_done(platform: Platform) -> str:
    """Return the metrics once no step waits any more."""
    for _ in range(300):
        metrics: str = platform.send("GET", "/metrics", None, {}).body
        if 'safehold_steps{state="waiting"} 0.0' in metrics:
            return metrics
        time.sleep(0.1)
    return metrics


def test_the_markers_were_taken_in_and_kept_where_they_belong(story: Story) -> None:
    assert story.answers["upload that matches"].body["result"] == "hold"
    assert story.answers["upload that is clear"].body["result"] == "clear"
    assert story.answers["appeal"].status == 201
    assert story.answers["messages"].body["result"] == "review"
    kept = "\n".join(row for name in KEPT for row in story.rows[name])
    names = {
        "account_id of match",
        "original_name of match",
        "statement",
        "who contests",
        "who wrote",
        "label of an entry",
    }
    assert names <= set(story.canary.seen_in(kept))


def test_nothing_of_a_clear_upload_is_kept_anywhere(story: Story) -> None:
    seen = story.canary.seen_in("\n".join(row for rows in story.rows.values() for row in rows))
    assert [name for name in seen if name.endswith("of clear") or "unlisted" in name] == []


def test_no_word_of_a_message_is_in_any_row_or_file_that_is_read_here(story: Story) -> None:
    seen = story.canary.seen_in("\n".join(row for rows in story.rows.values() for row in rows))
    assert "words of a message" not in seen


def test_no_marker_is_in_what_the_program_prints(story: Story) -> None:
    assert "request_id=" in story.printed
    assert story.canary.seen_in(story.printed) == []


def test_no_marker_is_in_the_log_of_the_database(story: Story) -> None:
    logs = sorted((story.folder / "data" / "postgres").glob("postgres.log*"))
    assert logs != []
    assert story.canary.seen_in("".join(log.read_text(errors="replace") for log in logs)) == []


def test_no_failure_quotes_what_was_sent(story: Story) -> None:
    assert len(story.refused) > 15
    quoted = {name: found for name, _, body in story.refused if (found := story.canary.seen_in(body))}
    assert {name: set(found) - GIVEN_BACK.get(name, set()) for name, found in quoted.items()} == {
        name: set() for name in quoted
    }


def test_no_marker_makes_the_program_fail(story: Story) -> None:
    assert {
        name: status for name, status, _ in story.refused if status >= 500 and status not in (502, 503)
    } == {}
    assert story.ended == (0, 0)


def test_no_marker_is_in_the_metrics(story: Story) -> None:
    assert "safehold_scans_total" in story.metrics
    assert story.canary.seen_in(story.metrics) == []


@pytest.mark.parametrize("where", ["job arguments", *IN_THE_OPEN])
def test_no_marker_is_in_what_holds_ids_alone(story: Story, where: str) -> None:
    rows = story.rows[where]
    # Nothing in this story alarms anybody; an alarm that came all the same must not tell either.
    assert rows != [] or where == "alarms"
    assert story.canary.seen_in("\n".join(rows)) == []


def test_a_marker_would_be_found(story: Story) -> None:
    assert story.canary.seen_in(f"x{story.canary.of('password').upper()}x") == ["password"]
