"""HCPCS Level II: CMS's codes and modifiers, with the days on which each may be used.

Columns: ``code``; ``sort``: ``procedure`` or ``modifier`` (two characters); ``added`` first and ``terminated`` last day
of use, ``""`` while open; ``action`` (A add; B C F S T changes; D discontinue; N none; P payment; R re-activate) and
``action_date``, since when; ``coverage`` one letter; ``pricing`` two digits.
"""
