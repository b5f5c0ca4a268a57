"""A case whose bytes were destroyed says so, and offers nobody to look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from site_under_test import ANN

from safehold.evidence import sweep


def test_destroyed_bytes_are_told_with_when_and_why_and_cannot_be_looked_at(visit: Any, site: Any) -> None:
    site.upload(1)
    program = site.machinery
    at = program.clock() + timedelta(days=91)
    assert sweep.sweep(program.database, program.vault, now=at).destroyed
    page = visit(ANN)
    page.goto("/console/queue")
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_text("its bytes were destroyed").wait_for()
    told = page.locator("dt", has_text="Destroyed").locator("xpath=following-sibling::dd[1]").inner_text()
    assert told == f"{at:%Y-%m-%d %H:%M} UTC: nobody had decided about it in time"
    assert page.locator("#panel, #lookers").count() == 0
