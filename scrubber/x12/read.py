"""A file to interchanges, groups and sets: the envelopes, their counts and control numbers, and what is no 837P.

``read`` yields the events of ``events.py`` in file order. Every oddity of real files (a byte-order mark, text around
the ISA, lines broken or indented, a last segment without its terminator, wrong ISA widths) is one finding, and the
file is read on.
"""

from __future__ import annotations

from collections.abc import Iterator

from scrubber.finding import Finding, Location, Severity
from scrubber.x12.events import (
    ClaimRead,
    GroupClosed,
    GroupOpened,
    InterchangeClosed,
    InterchangeOpened,
    ReaderEvent,
    SetClosed,
    SetOpened,
    Unreadable,
)
from scrubber.x12.guide import Guide, shipped
from scrubber.x12.recover import ForgivingWalker
from scrubber.x12.segments import Isa, Segment, Source, Splitter, read_isa
from scrubber.x12.walk import Walker

GUIDE = "005010X222A1"
OLDER_GUIDES = frozenset(("005010X222", "005010X222A2"))
"""Versions judged by the A1 guide, with one finding."""

ENVELOPE_NAMES = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"))

KINDS = {
    "005010X223": "an institutional claim (837I)",
    "005010X224": "a dental claim (837D)",
    "005010X221": "a remittance advice (835)",
    "005010X279": "an eligibility inquiry or response (270/271)",
    "005010X212": "a claim status inquiry or response (276/277)",
    "005010X214": "a claim acknowledgement (277CA)",
    "005010X231": "an implementation acknowledgement (999)",
    "005010X220": "a benefit enrolment (834)",
    "005010X218": "a premium payment (820)",
    "005010X217": "a services review (278)",
    "004010X098": "a professional claim of the older version 4010",
    "004010X096": "an institutional claim of the older version 4010",
    "004010X097": "a dental claim of the older version 4010",
}

ISA_NOTES = (
    "010", "011", "012", "013", "005", "006", "007", "008", "014", "015", "016", "017", "018", "019", "020", "027",
)  # fmt: skip
"""TA105 for each element of the ISA, ISA01 first."""

PROBE = 1 << 16
"""Bytes searched for an ISA before a file is called something else."""


def read(source: Source, guide: Guide | None = None) -> Iterator[ReaderEvent]:
    """Read a whole source. Ends with Unreadable when nothing in it could be judged; never raises on bad data."""
    return _Reader(source, guide or shipped()).events()


