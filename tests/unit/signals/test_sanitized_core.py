"""The compiled search touches no memory but its own and does nothing undefined, whatever it is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = [
    *(ROOT / "native" / name for name in ("rows256.cpp", "multi_index.cpp")),
    Path(__file__).with_name("sanitized_search.cpp"),
]
SANITIZED = ["-std=c++20", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.mark.slow
def test_the_search_runs_clean_under_sanitizers_with_true_tables_and_with_any_numbers(tmp_path: Path) -> None:
    # A function compiled several times is chosen before the sanitizers are ready: here once is enough.
    checksum = tmp_path / "checksum.cpp"
    text = (ROOT / "native" / "checksum.cpp").read_text(encoding="utf-8")
    checksum.write_text(text.replace("defined(__x86_64__)", "0"), encoding="utf-8")
    program = tmp_path / "search"
    include = f"-I{ROOT / 'native'}"
    subprocess.run(["c++", *SANITIZED, include, *SOURCES, checksum, "-o", program], check=True)
    ran = subprocess.run([program], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert (ran.returncode, ran.stdout) == (0, "1\n")
