"""The figures that the Internet Watch Foundation published for 2023, and where each was read.

[R]: read on its pages, or where they are quoted; asserted. [K]: known, and not read; [I]: inferred; both are
printed with their mark and checked as arithmetic alone. [M]: reckoned from what was read. What was not found
is not available, and never zero. Policy labels and numbers, nothing else.
"""

from __future__ import annotations

from safehold.transparency.examples.published import Arithmetic, Line, Tag
from safehold.transparency.tables import ALL
from safehold.transparency.units import Entries, Items, Media, Members, Notices, Pages, Reports

YEAR = 2023
NAME = "iwf-2023"
PUBLISHER = "a synthetic year with the margins that the Internet Watch Foundation published for 2023"

REPORTS, WEBPAGES, NEWSGROUPS, REPORTS_2022 = 392_665, 392_620, 45, 375_230
CONFIRMED, CONFIRMED_2022 = 275_652, 255_588
SELF, SELF_2022, SELF_A, SELF_YOUNG, SELF_7_TO_10 = 254_071, 199_363, 54_250, 107_615, 104_282
ALL_A, ALL_A_2022 = 62_652, 51_369
GIRLS_2022, BOYS_2022, FREE_2022 = 242_989, 6_253, 228_927
STUDY, STUDY_A, STUDY_GIRLS, STUDY_B, STUDY_C = 2_401, 356, 2_185, 556, 1_489
HASHES, HASHES_2022, PROHIBITED = 2_255_390, 1_663_106, 2_893
LISTED, LISTED_2022, LISTED_A_DAY = 194_580, 230_922, 1_116
REMOVE, REMOVE_DONE, REMOVE_DONE_2022, REMOVE_SEXTORTION = 792, 508, 101, 201
AI, AI_2024 = 51, 245

COUNTRIES = {
    "Netherlands": 33,
    "United States": 15,
    "Hong Kong": 9,
    "Switzerland": 8,
    "Bulgaria": 6,
    "Germany": 5,
    "Slovakia": 4,
    "Ukraine": 2,
    "Russia": 2,
    "Malaysia": 2,
    "Panama": 1,
    "France": 1,
    "Sweden": 1,
}
"""The share of confirmed pages by country of the server, in whole per cent."""

_PAGES, _SELF = ("pages.confirmed", ()), ("pages.self_generated", ())
_STUDY = ("media.study_3_6", ())
_AGE, _SEX, _CATEGORY = "pages.confirmed.by_age", "pages.confirmed.by_sex", "pages.confirmed.by_category"

