"""Reports that the machine files as one encrypted parcel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

KINDS = "'ncmec_cybertipline', 'uk_nca', 'generic'"
CALLS = "'open', 'upload', 'describe', 'finish', 'take_back'"


def upgrade() -> None:
    """Apply the change."""
    _known("authority_report", "kind", f"{KINDS}, 'parcel'")
    _known("filing", "pending", f"{CALLS}, 'send'")


def downgrade() -> None:
    """Take the change back: what was to go as a parcel is for a person to carry."""
    op.execute(
        sa.text(
            "delete from filing where report_id in (select id from authority_report where kind = 'parcel')"
        )
    )
    op.execute(
        sa.text("update authority_report set state = 'sending' where kind = 'parcel' and state = 'stuck'")
    )
    op.execute(sa.text("update authority_report set kind = 'generic' where kind = 'parcel'"))
    _known("filing", "pending", CALLS)
    _known("authority_report", "kind", KINDS)


def _known(table: str, column: str, values: str) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} in ({values})")
