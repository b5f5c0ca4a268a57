"""Fingerprints: how each is computed, written and compared, one file each, and the indexes over them."""
