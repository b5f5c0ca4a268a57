"""Text is never SQL: what looks like a statement does just what plain words of its place would do.

Each test does the same thing twice, once with plain words and once with each payload, and compares what was
answered and how many rows every table holds afterwards.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from safehold import storage
from safehold.app import authority_reports, emergencies
from safehold.app.access import users
from safehold.model.exposure import ExposureKind
from safehold.model.ids import AuthorityReportId, CaseId
from safehold.model.permissions import Actor, permissions_of
from safehold.prevent import help_files, help_texts
from safehold.testing.platform import Answer, Platform
from safehold.testing.running import TESTER, Installation, altered_copy

PLAIN = "plain words"
PAYLOADS = (
    "'; delete from item; --",
    "' or '1'='1",
    '" or ""="',
    "'); drop table media cascade; --",
    "$$; select pg_sleep(20); $$",
    "%(name)s %s %%",
    ":name {0} {item_id}",
    "\\'; delete from entry; --",
    "E'\\047' || chr(39)",
    "1; copy (select 1) to program 'true'",
    "x' union select name from api_key --",
    "\u02bc; delete from item; --",
)
OF_EACH_KIND = ("'; delete from item; --", "%(name)s %s %%", ":name {0} {item_id}")
"""Of what ends a quotation, and of what two ways of giving values take for a place: the rest is slow."""
COUNTED = frozenset({"scan_counter", "close_call"})


def texts(platform: Platform, text: str) -> list[Answer]:
    """Put one text into every field of every request of the API."""
    place = dict.fromkeys(("content_id", "account_id", "original_name", "region"), text)
    context = {"surface": "rehearsal", **place}
    as_json = [
        {"text": text, "context": context},
        {"links": [text], "context": context},
        {"url": text, "context": context},
        {"url": f"http://127.0.0.1:9/{quote(text)}", "context": context},
        {"signals": [{"type": text, "value": "00"}], "context": context},
        {"signals": [{"type": "pdq", "value": text}], "context": context},
        {"text": "a", "context": {"surface": text}},
        {"text": "a", "context": {**context, "ip": text}},
        {"text": "a", "context": {**context, text: "a"}},
    ]
    held = platform.upload(altered_copy(1), context, media_type="image/jpeg")
    appeal = {"item_id": held.body["item_id"], "statement": text, "by": text}
    said = {"id": text, "by": text, "sent_at": "2026-11-22T12:00:00Z", "language": text[:35], "text": text}
    talk = {"surface": "rehearsal", "region": text, "participants": [{"id": text}], "messages": [said]}
    return [
        held,
        platform.ask("POST", f"/v1/conversations/{quote(text, safe='')}/messages", talk),
        platform.ask("POST", "/v1/conversations/one/messages", {**talk, "surface": text}),
        *(platform.ask("POST", "/v1/scan", body) for body in as_json),
        platform.ask("POST", "/v1/scan", {"items": as_json}),
        platform.ask("POST", "/v1/appeals", appeal),
        platform.ask("POST", f"/v1/items/{quote(text, safe='')}/removal", {"removed_at": text}),
        platform.ask("POST", "/v1/appeals", {**appeal, "item_id": text}),
        *(platform.ask("GET", f"/v1/{kind}/{quote(text, safe='')}") for kind in ("items", "cases", "lists")),
        platform.send("GET", "/v1/lists", None, {"Authorization": f"Bearer {quote(text)}"}),
        platform.upload(altered_copy(2), context, headers={"Idempotency-Key": quote(text)}),
    ]


def outline(answer: Answer) -> tuple[int, Any, Any]:
    """Return what must not depend on a text: status, result and code."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return answer.status, body.get("result"), body.get("code")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_text_of_the_api_is_data(safehold: Installation, payload: str) -> None:
    platform = safehold.platform()

    def grown_by(text: str) -> tuple[list[tuple[int, Any, Any]], dict[str, int]]:
        before = safehold.counts()
        answers = [outline(answer) for answer in texts(platform, text)]
        safehold.run_steps()
        safehold.program.scanner.counters.flush()
        after = safehold.counts()
        changed = {
            name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)
        }
        # How many of these rows there are depends on when the counters are written down.
        return answers, {name: n for name, n in changed.items() if name not in COUNTED}

    # Media, cases and what is known of them exist after the first round, so the third equals the second.
    grown_by(PLAIN)
    assert grown_by(payload) == grown_by(PLAIN + " again")


