"""One analyst's signed judgement: the imagery form and the conduct form.

Every question that a person may be unable to answer has `unknown` among its answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId


class Finding(StrEnum):
    """The settled or proposed answer to: what is this?"""

    ILLEGAL = "illegal"
    AGAINST_TERMS = "against_terms"
    NOT_ILLEGAL = "not_illegal"
    CANNOT_DETERMINE = "cannot_determine"
    OUT_OF_REMIT = "out_of_remit"

    @property
    def confirms(self) -> bool:
        """Whether an item with this finding is confirmed."""
        return self in (Finding.ILLEGAL, Finding.AGAINST_TERMS)


class Category(StrEnum):
    """Severity as a policy label of the UK scheme; only with finding illegal and purpose csam."""

    A = "A"
    B = "B"
    C = "C"
    PROHIBITED = "prohibited"


class AgeBand(StrEnum):
    """The band of the youngest child shown."""

    FROM_0_TO_2 = "0-2"
    FROM_3_TO_6 = "3-6"
    FROM_7_TO_10 = "7-10"
    FROM_11_TO_13 = "11-13"
    FROM_14_TO_15 = "14-15"
    FROM_16_TO_17 = "16-17"
    UNKNOWN = "unknown"


class Sex(StrEnum):
    """The sex of the children shown."""

    GIRLS = "girls"
    BOYS = "boys"
    BOTH = "both"
    UNKNOWN = "unknown"


class SelfGenerated(StrEnum):
    """Self-generated as hotlines define it. It never implies blame."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """Yes, no, or cannot tell."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Circumstances(StrEnum):
    """How it came about that a child made it themselves, as far as anybody can tell."""

    GROOMED = "groomed"
    COERCED = "coerced"
    UNAWARE = "unaware"
    """They did not know of the recording."""
    OTHER = "other"
    UNKNOWN = "unknown"


class Company(StrEnum):
    """Who is with the child in what they made themselves."""

    ALONE = "alone"
    SIBLING = "sibling"
    FRIEND = "friend"
    UNKNOWN = "unknown"


class Setting(StrEnum):
    """Where it seems to have been made."""

    HOME = "home"
    SCHOOL = "school"
    OUTDOORS = "outdoors"
    OTHER = "other"
    UNKNOWN = "unknown"


class MadeBy(StrEnum):
    """How it was made."""

    CAMERA = "camera"
    AI_GENERATED = "ai_generated"
    DRAWN = "drawn"
    UNKNOWN = "unknown"


class Development(StrEnum):
    """The stage of development that a US destination asks for; the band is asked for apart."""

    PREPUBESCENT = "prepubescent"
    PUBESCENT = "pubescent"
    UNKNOWN = "unknown"


class SeverityTier(StrEnum):
    """The tier that a US destination asks for, as its own definitions number it: 1 is the higher."""

    ONE = "1"
    TWO = "2"
    UNKNOWN = "unknown"


class SiteType(StrEnum):
    """What kind of site a page belongs to."""

    IMAGE_HOST = "image_host"
    IMAGE_BOARD = "image_board"
    FORUM = "forum"
    FILE_HOST = "file_host"
    VIDEO_SITE = "video_site"
    SOCIAL_NETWORK = "social_network"
    BLOG = "blog"
    WEBSITE = "website"
    OTHER = "other"
    UNKNOWN = "unknown"


class Tier(StrEnum):
    """The clearest form in which the analyst saw the media."""

    NONE = "none"
    BLURRED = "blurred"
    CLEAR = "clear"


class ConductKind(StrEnum):
    """What a conversation shows, as a policy label."""

    GROOMING = "grooming"
    COERCION = "coercion"
    TRADING = "trading"
    OTHER = "other"
    UNKNOWN = "unknown"


class HowKnown(StrEnum):
    """How an age is known."""

    STATED = "stated"
    VERIFIED = "verified"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Grown(StrEnum):
    """Whether somebody is grown up."""

    CHILD = "child"
    ADULT = "adult"
    UNKNOWN = "unknown"


