"""Facts in plain words: short, calm, never about a person, and neutral about what a picture shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from safehold.model.exposure import ExposureKind
from safehold.model.inbound_report import Seen
from safehold.model.item import ItemKind
from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.queue import COUNTED_TO
from safehold.model.signal import PDQ
from safehold.model.signal import Turn as PictureTurn
from safehold.review.budget import Budget
from safehold.review.exposure_figures import ExposureFigure
from safehold.review.facts import Destruction, HistoryLine, ItemView, MatchFacts, MediaFacts, Turn, WaitsFor
from safehold.review.reliability import Figure
from safehold.web.console.alarm_words import ALARMS

LABELS = {
    "illegal": "illegal",
    "against_terms": "against the terms",
    "not_illegal": "not illegal",
    "cannot_determine": "cannot be determined",
    "out_of_remit": "out of remit",
    "csam": "csam",
    "intimate_images": "intimate images",
    "own_terms": "own terms",
    "test": "test",
    "audit_sample": "the audit sample",
    "public_report": "a report from the public",
    "platform_report": "a report that a platform passed on",
    "child_images": "sexual images or videos of a child",
    "child_pressured": "somebody puts a child under pressure",
    "child_images_offered": "images of children are offered, asked for or exchanged",
    "none": "without looking",
    "blurred": "blurred",
    "clear": "clear",
    "remove_item": "Ask the platform to remove the item",
    "account_action": "Ask the platform to act against an account",
    "not_now": "Not now",
    "knows_somebody": "I know somebody in it: keep me from it",
    "other_language": "Another language is needed",
    "needs_lead": "A lead should see it",
    "mistake": "It was a mistake",
    "new_facts": "There are new facts",
    "appeal": "An appeal is right",
    "list_corrected": "The list was corrected",
    "same_reversed": "What it repeated was reversed",
    "part_reversed": "Something that it shows was reversed",
    "urgent_report": "Report a risk to life, unverified",
    "risk_to_life": "Risk to life",
    "call_dead": "People on call who could not be reached",
    "reported": "reported",
    "withdrawn": "a wrong alarm, withdrawn",
    "report_unsent": "Reports about a risk to life that are past their time",
    "list_stale": "Lists that are older than they may be",
    "matcher_down": "Uploads that could not be compared with every list",
    "step_stuck": "Steps that wait for a person",
    "custody_failed": "Media that could not be sealed",
    "undecided_too_long": "Media undecided for too long",
    "delivery_dead": "Messages to platforms that were given up",
    "sign_in_guessed": "Sign-ins that fail again and again",
    "session_stolen": "Sessions that were in two hands",
    "passkey_copied": "Passkeys that were copied",
    "factors_reset": "Second factors that were reset",
    "too_many_views": "People who asked to see too much in a day",
    "key_expiring": "Platforms’ keys in use that end within two weeks",
    "anchor_failing": "Outside anchors of the audit log that fail",
    "index_damaged": "Damaged files of a host’s index",
    "probing": "Uploads that come near a list again and again",
    "lookback_damaged": "Kept days that cannot be looked back on",
    "destruction_waits": "Days without a sweep, or a backup restored: nothing is destroyed for now",
}
"""What codes are called on screen. A code without a row is shown as it is, its underscores as spaces."""


WAITS = {
    WaitsFor.ASSESSMENT: "waits for an assessment",
    WaitsFor.SETTLING: "is being settled",
    WaitsFor.VIEW: "was assessed by somebody who had not looked, and waits for a look",
    WaitsFor.CLEAR_VIEW: "must be seen clearly before it can be settled",
    WaitsFor.SECOND: "was assessed, and waits for somebody else to assess it as well",
    WaitsFor.THIRD: "was assessed by two people who disagree, and waits for a third",
    WaitsFor.LEAD: "was assessed by people who disagree, and waits for a lead to decide it",
}
"""What an item waits for, after "it"."""

TURNS = {
    Turn.BLIND: "Others assessed it. What they found stays hidden from you until an outcome stands.",
    Turn.INFORMED: "You have assessed it by yourself. Below is what everybody found; what you file decides.",
    Turn.OF_OTHERS: "You have assessed it. Somebody else is next; there is nothing more for you to do.",
    Turn.OF_A_LEAD: "A lead is next; there is nothing more for you to do.",
}
"""What whoever looks at an item that others have assessed, or that waits for others, is told of it."""

DESTROYED = {
    "undecided": "nobody had decided about it in time",
    "not_confirmed": "it was settled without being confirmed, and the time to appeal was over",
}
"""Why bytes were destroyed, by the rule of the ledger's line."""

