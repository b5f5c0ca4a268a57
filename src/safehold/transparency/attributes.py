"""What can be said of what is counted: the questions by which figures are divided, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from safehold.model.assessment import (
    AgeBand,
    Category,
    Circumstances,
    Company,
    ConductKind,
    Finding,
    MadeBy,
    SelfGenerated,
    Sex,
    SiteType,
    Tier,
)
from safehold.model.authority_report import DestinationKind
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.scan import ScanResult
from safehold.model.signal import MD5, PDQ, SHA1, SHA256


class Rule(StrEnum):
    """How something is counted that could be counted in several ways."""

    EACH = "each"
    ACTIONED = "actioned"
    YOUNGEST = "youngest"
    MOST_SEVERE = "most_severe"
    SEX_SEEN = "sex_seen"


RULES: dict[Rule, str] = {
    Rule.EACH: "Each is counted once.",
    Rule.ACTIONED: "Only what people confirmed, and what therefore was acted upon, is counted.",
    Rule.YOUNGEST: "The age is that of the youngest child shown.",
    Rule.MOST_SEVERE: (
        "The category is the most severe of anything shown. It and the age are found independently: they may"
        " come from different pictures of one page."
    ),
    Rule.SEX_SEEN: "“Girls” and “boys” mean that only they are shown; “both” may be in different pictures.",
}
"""What each rule means, for those who read the figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One question. values: its answers in their order, with words; none: open, as for names of countries.

    as_found: only answers that occur are listed, and others than these may; no number is told of the rest.
    by_name: open answers stand in the order of their names, as weeks do; else the most frequent comes first.
    """

    name: str
    title: str
    values: dict[str, str]
    rule: Rule | None = None
    as_found: bool = False
    by_name: bool = False

    def words(self, value: str) -> str:
        """Return an answer as it is read."""
        return self.values.get(value, value)


def _plain(values: type[StrEnum], **other: str) -> dict[str, str]:
    return {each.value: each.value.replace("_", " ").capitalize() for each in values} | other


_UNKNOWN = {"unknown": "Cannot be told"}
_YES_NO = {"yes": "Yes", "no": "No"}

# Lists for tests never count: they are only on surfaces that are rehearsals.
_PUBLIC_PURPOSES = {
    name: words for name, words in _plain(Purpose, csam="CSAM").items() if name != Purpose.TEST.value
}

# Types of signals can be added by plug-ins: those stand under their own names.
_SIGNAL_TYPES = {str(MD5): "MD5", str(SHA1): "SHA-1", str(SHA256): "SHA-256", str(PDQ): "PDQ"}
_AUTHORITIES = {
    DestinationKind.NCMEC_CYBERTIPLINE.value: "NCMEC, by CyberTipline",
    DestinationKind.UK_NCA.value: "National Crime Agency, United Kingdom",
    DestinationKind.GENERIC.value: "Hotline or other authority, by hand",
    DestinationKind.PARCEL.value: "Hotline or other authority, by parcel",
}
_SHOWN = {
    **{each.value: f"Category {each.value}" for each in (ExposureKind.A, ExposureKind.B, ExposureKind.C)},
    ExposureKind.PROHIBITED.value: "Prohibited (non-photographic)",
    ExposureKind.INTIMATE_IMAGES.value: "Intimate images",
    ExposureKind.OWN_TERMS.value: "Own terms",
    ExposureKind.CONVERSATION.value: "Messages",
    ExposureKind.UNKNOWN.value: "No list names a category",
}

_LENGTHS = {
    "hour": "Within one hour",
    "four_hours": "Within four hours",
    "day": "Within a day",
    "three_days": "Within three days",
    "week": "Within a week",
    "longer": "Longer",
}
_TIMES = _LENGTHS | {"not_yet": "Not in this period"}
UNTOLD = "not_told"
"""The answer to when something was gone where no platform has said so."""
_UNTIL_GONE = _LENGTHS | {UNTOLD: "No word from the platform in this period"}

PRACTICE = (
    Attribute(name="surface", title="Surface", values={}),
    Attribute(name="result", title="Result of the scan", values=_plain(ScanResult)),
    Attribute(name="week", title="Week", values={}, by_name=True),
    Attribute(name="finding", title="Finding", values=_plain(Finding)),
    Attribute(name="took", title="Time taken", values=_TIMES),
    Attribute(name="people", title="People asked", values={"1": "One", "2": "Two", "3": "Three"}),
    Attribute(name="policy", title="Version of the policy text", values={}, by_name=True),
    Attribute(name="tier", title="Clearest form seen", values=_plain(Tier)),
    Attribute(name="reason", title="Reason", values={}),
    Attribute(name="list", title="List", values={}),
    Attribute(
        name="became",
        title="What became of it",
        values={
            "confirmed": "Confirmed by people",
            "cleared": "Cleared by people",
            "undecided": "Not decided yet",
        },
    ),
    Attribute(
        name="nearness",
        title="How near",
        values={"near": "Within the radius that may hold", "far": "Farther"},
    ),
    Attribute(name="seen", title="Seen by a person", values=_YES_NO),
    Attribute(name="in_time", title="In time", values=_YES_NO),
    Attribute(name="moment", title="Which words", values={}),
    Attribute(name="choice", title="What the child chose", values={}),
    Attribute(name="act", title="What was done", values={}),
)
"""Questions about what was done in a period, which packs and the page for everybody ask."""

ATTRIBUTES: dict[str, Attribute] = {
    each.name: each
    for each in (
        Attribute(name="stage", title="Stage", values={}),
        Attribute(name="actioned", title="Confirmed", values=_YES_NO),
        Attribute(
            name="kind",
            title="Kind",
            values={"webpage": "Webpages", "newsgroup": "Newsgroups"},
        ),
        Attribute(
            name="age_band",
            title="Age band",
            values=_plain(AgeBand) | _UNKNOWN,
            rule=Rule.YOUNGEST,
        ),
        Attribute(
            name="sex",
            title="Sex",
            values=_plain(Sex) | _UNKNOWN,
            rule=Rule.SEX_SEEN,
        ),
        Attribute(
            name="category",
            title="Category",
            values={each.value: f"Category {each.value}" for each in Category}
            | {"prohibited": "Prohibited (non-photographic)"},
            rule=Rule.MOST_SEVERE,
        ),
        Attribute(
            name="self_generated",
            title="Self-generated",
            values=_plain(SelfGenerated) | _UNKNOWN,
        ),
        Attribute(name="circumstances", title="Circumstances", values=_plain(Circumstances) | _UNKNOWN),
        Attribute(name="company", title="Who is with the child", values=_plain(Company) | _UNKNOWN),
        Attribute(
            name="children",
            title="Children shown",
            values={"1": "One child", "2": "Two children", "more": "Three or more"} | _UNKNOWN,
        ),
        Attribute(
            name="made_by",
            title="How it was made",
            values=_plain(MadeBy, ai_generated="AI-generated") | _UNKNOWN,
        ),
        Attribute(name="site_type", title="Site type", values=_plain(SiteType) | _UNKNOWN),
        Attribute(name="country", title="Country of the server", values={}),
        Attribute(
            name="payment",
            title="Payment for hosting",
            values={"free": "Free to use", "paid_or_unknown": "Paid, or not known"},
        ),
        Attribute(name="purpose", title="Purpose", values=_PUBLIC_PURPOSES),
        Attribute(name="channel", title="How it came in", values={}),
        Attribute(name="feature", title="What else is known", values={}),
        Attribute(name="signal_type", title="Signal type", values=_SIGNAL_TYPES, as_found=True),
        Attribute(name="conduct", title="What the conversation shows", values=_plain(ConductKind) | _UNKNOWN),
        Attribute(name="agreed", title="Agreement", values={"yes": "Agreed", "no": "Did not agree"}),
        Attribute(
            name="upheld", title="Result", values={"yes": "Changed the outcome", "no": "Outcome stands"}
        ),
        Attribute(
            name="restated",
            title="What was corrected",
            values={
                "withdrawn": "No longer confirmed",
                "category": "Another category",
                "same": "As published",
            },
        ),
        Attribute(name="gone", title="Until it was gone", values=_UNTIL_GONE),
        Attribute(name="shown", title="What was shown", values=_SHOWN, as_found=True),
        Attribute(name="authority", title="Authority", values=_AUTHORITIES, as_found=True),
        *PRACTICE,
        Attribute(
            name="source",
            title="What brought it here",
            values={
                "list": "A list matched",
                "flag": "Somebody or something asked for a look",
                "conversation": "Rules about conversations",
                "report": "Somebody told us",
            },
        ),
        Attribute(
            name="due",
            title="Its date",
            values={"in_time": "In time", "late": "Late", "none": "It has no date"},
        ),
        Attribute(
            name="freshness",
            title="How fresh it is",
            values={
                "current": "Current",
                "stale": "Stale: new entries may be missing",
                "fixed": "Changes by hand alone",
            },
        ),
        Attribute(name="code", title="What is wrong", values={}),
        Attribute(name="practice", title="Practice", values={"no": "Real work", "yes": "Practice"}),
    )
}
"""Every question, by its name."""
