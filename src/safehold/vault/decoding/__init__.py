"""Decoding in worker processes: the parent's side is pool.py, the worker's side starts in worker.py."""
