"""What both forms ask, in words, each answer with its key.

Policy labels only. Whatever a word here is to mean exactly stands in the policy text beside the form.
"""

from __future__ import annotations

from dataclasses import dataclass

from safehold.review.asked import WHEN, When


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. key: what chooses it, such as "a", "shift+h", or "l y" for one key after the other."""

    value: str
    label: str
    key: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. hint: what exactly is asked, in a few words. key: where it is answered from a list."""

    name: str
    legend: str
    hint: str
    choices: tuple[Choice, ...]
    key: str = ""

    @property
    def when(self) -> When:
        """What has to be so for it to be asked."""
        return WHEN.get(self.name, When.ALWAYS)


def _yes_no(yes: str, no: str, unknown: str) -> tuple[Choice, ...]:
    return Choice("yes", "Yes", yes), Choice("no", "No", no), Choice("unknown", "Cannot tell", unknown)


AGE_BAND = Question(
    "age_band",
    "Age band",
    "youngest shown",
    (
        Choice("0-2", "0–2", "1"),
        Choice("3-6", "3–6", "2"),
        Choice("7-10", "7–10", "3"),
        Choice("11-13", "11–13", "4"),
        Choice("14-15", "14–15", "5"),
        Choice("16-17", "16–17", "6"),
        Choice("unknown", "Cannot tell", "0"),
    ),
)
SEX = Question(
    "sex",
    "Sex",
    "of the children shown",
    (
        Choice("girls", "Girls", "f"),
        Choice("boys", "Boys", "m"),
        Choice("both", "Both", "v"),
        Choice("unknown", "Cannot tell", "q"),
    ),
)
SELF_GENERATED = Question(
    "self_generated", "Self-generated", "made by the child; it never implies blame", _yes_no("y", "x", "w")
)
CIRCUMSTANCES = Question(
    "circumstances",
    "How that came about",
    "as far as you can tell",
    (
        Choice("groomed", "Groomed", "shift+g"),
        Choice("coerced", "Coerced", "shift+f"),
        Choice("unaware", "Unaware of the recording", "shift+w"),
        Choice("other", "Otherwise", "shift+t"),
        Choice("unknown", "Cannot tell", "shift+q"),
    ),
)
COMPANY = Question(
    "company",
    "With whom",
    "besides the child",
    (
        Choice("alone", "Alone", "shift+l"),
        Choice("sibling", "A sibling", "shift+b"),
        Choice("friend", "A friend", "shift+p"),
        Choice("unknown", "Cannot tell", "shift+n"),
    ),
)
SETTING = Question(
    "setting",
    "Setting",
    "where it seems to have been made",
    (
        Choice("home", "Home", "shift+h"),
        Choice("school", "School", "shift+s"),
        Choice("outdoors", "Outdoors", "shift+o"),
        Choice("other", "Other", "shift+e"),
        Choice("unknown", "Cannot tell", "shift+u"),
    ),
)
MADE_BY = Question(
    "made_by",
    "Made by",
    "",
    (
        Choice("camera", "Camera", "shift+c"),
        Choice("ai_generated", "AI-generated", "shift+a"),
        Choice("drawn", "Drawn", "shift+d"),
        Choice("unknown", "Cannot tell", "shift+m"),
    ),
)
COMMERCIAL = Question("commercial", "Commercial", "somebody earns by it", _yes_no("e y", "e n", "e u"))
LIVESTREAM = Question("livestream", "From a livestream", "", _yes_no("l y", "l n", "l u"))
NEW_TO_US = Question("new_to_us", "New to us", "never assessed here before", _yes_no("s y", "s n", "s u"))
DEVELOPMENT = Question(
    "development",
    "Stage of development",
    "of the youngest shown, for the US destination",
    (
        Choice("prepubescent", "Before puberty", "7"),
        Choice("pubescent", "In or after puberty", "8"),
        Choice("unknown", "Cannot tell", "9"),
    ),
)
SEVERITY_TIER = Question(
    "severity_tier",
    "Severity tier",
    "as the US destination defines it",
    (Choice("1", "Tier 1", "z 1"), Choice("2", "Tier 2", "z 2"), Choice("unknown", "Cannot tell", "z 0")),
)
SITE_TYPE = Question(
    "site_type",
    "Site type",
    "",
    (
        Choice("image_host", "Image host", ""),
        Choice("image_board", "Image board", ""),
        Choice("forum", "Forum", ""),
        Choice("file_host", "File host", ""),
        Choice("video_site", "Video site", ""),
        Choice("social_network", "Social network", ""),
        Choice("blog", "Blog", ""),
        Choice("website", "Another website", ""),
        Choice("other", "Something else", ""),
        Choice("unknown", "Cannot tell", ""),
    ),
    key="shift+v",
)

CONDUCT = (
    Question(
        "child_at_risk_now",
        "A child is in danger now",
        "your judgement at this moment",
        _yes_no("shift+y", "shift+x", "shift+w"),
    ),
    Question(
        "kind",
        "Kind",
        "",
        (
            Choice("grooming", "Grooming", "shift+g"),
            Choice("coercion", "Coercion", "shift+c"),
            Choice("trading", "Trading", "shift+t"),
            Choice("other", "Other", "shift+o"),
            Choice("unknown", "Cannot tell", "shift+u"),
        ),
    ),
    Question("age_band", "Age band", "of the youngest child", AGE_BAND.choices),
    Question(
        "age_known_by",
        "How the age is known",
        "",
        (
            Choice("stated", "Stated", "shift+s"),
            Choice("verified", "Verified", "shift+v"),
            Choice("inferred", "Inferred", "shift+i"),
            Choice("unknown", "Cannot tell", "shift+n"),
        ),
    ),
    Question(
        "by_grown",
        "Who does it",
        "may be a child too",
        (
            Choice("adult", "A grown-up", "a"),
            Choice("child", "A child", "c"),
            Choice("unknown", "Cannot tell", "q"),
        ),
    ),
    Question(
        "by_grown_known_by",
        "How that is known",
        "",
        (
            Choice("stated", "Stated", "e s"),
            Choice("verified", "Verified", "e v"),
            Choice("inferred", "Inferred", "e i"),
            Choice("unknown", "Cannot tell", "e u"),
        ),
    ),
    Question("still_going_on", "Still going on", "", _yes_no("y", "x", "w")),
)

CLOSING = (
    Choice("not_illegal", "Not illegal", "n"),
    Choice("cannot_determine", "Cannot tell", "u"),
    Choice("out_of_remit", "Out of remit", "o"),
)
ILLEGAL_BY_CATEGORY = (
    Choice("illegal:A", "Category A", "a"),
    Choice("illegal:B", "Category B", "b"),
    Choice("illegal:C", "Category C", "c"),
    Choice("illegal:prohibited", "Prohibited", "d"),
)
ILLEGAL = Choice("illegal", "Illegal", "i")
AGAINST_TERMS = Choice("against_terms", "Against terms", "t")
