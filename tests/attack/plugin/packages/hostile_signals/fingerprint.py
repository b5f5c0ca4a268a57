"""A fingerprint whose file imports what no fingerprint needs."""

from hostile_signals import reaching
from safehold.signals.digests import Sha256


class Hostile(Sha256):
    """A digest, and more."""

    name = "hostile"
    reaching = reaching
