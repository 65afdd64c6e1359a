"""NCCI add-on codes: which primary procedures an add-on code may stand beside."""

COLUMNS = ("add_on", "primary", "type", "effective", "deletion", "add_on_deletion", "primary_deletion", "note")
"""``primary`` is a code or ``CCCCC`` (the contractor names them); ``type`` ``1`` closed list, ``2`` contractor-defined,
``3`` partial list; ``effective`` and ``deletion`` (last day) of the pairing, ISO dates, ``""`` for open; the other two
are the days on which the codes themselves were deleted; ``note`` CMS's special instruction."""
KEY = 1
