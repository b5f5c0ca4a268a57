"""What a form asks for: done in one transaction, or its page again, with what was typed and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from safehold.app.program import Program, Transaction
from safehold.model import errors
from safehold.model.errors import SafeholdError
from safehold.web.console.session import require_proof, whole_form_of
from safehold.web.console.words import label
from safehold.web.errors import retry_after, status_of
from safehold.web.language import first_upper, translated

Handler = TypeVar("Handler", bound=Callable[..., Response])

TOLD = (
    errors.InvalidInput,
    errors.NotAllowed,
    errors.NotFound,
    errors.Conflict,
    errors.Refused,
    errors.SignInBusy,
)
"""What a form's own page tells. Everything else is a failure of its own."""

_NAMED = re.compile(r"\A[a-z_]+: ")
_SAYS_LITTLE = frozenset({kind.advice for kind in (SafeholdError, errors.InvalidInput, errors.BadForm)})


@dataclass(frozen=True, slots=True)
class Form:
    """What came of a form, for the page that shows it again. action: where it was sent, which tells it apart.

    wrong_field: by its name in the form, "" where no single one is wrong.
    """

    action: str = ""
    error: SafeholdError | None = None
    wrong_field: str = ""
    sent: FormData = field(default_factory=FormData, repr=False)

    def at(self, action: str) -> Form:
        """Return this where it is the form that leads there, else one that was not sent."""
        return self if self.action == action else UNSENT

    def typed(self, name: str, otherwise: object = "") -> str:
        """Return what was typed into a field; `otherwise` where it was not sent. Never ask for a secret."""
        value = self.sent.get(name, "") if self.action else otherwise
        return value if isinstance(value, str) else str(otherwise)

    def chosen(self, name: str, otherwise: Collection[str] = ()) -> Collection[str]:
        """Return which boxes of a name were ticked; `otherwise` in a form that was not sent."""
        return [str(value) for value in self.sent.getlist(name)] if self.action else otherwise

    def wrong(self, name: str) -> str:
        """Say what is wrong about a field, in the words that stand beside it; "" when nothing is."""
        if self.error is None or name != self.wrong_field:
            return ""
        return self._with_advice(_NAMED.sub("", translated(self.error.what), count=1))

    @property
    def summary(self) -> str:
        """What is wrong, in the words that stand above everything; "" when nothing is."""
        return "" if self.error is None else self._with_advice(_named(translated(self.error.what)))

    def _with_advice(self, what: str) -> str:
        assert self.error is not None
        advice = self.error.advice_now
        little = advice in _SAYS_LITTLE or isinstance(self.error, errors.NotAuthenticated)
        return first_upper(what) + ("" if little else f" {translated(advice)}")


def _named(what: str) -> str:
    """Return what is wrong with the field that it begins with as that is called on screen."""
    name = _NAMED.match(what)
    return what if name is None else f"{label(name.group()[:-2])}: {what[name.end() :]}"


UNSENT = Form()
Show = Callable[[Request, Form], Response]
"""Shows a page, with what came of the form that was sent to it: UNSENT when none was."""


def shown_again(
    show: Show, *, told: tuple[type[SafeholdError], ...] = TOLD, **named: str
) -> Callable[[Handler], Handler]:
    """Return what makes a handler answer with its page, where what it was sent cannot be taken.

    named: what a field is called in the form, where errors call it otherwise. The status is 422 where one
    field is wrong, and the error's own otherwise. StepUpNeeded passes: it leads to a page of its own.
    """

    def wrap(handle: Handler) -> Handler:
        @wraps(handle)
        def handle_or_show(request: Request, **of_path: Any) -> Response:
            try:
                return handle(request, **of_path)
            except errors.StepUpNeeded:
                raise
            except told as error:
                wrong = named.get(error.field, error.field)
                response = show(request, Form(request.url.path, error, wrong, whole_form_of(request)))
                response.status_code = 422 if wrong else status_of(error)
                response.headers.update(retry_after(error))
                return response

        return cast(Handler, handle_or_show)

    return wrap


def changing(request: Request, program: Program) -> Transaction:
    """Open a transaction for somebody who proved lately who they are. Raises StepUpNeeded."""
    require_proof(request, program)
    return program.database.begin()
