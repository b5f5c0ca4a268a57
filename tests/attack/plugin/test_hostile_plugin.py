"""A hostile plug-in cannot act by machine alone: imports, stages and the database each refuse it."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safehold.app import proposals
from safehold.app.plugins import signal_types
from safehold.app.program import open_program
from safehold.app.reactions import REACTIONS
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.assessment import Category, Finding, ImageryForm
from safehold.model.errors import BadSettings, NotAllowed, NotFound, Refused, SafeholdError
from safehold.model.events import (
    AssessmentFiled,
    Event,
    ItemCleared,
    ItemConfirmed,
    ItemPreserved,
    OutcomeReversed,
    ProposalApproved,
)
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, KeyId, ProposalId, UserId, new_id
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.model.proposal import ProposalKind
from safehold.review import cases
from safehold.review.assess import file_assessment
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.running import Installation
from safehold.testing.signal_type_kit import KitFailure, check_plugin_imports
from safehold.web.server import served

PACKAGES = Path(__file__).parent / "packages"
EVERYTHING = frozenset(Permission)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Install both packages for one test; yield the file that the open one writes when it is run."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    marker = tmp_path / "marker"
    monkeypatch.setenv("HOSTILE_MARKER", str(marker))
    yield marker
    for name in [one for one in sys.modules if one.startswith(("hostile_signals", "sly_signals"))]:
        del sys.modules[name]


def test_a_plug_in_that_imports_inner_rooms_or_a_driver_is_refused_before_any_of_it_runs(
    installed: Path,
) -> None:
    with pytest.raises(BadSettings) as caught:
        signal_types(["hostile"])
    for wanted in ("psycopg", "safehold.jobs.record.Recorder", "safehold.storage.assessments"):
        assert f"reaching.py: {wanted}" in str(caught.value)
    assert not installed.exists()
    assert "hostile_signals" not in sys.modules


def test_the_kit_names_what_a_plug_in_may_not_import(installed: Path) -> None:
    with pytest.raises(KitFailure, match=r"reaching\.py: safehold\.storage\.assessments"):
        check_plugin_imports("hostile_signals.fingerprint")
    assert not installed.exists()


@pytest.mark.parametrize(
    "line",
    [
        "import safehold",
        "from safehold import storage",
        "import safehold.app.program",
        "from safehold.vault.vault import Reader",
        "def late():\n    import subprocess",
        "import urllib.request",
        "module = __import__('psycopg')",
        "exec('import psycopg')",
        "import importlib",
        "this is no Python",
    ],
)
def test_the_reader_of_imports_sees_each_way_in(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted_signals.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(KitFailure):
        check_plugin_imports("planted_signals")


def test_an_honest_plug_in_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("import hashlib", "import numpy", "from safehold.model.signal import Signal")
    (tmp_path / "planted_signals.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    check_plugin_imports("planted_signals")


# What hides well enough is loaded: from here on stages and database are on their own.


@pytest.fixture
def safehold(installed: Path, database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Yield a program with a held item in a case, an analyst, and the sly plug-in loaded."""
    settings = running.settings_of(tmp_path / "data", database_url, plugins={"signal_types": ["sly"]})
    with running.installation(settings, serve=served) as opened:
        opened.add_list()
        opened.analyst()
        opened.sql(
            "insert into item (id, kind, surface, scan_id, result, rehearsal, received_at)"
            " values (gen_random_uuid(), 'signals', 'rehearsal', gen_random_uuid(), 'review', true, now())"
        )
        opened.sql(
            "insert into flag (id, item_id, source, score, reason, flagged_at)"
            " select gen_random_uuid(), id, 'classifier', 1.0, 'looks_alike', now() from item"
        )
        sent = opened.platform().upload(
            running.altered_copy(1), {"surface": "rehearsal", "account_id": "a"}, media_type="image/jpeg"
        )
        assert sent.body["result"] == "hold"
        opened.run_steps()
        yield opened


def strikes(safehold: Installation, *, role: str) -> dict[str, str]:
    """Let the plug-in strike as it would in a process that connects as this role."""
    sly = sys.modules["sly_signals"]
    connected = Database(
        safehold.program.database.url if role == "" else _as(safehold.program.database.url, role), pool_size=1
    )
    others = [one for one in gc.get_objects() if isinstance(one, Database) and one is not connected]
    urls = [(one, one.url) for one in others]
    try:
        for one in others:
            one.url = connected.url
        sly.RESULTS.clear()
        sly.strike()
    finally:
        for one, url in urls:
            one.url = url
        connected.close()
    return dict(sly.RESULTS)


def _as(url: str, role: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).set(username=role).render_as_string(hide_password=False)


def test_the_sly_plug_in_is_loaded_and_strikes_where_it_is_used(safehold: Installation) -> None:
    answer = safehold.platform().ask(
        "POST",
        "/v1/scan",
        {"signals": [{"type": "sly", "value": "0" * 64}], "context": {"surface": "rehearsal"}},
    )
    assert answer.status == 200
    assert sys.modules["sly_signals"].RESULTS


def test_where_surfaces_run_apart_it_gets_nothing_done_in_the_process_that_compares_uploads(
    safehold: Installation,
) -> None:
    became = strikes(safehold, role="safehold_api")
    assert {name for name, why in became.items() if "permission denied" not in why} == {"a hold on a flag"}
    assert became["a hold on a flag"] == "fk_hold_match"


