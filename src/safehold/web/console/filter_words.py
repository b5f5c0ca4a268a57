"""What filters and changes of many cases are called on screen. Policy labels only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safehold.app.console_filtering import Offered
from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.case_filter import Holder, Reason
from safehold.model.exposure import ExposureKind
from safehold.model.queue import Stage
from safehold.web.console import words
from safehold.web.language import N_, _, isolated, translated

REASONS = N_(
    {
        Reason.AT_RISK.value: "a child is at risk now",
        Reason.CLOCK.value: "a date comes near",
        Reason.REACH.value: "not held, or held on nothing",
        Reason.VETTED.value: "a vetted list matches",
        Reason.SEVERAL.value: "several items",
    }
)
STAGES = N_(
    {
        Stage.ANYBODY.value: "not assessed yet",
        Stage.ANOTHER.value: "assessed, and waits for somebody else or a look",
        Stage.LEAD.value: "waits for a lead",
        Stage.NOBODY.value: "being settled",
    }
)
HELD = N_(
    {
        Holder.NOBODY.value: "nobody works on it",
        Holder.ME.value: "with you",
        Holder.OTHERS.value: "with others",
    }
)
NEEDS = N_({"25": "25 or more", "50": "50 or more", "75": "75 or more"})
OPEN = N_(
    {
        "24": "a day or longer",
        "72": "three days or longer",
        "168": "a week or longer",
        "720": "30 days or longer",
    }
)
DUE = N_(
    {
        "0": "past its date",
        "24": "due within a day",
        "72": "due within three days",
        "168": "due within a week",
    }
)
FOR_LEAD = N_({"yes": "for a lead", "no": "for everybody"})
PRACTICE = N_({"yes": "practice", "no": "not practice"})

KINDS = N_(
    {
        BulkKind.NOTE: "Leave a note",
        BulkKind.FOR_LEAD: "Let a lead take them",
        BulkKind.FOR_EVERYBODY: "Let everybody take them again",
        BulkKind.ASK_SKILL: "Ask for a skill",
        BulkKind.DROP_SKILL: "Ask for a skill no more",
        BulkKind.LET_GO: "Take them from whoever holds them",
        BulkKind.MERGE: "Merge them into one",
    }
)
"""What can be done with many cases, as a choice."""

HAPPENS = N_(
    {
        BulkKind.NOTE: "Each gets this note from you. It changes nothing about the order of the cases.",
        BulkKind.FOR_LEAD: "Each is offered to leads alone, where there is one who may know of it.",
        BulkKind.FOR_EVERYBODY: "Each is offered to whoever may take it, but not to those who passed it on.",
        BulkKind.ASK_SKILL: "Each is offered to those with this skill, where somebody has it.",
        BulkKind.DROP_SKILL: "Each asks for this skill no more, unless the settings ask for it.",
        BulkKind.LET_GO: "Each is back in the queue. What somebody had chosen and not filed stays on their"
        " page.",
        BulkKind.MERGE: "What waits in them goes on in the one that was opened first. Each can be undone"
        " there.",
    }
)
"""What will happen, before somebody confirms."""

LEFT_OUT = N_(
    {
        LeftOut.NOT_FOUND: "there is no such case any more",
        LeftOut.SETTLED: "settled",
        LeftOut.CONFLICT: "you know somebody in it",
        LeftOut.RISK: "a risk to life stands in it",
        LeftOut.HELD: "somebody else works on it",
        LeftOut.AT_WORK: "whoever holds it did something in it within five minutes",
        LeftOut.ALREADY: "it is so already",
        LeftOut.CHANGED: "it has changed since you chose it",
        LeftOut.CANNOT: "a rule of the cases forbids it",
        LeftOut.NOT_ALLOWED: "you may not arrange cases any more",
    }
)
"""Why a case is left as it is."""

FIELDS = (
    ("need", N_("Need"), NEEDS),
    ("held", N_("Who works on it"), HELD),
    ("open", N_("Open for"), OPEN),
    ("due", N_("Date"), DUE),
    ("lead", N_("Passed on"), FOR_LEAD),
    ("practice", N_("Practice"), PRACTICE),
)
"""Fields of a filter of which one value is chosen, the same everywhere."""


def one_of(offered: Offered) -> list[tuple[str, str, dict[str, str]]]:
    """Return the fields of which one value is chosen: name, label, and each value with what it is called."""
    there = (
        ("surface", _("Surface"), {each: isolated(each) for each in offered.surfaces}),
        (
            "list",
            _("Matched list"),
            {str(list_id): isolated(name) for list_id, name in offered.choices.lists},
        ),
        ("skill", _("Asks for the skill"), {each: isolated(each) for each in offered.choices.skills}),
    )
    same = [(name, translated(label), _shown(called)) for name, label, called in FIELDS]
    return [*same, *(each for each in there if each[2])]


def several_of(offered: Offered) -> list[tuple[str, str, dict[str, str]]]:
    """Return the fields of which several values are chosen, in the same form."""
    return [
        ("queue", _("Queue"), {each.value: words.label(each) for each in offered.queues}),
        ("why", _("Why, all of these"), _shown(REASONS)),
        ("kind", _("Material"), {each.value: words.kind(each) for each in ExposureKind}),
        ("stage", _("Waits for"), _shown(STAGES)),
        ("signal", _("Matched by"), {each: isolated(each) for each in offered.signals}),
    ]


def told(fields: Mapping[str, Sequence[str]], offered: Offered) -> list[str]:
    """Return what a filter asks, a few words for each value."""
    named = {name: values for name, _, values in (*several_of(offered), *one_of(offered))}
    return [named.get(name, {}).get(value, value) for name, values in fields.items() for value in values]


def _shown(table: Mapping[str, str]) -> dict[str, str]:
    return {code: translated(called) for code, called in table.items()}
