"""The whole way once, as its newcomer goes it: one command, a case decided by keyboard, and what follows."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from safehold.testing.processes import free_port

ROOT = Path(__file__).parents[2]
DEMO = "from safehold.cli.main import run; run()"


class Demo:
    """A running `safehold demo` and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.said = "".join(lines)

    def shown(self, name: str) -> str:
        found = re.search(rf"^ +{name} +(\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    if not (ROOT / "build" / "examples" / "listed").is_dir():
        pytest.fail("`make examples` writes the altered copies that the demo uploads")
    listen = f"127.0.0.1:{free_port(following=1)}"  # pictures take the port after it
    command = [sys.executable, "-c", DEMO, "demo", "--listen", listen, "--folder", str(tmp_path / "data")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        try:
            yield Demo(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def press(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait until it is there."""
    with page.expect_navigation():
        page.keyboard.press(key)


def confirm_by_keyboard(page: Page) -> None:
    """Take the next case, find an item that a vetted list vouches for, and confirm it, with keys alone."""
    press(page, "Enter")
    for _ in range(8):
        if page.get_by_text("you can confirm it without looking").count():
            break
        press(page, "j")
    page.keyboard.press("b")
    page.keyboard.press("3")
    press(page, "Enter")


def test_from_one_command_to_a_decided_case_a_webhook_and_an_intact_audit_trail(
    demo: Demo, chromium: Browser
) -> None:
    assert re.search(r"Answers: .*\bhold", demo.said)
    page = chromium.new_page(viewport={"width": 1280, "height": 860})
    console = demo.shown("Console")
    page.goto(console)
    page.fill("input[name=name]", demo.shown("Name"))
    page.fill("input[name=password]", demo.shown("Password"))
    press(page, "Enter")
    assert page.url.startswith(f"{console}/queue")

    confirm_by_keyboard(page)

    def told() -> int:
        page.goto(f"{console}/webhooks?state=delivered")
        return page.get_by_text("proposal approved").count()

    for _ in range(60):
        if told():
            break
        page.wait_for_timeout(500)
    assert told() == 1
    page.goto(f"{console}/audit")
    press(page, "Enter")
    expect(page.get_by_text("Unanchored since")).to_be_visible()
    assert page.locator(".chip.stop").count() == 0
    page.close()

    assert "1 webhooks arrived, 0 were not in order" in demo.stop()
    assert demo.process.returncode == 0
