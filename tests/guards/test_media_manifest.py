"""Every picture, sound, film and font in the repository is listed with its origin, licence and digest."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDORED = "src/safehold/web/static/VENDORED.md"
MEDIA = {
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ico", ".avif", ".heic", ".heif"),
    *(".mp4", ".mov", ".webm", ".mkv", ".avi", ".mp3", ".wav", ".ogg", ".flac", ".m4a"),
    *(".woff", ".woff2", ".ttf", ".otf"),
}
NEEDED = {"file", "sha256", "origin", "licence"}


def files() -> list[str]:
    """Return every file that belongs to the repository, tracked or about to be, by its path in it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def needs_a_line(name: str, data: bytes) -> bool:
    """Say whether a file has to be in a manifest: what is media by its name, and all that is no text."""
    return Path(name).suffix.lower() in MEDIA or not is_text(data)


def listed() -> dict[str, dict[str, str]]:
    """Return what the manifests say, by path in the repository."""
    known: dict[str, dict[str, str]] = {}
    for name in files():
        if name.endswith("/manifest.json"):
            for entry in json.loads((ROOT / name).read_text(encoding="utf-8")):
                known[f"{name.removesuffix('manifest.json')}{entry['file']}"] = entry
    return known | vendored((ROOT / VENDORED).read_text(encoding="utf-8"))


def vendored(text: str) -> dict[str, dict[str, str]]:
    """Return the rows of the table of vendored files."""
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if line.startswith("| `")]
    folder = VENDORED.rpartition("/")[0]
    return {
        f"{folder}/{row[0].strip('`')}": {
            "file": row[0].strip("`"),
            "origin": f"{row[1]} {row[2]}",
            "licence": row[3],
            "sha256": row[4].strip("`"),
        }
        for row in rows
    }


def test_every_media_file_is_listed_and_is_what_the_list_says() -> None:
    known, wrong = listed(), []
    for name in files():
        data = (ROOT / name).read_bytes()
        if not needs_a_line(name, data):
            continue
        if name not in known:
            wrong.append(f"{name} is in no manifest")
        elif known[name]["sha256"] != hashlib.sha256(data).hexdigest():
            wrong.append(f"{name} is not the file that its manifest describes")
    assert wrong == []


def test_every_line_says_where_it_comes_from_and_under_which_licence() -> None:
    assert {name for name, entry in listed().items() if not all(entry.get(key) for key in NEEDED)} == set()


def test_no_line_is_about_a_file_that_is_gone() -> None:
    assert {name for name in listed() if not (ROOT / name).is_file()} == set()


def test_the_photos_of_the_demonstration_are_among_the_listed() -> None:
    assert sum(name.startswith("examples/photos/") for name in listed()) >= 12


def test_no_drawing_holds_a_picture() -> None:
    drawings = [name for name in files() if name.endswith(".svg")]
    assert [name for name in drawings if re.search(r"<image\b|data:", (ROOT / name).read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("name", "data"),
    [("a/photo.JPG", b""), ("a/film.mp4", b""), ("a/notes.txt", b"\xff\xd8\xff\xe0"), ("a/data", b"\0")],
)
def test_what_is_no_text_needs_a_line_whatever_it_is_called(name: str, data: bytes) -> None:
    assert needs_a_line(name, data)


def test_text_needs_no_line() -> None:
    assert not needs_a_line("README.md", "Grüße".encode())
