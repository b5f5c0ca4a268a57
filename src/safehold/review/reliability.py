"""How far people agree beyond chance: Cohen's kappa, Krippendorff's alpha, and how sure one can be of either.

Nothing here knows people, items or a database: answers go in, figures come out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from safehold.model.figures import CONFIDENCE, NOTHING, Figure, Z

RESAMPLED = 500
"""How often units are drawn anew for an interval of alpha."""

Pair = tuple[Hashable, Hashable]
Unit = Sequence[Hashable]
Counts = npt.NDArray[np.float64]


def cohens_kappa(pairs: Sequence[Pair]) -> Figure:
    """Return kappa of two people who answered the same question about the same items, with its interval.

    pairs: one per item, what the first and what the second answered. The interval is the large-sample one
    of Fleiss, Cohen and Everitt (1969), kept within -1 and 1.
    """
    count = len(pairs)
    if count == 0:
        return NOTHING
    cells = {pair: number / count for pair, number in Counter(pairs).items()}
    rows = {key: number / count for key, number in Counter(first for first, _ in pairs).items()}
    columns = {key: number / count for key, number in Counter(second for _, second in pairs).items()}
    observed = sum(share for (first, second), share in cells.items() if first == second)
    chance = sum(share * columns.get(key, 0.0) for key, share in rows.items())
    if math.isclose(chance, 1.0):
        return Figure(None, None, None, count)
    kappa = (observed - chance) / (1 - chance)
    error = math.sqrt(max(0.0, _variance(cells, rows, columns, kappa, chance)) / count)
    return Figure(kappa, max(-1.0, kappa - Z * error), min(1.0, kappa + Z * error), count)


def _variance(
    cells: dict[Pair, float],
    rows: dict[Hashable, float],
    columns: dict[Hashable, float],
    kappa: float,
    chance: float,
) -> float:
    on_diagonal = beside_it = 0.0
    for (first, second), share in cells.items():
        if first == second:
            on_diagonal += share * (1 - (rows[first] + columns[first]) * (1 - kappa)) ** 2
        else:
            # The marginals cross: what the second person says of `first`, and the first of `second`.
            both = columns.get(first, 0.0) + rows.get(second, 0.0)
            beside_it += share * both**2
    beside_it *= (1 - kappa) ** 2
    return (on_diagonal + beside_it - (kappa - chance * (1 - kappa)) ** 2) / (1 - chance) ** 2


def krippendorffs_alpha(units: Sequence[Unit], *, seed: int = 0) -> Figure:
    """Return alpha for answers without an order, by any number of people, with a bootstrap interval.

    units: per item the answers that were given; who gave none is left out, and items with fewer than two
    answers say nothing about agreement. The interval draws items anew RESAMPLED times; seed makes it the
    same each time.
    """
    answers, items = _counted([unit for unit in units if len(unit) > 1])
    count = int(items.sum())
    value = float(_alphas(answers, items[np.newaxis, :])[0]) if count else math.nan
    if math.isnan(value):
        return Figure(None, None, None, count)
    drawn = np.random.default_rng(seed).multinomial(count, items / count, size=RESAMPLED).astype(float)
    # A sample in which everybody gave one and the same answer shows no disagreement.
    resampled = np.nan_to_num(_alphas(answers, drawn), nan=1.0)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Figure(value, float(low), float(high), count)


def _counted(units: Sequence[Unit]) -> tuple[Counts, Counts]:
    """Return how often each answer was given, one row per distinct item, and how many items are like it."""
    codes = {
        answer: code for code, answer in enumerate(dict.fromkeys(each for unit in units for each in unit))
    }
    alike = Counter(frozenset(Counter(codes[each] for each in unit).items()) for unit in units)
    answers = np.zeros((len(alike), len(codes)))
    for row, given in enumerate(alike):
        for code, number in given:
            answers[row, code] = number
    return answers, np.array(list(alike.values()), dtype=float)


def _alphas(answers: Counts, items: Counts) -> Counts:
    """Return alpha for each row of `items`, which says how many there are of each row of `answers`.

    Not a number where only one answer was given at all.
    """
    people = answers.sum(axis=1)
    differing = (people**2 - (answers**2).sum(axis=1)) / (people - 1)
    given, by_answer = items @ people, items @ answers
    observed = (items @ differing) / given
    expected = (given**2 - (by_answer**2).sum(axis=1)) / (given * (given - 1))
    with np.errstate(invalid="ignore"):
        found: Counts = 1 - observed / expected
    return found
