"""A conversation's messages, composed in the request: intake, comparing, and asking a person to look.

What follows is a case, by way of an event, and nothing else: there is no hold here, and no word for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from safehold.app.program import Program
from safehold.detect.conversations import behaviour, stages
from safehold.detect.conversations.judge import Judgement, judge
from safehold.detect.conversations.reading import LONGEST_TEXT, Seen, read
from safehold.detect.conversations.recording import record_judgement
from safehold.detect.conversations.rules import shipped, version
from safehold.detect.conversations.stages import Side, State
from safehold.intake import conversations as intake
from safehold.intake.conversations import Message, StoredConversation
from safehold.model.conversation import Cue, Evidence, Participant
from safehold.model.errors import UnknownSurface
from safehold.model.events import ConversationFlagged
from safehold.model.hash_list import Purpose
from safehold.model.ids import ConversationId, ItemId
from safehold.model.item import Context
from safehold.model.permissions import Actor
from safehold.model.scan import ScanResult
from safehold.model.surface import Surface, Visibility
from safehold.prevent.offers import Offer, offer_for
from safehold.storage import audit
from safehold.storage.database import Tx

NO_CHILD = "no_child"
"""Everybody is known to be grown up: nothing is read and nothing is kept."""
SENT_IN_FUTURE = "sent_in_future"

__all__ = ["NO_CHILD", "Message", "Read", "Told", "take", "take_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Messages of one conversation, as a platform sends them. reference: the platform's id of it.

    participants: as far as the platform tells. first_contact_at: when these first had to do with each other.
    """

    reference: str
    surface: str
    region: str | None = None
    participants: tuple[Participant, ...] = ()
    first_contact_at: datetime | None = None
    messages: tuple[Message, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The answer. result: clear, review, incomplete or not_scanned; never hold.

    conversation_id: None where nothing was kept. item_id: what a person looks at, None where nobody does.
    repeated: how many had come before. degraded, limits: see the answer of a scan. offer: words that help,
    for the child's eyes alone, where a message of this request is part of what somebody is asked to look at.
    """

    result: ScanResult
    conversation_id: ConversationId | None = None
    item_id: ItemId | None = None
    taken: int = 0
    repeated: int = 0
    degraded: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    judgement: Judgement = Judgement()  # noqa: RUF009 - frozen: all may have the same
    offer: Offer | None = None


def take(program: Program, told: Told, *, actor: Actor) -> Read:
    """Take messages in, read them, and ask a person to look where there is enough.

    A private surface without a current legal basis for the region, or one on which everybody is grown up:
    not_scanned, nothing kept. A message whose id came before changes nothing. All or nothing is recorded.
    Raises UnknownSurface, DatabaseDown.
    """
    with program.database.begin() as tx:
        return take_in(tx, program, told, actor=actor)


def take_in(tx: Tx, program: Program, told: Told, *, actor: Actor) -> Read:
    """Do what `take` does in a transaction that is open."""
    surface = program.scanner.surfaces.get(told.surface)
    if surface is None:
        raise UnknownSurface("The settings declare no surface of this name.")
    now = program.clock()
    if not surface.may_scan(told.region, now):
        return Read(result=ScanResult.NOT_SCANNED)
    if len(told.participants) > 1 and all(each.years.is_grown for each in told.participants):
        return Read(result=ScanResult.NOT_SCANNED, limits=(NO_CHILD,))
    return _Taking(program, told, surface, actor, now).run(tx)


class _Taking:
    """One request: the same transaction holds what it reads, what it writes and what follows."""

    def __init__(self, program: Program, told: Told, surface: Surface, actor: Actor, now: datetime) -> None:
        self._program, self._told, self._surface, self._actor = program, told, surface, actor
        self._now, self._at = now, int(now.timestamp())
        self._seen: list[Seen] = []
        self._late = False

    def run(self, tx: Tx) -> Read:
        told = self._told
        found = intake.conversation(
            tx,
            surface=self._surface.name,
            reference=told.reference,
            key_id=self._actor.key_id,
            rehearsal=self._surface.rehearsal,
            empty=stages.to_bytes(State()),
            now=self._now,
        )
        before = stages.from_bytes(found.state)
        fresh = [one for one in self._in_order() if self._is_new(tx, found.id, one)]
        state = self._gathered(tx, before, fresh)
        shows = {each.message for _, each in state.evidence}
        intake.keep(tx, found.id, stages.to_bytes(state), shows=shows, now=self._now)
        judged = judge(_undecided(state, found), at=self._at)
        item_id = self._ask(tx, found, judge(_undecided(before, found), at=self._at), judged)
        return self._answer(found.id, item_id, judged, taken=len(fresh), offer=self._offer(state, judged))

    def _in_order(self) -> Iterator[Message]:
        """Yield the messages by time; one that says that it comes from the future was sent now."""
        latest = self._now + intake.FUTURE
        for one in sorted(self._told.messages, key=lambda each: (each.sent_at, each.id)):
            self._late = self._late or one.sent_at > latest
            yield replace(one, sent_at=min(one.sent_at, self._now))

    def _is_new(self, tx: Tx, conversation_id: ConversationId, one: Message) -> bool:
        return intake.take(
            tx, conversation_id, one, vault=self._program.vault, longest=LONGEST_TEXT, now=self._now
        )

    def _gathered(self, tx: Tx, state: State, fresh: Sequence[Message]) -> State:
        sides = [_side(each) for each in self._told.participants]
        state = stages.add(state, sides=sides, by="", evidence=())
        done = self._habits(tx, state, fresh)
        for one in fresh:
            seen = read(one.text, one.language, shipped())
            self._seen.append(seen)
            at = int(one.sent_at.timestamp())
            said = [Evidence(at, one.id, hit.cue, hit.rule, hit.start, hit.end) for hit in seen.hits]
            did = [Evidence(at, one.id, cue, f"behaviour.{cue.value}") for cue in done[one.id]]
            state = stages.add(state, sides=(), by=one.by, evidence=[*said, *did])
        return state

    def _habits(self, tx: Tx, state: State, fresh: Sequence[Message]) -> dict[str, list[Cue]]:
        """Return what each message shows by what its account did, and record that it did it."""
        shown: dict[str, list[Cue]] = {}
        for account in sorted({one.by for one in fresh}):
            stored = intake.habits(tx, self._surface.name, account)
            habits = behaviour.Habits() if stored is None else behaviour.Habits.from_bytes(stored)
            others = [side for side in state.sides if side.id != account and not side.years.is_grown]
            children = [behaviour.tag_of(side.id) for side in others if side.years.is_child]
            maybe = [behaviour.tag_of(side.id) for side in others if not side.years.is_child]
            for one in (each for each in fresh if each.by == account):
                at, mark = (
                    int(one.sent_at.timestamp()),
                    behaviour.fingerprint((one.text or "")[:LONGEST_TEXT]),
                )
                habits = behaviour.note(habits, at=at, children=children, others=maybe, mark=mark)
                shown[one.id] = [*behaviour.habitual(habits, at=at, mark=mark), *self._fast(at)]
            intake.keep_habits(tx, self._surface.name, account, habits.to_bytes(), now=self._now)
        return shown

    def _fast(self, at: int) -> list[Cue]:
        first = self._told.first_contact_at
        fast = behaviour.went_private_fast(
            at=at,
            first_contact_at=int(first.timestamp()) if first is not None else None,
            private=self._surface.visibility is Visibility.PRIVATE,
        )
        return [Cue.FAST_PRIVATE] if fast else []

    def _ask(self, tx: Tx, found: StoredConversation, before: Judgement, judged: Judgement) -> ItemId | None:
        """Have a person look where there is enough, and again where there is more than they know of."""
        standing = found.item_id if found.decided_at is None else None
        more = judged.band.rank > before.band.rank or not set(judged.cues) <= set(before.cues)
        if not judged.band.asks or (standing is not None and not more):
            return standing
        item_id = standing or intake.make_item(
            tx, found, context=self._context(judged), key_id=self._actor.key_id, now=self._now
        )
        record_judgement(tx, item_id, judged, now=self._now)
        audit.append(
            tx,
            at=self._now,
            actor=self._actor.label,
            verb="conversation.flag",
            object=f"item:{item_id}",
            detail={"conversation": str(found.id), "band": judged.band.value, "rules": version()},
        )
        self._program.recorder.record(
            tx,
            ConversationFlagged(
                at=self._now,
                item_id=item_id,
                conversation_id=found.id,
                purpose=Purpose.TEST if found.rehearsal else Purpose.CSAM,
                band=judged.band,
            ),
        )
        return item_id

    def _context(self, judged: Judgement) -> Context:
        by = next((each for each in self._told.participants if each.id == judged.by), None)
        return Context(
            surface=self._surface.name,
            content_id=self._told.reference,
            account_id=judged.by,
            uploaded_at=self._now,
            region=self._told.region,
            account_created_at=by.account_created_at if by is not None else None,
            account_is_child=by.years.is_child or None if by is not None else None,
        )

    def _offer(self, state: State, judged: Judgement) -> Offer | None:
        """Return the words for the child when this request brought what counts: the same again, and once."""
        brought = {one.id for one in self._told.messages} & {each.message for each in judged.evidence}
        if judged.by is None or not judged.band.asks or not brought:
            return None
        told = {side.id: side for side in state.sides}
        names = {*told, *(name for name, _ in state.evidence), *(one.by for one in self._told.messages)}
        return offer_for(
            judged.cues,
            by=judged.by,
            taking_part=[_participant(told.get(name, Side(name))) for name in sorted(names)],
        )

    def _answer(
        self,
        conversation_id: ConversationId,
        item_id: ItemId | None,
        judged: Judgement,
        *,
        taken: int,
        offer: Offer | None,
    ) -> Read:
        degraded = tuple(sorted({code for seen in self._seen for code in seen.missing}))
        limits = {code for seen in self._seen for code in seen.limits}
        if self._late:
            limits.add(SENT_IN_FUTURE)
        clear = ScanResult.INCOMPLETE if degraded else ScanResult.CLEAR
        return Read(
            result=clear if item_id is None else ScanResult.REVIEW,
            conversation_id=conversation_id,
            item_id=item_id,
            taken=taken,
            repeated=len(self._told.messages) - taken,
            degraded=degraded,
            limits=tuple(sorted(limits)),
            judgement=judged,
            offer=offer,
        )


def _undecided(state: State, found: StoredConversation) -> State:
    """Return the state without what people have decided about already."""
    if found.decided_at is None:
        return state
    since = found.decided_at.timestamp()
    return State(state.sides, tuple((by, each) for by, each in state.evidence if each.at > since))


def _side(one: Participant) -> Side:
    since = int(one.account_created_at.timestamp()) if one.account_created_at is not None else None
    return Side(one.id, one.years, one.role, since)


def _participant(side: Side) -> Participant:
    return Participant(id=side.id, years=side.years, role=side.role)
