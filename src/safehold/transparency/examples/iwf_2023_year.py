"""Synthetic years whose margins are those published for 2023 and 2022.

Nobody's case is in them. Where only words or a share were published, the least number that fits is taken.
What each page shows is given as several pictures, so that the rules for a page (the youngest, the most
severe) have to find what was published.
"""

from __future__ import annotations

from collections.abc import Iterator

from safehold.transparency.attributes import Rule
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.counting import Fact, Year
from safehold.transparency.examples import iwf_2023 as iwf
from safehold.transparency.examples.spreading import Blocks, Says, blocks
from safehold.transparency.measures import Catalogue, Measure, Window
from safehold.transparency.rules import Shown, of_whole
from safehold.transparency.units import Entries, Media, Pages, Reports

_OWN = (
    Measure(
        id="iwf.report_remove",
        unit=Reports,
        title="Report Remove",
        means="Reports by children about pictures of themselves, by whether they were confirmed.",
        counts=Rule.EACH,
        where={"channel": ("report_remove",)},
        by=("actioned",),
    ),
    Measure(
        id="iwf.report_remove.sextortion",
        unit=Reports,
        title="Report Remove, with features of sextortion",
        means="Reports by children about pictures of themselves that had such features.",
        counts=Rule.EACH,
        where={"channel": ("report_remove",), "feature": ("sextortion",)},
        of="iwf.report_remove",
    ),
    Measure(
        id="iwf.reports.ai",
        unit=Reports,
        title="Reports of AI-generated material",
        means="Reports that were about what AI had made.",
        counts=Rule.EACH,
        where={"channel": ("ai",)},
    ),
    Measure(
        id="iwf.hashes",
        unit=Entries,
        title="Unique hashes",
        means="Hashes that had been added since the beginning.",
        counts=Rule.EACH,
        where={"stage": ("hash",)},
        by=("category",),
        window=Window.AT_END,
        about_children=False,
    ),
    Measure(
        id="iwf.url_list",
        unit=Entries,
        title="URL list",
        means="Addresses that were on the URL list at some time of the year, each once.",
        counts=Rule.EACH,
        where={"stage": ("url",)},
        about_children=False,
    ),
)
MEASURES = Catalogue((*CATALOGUE, *_OWN))
"""The measures of the annual report, and those that only this source has."""

_NOT_PUBLISHED = "The source does not publish it."
_UNPUBLISHED: dict[str | tuple[str, str], str] = {
    **dict.fromkeys(("item", "conversation", "notice", "member", "authority_report"), _NOT_PUBLISHED),
    **dict.fromkeys(("appeal", "reversal", "showing"), _NOT_PUBLISHED),
    "pages.ai_generated": _NOT_PUBLISHED,
    "pages.confirmed.by_age_and_category": _NOT_PUBLISHED,
    "pages.self_generated.by_age": _NOT_PUBLISHED,
    "pages.hosting.by_site_type": "The source ranks types of site, without numbers.",
    "pages.restated": "A synthetic year is not corrected.",
    "items.restated": "A synthetic year is not corrected.",
    "reports.received": "The source publishes reports that were assessed.",
    "lists.entries": _NOT_PUBLISHED,
    "lists.added": _NOT_PUBLISHED,
    "lists.removed": _NOT_PUBLISHED,
    **{
        measure.id: "The source counts this study in unique images and videos."
        for measure in CATALOGUE
        if measure.id.startswith("pages.study")
    },
    **{
        measure.id: "Of unique images and videos the source publishes one study, and hashes."
        for measure in CATALOGUE
        if measure.unit is Media and not measure.id.startswith("media.study")
    },
    **{f"media.study_3_6.by_{name}": _NOT_PUBLISHED for name in ("circumstances", "company", "children")},
}


def year_2023() -> Year:
    """Return the synthetic year 2023."""
    return Year(number=2023, facts=_facts_2023(), missing=_UNPUBLISHED)


def year_2022() -> Year:
    """Return what is published of the year before, for comparison."""
    missing: dict[str | tuple[str, str], str] = {
        **_UNPUBLISHED,
        "media": _NOT_PUBLISHED,
        "iwf.reports.ai": _NOT_PUBLISHED,
    }
    for name in ("pages.hosting.by_country", "pages.self_generated.under_11", "pages.confirmed.by_age"):
        missing[name] = _NOT_PUBLISHED
    missing["pages.self_generated.by_category"] = _NOT_PUBLISHED
    missing["iwf.report_remove.sextortion"] = missing["iwf.report_remove"] = _NOT_PUBLISHED
    return Year(number=2022, facts=_facts_2022(), missing=missing)


def _facts_2023() -> Iterator[Fact]:
    webpages = {"stage": "assessed", "kind": "webpage"}
    yield Fact(Reports, iwf.CONFIRMED, {**webpages, "actioned": "yes"})
    yield Fact(Reports, iwf.WEBPAGES - iwf.CONFIRMED, {**webpages, "actioned": "no"})
    yield Fact(Reports, iwf.NEWSGROUPS, {"stage": "assessed", "kind": "newsgroup", "actioned": "no"})
    yield from _report_remove()
    yield Fact(Reports, iwf.AI, {"channel": "ai"})
    yield from _facts(Pages, _pages_2023())
    yield from _facts(Media, _study())
    yield Fact(Entries, iwf.PROHIBITED, {"stage": "hash", "category": "prohibited"})
    yield Fact(Entries, iwf.HASHES - iwf.PROHIBITED, {"stage": "hash"})
    yield Fact(Entries, iwf.LISTED, {"stage": "url"})