UNDELIVERED = {
    "timeout": "no answer in time",
    "dns": "its name leads nowhere",
    "connect": "nothing listens there",
    "tls": "no trusted TLS",
    "closed": "hung up",
    "protocol": "no HTTP",
    "encoding": "an answer that cannot be read",
    "redirects": "leads elsewhere",
    "address_refused": "an address that is not permitted",
    "gone": "says that it is gone",
    "superseded": "a newer message took its place",
    # The number stands before it.
    "status": "",
}
"""Why a message was not delivered. What has no row is shown as it is."""

DONE = {
    "case.open": "Case opened",
    "case.join": "An item joined the case",
    "case.take": "Took the case",
    "case.release": "Put the case back",
    "case.pass_on": "Passed the case on",
    "case.settle": "Case settled",
    "case.merge": "Merged cases",
    "case.split": "Split the case",
    "case.unmerge": "Undid a merge",
    "case.unsplit": "Undid a split",
    "case.note": "Left a note",
    "case.bulk_note": "Left the same note in many cases",
    "case.bulk_for_lead": "Left it to a lead, as one of many cases",
    "case.bulk_for_everybody": "Opened it to everybody again, as one of many cases",
    "case.bulk_ask_skill": "Asked for a skill, in many cases",
    "case.bulk_drop_skill": "Asked for a skill no more, in many cases",
    "case.bulk_let_go": "Took it from whoever held it, as one of many cases",
    "case.forget_account": "The account was erased",
    "item.reveal": "Looked",
    "item.assess": "Filed an assessment",
    "item.decide_alike": "Decided others nearly the same as this one",
    "item.settle": "Item settled",
    "item.left_open": "Left open",
    "outcome.reverse": "Reversed an outcome",
    "match.withdrawn": "The list withdrew an entry that this matched",
    "emergency.declare": "Declared a risk to life",
    "emergency.answer": "Is at the risk to life",
    "emergency.call_again": "Had everybody called again",
    "emergency.reported": "Reported the risk to life",
    "emergency.withdrawn": "Took back the risk to life: a wrong alarm",
    "subject.set_part": "Set the part of a subject",
    "appeal.receive": "An appeal arrived",
    "appeal.decide": "An appeal was decided",
    "outcome.contest": "The outcome is contested: somebody else assesses it afresh",
    "outcome.stands": "Assessed afresh, and the outcome stands",
    "inbound_report.receive": "A report arrived",
    "scan.keep": "Scanned and kept",
    "hold.place": "Held",
    "hold.release": "Released from the hold",
    "evidence.seal": "Sealed",
    "evidence.retain": "Retention set",
    "evidence.absent": "Preservation is absent",
    "item.forget_context": "Where it appeared was erased",
}
"""Lines of a case's history. What has no row here is left out: it is in the audit log."""

_KINDS = {MediaKind.IMAGE: "An image", MediaKind.ANIMATION: "An animation", MediaKind.VIDEO: "A video"}
_FAILURES = {
    DecodeFailure.TRUNCATED: "the file ends too early",
    DecodeFailure.MISLABELLED: "it is not what it says it is",
    DecodeFailure.UNSUPPORTED: "the format cannot be read here",
    DecodeFailure.LIMIT: "it is larger than the limits allow",
    DecodeFailure.ENCRYPTED: "it is encrypted",
    DecodeFailure.NO_VIDEO: "videos cannot be read here",
}
_UNITS = ((86_400.0, "day"), (3600.0, "h"), (60.0, "min"))
_KIBIBYTE = 1024


def label(code: object) -> str:
    """Return what a code is called on screen."""
    return LABELS.get(str(code), str(code).replace("_", " "))


def alarm(code: str) -> tuple[str, str]:
    """Return what an alarm says on screen, and what to do about it."""
    return ALARMS.get(code, (label(code), "Find the cause, then acknowledge it."))


def span(seconds: float) -> str:
    """Return a length of time in its largest whole unit: "2 days", "3 h", "41 min", "12 s"."""
    for size, unit in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{max(0, int(seconds))} s"


def looked(seconds: float) -> str:
    """Return how long somebody looked today."""
    if seconds <= 0:
        return "You have not looked today"
    if seconds < 1:
        return "Looked less than 1 s today"
    minutes, rest = divmod(int(seconds), 60)
    return f"Looked {minutes} min {rest} s today" if minutes else f"Looked {rest} s today"


def undelivered(error: str) -> str:
    """Return why a message was not delivered, "" where the status says it or nothing went wrong."""
    return UNDELIVERED.get(error, label(error))


