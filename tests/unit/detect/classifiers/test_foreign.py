"""A classifier of another package runs the model that its card names, and can do nothing but be heard."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from safehold.app.classifiers import card_of
from safehold.app.settings import Settings
from safehold.app.settings_check import check
from safehold.detect.classifiers.appointment import Appointment
from safehold.detect.classifiers.foreign import CLASSIFIER_GROUP, foreign_info, open_foreign
from safehold.detect.classifiers.panel import Panel
from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.model.errors import BadSettings
from safehold.testing.classifier_kit import KitFailure, check_classifier_plugin, painted
from safehold.testing.running import MovableClock

EXAMPLE = Path("examples/custom_classifier/src/mean_brightness")
CARD = (EXAMPLE / "brightness.toml").read_text()
PROGRAM = (EXAMPLE / "brightness.py").read_text()

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what installs a package with a card, a program and a model; it returns the entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(program: str = PROGRAM, card: str | None = CARD, **files: bytes) -> str:
        name = f"foreign_{hashlib.sha256(f'{program}{card}{files}'.encode()).hexdigest()[:12]}"
        package, told = tmp_path / name, tmp_path / f"{name}-1.0.dist-info"
        package.mkdir()
        told.mkdir()
        (package / "__init__.py").touch()
        (package / "program.py").write_text(program)
        if card is not None:
            (package / f"{name}.toml").write_text(card)
        for each, data in files.items():
            (package / each).write_bytes(data)
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text(
            f"[{CLASSIFIER_GROUP}]\n{name} = {name}.program:open_brightness\n"
        )
        assert entry_points(group=CLASSIFIER_GROUP, name=name)
        return name

    return installed


def with_model(data: bytes) -> str:
    weights = f'[weights]\nfile = "model"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n\n[card]'
    return CARD.replace("[card]", weights)


def test_the_example_is_opened_by_its_entry_point_and_keeps_every_promise(install: Install) -> None:
    name = install()
    check_classifier_plugin(name)
    opened = open_foreign("bright", name)
    assert (opened.info.name, opened.info.version) == ("bright", "brightness 1.0")
    assert not opened.info.leaves_house
    [opinion] = opened.classify([painted(4)], seconds=1)
    assert (opinion.answered, opinion.band) == (Answered.OK, Band.HIGH)


def test_what_one_is_is_known_without_running_any_of_it(install: Install) -> None:
    name = install("raise SystemExit('it ran')\n")
    assert foreign_info("bright", name).version == "brightness 1.0"
    assert not any(module.startswith(name) for module in sys.modules)


def test_of_one_without_a_model_the_digest_on_record_is_that_of_its_source(install: Install) -> None:
    one, other = (foreign_info("bright", install(PROGRAM + f"# {each}\n")) for each in "ab")
    assert one.weights_sha256 != other.weights_sha256


def test_a_model_is_handed_over_only_with_the_digest_that_the_card_names(install: Install) -> None:
    gives_back = PROGRAM.replace("del weights, threads", "assert weights == b'numbers'")
    name = install(gives_back, with_model(b"numbers"), model=b"numbers")
    assert open_foreign("bright", name).info.weights_sha256 == hashlib.sha256(b"numbers").hexdigest()
    for wrong in (
        install(gives_back, with_model(b"numbers"), model=b"numbers!"),
        install(PROGRAM, with_model(b"")),
    ):
        with pytest.raises(BadSettings, match="weights"):
            open_foreign("bright", wrong)


@pytest.mark.parametrize(
    ("program", "card", "says"),
    [
        (f"import socket\n{PROGRAM}", CARD, "reaches for what no plug-in may: program.py: socket"),
        (f"import safehold.storage.holds\n{PROGRAM}", CARD, "safehold.storage.holds"),
        (f"from safehold.detect.classifiers import panel\n{PROGRAM}", CARD, "classifiers.panel"),
        (f"{PROGRAM}\nraise OSError", CARD, "does not load"),
        (PROGRAM.replace("return Brightness(info)", "return None"), CARD, "does not load"),
        (PROGRAM.replace("*, weights", "weights, *, more"), CARD, "does not load"),
        (PROGRAM, None, "card cannot be read"),
        (PROGRAM, "name = [", "card cannot be read"),
        (PROGRAM, CARD + '\nallowed_uses = "hold"\n', "wrong or missing fields"),
        (PROGRAM, 'use = "hold"\n' + CARD, "wrong or missing fields: use"),
        (PROGRAM, 'destination = "classifier.example"\n' + CARD, "wrong or missing fields: destination"),
        (PROGRAM, CARD.replace("unseen_image", "known_match"), "wrong or missing fields: kind"),
        (PROGRAM, with_model(b"").replace('"model"', '"../model"'), "weights.file"),
    ],
)
def test_one_that_is_not_what_it_should_be_is_refused_and_says_why(
    install: Install, program: str, card: str | None, says: str
) -> None:
    name = install(program, card)
    with pytest.raises(BadSettings) as caught:
        open_foreign("bright", name)
    assert says in str(caught.value)


def test_one_that_is_not_installed_stops_the_start() -> None:
    with pytest.raises(BadSettings, match=r"classifiers\.bright\.plugin: nowhere is not installed"):
        check(Settings.model_validate({"classifiers": {"bright": {"kind": "plugin", "plugin": "nowhere"}}}))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"use": "hold"}, "review"),
        ({"use": "report"}, "review"),
        ({"plugin": None}, "which needs it"),
        ({"kind": "onnx"}, "which needs it"),
        ({"url": "https://classifier.example/"}, "of the kind http"),
        ({"card": "open_nsfw"}, "brings its own"),
        ({"plugin": "../brightness"}, "pattern"),
    ],
)
def test_settings_can_name_no_use_but_review_and_no_other_machine(wrong: dict[str, str], says: str) -> None:
    declared = {"kind": "plugin", "plugin": "brightness"} | wrong
    with pytest.raises(ValueError, match=says):
        Settings.model_validate({"classifiers": {"bright": declared}})


def test_its_card_is_what_people_are_shown(install: Install) -> None:
    declared = {"kind": "plugin", "plugin": install()}
    info = card_of(Settings.model_validate({"classifiers": {"bright": declared}}), "bright")
    assert dict(info.card)["limits"].startswith("It knows how bright")


@pytest.mark.parametrize(
    "said",
    [
        "[None for each in pictures]",
        "['very_high' for each in pictures]",
        "[Opinion(answered=Answered.OK, band=Band.LOW, version='another') for each in pictures]",
        "[self._opinion(float('nan')) for each in pictures]",
        "[self._opinion(0.5) for each in pictures][1:]",
        "None",
        "[each.fill(0) for each in pictures]",
    ],
)
def test_whatever_it_says_that_is_no_opinion_is_incomplete_and_never_clear(
    install: Install, said: str
) -> None:
    line = "[self._opinion(float(np.mean(each, dtype=np.float64)) / 255) for each in pictures]"
    assert line in PROGRAM
    name = install(PROGRAM.replace(line, said))
    pictures = [painted(1), painted(2)]
    before = [each.copy() for each in pictures]
    panel = Panel({"bright": Appointment(classifier=open_foreign("bright", name), shadow=False)})
    [report] = panel.ask(["bright"], pictures, MovableClock()()).reports
    panel.close()
    assert report.codes in (("classifier_garbled:bright",), ("classifier_down:bright",))
    assert report.flags == ()
    assert all(map(np.array_equal, pictures, before))


def test_the_kit_notices_one_that_reaches_for_the_network_where_its_source_hides_it(install: Install) -> None:
    hidden = PROGRAM.replace(
        "del weights, threads", "import sys; sys.modules['socket'].create_connection(('127.0.0.1', 9))"
    )
    with pytest.raises((KitFailure, BadSettings)):
        check_classifier_plugin(install(hidden))
