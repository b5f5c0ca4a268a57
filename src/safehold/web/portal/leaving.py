"""Leaving quickly: a blank page of ours that says nothing about where somebody was."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.language import _, language
from safehold.web.portal.pages import CONTENT_SECURITY_POLICY

BLANK = (
    '<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><main></main></body></html>"
)


def add_leaving(router: APIRouter, program: Program) -> None:
    """Add the blank page, to which the quick exit leads where the operator names no other place."""

    @router.get("/blank")
    @needs(Permission.PUBLIC)
    def blank() -> Response:
        """Show nothing."""
        return HTMLResponse(_blank(), headers={"content-security-policy": CONTENT_SECURITY_POLICY})


def _blank() -> str:
    spoken = language()
    return BLANK.format(lang=spoken.tag, dir=spoken.direction, title=escape(_("New page")))
