"""A classifier asks a person to look at what no list knows; without it an answer is not clear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from safehold.app import near_misses
from safehold.app.settings import Settings
from safehold.detect.classifiers import standing
from safehold.detect.classifiers.evaluation import WhyNot
from safehold.detect.classifiers.worth import worth_of
from safehold.model.assessment import Finding
from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.model.errors import BadForm, NotFound
from safehold.model.ids import ItemId
from safehold.model.permissions import Actor, Permission
from safehold.testing import running
from safehold.testing.alterations import to_png
from safehold.testing.classifier_cards import asks_for_all
from safehold.testing.pictures import landscape
from safehold.testing.platform import Platform
from safehold.testing.running import TESTER, Installation, altered_copy
from safehold.web.server import served

UNSEEN, LISTED = altered_copy(100), altered_copy(1)


def settings_with(folder: Path, database_url: str) -> Settings:
    """Return settings with a card by which every picture lies in the strongest band: it asks for all."""
    slow: dict[str, Any] = {"card": str(asks_for_all(folder)), "shadow": False, "seconds": 20}
    named = {
        "asks": slow,
        "learns": {**slow, "shadow": True},
        "late": {**slow, "seconds": 0.001},
        "foreign": {"kind": "plugin", "plugin": "brightness", "shadow": False, "seconds": 20},
    }
    surfaces = {
        name: {"rehearsal": True, "classifiers": asked}
        for name, asked in {
            "asked": ["asks"],
            "learning": ["learns"],
            "hurried": ["late"],
            "lit": ["foreign"],
        }.items()
    }
    return running.settings_of(
        folder / "data", database_url, classifiers=named, surfaces=running.SURFACES | surfaces
    )


@pytest.fixture(scope="module")
def asking(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("classifiers")
    told = folder / "mean_brightness-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: mean-brightness\nVersion: 1.0\n")
    names = "[safehold.classifiers]\nbrightness = mean_brightness.brightness:open_brightness\n"
    (told / "entry_points.txt").write_text(names)
    with pytest.MonkeyPatch.context() as patch:
        for installed in (folder, Path("examples/custom_classifier/src").resolve()):
            patch.syspath_prepend(str(installed))
        with running.installation(settings_with(folder, database_url), serve=served) as opened:
            yield opened


@pytest.fixture
def house(asking: Installation) -> Iterator[Installation]:
    asking.add_list()
    yield asking
    asking.program.scanner.counters.flush()


@pytest.fixture
def platform(house: Installation) -> Platform:
    return house.platform(Permission.SCAN, Permission.SCAN_DETAIL)


def upload(platform: Platform, data: bytes, surface: str) -> Any:
    return platform.upload(
        data, {"surface": surface, "account_id": "account-1"}, media_type="image/jpeg"
    ).body


def decide(house: Installation, item_id: str, finding: Finding, *, by: Actor) -> None:
    house.assess(ItemId(UUID(item_id)), finding, by=by)
    house.run_steps()


def test_what_no_list_knows_waits_for_a_person_and_stays_where_it_is(
    house: Installation, platform: Platform
) -> None:
    answer = upload(platform, UNSEEN, "asked")
    assert (answer["result"], answer["advice"], answer["matches"]) == ("review", "publish", [])
    [flag] = answer["flags"]
    assert (flag["source"], flag["reason"]) == ("classifier:asks", "band:very_high")
    house.run_steps()
    assert house.case_of(answer["item_id"])
    assert house.sql("select * from hold") == []
    [opinion] = house.sql("select * from opinion")
    assert (str(opinion.item_id), opinion.in_shadow, opinion.band) == (answer["item_id"], False, "very_high")
    assert opinion.version == "open_nsfw 1.0"


@pytest.mark.parametrize(("grey", "result"), [(190, "review"), (20, "clear")])
def test_a_classifier_of_another_package_asks_a_person_and_holds_nothing(
    house: Installation, platform: Platform, grey: int, result: str
) -> None:
    data = to_png(Image.eval(landscape(300 + grey), lambda value: grey + value // 4))
    answer = upload(platform, data, "lit")
    assert (answer["result"], answer["advice"], answer["degraded"]) == (result, "publish", [])
    assert [flag["source"] for flag in answer["flags"]] == ["classifier:foreign"] * (result == "review")
    assert house.sql("select * from hold") == []
    if result == "review":
        [opinion] = house.sql("select * from opinion")
        assert (opinion.classifier, opinion.version) == ("foreign", "brightness 1.0")


def test_what_the_platform_says_of_the_account_speaks_for_a_look_and_no_platform_is_told(
    house: Installation, platform: Platform
) -> None:
    uploaded = datetime.now(UTC)
    context = {
        "surface": "asked",
        "account_id": "account-of-a-child",
        "account_created_at": (uploaded - timedelta(days=1)).isoformat(),
        "account_is_child": True,
    }
    answer = platform.upload(UNSEEN, context, media_type="image/jpeg").body
    house.run_steps()
    [band] = house.sql("select * from review_band")
    assert band.band == "very_high"
    assert [each["reason"] for each in band.speak_for] == ["classifier", "child_account", "new_account"]
    [near] = house.sql("select * from near_miss")
    assert (str(near.item_id), near.looked_at) == (answer["item_id"], None)
    assert near_misses.seek(house.program) == 0
    assert house.sql("select 1 from near_miss where looked_at is not null and bits_beyond is null")
    told = house.platform(Permission.ITEM_READ).ask("GET", f"/v1/items/{answer['item_id']}").body
    assert "band" not in {*answer, *told}
    assert "very_high" not in str(told)


@pytest.mark.parametrize("said", ["yes", 1, "2026-13-01"])
def test_what_is_said_of_an_account_is_a_word_that_there_is(platform: Platform, said: object) -> None:
    name = "account_created_at" if said == "2026-13-01" else "account_is_child"
    answer = platform.upload(UNSEEN, {"surface": "asked", name: said}, media_type="image/jpeg")
    assert answer.status == 422


def test_in_the_shadow_an_unknown_picture_is_clear_and_leaves_a_count_of_the_day_alone(
    house: Installation, platform: Platform
) -> None:
    before = house.counts()
    for _ in range(2):
        assert upload(platform, UNSEEN, "learning")["result"] == "clear"
    house.program.scanner.counters.flush()
    after = house.counts()
    assert after.pop("scan_counter") > before.pop("scan_counter", 0)
    assert after == before | {"classifier_count": 1}
    [count] = house.sql("select * from classifier_count")
    assert (count.classifier, count.in_shadow, count.known) == ("learns", True, False)
    assert (count.answer, count.uploads) == ("band:very_high", 2)


def test_in_the_shadow_it_is_heard_about_what_a_list_holds(house: Installation, platform: Platform) -> None:
    answer = upload(platform, LISTED, "learning")
    assert (answer["result"], answer["flags"]) == ("hold", [])
    [opinion] = house.sql("select * from opinion")
    assert (str(opinion.item_id), opinion.in_shadow) == (answer["item_id"], True)


def test_one_that_is_late_leaves_the_answer_incomplete_and_nothing_is_kept(
    house: Installation, platform: Platform
) -> None:
    answer = upload(platform, UNSEEN, "hurried")
    assert (answer["result"], answer["advice"]) == ("incomplete", "hold")
    assert answer["degraded"] == ["classifier_timeout:late"]
    assert answer["item_id"] is None
    assert house.sql("select * from opinion") == []


def test_what_cannot_be_read_is_handed_to_no_classifier(house: Installation, platform: Platform) -> None:
    answer = upload(platform, b"no picture", "asked")
    assert (answer["result"], answer["flags"]) == ("incomplete", [])


@pytest.mark.parametrize("use", ["hold", "block", "report", "remove", "review_and_hold"])
def test_settings_that_would_have_a_machine_act_are_refused(tmp_path: Path, use: str) -> None:
    with pytest.raises(ValueError, match="review"):
        Settings.model_validate({"classifiers": {"one": {"use": use}}})


def test_a_surface_cannot_name_a_classifier_that_nobody_declared() -> None:
    with pytest.raises(ValueError, match="is not in"):
        Settings.model_validate({"surfaces": {"uploads": {"classifiers": ["one"]}}})


def test_one_that_is_switched_off_is_no_check_any_more_and_asked_again_once_it_goes_on(
    house: Installation, platform: Platform
) -> None:
    program, declared = house.program, house.program.settings.classifiers
    now = program.clock()
    with program.database.begin() as tx:
        assert standing.stop(tx, "asks", declared=declared, why="a trial", actor=TESTER, now=now)
    assert upload(platform, UNSEEN, "asked")["result"] == "clear"
    with program.database.begin() as tx:
        assert not standing.stop(tx, "asks", declared=declared, why="again", actor=TESTER, now=now)
        assert standing.standing(tx, "asks", now=house.program.clock()).stopped == "a trial"
        assert standing.resume(tx, "asks", declared=declared, actor=TESTER, now=now)
    assert upload(platform, UNSEEN, "asked")["result"] == "review"
    verbs = [row.verb for row in house.sql("select verb from audit_record where object = 'classifier:asks'")]
    assert sorted(verbs) == ["classifier.resume", "classifier.stop"]


def test_a_classifier_that_nobody_declared_cannot_be_switched_off(house: Installation) -> None:
    program = house.program
    with program.database.begin() as tx, pytest.raises(NotFound):
        standing.stop(tx, "none", declared=(), why="a trial", actor=TESTER, now=program.clock())
    with program.database.begin() as tx, pytest.raises(BadForm):
        standing.stop(tx, "asks", declared={"asks"}, why=" ", actor=TESTER, now=program.clock())


def test_outcomes_say_band_by_band_what_it_is_worth_apart_for_what_a_list_knew(
    house: Installation, platform: Platform
) -> None:
    unseen = [upload(platform, altered_copy(number), "asked") for number in (100, 101)]
    listed = upload(platform, LISTED, "asked")
    house.run_steps()
    analyst = house.analyst()
    for answer in unseen:
        decide(house, answer["item_id"], Finding.NOT_ILLEGAL, by=analyst)
    decide(house, listed["item_id"], Finding.ILLEGAL, by=analyst)
    with house.program.database.begin() as tx:
        found, other = (
            worth_of(
                tx,
                "asks",
                version=f"open_nsfw {version}",
                flags_from=Band.HIGH,
                looks=200,
                now=house.program.clock(),
            )
            for version in ("1.0", "2.0")
        )
        assert standing.standing(tx, "asks", now=house.program.clock()).answers == {Answered.OK: 3}
    rows = [(row.way.value, row.band.value, row.found.units, row.found.value) for row in found.bands]
    assert rows == [("listed", "very_high", 1, 1.0), ("asked", "very_high", 2, 0.0)]
    assert (found.false_alarms.value, found.false_alarms_listed.value) == (1.0, 0.0)
    assert found.recall.why_not is WhyNot.NOTHING_DRAWN
    assert other.bands == ()
