"""What we trust in TLS: the public authorities and what an operator adds, whatever the environment says."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies certificates and names. Raises OSError for a ca_file without any.

    Made by hand: the standard library's default one would write the keys of every connection into a file
    that SSLKEYLOGFILE names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=certifi.where())
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
