"""JSON as it is written out: no byte of it can move a terminal that it is shown on."""

from __future__ import annotations

import re
from typing import Any

import orjson

_C1 = re.compile(rb"\xc2([\x80-\x9f])")
"""Control characters from U+0080 to U+009F in UTF-8. To some terminals U+009B begins a command; JSON lets it be."""


def dumps(value: Any) -> bytes:
    """As ``orjson.dumps``, with every control character escaped."""
    text = orjson.dumps(value)
    return _C1.sub(_escape, text) if b"\xc2" in text else text


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % found[1][0]
