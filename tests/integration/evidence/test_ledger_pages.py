"""Claims about the ledger as pages show it: every line once, whatever is asked for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from safehold.app import ledger_pages
from safehold.evidence import ledger, sweep
from safehold.evidence.ledger import LedgerLine, Wanted
from safehold.model.assessment import Finding
from safehold.model.errors import NotAllowed
from safehold.model.ids import MediaId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.retention import Basis, LineState
from safehold.storage import audit
from safehold.storage.database import Database

if TYPE_CHECKING:
    from conftest import World

ALL = Wanted()


def reader(role: Role = Role.AUDITOR) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(new_id()))


@pytest.fixture
def kept(world: World) -> list[MediaId]:
    """Media under clocks, waiting for a report, undecided and destroyed: three of each."""
    made = []
    for at in range(12):
        media_id = world.add_media(b"a grey square")
        item_id = world.add_item(media_id)
        world.keep(media_id)
        if at % 4 < 3:
            world.settle(item_id, Finding.ILLEGAL if at % 4 < 2 else Finding.NOT_ILLEGAL, world.after(1))
        if at % 4 == 0:
            world.files(media_id, 3, Basis.UK_CONTENT)
        with world.database.begin() as tx:
            sweep.retention.keep(tx, media_id)
        made.append(media_id)
    sweep.sweep(world.database, world.vault, now=world.after(20))
    return made


def pages(world: World, wanted: Wanted, now: datetime, *, each: int) -> list[LedgerLine]:
    """Return all that is asked for, a few lines at a time."""
    found: list[LedgerLine] = []
    before: UUID | None = None
    while True:
        with world.database.begin() as tx:
            some = ledger.newest(tx, wanted, now=now, before=before, limit=each)
        found += some
        if len(some) < each:
            return found
        before = some[-1].id


def whole(world: World) -> list[LedgerLine]:
    with world.database.begin() as tx:
        return list(ledger.lines(tx))


@pytest.mark.parametrize("each", [1, 4, 100])
def test_pages_hold_every_line_of_the_ledger_once_and_the_newest_first(
    world: World, kept: list[MediaId], each: int
) -> None:
    found = pages(world, ALL, world.after(20), each=each)
    assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)
    assert {one.id: one for one in found} == {one.id: one for one in whole(world)}
    # Six destroyed or waiting lines, and two for each report: of its media and of its papers.
    assert len(found) == 15


def test_what_is_asked_for_is_what_is_shown_and_no_line_is_in_two_states(
    world: World, kept: list[MediaId]
) -> None:
    all_lines, now = whole(world), world.after(370)
    by_state = {state: pages(world, Wanted(state=state), now, each=5) for state in LineState}
    for state, lines in by_state.items():
        assert {one.id for one in lines} == {one.id for one in all_lines if one.state(now) is state}
        assert lines
    assert sum(map(len, by_state.values())) == len(all_lines)
    for why in {one.why for one in all_lines}:
        found = pages(world, Wanted(why=why), now, each=5)
        assert {one.id for one in found} == {one.id for one in all_lines if one.why == why}
    of_media = pages(world, Wanted(about=kept[0]), now, each=5)
    assert {(one.media_id, one.why) for one in of_media} == {(kept[0], "uk_content")}
    report = of_media[0].about
    assert len(pages(world, Wanted(about=report), now, each=5)) == 2


def test_a_page_says_what_ends_within_7_30_and_90_days(world: World, kept: list[MediaId]) -> None:
    with world.database.begin() as tx:
        shown = ledger_pages.read(tx, ALL, actor=reader(), now=world.after(65))
    # The undecided go 90 days after they came; the reports' years end in the next year.
    assert dict(shown.coming) == {"undecided": [0, 3, 3]}
    with world.database.begin() as tx:
        shown = ledger_pages.read(tx, ALL, actor=reader(), now=world.after(300))
    assert dict(shown.coming) == {"uk_content": [0, 0, 6], "undecided": [3, 3, 3]}


@pytest.mark.parametrize("role", Role)
def test_the_ledger_is_for_auditors_and_legal_and_each_reading_is_on_record(world: World, role: Role) -> None:
    actor = reader(role)
    may = role in (Role.AUDITOR, Role.LEGAL)
    with world.database.begin() as tx:
        if may:
            assert ledger_pages.read(tx, ALL, actor=actor, now=world.after(1)).lines == []
        else:
            with pytest.raises(NotAllowed):
                ledger_pages.read(tx, ALL, actor=actor, now=world.after(1))
        seen = [one.actor for one in audit.of_object(tx, "ledger")]
    assert seen == ([actor.label] if may else [])


def test_the_consoles_role_reads_the_ledger(world: World, kept: list[MediaId], database_url: str) -> None:
    mark = "&" if "?" in database_url else "?"
    as_console = Database(f"{database_url}{mark}options=-crole%3Dsafehold_console")
    with as_console.begin() as tx:
        shown = ledger_pages.read(tx, ALL, actor=reader(), now=world.after(20))
    as_console.close()
    assert len(shown.lines) == 15
