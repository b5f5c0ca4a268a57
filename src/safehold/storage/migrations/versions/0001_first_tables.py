"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "alarm",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(
        "uq_alarm_standing",
        "alarm",
        ["code", "subject"],
        unique=True,
        postgresql_where=sa.text("cleared_at is null"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_api_key_secret_digest")),
    )
    op.create_table(
        "app_user",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
    )
    op.create_index("uq_app_user_name", "app_user", [sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "audit_record",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("personal_digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_record")),
    )
    op.create_index("ix_audit_record_object", "audit_record", ["object"], unique=False)
    op.create_table(
        "destruction",
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("media_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("destroyed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_destruction")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(item_id is null) = (revision is null)", name=op.f("ck_event_revision_of_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("seq", name=op.f("uq_event_seq")),
    )
    op.create_index("ix_event_item_id", "event", ["item_id"], unique=False)
    op.create_index("ix_event_kind", "event", ["kind", "seq"], unique=False)
    op.create_table(
        "hash_list",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("max_distance", sa.SmallInteger(), nullable=False),
        sa.Column("hold_max_distance", sa.SmallInteger(), nullable=False),
        sa.Column("may_hold", sa.Boolean(), nullable=False),
        sa.Column("vetted", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("stale_after_seconds", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind in ('hash', 'url')", name=op.f("ck_hash_list_kind_known")),
        sa.CheckConstraint(
            "not may_hold or purpose in ('csam', 'intimate_images', 'test')",
            name=op.f("ck_hash_list_purpose_may_hold"),
        ),
        sa.CheckConstraint(
            "purpose in ('csam', 'intimate_images', 'own_terms', 'test')",
            name=op.f("ck_hash_list_purpose_known"),
        ),
        sa.CheckConstraint(
            "hold_max_distance between 0 and max_distance", name=op.f("ck_hash_list_hold_within_match")
        ),
        sa.CheckConstraint("max_distance between 0 and 256", name=op.f("ck_hash_list_max_distance_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hash_list")),
        sa.UniqueConstraint("name", name=op.f("uq_hash_list_name")),
    )
    op.create_table(
        "item_revision",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_revision")),
    )
    op.create_table(
        "media",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), server_default="0", nullable=False),
        sa.Column("height", sa.Integer(), server_default="0", nullable=False),
        sa.Column("frames", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "failure in ('truncated', 'mislabelled', 'unsupported', 'limit', 'encrypted', 'no_video')",
            name=op.f("ck_media_failure_known"),
        ),
        sa.CheckConstraint(
            "kind in ('image', 'animation', 'video', 'unknown')", name=op.f("ck_media_kind_known")
        ),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_media_sha256_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("sha256", name=op.f("uq_media_sha256")),
    )
    op.create_table(
        "page",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
    )
    op.create_table(
        "schedule_run",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule_run")),
    )
    op.create_table(
        "audit_link",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["audit_record.id"], name=op.f("fk_audit_link_record_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("record_id", name=op.f("uq_audit_link_record_id")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["audit_record.id"], name=op.f("fk_audit_personal_record_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_audit_personal")),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("list_id", sa.UUID(), nullable=False),
        sa.Column("signal_type", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("added_seq", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("removed_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("origin in ('file', 'source', 'own')", name=op.f("ck_entry_origin_known")),
        sa.CheckConstraint(
            "(removed_at is null) = (removed_seq is null)", name=op.f("ck_entry_removed_together")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["hash_list.id"], name=op.f("fk_entry_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index("ix_entry_added", "entry", ["list_id", "added_seq"], unique=False)
    op.create_index(
        "ix_entry_removed",
        "entry",
        ["list_id", "removed_seq"],
        unique=False,
        postgresql_where=sa.text("removed_seq is not null"),
    )
    op.create_index(
        "uq_entry_live",
        "entry",
        ["list_id", "signal_type", "value"],
        unique=True,
        postgresql_where=sa.text("removed_seq is null"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key_id", sa.UUID(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_idempotency_key_id")),
        sa.PrimaryKeyConstraint("key_id", "idempotency_key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_started_at", "idempotency", ["started_at"], unique=False)
    op.create_table(
        "incomplete_scan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("key_id", sa.UUID(), nullable=True),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_incomplete_scan_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incomplete_scan")),
    )
    op.create_index("ix_incomplete_scan_at", "incomplete_scan", ["at"], unique=False)
    op.create_table(
        "item",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("media_id", sa.UUID(), nullable=True),
        sa.Column("page_id", sa.UUID(), nullable=True),
        sa.Column("key_id", sa.UUID(), nullable=True),
        sa.Column("scan_id", sa.UUID(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'media') = (media_id is not null)", name=op.f("ck_item_media_present")),
        sa.CheckConstraint("kind in ('media', 'signals', 'messages')", name=op.f("ck_item_kind_known")),
        sa.CheckConstraint("result in ('hold', 'review')", name=op.f("ck_item_result_kept")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_item_key_id")),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_item_media_id")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_item_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_index("ix_item_media_id", "item", ["media_id"], unique=False)
    op.create_table(
        "media_signal",
        sa.Column("media_id", sa.UUID(), nullable=False),
        sa.Column("signal_type", sa.Text(), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint("quality between 0 and 100", name=op.f("ck_media_signal_quality_range")),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_media_signal_media_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("media_id", "signal_type", "frame", name=op.f("pk_media_signal")),
    )
    op.create_table(
        "retention",
        sa.Column("media_id", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("destroy_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("alarm_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(rule = 'confirmed') = (destroy_at is null)", name=op.f("ck_retention_confirmed_is_never_swept")
        ),
        sa.CheckConstraint(
            "rule in ('undecided', 'not_confirmed', 'confirmed')", name=op.f("ck_retention_rule_known")
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_retention_media_id")),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_retention")),
    )
    op.create_index(
        "ix_retention_due",
        "retention",
        ["destroy_at"],
        unique=False,
        postgresql_where=sa.text("destroy_at is not null"),
    )
    op.create_table(
        "review_case",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False, start=1001), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("gathered_by", sa.Text(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("priority_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("locked_by", sa.UUID(), nullable=True),
        sa.Column("locked_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'settled') = (settled_at is not null)", name=op.f("ck_review_case_settled_together")
        ),
        sa.CheckConstraint("purpose <> 'test' or rehearsal", name=op.f("ck_review_case_test_is_rehearsal")),
        sa.CheckConstraint(
            "purpose in ('csam', 'intimate_images', 'own_terms', 'test')",
            name=op.f("ck_review_case_purpose_known"),
        ),
        sa.CheckConstraint("state in ('open', 'settled')", name=op.f("ck_review_case_state_known")),
        sa.CheckConstraint(
            "(locked_by is null) = (locked_until is null)", name=op.f("ck_review_case_locked_together")
        ),
        sa.ForeignKeyConstraint(["locked_by"], ["app_user.id"], name=op.f("fk_review_case_locked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
        sa.UniqueConstraint("id", "purpose", name="uq_review_case_purpose"),
        sa.UniqueConstraint("number", name=op.f("uq_review_case_number")),
    )
    op.create_index(
        "ix_review_case_queue",
        "review_case",
        ["state", sa.literal_column("priority desc"), "opened_at"],
        unique=False,
    )
    op.create_index(
        "uq_review_case_open",
        "review_case",
        ["gathered_by", "purpose", "rehearsal"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "scan_counter",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("minute", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("key_id", sa.UUID(), nullable=True),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("lists_version", sa.Text(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("sealed_by", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(["sealed_by"], ["audit_record.id"], name=op.f("fk_scan_counter_sealed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_counter")),
    )
    op.create_index(
        "ix_scan_counter_open",
        "scan_counter",
        ["minute"],
        unique=False,
        postgresql_where=sa.text("sealed_by is null"),
    )
    op.create_table(
        "sealed_object",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("media_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('original', 'rendition')", name=op.f("ck_sealed_object_role_known")),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_sealed_object_media_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_object")),
    )
    op.create_index(
        "uq_sealed_object_live",
        "sealed_object",
        ["media_id", "role"],
        unique=True,
        postgresql_where=sa.text("destroyed_at is null"),
    )
    op.create_table(
        "session",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("form_token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_session_user_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_session")),
    )
    op.create_index("ix_session_user_id", "session", ["user_id"], unique=False)
    op.create_table(
        "step",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'done', 'superseded', 'stuck')", name=op.f("ck_step_state_known")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_step_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step")),
        sa.UniqueConstraint("event_id", "name", name="uq_step_once"),
    )
    op.create_index(
        "ix_step_open",
        "step",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state in ('waiting', 'stuck')"),
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_appeal_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_appeal_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    op.create_index("ix_appeal_case_id", "appeal", ["case_id"], unique=False)
    op.create_index("ix_appeal_item_id", "appeal", ["item_id"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("analyst_id", sa.UUID(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "category in ('A', 'B', 'C', 'prohibited')", name=op.f("ck_assessment_category_known")
        ),
        sa.CheckConstraint(
            "category is null or (finding = 'illegal' and purpose in ('csam', 'test'))",
            name=op.f("ck_assessment_category_only_when_illegal"),
        ),
        sa.CheckConstraint(
            "finding <> 'against_terms' or purpose in ('intimate_images', 'own_terms')",
            name=op.f("ck_assessment_against_terms_has_its_purposes"),
        ),
        sa.CheckConstraint(
            "finding in ('illegal', 'against_terms', 'not_illegal', 'cannot_determine', 'out_of_remit')",
            name=op.f("ck_assessment_finding_known"),
        ),
        sa.CheckConstraint(
            "form <> 'imagery' or finding <> 'illegal' or purpose not in ('csam', 'test') or category is not null",
            name=op.f("ck_assessment_category_when_illegal_imagery"),
        ),
        sa.CheckConstraint("form in ('imagery', 'conduct')", name=op.f("ck_assessment_form_known")),
        sa.CheckConstraint("tier in ('none', 'blurred', 'clear')", name=op.f("ck_assessment_tier_known")),
        sa.ForeignKeyConstraint(["analyst_id"], ["app_user.id"], name=op.f("fk_assessment_analyst_id")),
        sa.ForeignKeyConstraint(
            ["case_id", "purpose"], ["review_case.id", "review_case.purpose"], name="fk_assessment_purpose"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_assessment_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_assessment_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    op.create_index("ix_assessment_case_id", "assessment", ["case_id"], unique=False)
    op.create_index("ix_assessment_item_id", "assessment", ["item_id"], unique=False)
    op.create_table(
        "case_item",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("joined_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("waits_for", sa.Text(), server_default="assessment", nullable=True),
        sa.CheckConstraint(
            "waits_for in ('assessment', 'settling', 'clear_view')", name=op.f("ck_case_item_waits_for_known")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_case_item_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_case_item_item_id")),
        sa.PrimaryKeyConstraint("case_id", "item_id", name=op.f("pk_case_item")),
    )
    op.create_index("ix_case_item_item_id", "case_item", ["item_id"], unique=False)
    op.create_table(
        "case_pass",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("analyst_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("passed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason in ('not_now', 'knows_somebody', 'other_language', 'needs_lead')",
            name=op.f("ck_case_pass_reason_known"),
        ),
        sa.ForeignKeyConstraint(["analyst_id"], ["app_user.id"], name=op.f("fk_case_pass_analyst_id")),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_case_pass_case_id")),
        sa.PrimaryKeyConstraint("case_id", "analyst_id", name=op.f("pk_case_pass")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_attempt_at is not null)", name=op.f("ck_delivery_waiting_has_a_date")
        ),
        sa.CheckConstraint("state in ('waiting', 'delivered', 'dead')", name=op.f("ck_delivery_state_known")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_delivery_event_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_delivery_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("event_id", "destination", name="uq_delivery_once"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "flag",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("against", sa.Text(), server_default="", nullable=False),
        sa.Column("flagged_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("score between 0 and 1", name=op.f("ck_flag_score_range")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_flag_item_id"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index("ix_flag_item_id", "flag", ["item_id"], unique=False)
    op.create_table(
        "item_context",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("uploaded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("original_name", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_item_context_item_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_context")),
    )
    op.create_index("ix_item_context_account_id", "item_context", ["account_id"], unique=False)
    op.create_table(
        "match",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("list_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("signal_type", sa.Text(), nullable=False),
        sa.Column("distance", sa.SmallInteger(), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("may_hold", sa.Boolean(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("matched_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_match_entry_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_match_item_id"), ondelete="cascade"),
        sa.ForeignKeyConstraint(["list_id"], ["hash_list.id"], name=op.f("fk_match_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
        sa.UniqueConstraint("id", "may_hold", name="uq_match_may_hold"),
    )
    op.create_index("ix_match_item_id", "match", ["item_id"], unique=False)
    op.create_table(
        "outcome",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_by", sa.UUID(), nullable=False),
        sa.Column("reversed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "category in ('A', 'B', 'C', 'prohibited')", name=op.f("ck_outcome_category_known")
        ),
        sa.CheckConstraint(
            "category is null or (finding = 'illegal' and purpose in ('csam', 'test'))",
            name=op.f("ck_outcome_category_only_when_illegal"),
        ),
        sa.CheckConstraint(
            "finding <> 'against_terms' or purpose in ('intimate_images', 'own_terms')",
            name=op.f("ck_outcome_against_terms_has_its_purposes"),
        ),
        sa.CheckConstraint(
            "finding in ('illegal', 'against_terms', 'not_illegal', 'cannot_determine', 'out_of_remit')",
            name=op.f("ck_outcome_finding_known"),
        ),
        sa.CheckConstraint(
            "(reversed_at is null) = (reversed_by is null)", name=op.f("ck_outcome_reversed_together")
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "purpose"], ["review_case.id", "review_case.purpose"], name="fk_outcome_purpose"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_outcome_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_outcome_item_id")),
        sa.ForeignKeyConstraint(["reversed_by"], ["app_user.id"], name=op.f("fk_outcome_reversed_by")),
        sa.ForeignKeyConstraint(["settled_by"], ["app_user.id"], name=op.f("fk_outcome_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
    )
    op.create_index(
        "uq_outcome_standing",
        "outcome",
        ["item_id", "case_id"],
        unique=True,
        postgresql_where=sa.text("reversed_at is null"),
    )
    op.create_table(
        "reveal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("tier <> 'none'", name=op.f("ck_reveal_shows_something")),
        sa.CheckConstraint("tier in ('none', 'blurred', 'clear')", name=op.f("ck_reveal_tier_known")),
        sa.CheckConstraint(
            "fetched_at >= opened_at and closed_at >= opened_at", name=op.f("ck_reveal_in_order")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_reveal_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_reveal_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_reveal_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveal")),
    )
    op.create_index("ix_reveal_item_id", "reveal", ["item_id"], unique=False)
    op.create_index("ix_reveal_user_day", "reveal", ["user_id", "opened_at"], unique=False)
    op.create_table(
        "subject",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("part_set_by", sa.UUID(), nullable=True),
        sa.Column("part_set_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "part = 'unknown' or part_set_by is not null", name=op.f("ck_subject_part_set_by_person")
        ),
        sa.CheckConstraint(
            "part in ('unknown', 'suspected', 'victim', 'reporter', 'bystander')",
            name=op.f("ck_subject_part_known"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_subject_case_id")),
        sa.ForeignKeyConstraint(["part_set_by"], ["app_user.id"], name=op.f("fk_subject_part_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
        sa.UniqueConstraint("case_id", "account_id", name="uq_subject_account"),
        sa.UniqueConstraint("id", "part", name="uq_subject_part"),
    )
    op.create_table(
        "wrapped_key",
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["sealed_object.id"], name=op.f("fk_wrapped_key_object_id")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_wrapped_key")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("match_id", sa.UUID(), nullable=False),
        sa.Column("match_may_hold", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("placed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("released_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(released_at is null) = (release_reason is null)", name=op.f("ck_hold_released_together")
        ),
        sa.CheckConstraint("match_may_hold", name=op.f("ck_hold_rests_on_a_holding_match")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_hold_item_id")),
        sa.ForeignKeyConstraint(
            ["match_id", "match_may_hold"], ["match.id", "match.may_hold"], name="fk_hold_match"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(
        "uq_hold_standing", "hold", ["item_id"], unique=True, postgresql_where=sa.text("released_at is null")
    )
    op.create_table(
        "outcome_assessment",
        sa.Column("outcome_id", sa.UUID(), nullable=False),
        sa.Column("assessment_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_outcome_assessment_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_outcome_assessment_outcome_id")
        ),
        sa.PrimaryKeyConstraint("outcome_id", "assessment_id", name=op.f("pk_outcome_assessment")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("outcome_id", sa.UUID(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=True),
        sa.Column("subject_part", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("approved_by", sa.UUID(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'account_action') = (subject_id is not null)",
            name=op.f("ck_proposal_account_action_names_subject"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at is null)", name=op.f("ck_proposal_decided_together")
        ),
        sa.CheckConstraint(
            "kind <> 'account_action' or state in ('declined', 'withdrawn') or (subject_part is not null and subject_part in ('suspected', 'reporter', 'bystander'))",
            name=op.f("ck_proposal_never_against_unknown_or_victim"),
        ),
        sa.CheckConstraint("kind in ('remove_item', 'account_action')", name=op.f("ck_proposal_kind_known")),
        sa.CheckConstraint(
            "state <> 'approved' or ((approved_by is null) <> (policy is null))",
            name=op.f("ck_proposal_approved_by_person_or_policy"),
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'approved', 'declined', 'withdrawn')", name=op.f("ck_proposal_state_known")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["app_user.id"], name=op.f("fk_proposal_approved_by")),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_proposal_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_proposal_item_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcome.id"], name=op.f("fk_proposal_outcome_id")),
        sa.ForeignKeyConstraint(
            ["subject_id", "subject_part"],
            ["subject.id", "subject.part"],
            name="fk_proposal_subject",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint(
            "outcome_id", "kind", "subject_id", name="uq_proposal_once", postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index("ix_proposal_case_id", "proposal", ["case_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_proposal_case_id", table_name="proposal")
    op.drop_table("proposal")
    op.drop_table("outcome_assessment")
    op.drop_index("uq_hold_standing", table_name="hold", postgresql_where=sa.text("released_at is null"))
    op.drop_table("hold")
    op.drop_table("wrapped_key")
    op.drop_table("subject")
    op.drop_index("ix_reveal_user_day", table_name="reveal")
    op.drop_index("ix_reveal_item_id", table_name="reveal")
    op.drop_table("reveal")
    op.drop_index(
        "uq_outcome_standing", table_name="outcome", postgresql_where=sa.text("reversed_at is null")
    )
    op.drop_table("outcome")
    op.drop_index("ix_match_item_id", table_name="match")
    op.drop_table("match")
    op.drop_index("ix_item_context_account_id", table_name="item_context")
    op.drop_table("item_context")
    op.drop_index("ix_flag_item_id", table_name="flag")
    op.drop_table("flag")
    op.drop_index("ix_delivery_due", table_name="delivery", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("delivery")
    op.drop_table("case_pass")
    op.drop_index("ix_case_item_item_id", table_name="case_item")
    op.drop_table("case_item")
    op.drop_index("ix_assessment_item_id", table_name="assessment")
    op.drop_index("ix_assessment_case_id", table_name="assessment")
    op.drop_table("assessment")
    op.drop_index("ix_appeal_item_id", table_name="appeal")
    op.drop_index("ix_appeal_case_id", table_name="appeal")
    op.drop_table("appeal")
    op.drop_index(
        "ix_step_open", table_name="step", postgresql_where=sa.text("state in ('waiting', 'stuck')")
    )
    op.drop_table("step")
    op.drop_index("ix_session_user_id", table_name="session")
    op.drop_table("session")
    op.drop_index(
        "uq_sealed_object_live", table_name="sealed_object", postgresql_where=sa.text("destroyed_at is null")
    )
    op.drop_table("sealed_object")
    op.drop_index(
        "ix_scan_counter_open", table_name="scan_counter", postgresql_where=sa.text("sealed_by is null")
    )
    op.drop_table("scan_counter")
    op.drop_index("uq_review_case_open", table_name="review_case", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_review_case_queue", table_name="review_case")
    op.drop_table("review_case")
    op.drop_index(
        "ix_retention_due", table_name="retention", postgresql_where=sa.text("destroy_at is not null")
    )
    op.drop_table("retention")
    op.drop_table("media_signal")
    op.drop_index("ix_item_media_id", table_name="item")
    op.drop_table("item")
    op.drop_index("ix_incomplete_scan_at", table_name="incomplete_scan")
    op.drop_table("incomplete_scan")
    op.drop_index("ix_idempotency_started_at", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index("uq_entry_live", table_name="entry", postgresql_where=sa.text("removed_seq is null"))
    op.drop_index("ix_entry_removed", table_name="entry", postgresql_where=sa.text("removed_seq is not null"))
    op.drop_index("ix_entry_added", table_name="entry")
    op.drop_table("entry")
    op.drop_table("audit_personal")
    op.drop_table("audit_link")
    op.drop_table("schedule_run")
    op.drop_table("page")
    op.drop_table("media")
    op.drop_table("item_revision")
    op.drop_table("hash_list")
    op.drop_index("ix_event_kind", table_name="event")
    op.drop_index("ix_event_item_id", table_name="event")
    op.drop_table("event")
    op.drop_table("destruction")
    op.drop_index("ix_audit_record_object", table_name="audit_record")
    op.drop_table("audit_record")
    op.drop_index("uq_app_user_name", table_name="app_user")
    op.drop_table("app_user")
    op.drop_table("api_key")
    op.drop_index("uq_alarm_standing", table_name="alarm", postgresql_where=sa.text("cleared_at is null"))
    op.drop_table("alarm")
