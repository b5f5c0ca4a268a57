"""`safehold lists rehearse`: a whole list, in numbers, never few, never often, and on record."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.detect.kept_days import KeptDays
from safehold.model.clock import utc_now
from safehold.storage.database import Database
from safehold.testing.commands import Run

VALUES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(1000)]
SETTINGS = """data_folder = "data"
[database]
url = "{url}"
[surfaces.uploads.lookback]
basis = "a law made for tests"
[surfaces.avatars.lookback]
basis = "a law made for tests"
[surfaces.practice]
rehearsal = true
[surfaces.practice.lookback]
basis = "a law made for tests"
[surfaces.plain]
"""


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(SETTINGS.format(url=database_url))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def declared(run: Run, folder: Path, values: list[str], *options: str, purpose: str = "csam") -> None:
    """Declare the list north, vetted unless options say otherwise, with these entries."""
    chosen = options or ("--vetted", "--provenance", "painted for tests")
    run("lists", "add", "north", "--purpose", purpose, *chosen)
    loaded(run, folder, values)


def loaded(run: Run, folder: Path, values: list[str]) -> None:
    file = folder / "north.txt"
    file.write_text("".join(value + "\n" for value in values))
    assert run("lists", "import", "north", file, "--accept-growth").code == 0


def kept(folder: Path, surface: str, values: list[str]) -> None:
    store = KeptDays(folder / "data" / "lookback")
    for number, value in enumerate(values):
        store.keep(surface, utc_now().date(), f"post-{number}", [bytes.fromhex(value)])
    store.flush()


def audited(database: Database) -> list[tuple[str, object]]:
    with database.begin() as tx:
        found = tx.run(
            sa.text("select verb, detail from audit_record where verb like 'lookback%' order by id")
        )
        return [(row.verb, row.detail) for row in found]


def test_a_whole_list_is_counted_by_surface_and_few_are_said_like_none(
    run: Run, tmp_path: Path, database: Database
) -> None:
    declared(run, tmp_path, VALUES)
    kept(tmp_path, "uploads", VALUES[:7])
    kept(tmp_path, "avatars", VALUES[:4])
    done = run("lists", "rehearse", "north")
    assert (done.code, done.err) == (0, "")
    assert done.out == "avatars: fewer than 5\npractice: fewer than 5\nuploads: 7\n"
    begun, ended = audited(database)
    assert begun == ("lookback.rehearse", {"entries": 1000, "to_seq": 1000, "surfaces": 3})
    told = {"avatars": "fewer than 5", "practice": "fewer than 5", "uploads": 7}
    assert ended == ("lookback.rehearsed", {"references": told})
    with database.begin() as tx:
        events = tx.run(sa.text("select 1 from event where kind = 'lookback_matched'")).all()
    assert events == [], "it tells nobody"


def test_a_test_list_is_rehearsed_on_rehearsal_surfaces_alone(run: Run, tmp_path: Path) -> None:
    declared(run, tmp_path, VALUES, "--may-hold", purpose="test")
    kept(tmp_path, "uploads", VALUES[:7])
    kept(tmp_path, "practice", VALUES[:6])
    assert run("lists", "rehearse", "north").out == "practice: 6\n"


def test_a_list_of_fewer_than_a_thousand_is_refused(run: Run, tmp_path: Path, database: Database) -> None:
    declared(run, tmp_path, VALUES[:999])
    refused = run("lists", "rehearse", "north")
    assert refused.code > 3
    assert "1000 different entries" in refused.err
    assert audited(database) == []


def test_exact_digests_do_not_make_a_list_long_enough(run: Run, tmp_path: Path) -> None:
    declared(run, tmp_path, VALUES[:1])
    file = tmp_path / "more.csv"
    file.write_text("signal_type,value\n" + "".join(f"sha256,{value}\n" for value in VALUES))
    run("lists", "import", "north", file, "--accept-growth")
    assert "1000 different entries" in run("lists", "rehearse", "north").err


def test_a_list_whose_provenance_nobody_vetted_is_refused(run: Run, tmp_path: Path) -> None:
    declared(run, tmp_path, VALUES, "--provenance", "somewhere")
    assert "vetted" in run("lists", "rehearse", "north").err


def test_nearly_the_same_list_is_refused_for_the_difference_would_speak(run: Run, tmp_path: Path) -> None:
    declared(run, tmp_path, VALUES)
    assert run("lists", "rehearse", "north").code == 0
    loaded(run, tmp_path, [secrets.token_hex(32)])
    assert "the difference would speak" in run("lists", "rehearse", "north").err.replace("\n", " ")


def test_it_may_be_asked_twice_a_day_and_a_refusal_counts_for_nothing(run: Run, tmp_path: Path) -> None:
    declared(run, tmp_path, VALUES)
    assert [run("lists", "rehearse", "north").code for _ in range(2)] == [0, 0]
    assert "2 times a day" in run("lists", "rehearse", "north").err


def test_where_no_surface_keeps_signals_it_says_so(run: Run, tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n[surfaces.uploads]\n'
    )
    declared(run, tmp_path, VALUES)
    assert run("lists", "rehearse", "north").out.startswith("No surface on which this list counts")


@pytest.mark.parametrize("asked", [VALUES[0], "photo.jpg", "../north", ""])
def test_it_takes_the_name_of_a_list_and_no_digest_or_picture(run: Run, tmp_path: Path, asked: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    assert "no list of this name" in run("lists", "rehearse", asked).err
