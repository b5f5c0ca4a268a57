"""What the portal's pages send, keep and refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from safehold.app.program import open_program
from safehold.testing.running import Settings
from safehold.web.server import served

PAGES = ("/report", "/report/status", "/appeal", "/blank", "/transparency")
PORTAL = frozenset({"portal"})


@pytest.mark.parametrize("path", PAGES)
def test_a_page_sets_no_cookie_allows_no_script_and_is_not_kept(portal: Any, path: str) -> None:
    answer = portal.show(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.text


def test_the_root_of_a_portal_leads_to_the_form(portal: Any) -> None:
    answer = httpx.get(portal.url + "/", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/report")


def test_a_portal_has_no_console_and_no_api(portal: Any) -> None:
    for path in ("/console", "/console/sign-in", "/v1/health/live", "/v1/scan", "/metrics", "/openapi.json"):
        assert portal.show(path).status_code == 404, path


def test_the_blank_page_says_nothing_about_where_somebody_was(portal: Any) -> None:
    assert not {"safehold", "report"} & set(portal.show("/blank").text.lower().split())
    assert "report" not in portal.show("/blank").text.lower()


def test_a_failure_is_a_page_with_words_for_everybody(portal: Any) -> None:
    missing = portal.show("/report/nothing-here")
    assert (missing.status_code, "There is no such page." in missing.text) == (404, True)
    assert missing.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_form_of_another_site_is_refused(portal: Any) -> None:
    fields = {"address": "https://example.org", "seen": "other"}
    answer = portal.send("/report", fields, **{"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert portal.behind.counts() == {}


def test_a_file_cannot_be_sent(portal: Any) -> None:
    answer = httpx.post(
        portal.url + "/report",
        data={"address": "https://example.org", "seen": "other"},
        files={"file": ("picture.jpg", b"\xff\xd8\xff")},
        headers={"accept": "text/html"},
        trust_env=False,
    )
    assert answer.status_code == 415
    assert "a file cannot" in answer.text


@pytest.mark.parametrize(
    "body", [b"address=" + b"a" * 40_000, b"&".join(b"a=b" for _ in range(100)), b"\xff\xfe"]
)
def test_what_the_form_never_sends_is_refused_and_not_kept(portal: Any, body: bytes) -> None:
    headers = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(portal.url + "/report", content=body, headers=headers, trust_env=False)
    assert answer.status_code in (413, 422)
    assert portal.behind.counts() == {}


def test_the_quick_exit_leads_where_the_operator_says_on_a_failure_too(portal: Any, tmp_path: Path) -> None:
    elsewhere = "https://weather.example/"
    settings = portal.program.settings.model_copy(
        update={
            "data_folder": tmp_path / "own",
            "portal": portal.program.settings.portal.model_copy(update={"exit_url": elsewhere}),
        }
    )
    with open_program(settings, surfaces=PORTAL) as program, served(program, PORTAL) as base:
        for path in ("/report", "/report/nothing-here", "/transparency/nothing-here"):
            shown = httpx.get(base + path, headers={"accept": "text/html"}, trust_env=False)
            assert f'href="{elsewhere}"' in shown.text, path
            assert 'href="/blank"' not in shown.text, path


def test_one_network_can_send_only_so_many_within_an_hour_and_reads_why(portal: Any, tmp_path: Path) -> None:
    url = make_url(portal.program.database.url).render_as_string(hide_password=False)
    settings = Settings.model_validate(
        {
            "data_folder": str(tmp_path / "own"),
            "database": {"surface_urls": {"portal": url}},
            "vault": {"sealing_key": str(portal.program.home.keys.sealing)},
            "portal": {"reports_per_hour": 2},
        }
    )
    fields = {"address": "https://example.org", "seen": "other"}
    with open_program(settings, surfaces=PORTAL) as program, served(program, PORTAL) as base:
        asking = {"headers": {"accept": "text/html"}, "trust_env": False}
        answers = [httpx.post(f"{base}/report", data=fields, **asking) for _ in range(3)]
        wrong = httpx.post(f"{base}/report", data={"seen": "other"}, **asking)
        limited = httpx.post(f"{base}/report", data=fields, trust_env=False)
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert "Please send it again in an hour." in answers[2].text
    assert 'value="https://example.org"' in answers[2].text
    assert 'value="other" required checked' in answers[2].text
    assert [answer.headers.get("retry-after") for answer in answers] == [None, None, "3600"]
    assert (limited.json()["code"], limited.headers["retry-after"]) == ("too_often", "3600")
    assert wrong.status_code == 422
    assert len(portal.sql("select 1 from inbound_report")) == 2


def test_nothing_that_was_sent_and_no_address_of_a_visitor_is_logged(
    portal: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    code = portal.report(
        address="https://marker-one.example/", statement="marker two", contact="m3@example.org"
    )
    portal.status(code)
    portal.follow()
    written = "".join(capfd.readouterr())
    assert "route=/report " in written
    for marker in ("marker-one", "marker two", "m3@", code, code.replace("-", ""), "127.0.0.1"):
        assert marker not in written, marker
