"""How fast and how exact hashing is, against the published implementation. Run by `make bench`."""

from __future__ import annotations

from pathlib import Path

from safehold.cli.bench import bench

WALLPAPERS = Path("/usr/share/backgrounds")
PHOTOS = Path(__file__).parents[1] / "examples" / "photos"


if __name__ == "__main__":
    bench(
        photos=WALLPAPERS if any(WALLPAPERS.glob("*_by_*.jpg")) else PHOTOS, each=8, sizes=None, output=None
    )
