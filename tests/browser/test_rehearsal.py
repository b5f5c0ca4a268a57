"""A rehearsal as staff go through it: one command, its drills by keyboard up to the receipts, the review."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gallery import found_by_axe
from keyboard import Keyboard
from playwright.sync_api import Browser, expect

from safehold.testing.processes import free_port

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from safehold.cli.main import run; run()", "demo", "--rehearsal"]
BAR = "Everything here is practice on harmless files"
DONE = re.compile("done=")


class Rehearsal:
    """A running `safehold demo --rehearsal`, and what it says."""

    def __init__(self, process: subprocess.Popen[str], chromium: Browser) -> None:
        self.process = process
        self.said = ""
        self.hears("Ctrl-C stops everything")
        self._chromium = chromium

    def hears(self, words: str) -> None:
        """Read on until it has said this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(self.said)

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.said, re.MULTILINE)
        assert match, self.said
        return match[1]

    def person(self, name: str) -> Keyboard:
        """Sign somebody in, in a browser of their own."""
        base = self.found(r"Console +(\S+)/console$")
        context = self._chromium.new_context(base_url=base, viewport={"width": 1280, "height": 860})
        keys = Keyboard(context.new_page())
        keys.page.set_default_timeout(20_000)
        keys.page.goto("/console/sign-in")
        expect(keys.page.get_by_role("complementary", name="Rehearsal")).to_contain_text(BAR)
        keys.page.wait_for_function("() => document.activeElement.name === 'name'")
        keys.types(name)
        keys.press("Tab")
        keys.types(self.found(r"Password +(\S+)"))
        keys.leads("Enter", lambda url: not url.endswith("/console/sign-in"))
        return keys

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def rehearsal(tmp_path: Path, chromium: Browser) -> Iterator[Rehearsal]:
    if not (ROOT / "build" / "examples" / "listed").is_dir():
        pytest.fail("`make examples` writes the altered copies that are uploaded")
    listen = f"127.0.0.1:{free_port(following=1)}"  # pictures take the port after it
    where = ["--listen", listen, "--folder", str(tmp_path / "data"), "--fault", "lost-reply"]
    with subprocess.Popen(
        [*COMMAND, *where], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        try:
            yield Rehearsal(process, chromium)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def comes_to(keys: Keyboard, words: str) -> None:
    """Load the page again until it says this: what follows from a step takes a worker a moment."""
    for _ in range(120):
        if keys.says(words):
            return
        keys.page.wait_for_timeout(250)
        keys.page.reload()
    raise AssertionError(f"{keys.page.url} never says {words!r}")


def finds(keys: Keyboard, number: str, *, takes: bool = True) -> None:
    """Open a case by its number, and take it."""
    keys.leads("g f", "**/console/find")
    keys.page.wait_for_function("() => document.activeElement.name === 'text'")
    keys.types(number)
    keys.leads("Enter", "**/console/cases/*")
    if takes:
        comes_to(keys, "Take this case")
        keys.leads("Enter", re.compile("done=taken"))


def assesses(keys: Keyboard, number: str) -> None:
    """Look as the guide says, and file category A."""
    finds(keys, number)
    assert keys.looks_at("r")
    assert keys.looks_at("Shift R")
    keys.leads("a 3 Enter", DONE)


def reads_and_sends(keys: Keyboard) -> None:
    """Open the report that is due first, read it as a letter, send it."""
    keys.leads("g t", "**/console/authorities")
    comes_to(keys, "waits for a person")
    keys.leads("o", "**/console/authorities/*")
    keys.sees("Rehearsal: this is practice with harmless files, and nothing happened.")
    expect(keys.page.get_by_role("complementary", name="Rehearsal")).to_contain_text(BAR)
    keys.leads("Enter", re.compile("done=authority-sent"))


def is_whole_on_a_phone(keys: Keyboard) -> None:
    """See that the page with its bar is accessible in the dark and fits a phone."""
    keys.page.emulate_media(color_scheme="dark")
    keys.page.set_viewport_size({"width": 390, "height": 844})
    assert found_by_axe(keys.page) == []
    assert keys.page.evaluate("document.documentElement.scrollWidth") <= 390
    keys.page.set_viewport_size({"width": 1280, "height": 860})


@pytest.mark.timeout(300)
def test_from_one_command_to_the_receipt_its_correction_and_an_emergency_in_spite_of_a_lost_reply(
    rehearsal: Rehearsal,
) -> None:
    """It takes its time: a start of everything, six people, twelve pages, three reports. One walk for all."""
    case = rehearsal.found(r"^Drill 1, .* case (\d+)$")
    assert "the answer to the last call is lost" in rehearsal.said
    assesses(rehearsal.person("analyst-1"), case)
    assesses(rehearsal.person("analyst-2"), case)
    rehearsal.hears("assessed by a second person")

    lead = rehearsal.person("lead")
    finds(lead, case, takes=False)
    comes_to(lead, "Approve")
    lead.leads(". a", re.compile("done=approved"))
    legal = rehearsal.person("legal")
    reads_and_sends(legal)
    rehearsal.hears("receipt on record")
    legal.leads("u", "**/console/authorities/*")
    legal.sees(rehearsal.found(r"receipt on record, reference (\d+)$"))
    is_whole_on_a_phone(legal)

    rehearsal.hears("contested by the account")
    third = rehearsal.person("analyst-3")
    finds(third, case)
    assert third.looks_at("Shift R")
    third.leads("n Enter", DONE)
    rehearsal.hears("assessed afresh by somebody else")
    reads_and_sends(legal)
    rehearsal.hears("receipt of the correction on record")

    finds(third, rehearsal.found(r"^Drill 3, .* case (\d+),"), takes=False)
    third.leads("!", "**/emergency**")
    third.leads("Enter", "**/console/emergencies/*")
    third.leads("s", "**/console/authorities/*")
    third.leads("Enter", re.compile("done=authority-sent"))
    rehearsal.hears("receipt on record")
    third.leads("!", "**/console/emergencies/*")
    third.press("t")
    third.types("The authority of this rehearsal")
    third.leads("Enter", re.compile("done=emergency-reported"))
    rehearsal.hears("clock stopped")

    review = rehearsal.stop()
    assert rehearsal.process.returncode == 0
    assert "The authority took 3 reports in this run." in review
    assert "from a match to the receipt, round 1" in review
    assert "what went wrong: 1 calls without an answer; 1 calls answered with a refusal" in review
    assert re.search(r"legal +report read and sent", review)
    assert re.search(r"Arranged for the first report after .*: lost-reply\.", review)
    assert "3 of 3 drills finished." in review
    assert "Traceback" not in rehearsal.said + review
