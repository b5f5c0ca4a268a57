"""What codes are called on screen. Records keep the codes, so a word here can change, or be translated."""

from __future__ import annotations

from safehold.model.case import AppealState
from safehold.model.conversation import Cue
from safehold.model.emergency import EmergencyEnd
from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.signal import Turn as PictureTurn
from safehold.review.facts import Turn, WaitsFor
from safehold.web.language import N_

LABELS = N_(
    {
        "illegal": "illegal",
        "message": "message for a child",
        "help_line": "help line",
        "card": "card for parents",
        "search_warning": "warning for a search",
        "warning": "shown before any result",
        "talk_and_set_up": "what to talk about, and what to set up",
        "default_turned_off": "a default was turned off",
        "connection_request": "somebody asks to connect",
        "first_message": "first message of an account",
        "after_block": "after blocking or reporting",
        "asked_to_move": "a secret, or another app",
        "pressure": "pressure",
        "younger": "up to 13",
        "older": "from 14 on",
        "everybody": "everybody",
        "draft": "draft",
        "replaced": "replaced",
        "against_terms": "against the terms",
        "not_illegal": "not illegal",
        "cannot_determine": "cannot be determined",
        "out_of_remit": "out of remit",
        "csam": "csam",
        "intimate_images": "intimate images",
        "own_terms": "own terms",
        "test": "test",
        "audit_sample": "the audit sample",
        "conversation_rules": "a rule for conversations",
        "several_cues": "several cues of one side",
        "threat_with_demand": "a threat with a demand or a deadline",
        "public_report": "a report from the public",
        "platform_report": "a report that a platform passed on",
        "child_images": "sexual images or videos of a child",
        "child_pressured": "somebody puts a child under pressure",
        "child_images_offered": "images of children are offered, asked for or exchanged",
        "none": "without looking",
        "blurred": "blurred",
        "clear": "clear",
        "remove_item": "Ask the platform to remove the item",
        "account_action": "Ask the platform to act against an account",
        "not_now": "Not now",
        "knows_somebody": "I know somebody in it: keep me from it",
        "other_language": "Another language is needed",
        "needs_lead": "A lead should see it",
        "mistake": "It was a mistake",
        "new_facts": "There are new facts",
        "appeal": "An appeal is right",
        "list_corrected": "The list was corrected",
        "same_reversed": "What it repeated was reversed",
        "part_reversed": "Something that it shows was reversed",
        "urgent_report": "Report a risk to life, unverified",
        "risk_to_life": "Risk to life",
        "call_dead": "People on call who could not be reached",
        "reported": "reported",
        "withdrawn": "withdrawn",
        "report_unsent": "Reports to authorities that are past their time",
        "report_stuck": "Reports to authorities that cannot go on",
        "report_waits": "Reports to authorities that wait for something of ours",
        "report_incomplete": "Filed reports that lack files that were sent",
        "report_expiring": "Reports to authorities that expire half sent",
        "question_due": "Questions of authorities that are due soon",
        "question_late": "Questions of authorities that were not answered in time",
        "list_stale": "Lists that are older than they may be",
        "matcher_down": "Uploads that could not be compared with every list",
        "classifier_drifts": "Classifiers whose estimates have shifted",
        "classifier_down": "Classifiers that do not answer",
        "step_stuck": "Steps that wait for a person",
        "custody_failed": "Media that could not be sealed",
        "undecided_too_long": "Media undecided for too long",
        "delivery_dead": "Messages to platforms that were given up",
        "sign_in_guessed": "Sign-ins that fail again and again",
        "session_stolen": "Sessions that were in two hands",
        "passkey_copied": "Passkeys that were copied",
        "factors_reset": "Second factors that were reset",
        "too_many_views": "People who asked to see too much in a day",
        "key_expiring": "Platforms’ keys in use that end within two weeks",
        "anchor_failing": "Outside anchors of the audit log that fail",
        "index_damaged": "Damaged files of a host’s index",
        "probing": "Uploads that come near a list again and again",
        "lookback_damaged": "Kept days that cannot be looked back on",
        "confirmed_unfiled": "Confirmed media that nothing was filed about",
        "destroy_order_waits": "Orders to destroy that wait for a person",
        "destruction_waits": "Days without a sweep, or a backup restored: nothing is destroyed for now",
        "analyst": "analyst",
        "lead": "lead",
        "legal": "legal",
        "admin": "admin",
        "auditor": "auditor",
        "hash": "signals",
        "url": "addresses",
        "open": "open",
        "settled": "settled",
        "unknown": "unknown",
        "yes": "yes",
        "no": "no",
        "suspected": "suspected",
        "victim": "victim",
        "reporter": "reporter",
        "bystander": "bystander",
        "waiting": "waiting",
        "delivered": "delivered",
        "dead": "dead",
        "approved": "approved",
        "declined": "declined",
        "child at risk now": "child at risk now",
        "legal clock": "legal clock",
        "likelihood": "likelihood",
        "severity": "severity",
        "reach": "reach",
        "repeats": "repeats",
        "drawn": "drawn by lot",
        "item_matched": "item matched",
        "item_flagged": "item flagged",
        "case_opened": "case opened",
        "assessment_filed": "assessment filed",
        "item_confirmed": "item confirmed",
        "item_cleared": "item cleared",
        "outcome_reversed": "outcome reversed",
        "item_preserved": "item preserved",
        "proposal_approved": "proposal approved",
        "appeal_received": "appeal received",
        "appeal_decided": "appeal decided",
        "basis_reversed": "basis reversed",
        "risk_to_life_declared": "risk to life declared",
        "risk_to_life_ended": "risk to life ended",
        "inbound_report_received": "inbound report received",
        "entries_changed": "entries changed",
        # What fields of forms and filters are called where one of them cannot be taken.
        "account": "account",
        "age_band": "age band",
        "break_minutes": "minutes of a break",
        "case": "case",
        "category": "category",
        "chosen": "what is chosen",
        "code": "code",
        "contact": "contact",
        "count": "how many",
        "day_begins": "your own day begins",
        "day_minutes": "most minutes in a day",
        "days": "days",
        "finding": "finding",
        "name": "name",
        "note": "note",
        "number": "number",
        "password": "password",
        "reason": "reason",
        "roles": "roles",
        "scopes": "scopes",
        "site_type": "site type",
        "skills": "skills",
        "spell_minutes": "minutes until a break",
        "what": "what",
        "words": "words",
        "uploads": "uploads a day",
        "one_in": "one in how many",
        "finds": "of these it asks for",
        "false_alarms": "of all others it asks for",
        "looks": "so many people can look at",
        "need": "need",
        "held": "who works on it",
        "due": "date",
        "surface": "surface",
        "list": "matched list",
        "queue": "queue",
        "kind": "material",
        "stage": "waits for",
        "why": "why",
        "signal": "matched by",
        "skill": "skill",
        "practice": "practice",
    }
)
"""A code without a row is shown as it is, its underscores as spaces."""

