"""Filing a report, call by call, so that it is filed once: whatever is lost, repeated or killed in between.

The CyberTipline knows no repeats: what is opened twice is two reports. So what is about to be called is
written down before it is called, and what came of it after. Where a call's end is unknown, the next step
finds out, or makes it not matter:

- opening: another is opened; the first, if there is one, is deleted by them within an hour, unfinished;
- uploading: the report is taken back and begun anew, for nobody can ask which files it holds;
- describing: it is said again, which replaces what was said;
- finishing: it is finished again, which is refused once it is: then it is filed;
- taking back: it is done again.

All of this is in values and functions of values; who runs it keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from safehold.authorities.destinations.ncmec_cybertipline.replies import Course, Reply

MOST_BEGINNINGS = 5
"""So often a report is opened and given up; then a person looks."""
BEGUN_TOO_OFTEN = "begun_too_often"


class Stage(StrEnum):
    """How far a report is."""

    PREPARED = "prepared"
    OPENED = "opened"
    TAKING_BACK = "taking_back"
    FILED = "filed"
    STUCK = "stuck"
    """A person must look; nothing is called until they let it go on."""


class Call(StrEnum):
    """What is called next."""

    OPEN = "open"
    UPLOAD = "upload"
    DESCRIBE = "describe"
    FINISH = "finish"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """How far a file of the report is.

    file_id: as they call it once it is there. left_out: the code of why it is not sent at all.
    """

    file_id: str | None = None
    described: bool = False
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All that has to be known of a filing to go on with it.

    files: in the order of the report's. report_id: as they call it, from opening on. pending: what was about
    to be called: while it is there, nobody knows whether it was. beginnings: how often they opened it.
    missing: which of the files they do not name among those of the filed report. unconfirmed: that it was
    filed is known from their refusing more, so they have named no file. why: why it is stuck.
    """

    files: tuple[SentFile, ...]
    stage: Stage = Stage.PREPARED
    report_id: int | None = None
    pending: Call | None = None
    beginnings: int = 0
    missing: tuple[int, ...] = ()
    unconfirmed: bool = False
    why: str | None = None

    @property
    def next_file(self) -> int:
        """The place of the file that is to be uploaded or described next."""
        going = [(at, sent) for at, sent in enumerate(self.files) if sent.left_out is None]
        waiting = (at for at, sent in going if sent.file_id is None)
        unsaid = (at for at, sent in going if not sent.described)
        return next(waiting, next(unsaid, len(self.files)))


def next_call(progress: Progress) -> Call | None:
    """Return what is to be called now, None where it is filed or a person must look."""
    if progress.stage in (Stage.FILED, Stage.STUCK):
        return None
    if progress.stage is Stage.PREPARED:
        return Call.OPEN
    if progress.stage is Stage.TAKING_BACK or progress.pending is Call.UPLOAD:
        return Call.TAKE_BACK
    at = progress.next_file
    if at == len(progress.files):
        return Call.FINISH
    return Call.UPLOAD if progress.files[at].file_id is None else Call.DESCRIBE


def about_to(progress: Progress, call: Call) -> Progress:
    """Return what is kept before a call. Raises ValueError for another than the next."""
    if call is not next_call(progress):
        raise ValueError(f"{call.value} is not what comes next.")
    if call is Call.TAKE_BACK:
        return replace(progress, pending=call, stage=Stage.TAKING_BACK)
    return replace(progress, pending=call)


def not_sent(progress: Progress) -> Progress:
    """Return what is kept where the call that was pending surely reached nobody: it is as if never begun."""
    return replace(progress, pending=None)


def answered(progress: Progress, reply: Reply, *, md5: str | None = None) -> Progress:
    """Return what is kept after the answer to the call that was pending.

    md5: of the bytes that were uploaded. An answer that leaves the end of the call unknown changes nothing,
    so that the next step finds out.
    """
    if progress.pending is None:
        raise ValueError("No call is pending.")
    if reply.course is Course.TRY_AGAIN:
        # With a code they say themselves that they did not do it; without, nobody knows.
        return progress if reply.code is None else not_sent(progress)
    if reply.course in (Course.STOP_ALLOWED, Course.STOP_MENDED):
        why = f"code:{reply.code}" if reply.code is not None else f"status:{reply.status}"
        return stuck(progress, why)
    return _AFTER[progress.pending](progress, reply, md5)


