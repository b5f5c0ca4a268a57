"""Schemes: what an assessment of media is called elsewhere, by tables; unknown where nothing follows.

An assessment is stored once, in our own words. Whatever leaves with a word of another scheme names the
version of the table that it was derived by.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any

UNKNOWN = "unknown"
FILES = ("industry", "baseline", "xarf", "cybertipline")
"""In this order: a table may use what an earlier one says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Says `then` where each answer in `when` is one of those named; without any, always."""

    when: Mapping[str, frozenset[str]]
    then: str

    def holds(self, answers: Mapping[str, str]) -> bool:
        """Say whether it is about these answers."""
        return all(answers.get(name, UNKNOWN) in wanted for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One scheme. The first rule that holds counts.

    inputs: the answers it looks at, of the imagery form or of earlier tables. values: all that it can say.
    """

    name: str
    title: str
    version: int
    date: date
    source: str
    inputs: tuple[str, ...]
    values: tuple[str, ...]
    rules: tuple[Rule, ...]

    def value_of(self, answers: Mapping[str, str]) -> str:
        """Return what these answers are called here. What is left out of them counts as unknown."""
        return next((rule.then for rule in self.rules if rule.holds(answers)), UNKNOWN)


def in_schemes(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what an assessment is called in each scheme, by the table's name.

    answers: of the imagery form, as JSON values; what was not asked is None and counts as unknown.
    """
    known = {name: said for name, said in answers.items() if isinstance(said, str)}
    for table in TABLES:
        known[table.name] = table.value_of(known)
    return {table.name: known[table.name] for table in TABLES}


def load(name: str) -> list[Table]:
    """Return the tables of one file. Raises FileNotFoundError for a name that there is none of."""
    file = resources.files("safehold.model.scheme_tables").joinpath(f"{name}.toml")
    read = tomllib.loads(file.read_text("utf-8"))
    return [
        Table(
            name=table["name"],
            title=table["title"],
            version=read["version"],
            date=read["date"],
            source=read["source"].strip(),
            inputs=tuple(table["inputs"]),
            values=tuple(table["values"]),
            rules=tuple(_rule(rule) for rule in table["rule"]),
        )
        for table in read["table"]
    ]


def _rule(read: Mapping[str, Any]) -> Rule:
    wanted = read.get("when", {}).items()
    when = {name: frozenset([said] if isinstance(said, str) else said) for name, said in wanted}
    return Rule(when=when, then=read["then"])


TABLES: tuple[Table, ...] = tuple(table for name in FILES for table in load(name))
"""Every scheme, in the order in which they are derived."""