@pytest.mark.parametrize("surface", ["worker", "console"])
def test_no_process_but_the_one_that_compares_uploads_loads_it(
    installed: Path, database_url: str, tmp_path: Path, surface: str
) -> None:
    settings = running.settings_of(tmp_path / "data", database_url, plugins={"signal_types": ["sly"]})
    with open_program(settings, surfaces=frozenset({surface})) as program:
        assert "sly" not in program.kinds
    assert "sly_signals" not in sys.modules


def test_in_one_process_with_everything_no_outcome_and_no_hold_comes_of_a_machine(
    safehold: Installation,
) -> None:
    became = strikes(safehold, role="safehold_app")
    assert became["an outcome in a person's name"] == "fk_outcome_rests_on"
    assert became["an outcome that rests on nothing"].startswith("fk_outcome_")
    assert became["an approved removal"] == "fk_proposal_outcome_id"
    assert became["a hold on a flag"] == "fk_hold_match"
    assert became["a list that may hold for anything"] == "ck_hash_list_purpose_may_hold"
    assert "permission denied" in became["the log rewritten"]
    # What it can still do there is said in SECURITY.md: act in a person's name, and end a hold.
    done = {name for name, why in became.items() if why == "done"}
    assert done - {"a session"} == {
        "an assessment in a person's name",
        "a message to the platform",
        "a release",
        "an entry of its own on a list",
        "evidence that opens",
    }


# Events by way of the recorder, as a plug-in that got hold of one would record them.


class Injected:
    """What a plug-in would record, and what came of it."""

    def __init__(self, safehold: Installation) -> None:
        self.safehold = safehold
        [row] = safehold.sql("select item_id, case_id from case_item")
        self.item, self.case = ItemId(row.item_id), CaseId(row.case_id)
        self.recorder = Recorder(REACTIONS, Queue(safehold.program.database.driver_url))

    def record(self, kind: type[Event], **fields: Any) -> None:
        at = self.safehold.program.clock()
        with self.safehold.program.database.begin() as tx:
            self.recorder.record(tx, kind(at=at, item_id=self.item, case_id=self.case, **fields))
        with contextlib.suppress(Refused, NotFound):
            self.safehold.run_steps()

    def consequences(self) -> dict[str, int]:
        tables = ("outcome", "proposal", "delivery", "assessment")
        counted = {name: self.safehold.sql(f"select count(*) as n from {name}")[0].n for name in tables}
        released = self.safehold.sql("select count(*) as n from hold where released_at is not null")
        return counted | {"released": released[0].n}


NOTHING = {"outcome": 0, "proposal": 0, "delivery": 0, "assessment": 0, "released": 0}

INJECTED: dict[str, tuple[type[Event], dict[str, Any]]] = {
    "an item is said to be confirmed": (
        ItemConfirmed,
        {"finding": Finding.ILLEGAL, "category": Category.A, "confirmed_by": (AnalystId(new_id()),)},
    ),
    "an item is said to be cleared": (ItemCleared, {"finding": Finding.NOT_ILLEGAL}),
    "an outcome is said to be reversed": (OutcomeReversed, {}),
    "an assessment is said to be filed": (AssessmentFiled, {"assessment_id": AssessmentId(new_id())}),
    "an item is said to be preserved": (ItemPreserved, {}),
    "a removal is said to be approved": (
        ProposalApproved,
        {"proposal_id": ProposalId(new_id()), "proposal_kind": ProposalKind.REMOVE_ITEM},
    ),
}


@pytest.mark.parametrize("name", INJECTED)
def test_an_event_that_nobody_caused_leads_to_nothing(safehold: Installation, name: str) -> None:
    kind, fields = INJECTED[name]
    injected = Injected(safehold)
    injected.record(kind, **fields)
    assert injected.consequences() == NOTHING
    [retention] = safehold.sql("select rule from retention")
    assert retention.rule == "undecided"


# Forged identities.


@pytest.mark.parametrize(
    "actor",
    [
        Actor(permissions=EVERYTHING, key_id=KeyId(new_id())),
        Actor(permissions=EVERYTHING, system="classifier"),
        system_actor("classifier"),
    ],
    ids=["a key", "a part of the system with every permission", "a part of the system"],
)
def test_neither_a_key_nor_a_program_is_an_analyst_whatever_permissions_it_claims(actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        actor.analyst()


def test_an_invented_person_can_neither_take_a_case_nor_assess_nor_approve(safehold: Installation) -> None:
    injected, database = Injected(safehold), safehold.program.database
    nobody = Actor(permissions=EVERYTHING, user_id=UserId(new_id()))
    with pytest.raises(Exception, match="fk_review_case_locked_by"), database.begin() as tx:
        cases.take(tx, injected.case, nobody.analyst(), safehold.program.clock())
    with pytest.raises(SafeholdError), database.begin() as tx:
        file_assessment(
            tx,
            injected.case,
            injected.item,
            ImageryForm(finding=Finding.ILLEGAL, category=Category.A),
            by=nobody.analyst(),
            policy_version="1",
            case_revision=1,
            record=injected.recorder.record,
            now=safehold.program.clock(),
        )
    with pytest.raises(SafeholdError), database.begin() as tx:
        proposals.approve(
            tx,
            ProposalId(new_id()),
            actor=nobody,
            record=injected.recorder.record,
            now=safehold.program.clock(),
        )
    assert injected.consequences() == NOTHING
