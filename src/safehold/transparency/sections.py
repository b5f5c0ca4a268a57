"""What the annual report says, in which order: its sections and the measures that each shows."""

from __future__ import annotations

from dataclasses import dataclass

_STUDIED = ("", ".by_sex", ".by_category", ".by_circumstances", ".by_company", ".by_children")
_DIVIDED = (".by_age", ".by_sex", ".by_category", ".by_age_and_category")
_UNITS = ("pages", "items", "media")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A page of the report. lead: what it is about, for whoever reads nothing else of it."""

    id: str
    title: str
    lead: str
    measures: tuple[str, ...]


SECTIONS = (
    Section(
        id="reports",
        title="Reports",
        lead="What came in, how much of it people assessed, and how much of that they confirmed.",
        measures=("reports.received", "reports.assessed", "reports.confirmed"),
    ),
    Section(
        id="pages-and-media",
        title="Pages, items and media",
        lead=(
            "A page has one item or thousands, and the same picture appears many times. These are three"
            " different counts. They are never added up."
        ),
        measures=("pages.confirmed", "items.confirmed", "items.confirmed.by_purpose", "media.confirmed"),
    ),
    Section(
        id="self-generated",
        title="Self-generated",
        lead=(
            "Material that a child made themselves, with nobody else in the room: often groomed, pressed, or"
            " without knowing of the recording. The child is never to blame."
        ),
        measures=(
            *(
                f"{unit}.self_generated{end}"
                for unit in _UNITS
                for end in ("", ".by_age", ".by_category", ".under_11")
            ),
            *(f"{unit}.study_3_6{end}" for unit in ("media", "pages") for end in _STUDIED),
        ),
    ),
    Section(
        id="age-sex-category",
        title="Age, sex and category",
        lead="Who is shown, and how severe it is, as the policy labels of the United Kingdom have it.",
        measures=tuple(f"{unit}.confirmed{end}" for unit in _UNITS for end in _DIVIDED),
    ),
    Section(
        id="hosting",
        title="Hosting",
        lead="Where confirmed pages were stored, and on what kind of site.",
        measures=("pages.hosting.by_country", "pages.hosting.by_site_type", "pages.hosting.by_payment"),
    ),
    Section(
        id="removal",
        title="Time to removal",
        lead="From when a platform was asked, or a host was given notice, until nothing was there any more.",
        measures=("removal.asked", "removal.time", "removal.notices"),
    ),
    Section(
        id="lists",
        title="Lists, members and authorities",
        lead="What is shared so that it is found elsewhere, and what authorities were told.",
        measures=("lists.entries", "lists.added", "lists.removed", "lists.members", "authorities.filed"),
    ),
    Section(
        id="ai-generated",
        title="AI-generated",
        lead="Confirmed material that was made by AI, wholly or in part. It counts like any other.",
        measures=tuple(f"{unit}.ai_generated" for unit in _UNITS),
    ),
    Section(
        id="conversations",
        title="Conversations",
        lead="Confirmed windows of messages, by what they show.",
        measures=("conversations.confirmed",),
    ),
    Section(
        id="quality",
        title="Quality",
        lead="How far people agree who assess the same thing unseen by each other, and what was put right.",
        measures=("quality.assessed_by_two", "quality.reversed", "quality.appeals"),
    ),
    Section(
        id="wellbeing",
        title="Staff wellbeing",
        lead="What the people who do this work had to look at. Fewer than five people are never counted.",
        measures=("wellbeing.showings",),
    ),
    Section(
        id="corrections",
        title="Corrections",
        lead=(
            "Figures of a closed year stay as they were. What was corrected since is said here, and changes"
            " nothing above."
        ),
        measures=("pages.restated", "items.restated"),
    ),
)
"""Every section, in the order of the report; year on year is made of all of them."""

COMPARED = (
    "reports.assessed",
    "reports.confirmed",
    "pages.confirmed",
    "pages.self_generated",
    "pages.confirmed.by_category",
    "pages.confirmed.by_sex",
    "items.confirmed",
    "items.self_generated",
    "items.confirmed.by_category",
    "media.confirmed",
    "authorities.filed",
)
"""What is set beside the year before."""
