"""Addresses as they may be shown: without passwords, tokens and keys."""

from __future__ import annotations

BLANK = "**********"


def without_secrets(address: str | None) -> str | None:
    """Return an address without what could be a secret: credentials, parameters, the fragment.

    The name of a database's user stays. Where it cannot be told what is a secret, all of it is blanked: a
    password may hold every sign that divides an address, unescaped by mistake.
    """
    if address is None:
        return None
    scheme, divider, rest = address.partition("://")
    if not divider:
        return BLANK if set(address) & set("@=?#") else address
    credentials, at, place = rest.rpartition("@")
    if set(credentials) & set("@/?#"):
        return f"{scheme}://{BLANK}"
    user = credentials.partition(":")[0] if scheme.startswith("postgresql") else BLANK
    where = place.partition("#")[0].partition("?")[0]
    parameters = f"{place[len(where)]}{BLANK}" if where != place else ""
    return f"{scheme}://{user if at else ''}{at}{where}{parameters}"
