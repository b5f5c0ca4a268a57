"""Facts in plain words: short, calm, never about a person, and neutral about what a picture shows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from babel.numbers import format_decimal

from safehold.act.calls import Call, CallState
from safehold.app.console_view import Looking
from safehold.model.classifier import band_of, classifier_of
from safehold.model.conversation import Cue
from safehold.model.exposure import ExposureKind
from safehold.model.figures import Figure
from safehold.model.inbound_report import Seen
from safehold.model.item import ItemKind
from safehold.model.match import Flag
from safehold.model.queue import COUNTED_TO
from safehold.model.signal import PDQ
from safehold.model.signal import Turn as PictureTurn
from safehold.review.budget import Budget
from safehold.review.exposure_figures import ExposureFigure
from safehold.review.facts import Destruction, HistoryLine, ItemView, MatchFacts, MediaFacts, Turn, WaitsFor
from safehold.review.left_appeals import UNNAMED
from safehold.web.console.alarm_words import ALARMS
from safehold.web.console.classifier_words import BANDS
from safehold.web.console.code_words import (
    CUES,
    DESTROYED,
    DONE,
    FAILURES,
    KINDS,
    LABELS,
    LOOK,
    MEDIA,
    PICTURE_TURNS,
    UNDELIVERED,
    WAITS,
    WEIGHED,
)
from safehold.web.language import N_, _, isolated, language, ngettext, translated
from safehold.web.templating import hour, instant, number

_UNITS = ((3600.0, N_("%(count)s h")), (60.0, N_("%(count)s min")), (1.0, N_("%(count)s s")))
_DAY = 86_400.0
_OTHER_ALARM = N_("Find the cause, then acknowledge it.")
_KIBIBYTE = 1024


def label(code: object) -> str:
    """Return what a code is called on screen."""
    word = LABELS.get(str(code))
    return str(code).replace("_", " ") if word is None else translated(word)


def alarm(code: str) -> tuple[str, str]:
    """Return what an alarm says on screen, and what to do about it."""
    says, advice = ALARMS.get(code, ("", _OTHER_ALARM))
    return translated(says) if says else label(code), translated(advice)


def span(seconds: float) -> str:
    """Return a length of time in its largest whole unit: "2 days", "3 h", "41 min", "12 s"."""
    if seconds >= _DAY:
        return ngettext("%(num)s day", "%(num)s days", int(seconds // _DAY))
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return _(unit, count=max(0, int(seconds // size)))


def looked(seconds: float) -> str:
    """Return how long somebody looked today."""
    if seconds <= 0:
        return _("You have not looked today")
    if seconds < 1:
        return _("Looked less than 1 s today")
    return _("Looked %(span)s today", span=time_spent(int(seconds)))


def undelivered(error: str) -> str:
    """Return why a message was not delivered, "" where the status says it or nothing went wrong."""
    return translated(UNDELIVERED[error]) if error in UNDELIVERED else label(error)


def uncalled(error: str) -> str:
    """Return why a call did not reach anybody: what a message says, or the number that was answered."""
    word, __, number = error.partition(":")
    if word == "status":
        return _("the channel answered %(number)s", number=number)
    return _("it was over before") if word == "superseded" else undelivered(error)


def cue(shown: Cue) -> str:
    """Return what a message or a behaviour shows."""
    return translated(CUES[shown]) if shown in CUES else label(shown.value)


def seen(said: Seen) -> str:
    """Return what somebody says they saw: the answer that they chose, told by another."""
    return _("something else that worries them about a child") if said is Seen.OTHER else label(said)


def who_asks(flag: Flag) -> str:
    """Return who or what asks for a look: a classifier by its name."""
    name = classifier_of(flag.source)
    return label(flag.source) if name is None else _("the classifier %(name)s", name=isolated(name))


def asked_because(flag: Flag) -> str:
    """Return why a look is asked for: how strongly, where a classifier asks."""
    band = band_of(flag.reason)
    return label(flag.reason) if band is None else translated(BANDS[band])


def destroyed(line: Destruction) -> str:
    """Say when the bytes of an item were destroyed, and why."""
    known = DESTROYED.get(line.rule.value)
    why = translated(known) if known else _("the rule %(rule)s", rule=label(line.rule.value))
    return f"{instant(line.destroyed_at)}: {why}"


def budget(stands: Budget) -> str:
    """Return when looking rests or goes on: the break, the day, or the next break that is due."""
    if stands.day_ends_at is not None:
        return _("Enough for today: it goes on at %(hour)s", hour=hour(stands.day_ends_at))
    if stands.break_ends_at is not None:
        return _("Break until %(hour)s", hour=hour(stands.break_ends_at))
    used, most = minutes(stands.used), minutes(stands.limit)
    left = _("%(used)s of %(most)s min of the day used", used=used, most=most)
    if stands.spell_ends_at is None:
        return left
    return _("%(left)s, next break at %(hour)s", left=left, hour=hour(stands.spell_ends_at))


def kind(of: ExposureKind) -> str:
    """Return what a kind of material is called."""
    return translated(KINDS[of.value])


def time_spent(seconds: float) -> str:
    """Return a span in minutes and seconds."""
    whole, rest = divmod(round(seconds), 60)
    return (
        _("%(minutes)s min %(rest)s s", minutes=whole, rest=rest) if whole else _("%(count)s s", count=rest)
    )


def seen_again(figure: ExposureFigure) -> str:
    """Say how many showings were of what somebody had seen before, and why they were shown again."""
    said = (
        (figure.own_request, _("%(num)s asked for", num=figure.own_request)),
        (figure.appeal, _("%(num)s on an appeal", num=figure.appeal)),
        (figure.unasked, _("%(num)s unasked", num=figure.unasked)),
    )
    return ", ".join(words for times, words in said if times) or _("none")


def minutes(seconds: float) -> int:
    """Return seconds as whole minutes; what has begun counts as one."""
    return math.ceil(seconds / 60)


def size(size_bytes: int) -> str:
    """Return a size in KB or MB."""
    if size_bytes < _KIBIBYTE:
        return ngettext("%(num)s byte", "%(num)s bytes", size_bytes)
    kilobytes = size_bytes / _KIBIBYTE
    if kilobytes < _KIBIBYTE:
        return _("%(count)s KB", count=f"{kilobytes:.0f}")
    return _("%(count)s MB", count=_decimal(kilobytes / _KIBIBYTE, "0.0"))


def agreement(figure: Figure) -> str:
    """Return how far people agree: "0.71 (0.55 to 0.86), 43 items", or why that cannot be said."""
    items = ngettext("%(num)s item", "%(num)s items", figure.units)
    if figure.value is None:
        return (
            _("always the same answer, %(items)s", items=items) if figure.units else _("nothing to compare")
        )
    value = _decimal(figure.value, "0.00")
    if figure.low is None or figure.high is None:
        return f"{value}, {items}"
    low, high = _decimal(figure.low, "0.00"), _decimal(figure.high, "0.00")
    return _("%(value)s (%(low)s to %(high)s), %(items)s", value=value, low=low, high=high, items=items)


def counted(*cases: int) -> str:
    """Say how many cases these are together: "23", or "10,000+" where one was not counted to its end."""
    more = "+" if any(each >= COUNTED_TO for each in cases) else ""
    return f"{number(sum(cases))}{more}"


def percent(figure: Figure) -> str:
    """Return a share as a percentage with its interval: "3 % (1 % to 8 %)"."""
    if figure.value is None or figure.low is None or figure.high is None:
        return _("unknown")
    value, low, high = (f"{100 * each:.0f}" for each in (figure.value, figure.low, figure.high))
    return _("%(value)s %% (%(low)s %% to %(high)s %%)", value=value, low=low, high=high)


def file(media: MediaFacts) -> str:
    """Return what is known of a file without opening it."""
    parts = [media.media_type.partition("/")[2].upper()]
    if media.width:
        parts.append(isolated(f"{media.width} × {media.height}"))
    parts.append(size(media.size_bytes))
    if media.frames > 1:
        parts.append(ngettext("%(num)s frame read", "%(num)s frames read", media.frames))
    if media.failure is not None:
        parts.append(_("not read fully: %(why)s", why=translated(FAILURES[media.failure])))
    return ", ".join(parts)


def sentence(item: ItemView) -> str:
    """Say in one sentence what an item is and why it is here."""
    return _("%(what)s %(why)s.", what=_kind(item), why=_reason(item))


def stands(item: ItemView) -> str:
    """Say in one or two sentences how an item stands: what it waits for, or what it was settled as."""
    waits = "" if item.waits_for is None else translated(WAITS[item.waits_for])
    if item.outcome is None:
        return _("It %(waits)s.", waits=waits)
    outcome = found(item.outcome.finding, item.outcome.category)
    if not waits:
        return _("It was settled as %(outcome)s.", outcome=outcome)
    return _("It was settled as %(outcome)s and is contested. It %(waits)s.", outcome=outcome, waits=waits)


def found(finding: object, category: object = None) -> str:
    """Return what was found, with its category where it has one."""
    if not category:
        return label(finding)
    return _("%(finding)s, category %(category)s", finding=label(finding), category=category)


def look_button(looking: Looking, tier: str) -> str:
    """Return what the button says that shows the picture. tier: "blurred" or "clear"."""
    return translated(LOOK[looking.press, looking.seen_at is not None, tier])


def called(call: Call) -> str:
    """Say how a call to whoever is on call went."""
    if call.delivered_at is not None:
        return _("reached %(at)s", at=instant(call.delivered_at))
    why = uncalled(call.last_error) if call.last_error else ""
    if call.state is CallState.DEAD:
        return _("given up: %(why)s", why=why) if why else _("given up")
    if call.attempts == 0:
        return _("not tried yet")
    if not why:
        return _("being tried")
    return ngettext(
        "not reached: %(why)s; tried %(num)s time, and again by itself",
        "not reached: %(why)s; tried %(num)s times, and again by itself",
        call.attempts,
        why=why,
    )


def weighed(seen: str) -> str:
    """Return what a part of a priority says: it is stored in English, and known again by its pattern."""
    for pattern, known in _WEIGHED:
        match = known.fullmatch(seen)
        if match is not None:
            return _(pattern, **{name: isolated(said) for name, said in match.groupdict().items()})
    return seen


def nearness(match: MatchFacts) -> str:
    """Say how near an item is to an entry of a list."""
    if match.distance == 0 and match.signal_type != PDQ:
        return _("identical")
    bits = ngettext("%(num)s bit", "%(num)s bits", match.distance)
    turned = "" if match.turn is PictureTurn.NONE else translated(PICTURE_TURNS[match.turn])
    return _("%(bits)s, %(turned)s", bits=bits, turned=turned) if turned else bits


def seen_before(item: ItemView) -> str:
    """Say how often these bytes came and what was settled about other appearances."""
    if item.item.kind == ItemKind.PAGE:
        return _("Pages are not compared with each other")
    if item.media is None:
        return _("Unknown: no bytes were sent")
    others = item.media.items - 1
    if others == 0:
        return _("No; this is the only appearance")
    times = ngettext("%(num)s other appearance", "%(num)s other appearances", others)
    if item.turn is Turn.BLIND and item.hidden_assessments:
        return _("%(times)s; what was found of them is shown once you have assessed this one", times=times)
    if not item.earlier:
        return _("%(times)s, none settled", times=times)
    newest = found(item.earlier[-1].finding, item.earlier[-1].category)
    return _("%(times)s; last settled as %(outcome)s", times=times, outcome=newest)


def waiting_seconds(since: datetime, now: datetime) -> float:
    """Return how long something has waited."""
    return max(0.0, (now - since).total_seconds())


def happened(line: HistoryLine) -> str | None:
    """Return a line of the history in words, None for what is not shown there."""
    if line.verb not in DONE:
        return None
    done = translated(DONE[line.verb])
    waits_for = str(line.detail.get("waits_for"))
    # What a later version wrote is told as far as it is understood.
    if line.verb == "item.left_open" and waits_for in set(WaitsFor):
        waits = translated(WAITS[WaitsFor(waits_for)])
        return _("%(done)s: it %(waits)s", done=done, waits=waits)
    if line.verb == "item.assess" and "same_as" in line.detail:
        return _as_elsewhere(done, line.detail.get("bits"))
    if line.verb != "item.reveal":
        return done
    tier = label(line.detail.get("tier", ""))
    if "again" in line.detail:
        return _("%(done)s, %(tier)s, though they had seen it before", done=done, tier=tier)
    return _("%(done)s, %(tier)s", done=done, tier=tier)


def _as_elsewhere(done: str, bits: object) -> str:
    if not isinstance(bits, int):
        return _("%(done)s, as the same bytes were found elsewhere", done=done)
    return ngettext(
        "%(done)s, by likeness to what they found elsewhere, %(num)s bit apart",
        "%(done)s, by likeness to what they found elsewhere, %(num)s bits apart",
        bits,
        done=done,
    )


def which_item(line: HistoryLine, items: Sequence[ItemView], first: int, total: int) -> str:
    """Say which of the items shown a line of the history is about, where the case has several.

    first: how many come before those that are shown. total: how many there are.
    """
    if total < 2:
        return ""
    about = str(line.detail.get("item") or line.object.removeprefix("item:"))
    places = {str(one.item.id): place for place, one in enumerate(items, start=1)}
    return _(": item %(number)s", number=first + places[about]) if about in places else ""


def place_of(item_id: UUID, items: Sequence[ItemView]) -> int:
    """Return the number of an item in its case, counted from 1 as the page does; 0 when it has left it."""
    return next((place for place, one in enumerate(items, start=1) if one.item.id == item_id), 0)


def detail(values: Mapping[str, object]) -> str:
    """Return the detail of an audit record on one line, without what is empty in it: in codes."""
    said = ((name, value) for name, value in values.items() if value not in ("", None))
    return ", ".join(f"{name}: {_plain(value)}" for name, value in said) or "none"


def person(actor: str, people: Mapping[UUID, str], viewer: UUID) -> str:
    """Return whom an actor's label names, "user:018f…" or a part of the system."""
    kind, __, id = actor.partition(":")
    if kind != "user":
        return actor
    try:
        return name_of(UUID(id), people, viewer)
    except ValueError:
        return _("somebody")


