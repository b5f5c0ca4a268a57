"""Handing evidence over in a test: people who ask and approve, a recipient who opens what was made."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage

from safehold.app.access import users
from safehold.app.bundles import asking, making
from safehold.app.settings import Settings
from safehold.model.ids import BundleId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.team import TeamSize
from safehold.testing.running import TESTER, Installation

WHAT_FOR = "a request of the northern police"
WHO = "the northern police"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in. password: their own."""

    name: str
    password: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whoever gets a bundle: a private key in a file, and its public half."""

    file: Path
    public: str

    def unpacks(self, bundle: Path, to: Path) -> Path:
        """Decrypt and unpack with `age` and `tar`, as a stranger does."""
        to.mkdir()
        opened = subprocess.run(
            ["age", "--decrypt", "--identity", str(self.file), str(bundle)], capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", str(to)], input=opened.stdout, check=True)
        return to


def recipient(folder: Path) -> Recipient:
    """Make a recipient with a new key in this folder."""
    identity = pyrage.x25519.Identity.generate()
    file = folder / f"{secrets.token_hex(4)}.key"
    file.write_text(f"{identity}\n")
    return Recipient(file, str(identity.to_public()))


def person(opened: Installation, *roles: Role) -> Person:
    """Add a person, of the role legal unless others are given."""
    name, password = f"counsel-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    granted = frozenset(roles or (Role.LEGAL,))
    program = opened.program
    with program.database.begin() as tx:
        user_id = users.add_user(
            tx, name=name, password=password, roles=granted, actor=TESTER, now=program.clock()
        )
    return Person(name, password, Actor(permissions=permissions_of(granted), user_id=user_id))


def asks(
    opened: Installation, by: Person, *about: str | UUID, to: Sequence[str], now: datetime | None = None
) -> BundleId:
    """Ask for a bundle of these items or cases, in standing words."""
    program = opened.program
    with program.database.begin() as tx:
        return asking.ask(
            tx,
            [UUID(str(each)) for each in about],
            recipients=to,
            recipient_name=WHO,
            purpose=WHAT_FOR,
            actor=by.actor,
            now=now or program.clock(),
        ).id


def approves(opened: Installation, by: Person, bundle: BundleId, *, size: TeamSize = TeamSize.SMALL) -> None:
    """Agree to a bundle."""
    program = opened.program
    with program.database.begin() as tx:
        asking.approve(tx, bundle, size=size, actor=by.actor, now=program.clock())


def makes(settings: Settings, by: Person, bundle: BundleId, out: Path) -> making.Made:
    """Make a bundle."""
    return making.make(settings, bundle, name=by.name, password=by.password, out=out)


def inventory_in(folder: Path) -> dict[str, Any]:
    """Return the inventory of an unpacked bundle."""
    found: dict[str, Any] = json.loads((folder / "inventory.json").read_bytes())
    return found
