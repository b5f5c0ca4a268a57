"""Database roles: what each surface may touch. Whatever is not granted here is refused by the database.

`safehold_app` serves an all-in-one process. The others serve one surface each, so that a hole in one
cannot reach what only another may see. No role may change or delete an audit record, a link of its
chain, an event, or an entry of the destruction ledger.
"""

from __future__ import annotations

from safehold.storage.tables import metadata

APP, API, CONSOLE, WORKER = "safehold_app", "safehold_api", "safehold_console", "safehold_worker"
PORTAL, READER = "safehold_portal", "safehold_reader"
OF_SURFACE = {
    "all": APP,
    "api": API,
    "console": CONSOLE,
    "worker": WORKER,
    "portal": PORTAL,
    "reader": READER,
}
"""The role of each surface, and of the process that reads evidence back. all: several in one process."""
ROLES = tuple(OF_SURFACE.values())

APPEND_ONLY = frozenset(
    {"audit_record", "audit_link", "audit_anchor", "event", "destruction", "list_change", "policy_text"}
)
"""Tables in which nothing is ever changed or removed."""

_READ, _APPEND, _CHANGE, _ALL = (
    "select",
    "select, insert",
    "select, insert, update",
    "select, insert, update, delete",
)


READING, EVERYTHING = _READ, _ALL


def _change(*columns: str) -> str:
    """Return the grant of whoever adds rows, and changes nothing of them but these columns."""
    return f"{_APPEND}, update ({', '.join(columns)})"


_REVISION = _change("revision")
_JOBS = {
    "event": _APPEND,
    "item_revision": _REVISION,
    "step": _change("state", "attempts", "error_code", "finished_at"),
}
# Of a case its number and purpose stay, of an outcome what was found and by whom. Whose account it is
# about the worker alone takes away, when its time is over.
_CASE = (
    "locked_by, locked_until, revision, priority, priority_parts, exposure_kinds, state, settled_at,"
    " other_purposes, skills, for_lead, turn_at, decide_by, weigh_at, band"
)
_OUTCOME = "update (reversed_at, reversed_by)"
_PROPOSAL = "update (state, decided_at, approved_by, policy)"
_EMERGENCY = "answered_by, answered_at, ended_how, ended_by, ended_at, words"
_CALL = "state, attempts, next_attempt_at, last_error, delivered_at"
_APPEAL = (
    "by, statement, state, changed, decided_at, decided_by, contested_outcome_id, contested_by,"
    " alone, erased_at"
)
_AUTHORITY_REPORT = (
    "priority, state, reasons, due_at, unverified, follows, relation, approved_by, approved_at, second_by,"
    " subject_id, subject_part, ended_at, filed_at, reference, revision"
)
# How far a filing is; which report it is of stays.
_FILING = (
    "stage, pending, remote_id, beginnings, files, sent, missing, unconfirmed, why, report_paper,"
    " details_paper, anew, attempts, waited_seconds, waits_for, next_attempt_at, opened_at, changed_at,"
    " held_until, revision"
)
# That there are papers, not what is in them.
_PAPER = "select (id, report_id, kind, sha256, at)"
_SWITCH = "approved_by, signed_with, signature, approved_at, ended_by, ended_at"
_BAND = _change("band", "speak_for", "against", "reckoned_at", "looked_at", "looked_band")
_SUBJECT = "part, part_set_by, part_set_at, revision"
_COUNTS = {"counted_day": _READ, "day_fact": _READ}
_CLOCK = (
    "select (id, media_id, item_id, about, basis, since, until, set_by, confirmed_at, confirmed_by, alone,"
    " ended_at, ended_by)"
)
# Personal data beside the log is read by whoever administers the records, and by no surface.
_AUDIT = {"audit_record": _APPEND, "audit_personal": "insert"}

