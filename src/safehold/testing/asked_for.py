"""What is on no list and somebody asks to have looked at: sealed and recorded as a flagged upload is."""

from __future__ import annotations

from collections.abc import Sequence

from safehold.app.program import Program
from safehold.detect import recording, sampling
from safehold.evidence import custody
from safehold.intake import uploads
from safehold.model.band import Band
from safehold.model.classifier import ESTIMATED, Heard, reason_of, source_of
from safehold.model.events import ItemFlagged
from safehold.model.hash_list import Purpose
from safehold.model.ids import FlagId, ItemId, ScanId, new_id
from safehold.model.item import Context
from safehold.model.match import Flag
from safehold.model.scan import ScanResult
from safehold.signals.digests import digest_bytes


def ask_for_a_look(
    program: Program,
    data: bytes,
    *,
    account: str,
    rehearsal: bool,
    purpose: Purpose,
    heard: Sequence[Heard] = (),
) -> ItemId:
    """Record that the audit sample asks for a look at a picture or film, and return the item.

    The step that opens its case waits, as after an upload. account: whose upload it was. heard: what
    classifiers said; where one saw anything, it asks, and not the sample.
    """
    seen = program.scanner.decoders.examine(data, rendition=True, turned=True)
    sealed = custody.seal_media(program.vault, data, seen.rendition, media_type=seen.media_type)
    digests = digest_bytes(data)
    with program.database.begin() as tx:
        now = program.clock()
        item_id, media_id = uploads.receive(
            tx,
            scan_id=ScanId(new_id()),
            context=Context(surface="public_uploads", account_id=account),
            rehearsal=rehearsal,
            result=ScanResult.REVIEW,
            digest_sha256=next(each.value for each in digests if each.signal_type == "sha256"),
            examined=seen,
            size_bytes=len(data),
            signals=(*digests, *seen.signals),
            key_id=None,
            now=now,
        )
        assert media_id is not None
        asking = [each for each in heard if each.opinion.band not in (None, Band.NONE)]
        for flag in [_flag(each) for each in asking] or [sampling.drawn_flag()]:
            recording.record_flag(tx, item_id, flag, now=now)
        recording.record_opinions(tx, item_id, heard, now=now)
        custody.take(tx, media_id, sealed, now=now)
        program.recorder.record(tx, ItemFlagged(at=now, item_id=item_id, purpose=purpose))
    return item_id


def _flag(heard: Heard) -> Flag:
    band = heard.opinion.band or Band.NONE
    score = band.rank / Band.VERY_HIGH.rank
    return Flag(
        id=FlagId(new_id()),
        source=source_of(heard.classifier),
        score=score,
        reason=reason_of(band),
        against=ESTIMATED,
    )