def _check_terms(finding: Finding, purpose: Purpose) -> None:
    if finding is Finding.AGAINST_TERMS and purpose not in (Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS):
        raise BadForm(
            "finding: against_terms belongs to cases about intimate images or own terms.", field="finding"
        )


MOST_COUNTED = 1000
"""More are not counted in one picture; a larger number is a slip of the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageryForm:
    """What an analyst found in media.

    category is given exactly when the finding is illegal and the purpose is csam. count: how many
    children are shown, 1 to 1,000, or None for unknown. age_band: the youngest shown. circumstances, company:
    of what a child made themselves, unknown otherwise. new_to_us: whether it was never assessed here before.
    development, severity_tier: None where no destination asks for them. site_type: of a page, else None.
    Of a page the category is the most severe and the band the youngest of anything that it shows.
    """

    finding: Finding
    category: Category | None = None
    age_band: AgeBand = AgeBand.UNKNOWN
    sex: Sex = Sex.UNKNOWN
    count: int | None = None
    self_generated: SelfGenerated = SelfGenerated.UNKNOWN
    setting: Setting = Setting.UNKNOWN
    made_by: MadeBy = MadeBy.UNKNOWN
    circumstances: Circumstances = Circumstances.UNKNOWN
    company: Company = Company.UNKNOWN
    commercial: Answer = Answer.UNKNOWN
    livestream: Answer = Answer.UNKNOWN
    new_to_us: Answer = Answer.UNKNOWN
    development: Development | None = None
    severity_tier: SeverityTier | None = None
    site_type: SiteType | None = None

    def check(self, purpose: Purpose) -> None:
        """Raise BadForm where the answers do not fit each other or the purpose of the case."""
        _check_terms(self.finding, purpose)
        needs_category = self.finding is Finding.ILLEGAL and purpose in (Purpose.CSAM, Purpose.TEST)
        if needs_category and self.category is None:
            raise BadForm("category: an illegal finding needs one of A, B, C, prohibited.", field="finding")
        if self.category is not None and not needs_category:
            raise BadForm("category: only an illegal finding in a csam case has one.", field="finding")
        if self.count is not None and not 1 <= self.count <= MOST_COUNTED:
            raise BadForm(f"count: 1 to {MOST_COUNTED}, or leave it out when you cannot tell.", field="count")
        self._check_self_generated()

    def _check_self_generated(self) -> None:
        if self.self_generated is SelfGenerated.YES:
            return
        for name in ("circumstances", "company"):
            if getattr(self, name).value != "unknown":
                raise BadForm(f"{name}: asked only of what is self-generated.", field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductForm:
    """What an analyst found in a conversation.

    by, towards: subjects of the case as the platform names them, None when unknown. age_band: of the youngest
    child. by_grown: whether whoever does it is grown up; it may be another child.
    child_at_risk_now: a person's judgement that a child is in danger at this moment. relied_on: ids of
    the messages that the judgement rests on.
    """

    finding: Finding
    kind: ConductKind = ConductKind.UNKNOWN
    by: str | None = None
    towards: str | None = None
    age_band: AgeBand = AgeBand.UNKNOWN
    age_known_by: HowKnown = HowKnown.UNKNOWN
    by_grown: Grown = Grown.UNKNOWN
    by_grown_known_by: HowKnown = HowKnown.UNKNOWN
    still_going_on: Answer = Answer.UNKNOWN
    child_at_risk_now: Answer = Answer.UNKNOWN
    relied_on: tuple[str, ...] = ()

    def check(self, purpose: Purpose) -> None:
        """Raise BadForm where the answers do not fit each other or the purpose of the case."""
        _check_terms(self.finding, purpose)
        if self.finding.confirms and not self.relied_on:
            raise BadForm(
                "relied_on: name at least one message that the finding rests on.", field="relied_on"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One analyst's own, signed judgement of one item of a case.

    tier: the clearest form the analyst saw before filing. policy_version: the text that was beside
    the form.
    """

    id: AssessmentId
    case_id: CaseId
    item_id: ItemId
    by: AnalystId
    form: ImageryForm | ConductForm
    tier: Tier
    policy_version: str
    filed_at: datetime