_REPORT_LINES = (
    Line(
        id="reports",
        what="Reports assessed",
        unit=Reports,
        tag=Tag.R,
        number=REPORTS,
        before=REPORTS_2022,
        grown="+5 %",
        cell=("reports.assessed", (ALL,)),
        printed=392_660,
    ),
    Line(
        id="reports.webpages",
        what="of which webpages",
        unit=Reports,
        tag=Tag.R,
        number=WEBPAGES,
        cell=("reports.assessed", ("webpage",)),
        whole=("reports.assessed", (ALL,)),
    ),
    Line(
        id="reports.newsgroups",
        what="of which newsgroups",
        unit=Reports,
        tag=Tag.R,
        number=NEWSGROUPS,
        cell=("reports.assessed", ("newsgroup",)),
        whole=("reports.assessed", (ALL,)),
    ),
    Line(
        id="reports.confirmed",
        what="Reports that led to a confirmed page",
        unit=Reports,
        tag=Tag.M,
        cell=("reports.confirmed", ()),
        whole=("reports.assessed", (ALL,)),
        share="70 %",
        share_tag=Tag.M,
        note="Each confirmed page came by one report. The share is of reports: pages are no part of them.",
    ),
    Line(
        id="reports.ai",
        what="Reports of AI-generated material",
        unit=Reports,
        tag=Tag.R,
        number=AI,
        cell=("iwf.reports.ai", ()),
        note="Second-hand.",
    ),
    Line(
        id="report_remove",
        what="Report Remove: reports",
        unit=Reports,
        tag=Tag.R,
        number=REMOVE,
        grown="+324 %",
        cell=("iwf.report_remove", (ALL,)),
        note="The number of the year before was not found: the change is printed, not checked.",
    ),
    Line(
        id="report_remove.actioned",
        what="Report Remove: confirmed",
        unit=Reports,
        tag=Tag.R,
        number=REMOVE_DONE,
        before=REMOVE_DONE_2022,
        cell=("iwf.report_remove", ("yes",)),
        whole=("iwf.report_remove", (ALL,)),
    ),
    Line(
        id="report_remove.sextortion",
        what="Report Remove: with features of sextortion",
        unit=Reports,
        tag=Tag.R,
        number=REMOVE_SEXTORTION,
        cell=("iwf.report_remove.sextortion", ()),
        whole=("iwf.report_remove", (ALL,)),
    ),
)
_PAGE_LINES = (
    Line(
        id="pages",
        what="Pages confirmed",
        unit=Pages,
        tag=Tag.R,
        number=CONFIRMED,
        before=CONFIRMED_2022,
        grown="+8 %",
        cell=_PAGES,
        printed=275_655,
    ),
    Line(
        id="pages.self",
        what="Self-generated",
        unit=Pages,
        tag=Tag.R,
        number=SELF,
        before=SELF_2022,
        share="92 %",
        cell=_SELF,
        whole=_PAGES,
        printed=254_070,
        note="The exact number is as the press quotes it.",
    ),
    Line(
        id="pages.self.a",
        what="Self-generated, category A",
        unit=Pages,
        tag=Tag.R,
        number=SELF_A,
        share="21 %",
        cell=("pages.self_generated.by_category", ("A",)),
        whole=_SELF,
    ),
    Line(
        id="pages.self.young",
        what="Self-generated, of children under ten",
        unit=Pages,
        tag=Tag.R,
        number=SELF_YOUNG,
        grown="+66 %",
        share="42 %",
        share_tag=Tag.M,
        cell=("pages.self_generated.under_11", ()),
        whole=_SELF,
        note="The number of the year before was not found: the change is printed, not checked.",
    ),
    Line(
        id="pages.self.7_10",
        what="Self-generated, seven to ten",
        unit=Pages,
        tag=Tag.K,
        number=SELF_7_TO_10,
        whole=_SELF,
    ),
    Line(
        id="pages.a",
        what="Category A",
        unit=Pages,
        tag=Tag.K,
        number=ALL_A,
        before=ALL_A_2022,
        grown="+22 %",
        share="23 %",
        share_tag=Tag.M,
        cell=(_CATEGORY, ("A",)),
        whole=_PAGES,
        note="The change is published; the number fits it.",
    ),
    Line(id="pages.b", what="Category B", unit=Pages, tag=None, cell=(_CATEGORY, ("B",))),
    Line(id="pages.c", what="Category C", unit=Pages, tag=None, cell=(_CATEGORY, ("C",))),
    Line(
        id="pages.11_13",
        what="Eleven to thirteen",
        unit=Pages,
        tag=Tag.R,
        share="54 %",
        cell=(_AGE, ("11-13",)),
        whole=_PAGES,
        note="Second-hand; the number is derived from the share.",
    ),
    Line(
        id="pages.7_10",
        what="Seven to ten",
        unit=Pages,
        tag=Tag.R,
        share="41 %",
        cell=(_AGE, ("7-10",)),
        whole=_PAGES,
        note="Second-hand; the number is derived from the share.",
    ),
    Line(
        id="pages.3_6",
        what="Three to six",
        unit=Pages,
        tag=Tag.R,
        cell=(_AGE, ("3-6",)),
        whole=_PAGES,
        said="over 6,000",
        note="Second-hand. The least that fits the words is counted.",
    ),
    Line(id="pages.0_2", what="Up to two", unit=Pages, tag=None, cell=(_AGE, ("0-2",))),
    Line(
        id="pages.girls",
        what="Girls alone",
        unit=Pages,
        tag=Tag.K,
        before=GIRLS_2022,
        share="97 %",
        share_tag=Tag.K,
        cell=(_SEX, ("girls",)),
        whole=_PAGES,
        note="A share that was not read.",
    ),
    Line(id="pages.boys", what="Boys alone", unit=Pages, tag=None, before=BOYS_2022, cell=(_SEX, ("boys",))),
)
_STUDY_LINES = (
    Line(
        id="study",
        what="Three to six, self-generated: images and videos",
        unit=Media,
        tag=Tag.R,
        number=STUDY,
        cell=_STUDY,
    ),
    Line(
        id="study.girls",
        what="of which girls",
        unit=Media,
        tag=Tag.R,
        share="91 %",
        cell=("media.study_3_6.by_sex", ("girls",)),
        whole=_STUDY,
        note="The number is derived from the share.",
    ),
    Line(
        id="study.a",
        what="of which category A",
        unit=Media,
        tag=Tag.R,
        number=STUDY_A,
        cell=("media.study_3_6.by_category", ("A",)),
        whole=_STUDY,
    ),
    Line(
        id="study.b",
        what="of which category B",
        unit=Media,
        tag=Tag.I,
        share="23 %",
        share_tag=Tag.I,
        cell=("media.study_3_6.by_category", ("B",)),
        whole=_STUDY,
        note="What is left of the whole.",
    ),
    Line(
        id="study.c",
        what="of which category C",
        unit=Media,
        tag=Tag.R,
        share="62 %",
        cell=("media.study_3_6.by_category", ("C",)),
        whole=_STUDY,
        note="The number is derived from the share.",
    ),
    Line(id="study.several", what="of which with more than one child", unit=Media, tag=None),
)
_LIST_LINES = (
    Line(
        id="hashes",
        what="Unique hashes, since the beginning",
        unit=Entries,
        tag=Tag.R,
        number=HASHES,
        before=HASHES_2022,
        cell=("iwf.hashes", (ALL,)),
    ),
    Line(
        id="hashes.prohibited",
        what="of which prohibited (non-photographic)",
        unit=Entries,
        tag=Tag.R,
        number=PROHIBITED,
        cell=("iwf.hashes", ("prohibited",)),
        whole=("iwf.hashes", (ALL,)),
    ),
    Line(
        id="url_list",
        what="Addresses that were on the URL list",
        unit=Entries,
        tag=Tag.R,
        number=LISTED,
        before=LISTED_2022,
        cell=("iwf.url_list", ()),
        note="“New a day” is another thing: 1,116 a day would be more than all of them.",
    ),
    Line(id="url_list.day", what="New on it a day", unit=Entries, tag=Tag.R, number=1_116, before=1_029),
    Line(id="url_list.size", what="Its mean size", unit=Entries, tag=Tag.R, number=8_351, before=11_488),
    Line(
        id="members",
        what="Members",
        unit=Members,
        tag=Tag.K,
        number=200,
        note="About so many. Not among the counted facts.",
    ),
    Line(
        id="portals",
        what="Reporting portals",
        unit=Members,
        tag=Tag.R,
        number=50,
        note="More than so many. Not among the counted facts.",
    ),
)
_HOSTING_LINES = (
    Line(
        id="hosting.paid",
        what="Hosting paid, or not known",
        unit=Pages,
        tag=Tag.R,
        share="3 %",
        cell=("pages.hosting.by_payment", ("paid_or_unknown",)),
        whole=_PAGES,
    ),
    Line(
        id="hosting.free",
        what="Hosting free to use",
        unit=Pages,
        tag=Tag.M,
        before=FREE_2022,
        share="97 %",
        share_tag=Tag.M,
        cell=("pages.hosting.by_payment", ("free",)),
        whole=_PAGES,
    ),
    *(
        Line(
            id=f"hosting.{country.lower().replace(' ', '_')}",
            what=f"Hosted: {country}",
            unit=Pages,
            tag=Tag.R,
            share=f"{share} %",
            cell=("pages.hosting.by_country", (country,)),
            whole=_PAGES,
        )
        for country, share in COUNTRIES.items()
    ),
    Line(id="hosting.united_kingdom", what="Hosted: United Kingdom", unit=Pages, tag=None, before=640),
    Line(id="hosting.continents", what="Hosted, by continent", unit=Pages, tag=None),
    Line(id="hosting.site_types", what="By type of site", unit=Pages, tag=None),
    Line(id="removal", what="Time to removal", unit=Notices, tag=None),
    Line(id="items", what="Items (appearances of media)", unit=Items, tag=None),
)
LINES = (*_REPORT_LINES, *_PAGE_LINES, *_STUDY_LINES, *_LIST_LINES, *_HOSTING_LINES)
"""Every line, in the order of the report."""

