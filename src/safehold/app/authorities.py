"""Filing with authorities, put together: what a worker runs, with the reader that it has and the alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom

from safehold.app import alarms
from safehold.app.authority_rules import authority_rules
from safehold.app.parcels import Packer
from safehold.app.program import Program
from safehold.app.reader.client import ReaderClient
from safehold.app.settings import Settings
from safehold.app.settings_authorities import AuthorityDestinationSettings
from safehold.app.settings_outside import mail_server
from safehold.authorities import filings, plans
from safehold.authorities.contents import ContentsOf
from safehold.authorities.destinations.generic.parcel import ContentsOfParcel, Parcels
from safehold.authorities.destinations.generic.way import ByMail, ByWebhook, Way
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.authorities.means import Means, Opening, Reached
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.mail import Mail
from safehold.jobs.schedules import Schedule
from safehold.model.authority_report import Priority
from safehold.model.ids import AuthorityReportId
from safehold.storage.database import Tx

AccessOf = Callable[[str], Reached | None]
"""How the destination of a name is reached, None where the settings declare none that is enabled."""


def access_of(settings: Settings, name: str) -> Reached | None:
    """Return how a destination is reached: of those that take reports by machine and are enabled.

    Raises BadSettings for half a login at a mail server.
    """
    declared = settings.authorities.destinations.get(name)
    if declared is None or not declared.enabled:
        return None
    if declared.delivery != "by_hand":
        return way_of(declared, name)
    return _cybertipline(declared) if declared.kind == "ncmec_cybertipline" else None


def check_destinations(settings: Settings) -> None:
    """Raise BadSettings for a destination that could not be reached as it is declared, enabled or not."""
    for name, declared in settings.authorities.destinations.items():
        if declared.delivery == "mail":
            by = _by_mail(declared, name)
            Mail(sender=by.sender, recipients=by.mailboxes, headers={}, text="")


def way_of(declared: AuthorityDestinationSettings, name: str) -> Way:
    """Return how parcels go to a destination that takes them. Raises BadSettings for half a login."""
    return Way(
        by=_by_webhook(declared) if declared.delivery == "webhook" else _by_mail(declared, name),
        recipients=tuple(declared.age_recipients),
        with_files=declared.send_files,
        largest_bytes=declared.largest_mebibytes << 20,
    )


def _by_webhook(declared: AuthorityDestinationSettings) -> ByWebhook:
    assert declared.url is not None
    return ByWebhook(
        url=declared.url,
        secrets=tuple(each.get_secret_value() for each in declared.secrets),
        permitted=PermittedNetworks.of(*declared.permitted_networks),
    )


def _by_mail(declared: AuthorityDestinationSettings, name: str) -> ByMail:
    assert declared.sender is not None
    return ByMail(
        server=mail_server(declared, named=f"authorities.destinations.{name}", deadline_seconds=600),
        sender=declared.sender,
        mailboxes=tuple(declared.recipients),
    )


def _cybertipline(declared: AuthorityDestinationSettings) -> Access:
    # The settings refuse this kind without them.
    assert declared.url is not None
    assert declared.username is not None
    assert declared.password is not None
    return Access(
        base=declared.url.rstrip("/"),
        username=declared.username,
        password=declared.password.get_secret_value(),
        permitted=PermittedNetworks.of(*declared.permitted_networks),
    )


@dataclass(frozen=True, slots=True)
class Filing:
    """Where reports go, and what they say: to the CyberTipline, and in parcels."""

    access_of: AccessOf
    contents_of: ContentsOf
    contents_of_parcel: ContentsOfParcel


def filing_schedules(program: Program, how: Filing) -> tuple[Schedule, ...]:
    """Return what a worker runs to file reports: what is due at once has a turn of its own."""
    means, rules = means_of(program, how), authority_rules(program.settings)
    return (
        Schedule("authority filings", 2, lambda: filings.file_due(means)),
        Schedule("urgent authority filings", 2, lambda: filings.file_due(means, up_to=Priority.ONE)),
        Schedule("files owed to authorities", 15, lambda: filings.plan_owed_files(means, rules)),
        Schedule("practice left unsent", 600, lambda: _end_practice(program)),
    )


def _end_practice(program: Program) -> None:
    with program.database.begin() as tx:
        plans.end_practice(tx, now=program.clock())


def means_of(program: Program, how: Filing) -> Means:
    """Return what filing needs, of a program. Without a reader reports wait, and a person hears of it."""

    def alarm(tx: Tx, code: str, report_id: AuthorityReportId) -> None:
        alarms.raise_alarm(tx, code, f"authority_report:{report_id}", now=program.clock())

    return Means(
        database=program.database,
        vault=program.vault,
        egress=program.egress,
        clock=program.clock,
        record=program.recorder.record,
        contents_of=how.contents_of,
        parcels=Parcels(how.contents_of_parcel, _packer(program).pack),
        access_of=how.access_of,
        opening=_opening(program.reader),
        alarm=alarm,
        chance=SystemRandom().random,
    )


def _packer(program: Program) -> Packer:
    return Packer(program.home.folder, program.home.bundles_key, program.reader, program.clock)


def _opening(reader: ReaderClient | None) -> Opening | None:
    if reader is None:
        return None
    return Opening(item=reader.file_item, paper=reader.file_paper, ready=reader.is_ready)
