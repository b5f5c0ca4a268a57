"""Reports from the public, and their contact details apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# It runs as the owner of the tables, so that the portal's role needs no right to read any of them.
PORTAL_STATUS = """
create function portal_status(digest bytea) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select case
    when exists (select from public.outcome o where o.item_id = r.item_id and o.reversed_at is null)
      then 'looked_at'
    when exists (select from public.assessment a where a.item_id = r.item_id)
      or exists (
        select from public.case_item i join public.review_case c on c.id = i.case_id
        where i.item_id = r.item_id and c.locked_by is not null
      )
      then 'being_looked_at'
    else 'received'
  end
  from public.inbound_report r where r.reference_digest = digest
$$
"""


def upgrade() -> None:
    """Apply the change."""
    op.alter_column("page", "url", existing_type=sa.Text(), nullable=True)
    op.drop_constraint(op.f("ck_item_kind_known"), "item", type_="check")
    op.create_check_constraint(
        op.f("ck_item_kind_known"), "item", "kind in ('media', 'signals', 'messages', 'page')"
    )
    op.create_check_constraint(
        op.f("ck_item_page_present"), "item", "(kind = 'page') = (page_id is not null)"
    )
    _add_reports()
    _add_contacts()
    op.execute(PORTAL_STATUS)
    op.execute("revoke execute on function portal_status(bytea) from public")


def downgrade() -> None:
    """Take the change back. It fails while there are items that are pages: nothing older can read them."""
    op.execute("drop function portal_status(bytea)")
    op.drop_table("report_contact")
    op.drop_index("ix_inbound_report_waiting", table_name="inbound_report")
    op.drop_table("inbound_report")
    op.drop_constraint(op.f("ck_item_page_present"), "item", type_="check")
    op.drop_constraint(op.f("ck_item_kind_known"), "item", type_="check")
    op.create_check_constraint(op.f("ck_item_kind_known"), "item", "kind in ('media', 'signals', 'messages')")
    op.alter_column("page", "url", existing_type=sa.Text(), nullable=False)


def _add_reports() -> None:
    op.create_table(
        "inbound_report",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("reference_digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.UUID(), nullable=True),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "seen in ('child_images', 'child_pressured', 'child_images_offered', 'intimate_images', 'other')",
            name=op.f("ck_inbound_report_seen_known"),
        ),
        sa.CheckConstraint(
            "(address is null) = (item_id is not null)", name=op.f("ck_inbound_report_one_place")
        ),
        sa.CheckConstraint(
            "length(address) between 1 and 2048", name=op.f("ck_inbound_report_address_bounded")
        ),
        sa.CheckConstraint("length(statement) <= 4000", name=op.f("ck_inbound_report_statement_bounded")),
        sa.CheckConstraint(
            "octet_length(reference_digest) = 32", name=op.f("ck_inbound_report_digest_whole")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_inbound_report_item_id")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_inbound_report_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_report")),
        sa.UniqueConstraint("item_id", name=op.f("uq_inbound_report_item_id")),
        sa.UniqueConstraint("reference_digest", name=op.f("uq_inbound_report_reference_digest")),
    )
    op.create_index(
        "ix_inbound_report_waiting",
        "inbound_report",
        ["received_at"],
        postgresql_where=sa.text("item_id is null"),
    )


def _add_contacts() -> None:
    op.create_table(
        "report_contact",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(sealed) <= 1024 and octet_length(wrapped) <= 1024",
            name=op.f("ck_report_contact_contact_bounded"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["inbound_report.id"], name=op.f("fk_report_contact_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_contact")),
    )