AGAINST = N_(("an estimate, not a match; never measured on what it is meant to find",))
"""What speaks against a flag, in the words of whoever raised it."""

CUES = N_(
    {
        Cue.ASKS_AGE: "asks for an age",
        Cue.SECRECY: "asks for secrecy",
        Cue.OTHER_APP: "wants to move elsewhere",
        Cue.ALONE: "asks whether somebody is alone",
        Cue.WHO_IS_HOME: "asks who is at home",
        Cue.ASKS_PICTURES: "asks for a picture or the camera",
        Cue.GIFT: "promises something",
        Cue.MEETING: "plans to meet",
        Cue.THREAT: "a threat",
        Cue.DEMAND: "a demand",
        Cue.DEADLINE: "a deadline",
        Cue.INSISTS: "insists after a refusal",
        Cue.REFUSES: "the refusal before",
        Cue.FAN_OUT: "wrote to many children within a day",
        Cue.SAME_SCRIPT: "sent the same to many",
        Cue.FAST_PRIVATE: "a private channel soon after the first contact",
    }
)
"""What a message or a behaviour shows, as a rule has it."""

ENDS = N_({EmergencyEnd.REPORTED: "reported", EmergencyEnd.WITHDRAWN: "a wrong alarm, withdrawn"})
"""How a risk to life ended."""

