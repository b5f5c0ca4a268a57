"""What is counted, and amounts that only add up where the same thing is counted.

A page holds one to thousands of items, and the same media appears many times: sums across units are
meaningless. Types refuse them before anything runs, and amounts refuse them when it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from safehold.model.figure_errors import MixedUnits


class Unit:
    """What one counts. name: as it is written in files; one, many: as it is read."""

    name: ClassVar[str]
    one: ClassVar[str]
    many: ClassVar[str]


class Reports(Unit):
    """One submission by somebody: a webpage, a newsgroup."""

    name, one, many = "report", "report", "reports"


class Pages(Unit):
    """One address at one time, with whatever it shows."""

    name, one, many = "page", "page", "pages"


class Items(Unit):
    """One appearance of media, or of messages, at one place and time."""

    name, one, many = "item", "item", "items"


class Conversations(Unit):
    """One window of messages: what people read and assess at once."""

    name, one, many = "conversation", "conversation", "conversations"


class Media(Unit):
    """Unique bytes, however often they appear."""

    name, one, many = "media", "unique image or video", "unique images and videos"


class Entries(Unit):
    """One signal on one list."""

    name, one, many = "entry", "entry of a list", "entries of lists"


class AuthorityReports(Unit):
    """One report that an authority has from us."""

    name, one, many = "authority_report", "report to an authority", "reports to authorities"


class Appeals(Unit):
    """One time that somebody contested what was decided."""

    name, one, many = "appeal", "appeal", "appeals"


class Reversals(Unit):
    """One time that a settled outcome was reversed."""

    name, one, many = "reversal", "reversed outcome", "reversed outcomes"


class Showings(Unit):
    """One time that a picture was shown to one person."""

    name, one, many = "showing", "showing of a picture", "showings of pictures"


class Scans(Unit):
    """One time that something was compared with what is known."""

    name, one, many = "scan", "scan", "scans"


class Cases(Unit):
    """One folder of review work."""

    name, one, many = "case", "case", "cases"


class Outcomes(Unit):
    """One answer by people, about one item in one case."""

    name, one, many = "outcome", "outcome", "outcomes"


class Matches(Unit):
    """One item on one list, however many of its pictures or entries matched there."""

    name, one, many = "match", "match", "matches"


class Assessments(Unit):
    """One judgement, signed by one person."""

    name, one, many = "assessment", "assessment", "assessments"


class Holds(Unit):
    """One reversible block of one item."""

    name, one, many = "hold", "hold", "holds"


class Texts(Unit):
    """One time that words which help were shown to a child."""

    name, one, many = "text_shown", "text shown", "texts shown"


class Acts(Unit):
    """One act that the audit log has."""

    name, one, many = "act", "act on record", "acts on record"


class Members(Unit):
    """One organisation that is entitled to lists."""

    name, one, many = "member", "member", "members"


class Notices(Unit):
    """One dated request to whoever stores something."""

    name, one, many = "notice", "notice", "notices"


class Pairs(Unit):
    """One item that several people assessed, each unseen by the others."""

    name, one, many = "pair", "item assessed by several apart", "items assessed by several apart"


class Questions(Unit):
    """One question of an authority about a report that it has."""

    name, one, many = "question", "question of an authority", "questions of authorities"


class Lists(Unit):
    """One list that uploads are compared with."""

    name, one, many = "list", "list", "lists"


class Alarms(Unit):
    """One thing that a person must look at, from when it was raised until it is cleared."""

    name, one, many = "alarm", "alarm", "alarms"


UNITS: tuple[type[Unit], ...] = (
    Reports,
    Pages,
    Items,
    Conversations,
    Media,
    Entries,
    AuthorityReports,
    Appeals,
    Reversals,
    Showings,
    Scans,
    Cases,
    Outcomes,
    Matches,
    Assessments,
    Holds,
    Texts,
    Acts,
    Members,
    Notices,
    Pairs,
    Questions,
    Lists,
    Alarms,
)
"""Every unit there is."""

U = TypeVar("U", bound=Unit)


@dataclass(frozen=True, slots=True)
class Amount(Generic[U]):
    """So many of one unit."""

    number: int
    unit: type[U]

    def __add__(self, other: Amount[U]) -> Amount[U]:
        """Return the sum. Raises MixedUnits where the other counts something else."""
        self._same(other)
        return Amount(self.number + other.number, self.unit)

    def __sub__(self, other: Amount[U]) -> Amount[U]:
        """Return the difference, which may be negative. Raises MixedUnits."""
        self._same(other)
        return Amount(self.number - other.number, self.unit)

    def share_of(self, whole: Amount[U]) -> float | None:
        """Return which part of the whole this is, None of nothing. Raises MixedUnits.

        A part greater than its whole raises MixedUnits as well: the two were not counted alike.
        """
        self._same(whole)
        if self.number > whole.number:
            raise MixedUnits(
                f"{self.number:,} {self.unit.many} are no part of {whole.number:,}:"
                " they were counted otherwise."
            )
        return self.number / whole.number if whole.number else None

    def _same(self, other: Amount[U]) -> None:
        if other.unit is not self.unit:
            raise MixedUnits(
                f"{self.number:,} {self.unit.many} and {other.number:,} {other.unit.many} are different"
                " things: they have no sum, no difference and no share."
            )