def _report_remove() -> Iterator[Fact]:
    remove = {"channel": "report_remove"}
    rest = iwf.REMOVE_DONE - iwf.REMOVE_SEXTORTION
    yield Fact(Reports, iwf.REMOVE_SEXTORTION, {**remove, "actioned": "yes", "feature": "sextortion"})
    yield Fact(Reports, rest, {**remove, "actioned": "yes"})
    yield Fact(Reports, iwf.REMOVE - iwf.REMOVE_DONE, {**remove, "actioned": "no"})


def _facts_2022() -> Iterator[Fact]:
    yield Fact(Reports, iwf.CONFIRMED_2022, {"stage": "assessed", "actioned": "yes"})
    yield Fact(Reports, iwf.REPORTS_2022 - iwf.CONFIRMED_2022, {"stage": "assessed", "actioned": "no"})
    pages = (
        blocks(iwf.CONFIRMED_2022)
        .spread("self_generated", [("yes", iwf.SELF_2022), ("no", iwf.CONFIRMED_2022 - iwf.SELF_2022)])
        .spread("category", [("A", iwf.ALL_A_2022)])
        .spread("sex", [("girls", iwf.GIRLS_2022), ("boys", iwf.BOYS_2022)])
        .spread("payment", [("free", iwf.FREE_2022)])
    )
    yield from _facts(Pages, pages)
    yield Fact(Entries, iwf.HASHES_2022, {"stage": "hash"})
    yield Fact(Entries, iwf.LISTED_2022, {"stage": "url"})


def _pages_2023() -> Blocks:
    """Return the confirmed pages. Three to six: the least that is over 6,000, over 70 % of it category A."""
    young, youngest = iwf.SELF_YOUNG - iwf.SELF_7_TO_10, 6_001
    severe = youngest * 7 // 10 + 1
    of_11_to_13, of_7_to_10 = _of(54), _of(41)
    selves = iwf.SELF - iwf.SELF_YOUNG
    countries = [(country, _of(share)) for country, share in iwf.COUNTRIES.items()]
    return (
        blocks(iwf.CONFIRMED)
        .spread("self_generated", [("yes", iwf.SELF), ("no", iwf.CONFIRMED - iwf.SELF)])
        .spread(
            "age_band",
            [("3-6", young), ("7-10", iwf.SELF_7_TO_10), ("11-13", selves)],
            among=lambda says: says["self_generated"] == "yes",
        )
        .spread(
            "age_band",
            [
                ("3-6", youngest - young),
                ("7-10", of_7_to_10 - iwf.SELF_7_TO_10),
                ("11-13", of_11_to_13 - selves),
            ],
            among=lambda says: says["self_generated"] == "no",
        )
        .spread(
            "category", [("A", young)], among=lambda says: _is(says, "yes") and says.get("age_band") == "3-6"
        )
        .spread(
            "category",
            [("A", iwf.SELF_A - young)],
            among=lambda says: _is(says, "yes") and "category" not in says,
        )
        .spread(
            "category",
            [("A", severe - young)],
            among=lambda says: _is(says, "no") and says.get("age_band") == "3-6",
        )
        .spread(
            "category",
            [("A", iwf.ALL_A - iwf.SELF_A - severe + young)],
            among=lambda says: _is(says, "no") and says.get("age_band") != "3-6",
        )
        .spread("sex", [("girls", _of(97))])
        .spread("country", countries)
        .spread("payment", [("paid_or_unknown", _of(3)), ("free", iwf.CONFIRMED - _of(3))])
    )


def _study() -> Blocks:
    return (
        blocks(iwf.STUDY)
        .spread("self_generated", [("yes", iwf.STUDY)])
        .spread("age_band", [("3-6", iwf.STUDY)])
        .spread("category", [("A", iwf.STUDY_A), ("B", iwf.STUDY_B), ("C", iwf.STUDY_C)])
        .spread("sex", [("girls", iwf.STUDY_GIRLS)])
    )


def _is(says: Says, self_generated: str) -> bool:
    return says.get("self_generated") == self_generated


def _of(share: int) -> int:
    """Return how many confirmed pages are nearest to a share in per cent."""
    return (2 * iwf.CONFIRMED * share + 100) // 200


def _facts(unit: type[Pages] | type[Media], made: Blocks) -> Iterator[Fact]:
    for says, many in made:
        found = of_whole(_shows(says))
        yield Fact(unit, many, {**says, **found, "purpose": "csam", "actioned": "yes"})


def _shows(says: Says) -> Iterator[Shown]:
    """Yield two pictures of which one is the youngest and another the most severe, as the margins have it."""
    age, category, sex = says.get("age_band"), says.get("category"), says.get("sex")
    yield Shown(age_band=age, category=None if category is None else "C", sex=sex)
    yield Shown(age_band=None if age is None else "16-17", category=category, sex=sex)
