"""The tutorial from a folder of photos to a large index: its own commands, with fewer entries."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from safehold.testing.pictures import landscape
from safehold.testing.processes import free_port

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "ten-million-entries.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
ENTRIES = 70_000
"""Enough to be written into a segment."""
ORIENTATION = 0x0112
"""The tag of a photo's notes that says how the camera was held."""


def commands() -> list[str]:
    """Return what the page tells people to type, block by block."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def as_a_script(port: int) -> str:
    """Return the page as one script: with fewer entries, on a free port, in the environment that there is."""
    blocks = commands()
    assert "make setup" in blocks[0]
    text = "\n".join(f"echo '== {number}'\n{block}" for number, block in enumerate(blocks[1:], 2))
    for written, instead in (
        ("10_000_000", str(ENTRIES)),
        ("127.0.0.1:8410", f"127.0.0.1:{port}"),
        ("bench search --full", "bench search --entries 2000"),
    ):
        assert written in text
        text = text.replace(written, instead)
    return text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home of somebody with photos: the first was taken with the camera turned, one is a copy."""
    pictures = tmp_path / "Pictures" / "summer"
    pictures.mkdir(parents=True)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    landscape(7).save(tmp_path / "Pictures" / "DSC_0001.JPG", exif=turned)
    for number in range(3):
        landscape(number).save(pictures / f"{number}.jpg", quality=90)
    with Image.open(pictures / "0.jpg") as picture:
        picture.save(pictures / "copy.png")
    (tmp_path / "Pictures" / "notes.txt").write_text("no picture\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_of_the_page_does_what_the_page_says(home: Path) -> None:
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFEHOLD_")}
    work = home / "work"
    work.mkdir()
    with subprocess.Popen(
        ["bash", "-c", as_a_script(free_port())],
        cwd=work,
        env=environment | {"HOME": str(home), "PATH": tools, "NO_PROXY": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as typing:
        try:
            out, _ = typing.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(typing.pid, signal.SIGKILL)
    assert typing.returncode == 0, out
    said = dict(re.findall(r"^== (\d+)\n(.*?)(?=^== |\Z)", out, re.MULTILINE | re.DOTALL))
    assert "mine" in said["4"]
    assert "copies/small.jpg" in said["4"]
    assert f"{ENTRIES}" in said["6"].replace(",", "")
    copy, last = (json.loads(line) for line in re.findall(r"^\{.*\}$", said["8"], re.M))
    assert (copy["result"], copy["matches"][0]["list"]) == ("hold", "mine")
    assert (last["result"], last["matches"][0]["list"], last["matches"][0]["distance"]) == (
        "review",
        "many",
        0,
    )
    assert re.search(r"entries in segments: 7\d{4} pdq", said["9"])
    assert "goals met" in said["9"]
    assert list(work.iterdir()) == []


def test_the_page_runs_in_an_environment_of_its_own_checkout() -> None:
    assert commands()[0].splitlines() == ["make setup", "source .venv/bin/activate"]
