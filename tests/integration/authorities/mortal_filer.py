"""A process that files what is due and is killed at each point it comes to, once; then lives again.

A parent forks each life, so that a life costs no imports. A file names the points that were passed: before a
call to the authority and after it, and before and after what is put down about it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safehold.app.parcels import Packer
from safehold.authorities import filings
from safehold.authorities.destinations.generic.parcel import Parcels
from safehold.authorities.destinations.generic.way import ByWebhook, Way
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.authorities.means import Means, Opening
from safehold.authorities.plans import Rules
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.evidence import reading
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.ids import ObjectId
from safehold.storage import authority_papers
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database
from safehold.storage.evidence import ObjectRole
from safehold.testing.filing import PackingHere, least_contents, least_parcel
from safehold.testing.hotline.webhook import SECRET
from safehold.vault.keys import load_opening_key, load_sealing_key
from safehold.vault.sealing import Sealed
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader, Vault

LEASE = timedelta(minutes=5)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


class Life:
    """One life: it knows the points that earlier ones passed, and ends at the first that is new."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told, self.passed = told, Path(told["passed"])
        self.database = Database(told["database"], pool_size=2)
        self.egress = Egress(user_agent="safehold-test")
        self.commits = 0

    def come_to(self, point: str) -> None:
        passed = self.passed.read_text().split("\n") if self.passed.exists() else []
        if point in passed:
            return
        with self.passed.open("a") as file:
            file.write(point + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), signal.SIGKILL)

    def clock(self) -> datetime:
        """Return the present instant, later by a lease for each life that ended."""
        ended = self.passed.read_text().count("\n") if self.passed.exists() else 0
        return datetime.now(UTC) + LEASE * ended

    @contextmanager
    def begin(self) -> Any:
        """Open a transaction; whether it was committed is what the next life finds out."""
        with self.database.begin() as tx:
            yield tx
        self.commits += 1
        if self.told["at"] == "commits":
            self.come_to(f"commit {self.commits}")

    def send(self, url: str, **given: Any) -> Any:
        call = url.rpartition("/")[2]
        if self.told["at"] == "calls":
            self.come_to(f"before {call}")
        answer = self.egress.send(url, **given)
        if self.told["at"] == "calls":
            self.come_to(f"after {call}")
        return answer

    def means(self) -> Means:
        store, sealing = CiphertextStore(self.told["vault"]), load_sealing_key(Path(self.told["sealing"]))
        reader = Reader(store, load_opening_key(Path(self.told["opening"])))
        access = Access(
            base=self.told["base"],
            username="tests",
            password=self.told["password"],
            permitted=PermittedNetworks.of(self.told["permitted"]),
            upload_seconds=60,
        )

        def paper(report_id: Any, paper_id: Any) -> bytes:
            with self.database.begin() as tx:
                found = authority_papers.sealed(tx, report_id, paper_id)
            assert found is not None
            sealed = Sealed(found[1].sealed, found[1].wrapped)
            return reader.open_beside(sealed, object_id=ObjectId(paper_id))

        def item(_: Any, item_id: Any) -> bytes:
            with self.database.begin() as tx:
                media_id = evidence_rows.media_of_item(tx, item_id)
                assert media_id is not None
                found = reading.find(tx, media_id, ObjectRole.ORIGINAL)
            return reader.open(found.object.id, found.wrapped_key)

        mortal: Any = self
        return Means(
            database=mortal,
            vault=Vault(store, sealing),
            egress=mortal,
            clock=self.clock,
            record=Recorder({}, Queue(self.database.driver_url), clock=self.clock).record,
            contents_of=least_contents,
            parcels=Parcels(least_parcel, self.packer(item).pack),
            access_of=lambda _: self.way() or access,
            opening=Opening(item=item, paper=paper, ready=lambda: True),
            alarm=lambda tx, code, report_id: None,
            chance=lambda: 0.0,
        )

    def way(self) -> Way | None:
        """Return how parcels go, None where reports go to the CyberTipline."""
        if "recipient" not in self.told:
            return None
        permitted = PermittedNetworks.of(self.told["permitted"])
        by = ByWebhook(url=self.told["base"], secrets=(SECRET,), permitted=permitted)
        return Way(by=by, recipients=(self.told["recipient"],), seconds=60)

    def packer(self, item: Any) -> Packer:
        def media(item_id: Any) -> Any:
            with self.database.begin() as tx:
                return evidence_rows.media_of_item(tx, item_id)

        here: Any = PackingHere(media, item)
        return Packer(self.passed.parent, lambda: KEY, here, self.clock)

    def live(self, parent: int) -> None:
        """File until killed, or until whoever lets it live is gone: an orphan would file for other tests."""
        while os.getppid() == parent:
            filings.file_due(self.means())
            filings.plan_owed_files(self.means(), Rules())
            time.sleep(0.05)


def main() -> None:
    """Live again and again, until told to stop."""
    told = json.loads(sys.stdin.readline())
    child = 0

    def stop(*_: object) -> None:
        # It may have died this moment, or the next one have begun, which sees that it is alone.
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    own = os.getpid()
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            Life(told).live(own)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
