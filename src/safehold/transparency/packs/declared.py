"""What a pack consists of, as a data file says: each thing asked in our own words, its evidence, its gaps."""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field


class PackName(StrEnum):
    """The packs there are; each has a file of this name beside this module."""

    OFCOM = "ofcom"
    HASH_REVIEW = "hash-review"
    FILINGS = "filings"
    DSA = "dsa"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Table):
    """One thing that is asked. measures, ledgers: the ids of its evidence; gaps: what no evidence is of.

    Texts are ours: source says where to read what is asked, checked_on when it was looked at last.
    """

    id: str = Field(min_length=1)
    title: str
    who: str = ""
    asks: str
    source: str
    checked_on: date
    measures: tuple[str, ...] = ()
    ledgers: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


class Declared(_Table):
    """A pack. version: raised when what it holds changes its meaning. numbered: parts go by their ids."""

    title: str
    numbered: bool = False
    version: int
    lead: str
    parts: tuple[Part, ...] = Field(alias="part", min_length=1)


@cache
def declared(name: PackName) -> Declared:
    """Return what a pack consists of."""
    text = (files("safehold.transparency.packs") / f"{name.value}.toml").read_text("utf-8")
    return Declared.model_validate(tomllib.loads(text))
