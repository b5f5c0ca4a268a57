"""Nothing from outside makes us knock at a door inside: no spelling, redirect, name or variable does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress
from safehold.egress.connection import Resolve, system_resolve
from safehold.model.errors import AddressRefused, FetchFailed
from safehold.testing.certificates import self_signed_certificate
from safehold.testing.servers import LocalServer, redirect, reply

INNER = ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]


def spellings(text: str) -> Iterator[str]:
    """Yield hosts that one client or another reads as this address."""
    ip = IPv4Address(text)
    value, (a, b, c, d) = int(ip), ip.packed
    yield from (f"{ip}", f"{ip}.", f"{value}", f"{value:#x}", f"{value:#o}".replace("0o", "0"))
    yield from (f"{a}.{value & 0xFFFFFF}", f"{a:#x}.{b:#x}.{c}.{d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}")
    yield from (f"0{a:o}.{b}.{value & 0xFFFF}", f"00000{a:o}.{b}.{c}.{d}", f"{a}.{b}.{c}.{d}:80")
    yield from (f"{a}。{b}。{c}。{d}", f"{a}．{b}．{c}．{d}", f"{a}%2e{b}%2e{c}%2e{d}")
    yield "".join(chr(ord(sign) + 0xFEE0) if sign != "." else sign for sign in text)
    yield "".join(chr(0x2460 + int(sign) - 1) if sign not in ".0" else sign for sign in text)
    yield from (f"[::ffff:{ip}]", f"[::FFFF:{value >> 16:x}:{value & 0xFFFF:x}]", f"[::{ip}]")
    yield from (f"[64:ff9b::{ip}]", f"[64:ff9b:1::{ip}]", f"[2002:{value >> 16:x}:{value & 0xFFFF:x}::]")
    yield from (f"[2001:0:808:808::{value ^ 0xFFFFFFFF >> 16:x}]"[:38].rstrip("]") + "]",)
    yield from (
        f"example.org@{ip}",
        f"{ip}@{ip}",
        f"{ip}#@example.org",
        f"{ip}\\@example.org",
        f"{ip}\\.example.org",
    )
    yield from (
        f"\t{ip}",
        f"{a}.{b}\n.{c}.{d}",
        f"{ip}\x00.example.org",
        f"{ip} .example.org",
        f"{ip}:80\\@x",
    )


V6 = [
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[fc00::1]",
    "[fd00:ec2::254]",
]
NAMES = ["localhost", "LOCALHOST."]
OTHER_SCHEMES = [
    "file:///etc/hostname",
    "FILE://localhost/etc/hostname",
    "gopher://127.0.0.1:6379/_INFO",
    "ftp://127.0.0.1/",
    "data:text/plain,hello",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "unix:///run/postgresql/.s.PGSQL.5432",
    "http+unix://%2Frun%2Freader.sock/",
    "javascript:fetch('http://127.0.0.1')",
    "ws://127.0.0.1/",
    "view-source:http://127.0.0.1/",
]
HOSTS = [*itertools.chain.from_iterable(map(spellings, INNER)), *V6]


def fetch(url: str, resolve: Resolve = system_resolve) -> bytes:
    return Egress(user_agent="t", resolve=resolve).fetch(url, max_bytes=100, deadline_seconds=5).body


def never(host: str, port: int) -> list[str]:
    raise AssertionError("a spelling of an address was looked up as a name")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_an_inner_address_is_connected_to_or_looked_up(scheme: str) -> None:
    passed, client = [], Egress(user_agent="t", resolve=never)
    for host in HOSTS:
        try:
            client.fetch(f"{scheme}://{host}/", max_bytes=100, deadline_seconds=5)
        except AddressRefused:
            continue
        except FetchFailed as failed:
            passed.append(f"{host!r}: {failed.reason}")
        passed.append(host)
    assert passed == []


def test_no_redirect_leads_inwards_however_it_is_spelt() -> None:
    with LocalServer({"/secret": reply(b"inside")}) as inside:
        elsewhere = [
            *(
                f"http://{host}:{inside.port}/secret"
                for host in (*INNER, "0x7f.1", "2130706433", "[::1]", *NAMES)
            ),
            *(f"//{host}:{inside.port}/secret" for host in ("127.0.0.1", "[::ffff:127.0.0.1]")),
            *OTHER_SCHEMES,
            f"/\\127.0.0.1:{inside.port}/secret",
            f"\\\\127.0.0.1:{inside.port}/secret",
            f"///127.0.0.1:{inside.port}/secret",
            f"http:127.0.0.1:{inside.port}/secret",
            f"http:/127.0.0.1:{inside.port}/secret",
            f"http://x@127.0.0.1:{inside.port}/secret",
        ]
        routes = {f"/{number}": redirect(location) for number, location in enumerate(elsewhere)}
        with LocalServer(routes) as outside:
            start = PermittedNetworks.of(f"127.0.0.1:{outside.port}")
            client = Egress(user_agent="t")
            for number in range(len(elsewhere)):
                with pytest.raises(AddressRefused):
                    client.fetch(
                        outside.url(f"/{number}"), max_bytes=100, deadline_seconds=10, permitted=start
                    )
    assert inside.requests == []


@pytest.mark.parametrize("url", OTHER_SCHEMES)
def test_no_scheme_but_the_webs_is_taken(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(url)


@pytest.mark.parametrize(
    "answer",
    [
        *([address] for address in INNER),
        ["::"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["2001:0:7f00:1::"],
        ["fe80::1"],
        ["fe80::1%lo"],
        ["fd00::1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "::1"],
        ["8.8.8.8"] * 50 + ["10.0.0.1"],
        ["127.1"],
        ["2130706433"],
        ["localhost"],
        [""],
    ],
)
def test_no_answer_of_the_name_service_leads_inwards(answer: list[str]) -> None:
    with pytest.raises(AddressRefused):
        fetch("http://rebinding.test/", lambda host, port: answer)


@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_this_machine_are_refused(name: str) -> None:
    with pytest.raises((AddressRefused, FetchFailed)) as refused:
        fetch(f"http://{name}/")
    assert getattr(refused.value, "reason", "dns") == "dns"


def test_a_name_that_is_rebound_between_two_looks_is_looked_up_once_for_each_request() -> None:
    with LocalServer(
        {"/secret": reply(b"inside"), "/": redirect("http://rebinding.test:1/secret")}
    ) as inside:
        permitted = PermittedNetworks.of(f"127.0.0.1:{inside.port}")
        asked: list[str] = []

        def rebinding(host: str, port: int) -> list[str]:
            asked.append(f"{host}:{port}")
            return ["127.0.0.1"]

        client = Egress(user_agent="t", resolve=rebinding)
        with pytest.raises(AddressRefused):
            client.fetch(
                inside.url("/", host="rebinding.test"),
                max_bytes=100,
                deadline_seconds=10,
                permitted=permitted,
            )
        assert asked == [f"rebinding.test:{inside.port}", "rebinding.test:1"]
    assert [request.path for request in inside.requests] == ["/"]


@pytest.mark.parametrize(
    "port", ["0", "65536", "-80", "99999999999999999999", "8_0", "0x50", "80 ", "+80", "٨٠", "80:80"]
)
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(f"http://example.org:{port}/", never)


@pytest.mark.parametrize(
    "host",
    [
        "a" * 64 + ".org",
        "a." * 130 + "org",
        "a" * 100_000,
        "." * 1000,
        "..",
        "-.org",
        "xn--.org",
        "\u200d",
        "%00",
        "*",
    ],
)
def test_a_host_that_cannot_be_is_never_looked_up(host: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(f"http://{host}/", never)


def test_a_redirect_that_never_ends_does() -> None:
    with LocalServer({"/": redirect("/")}) as server:
        permitted = PermittedNetworks.of(f"127.0.0.1:{server.port}")
        client = Egress(user_agent="t", content_permitted=permitted)
        with pytest.raises(FetchFailed, match="redirects"):
            client.fetch(server.url(), max_bytes=100, deadline_seconds=10)
    assert len(server.requests) == 6


def test_no_variable_of_the_environment_changes_where_we_go_or_whom_we_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = self_signed_certificate(tmp_path, "127.0.0.1")
    with LocalServer({"/": reply(b"x")}) as proxy, LocalServer({"/": reply(b"y")}) as plain:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
        client = Egress(user_agent="t")
        permitted = PermittedNetworks.of(f"127.0.0.1:{plain.port}")
        assert client.fetch(plain.url(), max_bytes=9, deadline_seconds=9, permitted=permitted).body == b"y"
        with LocalServer({"/": reply(b"z")}, tls=files.server_context()) as secured:
            permitted = PermittedNetworks.of(f"127.0.0.1:{secured.port}")
            with pytest.raises(FetchFailed, match="tls"):
                client.fetch(secured.url(), max_bytes=9, deadline_seconds=9, permitted=permitted)
    assert proxy.requests == []
    assert not (tmp_path / "keys.log").exists()


def test_the_default_permits_nothing_inside() -> None:
    assert PermittedNetworks() == NONE
    with LocalServer({"/": reply(b"x")}) as server, pytest.raises(AddressRefused):
        fetch(server.url())
    assert server.requests == []
