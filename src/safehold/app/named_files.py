"""Files that a setting names: read, and refused in the words of the setting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from safehold.model.errors import BadForm, BadSettings

Parsed = TypeVar("Parsed")


def parsed_file(setting: str, path: Path, parse: Callable[[str], Parsed]) -> Parsed:
    """Return what the file at a path holds. setting: its name, said when it cannot be what it should be.

    parse: makes it of the text, or raises BadForm. Raises BadSettings.
    """
    try:
        return parse(path.read_text("utf-8"))
    except OSError as error:
        raise BadSettings(f"{setting}: {error.strerror or 'it cannot be read'}.") from None
    except UnicodeDecodeError:
        raise BadSettings(f"{setting}: it is not UTF-8 text.") from None
    except BadForm as error:
        raise BadSettings(f"{setting}: {error.what}") from None
