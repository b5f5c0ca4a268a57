"""What somebody answered, in words: each question that applied, and what it comes to in other schemes."""

from __future__ import annotations

from collections.abc import Mapping

from safehold.model import schemes
from safehold.model.answers import to_answers
from safehold.model.assessment import ConductForm, ImageryForm
from safehold.review.asked import applies
from safehold.web.console import asking
from safehold.web.console.words import label
from safehold.web.language import N_, _, isolated, translated

_WRITTEN = N_(
    {
        "finding": "Finding",
        "category": "Category",
        "count": "How many",
        "by": "Who",
        "towards": "Towards whom",
        "relied_on": "Messages relied on",
    }
)
_ASKED = {each.name: each for each in vars(asking).values() if isinstance(each, asking.Question)} | {
    each.name: each for each in asking.CONDUCT if each.name != asking.AGE_BAND.name
}
_CANNOT_TELL = N_("cannot tell")


def question(name: str) -> str:
    """Return what a question of either form is called."""
    return translated(_ASKED[name].legend if name in _ASKED else _WRITTEN[name])


def answers(form: ImageryForm | ConductForm) -> list[tuple[str, str]]:
    """Return what was said to each question that applied: what it is called, and the answer.

    What was not asked, as of what is no page or where no destination wants it, is left out.
    """
    said = to_answers(form)
    return [
        (question(name), _answer(name, value))
        for name, value in said.items()
        if applies(name, said) and (value is not None or name in ("count", "by", "towards"))
    ]


def in_schemes(form: ImageryForm) -> list[tuple[str, str]]:
    """Return what an assessment is called in each other scheme, which is unknown where nothing follows."""
    called: Mapping[str, str] = schemes.in_schemes(to_answers(form))
    return [(_scheme(table.title, table.version), label(called[table.name])) for table in schemes.TABLES]


def _scheme(title: str, version: int) -> str:
    return _("%(scheme)s (table %(version)s)", scheme=isolated(title), version=version)


def _answer(name: str, value: object) -> str:
    if value is None or value == "unknown":
        return translated(_CANNOT_TELL)
    if isinstance(value, list):
        return " ".join(str(each) for each in value) or _("none")
    choices = _ASKED[name].choices if name in _ASKED else ()
    return next((translated(each.label) for each in choices if each.value == value), label(value))
