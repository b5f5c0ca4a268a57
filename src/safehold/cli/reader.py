"""`safehold reader`: the process that opens sealed evidence, run by itself, as a user of its own."""

from __future__ import annotations


def reader() -> int:
    """Open sealed evidence for those who may, until it is told to stop. It needs the private key."""
    from safehold.app.reader.opening import run_alone
    from safehold.cli.opening import say, settings

    run_alone(
        settings(),
        when_ready=lambda socket: say(f"The reader listens on {socket} until Ctrl-C or SIGTERM stops it."),
    )
    return 0
