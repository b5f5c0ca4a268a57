"""Assessments that repeat what was found of a picture that is nearly the same, by how many bits they differ."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BITS = "bits is null or (same_as is not null and bits between 0 and 8 and form = 'imagery')"


def upgrade() -> None:
    """Apply the change. What was repeated until now is of the same bytes."""
    op.add_column("assessment", sa.Column("bits", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_assessment_bits_of_what_it_repeats"), "assessment", BITS)


def downgrade() -> None:
    """Take the change back. What was decided by a picture that is nearly the same says so no longer."""
    op.drop_constraint(op.f("ck_assessment_bits_of_what_it_repeats"), "assessment")
    op.drop_column("assessment", "bits")