FORMS = {
    "get /console/audit": {"object"},
    "get /console/base-rates": {"uploads", "one_in", "finds", "false_alarms", "looks"},
    "get /console/classifiers/first_look": {"looks"},
    "post /console/classifiers/first_look/stop": {"why"},
    "get /console/cases": {
        *("need", "held", "open", "due", "lead", "practice", "surface", "list"),
        *("queue", "why", "kind", "stage", "signal"),
    },
    "get /console/ledger": {"state", "why", "about"},
    "get /console/overview": {
        "period",
        "of",
        "from",
        "to",
        "purpose",
        "surface",
        "source",
        "category",
        "practice",
    },
    "post /console/account/password": {"username", "old", "new"},
    "post /console/authorities/ID/checklist": {"was", "item", "state", "value"},
    "post /console/authorities/ID/pack": {"form"},
    "post /console/authorities/ID/reference": {"revision", "reference"},
    "post /console/authorities/ID/withdraw": {"revision"},
    "post /console/bulk": {"case", "all", "what", "skill_tag", "words"},
    "post /console/bundles": {"items", "to", "recipient_name", "purpose"},
    "post /console/cases/ID/items/ID/assessment": {
        *("form", "revision", "finding", "count", "age_band", "sex", "self_generated", "setting", "made_by"),
        *("policy", "circumstances", "company", "commercial", "livestream", "new_to_us"),
    },
    "post /console/cases/ID/emergency": {"item"},
    "post /console/cases/ID/merge": {"number", "item"},
    "post /console/cases/ID/notes": {"note", "back", "item"},
    "post /console/cases/ID/pass": {"reason"},
    "post /console/cases/ID/subjects/ID": {"part", "item", "revision"},
    "post /console/conflicts": {"name", "account"},
    "post /console/emergencies": {"case"},
    "post /console/emergencies/ID/reported": {"words"},
    "post /console/emergencies/ID/withdraw": {"words"},
    "post /console/exposure": {
        *("day_minutes", "spell_minutes", "break_minutes", "day_begins", "press_to_show", "contact"),
        *(f"opt_out_{kind.value}" for kind in ExposureKind),
    },
    "post /console/filters": {"name", "shared"},
    "post /console/find": {"text"},
    "post /console/keys": {"name", "days", "scope"},
    "post /console/people": {"name", "role", "queue"},
    "post /console/support/ID/approve": {"role", "checked_on"},
    "post /appeal": {"reference", "statement", "by"},
    "post /report": {"address", "seen", "statement", "contact"},
    "post /report/status": {"code"},
}
"""Every form of the portal, and of the console for somebody who has all roles and a case, with its fields."""


def take_the_case(visitor: Any) -> None:
    """Take the case that waits: most of its forms are for whoever holds it."""
    pages = visitor.pages("/console/queue", at_most=30)
    [path] = [path for path in pages if path.rpartition("/")[0].endswith("/cases")]
    [take] = [form for form in visitor.forms(path) if form.action.endswith("/take")]
    assert visitor.submit(take).status_code == 200


