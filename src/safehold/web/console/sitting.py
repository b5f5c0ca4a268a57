"""A sitting as it was sent: beside the answers about a page, a row for each item that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from safehold.model.answers import from_answers
from safehold.model.assessment import AgeBand, Development, ImageryForm, SeverityTier
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.review.sitting import alike
from safehold.web.console.asking import Choice
from safehold.web.console.questions import CATEGORISED, imagery_questions

SAME = "same"
"""Of a row, and of all that is left open: the same as the page."""


def finding_choices(purpose: Purpose) -> tuple[Choice, ...]:
    """Return the findings that a row can have of its own."""
    return imagery_questions(purpose)[0].choices


def read_rows(
    sent: Mapping[str, str], items: Iterable[ItemId], page: ImageryForm, purpose: Purpose, *, us: bool = False
) -> dict[ItemId, ImageryForm]:
    """Return the forms that the rows make, of these items alone. What is left open is left out.

    us: a US destination wants to know more than is asked here: it stays unknown. Raises BadForm, naming the
    row.
    """
    wanted = {"": None, SAME: alike(page)}
    rest = sent.get("rest", "")
    if rest not in wanted:
        raise BadForm("rest: no such answer.", field="rest")
    read = {}
    for item_id in items:
        form = _row(sent, item_id, page, purpose) or wanted[rest]
        if form is not None:
            read[item_id] = _for_the_us(form) if us and purpose in CATEGORISED else form
    return read


def _row(sent: Mapping[str, str], item_id: ItemId, page: ImageryForm, purpose: Purpose) -> ImageryForm | None:
    name = f"item-{item_id}"
    said, age = sent.get(name, ""), sent.get(f"age-{item_id}", "")
    if said in ("", SAME):
        if age:
            raise BadForm("Choose a finding as well, or no age band.", field=name)
        return alike(page) if said else None
    if said not in {choice.value for choice in finding_choices(purpose)}:
        raise BadForm("No such finding.", field=name)
    finding, _, category = said.partition(":")
    form = from_answers("imagery", {"finding": finding, "category": category or None})
    assert isinstance(form, ImageryForm)
    if not age or not form.finding.confirms:
        return form
    if age not in set(AgeBand):
        raise BadForm("No such age band.", field=name)
    return replace(form, age_band=AgeBand(age))


def _for_the_us(form: ImageryForm) -> ImageryForm:
    return replace(form, development=Development.UNKNOWN, severity_tier=SeverityTier.UNKNOWN)
