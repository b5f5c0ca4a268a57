"""Who may do what. Everything is denied that is not named here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from safehold.model.errors import NotAllowed
from safehold.model.ids import AnalystId, KeyId, UserId


class Permission(StrEnum):
    """One thing that somebody may do. PUBLIC and OPS are names too, so that no route is without one."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    OPS = "ops"
    SCAN = "scan"
    SCAN_DETAIL = "scan:detail"
    APPEAL_FILE = "appeal.file"
    INBOUND_REPORT = "inbound.report"
    CHILD_POLICY = "child.policy"
    CONVERSATION = "conversation"
    CHILD_SUPPORT = "child.support"
    SEARCH_POLICY = "search.policy"
    ITEM_READ = "item.read"
    CASE_READ = "case.read"
    CASE_ASSESS = "case.assess"
    CASE_REVEAL = "case.reveal"
    CASE_REVERSE = "case.reverse"
    CASE_ARRANGE = "case.arrange"
    CASE_THREAD = "case.thread"
    EMERGENCY_DECLARE = "emergency.declare"
    EXPOSURE_READ = "exposure.read"
    CONFLICT_EDIT = "conflict.edit"
    PROPOSAL_DECIDE = "proposal.decide"
    AUTHORITY_READ = "authority.read"
    AUTHORITY_SEND = "authority.send"
    AUTHORITY_SWITCH = "authority.switch"
    AUTHORITY_REREAD = "authority.reread"
    LIST_READ = "list.read"
    LIST_EDIT = "list.edit"
    CLASSIFIER_READ = "classifier.read"
    CLASSIFIER_STOP = "classifier.stop"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_RETRY = "webhook.retry"
    JOB_READ = "job.read"
    JOB_RETRY = "job.retry"
    AUDIT_READ = "audit.read"
    USER_EDIT = "user.edit"
    KEY_EDIT = "key.edit"
    EVIDENCE_EDIT = "evidence.edit"
    LEDGER_READ = "ledger.read"
    SUPPORT_APPROVE = "support.approve"
    OVERVIEW_READ = "overview.read"


class Role(StrEnum):
    """The people roles."""

    ANALYST = "analyst"
    LEAD = "lead"
    LEGAL = "legal"
    ADMIN = "admin"
    AUDITOR = "auditor"


_REVIEW = {
    Permission.CASE_READ,
    Permission.ITEM_READ,
    Permission.CASE_ASSESS,
    Permission.CASE_REVEAL,
    Permission.CASE_THREAD,
    Permission.EMERGENCY_DECLARE,
    Permission.AUTHORITY_READ,
    Permission.LIST_READ,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset(_REVIEW | {Permission.PROPOSAL_DECIDE}),
    Role.LEAD: frozenset(
        _REVIEW
        | {Permission.PROPOSAL_DECIDE, Permission.CASE_REVERSE, Permission.CONFLICT_EDIT}
        | {Permission.CASE_ARRANGE, Permission.AUTHORITY_SEND, Permission.AUTHORITY_REREAD}
        | {Permission.SUPPORT_APPROVE, Permission.OVERVIEW_READ}
        | {Permission.WEBHOOK_READ, Permission.JOB_READ, Permission.EXPOSURE_READ}
        | {Permission.CLASSIFIER_READ, Permission.CLASSIFIER_STOP}
    ),
    Role.LEGAL: frozenset(
        {
            Permission.CASE_READ,
            Permission.ITEM_READ,
            Permission.CASE_THREAD,
            Permission.EMERGENCY_DECLARE,
            Permission.AUTHORITY_READ,
            Permission.AUTHORITY_SEND,
            Permission.AUTHORITY_SWITCH,
            Permission.AUTHORITY_REREAD,
            Permission.AUDIT_READ,
            Permission.EVIDENCE_EDIT,
            Permission.LEDGER_READ,
            Permission.SUPPORT_APPROVE,
            Permission.LIST_READ,
            Permission.OVERVIEW_READ,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Permission.LIST_READ,
            Permission.LIST_EDIT,
            Permission.CLASSIFIER_READ,
            Permission.CLASSIFIER_STOP,
            Permission.WEBHOOK_READ,
            Permission.WEBHOOK_RETRY,
            Permission.JOB_READ,
            Permission.JOB_RETRY,
            Permission.USER_EDIT,
            Permission.KEY_EDIT,
            Permission.AUDIT_READ,
            Permission.AUTHORITY_SWITCH,
            Permission.OPS,
            Permission.OVERVIEW_READ,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.AUDIT_READ,
            Permission.AUTHORITY_READ,
            Permission.LEDGER_READ,
            Permission.CASE_READ,
            Permission.LIST_READ,
            Permission.CLASSIFIER_READ,
            Permission.JOB_READ,
            Permission.WEBHOOK_READ,
            Permission.OVERVIEW_READ,
        }
    ),
}
"""An admin runs the machine and sees no case; an analyst sees cases and runs nothing."""

SCOPES = frozenset(
    {
        Permission.SCAN,
        Permission.SCAN_DETAIL,
        Permission.APPEAL_FILE,
        Permission.INBOUND_REPORT,
        Permission.CHILD_POLICY,
        Permission.CONVERSATION,
        Permission.CHILD_SUPPORT,
        Permission.SEARCH_POLICY,
        Permission.ITEM_READ,
        Permission.CASE_READ,
        Permission.LIST_READ,
        Permission.OPS,
        Permission.OVERVIEW_READ,
    }
)
"""What an API key can be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever asks: a signed-in person, a platform's key, or a part of the system itself.

    Exactly one of user_id and key_id is set for people and keys; neither for the system, whose part
    is named in `system`.
    """

    permissions: frozenset[Permission]
    user_id: UserId | None = None
    key_id: KeyId | None = None
    system: str | None = None

    def may(self, permission: Permission) -> bool:
        """Say whether this actor has the permission. PUBLIC is everybody's."""
        return permission is Permission.PUBLIC or permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless this actor has the permission."""
        if not self.may(permission):
            raise NotAllowed(f"This needs the permission {permission.value}.")

    def analyst(self) -> AnalystId:
        """Return the analyst this actor is. Raises NotAllowed for keys, the system and other roles."""
        self.require(Permission.CASE_ASSESS)
        if self.user_id is None:
            raise NotAllowed("Only a person can assess.")
        return AnalystId(self.user_id)

    @property
    def label(self) -> str:
        """A name for the audit log: kind and id, nothing personal."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        if self.key_id is not None:
            return f"key:{self.key_id}"
        return f"system:{self.system or 'unknown'}"


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Return everything that these roles together may do; SIGNED_IN is every person's."""
    granted = frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))
    return granted | {Permission.SIGNED_IN}


def system_actor(part: str) -> Actor:
    """Return the actor for a part of the system that acts by itself, such as the retention sweep."""
    return Actor(permissions=frozenset(), system=part)
