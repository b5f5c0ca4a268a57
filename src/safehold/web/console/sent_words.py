"""Words about what an authority was told: the papers, the calls, and what each came to."""

from __future__ import annotations

from safehold.app.authority_sent import CallMade, End, OpenedPaper, PaperKind
from safehold.web.console.words import undelivered
from safehold.web.language import N_, _, translated

PAPERS = N_(
    {
        PaperKind.REPORT: "The report",
        PaperKind.FILE_DETAILS: "What was said of each file",
        PaperKind.TRANSCRIPT: "A transcript that went along",
        PaperKind.RECEIPT: "What they answered in the end",
        PaperKind.PACK: "The pack that somebody took there",
    }
)

CALLS = N_(
    {
        "open": "open the report",
        "upload": "send a file",
        "describe": "say what a file is",
        "finish": "finish the report",
        "take_back": "take the report back",
        "send": "send the parcel",
    }
)
"""What was called, by the machine's word for it."""

ENDS = N_(
    {
        End.TAKEN: "they have it",
        End.NOT_TAKEN: "they do not have it: %(why)s",
        End.UNKNOWN: "nobody knows whether they have it: %(why)s",
        End.REFUSED: "a person must look: %(why)s",
    }
)
"""How a parcel fared."""


def call(made: CallMade) -> str:
    """Return what was called, and about which file."""
    said = translated(CALLS[made.call]) if made.call in CALLS else made.call
    return said if made.file is None else _("%(call)s (file %(number)s)", call=said, number=made.file)


def answer(made: CallMade) -> str:
    """Return what came of a call."""
    if made.ended_at is None:
        return _("nobody knows whether it arrived")
    if made.end is not None:
        return translated(ENDS[made.end]) % {"why": why(made.failed or "")}
    if made.failed is not None or made.status is None:
        return _("no answer: %(why)s", why=why(made.failed or ""))
    if made.code is None:
        return _("status %(status)s, without a code", status=made.status)
    return _("status %(status)s, code %(code)s", status=made.status, code=made.code)


def why(failed: str) -> str:
    """Return why a call came to nothing, of the code on record: "fetch:timeout", "mail:refused:450"."""
    kind, __, more = failed.partition(":")
    if kind in ("fetch", "mail") and more:
        return why(more)
    if kind in ("status", "refused") and more:
        return _("it was answered with %(number)s", number=more)
    return undelivered(failed) if failed else _("nobody knows why")


def unread(paper: OpenedPaper) -> str:
    """Return why a paper cannot be shown."""
    if paper.why == "not_found":
        return _("It was destroyed while this page was made.")
    return _("It cannot be opened: what is stored is not what was written. Keep everything as it is.")
