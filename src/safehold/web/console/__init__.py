"""The console: calm pages for the people who decide. Media stays away until somebody deliberately looks."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from safehold.app.program import Program
from safehold.web.console.account import add_account_page
from safehold.web.console.account_factors import add_account_factors
from safehold.web.console.alike import add_alike_pages
from safehold.web.console.arranging import add_arranging
from safehold.web.console.audit import add_audit_pages
from safehold.web.console.authorities import add_authority_pages
from safehold.web.console.bulk import add_bulk
from safehold.web.console.bundles import add_bundles_page
from safehold.web.console.case import add_case_pages
from safehold.web.console.choosing_language import add_choosing_language
from safehold.web.console.classifiers import add_classifier_pages
from safehold.web.console.confirm import add_confirm
from safehold.web.console.conflicts import add_conflicts_pages
from safehold.web.console.conversation_words import add_conversation_words
from safehold.web.console.deciding import add_deciding
from safehold.web.console.emergency import add_emergency_pages
from safehold.web.console.exposure import add_exposure_pages
from safehold.web.console.failures import console_page
from safehold.web.console.filtering import add_filtering
from safehold.web.console.finding import add_finding
from safehold.web.console.jobs import add_jobs_page
from safehold.web.console.keys import add_keys_page
from safehold.web.console.ledger import add_ledger_page
from safehold.web.console.lists import add_lists_page
from safehold.web.console.overview import add_overview_pages
from safehold.web.console.people import add_people_page
from safehold.web.console.policy import add_policy_pages
from safehold.web.console.queue import add_queue_page
from safehold.web.console.reveal import add_reveals
from safehold.web.console.second_step import add_second_step
from safehold.web.console.session import by_session, form_check, renewing
from safehold.web.console.sign_in import add_sign_in
from safehold.web.console.support import add_support_pages
from safehold.web.console.unveiling import add_unveiling
from safehold.web.console.webhooks import add_webhooks_page
from safehold.web.guard import guarded_router
from safehold.web.static_files import add_static_routes

__all__ = ["add_console_routes", "console_page"]

_PAGES = (
    add_sign_in,
    add_second_step,
    add_confirm,
    add_account_page,
    add_account_factors,
    add_choosing_language,
    add_exposure_pages,
    add_overview_pages,
    add_queue_page,
    add_filtering,
    add_bulk,
    add_case_pages,
    add_conversation_words,
    add_finding,
    add_deciding,
    add_alike_pages,
    add_emergency_pages,
    add_authority_pages,
    add_ledger_page,
    add_bundles_page,
    add_policy_pages,
    add_arranging,
    add_conflicts_pages,
    add_support_pages,
    add_lists_page,
    add_classifier_pages,
    add_webhooks_page,
    add_jobs_page,
    add_audit_pages,
    add_unveiling,
    add_people_page,
    add_keys_page,
)


def add_console_routes(app: FastAPI, program: Program, *, media_origin: str) -> None:
    """Add every page of the console, and the static files that they need.

    media_origin: where a page's script fetches pictures.
    """
    router = guarded_router(by_session(program), finish=renewing(program))
    for add in _PAGES:
        add(router, program)
    add_reveals(router, program, media_origin=media_origin)
    everything = APIRouter()
    everything.include_router(router)
    app.include_router(everything, dependencies=[Depends(form_check(program))], include_in_schema=False)
    add_static_routes(app)
