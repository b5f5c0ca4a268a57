"""Every key of the console in one table: what a key does, and on which page.

The templates write the keys on their controls; a test holds them equal to this table, and another finds keys
that would be in each other's way. The reference page is written from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from safehold.model.hash_list import Purpose
from safehold.web.console.asking import Question
from safehold.web.console.pages import PLACES
from safehold.web.console.questions import conduct_questions, imagery_questions, page_questions


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does, in the words of the overlay; several where the state of the page decides.

    key: as a control's data-key has it: "a", "shift+h", or "g c" for one after the other. held: it works for
    as long as it is held.
    """

    key: str
    does: tuple[str, ...]
    held: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A page, or a form of one, with its keys. templates: what writes them on controls."""

    name: str
    keys: tuple[Key, ...]
    templates: tuple[str, ...] = ()


def _key(key: str, *does: str, held: bool = False) -> Key:
    return Key(key, does, held)


ALWAYS = Keyed(
    "On every page",
    (
        _key("?", "Show every key"),
        _key("enter", "What the filled button says"),
        _key("escape", "Leave a field, or close what lies over the page"),
        _key("ctrl+k", "Find any id, or do anything that this page can do"),
        *(_key(place.key, f"Go to {place.label}") for place in PLACES),
        _key("g e", "Your time with pictures"),
        _key("g y", "Your account"),
        _key("g o", "Sign out"),
    ),
    ("base.html",),
)
CASE = Keyed(
    "A case",
    (
        _key("r", "Look, blurred, while it is held", "Look, blurred, for 3 seconds", held=True),
        _key("shift+r", "Look, clear, while it is held", "Look, clear, for 3 seconds", held=True),
        _key("=", "Decide as then, without looking"),
        _key("k", "Previous item"),
        _key("j", "Next item"),
        _key("shift+k", "The items before these"),
        _key("shift+j", "The items after these"),
        _key("p", "Pass to somebody else"),
        _key("!", "Declare a risk to life", "Show the risk to life"),
        _key("g n", "The account’s cases"),
        _key(". t", "Open or close the policy text"),
        _key(". w", "Open or close what somebody wrote"),
        _key(". b", "Put the case back into the queue"),
        _key(". m", "Merge or split cases"),
        _key(". u", "Undo the last merge or split"),
        _key(". n", "Leave a note"),
        _key(". k", "Say that you know somebody here"),
        _key(". r", "Reverse the outcome"),
        _key(". a", "Approve the planned step"),
        _key(". d", "Decline the planned step"),
        _key(". s", "Set the part of the first subject"),
        _key(". f", "Show the report to an authority"),
        _key(". l", "Show what is nearly the same"),
        _key(". p", "The page that shows this"),
        _key(". v", "Show the words that rules saw"),
    ),
    ("case.html", "case_moving.html", "case_notes.html", "case_alike.html", "case_words.html"),
)
SAVED = tuple(_key(f"v {number}", f"Show the cases of saved filter {number}") for number in range(1, 10))
OTHERS = (
    Keyed("Cases", (_key("f", "Filter the cases"), *SAVED), ("queue.html", "saved_filters.html")),
    Keyed(
        "The cases of a filter",
        (
            _key("f", "Choose what the filter asks"),
            _key("s", "Name this filter to save it"),
            _key("a", "Choose all that the filter shows"),
            _key("d", "Choose what to do with many cases"),
            *SAVED,
        ),
        ("cases_found.html", "case_filter.html", "bulk_asked.html", "saved_filters.html"),
    ),
    Keyed("Find", (_key("/", "Write what to find"),), ("find.html",)),
    Keyed("Emergencies", (_key("n", "Write which case it is"),), ("emergencies.html",)),
    Keyed("Reports to authorities", (_key("o", "Open the report that is due first"),), ("authorities.html",)),
    Keyed(
        "A report to an authority",
        (
            _key("t", "Write their reference"),
            _key("p", "Choose the priority"),
            _key("f", "The report that it follows"),
            _key("!", "Show the risk to life"),
            _key("c", "Open the case"),
            _key("u", "Look how it stands now"),
            _key("m", "Let the report go on"),
            _key("d", "Download the pack"),
            _key("s", "Read again what was sent"),
            _key("v", "Fill in the checklist"),
            _key("q", "Write down a question of theirs"),
            _key("a", "Write how the first question was answered"),
            _key(". d", "Decline the report"),
            _key(". w", "Withdraw the report"),
        ),
        ("authority_report.html", "authority_checklist.html", "authority_questions.html"),
    ),
    Keyed("The words of a conversation", (_key("b", "Back"),), ("conversation_words.html",)),
    Keyed("What was sent to an authority", (_key("b", "Back to the report"),), ("authority_sent.html",)),
    Keyed(
        "The ledger",
        (_key("f", "Choose which lines"), _key("/", "Write an id"), _key("n", "Older lines")),
        ("ledger.html",),
    ),
    Keyed("Evidence, handed over", (_key("i", "Write what to hand over"),), ("bundles.html",)),
    Keyed("Classifiers", (_key("c", "Reckon what to expect of one"),), ("classifiers.html",)),
    Keyed(
        "A classifier",
        (_key("w", "Write why it is switched off"), _key("l", "Write how many you can look at")),
        ("classifier.html",),
    ),
    Keyed(
        "What to expect of a classifier", (_key("u", "Write how many uploads come in"),), ("base_rates.html",)
    ),
    Keyed("Conflicts of interest", (_key("n", "Write whose conflict it is"),), ("conflicts.html",)),
    Keyed("The cases of an account", (_key("b", "Back to the case"),), ("account_cases.html",)),
    Keyed(
        "Deciding copies together",
        (
            *(_key(str(number), f"Choose or leave out number {number}") for number in range(1, 10)),
            _key("a", "Choose all that are listed"),
            _key("x", "Choose none"),
            _key("n", "Go on, and leave them to be assessed by themselves"),
        ),
        ("alike.html",),
    ),
    Keyed("Declaring a risk to life", (_key("escape", "Go back to the case"),), ("emergency_asked.html",)),
    Keyed(
        "A risk to life",
        (
            _key("s", "Read and send the report"),
            _key("o", "Open the case"),
            _key("u", "Look how it stands now"),
            _key("c", "Call everybody again"),
            _key("t", "Write whom you told"),
            _key("w", "Write why it was a wrong alarm"),
        ),
        ("emergency.html",),
    ),
    Keyed(
        "Overview",
        (
            _key("f", "Choose the period"),
            _key("p", "The period before"),
            _key("t", "The present period"),
            _key("n", "The period after"),
            _key(". c", "Save these figures as CSV"),
            _key(". j", "Save these figures as JSON"),
        ),
        ("overview.html",),
    ),
    Keyed(
        "Webhooks",
        (
            _key("0", "All deliveries"),
            _key("1", "Only: waiting"),
            _key("2", "Only: delivered"),
            _key("3", "Only: dead"),
            _key("n", "Older deliveries"),
        ),
        ("webhooks.html",),
    ),
    Keyed(
        "Jobs and alarms",
        (_key("a", "Acknowledge the first alarm"), _key("t", "Try the first stuck step again")),
        ("jobs.html",),
    ),
    Keyed(
        "The audit log",
        (_key("/", "Write which object"), _key("n", "Older records")),
        ("audit.html",),
    ),
)


def answers(name: str, questions: Iterable[Question], *more: Key) -> Keyed:
    """Return the keys of an assessment form: each answer has one, or the list it is chosen from."""
    keys: list[Key] = []
    for asked in questions:
        if asked.key:
            keys.append(_key(asked.key, f"Choose the {asked.legend.lower()}"))
        else:
            keys += (_key(choice.key, f"{asked.legend}: {choice.label}") for choice in asked.choices)
    return Keyed(name, (*keys, *more), ("assessment_form.html", "sitting_items.html"))


def forms() -> tuple[Keyed, ...]:
    """Return the assessment forms, one per shape that it may have."""
    how_many = _key("h", "Write how many children are shown")
    relied_on = _key("h", "Write the messages relied on")
    sitting = (
        _key("h", "What is left open below: the same as the page"),
        _key("shift+h", "What is left open below waits"),
        _key(". i", "Choose the finding of the first item"),
    )
    return (
        answers("Assessing media", imagery_questions(Purpose.CSAM, us=True), how_many),
        answers("Assessing media against terms", imagery_questions(Purpose.OWN_TERMS), how_many),
        answers("Assessing a page", page_questions(Purpose.CSAM), *sitting),
        answers("Assessing messages", conduct_questions(Purpose.CSAM), relied_on),
    )


def on_screen_together() -> tuple[tuple[Keyed, ...], ...]:
    """Return which parts of the table can be on one page; a case is there with one of its forms."""
    cases = tuple((ALWAYS, CASE, form) for form in forms())
    return (*cases, *((ALWAYS, page) for page in OTHERS))
