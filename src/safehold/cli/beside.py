"""What a demonstration does beside the server that it starts: a platform that waits until it answers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from safehold.app.logs import describe
from safehold.cli.opening import say
from safehold.testing.platform import Platform

READY_SECONDS = 60
ALMOST_AT_ONCE = 0.1


class BesideServer(ABC):
    """Works in a thread of its own once the server answers, until it is done or stopped."""

    def __init__(self, base_url: str, *, name: str) -> None:
        self._base_url = base_url
        self._name = name
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def work(self, platform: Platform) -> None:
        """Do what there is to do; look at `_stopping` between two things."""

    def begin(self, key: str) -> None:
        """Wait until the server answers, then work with this API key; all that in a thread."""
        self._thread = threading.Thread(target=self._run, args=(key,), name=self._name)
        self._thread.start()

    def stop(self) -> None:
        """Stop between two things and wait for the thread. Also fine when it never started."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, key: str) -> None:
        platform = Platform(self._base_url, key)
        try:
            if self._is_ready(platform):
                self.work(platform)
        except Exception as error:  # noqa: BLE001 - the end of a thread: a traceback could quote an upload
            if not self._stopping.is_set():
                say(f"   The {self._name} failed: {describe(error)}")

    def _is_ready(self, platform: Platform) -> bool:
        for _ in range(int(READY_SECONDS / ALMOST_AT_ONCE)):
            if answers(platform):
                return True
            if self._stopping.wait(ALMOST_AT_ONCE):
                return False
        say("   The server does not get ready; `safehold doctor` says which part is down.")
        return False


def answers(platform: Platform) -> bool:
    """Say whether the server is there and ready."""
    try:
        return platform.ask("GET", "/v1/health/ready").status == 200
    except OSError:
        return False
