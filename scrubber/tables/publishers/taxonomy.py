"""NUCC health care provider taxonomy: codes and the days on which they may be used.

Columns: ``code``; ``effective`` first and ``last`` last day of use, ``""`` where the file does not tell or while in
use; ``replacement``, the code to use instead; ``classification``, ``specialization``; ``section`` ``Individual`` or
``Non-Individual``, ``""`` in old files.
"""
