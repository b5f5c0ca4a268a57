"""`safehold classifiers`: which are asked, what they are worth, and the switch that ends them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.detect.classifiers.standing import Left, Standing
    from safehold.model.figures import Figure

app = typer.Typer(help="Classifiers: what they are worth, and their switch.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As in the settings.")]


@app.command("list")
def list_() -> None:
    """Show every declared classifier: where it is asked, and whether it only learns or is switched off."""
    from safehold.cli.opening import operator
    from safehold.detect.classifiers import standing

    with operator() as opened, opened.database.begin() as tx:
        declared = opened.settings.classifiers
        off = {name: standing.stopped_because(tx, name) for name in declared}
    for name, each in declared.items():
        where = sorted(s for s, one in opened.settings.surfaces.items() if name in one.classifiers)
        state = "off" if off[name] else "shadow" if each.shadow else "asks people"
        sys.stdout.write(f"{name}  {state}  on {', '.join(where) or 'no surface'}\n")
    if not declared:
        sys.stdout.write("The settings declare no classifier.\n")


@app.command("show")
def show(name: Name) -> None:
    """Show a classifier's model card, and what people found of what it had an opinion of."""
    from safehold.app.classifiers import card_of
    from safehold.cli.opening import operator
    from safehold.detect.classifiers import standing

    with operator() as opened, opened.database.begin() as tx:
        info = card_of(opened.settings, name)
        found = standing.standing(tx, name, version=info.version)
    runs = f"asked at {info.destination}" if info.leaves_house else f"weights {info.weights_sha256}"
    sys.stdout.write(f"{info.version}, {info.licence}, {info.kind.value}; {runs}\n")
    for field, words in info.card:
        sys.stdout.write(f"{field.replace('_', ' ')}: {words}\n")
    if info.leaves_house and not found.left:
        sys.stdout.write("nothing has left the house for it\n")
    sys.stdout.write(_told(found))


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


def _told(found: Standing) -> str:
    lines = [f"off: {found.stopped}" if found.stopped else "on"]
    lines += [_left(each) for each in found.left]
    lines += [f"answered {each.value}: {items}" for each, items in found.answers.items()]
    for known, whose in ((False, "that no list knew"), (True, "that a list knew")):
        rows = [row for row in found.bands if row.known is known]
        if not rows:
            lines.append(f"Nobody has decided yet about anything {whose} and it had an opinion of.")
            continue
        lines.append(f"Of what people decided {whose}, illegal or against the terms (95 % interval):")
        lines += [f"  {row.band.value:9}  {row.items:6} items  {_share(row.found)}" for row in rows]
    lines.append("How much it misses is not known: nobody sees what it passes over.")
    return "\n".join(lines) + "\n"


def _left(left: Left) -> str:
    first, last = (at.strftime("%Y-%m-%d %H:%M UTC") for at in (left.first_at, left.last_at))
    return (
        f"left the house, to {left.destination}: {left.pictures} pictures in {left.calls} calls,"
        f" first {first}, last {last}"
    )


def _share(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "nothing can be said"
    return f"{figure.value:6.1%}  ({figure.low:.1%} to {figure.high:.1%})"
