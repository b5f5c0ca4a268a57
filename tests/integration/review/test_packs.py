"""Packs for regulators: from what is on record, the same each time, signed, honest about edits and gaps."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from safehold.act import holds
from safehold.app import packs
from safehold.app.audit.sequencer import sequence
from safehold.app.operator import Operator, open_operator
from safehold.cli.opening import SHELL
from safehold.model.figure_errors import FolderTaken, PeriodNotOver
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, MatchId, OutcomeId, UserId, new_id
from safehold.model.match import Match
from safehold.model.signal import PDQ
from safehold.prevent import declared, policy_table
from safehold.prevent.declared import Unmet
from safehold.review.settle import ReversalReason, reverse
from safehold.storage import audit
from safehold.storage import matches as match_rows
from safehold.testing.running import MovableClock, settings_of
from safehold.transparency.packs.declared import PackName
from safehold.transparency.packs.pack import Made, Period

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("UTC"))
ACCOUNT = "account-of-somebody-4711"
OF_MAKING = {"made.json", "index.html", "SHA256SUMS", "SHA256SUMS.sig"}


@pytest.fixture(scope="module")
def opened(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Yield what commands open, with a clock that stands long after the month of the packs."""
    settings = settings_of(
        tmp_path_factory.mktemp("packs"), database_url, transparency={"publisher": "Northland"}
    )
    clock = MovableClock()
    with open_operator(settings, clock=clock) as made:
        yield made


@pytest.fixture
def written(opened: Operator, room: Any, tmp_path: Path) -> Any:
    """Return what makes a pack of March and gives back its folder, and how it fared."""

    def make(name: PackName, where: str = "pack", unmet: list[Unmet] | None = None) -> tuple[Path, Made]:
        sequence(room.database, now=datetime.now(UTC))
        made = packs.make(opened, name, MARCH, tmp_path / where, unmet=unmet, actor=SHELL)
        return tmp_path / where, made

    return make


def figures(folder: Path) -> dict[str, int | None]:
    """Return every figure of a pack by its measure and place."""
    told = json.loads((folder / "pack.json").read_text())
    return {
        " ".join([table["measure"].removeprefix("practice."), *cell["place"].values()]): cell["number"]
        for part in told["parts"]
        for table in part["measures"]
        for cell in table["cells"]
    }


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "data" / f"{name}.json").read_text())["rows"]
    return found


def confirmed(room: Any, **more: Any) -> ItemId:
    found: tuple[CaseId, ItemId] = room.matched_case(**more)
    room.assesses(*found, room.illegal, by=room.ada, now=room.later(hours=2))
    return found[1]


def cleared(room: Any) -> None:
    case_id, item_id = room.matched_case(distance=25)
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada, now=room.later(days=2))


def taken_back(room: Any, item_id: ItemId, *, at: datetime) -> None:
    found = room.sql("select id from outcome where item_id = :id and reversed_at is null", id=item_id)
    with room.begin() as tx:
        reverse(
            tx,
            OutcomeId(found[0].id),
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=at,
        )


def held(room: Any) -> ItemId:
    """Let an item arrive that is held, and be confirmed."""
    item_id: ItemId = room.arrives(account=ACCOUNT)
    list_id, entry_id, purpose = room.vetted
    found = Match(
        id=MatchId(new_id()),
        list_id=list_id,
        list_name="",
        purpose=purpose,
        entry_id=entry_id,
        signal_type=PDQ,
        distance=4,
        may_hold=True,
    )
    with room.begin() as tx:
        # The room puts its entries straight onto its lists: here the log says how this one came there.
        batch = {"from_seq": 1, "to_seq": 1}
        about = f"list:{list_id}"
        audit.append(
            tx, at=room.now, actor="system:tests", verb="list.add_entries", object=about, detail=batch
        )
        match_rows.insert_matches(tx, item_id, [found], now=room.now)
        assert holds.place(tx, item_id, [found], now=room.now) is not None
    room.assesses(room.opened(item_id), item_id, room.illegal, by=room.ada, now=room.later(hours=2))
    return item_id


