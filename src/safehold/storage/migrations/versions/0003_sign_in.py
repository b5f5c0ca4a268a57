"""Second factors, recovery codes, sessions that can be listed, and throttling of sign-in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
UUID = postgresql.UUID(as_uuid=True)


def upgrade() -> None:
    """Apply the change. Sessions that are open go on; each gets an id and counts as just rotated."""
    op.add_column(
        "app_user", sa.Column("password_once", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _widen_session()
    op.create_table(
        "spent_token",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", UUID, nullable=False),
        sa.Column("spent_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_spent_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_spent_token")),
    )
    op.create_index("ix_spent_token_session_id", "spent_token", ["session_id"])
    _add_factors()
    _add_sign_ins()


def downgrade() -> None:
    """Take the change back."""
    for table in (
        "known_device",
        "sign_in_failure",
        "passkey_challenge",
        "pending_sign_in",
        "recovery_code",
        "authenticator_app",
        "passkey",
        "spent_token",
    ):
        op.drop_table(table)
    op.drop_constraint("uq_session_next_digest", "session", type_="unique")
    op.drop_constraint("uq_session_token_digest", "session", type_="unique")
    op.drop_constraint("pk_session", "session", type_="primary")
    op.create_primary_key("pk_session", "session", ["token_digest"])
    for column in ("id", "next_digest", "next_proved_at", "client", "must_enrol", "rotated_at", "proved_at"):
        op.drop_column("session", column)
    op.drop_column("app_user", "password_once")


def _widen_session() -> None:
    op.add_column(
        "session", sa.Column("id", UUID, nullable=False, server_default=sa.text("gen_random_uuid()"))
    )
    op.add_column("session", sa.Column("next_digest", sa.LargeBinary(), nullable=True))
    op.add_column("session", sa.Column("next_proved_at", INSTANT, nullable=True))
    op.add_column("session", sa.Column("client", sa.Text(), nullable=False, server_default="A program"))
    op.add_column("session", sa.Column("must_enrol", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "session", sa.Column("rotated_at", INSTANT, nullable=False, server_default=sa.text("now()"))
    )
    op.add_column("session", sa.Column("proved_at", INSTANT, nullable=True))
    for column in ("id", "client", "must_enrol", "rotated_at"):
        op.alter_column("session", column, server_default=None)
    op.drop_constraint("pk_session", "session", type_="primary")
    op.create_primary_key("pk_session", "session", ["id"])
    op.create_unique_constraint("uq_session_token_digest", "session", ["token_digest"])
    op.create_unique_constraint("uq_session_next_digest", "session", ["next_digest"])


def _add_factors() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", UUID, nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relying_party", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_passkey_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])
    op.create_table(
        "authenticator_app",
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_authenticator_app_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_authenticator_app")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("user_id", "code_digest", name=op.f("pk_recovery_code")),
    )


def _add_sign_ins() -> None:
    op.create_table(
        "pending_sign_in",
        sa.Column("id", UUID, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_pending_sign_in_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_sign_in")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_pending_sign_in_token_digest")),
    )
    op.create_index("ix_pending_sign_in_user_id", "pending_sign_in", ["user_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("holder", UUID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("holder", "purpose", name=op.f("pk_passkey_challenge")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", UUID, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_sign_in_failure_failures_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_table(
        "known_device",
        sa.Column("id", UUID, nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_known_device_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_device")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_known_device_token_digest")),
    )
    op.create_index("ix_known_device_user_id", "known_device", ["user_id"])