GRANTS: dict[str, dict[str, str]] = {
    API: {
        # What it records it need not read: the rest is for the metrics, which count.
        "event": "select (id, seq, kind), insert",
        "item_revision": _REVISION,
        "step": "select (id, event_id, name, state), insert",
        "audit_record": "select (id), insert",
        "audit_personal": "insert",
        # It notes when a key was used. Reviving one, or making one its own, is not its work.
        "api_key": "select, update (last_used_at)",
        # What could not be read of a file the first time; its digest stays.
        "media": _change("media_type", "kind", "width", "height", "frames", "failure"),
        "media_signal": _APPEND,
        "item": _APPEND,
        # Whose account and which address it was it writes down, and cannot read back.
        "item_context": "select (item_id, content_id), insert",
        "hash_list": _READ,
        "entry": _READ,
        "match": _APPEND,
        "flag": _APPEND,
        "opinion": _APPEND,
        "classifier_leaving": _change("calls", "pictures", "first_at", "last_at"),
        "classifier_stop": _READ,
        "classifier_circuit": f"{_change('opened_at', 'failed_at', 'why')}, delete",
        "classifier_count": _change("uploads"),
        "audit_sample_day": _change("chosen", "taken"),
        "audit_draw": _APPEND,
        "hold": _APPEND,
        "sealed_object": _APPEND,
        "wrapped_key": "insert",
        "retention": _CHANGE,
        # Until when it is kept, where the same bytes come in; not why, nor who said so.
        "retention_clock": _CLOCK,
        "idempotency": f"{_change('started_at', 'answer')}, delete",
        "incomplete_scan": _APPEND,
        "close_call": _change("near_misses", "matches"),
        "scan_counter": _APPEND,
        "appeal": _APPEND,
        "review_case": "select (id, number, purpose, state, rehearsal, opened_at, settled_at)",
        # What lies in such a case is kept longer, also where the same bytes come again.
        "emergency": "select (case_id, declared_at, ended_how)",
        "case_item": _READ,
        # Until when it is kept, where the same bytes come in.
        "golden_item": "select (item_id, until)",
        "outcome": _READ,
        # For the statement of reasons: what was asked of a platform, and by which way it was approved.
        "proposal": "select (id, kind, item_id, case_id, outcome_id, state, decided_at, policy)",
        "removal": "select (proposal_id, gone_at), insert",
        # What a platform's user reported. The contact is sealed, and cannot be read back.
        "inbound_report": "insert (id, address, seen, statement, reference_digest, received_at, key_id)",
        "report_contact": "insert",
        "reported_item": "insert",
        # What it seals of a conversation it cannot read back: of a message it sees that it came.
        "conversation": _change("state", "expires_at"),
        "conversation_message": (
            "select (conversation_id, message_id, sent_at, sealed_as), insert,"
            " update (sealed_as, sealed, wrapped)"
        ),
        "conversation_item": _APPEND,
        "account_habits": _change("habits", "expires_at"),
        "flag_cue": _APPEND,
        # A hold that nothing could be sealed for raises one in the request.
        "alarm": _APPEND,
        # For the metrics: how many there are, and nothing of what they say.
        "delivery": "select (state)",
        "audit_link": "select (seq)",
        "schedule_run": _READ,
        # Where it keeps signals for look-back it says so, once; the rest is for the metrics.
        "lookback_store": _APPEND,
        "lookback_task": _READ,
        # Words that help, and that something was shown. Approving them is a person's.
        "help_text": _READ,
        "help_shown": _APPEND,
        "help_off": "select, insert, delete",
        "help_count": _change("times"),
        "keyword_list": "select (name, sealed)",
        **_COUNTS,
    },
    CONSOLE: {
        **_JOBS,
        **_AUDIT,
        "audit_link": _READ,
        "audit_anchor": _READ,
        "app_user": _change("password_hash", "password_once", "roles", "queues", "skills", "disabled_at"),
        "session": _ALL,
        "spent_token": _APPEND,
        "passkey": _ALL,
        "authenticator_app": _ALL,
        "recovery_code": _ALL,
        "pending_sign_in": _ALL,
        "passkey_challenge": _ALL,
        "sign_in_failure": _ALL,
        "known_device": _ALL,
        # Its pages make and revoke keys. Digests of secrets it need not read.
        "api_key": (
            "select (id, name, scopes, created_at, expires_at, last_used_at, revoked_at), insert,"
            " update (revoked_at)"
        ),
        "media": _READ,
        # Whether somebody has seen nearly the same picture before.
        "media_signal": _READ,
        "item": _READ,
        "item_context": _READ,
        "page": _READ,
        "inbound_report": "select (id, item_id, seen, statement, key_id, received_at)",
        "reported_item": _READ,
        "hash_list": _READ,
        "entry": _READ,
        "match": _READ,
        "flag": _READ,
        "opinion": _READ,
        "near_miss": _READ,
        "review_band": _BAND,
        "classifier_stop": "select, insert, delete",
        "classifier_circuit": _READ,
        **dict.fromkeys(("classifier_count", "classifier_leaving", "audit_sample_day", "audit_draw"), _READ),
        "flag_cue": _READ,
        "conversation_item": _READ,
        "hold": _READ,
        "declared_conflict": _change("ended_at", "ended_by"),
        # Opening one is for golden items, and for what is split off, alone: others are a worker's.
        "review_case": f"{_APPEND}, update ({_CASE})",
        "golden_item": _READ,
        "golden_case": _change("answered_at", "found"),
        "case_item": _change("waits_for", "round", "joined_at"),
        "case_pass": _change("reason", "passed_at"),
        "case_note": _APPEND,
        "case_move": _change("undone_by", "undone_at"),
        "case_move_item": _APPEND,
        # What people save is theirs to take away.
        "saved_filter": f"{_change('fields', 'shared', 'saved_at')}, delete",
        "bulk_change": _change("confirmed_at", "finished_at", "words"),
        "bulk_case": _change("done_at", "left_out"),
        "subject": f"{_APPEND}, update ({_SUBJECT})",
        # What was assessed goes along with its item when cases are merged or split; it says what it said.
        "assessment": _change("case_id", "round"),
        # What stood beside the form.
        "policy_text": _APPEND,
        "outcome": f"select, {_OUTCOME}",
        "outcome_assessment": _READ,
        "reveal": _change("token_digest", "session_id", "closed_at"),
        # What people chose for their own sake is read and written where they sign in, and nowhere else.
        "exposure_choice": _change(
            "day_minutes",
            "spell_minutes",
            "break_minutes",
            "day_begins",
            "opted_out",
            "contact_id",
            "press_to_show",
        ),
        "unveiling": _change("agreed_by", "agreed_at"),
        "exposure_turn": _change("case_id", "severe_in_a_row", "at"),
        "appeal": _READ,
        # Where an appeal is right, those who had decided are kept from deciding again.
        "recusal": _APPEND,
        # A report of a risk to life is put down where it is declared; nothing that rests on an outcome is.
        "proposal": (
            f"select, insert (id, kind, item_id, case_id, emergency_id, state, planned_at), {_PROPOSAL}"
        ),
        "emergency": f"{_APPEND}, update ({_EMERGENCY})",
        # Whoever declares one has the first call made at once, worker or not.
        "emergency_call": f"{_APPEND}, update ({_CALL})",
        # What is told to an authority is planned by a worker; where a risk to life is declared, at once.
        "authority_report": f"{_APPEND}, update ({_AUTHORITY_REPORT})",
        "authority_report_item": _change("stands"),
        # Letting a stuck one go on is a person's; beginning one is the worker's.
        "filing": f"select, update ({_FILING})",
        # What people enter for a checklist is sealed where they do.
        "authority_paper": f"{_PAPER}, insert",
        "checklist_entry": f"{_change('has_value', 'paper_id', 'entered_by', 'entered_at')}, delete",
        "authority_question": _change("answered_at", "answered_by", "supplement", "answer"),
        "production_switch": _change(*_SWITCH.split(", ")),
        "delivery": "select, update (state, attempts, next_attempt_at, last_status, last_error)",
        "retention": _READ,
        "retention_clock": _READ,
        "destruction": _READ,
        # Two people ask for a bundle and agree to it here; what counts its makings is the reader's.
        "bundle_request": (
            "select, insert (id, asked_by, asked_at, recipients, recipient_name, purpose),"
            " update (approved, decided_by, decided_at)"
        ),
        "bundle_item": _APPEND,
        # So they do for the whole of a conversation.
        "thread_request": (
            "select, insert (id, item_id, asked_by, asked_at, reason),"
            " update (approved, decided_by, decided_at)"
        ),
        # Whether the bytes that a report is about are held. The keys are the reader's alone.
        "sealed_object": _READ,
        # Whoever asks to see too much raises one.
        "alarm": _change("cleared_at"),
        "schedule_run": _READ,
        # For `safehold doctor`: how long entries wait, and nothing of what was found.
        "lookback_store": _READ,
        "lookback_task": _READ,
        # People approve words that help, and write none here.
        "help_text": "select, update (status, reviewed_by_role, checked_on, decided_by, decided_at)",
        "help_count": _READ,
        **_COUNTS,
    },
    WORKER: {
        **_JOBS,
        **_AUDIT,
        "audit_link": _APPEND,
        "audit_anchor": _APPEND,
        "anchor_state": _ALL,
        "media": _READ,
        # The digests that a report to an authority names.
        "media_signal": _READ,
        # It makes a page and an item of what somebody reported; scans make the others.
        "page": _change("url"),
        "item": _APPEND,
        "item_context": "select, insert, delete",
        "inbound_report": "select, update (item_id, address, statement)",
        "report_contact": "select (report_id), delete",
        "reported_item": _READ,
        "hash_list": _READ,
        "entry": _READ,
        "match": _READ,
        "flag": _READ,
        "opinion": _READ,
        # It seeks what is near; that it is wanted follows from a flag.
        "near_miss": _change("looked_at", "bits_beyond"),
        "review_band": _BAND,
        "classifier_count": "select, delete",
        "classifier_stop": _READ,
        "classifier_circuit": _READ,
        "audit_sample_day": _READ,
        "audit_draw": _READ,
        # It ends conversations whose time is over, and reads nothing of them.
        "conversation": "select (id, expires_at), delete",
        "conversation_message": "select (conversation_id, message_id, expires_at), delete",
        "conversation_item": _READ,
        "account_habits": "select (surface, account_id, expires_at), delete",
        "hold": _change("released_at", "release_reason"),
        "review_case": f"{_APPEND}, update ({_CASE}, account_id, gathered_by)",
        "case_item": _change("waits_for", "round"),
        "case_pass": _READ,
        "golden_item": _READ,
        "golden_case": _READ,
        # What is left in many cases at once is a step's work.
        "case_note": "select (id, case_id), insert, delete",
        "bulk_change": "select, update (finished_at, words), delete",
        "bulk_case": "select, update (done_at, left_out)",
        # Whether whoever asked for a step may still ask for it.
        "app_user": "select (id, roles, disabled_at)",
        "case_move": _READ,
        "case_move_item": _READ,
        "subject": f"{_APPEND}, update ({_SUBJECT}, account_id)",
        "assessment": _READ,
        "outcome": f"{_APPEND}, {_OUTCOME}",
        "outcome_assessment": _APPEND,
        "reveal": "select, update (closed_at)",
        # What people left by reference it takes in: an appeal, or nothing.
        "appeal": f"{_APPEND}, update ({_APPEAL})",
        "left_appeal": "select, update (left_at), delete",
        "recusal": _APPEND,
        "proposal": f"{_APPEND}, {_PROPOSAL}",
        "emergency": _READ,
        "authority_report": f"{_APPEND}, update ({_AUTHORITY_REPORT}, papers_gone_at)",
        "authority_report_item": _change("stands", "outcome_id", "file"),
        # It seals papers, and destroys them when their time is over; it cannot read one.
        "filing": _change(*_FILING.split(", ")),
        "authority_paper": f"{_PAPER}, insert, delete",
        "checklist_entry": "select, delete",
        "authority_question": _READ,
        "production_switch": _READ,
        "emergency_call": f"select, update ({_CALL})",
        "delivery": _CHANGE,
        "sealed_object": "select, update (destroyed_at)",
        # It destroys keys, by their objects, and reads none.
        "wrapped_key": "select (object_id), delete",
        "retention": _ALL,
        # It starts clocks and ends them. Who confirmed an order, and the words of one, are not its work.
        "retention_clock": f"{_CLOCK}, insert, update (ended_at, ended_by)",
        "destruction": _APPEND,
        "closing": _ALL,
        "idempotency": "select, delete",
        "incomplete_scan": "select, delete",
        "close_call": "select, delete",
        "scan_counter": _change("sealed_by"),
        "schedule_run": _CHANGE,
        "alarm": _change("cleared_at"),
        "lookback_store": f"{_change('swept_at')}, delete",
        "lookback_task": f"{_change('next_seq')}, delete",
        "lookback_match": "select, insert, delete",
        # A person is alarmed before a key in use ends.
        "api_key": "select (id, expires_at, last_used_at, revoked_at)",
        "session": "select, delete",
        "pending_sign_in": "select, delete",
        "passkey_challenge": "select, delete",
        "sign_in_failure": "select, delete",
        "known_device": "select, delete",
        "help_shown": "select (at), delete",
        "counted_day": f"{_change('zone', 'counted_at', 'seen_at', 'over')}, delete",
        "day_fact": f"{_APPEND}, delete",
    },
    # People without any account write here, and nobody reads on this side what they wrote. What becomes of
    # a report cannot be set: that column is a worker's.
    PORTAL: {
        "inbound_report": "insert (id, address, seen, statement, reference_digest, received_at)",
        "report_contact": "insert",
        "left_appeal": "insert",
    },
    # The only one that reads the keys of sealed objects. It records what it opened, and changes nothing else.
    READER: {
        "audit_record": "insert",
        "audit_personal": "insert",
        "app_user": "select (id, roles, disabled_at)",
        "session": "select (id, user_id, last_seen_at, expires_at)",
        "declared_conflict": _READ,
        "subject": _READ,
        "review_case": _READ,
        "case_item": _READ,
        "item": _READ,
        "outcome": _READ,
        "inbound_report": "select (id, item_id)",
        "report_contact": _READ,
        "conversation_message": _READ,
        "reveal": "select, update (token_digest, fetched_at)",
        # Which frames of a film come first when somebody looks.
        "match": "select (item_id, frame, distance)",
        "sealed_object": _READ,
        "wrapped_key": _READ,
        # What a person has sent on may be opened for sending, and what people entered for whoever sends it.
        "authority_report": "select (id, case_id, kind, state, approved_by, emergency_id)",
        "authority_report_item": _READ,
        "authority_paper": _READ,
        "checklist_entry": _READ,
        # Whether two people agreed that exactly this goes to exactly these; it counts how often it went.
        "bundle_request": "select, update (made, made_at)",
        "bundle_item": _READ,
        # Which words rules saw, and whether two people agreed that the whole of a conversation is read.
        "conversation_item": _READ,
        "flag_cue": _READ,
        "thread_request": _READ,
    },
}
"""Per role, per table, what it may do. That of the all-in-one role is computed by `app_grants`."""

