"""Review bands over a real database: gathered from what is on record, stored, kept up to date."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from safehold.app.daily_looks import daily_looks
from safehold.detect import near_misses
from safehold.model.assessment import Tier
from safehold.model.band import Band
from safehold.model.case import CaseState
from safehold.model.classifier import Answered, Heard, Opinion, source_of
from safehold.model.conversation import BY_RULES, SCORES, THREATENS
from safehold.model.events import ItemFlagged
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, FlagId, ItemId, new_id
from safehold.model.match import BY_LOT, Flag
from safehold.model.queue import QueueRules
from safehold.model.review_band import NEAR_BITS, Reason, ReviewBand
from safehold.review import cases, looks, moves, weighing
from safehold.review.weighing import reckon
from safehold.storage import matches, opinions, review_bands

if TYPE_CHECKING:
    from conftest import Room

SOURCE = "nudge"


def hears(room: Room, item_id: ItemId, *bands: Band, in_shadow: bool = False) -> None:
    """Let classifiers say something of an item: the first is the one whose flags the room raises."""
    heard = [
        Heard(
            classifier=SOURCE if number == 0 else f"{SOURCE} {number}",
            in_shadow=in_shadow,
            opinion=Opinion(answered=Answered.OK, band=band, score=0.5, raw="", version="1"),
            milliseconds=1.0,
        )
        for number, band in enumerate(bands)
    ]
    with room.begin() as tx:
        opinions.insert(tx, item_id, heard, now=room.now)


def flagged(room: Room, *bands: Band, account: str | None = None) -> tuple[CaseId, ItemId]:
    """Return a case with one item that classifiers put into these bands."""
    item_id = room.arrives(account=account)
    flags(room, item_id, source_of(SOURCE), "band:high", 0.5)
    hears(room, item_id, *bands)
    return room.opened(item_id, flagged=True), item_id


def band_of(room: Room, case_id: CaseId) -> ReviewBand:
    with room.begin() as tx:
        found = review_bands.of_case(tx, case_id)
    assert found is not None
    return found


def reasons(found: ReviewBand) -> set[Reason]:
    return {each.reason for each in (*found.speak_for, *found.against)}


def flags(room: Room, item_id: ItemId, source: str, reason: str, score: float, against: str = "") -> None:
    flag = Flag(id=FlagId(new_id()), source=source, score=score, reason=reason, against=against)
    with room.begin() as tx:
        matches.insert_flags(tx, item_id, [flag], now=room.now)


def test_a_flagged_case_has_its_band_and_reasons_as_soon_as_it_is_open(room: Room) -> None:
    case_id, _ = flagged(room, Band.HIGH, Band.MEDIUM, Band.NONE)
    found = band_of(room, case_id)
    assert found.band is Band.MEDIUM
    assert [(each.reason, each.amount) for each in found.speak_for] == [
        (Reason.CLASSIFIER, Band.HIGH.rank),
        (Reason.MORE_CLASSIFIERS, 1),
    ]
    assert [each.reason for each in found.against] == [Reason.SEES_NOTHING]
    assert room.case(case_id).band is Band.MEDIUM


def test_what_a_classifier_says_in_the_shadow_is_no_reason(room: Room) -> None:
    case_id, item_id = flagged(room, Band.LOW)
    hears(room, item_id, Band.VERY_HIGH, in_shadow=True)
    with room.begin() as tx:
        reckon(tx, case_id, now=room.now)
    assert band_of(room, case_id).band is Band.LOW


def test_what_asks_and_names_no_band_is_a_reason_of_its_own(room: Room) -> None:
    item_id = room.arrives()
    room.flag(item_id)
    assert reasons(band_of(room, room.opened(item_id, flagged=True))) == {Reason.ASKED}


def test_reckoning_again_changes_nothing_and_a_new_fact_is_taken_in(room: Room) -> None:
    case_id, item_id = flagged(room, Band.MEDIUM)
    first = band_of(room, case_id)
    with room.begin() as tx:
        reckon(tx, case_id, now=room.later(minutes=1))
    assert band_of(room, case_id) == first
    room.sql(
        "update item_context set account_created_at = :made, account_is_child = true where item_id = :item",
        made=room.now - timedelta(days=2),
        item=item_id,
    )
    with room.begin() as tx:
        reckon(tx, case_id, now=room.now)
    assert reasons(band_of(room, case_id)) == {Reason.CLASSIFIER, Reason.CHILD_ACCOUNT, Reason.NEW_ACCOUNT}
    assert band_of(room, case_id).band is Band.HIGH


def test_what_was_found_of_the_account_before_speaks_for_and_against(room: Room) -> None:
    earlier, item_id = flagged(room, Band.MEDIUM, account="one")
    room.assesses(earlier, item_id, room.not_illegal, by=room.ada)
    assert room.case(earlier).state is CaseState.SETTLED
    case_id, _ = flagged(room, Band.MEDIUM, account="one")
    assert [each.reason for each in band_of(room, case_id).against] == [Reason.NOTHING_BEFORE]
    other, _ = flagged(room, Band.MEDIUM, account="two")
    assert not band_of(room, other).against
    known, listed = room.matched_case(account="two")
    assert known == other
    room.assesses(known, listed, room.illegal, by=room.ada)
    with room.begin() as tx:
        reckon(tx, other, now=room.now)
    assert Reason.CONFIRMED_BEFORE in reasons(band_of(room, other))


def test_cases_that_some_who_know_of_this_one_may_not_know_of_are_no_reason(room: Room) -> None:
    earlier, item_id = flagged(room, Band.MEDIUM, account="one")
    room.assesses(earlier, item_id, room.not_illegal, by=room.ada)
    room.sql("update review_case set other_purposes = '{own_terms}' where id = :id", id=earlier)
    case_id, _ = flagged(room, Band.MEDIUM, account="one")
    assert not band_of(room, case_id).against


def test_a_match_is_weighed_as_ever_and_waits_for_no_budget(room: Room) -> None:
    case_id, item_id = room.matched_case()
    before = room.case(case_id)
    flags(room, item_id, source_of(SOURCE), "band:very_high", 1.0)
    hears(room, item_id, Band.VERY_HIGH)
    with room.begin() as tx:
        reckon(tx, case_id, now=room.now)
    after = room.case(case_id)
    assert (after.priority, after.priority_parts, after.band) == (
        before.priority,
        before.priority_parts,
        None,
    )


def test_a_threat_a_report_and_the_lot_wait_for_no_budget(room: Room) -> None:
    threatened = room.arrives()
    flags(room, threatened, BY_RULES, THREATENS, SCORES[Band.HIGH], against="peers")
    case_id = room.opened(threatened, flagged=True)
    found = band_of(room, case_id)
    assert (found.band, reasons(found)) == (Band.HIGH, {Reason.CONVERSATION, Reason.PEERS})
    assert room.case(case_id).band is None
    drawn = room.arrives()
    flags(room, drawn, BY_LOT, "drawn", 0.0)
    by_lot = room.opened(drawn, flagged=True)
    assert room.case(by_lot).band is None
    with room.begin() as tx:
        assert review_bands.of_case(tx, by_lot) is None
    talked = room.arrives()
    flags(room, talked, BY_RULES, "several_cues", SCORES[Band.MEDIUM])
    assert room.case(room.opened(talked, flagged=True)).band is Band.MEDIUM


def test_the_strongest_band_comes_first_and_no_more_than_the_budget_of_the_day(room: Room) -> None:
    weak, _ = flagged(room, Band.LOW)
    strong, _ = flagged(room, Band.VERY_HIGH)
    middle, _ = flagged(room, Band.MEDIUM)
    listed, _ = room.matched_case()

    def given(now: datetime) -> CaseId | None:
        with room.begin() as tx:
            case = cases.take_next(tx, room.new_analyst(), now, looks_a_day=2)
        return case.id if case else None

    assert [given(room.now) for _ in range(4)] == [listed, strong, middle, None]
    with room.begin() as tx:
        standing = looks.looks(tx, purposes=Purpose, person=None, looks_a_day=2, now=room.now)
    assert (standing.taken, standing.left, standing.waiting) == (2, 0, {Band.LOW: 1})
    assert room.case(weak).state is CaseState.OPEN
    tomorrow = room.later(hours=13)
    assert weak in [given(tomorrow) for _ in range(4)]


def test_a_spent_budget_keeps_no_listed_case_back_and_shows_what_it_keeps(room: Room) -> None:
    flagged(room, Band.HIGH)
    with room.begin() as tx:
        assert cases.take_next(tx, room.ada, room.now, looks_a_day=1) is not None
    waits, _ = flagged(room, Band.HIGH)
    listed, _ = room.matched_case()
    with room.begin() as tx:
        shown = [
            each.case.id
            for each in cases.queue(
                tx, purposes=Purpose, limit=9, analyst=room.ben, looks_a_day=1, now=room.now
            )
        ]
    assert listed in shown
    assert waits not in shown
    with room.begin() as tx:
        case = cases.take_next(tx, room.ben, room.now, looks_a_day=1)
    assert case is not None
    assert case.id == listed


def test_without_a_budget_cases_come_by_need_and_waiting_as_ever(room: Room) -> None:
    weak, _ = flagged(room, Band.LOW)
    room.sql("update review_case set turn_at = turn_at - interval '9 days' where id = :id", id=weak)
    flagged(room, Band.VERY_HIGH)
    with room.begin() as tx:
        case = cases.take_next(tx, room.ada, room.now)
    assert case is not None
    assert case.id == weak


def test_a_look_that_was_begun_is_counted_once_and_goes_on_without_the_budget(room: Room) -> None:
    case_id, _ = flagged(room, Band.HIGH)
    for who in (room.ada, room.ada):
        room.takes(case_id, who)
    with room.begin() as tx:
        cases.release_lock(tx, case_id, room.ada, room.now)
        reckon(tx, case_id, now=room.now)
    assert room.case(case_id).band is None
    with room.begin() as tx:
        assert review_bands.looks_since(tx, room.now) == 1
        assert cases.take_next(tx, room.ben, room.now, looks_a_day=1) is not None


def test_what_somebody_split_off_was_looked_at_and_waits_for_no_budget(room: Room) -> None:
    case_id, item_id = flagged(room, Band.HIGH, account="one")
    assert flagged(room, Band.HIGH, account="one")[0] == case_id
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        apart = moves.split(tx, case_id, [item_id], by=room.ada, record=room.record, now=room.now)
        reckon(tx, apart, now=room.now)
    assert room.case(apart).band is None
    assert band_of(room, apart).band is Band.MEDIUM


def test_what_came_of_the_looks_is_known_by_band(room: Room) -> None:
    case_id, item_id = flagged(room, Band.HIGH)
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    flagged(room, Band.LOW)
    with room.begin() as tx:
        (judged,) = looks.judged(tx)
        a_day = looks.opened_a_day(tx, room.later(days=2))
    assert (judged.band, judged.items, judged.found) == (Band.MEDIUM, 1, 0)
    assert a_day == {Band.MEDIUM: 0.5, Band.LOW: 0.5}


def test_what_the_looks_of_a_day_are_expected_to_find_is_said_with_what_nobody_knows(room: Room) -> None:
    for finding in (room.not_illegal, room.illegal):
        case_id, item_id = flagged(room, Band.HIGH)
        room.takes(case_id, room.ada)
        room.looks(case_id, item_id, Tier.CLEAR, by=room.ada)
        filed = room.files(case_id, item_id, finding, by=room.ada)
        room.settles(case_id, item_id, filed)
    flagged(room, Band.LOW)
    with room.begin() as tx:
        now = room.later(days=2)
        shown = daily_looks(tx, purposes=Purpose, person=None, looks_a_day=5, now=now)
        unlimited = daily_looks(tx, purposes=Purpose, person=None, looks_a_day=None, now=now)
    assert shown.expected is not None
    assert (shown.expected.looked, shown.expected.unknown) == (1.5, 0.5)
    assert shown.expected.precision.value == 0.5
    assert (shown.standing.taken, shown.standing.waiting) == (0, {Band.LOW: 1})
    assert unlimited.expected is None


def turned_bits(value: bytes, bits: int) -> bytes:
    """Return the value with so many of its first bits turned."""
    return (int.from_bytes(value) ^ ((1 << bits) - 1)).to_bytes(len(value))


def listed_value(room: Room) -> bytes:
    list_id, _, _ = room.vetted
    (row,) = room.sql("select value from entry where list_id = :id", id=list_id)
    return bytes(row.value)


def seeks(room: Room) -> list[ItemId]:
    with room.begin() as tx:
        found = near_misses.seek(tx, now=room.now)
        weighing.weigh_soon(tx, found, now=room.now)
    return found


def wants(room: Room, item_id: ItemId) -> None:
    with room.begin() as tx:
        near_misses.want(tx, ItemFlagged(at=room.now, item_id=item_id, purpose=Purpose.CSAM), now=room.now)


@pytest.mark.parametrize(
    ("bits", "beyond"), [(20, 0), (31, 0), (32, 1), (31 + NEAR_BITS, NEAR_BITS), (32 + NEAR_BITS, None)]
)
def test_a_near_miss_is_told_to_the_bit(room: Room, bits: int, beyond: int | None) -> None:
    case_id, item_id = flagged(room, Band.MEDIUM)
    room.signs(item_id, turned_bits(listed_value(room), bits))
    wants(room, item_id)
    wants(room, item_id)
    assert seeks(room) == ([item_id] if beyond is not None else [])
    (row,) = room.sql("select looked_at, bits_beyond from near_miss")
    assert (row.looked_at, row.bits_beyond) == (room.now, beyond)
    assert seeks(room) == []
    with room.begin() as tx:
        weighed = weighing.reckon_due(tx, now=room.now, rules=weighing.AS_NOTHING_SET, limit=10)
    assert weighed == (1 if beyond is not None else 0)
    near = [each for each in band_of(room, case_id).speak_for if each.reason is Reason.NEAR_LISTED]
    assert [each.amount for each in near] == ([NEAR_BITS + 1 - beyond] if beyond is not None else [])


def test_nothing_is_sought_of_what_no_machine_flagged_and_nothing_without_detail_is_compared(
    room: Room,
) -> None:
    drawn = room.arrives()
    flags(room, drawn, BY_LOT, "drawn", 0.0)
    wants(room, drawn)
    assert room.sql("select 1 from near_miss") == []
    _, plain = flagged(room, Band.MEDIUM)
    room.signs(plain, turned_bits(listed_value(room), 33), quality=49)
    wants(room, plain)
    assert seeks(room) == []


def test_a_practice_item_is_near_to_test_lists_alone(room: Room) -> None:
    item_id = room.arrives(rehearsal=True)
    room.flag(item_id)
    room.signs(item_id, turned_bits(listed_value(room), 33))
    wants(room, item_id)
    assert seeks(room) == []


def test_an_entry_that_was_taken_off_is_near_to_nothing(room: Room) -> None:
    _, item_id = flagged(room, Band.MEDIUM)
    room.signs(item_id, turned_bits(listed_value(room), 33))
    wants(room, item_id)
    room.withdraws_lists()
    assert seeks(room) == []


def test_of_a_long_film_some_frames_of_its_whole_length_are_compared(room: Room) -> None:
    _, item_id = flagged(room, Band.MEDIUM)
    far = bytes(32)
    room.sql(
        "insert into media_signal (media_id, signal_type, frame, value, quality)"
        " select media_id, 'pdq', n, set_byte(set_byte(:far, 0, n % 256), 1, n / 256), 100"
        " from item, generate_series(0, 399) n where id = :item",
        far=far,
        item=item_id,
    )
    wants(room, item_id)
    assert seeks(room) == []
    assert room.sql("select 1 from near_miss where looked_at is not null")


def test_what_a_forgotten_account_was_like_is_forgotten_with_it(room: Room) -> None:
    case_id, item_id = flagged(room, Band.MEDIUM, account="one")
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada)
    room.sql("delete from item_context where item_id = :item", item=item_id)
    with room.begin() as tx:
        assert cases.forget_accounts(tx, now=room.now, limit=10) == 1
    found = band_of(room, case_id)
    assert (found.band, found.speak_for, found.against) == (Band.MEDIUM, (), ())


def test_a_death_while_it_is_sought_has_it_sought_again(room: Room) -> None:
    _, item_id = flagged(room, Band.MEDIUM)
    room.signs(item_id, turned_bits(listed_value(room), 40))
    wants(room, item_id)

    def dies() -> None:
        with room.begin() as tx:
            assert near_misses.seek(tx, now=room.now) == [item_id]
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        dies()
    assert room.sql("select 1 from near_miss where looked_at is not null") == []
    assert seeks(room) == [item_id]


def test_the_worker_and_the_console_do_their_part_with_their_own_roles(room: Room) -> None:
    item_id = room.arrives(account="one")
    flags(room, item_id, source_of(SOURCE), "band:high", 1.0)
    hears(room, item_id, Band.HIGH)
    room.signs(item_id, turned_bits(listed_value(room), 40))
    event = ItemFlagged(at=room.now, item_id=item_id, purpose=Purpose.CSAM)
    with room.begin() as tx:
        tx.run(sa.text("set local role safehold_worker"))
        case_id = cases.open_case(tx, event, record=room.record, now=room.now)
        near_misses.want(tx, event, now=room.now)
        weighing.weigh_soon(tx, near_misses.seek(tx, now=room.now), now=room.now)
        assert weighing.reckon_due(tx, now=room.now, rules=weighing.AS_NOTHING_SET, limit=9) == 1
    assert band_of(room, case_id).band is Band.HIGH
    with room.begin() as tx:
        tx.run(sa.text("set local role safehold_console"))
        reckon(tx, case_id, now=room.now)
        assert looks.looks(tx, purposes=Purpose, person=None, looks_a_day=5, now=room.now).waiting
        assert cases.take_next(tx, room.ada, room.now, looks_a_day=5) is not None
        assert looks.judged(tx) == []


def test_what_appeared_live_waits_for_no_budget_also_when_it_is_over(room: Room) -> None:
    item_id = room.arrives()
    flags(room, item_id, source_of(SOURCE), "band:high", 1.0)
    hears(room, item_id, Band.HIGH)
    case_id = room.opened(item_id, flagged=True)
    with room.begin() as tx:
        rules = QueueRules(live=frozenset({"public_uploads"}))
        reckon(tx, case_id, now=room.later(days=2), rules=rules)
    assert room.case(case_id).band is None


def test_no_action_and_no_hold_follows_from_any_band(room: Room) -> None:
    case_id, _ = flagged(room, Band.VERY_HIGH, Band.VERY_HIGH)
    room.sql("update item_context set account_is_child = true")
    with room.begin() as tx:
        reckon(tx, case_id, now=room.now)
    assert band_of(room, case_id).band is Band.VERY_HIGH
    for table in ("hold", "proposal", "outcome", "authority_report", "delivery"):
        assert room.sql(f"select 1 from {table}") == []
