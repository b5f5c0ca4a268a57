"""What it is really after."""

import psycopg

from safehold.jobs.record import Recorder
from safehold.storage import assessments

WANTED = (psycopg, Recorder, assessments)
