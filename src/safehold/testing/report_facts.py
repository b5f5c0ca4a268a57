"""Builders of what a report to an authority is about: harmless, and complete unless a test leaves it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from safehold.authorities.operator import Contact, Operator
from safehold.model.assessment import Category, ConductForm, ConductKind, Finding, ImageryForm, Tier
from safehold.model.case import Subject, SubjectPart
from safehold.model.hash_list import Purpose
from safehold.model.ids import (
    AssessmentId,
    CaseId,
    ItemId,
    MediaId,
    ObjectId,
    OutcomeId,
    SubjectId,
    new_id,
)
from safehold.model.item import Context, ItemKind
from safehold.model.media import MediaKind
from safehold.model.report_facts import (
    AssessmentOnRecord,
    Bytes,
    ItemOnRecord,
    MediaOnRecord,
    ReportFacts,
    RiskToLife,
    StandingOutcome,
    Viewing,
)
from safehold.model.surface import Visibility

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A Friday, within office hours."""
OPERATOR = Operator(
    name="Example Photos Ltd",
    reporting_person=Contact(
        first_name="Trust", last_name="Desk", email="trust@photos.example", phone="+44 20 7946 0000"
    ),
    legal_url="https://photos.example/legal",
)
ILLEGAL = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)
APPROACH = ConductForm(finding=Finding.ILLEGAL, kind=ConductKind.GROOMING, relied_on=("message 1",))
RISK = RiskToLife(declared_at=NOW - timedelta(minutes=5), stands=True)


def found(form: ImageryForm | ConductForm = ILLEGAL, **changed: Any) -> StandingOutcome:
    """Return the outcome that one person's assessment with this form led to."""
    filed = AssessmentOnRecord(
        id=AssessmentId(new_id()), form=form, tier=Tier.CLEAR, filed_at=NOW - timedelta(hours=1)
    )
    made = StandingOutcome(
        id=OutcomeId(new_id()),
        finding=form.finding,
        category=form.category if isinstance(form, ImageryForm) else None,
        settled_at=NOW - timedelta(hours=1),
        people=1,
        assessments=(filed,),
    )
    return replace(made, **changed)


def photo(**changed: Any) -> MediaOnRecord:
    """Return what is known of a photo whose bytes are held."""
    made = MediaOnRecord(
        id=MediaId(new_id()),
        sha256="ab" * 32,
        md5="cd" * 16,
        media_type="image/jpeg",
        kind=MediaKind.IMAGE,
        size_bytes=12_345,
        frames=1,
        original=ObjectId(new_id()),
    )
    return replace(made, **changed)


def upload(account: str | None = "uploader", **changed: Any) -> ItemOnRecord:
    """Return a photo that was uploaded in public, viewed as a whole, and found illegal."""
    made = ItemOnRecord(
        id=ItemId(new_id()),
        kind=ItemKind.MEDIA,
        surface="public_uploads",
        received_at=NOW - timedelta(hours=2),
        visibility=Visibility.PUBLIC,
        context=appeared(account),
        media=photo(),
        bytes=Bytes.SEALED,
        viewing=Viewing(tier=Tier.CLEAR, whole=True, last_at=NOW - timedelta(hours=1)),
        outcome=found(),
    )
    return replace(made, **changed)


def appeared(account: str | None = "uploader", **changed: Any) -> Context:
    """Return where an upload appeared, with all that a platform may say."""
    made = Context(
        surface="public_uploads",
        content_id="content 1",
        account_id=account,
        uploaded_at=NOW - timedelta(hours=3),
        ip="192.0.2.7",
        port=50_000,
        original_name="landscape.jpg",
    )
    return replace(made, **changed)


def page(url: str | None, **changed: Any) -> ItemOnRecord:
    """Return a page that somebody reported and that was found illegal."""
    bare: dict[str, Any] = {"context": None, "media": None, "bytes": Bytes.NO_MEDIA, "viewing": Viewing()}
    return upload(None, kind=ItemKind.PAGE, page_url=url, told_us=True, **bare, **changed)


def conversation(form: ConductForm = APPROACH, **changed: Any) -> ItemOnRecord:
    """Return a window of messages in which somebody found something."""
    bare: dict[str, Any] = {"media": None, "bytes": Bytes.NO_MEDIA, "viewing": Viewing()}
    private: dict[str, Any] = {"surface": "messages", "visibility": Visibility.PRIVATE}
    return upload(None, kind=ItemKind.MESSAGES, outcome=found(form), **bare, **private, **changed)


def subject(account: str | None, part: SubjectPart) -> Subject:
    """Return an account's part in the case."""
    return Subject(id=SubjectId(new_id()), case_id=_CASE, account_id=account, part=part)


def facts(*items: ItemOnRecord, **changed: Any) -> ReportFacts:
    """Return the facts of a case with these items, an upload unless told otherwise."""
    made = ReportFacts(
        case_id=_CASE, case_number=1001, purpose=Purpose.CSAM, gathered_at=NOW, items=items or (upload(),)
    )
    return replace(made, **changed)


_CASE = CaseId(new_id())
