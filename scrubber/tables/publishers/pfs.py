"""Medicare physician fee schedule, relative value file (PPRRVU): payment indicators, no amounts.

Columns: ``code``; ``modifier`` (``""``, 26, TC, 53: a row each); indicators as CMS writes them: ``status`` (A, B, C …),
``pctc`` (0 to 9), ``global_days`` (000, 010, 090, MMM, XXX, YYY, ZZZ), ``pre_op``, ``intra_op``, ``post_op`` shares,
``multiple``, ``bilateral``, ``assistant``, ``co_surgeons``, ``team`` (one character each), ``endoscopic_base`` (a code
or ``""``), ``supervision`` (two digits, physician supervision of diagnostic procedures).
"""
