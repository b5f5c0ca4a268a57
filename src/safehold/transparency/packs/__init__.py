"""Packs for regulators: what each asks, in data files, with the evidence that is on record and its gaps."""
