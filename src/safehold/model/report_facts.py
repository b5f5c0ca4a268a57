"""What a report to an authority can say: the facts of a case as they are on record, in no scheme yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from safehold.model.answers import Form
from safehold.model.assessment import Category, ConductForm, Finding, Tier
from safehold.model.authority_report import Relation
from safehold.model.case import Subject
from safehold.model.hash_list import Purpose
from safehold.model.ids import AssessmentId, CaseId, ItemId, MediaId, ObjectId, OutcomeId, SubjectId
from safehold.model.item import Context, ItemKind
from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.signal import SignalTypeName
from safehold.model.surface import Visibility


class Bytes(StrEnum):
    """Whether the bytes of an item are held here, and where not, why not."""

    SEALED = "sealed"
    SIGNALS_ONLY = "signals_only"
    """Only fingerprints were sent."""
    NO_MEDIA = "no_media"
    """It is a page or a conversation."""
    NEVER_SEALED = "never_sealed"
    DESTROYED = "destroyed"
    """The term for which they were kept has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOnRecord:
    """What is known of some bytes. Digests: lower-case hexadecimal, None where none was kept.

    failure: why they could not be read as a whole. original: the sealed object that holds them, None where
    none does.
    """

    id: MediaId
    sha256: str = field(repr=False)
    md5: str | None = field(default=None, repr=False)
    sha1: str | None = field(default=None, repr=False)
    media_type: str
    kind: MediaKind
    size_bytes: int
    frames: int = 0
    failure: DecodeFailure | None = None
    original: ObjectId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """What people really fetched of an item, as the log of reveals says.

    tier: the clearest form. whole: whether that was the whole of it, clearly: a contact sheet of a film never
    is, nor what can be read only in part. elsewhere: the clearest form in which the same bytes were fetched
    as another item; looking at those is not looking at this one. last_at: when this one was fetched last.
    """

    tier: Tier = Tier.NONE
    whole: bool = False
    elsewhere: Tier = Tier.NONE
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMatch:
    """A match of an item. distance: whole bits. category: the list's word. withdrawn: its entry is gone."""

    list_name: str
    purpose: Purpose
    signal_type: SignalTypeName
    distance: int
    category: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentOnRecord:
    """An assessment that was counted for an outcome.

    tier: the clearest form its analyst saw of this item. repeats: it repeats the assessment of the same bytes
    elsewhere, or, where bits is set, of a picture that differs by so many bits.
    """

    id: AssessmentId
    form: Form
    tier: Tier
    filed_at: datetime
    repeats: bool = False
    bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOutcome:
    """The outcome that stands for an item in the case, and what it rests on: the deciding assessment first.

    people: how many found it so.
    """

    id: OutcomeId
    finding: Finding
    category: Category | None
    settled_at: datetime
    people: int
    assessments: tuple[AssessmentOnRecord, ...]

    @property
    def form(self) -> Form | None:
        """The answers of the assessment whose finding it is."""
        return self.assessments[0].form if self.assessments else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOnRecord:
    """An item, where it appeared, what it is like and what people found.

    context: None once erased. visibility: of its surface, None where the settings know of none. held: the
    platform was told to hold it when it came. matches: those that stand first, and of each kind the nearest.
    flagged_by: short codes of what asked for a look. told_us: somebody reported it. page_url: of a page, None
    once erased.
    """

    id: ItemId
    kind: ItemKind
    surface: str
    received_at: datetime
    visibility: Visibility | None = None
    held: bool = False
    context: Context | None = None
    media: MediaOnRecord | None = None
    bytes: Bytes = Bytes.NO_MEDIA
    viewing: Viewing = Viewing()
    matches: tuple[ListMatch, ...] = ()
    flagged_by: tuple[str, ...] = ()
    told_us: bool = False
    page_url: str | None = field(default=None, repr=False)
    outcome: StandingOutcome | None = None

    @property
    def is_illegal(self) -> bool:
        """Whether people settled that it is."""
        return self.outcome is not None and self.outcome.finding is Finding.ILLEGAL

    @property
    def is_unverified(self) -> bool:
        """Whether no outcome stands: nobody has assessed it, or people still have to."""
        return self.outcome is None

    @property
    def account_id(self) -> str | None:
        """The account that it came from, None where nobody said or it was erased."""
        return self.context.account_id if self.context else None

    @property
    def messages(self) -> tuple[str, ...]:
        """The ids of the messages that the finding relies on."""
        form = self.outcome.form if self.outcome else None
        return form.relied_on if isinstance(form, ConductForm) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskToLife:
    """That a person declared a risk to life in the case. stands: it has not ended."""

    declared_at: datetime
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAlarm:
    """That a person ended a risk to life as a wrong alarm, of which the authority had been told."""

    declared_at: datetime
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """The facts of a case, as far as a report is about it.

    items: in the order in which they joined it. prior: what authorities call earlier reports of ours.
    relation: what the report is to an earlier one. names: the subject who is reported, where that is on
    record already; None where it follows from the facts. risk_to_life: the newest that was not withdrawn.
    wrong_alarm: in a correction, the newest that was, where the authority had been told of it. gathered_at:
    when all this was so.
    """

    case_id: CaseId
    case_number: int
    purpose: Purpose
    gathered_at: datetime
    items: tuple[ItemOnRecord, ...]
    rehearsal: bool = False
    subjects: tuple[Subject, ...] = ()
    prior: tuple[str, ...] = field(default=(), repr=False)
    relation: Relation | None = None
    names: SubjectId | None = None
    risk_to_life: RiskToLife | None = None
    wrong_alarm: WrongAlarm | None = None

    @cached_property
    def told(self) -> tuple[ItemOnRecord, ...]:
        """The items that a report tells about as illegal, or, in a risk to life, that nobody has settled.

        The latter also once that has ended: files that could not go at once follow as a supplement. A
        correction tells of nothing anew.
        """
        if self.is_correction:
            return ()
        urgent = self.risk_to_life is not None
        return tuple(each for each in self.items if each.is_illegal or (urgent and each.is_unverified))

    @property
    def unverified(self) -> tuple[ItemOnRecord, ...]:
        """Those among what is told that rest on no outcome."""
        return tuple(each for each in self.told if each.is_unverified)

    @property
    def not_told(self) -> tuple[ItemOnRecord, ...]:
        """Items that nobody has settled, where no risk to life was declared: no report tells of them."""
        if self.is_correction or self.risk_to_life is not None:
            return ()
        return tuple(each for each in self.items if each.is_unverified)

    @property
    def let_go(self) -> tuple[ItemOnRecord, ...]:
        """Items of which people found something else than illegal."""
        return tuple(each for each in self.items if not each.is_illegal and not each.is_unverified)

    @property
    def is_correction(self) -> bool:
        """Whether it says that what was reported turned out otherwise."""
        return self.relation is Relation.CORRECTION

    @property
    def corrected(self) -> tuple[ItemOnRecord, ...]:
        """In a correction, the items that no standing outcome calls illegal any more."""
        return tuple(each for each in self.items if not each.is_illegal) if self.is_correction else ()
