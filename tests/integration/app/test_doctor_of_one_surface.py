"""The doctor looks at what these settings answer for, says so, and leaves the rest to other processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from safehold.app import production
from safehold.app.conditions import EVERYTHING, MEDIA, Condition, Level, answers_for
from safehold.app.doctor import examine
from safehold.app.operator import set_up
from safehold.app.settings import Settings
from safehold.testing import running

SURFACES = ("api", "console", "portal", "reader", "worker")
URL = "postgresql+psycopg://db.invalid/x"


def of_production(**sections: Any) -> Settings:
    return Settings.model_validate({"production": True, **sections})


def by_part(conditions: list[Condition]) -> dict[str, Condition]:
    return {condition.part: condition for condition in conditions}


def test_settings_are_for_the_surfaces_whose_addresses_they_name(tmp_path: Path) -> None:
    for surface in SURFACES:
        assert answers_for(of_production(database={"surface_urls": {surface: URL}})) == {surface}
    both = {"api": URL, "worker": URL}
    assert answers_for(of_production(database={"surface_urls": both})) == set(both)
    for several in ({"url": URL}, {"surface_urls": {"all": URL}}, {"url": URL, "surface_urls": both}, {}):
        assert answers_for(of_production(data_folder=str(tmp_path), database=several)) == EVERYTHING
    socket = {"socket": str(tmp_path / "s")}
    assert answers_for(of_production(data_folder=str(tmp_path), reader=socket)) == MEDIA
    (tmp_path / "postgres").mkdir()
    assert answers_for(of_production(data_folder=str(tmp_path), reader=socket)) == EVERYTHING


WHOSE = {"second factor": "console", "cookies": "console", "audit anchors": "worker"}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_wall_is_asked_of_the_process_that_it_belongs_to_alone(surface: str) -> None:
    found = by_part(production.of_settings(of_production(database={"surface_urls": {surface: URL}})))
    red = {part for part, condition in found.items() if condition.level is Level.RED}
    assert red == {part for part, whose in WHOSE.items() if whose == surface}
    assert found["database server"].level is Level.OK
    assert ("listening" in found) is (surface in {"api", "console", "portal"})


@pytest.mark.parametrize("surface", SURFACES)
def test_each_surface_is_examined_with_nothing_red_that_is_not_its_own(
    fresh_database_url: str, tmp_path: Path, surface: str
) -> None:
    inside = tmp_path / "inside"
    set_up(running.settings_of(inside, fresh_database_url))
    url = make_url(fresh_database_url).set(username=f"safehold_{surface}").render_as_string(False)
    vault: dict[str, Any] = {"sealing_key": str(inside / "keys" / "vault-sealing.pub.pem")}
    if surface == "reader":
        vault["opening_key"] = str(inside / "keys" / "vault-opening.key.pem")
    settings = of_production(
        data_folder=str(tmp_path / "outside"), database={"surface_urls": {surface: url}}, vault=vault
    )
    conditions = examine(settings)
    found = by_part(conditions)
    assert conditions[0].part == "looked at"
    assert conditions[0].what.startswith(f"{surface} alone")
    mine = {part for part, whose in WHOSE.items() if whose == surface}
    if surface in {"console", "worker"}:
        # They read the log, and no backup is on it; they call somebody, and nobody is on call.
        mine |= {"backups", "emergency"}
    assert {condition.part for condition in conditions if not condition.ok} == mine
    assert ("decoders" in found) is (surface in {"api", "reader"})
    assert ("evidence store" in found) is (surface != "portal")
    assert ("private key" in found) is (surface != "reader")


def test_media_is_asked_for_its_reader_and_not_for_records(tmp_path: Path) -> None:
    settings = of_production(
        data_folder=str(tmp_path / "nothing"),
        reader={"socket": str(tmp_path / "reader.sock")},
        media={"listen": "0.0.0.0:8401"},
    )
    found = by_part(examine(settings))
    assert set(found) == {"looked at", "settings", "reader", "listening"}
    assert found["looked at"].what.startswith("media alone")
    assert found["reader"].level is Level.RED
    assert "`safehold reader`" in found["reader"].what
    assert (found["listening"].level, "0.0.0.0:8401" in found["listening"].what) == (Level.ADVICE, True)
    assert not (tmp_path / "nothing").exists()
