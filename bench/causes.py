"""How long the proof takes that no machine is the only cause of an act, with a large audit log.

    python bench/causes.py [RECORDS]

Five records for each item, of which the last assessment is one: an item that was seen, judged and settled by
people. Every act is behind somebody, which is what has to be found out for each of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from annual import FILL, say

from safehold.storage.causes import causes
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade
from safehold.storage.yearly import Span

RECORDS = 200_000
PER_ITEM = 5
VERBS = "case.take, item.view, item.assess, case.release, case.note"

AUDIT = """
insert into case_item (case_id, item_id, joined_at) select case_id, item_id, settled_at from outcome;
insert into audit_record (id, at, actor, verb, object, detail)
  select gen_random_uuid(), filed_at, 'user:' || analyst_id, verb, 'item:' || item_id,
    jsonb_build_object('assessment', id)
  from assessment, unnest(string_to_array('{verbs}', ', ')) verb;
"""


def main() -> None:
    """Fill a database, and say how long the proof takes and what it found."""
    items = (int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS) // PER_ITEM
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), durable=False) as server:
        create_database(server, "causes")
        upgrade(server.url("causes"))
        database = Database(server.url("causes"), pool_size=1)
        text = FILL.replace("set session_replication_role = origin;", AUDIT.format(verbs=VERBS))
        text = text.replace("analyze;", "set session_replication_role = origin;\nanalyze;")
        with database.begin() as tx:
            for statement in text.strip().rstrip(";").split(";\n"):
                tx.run(sa.text(statement), {"items": items} if ":items" in statement else None)
        say(f"{PER_ITEM * items:,} records of {items:,} items")
        began = time.perf_counter()
        with database.begin() as tx:
            found = causes(tx, Span(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)))
        say(f"proof: {time.perf_counter() - began:8.1f} s")
        for each in found:
            if each.acts:
                say(f"{each.act.value:12} {each.acts:10,} acts, {each.without:,} without anybody behind them")
        database.close()


if __name__ == "__main__":
    main()