def uncalled(error: str) -> str:
    """Return why a call did not reach anybody: what a message says, or the number that was answered."""
    word, _, number = error.partition(":")
    if word == "status":
        return f"the channel answered {number}"
    return "it was over before" if word == "superseded" else undelivered(error)


def seen(said: Seen) -> str:
    """Return what somebody says they saw: the answer that they chose, told by another."""
    return "something else that worries them about a child" if said is Seen.OTHER else label(said)


def destroyed(line: Destruction) -> str:
    """Say when the bytes of an item were destroyed, and why."""
    why = DESTROYED.get(line.rule.value, f"the rule {label(line.rule.value)}")
    return f"{line.destroyed_at:%Y-%m-%d %H:%M} UTC: {why}"


def budget(stands: Budget) -> str:
    """Return when looking rests or goes on: the break, the day, or the next break that is due."""
    if stands.day_ends_at is not None:
        return f"Enough for today: it goes on at {stands.day_ends_at:%H:%M} UTC"
    if stands.break_ends_at is not None:
        return f"Break until {stands.break_ends_at:%H:%M} UTC"
    left = f"{minutes(stands.used)} of {minutes(stands.limit)} min of the day used"
    if stands.spell_ends_at is None:
        return left
    return f"{left}, next break at {stands.spell_ends_at:%H:%M} UTC"


KINDS = {
    "A": "category A",
    "B": "category B",
    "C": "category C",
    "prohibited": "prohibited",
    "unknown": "not named by a list",
    "intimate_images": "intimate images",
    "own_terms": "own terms",
    "conversation": "conversations",
}
"""What each kind of material is called on screen."""


def kind(of: ExposureKind) -> str:
    """Return what a kind of material is called."""
    return KINDS[of.value]


def time_spent(seconds: float) -> str:
    """Return a span in minutes and seconds."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole} min {rest} s" if whole else f"{rest} s"


def seen_again(figure: ExposureFigure) -> str:
    """Say how many showings were of what somebody had seen before, and why they were shown again."""
    counted = (
        (figure.own_request, "asked for"),
        (figure.appeal, "on an appeal"),
        (figure.unasked, "unasked"),
    )
    return ", ".join(f"{times} {why}" for times, why in counted if times) or "none"


def minutes(seconds: float) -> int:
    """Return seconds as whole minutes; what has begun counts as one."""
    return math.ceil(seconds / 60)


def size(size_bytes: int) -> str:
    """Return a size in KB or MB."""
    if size_bytes < _KIBIBYTE:
        return f"{size_bytes} bytes"
    kilobytes = size_bytes / _KIBIBYTE
    return f"{kilobytes:.0f} KB" if kilobytes < _KIBIBYTE else f"{kilobytes / _KIBIBYTE:.1f} MB"


def agreement(figure: Figure) -> str:
    """Return how far people agree: "0.71 (0.55 to 0.86), 43 items", or why that cannot be said."""
    items = f"{figure.units} item{'s' if figure.units != 1 else ''}"
    if figure.value is None:
        return f"always the same answer, {items}" if figure.units else "nothing to compare"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}, {items}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f}), {items}"


def counted(*cases: int) -> str:
    """Say how many cases these are together: "23", or "10,000+" where one was not counted to its end."""
    more = "+" if any(each >= COUNTED_TO for each in cases) else ""
    return f"{sum(cases):,}{more}"


def percent(figure: Figure) -> str:
    """Return a share as a percentage with its interval: "3 % (1 % to 8 %)"."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "unknown"
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})".replace("%", " %")


def file(media: MediaFacts) -> str:
    """Return what is known of a file without opening it."""
    parts = [media.media_type.partition("/")[2].upper()]
    if media.width:
        parts.append(f"{media.width} × {media.height}")
    parts.append(size(media.size_bytes))
    if media.frames > 1:
        parts.append(f"{media.frames} frames read")
    if media.failure is not None:
        parts.append(f"not read fully: {_FAILURES[media.failure]}")
    return ", ".join(parts)


def sentence(item: ItemView) -> str:
    """Say in one sentence what an item is and why it is here."""
    return f"{_kind(item)} {_reason(item)}."


_TURNS = {
    PictureTurn.ROTATED_90: "once rotated by 90°",
    PictureTurn.ROTATED_180: "once rotated by 180°",
    PictureTurn.ROTATED_270: "once rotated by 270°",
    PictureTurn.MIRRORED: "once mirrored",
    PictureTurn.FLIPPED: "once turned upside down and mirrored",
    PictureTurn.TRANSPOSED: "once rotated by 90° and mirrored",
    PictureTurn.TRANSVERSED: "once rotated by 270° and mirrored",
}


