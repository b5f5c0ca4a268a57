"""The summary in words, written from the figures: a sentence without its figures is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.counting import NOT_SAID
from safehold.transparency.rounding import exact, in_words, percent
from safehold.transparency.shares import changed
from safehold.transparency.tables import ALL, Cell, Known, Table

Tables = Mapping[str, Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the sentences are written from. doubted: measures of which not every figure was published."""

    year: int
    tables: Tables
    before: Tables | None
    doubted: Mapping[str, str]

    def sentences(self) -> list[str]:
        """Return the sentences that the figures bear."""
        return list(self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield from self._reports()
        for unit in ("pages", "items", "media"):
            yield from self._confirmed(unit)
        yield from self._study()
        yield from self._reversed()

    def _reports(self) -> Iterator[str]:
        assessed, confirmed = self._total("reports.assessed"), self._total("reports.confirmed")
        if not assessed:
            return
        noun = "report" if assessed == 1 else "reports"
        yield self._said(
            "reports.assessed",
            f"In {self.year} people assessed {exact(assessed)} {noun}{self._grown('reports.assessed')}",
        )
        if confirmed is not None:
            yield self._said("reports.confirmed", f"{_share(confirmed, assessed)} led to something confirmed")

    def _confirmed(self, unit: str) -> Iterator[str]:
        name = f"{unit}.confirmed"
        confirmed = self._total(name)
        if not confirmed:
            return
        kind = self.tables[name].measure.unit
        noun, were = (kind.one, "was") if confirmed == 1 else (kind.many, "were")
        yield self._said(name, f"{exact(confirmed)} {noun} {were} confirmed{self._grown(name)}")
        own = self._total(f"{unit}.self_generated")
        if own is not None:
            said = f"Of the {noun}, {_share(own, confirmed)} showed what children had made themselves"
            yield self._said(f"{unit}.self_generated", said)
        for by, words in (
            (
                "by_age",
                "The youngest child shown was most often of the age band {answer}: {share} of the {noun}",
            ),
            ("by_sex", "Most often seen, by sex: {answer}, in {share} of the {noun}"),
        ):
            yield from self._largest(f"{name}.{by}", noun, words)
        severe = self.tables[f"{name}.by_category"].cells.get(("A",))
        if isinstance(severe, Known):
            share, grown = _share(severe.amount.number, confirmed), self._grown(f"{name}.by_category", ("A",))
            yield self._said(
                f"{name}.by_category", f"Of the {noun}, {share} were of category A, the most severe{grown}"
            )

    def _largest(self, name: str, noun: str, words: str) -> Iterator[str]:
        table, whole = self.tables[name], self._total(name)
        known = [
            (cell.amount.number, place[0])
            for place, cell in table.cells.items()
            if place[0] not in (ALL, "unknown", NOT_SAID) and isinstance(cell, Known)
        ]
        if whole and known and max(known)[0] * 3 > whole:
            many, value = max(known)
            answer = ATTRIBUTES[table.measure.by[0]].words(value).lower()
            yield self._said(name, words.format(answer=answer, share=_share(many, whole), noun=noun))

    def _study(self) -> Iterator[str]:
        top = "media.study_3_6"
        whole = self._total(top)
        if not whole:
            return
        yield self._said(
            top,
            f"{exact(whole)} unique images and videos are self-generated and show a child of three to six",
        )
        for by, value, words in (
            ("by_sex", "girls", "show girls alone"),
            ("by_category", "A", "are of category A"),
        ):
            cell = self.tables[f"{top}.{by}"].cells.get((value,))
            if isinstance(cell, Known):
                yield self._said(f"{top}.{by}", f"Of these, {_share(cell.amount.number, whole)} {words}")

    def _reversed(self) -> Iterator[str]:
        many = self._total("quality.reversed")
        if many:
            were = "outcomes were" if many > 1 else "outcome was"
            yield f"{exact(many)} {were} reversed: people had been wrong, or a list."

    def _said(self, name: str, sentence: str) -> str:
        return (
            f"{sentence} (not all of it published: see the checks)."
            if name in self.doubted
            else f"{sentence}."
        )

    def _total(self, name: str) -> int | None:
        total = self.tables[name].total
        return total.amount.number if isinstance(total, Known) else None

    def _grown(self, name: str, place: tuple[str, ...] | None = None) -> str:
        if self.before is None:
            return ""
        now, before = self.tables[name], self.before[name]
        return _grown(_at(now, place), _at(before, place))


def _at(table: Table, place: tuple[str, ...] | None) -> Cell | None:
    return table.total if place is None else table.cells.get(place)


def _grown(now: Cell | None, earlier: Cell | None) -> str:
    by = changed(now, earlier) if now is not None else None
    if by is None:
        return ""
    if by.startswith(("+", "-")):
        return f", {by[1:]} {'more' if by[0] == '+' else 'less'} than in the year before"
    return ", as many as in the year before"


def _share(part: int, whole: int) -> str:
    words = in_words(part, whole)
    return f"{exact(part)} ({percent(part, whole)}{f', {words}' if words else ''})"
