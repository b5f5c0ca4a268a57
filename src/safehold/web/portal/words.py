"""Everything that the portal's own pages say, in one place: calm, plain, never about what a picture shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from safehold.model.hash_list import Purpose
from safehold.model.inbound_report import ReportState, Seen
from safehold.web.language import N_, translated

TEXT: Mapping[str, str] = N_(
    {
        "skip": "Skip to the content",
        "navigation": "Pages",
        "nav_report": "Report a page",
        "nav_status": "Status",
        "nav_appeal": "Contest a decision",
        "nav_transparency": "Transparency",
        "leave": "Leave this page quickly",
        "footer": (
            "These pages set no cookies, run no scripts and keep no addresses of visitors. Your"
            " browser may still"
            " remember that you were here."
        ),
        "report_title": "Report a page",
        "report_lead": (
            "You can tell us about a page that harms a child, or about intimate images that are shown against"
            " somebody's will. You do not need an account and you do not need to say who you are."
        ),
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
            "You can leave this empty. It is locked away apart from your report, and destroyed 90"
            " days after your"
            " report has been looked at."
        ),
        "send": "Send the report",
        "wrong_title": "This was not sent yet. Please look at:",
        "not_taken_title": "This was not taken.",
        "wrong_address": (
            "This is not the address of a page. Copy it once more; it begins with https or http."
        ),
        "wrong_address_missing": "This needs the address of a page. It begins with https or http.",
        "wrong_address_blank": "There is a blank in it, and an address has none. Give one address alone.",
        "wrong_address_scheme": (
            "This is no address yet. It begins with https or http, as in the address bar."
        ),
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
        "appeal_title": "Contest a decision",
        "appeal_lead": (
            "If something of yours was held back or removed, the platform can give you a statement of reasons"
            " with a reference. With it you can contest that here, without an account."
        ),
        "appeal_next_title": "What happens then",
        "appeal_next_person": (
            "Where the reference belongs to a decision of ours, somebody else than before assesses it afresh."
            " Until then it stands."
        ),
        "appeal_next_told": (
            "What becomes of it is told to the platform that gave you the statement: ask there."
            " Nothing about it"
            " is shown here, to you or to anybody else."
        ),
        "appeal_next_ways": (
            "You can also contest it with the platform itself, with a body for out-of-court disputes, or in"
            " court."
        ),
        "appeal_reference": "Reference",
        "appeal_reference_hint": (
            "It stands in the statement of reasons: 32 letters and digits, with hyphens."
        ),
        "appeal_statement": "Why it is wrong",
        "appeal_statement_hint": (
            "A person reads this. Write what they should know; you need not send anything else."
        ),
        "appeal_by": "What the platform calls you",
        "appeal_by_hint": (
            "You can leave this empty. It is erased with your words 90 days after the decision."
        ),
        "appeal_send": "Contest it",
        "wrong_appeal_reference": "This is no reference. Copy it once more from the statement of reasons.",
        "wrong_appeal_statement": "Write in at most 4,000 characters why it is wrong.",
        "wrong_appeal_by": "This is too long. At most 200 characters.",
        "appealed_title": "We have what you wrote.",
        "appealed_next": (
            "If the reference belongs to a decision of ours, somebody else will assess it afresh."
        ),
        "contested_too_often": (
            "Your network, or everybody together, has contested many decisions within the last hour."
        ),
        "contested_too_often_kept": "What you wrote was not taken.",
        "contested_too_often_advice": "Please send it again in an hour.",
        "failure_title": "This did not work",
        "not_found": "There is no such page.",
        "not_found_advice": "Perhaps the address was not copied whole.",
        "elsewhere": "This form was sent by another site.",
        "elsewhere_advice": "Open our own page and send it there.",
        "no_files": "Only the fields of the form can be sent; a file cannot.",
        "no_files_advice": "Send it again without the file.",
        "too_much": "The form has no room for so much.",
        "too_much_advice": "Write less, and send it again.",
        "not_our_form": "This is not what our form sends.",
        "not_our_form_advice": "Open our own page and send it there.",
        "too_often": "Many reports came from your network, or from everybody, within the last hour.",
        "too_often_kept": "Your report was not taken.",
        "too_often_advice": (
            "Please send it again in an hour. If a child is in danger now, do not wait for us."
        ),
        "asked_too_often": (
            "Your network, or everybody together, has asked for the status of many reports within"
            " the last hour."
        ),
        "asked_too_often_kept": "Your report is as it was, and your code still works.",
        "asked_too_often_advice": (
            "Please ask again in an hour. If a child is in danger now, do not wait for us."
        ),
        "lists_title": "What uploads are compared with",
        "lists_lead": (
            "Uploads are compared with fingerprints on the lists below. The fingerprints themselves stay"
            " secret: whoever knew them could slip past them."
        ),
        "lists_purposes": (
            "A list can serve one of %(count)s purposes, and no other exists in the program: %(purposes)s."
            " Only lists about %(held_for)s can hold an upload back, and a person decides what follows."
        ),
        "lists_and": " and about ",
        "lists": "The lists",
        "lists_caption": "Every list, by name",
        "lists_none": "No list is in use.",
        "list": "List",
        "list_purpose": "Purpose",
        "list_source": "Source",
        "list_source_unnamed": "not named",
        "list_vetted": "checked by a person here",
        "list_entries": "Entries",
        "list_holds": "Can it hold?",
        "list_holds_no": "no, it only asks a person to look",
        "list_holds_with_another": "only what a second, independent source knows as well",
        "list_holds_yes": "yes",
        "changes": "Every change",
        "changes_caption": "Changes of the lists, the newest first",
        "changes_none": "Nothing has changed yet.",
        "change_day": "Day",
        "change_what": "What",
        "change_declared": "list added",
        "change_imported": "entries loaded",
        "change_changed": "source or second source changed",
        "change_withdrawn": "entries taken off",
        "change_list_withdrawn": "list withdrawn",
        "change_added": "Added",
        "change_removed": "Removed",
        "tech": "What runs where",
        "tech_lead": (
            "This is what looks at uploads, and what it can do by itself. None of it can remove, report or"
            " close anything: only people do."
        ),
        "tech_as_of": "As of %(day)s.",
        "tech_none": "No place of a platform is looked at.",
        "tech_caption": "Technology, by the place where uploads appear",
        "tech_place": "Place",
        "tech_visibility": "Who sees what is there",
        "tech_public": "everybody",
        "tech_private": "few people, in private",
        "tech_bases": "by %(name)s (%(region)s)",
        "tech_what": "What runs, and what it can do",
        "tech_one": "%(what)s: it can %(can)s",
        "tech_lists": "comparison with the lists below",
        "tech_classifier": "a program that estimates what a picture shows (%(name)s)",
        "tech_kept_signals": "fingerprints of harmless uploads are kept for %(days)s days",
        "tech_nothing_runs": "nothing",
        "tech_can_hold": "hold an upload back until people have decided",
        "tech_can_ask": "ask a person to look",
        "tech_can_nothing": "do nothing yet, and is being tried out",
        "tech_for_programs": "The same for programs (JSON)",
        "figures": "How often it was right",
        "figures_lead": (
            "Matches, decisions, complaints and reversals of a period. Numbers of one to four are withheld,"
            " and so is whatever would give one away: they could tell of one person."
        ),
        "figures_single": "Single figures",
        "figures_what": "What",
        "figures_number": "Number",
        "figures_share": "Share",
        "figures_withheld": "withheld",
        "figures_not_available": "not available",
        "figures_all": "All",
        "lists_for_programs": "The same for programs (JSON)",
        "back": "Report a page",
        "request": "Request",
    }
)

SEEN: Mapping[Seen, str] = N_(
    {
        Seen.CHILD_IMAGES: "Sexual images or videos of a child",
        Seen.CHILD_PRESSURED: "Somebody is putting a child under pressure",
        Seen.CHILD_IMAGES_OFFERED: "Images of children are offered, asked for or exchanged",
        Seen.INTIMATE_IMAGES: "Intimate images of somebody, shown against their will",
        Seen.OTHER: "Something else that worries me about a child",
    }
)
"""What can be chosen."""

STATES: Mapping[ReportState, str] = N_(
    {
        ReportState.RECEIVED: "Received",
        ReportState.BEING_LOOKED_AT: "Being looked at",
        ReportState.LOOKED_AT: "Looked at",
    }
)
"""All that a code ever shows."""

PURPOSES: Mapping[Purpose, str] = N_(
    {
        Purpose.CSAM: "sexual abuse of children",
        Purpose.INTIMATE_IMAGES: "intimate images shared without consent",
        Purpose.OWN_TERMS: "the operator's own terms",
    }
)
"""Every purpose that a list can have in earnest. There is no other, and none can be added in settings."""


class Said(Mapping[str, str]):
    """`TEXT` in the language of the request, for templates."""

    def __getitem__(self, name: str) -> str:
        return translated(TEXT[name])

    def __iter__(self) -> Iterator[str]:
        return iter(TEXT)

    def __len__(self) -> int:
        return len(TEXT)
