"""A hostile plug-in cannot act by machine alone: imports, stages and the database each refuse it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safehold.app import proposals, wiring
from safehold.app.operator import set_up
from safehold.app.plugins import signal_types
from safehold.app.program import open_program
from safehold.app.reactions import REACTIONS
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.assessment import Category, Finding, ImageryForm
from safehold.model.emergency import EmergencyEnd
from safehold.model.errors import BadSettings, NotAllowed, NotFound, SafeholdError
from safehold.model.events import (
    AssessmentFiled,
    Event,
    ItemCleared,
    ItemConfirmed,
    ItemPreserved,
    OutcomeReversed,
    ProposalApproved,
    RiskToLifeEnded,
)
from safehold.model.ids import (
    AnalystId,
    AssessmentId,
    CaseId,
    EmergencyId,
    ItemId,
    KeyId,
    ProposalId,
    UserId,
    new_id,
)
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.model.proposal import ProposalKind
from safehold.review import cases
from safehold.review.assess import file_assessment
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.jobs import RanStep, run_all_steps
from safehold.testing.running import Installation
from safehold.testing.signal_type_kit import KitFailure, check_plugin_imports
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.web.server import served

PACKAGES = Path(__file__).parent / "packages"
EVERYTHING = frozenset(Permission)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Install both packages for one test; return the file that the open one writes when it is run."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    marker = tmp_path / "marker"
    monkeypatch.setenv("HOSTILE_MARKER", str(marker))
    return marker


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
        "import http.client",
        "import ssl",
        "import asyncio",
        "import smtplib",
        "import ftplib",
        "import httpcore",
        "import runpy",
        "import pkgutil",
        "import urllib3",
        "import aiohttp",
        "import socketserver",
        "import xmlrpc.client",
        "from xmlrpc import client as innocent",
        "import _socket",
        "import _ssl",
        "import webbrowser",
        "from pty import spawn",
        "import pty\npty.spawn('true')",
        "import _posixsubprocess",
        "import _ctypes",
        "import ctypes",
        "import imaplib",
        "import poplib",
        "import os\nos.system('true')",
        "import os\nos.popen('true')",
        "import os as o\ndef late():\n    o.execv('/bin/true', ['true'])",
        "import os.path\nos.fork()",
        "from os import posix_spawn",
        "from os import spawnlp as innocent",
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
    lines = (
        "import hashlib",
        "import os",
        "import numpy",
        "import safehold.model.signal",
        "from safehold.model.signal import Signal",
        "print(os.path.join('a', 'b'), safehold.model.signal.PDQ, Signal.system)",
    )
    (tmp_path / "planted_signals.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    check_plugin_imports("planted_signals")


# What hides well enough is loaded: from here on stages and database are on their own.


Opened = tuple[Installation, WebhookReceiver]


@pytest.fixture(scope="module")
def opened(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Yield a program with the sly plug-in loaded, and a platform that wants to be told of everything."""
    secret, patch = running.new_secret(), pytest.MonkeyPatch()
    patch.syspath_prepend(str(PACKAGES))
    with WebhookReceiver(secret) as receiver:
        settings = running.settings_of(
            tmp_path_factory.mktemp("sly") / "data",
            database_url,
            plugins={"signal_types": ["sly"]},
            webhooks={"platform": running.webhook_to(receiver, secret)},
            authorities={"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}},
        )
        with running.installation(settings, serve=served) as program:
            yield program, receiver
    patch.undo()


@pytest.fixture
def safehold(opened: Opened, database_url: str) -> Iterator[Installation]:
    """Yield the program with a held item in a case, a flagged one, and an analyst."""
    program, _ = opened
    program.add_list()
    program.analyst()
    program.sql(
        "insert into item (id, kind, surface, scan_id, result, rehearsal, received_at)"
        " values (gen_random_uuid(), 'signals', 'rehearsal', gen_random_uuid(), 'review', true, now())"
    )
    program.sql(
        "insert into flag (id, item_id, source, score, reason, flagged_at)"
        " select gen_random_uuid(), id, 'classifier', 1.0, 'looks_alike', now() from item"
    )
    sent = program.platform().upload(
        running.altered_copy(1), {"surface": "rehearsal", "account_id": "a"}, media_type="image/jpeg"
    )
    assert sent.body["result"] == "hold"
    program.run_steps()
    sys.modules["sly_signals"].RESULTS.clear()
    yield program
    program.program.scanner.counters.flush()


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
    assert became == {
        "an assessment in a person's name": "permission denied for table assessment",
        "an outcome in a person's name": "permission denied for table outcome",
        "an outcome that rests on nothing": "permission denied for table outcome",
        "an outcome on an assessment that it wrote itself": "permission denied for table outcome",
        "an approved removal": "permission denied for table proposal",
        "a message to the platform": "permission denied for table delivery",
        "a hold on a flag": "fk_hold_match",
        "a release": "permission denied for table hold",
        "a session": "permission denied for table session",
        "an entry of its own on a list": "permission denied for table entry",
        "a list that may hold for anything": "permission denied for table hash_list",
        "evidence that opens": "permission denied for table wrapped_key",
        "the log rewritten": "permission denied for table audit_record",
    }


@pytest.mark.parametrize(
    ("surfaces", "loads"),
    [({"worker"}, False), ({"console"}, False), ({"portal"}, False), ({"media"}, False), ({"api"}, True)],
    ids=["worker", "console", "portal", "media", "api"],
)
def test_no_process_but_the_one_that_compares_uploads_loads_it(
    installed: Path,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    surfaces: set[str],
    loads: bool,
) -> None:
    settings = running.settings_of(tmp_path / "data", database_url, plugins={"signal_types": ["sly"]})
    set_up(settings)
    loaded = tmp_path / "loaded"
    loaded.mkdir()
    monkeypatch.setenv("SLY_LOADED", str(loaded))
    monkeypatch.delitem(sys.modules, "sly_signals", raising=False)
    with open_program(settings, surfaces=frozenset(surfaces)) as program:
        assert ("sly" in program.kinds) == loads
        assert (program.reader is not None) == ("media" in surfaces)
    assert [int(one.name) for one in loaded.iterdir()] == [os.getpid()] * loads


@pytest.mark.parametrize("program", ["safehold.app.reader.__main__", "safehold.vault.decoding.template"])
def test_what_opens_and_what_decodes_media_do_not_even_hold_the_code_that_loads_plug_ins(
    program: str,
) -> None:
    asked = f"import sys, {program}; print('safehold.app.plugins' in sys.modules, {program!r} in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "True"]


def test_in_one_process_with_everything_an_outcome_takes_an_assessment_and_a_hold_a_match(
    safehold: Installation,
) -> None:
    became = strikes(safehold, role="safehold_app")
    done = {name for name, why in became.items() if why == "done"}
    # What it can do there is said in SECURITY.md: act in a person's name, whom the database cannot ask.
    assert done == {
        "an assessment in a person's name",
        "an outcome on an assessment that it wrote itself",
        "a message to the platform",
        "a release",
        "a session",
        "an entry of its own on a list",
        "evidence that opens",
    }
    assert {name: why for name, why in became.items() if name not in done} == {
        "an outcome in a person's name": "fk_outcome_rests_on",
        "an outcome that rests on nothing": "fk_outcome_settled_by",
        "an approved removal": "fk_proposal_outcome_id",
        "a hold on a flag": "fk_hold_match",
        "a list that may hold for anything": "ck_hash_list_purpose_may_hold",
        "the log rewritten": "permission denied for table audit_record",
    }


# Events by way of the recorder, as a plug-in that got hold of one would record them.


class Injected:
    """What a plug-in would record, and what came of it."""

    def __init__(self, safehold: Installation) -> None:
        self.safehold = safehold
        [row] = safehold.sql("select item_id, case_id from case_item")
        self.item, self.case = ItemId(row.item_id), CaseId(row.case_id)
        self.recorder = Recorder(REACTIONS, Queue(safehold.program.database.driver_url))

    def record(self, kind: type[Event], **fields: Any) -> list[RanStep]:
        """Record an event of this item, and run every step that follows from it, also after one was refused.

        Nothing is waited for and nothing is passed over: how each step ended is returned.
        """
        program = self.safehold.program
        with program.database.begin() as tx:
            about = {"item_id": self.item} if "item_id" in kind.__dataclass_fields__ else {}
            self.recorder.record(tx, kind(at=program.clock(), case_id=self.case, **about, **fields))
        return run_all_steps(program.database, program.recorder, wiring.handlers(program), raising=False)

    def consequences(self) -> dict[str, int]:
        tables = ("outcome", "proposal", "authority_report", "delivery", "assessment")
        counted = {name: self.safehold.sql(f"select count(*) as n from {name}")[0].n for name in tables}
        released = self.safehold.sql("select count(*) as n from hold where released_at is not null")
        return counted | {"released": released[0].n}


NOTHING = dict.fromkeys(("outcome", "proposal", "authority_report", "delivery", "assessment", "released"), 0)

REFUSED, DONE = "refused", None

INJECTED: dict[str, tuple[type[Event], dict[str, Any], dict[str, str | None]]] = {
    "an item is said to be confirmed": (
        ItemConfirmed,
        {"finding": Finding.ILLEGAL, "category": Category.A, "confirmed_by": (AnalystId(new_id()),)},
        {"evidence.preserve": DONE, "app.plan_proposals": DONE, "authorities.plan": DONE},
    ),
    "an item is said to be cleared": (
        ItemCleared,
        {"finding": Finding.NOT_ILLEGAL},
        {
            "app.withdraw_proposals": DONE,
            "authorities.follow_reversal": DONE,
            "evidence.reconsider": DONE,
            "act.release": REFUSED,
            "act.tell_platform": REFUSED,
        },
    ),
    "an outcome is said to be reversed": (
        OutcomeReversed,
        {},
        {
            "app.withdraw_proposals": DONE,
            "authorities.follow_reversal": DONE,
            "evidence.reconsider": DONE,
            "act.release": REFUSED,
            "act.tell_platform": REFUSED,
        },
    ),
    "an assessment is said to be filed": (
        AssessmentFiled,
        {"assessment_id": AssessmentId(new_id())},
        {"review.settle": "not_found"},
    ),
    "an item is said to be preserved": (
        ItemPreserved,
        {},
        {"app.plan_proposals": DONE, "authorities.plan": DONE},
    ),
    "a removal is said to be approved": (
        ProposalApproved,
        {"proposal_id": ProposalId(new_id()), "proposal_kind": ProposalKind.REMOVE_ITEM},
        {"act.tell_platform": REFUSED},
    ),
    "a risk to life is said to have been a wrong alarm": (
        RiskToLifeEnded,
        {"emergency_id": EmergencyId(new_id()), "how": EmergencyEnd.WITHDRAWN},
        {"evidence.keep_case": DONE, "authorities.follow_wrong_alarm": DONE},
    ),
}
"""What is made up, and how each step that follows ends: refused with this code, or done and nothing done."""


@pytest.mark.parametrize("name", INJECTED)
def test_an_event_that_nobody_caused_leads_to_nothing(
    safehold: Installation, opened: Opened, name: str
) -> None:
    kind, fields, ends = INJECTED[name]
    injected = Injected(safehold)
    told_before = len(opened[1].deliveries)
    ran = injected.record(kind, **fields)
    safehold.deliver()
    assert {step.name: step.error_code for step in ran if step.name != "app.raise_alarm"} == ends
    assert injected.consequences() == NOTHING
    assert opened[1].deliveries[told_before:] == []
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
    with pytest.raises(NotFound, match="no such case"), database.begin() as tx:
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
