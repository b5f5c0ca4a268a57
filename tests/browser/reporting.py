"""What tests of reports to authorities do again and again, as people who may."""

from __future__ import annotations

import sqlalchemy as sa
from keyboard import press
from site_under_test import ANN

from safehold.model.permissions import Role

LEAD, LEGAL, AUDITOR = "lead-1", "legal-1", "auditor-1"


def add_people(running) -> None:
    for name, role in ((LEAD, Role.LEAD), (LEGAL, Role.LEGAL), (AUDITOR, Role.AUDITOR)):
        running.add_person(name, role)


def asked(site, statement: str) -> list[tuple[object, ...]]:
    with site.machinery.database.begin() as tx:
        return [tuple(row) for row in tx.run(sa.text(statement))]


def confirmed(site, visit, *, seed: int = 1) -> str:
    """Confirm an item, so that a report about it waits; return the address of its case."""
    site.upload(seed)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    case = page.url.partition("?")[0]
    press(page, "b 3 Enter")
    page.wait_for_url("**done=*")
    site.follow()
    return case


def opened(page) -> None:
    """Open the report that is due first: three keys from anywhere."""
    press(page, "g t")
    page.wait_for_url("**/console/authorities")
    press(page, "o")
    page.wait_for_url("**/console/authorities/*")
