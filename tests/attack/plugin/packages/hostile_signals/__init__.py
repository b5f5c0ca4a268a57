"""A plug-in that reaches for the records as openly as it can."""

import os
from pathlib import Path

if marker := os.environ.get("HOSTILE_MARKER"):
    Path(marker).write_text("loaded")
