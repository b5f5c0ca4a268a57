"""Alembic's folder: every change of the schema, in order, up and down."""
