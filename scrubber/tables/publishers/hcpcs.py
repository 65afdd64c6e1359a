"""HCPCS Level II: CMS's codes and modifiers, with the days on which each may be used."""

COLUMNS = ("code", "record", "added", "terminated", "action", "action_date", "coverage", "pricing")
"""``record`` ``procedure`` or ``modifier`` (two characters); ``added`` first and ``terminated`` last day of use, ISO,
``""`` while open; ``action`` (A add, B C F S T changes, D discontinue, N none, P payment, R re-activate) in force from
``action_date``; ``coverage`` one letter; ``pricing`` two digits."""
KEY = 1
