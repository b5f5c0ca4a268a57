"""The documents and files of one report, opened as they are needed: from memory, else by the reader."""

from __future__ import annotations

from collections.abc import Sequence

from safehold.authorities import contents as content
from safehold.authorities.contents import Written
from safehold.authorities.halts import MustLook, Waits, Without
from safehold.authorities.means import NO_READER, Means
from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import Damaged, ErasedEvidence, NotAllowed, NotFound, SafeholdError, Unavailable
from safehold.model.ids import PaperId
from safehold.storage import authority_reports as reports
from safehold.storage.filings import Filing, FilingFile


class Sheets:
    """What this process has open of one report. Files are never kept: one is in memory at a time."""

    def __init__(self, means: Means, report: AuthorityReport) -> None:
        self._means = means
        self._report = report
        self._of: PaperId | None = None
        self._document: bytes | None = None
        self._details: Sequence[str] | None = None

    def remember(self, paper_id: PaperId, written: Written) -> None:
        """Use what was written just now: nobody has to open it."""
        self._of, self._document, self._details = paper_id, written.report, written.details

    def report(self, read: Filing) -> bytes:
        """Return the report as it is sent. Raises Waits, MustLook."""
        self._turn_to(read)
        if self._document is None:
            assert read.report_paper is not None
            self._document = self._open_paper(read.report_paper)
        return self._document

    def details(self, read: Filing, at: int, report_id: int, file_id: str) -> bytes:
        """Return what is said of the file at a place, with their ids. Raises Waits, MustLook."""
        return content.named(self.said_of_files(read)[at], report_id, file_id)

    def said_of_files(self, read: Filing) -> Sequence[str]:
        """Return what is said of each file, in their order. Raises Waits, MustLook."""
        self._turn_to(read)
        if self._details is None:
            assert read.details_paper is not None
            self._details = content.details_of(self._open_paper(read.details_paper))
        return self._details

    def file(self, read: Filing, at: int) -> bytes:
        """Return the bytes of a file. Raises Without, Waits."""
        one = read.files[at]
        try:
            return self._opened(one)
        except (ErasedEvidence, NotFound, Damaged) as gone:
            raise Without(gone.code) from gone
        except (Unavailable, NotAllowed) as error:
            # Where somebody is in danger nothing waits for a picture: it follows in a supplement.
            raise Without(error.code) if self._is_urgent else Waits(error.code) from error
        except Waits as waits:
            raise Without(waits.why) if self._is_urgent else waits from None

    @property
    def _is_urgent(self) -> bool:
        return self._report.emergency_id is not None

    def _opened(self, one: FilingFile) -> bytes:
        opening = self._means.opening
        if opening is None:
            raise Waits(NO_READER)
        if one.item_id is None:
            assert one.paper_id is not None
            return opening.paper(self._report.id, one.paper_id)
        with self._means.database.begin() as tx:
            told = {each.item_id for each in reports.items_of(tx, self._report.id)}
        if one.item_id not in told:
            # It was reversed since a person sent the report on.
            raise Without("fell")
        return opening.item(self._report.id, one.item_id)

    def _open_paper(self, paper_id: PaperId) -> bytes:
        opening = self._means.opening
        if opening is None:
            raise Waits(NO_READER)
        try:
            return opening.paper(self._report.id, paper_id)
        except (Unavailable, NotAllowed) as error:
            raise Waits(error.code) from error
        except SafeholdError as error:
            raise MustLook(f"paper:{error.code}") from error

    def _turn_to(self, read: Filing) -> None:
        if self._of != read.report_paper:
            self._of, self._document, self._details = read.report_paper, None, None
