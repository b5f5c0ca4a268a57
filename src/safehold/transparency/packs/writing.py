"""A pack as files: pages and tables that anybody can read, and what depends on when it was made apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from importlib.resources import files
from typing import Any

from safehold.transparency import exports, pages, site
from safehold.transparency.packs.pack import Made, Pack
from safehold.transparency.shares import whole_of

MARK, MADE, PAGE = "pack.json", "made.json", "index.html"


def written(pack: Pack, made: Made) -> dict[str, bytes]:
    """Return the files of a pack by their names.

    All but `made.json` and the foot of `index.html` follow from the period alone.
    """
    told = {
        MARK: _json(pack.as_object()),
        MADE: _json(_made(made)),
        PAGE: _page(pack, made),
        "style.css": (files("safehold.transparency") / "templates" / "style.css").read_text("utf-8"),
        **dict(_tables(pack)),
        **{f"data/{name}.csv": ledger.as_csv() for name, ledger in pack.ledgers.items()},
        **{f"data/{name}.json": _json(ledger.as_object()) for name, ledger in pack.ledgers.items()},
    }
    return {name: text.encode("utf-8") for name, text in told.items()}


def _tables(pack: Pack) -> Iterator[tuple[str, str]]:
    for name, table in pack.tables.items():
        whole = whole_of(table, pack.tables)
        yield f"data/{name}.csv", exports.as_csv(table, pack.period.named, whole=whole)
        yield f"data/{name}.json", _json(pack.table_as_object(name))


def _page(pack: Pack, made: Made) -> str:
    shown = {name: pages.shown(table, pack.tables) for name, table in pack.tables.items()}
    # What several parts rest on is shown with the first of them, and linked from the others.
    first: dict[str, str] = {}
    for part in pack.told.parts:
        for name in (*part.measures, *part.ledgers):
            first.setdefault(name, part.id)
    template = site.environment().get_template("pack.html")
    return template.render(
        pack=pack, made=made, made_at=made.at.astimezone(UTC), shown=shown, first=first, settings=_lines(made)
    )


def _lines(made: Made) -> dict[str, str]:
    return {key: json.dumps(value, ensure_ascii=False, indent=1) for key, value in made.settings.items()}


def _made(made: Made) -> dict[str, Any]:
    return {
        "made_at": made.at.astimezone(UTC).isoformat(timespec="seconds"),
        "software": made.version,
        "audit": list(made.audit),
        "audit_whole": made.whole,
        "settings": dict(made.settings),
    }


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
