"""Pages speak the language of whoever reads them; a catalog can only say what its text said."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.errors import BreakDue
from safehold.model.hash_list import Purpose
from safehold.model.ids import FlagId, ItemId, MatchId, new_id
from safehold.model.match import Flag
from safehold.model.signal import PDQ
from safehold.model.wording import worded
from safehold.review.left_appeals import UNNAMED
from safehold.review.priority import Clock, Weighed, weigh
from safehold.storage.case_facts import MatchFacts
from safehold.testing.pseudo_language import BEGINS, TAG, disguised, write_pseudo_language
from safehold.web.catalogs import SHIPPED, Languages, fits, is_page, languages
from safehold.web.console import words
from safehold.web.language import ENGLISH, Language, _, isolated, language, ngettext, speaking, translated
from safehold.web.templating import day, instant, number

AT = datetime(2026, 11, 2, 6, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Languages:
    folder = tmp_path_factory.mktemp("words")
    write_pseudo_language(SHIPPED / "safehold.pot", folder)
    return languages(folder)


@pytest.fixture
def pseudo(known: Languages) -> Language:
    found = known.named(TAG)
    assert found is not None
    return found


def catalog(folder: Path, tag: str, said: dict[str, str]) -> Languages:
    written = Catalog(locale=tag, charset="utf-8")
    for text, translation in said.items():
        written.add(text, translation)
    path = folder / tag / "LC_MESSAGES" / "safehold.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, written)
    return languages(folder)


def test_english_is_spoken_where_nobody_asks() -> None:
    assert language() is ENGLISH
    assert _("Looked %(span)s today", span="3 s") == "Looked 3 s today"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("de-AT, en;q=0.5", "de"),
        ("DE", "de"),
        ("en, de", "en"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("fr, de;q=0.4", "de"),
        ("de;q=0, en", "en"),
        ("de;q=nothing", "en"),
        ("", "en"),
        (";;,,=", "en"),
    ],
)
def test_the_language_is_the_most_wanted_of_those_that_there_are(tmp_path, asked, answered) -> None:
    assert catalog(tmp_path, "de", {"Sign in": "Anmelden"}).asked_for(asked).tag == answered


@given(st.text(max_size=300))
def test_whatever_a_browser_sends_some_language_answers(sent: str) -> None:
    assert languages().asked_for(sent) is ENGLISH


def test_programs_are_answered_in_english() -> None:
    assert [is_page(path) for path in ("/console", "/console/queue", "/report/status")] == [True] * 3
    assert [is_page(path) for path in ("/v1/scan", "/feed/v1/lists", "/reports", "/metrics")] == [False] * 4


def test_who_contests_is_called_as_the_language_does_only_where_they_gave_no_name(pseudo: Language) -> None:
    with speaking(pseudo):
        assert words.appellant(str(UNNAMED)) == disguised(UNNAMED)
        assert words.appellant("Sign in") == "Sign in"


def test_what_is_said_in_a_thread_of_a_request_is_in_its_language(pseudo: Language) -> None:
    said = []
    with speaking(pseudo):
        worker = threading.Thread(target=copy_context().run, args=(lambda: said.append(_("Sign in")),))
        worker.start()
        worker.join()
    assert said == [disguised("Sign in")]
    assert _("Sign in") == "Sign in"


def test_each_number_has_the_form_that_its_language_has_for_it(pseudo: Language) -> None:
    assert words.span(86_400 * 2) == "2 days"
    assert words.span(86_400) == "1 day"
    with speaking(pseudo):
        forms = {ngettext("%(num)s day", "%(num)s days", num) for num in (0, 1, 2, 5, 11, 100)}
    assert len(forms) == 6
    assert all(BEGINS in form for form in forms)


def test_an_error_is_said_with_its_values_and_logged_in_english(pseudo: Language) -> None:
    error = BreakDue(AT)
    with speaking(pseudo):
        assert BEGINS in translated(error.what)
        assert "06:05" in translated(error.what)
        assert error.what.startswith("You have been looking")


def test_an_error_about_a_field_keeps_the_name_of_the_field(pseudo: Language) -> None:
    with speaking(pseudo):
        said = translated(worded("note: 1 to %(most)s characters.", most=2000))
    assert said.startswith("note: ")
    assert "2000" in said
    assert "characters" not in said


@given(st.text(max_size=200))
def test_what_nobody_marked_is_said_as_it_is(text: str) -> None:
    assert translated(text) == text


def test_what_was_stored_in_english_is_known_again_by_its_pattern(pseudo: Language) -> None:
    seen = "To be decided by 2026-11-23 10:00 UTC"
    assert words.weighed(seen) == seen
    with speaking(pseudo):
        assert BEGINS in words.weighed(seen)
        assert "2026-11-23 10:00 UTC" in words.weighed(seen)
        assert words.weighed("Something older") == "Something older"


LISTED = MatchFacts(
    id=MatchId(new_id()),
    item_id=ItemId(new_id()),
    list_name="north",
    purpose=Purpose.CSAM,
    vetted=True,
    signal_type=PDQ,
    distance=4,
    max_distance=31,
    hold_max_distance=15,
    may_hold=True,
    category="A",
    labels=(),
    frame=0,
    matched_at=AT,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weighed=st.builds(
        Weighed,
        matches=st.lists(
            st.builds(
                replace,
                st.just(LISTED),
                vetted=st.booleans(),
                category=st.sampled_from(["A", "prohibited", None]),
            ),
            max_size=1,
        ),
        flags=st.lists(
            st.builds(
                Flag,
                id=st.just(FlagId(new_id())),
                source=st.just("s"),
                score=st.just(0.5),
                reason=st.just("r"),
            ),
            max_size=1,
        ),
        reports=st.integers(0, 1),
        items=st.integers(1, 3),
        not_held=st.integers(0, 1),
        withdrawn=st.booleans(),
        held_on_nothing=st.integers(0, 1),
        at_risk=st.booleans(),
        live=st.booleans(),
    ),
    hours_left=st.sampled_from([None, -1, 1]),
)
def test_whatever_a_part_of_a_priority_says_is_said_in_the_language(
    pseudo: Language, weighed: Weighed, hours_left: int | None
) -> None:
    clock = (
        None
        if hours_left is None
        else Clock(AT, AT + timedelta(hours=2), AT + timedelta(hours=2 - hours_left))
    )
    with speaking(pseudo):
        for part in weigh(weighed, clock):
            assert BEGINS in words.weighed(part.seen), part.seen


def test_times_of_records_are_the_same_in_each_language_and_read_from_left_to_right(pseudo: Language) -> None:
    assert instant(AT) == "2026-11-02 06:05 UTC"
    assert (day(AT), number(12_345)) == ("02 Nov 2026", "12,345")
    with speaking(pseudo):
        assert instant(AT) == isolated("2026-11-02 06:05 UTC") == "\u20662026-11-02 06:05 UTC\u2069"
        assert "Nov" not in day(AT)


@pytest.mark.parametrize(
    ("text", "translation", "is_taken"),
    [
        ("%(count)s of <b>%(all)s</b>", "<b>%(all)s</b>: %(count)s", True),
        ("%(count)s of %(all)s", "%(count)s", False),
        ("%(count)s", "%(count)s %(more)s", False),
        ("%(count)s", "%(count)d", False),
        ("95 %% sure", "sicher zu 95 %%", True),
        ("95 %% sure", "sicher zu 95 %", False),
        ("Read it", "<script>alert(1)</script>", False),
        ("Read it", '" autofocus onfocus="x', False),
        ("Read it", "„Lesen“", True),
        ("It's < it", "Es < ihm", False),
    ],
)
def test_a_translation_that_does_not_fit_its_text_is_left_out(tmp_path, text, translation, is_taken) -> None:
    assert fits(Message(text, translation)) is is_taken
    spoken = catalog(tmp_path, "de", {text: translation}).named("de")
    assert spoken is not None
    assert spoken.catalog.gettext(text) == (translation if is_taken else text)


TWO_DAYS = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {rule}\\n"

msgid "%(num)s day"
msgid_plural "%(num)s days"
msgstr[0] "many: %(num)s"
msgstr[1] "one: %(num)s"
"""