WAITS = N_(
    {
        WaitsFor.ASSESSMENT: "waits for an assessment",
        WaitsFor.SETTLING: "is being settled",
        WaitsFor.VIEW: "was assessed by somebody who had not looked, and waits for a look",
        WaitsFor.CLEAR_VIEW: "must be seen clearly before it can be settled",
        WaitsFor.SECOND: "was assessed, and waits for somebody else to assess it as well",
        WaitsFor.THIRD: "was assessed by two people who disagree, and waits for a third",
        WaitsFor.LEAD: "was assessed by people who disagree, and waits for a lead to decide it",
    }
)
"""What an item waits for, after "it"."""

TURNS = N_(
    {
        Turn.BLIND: "Others assessed it. What they found stays hidden from you until an outcome stands.",
        Turn.INFORMED: "You have assessed it by yourself. Below is what everybody found;"
        " what you file decides.",
        Turn.OF_OTHERS: "You have assessed it. Somebody else is next; there is nothing more for you to do.",
        Turn.OF_A_LEAD: "A lead is next; there is nothing more for you to do.",
    }
)
"""What whoever looks at an item that others have assessed, or that waits for others, is told of it."""

DESTROYED = N_(
    {
        "undecided": "nobody had decided about it in time",
        "not_confirmed": "it was settled without being confirmed, and the time to appeal was over",
        "at_risk": "a year was over since a risk to life was declared",
        "us_preservation": "the year was over for which United States law has a report’s contents kept",
        "uk_content": "the year was over for which United Kingdom law has a report’s contents kept",
        "operator_term": "the time was over for which you keep what no law has a time for",
        "legal_hold": "the legal hold under which it was kept was lifted",
        "destroy_order": "an authority ordered it",
    }
)
"""Why bytes were destroyed, by the rule of the ledger's line."""

UNDELIVERED = N_(
    {
        "timeout": "no answer in time",
        "dns": "its name leads nowhere",
        "connect": "nothing listens there",
        "tls": "no trusted TLS",
        "closed": "hung up",
        "protocol": "no HTTP",
        "encoding": "an answer that cannot be read",
        "redirects": "leads elsewhere",
        "address_refused": "an address that is not permitted",
        "gone": "says that it is gone",
        "no_tls": "a server that cannot be spoken to in secret",
        "no_login": "a server that offers no way to log in",
        "login": "a user name or password that is not taken",
        "unanswered": "all was handed over, and no answer came",
        "no_reference": "an answer without a reference",
        "superseded": "a newer message took its place",
        # The number stands before it.
        "status": "",
    }
)
"""Why a message was not delivered, or a call not answered. What has no row is shown as it is."""

DONE = N_(
    {
        "case.open": "Case opened",
        "case.join": "An item joined the case",
        "case.take": "Took the case",
        "case.release": "Put the case back",
        "case.pass_on": "Passed the case on",
        "case.settle": "Case settled",
        "case.merge": "Merged cases",
        "case.split": "Split the case",
        "case.unmerge": "Undid a merge",
        "case.unsplit": "Undid a split",
        "case.note": "Left a note",
        "case.bulk_note": "Left the same note in many cases",
        "case.bulk_for_lead": "Left it to a lead, as one of many cases",
        "case.bulk_for_everybody": "Opened it to everybody again, as one of many cases",
        "case.bulk_ask_skill": "Asked for a skill, in many cases",
        "case.bulk_drop_skill": "Asked for a skill no more, in many cases",
        "case.bulk_let_go": "Took it from whoever held it, as one of many cases",
        "case.forget_account": "The account was erased",
        "case.forget_notes": "The notes were erased",
        "item.reveal": "Looked",
        "item.assess": "Filed an assessment",
        "item.decide_alike": "Decided others nearly the same as this one",
        "item.settle": "Item settled",
        "item.unseen": "Drawn by lot, and nobody looked in time: it was closed and destroyed",
        "item.left_open": "Left open",
        "outcome.reverse": "Reversed an outcome",
        "match.withdrawn": "The list withdrew an entry that this matched",
        "emergency.declare": "Declared a risk to life",
        "emergency.answer": "Is at the risk to life",
        "emergency.call_again": "Had everybody called again",
        "emergency.reported": "Reported the risk to life",
        "emergency.withdrawn": "Took back the risk to life: a wrong alarm",
        "subject.set_part": "Set the part of a subject",
        "appeal.receive": "An appeal arrived",
        "appeal.decide": "An appeal was decided",
        "outcome.contest": "The outcome is contested: somebody else assesses it afresh",
        "outcome.stands": "Assessed afresh, and the outcome stands",
        "inbound_report.receive": "A report arrived",
        "conversation.flag": "Rules asked for a look at a conversation",
        "scan.keep": "Scanned and kept",
        "hold.place": "Held",
        "hold.release": "Released from the hold",
        "evidence.seal": "Sealed",
        "evidence.retain": "Retention set",
        "evidence.clock_start": "Retention clock started",
        "evidence.clock_end": "Retention clock ended",
        "evidence.absent": "Preservation is absent",
        "item.forget_context": "Where it appeared was erased",
    }
)
"""Lines of a case's history. What has no row here is left out: it is in the audit log."""

