"""What platforms and an analyst do while processes die, and exactly what they were answered.

Whatever is noted here was received by the other side, whole. An answer that never arrived is no promise.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from random import Random
from typing import Any

import httpx
from PIL import Image

from safehold.testing.pictures import landscape
from safehold.testing.platform import Answer, Platform
from safehold.testing.running import encoded

HELD_SEEDS = (1, 2, 3, 4)
"""Landscapes on a list that may hold."""
REVIEWED_SEEDS = (21, 22, 23)
"""Landscapes on a list that may not."""
CLEAR_SEEDS = (31, 32, 33)
SURFACE = "rehearsal"


@cache
def upload(kind: str, number: int) -> bytes:
    """Return a file: "hold", "review", "clear", "large" (clear, above a megabyte) or "broken"."""
    if kind == "large":
        return encoded(Image.effect_noise((1200, 1100 + number % 3), 90), "PNG")
    seeds = {"hold": HELD_SEEDS, "review": REVIEWED_SEEDS, "clear": CLEAR_SEEDS, "broken": CLEAR_SEEDS}[kind]
    picture = landscape(seeds[number % len(seeds)]).resize((512, 384))
    file = encoded(picture, "JPEG", quality=70 + number // len(seeds) % 25)
    return file[: len(file) // 2] if kind == "broken" else file


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that was answered. at: time.monotonic() of the answer."""

    kind: str
    data: bytes = field(repr=False)
    content_id: str
    idempotency_key: str | None
    result: str
    item_id: str | None
    scan_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment whose filing was answered."""

    item_id: str
    confirms: bool


@dataclass(slots=True)
class Answers:
    """Everything that was answered so far. Lists are only ever appended to."""

    scans: list[Scanned] = field(default_factory=list)
    sent: set[bytes] = field(default_factory=set, repr=False)
    """Every file that was ever sent, whether answered or not."""
    assessed: list[Assessed] = field(default_factory=list)
    perhaps_assessed: set[str] = field(default_factory=set)
    """Items whose assessment was sent and never answered."""
    reveals: list[str] = field(default_factory=list)
    """Looks at media that were granted, by the reveal's id; which of them brought a picture is in `seen`."""
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that must never be given, each in words."""
    refused: dict[int, int] = field(default_factory=dict)
    """How often each status was answered that promises nothing."""

    def items(self) -> dict[str, Scanned]:
        """Return what was answered with an item, by its id."""
        return {one.item_id: one for one in list(self.scans) if one.item_id}


class Client:
    """One platform thread: uploads, and sends what stayed unanswered again under its key."""

    def __init__(self, answers: Answers, base_url: str, key: str, random: Random, name: str) -> None:
        self._answers, self._random, self._name = answers, random, name
        self._platform = Platform(base_url, key, timeout_seconds=30.0)
        self._number = 0
        self._unanswered: list[tuple[str, int, str, str]] = []

    def go(self) -> None:
        """Do one thing. Raises OSError, HTTPException or ValueError when nothing came back."""
        if self._unanswered and self._random.random() < 0.7:
            self._send(*self._unanswered[0])
            return
        if self._random.random() < 0.15 and (earlier := self._an_earlier_one()):
            self._repeat(earlier)
            return
        kinds = ["hold"] * 5 + ["review"] * 2 + ["clear"] * 3 + ["broken", "large"]
        self._number += 1
        content_id = f"{self._name}-{self._number}"
        key = f"key-{content_id}" if self._random.random() < 0.6 else ""
        self._send(self._random.choice(kinds), self._random.randrange(60), content_id, key)

    def _send(self, kind: str, number: int, content_id: str, key: str) -> None:
        data, sent = upload(kind, number), (kind, number, content_id, key)
        self._answers.sent.add(data)
        if key and sent not in self._unanswered:
            self._unanswered.append(sent)
        answer = self._ask(data, content_id, key)
        if answer.status == 200:
            self._note(kind, data, content_id, key, answer.body)
            if sent in self._unanswered:
                self._unanswered.remove(sent)
        else:
            self._note_refusal(kind, answer)

    def _ask(self, data: bytes, content_id: str, key: str) -> Answer:
        context = {"surface": SURFACE, "content_id": content_id, "account_id": f"account-{content_id}"}
        headers = {"Idempotency-Key": key} if key else None
        return self._platform.upload(data, context, media_type="image/jpeg", headers=headers)

    def _note(self, kind: str, data: bytes, content_id: str, key: str, body: Mapping[str, Any]) -> None:
        result, item_id = body["result"], body.get("item_id")
        # Undecided is an honest answer while a decoder or the records are away; "clear" for a match never is.
        right = {"hold": {"hold", "incomplete"}, "review": {"review", "incomplete"}}.get(
            kind, {"clear", "incomplete"} if kind != "broken" else {"incomplete"}
        )
        if result not in right or (item_id is None) != (result in ("clear", "incomplete")):
            self._answers.wrong.append(f"{kind} was answered {result}, item {item_id}")
        self._answers.scans.append(
            Scanned(kind, data, content_id, key or None, result, item_id, body["scan_id"], time.monotonic())
        )

    def _note_refusal(self, kind: str, answer: Answer) -> None:
        self._answers.refused[answer.status] = self._answers.refused.get(answer.status, 0) + 1
        if answer.status not in (409, 503):
            self._answers.wrong.append(f"{kind}: status {answer.status} {answer.body}")
        time.sleep(0.1)

    def _an_earlier_one(self) -> Scanned | None:
        mine = [
            one
            for one in self._answers.scans[-40:]
            if one.idempotency_key and one.content_id.startswith(self._name)
        ]
        return self._random.choice(mine) if mine else None

    def _repeat(self, earlier: Scanned) -> None:
        answer = self._ask(earlier.data, earlier.content_id, earlier.idempotency_key or "")
        if answer.status == 200:
            told = (answer.body["scan_id"], answer.body["result"], answer.body.get("item_id"))
            if told != (earlier.scan_id, earlier.result, earlier.item_id):
                self._answers.wrong.append(f"a repeat was answered {told}, first {earlier}")
        else:
            self._note_refusal("a repeat", answer)


class Analyst:
    """One person at the console: takes the case of a held item, and files what they found."""

    def __init__(
        self, answers: Answers, base_url: str, key: str, random: Random, name: str, password: str
    ) -> None:
        self._answers, self._random = answers, random
        self._api = Platform(base_url, key, timeout_seconds=30.0)
        self._name, self._password = name, password
        self._browser = httpx.Client(
            base_url=base_url, timeout=30.0, trust_env=False, headers={"origin": base_url}
        )
        self._done: set[str] = set()
        self._token = ""

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def go(self) -> None:
        """Assess one item, if one waits. Raises httpx.HTTPError, OSError or ValueError without an answer."""
        if not self._token:
            self._sign_in()
            return
        waiting = [item for item in self._answers.items() if item not in self._done]
        if not waiting:
            time.sleep(0.05)
            return
        item_id = self._random.choice(waiting[:20])
        cases = (self._api.ask("GET", f"/v1/items/{item_id}").body or {}).get("cases") or []
        if cases:
            self._assess(item_id, cases[-1]["case_id"])
        else:
            time.sleep(0.05)

    def _assess(self, item_id: str, case_id: str) -> None:
        self._browser.post(f"/console/cases/{case_id}/take", data={"form_token": self._token})
        shown = self._browser.get(f"/console/cases/{case_id}?item={item_id}")
        revision = _field(shown.text, "revision") if shown.status_code == 200 else ""
        if not revision:
            if shown.status_code in (200, 404):
                self._done.add(item_id)  # decided: an earlier filing arrived and its answer was lost
            time.sleep(0.05)
            return
        # What a vetted list knows is let go only by who has seen it.
        has_seen = self._random.random() < 0.6 and self._look(item_id, case_id)
        confirms = not has_seen or self._random.random() < 0.4
        form = {
            "form_token": self._token,
            "revision": revision,
            "form": "imagery",
            "finding": "illegal:A" if confirms else "not_illegal",
            "age_band": "7-10" if confirms else "unknown",
        }
        self._answers.perhaps_assessed.add(item_id)
        filed = self._browser.post(f"/console/cases/{case_id}/items/{item_id}/assessment", data=form)
        if filed.status_code in (302, 303):
            self._answers.assessed.append(Assessed(item_id, confirms))
            self._done.add(item_id)

    def _look(self, item_id: str, case_id: str) -> bool:
        """Look at the media as the page does: ask, then fetch the picture from where it is, once.

        Say whether it came.
        """
        where = f"/console/cases/{case_id}/items/{item_id}/reveals"
        # The same few pictures come again and again: it asks knowingly, and lets go at once.
        form = {"form_token": self._token, "tier": "clear", "again": "own_request"}
        asked = self._browser.post(where, data=form)
        if asked.status_code != 200:
            return False
        granted = asked.json()
        self._answers.reveals.append(granted["reveal_id"])
        shown = self._browser.get(granted["picture"])
        if shown.status_code == 200:
            self._answers.seen.append(granted["reveal_id"])
            if shown.content in self._answers.sent:
                self._answers.wrong.append(f"{item_id} was shown as it came, byte for byte")
        self._browser.post(f"/console/reveals/{granted['reveal_id']}/close", data={"form_token": self._token})
        return shown.status_code == 200

    def _sign_in(self) -> None:
        form = {"name": self._name, "password": self._password}
        if self._browser.post("/console/sign-in", data=form).status_code == 303:
            self._token = _field(self._browser.get("/console/queue").text, "form_token")


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    return found.group(1) if found else ""


class Busy:
    """Runs these in threads of their own while its block lasts; what does not answer is tried again."""

    def __init__(self, *doing: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._keep, args=(each,)) for each in doing]

    def _keep(self, go: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                go()
            except (OSError, HTTPException, httpx.HTTPError, ValueError):
                self._stop.wait(0.05)
            except BaseException as error:  # noqa: BLE001 - raised again where the block ends
                self.failures.append(error)
                return

    def __enter__(self) -> Busy:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def fragments(file: bytes) -> list[bytes]:
    """Return pieces of a file by which it can be found on a disk, none of them shared with other files."""
    places = (len(file) // 3, len(file) // 2, len(file) * 4 // 5)
    return [file[place : place + 24] for place in places]


def digest(file: bytes) -> bytes:
    """Return the SHA-256 by which the records know a file."""
    return hashlib.sha256(file).digest()
