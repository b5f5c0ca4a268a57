"""A whole shift by keyboard: a passkey, twenty cases, a dispute, a break, an undo, an appeal, an emergency.

Everything is real but the pictures, which are painted, and the time between cases: a shift lasts longer than
a test may, so what was shown is moved back by some minutes with each case that is decided.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
import sqlalchemy as sa
from gallery import look_at
from keyboard import Keyboard, watch_for_pointers
from left_behind import files_with, noted
from playwright.sync_api import Browser, Page, Response, sync_playwright
from site_under_test import ANN, PASSWORD, TESTS, UNVETTED_SEED, jpeg, running_site

from safehold.app import wiring
from safehold.intake import inbound_reports
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.assessment import Category, Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.model.item import Context
from safehold.model.permissions import Role
from safehold.review.appeals import receive_appeal
from safehold.review.facts import facts, standing_of_item
from safehold.signals.digests import digest_bytes
from safehold.testing.asked_for import ask_for_a_look
from safehold.testing.pictures import landscape
from safehold.testing.webhook_receiver import WebhookReceiver

CHROMIUM = "/usr/bin/chromium"
"""The browser as people use it, with everything that writes into a profile."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]
BEN, CLEO, LEA = "analyst-2", "analyst-3", "lead-1"
SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()
NUMBER = "112, police"
UNTIL_BREAK, BREAK = 20, 10
"""Minutes. The organisation of this test lets people look for less than the longest that is allowed."""
DECIDING, LOOKING = timedelta(minutes=2), timedelta(minutes=5)
"""How long a case takes by the clock of the shift: by its facts, and where somebody looks."""
DISPUTED, URGENT = "account-disputed", "account-urgent"
EXACT = (11, 12, 13)
"""Landscapes of which a list has the very bytes."""
NOT_TEXT = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/", "application/octet-stream")
WORDS = "This is the hill behind my school."


class Shift:
    """The site of a shift, and what was put into its queue."""

    def __init__(self, site: Any, pager: WebhookReceiver) -> None:
        self.site, self.pager = site, pager
        self.items: dict[str, ItemId] = {}

    def passes(self, time: timedelta) -> None:
        """Let whatever was shown have been shown so much earlier."""
        with self.site.machinery.database.begin() as tx:
            tx.run(
                sa.text(
                    "update reveal set opened_at = opened_at - :time, fetched_at = fetched_at - :time,"
                    " closed_at = closed_at - :time, ends_by = ends_by - :time"
                ),
                {"time": time},
            )

    def arrives(self, name: str, data: bytes, account: str | None = None) -> None:
        """Upload something, and let its case be opened."""
        context = Context(surface="public_uploads", account_id=account or f"account-{name}")
        answer = self.site.machinery.scanner.scan_bytes(data, context, actor=TESTS)
        assert answer.item_id is not None, f"{name} was {answer.result}"
        self.items[name] = answer.item_id
        self.site.follow()

    def is_asked_for(self, name: str, data: bytes) -> None:
        """Let the audit sample ask for a look at what is on no list."""
        program = self.site.machinery
        self.items[name] = ask_for_a_look(
            program, data, account=f"account-{name}", rehearsal=True, purpose=Purpose.TEST
        )
        self.site.follow()

    def is_written(self, name: str) -> None:
        """Let a conversation be looked at that is decided without its words: what was flagged is made one."""
        self.is_asked_for(name, b"how old are you? don't tell anyone.")
        with self.site.machinery.database.begin() as tx:
            tx.run(
                sa.text("update item set kind = 'messages', media_id = null where id = :id"),
                {"id": self.items[name]},
            )

    def is_reported(self, address: str) -> None:
        """Let the public report a page."""
        program = self.site.machinery
        told = inbound_reports.read(
            address=address, seen="child_images", statement="At the bottom.", contact=""
        )
        with program.database.begin() as tx:
            inbound_reports.receive(tx, told, vault=program.vault, now=program.clock())
        wiring.take_in_reports(program)
        self.site.follow()

    def view(self, name: str) -> Any:
        """Return the item of this name as its case has it."""
        item_id = self.items[name]
        with self.site.machinery.database.begin() as tx:
            held = facts(tx, standing_of_item(tx, item_id).case_id)
        return next(one for one in held.items if one.item.id == item_id)

    def asked(self, statement: str) -> list[tuple[Any, ...]]:
        with self.site.machinery.database.begin() as tx:
            return [tuple(row) for row in tx.run(sa.text(statement))]


