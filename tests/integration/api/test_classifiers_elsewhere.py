"""Pictures leave the house under a law, made anew, and counted; what comes back asks and never acts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from psycopg.errors import IntegrityError

from safehold.app.classifiers import card_of
from safehold.app.settings import Settings
from safehold.app.settings_check import check
from safehold.app.wiring import sweep_alarms
from safehold.detect.classifiers import standing
from safehold.detect.classifiers.panel import Panel
from safehold.model.errors import BadSettings
from safehold.model.permissions import Permission, Role
from safehold.testing import running
from safehold.testing.classifier_faults import Fault
from safehold.testing.classifier_servers import ClassifierServer, content_safety
from safehold.testing.pictures import landscape
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy
from safehold.web.server import served

KEY = "made-up-key"
NORTH = {"region": "north", "name": "the law of the north"}
UNSEEN, LISTED = altered_copy(100), altered_copy(1)


def declared(url: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "http",
        "card": "google_content_safety",
        "url": url,
        "key": KEY,
        "leaving": [NORTH],
    } | more


@pytest.fixture(scope="module")
def vendor() -> Iterator[ClassifierServer]:
    with ClassifierServer(content_safety(KEY)) as server:
        yield server


@pytest.fixture(scope="module")
def asking(
    vendor: ClassifierServer, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("elsewhere")
    asked = declared(
        vendor.url,
        permitted_networks=[f"127.0.0.1:{vendor.port}"],
        shadow=False,
        flags_from="low",
        seconds=20,
    )
    # Each fault has a circuit of its own, that none finds open.
    named = {"asks": asked} | {fault.name.lower(): asked for fault in FAULTS}
    named["silence"] = asked | {"seconds": 0.3}
    named["refused"] = asked | {"permitted_networks": []}
    surfaces = {
        name: {"rehearsal": True, "regions": ["north", "south"], "classifiers": [name]} for name in named
    }
    settings = running.settings_of(
        folder / "data", database_url, classifiers=named, surfaces=running.SURFACES | surfaces
    )
    with running.installation(settings, serve=served) as opened:
        yield opened


FAULTS = {
    Fault.NEW_WORD: "garbled",
    Fault.NOT_A_NUMBER: "garbled",
    Fault.PARTIAL: "garbled",
    Fault.HTML: "garbled",
    Fault.MEGABYTE: "garbled",
    Fault.STATUS_401: "down",
    Fault.STATUS_429: "down",
    Fault.RESET: "down",
    Fault.SILENCE: "timeout",
}


@pytest.fixture
def house(asking: Installation, vendor: ClassifierServer) -> Iterator[Installation]:
    vendor.fail(None)
    vendor.taken.clear()
    asking.add_list()
    yield asking
    asking.program.scanner.counters.flush()
    assert not vendor.refused


@pytest.fixture
def platform(house: Installation) -> Platform:
    return house.platform(Permission.SCAN, Permission.SCAN_DETAIL)


def upload(
    platform: Platform, data: bytes = UNSEEN, surface: str = "asks", region: str | None = "north"
) -> Any:
    context = {"surface": surface, "account_id": "account-1", "region": region}
    return platform.upload(data, context, media_type="image/jpeg").body


def told_of_itself() -> bytes:
    """A harmless picture that says where and with what it was taken, as phones write it."""
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    landscape(101).save(
        file, "JPEG", exif=exif, comment=b"said beside it", icc_profile=b"profile" * 20, quality=95
    )
    return file.getvalue()


def test_what_the_other_machine_says_asks_a_person_and_holds_nothing(
    house: Installation, platform: Platform
) -> None:
    answer = upload(platform)
    assert (answer["result"], answer["advice"]) == ("review", "publish")
    [flag] = answer["flags"]
    assert flag["source"] == "classifier:asks"
    house.run_steps()
    assert house.case_of(answer["item_id"])
    assert house.sql("select * from hold") == []
    [opinion] = house.sql("select * from opinion")
    assert opinion.raw.endswith("; model made-up-1")
    assert opinion.version == "google_content_safety v1beta1"


def test_only_what_was_made_anew_leaves_and_nothing_that_was_said_beside_the_picture(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    data = told_of_itself()
    assert upload(platform, data)["result"] == "review"
    [[file]] = vendor.taken
    assert data[:4] == file[:4]
    for beside in (b"a maker of cameras", b"said beside it", b"profile"):
        assert beside in data
        assert beside not in file
    with Image.open(io.BytesIO(file)) as sent:
        assert max(sent.size) <= 512
        assert not sent.getexif()
    assert not any(data[start : start + 64] in file for start in range(1024, len(data) - 64, 997))
    [request] = vendor.requests[-1:]
    assert KEY not in request.path
    assert b"account-1" not in request.body
    assert not set(request.headers) & {"cookie", "referer", "x-forwarded-for"}


@pytest.mark.parametrize("region", ["south", None, "elsewhere"])
def test_no_picture_leaves_for_a_region_without_a_law(
    house: Installation, platform: Platform, vendor: ClassifierServer, region: str | None
) -> None:
    assert upload(platform, region=region)["result"] == "clear"
    assert vendor.taken == []
    with house.program.database.begin() as tx:
        assert standing.all_left(tx) == []


def test_what_a_list_knows_does_not_leave(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    assert upload(platform, LISTED)["result"] == "hold"
    assert vendor.taken == []


def test_every_call_that_leaves_is_counted_with_its_destination_and_shown(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    before = house.program.clock()
    vendor.fail(None)
    for _ in range(2):
        upload(platform)
    # What went and was not answered went all the same.
    vendor.fail(Fault.NEW_WORD)
    upload(platform)
    with house.program.database.begin() as tx:
        [left] = standing.all_left(tx)
    assert (left.classifier, left.destination) == ("asks", f"127.0.0.1:{vendor.port}")
    assert (left.calls, left.pictures) == (3, 3) == (len(vendor.taken), sum(map(len, vendor.taken)))
    assert before <= left.first_at < left.last_at <= house.program.clock()
    text = house.platform(Permission.OPS).ask("GET", "/metrics").body
    where = f'{{classifier="asks",destination="127.0.0.1:{vendor.port}"}}'
    assert f"safehold_classifier_pictures_left_total{where} 3.0" in text
    assert f"safehold_classifier_calls_left_total{where} 3.0" in text


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
def test_whatever_goes_wrong_over_there_is_incomplete_and_never_clear(
    house: Installation,
    platform: Platform,
    vendor: ClassifierServer,
    fault: Fault,
    capfd: pytest.CaptureFixture[str],
) -> None:
    name = fault.name.lower()
    vendor.fail(fault)
    answer = upload(platform, surface=name)
    assert answer["result"] == "incomplete"
    assert answer["degraded"] == [f"classifier_{FAULTS[fault]}:{name}"]
    assert answer["item_id"] is None
    logged = "".join(capfd.readouterr())
    assert "classifier_failed" in logged or fault is Fault.SILENCE
    assert not any(said in logged for said in (KEY, "UNHEARD_OF", vendor.url))


def test_one_that_asks_to_be_left_alone_is_not_asked_again_at_once(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    vendor.fail(Fault.STATUS_429)
    upload(platform, surface="status_429")
    vendor.fail(None)
    vendor.taken.clear()
    assert upload(platform, surface="status_429")["degraded"] == ["classifier_down:status_429"]
    assert vendor.taken == []


def test_one_that_does_not_answer_alarms_a_person_until_it_is_switched_off(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    vendor.fail(Fault.STATUS_429)
    house.program.scanner.panel._seats["status_429"].breaker.went_well()
    upload(platform, surface="status_429")
    sweep_alarms(house.program)
    ops = house.platform(Permission.OPS)
    assert 'safehold_alarms{code="classifier_down"} 1.0' in ops.ask("GET", "/metrics").body
    actor = house.analyst("lead-1", Role.LEAD)
    with house.program.database.begin() as tx:
        now = house.program.clock()
        found = standing.standing(tx, "status_429", now=now).left_alone
        assert found is not None
        assert found.why == "down"
        declared = house.program.settings.classifiers
        standing.stop(tx, "status_429", declared=declared, why="a trial", actor=actor, now=now)
    sweep_alarms(house.program)
    assert "classifier_down" not in ops.ask("GET", "/metrics").body
    with house.program.database.begin() as tx:
        standing.resume(tx, "status_429", declared=declared, actor=actor, now=now)


def test_the_door_outward_keeps_its_rules_for_classifiers_as_well(
    house: Installation, platform: Platform, vendor: ClassifierServer
) -> None:
    assert upload(platform, surface="refused")["degraded"] == ["classifier_down:refused"]
    assert vendor.taken == []


def test_what_nobody_can_count_does_not_leave(house: Installation, vendor: ClassifierServer) -> None:
    program = house.program
    seats = program.scanner.panel._seats
    panel = Panel({"asks": seats["asks"].terms})
    hearing = panel.ask(["asks"], program.scanner.decoders.sample(UNSEEN).pictures, program.clock())
    assert [report.codes for report in hearing.reports] == [("classifier_down:asks",)]
    assert vendor.taken == []


DONE = {
    "fk_hold_match": "insert into hold (id, item_id, match_id, placed_at)"
    " values (gen_random_uuid(), %(item)s, %(cause)s, now())",
    "fk_outcome_rests_on": "insert into outcome"
    " (id, case_id, item_id, purpose, finding, settled_at, settled_by, rests_on)"
    " select gen_random_uuid(), c.id, %(item)s, c.purpose, 'not_illegal', now(), u.id, %(cause)s"
    " from app_user u, review_case c where c.id = %(case)s",
    "rests_on_people": "insert into proposal (id, kind, item_id, case_id, outcome_id, state, planned_at)"
    " values (gen_random_uuid(), 'remove_item', %(item)s, %(case)s, null, 'waiting', now())",
}


def test_the_database_takes_nothing_done_whose_only_cause_is_a_machine(
    house: Installation, platform: Platform
) -> None:
    item = upload(platform)["item_id"]
    house.run_steps()
    house.analyst()
    [flag], [opinion] = house.sql("select id from flag"), house.sql("select id from opinion")
    [case] = house.sql("select id from review_case")
    for constraint, done in DONE.items():
        for cause in (flag.id, opinion.id):
            with pytest.raises(IntegrityError, match=constraint):
                house.sql(done, item=item, case=case.id, cause=cause)
    assert not {"hold", "outcome", "proposal"} & house.counts().keys()


URL = "https://classifier.example/v1/ask"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": None}, "http needs url"),
        ({"leaving": []}, "http needs leaving"),
        ({"card": "open_nsfw"}, "a card of its kind"),
        ({"url": "http://classifier.example/v1"}, "https"),
        ({"url": "ftp://classifier.example/v1"}, "pattern"),
        ({"kind": "onnx"}, "of the kind http"),
        ({"use": "hold"}, "review"),
    ],
)
def test_settings_that_would_send_pictures_anyhow_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.model_validate({"classifiers": {"one": declared(URL) | wrong}})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"key": None}, "the card needs one"),
        ({"username": "somebody"}, "the card knows of none"),
        ({"key": "two\nlines"}, "what a header can carry"),
        ({"url": "https://someone:secret@classifier.example/"}, "carries a name or password"),
        ({"ca_file": "no/such/file.pem"}, "no certificates"),
        ({"card": "no/such/card.toml"}, "cannot be read"),
        ({"card": "src/safehold/detect/classifiers/shipped/open_nsfw.toml"}, "wrong or missing fields"),
        ({"permitted_networks": ["0.0.0.0/0"]}, "permitted network"),
    ],
)
def test_one_that_could_never_be_asked_says_so_at_the_start(wrong: dict[str, Any], says: str) -> None:
    settings = Settings.model_validate({"classifiers": {"one": declared(URL) | wrong}})
    with pytest.raises(BadSettings, match=says) as caught:
        card_of(settings, "one")
    assert KEY not in str(caught.value)


def test_a_surface_without_regions_cannot_name_one_that_sends_pictures_away() -> None:
    surface = {"surfaces": {"uploads": {"classifiers": ["one"]}}}
    settings = Settings.model_validate({"classifiers": {"one": declared(URL)}} | surface)
    with pytest.raises(BadSettings, match="never asked here"):
        check(settings)


def test_a_surface_can_say_what_uploads_do_while_a_classifier_does_not_answer() -> None:
    codes = {"classifier_garbled": "publish", "classifier_timeout:one": "retry", "classifier_rate": "retry"}
    surface = {"regions": ["GB"], "classifiers": ["one"], "on_incomplete": codes}
    check(Settings.model_validate({"classifiers": {"one": declared(URL)}, "surfaces": {"uploads": surface}}))


def test_a_rehearsal_sends_no_picture_off_this_machine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"classifiers\.one: a rehearsal tells nobody"):
        Settings.model_validate({"rehearsal": True, "classifiers": {"one": declared(URL)}})


def test_the_key_is_never_shown(house: Installation) -> None:
    assert KEY not in str(house.program.settings.redacted())
    assert KEY not in repr(house.program.settings)
