"""An environment that has what this one has, and the package of a plug-in besides."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def with_package(package: Path, folder: Path) -> Path:
    """Make an environment in a folder and install a package into it; return its interpreter."""
    tool = [sys.executable, "-m", "venv", "--without-pip", str(folder / "environment")]
    subprocess.run(tool, check=True, capture_output=True)
    inner = folder / "environment" / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "environment" / "lib" / version / "site-packages"
    ours = sysconfig.get_path("purelib")
    (site / "beneath.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    install += ["--no-build-isolation", "--no-cache", "--python", str(inner), str(package)]
    subprocess.run(install, check=True, capture_output=True)
    return inner


def passed(python: Path, package: Path) -> str:
    """Run the tests of a package where it is installed; return what was said. Raises AssertionError."""
    tests = [python, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", package, package / "tests"]
    done = subprocess.run(list(map(str, tests)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout
