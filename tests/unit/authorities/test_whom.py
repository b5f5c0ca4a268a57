"""Claims about who is named as what: a person sets a part first, and the careful reading wins."""

from __future__ import annotations

from dataclasses import replace

from safehold.authorities.whom import Whom, reported_subject, whom
from safehold.model.assessment import Finding, ImageryForm
from safehold.model.authority_report import Relation
from safehold.model.case import SubjectPart
from safehold.testing.report_facts import APPROACH, RISK, conversation, facts, found, subject, upload

SUSPECTED, VICTIM, UNKNOWN = SubjectPart.SUSPECTED, SubjectPart.VICTIM, SubjectPart.UNKNOWN
BYSTANDER, REPORTER = SubjectPart.BYSTANDER, SubjectPart.REPORTER


def test_the_one_whom_a_person_suspects_is_reported() -> None:
    named = whom(facts(upload("ann"), subjects=(subject("ann", SUSPECTED),)))
    assert (named.reported, named.victims, named.unknown) == ("ann", (), ())


def test_an_uploader_whose_part_nobody_has_set_is_a_detail_and_nobody_is_reported() -> None:
    named = whom(facts(upload("ann"), subjects=(subject("ann", UNKNOWN),)))
    assert (named.reported, named.unknown) == (None, ("ann",))


def test_an_uploader_who_is_no_subject_of_the_case_counts_as_unknown() -> None:
    assert whom(facts(upload("ann"))).unknown == ("ann",)


def test_a_victim_has_a_place_of_their_own() -> None:
    named = whom(facts(upload("ann"), subjects=(subject("ann", VICTIM),)))
    assert (named.reported, named.victims, named.unknown) == (None, ("ann",), ())


def test_where_two_parts_stand_for_one_account_the_careful_one_counts() -> None:
    both = (
        subject("ann", SUSPECTED),
        subject(" ann", VICTIM),
        subject("bo", SUSPECTED),
        subject("bo ", UNKNOWN),
    )
    for order in (both, both[::-1]):
        named = whom(facts(upload("ann"), subjects=order))
        assert (named.reported, named.victims, named.unknown) == (None, ("ann",), ("bo",))


def test_accounts_that_are_the_same_as_far_as_there_is_room_are_not_told_apart_against_a_victim() -> None:
    long = "x" * 255
    named = whom(facts(subjects=(subject(long + "1", SUSPECTED), subject(long + "2", VICTIM))))
    assert (named.reported, named.victims) == (None, (long,))


def test_of_several_the_one_is_reported_who_a_person_says_does_it() -> None:
    talk = conversation(replace(APPROACH, by="bo"))
    parts = (subject("ann", SUSPECTED), subject("bo", SUSPECTED))
    named = whom(facts(upload("ann"), upload("ann"), talk, subjects=parts))
    assert (named.reported, named.suspected) == ("bo", ("ann",))


def test_of_several_without_that_the_one_with_most_items_is_reported() -> None:
    parts = (subject("ann", SUSPECTED), subject("bo", SUSPECTED))
    assert whom(facts(upload("ann"), upload("bo"), upload("bo"), subjects=parts)).reported == "bo"
    assert whom(facts(upload("bo"), upload("ann"), subjects=parts)).reported == "ann"


def test_whom_it_was_meant_for_is_named_where_a_person_says_so_and_they_are_no_victim() -> None:
    talk = conversation(replace(APPROACH, by="ann", towards="bo"))
    for part in (BYSTANDER, REPORTER):
        named = whom(facts(talk, subjects=(subject("ann", SUSPECTED), subject("bo", part))))
        assert (named.reported, named.recipients, named.unnamed) == ("ann", ("bo",), 0)
    child = whom(facts(talk, subjects=(subject("ann", SUSPECTED), subject("bo", VICTIM))))
    assert (child.recipients, child.victims) == ((), ("bo",))
    nobody_knows = whom(facts(talk, subjects=(subject("ann", SUSPECTED),)))
    assert (nobody_knows.recipients, nobody_knows.unknown) == ((), ("bo",))


def test_those_who_told_us_and_bystanders_are_counted_and_not_named() -> None:
    named = whom(facts(upload(None), subjects=(subject("ann", REPORTER), subject("bo", BYSTANDER))))
    assert (named.reported, named.unnamed) == (None, 2)


def test_a_correction_names_nobody() -> None:
    nothing = upload("ann", outcome=found(ImageryForm(finding=Finding.NOT_ILLEGAL)))
    parts = (subject("ann", SUSPECTED), subject("bo", VICTIM), subject("cy", UNKNOWN))
    corrected = facts(nothing, subjects=parts, relation=Relation.CORRECTION, risk_to_life=RISK)
    assert whom(corrected) == Whom()


def test_whom_the_report_names_on_record_is_reported_while_they_are_suspected() -> None:
    ann, bo = subject("ann", SUSPECTED), subject("bo", SUSPECTED)
    told = facts(upload("ann"), subjects=(ann, bo))
    assert reported_subject(told) == ann
    on_record = replace(told, names=bo.id)
    assert reported_subject(on_record) == bo
    assert (whom(on_record).reported, whom(on_record).suspected) == ("bo", ("ann",))
    no_longer = replace(told, subjects=(ann, replace(bo, part=VICTIM)), names=bo.id)
    assert reported_subject(no_longer) is None
    assert (whom(no_longer).reported, whom(no_longer).suspected) == (None, ("ann",))


def test_in_a_risk_to_life_the_suspected_is_reported_before_anything_is_assessed() -> None:
    waiting = upload("ann", outcome=None)
    suspected = (subject("ann", SUSPECTED),)
    assert whom(facts(waiting, subjects=suspected, risk_to_life=RISK)).reported == "ann"
    assert whom(facts(waiting, subjects=suspected)).reported is None


def test_an_account_that_was_forgotten_is_nowhere() -> None:
    named = whom(facts(upload(None), subjects=(subject(None, SUSPECTED), subject(None, VICTIM))))
    assert (named.reported, named.victims) == (None, ())
