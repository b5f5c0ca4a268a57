"""Trying every part of an installation for real, one by one, without changing anything that is kept."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from safehold.app import emergency_readiness, lookback, production, settings_check
from safehold.app.conditions import (
    EVERYTHING,
    OF_RECORDS,
    OF_THE_STORE,
    OPENS_FILES,
    Condition,
    Level,
    answers_for,
    looked_at,
)
from safehold.app.format_samples import SAMPLES
from safehold.app.home import has_records, open_home
from safehold.app.keeping import master_key
from safehold.app.keeping.rewrapping import counted
from safehold.app.logs import describe
from safehold.app.plugins import of_frames, signal_types
from safehold.app.reader.opening import open_reader
from safehold.app.records import Addresses, check_up_to_date, running
from safehold.app.settings import Settings
from safehold.detect import host_indexes
from safehold.lists import ledger
from safehold.model.clock import utc_now
from safehold.model.errors import DecoderDown, NotFound, ReaderDown, SafeholdError
from safehold.signals import kernels
from safehold.storage.database import Database
from safehold.storage.wrapped_keys import may_count
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.keys import load_sealing_key
from safehold.vault.store import CiphertextStore

EXTRAS = {"video": "av", "heif": "pillow_heif", "parquet": "pyarrow"}
OF_EXTRAS = {"heic": "heif"}
"""Picture formats that only an extra can read."""


READERS_OF_LISTS = ("all", "console", "worker", "api")
"""Whose addresses may read the lists, those first that read most besides."""


_CALLS = frozenset({"console", "worker"})
"""What calls somebody when a risk to life is declared."""

Probe = Callable[[Settings], str]
Wall = Callable[[Settings], list[Condition]]


def examine(settings: Settings) -> list[Condition]:
    """Try every part that these settings answer for, and return how each fares, with every wall they need.

    What other processes answer for is left to them: see `answers_for`.
    """
    parts: tuple[tuple[str, frozenset[str], Probe], ...] = (
        ("settings", EVERYTHING, _settings),
        ("signal types", frozenset({"api"}), _signals),
        ("native core", OPENS_FILES, _native),
        ("decoders", OPENS_FILES, _decoders),
        ("picture formats", OPENS_FILES, _formats),
        ("extras", OPENS_FILES, _extras),
        ("database", OF_RECORDS, _database),
        ("lists", frozenset({"api", "console", "worker"}), _lists),
        ("index", frozenset({"api"}), _index),
        ("look-back", frozenset({"api", "console", "worker"}), _look_back),
        ("vault keys", OF_RECORDS, _keys),
        ("evidence store", OF_THE_STORE, _store),
    )
    walls_to_ask: tuple[tuple[str, frozenset[str], Wall], ...] = (
        ("reader", frozenset({"media"}), _reader),
        ("settings", EVERYTHING, production.of_settings),
        ("surfaces", OF_RECORDS, _walls_of_records),
        ("confinement", OPENS_FILES, _walls_of_decoders),
        ("emergency", _CALLS, emergency_readiness.of_settings),
        ("emergency", _CALLS, _practised),
        ("private key", OF_RECORDS - {"reader"}, _walls_of_keys),
    )
    mine = answers_for(settings)
    found = [_try(name, _saying(name, probe), settings) for name, whose, probe in parts if whose & mine]
    found += [_try(name, wall, settings) for name, whose, wall in walls_to_ask if whose & mine]
    return [looked_at(settings), *(condition for some in found for condition in some)]


def _saying(name: str, probe: Callable[[Settings], str]) -> Callable[[Settings], list[Condition]]:
    return lambda settings: [Condition(name, Level.OK, probe(settings))]


def _try(name: str, ask: Callable[[Settings], list[Condition]], settings: Settings) -> list[Condition]:
    try:
        return ask(settings)
    except SafeholdError as error:
        return [Condition(name, Level.RED, f"{error.what} {error.advice_now} [{error.code}]")]
    except Exception as error:  # noqa: BLE001 - one broken part must not hide how the others fare
        said = f"It failed in a way that we did not foresee: {describe(error)}."
        return [Condition(name, Level.RED, said)]


def _walls_of_records(settings: Settings) -> list[Condition]:
    with _records(settings) as database, database.begin() as tx:
        return production.of_records(settings, tx, now=utc_now())


def _walls_of_decoders(settings: Settings) -> list[Condition]:
    with DecoderPool(1) as pool:
        return [production.of_decoders(settings, pool.confinement)]


def _walls_of_keys(settings: Settings) -> list[Condition]:
    _check_set_up(settings)
    return [production.of_private_key(settings, open_home(settings).opening)]


def _practised(settings: Settings) -> list[Condition]:
    with _records(settings) as database, database.begin() as tx:
        return emergency_readiness.of_records(settings, tx, now=utc_now())


def _reader(settings: Settings) -> list[Condition]:
    """Ask the reader that runs by itself; one that `serve` starts is there only while it serves."""
    if settings.reader.socket is None:
        return []
    try:
        with open_reader(settings) as reader:
            reader.status()
    except ReaderDown as error:
        raise ReaderDown(
            error.what,
            advice="See that `safehold reader` runs, and that this user is in the group of its socket.",
        ) from error
    return [Condition("reader", Level.OK, "it answers, and opens pictures for this user")]


def _settings(settings: Settings) -> str:
    settings_check.check(settings)
    webhooks = settings.webhooks.values()
    enabled = sum(webhook.enabled for webhook in webhooks)
    return f"{len(settings.surfaces)} surfaces, {len(webhooks)} webhooks, {enabled} of them enabled"


def _signals(settings: Settings) -> str:
    return ", ".join(kind.name for kind in signal_types(settings.plugins.signal_types))


def _native(_settings: Settings) -> str:
    kernel = kernels.kernel()
    return kernel if kernel == "native" else f"{kernel}: the native core is not built; it works, slower"


def _decoders(settings: Settings) -> str:
    plugins = of_frames(settings.plugins.signal_types)
    with DecoderPool(settings.decoding.workers, plugins=plugins) as pool:
        return f"{len(pool.pids)} started; confinement: {pool.confinement.in_words()}"


def _formats(_settings: Settings) -> str:
    optional = {name for name, extra in OF_EXTRAS.items() if find_spec(EXTRAS[extra]) is None}
    wanted = [name for name in SAMPLES if name not in optional]
    with DecoderPool(1) as pool:
        broken = [name for name in wanted if pool.examine(base64.b64decode(SAMPLES[name])).failure]
    if broken:
        raise DecoderDown(
            f"These cannot be read: {', '.join(broken)}.",
            advice="Install the locked versions of Pillow and of the extras anew.",
        )
    return f"{', '.join(wanted)} were read"


def _extras(_settings: Settings) -> str:
    missing = [extra for extra, module in EXTRAS.items() if find_spec(module) is None]
    return "all installed" if not missing else f"without {', '.join(missing)}: those inputs stay incomplete"


def _database(settings: Settings) -> str:
    with _records(settings):
        return "embedded" if settings.database.embedded else "by address"


def _lists(settings: Settings) -> str:
    with _records(settings) as database, database.begin() as tx:
        declared = ledger.show_all(tx)
    stale = [each.hash_list.name for each in declared if each.hash_list.is_stale(utc_now())]
    empty = [each.hash_list.name for each in declared if not each.entries]
    if stale or empty:
        raise NotFound(
            f"Stale: {', '.join(stale) or 'none'}; without entries: {', '.join(empty) or 'none'}."
            " Scans against them answer `incomplete`.",
            advice="Load them with `safehold lists import`.",
        )
    entries = sum(each.entries for each in declared)
    return f"{len(declared)} lists, {entries} entries" if declared else "none: every scan is incomplete"


def _index(settings: Settings) -> str:
    _check_set_up(settings)
    kinds = {kind.name: kind for kind in signal_types(settings.plugins.signal_types)}
    found = host_indexes.examine(kinds, open_home(settings, makes_keys=False).index)
    counts = ", ".join(f"{count} {name}" for name, count in found.items())
    return f"entries in segments: {counts}" if counts else "nothing in segments yet: lists are short, or new"


def _look_back(settings: Settings) -> str:
    with _records(settings) as database, database.begin() as tx:
        return lookback.state(settings, tx, now=utc_now())


def _keys(settings: Settings) -> str:
    _check_set_up(settings)
    home = open_home(settings)
    public, source = load_sealing_key(home.keys.sealing), home.opening
    if source.path is not None and not os.access(source.path, os.R_OK):
        return "the public half is here; the private one is out of reach, as for a process that only seals"
    with _records(settings) as database, database.begin() as tx:
        by_pair = counted(tx) if may_count(tx) else {}
        return master_key.state(home.opening_keys(), public.fingerprint, by_pair)


def _store(settings: Settings) -> str:
    _check_set_up(settings)
    CiphertextStore(open_home(settings).vault).probe()
    return "written, read back and refused a second write"


@contextmanager
def _records(settings: Settings) -> Iterator[Database]:
    _check_set_up(settings)
    with running(settings, open_home(settings)) as addresses:
        address = _an_address(addresses)
        check_up_to_date(addresses, address)
        database = Database(address, pool_size=1)
        try:
            database.ping()
            yield database
        finally:
            database.close()


def _an_address(addresses: Addresses) -> str:
    """Return an address that these settings name: that of the process itself, whichever it is."""
    known = addresses.by_surface
    named = next((known[name] for name in READERS_OF_LISTS if name in known), None)
    return named or addresses.of(frozenset(list(known)[:1]))


def _check_set_up(settings: Settings) -> None:
    # Opening a part that is not there yet would make it.
    there = (settings.data_folder / "keys").is_dir() or settings.vault.sealing_key is not None
    if not there or not has_records(settings):
        raise NotFound(
            "Nothing is set up here yet.",
            advice="Run `safehold db init`, or see data_folder in the settings.",
        )
