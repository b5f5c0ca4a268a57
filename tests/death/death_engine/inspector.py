"""The invariants: what must be so after any death, asked of the records, the store and the disk themselves.

The records are read as their owner, past every role and every query of the product. Each question returns
what is wrong, in words; nothing wrong is an empty list.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from death_engine.lives import PATIENCE, open_files, process_table
from death_engine.platform_side import Answers, Scanned, digest, fragments
from safehold.app.audit import verify
from safehold.app.home import open_home
from safehold.model.ids import ObjectId
from safehold.storage.database import Database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.running import settings_of
from safehold.vault.sealing import open_

DATABASE = "safehold"

# Each names what is half: a row without the others that were to be written with it.
HALF = {
    "an item without context": """
        select i.id from item i left join item_context c on c.item_id = i.id
        where c.item_id is null and not exists (select 1 from destruction d where d.media_id = i.media_id)""",
    "an item without its audit record": """
        select id from item where not exists (
            select 1 from audit_record where object = 'item:' || item.id and verb = 'scan.keep')""",
    "an item without an event": """
        select id from item where not exists (
            select 1 from event where item_id = item.id and kind in ('item_matched', 'item_flagged'))""",
    "a hold answered and not placed": """
        select id from item where result = 'hold'
        and not exists (select 1 from hold where item_id = item.id)""",
    "media of an item that is neither sealed nor destroyed nor alarmed about": """
        select i.id from item i where i.media_id is not null
        and not exists (select 1 from sealed_object s where s.media_id = i.media_id)
        and not exists (select 1 from alarm a where a.code = 'custody_failed'
                        and a.subject = 'item:' || i.id)""",
    "a sealed object that lives without a key": """
        select id from sealed_object s where destroyed_at is null
        and not exists (select 1 from wrapped_key where object_id = s.id)""",
    "a key of a destroyed object": """
        select s.id from sealed_object s join wrapped_key k on k.object_id = s.id
        where s.destroyed_at is not null""",
    "a destroyed object that the ledger does not name": """
        select id from sealed_object s where destroyed_at is not null
        and not exists (select 1 from destruction where object_id = s.id)""",
    "a ledger line whose object lives": """
        select s.id from sealed_object s join destruction d on d.object_id = s.id
        where s.destroyed_at is null""",
    "one media with two live originals": """
        select media_id from sealed_object where destroyed_at is null and role = 'original'
        group by 1 having count(*) > 1""",
    "sealed media without retention": """
        select s.id from sealed_object s where destroyed_at is null
        and not exists (select 1 from retention r where r.media_id = s.media_id)""",
    "an item with more than one hold": "select item_id from hold group by 1 having count(*) > 1",
    "an item with two events of its arrival": """
        select item_id from event where kind in ('item_matched', 'item_flagged')
        group by item_id, kind, fields->>'purpose' having count(*) > 1""",
    "an event without its steps": """
        select id from event e where kind in ('item_matched', 'item_flagged', 'assessment_filed',
            'item_confirmed', 'item_cleared', 'item_preserved', 'proposal_approved')
        and not exists (select 1 from step where event_id = e.id)""",
    "an alarm about a step that is not stuck": """
        select a.id from alarm a where code = 'step_stuck' and cleared_at is null
        and not exists (select 1 from step where 'step:' || id = a.subject and state = 'stuck')""",
}

# True only when everything that follows has been done.
UNDONE = {
    "a step that waits": "select id from step where state = 'waiting'",
    "a job of a step that has ended": "select id from procrastinate_jobs where status in ('todo', 'doing')",
    "a message that waits": "select id from delivery where state = 'waiting'",
}
HALF_WHEN_ALL_IS_DONE = {
    "a stuck step": "select id, name, error_code from step where state = 'stuck'",
    "an item that is not in exactly one case": """
        select i.id from item i left join case_item c on c.item_id = i.id
        group by 1 having count(c.case_id) <> 1""",
    "an assessed item without exactly one outcome": """
        select a.item_id from assessment a left join outcome o on o.item_id = a.item_id
        group by 1 having count(distinct o.id) <> 1""",
    "an item with two assessments": "select item_id from assessment group by 1 having count(*) > 1",
    "a hold that stands although the item was cleared": """
        select h.item_id from hold h join outcome o on o.item_id = h.item_id
        where o.finding = 'not_illegal' and h.released_at is null""",
    "a hold that was released although nobody cleared the item": """
        select h.item_id from hold h where released_at is not null and not exists (
            select 1 from outcome o where o.item_id = h.item_id and o.finding = 'not_illegal')""",
    "a confirmed item whose removal nobody was told of": """
        select o.item_id from outcome o where o.finding = 'illegal' and not exists (
            select 1 from delivery d where d.item_id = o.item_id and d.kind = 'proposal_approved'
            and d.state = 'delivered')""",
    "two messages of one event": """
        select event_id from delivery group by event_id, destination having count(*) > 1""",
    "a record off the chain": """
        select id from audit_record r where not exists (
            select 1 from audit_link where record_id = r.id)""",
}


class Inspector:
    """Looks at one data folder. It holds nothing open between two questions, and starts nothing."""

    def __init__(self, data_folder: Path, answers: Answers, *, searched: Iterable[Path]) -> None:
        self._folder, self._answers = data_folder, answers
        self.vault = data_folder / "vault"
        self._server = EmbeddedServer(data_folder / "postgres")
        self._searched = [data_folder, *searched]

    def connected(self) -> psycopg.Connection[Any]:
        """Connect, outside any transaction, as soon as the database has come back from a death."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return psycopg.connect(self._server.conninfo(DATABASE), autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement as the owner and return its rows. Raises psycopg.Error."""
        with self.connected() as connection:
            cursor = connection.execute(statement, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def half(self, questions: dict[str, str]) -> list[str]:
        """Ask each; return those that have an answer, with the first few ids."""
        wrong = []
        with self.connected() as connection:
            for what, statement in questions.items():
                found = connection.execute(statement).fetchall()  # type: ignore[arg-type]
                if found:
                    wrong.append(f"{what}: {len(found)}, first {[str(part) for part in found[0]]}")
        return wrong

    def after_a_death(self) -> list[str]:
        """What must be so at any moment, whatever is going on: nothing answered is lost, nothing is half."""
        return [*self._answers.wrong, *self.half(HALF), *self.lost()]

    def lost(self) -> list[str]:
        """Name what was answered with an item, or as assessed, and is not on record."""
        items = self._answers.items()
        known = {str(row[0]): row[1] for row in self.rows("select id, result from item")}
        wrong = [
            f"item {item} was answered {one.result} and is on record as {known.get(item)}"
            for item, one in items.items()
            if known.get(item) != one.result
        ]
        assessed = {str(row[0]) for row in self.rows("select item_id from assessment")}
        wrong += [
            f"the assessment of {one.item_id} was answered and is lost"
            for one in self._answers.assessed
            if one.item_id not in assessed
        ]
        looks = {str(row[0]) for row in self.rows("select id from reveal")}
        wrong += [
            f"the look {one} was granted and is lost" for one in self._answers.reveals if one not in looks
        ]
        return wrong + self._twice(items)

    def _twice(self, items: dict[str, Scanned]) -> list[str]:
        """Name uploads under an Idempotency-Key of which there are two items."""
        keyed = {one.content_id for one in items.values() if one.idempotency_key}
        by_content = self.rows("select content_id, count(*) from item_context group by 1 having count(*) > 1")
        return [f"{content} was kept {times} times" for content, times in by_content if content in keyed]

    def when_all_is_done(self) -> list[str]:
        """What must be so when everything that follows has been done, besides what must always be so."""
        return [
            *self.after_a_death(),
            *self.half(HALF_WHEN_ALL_IS_DONE),
            *self._other_outcomes(),
            *self.unopenable(),
            *self.chain(),
        ]

    def undone(self) -> list[str]:
        """Name what is still to be done."""
        return self.half(UNDONE)

    def _other_outcomes(self) -> list[str]:
        found = {str(item): finding for item, finding in self.rows("select item_id, finding from outcome")}
        wanted = {one.item_id: "illegal" if one.confirms else "not_illegal" for one in self._answers.assessed}
        return [
            f"{item} was assessed as {finding} and settled as {found.get(item)}"
            for item, finding in wanted.items()
            if found.get(item) != finding
        ]

    def unopenable(self) -> list[str]:
        """Open everything that is sealed and not destroyed; name what gives back other bytes."""
        ring = open_home(settings_of(self._folder, None)).opening_keys()
        sent = {digest(one): one for one in self._answers.sent}
        wrong = []
        live = self.rows(
            "select s.id, s.role, k.wrapped, m.sha256 from sealed_object s"
            " join wrapped_key k on k.object_id = s.id join media m on m.id = s.media_id"
            " where s.destroyed_at is null"
        )
        for object_id, role, wrapped, sha256 in live:
            try:
                sealed = self.path_of(object_id).read_bytes()
                key = ring.key_for(bytes(wrapped), ObjectId(object_id))
                opened = open_(sealed, bytes(wrapped), key, object_id=ObjectId(object_id))
            except Exception as error:  # noqa: BLE001 - whatever it is, the object is lost
                wrong.append(f"{role} {object_id} does not open: {type(error).__name__}")
                continue
            if role == "original" and opened != sent.get(bytes(sha256)):
                wrong.append(f"{role} {object_id} gives back other bytes")
        return wrong

    def path_of(self, object_id: Any) -> Path:
        """Where an object's ciphertext lies."""
        return self.vault / "objects" / object_id.hex[-2:] / str(object_id)

    def ciphertext(self) -> dict[str, Path]:
        """Return every object that lies in the store, by its id."""
        return {path.name: path for path in (self.vault / "objects").glob("*/*")}

    def strangers(self) -> list[str]:
        """Name ciphertext that nothing live on record belongs to."""
        live = {str(row[0]) for row in self.rows("select id from sealed_object where destroyed_at is null")}
        return [f"ciphertext without a key: {name}" for name in self.ciphertext() if name not in live]

    def chain(self) -> list[str]:
        """Verify the audit log from its first record."""
        database = Database(self._server.url(DATABASE))
        try:
            found = verify.verify(database)
        finally:
            database.close()
        return [f"the audit log at {one.seq}: {one.what}" for one in found.breaks]

    def counted(self) -> int:
        """Return how many scans the counters know of."""
        return int(self.rows("select coalesce(sum(scans), 0) from scan_counter")[0][0])

    def in_the_open(self, *, records_too: bool) -> list[str]:
        """Search the disk for pieces of what was uploaded. records_too: the database's own files as well."""
        wanted = Pieces(self._answers.sent)
        cluster = self._folder / "postgres" / "cluster"
        found = []
        for folder in self._searched:
            for path in folder.rglob("*"):
                if not path.is_file() or (not records_too and cluster in path.parents):
                    continue
                with suppress(OSError):
                    found += wanted.told_of(path, path.read_bytes())
        return found

    def open_in_the_open(self, pids: list[int]) -> list[str]:
        """Search what these processes have open on a disk, files without a name included."""
        wanted = Pieces(self._answers.sent)
        found = []
        for handle, leads_to in open_files(pids):
            with suppress(OSError):
                if handle.stat().st_size and not leads_to.endswith((".pyc", ".so", ".py")):
                    found += wanted.told_of(leads_to, handle.read_bytes())
        return found

    def age(self, *, days: int = 100) -> int:
        """Let all media of today be as old as this, so that the sweep finds it due; return how much it is."""
        aged = self.rows(
            "with old as (update item set received_at = received_at - make_interval(days => %s)"
            " where received_at > now() - interval '1 day' and media_id is not null"
            " and not exists (select 1 from outcome o where o.item_id = item.id) returning media_id)"
            " update retention r set destroy_at = destroy_at - make_interval(days => %s),"
            " alarm_at = alarm_at - make_interval(days => %s), since = since - make_interval(days => %s)"
            " from old where old.media_id = r.media_id and r.destroy_at is not null returning r.media_id",
            days, days, days, days,
        )  # fmt: skip
        return len(aged)

    def age_ciphertext(self) -> None:
        """Let everything in the store be two hours old, so that the sweep looks at it."""
        for path in self.ciphertext().values():
            with suppress(OSError):
                written = path.stat().st_mtime - 7200
                os.utime(path, (written, written))

    def servers(self) -> list[int]:
        """Return the database servers that run in this data folder; two would be one too many."""
        cluster = str(self._folder / "postgres" / "cluster")
        return [
            pid
            for pid, seen in process_table().items()
            if cluster in seen.command.split(" ") and seen.command.split(" ")[0].endswith("/postgres")
        ]

    def backends(self) -> list[int]:
        """Return the database server's children that serve a connection to our database.

        Not its own: when one of those dies while the server recovers from another's death, PostgreSQL 18.4
        by itself often waits for ever, until somebody kills it as a whole.
        """
        of = set(self.servers())
        ours = f" {DATABASE} [local]"
        return sorted(
            pid for pid, seen in process_table().items() if seen.parent in of and ours in seen.command
        )

    def everything_of_the_server(self) -> list[int]:
        """Return the database server and all of its children."""
        of = set(self.servers())
        return sorted(of | {pid for pid, seen in process_table().items() if seen.parent in of})


class Pieces:
    """Pieces of many files, looked for in one pass: hundreds of searches of a whole database take long."""

    def __init__(self, files: Iterable[bytes]) -> None:
        self._pieces = {piece for file in files for piece in fragments(file)}
        self._lengths = {len(piece) for piece in self._pieces}
        self._first, self._second = (self._pairs_at(place) for place in (0, 2))

    def _pairs_at(self, place: int) -> np.ndarray[Any, Any]:
        """Return for every two bytes whether a piece has them there."""
        known = np.zeros(1 << 16, dtype=bool)
        known[[int.from_bytes(piece[place : place + 2], "little") for piece in self._pieces]] = True
        return known

    def told_of(self, where: object, data: bytes) -> list[str]:
        """Say that one of them lies in this data, if one does."""
        seen = np.frombuffer(data, dtype=np.uint8).astype(np.uint16)
        pairs = seen[:-1] | seen[1:] << 8
        places = np.flatnonzero(self._first[pairs[:-2]])
        places = places[self._second[pairs[places + 2]]]
        found = any(
            data[at : at + length] in self._pieces for at in places.tolist() for length in self._lengths
        )
        return [f"plain media lies in {where}"] if found else []
