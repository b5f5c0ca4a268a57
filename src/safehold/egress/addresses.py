"""Which network addresses may be reached: a pure policy over numbers, without any lookup or connection."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from safehold.model.errors import AddressRefused, BadSettings

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

WEB_PORTS = frozenset({80, 443})

# Written out rather than asked of `ipaddress.is_global`: its answer changed between Python releases.
_REFUSED = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        # Looks public, yet one cloud answers its virtual machines' control questions there.
        ("168.63.129.16/32", "cloud control"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_TRANSLATED_V6 = IPv6Network("64:ff9b::/96")
_TUNNEL_INTERFACE_IDS = frozenset({0x00005EFE, 0x02005EFE})

# Nobody's webhook lives here, but machine credentials do: settings cannot permit these either.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
    )
)
_WIDEST = {4: 8, 6: 7}


@dataclass(frozen=True, slots=True)
class PermittedNetwork:
    """One network that settings name besides the public internet. ports: None means every port."""

    network: IPNetwork
    ports: frozenset[int] | None = None

    def holds(self, ip: IPAddress, port: int) -> bool:
        """Say whether this address and port lie inside."""
        return ip in self.network and (self.ports is None or port in self.ports)


@dataclass(frozen=True, slots=True)
class PermittedNetworks:
    """What one destination may reach besides public addresses on ports 80 and 443.

    networks: further networks. public_ports: further ports, on public addresses only.
    The value is handed to each call; nothing in the process holds one for everybody.
    """

    networks: tuple[PermittedNetwork, ...] = ()
    public_ports: frozenset[int] = frozenset()

    @classmethod
    def of(cls, *written: str) -> PermittedNetworks:
        """Read the forms that settings use.

        "10.1.2.0/24" (every port), "127.0.0.1:8400", "10.1.2.0/24:8443", "[fd00::/64]:8443", "fd00::1",
        and "public:8443" for a further port on public addresses. Raises BadSettings for anything
        else, for a network wider than /8 (IPv4) or /7 (IPv6), and for one that is never permitted
        (unspecified, link-local, multicast, reserved).
        """
        networks: list[PermittedNetwork] = []
        public_ports: set[int] = set()
        for text in written:
            where, port = _split_port(text)
            if where == "public" and port is not None:
                public_ports.add(port)
            else:
                networks.append(
                    PermittedNetwork(_network(where), None if port is None else frozenset({port}))
                )
        return cls(tuple(networks), frozenset(public_ports))

    def join(self, other: PermittedNetworks) -> PermittedNetworks:
        """Return what either of the two permits."""
        return PermittedNetworks(self.networks + other.networks, self.public_ports | other.public_ports)


NONE = PermittedNetworks()
"""Public addresses on ports 80 and 443, nothing else. The right value for every address from content."""


def check_address(ip: IPAddress | str, port: int, permitted: PermittedNetworks = NONE) -> None:
    """Return silently when this address and port may be connected to.

    ip: the number that will be connected to, never a name. IPv4 written inside IPv6 (mapped,
    NAT64) is judged as the IPv4 address it leads to. Raises AddressRefused, which says why
    without naming the address. A network's own NAT64 prefix looks like any public address and
    cannot be recognised here.
    """
    address = plain_address(ip)
    if any(address in network for network in _NEVER if network.version == address.version):
        raise AddressRefused(
            "The address is never one to connect to: unspecified, link-local, multicast or reserved."
        )
    if any(one.holds(address, port) for one in permitted.networks):
        return
    why = _why_not_public(address)
    if why:
        raise AddressRefused(f"The address is not on the public internet ({why}).")
    if port not in WEB_PORTS and port not in permitted.public_ports:
        raise AddressRefused("The port is not one of the web's (80, 443).")


def plain_address(ip: IPAddress | str) -> IPAddress:
    """Return the address that is really reached: IPv4 where IPv6 only wraps it.

    Raises AddressRefused for text that is no address and for IPv6 addresses with a zone.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        raise AddressRefused("The address is not written as an IP address.") from None
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise AddressRefused("The address names a network interface of this machine.")
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED_V6:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _why_not_public(address: IPAddress) -> str:
    """Return a word for the kind of network, or "" for globally routable unicast."""
    for network, why in _REFUSED:
        if address.version == network.version and address in network:
            return why
    if isinstance(address, IPv4Address):
        return ""
    if address not in _GLOBAL_UNICAST_V6:
        return "not global unicast"
    if (int(address) >> 32) & 0xFFFF_FFFF in _TUNNEL_INTERFACE_IDS:
        return "tunnel to an IPv4 address"
    return ""


def _split_port(text: str) -> tuple[str, int | None]:
    """Split "network:port"; a bare IPv6 network has several colons and no port."""
    where, colon, port = text.rpartition(":")
    if where.startswith("[") and where.endswith("]"):
        where = where[1:-1]
    elif not colon or ":" in where:
        return text.strip("[]"), None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise BadSettings("A permitted network names a port that does not exist.")
    return where, int(port)


def _network(text: str) -> IPNetwork:
    """Read one network and refuse those that no destination can need."""
    try:
        network = ip_network(text)
    except ValueError:
        raise BadSettings("A permitted network is not written as an address or a network.") from None
    if network.prefixlen < _WIDEST[network.version]:
        raise BadSettings("A permitted network is wider than /8 (IPv4) or /7 (IPv6).")
    if any(network.version == never.version and network.overlaps(never) for never in _NEVER):
        raise BadSettings("A permitted network holds addresses that may never be connected to.")
    return network
