"""Evidence on order: held, released, destroyed by two people, and it stays so; the audit log stays whole."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from safehold.app import alarms
from safehold.app.audit.sequencer import sequence
from safehold.app.audit.verify import verify
from safehold.app.settings import Settings
from safehold.evidence import clocks
from safehold.model.assessment import Finding
from safehold.model.errors import ErasedEvidence
from safehold.model.ids import MediaId, new_id
from safehold.model.permissions import Role
from safehold.model.retention import Basis
from safehold.testing import running
from safehold.testing.commands import Ended, Run
from safehold.testing.handing_over import Person, person
from safehold.testing.running import Installation, altered_copy, settings_of
from safehold.web.server import served

Order = Callable[..., Ended]
"""Runs a command of evidence as a person."""
LETTER = "Letter of an authority, file 12/26."


@pytest.fixture
def settings(fresh_database_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{fresh_database_url}"\n[team]\nsize_policy = "full"\n'
        "[surfaces.rehearsal]\nrehearsal = true\n"
    )
    return settings_of(tmp_path / "data", fresh_database_url, team={"size_policy": "full"})


@pytest.fixture
def evidence(settings: Settings, tmp_path: Path) -> SimpleNamespace:
    """Return an item that was confirmed and reported, its media, and a way to run commands about it."""
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        answer = opened.platform().upload(
            altered_copy(1), {"surface": "rehearsal", "account_id": "account-1"}
        )
        item_id = str(answer.body["item_id"])
        opened.run_steps()
        opened.assess(item_id, Finding.ILLEGAL, by=opened.analyst())
        opened.run_steps()
        counsel, partner = person(opened), person(opened)
        [row] = opened.sql("select media_id from item")
        now = opened.program.clock()
        with opened.program.database.begin() as tx:
            clocks.start(
                tx,
                media_ids=[MediaId(row.media_id)],
                basis=Basis.US_PRESERVATION,
                since=now,
                about=new_id(),
                now=now,
            )
    letter = tmp_path / "letter.txt"
    letter.write_text(LETTER, encoding="utf-8")
    return SimpleNamespace(item=item_id, media=row.media_id, letter=letter, counsel=counsel, partner=partner)


@pytest.fixture
def order(run: Run, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Run a command of evidence as somebody, who gives their password on standard input."""

    def order(by: Person, *arguments: object, password: str | None = None) -> Ended:
        typed = by.password if password is None else password
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        return run("evidence", *arguments, "--as", by.name)

    return order


def said(ended: Ended) -> str:
    assert ended.code == 0, ended.err
    return ended.out


def order_in(out: str) -> str:
    return out.split()[1]


def is_whole(opened: Installation) -> bool:
    sequence(opened.program.database, now=opened.program.clock())
    verdict = verify(opened.program.database)
    return verdict.intact and verdict.waiting == 0


def test_what_two_people_order_destroyed_is_gone_stays_gone_and_the_log_stays_whole(
    evidence: SimpleNamespace, settings: Settings, tmp_path: Path, run: Run, order: Order
) -> None:
    about, letter = evidence.item, ("--reason-file", evidence.letter)
    counsel, partner = evidence.counsel, evidence.partner
    assert "Hold " in said(order(counsel, "hold", about, *letter))
    said(run("db", "backup", "--to", tmp_path / "backups"))

    asked = said(order(counsel, "destroy-order", about, *letter))
    assert "will stop it" in asked
    order_id = order_in(asked)
    alone = order(counsel, "destroy-order", about, "--confirm", order_id)
    assert alone.code != 0
    assert "does not confirm it" in alone.err
    pretended = order(partner, "destroy-order", about, "--confirm", order_id, password=counsel.password)
    assert pretended.err.endswith("[not_authenticated]\n")
    confirmed = said(order(partner, "destroy-order", about, "--confirm", order_id))
    assert "stopped" in confirmed
    assert said(run("evidence", "sweep")).startswith("0 objects destroyed, ")
    with running.installation(settings) as opened:
        assert [row.code for row in opened.sql("select code from alarm")] == ["destroy_order_waits"]
        assert opened.open_sealed(about) == altered_copy(1)

    assert "destroy_order" in said(order(partner, "release", about))
    shown = said(run("evidence", "clocks", about, "--reasons"))
    assert shown.count(LETTER) == 2
    assert said(run("evidence", "sweep")).startswith("2 objects destroyed, ")
    book = [json.loads(line) for line in said(run("evidence", "ledger", "--format", "json")).splitlines()]
    of_bytes = {line["why"]: line for line in book if line["what"] == f"media:{evidence.media}"}
    assert set(of_bytes) == {"us_preservation", "legal_hold", "destroy_order"}
    assert all(line["destroyed_at"] for line in of_bytes.values())
    with running.installation(settings) as opened:
        assert is_whole(opened)
        with opened.program.database.begin() as tx:
            alarms.clear_what_is_over(tx, now=opened.program.clock())
        assert opened.sql("select 1 from alarm where cleared_at is null") == []
        assert not any(LETTER[:20] in repr(row) for row in opened.sql("select * from audit_record"))

    [made] = (tmp_path / "backups").glob("safehold-*")
    brought = said(run("db", "restore", "--replace", "--from", made))
    assert "2 objects were destroyed since, and are destroyed again.\n" in brought
    with running.installation(settings) as opened:
        with pytest.raises(ErasedEvidence):
            opened.open_sealed(about)
        assert is_whole(opened)
    assert run("audit", "verify").code == 0


