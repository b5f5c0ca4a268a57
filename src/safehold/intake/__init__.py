"""Things come in: what was sent is recorded once, where it appeared beside it, and can be forgotten apart."""
