"""A stranger's first message: it waits, the child reads words that help, and nobody else can tell."""

from __future__ import annotations

from typing import Any

from safehold.cli.opening import SHELL
from safehold.model.permissions import Permission
from safehold.prevent import help_files, help_texts

STRANGER_WRITES = {
    "feature": "message",
    "age_band": "11-13",
    "jurisdiction": "GB",
    "connected": False,
}
CHILD = {"account_id": "child-7", "age_band": "11-13", "language": "en", "jurisdiction": "GB"}


def test_a_strangers_first_message_leads_to_words_for_the_child_and_to_nothing_else(story: Any) -> None:
    safehold = story.safehold
    with safehold.program.database.begin() as tx:
        help_texts.load(tx, help_files.shipped(), actor=SHELL, now=story.clock())
    platform = safehold.platform(Permission.CHILD_POLICY, Permission.CHILD_SUPPORT)
    records = safehold.sql("select id from audit_record")

    ruling = platform.ask("POST", "/v1/child-policy/decide", STRANGER_WRITES).body
    assert (ruling["decision"], ruling["measure"]) == ("deny", "ICU F1.4")

    asked = CHILD | {"moment": ruling["moment"]}
    shown = platform.ask("POST", "/v1/support-messages", asked).body
    assert shown["message"]["title"] == "Somebody new is writing"
    assert [line["number"] for line in shown["message"]["help_lines"]] == ["0800 1111", "999", None, None]

    chosen = {"moment": ruling["moment"], "choice": "block", "language": "en"}
    assert platform.ask("POST", "/v1/support-messages/choices", chosen).status == 200
    after = platform.ask("POST", "/v1/support-messages", CHILD | {"moment": "after_block"}).body
    assert after["message"]["title"] == "Done"

    story.goes_on()
    assert safehold.sql("select 1 from review_case") == []
    assert safehold.sql("select 1 from delivery") == []
    assert safehold.sql("select id from audit_record") == records
    assert len(story.receiver.deliveries) == story.told_before
