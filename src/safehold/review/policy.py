"""The policy text beside both forms: what each question means, versioned by its own words.

Every assessment names the version that was on the screen, and the text of each version that was ever used is
kept, so that years later somebody can read what an analyst had before them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from importlib import resources

from safehold.model.assessment import ConductForm, ImageryForm
from safehold.model.errors import BadForm, Conflict, NotFound
from safehold.storage import policy_texts as rows
from safehold.storage.database import Tx

__all__ = ["LARGEST", "PolicyText", "default", "kept", "parse", "used"]

FORMS_VERSION = 2
"""Of the questions themselves, their legends and hints. It rises when what they ask for changes."""
LARGEST = 200_000
"""Most characters of a text."""

QUESTIONS = frozenset(each.name for form in (ImageryForm, ConductForm) for each in fields(form))
"""What a section can be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A policy text. version: changes with its words and with the forms. about: what stands before the rest.

    questions: the section about each question, by its name. source: the file as it was written.
    """

    version: str
    about: str
    questions: Mapping[str, str]
    source: str


def parse(source: str) -> PolicyText:
    """Return the text that a TOML file holds: `about`, and a section per question in `[questions]`.

    Raises BadForm for what is no such file, for a section that belongs to no question, and for more than
    LARGEST characters.
    """
    if len(source) > LARGEST:
        raise BadForm(f"The policy text has more than {LARGEST} characters.")
    try:
        read = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadForm(f"The policy text is not TOML: {error}.") from None
    about, questions = read.pop("about", ""), read.pop("questions", {})
    if read or not isinstance(about, str) or not isinstance(questions, dict):
        raise BadForm("The policy text holds `about`, a text, and `[questions]`, and nothing else.")
    strange = sorted(name for name in questions if name not in QUESTIONS)
    if strange:
        raise BadForm(f"The policy text has sections that belong to no question: {', '.join(strange)}.")
    if not all(isinstance(text, str) for text in questions.values()):
        raise BadForm("Each section of the policy text is a text.")
    if not about.strip() and not any(text.strip() for text in questions.values()):
        raise BadForm("The policy text says nothing.")
    told = {name: text.strip() for name, text in questions.items() if text.strip()}
    return PolicyText(version=_version(source), about=about.strip(), questions=told, source=source)


@cache
def default() -> PolicyText:
    """Return the text that Safehold comes with."""
    return parse(resources.files("safehold.review").joinpath("default_policy.toml").read_text("utf-8"))


def used(tx: Tx, text: PolicyText, *, shown: str, now: datetime) -> str:
    """Keep the text that stands beside the form, and return its version, for the assessment that names it.

    shown: the version that was on the analyst's screen; "" where a form names none. Raises Conflict when that
    is another.
    """
    if shown not in ("", text.version):
        raise Conflict(
            "The policy text beside the form has changed.", advice="Read what has changed, then file again."
        )
    rows.keep(tx, text.version, text.source, at=now)
    return text.version


def kept(tx: Tx, version: str) -> PolicyText:
    """Return a text that was used, as it was then. Raises NotFound."""
    source = rows.get(tx, version)
    if source is None:
        raise NotFound("No policy text of this version was ever used here.")
    read = tomllib.loads(source)
    return PolicyText(
        version=version, about=read.get("about", ""), questions=read.get("questions", {}), source=source
    )


def _version(source: str) -> str:
    words = hashlib.sha256(f"{FORMS_VERSION}\n{source}".encode()).hexdigest()
    return f"forms-{FORMS_VERSION}-{words[:12]}"
