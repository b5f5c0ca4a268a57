"""How strongly a case asks for a look, how near flagged items come to lists, and what waits for a budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

BANDS = "'none', 'low', 'medium', 'high', 'very_high'"
LANE = ["purpose", "stage", "for_lead", "other_purposes", "exposure_kinds", "skills"]


def upgrade() -> None:
    """Apply the change. What is open is weighed anew by a sweep, and what is near it is sought."""
    op.add_column("item_context", sa.Column("account_created_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("item_context", sa.Column("account_is_child", sa.Boolean()))
    _add_lane_of_band()
    _add_review_band()
    _add_near_miss()
    op.execute(
        "insert into near_miss (item_id, wanted_at) select distinct i.id, now() from item i"
        " join case_item c on c.item_id = i.id and c.waits_for is not null"
        " join flag f on f.item_id = i.id and f.source <> 'audit_sample' where i.media_id is not null"
    )
    op.execute(
        "update review_case c set weigh_at = now() where state = 'open' and exists"
        " (select from case_item i join flag f on f.item_id = i.item_id where i.case_id = c.id)"
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("near_miss")
    op.drop_table("review_band")
    op.drop_index("ix_review_case_account_id", table_name="review_case")
    op.drop_index("ix_review_case_lane", table_name="review_case")
    op.drop_column("review_case", "band")
    _index_lanes([*LANE, "turn_at", "id"])
    op.drop_column("item_context", "account_is_child")
    op.drop_column("item_context", "account_created_at")


def _add_lane_of_band() -> None:
    op.add_column("review_case", sa.Column("band", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_review_case_band_known"), "review_case", f"band = '' or band = any(array[{BANDS}])"
    )
    op.drop_index("ix_review_case_lane", table_name="review_case")
    _index_lanes([*LANE, "band", "turn_at", "id"])
    op.create_index(
        "ix_review_case_account_id",
        "review_case",
        ["account_id"],
        postgresql_where=sa.text("account_id is not null"),
    )


def _index_lanes(columns: list[str]) -> None:
    op.create_index("ix_review_case_lane", "review_case", columns, postgresql_where=sa.text("state = 'open'"))


def _add_review_band() -> None:
    op.create_table(
        "review_band",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("speak_for", postgresql.JSONB(), nullable=False),
        sa.Column("against", postgresql.JSONB(), nullable=False),
        sa.Column("reckoned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("looked_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("looked_band", sa.Text()),
        sa.CheckConstraint(f"band in ({BANDS})", name=op.f("ck_review_band_band_known")),
        sa.CheckConstraint(f"looked_band in ({BANDS})", name=op.f("ck_review_band_looked_band_known")),
        sa.CheckConstraint(
            "(looked_at is null) = (looked_band is null)", name=op.f("ck_review_band_looked_together")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["review_case.id"], name=op.f("fk_review_band_case_id_review_case")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_review_band")),
    )
    op.create_index(
        "ix_review_band_looked_at",
        "review_band",
        ["looked_at"],
        postgresql_where=sa.text("looked_at is not null"),
    )


def _add_near_miss() -> None:
    op.create_table(
        "near_miss",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("wanted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("looked_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("bits_beyond", sa.SmallInteger()),
        sa.CheckConstraint("bits_beyond between 0 and 16", name=op.f("ck_near_miss_bits_beyond_range")),
        sa.CheckConstraint(
            "bits_beyond is null or looked_at is not null", name=op.f("ck_near_miss_looked_first")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_near_miss_item_id_item"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_near_miss")),
    )
    op.create_index(
        "ix_near_miss_wanted", "near_miss", ["wanted_at"], postgresql_where=sa.text("looked_at is null")
    )
