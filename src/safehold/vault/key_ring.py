"""The private keys that may open something at this moment: the current one, and those of a rotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from safehold.model.errors import VaultObjectDamaged
from safehold.model.ids import ObjectId
from safehold.vault.sealing import OpeningKey, wrapped_to


class KeyRing:
    """Private keys by the fingerprint that each wrapped key carries.

    `load` returns the keys. It is asked at once, and again when something turns up
    that none of them opens: a rotation may have begun meanwhile. Safe to share between threads.
    """

    def __init__(self, load: Callable[[], Sequence[OpeningKey]]) -> None:
        """Load the keys. Raises what `load` raises."""
        self._load = load
        self._keys = {key.fingerprint: key for key in load()}

    @property
    def keys(self) -> Mapping[bytes, OpeningKey]:
        """Every key that was loaded, by fingerprint."""
        return self._keys

    def key_for(self, wrapped_key: bytes, object_id: ObjectId) -> OpeningKey:
        """Return the private key that a data key is wrapped to.

        Raises VaultObjectDamaged when there is none, or the wrapped key has no form that we know;
        BadSettings when the keys cannot be loaded anew.
        """
        fingerprint = wrapped_to(wrapped_key, object_id)
        if fingerprint not in self._keys:
            self._keys = {key.fingerprint: key for key in self._load()}
        try:
            return self._keys[fingerprint]
        except KeyError:
            raise VaultObjectDamaged(
                f"Object {object_id}: it was sealed for another key pair.",
                advice="Put that pair's private key back where the reader looks; if it was destroyed, the "
                "object is erased.",
            ) from None
