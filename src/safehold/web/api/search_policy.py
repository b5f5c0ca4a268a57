"""POST /v1/search-policy/decide: a warning and help for somebody who searches for what harms children."""

from __future__ import annotations

from fastapi import APIRouter

from safehold.app.program import Program
from safehold.app.search_policy import SearchPolicy
from safehold.model.help_text import HelpStatus
from safehold.model.permissions import Permission
from safehold.web.api.prevent_bodies import SearchAnswer, SearchBody, WarningAnswer
from safehold.web.api.support import line_answer
from safehold.web.guard import needs


def add_search_policy_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoint to a guarded router."""
    policy = SearchPolicy(program)

    @router.post("/v1/search-policy/decide", summary="A warning and help for a search")
    @needs(Permission.SEARCH_POLICY)
    def post_search_policy(body: SearchBody) -> SearchAnswer:
        """Compare a query with the operator's own lists. It is never logged, kept or said back."""
        ruling = policy.decide(body.query, language=body.language, jurisdiction=body.jurisdiction)
        warning = ruling.warning
        return SearchAnswer(
            decision=ruling.decision.value,
            warning=None
            if warning is None
            else WarningAnswer(
                title=warning.written.words.title,
                says=list(warning.written.words.says),
                language=warning.written.language,
                draft=warning.status is HelpStatus.DRAFT,
            ),
            help_lines=[line_answer(each) for each in ruling.lines],
        )
