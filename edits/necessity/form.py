"""The form of the ``params`` that this pack's checks read, for those who write entries: see ``pack.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from scrubber.finding import Severity
from scrubber.spelling import suggest
from scrubber.tables.starter import read_starter

_PROCEDURE = re.compile(r"[0-9A-Z]{5}(-[0-9A-Z]{5})?")
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z.]{0,6}(-[A-Z][0-9][0-9A-Z.]{0,6})?")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")

_LISTS = {
    "procedures": _PROCEDURE, "with": _PROCEDURE, "supports": _DIAGNOSIS, "insufficient": _DIAGNOSIS,
    "elsewhere": _DIAGNOSIS, "adds_nothing": _DIAGNOSIS, "asked_by": _DIAGNOSIS, "diagnoses": _DIAGNOSIS,
    "nothing_but": _DIAGNOSIS, "unless": _MODIFIER,
}  # fmt: skip
"""Keys that hold a list of codes, and how each of them is written."""

_WEIGHTS = tuple(severity.value for severity in Severity)
_WORDS = {"otherwise": ("unchecked", "silent", "info", "warning"), "severity": _WEIGHTS}
_NUMBERS = ("visits", "window_days")
_TEXTS = ("service", "problem", "says")

_RULE = ("procedures", "service", "supports", "insufficient", "elsewhere", "adds_nothing", "otherwise", "severity",
         "problem")  # fmt: skip
_LIMIT = ("visits", "window_days", "says", "procedures", "diagnoses", "nothing_but", "unless", "severity")
_BESIDE = ("procedures", "with", "asked_by", "problem")


def rule_form(params: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the params of an entry for ``supported`` or ``supported_in_company``."""
    yield from _table("", params, (*_RULE, "further", "limits", "beside"), ("procedures", "service"))
    for name, keys, needed in (("further", _RULE, ("procedures", "service")), ("limits", _LIMIT, _LIMIT[:3])):
        yield from _tables(name, params.get(name, []), keys, needed)
    if "beside" in params:
        yield from _tables("beside", [params["beside"]], _BESIDE, _BESIDE)


def limit_form(params: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the params of an entry for ``too_many_visits``."""
    yield from _table("", params, ("limits",), ("limits",))
    yield from _tables("limits", params.get("limits", []), _LIMIT, _LIMIT[:3])


@lru_cache(maxsize=1)
def _groups() -> tuple[str, ...]:
    """The groups of diagnoses that an entry may name."""
    return tuple(row["group"] for row in read_starter("necessity", "diagnosis_groups.csv"))


def _tables(name: str, given: Any, keys: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(given, list) or not all(isinstance(table, Mapping) for table in given):
        yield f"`{name}` is a list of tables"
        return
    for table in given:
        yield from _table(f"{name}: ", table, keys, needed)


def _table(place: str, table: Mapping[str, Any], keys: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[str]:
    for key in needed:
        if key not in table:
            yield f"{place}`{key}` is missing"
    for key, value in table.items():
        if key not in keys:
            yield f"{place}no such key `{key}`{suggest(key, keys)} (known: {', '.join(keys)})"
        elif problem := _value(key, value):
            yield f"{place}`{key}` {problem}"


def _value(key: str, value: Any) -> str:
    """What is wrong with a value, ``""`` when nothing is."""
    if key in _LISTS:
        if not isinstance(value, list | tuple) or not value:
            return "is a list of codes"
        parts = [part for item in value for part in str(item).split("+")]
        groups = _groups() if _LISTS[key] is _DIAGNOSIS else ()
        wrong = [part for part in parts if part not in groups and not _LISTS[key].fullmatch(part)]
        return f"holds `{wrong[0]}`, which is no code and no group{suggest(wrong[0], groups)}" if wrong else ""
    if key in _WORDS and value not in _WORDS[key]:
        return f"is one of {', '.join(_WORDS[key])}, not `{value}`"
    if key in _NUMBERS and not (type(value) is int and value > 0):
        return f"is a whole number above 0, not `{value}`"
    return "is a text" if key in _TEXTS and not isinstance(value, str) else ""
