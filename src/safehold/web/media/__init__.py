"""Where pictures come from: an origin of its own that knows no cookie and no page, and forgets at once."""
