"""Synthetic facts with given margins: so many of a whole say this, so many that, and the rest say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Says = dict[str, str | None]


@dataclass(slots=True)
class Blocks:
    """Groups of the same thing, of each of which the same is said. The first group says nothing."""

    groups: list[tuple[Says, int]] = field(default_factory=list)

    def spread(
        self,
        question: str,
        answers: Iterable[tuple[str, int]],
        *,
        among: Callable[[Says], bool] = lambda says: True,
    ) -> Blocks:
        """Return the groups divided so that exactly so many of those that are asked give each answer.

        Raises ValueError where there are fewer.
        """
        waiting = [(answer, many) for answer, many in answers if many]
        divided: list[tuple[Says, int]] = []
        for says, many in self.groups:
            if not among(says):
                divided.append((says, many))
                continue
            divided.extend(_cut(says, many, question, waiting))
        if waiting:
            raise ValueError(f"{question}: there are too few to spread the answers among.")
        return Blocks(divided)

    def __iter__(self) -> Iterator[tuple[Says, int]]:
        """Yield what each group says, and how many it is."""
        return iter(self.groups)


def blocks(many: int) -> Blocks:
    """Return so many of which nothing is said yet."""
    return Blocks([({}, many)])


def _cut(says: Says, many: int, question: str, waiting: list[tuple[str, int]]) -> Iterator[tuple[Says, int]]:
    while many and waiting:
        answer, wanted = waiting.pop(0)
        taken = min(many, wanted)
        yield {**says, question: answer}, taken
        many -= taken
        if wanted > taken:
            waiting.insert(0, (answer, wanted - taken))
    if many:
        yield dict(says), many
