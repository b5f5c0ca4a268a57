"""The reader: a process of its own that alone holds the private key, and everything that speaks with it."""
