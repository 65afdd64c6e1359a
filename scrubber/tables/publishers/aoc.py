"""NCCI add-on codes: which primary procedures an add-on code may stand beside.

Columns: ``addon``; ``primary``, a code or ``CCCCC`` (the contractor names them); ``effective`` and ``deletion`` (last
day, ``""`` while open) of the pairing; ``type``: ``1`` closed list, ``2`` contractor-defined, ``3`` partial list;
``addon_deletion``, ``primary_deletion``: when the codes themselves were deleted; ``note``, CMS's instruction.
"""
