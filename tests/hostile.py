"""Files that mean harm to whoever renders them: markup, style and script in every element."""

from __future__ import annotations

import random

from reporting import QUICKSTART

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title></summary></details><h1>PAID</h1>",
    "<!--",
    "-->",
    "]]>",
    "&lt;b&gt;&#60;i&#62;&amp",
    "javascript:alert(1)",
    "<a href=//example.invalid>claim</a>",
    '=HYPERLINK("http://example.invalid";"x")',
    "\x1b[31m\x07\x00\x08",
    "\xa0\xad\x85\x80\xff",
    "{value} {0} %s %(x)s ${x}",
    "\r\n\t\x0b\x0c",
    "*:^~",
    "A" * 3_000,
)

UNUSUAL = ("\x1d", "\x1f", "\x1e", "\x1c")
"""Delimiters that no payload holds: element, component, repetition, segment."""


def poison(seed: int, share: float, extra: str = "") -> bytes:
    """The quickstart file with a share of its elements replaced, the same for the same arguments. ``extra`` is one more
    payload."""
    choice = random.Random(seed)
    element, component, repetition, segment = UNUSUAL
    payloads = [*PAYLOADS, "".join(c for c in extra if c not in UNUSUAL)]
    segments = []
    for written in QUICKSTART.read_text("ascii").replace("\n", "").split("~"):
        parts = written.split("*")
        if parts[0] == "ISA":
            parts[11], parts[16] = repetition, component
        else:
            structural = parts[0] in ("ST", "SE", "GS", "GE", "IEA", "HL", "LX", "")
            for number in range(1, len(parts)):
                if parts[0] in ("NM1", "SBR", "DTP", "REF", "HI") and number == 1:
                    structural = choice.random() < 0.95  # Now and then a qualifier, too.
                if not structural and choice.random() < share:
                    parts[number] = "".join(choice.choice(payloads) for _ in range(choice.choice((1, 1, 2))))
                else:
                    parts[number] = parts[number].replace(":", component)
                structural = structural and parts[0] in ("ST", "SE", "GS", "GE", "IEA", "HL", "LX")
        segments.append(element.join(parts))
    return segment.join(segments).encode("latin-1", "replace")
