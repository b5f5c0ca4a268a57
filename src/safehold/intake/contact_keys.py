"""The keys of reporters' contacts, as a rotation finds and changes them."""

from __future__ import annotations

from safehold.storage import wrapped_keys

CONTACT_KEYS = wrapped_keys.WrappedKeys(
    others=wrapped_keys.contact_keys_of_others,
    replace=wrapped_keys.replace_contact_key,
    counted=wrapped_keys.contact_keys_by_pair,
)
"""Every key that opens how to reach whoever wrote an inbound report."""
