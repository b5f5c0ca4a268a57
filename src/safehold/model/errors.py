"""One root, a few families, and each failure as a class of its own.

SafeholdError
├── InvalidInput      what was sent does not have the form that was asked for
│   ├── BadDigest, UnknownSignalType, BadListFile, BadForm, BadSettings, UnknownSurface, EmptyFile,
│   ├── MalformedJson, UnsupportedMediaType, WrongMethod, TooSlow, YearAhead, PeriodNotOver
├── NotAuthenticated  nobody we know
├── NotAllowed        known, but not permitted
│   ├── ConflictOfInterest, StepUpNeeded
├── NotFound          no such thing, or none that this actor may know of
│   ├── NoSuchExample
├── Conflict          it clashes with what is already recorded
│   ├── StaleRevision, CaseLocked, IdempotencyMismatch, IdempotencyInProgress, NameTaken, FolderTaken
├── TooLarge          over a limit that is stated in the message
├── Refused           a rule of the house forbids it
│   ├── AddressRefused, ErasedEvidence, TooManyViews, NotShowable, TooManyAttempts, TooOften, Unconfined,
│   ├── DoubtfulImport, BreakDue, DayIsFull, SeenBefore, TooManyCases, MixedUnits, WrongWhole
├── Unavailable       a part we need is down; trying again later is right
│   ├── DatabaseDown, DatabaseBusy, VaultDown, FetchFailed, DecoderDown, ReaderDown, SignInBusy, MailFailed,
│   ├── AnchorFailed, SegmentNotWritten, PdfMissing
└── Damaged           stored data is not what was written; a person must look
    ├── VaultObjectDamaged, WrongDataFolder, SegmentDamaged, FiguresDiffer, PackDoubtful

Those about figures are in `figure_errors`. Every error says what happened, what was kept, what to do, and has
a stable code. None carries a digest, a listed URL, message text, a name or media: they end up in logs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from safehold.model.wording import VIEWS, worded


class SafeholdError(Exception):
    """Something failed in a way that we foresaw.

    field: the one of a form that it is about, "" when it is about none or all of them. What happened may
    then begin with its name and a colon.
    """

    code: ClassVar[str] = "error"
    kept: ClassVar[str] = "Nothing was changed."
    advice: ClassVar[str] = "See the message; if it repeats, run `safehold doctor`."

    def __init__(self, what: str = "", *, kept: str = "", advice: str = "", field: str = "") -> None:
        self.field = field
        self.what = what or (type(self).__doc__ or "").strip().splitlines()[0]
        self.kept_now = kept or self.kept
        self.advice_now = advice or self.advice
        super().__init__(self.what)


class InvalidInput(SafeholdError):
    """What was sent does not have the form that was asked for."""

    code = "invalid_input"
    advice = "Correct the request and send it again."


class BadDigest(InvalidInput):
    """A digest does not fit its signal type."""

    code = "bad_digest"

    def __init__(self, signal_type: str, *, length: int, expected: int) -> None:
        self.signal_type, self.length, self.expected = signal_type, length, expected
        wrong = f"{length} characters" if length != expected else "a character that is not hexadecimal"
        super().__init__(
            f"{signal_type}: {wrong}, expected {expected} hexadecimal ones.",
            advice=f"Send {signal_type} values as {expected} hexadecimal characters.",
        )


class UnknownSignalType(InvalidInput):
    """No such signal type is loaded."""

    code = "unknown_signal_type"
    advice = "`safehold doctor` names the signal types that are loaded."


class BadListFile(InvalidInput):
    """A list file cannot be read."""

    code = "bad_list_file"
    advice = "Mend the lines that are named, or leave out --strict to load the others."


class BadForm(InvalidInput):
    """A form was not filled in fully or holds a value that does not exist."""

    code = "bad_form"
    advice = "Correct what is named, and try again."


class BadSettings(InvalidInput):
    """The settings cannot be used."""

    code = "bad_settings"
    advice = "Correct the setting that is named; `safehold config check` tries them all."


class UnknownSurface(InvalidInput):
    """No such surface is declared in the settings."""

    code = "unknown_surface"
    advice = "Name a surface that the settings declare; `safehold config show` lists them."


class EmptyFile(InvalidInput):
    """The file has no bytes."""

    code = "empty_file"
    advice = "Send the file's bytes."


class MalformedJson(InvalidInput):
    """The body is not JSON."""

    code = "malformed_json"


class UnsupportedMediaType(InvalidInput):
    """The request's content type is not one that is read here."""

    code = "unsupported_media_type"
    advice = "Send multipart/form-data with a file, or application/json."


