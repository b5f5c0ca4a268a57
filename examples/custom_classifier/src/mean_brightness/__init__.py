"""A classifier of one's own, as a package out of Safehold's tree."""