def nearness(match: MatchFacts) -> str:
    """Say how near an item is to an entry of a list."""
    if match.distance == 0 and match.signal_type != PDQ:
        return "identical"
    turned = f", {_TURNS[match.turn]}" if match.turn is not PictureTurn.NONE else ""
    return f"{match.distance} bit{'' if match.distance == 1 else 's'}{turned}"


def seen_before(item: ItemView) -> str:
    """Say how often these bytes came and what was settled about other appearances."""
    if item.item.kind == ItemKind.PAGE:
        return "Pages are not compared with each other"
    if item.media is None:
        return "Unknown: no bytes were sent"
    others = item.media.items - 1
    if others == 0:
        return "No; this is the only appearance"
    times = f"{others} other appearance{'s' if others > 1 else ''}"
    if item.turn is Turn.BLIND and item.hidden_assessments:
        return f"{times}; what was found of them is shown once you have assessed this one"
    if not item.earlier:
        return f"{times}, none settled"
    newest = item.earlier[-1]
    category = f", category {newest.category}" if newest.category else ""
    return f"{times}; last settled as {label(newest.finding)}{category}"


def waiting_seconds(since: datetime, now: datetime) -> float:
    """Return how long something has waited."""
    return max(0.0, (now - since).total_seconds())


def happened(line: HistoryLine) -> str | None:
    """Return a line of the history in words, None for what is not shown there."""
    words = DONE.get(line.verb)
    if line.verb == "item.left_open":
        return f"{words}: it {WAITS[WaitsFor(line.detail['waits_for'])]}"
    if line.verb == "item.assess" and "same_as" in line.detail:
        return f"{words}, {_as_elsewhere(line.detail.get('bits'))}"
    if words is None or line.verb != "item.reveal":
        return words
    again = ", though they had seen it before" if "again" in line.detail else ""
    return f"{words}, {label(line.detail.get('tier', ''))}{again}"


def _as_elsewhere(bits: int | None) -> str:
    if bits is None:
        return "as the same bytes were found elsewhere"
    return f"by likeness to what they found elsewhere, {bits} bit{'' if bits == 1 else 's'} apart"


def which_item(line: HistoryLine, items: Sequence[ItemView], first: int, total: int) -> str:
    """Say which of the items shown a line of the history is about, where the case has several.

    first: how many come before those that are shown. total: how many there are.
    """
    if total < 2:
        return ""
    about = str(line.detail.get("item") or line.object.removeprefix("item:"))
    places = {str(one.item.id): place for place, one in enumerate(items, start=1)}
    return f": item {first + places[about]}" if about in places else ""


def place_of(item_id: UUID, items: Sequence[ItemView]) -> int:
    """Return the number of an item in its case, counted from 1 as the page does; 0 when it has left it."""
    return next((place for place, one in enumerate(items, start=1) if one.item.id == item_id), 0)


def detail(values: Mapping[str, object]) -> str:
    """Return the detail of an audit record on one line, without what is empty in it."""
    said = ((name, value) for name, value in values.items() if value not in ("", None))
    return ", ".join(f"{name}: {_plain(value)}" for name, value in said) or "none"


def person(actor: str, people: Mapping[UUID, str], viewer: UUID) -> str:
    """Return whom an actor's label names, "user:018f…" or a part of the system."""
    kind, _, id = actor.partition(":")
    return name_of(UUID(id), people, viewer) if kind == "user" else actor


def name_of(user_id: UUID, people: Mapping[UUID, str], viewer: UUID) -> str:
    """Return a person's name, or "you"."""
    return "you" if user_id == viewer else people.get(user_id, "somebody")


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_plain(part) for part in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _kind(item: ItemView) -> str:
    if item.media is not None:
        return _KINDS.get(item.media.kind, "A file")
    if item.item.kind == ItemKind.PAGE:
        return "A page"
    return "A window of messages" if item.item.kind == ItemKind.MESSAGES else "Signals without a file"


def _reason(item: ItemView) -> str:
    if item.matches:
        nearest = item.matches[0]
        others = len({match.list_name for match in item.matches}) - 1
        if nearest.distance == 0 and nearest.signal_type != PDQ:
            near = f"identical to an entry of the list {nearest.list_name}"
        else:
            near = f"that is {nearness(nearest)} from an entry of the list {nearest.list_name}"
        near += ", withdrawn since" if nearest.withdrawn else ""
        more = f" and matches {others} other list{'s' if others > 1 else ''}" if others else ""
        return near + more
    if item.flags:
        return f"that {label(item.flags[0].source)} asks somebody to look at"
    if item.report is not None:
        return "that somebody reported"
    return "without a match or a flag"
