"""`safehold worker`: the steps and sweeps, in a process of their own."""

from __future__ import annotations

import signal


def worker() -> int:
    """Run the steps that follow what is recorded, and the sweeps, until it is told to stop."""
    from safehold.app.program import open_program
    from safehold.app.wiring import worker as worker_of
    from safehold.cli.opening import say, settings

    with open_program(settings(), surfaces=frozenset({"worker"})) as program:
        working = worker_of(program)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: working.stop())
        say("The worker runs. It takes the steps and the sweeps until Ctrl-C or SIGTERM stops it.")
        working.run()
    return 0
