"""One running program: every resource, opened in the order that safety asks for, closed in reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from safehold.act.channels.base import Destination
from safehold.act.tell import TOLD_KINDS
from safehold.app import requests
from safehold.app.counters import ScanCounters
from safehold.app.home import Home, open_home
from safehold.app.plugins import signal_types
from safehold.app.reactions import REACTIONS
from safehold.app.records import Addresses, check_up_to_date, running
from safehold.app.scan import Scanner
from safehold.app.settings import Settings
from safehold.detect.known import KnownLists, SignalTypes
from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.clock import Clock, utc_now
from safehold.model.permissions import Actor
from safehold.storage.database import Database
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.keys import load_sealing_key
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader, Vault

USER_AGENT = "Safehold"
SURFACES = frozenset({"api", "console", "worker"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What handlers, commands and the worker work with. reader: only where a console needs to show media."""

    settings: Settings
    home: Home
    clock: Clock
    database: Database
    queue: Queue
    recorder: Recorder
    kinds: SignalTypes
    vault: Vault
    reader: Reader | None
    egress: Egress
    destinations: tuple[Destination, ...]
    scanner: Scanner
    request_secret: bytes

    def once(
        self,
        actor: Actor,
        idempotency_key: str,
        parts: Sequence[bytes],
        answer: Callable[[], requests.Answer],
        kept: Callable[[requests.Answer], requests.Answer | None],
    ) -> requests.Answer:
        """Answer a request that carries an Idempotency-Key: see `requests.once`."""
        return requests.once(
            self.database,
            actor=actor,
            idempotency_key=idempotency_key,
            digest=requests.body_digest(self.request_secret, *parts),
            now=self.clock(),
            answer=answer,
            kept=kept,
        )


@contextmanager
def open_program(
    settings: Settings,
    *,
    surfaces: frozenset[str] = SURFACES,
    clock: Clock = utc_now,
    content_permitted: PermittedNetworks = NONE,
) -> Iterator[Program]:
    """Open everything that these surfaces need, for as long as the block lasts.

    Decoders start first, before any pool, thread or listening socket exists. content_permitted: see
    `Egress`. Raises BadSettings, DatabaseDown, VaultDown and DecoderDown.
    """
    home = open_home(settings)
    with ExitStack() as stack:
        decoders = _decoders(settings)
        if "api" in surfaces:
            stack.enter_context(decoders)
        addresses = stack.enter_context(running(settings, home))
        check_up_to_date(addresses)
        yield _assemble(settings, home, surfaces, clock, content_permitted, decoders, addresses, stack)


def _assemble(
    settings: Settings,
    home: Home,
    surfaces: frozenset[str],
    clock: Clock,
    content_permitted: PermittedNetworks,
    decoders: DecoderPool,
    addresses: Addresses,
    stack: ExitStack,
) -> Program:
    database = Database(addresses.of(surfaces), pool_size=10)
    stack.callback(database.close)
    queue = Queue(database.driver_url)
    recorder = Recorder(REACTIONS, queue, clock=clock)
    kinds = {kind.name: kind for kind in signal_types(settings.plugins.signal_types)}
    store = CiphertextStore(home.vault)
    store.probe()
    vault = Vault(store, load_sealing_key(home.keys.sealing))
    egress = Egress(user_agent=USER_AGENT, content_permitted=content_permitted)
    counters = ScanCounters(database, clock)
    if "api" in surfaces:
        counters.start()
        stack.callback(counters.close)
    scanner = Scanner(
        settings=settings,
        database=database,
        decoders=decoders,
        vault=vault,
        known=KnownLists(kinds),
        egress=egress,
        counters=counters,
        record=recorder.record,
        clock=clock,
    )
    return Program(
        settings=settings,
        home=home,
        clock=clock,
        database=database,
        queue=queue,
        recorder=recorder,
        kinds=kinds,
        vault=vault,
        reader=Reader(store, home.opening_key()) if "console" in surfaces else None,
        egress=egress,
        destinations=destinations(settings),
        scanner=scanner,
        request_secret=home.request_secret(),
    )


def destinations(settings: Settings) -> tuple[Destination, ...]:
    """Return the webhook receivers that the settings declare. Raises BadSettings for one that cannot be."""
    return tuple(
        Destination(
            name=name,
            url=declared.url,
            secrets=tuple(secret.get_secret_value() for secret in declared.secrets),
            enabled=declared.enabled,
            kinds=frozenset(declared.events) or TOLD_KINDS,
            with_category=declared.with_category,
            permitted=PermittedNetworks.of(*declared.permitted_networks),
        )
        for name, declared in settings.webhooks.items()
    )


def _decoders(settings: Settings) -> DecoderPool:
    declared = settings.decoding
    limits = DecodeLimits(
        max_bytes=settings.limits.upload_bytes, max_pixels=declared.max_pixels, seconds=declared.seconds
    )
    return DecoderPool(declared.workers, limits=limits)
