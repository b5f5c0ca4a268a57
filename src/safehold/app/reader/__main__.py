"""The reader as a process that another one starts: `python -P -s -m safehold.app.reader LISTENER_FD [quiet]`.

It inherits the socket to listen on. The setup comes as one line on standard input; when that ends, because
whoever started it has ended or wants it to, so does this process. It says on standard output, in one line,
that it is ready or why it is not, and nothing else.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from safehold.app import logs
from safehold.app.reader import messages
from safehold.app.reader.server import opened
from safehold.app.reader.setup import MOST_BYTES, Setup
from safehold.model.errors import BadSettings, SafeholdError
from safehold.vault.channel import Listener


def main(arguments: list[str]) -> int:
    """Serve until standard input ends; return the exit code."""
    # The parent decides when to stop, also when somebody presses Ctrl-C or tells the whole group to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: None)  # unlike SIG_IGN, it is not passed on to what this starts
    logs.configure(json=False, quiet="quiet" in arguments[1:])
    try:
        setup = _setup()
        descriptor = int(arguments[0])
        with opened(
            setup, lambda: Listener.inherited(descriptor, max_body=messages.MAX_REQUEST_BODY)
        ) as server:
            _say(messages.answer().head)
            server.run(stopped_by=sys.stdin.fileno())
    except SafeholdError as error:
        _say(messages.failure(error).head)
        return 1
    return 0


def _setup() -> Setup:
    line = sys.stdin.buffer.readline(MOST_BYTES)
    try:
        return Setup.from_line(line)
    except (ValueError, KeyError, TypeError):
        raise BadSettings("The reader was started without a setup.") from None


def _say(told: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
