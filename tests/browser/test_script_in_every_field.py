"""What looks like script is shown as the text that it is, on every page and whoever wrote it."""

from __future__ import annotations

import pytest
from site_under_test import PASSWORD, TESTS

from safehold.app.access.users import add_user
from safehold.lists.ledger import NewList, add_list
from safehold.model.hash_list import Purpose
from safehold.model.item import Context
from safehold.model.permissions import Role
from safehold.review.appeals import receive_appeal

pytestmark = pytest.mark.browser

PAYLOADS = (
    "<script>window.planted = 1</script>",
    "<img src=x onerror=window.planted=1>",
    "\"><svg onload='window.planted=1'>",
    "'-window.planted=1-'",
    "javascript:window.planted=1",
    "{{ 7 * 7 }}{% raw %}",
    "<a hx-get='/console/audit' hx-trigger='load' data-hx-on:load='window.planted=1'>x</a>",
    "</textarea></title></style><style>*{background:red}</style>",
    "<meta http-equiv=refresh content='0;url=/console/nowhere'>",
    "<base href='//127.0.0.1:9/'>",
    "<form action=//127.0.0.1:9><button>x",
    "&lt;script&gt;window.planted=1&lt;/script&gt;",
)
"""Forms in which text has become script, style, a template or another page elsewhere."""

HARMFUL = "script:not([src]), img[onerror], svg[onload], [hx-get*=audit], base, meta[http-equiv=refresh]"
READER = "all-roles <script>window.planted=1</script>"


@pytest.fixture
def planted(site):
    """Put every payload into every field that somebody outside or inside can fill in."""
    program, now = site.machinery, site.machinery.clock()
    text = " ".join(PAYLOADS)[:480]
    with program.database.begin() as tx:
        add_user(tx, name=READER, password=PASSWORD, roles=frozenset(Role), actor=TESTS, now=now)
        for number, payload in enumerate(PAYLOADS):
            provenance = f"{payload} {text}"
            wanted = NewList(
                name=f"painted-{number}",
                purpose=Purpose.TEST,
                may_hold=True,
                vetted=True,
                provenance=provenance,
            )
            add_list(tx, wanted, actor=TESTS, now=now)
    for seed in (1, 2, 3):
        context = Context(
            surface="public_uploads",
            account_id=f"{PAYLOADS[seed]} {seed}",
            content_id=text,
            original_name=text,
            region=text,
        )
        answer = program.scanner.scan_bytes(_picture(seed), context, actor=TESTS)
        site.follow()
        with program.database.begin() as tx:
            receive_appeal(
                tx,
                item_id=answer.item_id,
                statement=text,
                by=text[:200],
                record=program.recorder.record,
                now=now,
            )
    site.get_one_step_stuck()
    return site


def _picture(seed: int) -> bytes:
    from site_under_test import jpeg

    return jpeg(seed, quality=70)


def test_no_text_becomes_script_style_or_markup_on_any_page(planted, visit) -> None:
    page = visit(READER)
    paths, seen = ["/console/queue"], set()
    while paths:
        path = paths.pop()
        seen.add(path)
        page.goto(path)
        assert page.evaluate("window.planted") is None, path
        assert page.locator(f"main :is({HARMFUL}), header :is({HARMFUL})").count() == 0, path
        assert page.locator("head base, head meta[http-equiv=refresh]").count() == 0, path
        paths += [link for link in _own_links(page) if link not in seen and link not in paths]
    assert {"/console/queue", "/console/lists", "/console/jobs", "/console/audit"} <= seen
    assert sum("/cases/" in path for path in seen) >= 3
    page.goto("/console/lists")
    # The text itself is there to be read: nothing was dropped to be safe.
    assert "<script>window.planted = 1</script>" in page.locator("main").inner_text()


def _own_links(page) -> list[str]:
    script = (
        "all => all.map(a => new URL(a.href)).filter(u => u.origin === location.origin).map(u => u.pathname)"
    )
    found = page.locator("a[href]").evaluate_all(script)
    return sorted({path for path in found if path.startswith("/console") and "sign-out" not in path})
