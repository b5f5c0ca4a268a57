"""Claims about the switch: without it only practice goes out, and it takes two to throw it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safehold.authorities import filings, production
from safehold.authorities.contents import ExtraFile
from safehold.model.authority_report import AuthorityReportState
from safehold.model.errors import Conflict, NotAllowed, NotFound
from safehold.model.permissions import Role
from safehold.testing.running import Installation

State = AuthorityReportState


class Switch:
    """The switch of one destination, and two people who may throw it."""

    def __init__(self, office: Any) -> None:
        self.office, self.program = office, office.safehold.program
        self.one, self.other = office.person, office.safehold.analyst("second", Role.ADMIN)
        self.access = office.permitted(office.server)

    def do(self, what: Any, destination: str, *given: Any, **named: Any) -> Any:
        with self.program.database.begin() as tx:
            return what(tx, destination, *given, now=self.office.clock(), **named)

    def asks(self, destination: str, **changed: Any) -> None:
        access = replace(self.access, **changed)
        self.do(production.ask_production, destination, access, actor=self.one)

    def on(self, destination: str) -> None:
        self.asks(destination)
        self.do(production.approve_production, destination, self.access, actor=self.other)

    def off(self, destination: str) -> None:
        self.do(production.end_production, destination, actor=self.one)

    def is_on(self, destination: str, **changed: Any) -> bool:
        with self.program.database.begin() as tx:
            return production.may_file_for_real(tx, destination, replace(self.access, **changed))


@pytest.fixture
def switch(office: Any) -> Switch:
    return Switch(office)


def why(office: Any, report_id: Any) -> str | None:
    office.works()
    assert office.server.calls.total() == 0
    assert office.report(report_id).state is State.STUCK
    found: str | None = office.filing(report_id).why
    return found


def test_a_report_that_is_meant_is_refused_before_anything_is_called(office: Any) -> None:
    assert why(office, office.sent_on(rehearsal=False)) == production.NOT_A_REHEARSAL


def test_practice_goes_out_with_files_of_the_harmless_list_alone(office: Any) -> None:
    office.safehold.sql(
        "update entry set removed_at = now(), removed_seq = 99 where signal_type = 'sha256'"
        " and value = (select m.sha256 from media m join item i on i.media_id = m.id where i.id = %(id)s)",
        id=office.items[1],
    )
    assert why(office, office.sent_on()) == production.NOT_HARMLESS


@pytest.mark.parametrize("change", ["purpose = 'own_terms', may_hold = false", "withdrawn_at = now()"])
def test_a_list_that_is_for_no_practice_or_withdrawn_makes_nothing_harmless(office: Any, change: str) -> None:
    office.safehold.sql(f"update hash_list set {change}")
    assert why(office, office.sent_on()) == production.NOT_HARMLESS


def test_a_transcript_that_is_not_on_the_list_is_refused_in_practice(office: Any) -> None:
    report_id = office.sent_on()

    def with_words(*given: Any) -> Any:
        extra = ExtraFile(data=b"content,src\n", details=office.details)
        return office.contents_of(*given, extra=(extra,))

    office.works(office.means(contents_of=with_words))
    assert office.filing(report_id).why == production.NOT_HARMLESS
    assert office.server.calls.total() == 0


def test_with_the_switch_on_what_is_meant_goes_and_practice_does_not(office: Any, switch: Switch) -> None:
    meant = office.sent_on(rehearsal=False)
    switch.on(office.report(meant).destination)
    office.works()
    assert office.report(meant).state is State.FILED
    practice = office.sent_on(first_told=False)
    switch.on(office.report(practice).destination)
    office.works()
    assert office.filing(practice).why == production.REHEARSAL_FOR_REAL
    assert len(office.server.filed) == 1


def test_ending_it_stops_what_is_on_its_way_before_the_next_call(office: Any, switch: Switch) -> None:
    report_id = office.sent_on(rehearsal=False)
    destination = office.report(report_id).destination
    switch.on(destination)
    filings.file_due(office.means(), most_calls=3)
    switch.off(destination)
    called = office.server.calls.total()
    office.works()
    assert office.server.calls.total() == called
    assert office.filing(report_id).why == production.NOT_A_REHEARSAL


def test_it_takes_another_person_and_counts_for_one_address_and_user_name(switch: Switch) -> None:
    switch.asks("hotline")
    assert not switch.is_on("hotline")
    with pytest.raises(NotAllowed):
        switch.do(production.approve_production, "hotline", switch.access, actor=switch.one)
    elsewhere = replace(switch.access, base="https://example.org/api")
    with pytest.raises(Conflict):
        switch.do(production.approve_production, "hotline", elsewhere, actor=switch.other)
    switch.do(production.approve_production, "hotline", switch.access, actor=switch.other)
    assert switch.is_on("hotline")
    assert not switch.is_on("hotline", base="https://example.org/api")
    assert not switch.is_on("hotline", username="another")
    assert not switch.is_on("another")
    with pytest.raises(Conflict):
        switch.asks("hotline")
    switch.off("hotline")
    assert not switch.is_on("hotline")
    with pytest.raises(NotFound):
        switch.off("hotline")


def test_who_may_not_throw_it_can_neither_ask_nor_approve_nor_end(office: Any, switch: Switch) -> None:
    analyst = office.safehold.analyst("assessor", Role.ANALYST)
    switch.asks("hotline")
    for what, given in (
        (production.ask_production, (switch.access,)),
        (production.approve_production, (switch.access,)),
        (production.end_production, ()),
    ):
        with pytest.raises(NotAllowed):
            switch.do(what, "hotline", *given, actor=analyst)


def test_where_one_person_works_alone_a_signature_of_somebody_outside_approves(switch: Switch) -> None:
    switch.asks("hotline")
    with switch.program.database.begin() as tx:
        statement = production.statement_of(production.waiting(tx, "hotline", switch.access))
    theirs, others = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    for signature in (others.sign(statement), theirs.sign(statement + b" "), b""):
        with pytest.raises(NotAllowed):
            switch.do(
                production.approve_by_signature,
                "hotline",
                switch.access,
                signature=signature,
                key=theirs.public_key(),
                actor=switch.one,
            )
    assert not switch.is_on("hotline")
    switch.do(
        production.approve_by_signature,
        "hotline",
        switch.access,
        signature=theirs.sign(statement),
        key=theirs.public_key(),
        actor=switch.one,
    )
    assert switch.is_on("hotline")


@pytest.mark.parametrize(
    "change",
    [
        "approved_by = asked_by, approved_at = now()",
        "approved_at = now()",
        "signature = 'x', approved_at = now()",
    ],
)
def test_the_database_itself_refuses_a_switch_that_one_person_threw(
    office: Any, switch: Switch, change: str
) -> None:
    switch.asks("hotline")
    safehold: Installation = office.safehold
    with pytest.raises(Exception, match="check constraint"):
        safehold.sql(f"update production_switch set {change}")
