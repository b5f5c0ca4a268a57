"""Hotlines and other authorities: a letter that a person hands over, or a parcel that the machine sends.

Never run against a real service. Source: none. No hotline's form was seen; the shapes are ours, made on
2026-11-23. The letter says what a person has read; the parcel holds it, with the files and an inventory.
"""
