"""Readers of the publishers' own files, one module a kind: see ``scrubber.tables.kinds`` for what each provides."""
