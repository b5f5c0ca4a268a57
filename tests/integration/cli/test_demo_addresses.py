"""The demo needs two addresses; where one is taken it proposes two that are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from safehold.cli import demo_place
from safehold.cli.demo_uploads import check_addresses
from safehold.model.errors import BadSettings, Unavailable
from safehold.testing.processes import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """Yield a port at which somebody answers."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("pictures", [False, True])
def test_an_address_that_is_proposed_is_free_with_the_one_after_it(taken: int, pictures: bool) -> None:
    port = taken - 1 if pictures else taken
    with pytest.raises(Unavailable, match=f"answers on 127.0.0.1:{taken} already") as refused:
        check_addresses(f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}")
    proposed = re.search(r"--listen 127\.0\.0\.1:(\d+)\.", refused.value.advice_now)
    assert proposed is not None
    other = int(proposed[1])
    assert {other, other + 1}.isdisjoint({port, port + 1, taken})
    check_addresses(f"127.0.0.1:{other}", f"127.0.0.1:{other + 1}")


def test_addresses_that_nobody_answers_at_are_fine_and_port_0_is_none() -> None:
    port = free_port()
    check_addresses(f"127.0.0.1:{port}", f"127.0.0.1:{port}")
    with pytest.raises(BadSettings, match="name a port"):
        check_addresses("127.0.0.1:0", "127.0.0.1:0")


@pytest.mark.parametrize(
    ("started", "typed"),
    [
        (".venv/bin/safehold", ".venv/bin/safehold"),
        ("/nowhere/bin/safehold", "/nowhere/bin/safehold"),
        ("-c", "safehold"),
    ],
)
def test_the_last_hint_can_be_typed_where_safehold_is_not_on_the_path(
    monkeypatch: pytest.MonkeyPatch, started: str, typed: str
) -> None:
    monkeypatch.setattr("sys.argv", [started])
    assert demo_place.typed() == typed
