"""Who comes in: people by password and session, platforms by key."""
