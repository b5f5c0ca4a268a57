"""Words that help, one row for each text: who wrote it, when it was checked, and who approved it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.help_text import HelpKind, HelpStatus, HelpText, Option, Words, Written
from safehold.model.ids import HelpTextId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, one_of, owned_by, writes

help_text = sa.Table(
    "help_text",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("jurisdiction", sa.Text, nullable=False),
    sa.Column("words", Json, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("checked_on", sa.Date, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
    sa.Column("reviewed_by_role", sa.Text),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", Instant),
    one_of("kind", HelpKind),
    one_of("status", HelpStatus),
    # Nothing is approved by nobody.
    sa.CheckConstraint(
        "status <> 'approved' or (length(btrim(coalesce(reviewed_by_role, ''))) > 0"
        " and decided_by is not null and decided_at is not null)",
        name="approved_by_somebody",
    ),
    sa.CheckConstraint("length(btrim(source)) > 0", name="has_a_source"),
    sa.Index(
        "uq_help_text_draft",
        "kind",
        "name",
        "audience",
        "language",
        "jurisdiction",
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    ),
    sa.Index(
        "uq_help_text_approved",
        "kind",
        "name",
        "audience",
        "language",
        "jurisdiction",
        unique=True,
        postgresql_where=sa.text("status = 'approved'"),
    ),
)

owned_by("prevent", help_text)

_STANDING = (HelpStatus.DRAFT.value, HelpStatus.APPROVED.value)


@writes(help_text)
def add(tx: Tx, written: Written, *, now: datetime) -> HelpTextId:
    """Keep a text as a draft and return its id. The draft of the same place that was there is replaced."""
    _end(tx, written, HelpStatus.DRAFT)
    text_id = HelpTextId(new_id())
    values = {
        "id": text_id,
        "kind": written.kind.value,
        "name": written.name,
        "audience": written.audience,
        "language": written.language,
        "jurisdiction": written.jurisdiction,
        "words": _words(written.words),
        "source": written.source,
        "checked_on": written.checked_on,
        "status": HelpStatus.DRAFT.value,
        "loaded_at": now,
    }
    tx.run(help_text.insert().values(values))
    return text_id


@writes(help_text)
def approve(tx: Tx, text: HelpText, *, role: str, checked_on: date, by: str, now: datetime) -> None:
    """Approve a draft. What was approved in its place is replaced."""
    _end(tx, text.written, HelpStatus.APPROVED)
    values = {
        "status": HelpStatus.APPROVED.value,
        "reviewed_by_role": role,
        "checked_on": checked_on,
        "decided_by": by,
        "decided_at": now,
    }
    tx.run(help_text.update().where(help_text.c.id == text.id).values(values))


@writes(help_text)
def withdraw(tx: Tx, text_id: HelpTextId, *, by: str, now: datetime) -> None:
    """Withdraw a text."""
    values = {"status": HelpStatus.WITHDRAWN.value, "decided_by": by, "decided_at": now}
    tx.run(help_text.update().where(help_text.c.id == text_id).values(values))


def _end(tx: Tx, written: Written, status: HelpStatus) -> None:
    place = _place(written)
    values = {"status": HelpStatus.REPLACED.value}
    tx.run(help_text.update().where(place, help_text.c.status == status.value).values(values))


def _place(written: Written) -> sa.ColumnElement[bool]:
    return sa.and_(
        help_text.c.kind == written.kind.value,
        help_text.c.name == written.name,
        help_text.c.audience == written.audience,
        help_text.c.language == written.language,
        help_text.c.jurisdiction == written.jurisdiction,
    )


def get(tx: Tx, text_id: HelpTextId, *, for_change: bool = False) -> HelpText | None:
    """Return a text, None where there is none. for_change: others wait until this transaction ends."""
    statement = sa.select(help_text).where(help_text.c.id == text_id)
    row = tx.run(statement.with_for_update() if for_change else statement).one_or_none()
    return None if row is None else _of_row(row)


def standing(tx: Tx, *, language: str | None = None, kinds: Sequence[HelpKind] = ()) -> list[HelpText]:
    """Return drafts and approved texts, in one order: by language, kind, name, audience; approved first."""
    statement = sa.select(help_text).where(help_text.c.status.in_(_STANDING))
    if language is not None:
        statement = statement.where(help_text.c.language == language)
    if kinds:
        statement = statement.where(help_text.c.kind.in_([kind.value for kind in kinds]))
    order = (
        help_text.c.language,
        help_text.c.kind,
        help_text.c.name,
        help_text.c.audience,
        help_text.c.jurisdiction,
        help_text.c.status,
    )
    return [_of_row(row) for row in tx.run(statement.order_by(*order))]


def _words(words: Words) -> dict[str, Any]:
    return {
        "title": words.title,
        "says": list(words.says),
        "options": [{"id": each.id, "label": each.label} for each in words.options],
        "number": words.number,
    }


def _of_row(row: sa.Row[Any]) -> HelpText:
    words = row.words
    return HelpText(
        id=HelpTextId(row.id),
        written=Written(
            kind=HelpKind(row.kind),
            name=row.name,
            audience=row.audience,
            language=row.language,
            jurisdiction=row.jurisdiction,
            words=Words(
                title=words["title"],
                says=tuple(words["says"]),
                options=tuple(Option(**each) for each in words["options"]),
                number=words["number"],
            ),
            source=row.source,
            checked_on=row.checked_on,
        ),
        status=HelpStatus(row.status),
        loaded_at=row.loaded_at,
        reviewed_by_role=row.reviewed_by_role,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
