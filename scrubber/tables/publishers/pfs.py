"""Medicare physician fee schedule, relative value file (PPRRVU): payment indicators, no amounts."""

COLUMNS = (
    "code", "modifier", "status", "pc_tc", "global_days", "multiple", "bilateral", "assistant", "co_surgeons", "team",
    "endoscopic_base", "supervision", "imaging_family",
)  # fmt: skip
"""Indicators as CMS writes them (``status`` A, B, C …; ``pc_tc`` 0 to 9; ``global_days`` 000, 010, 090, MMM, XXX, YYY,
ZZZ; ``multiple`` … ``team`` one character; ``supervision`` two digits: physician supervision of diagnostic procedures).
A code has a row for each ``modifier`` it is listed with (``""``, 26, TC, 53)."""
KEY = 1
