"""How much memory an idle `safehold serve` takes, process by process. Run by `make bench`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from safehold.testing.bench.processes import named, proportional, tree

GOAL_MB = 350
WAIT_SECONDS = 60
REST_SECONDS = 5
SETTINGS = '[decoding]\nworkers = 2\n\n[surfaces.public_uploads]\nvisibility = "public"\n'


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def ready(port: int) -> bool:
    """Whether the server answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def main() -> int:
    """Set up in a temporary folder, serve, wait, look, stop. Exit code 1 where the goal is missed."""
    safehold = str(Path(sys.executable).with_name("safehold"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "safehold.toml").write_text(SETTINGS)
        environment = {**os.environ, "SAFEHOLD_DATA_FOLDER": f"{folder}/data"}
        port = free_port()
        subprocess.run([safehold, "db", "init"], check=True, cwd=folder, env=environment, capture_output=True)
        with (Path(folder) / "log").open("wb") as log:
            command = [safehold, "serve", "--listen", f"127.0.0.1:{port}", "--media-listen", "127.0.0.1:0"]
            server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            return report(server.pid, port, Path(folder, "log"), Path(folder, "data"))
        finally:
            server.terminate()
            server.wait()


def report(root: int, port: int, log: Path, data: Path) -> int:
    """Wait until it is ready and rests, then print what each process takes."""
    end = time.monotonic() + WAIT_SECONDS
    while not ready(port):
        if time.monotonic() > end:
            sys.stdout.write(log.read_text())
            return 1
        time.sleep(0.2)
    time.sleep(REST_SECONDS)
    # The database detaches itself from whoever starts it.
    database = int(next(data.rglob("postmaster.pid")).read_text().split()[0])
    belonging = sorted({*tree(root), *tree(database)})
    sizes = {pid: proportional(pid) for pid in belonging}
    sys.stdout.write("| Process | Proportional set size |\n|---|---|\n")
    for pid, size in sorted(sizes.items(), key=lambda pair: -pair[1]):
        sys.stdout.write(f"| {named(pid)} | {size:.1f} MB |\n")
    total = sum(sizes.values())
    sys.stdout.write(f"| all {len(sizes)} | **{total:.0f} MB** (goal: under {GOAL_MB}) |\n")
    return 0 if total < GOAL_MB else 1


if __name__ == "__main__":
    raise SystemExit(main())