def test_what_people_settled_is_counted_and_nobody_is_named(room: Any, written: Any) -> None:
    confirmed(room, account=ACCOUNT)
    cleared(room)
    folder, made = written(PackName.OFCOM)
    found = figures(folder)
    assert (found["outcomes illegal csam"], found["outcomes not_illegal csam"]) == (1, 1)
    assert (found["outcomes.by_time four_hours"], found["outcomes.by_time three_days"]) == (1, 1)
    assert found["assessments.by_policy 2026-01"] == 2
    assert found["told.by_time not_yet"] == 1
    assert made.whole, made.audit
    everything = "".join(
        path.read_text() for path in folder.rglob("*") if path.suffix in (".json", ".html", ".csv")
    )
    assert ACCOUNT not in everything
    assert str(room.ada) not in everything
    assert "user:" not in everything


def test_the_same_period_gives_the_same_bytes_save_what_says_when_it_was_made(
    room: Any, written: Any, opened: Operator
) -> None:
    item_id = confirmed(room)
    first, _ = written(PackName.HASH_REVIEW, "first")
    opened.clock.ahead += timedelta(days=3)  # type: ignore[attr-defined]
    taken_back(room, item_id, at=room.later(days=60))
    second, _ = written(PackName.HASH_REVIEW, "second")
    names = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    changed = {name for name in names if (first / name).read_bytes() != (second / name).read_bytes()}
    assert changed == OF_MAKING
    pages = [(folder / "index.html").read_text().partition("<footer>") for folder in (first, second)]
    assert pages[0][0] == pages[1][0]
    assert figures(second)["reversals *"] == 0


def test_a_pack_can_be_checked_with_sha256sum_and_openssl_as_its_readme_says(room: Any, written: Any) -> None:
    folder, _ = written(PackName.FILINGS)

    def ends(*command: str) -> int:
        return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode

    signature = ("-in", "SHA256SUMS", "-sigfile", "SHA256SUMS.sig")
    verify = (
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        "signing-key.pub.pem",
        *signature,
    )
    assert " ".join(verify[:7]) in (folder / "README.txt").read_text()
    assert (ends("sha256sum", "--check", "SHA256SUMS"), ends(*verify)) == (0, 0)
    listed = (folder / "SHA256SUMS").read_text()
    assert {line.split("  ")[1] for line in listed.splitlines()} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {"SHA256SUMS", "SHA256SUMS.sig"}
    (folder / "pack.json").write_text("{}")
    assert ends("sha256sum", "--check", "SHA256SUMS") != 0
    (folder / "SHA256SUMS").write_text(listed.replace("0", "1"))
    assert ends(*verify) != 0


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            "update outcome set reversed_at = settled_at + interval '1 day', reversed_by = settled_by",
            "reversed outcomes",
        ),
        ("delete from event where kind = 'item_confirmed'", "settled items"),
        ("update hold set placed_at = placed_at + interval '1 minute'", "holds"),
        (
            "update audit_record set detail = jsonb_set(detail, '{people}', '9') where verb = 'item.settle'",
            "audit log",
        ),
    ],
    ids=["outcome", "event", "hold", "audit"],
)
def test_a_table_edited_behind_our_back_is_said_at_the_foot(
    room: Any, written: Any, edit: str, said: str
) -> None:
    held(room)
    whole, made = written(PackName.DSA, "whole")
    assert made.whole, made.audit
    with room.begin() as tx:
        tx.run(sa.text("set local session_replication_role = replica"))
        if edit.startswith("update outcome"):
            edit = edit.replace("settled_by", f"'{room.ben}'")
        tx.run(sa.text(edit))
    folder, made = written(PackName.DSA)
    failed = [each for each in made.audit if each.startswith("Check failed")]
    assert not made.whole
    assert said in " ".join(failed)
    assert failed[0] in (folder / "index.html").read_text().partition("<footer>")[2]
    assert figures(folder)["outcomes illegal csam"] == figures(whole)["outcomes illegal csam"] == 1


