"""Files damaged at random, as transmission and careless software damage them."""

from __future__ import annotations

import random

ODD = ("", "X", "^", "\xe9" * 5, "A" * 120, "-1", "20261399", "1e5", "\x07", "::", " ", "a:b:c", "9" * 20)
STRAY = (
    "ZZZ*1", "N3*X", "REF*XX*1", "CLM*A*1***11:B:1*Y*A*Y*Y", "HL*9*9*22*0", "", "SVC*1", "nm1*85", "SE*1*0001",
    "ST*837*0002", "GE*1*116", "IEA*1*1",
)  # fmt: skip


def damage(text: str, seed: int) -> str:
    """A file with up to four faults: segments lost, doubled, moved or cut off, elements emptied or filled oddly."""
    chance = random.Random(seed)
    segments = text.split("~\n")
    for _ in range(chance.randint(1, 4)):
        if len(segments) < 4:
            break
        at, to = (chance.randrange(1, len(segments) - 1) for _ in range(2))
        elements = segments[at].split("*")
        element = chance.randrange(1, max(2, len(elements)))
        match chance.randrange(7):
            case 0:
                del segments[at]
            case 1:
                segments.insert(at, segments[at])
            case 2 | 3 if len(elements) > 1:
                elements[element] = chance.choice(ODD)
                segments[at] = "*".join(elements)
            case 4:
                segments[at], segments[to] = segments[to], segments[at]
            case 5:
                segments.insert(at, chance.choice(STRAY))
            case 6 if chance.random() < 0.3:
                segments = [*segments[:at], ""]
    return "~\n".join(segments)
