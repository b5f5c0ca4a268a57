"""What looks like script is shown as the text that it is, on every page and whoever wrote it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from gallery import NO_PAGES
from site_under_test import ANN, CLASSIFIER, PASSWORD, TESTS, jpeg

from safehold.app import emergencies, wiring
from safehold.app.access.keys import add_key
from safehold.app.access.users import add_user, find_user, list_users
from safehold.app.program import open_program
from safehold.detect.classifiers import standing
from safehold.intake import inbound_reports
from safehold.lists.ledger import NewList, add_list
from safehold.model.case_filter import CaseFilter
from safehold.model.emergency import EmergencyEnd
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId
from safehold.model.inbound_report import Seen
from safehold.model.item import Context
from safehold.model.permissions import Actor, Permission, Role, permissions_of
from safehold.review import conflicts, filters, notes
from safehold.review.appeals import receive_appeal
from safehold.storage import cases
from safehold.testing.running import TESTER
from safehold.web.server import served

pytestmark = pytest.mark.browser

PAYLOADS = (
    "<script>window.planted = 1</script>",
    "<img src=x onerror=window.planted=1>",
    "\"><svg onload='window.planted=1'>",
    "'-window.planted=1-'",
    "javascript:window.planted=1",
    "{{ 7 * 7 }}{% raw %}",
    "<a hx-get='/console/audit' hx-trigger='load' data-hx-on:load='window.planted=1'>x</a>",
    "</textarea></title></style><style>*{background:red}</style>",
    "<meta http-equiv=refresh content='0;url=/console/nowhere'>",
    "<base href='//127.0.0.1:9/'>",
    "<form action=//127.0.0.1:9><button>x",
    "&lt;script&gt;window.planted=1&lt;/script&gt;",
)
"""Forms in which text has become script, style, a template or another page elsewhere."""

HARMFUL = (
    "script:not([src]), style, img[onerror], svg[onload], [hx-get*=audit], base, meta[http-equiv=refresh]"
)
READER = "all-roles <script>window.planted=1</script>"


TEXT = " ".join(PAYLOADS)
"""All of them, for fields that take so much."""
GROUPS = [" ".join(PAYLOADS[first::4]) for first in range(4)]
"""All of them in turn, for fields that take less."""
ADDRESS = f"https://example.org/{TEXT}"


@pytest.fixture(scope="module")
def site(quiet_site):
    """Put every payload into every field that somebody outside or inside can fill in."""
    program, now = quiet_site.machinery, quiet_site.machinery.clock()
    with program.database.begin() as tx:
        add_user(tx, name=READER, password=PASSWORD, roles=frozenset(Role), actor=TESTS, now=now)
        for number, payload in enumerate(PAYLOADS):
            add_key(tx, name=payload, scopes=frozenset({Permission.SCAN}), actor=TESTS, now=now)
            wanted = NewList(
                name=f"painted-{number}",
                purpose=Purpose.OWN_TERMS,  # which the public page names, as it does not those for tests
                may_hold=False,
                vetted=True,
                provenance=TEXT,
                source=payload,
            )
            add_list(tx, wanted, actor=TESTS, now=now)
    for number, group in enumerate(GROUPS):
        context = Context(
            surface="public_uploads",
            account_id=f"{group} {number}",
            content_id=TEXT,
            original_name=TEXT,
            region=TEXT,
        )
        answer = program.scanner.scan_bytes(jpeg(number + 1, quality=70), context, actor=TESTS)
        quiet_site.follow()
        # The form takes no blank in an address; what is on record already may have some.
        told = inbound_reports.Told(
            address=f"{ADDRESS}?{number}", seen=Seen.OTHER, statement=TEXT, contact="somebody@example.org"
        )
        with program.database.begin() as tx:
            inbound_reports.receive(tx, told, vault=program.vault, now=now)
            receive_appeal(
                tx,
                item_id=answer.item_id,
                statement=TEXT,
                by=group,
                record=program.recorder.record,
                now=now,
            )
            [reader] = [one for one in list_users(tx) if one.name == READER]
            [case] = cases.of_item(tx, answer.item_id)
            notes.leave(tx, case.id, TEXT, by=AnalystId(reader.id), now=now)
            asked = CaseFilter(need_from=number + 1)
            filters.save(
                tx, f"{number} {PAYLOADS[number]}", asked, shared=False, actor=person(reader), now=now
            )
            [ann] = [one for one in list_users(tx) if one.name == ANN]
            conflicts.declare_about_account(tx, group, of=ann.id, actor=TESTER, now=now)
    with program.database.begin() as tx:
        why = TEXT[: standing.LONGEST_REASON]
        standing.stop(tx, CLASSIFIER, declared={CLASSIFIER}, why=why, actor=TESTER, now=now)
    report_a_risk(program)
    wiring.take_in_reports(program)
    quiet_site.follow()
    quiet_site.get_one_step_stuck()
    return quiet_site


def report_a_risk(program) -> None:
    """Declare a risk to life in the first case and say that it is reported; its report stays."""
    with program.database.begin() as tx:
        reader = person(find_user(tx, READER))
        [case_id] = tx.run(sa.text("select id from review_case order by number limit 1")).scalars()
    declared = emergencies.declare(program, case_id, item_id=None, actor=reader)
    emergencies.end(program, declared.id, EmergencyEnd.REPORTED, TEXT, actor=reader)


@pytest.fixture(scope="module")
def portal(site):
    """Yield where the public portal of the same records answers."""
    alone = frozenset({"portal"})
    with open_program(site.machinery.settings, surfaces=alone) as program, served(program, alone) as url:
        yield url


def person(user) -> Actor:
    """Return somebody who works here as whoever acts."""
    return Actor(permissions=permissions_of(user.roles), user_id=user.id)


def nothing_became_markup(page) -> None:
    """Check that the page which is shown holds no script, style, template or address that somebody wrote."""
    assert page.evaluate("window.planted") is None, page.url
    assert page.locator(f":is(main, header, footer) :is({HARMFUL})").count() == 0, page.url
    assert page.locator("head base, head meta[http-equiv=refresh]").count() == 0, page.url


def report(page, portal: str, group: str) -> None:
    """Fill in every field of the portal's form, first so that it is given back, then so that it is taken."""
    page.goto(f"{portal}/report")
    page.fill("[name=address]", ADDRESS)
    page.fill("[name=statement]", TEXT)
    page.fill("[name=contact]", group)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("alert").wait_for()
    nothing_became_markup(page)
    given_back = [page.input_value(f"[name={name}]") for name in ("address", "statement", "contact")]
    assert given_back == [ADDRESS, TEXT, group]
    page.locator("[name=seen]").first.check()
    page.fill("[name=address]", ADDRESS.replace(" ", "%20"))
    page.fill("[name=contact]", "somebody@example.org")
    page.get_by_role("button", name="Send").click()
    page.locator("[name=seen]").first.wait_for(state="detached")
    nothing_became_markup(page)


