"""NUCC health care provider taxonomy: codes and the days on which they may be used."""

COLUMNS = ("code", "effective", "deactivated", "section", "replacement")
"""``effective`` and ``deactivated`` (first day of no use) ISO, ``""`` where the file does not tell or while in use;
``section`` ``Individual`` or ``Non-Individual``, ``""`` in old files; ``replacement`` the code to use instead."""
KEY = 1
