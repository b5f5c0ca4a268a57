"""The components, and how a template writes each."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that pages are made of. says: when it is right. source: as a template writes it."""

    name: str
    says: str
    source: str

    @property
    def anchor(self) -> str:
        """Where the page shows it."""
        return re.sub(r"\W+", "-", self.name.lower())


COMPONENTS = (
    Component(
        "Words",
        "A sentence says first what this is and what is wanted. Quiet words explain, and are never "
        "needed to go on.",
        '<p class="lead">It matched a list, and waits for an assessment.</p>'
        '<p>What a sentence says. <a href="#words">A link</a> leads somewhere and changes nothing.</p>'
        '<p class="quiet small">Passing never counts against you.</p>'
        '<p class="mono">0190a3c4-7c1e-7000-8000-1f2e3d4c5b6a</p>',
    ),
    Component(
        "Buttons",
        "A page has at most one filled button: Enter presses it. Small ones stand in rows; plain ones "
        "in sentences.",
        '<p class="row"><button type="button" class="button primary">File {{ cap("Enter") }}</button>'
        '<button type="button" class="button">Take the case</button>'
        '<button type="button" class="button small">Undo</button>'
        '<button type="button" class="plain">Put it back</button>'
        '<button type="button" class="button" disabled>It is on its way</button></p>',
    ),
    Component(
        "Keys",
        "A key stands on what it does. Two caps are pressed one after the other.",
        '<p class="row">{{ caps("r") }} {{ caps("shift+r") }} {{ caps("g c") }}</p>',
    ),
    Component(
        "Chips",
        "A state in a word or two. Colour never says it alone: amber for a clock, red for what is "
        "broken, green for done.",
        '<p class="row"><span class="chip">rehearsal</span><span class="chip accent">csam</span>'
        '<span class="chip warn">past its date</span><span class="chip stop">given up</span>'
        '<span class="chip good">settled</span></p>',
    ),
    Component(
        "Need",
        "How much a case needs somebody, as four bars, and why, as chips of what was seen.",
        '<p class="row">{{ rank(85) }} {{ rank(30) }}</p>{{ chips(parts) }}',
    ),
    Component(
        "Distance",
        "How far a match is from a list's entry, and up to where the list may hold.",
        "{{ scale(match) }}",
    ),
    Component(
        "Notices",
        "What everybody has to know stands under the bar, over the whole width: to do, done, or broken.",
        '<p class="notice">Nobody is set up to be called from here.</p>'
        '<p class="notice done">Filed. Here is what comes next.</p>'
        '<p class="notice stop"><strong>Lists that are older than they may be: 1.</strong>'
        ' <a href="#notices">See the alarms</a></p>{{ step_up("/console/keys", "keys") }}{{ '
        "summary(refused) }}",
    ),
    Component(
        "Card",
        "One matter, with its heading. Cards stand in a column; none lies in another.",
        '<section class="card"><h3>Outcome</h3><dl class="facts"><dt>Hold</dt><dd>held since noon</dd>'
        "<dt>File</dt><dd>JPEG, 640 × 480</dd></dl></section>",
    ),
    Component(
        "Figures",
        "A few figures above a table; a figure says what it counts.",
        '<dl class="counts"><div><dt>open</dt><dd>1,204</dd></div><div><dt>past their '
        "date</dt><dd>3</dd></div>"
        "<div><dt>longest wait here</dt><dd>4 h</dd></div><div><dt>with you</dt><dd>1</dd></div></dl>",
    ),
    Component(
        "Table",
        "Rows that are compared. On a narrow screen each row is a small card, and each cell says what it is.",
        '<table class="cards"><caption class="unseen">Cases</caption><thead><tr><th scope="col">Case</th>'
        '<th scope="col">Waiting</th></tr></thead><tbody><tr><td data-is="Case"><a '
        'href="#table">1,017</a></td>'
        '<td data-is="Waiting">2 h</td></tr><tr><td data-is="Case"><a href="#table">1,018</a></td>'
        '<td data-is="Waiting">41 min</td></tr></tbody></table>',
    ),
    Component(
        "Nothing there",
        "An empty place says why it is empty, and what would fill it.",
        '<section class="card"><p class="lead">There is no list. Until one is loaded, no scan can be '
        "clear.</p>"
        '<p class="quiet">safehold lists add, then safehold lists import.</p></section>',
    ),
    Component(
        "Answers",
        "A question with its answers, each with its key. Nothing is chosen beforehand; here one is, to "
        "show how it looks.",
        '<fieldset><legend>Sex <span class="quiet">of the children shown</span></legend><div class="options">'
        '<label><input type="radio" name="sex" value="a"> Girls {{ caps("f") }}</label>'
        '<label><input type="radio" name="sex" value="b" checked> Boys {{ caps("m") }}</label>'
        '<label><input type="radio" name="sex" value="c"> Cannot tell {{ caps("q") '
        "}}</label></div></fieldset>",
    ),
    Component(
        "Fields",
        "A label above, and below what is wrong with what was typed, which stays typed.",
        '{% call field(form, "plain") %}Their name{% endcall %}{% call field(refused, "name") %}A name '
        "{% endcall %}"
        '<fieldset class="row"><legend class="label">What it may do</legend>'
        '{{ boxes(form, "scope", ("scan", "read"), ("scan",)) }}</fieldset>'
        '<div class="field"><label><span class="label">A note</span><textarea name="note" rows="2"{{ '
        "marked(form, "
        '"note") }}></textarea></label>{{ wrong(form, "note") }}</div>',
    ),
    Component(
        "Passkey",
        "Whatever a browser asks its person for goes through one form, which says what went wrong.",
        '{% call passkey_form("get", "/console/confirm") %}{{ token(signed_in) }}'
        '<button type="button" class="button">Use a passkey</button>{% endcall %}',
    ),
    Component(
        "The shutter",
        "Where other tools put the picture stands a closed panel. It opens while a key or a button is held.",
        '<div class="shutter"><figure class="panel"{{ panel_says() }}><span>Nothing is shown<br>'
        'Hold {{ cap("R") }} to look</span>'
        '</figure><div class="lookers ready"><button type="button" class="button">Hold to look, '
        "blurred</button>"
        '<button type="button" class="button">Hold to look, clear</button></div></div>',
    ),
    Component(
        "What happened",
        "Lines in the order of time, the newest last.",
        '<ol class="log"><li><span class="quiet mono">22 Nov 09:14:03</span><span>A case was '
        "opened</span></li>"
        '<li><span class="quiet mono">22 Nov 09:20:41</span><span>An assessment was filed</span></li></ol>',
    ),
    Component(
        "Somebody's own words",
        "What a person wrote stands apart, as they wrote it.",
        '<p class="statement"><bdi>This is a photo of a hill near my town. Please look again.</bdi></p>',
    ),
    Component(
        "Shown once",
        "A secret is shown once and marked whole by one press.",
        '<p class="secret mono">sample-secret-that-opens-nothing</p>',
    ),
)