def name_of(user_id: UUID, people: Mapping[UUID, str], viewer: UUID) -> str:
    """Return a person's name, or "you"."""
    return _("you") if user_id == viewer else people.get(user_id) or _("somebody")


def appellant(by: str) -> str:
    """Return who contests as they named themselves, else as the language calls somebody who did not."""
    return translated(UNNAMED) if by == UNNAMED else by


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
        return translated(MEDIA[item.media.kind]) if item.media.kind in MEDIA else _("A file")
    if item.item.kind == ItemKind.PAGE:
        return _("A page")
    is_messages = item.item.kind == ItemKind.MESSAGES
    return _("A window of messages") if is_messages else _("Signals without a file")


def _reason(item: ItemView) -> str:
    if item.matches:
        return _matched(item.matches)
    if item.flags:
        return _("that %(source)s asks somebody to look at", source=who_asks(item.flags[0]))
    if item.report is not None:
        return _("that somebody reported")
    return _("without a match or a flag")


def _matched(matches: Sequence[MatchFacts]) -> str:
    nearest, name = matches[0], isolated(matches[0].list_name)
    if nearest.distance == 0 and nearest.signal_type != PDQ:
        near = _("identical to an entry of the list %(list)s", list=name)
    else:
        bits = nearness(nearest)
        near = _("that is %(bits)s from an entry of the list %(list)s", bits=bits, list=name)
    if nearest.withdrawn:
        near = _("%(near)s, withdrawn since", near=near)
    others = len({match.list_name for match in matches}) - 1
    if not others:
        return near
    return ngettext(
        "%(near)s and matches %(num)s other list",
        "%(near)s and matches %(num)s other lists",
        others,
        near=near,
    )


def _decimal(value: float, form: str) -> str:
    return str(format_decimal(value, form, locale=language().locale))


def _known_by(pattern: str) -> re.Pattern[str]:
    """Return what knows a text again that was made of a pattern."""
    parts = re.split(r"%\((\w+)\)s", pattern)
    return re.compile(
        "".join(f"(?P<{each}>.+)" if at % 2 else re.escape(each) for at, each in enumerate(parts))
    )


_WEIGHED = [(pattern, _known_by(pattern)) for pattern in WEIGHED]
