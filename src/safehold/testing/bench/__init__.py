"""Measurements of this machine against what others use, for `safehold bench`: ratios within one run."""