@pytest.fixture
def shift(fresh_database_url: str, tmp_path: Path) -> Iterator[Shift]:
    """A team of four with somebody on call, where category A takes two people; nothing waits yet."""
    with WebhookReceiver(SECRET) as pager:
        on_call = {
            "kind": "webhook",
            "enabled": True,
            "url": pager.url,
            "secrets": [SECRET],
            "permitted_networks": [f"127.0.0.1:{pager.port}"],
        }
        more: dict[str, object] = {
            "team": {"size_policy": "full"},
            "review": {"second_for": ["category_a"]},
            "exposure": {"spell_minutes": UNTIL_BREAK, "break_minutes": BREAK},
            "emergency": {"number": NUMBER, "on_call": {"pager": on_call}},
        }
        with running_site(tmp_path, fresh_database_url, looking=True, more=more) as site:
            for name, role in ((BEN, Role.ANALYST), (CLEO, Role.ANALYST), (LEA, Role.LEAD)):
                site.add_person(name, role)
            yield Shift(site, pager)
        assert not pager.rejections


def knows_exactly(shift: Shift, folder: Path, *pictures: bytes) -> None:
    """Give the site a list with the very bytes of some pictures."""
    program, file = shift.site.machinery, folder / "eastland.jsonl"
    wanted = NewList(
        name="eastland",
        purpose=Purpose.TEST,
        may_hold=True,
        vetted=True,
        provenance="Landscapes of the tests.",
    )
    with program.database.begin() as tx:
        add_list(tx, wanted, actor=TESTS, now=program.clock())
    digests = [
        next(each.value.hex() for each in digest_bytes(one) if each.signal_type == "sha256")
        for one in pictures
    ]
    lines = [{"signal_type": "sha256", "value": value, "category": "C"} for value in digests]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=TESTS,
        record=program.recorder.record,
        clock=program.clock,
    ).run("eastland", file)


def film(seed: int) -> bytes:
    """Return a film of two seconds over landscapes that are on no list."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(20):
            pixels = np.asarray(landscape(seed + number // 10, (320, 240)))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    return out.getvalue()


def fill_the_queue(shift: Shift, folder: Path) -> list[bytes]:
    """Let twenty cases of seven kinds wait, and return what came as bytes."""
    came: list[bytes] = []

    def takes(data: bytes) -> bytes:
        came.append(data)
        return data

    exact = {seed: jpeg(seed, quality=90) for seed in EXACT}
    knows_exactly(shift, folder, *exact.values())
    for seed, data in exact.items():
        shift.arrives(f"exact-{seed}", takes(data))
    for seed, data in exact.items():
        shift.arrives(f"again-{seed}", data)
    for seed in (1, 2, 3, 4):
        shift.arrives(f"near-{seed}", takes(jpeg(seed, quality=30)))
    shift.arrives("disputed", takes(jpeg(5, quality=40)), DISPUTED)
    shift.arrives("urgent", takes(jpeg(6, quality=40)), URGENT)
    shift.arrives("doubted", takes(jpeg(UNVETTED_SEED, quality=60)))
    for seed in (61, 62, 63):
        shift.is_asked_for(f"unlisted-{seed}", takes(jpeg(seed, quality=80)))
    shift.is_asked_for("film", takes(film(71)))
    shift.is_written("conversation")
    for page in (1, 2):
        shift.is_reported(f"https://example.org/gallery?page={page}")
    assert shift.asked("select count(*) from review_case where state = 'open'") == [(20,)]
    return came


class Intercepted:
    """Every answer that a browser gets. pictures: how many came while a key was held for them.

    wrong: what came otherwise from where pictures come, or is a picture by its type.
    """

    def __init__(self, page: Page, keys: Keyboard) -> None:
        self.answers, self.pictures = 0, 0
        self.wrong: list[str] = []
        self._keys = keys
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        self.answers += 1
        kind = response.headers.get("content-type", "")
        path = urlsplit(response.url).path
        if response.url.startswith("blob:") and self._keys.is_holding:
            return  # what was fetched, as the page draws it
        if path.startswith("/v/") and self._keys.is_holding:
            self.pictures += 1
        elif path.startswith("/v/") or kind.startswith(NOT_TEXT):
            self.wrong.append(f"{path}: {kind}")


def plug_in_a_key(page: Page) -> None:
    """Plug in an empty security key whose holder is there and agrees."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def gives_password(keys: Keyboard, name: str) -> None:
    """Sign in by name and password: the name's field has the focus."""
    keys.page.wait_for_function("() => document.activeElement.name === 'name'")
    keys.types(name)
    keys.press("Tab")
    keys.types(PASSWORD)
    keys.leads("Enter", lambda url: not url.endswith("/console/sign-in"))


