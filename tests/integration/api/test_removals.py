"""A platform says that what it was asked to remove is gone: once, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from safehold.app import proposals
from safehold.model.assessment import Finding
from safehold.model.ids import ProposalId
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}


def decided(safehold: Installation, platform: Platform, finding: Finding) -> str:
    """Return an item about which people decided; of what they confirmed a policy asks for the removal."""
    item_id = platform.upload(altered_copy(1), CONTEXT, media_type="image/jpeg").body["item_id"]
    safehold.run_steps()
    safehold.assess(item_id, finding, by=safehold.analyst())
    safehold.run_steps()
    return str(item_id)


def asked(safehold: Installation, platform: Platform) -> str:
    """Return an item whose removal the platform was asked for."""
    item_id = decided(safehold, platform, Finding.ILLEGAL)
    waiting = safehold.sql("select id from proposal where kind = 'remove_item' and state = 'waiting'")
    for row in waiting:
        with safehold.program.database.begin() as tx:
            proposals.approve(
                tx,
                ProposalId(row.id),
                actor=safehold.analyst("who-approves"),
                record=safehold.program.recorder.record,
                now=safehold.program.clock(),
            )
    return item_id


def test_what_is_gone_is_told_once_and_the_first_word_stays(
    safehold: Installation, platform: Platform
) -> None:
    path = f"/v1/items/{asked(safehold, platform)}/removal"
    since = datetime.now(UTC) - timedelta(minutes=1)
    first = platform.ask("POST", path, {"removed_at": since.isoformat()})
    again = platform.ask("POST", path, {})
    assert (first.status, again.status) == (200, 200)
    assert first.body == again.body
    assert datetime.fromisoformat(first.body["removed_at"]) == since
    assert [row.gone_at for row in safehold.sql("select gone_at from removal")] == [since]
    verbs = [row.verb for row in safehold.sql("select verb from audit_record")]
    assert verbs.count("removal.tell") == 1


def test_an_instant_without_a_zone_is_utc(safehold: Installation, platform: Platform) -> None:
    path = f"/v1/items/{asked(safehold, platform)}/removal"
    told = platform.ask("POST", path, {"removed_at": "2026-01-02T03:04:05"})
    assert told.body["removed_at"] == "2026-01-02T03:04:05+00:00"


def test_without_an_instant_it_is_gone_by_now(safehold: Installation, platform: Platform) -> None:
    told = platform.ask("POST", f"/v1/items/{asked(safehold, platform)}/removal", {})
    [row] = safehold.sql("select gone_at, told_at from removal")
    assert row.gone_at == row.told_at == datetime.fromisoformat(told.body["removed_at"])


def test_nobody_can_tell_of_what_was_never_asked_nor_of_what_has_not_come(
    safehold: Installation, platform: Platform
) -> None:
    never = "/v1/items/018f0000-0000-7000-8000-000000000000/removal"
    assert platform.ask("POST", never, {}).status == 409
    path = f"/v1/items/{asked(safehold, platform)}/removal"
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for said in (ahead, "yesterday", "0001-01-01T00:00:00", -1):
        assert platform.ask("POST", path, {"removed_at": said}).status == 422, said
    assert platform.ask("POST", path, {"gone": "yes"}).status == 422
    assert safehold.sql("select gone_at from removal") == []


def test_what_people_cleared_is_no_removal(safehold: Installation, platform: Platform) -> None:
    item_id = decided(safehold, platform, Finding.NOT_ILLEGAL)
    assert platform.ask("POST", f"/v1/items/{item_id}/removal", {}).status == 409
