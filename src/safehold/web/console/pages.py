"""Pages: templates with what stands on every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from markupsafe import Markup

from safehold.app import console_view
from safehold.app.program import Program
from safehold.model.permissions import Actor, Permission
from safehold.web.console import (
    authority_words,
    band_words,
    classifier_words,
    code_words,
    form_words,
    words,
)
from safehold.web.console.session import signed_in_of
from safehold.web.language import N_
from safehold.web.templating import environment

NOTICES = N_(
    {
        "filed": "Filed. Here is what comes next.",
        "alike": "Filed, each by itself. Here is what comes next.",
        "empty": "Filed or passed on, and nothing more waits for you.",
        "nothing": "Nothing waits for you just now.",
        "passed": "Passed on. It never counts against anybody.",
        "conflict": "Noted: you are kept from this account's cases. Nobody is asked why.",
        "conflict-declared": "Noted. They are kept from every case of that account, from now on.",
        "conflict-ended": "Ended. They can take cases of that account again.",
        "released": "The case is back in the queue.",
        "taken": "The case is yours for 15 minutes, counted from what you did last.",
        "noted": "Noted, for whoever goes on.",
        "merged": "Merged. What waits in both goes on here.",
        "split": "Split. What you chose has a case of its own in the queue.",
        "undone": "Undone. What still waited is back here.",
        "part": "The part is set.",
        "approved": "Approved. It is being carried out.",
        "declined": "Declined. Nothing follows from it.",
        "reversed": "Reversed. What followed from the outcome is being undone.",
        "answered": "Noted: you are at it.",
        "called": "Everybody is called again. How it went stands below.",
        "emergency-reported": "Noted. The clock is stopped.",
        "emergency-withdrawn": "Taken back. Whoever was called is told.",
        "authority-sent": "Sent on. How far it is stands below.",
        "authority-first": "Noted. It goes once somebody else sends it too.",
        "authority-declined": "Declined. Nobody is told.",
        "authority-goes-on": "It goes on. What was half sent is taken back first.",
        "authority-withdrawn": "Withdrawn. Nobody is told.",
        "authority-priority": "The priority is set.",
        "authority-filed": "Noted. They have it.",
        "authority-asked": "Noted. Its clock runs below.",
        "authority-answered": "Noted. Its clock has ended.",
        "authority-filled": "Noted in the checklist.",
        "bundle-asked": "Asked. Somebody else of legal agrees, or nobody.",
        "bundle-approved": "Agreed. It can be made now.",
        "bundle-declined": "Declined. Nothing can be made of it.",
        "thread-asked": "Asked. A colleague agrees under Conversations, or nobody.",
        "thread-agreed": "Agreed. You and whoever asked may read it now.",
        "thread-declined": "Declined. Nobody reads it.",
        "retry": "It is tried again.",
        "acknowledged": "Acknowledged. The alarm comes back only if it happens anew.",
        "signed-out": "You are signed out.",
        "confirmed": "Confirmed. For ten minutes you may change what asks for it.",
        "repeat": "Confirmed. What you sent before was not carried out: please do it once more.",
        "password": "Your password is changed, and your other sessions are ended.",
        "factor-added": "Added. From now on a sign-in asks for it.",
        "factor-removed": "Removed.",
        "session-ended": "Ended.",
        "device-forgotten": "Forgotten. That browser counts as a stranger’s now.",
        "person": "Changed, and on record.",
        "name-asked": "Asked. Another person with access to this page has a day to agree.",
        "name-agreed": "Agreed. Whoever asked is told the name, and so is the person.",
        "filter-saved": "Saved. It stands by its name beside the filter, and Ctrl K finds it.",
        "filter-deleted": "Deleted.",
        "exposure": "Kept. It holds from now on.",
        "language": "Chosen. This browser keeps it.",
        "text-approved": "Approved. It is shown from now on.",
        "text-withdrawn": "Withdrawn. It is shown no more.",
        "classifier-stopped": "Switched off. No upload is shown to it any more.",
        "classifier-resumed": "It is asked again, from the next upload on.",
        "key-revoked": "Revoked. The key opens nothing any more.",
    }
)
"""What a page can say about what was just done. Only these words can be asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    name: str
    path: str
    label: str
    key: str
    permission: Permission


