"""Where bytes come to rest: what was clear nowhere at all, what matched only sealed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from safehold.testing import running
from safehold.testing.running import Installation, altered_copy
from safehold.web.server import served

MARKER = b"a-sentence-that-appears-in-no-other-file"
CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
SURFACES = frozenset({"api", "console", "portal"})
# Far more than any part of a form that stays in memory by itself.
MARKED = MARKER * 100_000


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Yield a program whose database and vault lie in one folder, and that cannot make temporary files."""
    settings = running.settings_of(tmp_path / "data", None, limits={"json_bytes": 20_000_000})
    running.set_up(settings)
    with running.installation(settings, serve=served, surfaces=SURFACES) as opened:
        opened.add_list(exact=[altered_copy(2) + MARKED])
        # A spooled upload has no name in any folder, so no search finds it: making one must fail.
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        yield opened


def test_clear_bytes_are_written_nowhere_and_matched_bytes_only_sealed(
    alone: Installation, tmp_path: Path
) -> None:
    platform = alone.platform()
    clear = platform.upload(altered_copy(100) + MARKED, CONTEXT, headers={"Idempotency-Key": "1"})
    broken = platform.upload(altered_copy(100)[:500] + MARKED, CONTEXT)
    held = platform.upload(altered_copy(2) + MARKED, CONTEXT)
    refused = platform.upload(MARKED, CONTEXT | {"surface": "nowhere"})
    assert [answer.body.get("result") for answer in (clear, broken, held)] == ["clear", "incomplete", "hold"]
    assert refused.status == 422
    alone.program.scanner.counters.flush()
    read = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert [path for path, content in read.items() if MARKER in content] == []
    # The search finds what is there: the account of what was held is in the database.
    assert any(b"account-1" in content for content in read.values())
    assert alone.counts()["sealed_object"] == 2


ADDRESSES = {
    "/v1/scan": 200,
    "/v1/appeals": 422,
    "/v1/items/018f0000-0000-7000-8000-000000000000/removal": 422,
    "/v1/inbound-reports": 422,
    "/v1/child-policy/decide": 415,
    "/v1/support-messages": 422,
    "/v1/search-policy/decide": 422,
    "/v1/support-messages/choices": 422,
    "/console/sign-in": 422,
    "/console/sign-in/second": 422,
    "/appeal": 415,
    "/report": 415,
    "/report/status": 415,
}
"""What takes a body, on every surface, and how it answers a large file that came as a form."""


def test_a_large_file_makes_no_temporary_file_on_any_surface(alone: Installation) -> None:
    headers = {"authorization": f"Bearer {alone.key()}", "origin": alone.base_url}
    answered = {
        path: httpx.post(
            alone.base_url + path,
            data={"context": json.dumps(CONTEXT)},
            files={"file": ("picture.jpg", altered_copy(100) + MARKED)},
            headers=headers,
            trust_env=False,
        ).status_code
        for path in ADDRESSES
    }
    assert answered == ADDRESSES


def test_what_was_sealed_before_the_answer_opens_to_the_very_bytes(alone: Installation) -> None:
    data = altered_copy(1)
    item_id = alone.platform().upload(data, CONTEXT).body["item_id"]
    assert alone.open_sealed(item_id) == data
