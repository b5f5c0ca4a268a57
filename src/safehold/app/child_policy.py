"""The policy for child accounts that the settings name, asked in the words of a platform."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from safehold.app.named_files import parsed_file
from safehold.app.settings import Settings
from safehold.model.child_account import AccountAge, Feature, PlaceKind
from safehold.model.errors import UnknownSurface
from safehold.prevent import policy_table
from safehold.prevent.child_policy import PolicyTable, Question, Ruling


def child_policy(settings: Settings) -> PolicyTable:
    """Return the policy. Raises BadSettings for a file that cannot be one."""
    path = settings.prevent.child_policy
    return policy_table.default() if path is None else _of_file(path)


class ChildPolicy:
    """Answers what may happen to a child's account on the surfaces that the settings declare."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSettings for a policy that cannot be one."""
        self.table = child_policy(settings)
        self._places = {name: each.child_place for name, each in settings.surfaces.items()}

    def decide(
        self,
        feature: Feature,
        *,
        surface: str | None,
        age: AccountAge,
        jurisdiction: str | None,
        connected: bool | None,
        default_off: bool,
    ) -> Ruling:
        """Return the ruling; nothing is read, kept or counted of whom it is about.

        surface: None is a place of which nothing is known. Raises UnknownSurface where it is not declared.
        """
        return self.table.decide(
            Question(
                feature=feature,
                age=age,
                jurisdiction=jurisdiction,
                place=self._place(surface),
                connected=connected,
                default_off=default_off,
            )
        )

    def _place(self, surface: str | None) -> PlaceKind:
        if surface is None:
            return PlaceKind.UNKNOWN
        if surface not in self._places:
            raise UnknownSurface()
        return self._places[surface]


@cache
def _of_file(path: Path) -> PolicyTable:
    return parsed_file("prevent.child_policy", path, policy_table.parse)
