"""Lists that ask for exact fingerprints, lists that match turned pictures, and matches that say how."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TURNS = (
    "none", "rotated_90", "rotated_180", "rotated_270", "mirrored", "flipped", "transposed", "transversed"
)  # fmt: skip


def upgrade() -> None:
    """Add the columns."""
    for name in ("needs_exact", "match_turned"):
        op.add_column("hash_list", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("match", sa.Column("turn", sa.Text(), server_default="none", nullable=False))
    known = ", ".join(f"'{turn}'" for turn in TURNS)
    op.create_check_constraint(op.f("ck_match_turn_known"), "match", f"turn in ({known})")


def downgrade() -> None:
    """Take them away."""
    op.drop_constraint(op.f("ck_match_turn_known"), "match", type_="check")
    op.drop_column("match", "turn")
    op.drop_column("hash_list", "match_turned")
    op.drop_column("hash_list", "needs_exact")
