"""Facts as neutral sentences, for whatever authority: what is not verified first, policy labels alone.

What platforms, lists and people outside wrote stands between quotation marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from safehold.authorities.fitting import Remarks, shown, writable
from safehold.authorities.whom import Whom, changed, uploaded, written
from safehold.model.assessment import AgeBand, Answer, ConductForm, Grown, Tier
from safehold.model.authority_report import Relation
from safehold.model.media import MediaKind
from safehold.model.report_facts import Bytes, ItemOnRecord, ListMatch, ReportFacts, StandingOutcome

MOST_MATCHES = 5
"""Of the matches of one item that are told, the nearest first; the rest are counted."""

WHY_NOT_HELD = {
    Bytes.SIGNALS_ONLY: "only fingerprints of it were sent here",
    Bytes.NEVER_SEALED: "its bytes could not be kept when it came",
    Bytes.DESTROYED: "its bytes were destroyed when the term for keeping them ended",
    Bytes.NO_MEDIA: "it is a page or a conversation, of which no bytes were sent",
}
"""Why no file goes along for an item."""


def counted(count: int, noun: str) -> str:
    """Return how many there are with what they are: "0 files", "1 file", "2 files"."""
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def of_report(facts: ReportFacts, named: Whom, remarks: Remarks) -> list[str]:
    """Return what a report says in sentences, the unverified first."""
    parts = (
        _unverified(facts),
        _occasion(facts),
        _counts(facts),
        _viewed(facts),
        (_conduct(form) for form in _forms(facts)),
        _accounts(facts, named, remarks),
        _not_held(facts),
    )
    return _clean((sentence for part in parts for sentence in part), remarks)


def of_item(facts: ReportFacts, item: ItemOnRecord, named: Whom, remarks: Remarks) -> list[str]:
    """Return what is said of one item in sentences, the unverified first."""
    parts = (
        [assessed(facts, item)],
        [viewed(item)] if item.media is not None else [],
        _matched(item),
        _from_where(item, named),
        [_conduct(item.outcome.form)] if item.outcome and isinstance(item.outcome.form, ConductForm) else [],
    )
    return _clean((sentence for part in parts for sentence in part), remarks)


def is_unverified(facts: ReportFacts) -> bool:
    """Say whether a report tells of something that people have not settled."""
    declared = facts.risk_to_life is not None and not facts.is_correction
    return declared and (not facts.told or bool(facts.unverified))


def urgency(facts: ReportFacts) -> str:
    """Return why a report is urgent, in words that quote nobody."""
    if facts.risk_to_life is not None:
        at = shown(facts.risk_to_life.declared_at)
        return f"A person here declared at {at} that a life may be at risk. Please act at once."
    if any(form.child_at_risk_now is Answer.YES for form in _forms(facts)):
        return "A person here found that a child may be at risk now. Please act at once."
    return "A person here chose the highest priority for this report. Please act at once."


def assessed(facts: ReportFacts, item: ItemOnRecord) -> str:
    """Return what people found of an item, or that nobody did."""
    outcome = item.outcome
    if outcome is None and facts.is_correction and facts.wrong_alarm is not None:
        return "No finding of people here stands for it."
    if outcome is None and facts.is_correction:
        return "What people had found of it was taken back; they have not settled anew what it is."
    if outcome is None:
        declared = f" at {shown(facts.risk_to_life.declared_at)}" if facts.risk_to_life else ""
        return (
            "Unverified: people here have not settled what it is. It is reported because a person declared a"
            f" risk to life{declared}."
        )
    if not item.is_illegal:
        return f"People here found at {shown(outcome.settled_at)}: {outcome.finding.value.replace('_', ' ')}."
    label = f", category {outcome.category.value} (United Kingdom)" if outcome.category else ""
    people = "one person" if outcome.people == 1 else f"{outcome.people} people"
    return f"Assessed as illegal{label} by {people} at {shown(outcome.settled_at)}.{_repeated(outcome)}"


def viewed(item: ItemOnRecord) -> str:
    """Return whether somebody looked at an item, as the log of reveals says."""
    viewing = item.viewing
    if viewing.whole:
        return "Somebody here viewed the whole file, clearly."
    if viewing.tier is Tier.CLEAR:
        moves = item.media is not None and item.media.kind in (MediaKind.VIDEO, MediaKind.ANIMATION)
        seen = "a sheet of stills from it" if moves else "what can be shown of it"
        return f"Somebody here viewed {seen}, clearly, which is not the whole file for certain."
    if viewing.tier is Tier.BLURRED:
        return "Somebody here viewed a blurred picture of it alone, and not the file."
    if viewing.elsewhere is Tier.CLEAR:
        return "Nobody here viewed this upload; the same bytes were viewed where they appeared elsewhere."
    return "Nobody here viewed this file."


def _unverified(facts: ReportFacts) -> list[str]:
    if facts.risk_to_life is None or not is_unverified(facts):
        return []
    at = shown(facts.risk_to_life.declared_at)
    because = f"because a person declared a risk to life at {at}."
    if not facts.told:
        return [f"Unverified: nothing on record was found illegal. This is reported {because}"]
    waiting = f"what {len(facts.unverified)} of {counted(len(facts.told), 'item')} may be"
    return [f"Unverified: people here have not settled {waiting}. They are reported {because}"]


def _occasion(facts: ReportFacts) -> list[str]:
    said = []
    if facts.rehearsal:
        said.append("Rehearsal: this is practice with harmless files, and nothing happened.")
    if facts.is_correction:
        said += _correction(facts)
    if facts.relation is Relation.SUPPLEMENT:
        said.append("Supplement: this adds to an earlier report.")
    if facts.prior:
        said.append(f"Earlier reports about this: {', '.join(_quoted(one) for one in facts.prior)}.")
    return said


def _correction(facts: ReportFacts) -> list[str]:
    said = []
    if (alarm := facts.wrong_alarm) is not None:
        said.append(
            f"Correction: the risk to life that was declared here at {shown(alarm.declared_at)}, of which an"
            f" earlier report told, was ended here at {shown(alarm.ended_at)} as a wrong alarm, by a person"
            " who may declare and end such risks. Please do not act on it any more as a danger to life."
        )
    if facts.corrected or alarm is None:
        find = "no longer find" if alarm is None else "do not find"
        said.append(
            f"Correction: of {counted(len(facts.corrected), 'item')} that an earlier report told about people"
            f" {find} that they are illegal. Please do not rely on what was reported of them."
        )
    return said + [_corrected(each) for each in facts.corrected]


def _corrected(item: ItemOnRecord) -> str:
    known = [f"SHA-256 {item.media.sha256}"] if item.media is not None else []
    if item.context is not None and item.context.content_id:
        known.insert(0, f"which the platform calls {_quoted(item.context.content_id)}")
    if item.page_url is not None:
        known.insert(0, f"the page {_quoted(item.page_url)}")
    now = item.outcome.finding.value.replace("_", " ") if item.outcome else "not settled anew"
    return f"Corrected: {', '.join(known) or 'an item of which nothing else is held'}; now: {now}."


def _counts(facts: ReportFacts) -> list[str]:
    settled = [each.outcome for each in facts.told if each.outcome is not None]
    if not settled:
        return []
    labels = Counter(
        f"category {one.category.value}" if one.category else "without a category" for one in settled
    )
    listed = ", ".join(f"{times} {label}" for label, times in sorted(labels.items()))
    return [
        f"Assessed as illegal by people here: {counted(len(settled), 'item')} ({listed}, United Kingdom)."
    ]


def _viewed(facts: ReportFacts) -> list[str]:
    files = [each for each in facts.told if each.media is not None]
    whole = sum(each.viewing.whole for each in files)
    of = counted(len(files), "file")
    return [f"Viewed here as a whole: {whole} of {of}; each file says how."] if files else []


def _accounts(facts: ReportFacts, named: Whom, remarks: Remarks) -> list[str]:
    uploads = uploaded(facts)
    said = [
        f"A detail of the incident, and nobody who is reported: the account {_quoted(one)}, whose part nobody"
        f" has determined, {_did(uploads[one])}."
        for one in named.unknown
    ]
    said += [
        f"Another account that a person here suspects: {_quoted(one)}, which {_did(uploads[one])}."
        for one in named.suspected
    ]
    said += [f"The id of an account in full: {_quoted(one)}." for one in changed(facts, remarks)]
    if named.unnamed:
        said.append(f"Accounts of those who told us or stood by, not named here: {named.unnamed}.")
    return said


def _did(items: int) -> str:
    return f"uploaded {counted(items, 'item')} of these" if items else "belongs to the case"


def _not_held(facts: ReportFacts) -> list[str]:
    without = [each for each in facts.told if each.bytes is not Bytes.SEALED]
    reasons = Counter(each.bytes for each in without)
    said = [
        f"Without a file: {counted(times, 'item')}; {WHY_NOT_HELD[why]}." for why, times in reasons.items()
    ]
    known = dict.fromkeys(each.media.sha256 for each in without if each.media is not None)
    if known:
        said.append(f"SHA-256 of bytes that are not held: {', '.join(known)}.")
    return said


def _conduct(form: ConductForm) -> str:
    said = [f"In a conversation people found: {form.kind.value}"]
    if form.age_band is not AgeBand.UNKNOWN:
        said.append(f"the youngest child {form.age_band.value} years old ({form.age_known_by.value})")
    if form.by_grown is not Grown.UNKNOWN:
        said.append(f"whoever does it: {form.by_grown.value} ({form.by_grown_known_by.value})")
    if form.still_going_on is not Answer.UNKNOWN:
        said.append(f"still going on: {form.still_going_on.value}")
    if form.child_at_risk_now is not Answer.UNKNOWN:
        said.append(f"a child at risk now: {form.child_at_risk_now.value}")
    if form.relied_on:
        said.append(f"relying on the messages {', '.join(_quoted(one) for one in form.relied_on)}")
    return "; ".join(said) + "."


def _matched(item: ItemOnRecord) -> list[str]:
    standing = [each for each in item.matches if not each.withdrawn]
    said = [_match(each) for each in standing[:MOST_MATCHES]]
    if len(standing) > MOST_MATCHES:
        said.append(f"Further matches: {len(standing) - MOST_MATCHES}.")
    return said


def _match(match: ListMatch) -> str:
    return f"Matched the list {_quoted(match.list_name)} by {match.signal_type}, {match.distance} bits away."


def _from_where(item: ItemOnRecord, named: Whom) -> list[str]:
    said = []
    if item.context is not None and item.context.content_id:
        said.append(f"The platform calls it {_quoted(item.context.content_id)}.")
    if item.account_id and (account := written(item.account_id)):
        said.append(f"Uploaded by the account {_quoted(account)}{_part(named, account)}.")
    return said


def _part(named: Whom, account: str) -> str:
    if account == named.reported or account in named.suspected:
        return ", which a person here suspects"
    if account in named.victims:
        return ", which a person here takes for that of a victim"
    return ", whose part nobody has determined" if account in named.unknown else ""


def _repeated(outcome: StandingOutcome) -> str:
    deciding = outcome.assessments[0] if outcome.assessments else None
    if deciding is None or not deciding.repeats:
        return ""
    what = "nearly the same picture" if deciding.bits is not None else "the same bytes"
    return f" The assessment repeats one of {what} elsewhere."


def _forms(facts: ReportFacts) -> list[ConductForm]:
    forms = (each.outcome.form for each in facts.told if each.outcome is not None)
    return [form for form in forms if isinstance(form, ConductForm)]


def _quoted(text: str) -> str:
    return f"“{text}”"


def _clean(sentences: Iterable[str], remarks: Remarks) -> list[str]:
    cleaned = (writable(one, "Words of others in a sentence", remarks) for one in sentences)
    return [one for one in cleaned if one is not None]
