"""The server that `safehold bench` puts load on: python -m safehold.cli.bench_server FOLDER ENTRIES."""

from __future__ import annotations

import sys
from pathlib import Path

from safehold.testing.bench import http_server
from safehold.web import server

if __name__ == "__main__":
    http_server.main(Path(sys.argv[1]), int(sys.argv[2]), server)