def test_no_text_becomes_script_style_or_markup_on_any_page_of_the_portal(portal, visit) -> None:
    page = visit()
    for group in GROUPS:
        report(page, portal, group)
        page.goto(f"{portal}/report/status")
        page.fill("[name=code]", group[:80])
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        nothing_became_markup(page)
    page.goto(f"{portal}/transparency")
    nothing_became_markup(page)
    shown = page.locator("main").inner_text()
    assert [payload for payload in PAYLOADS if payload not in shown] == []


def test_no_text_becomes_script_style_or_markup_on_any_page_of_the_console(visit) -> None:
    page = visit(READER)
    paths, seen = ["/console/queue"], set()
    while paths:
        path = paths.pop()
        seen.add(path)
        page.goto(path)
        nothing_became_markup(page)
        paths += [link for link in _own_links(page) if link not in {*seen, *paths, *NO_PAGES}]
    assert {"/console/queue", "/console/lists", "/console/jobs", "/console/audit", "/console/keys"} <= seen
    page.goto("/console/confirm?next=/console/account")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/account?done=confirmed")
    # Buttons name whom and what they change, and are there only now.
    for path in ("/console/people", "/console/keys", "/console/account"):
        page.goto(path)
        nothing_became_markup(page)
    # Each case is there by itself, by its item and by its account; a risk to life is declared from both.
    of_cases = [path for path in seen if "/cases/" in path]
    assert sum(path.endswith("/emergency") for path in of_cases) == 2 * len(GROUPS)
    assert len(of_cases) == 5 * len(GROUPS)
    [case, *_] = sorted(path for path in of_cases if path.count("/") == 3)
    page.goto(case)
    assert TEXT in page.locator("main").inner_text()
    page.goto("/console/queue")
    shown = page.locator("main").inner_text()
    assert [payload for payload in PAYLOADS[: len(GROUPS)] if payload not in shown] == []
    [report] = [path for path in seen if path.startswith("/console/authorities/")]
    page.goto(report)
    assert PAYLOADS[0] in page.locator("main article").first.inner_text()
    page.goto(f"/console/classifiers/{CLASSIFIER}")
    assert TEXT[: standing.LONGEST_REASON] in page.locator("main").inner_text()
    page.goto("/console/lists")
    # The text itself is there to be read: nothing was dropped to be safe.
    assert TEXT in page.locator("main").inner_text()


def _own_links(page) -> list[str]:
    script = (
        "all => all.map(a => new URL(a.href)).filter(u => u.origin === location.origin).map(u => u.pathname)"
    )
    found = page.locator("a[href]").evaluate_all(script)
    return sorted({path for path in found if path.startswith("/console") and "sign-out" not in path})