class _Reader:
    def __init__(self, source: Source, guide: Guide) -> None:
        self.source = source
        self.guide = guide
        self.found: list[Finding] = []
        """Findings that wait for their envelope's event."""
        self.isa: Isa | None = None
        self.gs: list[str] | None = None
        self.walker: Walker | None = None
        self.st: list[str] = []
        self.groups = 0
        self.sets = 0
        self.judged = 0
        self.refused: str | None = None
        self.skip_group = False
        self.skip_set = False
        self.seen_isa: set[tuple[str, ...]] = set()
        self.seen_gs: set[str] = set()
        self.seen_st: set[str] = set()
        self.start = 0
        self.junk = False
        self.indented = False
        self.moved: str | None = None

    def events(self) -> Iterator[ReaderEvent]:
        head = self.source.peek(PROBE)
        if reason := _not_x12(head):
            self.source.drain()
            yield Unreadable(reason)
            return
        offset = head.find(b"ISA")
        isa = read_isa(head[offset : offset + 600].decode("latin-1"))
        if isa is None:
            self.source.drain()
            yield Unreadable("The file starts like an X12 interchange, but its ISA segment is damaged: "
                             "its 16 elements and the segment terminator cannot be made out", offset)  # fmt: skip
            return
        before = head[:offset]
        self._skip(offset)
        self._before_isa(before)
        splitter = Splitter(self.source, isa.delimiters.segment, offset)
        while (pieces := splitter.next()) is not None:
            offset = splitter.offset
            index = 0
            if splitter.unterminated:
                self._note("004", "The last segment has no segment terminator", Severity.WARNING, offset, len(pieces[0]))
            while index < len(pieces):
                if self.walker is not None and not self.skip_set:
                    walker = self.walker
                    index, offset = walker.feed(pieces, index, offset)
                    for loop in walker.claims:
                        yield ClaimRead(loop, walker.delimiters)
                    walker.claims.clear()
                    if walker.done:
                        yield from self._close_set(offset)
                    continue
                text = pieces[index].strip("\r\n\t ")
                start = offset + len(pieces[index]) - len(pieces[index].lstrip("\r\n\t "))
                if text[:3] == "ISA" and (other := read_isa(text + splitter.terminator)) is not None:
                    end = start + other.length
                    if other.delimiters.segment != splitter.terminator and other.length < len(text):
                        # The new interchange has another terminator: give back all that follows its ISA.
                        rest = splitter.terminator.join([text[other.length + 1 :], *pieces[index + 1 :], splitter.rest()])
                        self.source.push(rest.encode("latin-1"))
                        pieces = pieces[: index + 1]
                        splitter.terminator = other.delimiters.segment
                        pieces[index] = pieces[index][: start - offset + other.length]
                    self.start = start
                    yield from self._open_interchange(other)
                    offset = end + 1
                    index += 1
                    continue
                offset += len(pieces[index]) + 1
                index += 1
                self.start = start
                if text:
                    yield from self._envelope(text, start)
            splitter.offset = offset + splitter.dropped
            splitter.dropped = 0
        yield from self._finish(splitter)

    def _skip(self, count: int) -> None:
        """Drop what stands before the ISA."""
        if count:
            data = self.source.read()
            self.source.push(data[count:])

    def _before_isa(self, before: bytes) -> None:
        if before.startswith(b"\xef\xbb\xbf"):
            self._note("022", "The file begins with a byte-order mark (BOM), which is no part of X12", Severity.WARNING, 0, 3)
            before = before[3:]
        if before.strip():
            self._note("022", "Text stands before the ISA segment", Severity.WARNING, 0, len(before))

    # Envelope segments -------------------------------------------------------------------------------------------

    def _envelope(self, text: str, start: int) -> Iterator[ReaderEvent]:
        isa = self.isa
        elements = text.split(isa.delimiters.element if isa else "*")
        name = elements[0]
        if name not in ENVELOPE_NAMES or isa is None:
            if self.skip_set or self.skip_group:
                return  # A set that we do not judge: its segments are none of our business.
            if not self.junk:
                self.junk = True
                self._note("024" if self.gs is None else "022", "Text or segments stand between the envelopes, where none belong",
                           Severity.REJECT, start, len(name))  # fmt: skip
            return
        if name == "GS":
            yield from self._close_group(None)
            yield from self._open_group(elements)
        elif name == "ST":
            yield from self._close_set(start)
            yield from self._open_set(elements)
        elif name == "SE":
            if self.skip_set:
                self.skip_set = False
                self.walker = None
            elif not self.skip_group:
                self._note("024", "An SE segment stands outside a transaction set", Severity.REJECT, start, 2)
        elif name == "GE":
            yield from self._close_group(elements)
        elif name == "IEA":
            yield from self._close_interchange(elements)

    def _open_interchange(self, isa: Isa) -> Iterator[ReaderEvent]:
        if self.isa is not None:
            yield from self._close_interchange(None)
        self.isa = isa
        self.groups = 0
        self.seen_gs.clear()
        self._check_isa(isa)
        yield InterchangeOpened(isa.elements, isa.delimiters, self.start)

    def _check_isa(self, isa: Isa) -> None:
        elements = isa.elements
        if wrong := isa.wrong_widths:
            names = ", ".join(f"ISA{n:02d}" for n in wrong)
            self._isa(wrong[0], f"{names} {'has' if len(wrong) == 1 else 'have'} the wrong width: ISA elements are padded to a fixed width")
        version = elements[12]
        if version != "00501":
            self._isa(12, f"ISA12 (Interchange Control Version Number) is {version or 'empty'}, not 00501")
        elif not isa.delimiters.repetition:
            self._isa(11, f"ISA11 (Repetition Separator) is {elements[11] or 'empty'}, which cannot separate", Severity.WARNING)
        if elements[1] not in ("00", "03") and 1 not in wrong:
            self._isa(1, "ISA01 (Authorization Information Qualifier) is neither 00 nor 03")
        if elements[3] not in ("00", "01") and 3 not in wrong:
            self._isa(3, "ISA03 (Security Information Qualifier) is neither 00 nor 01")
        for number in (5, 7):
            if elements[number] not in ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ") and number not in wrong:
                self._isa(number, f"ISA{number:02d} (Interchange ID Qualifier) is not one that the guide allows")
        for number, role in ((6, "Sender"), (8, "Receiver")):
            if not elements[number].strip():
                self._isa(number, f"ISA{number:02d} (Interchange {role} ID) is empty")
        if 9 not in wrong and not _short_date(elements[9]):
            self._isa(9, "ISA09 (Interchange Date) is no date that exists (written YYMMDD)")
        if 10 not in wrong and not _clock(elements[10]):
            self._isa(10, "ISA10 (Interchange Time) is no time that exists (written HHMM)")
        if 13 not in wrong and not elements[13].isdecimal():
            self._isa(13, "ISA13 (Interchange Control Number) is not nine digits")
        if 14 not in wrong and elements[14] not in ("0", "1"):
            self._isa(14, "ISA14 (Acknowledgment Requested) is neither 0 nor 1")
        if 15 not in wrong and elements[15] not in ("P", "T"):
            self._isa(15, "ISA15 (Interchange Usage Indicator) is neither P nor T")
        keys = (elements[5], elements[6], elements[7], elements[8], elements[13])
        if keys in self.seen_isa:
            self._note("025", f"ISA13 {elements[13]} was already used in this file by the same sender", Severity.REJECT, self.start, 3)
        if len(self.seen_isa) < 100_000:
            self.seen_isa.add(keys)

    def _open_group(self, gs: list[str]) -> Iterator[ReaderEvent]:
        self.gs = gs
        self.groups += 1
        self.sets = 0
        self.seen_st.clear()
        self.junk = False
        self.skip_group = False
        offset = self.start
        code, version = _get(gs, 1), _get(gs, 8)
        yield GroupOpened(gs, offset)
        if code != "HC":
            self.skip_group = True
            self.refused = self.refused or _what_it_is(code, version)
            self._group("1", f"GS01 is {code or 'empty'}: {_what_it_is(code, version)}", 1, gs)
        elif version not in OLDER_GUIDES and version != GUIDE:
            self.skip_group = True
            self.refused = self.refused or _what_it_is(code, version)
            self._group("2", f"GS08 is {version or 'empty'}: {_what_it_is(code, version)}", 8, gs)
        elif version != GUIDE:
            self._group("2", f"GS08 is {version}: judged by the guide {GUIDE}, which replaced it", 8, gs, Severity.WARNING)
        control = _get(gs, 6)
        if not self.skip_group:
            if not (control.isdecimal() and 1 <= len(control) <= 9):
                self._group("6", "GS06 (Group Control Number) is not one to nine digits", 6, gs)
            elif control in self.seen_gs:
                self._group("19", f"GS06 {control} was already used in this interchange", 6, gs)
        if len(self.seen_gs) < 100_000:
            self.seen_gs.add(control)

    def _open_set(self, st: list[str]) -> Iterator[ReaderEvent]:
        self.sets += 1
        isa = self.isa
        assert isa is not None
        if self.gs is None:
            self._note("024", "A transaction set (ST) stands outside a functional group (GS)", Severity.REJECT, self.start, 2)
        if self.skip_group or (st[1:2] != ["837"]):
            self.skip_set = True
            self.st = st
            if not self.skip_group:
                self.refused = self.refused or "its ST01 is not 837"
                walker = ForgivingWalker(self.guide, isa.delimiters)
                self.walker = walker
                yield SetOpened(st, self.start, walker.root)
                finding = self._set_finding("6" if not _get(st, 1) else "1", "ST01 is not 837: this set is no claim", st, 1)
                yield SetClosed([finding], 1)
                self.judged += 1
            return
        self.skip_set = False
        self.judged += 1
        self.st = st
        walker = self.walker = ForgivingWalker(self.guide, isa.delimiters)
        use = self.guide.root.first
        walker.root.segments.append(Segment(st, 1, self.start, walker.root, use))
        walker.root.index["ST"] = walker.root.segments[0]
        walker.root.seen = use.bit
        walker.root.position = use.position
        walker.ordinal = 1
        yield SetOpened(st, self.start, walker.root)
        control, version = _get(st, 2), _get(st, 3)
        if not 4 <= len(control) <= 9 or not control.isalnum():
            walker.findings.append(self._set_finding("7", "ST02 (Transaction Set Control Number) is not 4 to 9 letters or digits", st, 2))
        elif control in self.seen_st:
            walker.findings.append(self._set_finding("23", f"ST02 {control} was already used in this group", st, 2))
        self.seen_st.add(control)
        declared = _get(self.gs or [], 8)
        if version not in (GUIDE, *OLDER_GUIDES) or (declared and version != declared):
            what = f"is {version}" if version else "is missing"
            severity = Severity.REJECT if version != GUIDE and version not in OLDER_GUIDES else Severity.WARNING
            walker.findings.append(self._set_finding("I6", f"ST03 (Implementation Convention Reference) {what}, GS08 is {declared}", st, 3, severity))

    # Closing -----------------------------------------------------------------------------------------------------

    def _close_set(self, offset: int) -> Iterator[ReaderEvent]:
        walker, self.walker = self.walker, None
        if walker is None or self.skip_set:
            self.skip_set = False
            return
        if not walker.done:
            walker.finish(offset)
        for loop in walker.claims:
            yield ClaimRead(loop, walker.delimiters)
        walker.claims.clear()
        findings = walker.findings
        st = self.st
        if walker.separator is not None and self.isa is not None:
            declared = self.isa.delimiters.component
            detail = f"The data put {walker.separator} between components, but ISA16 declares {declared}"
            self._note("027", detail, Severity.REJECT, self.start, 0)
        if not walker.closed_by_se:
            detail = "The transaction set has no SE segment"
            findings.append(self._set_finding("2", detail, st, 0, ordinal=walker.ordinal + 1, offset=offset))
        else:
            se, self.start = walker.se, walker.start
            counted, declared = walker.ordinal, _get(se, 1)
            if not declared.isdecimal() or int(declared[:12]) != counted:
                said = declared[:12] if declared.isdecimal() else "no number of"
                detail = f"SE01 says {said} segments, the set has {counted}"
                findings.append(self._set_finding("4", detail, se, 1, ordinal=counted))
            if _get(se, 2) != _get(st, 2):
                detail = f"SE02 is {_get(se, 2)[:9] or 'empty'}, ST02 is {_get(st, 2)[:9]}"
                findings.append(self._set_finding("3", detail, se, 2, ordinal=counted))
        findings.sort(key=lambda f: f.sort_key)
        yield SetClosed(findings, walker.ordinal)

    def _close_group(self, ge: list[str] | None) -> Iterator[ReaderEvent]:
        yield from self._close_set(self.start)
        gs, self.gs = self.gs, None
        if gs is None:
            if ge is not None:
                self._note("024", "A GE segment stands outside a functional group", Severity.REJECT, self.start, 2)
            return
        if not self.skip_group:
            if ge is None:
                self._group("3", "The functional group has no GE segment", 0, ["GE"])
            else:
                declared = _get(ge, 1)
                if not declared.isdecimal() or int(declared[:12]) != self.sets:
                    self._group("5", f"GE01 says {declared or 'nothing'}, the group has {self.sets} transaction sets", 1, ge)
                if _get(ge, 2) != _get(gs, 6):
                    self._group("4", f"GE02 is {_get(ge, 2) or 'empty'}, GS06 is {_get(gs, 6)}", 2, ge)
        self.skip_group = False
        mine = [f for f in self.found if f.edit.startswith("X12-AK9")]
        self.found = [f for f in self.found if not f.edit.startswith("X12-AK9")]
        yield GroupClosed(ge, mine)

    def _close_interchange(self, iea: list[str] | None) -> Iterator[ReaderEvent]:
        yield from self._close_group(None)
        isa, self.isa = self.isa, None
        if isa is None:
            return
        if iea is None:
            self._note("023", "The interchange has no IEA segment: the file may be cut off", Severity.REJECT, self.start, 0)
        else:
            declared = _get(iea, 1)
            if not declared.isdecimal() or int(declared[:12]) != self.groups:
                self._note("021", f"IEA01 says {declared or 'nothing'}, the interchange has {self.groups} functional groups",
                           Severity.REJECT, self.start, 3)  # fmt: skip
            if _get(iea, 2) != isa.elements[13]:
                self._note("001", f"IEA02 is {_get(iea, 2) or 'empty'}, ISA13 is {isa.elements[13]}", Severity.REJECT, self.start, 3)
        found, self.found = self.found, []
        yield InterchangeClosed(found)

    def _finish(self, splitter: Splitter) -> Iterator[ReaderEvent]:
        if self.isa is not None:
            self.start = self.source.size
            yield from self._close_interchange(None)
        elif self.found:
            yield InterchangeClosed(self.found)
        if not self.judged:
            reason = self.refused or "it holds no transaction set"
            yield Unreadable(f"No professional claim (837P, {GUIDE}) is in this file: {reason}")

    # Findings ----------------------------------------------------------------------------------------------------

    def _isa(self, number: int, detail: str, severity: Severity = Severity.REJECT) -> None:
        assert self.isa is not None
        elements = self.isa.elements
        offset = self.start + sum(map(len, elements[:number])) + number
        where = Location(None, "ISA", f"ISA{number:02d}", None, None, 0, offset, len(elements[number]))
        self._add(f"X12-TA1-{ISA_NOTES[number - 1]}", where, detail, severity)

    def _note(self, code: str, detail: str, severity: Severity, offset: int, length: int) -> None:
        where = Location(None, None, None, None, None, 0, offset, length)
        self._add(f"X12-TA1-{code}", where, detail, severity)

    def _group(self, code: str, detail: str, number: int, segment: list[str], severity: Severity = Severity.REJECT) -> None:
        offset = self.start + sum(map(len, segment[:number])) + number if number else self.start
        element = f"{segment[0]}{number:02d}" if number else None
        where = Location(None, segment[0], element, None, None, 0, offset, len(_get(segment, number)) if number else 0)
        self._add(f"X12-AK9-{code}", where, detail, severity)

    def _add(self, edit: str, where: Location, detail: str, severity: Severity) -> None:
        if len(self.found) < 2_000:
            self.found.append(Finding(edit, severity, where, _values(where, detail)))

    def _set_finding(
        self,
        code: str,
        detail: str,
        segment: list[str],
        number: int,
        severity: Severity = Severity.REJECT,
        ordinal: int = 1,
        offset: int | None = None,
    ) -> Finding:
        start = self.start if offset is None else offset
        place = start + (sum(map(len, segment[:number])) + number if number and offset is None else 0)
        element = f"{segment[0]}{number:02d}" if number else None
        length = len(_get(segment, number)) if number else 0
        where = Location(None, segment[0] if number else "SE", element, None, None, ordinal, place, length)
        return Finding(f"X12-IK5-{code}", severity, where, _values(where, detail))


