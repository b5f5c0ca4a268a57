"""What the machine files, made of the records and the settings: what the letter says, for the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from safehold.app.authorities import Filing, access_of
from safehold.app.authority_letters import facts_of, how_of, left_behind_of, operator_of, urgency_of
from safehold.app.settings import Settings
from safehold.authorities.contents import ContentFile, Contents
from safehold.authorities.destinations.generic import letter_pack
from safehold.authorities.destinations.generic.parcel import ParcelContents, ParcelFile
from safehold.authorities.destinations.ncmec_cybertipline import contents
from safehold.authorities.letter import letter
from safehold.authorities.whom import whom
from safehold.model.authority_report import AuthorityReport, ReportedItem
from safehold.model.report_facts import ItemOnRecord
from safehold.storage.database import Tx


def filing_of(settings: Settings) -> Filing:
    """Return where reports go and what they say, as these settings have it."""
    return Filing(
        access_of=partial(access_of, settings),
        contents_of=partial(contents_of, settings),
        contents_of_parcel=partial(contents_of_parcel, settings),
    )


def contents_of(
    settings: Settings, tx: Tx, report: AuthorityReport, _told: Sequence[ReportedItem], now: datetime
) -> Contents:
    """Return what a report says now, as its letter says it. Raises Refused where nothing is left to say."""
    facts = facts_of(tx, settings, report, now=now).facts
    named = whom(facts)

    def file(item: ItemOnRecord) -> ContentFile:
        assert item.media is not None
        return ContentFile(
            item_id=item.id,
            media_id=item.media.id,
            size=item.media.size_bytes,
            details=lambda report_id, file_id: contents.file(
                facts, item, named, report_id=report_id, file_id=file_id, now=now
            ),
        )

    chosen = contents.Chosen(priority=report.priority)
    return Contents(
        report=contents.report(facts, operator_of(settings.authorities), chosen, now=now),
        files=tuple(file(each) for each in contents.files(facts)),
    )


def contents_of_parcel(settings: Settings, tx: Tx, report: AuthorityReport, now: datetime) -> ParcelContents:
    """Return what a report says now, as its letter says it. Raises Refused where nothing is left to say."""
    facts = facts_of(tx, settings, report, now=now).facts
    behind = left_behind_of(settings, report, facts)
    written = letter(
        facts,
        operator_of(settings.authorities),
        urgency_of(report, facts),
        to=report.destination,
        now=now,
        how=how_of(settings, report, facts),
    )
    content = letter_pack.content_of(facts, written, report.id, to=report.destination, now=now)
    files = zip(letter_pack.items_with_media(facts), content["files"], strict=True)
    return ParcelContents(
        letter=content,
        files=tuple(
            ParcelFile(
                item_id=item.id,
                media_id=item.media.id,
                size=item.media.size_bytes,
                said={name: value for name, value in said.items() if name != "bytes"},
                left_behind=behind.get(item.id),
            )
            for item, said in files
            if item.media is not None and not facts.is_correction
        ),
    )
