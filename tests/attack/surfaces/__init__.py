"""A package, so that what its tests share is closed before the tests of another folder begin."""
