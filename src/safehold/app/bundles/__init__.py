"""Bundles for hand-over as the operator has them: asked for, agreed to, made, verified."""
