"""What an authority was told, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from safehold.app.authority_sent import CallMade, OpenedPaper, Sent
from safehold.authorities.outline import lines as outlined
from safehold.cli.opening import printable, shown


def lines(sent: Sent) -> Iterator[str]:
    """Yield every line: the papers as they were sealed, the calls, the reference."""
    report = sent.sheet.report
    yield f"case {sent.sheet.case.number}  {printable(report.destination)}  {report.state.value}"
    if sent.gone_at is not None:
        kept_for = ", ".join(each.value for each in sent.kept_for)
        yield f"the papers were destroyed {shown(sent.gone_at)}; they had been kept for: {kept_for}"
    elif not sent.papers:
        yield "no copy is sealed"
    for paper in sent.papers:
        yield from _paper(paper)
    for call in sent.calls:
        yield _call(call)
    if report.reference is not None:
        yield f"reference {printable(report.reference)}  filed {shown(report.filed_at)}"


def _paper(paper: OpenedPaper) -> Iterator[str]:
    fits = "as it was put on record" if paper.fits else "NOT what was put on record"
    yield f"{paper.kind.value}  sealed {shown(paper.at)}  {paper.why or fits}"
    for depth, name, value in outlined(paper.said or ()):
        yield f"{'  ' * (depth + 1)}{printable(name)}: {printable(value)}".rstrip()


def _call(call: CallMade) -> str:
    about = "" if call.file is None else f" file {call.file}"
    if call.ended_at is None:
        came = "nobody knows whether it arrived"
    elif call.end is not None:
        came = f"{call.end.value} {call.failed or ''}".rstrip()
    elif call.status is None:
        came = f"no answer: {call.failed}"
    else:
        came = f"status {call.status} code {call.code if call.code is not None else '-'}"
    return f"call {shown(call.begun_at)}  {call.call}{about}  {came}"
