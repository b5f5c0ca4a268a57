"""The keys of sealed objects, as a rotation finds and changes them."""

from __future__ import annotations

from safehold.storage import wrapped_keys

OBJECT_KEYS = wrapped_keys.WrappedKeys(
    others=wrapped_keys.object_keys_of_others,
    replace=wrapped_keys.replace_object_key,
    counted=wrapped_keys.object_keys_by_pair,
)
"""Every key that opens sealed evidence. What is sealed stays as it is."""
