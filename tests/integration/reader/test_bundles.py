"""Evidence handed over: two people, exactly what they agreed to, and a stranger checks it without us."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from safehold.app.bundles import listing, verifying
from safehold.app.settings import Settings
from safehold.model.assessment import Finding, Tier
from safehold.model.errors import NotFound, Refused
from safehold.model.ids import ItemId
from safehold.testing.handing_over import (
    WHAT_FOR,
    WHO,
    Recipient,
    approves,
    asks,
    inventory_in,
    makes,
    person,
    recipient,
)
from safehold.testing.running import altered_copy
from safehold.testing.time_stamp_authority import POLICY, Fault, TimeStampAuthority


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(tmp_path) as running:
        yield running


@pytest.fixture
def settings(operated: Settings, authority: TimeStampAuthority) -> Settings:
    stamps = {
        "kind": "rfc3161",
        "enabled": True,
        "url": authority.url,
        "roots": [str(authority.root)],
        "policy": POLICY,
        "permitted_networks": [f"127.0.0.1:{authority.port}"],
    }
    audit = operated.audit.model_validate({"anchors": {"stamps": stamps}})
    return operated.model_copy(update={"audit": audit})


@pytest.fixture
def them(tmp_path: Path) -> Recipient:
    return recipient(tmp_path)


def ran(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_bundle_is_opened_and_checked_with_public_tools_alone(
    room: Any, settings: Settings, authority: TimeStampAuthority, them: Recipient, tmp_path: Path
) -> None:
    room.safehold.assess(room.item_id, Finding.ILLEGAL, by=room.analyst)
    room.safehold.run_steps()
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    out = tmp_path / "one.tar.age"
    made = makes(settings, one, bundle, out)
    assert (made.held, made.not_held, made.size_bytes) == (1, {}, out.stat().st_size)
    assert out.stat().st_mode & 0o777 == 0o600
    assert altered_copy(1)[200:264] not in out.read_bytes()

    folder = them.unpacks(out, tmp_path / "theirs")
    assert ": OK\n" in ran(folder, "sha256sum", "--check", "--strict", "SHA256SUMS")
    with room.safehold.program.database.begin() as tx:
        [shown] = listing.listing(tx, actor=other.actor, now=room.clock()).requests
    # By this the page, and whoever has the bundle, know that it is the one that was made.
    assert shown.fingerprint == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    assert (shown.standing, shown.made_held, shown.made_not_held) == (listing.Standing.MADE, 1, 0)
    verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "signing-key.pub.pem")
    said = ran(folder, "openssl", *verify, "-in", "SHA256SUMS", "-sigfile", "SHA256SUMS.sig")
    assert "Signature Verified Successfully" in said
    stamped = (
        "ts",
        "-verify",
        "-in",
        "SHA256SUMS.tsr",
        "-data",
        "SHA256SUMS",
        "-CAfile",
        str(authority.root),
    )
    assert "Verification: OK" in ran(folder, "openssl", *stamped)
    [file] = (folder / "media").iterdir()
    assert file.read_bytes() == altered_copy(1)
    for command in (" ".join(verify[:3]), "sha256sum --check SHA256SUMS", "openssl ts -verify"):
        assert command in (folder / "README.txt").read_text()
    assert verifying.verify(folder).problems == ()
    assert not authority.rejections


def test_the_inventory_says_what_each_file_is_and_who_found_saw_and_did_what(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    room.reader.show(room.asks().secret)
    room.safehold.assess(room.item_id, Finding.ILLEGAL, by=room.analyst)
    room.safehold.run_steps()
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    makes(operated, other, bundle, tmp_path / "x.tar.age")
    inventory = inventory_in(them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs"))

    assert (inventory["format"], inventory["version"]) == ("safehold-bundle", 1)
    about = inventory["bundle"]
    assert (about["recipient"], about["purpose"], about["making"]) == (WHO, WHAT_FOR, 1)
    assert about["asked_by"] == one.actor.label
    assert about["approved_by"] == other.actor.label
    assert about["assessors"] == "single assessor"
    [entry] = inventory["entries"]
    data = altered_copy(1)
    assert entry["bytes"] == "held"
    assert entry["file"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (entry["file"]["size_bytes"], entry["file"]["media_type"]) == (len(data), "image/jpeg")
    assert (entry["context"]["account_id"], entry["surface"]) == ("account-1", "rehearsal")
    [match] = entry["matches"]
    assert (match["list"]["name"], match["signal_type"]) == ("painted", "pdq")
    assert match["entry"]
    assert isinstance(match["distance"], int)
    [assessment] = entry["assessments"]
    assert assessment["by"] == room.analyst.label
    assert (assessment["finding"], assessment["category"], assessment["policy_version"]) == (
        "illegal",
        "A",
        "tests",
    )
    assert [outcome["finding"] for outcome in entry["outcomes"]] == ["illegal"]
    [seen] = entry["seen"]
    assert seen["by"].startswith("viewer ")
    assert seen["tier"] == Tier.CLEAR.value
    verbs = [link["record"]["verb"] if "record" in link else link["withheld"] for link in entry["custody"]]
    assert {"scan.keep", "evidence.seal", "item.assess", "evidence.open", "somebody's looking"} <= set(verbs)
    assert all(link["hash"] and link["seq"] for link in (*entry["custody"], *inventory["custody"]))
    assert [link["record"]["verb"] for link in inventory["custody"]] == [
        "evidence.bundle_ask",
        "evidence.bundle_approve",
        "evidence.bundle_make",
    ]


def test_who_looked_cannot_be_told_from_a_bundle(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    room.reader.show(room.asks().secret)
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    makes(operated, one, bundle, tmp_path / "x.tar.age")
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs")
    assert inventory_in(folder)["entries"][0]["seen"]
    assert str(room.analyst.user_id) not in (folder / "inventory.json").read_text()


def test_what_was_destroyed_vanished_or_came_without_bytes_is_said_and_the_rest_goes(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    vanished, destroyed = room.uploads(altered_copy(2)), room.uploads(altered_copy(3))
    room.safehold.sql(
        "with x as (insert into item (id, kind, surface, scan_id, result, rehearsal, received_at)"
        " values (gen_random_uuid(), 'signals', 'rehearsal', gen_random_uuid(), 'hold', true, now())"
        " returning id) select id from x"
    )
    [signals] = room.safehold.sql("select id from item where kind = 'signals'")
    one, other = person(room.safehold), person(room.safehold)
    wanted = [vanished, room.item_id, signals.id, destroyed]
    bundle = asks(room.safehold, one, *wanted, to=[them.public])
    approves(room.safehold, other, bundle)
    [gone] = room.safehold.sql(
        "select o.id from sealed_object o join item i on i.media_id = o.media_id"
        " where i.id = %(item)s and o.role = 'original'",
        item=vanished,
    )
    for path in Path(room.safehold.program.home.vault).rglob(f"*{gone.id}*"):
        path.unlink()
    room.safehold.sql(
        "delete from wrapped_key using sealed_object o, item i where o.id = wrapped_key.object_id"
        " and i.media_id = o.media_id and i.id = %(item)s",
        item=destroyed,
    )
    room.safehold.sql(
        "update sealed_object set destroyed_at = now() from item i"
        " where i.media_id = sealed_object.media_id and i.id = %(item)s",
        item=destroyed,
    )
    made = makes(operated, one, bundle, tmp_path / "x.tar.age")
    assert (made.held, made.not_held) == (1, {"signals_only": 1, "unreadable": 1, "destroyed": 1})
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs")
    entries = inventory_in(folder)["entries"]
    assert [(each["bytes"], each["reason"]) for each in entries] == [
        ("not_held", "unreadable"),
        ("held", None),
        ("not_held", "signals_only"),
        ("not_held", "destroyed"),
    ]
    assert [entry["item"] for entry in entries] == [str(each) for each in wanted]
    assert entries[0]["file"]["sha256"] == hashlib.sha256(altered_copy(2)).hexdigest()
    assert entries[2]["file"] is None
    assert verifying.verify(folder).problems == ()
    assert room.audited(f"item:{vanished}")[-1] == ("evidence.open_failed", "vault_object_damaged")


def test_a_case_stands_for_what_was_in_it_when_it_was_asked_for(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    second = room.uploads(altered_copy(2))
    copy = room.uploads(altered_copy(1))
    case_id = room.safehold.case_of(room.item_id)
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, case_id, to=[them.public])
    later = room.uploads(altered_copy(3))
    assert room.safehold.case_of(later) == case_id
    approves(room.safehold, other, bundle)
    assert makes(operated, one, bundle, tmp_path / "x.tar.age").held == 3
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs")
    entries = inventory_in(folder)["entries"]
    assert {entry["item"] for entry in entries} == {room.item_id, second, copy}
    # The same bytes twice are one file.
    assert len(list((folder / "media").iterdir())) == 2
    assert len({entry["file"]["name"] for entry in entries}) == 2


def test_it_goes_to_several_recipients_and_to_ssh_keys(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate()
    file = tmp_path / "ssh.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    file.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public, f"{public} somebody@there"])
    approves(room.safehold, other, bundle)
    makes(operated, one, bundle, tmp_path / "x.tar.age")
    for number, each in enumerate((them, Recipient(file, public))):
        folder = each.unpacks(tmp_path / "x.tar.age", tmp_path / f"theirs-{number}")
        assert next((folder / "media").iterdir()).read_bytes() == altered_copy(1)


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.UNTRUSTED, Fault.WRONG_IMPRINT])
def test_a_time_stamp_server_that_fails_keeps_nobody_from_handing_over(
    room: Any,
    settings: Settings,
    authority: TimeStampAuthority,
    them: Recipient,
    tmp_path: Path,
    fault: Fault,
) -> None:
    authority.fault = fault
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    made = makes(settings, one, bundle, tmp_path / "x.tar.age")
    assert (made.stamped.response, made.stamped.failed) == (None, "anchor_failed")
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs")
    assert not (folder / "SHA256SUMS.tsr").exists()
    assert verifying.verify(folder).problems == ()


def test_opening_for_a_bundle_is_on_record_before_and_no_log_holds_words_or_keys(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    makes(operated, one, bundle, tmp_path / "x.tar.age")
    records = room.safehold.sql("select * from audit_record where verb like 'evidence.%%' order by at, id")
    verbs = [record.verb for record in records if record.verb != "evidence.seal"]
    assert verbs == [
        "evidence.bundle_ask",
        "evidence.bundle_approve",
        "evidence.bundle_make",
        "evidence.open",
        "evidence.bundle_made",
    ]
    [opening] = [record for record in records if record.verb == "evidence.open"]
    assert (opening.actor, opening.object) == (one.actor.label, f"item:{room.item_id}")
    assert (opening.detail["purpose"], opening.detail["bundle"]) == ("bundle", str(bundle))
    told = " ".join(str(record.detail) for record in records)
    assert not any(secret in told for secret in (WHO, WHAT_FOR, them.public, "sha256"))
    [words] = room.safehold.sql("select data from audit_personal p join audit_record r on r.id = p.record_id"
                                " where r.verb = 'evidence.bundle_ask'")  # fmt: skip
    assert (words.data["recipient"], words.data["purpose"]) == (WHO, WHAT_FOR)


def test_nothing_is_asked_for_that_does_not_exist(room: Any, them: Recipient) -> None:
    with pytest.raises(NotFound):
        asks(room.safehold, person(room.safehold), ItemId(room.analyst.user_id), to=[them.public])


def test_each_alteration_of_a_bundle_is_found(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    one, other = person(room.safehold), person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    approves(room.safehold, other, bundle)
    makes(operated, one, bundle, tmp_path / "x.tar.age")

    def altered(name: str, before: bytes, after: bytes) -> tuple[str, ...]:
        folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / f"{len(list(tmp_path.iterdir()))}")
        path = next(folder.glob(name))
        content = path.read_bytes()
        assert before in content
        path.write_bytes(content.replace(before, after, 1))
        return verifying.verify(folder).problems

    assert "was changed" in " ".join(altered("media/*", altered_copy(1)[-9:], b"otherwise"))
    assert "was changed" in " ".join(altered("inventory.json", b'"account-1"', b'"account-2"'))
    assert any("record" in each for each in altered("inventory.json", b'"verb": "scan.keep"', b'"verb": "x"'))
    assert any("signature" in each for each in altered("SHA256SUMS", b"  README.txt", b"  README.TXT"))
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "whole")
    (folder / "media" / "more.jpg").write_bytes(b"x")
    assert verifying.verify(folder).problems == ("media/more.jpg is not listed",)
    (folder / "media" / "more.jpg").unlink()
    next((folder / "media").iterdir()).unlink()
    [missing] = verifying.verify(folder).problems
    assert missing.endswith("is missing")
    strange = tmp_path / "strange.pem"
    strange.write_bytes(
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert any("signature" in each for each in verifying.verify(folder, key=strange).problems)


def test_a_bundle_is_no_longer_made_when_its_days_are_over(room: Any, them: Recipient) -> None:
    one = person(room.safehold)
    now = room.safehold.program.clock()
    bundle = asks(room.safehold, one, room.item_id, to=[them.public], now=now - timedelta(days=7))
    with pytest.raises(Refused):
        approves(room.safehold, person(room.safehold), bundle)
