"""The one door to the compiled core; where it could not be built, the NumPy reference answers, slower.

Both give the same digests for pictures of quality 50 and above, and exactly the same search results.
"""

from __future__ import annotations

try:
    from safehold._native import (
        checksum,
        hamming_scan,
        instruction_sets,
        part_table,
        pdq_luma,
        pdq_rgb,
        pdq_scaled,
        scan_rows,
        search_parts,
        version,
    )

    def kernel() -> str:
        """Return "native" where the compiled core answers, "numpy" where the reference does."""
        return "native"

except ImportError:
    from safehold.signals.reference import hamming_scan, pdq_luma, pdq_rgb, pdq_scaled, version
    from safehold.signals.reference_search import (
        checksum,
        instruction_sets,
        part_table,
        scan_rows,
        search_parts,
    )

    def kernel() -> str:
        """Return "native" where the compiled core answers, "numpy" where the reference does."""
        return "numpy"


__all__ = [
    "checksum",
    "hamming_scan",
    "instruction_sets",
    "kernel",
    "part_table",
    "pdq_luma",
    "pdq_rgb",
    "pdq_scaled",
    "scan_rows",
    "search_parts",
    "version",
]
