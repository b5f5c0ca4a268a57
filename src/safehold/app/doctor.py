"""Trying every part of an installation for real, one by one, without changing anything that is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from safehold.app import settings_check
from safehold.app.format_samples import SAMPLES
from safehold.app.home import open_home
from safehold.app.logs import describe
from safehold.app.plugins import signal_types
from safehold.app.records import check_up_to_date, running
from safehold.app.settings import Settings
from safehold.lists import ledger
from safehold.model.clock import utc_now
from safehold.model.errors import BadSettings, DecoderDown, NotFound, SafeholdError
from safehold.signals import kernels
from safehold.storage.database import Database
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.keys import load_opening_key, load_sealing_key
from safehold.vault.store import CiphertextStore

EXTRAS = {"video": "av", "heif": "pillow_heif", "parquet": "pyarrow"}
OF_EXTRAS = {"heic": "heif"}
"""Picture formats that only an extra can read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part fares, in words."""

    part: str
    ok: bool
    what: str


def examine(settings: Settings) -> list[Finding]:
    """Try every part and return how each fares."""
    parts: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("settings", _settings),
        ("signal types", _signals),
        ("native core", _native),
        ("decoders", _decoders),
        ("picture formats", _formats),
        ("extras", _extras),
        ("database", _database),
        ("lists", _lists),
        ("vault keys", _keys),
        ("evidence store", _store),
    )
    return [_try(name, probe, settings) for name, probe in parts]


def _try(name: str, probe: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, probe(settings))
    except SafeholdError as error:
        return Finding(name, False, f"{error.what} {error.advice_now} [{error.code}]")
    except Exception as error:  # noqa: BLE001 - one broken part must not hide how the others fare
        return Finding(name, False, f"It failed in a way that we did not foresee: {describe(error)}.")


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
    with DecoderPool(settings.decoding.workers) as pool:
        layers = ", ".join(f"{layer} {'on' if on else 'off'}" for layer, on in pool.confinement.items())
        return f"{len(pool.pids)} started; confinement: {layers or 'none'}"


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
        return "embedded" if settings.database.url is None else "by address"


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


def _keys(settings: Settings) -> str:
    _check_set_up(settings)
    files = open_home(settings).keys
    if load_opening_key(files.opening).sealing_key != load_sealing_key(files.sealing):
        raise BadSettings(
            "The vault's two keys do not belong together: nothing sealed now could be opened.",
            advice="Put back the half that belongs to the other: vault.sealing_key, vault.opening_key.",
        )
    return "the pair fits"


def _store(settings: Settings) -> str:
    _check_set_up(settings)
    CiphertextStore(open_home(settings).vault).probe()
    return "written, read back and refused a second write"


@contextmanager
def _records(settings: Settings) -> Iterator[Database]:
    _check_set_up(settings)
    with running(settings, open_home(settings)) as addresses:
        check_up_to_date(addresses)
        database = Database(addresses.by_surface["all"], pool_size=1)
        try:
            database.ping()
            yield database
        finally:
            database.close()


def _check_set_up(settings: Settings) -> None:
    # Opening a part that is not there yet would make it.
    folder = settings.data_folder
    there = (folder / "keys").is_dir() or settings.vault.sealing_key is not None
    if not there or (settings.database.url is None and not (folder / "postgres").is_dir()):
        raise NotFound(
            "Nothing is set up here yet.",
            advice="Run `safehold db init`, or see data_folder in the settings.",
        )