def signs_in_by_passkey(keys: Keyboard, base: str) -> None:
    """Add a passkey on the first day, sign out, and sign in with it."""
    plug_in_a_key(keys.page)
    keys.page.goto(f"{base}/console/sign-in")
    gives_password(keys, ANN)
    keys.leads("g y", "**/console/account")
    keys.walks_to("Confirm that it is you")
    keys.leads("Enter", "**/console/confirm**")
    keys.types(PASSWORD)
    keys.leads("Enter", "**/console/account?done=confirmed")
    keys.walks_to("A name for it")
    keys.types("Key on my ring")
    keys.leads("Enter", "**done=factor-added")
    keys.leads("g o", "**/console/sign-in**")
    gives_password(keys, ANN)
    assert "/console/sign-in/second" in keys.page.url
    keys.leads("Enter", "**/console/queue")


def keeps_a_picture(keys: Keyboard, name: str) -> None:
    """Picture the page beside those of every other, and see that axe finds nothing on it."""
    assert look_at(keys.page, name) == []


FILED = re.compile(r"done=|/alike$")
"""What comes after filing: the next case, or copies that could be decided with this one."""


class Analyst:
    """Works off a queue as somebody does who reads first, looks where the rules ask for it, and decides."""

    def __init__(self, keys: Keyboard, shift: Shift) -> None:
        self.keys, self.shift = keys, shift
        self.did: Counter[str] = Counter()

    def works_off_everything(self) -> None:
        """Take the next case until none is left."""
        self.keys.leads("Enter", "**/console/cases/*")
        while "/console/cases/" in self.keys.page.url:
            self.decides()
            self.shift.site.follow()
            if "done=filed" not in self.keys.page.url:
                break

    def decides(self) -> None:
        """Decide the case on the screen."""
        keys, spent = self.keys, DECIDING
        if keys.says("risk to life declared"):
            raise AssertionError("a case that was decided came back")
        if keys.says(URGENT):
            self._declares()
            self._files("by its facts", "b 3 Enter")
        elif keys.says("The same picture was decided"):
            self._files("as before", "=")
        elif keys.says(DISPUTED):
            self._looks()
            self.keys.press("a 3 y")
            keeps_a_picture(self.keys, "shift-form")
            self._files("disputed", "Enter")
            spent = LOOKING
        elif keys.says("A vetted list vouches"):
            self._files("by its facts", "b 3 f Enter")
        elif keys.says("What somebody wrote"):
            self._files("page", "n Enter")
        elif keys.page.locator("#panel").count() == 0:
            self._files("conversation", "n Enter")
        else:
            self._looks()
            self._files("looked at", "n Enter")
            spent = LOOKING
        self.shift.passes(spent)

    def _files(self, how: str, keys: str) -> None:
        if not self.did[how]:
            keeps_a_picture(self.keys, f"shift-{how.replace(' ', '-')}")
        self.did[how] += 1
        self.keys.leads(keys, FILED)
        if "/alike" in self.keys.page.url:
            # Each copy of this shift is decided by itself: what is to be seen there, other tests show.
            self.did["copies left"] += 1
            self.keys.leads("n", "**done=filed*")

    def _looks(self) -> None:
        """Look, blurred first and then clear; where a break is due, take it."""
        for held in ("r", "Shift R"):
            if not self.keys.looks_at(held):
                self.keys.sees("a break is due until")
                self.did["break"] += 1
                assert not self.keys.looks_at(held), "a break cannot be pressed away"
                self.shift.passes(timedelta(minutes=BREAK))
                assert self.keys.looks_at(held)

    def _declares(self) -> None:
        """Declare a risk to life, see that somebody was reached, and go back to the case."""
        keys = self.keys
        keys.leads("!", "**/emergency?item=*")
        keys.leads("Enter", "**/console/emergencies/*")
        keys.sees("The person on call was reached.")
        keys.sees(f"Call {NUMBER}")
        keeps_a_picture(keys, "shift-emergency")
        keys.leads("o", "**/console/cases/*")
        self.did["emergency"] += 1


