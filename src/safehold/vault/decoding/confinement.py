"""How far a worker is walled in: told by itself, shown by `serve`, `doctor` and the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LAYERS = ("rlimits", "no_new_privs", "landlock", "seccomp")
"""The layers, in the order in which a worker puts them on."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which layers hold. Each was tried by an attempt of the worker itself, not believed from a return code.

    rlimits: memory, files, descriptors and processes are limited. no_new_privs: no privilege can be had or
    kept, and no debugger attached. landlock: the version of the kernel's interface whose rules hold, 0 where
    none do. seccomp: nothing but a short list of system calls is answered.
    """

    rlimits: bool = False
    no_new_privs: bool = False
    landlock: int = 0
    seccomp: bool = False

    @property
    def whole(self) -> bool:
        """Whether every layer holds."""
        return not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the layers that do not hold."""
        return tuple(layer for layer, holds in self.layers().items() if not holds)

    def layers(self) -> dict[str, bool]:
        """Return for each layer whether it holds."""
        return {layer: bool(getattr(self, layer)) for layer in LAYERS}

    def in_words(self) -> str:
        """Return one line for people, such as "rlimits on, no_new_privs on, landlock on (7), seccomp off"."""
        version = f" ({self.landlock})" if self.landlock else ""
        return ", ".join(
            f"{layer} {'on' if holds else 'off'}{version if layer == 'landlock' else ''}"
            for layer, holds in self.layers().items()
        )

    def fields(self) -> dict[str, int]:
        """Return it as plain numbers, for a message or a log line."""
        return {layer: int(getattr(self, layer)) for layer in LAYERS}

    @staticmethod
    def of_fields(fields: Mapping[str, object]) -> Confinement:
        """Read it from plain numbers; what is absent or strange does not hold."""
        known = {layer: fields.get(layer) for layer in LAYERS}
        numbers = {layer: value if type(value) is int and value > 0 else 0 for layer, value in known.items()}
        return Confinement(
            rlimits=numbers["rlimits"] == 1,
            no_new_privs=numbers["no_new_privs"] == 1,
            landlock=numbers["landlock"],
            seccomp=numbers["seccomp"] == 1,
        )

    @staticmethod
    def weakest(levels: Iterable[Confinement]) -> Confinement:
        """Return what holds in every one of them; where there is none, nothing holds."""
        each = list(levels)
        if not each:
            return Confinement()
        return Confinement(
            rlimits=all(level.rlimits for level in each),
            no_new_privs=all(level.no_new_privs for level in each),
            landlock=min(level.landlock for level in each),
            seccomp=all(level.seccomp for level in each),
        )
