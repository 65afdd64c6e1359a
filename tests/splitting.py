"""Files of many claims under many levels, and a plain reader of them that shares nothing with the product: who split
such a file must not have moved a claim to another patient."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import strategies as st

ISA = (
    "ISA*00*          *00*          *ZZ*CBB0101        *ZZ*PRCH01         *260916*0830*^*00501*{:09d}*0*T*:~"
)  # fmt: skip

PROVIDERS = (("CEDAR BRIDGE SPINE CENTER", "2990001010"), ("LANTERN HILL FAMILY PRACTICE", "2990002018"))
PEOPLE = ("CORWIN*JASPER", "MARLOWE*INGRID", "ASHDOWN*EDITH", "OKONJO*DELPHINE", "FERNSBY*ALMA")


class Under(NamedTuple):
    """A claim, and what it stands under: control numbers, and the segments of its levels but for their HL."""

    isa: str
    gs: str
    st: str
    provider: tuple[str, ...]
    subscriber: tuple[str, ...]
    patient: tuple[str, ...]
    claim: bytes


Claims = int
Subscriber = tuple[Claims, list[Claims]]
"""Claims of the subscriber's own, and of each patient."""
Shape = list[list[list[list[list[Subscriber]]]]]
"""Interchanges of groups of sets of providers of subscribers."""

_subscribers = st.one_of(
    st.tuples(st.integers(1, 3), st.just([])),
    st.tuples(st.just(0), st.lists(st.integers(1, 2), min_size=1, max_size=3)),
)
shapes = st.lists(
    st.lists(
        st.lists(
            st.lists(st.lists(_subscribers, min_size=1, max_size=3), min_size=1, max_size=2), min_size=1, max_size=2
        ),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=2,
)


class Writer:
    """Writes a file of this shape, clean to the guide."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.number = 0

    def write(self, shape: Shape) -> str:
        for i, groups in enumerate(shape, 1):
            self.out.append(ISA.format(i))
            for g, sets in enumerate(groups, 1):
                self.out.append(f"GS*HC*CBB0101*PRCH01*20260916*0830*{g}*X*005010X222A1~")
                for s, providers in enumerate(sets, 1):
                    self._set(f"{s:04d}", providers)
                self.out.append(f"GE*{len(sets)}*{g}~")
            self.out.append(f"IEA*{len(groups)}*{i:09d}~")
        return "".join(self.out)

    def _set(self, number: str, providers: list[list[Subscriber]]) -> None:
        start = len(self.out)
        self.out += [
            f"ST*837*{number}*005010X222A1~",
            f"BHT*0019*00*BATCH{number}*20260916*0830*CH~",
            "NM1*41*2*CEDAR BRIDGE BILLING*****46*CBB0101~",
            "PER*IC*DANA WHITLOCK*TE*2175550142~",
            "NM1*40*2*PRAIRIE CLEARINGHOUSE*****46*PRCH01~",
        ]
        hl = 0
        for p, subscribers in enumerate(providers):
            hl += 1
            above = hl
            name, npi = PROVIDERS[p % 2]
            self.out += [
                f"HL*{hl}**20*1~",
                f"NM1*85*2*{name}*****XX*{npi}~",
                "N3*410 ALDER STREET~",
                "N4*SPRINGFIELD*IL*627014410~",
                "REF*EI*890010101~",
            ]
            for s, (own, patients) in enumerate(subscribers):
                hl += 1
                subscriber = hl
                person = PEOPLE[(p + s) % 5]
                self.out += [
                    f"HL*{hl}*{above}*22*{int(bool(patients))}~",
                    f"SBR*P*{'' if patients else '18'}*NF2200******CI~",
                    f"NM1*IL*1*{person}****MI*NFH4001{p}{s}~",
                ]
                if not patients:
                    self.out += ["N3*5 HARBOR STREET~", "N4*SPRINGFIELD*IL*627030005~", "DMG*D8*19840219*M~"]
                self.out.append("NM1*PR*2*NORTHFIELD HEALTH PLAN*****PI*NFHP1~")
                self._claims(own)
                for n, claims in enumerate(patients):
                    hl += 1
                    self.out += [
                        f"HL*{hl}*{subscriber}*23*0~",
                        "PAT*19~",
                        f"NM1*QC*1*CORWIN*WREN{n}~",
                        "N3*5 HARBOR STREET~",
                        "N4*SPRINGFIELD*IL*627030005~",
                        "DMG*D8*20110607*F~",
                    ]
                    self._claims(claims)
        self.out.append(f"SE*{len(self.out) - start + 1}*{number}~")

    def _claims(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.out += [
                f"CLM*SPLIT-{self.number}*{100 + self.number}.{self.number:02d}***11:B:1*Y*A*Y*Y~",
                "HI*ABK:M542~",
                "LX*1~",
                f"SV1*HC:99213*{100 + self.number}.{self.number:02d}*UN*1***1~",
                "DTP*472*D8*20260915~",
                f"REF*6R*L{self.number}~",
            ]


def lay_out(text: str, layout: str) -> bytes:
    """The same file with other line ends, delimiters, or lines broken at 80."""
    if layout == "lines":
        return text.replace("~", "~\n").encode()
    if layout == "windows":
        return text.replace("~", "~\r\n").encode()
    if layout == "pipes":
        return text.translate(str.maketrans("*:~", "|>!")).encode()
    if layout == "wrapped":
        return "\r\n".join(text[at : at + 80] for at in range(0, len(text), 80)).encode()
    return text.encode()


LAYOUTS = ("plain", "lines", "windows", "pipes", "wrapped")


def list_claims(data: bytes) -> list[Under]:
    """The claims of a clean file with what they stand under, read in the plainest way."""
    if not data:
        return []
    element, terminator = chr(data[3]), chr(data[105])
    levels: dict[str, tuple[str, ...]] = {}
    found: list[Under] = []
    keys = {"ISA": "", "GS": "", "ST": ""}
    position = {"ISA": 13, "GS": 6, "ST": 2}
    level = ""
    for match in re.finditer(rb"[^%b]*%b\s*" % ((re.escape(terminator.encode()),) * 2), data):
        raw = match[0]
        elements = raw.decode("latin-1").split(terminator)[0].strip().split(element)
        name = elements[0]
        if name in keys:
            keys[name] = elements[position[name]]
            levels, level = {}, ""
        elif name == "HL":
            level = elements[3]
            levels = {code: text for code, text in levels.items() if code < level} | {level: ()}
        elif name == "CLM":
            level = "CLM"
            above = (levels.get("20", ()), levels.get("22", ()), levels.get("23", ()))
            found.append(Under(keys["ISA"], keys["GS"], keys["ST"], *above, raw))
        elif name in ("SE", "GE", "IEA"):
            level = ""
        elif level == "CLM":
            found[-1] = found[-1]._replace(claim=found[-1].claim + raw)
        elif level:
            levels[level] += (element.join(elements),)
    return found
