"""Claims about which addresses may be reached."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safehold.egress.addresses import NONE, IPAddress, PermittedNetworks, check_address, plain_address
from safehold.egress.urls import Target, parse_target
from safehold.model.errors import AddressRefused, BadSettings

INNER = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]

inner_v4 = st.sampled_from(INNER).flatmap(
    lambda network: st.integers(
        int(IPv4Network(network).network_address), int(IPv4Network(network).broadcast_address)
    ).map(IPv4Address)
)


def spellings(ip: IPv4Address) -> list[str]:
    """Every form of a host in a URL that some client reads as this address."""
    value, (a, b, c, d) = int(ip), ip.packed
    return [
        f"{ip}",
        f"{ip}.",
        f"{value}",
        f"{value:#x}",
        f"{value:#X}",
        f"0{value:o}",
        f"{a}.{value & 0xFFFFFF}",
        f"{a}.{b}.{value & 0xFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.{c}.{d:#x}",
        f"{a}。{b}｡{c}．{d}",
        f"[::ffff:{ip}]",
        f"[::FFFF:{value >> 16:x}:{value & 0xFFFF:x}]",
        f"[0:0:0:0:0:ffff:{ip}]",
        f"[::{ip}]",
        f"[64:ff9b::{ip}]",
        f"[64:ff9b:1::{ip}]",
        f"[2002:{value >> 16:x}:{value & 0xFFFF:x}::1]",
        f"[2001:0:102:304::{value ^ 0xFFFFFFFF:x}]" if value ^ 0xFFFFFFFF <= 0xFFFF else "[2001::1]",
        f"[2a00:1:2:3:0:5efe:{value >> 16:x}:{value & 0xFFFF:x}]",
    ]


def judge(url: str, permitted: PermittedNetworks = NONE) -> Target:
    target = parse_target(url)
    assert target.literal is not None, "a spelling of an address was taken for a name"
    check_address(target.literal, target.port, permitted)
    return target


@given(inner_v4, st.sampled_from(["http", "https", "HTTP"]))
@example(IPv4Address("127.0.0.1"), "http")
@example(IPv4Address("169.254.169.254"), "http")
@example(IPv4Address("255.255.255.255"), "https")
def test_no_inner_address_passes_in_any_textual_form(ip: IPv4Address, scheme: str) -> None:
    for host in spellings(ip):
        with pytest.raises(AddressRefused):
            judge(f"{scheme}://{host}/")


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.ip_addresses(v=6, network="2000::/3"))
def test_whatever_passes_is_global_unicast_by_the_standard_librarys_tables_too(ip: IPAddress) -> None:
    try:
        check_address(ip, 443)
    except AddressRefused:
        return
    assert plain_address(ip).is_global
    assert not plain_address(ip).is_multicast


@pytest.mark.parametrize(
    "ip",
    ["1.1.1.1", "8.8.8.8", "93.184.215.14", "223.255.255.254", "2606:4700::1111", "2a00:1450:4001::200e"],
)
@pytest.mark.parametrize("port", [80, 443])
def test_public_addresses_pass_on_the_webs_ports(ip: str, port: int) -> None:
    check_address(ip, port)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("134744072", "8.8.8.8"),
        ("0x8.8.2056", "8.8.8.8"),
        ("0x08080808", "8.8.8.8"),
        ("8.8.8.8.", "8.8.8.8"),
        ("[::ffff:8.8.8.8]", "8.8.8.8"),
        ("[64:ff9b::808:808]", "8.8.8.8"),
        ("[2606:4700:0::1111]", "2606:4700::1111"),
    ],
)
def test_odd_spellings_of_public_addresses_become_plain_ones(host: str, plain: str) -> None:
    target = judge(f"http://{host}/")
    assert target.literal == ip_address(plain)
    assert target.host == plain


@given(st.integers(0, 65535).filter(lambda port: port not in (80, 443)))
def test_a_public_address_is_refused_on_any_other_port(port: int) -> None:
    with pytest.raises(AddressRefused, match="port"):
        check_address("8.8.8.8", port)


def test_a_cloud_providers_control_address_is_refused_although_it_looks_public() -> None:
    with pytest.raises(AddressRefused, match="cloud control"):
        check_address("168.63.129.16", 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://8.8.8.8/",
        "file:///etc/hostname",
        "gopher://8.8.8.8/",
        "javascript:0",
        "//8.8.8.8/",
        "8.8.8.8",
        "",
        "http://",
        "http:///path",
        "http://name@8.8.8.8/",
        "http://name:word@8.8.8.8/",
        "http://8.8.8.8@127.0.0.1/",
        "http://8.8.8.8\\@127.0.0.1/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://08.1.1.1/",
        "http://0x/",
        "http://4294967296/",
        "http://example.org:99999999/",
        "http://example.org:65536/",
        "http://example.org:0/",
        "http://a..example.org/",
        "http://-a.example.org/",
        "http://exa%6dple.org/",
        "http://exa mple.org/",
        f"http://{'a' * 64}.example.org/",
        f"http://{'a.' * 130}org/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://8.8.8.8/\r\nX-Header: 1",
    ],
)
def test_what_is_no_plain_web_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_target(url)
    assert "8.8.8.8" not in str(refused.value)
    assert "example" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(st.text() | st.text().map("http://{}".format) | st.from_regex(r"https?://[^/]{0,20}[/?#].{0,20}"))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        target = parse_target(text)
    except AddressRefused:
        return
    assert target.scheme in ("http", "https")
    assert target.host.isascii()
    assert target.path.startswith(b"/")


def test_a_target_keeps_silent_about_where_it_leads() -> None:
    assert repr(parse_target("https://example.org/listed")) == "Target()"


def test_a_permitted_port_is_permitted_on_that_address_and_port_only() -> None:
    permitted = PermittedNetworks.of("127.0.0.1:8400")
    check_address("127.0.0.1", 8400, permitted)
    check_address("::ffff:127.0.0.1", 8400, permitted)
    for ip, port in [
        ("127.0.0.1", 8401),
        ("127.0.0.1", 80),
        ("127.0.0.2", 8400),
        ("::1", 8400),
        ("8.8.8.8", 8400),
    ]:
        with pytest.raises(AddressRefused):
            check_address(ip, port, permitted)


def test_every_form_of_a_permitted_network_is_read() -> None:
    permitted = PermittedNetworks.of(
        "10.1.2.0/24",
        "192.168.7.7:9000",
        "172.20.0.0/16:8443",
        "[fd00:1::/64]:8443",
        "fd00:2::1",
        "public:8443",
    )
    for ip, port in [
        ("10.1.2.9", 1234),
        ("192.168.7.7", 9000),
        ("172.20.3.4", 8443),
        ("fd00:1::5", 8443),
        ("fd00:2::1", 81),
        ("8.8.8.8", 8443),
    ]:
        check_address(ip, port, permitted)
    for ip, port in [("10.1.3.9", 443), ("172.20.3.4", 443), ("fd00:2::2", 443), ("192.168.1.1", 8443)]:
        with pytest.raises(AddressRefused):
            check_address(ip, port, permitted)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "everything",
        "0.0.0.0/0",
        "::/0",
        "8.0.0.0/7",
        "10.0.0.1/8",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "169.254.169.254",
        "169.254.0.0/16:80",
        "fe80::/10",
        "224.0.0.1",
        "public",
        "public:",
        "localhost:80",
    ],
)
def test_a_network_that_no_destination_needs_cannot_be_permitted(written: str) -> None:
    with pytest.raises(BadSettings):
        PermittedNetworks.of(written)


def test_metadata_addresses_stay_refused_even_for_a_value_built_by_hand() -> None:
    everything = PermittedNetworks.of("10.0.0.0/8")
    wide = PermittedNetworks(
        tuple(type(one)(IPv4Network("0.0.0.0/0")) for one in everything.networks), frozenset({80})
    )
    check_address("192.168.0.1", 80, wide)
    with pytest.raises(AddressRefused, match="never"):
        check_address("169.254.169.254", 80, wide)


def test_an_ipv6_tunnel_interface_is_refused_inside_a_public_network() -> None:
    check_address(IPv6Address("2a00:1:2:3::c0a8:1"), 443)
    with pytest.raises(AddressRefused, match="tunnel"):
        check_address(IPv6Address("2a00:1:2:3:0:5efe:c0a8:1"), 443)
