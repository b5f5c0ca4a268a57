"""Every piece of a settings file on a page can be used as it stands, but for the files that it names."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from safehold.app.settings import Settings
from safehold.app.settings_check import check
from safehold.model.errors import BadSettings

DOCS = Path(__file__).parents[2] / "docs"
SAMPLES = [
    pytest.param(textwrap.dedent(found), id=f"{page.stem}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, found in enumerate(re.findall(r"^ *```toml\n(.*?)^ *```", page.read_text(), re.S | re.M))
]


@pytest.mark.parametrize("text", SAMPLES)
def test_a_sample_of_settings_holds(text: str) -> None:
    settings = Settings.model_validate(tomllib.loads(text))
    try:
        check(settings)
    except BadSettings as error:
        if "file cannot be read: No such file" not in error.what and "a file is missing" not in error.what:
            raise


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 15


@pytest.mark.parametrize("page", ["run-surfaces-apart", "run-as-services"])
def test_every_settings_file_of_a_process_says_that_production_is_on(page: str) -> None:
    text = (DOCS / "how-to" / f"{page}.md").read_text()
    files = re.findall(r"```toml\n *# (/etc/safehold/\w+\.toml).*?\n *(.*?)\n", text)
    assert len(files) >= 2
    assert [name for name, first in files if first != "production = true"] == []
