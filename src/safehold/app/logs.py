"""Logs: structured, on standard error, one line each, and redacted before they are written.

The rule is that nobody logs content. Redaction is the second line: a value under a name that tends to hold
content, or of a type that can, is replaced, and an exception is reduced to its kind and where it was raised.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import structlog

REDACTED = "[redacted]"
PLAIN = (str, int, float, bool, UUID, datetime, Enum, type(None))
SUSPECT = frozenset(
    {
        "url",
        "value",
        "digest",
        "sha256",
        "md5",
        "sha1",
        "pdq",
        "text",
        "body",
        "data",
        "name",
        "ip",
        "account_id",
    }
)
"""Names under which content would be logged by mistake."""


def configure(*, json: bool, quiet: bool = False) -> None:
    """Set up logging for this process. json: machine-readable lines. quiet: warnings and worse only."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KindOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Servers underneath write access logs with paths and query strings; ours replaces them.
    for noisy in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(noisy).disabled = True


def is_quiet() -> bool:
    """Say whether this process logs warnings and worse only: what it starts then does so as well."""
    return not structlog.get_logger().is_enabled_for(logging.INFO)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what may hold content, and reduce exceptions to their kind and place."""
    error = event.pop("exc_info", None)
    for name, value in event.items():
        if name in SUSPECT or not isinstance(value, PLAIN):
            event[name] = REDACTED
        elif isinstance(value, UUID | Enum):
            event[name] = str(value)
    if error:
        event["exception"] = describe(error if isinstance(error, BaseException) else sys.exc_info()[1])
    return event


def describe(error: BaseException | None) -> str:
    """Return an exception's kind and the file and line that raised it, without its words."""
    if error is None:
        return "none"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


class KindOnly(logging.Formatter):
    """Formats records of libraries: their template without arguments, exceptions by kind only."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        error = record.exc_info[1] if record.exc_info else None
        suffix = f" ({describe(error)})" if error else ""
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        return f"{self.formatTime(record)} [{record.levelname.lower()}] {record.name}: {template}{suffix}"
