"""What is said about classifiers on screen: bands, ways, and why something cannot be said."""

from __future__ import annotations

from safehold.detect.classifiers.base_rates import ADay
from safehold.detect.classifiers.evaluation import WhyNot
from safehold.model.band import Band
from safehold.model.classifier import Answered, ClassifierKind, Sends
from safehold.model.figures import Figure
from safehold.model.judged import Way
from safehold.web.language import N_, _
from safehold.web.templating import number

BANDS = N_(
    {
        Band.NONE: "nothing",
        Band.LOW: "low",
        Band.MEDIUM: "medium",
        Band.HIGH: "high",
        Band.VERY_HIGH: "very high",
    }
)
WAYS = N_(
    {
        Way.LISTED: "a list knew it",
        Way.ASKED: "something asked for a look",
        Way.DRAWN: "drawn by lot",
    }
)
ANSWERS = N_(
    {
        Answered.OK: "answered",
        Answered.ABSTAIN: "had nothing to say",
        Answered.UNSUPPORTED: "cannot read this kind",
        Answered.ERROR: "failed",
        Answered.TIMEOUT: "came too late",
    }
)
SILENT = N_(
    {
        "timeout": "it is too slow",
        "garbled": "nobody understands what it says",
        "down": "it cannot be reached, or refuses",
    }
)
KINDS = N_({ClassifierKind.UNSEEN_IMAGE: "pictures", ClassifierKind.UNSEEN_VIDEO: "films"})
SENDS = N_(
    {
        Sends.DOWNSCALED: "a few frames, made smaller",
        Sends.ORIGINAL: "the file as it came",
    }
)
CARD = N_(
    {
        "made_by": "Made by",
        "made_for": "Made for",
        "made_of": "Made of",
        "checked_on": "Checked on",
        "measured": "Measured",
        "limits": "Limits",
    }
)
WHY_NOT = N_(
    {
        WhyNot.NOTHING_DRAWN: "Not available: nothing that every check passed was drawn and decided.",
        WhyNot.TOO_FEW_DRAWN: "Not available yet: too few drawn uploads were decided.",
        WhyNot.TOO_FEW_FOUND: "Not available yet: too little was found to tell.",
    }
)


def share(figure: Figure) -> str:
    """Return a share as a percentage with its interval, to a tenth: "3.1 % (1.0 % to 8.2 %)"."""
    if figure.value is None or figure.low is None or figure.high is None:
        return _("not available")
    value, low, high = (f"{100 * each:.1f}" for each in (figure.value, figure.low, figure.high))
    return _("%(value)s %% (%(low)s %% to %(high)s %%)", value=value, low=low, high=high)


def a_day(count: ADay) -> str:
    """Return a number of a day with its range: "111 (91 to 132)"."""
    shown = number(round(count.expected)) if count.expected >= 10 else f"{count.expected:.2g}"
    return _("%(count)s (%(low)s to %(high)s)", count=shown, low=number(count.low), high=number(count.high))