_RECORDS_WORK = {"procrastinate_jobs": _APPEND, "procrastinate_events": "insert"}
QUEUE: dict[str, dict[str, str]] = {
    API: _RECORDS_WORK,
    CONSOLE: _RECORDS_WORK,
    # The worker does the work: it has the whole queue, as the all-in-one role has.
    WORKER: {},
    APP: {},
}
"""Who puts work into the queue's own tables, and what that takes; empty: all. Others have no part in it."""

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "portal_status(bytea)": (APP, PORTAL),
    "list_history()": (APP, PORTAL),
    "published()": (APP, PORTAL),
    "has_conflict(uuid,uuid)": (APP, API, CONSOLE, WORKER, READER),
    "may_know(uuid,uuid)": (APP, API, CONSOLE, WORKER, READER),
    "stage_of_cases()": (APP, CONSOLE, WORKER),
    "traits_of_cases()": (APP, API, CONSOLE, WORKER),
    "reasons_of_case()": (APP, CONSOLE, WORKER),
}
"""Functions that only these roles may call. Every other is for the roles that put work into the queue."""

VERSION = "alembic_version"
"""The table that says which revision the schema is at. Every process looks at it, as itself."""


def app_grants() -> dict[str, str]:
    """Return what the all-in-one role may do: everything, except changing what is append-only."""
    return {table.name: _APPEND if table.name in APPEND_ONLY else _ALL for table in metadata.sorted_tables}