def send_a_report(safehold: Installation) -> None:
    """Declare a risk to life in another case and send its report on: the forms that follow are there then."""
    safehold.platform().upload(altered_copy(2), {"surface": "rehearsal", "account_id": "another"})
    safehold.run_steps()
    program = safehold.program
    [case] = safehold.sql("select id from review_case where account_id = 'another'")
    with program.database.begin() as tx:
        found = users.find_user(tx, "everybody")
    everybody = Actor(permissions=permissions_of(found.roles), user_id=found.id)
    emergencies.declare(program, CaseId(case.id), item_id=None, actor=everybody)
    [report] = safehold.sql("select id, revision from authority_report")
    desk = authority_reports.Desk.of(program)
    desk.send(AuthorityReportId(report.id), actor=everybody, revision=report.revision)


def load_a_text(safehold: Installation) -> None:
    """Load a text that helps, so that there is one to approve."""
    text = (
        'language = "en"\nsource = "ours"\nchecked_on = 2026-11-01\n'
        '[[search_warning]]\nname = "warning"\ntitle = "A"\nsays = ["B"]\n'
    )
    with safehold.program.database.begin() as tx:
        help_texts.load(tx, help_files.parse(text), actor=TESTER, now=safehold.program.clock())


@pytest.mark.parametrize(
    "payload",
    [pytest.param(each, marks=[pytest.mark.slow] * (each not in OF_EACH_KIND)) for each in PAYLOADS],
)
def test_every_text_of_the_console_and_the_portal_is_data(
    safehold: Installation, visitor: Any, payload: str
) -> None:
    safehold.platform().upload(altered_copy(1), {"surface": "rehearsal", "account_id": payload})
    safehold.run_steps()
    visitor.sign_in("everybody", "a password that is long enough")
    visitor.confirm("a password that is long enough")
    take_the_case(visitor)
    send_a_report(safehold)
    load_a_text(safehold)
    before = safehold.counts()
    tried: dict[str, set[str]] = {}
    for path in [
        path for start in ("/console/queue", "/report") for path in visitor.pages(start, at_most=60)
    ]:
        for form in visitor.forms(path):
            fields = set(form.fields) - {"form_token"}
            before_it = tried.get(form.shape, set())
            if fields <= before_it or "sign-out" in form.action:
                continue
            tried[form.shape] = before_it | fields
            # What is chosen from a list, or hidden, can be sent as any text as well.
            for typed in (form.typed, sorted(fields)):
                answer = visitor.submit(replace(form, typed=typed), lambda *_: payload)
                assert answer.status_code < 500, form.action
        page = visitor.client.get(
            path, params={"q": payload, "after": payload, "state": payload, "done": payload}
        )
        assert page.status_code < 500, path
    assert tried == FORMS
    after = safehold.counts()
    lost = {name for name in before if after.get(name, 0) < before[name]}
    assert lost <= {"session"}, lost


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_and_password_that_look_like_sql_sign_nobody_in(visitor: Any, payload: str) -> None:
    [form] = [one for one in visitor.forms("/console/sign-in") if "password" in one.typed]
    answer = visitor.submit(form, lambda *_: payload)
    assert answer.status_code in (401, 422, 429), answer.status_code
    queue = visitor.client.get("/console/queue")
    assert queue.status_code == 401 or queue.url.path == "/console/sign-in"


MADE_BY_US = {"granting.py": {"role", "roles", "privileges", "table", "sequence", "function"}}
"""Statements about roles cannot take parameters; these parts are ours, or names in the catalog."""

RUNNING = ("text", "execute", "exec_driver_sql", "literal_column")


def test_no_statement_is_put_together_from_what_was_sent() -> None:
    found = []
    for path in sorted(Path(storage.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _called(node) in RUNNING:
                odd = _put_in(node.args[0]) - MADE_BY_US.get(path.name, set())
                found += [f"{path.name}:{node.lineno} {sorted(odd)}"] if odd else []
    assert found == []


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _put_in(statement: ast.expr) -> set[str]:
    """Return the variables that are put into a statement's text; our constants are written in capitals."""
    if not isinstance(statement, ast.JoinedStr | ast.BinOp):
        return set()
    names = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
    return {name for name in names if not name.isupper()}
