"""Shipped for plug-in authors and for us: builders, conformance kits, strict local servers."""
