"""Everything that the portal says, in one place: calm, plain, never about what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping

from safehold.model.inbound_report import ReportState, Seen

TEXT: Mapping[str, str] = {
    "skip": "Skip to the content",
    "navigation": "Pages",
    "nav_report": "Report a page",
    "nav_status": "Status",
    "nav_transparency": "Transparency",
    "leave": "Leave this page quickly",
    "footer": (
        "These pages set no cookies, run no scripts and keep no addresses of visitors. Your browser may still"
        " remember that you were here."
    ),
    "report_title": "Report a page",
    "report_lead": (
        "You can tell us about a page that harms a child, or about intimate images that are shown against"
        " somebody's will. You do not need an account and you do not need to say who you are."
    ),
    "read_by": "Your report is read by",
    "read_by_people": "A person reads every report.",
    "danger_title": "If there is danger now",
    "before_title": "Before you write",
    "before_look": "Do not go looking for more. What you happened to see is enough.",
    "before_copy": "Do not save, copy or pass on any picture, and do not send us one.",
    "before_contact": "Do not get in touch with the people behind the page, and do not warn them.",
    "before_self": "It is not your fault that you saw it. It is right to talk to somebody about it.",
    "address": "Address of the page",
    "address_hint": "Copy it from the address bar. It begins with https or http.",
    "seen": "What did you see?",
    "statement": "Anything that helps us find it",
    "statement_hint": (
        "For example where on the page, or when. You need not describe it. You can leave this empty."
    ),
    "contact": "Mail address, if we may ask you something",
    "contact_hint": (
        "You can leave this empty. It is locked away apart from your report, and destroyed 90 days after your"
        " report has been looked at."
    ),
    "send": "Send the report",
    "wrong_title": "Something is missing",
    "wrong_address": "This needs the address of a page. It begins with https or http.",
    "wrong_seen": "Choose what comes nearest.",
    "wrong_statement": "This is too long. At most 4,000 characters.",
    "wrong_contact": "This does not look like a mail address. You can leave it empty.",
    "thanks_title": "Thank you. We have your report.",
    "thanks_next": "A person will look at it. You do not have to do anything more.",
    "code": "Your code",
    "code_once": "It is shown this once. Nobody can look it up for you, not even we.",
    "code_use": "With it you can see whether your report has been looked at:",
    "code_keep": "If somebody else uses this device, it may be better not to write it down.",
    "status_link": "Status of a report",
    "status_title": "Status of a report",
    "status_lead": "Enter the code that you were shown when you sent the report.",
    "status_ask": "Show the status",
    "status_unknown": "There is no report with this code. Look whether a character is missing.",
    "status_now": "Your report",
    "status_limits": (
        "More than this is told to nobody here: neither what was found nor what was done about it."
    ),
    "failure_title": "This did not work",
    "not_found": "There is no such page.",
    "not_found_advice": "Perhaps the address was not copied whole.",
    "too_often": "Many reports came from your network, or from everybody, within the last hour.",
    "too_often_kept": "Your report was not taken.",
    "too_often_advice": "Please send it again in an hour. If a child is in danger now, do not wait for us.",
    "back": "Report a page",
    "request": "Request",
}

SEEN: Mapping[Seen, str] = {
    Seen.CHILD_IMAGES: "Sexual images or videos of a child",
    Seen.CHILD_PRESSURED: "Somebody is putting a child under pressure",
    Seen.CHILD_IMAGES_OFFERED: "Images of children are offered, asked for or exchanged",
    Seen.INTIMATE_IMAGES: "Intimate images of somebody, shown against their will",
    Seen.OTHER: "Something else that worries me about a child",
}
"""What can be chosen."""

STATES: Mapping[ReportState, str] = {
    ReportState.RECEIVED: "Received",
    ReportState.BEING_LOOKED_AT: "Being looked at",
    ReportState.LOOKED_AT: "Looked at",
}
"""All that a code ever shows."""
