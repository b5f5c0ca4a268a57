"""Words that help: loaded as drafts, approved one by one by a person, shown while they are fresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from safehold.model.errors import BadForm, Conflict, NotFound
from safehold.model.help_text import EVERYWHERE, HelpKind, HelpStatus, HelpText, Written
from safehold.model.ids import HelpTextId
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage import help_texts as rows
from safehold.storage.database import Tx

LONGEST_ROLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be shown. drafts: whether drafts are, marked. lasts: how long a text counts as checked."""

    drafts: bool
    lasts: timedelta


def load(tx: Tx, texts: Iterable[Written], *, actor: Actor, now: datetime) -> int:
    """Keep texts as drafts and return how many are new. What says the same as one that stands is left out."""
    said = {_said(each.written) for each in rows.standing(tx)}
    fresh = [each for each in texts if _said(each) not in said]
    for each in fresh:
        rows.add(tx, each, now=now)
    if fresh:
        languages = sorted({each.language for each in fresh})
        _audit(tx, "help.load", "help_text:many", {"texts": len(fresh), "languages": languages}, actor, now)
    return len(fresh)


def everything(tx: Tx) -> list[HelpText]:
    """Return every draft and every approved text."""
    return rows.standing(tx)


def one(tx: Tx, text_id: HelpTextId) -> HelpText:
    """Return a text. Raises NotFound."""
    found = rows.get(tx, text_id)
    if found is None:
        raise NotFound("There is no such text.")
    return found


def approve(tx: Tx, text_id: HelpTextId, *, role: str, checked_on: date, actor: Actor, now: datetime) -> None:
    """Let a draft be shown in production. What was approved in its place is replaced.

    role: of whoever reviewed it, such as child-safety professional. checked_on: the day on which every number
    and name in it was checked. Raises BadForm, NotFound, and Conflict for what is no draft any more.
    """
    actor.require(Permission.SUPPORT_APPROVE)
    role = role.strip()
    if not 3 <= len(role) <= LONGEST_ROLE or "\0" in role:
        raise BadForm("role: in 3 to 100 characters, as what it was reviewed.", field="role")
    if checked_on > now.date():
        raise BadForm("checked_on: a day that has come.", field="checked_on")
    text = _for_change(tx, text_id)
    if text.status is not HelpStatus.DRAFT:
        raise Conflict("This text is no draft any more.")
    rows.approve(tx, text, role=role, checked_on=checked_on, by=actor.label, now=now)
    _audit(tx, "help.approve", f"help_text:{text_id}", _named(text), actor, now)


def withdraw(tx: Tx, text_id: HelpTextId, *, actor: Actor, now: datetime) -> None:
    """Stop showing a text, at once. Raises NotFound, and Conflict for what is not shown any more."""
    actor.require(Permission.SUPPORT_APPROVE)
    text = _for_change(tx, text_id)
    if text.status not in (HelpStatus.DRAFT, HelpStatus.APPROVED):
        raise Conflict("This text is not shown any more.")
    rows.withdraw(tx, text_id, by=actor.label, now=now)
    _audit(tx, "help.withdraw", f"help_text:{text_id}", _named(text), actor, now)


def shown(
    tx: Tx,
    kinds: Sequence[HelpKind],
    *,
    language: str,
    rules: Rules,
    now: datetime,
    jurisdiction: str | None = None,
) -> list[HelpText]:
    """Return the texts that may be shown now, in one order.

    An approved one goes before the draft that is to replace it. An expired one is left out, and nothing takes
    its place. jurisdiction: of help lines; where it is not known, only those that are for everywhere.
    """
    found: dict[tuple[str, ...], HelpText] = {}
    places = {EVERYWHERE, (jurisdiction or EVERYWHERE).upper()}
    for text in rows.standing(tx, language=language, kinds=kinds):
        is_open = text.status is HelpStatus.APPROVED or rules.drafts
        if (
            is_open
            and text.written.jurisdiction in places
            and not text.is_expired(now.date(), lasts=rules.lasts)
        ):
            found.setdefault(_place(text.written), text)
    return list(found.values())


def _for_change(tx: Tx, text_id: HelpTextId) -> HelpText:
    text = rows.get(tx, text_id, for_change=True)
    if text is None:
        raise NotFound("There is no such text.")
    return text


def _place(written: Written) -> tuple[str, ...]:
    return (written.kind, written.name, written.audience, written.language, written.jurisdiction)


def _said(written: Written) -> tuple[object, ...]:
    return (*_place(written), written.words)


def _named(text: HelpText) -> dict[str, str]:
    written = text.written
    return {"kind": written.kind.value, "name": written.name, "language": written.language}


def _audit(tx: Tx, verb: str, about: str, detail: Mapping[str, object], actor: Actor, now: datetime) -> None:
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=about, detail=dict(detail))
