"""The one door to the compiled core; where it could not be built, the NumPy reference answers, slower.

Both give the same digests for pictures of quality 50 and above, and exactly the same search results.
"""

from __future__ import annotations

try:
    from safehold._native import hamming_scan, pdq_luma, pdq_rgb, pdq_scaled, version

    def kernel() -> str:
        """Return "native" where the compiled core answers, "numpy" where the reference does."""
        return "native"

except ImportError:
    from safehold.signals.reference import hamming_scan, pdq_luma, pdq_rgb, pdq_scaled, version

    def kernel() -> str:
        """Return "native" where the compiled core answers, "numpy" where the reference does."""
        return "numpy"


__all__ = ["hamming_scan", "kernel", "pdq_luma", "pdq_rgb", "pdq_scaled", "version"]
