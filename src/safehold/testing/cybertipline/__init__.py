"""A strict CyberTipline on loopback, for rehearsing and for testing what files reports with it."""

from safehold.testing.cybertipline.mishaps import SlippingClock, arrange
from safehold.testing.cybertipline.server import CyberTiplineServer, Fault, FiledFile, FiledReport, Moment

__all__ = [
    "CyberTiplineServer",
    "Fault",
    "FiledFile",
    "FiledReport",
    "Moment",
    "SlippingClock",
    "arrange",
]
