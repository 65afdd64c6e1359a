"""CMS's list of services that Medicare pays as telehealth, by calendar year.

Columns: ``code``; ``status`` as the list words it (``Permanent``, ``Provisional``; in a list of changes ``Maintain``,
``Addition``, ``Removal``); ``audio_only`` and ``limits`` as worded, ``""`` where the list has no such column.
"""
