"""Years that others have published, made anew from synthetic facts, to check the rules of counting."""
