"""The grammar that the strict server enforces, as an XML schema made from a notation of our own.

Written apart from the client's elements, so that neither hides a mistake in the other; only constants are
shared, for they stand in one place. It is not the authority's schema, which nobody may pass on.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape, quoteattr

from xmlschema import XMLSchema

from safehold.authorities.destinations.ncmec_cybertipline import wire
from safehold.authorities.destinations.ncmec_cybertipline.elements import names_of

_PERSON = "firstName? lastName? phone* email* address*"
_ACCOUNT = (
    "espIdentifier? espService? compromisedAccount? screenName? displayName* profileUrl* profileBio?"
    " ipCaptureEvent* deviceId*"
)
_DISABLED = "accountTemporarilyDisabled? accountPermanentlyDisabled?"

SEQUENCES = {
    "report": "batchedReport? incidentSummary internetDetails+ lawEnforcement? reporter personOrUserReported?"
    " intendedRecipient* victim* additionalInfo?",
    "incidentSummary": "incidentType platform? escalateToHighPriority? reportAnnotations? incidentDateTime"
    " incidentDateTimeDescription?",
    "webPageIncident": "url* additionalInfo?",
    "emailIncident": "emailAddress* content? additionalInfo?",
    "chatImIncident": "chatClient? chatRoomName? content? additionalInfo?",
    "onlineGamingIncident": "gameName? console? content? additionalInfo?",
    "cellPhoneIncident": "phoneNumber? latitude? longitude? additionalInfo?",
    "peer2peerIncident": "client? ipCaptureEvent* fileNames? additionalInfo?",
    "lawEnforcement": "agencyName caseNumber? officerContact? reportedToLe? servedLegalProcessDomestic?",
    "officerContact": _PERSON,
    "reporter": "reportingPerson contactPerson? companyTemplate? termsOfService? legalURL?",
    "reportingPerson": f"{_PERSON} age? dateOfBirth?",
    "contactPerson": _PERSON,
    "personOrUserReported": "personOrUserReportedPerson? vehicleDescription? "
    f"{_ACCOUNT} thirdPartyUserReported? priorCTReports* groupIdentifier? {_DISABLED}"
    " estimatedLocation? allEmailsReported? additionalInfo?",
    "personOrUserReportedPerson": f"{_PERSON} age? dateOfBirth?",
    "intendedRecipient": f"intendedRecipientPerson? {_ACCOUNT} priorCTReports* groupIdentifier? {_DISABLED}"
    " estimatedLocation? allEmailsReported? additionalInfo*",
    "intendedRecipientPerson": f"{_PERSON} age? dateOfBirth?",
    "victim": f"victimPerson? {_ACCOUNT} schoolName? priorCTReports* {_DISABLED}"
    " estimatedLocation? allEmailsReported? additionalInfo?",
    "victimPerson": f"{_PERSON} age? dateOfBirth?",
    "ipCaptureEvent": "ipAddress eventName? dateTime? possibleProxy? port?",
    "deviceId": "idType idValue eventName? dateTime?",
    "fileDetails": "reportId fileId fileName? originalFileName? uploadedToEspTimestamp? locationOfFile?"
    " fileViewedByEsp? exifViewedByEsp? publiclyAvailable? fileRelevance? potentialMeme? fileAnnotations?"
    " industryClassification? originalFileHash* ipCaptureEvent? deviceId* details* additionalInfo*",
    "details": "nameValuePair*",
}
"""Children in their order: ? at most once, * any number, + at least once."""

INCIDENTS = (
    *("webPageIncident", "emailIncident", "chatImIncident", "onlineGamingIncident", "cellPhoneIncident"),
    "peer2peerIncident",
)
"""Of which the details of an incident hold one."""

SHORT = {
    "platform": 256,
    "escalateToHighPriority": 3000,
    "incidentDateTimeDescription": 3000,
    "termsOfService": 3000,
    "legalURL": 2083,
    "espIdentifier": 255,
    "espService": 100,
    "screenName": 256,
    "originalFileName": 2056,
    "locationOfFile": 2083,
}
"""Characters that a text may have."""

PLAIN = {
    "incidentDateTime": "time",
    "dateTime": "time",
    "uploadedToEspTimestamp": "time",
    "dateOfBirth": "xs:date",
    "age": "xs:nonNegativeInteger",
    "priorCTReports": "xs:positiveInteger",
    "reportId": "xs:positiveInteger",
    "latitude": "xs:decimal",
    "longitude": "xs:decimal",
    "port": "port",
    "ipAddress": "address_of_ip",
    "url": "url",
    "profileUrl": "url",
    **dict.fromkeys(
        (
            *("compromisedAccount", "possibleProxy", "thirdPartyUserReported", "allEmailsReported"),
            *("reportedToLe", "servedLegalProcessDomestic", "fileViewedByEsp", "exifViewedByEsp"),
            "publiclyAvailable",
        ),
        "xs:boolean",
    ),
}

ENUMERATED: dict[str, type[StrEnum]] = {
    "incidentType": wire.IncidentType,
    "eventName": wire.EventName,
    "fileRelevance": wire.Relevance,
    "industryClassification": wire.Classification,
}


_COMPLEX = {
    **dict.fromkeys(("phone", "phoneNumber"), "phone"),
    **dict.fromkeys(("email", "emailAddress"), "email"),
    **dict.fromkeys(("accountTemporarilyDisabled", "accountPermanentlyDisabled"), "disabled"),
    "originalFileHash": "hash",
    "address": "place",
    "estimatedLocation": "whereabouts",
    "nameValuePair": "pair",
    "batchedReport": "batch",
    "potentialMeme": "xs:boolean",
}

_OCCURS = {"?": 'minOccurs="0"', "*": 'minOccurs="0" maxOccurs="unbounded"', "+": 'maxOccurs="unbounded"'}


@cache
def schema_text() -> str:
    """Return the schema."""
    parts = [_sequence(name, children) for name, children in SEQUENCES.items()]
    parts += [_flags("reportAnnotations", names_of(wire.ReportAnnotations))]
    parts += [_flags("fileAnnotations", names_of(wire.FileAnnotations))]
    choice = "".join(f'<xs:element ref="{name}"/>' for name in INCIDENTS)
    parts.append(
        f'<xs:element name="internetDetails"><xs:complexType><xs:choice>{choice}</xs:choice>'
        "</xs:complexType></xs:element>"
    )
    types = resources.files("safehold.testing.cybertipline").joinpath("types.xsd").read_text("utf-8")
    return types.replace("</xs:schema>", "\n".join([*parts, "</xs:schema>"]))


@cache
def schema() -> XMLSchema:
    """Return the schema, ready to judge a document."""
    return XMLSchema(schema_text())


def _sequence(name: str, children: str) -> str:
    inside = "".join(_child(each) for each in children.split())
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inside}</xs:sequence>'
        "</xs:complexType></xs:element>"
    )


def _child(written: str) -> str:
    name = written.rstrip("?*+")
    occurs = _OCCURS.get(written[len(name) :], "")
    if name in SEQUENCES or name in ("internetDetails", "reportAnnotations", "fileAnnotations"):
        return f'<xs:element ref="{name}" {occurs}/>'
    if name in ENUMERATED:
        allowed = "".join(f"<xs:enumeration value={quoteattr(each.value)}/>" for each in ENUMERATED[name])
        return _restricted(name, occurs, allowed)
    if name in SHORT:
        return _restricted(name, occurs, f'<xs:minLength value="1"/><xs:maxLength value="{SHORT[name]}"/>')
    kind = _COMPLEX.get(name) or PLAIN.get(name, "xs:string")
    return f'<xs:element name="{escape(name)}" type="{kind}" {occurs}/>'


def _restricted(name: str, occurs: str, facets: str) -> str:
    return (
        f'<xs:element name="{name}" {occurs}><xs:simpleType><xs:restriction base="xs:string">{facets}'
        "</xs:restriction></xs:simpleType></xs:element>"
    )


def _flags(name: str, children: list[str]) -> str:
    inside = "".join(f'<xs:element name="{each}" type="flag" minOccurs="0"/>' for each in children)
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inside}</xs:sequence>'
        "</xs:complexType></xs:element>"
    )
