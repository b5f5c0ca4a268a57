"""The demonstration's platform: it uploads photos once in a data folder's life and counts the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

from safehold.app.listening import address
from safehold.cli.beside import BesideServer
from safehold.cli.opening import say
from safehold.model.errors import BadSettings, Unavailable
from safehold.testing.platform import Platform

LISTED, UNLISTED = 24, 6
"""How many altered copies of listed photos are uploaded, and how many photos that are on no list."""
ACCOUNTS = ("account-17", "account-23", "account-42", "account-58", "account-71")


def check_addresses(pages: str, pictures: str) -> None:
    """Raise Unavailable when somebody answers at one of them already, BadSettings when one names no port."""
    host, port = pages.rpartition(":")[0], address(pages)[1]
    if port == 0:
        raise BadSettings("--listen: name a port.", advice="Such as 127.0.0.1:8410.")
    taken = next((one for one in (pages, pictures) if _is_answered(one)), None)
    if taken is None:
        return
    others = (f"{host}:{other}" for other in range(port + 10, min(port + 200, 65535), 10))
    free = next(
        (one for one in others if not (_is_answered(one) or _is_answered(_next(one)))), f"{host}:PORT"
    )
    raise Unavailable(
        f"Something answers on {taken} already.",
        advice=f"Perhaps the demonstration runs: stop it, or choose another address: --listen {free}.",
    )


def _next(listen: str) -> str:
    host, port = listen.rpartition(":")[0], address(listen)[1]
    return f"{host}:{port + 1}"


def _is_answered(listen: str) -> bool:
    try:
        Platform(f"http://{listen}", "", timeout_seconds=2).ask("GET", "/v1/health/live")
    except HTTPException:
        return True  # somebody who speaks something else
    except OSError as error:
        # Else nobody is there; the server itself says what is wrong with the address.
        return isinstance(error, TimeoutError)
    return True


class Uploads(BesideServer):
    """Uploads from a thread beside the server that is being started.

    done_before: a file that names what was uploaded in earlier runs; nothing is uploaded twice. when_done:
    called at the end.
    """

    def __init__(
        self,
        base_url: str,
        photos: Path,
        *,
        done_before: Path,
        surface: str,
        when_done: Callable[[], None],
    ) -> None:
        super().__init__(base_url, name="uploads")
        self._photos = photos
        self._done_before = done_before
        self._surface = surface
        self._when_done = when_done

    def work(self, platform: Platform) -> None:
        """Upload what was not uploaded before, and say what came of it."""
        self._upload_all(platform)
        self._when_done()

    def _upload_all(self, platform: Platform) -> None:
        before = set(self._done_before.read_text().split()) if self._done_before.is_file() else set()
        waiting = [(name, path) for name, path in self._chosen() if name not in before]
        if not waiting:
            say(f"3  The platform uploaded its {len(before)} photos in an earlier run")
            return
        say(f"3  The platform uploads {LISTED} altered copies of listed photos and {UNLISTED} other photos")
        answers: Counter[str] = Counter()
        for number, (name, path) in enumerate(waiting):
            if self._stopping.is_set():
                return
            answers[self._upload(platform, name, path, ACCOUNTS[number % len(ACCOUNTS)])] += 1
            with self._done_before.open("a") as file:
                file.write(name + "\n")
        say("   Answers: " + ", ".join(f"{count} {result}" for result, count in answers.most_common()))

    def _upload(self, platform: Platform, name: str, path: Path, account: str) -> str:
        context = {
            "surface": self._surface,
            "content_id": name,
            "account_id": account,
            "original_name": path.name,
        }
        answer = platform.upload(path.read_bytes(), context)
        return str(answer.body["result"]) if answer.status == 200 else f"status {answer.status}"

    def _chosen(self) -> Iterator[tuple[str, Path]]:
        """Yield what to upload, spread over all photos and alterations, under the names of posts."""
        listed, others = (sorted((self._photos / each).iterdir()) for each in ("listed", "unlisted"))
        chosen = [*listed[:: max(1, len(listed) // LISTED)][:LISTED], *others[:UNLISTED]]
        for number, path in enumerate(chosen, start=1001):
            yield f"post-{number}", path
