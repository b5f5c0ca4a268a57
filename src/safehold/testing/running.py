"""The real program in a test: lists of painted pictures, surfaces, keys, people, a webhook receiver.

This room does not know the web: a test that wants HTTP hands in `safehold.web.server.served`.
"""

from __future__ import annotations

import io
import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from PIL import Image

from safehold.app import console_view, given_up, wiring
from safehold.app.access import keys, sessions, users
from safehold.app.audit.sequencer import sequence
from safehold.app.console_view import Ticket
from safehold.app.operator import set_up
from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.evidence import reading
from safehold.lists import ledger
from safehold.lists.file_import import FileImport
from safehold.model.assessment import AgeBand, Category, Finding, ImageryForm, Tier
from safehold.model.clock import Clock, utc_now
from safehold.model.hash_list import Purpose
from safehold.model.ids import AssessmentId, CaseId, ItemId, SessionId
from safehold.model.permissions import SCOPES, Actor, Permission, Role, permissions_of
from safehold.review import assess, cases, viewing
from safehold.review.viewing import ViewLimits
from safehold.signals.digests import digest_bytes
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole
from safehold.testing.jobs import RanStep, run_all_steps
from safehold.testing.pictures import landscape
from safehold.testing.platform import Platform
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

__all__ = ["Installation", "installation", "set_up", "settings_of", "webhook_to"]

Serve = Callable[[Program, frozenset[str]], AbstractContextManager[str]]
"""Serves an open program and yields its base URL: `safehold.web.server.served`."""

TESTER = Actor(permissions=frozenset(Permission), system="tests")
LIST = "painted"
LISTED = (1, 2, 3, 4)
"""Seeds of the landscapes that are on the list."""

SURFACES: dict[str, Any] = {
    "rehearsal": {"rehearsal": True},
    "public": {},
    "live": {"rehearsal": True, "live": True},
    "public_retries": {"on_incomplete": {"list_stale": "publish", "*": "retry"}},
    "private": {
        "visibility": "private",
        "regions": ["north", "south"],
        "legal_bases": [{"region": "north", "name": "the law of the north"}],
    },
    "private_without_basis": {"visibility": "private", "regions": ["north"]},
}


class MovableClock:
    """A clock that goes as usual, moved ahead as far as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the present instant as this clock has it, aware and in UTC."""
        return utc_now() + self.ahead


def new_secret() -> str:
    """Return a signing secret for webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(24)).decode()


def settings_of(folder: Path, database_url: str | None, **sections: Any) -> Settings:
    """Return settings with the surfaces above. database_url: None for an embedded server in the folder."""
    values = {"data_folder": str(folder), "surfaces": SURFACES, "database": {"url": database_url}}
    return Settings.model_validate(values | sections)


def webhook_to(receiver: WebhookReceiver, secret: str) -> dict[str, Any]:
    """Return the settings of a destination that leads to this receiver."""
    permitted = [f"127.0.0.1:{receiver.port}"]
    return {"url": receiver.url, "secrets": [secret], "enabled": True, "permitted_networks": permitted}


def encoded(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file's bytes."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


@cache
def picture(seed: int) -> bytes:
    """Return a landscape as a PNG file's bytes."""
    return encoded(landscape(seed))


@cache
def altered_copy(seed: int) -> bytes:
    """Return a copy of a landscape that shares no digest with it: smaller, and a JPEG."""
    return encoded(landscape(seed).resize((512, 384)), "JPEG", quality=85)


