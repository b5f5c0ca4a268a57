"""What a bundle that was made is known by, and how much is in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS = ("signed_sha256", "held", "not_held")
_CHECKS = {
    "signed_sha256_length": "octet_length(signed_sha256) = 32",
    "made_whole": (
        "num_nonnulls(signed_sha256, held, not_held) in (0, 3) and (signed_sha256 is null or made > 0)"
    ),
}


def upgrade() -> None:
    """Apply the change."""
    op.add_column("bundle_request", sa.Column("signed_sha256", sa.LargeBinary()))
    for name in _COLUMNS[1:]:
        op.add_column("bundle_request", sa.Column(name, sa.Integer()))
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_bundle_request_{name}"), "bundle_request", condition)


def downgrade() -> None:
    """Take the change back."""
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_bundle_request_{name}"), "bundle_request", type_="check")
    for name in _COLUMNS:
        op.drop_column("bundle_request", name)
