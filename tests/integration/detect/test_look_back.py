"""What was clear is found when a list gains it: by the step, part by part, within its term, told once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from safehold.app import lookback, wiring
from safehold.app.kept_signals import store_id
from safehold.detect import look_back
from safehold.detect.kept_days import KeptDays
from safehold.detect.look_back import LookBack
from safehold.lists.doubts import Doubt
from safehold.lists.file_import import FileImport
from safehold.lists.withdrawal import Withdrawal
from safehold.model.errors import DoubtfulImport, Unavailable
from safehold.model.hash_list import Purpose
from safehold.model.ids import EntryId, ListId, LookbackId, StoreId
from safehold.model.item import Context
from safehold.model.scan import ScanAnswer, ScanResult
from safehold.storage import lookback as rows
from safehold.storage.database import Tx
from safehold.storage.roles import API, WORKER
from safehold.testing import running
from safehold.testing.jobs import run_all_steps
from safehold.testing.running import TESTER, Installation, MovableClock

KEPT = {"lookback": {"basis": "a law made for tests", "days": 7}}
SURFACES: dict[str, Any] = {
    "uploads": KEPT,
    "avatars": {"lookback": {"basis": "a law made for tests", "days": 30}},
    "practice": {"rehearsal": True, **KEPT},
    "plain": {},
}


@dataclass(frozen=True, slots=True)
class Room:
    """A program whose surfaces keep signals, with a list that may hold, and a clock that can be moved."""

    safehold: Installation
    clock: MovableClock

    @property
    def program(self) -> Any:
        return self.safehold.program

    @property
    def kept(self) -> KeptDays:
        return KeptDays(self.program.home.lookback)

    @property
    def here(self) -> LookBack:
        """Look-back on this host, which waits for no scan that may have begun before."""
        return replace(lookback.of(self.program), settle=timedelta(0))

    def scans(self, value: str, reference: str | None = "post-1", surface: str = "uploads") -> ScanAnswer:
        """Scan one fingerprint, and have what it leaves written down."""
        context = Context(surface=surface, reference=reference, account_id="account-1", ip="192.0.2.7")
        answer: ScanAnswer = self.program.scanner.scan_signals([("pdq", value)], context, actor=TESTER)
        self.program.scanner.kept.flush()
        return answer

    def gains(self, *values: str, to: str = "northland") -> None:
        """Have a list gain entries, and run what follows up to the look."""
        self.safehold.load(to, [{"signal_type": "pdq", "value": value} for value in values])
        self.steps()

    def steps(self) -> None:
        run_all_steps(self.program.database, self.program.recorder, wiring.handlers(self.program))

    def found(self) -> list[str]:
        """Look back over all that waits; return every reference that was found until now, in order."""
        while self.here.run_part():
            pass
        return [
            row.reference for row in self.safehold.sql("select reference from lookback_match order by id")
        ]

    def audited(self, verb: str) -> list[dict[str, Any]]:
        found = self.safehold.sql(
            "select detail from audit_record where verb = %(verb)s order by id", verb=verb
        )
        return [row.detail for row in found]


@pytest.fixture(scope="module")
def opened(
    database_url: str, _initial_rows: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, MovableClock]]:
    # After the rows were noted that every test begins with: opening adds one.
    settings = running.settings_of(tmp_path_factory.mktemp("kept") / "data", database_url, surfaces=SURFACES)
    clock = MovableClock()
    with running.installation(settings, surfaces=frozenset({"api"}), clock=clock) as safehold:
        yield safehold, clock


@pytest.fixture
def room(opened: tuple[Installation, MovableClock], database_url: str) -> Iterator[Room]:
    safehold, clock = opened
    clock.ahead = timedelta()
    made = Room(safehold, clock)
    for day in made.kept.days():
        day.destroy()
    # Rows do not outlive a test: so the host says again that it keeps signals.
    with made.program.database.begin() as tx:
        look_back.open_store(tx, store_id(made.program.home.lookback), now=clock() - timedelta(days=40))
    safehold.add_list("northland", (), purpose=Purpose.CSAM)
    made.gains(digest())
    while made.here.run_part():
        pass
    yield made
    safehold.program.scanner.counters.flush()


def digest() -> str:
    return secrets.token_hex(32)


def flipped(value: str, bits: int) -> str:
    return (int(value, 16) ^ ((1 << bits) - 1)).to_bytes(32).hex()


def test_what_was_clear_is_found_when_its_list_gains_it_and_nothing_else_is(room: Room) -> None:
    value = digest()
    assert room.scans(value).result is ScanResult.CLEAR
    room.scans(digest(), "post-2")
    assert room.found() == []
    room.gains(flipped(value, 31), digest())
    assert room.found() == ["post-1"]
    [event] = room.safehold.sql("select fields from event where kind = 'lookback_matched'")
    assert set(event.fields) == {"lookback_id"}, "the event names nobody"


def test_what_is_beyond_the_lists_radius_stays_unfound(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.gains(flipped(value, 32))
    assert room.found() == []


def test_nothing_is_kept_without_a_reference_or_where_no_surface_asks_for_it(room: Room) -> None:
    answers = [room.scans(digest(), None), room.scans(digest(), surface="plain")]
    assert [answer.reference_until for answer in answers] == [None, None]
    assert room.kept.days() == []


def test_what_a_scan_leaves_comes_to_the_disk_by_itself(room: Room) -> None:
    context = Context(surface="uploads", reference="post-1")
    room.program.scanner.scan_signals([("pdq", digest())], context, actor=TESTER)
    for _ in range(600):
        if sum(day.signals for day in room.kept.days()):
            break
        time.sleep(0.1)
    assert [day.signals for day in room.kept.days()] == [1]


def test_what_is_held_has_a_case_and_is_not_kept(room: Room) -> None:
    value = digest()
    room.gains(value)
    answer = room.scans(value)
    assert (answer.result, answer.reference_until) == (ScanResult.HOLD, None)
    assert room.kept.days() == []
    [context] = room.safehold.sql("select * from item_context")
    assert "post-1" not in str(vars(context)), "the reference is kept with signals and nowhere else"


def test_on_the_disk_there_is_no_account_and_no_address(room: Room) -> None:
    room.scans(digest())
    written = b"".join(path.read_bytes() for path in room.program.home.lookback.rglob("*") if path.is_file())
    assert b"post-1" in written
    assert b"account-1" not in written
    assert b"192.0.2.7" not in written


def test_one_list_tells_of_one_reference_once_however_often_its_steps_run(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.gains(value, flipped(value, 3))
    room.found()
    [event] = room.safehold.sql(
        "select fields from event where kind = 'entries_changed' order by seq desc limit 1"
    )
    with room.program.database.begin() as tx:
        rows.add_tasks(
            tx, event.fields["list_id"], event.fields["from_seq"], event.fields["to_seq"], at=room.clock()
        )
    assert room.found() == ["post-1"]
    assert len(room.safehold.sql("select 1 from event where kind = 'lookback_matched'")) == 1


def test_large_batches_are_asked_part_by_part_and_small_ones_together(room: Room) -> None:
    values = [digest() for _ in range(10)]
    for number, value in enumerate(values):
        room.scans(value, f"post-{number}")
    room.gains(*values[:9])
    room.gains(values[9])
    parts, by_fours = 0, replace(room.here, entries_at_once=4)
    while by_fours.run_part():
        parts += 1
    assert parts == 3
    assert sorted(room.found()) == [f"post-{number}" for number in range(10)]
    asked = room.audited("lookback.ask")[-3:]
    assert [each["entries"] for each in asked] == [4, 4, 2]
    assert [each["from_seq"] for each in asked[1:]] == [each["to_seq"] + 1 for each in asked[:-1]]


def test_a_death_after_telling_and_before_the_note_of_it_tells_nothing_twice(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [digest() for _ in range(3)]
    for number, value in enumerate(values):
        room.scans(value, f"post-{number}")
    room.gains(*values)

    class Death(Exception):
        """The process ends here."""

    def dies(*_: Any, **__: Any) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(rows, "advance", dies)
        with pytest.raises(Death):
            replace(room.here, told_at_once=2).run_part()
    assert len(room.safehold.sql("select 1 from lookback_match")) == 3
    assert sorted(room.found()) == ["post-0", "post-1", "post-2"]
    assert len(room.safehold.sql("select 1 from event where kind = 'lookback_matched'")) == 3
    assert not room.here.run_part()


def test_an_entry_waits_until_scans_that_began_before_it_have_ended(room: Room) -> None:
    value, kept = digest(), room.kept
    room.gains(value)
    assert not lookback.of(room.program).run_part(), "it was committed a moment ago"
    # As a scan leaves it that asked the lists just before the entry came, and ends now.
    kept.keep("uploads", room.clock().date(), "post-1", [bytes.fromhex(value)])
    kept.flush()
    assert room.found() == ["post-1"]


def test_an_entry_that_was_withdrawn_before_the_look_finds_nothing(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.gains(value)
    [entry] = room.safehold.sql("select id from entry order by added_seq desc limit 1")
    withdrawal = Withdrawal(
        reason="source_error", actor=TESTER, record=room.program.recorder.record, clock=room.clock
    )
    with room.program.database.begin() as tx:
        withdrawal.entries(tx, "northland", [EntryId(entry.id)])
    room.steps()
    assert room.found() == []


def test_a_list_that_the_growth_guard_holds_up_looks_back_on_nothing(room: Room) -> None:
    value = digest()
    room.scans(value)
    program = room.program
    file = room.safehold.folder / "poisoned.jsonl"
    lines = [value, *(digest() for _ in range(1001))]
    file.write_text("".join(f'{{"signal_type": "pdq", "value": "{line}"}}\n' for line in lines))

    def imported(accepted: frozenset[Doubt]) -> None:
        FileImport(
            database=program.database,
            kinds=program.kinds,
            actor=TESTER,
            record=program.recorder.record,
            clock=program.clock,
        ).run("northland", file, strict=True, accepted=accepted)
        room.steps()

    with pytest.raises(DoubtfulImport):
        imported(frozenset())
    assert room.found() == []
    imported(frozenset({Doubt.GROWTH}))
    assert room.found() == ["post-1"], "a person has accepted it"


def test_a_list_that_may_not_hold_looks_back_on_nothing(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.safehold.add_list("unvetted", (), purpose=Purpose.CSAM, may_hold=False)
    room.gains(value, to="unvetted")
    assert room.found() == []


def test_a_test_list_looks_back_on_rehearsal_surfaces_alone(room: Room) -> None:
    value = digest()
    room.scans(value, "real")
    room.scans(value, "practised", surface="practice")
    room.safehold.add_list("drill", (), purpose=Purpose.TEST)
    room.gains(value, to="drill")
    assert room.found() == ["practised"]


def test_a_day_whose_term_is_over_never_answers_swept_or_not(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.scans(value, "longer", surface="avatars")
    room.clock.ahead = timedelta(days=7)
    room.gains(value)
    assert room.found() == ["longer"]


def test_days_are_destroyed_with_their_term_and_that_is_on_record_with_counts(room: Room) -> None:
    room.scans(digest())
    room.scans(digest(), "post-2")
    room.clock.ahead = timedelta(days=6)
    lookback.sweep(room.program)
    assert len(room.kept.days()) == 1
    room.clock.ahead = timedelta(days=7)
    lookback.sweep(room.program)
    assert room.kept.days() == []
    assert not list(room.program.home.lookback.rglob("*.segment"))
    [said] = room.audited("lookback.destroy")
    assert {**said, "store": ""} == {"days": 1, "signals": 2, "reason": "term", "store": ""}


def test_a_surface_that_is_turned_off_has_its_days_destroyed_and_answers_no_more(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.scans(value, "other", surface="avatars")
    surfaces = dict(room.program.scanner.surfaces)
    surfaces["uploads"] = replace(surfaces["uploads"], lookback=None)
    off = replace(room.here, surfaces=surfaces)
    room.gains(value)
    assert off.run_part()
    assert [row.reference for row in room.safehold.sql("select reference from lookback_match")] == ["other"]
    off.sweep()
    assert [day.surface for day in room.kept.days()] == ["avatars"]
    assert [each["reason"] for each in room.audited("lookback.destroy")] == ["off"]


def test_a_basis_that_has_lapsed_keeps_nothing_and_has_what_was_kept_destroyed(room: Room) -> None:
    room.scans(digest())
    surfaces = dict(room.program.scanner.surfaces)
    kept_by = surfaces["uploads"].lookback
    assert kept_by is not None
    surfaces["uploads"] = replace(
        surfaces["uploads"], lookback=replace(kept_by, expires_at=room.clock() - timedelta(seconds=1))
    )
    replace(room.here, surfaces=surfaces).sweep()
    assert room.kept.days() == []


def test_a_host_that_keeps_nothing_any_more_is_asked_no_more(room: Room) -> None:
    room.scans(digest())
    replace(room.here, surfaces={}).sweep()
    assert room.safehold.sql("select 1 from lookback_store") == []
    room.gains(digest())
    assert room.safehold.sql("select 1 from lookback_task") == []


def test_references_are_forgotten_with_their_day_in_the_records_too(room: Room) -> None:
    value = digest()
    room.scans(value)
    room.gains(value)
    assert room.found() == ["post-1"]
    room.clock.ahead = timedelta(days=7)
    lookback.sweep(room.program)
    assert room.safehold.sql("select 1 from lookback_match") == []
    for table in room.safehold.counts():
        named = f"select 1 from {table} as t where t::text like '%%post-1%%'"
        assert room.safehold.sql(named) == [], f"{table} still names the upload"


def test_few_are_on_record_like_none_and_many_by_their_number(room: Room) -> None:
    near = digest()
    room.scans(digest(), "far")
    room.gains(digest())
    room.found()
    for number in range(4):
        room.scans(near, f"post-{number}")
    room.gains(near)
    assert len(room.found()) == 4
    more = digest()
    for number in range(5):
        room.scans(more, f"other-{number}")
    room.gains(more)
    room.found()
    assert [each["references"] for each in room.audited("lookback.ask")][-3:] == [
        "fewer than 5",
        "fewer than 5",
        5,
    ]


def test_a_damaged_day_alarms_a_person_and_the_others_answer(room: Room) -> None:
    value = digest()
    room.scans(value, "yesterday")
    room.clock.ahead = timedelta(days=1)
    room.here.kept.seal(today=room.clock().date())
    [segment] = list(room.program.home.lookback.rglob("*.segment"))
    spoilt = bytearray(segment.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    segment.write_bytes(spoilt)
    room.scans(value, "today")
    room.gains(value)
    assert room.found() == ["today"]
    [alarm] = room.safehold.sql("select code from alarm")
    assert alarm.code == "lookback_damaged"


def test_a_full_disk_costs_the_signals_and_never_the_answer(room: Room) -> None:
    folder = room.program.home.lookback / "uploads"
    for day in room.kept.days():
        day.destroy()
    if folder.exists():
        folder.rmdir()
    folder.write_text("in the way, as a disk that takes nothing is")
    before = room.program.scanner.kept.lost
    try:
        assert room.scans(digest()).result is ScanResult.CLEAR
    finally:
        folder.unlink()
    assert room.program.scanner.kept.lost == before + 1


def test_the_doctor_says_what_is_kept_and_warns_where_a_host_fell_silent(room: Room) -> None:
    def told(**later: float) -> str:
        with room.program.database.begin() as tx:
            return lookback.state(room.program.settings, tx, now=room.clock() + timedelta(**later))

    lookback.sweep(room.program)
    assert (
        told() == "kept: avatars 30 days, practice 7 days, uploads 7 days; 1 hosts, 0 changes of lists to ask"
    )
    room.gains(digest())
    assert told().endswith("1 changes of lists to ask")
    with pytest.raises(Unavailable, match="1 have entries waiting for an hour"):
        told(hours=1, minutes=1)
    with pytest.raises(Unavailable, match="1 of 1 hosts"):
        told(days=1, minutes=1)


def test_the_worker_has_schedules_of_its_own_host_alone_where_something_is_kept(room: Room) -> None:
    names = [each.name for each in wiring.schedules(room.program)]
    own = [name for name in names if name.startswith(("look-back", "kept days"))]
    assert own == [f"look-back {room.here.store_id}", f"kept days {room.here.store_id}"]
    off = room.program.settings.model_copy(update={"surfaces": {}})
    elsewhere = replace(room.program.home, lookback=room.program.home.folder / "nothing")
    without = wiring.schedules(replace(room.program, settings=off, home=elsewhere))
    assert not [each.name for each in without if "look" in each.name or "kept" in each.name]
    turned_off = wiring.schedules(replace(room.program, settings=off))
    assert [each.name for each in turned_off] == names, "its days are still there"


@dataclass(frozen=True, slots=True)
class As:
    """The records, as one of the roles reaches them."""

    room: Room
    role: str

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        with self.room.program.database.begin() as tx:
            tx.run(sa.text(f"set local role {self.role}"))
            yield tx


def test_each_role_may_do_its_part_and_the_api_reads_nothing_that_was_found(room: Room) -> None:
    worker, api = As(room, WORKER), As(room, API)
    with api.begin() as tx:
        look_back.open_store(tx, StoreId(uuid4()), now=room.clock() - timedelta(days=32))
    value = digest()
    room.scans(value)
    room.gains(value, digest())
    here = replace(room.here, database=worker)
    assert here.run() == 1
    assert here.sweep() == []
    with worker.begin() as tx:
        [found] = rows.known(tx, *_list_and_day(room))
        assert look_back.close_silent_stores(tx, now=room.clock()) == 1
    assert found == ("uploads", "post-1")
    room.clock.ahead = timedelta(days=7)
    assert len(here.sweep()) == 1
    with pytest.raises(ProgrammingError, match="permission denied"), api.begin() as tx:
        rows.match(tx, LookbackId(uuid4()))


def _list_and_day(room: Room) -> tuple[ListId, date]:
    [row] = room.safehold.sql("select list_id, found_on from lookback_match")
    return ListId(row.list_id), row.found_on
