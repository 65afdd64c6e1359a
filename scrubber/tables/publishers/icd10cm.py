"""ICD-10-CM: CDC's tabular XML and order file of one fiscal year."""

COLUMNS = ("part", "code", "text")
"""Lines of the same tables that scrubber ships, for one fiscal year: see :mod:`scrubber.tables.icd10cm_loaded`."""
KEY = 1
