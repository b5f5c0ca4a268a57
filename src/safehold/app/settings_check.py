"""Settings that each have the right form and still cannot work: names that mean nothing would be silent."""

from __future__ import annotations

from collections.abc import Iterator

from safehold.act.tell import TOLD_KINDS
from safehold.app.audit.anchors import declared
from safehold.app.authorities import check_destinations
from safehold.app.bundles.asking import read_co_signer
from safehold.app.child_policy import child_policy
from safehold.app.classifiers import card_of
from safehold.app.listening import address, meet
from safehold.app.plugins import signal_types
from safehold.app.policy_text import policy_text
from safehold.app.program import destinations
from safehold.app.settings import Settings
from safehold.model.errors import BadSettings
from safehold.model.media import DecodeFailure, MediaKind
from safehold.vault.keys import load_opening_key, load_sealing_key

DETAILS: dict[str, frozenset[str] | None] = {
    "list_stale": None,
    "list_empty": None,
    "no_check": None,
    "signal_missing": None,
    "low_detail": None,
    "sampled": frozenset({MediaKind.VIDEO.value}),
    "decoder": frozenset(failure.value for failure in DecodeFailure),
    "matcher_down": frozenset(),
    "abstained": None,
    "few_frames": None,
    "classifier_timeout": None,
    "classifier_down": None,
    "classifier_garbled": None,
    "classifier_busy": None,
    "classifier_rate": None,
    "classifier_budget": None,
    "*": frozenset(),
}
"""The codes that advice can be given for, and what may follow each after a colon; None for anything."""


def check(settings: Settings) -> None:
    """Raise BadSettings that names everything which cannot work. Nothing is changed."""
    signal_types(settings.plugins.signal_types)
    destinations(settings)
    declared.check(settings)
    for name in settings.classifiers:
        card_of(settings, name)
    check_destinations(settings)
    policy_text(settings)
    child_policy(settings)
    problems = [*_codes(settings), *_events(settings), *_origins(settings), *_addresses(settings)]
    problems += [*_review(settings), *_classifiers(settings)]
    if problems:
        raise BadSettings(" ".join(problems))
    if settings.vault.sealing_key is not None:
        load_sealing_key(settings.vault.sealing_key)
    if settings.vault.opening_key is not None:
        load_opening_key(settings.vault.opening_key)
    if settings.team.co_signer_key is not None:
        read_co_signer(settings.team.co_signer_key)


def _codes(settings: Settings) -> Iterator[str]:
    for surface, each in settings.surfaces.items():
        for code in each.on_incomplete:
            name, colon, detail = code.partition(":")
            known = DETAILS.get(name, frozenset())
            if name not in DETAILS or (colon and known is not None and detail not in known):
                yield f"surfaces.{surface}.on_incomplete: no scan answers with the code {code!r}."


def _origins(settings: Settings) -> Iterator[str]:
    pictures = settings.media.origin
    if pictures is not None and pictures in (settings.web.origin, *settings.media.console_origins):
        yield "media.origin: pictures need an origin of their own, another than the console's."


def _addresses(settings: Settings) -> Iterator[str]:
    pages = address(settings.web.listen)
    if meet(pages, address(settings.media.listen, named="media.listen")):
        yield "media.listen: pictures need an address of their own, another than the console's."


def _review(settings: Settings) -> Iterator[str]:
    asked = settings.review.second_for or settings.review.second_share_percent
    if asked and settings.team.size_policy == "single":
        yield "review: team.size_policy is single, so there is nobody to ask for a second assessment."


def _classifiers(settings: Settings) -> Iterator[str]:
    for surface, each in settings.surfaces.items():
        remote = [name for name in each.classifiers if settings.classifiers[name].kind == "http"]
        if remote and not each.regions:
            yield (
                f"surfaces.{surface}.regions: {', '.join(remote)} is never asked here: pictures leave for"
                " regions that a law was named for, and this surface names no region."
            )


def _events(settings: Settings) -> Iterator[str]:
    for name, each in settings.webhooks.items():
        for kind in sorted(set(each.events) - TOLD_KINDS):
            known = ", ".join(sorted(TOLD_KINDS))
            yield f"webhooks.{name}.events: {kind!r} is none that a platform is told of ({known})."
