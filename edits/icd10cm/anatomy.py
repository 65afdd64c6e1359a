"""What a code's characters and titles tell: why it is not billable on a day, and what it leaves unspecified."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scrubber.tables.icd10cm import CodeStatus, Icd10cm, Seventh, dotted

MOST_SHOWN = 8
"""Codes that a message lists before it says "and … more"."""


def explain_code(table: Icd10cm, code: str, day: date, status: CodeStatus) -> tuple[str, dict[str, str]]:
    """The edit that speaks of a code that is not billable on the day, with the values of its message.

    DX-05 for the seventh character, DX-06 for the placeholder X, DX-01 for a code that has others under it, DX-02 for
    one that is not, or not then, in the code set.
    """
    shown = {"code": dotted(code), "day": str(day)}
    rule = table.seventh(code)
    if rule is not None and (found := _seventh(table, code, day, rule)):
        edit, problem, choices = found
        return edit, {**shown, "problem": problem, "choices": _choices(choices)}
    if status is CodeStatus.CATEGORY:
        return "DX-01", {**shown, "title": table.title(code) or "", "children": _children(table, code, day)}
    if status is CodeStatus.UNKNOWN and (found := _surplus(table, code, day)):
        edit, problem, choices = found
        return edit, {**shown, "problem": problem, "choices": _choices(choices)}
    return "DX-02", {**shown, "problem": _out_of_force(table, code, day, status), "hint": _hint(table, code, day)}


def _seventh(table: Icd10cm, code: str, day: date, rule: Seventh) -> tuple[str, str, list[str]] | None:
    """A fault of the seventh character or of the padding before it, in a category that takes seventh characters."""
    meanings = ", ".join(f"{c} {m}" for c, m in rule.characters.items())
    if len(code) < 7:
        whole = [full for c in rule.characters if table.billable(full := code.ljust(6, "X") + c, day)]
        if whole:
            return "DX-05", f"lacks its seventh character ({meanings})", whole
        last = code[-1]
        if last in rule.characters and len(code) > 3:
            full = code[:-1].ljust(6, "X") + last
            if table.billable(full, day):
                problem = f"has its seventh character {last} in position {len(code)}: X has to fill the gap"
                return "DX-06", problem, [full]
    elif len(code) == 7:
        others = [full for c in rule.characters if table.billable(full := code[:6] + c, day)]
        if others and code[6] not in rule.characters:
            return "DX-05", f"ends in {code[6]}, which {dotted(rule.node)} does not take ({meanings})", others
    stem = code.rstrip("".join(rule.characters)) if len(code) > 7 else code[:6]
    if "X" in stem[3:]:
        return _placeholder(table, code, day)
    return None


def _placeholder(table: Icd10cm, code: str, day: date) -> tuple[str, str, list[str]] | None:
    """An X where the category asks for a digit, or one X too many."""
    if len(code) == 8:
        surplus = code.rindex("X")
        full = code[:surplus] + code[surplus + 1 :]
        if table.billable(full, day):
            return "DX-06", "has one X too many", [full]
    at = code.index("X", 3)
    head = code[:at]
    under = table.children(head, day)
    if under and all(child[at] != "X" for child in under):
        return "DX-06", f"has X where a character of its own is due: {dotted(head)} is divided further", list(under)
    return None


def _surplus(table: Icd10cm, code: str, day: date) -> tuple[str, str, list[str]] | None:
    """A seventh character on a code that is complete without one, as in M54.2XXA."""
    for end in range(len(code) - 1, 2, -1):
        head, tail = code[:end], code[end:]
        if table.billable(head, day):
            if end < 7 and tail[-1] in "ADS" and not tail[:-1].strip("X") and len(code) <= 7:
                return "DX-05", f"has a seventh character, but {dotted(head)} is complete without one", [head]
            return None
    return None


def _out_of_force(table: Icd10cm, code: str, day: date, status: CodeStatus) -> str:
    if status is CodeStatus.UNKNOWN:
        return "is not in ICD-10-CM"
    windows = table.windows(code)
    if windows and windows[0].start > day:
        return f"came into ICD-10-CM on {windows[0].start}"
    if windows and windows[-1].to and windows[-1].to < day:
        return f"left ICD-10-CM after {windows[-1].to}"
    return "was not part of the ICD-10-CM in force then"


def _hint(table: Icd10cm, code: str, day: date) -> str:
    """What the code set knows that comes nearest, or that it knows nothing near."""
    for end in range(min(len(code), 7) - 1, 2, -1):
        head = code[:end]
        if table.billable(head, day):
            return f"{dotted(head)} was billable on that day"
        if table.status(head, day) is CodeStatus.CATEGORY:
            return f"the nearest heading in force is {dotted(head)}, with {_children(table, head, day)}"
    if code[0].isdigit():
        return "it looks like an ICD-9-CM or a procedure code"
    return "no heading like it is in force"


def _children(table: Icd10cm, code: str, day: date) -> str:
    """The billable codes under a heading; where they are many, the next headings (``M54.1-``)."""
    codes = list(table.children(code, day))
    if len(codes) <= MOST_SHOWN:
        return _choices(codes)
    billable = set(codes)
    heads: dict[str, str] = {}
    for child in codes:
        stem = child[: len(code) + 1]
        heads.setdefault(stem, dotted(stem) if stem in billable else dotted(stem).rstrip(".") + "-")
    return _limited(list(heads.values()))


def _choices(codes: list[str]) -> str:
    return _limited([dotted(code) for code in codes])


def _limited(shown: list[str]) -> str:
    more = len(shown) - MOST_SHOWN - 2
    if more > 0:
        return f"{', '.join(shown[: MOST_SHOWN + 2])} and {more} more"
    return ", ".join(shown)


def find_specific(table: Icd10cm, code: str, others: Iterable[str]) -> str:
    """The first of the other codes that says more exactly what this "unspecified" code leaves open, or ``""``.

    The family of an unspecified code is the nearest heading above it whose title does not say unspecified itself:
    M54 for M54.9, M50 for M50.90, but M25.6 for M25.60.
    """
    stem = family = code[:6].rstrip("X") if len(code) == 7 and table.seventh(code) else code
    # ICD-10-CM writes "unspecified" as 9, or as 0 at the end; other endings name a side or a kind.
    while len(family) > 3 and family[-1] in "09" and "unspecified" in (table.title(family) or "").lower():
        family = family[:-1].rstrip("X")
    if family == stem:
        return ""
    for other in others:
        if other != code and other.startswith(family):
            title = table.title(other)
            if title and "unspecified" not in title.lower():
                return other
    return ""
