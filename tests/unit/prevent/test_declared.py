"""What a platform declares is held against the policy: each measure that is unmet is named, and no other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.cli import main
from safehold.model.child_account import CHILDREN, AccountAge, Decision, Feature, PlaceKind
from safehold.model.errors import BadForm
from safehold.prevent import declared, policy_table
from safehold.prevent.child_policy import PLACES, Question

TABLE = policy_table.default()
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "set-child-defaults.md"
[SAMPLE] = re.findall(r"```ini\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
STRICT = {feature.value: "deny" for feature in Feature}
MOMENTS = ["default_turned_off", "connection_request", "first_message", "after_block"]


def of(**more: Any) -> list[declared.Unmet]:
    surface = {"name": "chat", "place": "connections", "defaults": STRICT, **more}
    return declared.unmet(TABLE, declared.parse(json.dumps({"surface": [surface], "moments": MOMENTS})))


def test_a_platform_that_denies_everything_meets_every_measure() -> None:
    assert of() == []


def test_the_sample_of_the_how_to_prints_what_the_how_to_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "child-defaults.toml"
    file.write_text(SAMPLE)
    code = main.main(["stats", "compliance", "--child-defaults", str(file)])
    said = capsys.readouterr().out
    assert (code, said in PAGE.read_text("utf-8")) == (73, True)


def test_where_all_is_met_the_command_ends_with_nought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.json"
    file.write_text(json.dumps({"moments": MOMENTS, "surface": [{"name": "chat", "defaults": STRICT}]}))
    assert main.main(["stats", "compliance", "--child-defaults", str(file), "--format", "json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_moment_without_words_is_named_with_its_measure() -> None:
    bare = declared.parse(json.dumps({"surface": [{"name": "chat", "defaults": STRICT}]}))
    found = declared.unmet(TABLE, bare)
    assert [(each.measure, each.feature) for each in found] == [("ICU F2", moment) for moment in MOMENTS]


def test_what_is_not_declared_is_not_met_unless_the_surface_does_not_have_it() -> None:
    rest = {name: said for name, said in STRICT.items() if name != "location"}
    [one, other] = of(defaults=rest)
    assert (one.measure, one.feature, one.declared, one.ages) == ("ICU F1", "location", None, CHILDREN)
    assert (one.connected, other.connected) == (False, True)
    assert of(defaults=rest, absent=["location"]) == []


def test_ages_are_told_apart_where_the_policy_does() -> None:
    found = of(place="game", defaults=STRICT | {"message": "notice"}, connected={"message": "allow"})
    assert [each.ages for each in found] == [
        (AccountAge.FROM_0_TO_2, AccountAge.FROM_3_TO_6, AccountAge.FROM_7_TO_10)
    ]


@given(
    feature=st.sampled_from(Feature),
    said=st.sampled_from(Decision),
    age=st.sampled_from(CHILDREN),
    place=st.sampled_from(PLACES),
    connected=st.booleans(),
)
def test_a_case_is_met_exactly_where_what_is_declared_is_as_strict_as_the_policy(
    feature: Feature, said: Decision, age: AccountAge, place: PlaceKind, connected: bool
) -> None:
    names = {"connected" if connected else "defaults": STRICT | {feature.value: said.value}}
    found = of(place=place.value, ages=[age.value], **names)
    asked = TABLE.decide(
        Question(feature=feature, age=age, place=place, connected=connected, jurisdiction="GB")
    )
    is_unmet = any(each.connected is connected for each in found)
    assert is_unmet == (said.strictness < asked.decision.strictness)
    assert all(each.feature == feature.value for each in found)


def test_an_unknown_place_is_held_against_the_strictest() -> None:
    mild = STRICT | {"message": "confirm"}
    assert [each.feature for each in of(place=PlaceKind.UNKNOWN.value, defaults=mild)] == ["message"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{", "begins as JSON"),
        ("[" * 100_000, "neither TOML nor JSON"),
        ("a = ", "neither TOML nor JSON"),
        ("{}", "surface"),
        ('{"surface": []}', "surface"),
        ('{"surface": [{"name": "a", "ages": []}]}', "surface.0.ages"),
        ('{"surface": [{"name": "a", "defaults": {"secret": "deny"}}]}', "surface.0.defaults"),
        ('{"surface": [{"name": "a"}], "secret": 1}', "wrong at: secret"),
        (" " * 1_000_001, "more than"),
    ],
)
def test_what_declares_nothing_is_refused(source: str, said: str) -> None:
    with pytest.raises(BadForm, match=said):
        declared.parse(source)


def test_a_file_that_is_not_there_or_no_text_ends_with_its_code(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    ask = ["stats", "compliance", "--child-defaults"]
    assert main.main([*ask, str(binary)]) == 71
    assert main.main([*ask, str(tmp_path / "none")]) == 72
    assert tomllib.loads(SAMPLE)["jurisdiction"] == "GB"
