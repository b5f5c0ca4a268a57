"""Leaving quickly: a blank page of ours that says nothing about where somebody was."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.portal.pages import CONTENT_SECURITY_POLICY

BLANK = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>New page</title></head>'
BLANK += "<body><main></main></body></html>"


def add_leaving(router: APIRouter, program: Program) -> None:
    """Add the blank page, to which the quick exit leads where the operator names no other place."""

    @router.get("/blank")
    @needs(Permission.PUBLIC)
    def blank() -> Response:
        """Show nothing."""
        return HTMLResponse(BLANK, headers={"content-security-policy": CONTENT_SECURITY_POLICY})
