"""Who is at the door: an address that cannot be made up, and a program in our own words."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.settings_sections import WebSettings
from safehold.web.addresses import UNKNOWN, client_address, network_of
from safehold.web.console.visitor import described, visitor_of

PROXY = ["10.0.0.0/8", "::1/128"]


def request(peer: str, *forwarded: str, **headers: str) -> Request:
    named = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    named += [
        (name.replace("_", "-").encode(), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": named,
        "client": (peer, 1),
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("192.0.2.1", [], [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], [], "192.0.2.1"),
        ("127.0.0.1", ["198.51.100.7"], [], "127.0.0.1"),
        ("192.0.2.1", ["198.51.100.7"], PROXY, "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], PROXY, "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.7"], PROXY, "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.7, 10.0.0.2"], PROXY, "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, nonsense"], PROXY, "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], PROXY, "10.0.0.2"),
        ("10.0.0.1", [], PROXY, "10.0.0.1"),
        ("::1", ["2001:db8::7"], PROXY, "2001:db8::7"),
    ],
)
def test_only_a_trusted_proxy_says_where_somebody_comes_from(peer, forwarded, trusted, address) -> None:
    assert client_address(request(peer, *forwarded), trusted) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("", UNKNOWN),
        ("testclient", UNKNOWN),
    ],
)
def test_an_ipv6_network_counts_as_one_place(address, network) -> None:
    assert visitor_of(request(address), WebSettings()).address == network


@given(st.ip_addresses(v=4), st.integers(0, 32), st.integers(0, 128))
def test_an_address_counts_the_same_however_it_is_written(address, v4, v6) -> None:
    network = ip_network(network_of(str(address), v4=v4, v6=v6))
    assert address in network
    assert network.prefixlen == v4
    assert network_of(f"::ffff:{address}", v4=v4, v6=v6) == str(network)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.0", "A program"),
        ("", "A program"),
    ],
)
def test_a_program_is_described_coarsely(agent, said) -> None:
    assert described(request("192.0.2.1", user_agent=agent)) == said


@given(st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=80))
def test_nothing_that_a_program_sends_of_itself_is_repeated(agent: str) -> None:
    words = {"A", "program", "on", "Edge", "Opera", "Samsung", "Internet", "Firefox", "Chrome", "Safari"}
    words |= {"Android", "iPhone", "iPad", "ChromeOS", "Windows", "macOS", "Linux"}
    assert set(described(request("192.0.2.1", user_agent=agent)).split()) <= words


def test_of_the_devices_that_a_browser_claims_five_are_looked_at() -> None:
    claimed = ".".join(str(number) for number in range(50))
    asked = request("192.0.2.1", cookie=f"safehold-devices={claimed}")
    assert visitor_of(asked, WebSettings()).devices == ("0", "1", "2", "3", "4")


def test_proxies_that_are_no_networks_or_everybody_are_refused_in_the_settings() -> None:
    everybody = (["0.0.0.0/0"], ["127.0.0.1/32", "::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["::/1", "8000::/1"])
    for wrong in (["proxy.example.org"], ["10.0.0.1/8"], *everybody):
        with pytest.raises(ValueError, match="trusted_proxies"):
            WebSettings(trusted_proxies=wrong)
    for wrong in ("console.example.org", "https://console.example.org/", "https://a b"):
        with pytest.raises(ValueError, match="origin"):
            WebSettings(origin=wrong)