class WrongMethod(InvalidInput):
    """This address does not take this method."""

    code = "wrong_method"
    advice = "The Allow header names the methods that it takes."


class TooSlow(InvalidInput):
    """The request came too slowly to be waited for."""

    code = "too_slow"
    advice = "Send it again over a better connection, or in smaller parts."


class NotAuthenticated(SafeholdError):
    """Nobody we know sent this."""

    code = "not_authenticated"
    advice = "Sign in, or send a valid key."


class NotAllowed(SafeholdError):
    """The one who asked may not do this."""

    code = "not_allowed"
    advice = "Ask somebody with the permission that is named."


class ConflictOfInterest(NotAllowed):
    """You have declared a conflict of interest about this case."""

    code = "conflict_of_interest"
    advice = "Take another case. Only another person, a lead, can end a conflict."


class StepUpNeeded(NotAllowed):
    """This needs a recent proof that it is you."""

    code = "step_up_needed"
    advice = "Confirm that it is you, then do it again."


class NotFound(SafeholdError):
    """There is no such thing, or none that you may know of."""

    code = "not_found"
    advice = "Check the id or the name."


class Conflict(SafeholdError):
    """It clashes with what is already recorded."""

    code = "conflict"
    advice = "Load the present state, look at it, and try again."


class StaleRevision(Conflict):
    """Somebody else changed this in the meantime."""

    code = "stale_revision"


