"""Forms as JSON values and back, strictly: what is not an answer of the form is refused."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from safehold.model.assessment import ConductForm, Finding, ImageryForm
from safehold.model.errors import BadForm

Form = ImageryForm | ConductForm
"""Either form that an analyst fills in."""

FORMS: dict[str, type[ImageryForm] | type[ConductForm]] = {"imagery": ImageryForm, "conduct": ConductForm}
"""The forms by the names under which they are stored."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a field takes: a value of this kind, a list of them where it repeats, or None where it may."""

    kind: type
    repeats: bool
    may_be_none: bool


def _described(hint: Any) -> _Answer:
    may_be_none = get_origin(hint) is UnionType
    if may_be_none:
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    repeats = get_origin(hint) is tuple
    return _Answer(get_args(hint)[0] if repeats else hint, repeats, may_be_none)


# Worked out once: it takes far longer than reading a form.
_ANSWERS = {
    name: {field: _described(hint) for field, hint in get_type_hints(form).items()}
    for name, form in FORMS.items()
}


def form_name(form: Form) -> str:
    """Return the name under which this form is stored: imagery or conduct."""
    return "imagery" if isinstance(form, ImageryForm) else "conduct"


def to_answers(form: Form) -> dict[str, Any]:
    """Return every answer of the form as a JSON value, under its field's name."""
    return {field.name: _plain(getattr(form, field.name)) for field in fields(form)}


def from_answers(name: str, answers: Mapping[str, Any]) -> Form:
    """Return the form of this name (imagery, conduct) with these JSON values as answers.

    An answer that is left out takes the form's own default, which never says more than unknown; the
    finding cannot be left out. Raises BadForm, naming the field but never the value, for a form or a
    field that does not exist and for a value of another kind: counts are whole numbers, not text.
    """
    form = FORMS.get(name)
    if form is None:
        raise BadForm("form: either imagery or conduct.")
    known = _ANSWERS[name]
    unknown = len(answers.keys() - known.keys())
    if unknown:
        raise BadForm(f"{unknown} of the answers belong to no field of this form.")
    if "finding" not in answers:
        raise BadForm("finding: an assessment cannot do without it.")
    return form(**{field: _typed(field, known[field], answer) for field, answer in answers.items()})


def readable(name: str, answers: Mapping[str, Any], *, finding: Finding) -> Form:
    """Return the form of this name with those stored answers that can be read, the rest at their defaults.

    For pages: an answer that a later version wrote, or that was damaged, must not keep the others from
    being seen. finding: as it is stored beside the answers. Raises BadForm for a form that does not exist.
    """
    with suppress(BadForm):
        return from_answers(name, {**answers, "finding": finding.value})
    read: dict[str, Any] = {"finding": finding.value}
    for field, answer in answers.items():
        try:
            from_answers(name, {"finding": finding.value, field: answer})
        except BadForm:
            continue
        read[field] = answer
    return from_answers(name, read | {"finding": finding.value})


def _plain(answer: Any) -> Any:
    if isinstance(answer, StrEnum):
        return answer.value
    return list(answer) if isinstance(answer, tuple) else answer


def _typed(field: str, takes: _Answer, answer: Any) -> Any:
    if answer is None and takes.may_be_none:
        return None
    if not takes.repeats:
        return _one(field, takes.kind, answer)
    if not isinstance(answer, list):
        raise BadForm(f"{field}: a list is expected.")
    return tuple(_one(field, takes.kind, part) for part in answer)


def _one(field: str, kind: type, answer: Any) -> Any:
    if kind is not int:
        return _word(field, kind, answer)
    if not isinstance(answer, int) or isinstance(answer, bool):
        raise BadForm(f"{field}: a whole number is expected.")
    return answer


def _word(field: str, hint: type[str], answer: Any) -> str:
    if not isinstance(answer, str):
        raise BadForm(f"{field}: text is expected.")
    try:
        return hint(answer)
    except ValueError:
        raise BadForm(f"{field}: no such answer.") from None
