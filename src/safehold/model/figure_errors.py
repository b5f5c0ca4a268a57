"""What can go wrong with figures and with the reports that are made of them: further classes of `errors`."""

from __future__ import annotations

from safehold.model.errors import Conflict, Damaged, InvalidInput, NotFound, Refused, Unavailable


class MixedUnits(Refused):
    """Amounts of different things were to be added, compared or made a share of each other."""

    code = "mixed_units"
    advice = "Count the same unit by the same rule, and give each figure its own whole."


class WrongWhole(Refused):
    """A share was to be taken of something that it is no share of."""

    code = "wrong_whole"
    advice = "Take it of the whole that its measure names."


class YearAhead(InvalidInput):
    """The year has not begun yet."""

    code = "year_ahead"
    advice = "Name a year that has begun."


class NoSuchExample(NotFound):
    """There is no example of this name, or none for this year."""

    code = "no_such_example"
    advice = "`safehold stats annual --help` names the examples and their years."


class FolderTaken(Conflict):
    """The folder holds something else than a report that was made before."""

    code = "folder_taken"
    advice = "Name a folder that does not exist yet, is empty, or holds an earlier report."


class PdfMissing(Unavailable):
    """The part that makes PDF files is not installed."""

    code = "pdf_missing"
    kept = "The rest of the report is written."
    advice = "Install the extra `pdf` (WeasyPrint, with Pango), or print whole.html from a browser."


class FiguresDiffer(Damaged):
    """Figures are not what they were published to be."""

    code = "figures_differ"
    kept = "The report is written, with every difference."
    advice = "Look at check.html of the report: the counting rules or the example were changed."


class PeriodNotOver(InvalidInput):
    """A period is none, or has not ended."""

    code = "period_not_over"
    advice = "Name a first day and a last day that is over: what happens until then would change the figures."


class PackDoubtful(Damaged):
    """What a pack was made from is not what was written."""

    code = "pack_doubtful"
    kept = "The pack is written, and says at its foot what was found."
    advice = "Hand it to nobody yet: read what the check says, and `safehold audit verify`."
