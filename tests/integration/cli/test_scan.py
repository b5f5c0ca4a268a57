"""`safehold scan`: each kind of file gets the row it deserves, and the exit code sums them up."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pillow_heif
import pyarrow.parquet as pq
import pytest
from PIL import Image

from safehold.app.file_scan import scan_files
from safehold.detect.known import KnownLists
from safehold.signals.pdq import Pdq
from safehold.testing.alterations import saved
from safehold.testing.commands import Run
from safehold.testing.pictures import landscape
from safehold.vault.decoding.pool import DecoderPool

SIZE = (320, 240)
LISTED, OTHER = landscape(1, SIZE), landscape(2, SIZE)
DIGEST = Pdq().of_frame(np.asarray(LISTED)).text
JPEG = saved(LISTED, "JPEG", quality=90)


def heic() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(LISTED).save(file, quality=90)
    return file.getvalue()


def sixteen_bits() -> bytes:
    grey = np.asarray(LISTED.convert("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def animation() -> bytes:
    """One frame of five is the listed picture."""
    frames = [landscape(seed, SIZE) for seed in (10, 11, 12, 1, 13)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


MATCHING = {
    "photo.jpg": JPEG,
    "photo.png": saved(LISTED, "PNG"),
    "photo.gif": saved(LISTED, "GIF"),
    "photo.bmp": saved(LISTED, "BMP"),
    "photo.tif": saved(LISTED, "TIFF"),
    "photo.webp": saved(LISTED, "WEBP"),
    "photo.avif": saved(LISTED, "AVIF"),
    "photo.heic": heic(),
    "cmyk.jpg": saved(LISTED.convert("CMYK"), "JPEG"),
    "palette.png": saved(LISTED.quantize(64), "PNG"),
    "sixteen-bits.png": sixteen_bits(),
    "animation.gif": animation(),
    "really-a-jpeg.png": JPEG,
    "nested/deep/er/photo.jpg": JPEG,
    "new\nline.jpg": JPEG,
    "red\x1b[31m.jpg": JPEG,
    os.fsdecode(b"no-utf8-\xff\xfe.jpg"): JPEG,
}
CLEAR = {"other.jpg": saved(OTHER, "JPEG"), "grey.png": saved(Image.new("RGB", (64, 64), "grey"), "PNG")}
UNSCANNED = {
    "cut.jpg": (JPEG[: len(JPEG) // 2], "decoder:truncated"),
    "text.jpg": (b"this is text\n" * 50, "decoder:mislabelled"),
    "notes.txt": (b"hello", "decoder:unsupported"),
    "empty.jpg": (b"", "empty_file"),
}


@pytest.fixture
def bare_list(tmp_path: Path) -> Path:
    """Return a list file with the listed picture, as bare lines."""
    path = tmp_path / "bare.txt"
    path.write_text(DIGEST + "\n")
    return path


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """Return a folder with a file of every kind."""
    folder = tmp_path / "zoo"
    for name, content in [*MATCHING.items(), *CLEAR.items(), *((n, c) for n, (c, _) in UNSCANNED.items())]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.mkfifo(folder / "fifo.jpg")
    for name, target in (
        ("dangling.jpg", "nowhere"),
        ("loop-1", "loop-2"),
        ("loop-2", "loop-1"),
        ("back-up", "."),
        ("elsewhere", str(tmp_path.parent)),
        ("link.jpg", "photo.jpg"),
    ):
        (folder / name).symlink_to(target)
    return folder


def test_a_folder_of_every_kind_of_file_gets_a_row_for_each(run: Run, zoo: Path, bare_list: Path) -> None:
    ended = run("scan", zoo, "--list", bare_list, "--format", "json")
    rows = {row["path_base64"] or row["path"].removeprefix(f"{zoo}/"): row for row in ended.rows}

    matched = {name for name, row in rows.items() if row["matches"]}
    undecodable = {row["path_base64"] for row in ended.rows if row["path_base64"]}
    assert len(undecodable) == 1
    assert matched == {name for name in MATCHING if "no-utf8" not in name} | undecodable | {"link.jpg"}
    assert {name: row["error"] for name, row in rows.items() if row["error"]} == {
        **{name: why for name, (_, why) in UNSCANNED.items()},
        "fifo.jpg": "not_a_file",
        "dangling.jpg": "not_found",
        "loop-1": "not_found",
        "loop-2": "not_found",
        "elsewhere": "linked_folder",
    }
    assert rows["grey.png"]["limits"] == ["low_detail:pdq"]
    assert ended.code == 3
    assert ended.err == ""


def test_a_row_is_the_documented_object(run: Run, zoo: Path, bare_list: Path) -> None:
    (row,) = run("scan", zoo / "photo.png", "--list", bare_list, "--format", "json").rows

    assert (row["path"], row["media_type"], row["error"]) == (str(zoo / "photo.png"), "image/png", None)
    signals = {signal["type"]: signal for signal in row["signals"]}
    assert (signals["pdq"]["value"], signals["pdq"]["quality"]) == (DIGEST, 100)
    assert signals["sha256"]["value"] == row["sha256"]
    (match,) = row["matches"]
    assert match.pop("entry_id")
    assert match == {
        "list": "bare.txt",
        "signal_type": "pdq",
        "distance": 0,
        "category": None,
        "labels": [],
        "turn": "none",
    }


def test_a_photo_that_is_on_no_list_is_read_fast_unless_exact_is_asked_for(
    run: Run, zoo: Path, bare_list: Path
) -> None:
    def modes(*options: str) -> list[str]:
        files = (zoo / "other.jpg", zoo / "photo.jpg", zoo / "photo.png")
        return [
            row["mode"] for row in run("scan", *files, "--list", bare_list, "--format", "json", *options).rows
        ]

    assert modes() == modes("--mode", "fast") == ["fast", "exact", "exact"]
    assert modes("--mode", "exact") == ["exact", "exact", "exact"]
    assert run("scan", zoo, "--list", bare_list, "--mode", "quick").code == 64


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("other.jpg",), 0),
        (("other.jpg", "photo.jpg"), 1),
        (("other.jpg", "cut.jpg"), 2),
        (("photo.jpg", "fifo.jpg"), 3),
    ],
)
def test_the_exit_code_sums_up_what_was_found(
    run: Run, zoo: Path, bare_list: Path, names: tuple[str, ...], code: int
) -> None:
    ended = run("scan", *(zoo / name for name in names), "--list", bare_list)

    assert ended.code == code
    assert len(ended.out.splitlines()) == 1 + len(names)


def test_a_file_that_was_cut_short_can_match_by_its_digest_and_still_counts_as_not_scanned(
    run: Run, zoo: Path, tmp_path: Path
) -> None:
    hashed = run("hash", zoo / "cut.jpg", "--format", "json")
    (sha256,) = [signal["value"] for signal in hashed.rows[0]["signals"] if signal["type"] == "sha256"]
    (tmp_path / "l.csv").write_text(f"signal_type,value\nsha256,{sha256}\n")

    ended = run("scan", zoo / "cut.jpg", "--list", "l.csv", "--format", "json")
    assert (ended.code, len(ended.rows[0]["matches"]), ended.rows[0]["error"]) == (3, 1, "decoder:truncated")


def test_nothing_in_a_file_name_reaches_the_terminal_as_a_command(
    run: Run, zoo: Path, bare_list: Path
) -> None:
    odd = [zoo / name for name in MATCHING if not str(name).isprintable()]
    ended = run("scan", *odd, "--list", bare_list)

    assert len(odd) == 3
    assert len(ended.out.splitlines()) == 4
    assert all(line.isprintable() for line in ended.out.splitlines())


def test_csv_and_parquet_hold_what_json_holds(run: Run, zoo: Path, bare_list: Path, tmp_path: Path) -> None:
    names = [zoo / name for name in ("photo.jpg", "other.jpg", "cut.jpg")]
    as_csv = run("scan", *names, "--list", bare_list, "--format", "csv")
    as_parquet = run("scan", *names, "--list", bare_list, "--format", "parquet", "--output", tmp_path / "p")
    as_json = run("scan", *names, "--list", bare_list, "--format", "json", "--output", tmp_path / "j")

    records = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert [(record["list"], record["distance"], record["error"]) for record in records] == [
        ("bare.txt", "0", ""),
        ("", "", ""),
        ("", "", "decoder:truncated"),
    ]
    table = pq.read_table(tmp_path / "p").to_pylist()
    assert [row["path"] for row in table] == [record["path"] for record in records]
    assert [row["distance"] for row in table] == [0, None, None]
    assert (as_csv.code, as_parquet.code, as_json.code) == (3, 3, 3)
    assert (as_parquet.out, as_json.out) == ("", "")
    assert len((tmp_path / "j").read_text().splitlines()) == 3


def test_every_form_of_list_file_is_read_and_several_count_together(
    run: Run, zoo: Path, bare_list: Path, tmp_path: Path
) -> None:
    line = f'{{"signal_type": "pdq", "value": "{DIGEST}", "category": "A", "labels": ["x"]}}\n'
    (tmp_path / "l.jsonl").write_text(line)
    (tmp_path / "l.csv").write_text(f"signal_type,value,category\npdq,{DIGEST},B\n")
    lists = ("--list", "l.jsonl", "--list", "l.csv", "--list", bare_list)

    ended = run("scan", zoo / "photo.jpg", *lists, "--format", "json")
    matches = {match["list"]: (match["category"], match["labels"]) for match in ended.rows[0]["matches"]}
    assert matches == {"l.jsonl": ("A", ["x"]), "l.csv": ("B", []), "bare.txt": (None, [])}


def test_of_several_list_files_the_one_that_cannot_be_read_is_named(
    run: Run, zoo: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("0123456789abcdef" * 4 + "\n")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    ended = run("scan", zoo / "photo.jpg", "--list", "good.txt", "--list", "bad.csv", "--list", "gone.txt")
    assert (ended.code, ended.out) == (71, "")
    assert ended.err.startswith("'bad.csv': The list file is of no form")


def test_bad_lines_are_named_and_the_rest_counts_unless_strict(run: Run, zoo: Path, tmp_path: Path) -> None:
    good = f'{{"signal_type": "pdq", "value": "{DIGEST}"}}'
    (tmp_path / "l.jsonl").write_text(f'nonsense\n{good}\n{{"signal_type": "pdq", "value": "12"}}\n')

    ended = run("scan", zoo / "photo.jpg", "--list", "l.jsonl")
    assert ended.code == 1
    assert [line.partition(":")[0:3:2] for line in ended.err.splitlines()] == [
        ("l.jsonl", " line 1 left out: not a JSON object"),
        ("l.jsonl", " line 3 left out: pdq: 2 characters, expected 64 hexadecimal ones."),
    ]
    strict = run("scan", zoo / "photo.jpg", "--list", "l.jsonl", "--strict")
    assert (strict.code, strict.out) == (71, "")
    assert strict.err.startswith("'l.jsonl' has bad lines. ")
    assert "Line 1: " in strict.err
    assert "Line 3: " in strict.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere", "--list", "bare.txt"), 72, "'nowhere' does not exist"),
        (("void", "--list", "bare.txt"), 72, "no file in these folders"),
        (("other.jpg", "--list", "nowhere.csv"), 71, "cannot be opened"),
        (("other.jpg", "--list", "northland"), 72, "There is no database here"),
        (("other.jpg",), 72, "There is no database here"),
        (("other.jpg", "--list", "bare.txt", "--output", "void/x/y"), 71, "output file cannot be written"),
    ],
)
def test_what_makes_a_scan_impossible_is_said_and_never_a_code_of_a_scan(
    run: Run, tmp_path: Path, bare_list: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "void" / "inner").mkdir(parents=True)
    (tmp_path / "other.jpg").write_bytes(CLEAR["other.jpg"])

    ended = run("scan", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_hashing_what_cannot_be_read_is_a_failure_and_no_result_of_a_scan(run: Run, zoo: Path) -> None:
    whole = run("hash", zoo / "photo.jpg")
    assert whole.code == 0
    assert "  pdq     " in whole.out
    unread = run("hash", *(zoo / name for name in ("cut.jpg", "empty.jpg", "fifo.jpg", "dangling.jpg")))
    assert unread.code == 71
    assert run("hash", zoo / "photo.jpg", zoo / "empty.jpg", "--format", "json").code == 71
    assert run("hash", "nowhere").code == 72


def test_a_scan_that_is_broken_off_waits_for_no_decoder(zoo: Path) -> None:
    files = [zoo / "photo.jpg"] * 20
    with DecoderPool(1) as pool:
        rows = scan_files(files, known=KnownLists({}), pool=pool, workers=1)
        assert next(rows).sha256 is not None
        assert len(pool.pids) == 1
        rows.close()
        assert pool.pids == ()
