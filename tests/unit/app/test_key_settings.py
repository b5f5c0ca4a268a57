"""Claims about naming where the vault's private key comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehold.app.home import open_home
from safehold.app.settings import Settings
from safehold.vault.key_sources import KeySource

SOURCES = {
    "opening_key": "/somewhere/key.pem",
    "opening_key_variable": "VAULT_KEY",
    "opening_key_command": ["print-key", "vault"],
}


def settings(folder: Path, **vault: object) -> Settings:
    return Settings.model_validate({"data_folder": str(folder), "vault": vault})


@pytest.mark.parametrize("left_out", SOURCES)
def test_two_sources_at_once_are_refused(tmp_path: Path, left_out: str) -> None:
    two = {name: value for name, value in SOURCES.items() if name != left_out}
    with pytest.raises(ValueError, match="name one of"):
        settings(tmp_path, **two)


def test_each_setting_leads_to_its_source(tmp_path: Path) -> None:
    of = {name: open_home(settings(tmp_path, **{name: value})).opening for name, value in SOURCES.items()}
    assert of == {
        "opening_key": KeySource(path=Path("/somewhere/key.pem")),
        "opening_key_variable": KeySource(variable="VAULT_KEY"),
        "opening_key_command": KeySource(command=("print-key", "vault")),
    }


def test_no_private_key_is_made_where_it_comes_from_elsewhere(tmp_path: Path) -> None:
    home = open_home(settings(tmp_path, opening_key_variable="VAULT_KEY"))
    assert not home.keys.opening.exists()
    assert not home.keys.sealing.exists()