def let_go_on(progress: Progress) -> Progress:
    """Return what is kept once a person has mended what it was stuck for: what is half done is taken back."""
    return replace(given_up(progress), beginnings=0)


def given_up(progress: Progress) -> Progress:
    """Return what is kept where it is not to be finished as it is: what is half done is taken back."""
    stage = Stage.PREPARED if progress.report_id is None else Stage.TAKING_BACK
    return replace(progress, stage=stage, why=None)


def stuck(progress: Progress, why: str) -> Progress:
    """Return what is kept where it cannot go on, and surely nothing is on its way. why: a code."""
    return replace(not_sent(progress), stage=Stage.STUCK, why=why)


def left_out(progress: Progress, why: str) -> Progress:
    """Return what is kept where the next file cannot be had: it goes without. why: a code."""
    return _with_file(progress, SentFile(left_out=why))


def _begun_anew(progress: Progress) -> Progress:
    """Return it as it was before it was opened; stuck where that was so too often."""
    files = tuple(SentFile(left_out=sent.left_out) for sent in progress.files)
    fresh = Progress(files=files, beginnings=progress.beginnings)
    if progress.beginnings >= MOST_BEGINNINGS:
        return stuck(fresh, BEGUN_TOO_OFTEN)
    return fresh


def _after_open(progress: Progress, reply: Reply, md5: str | None) -> Progress:
    if reply.course is not Course.GO_ON or reply.report_id is None:
        return progress
    return replace(
        progress,
        pending=None,
        stage=Stage.OPENED,
        report_id=reply.report_id,
        beginnings=progress.beginnings + 1,
    )


def _after_upload(progress: Progress, reply: Reply, md5: str | None) -> Progress:
    if reply.course is not Course.GO_ON:
        return _if_over(progress, reply)
    if reply.file_id is None:
        return progress
    if reply.md5 is None or md5 is None or reply.md5.strip().lower() != md5:
        return replace(progress, pending=None, stage=Stage.TAKING_BACK)
    return _with_file(progress, SentFile(file_id=reply.file_id))


def _after_describe(progress: Progress, reply: Reply, md5: str | None) -> Progress:
    if reply.course is not Course.GO_ON:
        return _if_over(progress, reply)
    return _with_file(progress, replace(progress.files[progress.next_file], described=True))


def _after_finish(progress: Progress, reply: Reply, md5: str | None) -> Progress:
    if reply.course is not Course.GO_ON:
        return _if_over(progress, reply)
    going = ((at, sent) for at, sent in enumerate(progress.files) if sent.left_out is None)
    missing = tuple(at for at, sent in going if sent.file_id not in reply.file_ids)
    return replace(progress, pending=None, stage=Stage.FILED, missing=missing)


def _after_take_back(progress: Progress, reply: Reply, md5: str | None) -> Progress:
    if reply.course is Course.FINISHED:
        return _if_over(progress, reply)
    return _begun_anew(progress)


def _if_over(progress: Progress, reply: Reply) -> Progress:
    """Return it filed where it had been finished before, else as it was before it was opened."""
    if reply.course is Course.FINISHED:
        return replace(progress, pending=None, stage=Stage.FILED, unconfirmed=True)
    return _begun_anew(progress)


def _with_file(progress: Progress, sent: SentFile) -> Progress:
    at = progress.next_file
    return replace(progress, pending=None, files=(*progress.files[:at], sent, *progress.files[at + 1 :]))


_AFTER: dict[Call, Callable[[Progress, Reply, str | None], Progress]] = {
    Call.OPEN: _after_open,
    Call.UPLOAD: _after_upload,
    Call.DESCRIBE: _after_describe,
    Call.FINISH: _after_finish,
    Call.TAKE_BACK: _after_take_back,
}
