"""Classifiers: what each is, what it is worth, its switch; and a calculator of what to expect of one."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from safehold.app import classifier_pages
from safehold.app.program import Program
from safehold.detect.classifiers import base_rates, standing
from safehold.detect.classifiers.base_rates import Assumed
from safehold.model.errors import BadForm
from safehold.model.permissions import Permission
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs

CLASSIFIERS = "/console/classifiers"
USUAL = {"uploads": "1000000", "one_in": "10000", "finds": "90", "false_alarms": "1", "looks": "200"}
"""What the calculator begins with."""
_PERCENT = 100
_LONGEST_NUMBER = 16


def add_classifier_pages(router: APIRouter, program: Program) -> None:
    """Add the page of all classifiers, and the calculator."""

    @router.get(CLASSIFIERS)
    @needs(Permission.CLASSIFIER_READ)
    def show_classifiers(request: Request) -> Response:
        """Show every classifier that the settings declare, and how it stands."""
        with program.database.begin() as tx:
            declared = classifier_pages.every(tx, program.settings, now=program.clock())
        return page(
            request,
            program,
            "classifiers.html",
            place="classifiers",
            declared=declared,
        )

    @router.get("/console/base-rates")
    @needs(Permission.CLASSIFIER_READ)
    def show_base_rates(request: Request) -> Response:
        """Reckon what to expect of a classifier, from what somebody assumes."""
        sent = {name: request.query_params.get(name, usual) for name, usual in USUAL.items()}
        reckoned, error = None, None
        try:
            reckoned = base_rates.reckon(_assumed(sent))
        except BadForm as wrong:
            error = wrong
        form = Form(request.url.path, error, error.field if error else "", FormData(sent))
        return page(
            request,
            program,
            "base_rates.html",
            place="classifiers",
            form=form,
            sent=sent,
            reckoned=reckoned,
        )

    _add_one(router, program)


def _add_one(router: APIRouter, program: Program) -> None:
    show = partial(_classifier, program)

    @router.get(CLASSIFIERS + "/{name}")
    @needs(Permission.CLASSIFIER_READ)
    def show_classifier(request: Request, name: str) -> Response:
        """Show what a classifier is, what people found of what it said, and whether that shifts."""
        return show(request, UNSENT)

    @router.post(CLASSIFIERS + "/{name}/stop")
    @needs(Permission.CLASSIFIER_STOP)
    @shown_again(show)
    def stop(request: Request, name: str) -> Response:
        """Switch a classifier off, for every process, from the next upload on."""
        with program.database.begin() as tx:
            standing.stop(
                tx,
                name,
                declared=program.settings.classifiers,
                why=form_of(request).get("why", ""),
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(CLASSIFIERS, done="classifier-stopped")

    @router.post(CLASSIFIERS + "/{name}/resume")
    @needs(Permission.CLASSIFIER_STOP)
    @shown_again(show)
    def resume(request: Request, name: str) -> Response:
        """Let a classifier go on."""
        with program.database.begin() as tx:
            standing.resume(
                tx,
                name,
                declared=program.settings.classifiers,
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(CLASSIFIERS, done="classifier-resumed")


def _classifier(program: Program, request: Request, form: Form) -> Response:
    looks = request.query_params.get("looks", "").strip()
    usable = looks.isascii() and looks.isdecimal() and len(looks) <= 6
    with program.database.begin() as tx:
        shown = classifier_pages.one(
            tx,
            program.settings,
            request.path_params["name"],
            looks=int(looks) if usable else None,
            now=program.clock(),
        )
    return page(
        request,
        program,
        "classifier.html",
        place="classifiers",
        form=form,
        shown=shown,
        may_stop=actor_of(request).may(Permission.CLASSIFIER_STOP),
        longest=standing.LONGEST_REASON,
    )


def _assumed(sent: dict[str, str]) -> Assumed:
    return Assumed(
        uploads=int(_number(sent, "uploads")),
        one_in=_number(sent, "one_in"),
        finds=_number(sent, "finds") / _PERCENT,
        false_alarms=_number(sent, "false_alarms") / _PERCENT,
        looks=int(_number(sent, "looks")),
    )


def _number(sent: dict[str, str], name: str) -> float:
    written = sent[name].strip()
    whole, _, part = written.partition(".")
    if len(written) > _LONGEST_NUMBER or not (whole + part).isascii() or not (whole + part).isdecimal():
        raise BadForm(f"{name}: a number, such as {USUAL[name]}.", field=name)
    return float(written)