def arrives_for_work(browser: Browser, shift: Shift, name: str) -> Keyboard:
    """Let somebody sign in, in a browser of their own."""
    page = browser.new_context(base_url=shift.site.url, viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(15_000)
    page.goto("/console/sign-in")
    keys = Keyboard(page)
    gives_password(keys, name)
    return keys


def takes_the_next(keys: Keyboard, shift: Shift, name: str) -> None:
    """Take the next case from the queue: it is that of this item."""
    keys.leads("g c", "**/console/queue")
    keys.leads("Enter", "**/console/cases/*")
    assert str(shift.items[name]) in keys.page.locator("main").inner_text()


def others_see_the_dispute_through(shift: Shift, ben: Keyboard, cleo: Keyboard) -> None:
    """Let a second find otherwise, and a third settle it, each without knowing what was found."""
    for keys in (ben, cleo):
        assert shift.view("disputed").outcome is None
        takes_the_next(keys, shift, "disputed")
        keys.sees("hidden from you until an outcome stands")
        assert not keys.says("filed illegal")
        keys.leads("b 3 Enter", "**done=*")
        shift.site.follow()
    settled = shift.view("disputed").outcome
    assert (settled.finding, settled.category) == (Finding.ILLEGAL, Category.B)
    assert len(shift.view("disputed").assessments) == 3


def an_appeal_is_heard(shift: Shift, name: str, by: Keyboard) -> None:
    """Let somebody contest an outcome, and let a person who did not decide it look afresh and undo it."""
    program = shift.site.machinery
    with program.database.begin() as tx:
        receive_appeal(
            tx,
            item_id=shift.items[name],
            statement=WORDS,
            by=f"account-{name}",
            record=program.recorder.record,
            now=program.clock(),
        )
    shift.site.follow()
    takes_the_next(by, shift, name)
    by.sees(WORDS)
    assert by.looks_at("Shift R")
    by.leads("n Enter", "**done=*")
    shift.site.follow()
    assert shift.view(name).outcome.finding is Finding.NOT_ILLEGAL
    assert not shift.view(name).is_held


def a_lead_undoes_an_outcome(shift: Shift, name: str, lead: Keyboard) -> None:
    """Let a lead find a case by its account and reverse what was settled there."""
    assert shift.view(name).outcome is not None
    lead.press("Control+k")
    lead.types(f"account-{name}")
    lead.press("Enter")
    lead.page.locator("#palette #found a").wait_for()
    lead.leads("Enter", "**/console/cases/*")
    lead.press(". r")
    lead.types("a mistake")
    lead.press("Tab")
    lead.leads("Enter", lambda url: "done=reversed" in url)
    shift.site.follow()
    assert shift.view(name).outcome is None


@pytest.mark.slow  # a minute of two cores; CONTRIBUTING.md names the tests that claim its parts
@pytest.mark.timeout(420)
def test_twenty_cases_by_keyboard_with_every_picture_asked_for_and_none_left_behind(
    shift: Shift, tmp_path: Path
) -> None:
    came = fill_the_queue(shift, tmp_path)
    shown = noted(shift.site.console.reader)
    profile = tmp_path / "profile"
    by_name = f"http://localhost:{urlsplit(shift.site.url).port}"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1280, "height": 800}
        )
        pointed = watch_for_pointers(context)
        page = context.pages[0]
        page.set_default_timeout(15_000)
        keys = Keyboard(page)
        intercepted, ann = Intercepted(page, keys), Analyst(keys, shift)
        signs_in_by_passkey(keys, by_name)
        ann.works_off_everything()
        keys.leads("g e", "**/console/exposure")
        keeps_a_picture(keys, "shift-exposure")
        context.close()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        ben, cleo, lea = (arrives_for_work(browser, shift, name) for name in (BEN, CLEO, LEA))
        others_see_the_dispute_through(shift, ben, cleo)
        an_appeal_is_heard(shift, "near-2", ben)
        a_lead_undoes_an_outcome(shift, "near-1", lea)
        browser.close()
    assert ann.did == {
        "by its facts": 8,
        "as before": 3,
        "disputed": 1,
        "looked at": 5,
        "conversation": 1,
        "page": 2,
        "break": 1,
        "emergency": 1,
        "copies left": 3,
    }
    assert pointed == []
    assert intercepted.wrong == []
    assert intercepted.pictures == keys.looks == 12
    assert files_with(profile, *came, *shown[: keys.looks]) == []
    told = [one.payload["type"] for one in shift.pager.wait_for(1, timeout=10)]
    assert told == ["risk_to_life_declared"]
