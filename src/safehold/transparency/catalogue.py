"""The measures of the annual report, in the order of its sections. A new one is one more entry here."""

from __future__ import annotations

from safehold.transparency.attributes import Rule
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.units import (
    Appeals,
    AuthorityReports,
    Conversations,
    Entries,
    Items,
    Media,
    Members,
    Notices,
    Pages,
    Reports,
    Reversals,
    Showings,
    Unit,
)

_CSAM = {"purpose": ("csam",)}
_SELF = {**_CSAM, "self_generated": ("yes",)}
_STUDY = {**_SELF, "age_band": ("3-6",)}
_REMOVAL = {"stage": ("removal_asked",)}
_AI = {**_CSAM, "made_by": ("ai_generated",)}

_REPORTS = (
    Measure(
        id="reports.received",
        unit=Reports,
        title="Reports received",
        means="What people, or platforms for them, told us about.",
        counts=Rule.EACH,
        where={"stage": ("received",)},
    ),
    Measure(
        id="reports.assessed",
        unit=Reports,
        title="Reports assessed",
        means="Reports to which people gave an answer for the first time.",
        counts=Rule.EACH,
        where={"stage": ("assessed",)},
        by=("kind",),
    ),
    Measure(
        id="reports.confirmed",
        unit=Reports,
        title="Reports confirmed",
        means="Assessed reports that led to something illegal, or against the terms.",
        where={"stage": ("assessed",)},
        of="reports.assessed",
    ),
)


def _of(unit: type[Unit], prefix: str, what: str) -> tuple[Measure, ...]:
    """Return the measures that are the same for pages, items and media."""
    one = f"{prefix}.confirmed"
    seen = f"Of {what} that people newly confirmed"
    return (
        Measure(
            id=one,
            unit=unit,
            title=f"{what.capitalize()} confirmed",
            means=f"{what.capitalize()} that people newly confirmed.",
            where=_CSAM,
        ),
        Measure(
            id=f"{one}.by_age",
            unit=unit,
            title=f"{what.capitalize()}, by age",
            means=f"{seen}: the age.",
            where=_CSAM,
            by=("age_band",),
            of=one,
        ),
        Measure(
            id=f"{one}.by_sex",
            unit=unit,
            title=f"{what.capitalize()}, by sex",
            means=f"{seen}: the sex.",
            where=_CSAM,
            by=("sex",),
            of=one,
        ),
        Measure(
            id=f"{one}.by_category",
            unit=unit,
            title=f"{what.capitalize()}, by category",
            means=f"{seen}: the category.",
            where=_CSAM,
            by=("category",),
            of=one,
        ),
        Measure(
            id=f"{one}.by_age_and_category",
            unit=unit,
            title=f"{what.capitalize()}, by age and category",
            means=f"{seen}: the category, for each age.",
            where=_CSAM,
            by=("age_band", "category"),
            of=one,
        ),
        Measure(
            id=f"{prefix}.ai_generated",
            unit=unit,
            title=f"AI-generated {what}",
            means=f"{seen}: what was made by AI, wholly or in part, by category.",
            where=_AI,
            by=("category",),
            of=one,
        ),
    )


def _self_generated(unit: type[Unit], prefix: str, what: str) -> tuple[Measure, ...]:
    """Return the measures of what children made themselves."""
    one = f"{prefix}.confirmed"
    seen = f"Of {what} that people newly confirmed"
    return (
        Measure(
            id=f"{prefix}.self_generated",
            unit=unit,
            title=f"Self-generated {what}",
            means=f"{seen}: what a child made themselves, often groomed or pressed. It implies no blame.",
            where=_SELF,
            of=one,
        ),
        Measure(
            id=f"{prefix}.self_generated.by_age",
            unit=unit,
            title=f"Self-generated {what}, by age",
            means=f"{seen}: what is self-generated, by age.",
            where=_SELF,
            by=("age_band",),
            of=f"{prefix}.self_generated",
        ),
        Measure(
            id=f"{prefix}.self_generated.by_category",
            unit=unit,
            title=f"Self-generated {what}, by category",
            means=f"{seen}: what is self-generated, by category.",
            where=_SELF,
            by=("category",),
            of=f"{prefix}.self_generated",
        ),
        Measure(
            id=f"{prefix}.self_generated.under_11",
            unit=unit,
            title=f"Self-generated {what}, children up to ten",
            means=f"{seen}: what is self-generated and shows a child of an age band up to ten.",
            where={**_SELF, "age_band": ("0-2", "3-6", "7-10")},
            of=f"{prefix}.self_generated",
        ),
    )


def _study(unit: type[Unit], prefix: str) -> tuple[Measure, ...]:
    """Return the study of what children of three to six made themselves."""
    top = f"{prefix}.study_3_6"
    means = "Of confirmed, self-generated material with a child of three to six:"
    divided = {
        "sex": "sex",
        "category": "category",
        "circumstances": "how it came about",
        "company": "who is with the child",
        "children": "how many children are shown",
    }
    return (
        Measure(
            id=top,
            unit=unit,
            title=f"Self-generated {unit.many}, three to six",
            means=f"{means} all.",
            where=_STUDY,
        ),
        *(
            Measure(
                id=f"{top}.by_{name}",
                unit=unit,
                title=f"Self-generated {unit.many}, three to six, by {words}",
                means=f"{means} {words}.",
                where=_STUDY,
                by=(name,),
                of=top,
            )
            for name, words in divided.items()
        ),
    )


