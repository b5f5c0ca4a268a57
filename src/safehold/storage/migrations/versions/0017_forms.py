"""Policy texts beside the forms, kept by version; golden items and the cases in which people meet them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FINDINGS = "'illegal', 'against_terms', 'not_illegal', 'cannot_determine', 'out_of_remit'"
# Whoever writes may read nothing of golden items, so the function reads with its owner's rights.
FOLLOWS = """
create function nothing_follows_from_golden() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select from golden_item g where g.item_id = new.item_id) then
    raise exception 'nothing follows from a golden item' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""
KEPT_FROM_GOLDEN = ("outcome", "hold", "proposal", "delivery")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "policy_text",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_text")),
    )
    _add_golden()
    op.execute(FOLLOWS)
    for table in KEPT_FROM_GOLDEN:
        op.execute(
            f"create trigger nothing_follows_from_golden before insert on {table} for each row"
            " execute function nothing_follows_from_golden()"
        )


def downgrade() -> None:
    """Take the change back."""
    for table in KEPT_FROM_GOLDEN:
        op.execute(f"drop trigger nothing_follows_from_golden on {table}")
    op.execute("drop function nothing_follows_from_golden()")
    op.drop_table("golden_case")
    op.drop_table("golden_item")
    op.drop_table("policy_text")


def _add_golden() -> None:
    op.create_table(
        "golden_item",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose in ('csam', 'intimate_images', 'own_terms')",
            name=op.f("ck_golden_item_purpose_is_no_rehearsal"),
        ),
        sa.CheckConstraint(
            "expected in ('not_illegal', 'out_of_remit')", name=op.f("ck_golden_item_is_harmless")
        ),
        sa.CheckConstraint(
            "until <= loaded_at + interval '366 days'", name=op.f("ck_golden_item_ends_within_a_year")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_golden_item_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_golden_item")),
    )
    op.create_table(
        "golden_case",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("analyst_id", sa.UUID(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.CheckConstraint(f"found in ({FINDINGS})", name=op.f("ck_golden_case_found_known")),
        sa.CheckConstraint(
            "(answered_at is null) = (found is null)", name=op.f("ck_golden_case_answered_together")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_golden_case_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["golden_item.item_id"], name=op.f("fk_golden_case_item_id")),
        sa.ForeignKeyConstraint(["analyst_id"], ["app_user.id"], name=op.f("fk_golden_case_analyst_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_golden_case")),
        sa.UniqueConstraint("analyst_id", "item_id", name="uq_golden_case_once"),
    )
