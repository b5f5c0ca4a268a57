"""The audit log's chain: one sequencer puts records on it, and a verifier reads it from the start."""
