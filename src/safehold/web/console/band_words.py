"""What is said on screen of a review band: each reason in a sentence, and how the budget of a day stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from safehold.app.daily_looks import DailyLooks
from safehold.model.band import Band
from safehold.model.review_band import NEAR_BITS, Reason, Spoken
from safehold.web.console.classifier_words import BANDS
from safehold.web.console.words import counted
from safehold.web.language import N_, NN_, _, ngettext, translated
from safehold.web.templating import number

_PLAIN: Mapping[Reason, str] = N_(
    {
        Reason.ASKED: "Something else asks for a look, and says not how strongly",
        Reason.CHILD_ACCOUNT: "The platform knows the account as a child’s: the child may need help",
        Reason.NEW_ACCOUNT: "The account was less than a week old",
        Reason.GUARDIAN: "Somebody who looks after the child is brought in; the rules have counted that",
        Reason.PEERS: "Both sides are children of an age; the rules have counted that",
        Reason.KNOWN_ROLE: "The platform knows the other side as a guardian or its own staff; the rules have"
        " counted that",
    }
)
_COUNTED: Mapping[Reason, tuple[str, str]] = NN_(
    {
        Reason.MORE_CLASSIFIERS: (
            "%(count)s further classifier says medium or more",
            "%(count)s further classifiers say medium or more",
        ),
        Reason.REPORTED: (
            "People reported %(count)s item of this case",
            "People reported %(count)s items of this case",
        ),
        Reason.CONFIRMED_BEFORE: (
            "In %(count)s case of this account something was confirmed",
            "In %(count)s cases of this account something was confirmed",
        ),
        Reason.SEES_NOTHING: (
            "%(count)s classifier that was asked sees nothing",
            "%(count)s classifiers that were asked see nothing",
        ),
        Reason.NOTHING_BEFORE: (
            "In %(count)s case of this account something was asked about and was not illegal",
            "In %(count)s cases of this account something was asked about and was not illegal",
        ),
        Reason.OLD_ACCOUNT: ("The account was %(count)s year old", "The account was %(count)s years old"),
    }
)
"""What is said of a number of things, of one and of many."""


def said(spoken: Spoken) -> str:
    """Return what a reason says, in a sentence without its end."""
    reason, amount = spoken.reason, spoken.amount
    if reason in _COUNTED:
        one, many = _COUNTED[reason]
        return ngettext(one, many, amount, count=number(amount))
    return _WORDED[reason](amount) if reason in _WORDED else translated(_PLAIN[reason])


def weight(spoken: Spoken) -> str:
    """Return what it weighs, with its sign: "+2"."""
    return f"{spoken.weight:+d}".replace("-", "−") if spoken.weight else "0"


def waiting(looks: DailyLooks) -> str:
    """Return how many cases wait, and of these how many in each band: "12: 3 high, 9 low"."""
    by_band = looks.standing.waiting
    bands = ", ".join(
        _("%(count)s %(band)s", count=counted(cases), band=_(BANDS[band])) for band, cases in by_band.items()
    )
    return _("%(count)s: %(bands)s", count=counted(*by_band.values()), bands=bands)


def _of_band(rank: int) -> str:
    return _(BANDS[tuple(Band)[rank]])


def _near(amount: int) -> str:
    bits = NEAR_BITS + 1 - amount
    if bits == 0:
        return _("A list has come to know nearly the same since it was flagged")
    return ngettext(
        "%(bits)s bit more, and a list would have matched it",
        "%(bits)s bits more, and a list would have matched it",
        bits,
        bits=bits,
    )


_WORDED: Mapping[Reason, Callable[[int], str]] = {
    Reason.CLASSIFIER: lambda rank: _("The strongest classifier says: %(band)s", band=_of_band(rank)),
    Reason.CONVERSATION: lambda rank: _("What rules saw in the conversation: %(band)s", band=_of_band(rank)),
    Reason.NEAR_LISTED: _near,
}
