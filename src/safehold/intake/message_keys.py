"""The keys of messages' texts, as a rotation finds and changes them."""

from __future__ import annotations

from safehold.storage import wrapped_keys

MESSAGE_KEYS = wrapped_keys.WrappedKeys(
    others=wrapped_keys.message_keys_of_others,
    replace=wrapped_keys.replace_message_key,
    counted=wrapped_keys.message_keys_by_pair,
)
"""Every key that opens a text of a conversation."""
