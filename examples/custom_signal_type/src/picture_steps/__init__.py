"""A signal type of one's own, as a package out of Safehold's tree."""
