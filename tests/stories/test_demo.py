"""`safehold demo`: one command shows the main job, says where to look, and goes without a trace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest

from safehold.storage.embedded import EmbeddedServer
from safehold.testing.commands import run_apart, started
from safehold.testing.platform import Platform
from safehold.testing.processes import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
WAITING = "Ctrl-C stops everything."


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the examples and some altered copies, as a checkout has them."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "examples").symlink_to(EXAMPLES)
    built = folder / "build" / "examples"
    write = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import make_examples as m\n"
        "m.ALTERATIONS = {name: m.ALTERATIONS[name] for name in ('gif', 'jpeg-60')}\n"
        "m.write_altered_copies(Path(sys.argv[2])); m.write_unlisted(Path(sys.argv[3]))"
    )
    folders = (str(EXAMPLES), str(built / "listed"), str(built / "unlisted"))
    subprocess.run([sys.executable, "-c", write, *folders], check=True)
    return folder


@pytest.fixture
def free() -> str:
    """Return an address that nobody listens on, nor on the one after it, where pictures are."""
    return f"127.0.0.1:{free_port(following=1)}"


def told(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what the demonstration says until it waits for people."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        yield line
        if line.startswith(WAITING):
            return
    raise AssertionError("".join(said))


def processes_of(session: int) -> list[int]:
    """Return the processes of a session that are still running."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def shown(said: str, name: str) -> str:
    found = re.search(rf"^ +{name} +(\S+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def sign_in(listen: str, password: str) -> tuple[int, bool]:
    """Sign in by the console's form; return the status and whether a session was opened."""
    connection = HTTPConnection(listen)
    form = urlencode({"name": "demo", "password": password})
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{listen}"}
    connection.request("POST", "/console/sign-in", form, kind)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Set-Cookie") is not None


def run_once(checkout: Path, listen: str) -> str:
    """Run the demonstration until it waits for people, look around, stop it, and return what it said."""
    with started("demo", "--listen", listen, cwd=checkout, stderr=subprocess.STDOUT) as process:
        said = "".join(told(process))
        assert sign_in(listen, shown(said, "Password")) == (303, True)
        assert sign_in(listen, "something else")[0] == 401
        platform = Platform(f"http://{listen}", shown(said, "API key"))
        assert platform.ask("POST", "/v1/scan", {"text": "hello"}).status == 422
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group is told
        rest = process.communicate()[0]
        left = processes_of(process.pid)

    assert process.returncode == 0, rest
    assert "0 were not in order" in rest
    assert "Traceback" not in said + rest
    assert "[info" not in said, "the log speaks up only where something is wrong"
    assert left == []
    assert EmbeddedServer(checkout / ".safehold" / "demo" / "postgres").pid() is None
    return said


def waiting_cases(checkout: Path) -> int:
    """Return how many cases wait in the demonstration's records."""
    where = {**os.environ, "SAFEHOLD_DATA_FOLDER": ".safehold/demo"}
    ended = run_apart("cases", "list", cwd=checkout, env=where)
    assert ended.code == 0
    return len(ended.out.splitlines())


def test_the_demonstration_shows_the_main_job_twice_and_uploads_once(checkout: Path, free: str) -> None:
    first = run_once(checkout, free)
    assert "The platform uploads 24 altered copies of listed photos and 6 other photos" in first
    answers = re.search(r"Answers: (.*)", first)
    assert answers
    counts = dict(reversed(answer.split()) for answer in answers[1].split(", "))
    assert int(counts["clear"]) == 6
    assert int(counts["hold"]) + int(counts.get("review", 0)) == 24
    for place in ("console", "console/queue", "console/webhooks", "console/audit"):
        assert f"http://{free}/{place}" in first

    waiting = waiting_cases(checkout)
    assert waiting > 0

    second = run_once(checkout, free)
    assert waiting_cases(checkout) == waiting
    assert "0 entries added, 24 were there before" in second
    assert "The platform uploaded its 30 photos in an earlier run" in second
    assert shown(second, "Password") != shown(first, "Password")


def test_an_address_that_is_taken_is_told_before_anything_is_set_up(tmp_path: Path, checkout: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        listen = f"127.0.0.1:{server.server_port}"
        ended = run_apart("demo", "--listen", listen, "--folder", tmp_path / "data", cwd=checkout)

    assert ended.code == 75
    assert ended.err.startswith(f"Something answers on {listen} already.")
    assert not (tmp_path / "data").exists()


def test_elsewhere_than_in_a_checkout_it_says_what_it_needs(tmp_path: Path, free: str) -> None:
    bare = run_apart("demo", "--listen", free, cwd=tmp_path)
    assert bare.code == 72
    assert "--examples" in bare.err
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "demo-list.jsonl").touch()

    unbuilt = run_apart("demo", "--listen", free, cwd=tmp_path)
    assert unbuilt.code == 72
    assert "make examples" in unbuilt.err
