"""The keys of authority reports' papers, as a rotation finds and changes them."""

from __future__ import annotations

from safehold.storage import wrapped_keys

PAPER_KEYS = wrapped_keys.WrappedKeys(
    others=wrapped_keys.paper_keys_of_others,
    replace=wrapped_keys.replace_paper_key,
    counted=wrapped_keys.paper_keys_by_pair,
)
"""Every key that opens what was sent to an authority, and what came back."""