class CaseLocked(Conflict):
    """Another analyst is working on this case."""

    code = "case_locked"
    advice = "Take the next case; this one comes back when the lock ends."


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_mismatch"
    advice = "Use a new Idempotency-Key for a new request."


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still being answered."""

    code = "idempotency_in_progress"
    advice = "Wait a second and send the same request again."


class NameTaken(Conflict):
    """Something of this name exists already."""

    code = "name_taken"
    advice = "Choose another name."


class TooLarge(SafeholdError):
    """It is larger than the limit."""

    code = "too_large"
    advice = "Send less at once, or raise the limit in the settings."


class Refused(SafeholdError):
    """A rule of the house forbids this."""

    code = "refused"


class AddressRefused(Refused):
    """The address is not one that we may fetch from."""

    code = "address_refused"
    advice = "Private, loopback and link-local networks are refused for addresses that come from outside."


class DoubtfulImport(Refused):
    """The list file looks like something that nobody meant to send."""

    code = "doubtful_import"
    kept = "Nothing was loaded."


class ErasedEvidence(Refused):
    """The bytes were destroyed under a retention rule."""

    code = "erased"
    kept = "The record of the destruction was kept."
    advice = "The destruction ledger says when and under which rule."


class Unconfined(Refused):
    """Files may not be opened here: a wall around the decoding processes is missing."""

    code = "unconfined"
    kept = "Nothing was started."
    advice = (
        "Use a kernel with Landlock and seccomp (Linux 5.13 or newer, not taken away by the container),"
        " or set decoding.allow_unconfined = true and say in your risk register why."
    )


class TooManyViews(Refused):
    """You have asked to see as much as one person may in this time.

    is_daily: it is the limit of a day that stopped it.
    """

    code = "too_many_views"

    def __init__(self, span: timedelta, most: int) -> None:
        self.is_daily = span >= timedelta(days=1)
        name = "day" if self.is_daily else "hour" if span >= timedelta(hours=1) else "minute"
        what, advice = VIEWS[name]
        super().__init__(worded(what, most=most), advice=advice)


class BreakDue(Refused):
    """You have been looking for a while: a break is due.

    ends_at: when looking goes on, as long as nothing is looked at before.
    """

    code = "break_due"
    advice = "Do something else until then. Cases can still be decided without looking."

    def __init__(self, ends_at: datetime) -> None:
        self.ends_at = ends_at
        super().__init__(
            worded("You have been looking for a while: a break is due until %(at)s.", at=_clock(ends_at))
        )


class DayIsFull(Refused):
    """You have looked for as long as one person may in a day.

    ends_at: when looking goes on.
    """

    code = "day_is_full"
    advice = "It is enough for today. Cases can still be decided without looking; nobody can lift this."

    def __init__(self, ends_at: datetime) -> None:
        self.ends_at = ends_at
        super().__init__(
            worded(
                "You have looked for as long as one person may in a day. It goes on at %(at)s.",
                at=_clock(ends_at),
            )
        )


class SeenBefore(Refused):
    """You have seen this picture before, at another place where it appeared.

    at: when it was last.
    """

    code = "seen_before"
    advice = "Decide as it was decided then, or ask to see it again."

    def __init__(self, at: datetime) -> None:
        self.at = at
        what = worded("You have seen this picture before: at another place, %(at)s.", at=_clock(at))
        super().__init__(what)


class NotShowable(Refused):
    """Nothing of this media can be decoded, so there is no picture to show."""

    code = "not_showable"
    kept = "The sealed bytes are as they were."
    advice = "Decide by what is known of it, or export it for somebody who can read the format."


class TooManyAttempts(Refused):
    """There were too many failed attempts.

    seconds: how long no further attempt is taken, at least 1.
    """

    code = "too_many_attempts"
    advice = "Wait as long as it says; a wrong attempt before does not count."

    def __init__(self, seconds: int) -> None:
        self.seconds = max(1, seconds)
        wait = worded("There were too many failed attempts. Try again in %(wait)s s.", wait=self.seconds)
        super().__init__(wait)


class TooOften(Refused):
    """It was asked too often within an hour.

    seconds: how long to wait at most, until an hour has gone by.
    """

    code = "too_often"
    advice = "Try again in an hour."
    seconds: ClassVar[int] = 3600


class TooManyCases(Refused):
    """These are more cases than can be changed at once."""

    code = "too_many_cases"
    advice = "Narrow the filter, or choose some of them."

    def __init__(self, *, most: int, chosen: int | None) -> None:
        many = f"more than {most:,}" if chosen is None else f"{chosen:,}"
        super().__init__(f"These are {many} cases; at most {most:,} can be changed at once.")


class Unavailable(SafeholdError):
    """A part that we need is down."""

    code = "unavailable"
    advice = "Try again shortly; `safehold doctor` says which part is down."


class DatabaseDown(Unavailable):
    """The database does not answer."""

    code = "database_down"


class DatabaseBusy(Unavailable):
    """The database gave up on this because others were at the same records."""

    code = "database_busy"
    advice = "Send it again: the others are through by now."


class SignInBusy(Unavailable):
    """Too many people are signing in at this moment."""

    code = "sign_in_busy"
    advice = "Try again in a few seconds."


class VaultDown(Unavailable):
    """The evidence store does not answer."""

    code = "vault_down"


class DecoderDown(Unavailable):
    """The decoding worker died or did not answer in time."""

    code = "decoder_down"


class ReaderDown(Unavailable):
    """The process that opens sealed evidence does not answer."""

    code = "reader_down"
    advice = "Try again in a few seconds: it is started anew by itself."


class FetchFailed(Unavailable):
    """The address did not give us what we asked for.

    reason: a stable word: timeout, dns, connect, tls, closed, protocol, encoding, redirects or status:NNN.
    """

    code = "fetch_failed"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The address did not give us what we asked for ({reason}).")


class MailFailed(Unavailable):
    """The mail server did not take the message.

    reason: a stable word: timeout, dns, connect, tls, closed, protocol, no_tls, no_login, login or
    refused:NNN.
    """

    code = "mail_failed"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The mail server did not take the message ({reason}).")


class AnchorFailed(Unavailable):
    """An outside anchor did not take or give back the head of the audit log's chain.

    reason: a stable word: status:NNN, answer, rejected, untrusted, clock, taken, replaceable or other.
    """

    code = "anchor_failed"
    kept = "The audit log is whole and goes on; this place does not vouch for it yet."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"An outside anchor did not do what it is for ({reason}).")


class SegmentNotWritten(Unavailable):
    """A part of the search index could not be written."""

    code = "segment_not_written"
    kept = "Search goes on with everything that it had."
    advice = "See that the disk has room; it is tried again."


class Damaged(SafeholdError):
    """Stored data is not what was written."""

    code = "damaged"
    advice = "Stop, keep everything as it is, and have a person look."


class VaultObjectDamaged(Damaged):
    """A sealed object cannot be opened: its bytes or its key are not what was written."""

    code = "vault_object_damaged"


class WrongDataFolder(Damaged):
    """The data folder was made by another major version of the database."""

    code = "wrong_data_folder"


class SegmentDamaged(Damaged):
    """A stored part of the search index is not what was written."""

    code = "segment_damaged"
    kept = "The lists themselves are in the database; nothing of them is lost."
    advice = "The index is built anew from the database. If it happens again, have the disk looked at."


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M UTC on %d %B}"
