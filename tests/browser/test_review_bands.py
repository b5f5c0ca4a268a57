"""What machines flagged, in the browser: why it asks for a look, and the looks of a day beside the queue."""

from __future__ import annotations

import json

import pytest
from gallery import look_at
from site_under_test import ANN, CLASSIFIER, TESTS, jpeg

from safehold.app import near_misses
from safehold.app.wiring import weigh_cases
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.band import Band
from safehold.model.classifier import Answered, Heard, Opinion
from safehold.model.hash_list import Purpose
from safehold.testing.asked_for import ask_for_a_look

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
BITS = 33
"""How many bits of its fingerprint differ from what is listed here: two more than a list reaches."""


@pytest.fixture
def site(kept_sites):
    with kept_sites.as_it_began({"review": {"flags_a_day": 1}}) as running:
        yield running


def flagged(site, seed: int, *bands: Band, account: str) -> None:
    """Let classifiers put an upload that no list knows into these bands, and what follows follow."""
    heard = [
        Heard(
            classifier=CLASSIFIER if number == 0 else f"{CLASSIFIER}_{number}",
            in_shadow=False,
            opinion=Opinion(answered=Answered.OK, band=band, score=band.rank / 4),
            milliseconds=30.0,
        )
        for number, band in enumerate(bands)
    ]
    ask_for_a_look(
        site.machinery,
        jpeg(seed, quality=80),
        account=account,
        rehearsal=True,
        purpose=Purpose.TEST,
        heard=heard,
    )
    site.follow()


def list_nearly(site, seed: int, folder) -> None:
    """Make a list on which something lies that resembles this landscape, but not closely enough to match."""
    program = site.machinery
    signals = program.scanner.decoders.examine(jpeg(seed, quality=80), turned=False).signals
    value = next(each.value for each in signals if each.signal_type == "pdq")
    changed = (int.from_bytes(value) ^ ((1 << BITS) - 1)).to_bytes(len(value))
    path = folder / "nearby.jsonl"
    path.write_text(json.dumps({"signal_type": "pdq", "value": changed.hex()}) + "\n")
    wanted = NewList(name="nearby", purpose=Purpose.TEST, may_hold=True, vetted=True, provenance="Tests.")
    with program.database.begin() as tx:
        add_list(tx, wanted, actor=TESTS, now=program.clock())
    FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=TESTS,
        record=program.recorder.record,
        clock=program.clock,
    ).run("nearby", path)


def test_a_case_that_machines_flagged_says_what_speaks_for_looking_and_what_against(
    site, visit, tmp_path
) -> None:
    flagged(site, 60, Band.HIGH, Band.MEDIUM, Band.NONE, account="account-1")
    list_nearly(site, 60, tmp_path)
    assert near_misses.seek(site.machinery) == 1
    weigh_cases(site.machinery)
    page = visit(ANN)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    rows = page.get_by_role("table", name="What speaks for looking, and what against").get_by_role("row")
    assert rows.all_inner_texts()[1:] == [
        "for\tThe strongest classifier says: high\t+3",
        "for\t2 bits more, and a list would have matched it\t+2",
        "for\t1 further classifier says medium or more\t+1",
        "against\t1 classifier that was asked sees nothing\t−1",
    ]
    asked = page.locator("dl.facts").first.inner_text()
    assert f"the classifier {CLASSIFIER} asks for a look: high" in asked
    assert "band:" not in asked
    said = page.locator("#band").inner_text()
    assert "Taken together: high." in said
    assert "None of this is a finding." in said
    assert "it waits for the looks of a day" not in said
    wrong = look_at(page, "case-band-desk-light")
    page.set_viewport_size(PHONE)
    assert wrong + look_at(page, "case-band-phone-light") == []


def test_beyond_the_looks_of_a_day_cases_wait_visibly_and_what_a_list_knows_does_not(site, visit) -> None:
    flagged(site, 61, Band.MEDIUM, account="account-1")
    flagged(site, 62, Band.VERY_HIGH, account="account-2")
    page = visit(ANN)
    looks = page.locator("#looks")
    assert "0 of 1 looks of today (UTC) are taken." in looks.inner_text()
    assert "Cases that wait, of your queues: 2: 1 high, 1 medium." in looks.inner_text()
    assert "cannot be said yet: too little was decided" in looks.inner_text()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    assert "The strongest classifier says: very high" in page.locator("#band").inner_text()
    page.get_by_text("Put it back into the queue").click()
    page.wait_for_url("**/console/queue?*")
    assert "1 of 1 looks of today (UTC) are taken." in looks.inner_text()
    assert "Cases that wait for tomorrow, of your queues: 1: 1 medium." in looks.inner_text()
    assert page.locator("tbody tr").count() == 1
    site.upload(1, account="account-3")
    page.goto("/console/queue")
    assert page.locator("tbody tr").count() == 2
    wrong = look_at(page, "queue-looks-desk-light")
    page.set_viewport_size(PHONE)
    assert wrong + look_at(page, "queue-looks-phone-light") == []
