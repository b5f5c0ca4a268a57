"""What is said of one file: whether somebody looked at it, what people found in it, where it came from."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.destinations.ncmec_cybertipline.blocks import capture
from safehold.authorities.fitting import Remarks, past, sentences, short
from safehold.authorities.said import of_item
from safehold.authorities.whom import Whom
from safehold.model.answers import to_answers
from safehold.model.assessment import ImageryForm
from safehold.model.report_facts import Bytes, ItemOnRecord, ReportFacts
from safehold.model.schemes import in_schemes
from safehold.model.surface import Visibility

_LONGEST_NAME = 2056


def files(facts: ReportFacts) -> tuple[ItemOnRecord, ...]:
    """Return the items whose bytes go along with a report, in the order in which they are sent."""
    return tuple(each for each in facts.told if each.bytes is Bytes.SEALED and each.media is not None)


def file(
    facts: ReportFacts, item: ItemOnRecord, named: Whom, *, report_id: int, file_id: str, now: datetime
) -> wire.FileDetails:
    """Return what is said of one of `files`. named: of `whom`. report_id, file_id: as the service gave them.

    Whether it was viewed is what the log of reveals says. Nothing here reads what cameras write into files:
    nothing is said of it, nor whether somebody looked at it.
    """
    remarks = Remarks()
    context = item.context
    classification, annotations = _judged(item)
    name = short(context.original_name, _LONGEST_NAME, "The name of the file", remarks) if context else None
    uploaded = past(context.uploaded_at, "The time of the upload", remarks, now=now) if context else None
    event = capture(item, remarks, now=now)
    return wire.FileDetails(
        report_id=report_id,
        file_id=file_id,
        original_file_name=name,
        uploaded_at=uploaded,
        file_viewed_by_esp=item.viewing.whole,
        publicly_available=is_public(item),
        file_relevance=wire.Relevance.REPORTED,
        file_annotations=annotations,
        industry_classification=classification,
        original_file_hash=_hashes(item),
        ip_capture_event=event,
        additional_info=(*of_item(facts, item, named, remarks), *sentences(remarks)),
    )


def supplement(*, report_id: int, file_id: str, name: str, said: str) -> wire.FileDetails:
    """Return what is said of a file that only helps to understand a report, such as a transcript.

    It has no classification and no annotation; nobody has to have looked at it. said: one sentence about it.
    """
    remarks = Remarks()
    return wire.FileDetails(
        report_id=report_id,
        file_id=file_id,
        original_file_name=short(name, _LONGEST_NAME, "The name of the file", remarks),
        file_relevance=wire.Relevance.SUPPLEMENTAL,
        additional_info=(said, *sentences(remarks)),
    )


def is_public(item: ItemOnRecord) -> bool | None:
    """Say whether everybody could see an item; None where nobody knows.

    What the platform was told to hold when it came may never have been seen, wherever it was uploaded to.
    """
    if item.visibility is Visibility.PRIVATE:
        return False
    return True if item.visibility is Visibility.PUBLIC and not item.held else None


def _hashes(item: ItemOnRecord) -> tuple[wire.OriginalFileHash, ...]:
    media = item.media
    if media is None:
        return ()
    kept = (("MD5", media.md5), ("SHA1", media.sha1), ("SHA256", media.sha256))
    return tuple(wire.OriginalFileHash(value=value, hash_type=name) for name, value in kept if value)


def _judged(item: ItemOnRecord) -> tuple[wire.Classification | None, wire.FileAnnotations | None]:
    """Return what follows for the schema from what people answered; nothing from what nobody assessed."""
    form = item.outcome.form if item.outcome else None
    return _derived(form) if isinstance(form, ImageryForm) else (None, None)


@lru_cache(maxsize=256)
def _derived(form: ImageryForm) -> tuple[wire.Classification | None, wire.FileAnnotations | None]:
    derived = in_schemes(to_answers(form))
    classified = derived["industry"] in set(wire.Classification)
    annotations = wire.FileAnnotations(
        drawn=derived["drawn"] == "yes",
        possible_self_production=derived["self_produced"] == "yes",
        live_streaming=derived["livestreamed"] == "yes",
        infant=derived["infant"] == "yes",
        generative_ai=derived["ai_generated"] == "yes",
    )
    says = annotations != wire.FileAnnotations()
    return wire.Classification(derived["industry"]) if classified else None, annotations if says else None