PLACES = (  # those that are gone to most often first: they stand in the bar where not all can
    Place("queue", "/console/queue", "Cases", "g c", Permission.CASE_READ),
    Place("find", "/console/find", "Find", "g f", Permission.CASE_READ),
    Place("emergencies", "/console/emergencies", "Emergencies", "g r", Permission.EMERGENCY_DECLARE),
    Place("threads", "/console/threads", "Conversations", "g v", Permission.CASE_THREAD),
    Place("authorities", "/console/authorities", "Authorities", "g t", Permission.AUTHORITY_READ),
    Place("ledger", "/console/ledger", "Ledger", "g d", Permission.LEDGER_READ),
    Place("bundles", "/console/bundles", "Hand-over", "g b", Permission.EVIDENCE_EDIT),
    Place("lists", "/console/lists", "Lists", "g l", Permission.LIST_READ),
    Place("overview", "/console/overview", "Overview", "g s", Permission.OVERVIEW_READ),
    Place("classifiers", "/console/classifiers", "Classifiers", "g m", Permission.CLASSIFIER_READ),
    Place("conflicts", "/console/conflicts", "Conflicts", "g i", Permission.CONFLICT_EDIT),
    Place("support", "/console/support", "Support", "g h", Permission.SUPPORT_APPROVE),
    Place("webhooks", "/console/webhooks", "Webhooks", "g w", Permission.WEBHOOK_READ),
    Place("jobs", "/console/jobs", "Jobs", "g j", Permission.JOB_READ),
    Place("audit", "/console/audit", "Audit", "g a", Permission.AUDIT_READ),
    Place("people", "/console/people", "People", "g p", Permission.USER_EDIT),
    Place("keys", "/console/keys", "Keys", "g k", Permission.KEY_EDIT),
)


SIDE_BY_SIDE = 8
"""So many entries stand side by side on a screen of 1,280 pixels, with a name and a sentence about time."""


def places(actor: Actor) -> list[Place]:
    """Return where this person may go."""
    return [place for place in PLACES if actor.may(place.permission)]


def arranged(known: list[Place]) -> tuple[list[Place], list[Place]]:
    """Return the places that stand in the bar, and those that its menu folds away: none, or two at least."""
    in_bar = len(known) if len(known) <= SIDE_BY_SIDE else SIDE_BY_SIDE - 1
    return known[:in_bar], known[in_bar:]


def page(request: Request, program: Program, template: str, *, place: str = "", **context: Any) -> Response:
    """Render a template with the bar above it. place: the entry of the navigation that it belongs to.

    form: what came of a form that is shown again, for pages that have forms.
    """
    signed_in, now = signed_in_of(request), program.clock()
    bar = None
    if signed_in is not None:
        with program.database.begin() as tx:
            bar = console_view.bar(tx, signed_in.actor, exposure=program.settings.exposure.rules(), now=now)
    notice = NOTICES.get(request.query_params.get("done", ""))
    return rendered(
        template, 200, signed_in=signed_in, bar=bar, now=now, place=place, notice=notice, **context
    )


def rendered(template: str, status: int, **context: Any) -> Response:
    """Render a template. It needs signed_in, bar, now, place and notice, each of which may be empty."""
    context = {"form": None} | context
    signed_in = context["signed_in"]
    known = places(signed_in.actor) if signed_in is not None else []
    in_bar, in_menu = arranged(known)
    html = _environment().get_template(template).render(places=in_bar, more_places=in_menu, **context)
    # Browsers then name our own origin in what a page of ours sends, and nothing to anybody else.
    return HTMLResponse(html, status, {"referrer-policy": "same-origin"})


def go(path: str, **query: str) -> Response:
    """Lead the browser to one of our pages after something was done."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def templates() -> Environment:
    """Return the console's templates, for what shows parts of them."""
    return _environment()


@cache
def _environment() -> Environment:
    made = environment("console")
    made.filters |= {
        "label": words.label,
        "span": words.span,
        "weighed": words.weighed,
        "keys": _keys,
        "commands": _commands,
        "paragraphs": lambda text: [each.strip() for each in text.split("\n\n") if each.strip()],
        "query": lambda fields: urlencode(fields, doseq=True),
        "path": lambda text: quote(str(text), safe=""),
    }
    made.globals |= {
        "words": words,
        "authority_words": authority_words,
        "band_words": band_words,
        "classifier_words": classifier_words,
        "code_words": code_words,
        "form_words": form_words,
        "Permission": Permission,
        "waited": _waited,
    }
    return made


def _keys(key: str) -> list[str]:
    """Return the key caps of a key: "shift+h" is one that reads "Shift H", "g c" is two."""
    return [part.replace("shift+", "Shift ").title() for part in key.split()]


def _commands(text: str) -> Markup:
    """Return a text in which what stands between backticks is set as a command."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(each) if at % 2 else each for at, each in parts)


def _waited(since: datetime, now: datetime) -> str:
    return words.span(words.waiting_seconds(since, now))
