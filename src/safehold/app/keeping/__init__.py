"""Keeping an installation alive: its master key, and its backups."""