def test_precision_is_of_what_people_decided_by_list_and_distance(room: Any, written: Any) -> None:
    for _ in range(3):
        confirmed(room)
    cleared(room)
    room.matched_case()
    folder, _ = written(PackName.HASH_REVIEW)
    near, far = rows(folder, "precision")
    assert (near["matched"], near["confirmed"], near["undecided"], near["precision"]) == (4, 3, 1, "100.0 %")
    assert (far["matched"], far["cleared"], far["seen"], far["precision"]) == (1, 1, 1, "0.0 %")
    assert near["low"] != near["high"]


def test_rehearsals_and_lists_for_tests_are_in_no_pack(room: Any, written: Any) -> None:
    item_id = room.arrives(rehearsal=True)
    room.match(item_id, room.test_list)
    case_id = room.opened(item_id, purpose=Purpose.TEST)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    folder, _ = written(PackName.HASH_REVIEW)
    assert figures(folder)["matches * *"] == 0
    assert f"list {room.test_list[0]}" not in (folder / "pack.json").read_text()
    assert len(rows(folder, "lists")) == 2


def test_a_hold_is_a_draft_of_a_statement_that_a_machine_decided(room: Any, written: Any) -> None:
    held(room)
    folder, _ = written(PackName.DSA)
    (row,) = rows(folder, "statements")
    assert row["decision_visibility"] == "DECISION_VISIBILITY_CONTENT_DISABLED"
    assert row["category_specification"] == "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"
    assert (row["automated_detection"], row["automated_decision"]) == ("Yes", "AUTOMATED_DECISION_FULLY")
    assert row["not_known"] == "territorial_scope"
    assert row["puid"].startswith("sh-")
    assert ACCOUNT not in json.dumps(row)


@pytest.mark.parametrize("name", PackName)
def test_a_period_in_which_nothing_happened_is_a_pack_too(room: Any, written: Any, name: PackName) -> None:
    folder, made = written(name)
    assert made.whole, made.audit
    assert any("nothing is proved" in said for said in made.audit)
    told = json.loads((folder / "pack.json").read_text())
    assert (told["from"], told["to"], told["publisher"]) == ("2026-03-01", "2026-03-31", "Northland")


def test_what_is_not_known_is_said_and_never_zero(room: Any, written: Any) -> None:
    folder, _ = written(PackName.OFCOM)
    told = json.loads((folder / "pack.json").read_text())
    parts = {part["id"]: part for part in told["parts"]}
    assert parts["F1"]["missing_ledgers"] == ["child-defaults"]
    assert "No declaration was given" in (folder / "index.html").read_text()
    assert parts["C6"]["gaps"]
    table = policy_table.default()
    unmet = list(declared.unmet(table, declared.parse("[[surface]]\nname = 'wall'\n")))
    with_them, _ = written(PackName.OFCOM, "declared", unmet)
    assert {row["measure"].split(".")[0] for row in rows(with_them, "child-defaults")} >= {"ICU F1"}


def test_names_that_operators_give_are_no_formulas_and_no_markup(room: Any, written: Any) -> None:
    room.sql("update hash_list set source = '=1+1<script>alert(1)</script>' where purpose = 'csam'")
    folder, _ = written(PackName.HASH_REVIEW)
    assert "<script" not in (folder / "index.html").read_text()
    assert ",=1+1" not in (folder / "data" / "lists.csv").read_text()


def test_a_pack_is_refused_before_its_period_is_over_and_where_something_else_lies(
    room: Any, opened: Operator, tmp_path: Path
) -> None:
    ahead = Period(date(2026, 3, 1), date(2999, 1, 1), ZoneInfo("UTC"))
    with pytest.raises(PeriodNotOver):
        packs.make(opened, PackName.DSA, ahead, tmp_path / "pack", unmet=None, actor=SHELL)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter").write_text("mine")
    with pytest.raises(FolderTaken):
        packs.make(opened, PackName.DSA, MARCH, tmp_path / "taken", unmet=None, actor=SHELL)
    assert room.audited("pack:dsa") == []


def test_that_a_pack_was_made_is_on_record_with_the_digest_of_its_sums(room: Any, written: Any) -> None:
    folder, _ = written(PackName.DSA)
    (record,) = room.sql("select detail from audit_record where verb = 'pack.make'")
    assert record.detail["sums_sha256"] == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
