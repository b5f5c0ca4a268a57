"""Claims about retention clocks over real records: who starts them, what they keep, and how that ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.evidence import clocks, ledger, retention, sweep
from safehold.model.assessment import Finding
from safehold.model.events import ItemConfirmed, OutcomeReversed
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, ItemId, MediaId, new_id
from safehold.model.retention import Basis, Reach, RetentionClock
from safehold.review import cases
from safehold.storage import audit, retention_clocks, unfiled
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database
from safehold.storage.evidence import Rule
from safehold.storage.retention_clocks import retention_clock

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square"


def confirmed(
    world: World, *, purpose: Purpose = Purpose.CSAM, account: str | None = None
) -> tuple[MediaId, ItemId]:
    """Return sealed media of one item that people confirmed on the first day, preserved."""
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id, purpose=purpose, account=account)
    world.keep(media_id)
    world.settle(item_id, Finding.ILLEGAL, world.after(1))
    preserve(world, item_id)
    return media_id, item_id


def preserve(world: World, item_id: ItemId, days: float = 1) -> None:
    event = ItemConfirmed(
        at=world.after(days),
        item_id=item_id,
        case_id=world.case_of(item_id),
        finding=Finding.ILLEGAL,
        category=None,
        confirmed_by=(AnalystId(new_id()),),
    )
    with world.database.begin() as tx:
        retention.preserve(tx, event, record=world.record, now=event.at)


def reverse(world: World, item_id: ItemId, days: float) -> None:
    world.reverse(item_id, world.after(days))
    event = OutcomeReversed(at=world.after(days), item_id=item_id, case_id=world.case_of(item_id))
    with world.database.begin() as tx:
        retention.reconsider(tx, event, now=event.at)


def sweep_on(world: World, days: float) -> sweep.Swept:
    return sweep.sweep(world.database, world.vault, now=world.after(days))


def rule_of(world: World, media_id: MediaId) -> tuple[Rule, Any] | None:
    kept = world.retention(media_id)
    return (kept.rule, kept.destroy_at) if kept else None


def records(world: World, of: str) -> list[str]:
    with world.database.begin() as tx:
        return [one.verb for one in audit.of_object(tx, of)]


def rules_of_destructions(world: World) -> set[tuple[MediaId, Rule]]:
    with world.database.begin() as tx:
        return {(line.media_id, line.rule) for line in evidence_rows.ledger(tx)}


def test_a_filed_report_starts_a_clock_for_each_media_and_one_for_its_papers_once(world: World) -> None:
    first, _ = confirmed(world)
    second, _ = confirmed(world)
    report = new_id()
    for _ in range(2):
        with world.database.begin() as tx:
            begun = clocks.start(
                tx,
                media_ids=[second, first, first],
                basis=Basis.US_PRESERVATION,
                since=world.after(3),
                about=report,
                now=world.after(4),
            )
    assert begun == []
    year = world.after(3) + timedelta(days=365)
    for media_id in (first, second):
        [one] = world.clocks(media_id)
        assert (one.basis, one.about, one.since, one.until) == (
            Basis.US_PRESERVATION,
            report,
            world.after(3),
            year,
        )
        assert rule_of(world, media_id) == (Rule.US_PRESERVATION, year)
        assert records(world, f"media:{media_id}").count("evidence.clock_start") == 1
    assert records(world, f"authority_report:{report}") == ["evidence.clock_start"]
    with world.database.begin() as tx:
        assert [(one.media_id, one.until) for one in retention_clocks.about(tx, report)].count(
            (None, year)
        ) == 1


def test_the_uk_reference_is_kept_five_years_and_what_was_sent_one(world: World) -> None:
    media_id, _ = confirmed(world)
    report = world.files(media_id, 3, Basis.UK_CONTENT)
    with world.database.begin() as tx:
        begun = clocks.start(
            tx,
            media_ids=[media_id],
            basis=Basis.UK_REFERENCE,
            since=world.after(3),
            about=report,
            now=world.after(3),
        )
        ends = {one.basis: one.until for one in retention_clocks.about(tx, report) if one.media_id is None}
    assert len(begun) == 1
    assert ends == {
        Basis.UK_CONTENT: world.after(3).replace(year=2027),
        Basis.UK_REFERENCE: world.after(3).replace(year=2031),
    }
    assert [one.basis for one in world.clocks(media_id)] == [Basis.UK_CONTENT]


def test_bytes_are_destroyed_when_the_longest_clock_is_over_and_not_before(world: World) -> None:
    media_id, _ = confirmed(world)
    world.files(media_id, 3)
    world.files(media_id, 40, Basis.UK_CONTENT)
    assert sweep_on(world, 404.9).destroyed == []
    assert len(sweep_on(world, 405).destroyed) == 2
    assert world.retention(media_id) is None
    assert rules_of_destructions(world) == {(media_id, Rule.UK_CONTENT)}


def test_confirmed_bytes_that_nothing_was_filed_about_stay_and_are_named_after_30_days(world: World) -> None:
    media_id, _ = confirmed(world)
    assert sweep_on(world, 30.9).unfiled == []
    swept = sweep_on(world, 31)
    assert (swept.unfiled, swept.destroyed) == ([media_id], [])
    assert sweep_on(world, 10_000).destroyed == []
    world.files(media_id, 32)
    assert sweep_on(world, 50).unfiled == []
    with world.database.begin() as tx:
        assert unfiled.still_unfiled(tx, [media_id]) == set()


def test_a_report_filed_while_the_clock_was_years_back_keeps_for_its_year_all_the_same(world: World) -> None:
    media_id, _ = confirmed(world)
    world.files(media_id, -3000)
    [one] = world.clocks(media_id)
    assert one.since == world.after(1)
    assert sweep_on(world, 365).destroyed == []
    assert len(sweep_on(world, 366).destroyed) == 2


def test_what_comes_again_after_its_year_and_is_confirmed_again_waits_for_a_report_of_its_own(
    world: World,
) -> None:
    media_id, _ = confirmed(world)
    world.files(media_id, 3)
    assert len(sweep_on(world, 400).destroyed) == 2
    again = world.add_item(media_id, world.after(500))
    world.keep(media_id, at=world.after(500))
    world.settle(again, Finding.ILLEGAL, world.after(501))
    preserve(world, again, 501)
    assert rule_of(world, media_id) == (Rule.CONFIRMED, None)
    assert sweep_on(world, 5_000).destroyed == []
    world.files(media_id, 510)
    # A year with a leap day.
    assert sweep_on(world, 875).destroyed == []
    assert len(sweep_on(world, 876).destroyed) == 2


@pytest.mark.parametrize("purpose", [Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS])
def test_what_no_law_has_a_clock_for_is_kept_for_the_operators_term(world: World, purpose: Purpose) -> None:
    media_id, item_id = confirmed(world, purpose=purpose)
    [one] = world.clocks(media_id)
    assert (one.basis, one.about, one.since) == (
        Basis.OPERATOR_TERM,
        world.case_of(item_id),
        world.after(1),
    )
    assert sweep_on(world, 90.9).destroyed == []
    assert len(sweep_on(world, 91).destroyed) == 2
    assert rules_of_destructions(world) == {(media_id, Rule.OPERATOR_TERM)}
    [over] = world.clocks(media_id)
    assert not over.is_open


def test_the_operators_term_ends_with_the_confirmation_that_it_rests_on(world: World) -> None:
    media_id, item_id = confirmed(world, purpose=Purpose.OWN_TERMS)
    reverse(world, item_id, 2)
    [one] = world.clocks(media_id)
    assert (one.ended_at, one.ended_by) == (world.after(2), "system:evidence.retention")
    assert rule_of(world, media_id) == (Rule.UNDECIDED, world.after(90))
    world.settle(item_id, Finding.ILLEGAL, world.after(5))
    preserve(world, item_id, 5)
    assert rule_of(world, media_id) == (Rule.OPERATOR_TERM, world.after(95))


def test_a_reversal_whose_step_was_lost_ends_the_operators_term_too(world: World) -> None:
    media_id, item_id = confirmed(world, purpose=Purpose.OWN_TERMS)
    world.reverse(item_id, world.after(2))
    sweep_on(world, 3)
    assert rule_of(world, media_id) == (Rule.UNDECIDED, world.after(90))


def test_what_was_confirmed_before_there_were_clocks_gets_its_term_from_now_on(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id, purpose=Purpose.OWN_TERMS)
    world.settle(item_id, Finding.AGAINST_TERMS, world.after(1))
    world.keep(media_id)
    assert rule_of(world, media_id) == (Rule.CONFIRMED, None)
    for many in (1, 0):
        begun = clocks.start_operator_terms(
            world.database, operator_term=timedelta(days=40), now=world.after(300), limit=10
        )
        assert begun == many
    assert rule_of(world, media_id) == (Rule.OPERATOR_TERM, world.after(340))


def test_a_reversal_does_not_end_what_the_law_asks_for(world: World) -> None:
    media_id, item_id = confirmed(world)
    world.files(media_id, 3)
    reverse(world, item_id, 20)
    assert rule_of(world, media_id) == (Rule.US_PRESERVATION, world.after(368))
    with pytest.raises(sa.exc.IntegrityError, match="the_law_is_not_ended"), world.database.begin() as tx:
        tx.run(retention_clock.update().values(ended_at=world.after(30), ended_by="user:one"))


def test_where_it_appeared_stays_while_a_clock_runs_and_goes_with_the_bytes_after_that(world: World) -> None:
    media_id, item_id = confirmed(world)
    world.files(media_id, 3)
    assert erased(world, 367.9) == []
    sweep_on(world, 368)
    assert erased(world, 368) == [item_id]


def test_forgetting_an_account_leaves_every_clock_as_it_was(world: World) -> None:
    media_id, item_id = confirmed(world, account="account-1")
    world.files(media_id, 3)
    reverse(world, item_id, 4)
    with world.database.begin() as tx:
        tx.run(sa.text("delete from item_context"))
    before = world.clocks(media_id)
    with world.database.begin() as tx:
        assert cases.forget_accounts(tx, now=world.after(10), limit=10) == 1
    assert world.clocks(media_id) == before != []
    assert sweep_on(world, 367).destroyed == []
    with world.database.begin() as tx:
        held = [str(value) for row in tx.run(sa.select(retention_clock)) for value in row]
    assert not any("account-1" in value for value in held)


def test_the_workers_role_starts_and_ends_clocks_and_reads_no_reason(world: World, database_url: str) -> None:
    mark = "&" if "?" in database_url else "?"
    as_worker = Database(f"{database_url}{mark}options=-crole%3Dsafehold_worker")
    as_api = Database(f"{database_url}{mark}options=-crole%3Dsafehold_api")
    media_id, _ = confirmed(world, purpose=Purpose.OWN_TERMS)
    with as_worker.begin() as tx:
        clocks.start(
            tx,
            media_ids=[media_id],
            basis=Basis.US_PRESERVATION,
            since=world.after(2),
            about=new_id(),
            now=world.after(2),
        )
    assert sweep.sweep(as_worker, world.vault, now=world.after(100)).destroyed == []
    assert (
        clocks.start_operator_terms(
            as_worker, operator_term=timedelta(days=40), now=world.after(100), limit=10
        )
        == 0
    )
    assert len(sweep.sweep(as_worker, world.vault, now=world.after(367)).destroyed) == 2
    with as_worker.begin() as tx:
        assert len(sweep.erased_items(tx, now=world.after(367), limit=10)) == 1
    with as_api.begin() as tx:
        assert len(ledger.clocks_of(tx, Reach(media=(media_id,)))) == 2
    for database in (as_worker, as_api):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), database.begin() as tx:
            tx.run(sa.select(retention_clock.c.reason))
        database.close()


def erased(world: World, days: float) -> list[ItemId]:
    with world.database.begin() as tx:
        return sweep.erased_items(tx, now=world.after(days), limit=10)


_AT = st.floats(min_value=0, max_value=900, allow_nan=False)
_TERMS = st.sampled_from([Basis.US_PRESERVATION, Basis.UK_CONTENT])


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(filed=st.lists(st.tuples(_AT, _TERMS), min_size=1, max_size=3), looked=st.lists(_AT, max_size=6))
def test_a_clock_of_the_machine_that_jumps_to_and_fro_never_destroys_early(
    world: World, filed: list[tuple[float, Basis]], looked: list[float]
) -> None:
    media_id, _ = confirmed(world)
    for at, basis in filed:
        world.files(media_id, at, basis)
    last = max(one.until for one in running(world, media_id) if one.until)
    for at in looked:
        before = world.objects(media_id)
        sweep_on(world, at)
        assert world.objects(media_id) == (before if world.after(at) < last else [])
    sweep_on(world, 10_000)
    assert world.objects(media_id) == []


def running(world: World, media_id: MediaId) -> list[RetentionClock]:
    return [one for one in world.clocks(media_id) if one.is_open]


def test_the_ledger_says_what_is_kept_why_until_when_and_when_it_was_destroyed(world: World) -> None:
    kept, _ = confirmed(world)
    filed, _ = confirmed(world)
    report = world.files(filed, 3)
    undecided = world.add_media(PICTURE)
    world.add_item(undecided)
    world.keep(undecided)
    with world.database.begin() as tx:
        coming = ledger.forecast(tx, now=world.after(10), days=400)
        soon = ledger.forecast(tx, now=world.after(10), days=100, limit=0)
    assert dict(coming.counts) == {"undecided": 1, "us_preservation": 2}
    assert [(one.media_id, one.about, one.at) for one in coming.first] == [
        (undecided, None, world.after(90)),
        (filed, None, world.after(368)),
        (None, report, world.after(368)),
    ]
    assert (dict(soon.counts), list(soon.first)) == ({"undecided": 1}, [])
    sweep_on(world, 400)
    with world.database.begin() as tx:
        told = {(one.media_id, one.why): one for one in ledger.lines(tx)}
        late = [one.why for one in ledger.lines(tx, since=world.after(399))]
    assert set(told) == {
        (kept, "confirmed"),
        (filed, "us_preservation"),
        (None, "us_preservation"),
        (undecided, "undecided"),
    }
    line = told[filed, "us_preservation"]
    assert (line.since, line.until, line.destroyed_at) == (
        world.after(3),
        world.after(368),
        world.after(400),
    )
    assert (told[kept, "confirmed"].until, told[kept, "confirmed"].destroyed_at) == (None, None)
    assert sorted(late) == ["undecided", "us_preservation"]
