"""The default install is permissive; LGPL only as unmodified wheels named here, never GPL or AGPL."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

PERMISSIVE = {
    *(
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "0BSD",
        "Apache-2.0",
        "ISC",
        "Zlib",
        "PSF-2.0",
    ),
    *("CC0-1.0", "Unlicense"),
    *("MIT License", "BSD License", "Apache Software License", "ISC License (ISCL)", "ISC License"),
    "Python Software Foundation License",
}
UNMODIFIED_WHEELS = dict.fromkeys(("psycopg", "psycopg-binary", "psycopg-pool"), "LGPL-3.0-only")
SAID_IN_THEIR_FILE_ALONE = {"pyrage": "MIT"}
"""Packages whose facts name no licence; that their file is this one is looked up."""
FILES_OF_CERTIFICATES = {"certifi": "MPL-2.0"}
"""A list of certificate authorities under a licence that covers its own file alone."""


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, extra: str = "") -> list[Requirement]:
    lines = [Requirement(line) for line in requires(name) or []]
    return [line for line in lines if line.marker is None or line.marker.evaluate({"extra": extra})]


def default_install() -> dict[str, Distribution]:
    """Return every package that the default install needs, however indirectly."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in declared["dependencies"]]
    while waiting:
        wanted = waiting.pop()
        name = normalised(wanted.name)
        found.setdefault(name, distribution(name))
        for extra in ("", *wanted.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += needed(name, extra)
    return found


def licences(package: Distribution) -> set[str]:
    """Return the licences that a package names, one by one; of a choice ("OR") any will do."""
    facts = package.metadata
    text = facts.get("License-Expression") or said_in_its_file(package)
    if not text:
        named = [
            line.rpartition(" :: ")[2] for line in facts.get_all("Classifier") or [] if line[:7] == "License"
        ]
        text = " AND ".join(named) or (facts.get("License") or "").partition("\n")[0]
    for choice in re.split(r"\s+OR\s+", text):
        parts = set(re.split(r"\s+AND\s+", choice.strip("() ")))
        if parts <= PERMISSIVE:
            return parts
    return set(re.split(r"\s+(?:AND|OR)\s+", text))


def said_in_its_file(package: Distribution) -> str:
    """Return the licence of a package that says it in its file alone, "" for every other package."""
    said = SAID_IN_THEIR_FILE_ALONE.get(normalised(package.metadata["Name"]), "")
    if not said:
        return ""
    files = [package.read_text(f"licenses/{name}") for name in package.metadata.get_all("License-File") or []]
    return said if any(text and text.startswith(f"The {said} License") for text in files) else ""


def objections(package: Distribution) -> set[str]:
    """Return the licences of a package that the default install must not bring."""
    name = normalised(package.metadata["Name"])
    excused = {
        UNMODIFIED_WHEELS.get(name),
        FILES_OF_CERTIFICATES.get(name),
        "Mozilla Public License 2.0 (MPL 2.0)",
    }
    if name not in {**UNMODIFIED_WHEELS, **FILES_OF_CERTIFICATES}:
        excused = set()
    return licences(package) - PERMISSIVE - excused


def test_every_package_of_the_default_install_is_permissive() -> None:
    found = {name: objections(package) for name, package in default_install().items()}
    assert {name: why for name, why in found.items() if why} == {}


def test_the_walk_goes_beyond_what_we_name_ourselves() -> None:
    assert {"psycopg-binary", "pydantic-core", "h11", "certifi"} <= set(default_install())


def test_the_heavy_libraries_of_others_are_not_brought_along() -> None:
    brought = set(default_install())
    assert (
        brought & {"numba", "faiss-cpu", "opencv-python", "opencv-python-headless", "scipy", "torch"} == set()
    )


def test_codecs_with_gpl_parts_come_by_an_extra_only() -> None:
    assert set(default_install()) & {"av", "pillow-heif"} == set()


def test_our_own_licence_is_in_the_repository() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("named", "is_fine"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND BSD-2-Clause", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("LGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_its_expression(tmp_path: Path, named: str, is_fine: bool) -> None:
    folder = tmp_path / "planted-1.0.dist-info"
    folder.mkdir()
    line = f"License-Expression: {named}\n" if named else ""
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: planted\nVersion: 1.0\n{line}")
    assert (objections(Distribution.at(folder)) == set()) is is_fine
