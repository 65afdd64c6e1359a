"""NCCI medically unlikely edits, practitioner services: the units of a code beyond which Medicare does not pay.

Columns: ``code``; ``units``, a whole number as text (0: never payable); ``mai``, the adjudication indicator: ``1``
line, ``2`` day by policy, ``3`` day by clinical benchmark; ``rationale``, CMS's words.
"""
