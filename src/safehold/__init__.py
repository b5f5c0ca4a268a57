"""Safehold finds known child sexual abuse material and carries each human decision through."""
