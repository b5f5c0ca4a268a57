"""Keep children from harm before anything happened: safe defaults, words that help, and help lines."""
