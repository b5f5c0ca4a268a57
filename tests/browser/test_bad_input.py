"""What is bad is told where it stands: it blanks no page and keeps nobody from deciding."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from site_under_test import PASSWORD, TESTS, UPLOADER

from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.hash_list import Purpose
from safehold.model.item import Context
from safehold.model.permissions import Role
from safehold.storage import assessments, cases

pytestmark = pytest.mark.browser

SHOWN, PANEL = "#panel img", "#panel"
NO_PICTURE = b"Neutral words that no decoder takes for a picture. " * 20


@pytest.fixture
def site(quiet_site: Any) -> Any:
    """A site at which pictures can be looked at. Each test has a person and a case of its own there."""
    return quiet_site


@pytest.fixture
def ann(site) -> str:
    """Somebody with every role who has not done anything yet."""
    name = f"analyst-{uuid4().hex[:8]}"
    site.add_person(name, *Role)
    return name


def sql(site, statement: str, *values: object) -> None:
    with site.machinery.database.session() as connection:
        connection.exec_driver_sql(statement, values)


def case_of(site, item_id):
    with site.machinery.database.begin() as tx:
        [case] = cases.of_item(tx, item_id)
    return case


def taken(page, site, item_id):
    """Open the case of an item and take it."""
    page.goto(f"/console/cases/{case_of(site, item_id).id}")
    page.get_by_role("button", name="Take this case").click()
    page.get_by_role("button", name="File").wait_for()
    return page


def outcome_of(site, item_id) -> str | None:
    site.follow()
    with site.machinery.database.begin() as tx:
        standing = assessments.standing_outcomes_of_item(tx, item_id)
    return standing[0].finding.value if standing else None


def put_on_a_list(site, data: bytes, folder, *, vetted: bool) -> str:
    """Put a file's digest on a list of its own; return its name."""
    program, name = site.machinery, f"list-{uuid4().hex[:8]}"
    path = folder / f"{name}.jsonl"
    path.write_text(json.dumps({"signal_type": "sha256", "value": sha256(data).hexdigest()}) + "\n")
    wanted = NewList(
        name=name, purpose=Purpose.TEST, may_hold=True, vetted=vetted, provenance="Words of the tests."
    )
    with program.database.begin() as tx:
        add_list(tx, wanted, actor=TESTS, now=program.clock())
    load = FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=TESTS,
        record=program.recorder.record,
        clock=program.clock,
    )
    load.run(name, path)
    return name


@pytest.mark.parametrize(
    ("vetted", "finding"), [(True, "illegal:B"), (True, "cannot_determine"), (False, "cannot_determine")]
)
def test_a_file_of_which_no_picture_can_be_made_is_told_and_decided_all_the_same(
    site, visit, ann, tmp_path, vetted: bool, finding: str
) -> None:
    data = NO_PICTURE + uuid4().bytes
    put_on_a_list(site, data, tmp_path, vetted=vetted)
    context = Context(surface="public_uploads", account_id=f"account-{uuid4().hex[:8]}")
    item_id = site.machinery.scanner.scan_bytes(data, context, actor=UPLOADER).item_id
    site.follow()
    page = taken(visit(ann), site, item_id)
    hint = page.get_by_text("it can be closed here but not confirmed")
    expect(hint).to_have_count(0 if vetted else 1)
    for name, said in (
        ("blurred", "No such picture of it could be made"),
        ("clear", "Nothing of this media can be decoded"),
    ):
        page.get_by_role("button", name=f"Hold to look, {name}").hover()
        page.mouse.down()
        expect(page.locator(PANEL)).to_contain_text(said)
        page.mouse.up()
    expect(page.locator(SHOWN)).to_have_count(0)
    page.locator(f"input[name=finding][value='{finding}']").check()
    page.get_by_role("button", name="File").click()
    page.wait_for_url("**done=*")
    said = outcome_of(site, item_id)
    # Where two people have to agree that a listed one is let go, the first has been heard.
    assert said == finding.partition(":")[0] or (vetted and finding == "cannot_determine" and said is None)
    with site.machinery.database.begin() as tx:
        assert len(assessments.of_case(tx, case_of(site, item_id).id, [item_id])) == 1


def test_a_picture_that_the_browser_cannot_draw_is_said_and_ends_its_showing(site, visit, ann) -> None:
    item_id = site.upload(2, account=f"account-{uuid4().hex[:8]}").item_id
    page = taken(visit(ann), site, item_id)
    torn = {"content-type": "image/jpeg", "access-control-allow-origin": site.url}
    page.route("**/v/*", lambda route: route.fulfill(body=b"\xff\xd8 torn", headers=torn))
    with page.expect_response(lambda answer: answer.url.endswith("/close")) as closed:
        page.keyboard.down("r")
    assert closed.value.status == 200
    expect(page.locator(PANEL)).to_contain_text("It cannot be shown just now.")
    expect(page.locator(SHOWN)).to_have_count(0)
    page.keyboard.up("r")
    page.unroute("**/v/*")
    page.keyboard.down("r")
    page.wait_for_selector(SHOWN)
    page.keyboard.up("r")


