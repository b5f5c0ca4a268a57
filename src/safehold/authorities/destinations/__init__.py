"""Where authority reports go: one package per destination, each inert until an operator enables it."""
