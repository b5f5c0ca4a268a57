"""The HTTP API for platforms."""