ARITHMETIC = (
    Arithmetic(
        what="Reports: webpages and newsgroups",
        said="392,620 + 45 = 392,665",
        tag=Tag.R,
        holds=WEBPAGES + NEWSGROUPS == REPORTS,
    ),
    Arithmetic(
        what="Study: categories A, B and C",
        said="356 + 556 + 1,489 = 2,401",
        tag=Tag.I,
        holds=STUDY_A + STUDY_B + STUDY_C == STUDY,
    ),
    Arithmetic(
        what="Pages of categories B and C, and what links to such",
        said="275,652 − 62,652 = 213,000",
        tag=Tag.M,
        holds=CONFIRMED - ALL_A == 213_000,
    ),
    Arithmetic(
        what="Hashes added in the year",
        said="2,255,390 − 1,663,106 = 592,284",
        tag=Tag.M,
        holds=HASHES - HASHES_2022 == 592_284,
    ),
    Arithmetic(
        what="New on the URL list a day is not unique over the year",
        said="1,116 × 365 = 407,340, more than 194,580",
        tag=Tag.M,
        holds=LISTED_A_DAY * 365 == 407_340 > LISTED,
    ),
    Arithmetic(
        what="Report Remove, confirmed: times the year before",
        said="508 / 101 = 5.03",
        tag=Tag.M,
        holds=round(REMOVE_DONE / REMOVE_DONE_2022, 2) == 5.03,
    ),
    Arithmetic(
        what="AI reports in 2024: times 2023",
        said="245 / 51 = 4.80",
        tag=Tag.M,
        holds=round(AI_2024 / AI, 2) == 4.80,
    ),
    Arithmetic(
        what="2022: pages hosted free of charge",
        said="228,927 of 255,588 = 90 %",
        tag=Tag.R,
        holds=round(100 * FREE_2022 / CONFIRMED_2022) == 90,
    ),
)
"""What has to come out between published numbers."""
