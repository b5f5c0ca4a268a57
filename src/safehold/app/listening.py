"""Where pages and pictures are served: addresses as settings and options write them."""

from __future__ import annotations

from ipaddress import ip_address

from safehold.model.errors import BadSettings

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - looked for, not listened on


def address(listen: str, *, named: str = "web.listen") -> tuple[str, int]:
    """Split "host:port". named: the setting, for the message. Raises BadSettings for anything else."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise BadSettings(f"{named}: {listen!r} is not host:port.")
    return host.strip("[]"), int(port)


def is_this_machine(host: str) -> bool:
    """Say whether a name or address leads to this machine alone, wherever it is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def meet(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Say whether two addresses cannot both be listened on. Port 0 is another one each time."""
    hosts = {one[0], other[0]}
    return one[1] == other[1] != 0 and (len(hosts) == 1 or bool(hosts & _EVERYWHERE))