_PURPOSES = (
    Measure(
        id="items.confirmed.by_purpose",
        unit=Items,
        title="Items, by purpose",
        means="Items that people newly confirmed, illegal or against the terms, by the purpose of the case.",
        by=("purpose",),
    ),
)
_HOSTING = (
    Measure(
        id="pages.hosting.by_country",
        unit=Pages,
        title="Pages, by country of the server",
        means="Where the server stood that stored a confirmed page, when it was traced.",
        where=_CSAM,
        by=("country",),
        of="pages.confirmed",
    ),
    Measure(
        id="pages.hosting.by_site_type",
        unit=Pages,
        title="Pages, by type of site",
        means="What kind of site a confirmed page belongs to.",
        where=_CSAM,
        by=("site_type",),
        of="pages.confirmed",
    ),
    Measure(
        id="pages.hosting.by_payment",
        unit=Pages,
        title="Pages, by payment for hosting",
        means="Whether the service that stores a confirmed page is free to use.",
        where=_CSAM,
        by=("payment",),
        of="pages.confirmed",
    ),
    Measure(
        id="removal.asked",
        unit=Items,
        title="Removals asked of platforms",
        means="Confirmed items that platforms were asked to remove in the period.",
        counts=Rule.EACH,
        where=_REMOVAL,
        by=("purpose",),
    ),
    Measure(
        id="removal.time",
        unit=Items,
        title="Time to removal",
        means="Of those: the time until it was gone, as the platform told, in the shortest span that fits.",
        counts=Rule.EACH,
        where=_REMOVAL,
        by=("gone",),
        of="removal.asked",
    ),
    Measure(
        id="removal.notices",
        unit=Notices,
        title="Notices sent to hosts",
        means="Requests to remove that were sent to hosts, and the time until what they are about was gone.",
        counts=Rule.EACH,
        about_children=False,
    ),
)
_LISTS = (
    Measure(
        id="lists.entries",
        unit=Entries,
        title="Entries of lists",
        means="Entries that were on a list.",
        counts=Rule.EACH,
        where={"stage": ("there",)},
        by=("purpose", "signal_type"),
        window=Window.AT_END,
        about_children=False,
    ),
    Measure(
        id="lists.added",
        unit=Entries,
        title="Entries added",
        means="Entries that came onto a list; one that went and came back counts again.",
        counts=Rule.EACH,
        where={"stage": ("added",)},
        by=("purpose",),
        about_children=False,
    ),
    Measure(
        id="lists.removed",
        unit=Entries,
        title="Entries removed",
        means="Entries that were taken off a list.",
        counts=Rule.EACH,
        where={"stage": ("removed",)},
        by=("purpose",),
        about_children=False,
    ),
    Measure(
        id="lists.members",
        unit=Members,
        title="Members",
        means="Organisations that are entitled to our lists.",
        counts=Rule.EACH,
        window=Window.AT_END,
        about_children=False,
    ),
    Measure(
        id="authorities.filed",
        unit=AuthorityReports,
        title="Reports to authorities",
        means="Reports that an authority has from us, rehearsals left out.",
        counts=Rule.EACH,
        by=("authority",),
    ),
)
_CONVERSATIONS = (
    Measure(
        id="conversations.confirmed",
        unit=Conversations,
        title="Conversations confirmed",
        means="Windows of messages that people newly confirmed, by what they show.",
        by=("conduct",),
    ),
)
_QUALITY = (
    Measure(
        id="quality.assessed_by_two",
        unit=Items,
        title="Items found by several people apart",
        means="Items that several people assessed, each unseen by the others, by whether all found the same.",
        counts=Rule.EACH,
        where={"stage": ("assessed_by_two",)},
        by=("agreed",),
        about_children=False,
    ),
    Measure(
        id="quality.reversed",
        unit=Reversals,
        title="Outcomes reversed",
        means="Settled outcomes that were reversed in this year, whenever they had been settled.",
        counts=Rule.EACH,
        about_children=False,
    ),
    Measure(
        id="quality.appeals",
        unit=Appeals,
        title="Appeals decided",
        means="Times that somebody contested an outcome and had an answer.",
        counts=Rule.EACH,
        by=("upheld",),
        about_children=False,
    ),
    Measure(
        id="wellbeing.showings",
        unit=Showings,
        title="Pictures that people looked at",
        means="Times that a picture was shown to somebody, in weeks in which at least five people saw such.",
        counts=Rule.EACH,
        by=("shown",),
        about_children=False,
    ),
)
_RESTATED = tuple(
    Measure(
        id=f"{prefix}.restated",
        unit=unit,
        title=f"{what.capitalize()} corrected since",
        means=f"Of the {what} confirmed in this year: what has become of them since the year closed.",
        where=_CSAM,
        by=("restated",),
        of=f"{prefix}.confirmed",
    )
    for unit, prefix, what in ((Pages, "pages", "pages"), (Items, "items", "items"))
)

CATALOGUE = Catalogue(
    (
        *_REPORTS,
        *_of(Pages, "pages", "pages"),
        *_self_generated(Pages, "pages", "pages"),
        *_of(Items, "items", "items"),
        *_self_generated(Items, "items", "items"),
        *_PURPOSES,
        *_of(Media, "media", "unique images and videos"),
        *_self_generated(Media, "media", "unique images and videos"),
        *_study(Pages, "pages"),
        *_study(Media, "media"),
        *_HOSTING,
        *_LISTS,
        *_CONVERSATIONS,
        *_QUALITY,
        *_RESTATED,
    )
)
"""Every measure of the annual report."""
