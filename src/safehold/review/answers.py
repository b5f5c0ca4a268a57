"""Forms as JSON values, under the name by which this room and those above it know them."""

from safehold.model.answers import FORMS, Form, form_name, from_answers, readable, to_answers

__all__ = ["FORMS", "Form", "form_name", "from_answers", "readable", "to_answers"]
