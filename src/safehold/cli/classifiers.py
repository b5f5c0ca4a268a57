"""`safehold classifiers`: which are asked, what they are worth, and the switch that ends them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.detect.classifiers.standing import Left, Standing
    from safehold.detect.classifiers.worth import Worth
    from safehold.model.figures import Figure

app = typer.Typer(help="Classifiers: what they are worth, and their switch.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As in the settings.")]


@app.command("list")
def list_() -> None:
    """Show every declared classifier: where it is asked, and whether it only learns, is silent or off."""
    from safehold.cli.opening import operator
    from safehold.detect.classifiers import circuits, standing

    with operator() as opened, opened.database.begin() as tx:
        declared = opened.settings.classifiers
        off = {name: standing.stopped_because(tx, name) for name in declared}
        silent = circuits.left_alone(tx, opened.clock())
    for name, each in declared.items():
        where = sorted(s for s, one in opened.settings.surfaces.items() if name in one.classifiers)
        state = (
            "off"
            if off[name]
            else "does not answer"
            if name in silent
            else "shadow"
            if each.shadow
            else "asks people"
        )
        sys.stdout.write(f"{name}  {state}  on {', '.join(where) or 'no surface'}\n")
    if not declared:
        sys.stdout.write("The settings declare no classifier.\n")


@app.command("show")
def show(name: Name) -> None:
    """Show a classifier's model card, and what people found of what it had an opinion of."""
    from safehold.app.classifiers import card_of
    from safehold.cli.opening import operator
    from safehold.detect.classifiers import standing
    from safehold.detect.classifiers.worth import worth_of

    with operator() as opened, opened.database.begin() as tx:
        info = card_of(opened.settings, name)
        stands = standing.standing(tx, name, now=opened.clock())
        worth = worth_of(
            tx,
            name,
            version=info.version,
            flags_from=opened.settings.classifiers[name].flags_from,
            looks=opened.settings.review.flags_a_day,
            now=opened.clock(),
        )
    runs = f"asked at {info.destination}" if info.leaves_house else f"weights {info.weights_sha256}"
    sys.stdout.write(f"{info.version}, {info.licence}, {info.kind.value}; {runs}\n")
    for field, words in info.card:
        sys.stdout.write(f"{field.replace('_', ' ')}: {words}\n")
    if info.leaves_house and not stands.left:
        sys.stdout.write("nothing has left the house for it\n")
    sys.stdout.write(_told(stands, worth))


@app.command("stop")
def stop(
    name: Name, why: Annotated[str, typer.Option("--why", help="Why, for whoever finds it off.")]
) -> None:
    """Switch a classifier off at once, for every process. It is no check any more while it is off."""
    from safehold.cli.opening import SHELL, operator
    from safehold.detect.classifiers import standing

    with operator() as opened, opened.database.begin() as tx:
        declared = opened.settings.classifiers
        was_on = standing.stop(tx, name, declared=declared, why=why, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{name} is off.\n" if was_on else f"{name} was off already, for what was said then.\n")


@app.command("resume")
def resume(name: Name) -> None:
    """Let a classifier go on."""
    from safehold.cli.opening import SHELL, operator
    from safehold.detect.classifiers import standing

    with operator() as opened, opened.database.begin() as tx:
        declared = opened.settings.classifiers
        was_off = standing.resume(tx, name, declared=declared, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{name} is asked again.\n" if was_off else f"{name} was not off.\n")


def _told(stands: Standing, worth: Worth) -> str:
    lines = [f"off: {stands.stopped}" if stands.stopped else "on"]
    if stands.left_alone:
        since = stands.left_alone.opened_at.strftime("%Y-%m-%d %H:%M UTC")
        lines.append(f"does not answer since {since} ({stands.left_alone.why}), and is tried now and then")
    lines += [_left(each) for each in stands.left]
    lines += [f"answered {each.value}: {items}" for each, items in stands.answers.items()]
    for way, whose in _WAYS.items():
        rows = [row for row in worth.bands if row.way.value == way]
        if not rows:
            lines.append(f"Nobody has decided yet about anything {whose} and it had an opinion of.")
            continue
        lines.append(f"Of what people decided {whose}, illegal or against the terms (95 % interval):")
        lines += [f"  {row.band.value:9}  {row.found.units:6} items  {_share(row.found)}" for row in rows]
    lines.append(_recall(worth))
    if worth.drift.drifts:
        lines.append("Its estimates have shifted within a week: see its page in the console.")
    return "\n".join(lines) + "\n"


def _left(left: Left) -> str:
    first, last = (at.strftime("%Y-%m-%d %H:%M UTC") for at in (left.first_at, left.last_at))
    return (
        f"left the house, to {left.destination}: {left.pictures} pictures in {left.calls} calls,"
        f" first {first}, last {last}"
    )


_WAYS = {
    "asked": "that no list knew and something asked for",
    "drawn": "that every check passed and the lot fell on",
    "listed": "that a list knew",
}


def _recall(worth: Worth) -> str:
    if worth.recall.why_not is None:
        share = _share(worth.recall.figure).strip()
        return f"Of what is there to be found it asks for {share}, by the audit sample."
    if worth.recall.drawn:
        drawn = worth.recall.drawn
        return f"How much it misses is not known: too little was decided or found, {drawn} drawn items."
    return "How much it misses is not known: nobody sees what it passes over."


def _share(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "nothing can be said"
    return f"{figure.value:6.1%}  ({figure.low:.1%} to {figure.high:.1%})"