def placed(folder: Path, tag: str, written: str) -> Path:
    path = folder / tag / "LC_MESSAGES" / "safehold.po"
    path.parent.mkdir(parents=True)
    path.write_text(written, encoding="utf-8")
    return folder


def test_forms_for_a_number_follow_the_rule_that_their_own_catalog_states(tmp_path: Path) -> None:
    folder = placed(tmp_path, "de", TWO_DAYS.format(rule="nplurals=2; plural=n==1;"))
    spoken = languages(folder).named("de")
    assert spoken is not None
    with speaking(spoken):
        said = [ngettext("%(num)s day", "%(num)s days", num) for num in (0, 1, 2)]
    assert said == ["many: 0", "one: 1", "many: 2"]


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("backup", TWO_DAYS),
        ("de_old copy", TWO_DAYS),
        ("-x-nothing", TWO_DAYS),
        ("fr", "no catalog at all"),
        ("fr", 'msgid "open'),
        ("fr", TWO_DAYS.format(rule="nplurals=2; plural=n%0;")),
        ("fr", TWO_DAYS.format(rule="nplurals=two; plural=n;")),
        ("fr", TWO_DAYS.format(rule="nplurals=1; plural=0;")),
        ("fr", TWO_DAYS.format(rule="nplurals=2; plural=len(n);")),
        ("fr", TWO_DAYS.replace("utf-8", "no-such")),
    ],
)
def test_a_stray_folder_or_catalog_is_left_out_and_the_others_are_read(
    tmp_path: Path, tag: str, written: str
) -> None:
    placed(tmp_path, tag, written)
    assert {each.tag for each in catalog(tmp_path, "de", {"Sign in": "Anmelden"}).known} == {"en", "de"}


def test_a_folder_where_a_catalog_should_be_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "fr" / "LC_MESSAGES" / "safehold.po").mkdir(parents=True)
    assert [each.tag for each in languages(tmp_path).known] == ["en"]


def test_a_plural_may_leave_out_its_number_and_nothing_else() -> None:
    texts = ("%(num)s item of %(all)s", "%(num)s items of %(all)s")
    assert fits(Message(texts, ("one of %(all)s", "%(num)s of %(all)s")))
    assert not fits(Message(texts, ("one", "%(num)s of %(all)s")))


def test_every_text_in_disguise_fits_what_it_was(known: Languages) -> None:
    assert {each.tag for each in known.known} == {"en", TAG}
