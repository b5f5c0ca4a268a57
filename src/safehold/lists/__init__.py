"""What is known: lists, where their entries come from, and the forms in which they are written down."""
