"""A report as the CyberTipline takes it, made of the facts of a case: pure functions, the same each time.

Never run against the real service. Source of the words: public descriptions and client code of others, read
in August and November 2026; the authority's own schema was not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.destinations.ncmec_cybertipline.blocks import blocks, reporter
from safehold.authorities.destinations.ncmec_cybertipline.described import file, files, is_public, supplement
from safehold.authorities.fitting import Remarks, sentences, short, web_address, writable
from safehold.authorities.incident import Incident, Kind, check_reportable, kind_of, versions
from safehold.authorities.operator import Operator, Place
from safehold.authorities.said import of_report, urgency
from safehold.authorities.when import happened
from safehold.authorities.whom import whom
from safehold.model.authority_report import Priority
from safehold.model.item import ItemKind
from safehold.model.report_facts import ItemOnRecord, ReportFacts

__all__ = ["Chosen", "file", "files", "is_public", "report", "supplement"]

_LONGEST_PLATFORM = 256
_LONGEST_TEXT = 3000

_TYPES = {
    Incident.IMAGERY: wire.IncidentType.IMAGERY,
    Incident.ENTICEMENT: wire.IncidentType.ENTICEMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a person chose for one report, where the facts do not say it.

    incident: another kind than follows from what was found. annotations: further ones, such as those that no
    answer of our forms stands for.
    """

    priority: Priority
    incident: wire.IncidentType | None = None
    annotations: wire.ReportAnnotations = field(default_factory=wire.ReportAnnotations)


def report(facts: ReportFacts, operator: Operator, chosen: Chosen, *, now: datetime) -> wire.Report:
    """Return the report of a case. What had to be changed or left out is said in its `additional_info`.

    now: what the clock says; nothing in the report is later. Raises Refused where there is nothing to report,
    or the case is of a purpose that is not reported.
    """
    check_reportable(facts)
    remarks = Remarks()
    named, kind = whom(facts), kind_of(facts)
    people = blocks(facts, named, operator, remarks, now=now)
    summary = _summary(facts, kind, operator, chosen, remarks, now=now)
    places = _places(facts, operator, remarks)
    by = reporter(operator, remarks)
    said = of_report(facts, named, remarks)
    if chosen.incident is None and not kind.derived:
        said.append("The kind of incident does not follow from what was found; the nearest was given.")
    said.append(f"Words of this form follow from our answers by tables: {versions()}.")
    return wire.Report(
        incident_summary=summary,
        internet_details=places,
        reporter=by,
        person_or_user_reported=people.reported,
        intended_recipient=people.recipients,
        victim=people.victims,
        additional_info=" ".join([*said, *sentences(remarks)]),
    )


def _summary(
    facts: ReportFacts, kind: Kind, operator: Operator, chosen: Chosen, remarks: Remarks, *, now: datetime
) -> wire.IncidentSummary:
    when = happened(facts, now=now)
    annotations = wire.ReportAnnotations(
        sextortion=chosen.annotations.sextortion,
        csam_solicitation=chosen.annotations.csam_solicitation,
        minor_to_minor_interaction=kind.between_children or chosen.annotations.minor_to_minor_interaction,
        spam=chosen.annotations.spam,
        sadistic_online_exploitation=chosen.annotations.sadistic_online_exploitation,
    )
    return wire.IncidentSummary(
        incident_type=chosen.incident or _TYPES[kind.incident],
        platform=short(operator.platform, _LONGEST_PLATFORM, "The name of the platform", remarks),
        urgency=urgency(facts) if chosen.priority is Priority.ONE else None,
        report_annotations=annotations if annotations != wire.ReportAnnotations() else None,
        incident_date_time=when.at,
        incident_date_time_description=short(when.described, _LONGEST_TEXT, "The time", remarks),
    )


def _places(facts: ReportFacts, operator: Operator, remarks: Remarks) -> tuple[wire.InternetDetails, ...]:
    """Return where it happened: one part for each kind of place, with the addresses and ids we know."""
    items = facts.told or facts.corrected or facts.items
    by_place: dict[Place, list[ItemOnRecord]] = {}
    for item in items:
        by_place.setdefault(_place(item, operator), []).append(item)
    found = [_incident(place, each, operator, remarks) for place, each in by_place.items()]
    return tuple(found) or (wire.InternetDetails(web_page_incident=wire.WebPageIncident()),)


def _place(item: ItemOnRecord, operator: Operator) -> Place:
    if item.kind is ItemKind.PAGE:
        return Place.WEB_PAGE
    usual = operator.place_of(item.surface, item.visibility)
    if item.kind is ItemKind.MESSAGES and usual is Place.WEB_PAGE:
        return Place.CHAT
    return usual


def _incident(
    place: Place, items: list[ItemOnRecord], operator: Operator, remarks: Remarks
) -> wire.InternetDetails:
    info = writable(_ids(items), "The ids of what was uploaded", remarks)
    platform = writable(operator.platform, "The name of the platform", remarks)
    if place is Place.CHAT:
        return wire.InternetDetails(
            chat_im_incident=wire.ChatImIncident(chat_client=platform, additional_info=info)
        )
    if place is Place.EMAIL:
        return wire.InternetDetails(email_incident=wire.EmailIncident(additional_info=info))
    if place is Place.GAME:
        return wire.InternetDetails(
            online_gaming_incident=wire.OnlineGamingIncident(game_name=platform, additional_info=info)
        )
    given = [each.page_url for each in items if each.page_url is not None]
    addresses = (web_address(one, "The address of a page", remarks) for one in dict.fromkeys(given))
    return wire.InternetDetails(
        web_page_incident=wire.WebPageIncident(
            url=tuple(one for one in addresses if one is not None), additional_info=info
        )
    )


def _ids(items: list[ItemOnRecord]) -> str:
    """Return where on the platform it is: each surface with the platform's own ids."""
    by_surface: dict[str, list[str]] = {}
    for item in items:
        known = by_surface.setdefault(item.surface, [])
        if item.context is not None and item.context.content_id:
            known.append(item.context.content_id)
    return "; ".join(
        f"{surface}: {', '.join(dict.fromkeys(ids))}" if ids else surface
        for surface, ids in by_surface.items()
    )
