"""Loading golden items: a harmless picture that is new here and on no list, sealed like any other item."""

from __future__ import annotations

import hashlib
from datetime import datetime

from safehold.app.program import Program
from safehold.detect import recording, sampling
from safehold.detect.checks import Circumstances
from safehold.detect.media_scan import compare_media
from safehold.evidence import custody, retention
from safehold.intake import uploads
from safehold.model.assessment import Finding
from safehold.model.errors import EmptyFile, Refused
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, ScanId, new_id
from safehold.model.item import Context
from safehold.model.media import Examined, HashMode
from safehold.model.permissions import Actor
from safehold.model.scan import ScanResult
from safehold.model.surface import Surface
from safehold.review import golden
from safehold.signals.digests import digest_bytes
from safehold.storage.database import Database


def load(
    program: Program,
    data: bytes,
    *,
    surface: str,
    purpose: Purpose,
    expected: Finding,
    actor: Actor,
) -> ItemId:
    """Make a golden item of a file's bytes, and return it. surface: where it is said to have appeared.

    Raises EmptyFile, and Refused where it cannot be shown, a list knows it or could not be asked, or the very
    bytes are known here; BadForm for an answer or a purpose that cannot be.
    """
    if not data:
        raise EmptyFile()
    seen = program.scanner.decoders.examine(data, rendition=True, mode=HashMode.EXACT, turned=True)
    _refuse_known(program, data, seen)
    sealed = custody.seal_media(program.vault, data, seen.rendition, media_type=seen.media_type)
    now = program.clock()
    with program.database.begin() as tx:
        digest = hashlib.sha256(data).digest()
        if uploads.known_media(tx, digest) is not None:
            raise Refused("This very picture is known here already.")
        item_id, media_id = uploads.receive(
            tx,
            scan_id=ScanId(new_id()),
            context=Context(surface=surface),
            rehearsal=False,
            result=ScanResult.REVIEW,
            digest_sha256=digest,
            examined=seen,
            size_bytes=len(data),
            signals=(*digest_bytes(data), *seen.signals),
            key_id=None,
            now=now,
        )
        assert media_id is not None
        golden.declare(tx, item_id, purpose=purpose, expected=expected, actor=actor, now=now)
        # It is true, and does not say that the answer is known.
        recording.record_flag(tx, item_id, sampling.drawn_flag(), now=now)
        custody.take(tx, media_id, sealed, now=now)
        # As a golden item from now on, and no longer as one that arrives and waits for an outcome.
        retention.keep(tx, media_id)
    return item_id


def retire(database: Database, item_id: ItemId, *, actor: Actor, now: datetime) -> None:
    """Let an item be offered to nobody any more; the next sweep destroys its bytes. Raises NotFound."""
    with database.begin() as tx:
        known = golden.retire(tx, item_id, actor=actor, now=now)
        retention.lock(tx, known.media_id)
        retention.keep(tx, known.media_id)


def _refuse_known(program: Program, data: bytes, seen: Examined) -> None:
    if seen.failure is not None or not seen.frames:
        raise Refused("It cannot be read as a picture.")
    scanner = program.scanner
    scanner.catch_up()
    at = Circumstances(
        known=scanner.known, surface=Surface(name="golden", rehearsal=True), now=scanner.clock()
    )
    verdict = compare_media(digest_bytes(data), seen, at).verdict
    if verdict.matches or verdict.flags:
        raise Refused("A list knows it, or a check flags it: it is no harmless picture.")
    if verdict.degraded:
        raise Refused(
            "It could not be compared with every list.",
            advice="Load it when the lists are current: `safehold doctor` says what is missing.",
        )