KINDS = N_(
    {
        "A": "category A",
        "B": "category B",
        "C": "category C",
        "prohibited": "prohibited",
        "unknown": "not named by a list",
        "intimate_images": "intimate images",
        "own_terms": "own terms",
        "conversation": "conversations",
    }
)
"""What each kind of material is called on screen."""

MEDIA = N_({MediaKind.IMAGE: "An image", MediaKind.ANIMATION: "An animation", MediaKind.VIDEO: "A video"})

FAILURES = N_(
    {
        DecodeFailure.TRUNCATED: "the file ends too early",
        DecodeFailure.MISLABELLED: "it is not what it says it is",
        DecodeFailure.UNSUPPORTED: "the format cannot be read here",
        DecodeFailure.LIMIT: "it is larger than the limits allow",
        DecodeFailure.ENCRYPTED: "it is encrypted",
        DecodeFailure.NO_VIDEO: "videos cannot be read here",
    }
)

PICTURE_TURNS = N_(
    {
        PictureTurn.ROTATED_90: "once rotated by 90°",
        PictureTurn.ROTATED_180: "once rotated by 180°",
        PictureTurn.ROTATED_270: "once rotated by 270°",
        PictureTurn.MIRRORED: "once mirrored",
        PictureTurn.FLIPPED: "once turned upside down and mirrored",
        PictureTurn.TRANSPOSED: "once rotated by 90° and mirrored",
        PictureTurn.TRANSVERSED: "once rotated by 270° and mirrored",
    }
)

APPEALS = N_(
    {
        AppealState.RECEIVED: "appeal received",
        AppealState.UPHELD: "appeal upheld",
        AppealState.REJECTED: "appeal rejected",
    }
)
LOOK = N_(
    {
        (False, False, "blurred"): "Hold to look, blurred",
        (False, False, "clear"): "Hold to look, clear",
        (False, True, "blurred"): "Hold to look again, blurred",
        (False, True, "clear"): "Hold to look again, clear",
        (True, False, "blurred"): "Press to look, blurred",
        (True, False, "clear"): "Press to look, clear",
        (True, True, "blurred"): "Press to look again, blurred",
        (True, True, "clear"): "Press to look again, clear",
    }
)
"""What shows a picture: for who presses or holds, who has seen it or not, in which tier."""
WEIGHED = N_(
    (
        "Open for %(hours)s hour",
        "Open for %(hours)s hours",
        "A person says that a child is at risk now",
        "Nobody has said so",
        "No date is set",
        "Was due %(due)s",
        "To be decided by %(due)s",
        "Match on a vetted list, distance %(distance)s",
        "Match on a list that nobody here has vetted, distance %(distance)s",
        "No match; somebody is asked to look",
        "Somebody reported it",
        "The list has withdrawn what matched",
        "No match and no flag any more",
        "No list names a category",
        "Prohibited on the list",
        "Category %(category)s on the list",
        "Live within the last hour: it may be going on",
        "Not held: others may still see it",
        "Held on a match that was withdrawn: the uploader waits",
        "Held: the uploader waits for an answer",
        "The only item of this case",
        "%(items)s items in this case",
    )
)
"""What the parts of a priority say. They are stored in English, and known again by these."""