@dataclass(frozen=True, slots=True)
class Installation:
    """A running program and what a test does with it. base_url: "" where nothing is served."""

    program: Program
    base_url: str
    folder: Path

    def key(self, *scopes: Permission) -> str:
        """Make an API key; without scopes it has all of them."""
        with self.program.database.begin() as tx:
            granted = frozenset(scopes) or SCOPES
            return keys.add_key(
                tx, name="test platform", scopes=granted, actor=TESTER, now=self.program.clock()
            )

    def platform(self, *scopes: Permission) -> Platform:
        """Return a platform with a new key; without scopes it has all of them."""
        return Platform(self.base_url, self.key(*scopes))

    def analyst(self, name: str = "analyst", *roles: Role) -> Actor:
        """Add a person, an analyst unless roles are given, and return them as an actor."""
        granted = frozenset(roles) or frozenset({Role.ANALYST})
        with self.program.database.begin() as tx:
            user_id = users.add_user(
                tx,
                name=name,
                password=secrets.token_urlsafe(16),
                roles=granted,
                actor=TESTER,
                now=self.program.clock(),
            )
        return Actor(permissions=permissions_of(granted), user_id=user_id)

    def session(self, person: Actor) -> SessionId:
        """Open a session for a person, as a sign-in does, and return its id."""
        program, now = self.program, self.program.clock()
        with program.database.begin() as tx:
            found = next(user for user in users.list_users(tx) if user.id == person.user_id)
            token = sessions.open_session(
                tx, found, client="tests", must_enrol=False, lasts=timedelta(hours=1), now=now
            )
            signed_in = sessions.resume(tx, program.gate, token, now=now)
        assert signed_in is not None
        return signed_in.session_id

    def ticket(
        self, item_id: str, tier: Tier, *, by: Actor, session_id: SessionId, limits: ViewLimits | None = None
    ) -> Ticket:
        """Let an analyst take the item's case and ask to see it; return what fetches the picture."""
        case_id, now = self.case_of(item_id), self.program.clock()
        with self.program.database.begin() as tx:
            cases.take(tx, case_id, by.analyst(), now)
        return console_view.ask_to_see(
            self.program.database,
            case_id,
            _item(self, item_id),
            tier,
            actor=by,
            session_id=session_id,
            limits=limits or ViewLimits(),
            exposure=self.program.settings.exposure.rules(),
            now=now,
        )

    def add_list(
        self,
        name: str = LIST,
        seeds: Iterable[int] = LISTED,
        *,
        purpose: Purpose = Purpose.TEST,
        may_hold: bool = True,
        stale_after_seconds: int | None = None,
        exact: Sequence[bytes] = (),
    ) -> None:
        """Declare a list with the PDQ of these landscapes and the SHA-256 of these bytes."""
        wanted = ledger.NewList(
            name=name,
            purpose=purpose,
            may_hold=may_hold,
            vetted=True,
            provenance="Painted for tests",
            stale_after_seconds=stale_after_seconds,
        )
        with self.program.database.begin() as tx:
            ledger.add_list(tx, wanted, actor=TESTER, now=self.program.clock())
        lines = [
            {"signal_type": "pdq", "value": _listed_pdq(self.program.scanner.decoders, seed)}
            for seed in seeds
        ]
        lines += [{"signal_type": "sha256", "value": digest_bytes(data)[2].text} for data in exact]
        if lines:
            self.load(name, lines)

    def load(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Load lines of a list file into a list."""
        file = self.folder / f"{name}.jsonl"
        category = {"category": "A"}
        file.write_text("".join(json.dumps({**category, **line}) + "\n" for line in lines))
        program = self.program
        FileImport(
            database=program.database,
            kinds=program.kinds,
            actor=TESTER,
            record=program.recorder.record,
            clock=program.clock,
        ).run(name, file, strict=True)

    def run_steps(self) -> list[RanStep]:
        """Run every step that waits, and those that they cause, as a worker would."""
        program = self.program
        return run_all_steps(program.database, program.recorder, wiring.handlers(program))

    def deliver(self) -> None:
        """Send the webhooks that are due, and put the audit records on their chain."""
        given_up.deliver_webhooks(self.program)
        sequence(self.program.database, now=self.program.clock())

    def case_of(self, item_id: str) -> CaseId:
        """Return the case in which an item was put last."""
        [*_, row] = self.sql(
            "select case_id from case_item where item_id = %(id)s order by case_id", id=item_id
        )
        return CaseId(row.case_id)

    def assess(
        self, item_id: str, finding: Finding, *, by: Actor, having_looked: bool = False
    ) -> AssessmentId:
        """Let an analyst take the item's case and file what they found; the steps still wait.

        They have looked at it clearly, where there is something to look at, before they say it is nothing;
        having_looked: before they confirm it as well, as it takes where no list knows it.
        """
        case_id, now = self.case_of(item_id), self.program.clock()
        confirms = finding is Finding.ILLEGAL
        form = ImageryForm(
            finding=finding,
            category=Category.A if confirms else None,
            age_band=AgeBand.FROM_7_TO_10 if confirms else AgeBand.UNKNOWN,
        )
        with self.program.database.begin() as tx:
            taken = cases.take(tx, case_id, by.analyst(), now)
            if having_looked or not confirms:
                self._looks(tx, case_id, _item(self, item_id), by, now)
            return assess.file_assessment(
                tx,
                case_id,
                _item(self, item_id),
                form,
                by=by.analyst(),
                policy_version="tests",
                case_revision=taken.revision,
                record=self.program.recorder.record,
                now=now,
            )

    def _looks(self, tx: Tx, case_id: CaseId, item_id: ItemId, by: Actor, now: datetime) -> None:
        if evidence_rows.media_of_item(tx, item_id) is None:
            return
        opened = viewing.open_reveal(
            tx, case_id, item_id, Tier.CLEAR, by=by.analyst(), now=now, limits=ViewLimits(), own_request=True
        )
        viewing.mark_fetched(tx, opened.id, by=by.analyst(), now=now)

    def open_sealed(self, item_id: str) -> bytes:
        """Return the bytes that were sealed for an item. Raises ErasedEvidence once they are destroyed."""
        home = self.program.home
        with self.program.database.begin() as tx:
            media_id = evidence_rows.media_of_item(tx, _item(self, item_id))
            assert media_id is not None, "the item came without bytes"
            found = reading.find(tx, media_id, ObjectRole.ORIGINAL)
        reader = Reader(CiphertextStore(home.vault), home.opening_keys())
        return reader.open(found.object.id, found.wrapped_key)

    def sql(self, statement: str, **values: Any) -> list[SimpleNamespace]:
        """Run one statement with %(named)s values and return its rows, none where it has none."""
        with self.program.database.begin() as tx:
            cursor = tx.driver.execute(cast("Any", statement), values or None)
            names = [column.name for column in cursor.description or ()]
            return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor] if names else []

    def counts(self) -> dict[str, int]:
        """Return how many rows each of our tables holds, those without rows left out."""
        tables = self.sql(
            "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
        )
        counted = {row.tablename: self.sql(f"select count(*) as n from {row.tablename}") for row in tables}  # noqa: S608
        return {name: rows[0].n for name, rows in counted.items() if rows[0].n}


_pdq_by_seed: dict[int, str] = {}


def _listed_pdq(decoders: DecoderPool, seed: int) -> str:
    if seed not in _pdq_by_seed:
        _pdq_by_seed[seed] = decoders.examine(picture(seed)).signals[0].text
    return _pdq_by_seed[seed]


def _item(installation: Installation, item_id: str) -> ItemId:
    [row] = installation.sql("select id from item where id = %(id)s", id=item_id)
    return ItemId(row.id)


@contextmanager
def installation(
    settings: Settings,
    *,
    serve: Serve | None = None,
    surfaces: frozenset[str] = frozenset({"api", "console"}),
    clock: Clock = utc_now,
    content_permitted: PermittedNetworks = NONE,
) -> Iterator[Installation]:
    """Open the program and, where `serve` is given, answer on a free port of this machine.

    content_permitted: what addresses in content may reach besides the public internet.
    """
    with open_program(
        settings, surfaces=surfaces, clock=clock, content_permitted=content_permitted
    ) as program:
        folder = settings.data_folder.parent
        if serve is None:
            yield Installation(program, "", folder)
            return
        with serve(program, surfaces) as base_url:
            yield Installation(program, base_url, folder)
