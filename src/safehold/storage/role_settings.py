"""What the server gives the connections of our roles besides what is granted: settings of their own."""

from __future__ import annotations

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.roles import ROLES


def with_settings_of_their_own(tx: Tx) -> dict[str, list[str]]:
    """Return which of the roles have settings that the server gives every connection of theirs, and which.

    Here or in every database; names alone. Any role may ask, and any may have made some for itself.
    """
    statement = sa.text(
        "select r.rolname, split_part(each, '=', 1) as setting"
        " from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as each"
        " where r.rolname = any(:roles) and s.setdatabase in"
        " (0, (select oid from pg_database where datname = current_database())) order by 1, 2"
    )
    found: dict[str, list[str]] = {}
    for row in tx.run(statement, {"roles": list(ROLES)}):
        found.setdefault(row.rolname, []).append(row.setting)
    return found
