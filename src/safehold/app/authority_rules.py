"""What the settings say of authorities, as planning takes it."""

from __future__ import annotations

from datetime import timedelta

from safehold.app.settings import Settings
from safehold.app.settings_authorities import AuthorityDestinationSettings
from safehold.authorities.planner import Taker
from safehold.authorities.plans import Rules
from safehold.model.authority_report import DestinationKind, Priority


def authority_rules(settings: Settings) -> Rules:
    """Return the rules of these settings, with the destinations in the order in which they stand there."""
    said = settings.authorities
    return Rules(
        takers=tuple(_taker(name, each) for name, each in said.destinations.items()),
        operator_country=said.country,
        due_within={
            Priority.ONE: timedelta(minutes=settings.emergency.report_minutes),
            Priority.TWO: timedelta(hours=said.serious_within_hours),
            Priority.THREE: timedelta(hours=said.other_within_hours),
        },
    )


def _taker(name: str, each: AuthorityDestinationSettings) -> Taker:
    kind = DestinationKind(each.kind) if each.delivery == "by_hand" else DestinationKind.PARCEL
    by_kind = kind is DestinationKind.UK_NCA
    return Taker(
        name=name,
        kind=kind,
        enabled=each.enabled,
        countries=frozenset(each.countries),
        voluntary=each.voluntary,
        no_duplicates=by_kind if each.no_duplicates is None else each.no_duplicates,
    )