def test_the_commands_say_what_is_kept_and_what_expires(
    evidence: SimpleNamespace, run: Run, order: Order
) -> None:
    case_or_item = evidence.item
    assert "us_preservation" in said(run("evidence", "clocks", case_or_item))
    table, listed = (said(run("evidence", "ledger", "--format", each)) for each in ("table", "csv"))
    assert listed.startswith("what,why,about,since,until,set_by,ended_at,destroyed_at\n")
    assert len(listed.splitlines()) == len(table.splitlines()) + 1 == 3
    assert said(run("evidence", "ledger", "--since", "2100-01-01")) == ""
    assert said(run("evidence", "forecast", "--days", 366)).startswith("2  us_preservation\n")
    assert "Nothing expires" in run("evidence", "forecast").err
    for wrong in (("hold", case_or_item, "--reason-file", "/dev/null"), ("release", case_or_item)):
        refused = order(evidence.counsel, *wrong)
        assert refused.code not in (0, 64)
    both = ("--confirm", case_or_item, "--withdraw", case_or_item)
    assert order(evidence.counsel, "destroy-order", case_or_item, *both).code == 64


def test_what_came_as_signals_alone_is_held_and_cannot_be_destroyed(
    evidence: SimpleNamespace, settings: Settings, run: Run, order: Order
) -> None:
    with running.installation(settings, serve=served) as opened:
        [listed] = opened.sql("select value from entry where signal_type = 'pdq' limit 1")
        signals = {"signals": [{"type": "pdq", "value": bytes(listed.value).hex()}]}
        answer = opened.platform().ask(
            "POST", "/v1/scan", {**signals, "context": {"surface": "rehearsal", "account_id": "account-2"}}
        )
        opened.run_steps()
    item = answer.body["item_id"]
    letter = ("--reason-file", evidence.letter)
    refused = order(evidence.counsel, "destroy-order", item, *letter)
    assert refused.err.endswith("[not_found]\n")
    assert "came without bytes" in refused.err
    assert f"the records of 1 items without bytes: {item}" in said(
        order(evidence.counsel, "hold", item, *letter)
    )
    shown = said(run("evidence", "clocks", item, "--reasons"))
    assert shown.startswith(f"item:{item}  ")
    assert LETTER in shown
    held = [json.loads(line) for line in said(run("evidence", "ledger", "--format", "json")).splitlines()]
    assert [line["why"] for line in held if line["what"] == f"item:{item}"] == ["legal_hold"]
    assert f"item:{item}  lifted" in said(order(evidence.partner, "release", item))
    assert order(evidence.partner, "release", item).err.endswith("[not_found]\n")


def test_whoever_knows_somebody_in_it_was_shut_out_or_may_not_orders_nothing(
    evidence: SimpleNamespace, settings: Settings, run: Run, order: Order
) -> None:
    with running.installation(settings) as opened:
        analyst = person(opened, Role.ANALYST)
    said(run("conflicts", "add", evidence.counsel.name, "--account", "account-1"))
    said(run("users", "disable", evidence.partner.name))
    nobody = Person("nobody", "no password of anybody", analyst.actor)
    for by, code in (
        (evidence.counsel, "conflict_of_interest"),
        (evidence.partner, "not_authenticated"),
        (nobody, "not_authenticated"),
        (analyst, "not_allowed"),
    ):
        refused = order(by, "hold", evidence.item, "--reason-file", evidence.letter)
        assert refused.err.endswith(f"[{code}]\n")
        assert refused.out == ""
    with running.installation(settings) as opened:
        assert opened.sql("select 1 from retention_clock where basis = 'legal_hold'") == []


def test_each_of_the_orders_asks_whoever_gives_it_for_their_password(
    evidence: SimpleNamespace, settings: Settings, order: Order
) -> None:
    letter = ("--reason-file", evidence.letter)
    said(order(evidence.counsel, "hold", evidence.item, *letter))
    asked = order_in(said(order(evidence.counsel, "destroy-order", evidence.item, *letter)))
    for arguments in (
        ("hold", evidence.item, *letter),
        ("release", evidence.item),
        ("destroy-order", evidence.item, *letter),
        ("destroy-order", evidence.item, "--confirm", asked),
        ("destroy-order", evidence.item, "--withdraw", asked),
    ):
        refused = order(evidence.partner, *arguments, password="not the password")
        assert refused.err.endswith("[not_authenticated]\n")
        assert refused.out == ""
    with running.installation(settings) as opened:
        tried = opened.sql("select 1 from audit_record where verb = 'shell.refused'")
        assert len(tried) == 5
        rows = opened.sql(
            "select basis, confirmed_at, ended_at from retention_clock where until is null order by basis"
        )
        found = [(row.basis, row.confirmed_at, row.ended_at) for row in rows]
        assert found == [("destroy_order", None, None), ("legal_hold", None, None)]
