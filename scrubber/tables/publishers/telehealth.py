"""CMS's list of services that Medicare pays as telehealth, by calendar year."""

COLUMNS = ("code", "status", "audio_only", "limits")
"""``status`` as the list words it (``Permanent``, ``Provisional``; in a list of changes ``Maintain``, ``Addition``,
``Removal``), ``audio_only`` and ``limits`` as worded, ``""`` where the list has no such column."""
KEY = 1
