"""Who is named, and as what: nobody is reported while their part is unknown or they are the victim.

All that says something about people, for whatever authority, asks here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from safehold.authorities.fitting import Remarks, short
from safehold.model.assessment import ConductForm
from safehold.model.case import Subject, SubjectPart
from safehold.model.report_facts import ReportFacts

LONGEST_ID = 255
"""Characters of an account's id that a report has room for. Ids that are the same so far are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Accounts of a case, by what a report may say of them: each stands in one place alone.

    reported: the one that is reported, None for nobody. suspected: others whom people suspect, for whom the
    report has no place of their own. recipients: whom something was meant for, and who are neither. unknown:
    accounts whose part nobody has set. unnamed: how many others are not named: those who told us, bystanders.
    """

    reported: str | None = None
    suspected: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unnamed: int = 0


def written(account_id: str) -> str:
    """Return an account's id as a report writes it, by which two are the same; "" where nothing is left."""
    return short(account_id, LONGEST_ID, "", Remarks()) or ""


def whom(facts: ReportFacts) -> Whom:
    """Return who is named as what.

    An account is a victim where anything says so, else unknown where anything leaves it so. A correction
    names nobody. Of several whom people suspect, the one is reported whom the report names on record; without
    that, the one who a person says does it, then the one with most items, then the first. Where the one on
    record is no longer suspected, nobody is.
    """
    if facts.is_correction:
        return Whom()
    parts = _parts(facts)
    named = bool(facts.told) or facts.risk_to_life is not None
    suspected = [one for one, part in parts.items() if part is SubjectPart.SUSPECTED] if named else []
    suspected.sort(key=_weight(facts), reverse=True)
    reported = _reported(facts, suspected)
    others = [one for one in suspected if one != reported]
    towards = {written(form.towards) for form in _conduct(facts) if form.towards is not None}
    aside = [one for one, part in parts.items() if part in (SubjectPart.BYSTANDER, SubjectPart.REPORTER)]
    recipients = [one for one in (*others, *aside) if one in towards]
    return Whom(
        reported=reported,
        suspected=tuple(one for one in others if one not in recipients),
        victims=tuple(one for one, part in parts.items() if part is SubjectPart.VICTIM),
        recipients=tuple(recipients),
        unknown=tuple(one for one, part in parts.items() if part is SubjectPart.UNKNOWN),
        unnamed=sum(one not in recipients for one in aside),
    )


def reported_subject(facts: ReportFacts) -> Subject | None:
    """Return the subject whom a report names, for the record; None where it names nobody."""
    account = whom(facts).reported
    named = (each for each in facts.subjects if account and written(each.account_id or "") == account)
    return next((each for each in named if facts.names in (None, each.id)), None)


def _reported(facts: ReportFacts, suspected: list[str]) -> str | None:
    if facts.names is None:
        return suspected[0] if suspected else None
    on_record = {written(each.account_id or "") for each in facts.subjects if each.id == facts.names}
    return next((one for one in suspected if one in on_record), None)


def changed(facts: ReportFacts, remarks: Remarks) -> list[str]:
    """Return the ids of accounts that are too long for a report, each whole; say what was changed of any."""
    known = dict.fromkeys([each.account_id for each in facts.subjects] + _mentioned(facts))
    ids = [one for one in known if one is not None]
    for one in ids:
        short(one, LONGEST_ID, "The id of an account", remarks)
    return [one for one in ids if len(one.strip()) > LONGEST_ID]


def _parts(facts: ReportFacts) -> dict[str, SubjectPart]:
    """Return the part of each account that is known by name, in the order in which they came."""
    parts: dict[str, SubjectPart] = {}
    for subject in facts.subjects:
        account = written(subject.account_id or "")
        if account:
            parts[account] = _more_careful(parts.get(account), subject)
    for account_id in _mentioned(facts):
        if account := written(account_id or ""):
            parts.setdefault(account, SubjectPart.UNKNOWN)
    return parts


def _mentioned(facts: ReportFacts) -> list[str | None]:
    """Return the accounts that what is told names, whether they are subjects or not."""
    uploaders = dict.fromkeys(each.account_id for each in facts.told)
    return [*uploaders] + [one for form in _conduct(facts) for one in (form.by, form.towards)]


def _more_careful(known: SubjectPart | None, subject: Subject) -> SubjectPart:
    said = (known, subject.part)
    return next((part for part in (SubjectPart.VICTIM, SubjectPart.UNKNOWN) if part in said), subject.part)


def _weight(facts: ReportFacts) -> _Weight:
    does_it = {written(form.by) for form in _conduct(facts) if form.by is not None}
    return _Weight(does_it, uploaded(facts))


def uploaded(facts: ReportFacts) -> Counter[str]:
    """Return of how many items that are told each account is the uploader, by its id as it is written."""
    found: Counter[str] = Counter()
    for account_id, items in Counter(each.account_id for each in facts.told).items():
        if account_id:
            found[written(account_id)] += items
    return found


@dataclass(frozen=True, slots=True)
class _Weight:
    does_it: set[str]
    items: Counter[str]

    def __call__(self, account: str) -> tuple[bool, int]:
        return account in self.does_it, self.items[account]


def _conduct(facts: ReportFacts) -> list[ConductForm]:
    forms = [each.outcome.form for each in facts.told if each.outcome is not None]
    return [form for form in forms if isinstance(form, ConductForm)]
