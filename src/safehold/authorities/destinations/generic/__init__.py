"""Hotlines and other authorities: a letter that a person hands over, in a shape of its own.

Never run against a real service. Source: none. No hotline's form was seen; the shape is ours, made on
2026-11-23, and says what the letter says that a person has read.
"""
