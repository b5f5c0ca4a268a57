"""What a scan costs over HTTP: by digest, in a batch, by uploaded JPEG, beside an empty endpoint.

Takes about a minute.
A rate is that of one core: answers for each second of processor time that the server, its decoders and the
database took together, so that neighbours who take the processor away do not count, nor does the load itself.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from safehold.testing.bench import corpus, peers
from safehold.testing.bench.http_load import Load, put_load, request, timed
from safehold.testing.bench.http_server import EMPTY, entry
from safehold.testing.bench.processes import processor_seconds, tree
from safehold.testing.bench.report import Row

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
BATCH = 500
CONNECTIONS = 16
ROUNDS, SECONDS = 5, 1.5
SIZE, PICTURES = "1 MP", 8
HALF, DIGESTS, UPLOADS, SLOWEST_UPLOAD = 0.5, 15_000, 6.0, 50.0
"""The goals: of an empty endpoint's rate; digests a second; pdqhash takes, to one upload; milliseconds."""


@dataclass(slots=True)
class Measured:
    """All rounds of one kind of request. costs: seconds of processor time for each answer, by round."""

    loads: list[Load] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Seconds of processor time for an answer, in the round that was disturbed the least."""
        return min(self.costs)

    def milliseconds(self, share: float) -> float:
        """Within which time so large a share was answered, in the round that was disturbed the least."""
        return min(load.milliseconds(share) for load in self.loads)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs. pids: returns those of all its processes, and of the database's."""

    port: int
    key: str
    pids: Callable[[], list[int]]


def requests_of(key: str, photos: Sequence[bytes]) -> dict[str, list[bytes]]:
    """Return what is sent, by kind. Each fingerprint is another one; "kept" ones are entries."""
    chance = np.random.default_rng(2)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def item(value: str, **more: Any) -> dict[str, Any]:
        return {"signals": [{"type": "pdq", "value": value}], **more}

    def sent(path: str, value: dict[str, Any], **more: str) -> bytes:
        return request(path, json.dumps(value).encode(), headers | more)

    values = [chance.bytes(32).hex() for _ in range(4 * BATCH)]
    parts = [values[start : start + BATCH] for start in range(0, len(values), BATCH)]
    batches = [{"items": [item(value) for value in part], "context": CONTEXT} for part in parts]
    return {
        "empty": [sent(EMPTY, item(value, context=CONTEXT)) for value in values],
        "digest": [sent("/v1/scan", item(value, context=CONTEXT)) for value in values],
        "batch": [sent("/v1/scan", batch) for batch in batches],
        "kept": [sent("/v1/scan", item(entry(number), context=CONTEXT)) for number in range(1, BATCH)],
        "upload": [upload(photo, headers) for photo in photos],
    }


def upload(photo: bytes, headers: dict[str, str]) -> bytes:
    """Return a multipart upload."""
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="context"\r\n\r\n%b'
        b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="upload"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n%b\r\n--b--\r\n"
    )
    body = parts % (json.dumps(CONTEXT).encode(), photo)
    return request("/v1/scan", body, headers | {"Content-Type": "multipart/form-data; boundary=b"})


def measure(
    served: Served, sent: dict[str, list[bytes]], connections: int, seconds: float
) -> dict[str, Measured]:
    """Put each load on the server by turns for so long, after a short one that does not count."""
    measured = {kind: Measured() for kind in sent}
    for turn in range(ROUNDS + 1):
        for kind, requests in sent.items():
            at_once = 1 if kind in ("batch", "upload") else connections
            before = processor_seconds(served.pids())
            load = put_load(served.port, requests, connections=at_once, seconds=seconds if turn else 0.3)
            cost = (processor_seconds(served.pids()) - before) / len(load.times)
            if set(load.statuses) != {200}:
                raise SystemExit(f"{kind}: answered {dict(load.statuses)}")
            if turn:
                measured[kind].loads.append(load)
                measured[kind].costs.append(cost)
    return measured


def rows(measured: dict[str, Measured], peer: float | None) -> Iterator[Row]:
    """Yield the figures. peer: seconds that pdqhash takes for one of the uploads, in this process."""
    rate = {kind: 1 / each.cost for kind, each in measured.items()}
    yield Row("an empty endpoint, requests a second", rate["empty"], "/s")
    yield Row("one digest, requests a second", rate["digest"], "/s")
    yield Row("one digest, to one of the empty endpoint", rate["digest"] / rate["empty"], "x", HALF)
    yield Row("batch, digests a second", BATCH * rate["batch"], "/s", DIGESTS)
    yield Row("one digest that is kept, requests a second", rate["kept"], "/s")
    yield Row("one digest that is kept, middle", measured["kept"].milliseconds(0.5), "ms")
    yield Row(f"upload of {SIZE}, requests a second", rate["upload"], "/s")
    to_peer = None if peer is None else peer * rate["upload"]
    why = peers.absent(peers.PDQHASH)
    yield Row(f"a peer's hashing takes, to one upload of {SIZE}", to_peer, "x", UPLOADS, why=why)
    slowest = measured["upload"].milliseconds(0.99)
    yield Row(f"upload of {SIZE}, slowest hundredth", slowest, "ms", SLOWEST_UPLOAD, at_most=True)
    yield Row("one digest, middle", measured["digest"].milliseconds(0.5), "ms")
    yield Row("one digest, slowest hundredth", measured["digest"].milliseconds(0.99), "ms")


def seconds_of_peer(photos: Sequence[bytes]) -> float | None:
    """Return the processor time that pdqhash takes, decoding included: the least of three, in the middle."""
    hasher = peers.hasher()
    if hasher is None:
        return None
    return median(min(timed(partial(hasher[1], data)) for _ in range(3)) for data in photos)


def over_http(server: Sequence[str], entries: int, seconds: float = SECONDS) -> Iterator[Row]:
    """Serve in a process of its own, put load on it, yield the figures.

    server: the command that starts `http_server.main`, without its arguments. seconds: that a load lasts.
    """
    photos = [one.data for one in corpus.samples(corpus.sources(None), [SIZE], PICTURES)]
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("wb") as log:
        command = [*server, f"{folder}/data", str(entries)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as running:
            if running.stdin is None or running.stdout is None:
                raise ValueError("expected a process with pipes")
            try:
                told = json.loads(running.stdout.readline())
                served = Served(
                    told["port"], told["key"], lambda: [*tree(running.pid), *tree(told["database"])]
                )
                sent = requests_of(told["key"], photos)
                measured = measure(served, sent, CONNECTIONS, seconds)
            finally:
                running.stdin.close()
    yield from rows(measured, seconds_of_peer(photos))
