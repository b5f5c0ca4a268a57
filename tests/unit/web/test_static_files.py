"""What is served as a static file: our own, and vendored files that are what VENDORED.md says."""

import hashlib
import re

from safehold.web.static_files import FOLDER, static_files


def vendored() -> dict[str, str]:
    """Return the checksums that VENDORED.md lists, by file."""
    rows = re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (FOLDER / "VENDORED.md").read_text(), re.M)
    return dict(rows)


def test_every_vendored_file_is_the_one_that_is_listed() -> None:
    listed = vendored()
    assert listed
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in listed}
    assert found == listed


def test_every_font_is_listed_and_has_its_licence_beside_it() -> None:
    fonts = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.woff2")}
    assert fonts <= vendored().keys()
    text = (FOLDER / "VENDORED.md").read_text()
    for licence in re.findall(r"`(fonts/LICENSE-[^`]+)`", text):
        assert "SIL Open Font License" in (FOLDER / licence).read_text()


def test_only_styles_scripts_pictures_and_fonts_of_ours_are_served() -> None:
    kinds = {media_type for _, media_type in static_files().files.values()}
    assert kinds == {"text/css", "text/javascript", "image/svg+xml", "font/woff2"}
    assert not any(name.endswith(".md") for name in static_files().files)


def test_every_file_that_a_style_sheet_or_script_names_is_served() -> None:
    files = static_files().files
    for name, (content, _) in files.items():
        if not name.endswith((".css", ".js")):
            continue
        for named in re.findall(r"""(?:url\(|from )["']([^"']+)["']""", content.decode()):
            path = (FOLDER / name).parent.joinpath(named).resolve().relative_to(FOLDER).as_posix()
            assert path in files, f"{name} names {named}"
