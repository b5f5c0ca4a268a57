"""What a question about a child's account costs over HTTP, beside an empty endpoint of the same server.

Run it with `.venv/bin/python bench/child_policy.py`; it takes half a minute. It starts a server with a
database of its own in a temporary folder; nothing of an installation is touched.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from safehold.model.child_account import AccountAge, Feature
from safehold.testing.bench.http_load import request
from safehold.testing.bench.http_paths import CONNECTIONS, Served, measure
from safehold.testing.bench.http_server import EMPTY
from safehold.testing.bench.processes import tree

GOAL = 0.8
SECONDS = 2.0
SERVER = (sys.executable, "-m", "safehold.cli.bench_server")


def requests_of(key: str, path: str) -> list[bytes]:
    """Return a question for each feature, age and connection, to this address."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return [
        request(
            path,
            json.dumps(
                {
                    "feature": feature.value,
                    "surface": "rehearsal",
                    "age_band": age.value,
                    "jurisdiction": "GB",
                    "connected": connected,
                }
            ).encode(),
            headers,
        )
        for feature, age, connected in product(Feature, AccountAge, (True, False))
    ]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("wb") as log:
        command = [*SERVER, f"{folder}/data", "1000"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as running:
            if running.stdin is None or running.stdout is None:
                raise ValueError("expected a process with pipes")
            try:
                told = json.loads(running.stdout.readline())
                served = Served(told["port"], told["key"], lambda: tree(running.pid))
                sent = {
                    "empty": requests_of(told["key"], EMPTY),
                    "decide": requests_of(told["key"], "/v1/child-policy/decide"),
                }
                measured = measure(served, sent, CONNECTIONS, SECONDS)
            finally:
                running.stdin.close()
    rates = {kind: 1 / each.cost for kind, each in measured.items()}
    share = rates["decide"] / rates["empty"]
    sys.stdout.write(
        f"an empty endpoint   {rates['empty']:8.0f} a second of processor time\n"
        f"a policy decision   {rates['decide']:8.0f}\n"
        f"one to the other    {share:8.2f}  goal {GOAL}: {'met' if share >= GOAL else 'MISSED'}\n"
        f"slowest hundredth   {measured['decide'].milliseconds(0.99):8.2f} ms\n"
    )


if __name__ == "__main__":
    main()
