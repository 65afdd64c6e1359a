"""NCCI medically unlikely edits, practitioner services: the units of a code beyond which Medicare does not pay."""

COLUMNS = ("code", "units", "mai", "rationale")
"""``units`` whole number as text (0: never payable); ``mai`` adjudication indicator ``1`` line, ``2`` day by policy,
``3`` day by clinical benchmark; ``rationale`` CMS's words."""
KEY = 1
