"""A report as a letter: what a person reads, and answers for, before it is sent. Plain values, our words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from safehold.authorities.checklist import TITLES, Checklist, State
from safehold.authorities.fitting import Remarks, sentences, shown, writable
from safehold.authorities.incident import Incident, check_reportable, kind_of
from safehold.authorities.operator import Contact, Operator
from safehold.authorities.priority import Urgency
from safehold.authorities.said import WHY_NOT_HELD, assessed, counted, of_report, viewed
from safehold.authorities.when import happened
from safehold.authorities.whom import Whom, whom
from safehold.model.assessment import ImageryForm, SelfGenerated
from safehold.model.ids import ItemId
from safehold.model.report_facts import Bytes, ItemOnRecord, ReportFacts

_KINDS = {
    Incident.IMAGERY: "abuse imagery",
    Incident.ENTICEMENT: "conduct towards a child in a conversation",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A label and what stands beside it."""

    label: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a letter. paragraphs come before rows."""

    heading: str
    paragraphs: tuple[str, ...] = field(default=(), repr=False)
    rows: tuple[Row, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A report, to be read. sections: in the order in which they matter."""

    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """The way that a report goes. said: a sentence. left_behind: of files that do not go that way, why."""

    said: str
    left_behind: Mapping[ItemId, str] = field(default_factory=dict)


def letter(
    facts: ReportFacts,
    operator: Operator,
    urgency: Urgency,
    *,
    to: str,
    now: datetime,
    held: Checklist | None = None,
    how: How | None = None,
) -> Letter:
    """Return the letter that says what a report of these facts says.

    to: what the destination is called. held: the checklist, where the destination has one. how: the way that
    the settings choose, where there are several. Raises Refused where there is nothing to report, or the case
    is of a purpose that is not reported.
    """
    check_reportable(facts)
    named, remarks = whom(facts), Remarks()
    said = of_report(facts, named, remarks)
    sections = [
        _whom(facts, operator, named, to, how),
        Section(heading="How urgent it is", paragraphs=(f"Priority {urgency.priority}. {urgency.reason}",)),
        _what(facts, said),
        _where(facts),
        _when(facts, now),
        _files(facts, how.left_behind if how is not None else {}),
        _missing(facts, held),
        _earlier(facts),
    ]
    cleaned = [_cleaned(section, remarks) for section in sections]
    if remarks:
        cleaned.append(Section(heading="What was changed", paragraphs=sentences(remarks)))
    return Letter(sections=tuple(cleaned))


def _whom(facts: ReportFacts, operator: Operator, named: Whom, to: str, how: How | None) -> Section:
    paragraphs = [f"{operator.name} reports to {to}."]
    if how is not None:
        paragraphs.append(how.said)
    if named.reported is None:
        paragraphs.append("Nobody is reported: in this case nobody's part is known to be that of a suspect.")
    paragraphs += _doubts(facts, named)
    rows = [Row("Reports", _person(operator.reporting_person))]
    if operator.contact is not None:
        rows.append(Row("Answers questions", _person(operator.contact)))
    if named.reported is not None:
        rows.append(Row("Reported", named.reported))
    rows += [Row("Suspected too, said in words alone", each) for each in named.suspected]
    rows += [Row("Victim", each) for each in named.victims]
    rows += [Row("It was meant for", each) for each in named.recipients]
    rows += [Row("Part not determined, a detail of the incident", each) for each in named.unknown]
    return Section(heading="Who reports whom", paragraphs=tuple(paragraphs), rows=tuple(rows))


def _doubts(facts: ReportFacts, named: Whom) -> list[str]:
    """Return what whoever sends it should think of once more, because it may be a child who is reported."""
    if named.reported is None:
        return []
    forms = [each.outcome.form for each in facts.told if each.outcome is not None]
    own = any(isinstance(form, ImageryForm) and form.self_generated is SelfGenerated.YES for form in forms)
    said = []
    if own:
        said.append(
            "Something in it was found to be self-generated, and somebody is reported. Make sure that"
            " it is not the child."
        )
    if kind_of(facts).between_children:
        said.append("Whoever does it was found to be a child too. What follows may be another thing then.")
    return said


