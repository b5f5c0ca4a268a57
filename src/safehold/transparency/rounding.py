"""Numbers as they are read: exact, as press releases round them, in per cent, and as fractions in words."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from safehold.model.wording import worded

ABOUT = Fraction(1, 100)
"""Nearer than this part of a simple fraction, a share is "about" it."""
FARTHEST = Fraction(8, 100)
"""Farther than this part of it, no simple fraction describes a share."""

_NUMBERS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
]
_SIMPLE = sorted(
    {Fraction(1, n) for n in (*range(2, 11), 12, 15, 20)}
    | {Fraction(2, 3), Fraction(3, 4), Fraction(2, 5), Fraction(3, 5), Fraction(4, 5), Fraction(9, 10)}
)


def exact(number: int) -> str:
    """Return a whole number with its thousands set apart."""
    return f"{number:,}"


def press(number: int) -> str:
    """Return a whole number as press releases print it: below a hundred exact, else to tens, half to even."""
    if abs(number) < 100:
        return exact(number)
    tens = (Decimal(number) / 10).quantize(Decimal(1), ROUND_HALF_EVEN)
    return exact(int(tens) * 10)


def percent(part: int, whole: int, *, places: int = 1) -> str:
    """Return a share in per cent, halves upward. Something is never 0 % for being little, nor 100 % for much.

    whole: more than 0.
    """
    shown = _rounded(Decimal(100 * part) / Decimal(whole), places)
    least = Decimal(1).scaleb(-places)
    if shown == 0 < part:
        return worded("under %(share)s %%", share=least)
    if shown == 100 and part < whole:
        return worded("over %(share)s %%", share=100 - least)
    return f"{shown} %"


def change(now: int, before: int, *, places: int = 1) -> str:
    """Return by how many per cent a number has changed, with its sign. before: more than 0."""
    shown = _rounded(Decimal(100 * (now - before)) / Decimal(before), places)
    return f"{shown:+} %" if shown else f"{abs(shown)} %"


def in_words(part: int, whole: int) -> str | None:
    """Return a share as a simple fraction, "one in seven", with what belongs before it; None where none fits.

    Exactly that fraction: bare. Within a hundredth of it: "about". Otherwise "more than" above and "almost"
    below it, as far as eight hundredths away. whole: more than 0; part: 0 to whole.
    """
    share = Fraction(part, whole)
    if share in (0, 1):
        return "all" if share else "none"
    nearest = min(_SIMPLE, key=lambda simple: (abs(share - simple) / simple, simple))
    off = (share - nearest) / nearest
    if abs(off) > FARTHEST:
        return None
    words = _fraction(nearest)
    if off == 0:
        return words
    if abs(off) <= ABOUT:
        return f"about {words}"
    return f"more than {words}" if off > 0 else f"almost {words}"


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _fraction(simple: Fraction) -> str:
    if simple == Fraction(1, 2):
        return "half"
    return f"{_NUMBERS[simple.numerator]} in {_NUMBERS[simple.denominator]}"
