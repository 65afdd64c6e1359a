"""Corrections of a file's format: what findings offer (``orders``), what may be changed at all (``meaning``), and the
file with them (``rewrite``). Clinical and financial values are never touched."""
