"""A platform asks what may happen to a child's account: the answer, its measure, and that nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from safehold.app.settings_check import check
from safehold.model.errors import BadSettings
from safehold.model.permissions import Permission
from safehold.testing import running
from safehold.testing.running import Installation

ASKED = {
    "feature": "message",
    "surface": "rehearsal",
    "age_band": "14-15",
    "jurisdiction": "GB",
    "connected": False,
}


def ask(safehold: Installation, body: Any, *scopes: Permission) -> Any:
    platform = safehold.platform(*(scopes or (Permission.CHILD_POLICY,)))
    return platform.ask("POST", "/v1/child-policy/decide", body)


def test_the_answer_carries_decision_reason_and_measure(safehold: Installation) -> None:
    answer = ask(safehold, ASKED)
    assert (answer.status, answer.body) == (
        200,
        {
            "decision": "deny",
            "reason": "only_connected_accounts",
            "measure": "ICU F1.4",
            "changeable": True,
            "moment": "first_message",
            "assumed": ["surface"],
            "policy": "1",
        },
    )


def test_whoever_says_only_what_would_happen_gets_the_strictest(safehold: Installation) -> None:
    answer = ask(safehold, {"feature": "message"}).body
    assert (answer["decision"], answer["assumed"]) == (
        "deny",
        ["age", "jurisdiction", "surface", "connected"],
    )


def test_nothing_is_kept_of_a_question(safehold: Installation) -> None:
    before = safehold.counts()
    assert ask(safehold, ASKED).status == 200
    after = safehold.counts()
    assert {name for name in after if after[name] != before.get(name)} <= {"api_key", "audit_record"}


def test_a_long_question_is_answered_as_a_short_one_is(safehold: Installation) -> None:
    platform = safehold.platform(Permission.CHILD_POLICY)
    long = json.dumps(ASKED) + " " * 2000
    answer = httpx.post(
        safehold.base_url + "/v1/child-policy/decide",
        content=long,
        headers={"authorization": f"Bearer {safehold.key()}", "content-type": "application/json"},
        trust_env=False,
    )
    assert answer.json() == platform.ask("POST", "/v1/child-policy/decide", ASKED).body


def test_a_field_that_is_named_twice_is_refused_each_time(safehold: Installation) -> None:
    twice = json.dumps(ASKED)[:-1] + ', "connected": true}'
    for _ in range(2):
        answer = httpx.post(
            safehold.base_url + "/v1/child-policy/decide",
            content=twice,
            headers={"authorization": f"Bearer {safehold.key()}", "content-type": "application/json"},
            trust_env=False,
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_form")


@pytest.mark.parametrize(
    "change",
    [
        {"feature": "anything"},
        {"feature": None},
        {"surface": ""},
        {"surface": "a\0"},
        {"age_band": "12"},
        {"age_band": 12},
        {"connected": "no"},
        {"default_off": 1},
        {"jurisdiction": "G" * 501},
        {"account_id": "account-1"},
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(safehold: Installation, change: dict[str, Any]) -> None:
    answer = ask(safehold, ASKED | change)
    assert (answer.status, answer.body["code"]) == (422, "bad_form")
    assert "account" not in answer.body["title"]


def test_a_surface_that_is_not_declared_is_refused(safehold: Installation) -> None:
    answer = ask(safehold, ASKED | {"surface": "nowhere"})
    assert (answer.status, answer.body["code"]) == (422, "unknown_surface")


def test_a_key_without_the_scope_is_refused(safehold: Installation) -> None:
    assert ask(safehold, ASKED, Permission.SCAN).status == 403


def test_a_policy_that_is_none_is_told_when_the_settings_are_checked(tmp_path: Path) -> None:
    wrong = tmp_path / "policy.toml"
    wrong.write_text("version = 1")
    settings = running.settings_of(tmp_path / "data", None, prevent={"child_policy": wrong})
    with pytest.raises(BadSettings, match=r"prevent\.child_policy: The policy is wrong at"):
        check(settings)
