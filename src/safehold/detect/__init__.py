"""Compare and suspect: what an input matches, what could not be checked, and what follows for the answer."""
