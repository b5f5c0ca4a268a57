"""POST /v1/inbound-reports: a platform passes on what one of its users reported."""

from __future__ import annotations

from fastapi import APIRouter, Request

from safehold.app.program import Program
from safehold.intake import inbound_reports
from safehold.model.ids import ItemId
from safehold.model.permissions import Permission
from safehold.web.api.bodies import InboundReportBody
from safehold.web.guard import actor_of, needs


def add_inbound_report_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoint to a guarded router."""

    @router.post("/v1/inbound-reports", status_code=201, summary="Pass on what somebody reported")
    @needs(Permission.INBOUND_REPORT)
    def post_inbound_report(request: Request, body: InboundReportBody) -> dict[str, str]:
        """Record a report about a page, with what it shows. A person looks at it; the page is not fetched.

        The reference can be handed to whoever reported: on the public portal it shows how far the report is.
        """
        told = inbound_reports.read(
            address=body.address, seen=body.seen.value, statement=body.statement, contact=body.contact
        )
        with program.database.begin() as tx:
            reference = inbound_reports.receive(
                tx,
                told,
                vault=program.vault,
                key_id=actor_of(request).key_id,
                shows=[ItemId(each) for each in body.items],
                now=program.clock(),
            )
        return {"reference": reference, "state": "received"}
