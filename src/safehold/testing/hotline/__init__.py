"""A strict hotline on loopback: its desk opens and checks parcels, and takes each report once.

The shape is ours; nothing here is known of any real hotline.
"""

from safehold.testing.hotline.desk import Desk, Taken, Unfit
from safehold.testing.hotline.webhook import Fault, Hotline

__all__ = ["Desk", "Fault", "Hotline", "Taken", "Unfit"]
