"""Settings, wiring, the reaction table, and what crosses stages: the only room that knows them all."""
