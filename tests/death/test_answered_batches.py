"""kill -9 after the answer: every item of a batch that was answered is on record, held, with its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehold.model.permissions import Permission
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.processes import SafeholdProcess, environment_of
from safehold.testing.running import SURFACES

CONTEXT = {"surface": "rehearsal", "account_id": "account-1"}
ITEMS = 12


@pytest.mark.parametrize("round_", [0, *(pytest.param(more, marks=pytest.mark.slow) for more in (1, 2))])
def test_whatever_was_answered_of_a_batch_is_on_record_when_the_process_dies_at_once(
    fresh_database_url: str, tmp_path: Path, round_: int
) -> None:
    settings = running.settings_of(tmp_path / "data", fresh_database_url)
    environment = environment_of(
        {
            "data_folder": str(tmp_path / "data"),
            "surfaces": SURFACES,
            "database": {"url": fresh_database_url},
        }
    )
    with running.installation(settings) as safehold:
        safehold.add_list()
        key = safehold.key(Permission.SCAN)
        [entry, *_] = safehold.sql("select encode(value, 'hex') as value from entry")
        item = {"signals": [{"type": "pdq", "value": entry.value}]}
        with SafeholdProcess(
            "serve", "--surfaces", "api", environment=environment, log=tmp_path / "log", listen=True
        ) as server:
            platform = Platform(server.base_url, key)
            answer = platform.ask("POST", "/v1/scan", {"items": [item] * ITEMS, "context": CONTEXT})
            server.kill()
        told = {one["item_id"] for one in answer.body["items"]}
        assert len(told) == ITEMS
        held = safehold.sql("select item_id::text as id from hold where released_at is null")
        assert {row.id for row in held} == told
        recorded = safehold.sql("select item_id::text as id from event where kind = 'item_matched'")
        assert {row.id for row in recorded} == told
        assert len(safehold.sql("select id from step where name = 'review.open_case'")) == ITEMS