def _person(contact: Contact) -> str:
    return ", ".join(part for part in (contact.name, contact.email, contact.phone) if part)


def _what(facts: ReportFacts, said: Iterable[str]) -> Section:
    kind = kind_of(facts)
    sure = "" if kind.derived else " That does not follow from what was found; it is the nearest."
    return Section(
        heading="What is reported",
        paragraphs=(*said, f"As the kind of incident, {_KINDS[kind.incident]} is given.{sure}"),
    )


def _where(facts: ReportFacts) -> Section:
    rows = []
    for number, item in enumerate(_told(facts), 1):
        known = [item.surface]
        if item.visibility is not None:
            known.append(item.visibility.value)
        if item.page_url is not None:
            known.append(item.page_url)
        if item.context is not None and item.context.content_id:
            known.append(item.context.content_id)
        rows.append(Row(f"Item {number}", ", ".join(known)))
    return Section(heading="Where", rows=tuple(rows))


def _when(facts: ReportFacts, now: datetime) -> Section:
    when = happened(facts, now=now)
    return Section(heading="When", paragraphs=(f"{shown(when.at)}. {when.described}",))


def _files(facts: ReportFacts, left_behind: Mapping[ItemId, str]) -> Section:
    rows = tuple(
        Row(f"Item {number}", _of_file(facts, item, left_behind.get(item.id)))
        for number, item in enumerate(_told(facts), 1)
    )
    sent = sum(each.bytes is Bytes.SEALED and each.id not in left_behind for each in facts.told)
    along = "1 file goes" if sent == 1 else f"{sent} files go"
    return Section(
        heading="Files, and what was viewed",
        paragraphs=(f"{along} along. Whether each was viewed is taken from the log.",),
        rows=rows,
    )


def _of_file(facts: ReportFacts, item: ItemOnRecord, left_behind: str | None) -> str:
    said = [assessed(facts, item)]
    if item.media is not None:
        said.append(viewed(item))
    if item.bytes is not Bytes.SEALED:
        said.append(f"No file goes along: {WHY_NOT_HELD[item.bytes]}.")
    elif left_behind is not None:
        said.append(f"No file goes along: {left_behind}.")
    return " ".join(said)


def _missing(facts: ReportFacts, held: Checklist | None) -> Section:
    paragraphs = []
    if facts.not_told:
        paragraphs.append(
            f"Left out, for nobody has settled what they are: {counted(len(facts.not_told), 'item')}."
        )
    if facts.let_go and not facts.is_correction:
        paragraphs.append(f"Left out, for people found something else: {counted(len(facts.let_go), 'item')}.")
    without = sum(each.bytes is not Bytes.SEALED for each in facts.told)
    if without:
        paragraphs.append(f"Without a file: {counted(without, 'item')}.")
    rows = []
    if held is not None:
        paragraphs.append(f"Of the checklist {held.answered} of {len(held.lines)} items are answered.")
        unanswered = [line for line in held.lines if line.state is State.NOT_YET_LOOKED]
        rows = [Row(TITLES[line.item], "not looked for yet") for line in unanswered]
    return Section(heading="What is missing", paragraphs=tuple(paragraphs or ("Nothing.",)), rows=tuple(rows))


def _earlier(facts: ReportFacts) -> Section:
    if not facts.prior:
        return Section(heading="Reported before", paragraphs=("No earlier report of it is on record here.",))
    return Section(
        heading="Reported before",
        paragraphs=(
            "It is named in the report. Some authorities want nothing twice: see whether this adds.",
        ),
        rows=tuple(Row("Earlier report", each) for each in facts.prior),
    )


def _told(facts: ReportFacts) -> tuple[ItemOnRecord, ...]:
    return facts.told or facts.corrected


def _cleaned(section: Section, remarks: Remarks) -> Section:
    def clean(text: str) -> str:
        return writable(text, "A text in this letter", remarks) or ""

    return Section(
        heading=section.heading,
        paragraphs=tuple(clean(each) for each in section.paragraphs),
        rows=tuple(Row(each.label, clean(each.value)) for each in section.rows),
    )
