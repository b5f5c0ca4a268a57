"""`safehold audit`: anchoring by hand, verifying with anchors, and an export that others check without us."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.model.clock import utc_now
from safehold.storage.audit import append
from safehold.storage.database import Database
from safehold.testing.commands import Run
from safehold.testing.time_stamp_authority import POLICY, Fault, TimeStampAuthority

EXPLANATION = Path(__file__).parents[3] / "docs" / "explanation" / "the-hash-chain.md"


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str, authority: TimeStampAuthority) -> None:
    (tmp_path / "safehold.toml").write_text(
        f"""
data_folder = "data"
[database]
url = "{database_url}"
[audit.anchors.folder]
kind = "object_store"
enabled = true
url = "elsewhere"
[audit.anchors.stamps]
kind = "rfc3161"
enabled = true
url = "{authority.url}"
roots = ["{authority.root}"]
policy = "{POLICY}"
permitted_networks = ["127.0.0.1:{authority.port}"]
[audit.anchors.off]
kind = "object_store"
url = "nowhere"
"""
    )


def test_every_anchor_is_tried_used_and_checked(run: Run, authority: TimeStampAuthority) -> None:
    run("lists", "add", "north", "--purpose", "test")

    tried = run("audit", "anchor", "--check")
    assert (tried.code, len(tried.out.splitlines())) == (0, 2)
    assert tried.out.startswith("folder (object_store): written, read back and refused a second write\n")
    assert not any(Path("elsewhere").rglob("anchors/*"))

    anchored = run("audit", "anchor")
    assert anchored.code == 0
    folder, stamps = anchored.out.splitlines()
    assert re.fullmatch(r"folder \(object_store\): link 1, [0-9a-f]{64}: written once to anchors/1", folder)
    assert re.fullmatch(r"stamps \(rfc3161\): link 1, [0-9a-f]{64}: stamped .* UTC, serial \d+", stamps)
    assert Path("elsewhere/anchors/1").read_bytes().startswith(b"safehold audit head 1 ")

    verified = run("audit", "verify")
    assert verified.code == 0
    assert "Anchor folder (object_store): 1 of 1 heads found outside, the newest link 1 at " in verified.out
    assert "Anchor stamps (rfc3161): 1 of 1 heads found outside, the newest link 1 at " in verified.out
    assert "Unanchored since" not in verified.out
    assert not authority.rejections


def test_an_anchor_that_is_off_can_be_tried_by_name(run: Run) -> None:
    run("lists", "add", "north", "--purpose", "test")
    assert run("audit", "anchor", "off", "--check").code == 0
    assert run("audit", "anchor", "nobody").code == 72


def test_one_that_was_switched_off_is_called_off_and_not_unknown(run: Run, tmp_path: Path) -> None:
    run("lists", "add", "north", "--purpose", "test")
    run("audit", "anchor")
    written = (tmp_path / "safehold.toml").read_text()
    (tmp_path / "safehold.toml").write_text(written.replace("enabled = true", "enabled = false"))

    verified = run("audit", "verify")
    assert verified.out.count("; off: its heads were compared, its receipts were not checked.") == 2, (
        verified.out
    )
    assert "not in the settings" not in verified.out


def test_a_server_in_a_network_that_is_not_permitted_is_told_with_the_setting(
    run: Run, tmp_path: Path
) -> None:
    written = (tmp_path / "safehold.toml").read_text().splitlines()
    kept = [line for line in written if not line.startswith("permitted_networks")]
    (tmp_path / "safehold.toml").write_text("\n".join(kept))

    tried = run("audit", "anchor", "stamps", "--check")
    assert tried.code == 75
    assert "audit.anchors.stamps.permitted_networks" in tried.out


def test_one_that_fails_is_named_and_keeps_no_other_back(run: Run, authority: TimeStampAuthority) -> None:
    run("lists", "add", "north", "--purpose", "test")
    authority.fault = Fault.UNTRUSTED
    anchored = run("audit", "anchor")
    assert anchored.code == 75
    assert "folder (object_store): link 1, " in anchored.out
    assert "stamps (rfc3161): failed: " in anchored.out
    assert "(untrusted)" in anchored.out


def test_a_rewritten_log_ends_verification_with_74_and_a_missing_root_with_75(
    run: Run, database_url: str, authority: TimeStampAuthority
) -> None:
    run("lists", "add", "north", "--purpose", "test")
    run("audit", "anchor")
    authority.root.unlink()
    away = run("audit", "verify")
    assert away.code == 75
    assert "could not be asked [bad_settings]" in away.out

    database = Database(database_url)
    try:
        with database.begin() as tx:
            tx.run(sa.text("delete from audit_anchor"))
            tx.run(sa.text("delete from audit_link"))
    finally:
        database.close()
    forgotten = run("audit", "verify")
    assert forgotten.code == 74
    assert "link 1: it is missing, and anchor folder itself keeps it" in forgotten.out


def check_without_us(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the verifier that the explanation prints."""
    text = EXPLANATION.read_text(encoding="utf-8")
    program = tmp_path / "verifier.py"
    program.write_text(text.split("```python\n")[1].split("```")[0])
    command = [sys.executable, "-I", str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_export_is_checked_by_others_without_our_code(run: Run, tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    try:
        with database.begin() as tx:
            for detail in ({"b": 1, "a": ["ü", None, True]}, {}, {"text": '"\u2028\\ é💡'}):
                append(tx, at=utc_now(), actor="system:test", verb="test", object="test", detail=detail)
    finally:
        database.close()
    run("audit", "anchor")
    exported = run("audit", "export", "--to", "log.jsonl")
    assert (exported.code, exported.out) == (0, "3 links and 2 anchors written.\n")
    assert run("audit", "export", "--to", "log.jsonl").code == 73
    assert Path("log.jsonl").stat().st_mode & 0o777 == 0o600

    lines = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    head = f"3:{lines[2]['hash']}"
    sound = check_without_us(tmp_path, "log.jsonl", head)
    assert (sound.returncode, sound.stdout) == (0, "3 links are as they were written\n"), sound.stderr
    assert run("audit", "verify", "--head", head).code == 0

    assert "not the one that you have kept" in check_without_us(tmp_path, "log.jsonl", f"2:{'0' * 64}").stderr
    assert run("audit", "verify", "--head", f"2:{'0' * 64}").code == 74
    assert run("audit", "verify", "--head", "2").code == 71

    lines[1]["record"]["actor"] = "system:other"
    Path("log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "link 2 is not what was written" in check_without_us(tmp_path, "log.jsonl").stderr
