"""Classifiers: plug-ins that estimate, and the panel that asks them within a request's time.

Nothing here can hold, block or report: what comes out is a flag, a request that a person look.
"""
