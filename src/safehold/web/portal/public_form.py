"""A form that anybody may send: taken where it is right, and not too often; else shown again as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from safehold.app.program import Program
from safehold.model.errors import SafeholdError, TooOften, Unavailable
from safehold.web.errors import retry_after, status_of, wants_page
from safehold.web.language import translated
from safehold.web.portal.forms import read_form
from safehold.web.portal.pacing import Pace, place_of
from safehold.web.portal.pages import page
from safehold.web.portal.words import TEXT

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicForm:
    """A form of the portal.

    template, answer: its page, and that which follows once it is taken. place: where both stand in the
    navigation. fields: their names. wrong: says of the fields which cannot be taken, each with a code, whose
    words are those of "wrong_", words_begin and the code. further: what else its page shows. pace: how often
    it is taken.
    """

    program: Program
    template: str
    answer: str
    place: str
    fields: tuple[str, ...]
    wrong: Callable[..., Mapping[str, str]]
    pace: Pace
    words_begin: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)

    def show(
        self,
        request: Request,
        filled_in: Mapping[str, str] = _NONE,
        *,
        problems: Mapping[str, str] = _NONE,
        error: SafeholdError | None = None,
    ) -> Response:
        """Show it. problems: why a field cannot be taken. error: why all of it was not taken just now."""
        wrong = {name: translated(TEXT[f"wrong_{self.words_begin}{code}"]) for name, code in problems.items()}
        response = page(
            request,
            self.program,
            self.template,
            place=self.place,
            fields={name: filled_in.get(name, "") for name in self.fields},
            wrong=wrong,
            error=error,
            **self.further,
        )
        response.status_code = status_of(error) if error else 422 if problems else 200
        response.headers.update(retry_after(error) if error else {})
        return response

    async def take(self, request: Request, keep: Callable[[dict[str, str]], Mapping[str, Any]]) -> Response:
        """Take what was sent and show what follows, or the form again with all that was typed into it.

        keep: writes it down, in a thread, and returns what the answer shows. Raises TooOften and Unavailable
        to whoever asks for no page.
        """
        sent = await read_form(request)
        filled_in = {name: sent.get(name, "") for name in self.fields}
        problems = self.wrong(**filled_in)
        if problems:
            return self.show(request, filled_in, problems=problems)
        try:
            self.pace.take(place_of(request, self.program.settings.web.trusted_proxies))
            kept = await run_in_threadpool(keep, filled_in)
        except (TooOften, Unavailable) as error:
            if not wants_page(request):
                raise
            return self.show(request, filled_in, error=error)
        return page(request, self.program, self.answer, place=self.place, status=201, **kept)