def _values(where: Location, detail: str) -> dict[str, str]:
    return {"segment": where.segment or "", "loop": "", "element": where.element or "", "detail": detail}


def _get(elements: list[str], number: int) -> str:
    return elements[number] if number < len(elements) else ""


def _short_date(text: str) -> bool:
    from datetime import date

    try:
        date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return False
    return len(text) == 6 and text.isdecimal()


def _clock(text: str) -> bool:
    return len(text) == 4 and text.isdecimal() and int(text[:2]) < 24 and int(text[2:]) < 60


def _what_it_is(code: str, version: str) -> str:
    known = KINDS.get(version[:10])
    if known:
        return f"this is {known}"
    if version:
        return f"the version {version[:12]} is not the professional claim {GUIDE}"
    return f"GS01 {code[:2]} is no claim"


def _not_x12(head: bytes) -> str | None:
    """Why the data cannot be an X12 file, in words for whoever dropped it; None when an ISA is there."""
    if not head:
        return "The file is empty"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "This is a ZIP archive: unpack it and check what is inside"
    if head[:2] == b"\x1f\x8b":
        return "This is a gzip archive: unpack it and check what is inside"
    if head[:5] == b"%PDF-":
        return "This is a PDF document, not an X12 file"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "The file is written in UTF-16: save it as plain text (ASCII)"
    at = head.find(b"ISA")
    before = head[:at] if at >= 0 else head
    if at < 0 or (before.strip(b"\xef\xbb\xbf\r\n\t ") and (len(before) > 2_000 or b"\x00" in before)):
        if not head.strip():
            return "The file holds nothing but blanks"
        if b"\x00" in head[:4096]:
            return "This is a binary file, not an X12 file"
        return "No X12 interchange is in this file: it has no ISA segment at its start"
    return None