def test_a_session_that_ends_during_a_reveal_ends_the_looking_and_leads_back_to_the_case(
    site, visit, ann
) -> None:
    item_id = site.upload(3, account=f"account-{uuid4().hex[:8]}").item_id
    page = taken(visit(ann), site, item_id)
    page.keyboard.down("r")
    page.wait_for_selector(SHOWN)
    sql(site, "delete from session where user_id = (select id from app_user where name = %s)", ann)
    page.keyboard.up("r")
    expect(page.locator(SHOWN)).to_have_count(0)
    page.keyboard.down("r")
    expect(page.locator(PANEL)).to_contain_text("Your session is over.")
    page.keyboard.up("r")
    expect(page.locator(SHOWN)).to_have_count(0)
    page.locator("input[name=finding][value='illegal:B']").check()
    page.get_by_role("button", name="File").click()
    page.wait_for_url("**/console/sign-in*")
    page.get_by_label("Name").fill(ann)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/cases/{case_of(site, item_id).id}")
    assert outcome_of(site, item_id) is None
    page.locator("input[name=finding][value='illegal:B']").check()
    page.get_by_role("button", name="File").click()
    page.wait_for_url("**done=*")
    assert outcome_of(site, item_id) == "illegal"


ODD_PARTS = [
    '[{"name": "reach"}]',
    '[{"name": 7, "seen": null, "weight": "much"}, 5, null]',
    '[{"name": "due", "seen": "Was due on the 31st of a later version", "weight": 1, "more": true}]',
    '{"name": "reach"}',
    '"words"',
    "null",
]
ODD_DETAILS = [
    ("item.left_open", '{"waits_for": "of a later version"}'),
    ("item.left_open", "{}"),
    ("item.assess", '{"same_as": [1], "bits": "few"}'),
    ("item.assess", '{"assessment": {"a": 1}, "finding": 7}'),
    ("item.reveal", '{"tier": {"a": 1}, "again": 3}'),
    ("evidence.open", '{"purpose": {"a": 1}, "what": []}'),
]


def test_a_row_that_cannot_be_read_blanks_no_page_and_its_case_is_decided(site, visit, ann) -> None:
    item_id = site.upload(4, account=f"account-{uuid4().hex[:8]}").item_id
    case = case_of(site, item_id)
    for verb, detail in ODD_DETAILS:
        for about in (f"case:{case.id}", f"item:{item_id}"):
            for actor in ("user:nobody", f"user:{uuid4()}", "a part of a later version"):
                sql(
                    site,
                    "insert into audit_record (id, at, actor, verb, object, detail)"
                    " values (gen_random_uuid(), now(), %s, %s, %s, cast(%s as jsonb))",
                    actor,
                    verb,
                    about,
                    detail,
                )
    for number, fields in enumerate(('{"queue": "test"}', '{"queue": [7, null]}', "[]", '"words"', "5")):
        sql(
            site,
            "insert into saved_filter (id, owner_id, name, fields, shared, saved_at)"
            " select gen_random_uuid(), id, %s, cast(%s as jsonb), true, 'infinity'"
            " from app_user where name = %s",
            f"odd {number}",
            fields,
            ann,
        )
    sql(site, "update item_context set uploaded_at = 'infinity' where item_id = %s", item_id)
    page = visit(ann)
    for parts in ODD_PARTS:
        sql(site, "update review_case set priority_parts = cast(%s as jsonb) where id = %s", parts, case.id)
        for path in (
            "/console/queue",
            "/console/cases",
            f"/console/cases/{case.id}",
            f"/console/cases/{case.id}/account",
        ):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, (path, parts)
            assert page.get_by_text(str(case.number)).count(), (path, parts)
    for path in ("/console/audit", f"/console/audit?object=item:{item_id}", "/console/find"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
    taken(page, site, item_id)
    page.locator("input[name=finding][value='illegal:B']").check()
    page.get_by_role("button", name="File").click()
    page.wait_for_url("**done=*")
    assert outcome_of(site, item_id) == "illegal"


@pytest.mark.parametrize("written", ["25:00", "12:60", "1200", "noon", "12:3", "12:30:99", "2026-02-30"])
def test_a_time_of_day_that_is_none_is_told_beside_its_field(site, visit, ann, written: str) -> None:
    page = visit(ann)
    page.goto("/console/exposure")
    page.locator("[name=day_begins]").evaluate(
        "(field, text) => { field.type = 'text'; field.value = text }", written
    )
    page.get_by_role("button", name="Keep this").click()
    expect(page.locator("#what-is-wrong")).to_have_text("A time, such as 06:00.")
