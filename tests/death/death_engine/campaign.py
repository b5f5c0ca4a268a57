"""One data folder, one workload, many deaths: who dies and when is decided by a seed."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from death_engine import platform_side
from death_engine.inspector import Inspector
from death_engine.lives import Life, Mother, eventually, kill, process_table
from death_engine.platform_side import Analyst, Answers, Busy, Client
from safehold.app.access import users
from safehold.app.operator import set_up
from safehold.app.program import open_program
from safehold.model.permissions import Role
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.processes import environment_of, free_port
from safehold.testing.running import Installation
from safehold.testing.webhook_receiver import WebhookReceiver

ROTATION = ("keys", "rotate")
UNAVAILABLE = "75"
"""The exit code that asks a service manager to try again."""
GROWN = 12_000
"""Entries of a list whose import is killed again and again."""
PASSWORD = "a password that is long enough"
DECODER, READER = "safehold.vault.decoding", "safehold.app.reader"

VICTIMS = {
    "server": 4,
    "worker": 3,
    "decoder": 3,
    "backend": 3,
    "postmaster": 2,
    "reader": 2,
    "everybody": 1,
    "import": 1,
    "backup": 1,
    "rotation": 1,
    "server by SIGTERM": 1,
    "worker by SIGTERM": 1,
}
"""Who dies, and how often compared with the others."""
QUICK_TO_DIE = ("decoder", "decoder", "reader", "backend", "backend", "worker", "postmaster")


@dataclass(slots=True)
class Toll:
    """What a campaign did. deaths: how often each died by our signal; who had ended before does not count."""

    deaths: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    destroyed: int = 0

    @property
    def total(self) -> int:
        """All deaths."""
        return sum(self.deaths.values())


class Campaign:
    """A data folder that a workload uses and a killer haunts. Make one with `campaign`."""

    def __init__(self, folder: Path, seed: str, sections: dict[str, Any], receiver: WebhookReceiver) -> None:
        self.folder, self.seed, self.receiver = folder, seed, receiver
        self.random = Random(seed)
        self.answers, self.toll = Answers(), Toll()
        self.temporary = folder / "tmp"
        self.inspector = Inspector(folder / "data", self.answers, searched=[self.temporary, folder / "lives"])
        self._sections, self._port, self._media_port = sections, free_port(), free_port()
        self._mother: Mother
        self.server: Life
        self.worker: Life
        self._key, self._shifts = "", 0
        self._import = ("lists", "import", "growing", str(folder / "growing.txt"))
        self._backup = ("db", "backup", "--to", str(folder / "backups"))

    @property
    def base_url(self) -> str:
        """Where every life of the server answers."""
        return f"http://127.0.0.1:{self._port}"

    def prepare(self) -> None:
        """Set up the records, the lists, a platform's key and an analyst."""
        settings = running.Settings.model_validate(self._sections)
        set_up(settings)
        with open_program(settings, surfaces=frozenset({"api", "worker"})) as program:
            records = Installation(program, "", self.folder)
            records.add_list("held", platform_side.HELD_SEEDS)
            records.add_list("reviewed", platform_side.REVIEWED_SEEDS, may_hold=False)
            records.add_list("growing", ())
            self._key = records.key()
            with program.database.begin() as tx:
                users.add_user(
                    tx, name="Analyst", password=PASSWORD, roles=frozenset({Role.ANALYST, Role.LEAD}),
                    actor=running.TESTER, now=program.clock(),
                )  # fmt: skip
        digests = (sha256(str(number).encode()).hexdigest() for number in range(GROWN))
        (self.folder / "growing.txt").write_text("".join(f"{digest}\n" for digest in digests))

    @contextmanager
    def lives(self) -> Iterator[None]:
        """Run a server and a worker, and a workload against them, for as long as the block lasts."""
        self.temporary.mkdir(exist_ok=True)
        environment = environment_of(self._sections) | {"TMPDIR": str(self.temporary)}
        with Mother(environment, self.folder / "lives") as self._mother:
            try:
                self._start_server()
                self._start_worker()
                yield
            finally:
                for life in (self.worker, self.server):
                    life.kill()
                for pid in self.inspector.servers():
                    kill(pid)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let three platforms and an analyst work for as long as the block lasts."""
        self._shifts += 1
        clients = [
            Client(
                self.answers, self.base_url, self._key, Random(f"{self.seed}-{name}"), f"{self._shifts}{name}"
            )
            for name in "abc"
        ]
        analyst = Analyst(
            self.answers, self.base_url, self._key, Random(f"{self.seed}-z"), "Analyst", PASSWORD
        )
        with closing(analyst), Busy(*(client.go for client in clients), analyst.go):
            yield

    def one_of_each(self) -> list[str]:
        """Return every kind of victim once, in an order that the seed decides."""
        victims = sorted(VICTIMS)
        self.random.shuffle(victims)
        return victims

    def chosen(self, deaths: int) -> Iterator[str]:
        """Yield this many victims, some oftener than others."""
        yield from self.random.choices(list(VICTIMS), list(VICTIMS.values()), k=deaths)

    def run(self, victims: Iterable[str]) -> None:
        """Let them die, one after the other."""
        for victim in victims:
            self._wait_for_a_moment()
            self.die(victim)
            self.check(self.inspector.after_a_death())

    def flurry(self, signals: int) -> None:
        """Let many die in quick succession, some before what died last has recovered, then check.

        Those are the processes that others start again by themselves, and workers; some are not there yet.
        """
        for _ in range(signals):
            time.sleep(self.random.uniform(0, 0.15))
            self._end_of(self.random.choice(QUICK_TO_DIE))
        self.wait_until_ready()
        self.check(self.inspector.after_a_death())

    def die(self, victim: str) -> None:
        """Let somebody die, and start again what an operator or a service manager would."""
        held_open = self.inspector.open_in_the_open([seen.pid for seen in self.server.members()])
        self.check(held_open)
        eventually(lambda: self._end_of(victim), or_say=lambda: f"no {victim} was alive to be killed")
        self.wait_until_ready()

    def _end_of(self, victim: str) -> bool:
        """Send one of them a signal; say whether that one was alive, and count it if so."""
        died = {
            "server": self._kill_server,
            "worker": self._kill_worker,
            "decoder": lambda: self._kill_one(self.server.children(DECODER)),
            "reader": lambda: self._kill_one(self.server.children(READER)),
            "backend": lambda: self._kill_one(self.inspector.backends()),
            "postmaster": lambda: self._kill_one(self.inspector.servers()),
            "import": lambda: self._kill_command(*self._import),
            "backup": lambda: self._kill_command(*self._backup),
            "rotation": lambda: self._kill_command(*ROTATION),
            "everybody": self._kill_everybody,
            "server by SIGTERM": lambda: self._end(self.server, self._start_server),
            "worker by SIGTERM": lambda: self._end(self.worker, self._start_worker),
        }[victim]()
        self.toll.deaths[victim] += died
        return died

    def wait_until_ready(self) -> None:
        """Wait until scans can be answered again, and no process lives on without its parent."""
        asking = Platform(self.base_url, "nobody", timeout_seconds=10)

        def ready() -> bool:
            self._start_again_as_a_service_manager_would()
            with suppress(OSError, ValueError):
                return asking.ask("GET", "/v1/health/ready").status == 200
            return False

        eventually(ready, or_say=lambda: (self._of_the_server(), self.server.said()))
        eventually(lambda: not self._mother.orphans(), or_say=self._mother.orphans, within=20)
        eventually(lambda: len(self.inspector.servers()) == 1, or_say=self.inspector.servers)

    def settle(self) -> None:
        """Wait until everything that follows has been done, and check all that must then be so."""
        eventually(lambda: not self.undone(), or_say=lambda: (self.undone(), self.worker.said()))
        with suppress(AssertionError):
            eventually(lambda: not self.inspector.half({"": "select id from audit_record r where not exists"
                       " (select 1 from audit_link where record_id = r.id)"}), within=10)  # fmt: skip
        self.check(self.inspector.when_all_is_done())
        self.check(self._told())

    def sweep_everything(self) -> None:
        """Let what is undecided come of age; check that it is destroyed, and nothing else is left behind."""
        self.toll.destroyed += self.inspector.age()
        self.inspector.age_ciphertext()
        eventually(
            lambda: not self.inspector.rows("select 1 from retention where destroy_at <= now()"),
            or_say=self.worker.said,
        )
        eventually(lambda: not self.inspector.strangers(), or_say=self.inspector.strangers)
        self.check(self.inspector.after_a_death())

    def finish_commands(self) -> None:
        """Run the commands that were killed in the middle once more, to their end; check what they leave."""
        for command in (self._import, ROTATION, self._backup):
            finished = self._mother.bear(*command)
            assert finished.ended_with() == "0", finished.said()
        entries = self.inspector.rows(
            "select count(*) from entry e join hash_list l on l.id = e.list_id where l.name = 'growing'"
        )
        self.check([] if entries == [(GROWN,)] else [f"the list has {entries} entries and not {GROWN}"])
        self.check(self.inspector.unopenable())

    def undone(self) -> list[str]:
        """Name what is still to be done; not to be asked now counts as much."""
        try:
            return self.inspector.undone()
        except psycopg.OperationalError as error:
            return [type(error).__name__]

    def check(self, wrong: list[str]) -> None:
        """Fail with what is wrong, and how to see it again."""
        assert not wrong, "\n".join(
            [
                *wrong[:20],
                f"after {self.toll}; SAFEHOLD_DEATH_SEED={self.seed}",
                f"lives: {self.folder / 'lives'}",
            ]
        )

    def _start_again_as_a_service_manager_would(self) -> None:
        """Start who has ended by itself; only a database that was away while it started may be the reason."""
        for life, start in ((self.server, self._start_server), (self.worker, self._start_worker)):
            if not life.alive:
                assert life.ended_with() == UNAVAILABLE, life.said()
                start()

    def _of_the_server(self) -> list[str]:
        table = process_table()
        return [str(table.get(pid)) for pid in self.inspector.everything_of_the_server()]

    def _told(self) -> list[str]:
        """Compare what the platform was told with what people decided: once for each, under one id."""
        rejections = [f"the receiver refused a message: {why}" for why in self.receiver.rejections]
        actions: dict[str, list[str]] = {}
        for told in self.receiver.deliveries:
            actions.setdefault(told.payload["data"]["item_id"], []).append(told.payload["data"]["action"])
        wrong = []
        for item, finding, held in self.inspector.rows(
            "select o.item_id, o.finding, exists (select 1 from hold h where h.item_id = o.item_id)"
            " from outcome o"
        ):
            wanted = ["remove"] if finding == "illegal" else ["hold_released"] if held else ["none"]
            if actions.get(str(item)) != wanted:
                wrong.append(
                    f"{item} was settled as {finding} and the platform told {actions.get(str(item))}"
                )
        return rejections + wrong

    def _wait_for_a_moment(self) -> None:
        """Wait for a number of answers, then for a part of the time that one takes."""
        wanted = len(self.answers.scans) + self.random.choice((1, 1, 2, 3, 8))
        eventually(
            lambda: len(self.answers.scans) >= wanted,
            or_say=lambda: (self.answers.refused, self.server.said()),
        )
        time.sleep(self.random.uniform(0, 0.12))

    def _start_server(self) -> None:
        self.toll.restarts += 1
        self.server = self._mother.bear(
            "serve",
            "--surfaces",
            "api,console,media",
            "--listen",
            f"127.0.0.1:{self._port}",
            "--media-listen",
            f"127.0.0.1:{self._media_port}",
        )

    def _start_worker(self) -> None:
        self.toll.restarts += 1
        self.worker = self._mother.bear("worker")

    def _kill_server(self) -> bool:
        lived = self.server.kill()
        self._start_server()
        return lived

    def _kill_worker(self) -> bool:
        lived = self.worker.kill()
        self._start_worker()
        return lived

    def _kill_everybody(self) -> bool:
        """As when the power fails, but for what the disk had not been given yet."""
        leaders = {self.server.pid, self.worker.pid, *self.inspector.servers()}
        others = {seen.pid for life in (self.server, self.worker) for seen in life.members()}
        everybody = sorted(leaders | others | set(self.inspector.everything_of_the_server()))
        self.random.shuffle(everybody)
        killed = {pid for pid in everybody if kill(pid)}
        eventually(lambda: not set(everybody) & process_table().keys())
        self._start_server()
        self._start_worker()
        # The others end by themselves when those are gone, some before their turn.
        return leaders <= killed

    def _kill_one(self, candidates: list[int]) -> bool:
        return bool(candidates) and kill(self.random.choice(candidates))

    def _kill_command(self, *command: str) -> bool:
        begun = self._mother.bear(*command)
        time.sleep(self.random.uniform(0.1, 1.5))
        return begun.kill()

    def _end(self, life: Life, start: Any) -> bool:
        lived = kill(life.pid, signal.SIGTERM)
        eventually(lambda: not life.alive, or_say=life.said, within=40)
        start()
        return lived


@contextmanager
def campaign(folder: Path, seed: str) -> Iterator[Campaign]:
    """Yield a campaign in this folder, set up, with nobody alive yet."""
    secret = running.new_secret()
    with WebhookReceiver(secret) as receiver:
        sections = {
            "data_folder": str(folder / "data"),
            "surfaces": running.SURFACES,
            "policies": {"remove_confirmed": True},
            "webhooks": {"platform": running.webhook_to(receiver, secret)},
        }
        made = Campaign(folder, seed, sections, receiver)
        made.prepare()
        yield made
