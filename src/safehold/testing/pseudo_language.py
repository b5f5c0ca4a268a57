"""A language that nobody speaks: English in disguise, longer, right to left. It shows what was not marked."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

TAG = "ar-x-pseudo"
"""It has the plural forms, the writing direction and the months of Arabic."""
BEGINS, ENDS = "⟦", "⟧"

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DRESSED = "åƀçđéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ"
_DRESS = str.maketrans(_PLAIN, _DRESSED)
_INSIDE = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]*>|&\w+;)")
_MARK = "\u200f"
_LONGER = "·" * 8


def disguised(text: str) -> str:
    """Return a text a third longer, its letters accented, between marks that run from right to left.

    What stands in it for values, tags and entities is as it was.
    """
    parts = _INSIDE.split(text)
    dressed = "".join(each if at % 2 else each.translate(_DRESS) for at, each in enumerate(parts))
    letters = sum(len(each) for each in parts[::2])
    words, rest = divmod(letters // 3, len(_LONGER))
    longer = f" {_LONGER}" * words + _LONGER[:rest]
    return f"{_MARK}{BEGINS}{dressed}{longer}{ENDS}{_MARK}"


def write_pseudo_language(template: Path, folder: Path) -> None:
    """Write the catalog of the pseudo-language below a folder, from the template of all catalogs."""
    with template.open("rb") as file:
        marked = read_po(file)
    pseudo = Catalog(locale="ar", charset="utf-8", fuzzy=False)
    for message in marked:
        if message.id:
            pseudo.add(message.id, _said(message, pseudo.num_plurals))
    path = folder / TAG / "LC_MESSAGES" / "safehold.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, pseudo)


def _said(message: Message, forms: int) -> str | tuple[str, ...]:
    if isinstance(message.id, tuple | list):
        one, many = message.id
        return (disguised(many), disguised(one), *[disguised(many)] * (forms - 2))
    return disguised(message.id)
