"""A file to interchanges, groups and sets: the envelopes, their counts and control numbers, and what is no 837P.

``read`` yields the events of ``events.py`` in file order. Every oddity of real files (a byte-order mark, text around
the ISA, lines broken or indented, a last segment without its terminator, wrong ISA widths) is one finding, and the
file is read on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from scrubber.finding import LAYOUT, Finding, Fix, Location, Severity
from scrubber.spelling import count
from scrubber.x12.envelope import ISA_NOTES, check_gs, check_isa, get, shown
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
from scrubber.x12.explain import explain
from scrubber.x12.guide import Guide, shipped
from scrubber.x12.recognise import SEGMENT, find_envelope, find_isa, is_indented, line_length, not_x12, what_it_is
from scrubber.x12.recover import ForgivingWalker
from scrubber.x12.segments import BLANKS, Isa, Source, Splitter, make_segment, read_isa

GUIDE = "005010X222A1"
OLDER_GUIDES = frozenset(("005010X222", "005010X222A2"))
"""Versions judged by the A1 guide, with one finding."""

ENVELOPE_NAMES = frozenset(("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"))

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
        self.walker: ForgivingWalker | None = None
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
        self.isa_start = 0
        self.stray_sets = False
        self.junk = False

    def events(self) -> Iterator[ReaderEvent]:
        head = self.source.peek(PROBE)
        if reason := not_x12(head):
            self.source.drain()
            yield Unreadable(reason)
            return
        self._look_at_lines(head)
        while (isa := self._next_isa()) is not None:
            yield from self._open_interchange(isa)
            yield from self._interchange(isa.delimiters.segment)
        yield from self._finish()

    def _look_at_lines(self, head: bytes) -> None:
        """Lines broken at a fixed length, or indented: noted once, and read as if they were not."""
        if head.startswith(b"ISA"):
            isa = read_isa(head[:600].translate(None, b"\r\n").decode("latin-1"))
            if isa is not None and (lines := line_length(head, isa.delimiters.segment)):
                self.source.unwrap(*lines)
                detail = f"Lines are broken after every {lines[0]} characters, in the middle of segments"
                self._note("024", detail, Severity.WARNING, lines[0], lines[1], LAYOUT)
                return
        found = find_isa(head)
        isa = read_isa(head[found.start() : found.start() + 600].decode("latin-1")) if found else None
        if isa is not None and is_indented(head, isa.delimiters.segment):
            self._note("024", "Segments are indented: nothing belongs between them", Severity.WARNING, 0, 0, LAYOUT)

    def _next_isa(self) -> Isa | None:
        """The next interchange's ISA, taken; None at the end of the file. What stands before it is noted."""
        source = self.source
        while head := source.peek(PROBE):
            found = find_isa(head)
            at = found.start() if found else len(head) if len(head) < PROBE else len(head) - 4
            self._between(head[:at], source.place(source.position))
            source.skip(at)
            if found is None:
                continue
            isa = read_isa(head[at : at + 600].decode("latin-1"))
            self.start = source.place(source.position)
            if isa is not None:
                source.skip(isa.length + 1)
                return isa
            detail = "An ISA segment is damaged: its 16 elements and the segment terminator cannot be made out"
            self._note("024", detail, Severity.REJECT, self.start, 3)
            self.refused = self.refused or "its ISA segment is damaged, its 16 elements cannot be made out"
            self.junk = True
            source.skip(3)
        return None

    def _between(self, text: bytes, offset: int) -> None:
        """Note what stands before an interchange, or behind the last."""
        if text.startswith(b"\xef\xbb\xbf") and offset == 0:
            detail = "The file begins with a byte-order mark (BOM), which is no part of X12"
            self._note("022", detail, Severity.WARNING, 0, 3, LAYOUT)
            text, offset = text[3:], 3
        if text.strip() and not self.junk:
            self.junk = True
            lost = SEGMENT.search(text) is not None
            what = (
                "Segments stand outside an interchange (ISA to IEA)" if lost else "Text stands outside an interchange"
            )
            self._note("022", what, Severity.REJECT if lost else Severity.WARNING, offset, len(text))

    def _interchange(self, terminator: str) -> Iterator[ReaderEvent]:
        """What follows an ISA, up to its IEA, the next ISA or the end of the file."""
        splitter = Splitter(self.source, terminator)
        while (todo := splitter.next()) is not None:
            position = splitter.offset
            if splitter.unterminated and not self._is_end(todo[0], position):
                yield from self._cut_off(todo[0], position)
                return
            while todo:
                # Where lines are broken, each piece's place is worked out anew.
                pieces = todo[:1] if self.source.wrapped else todo
                used = yield from self._segments(pieces, self.source.place(position), splitter.gap)
                if used is not None:
                    splitter.give_back([*pieces[used:], *todo[len(pieces) :]])
                    return
                if self.source.wrapped:
                    position += len(pieces[0]) + splitter.gap
                todo = todo[len(pieces) :]

    def _is_end(self, text: str, position: int) -> bool:
        """Whether a last segment without terminator is all of the IEA; else the file is cut off in it."""
        assert self.isa is not None
        start = position + len(text) - len(text.lstrip(BLANKS))
        elements = text.strip(BLANKS).split(self.isa.delimiters.element)
        if elements[0] != "IEA" or get(elements, 2) != self.isa.elements[13]:
            return False
        detail = "The last segment has no segment terminator"
        length = len(text) - (start - position)
        self._note("004", detail, Severity.WARNING, self.source.place(start), length, LAYOUT)
        return True

    def _cut_off(self, text: str, position: int) -> Iterator[ReaderEvent]:
        """A last segment that is not whole: that the file is cut off is the finding, not what the segment lacks."""
        if self.walker is not None and not self.skip_set and find_envelope(text) is None:
            self.walker.silent = True
            yield from self._segments([text], self.source.place(position))

    def _segments(self, pieces: list[str], offset: int, gap: int = 1) -> Generator[ReaderEvent, None, int | None]:
        """Read pieces, the first of which starts at this byte, with ``gap`` bytes between one and the next. Returns how
        many were used if the interchange ended."""
        index = 0
        while index < len(pieces):
            walker = self.walker
            if walker is not None and not self.skip_set:
                index, offset = walker.feed(pieces, index, offset, gap)
                for loop in walker.claims:
                    yield ClaimRead(loop, walker.delimiters)
                walker.claims.clear()
                if walker.done:
                    yield from self._close_set(offset)
                else:
                    walker.trim()
                continue
            text = pieces[index].strip(BLANKS)
            self.start = offset + len(pieces[index]) - len(pieces[index].lstrip(BLANKS))
            if text.startswith("ISA") and find_isa(text[:5].encode("latin-1")):
                return index
            offset += len(pieces[index]) + gap
            index += 1
            if text:
                yield from self._envelope(text, self.start)
            if self.isa is None:
                return index
        return None

    # Envelope segments -------------------------------------------------------------------------------------------

    def _envelope(self, text: str, start: int) -> Iterator[ReaderEvent]:
        assert self.isa is not None
        elements = text.split(self.isa.delimiters.element)
        name = elements[0]
        if name not in ENVELOPE_NAMES:
            if self.skip_set or self.skip_group:
                return  # A set that we do not judge: its segments are none of our business.
            if not self.junk:
                self.junk = True
                detail = "Text or segments stand between the envelopes, where none belong"
                self._note("024" if self.gs is None else "022", detail, Severity.REJECT, start, len(text))
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
        self.isa_start = self.start
        self.junk = False
        self.groups = 0
        self.seen_gs.clear()
        for number, detail, severity in check_isa(isa):
            self._isa(number, detail, severity)
        elements = isa.elements
        keys = (elements[5], elements[6], elements[7], elements[8], elements[13])
        if keys in self.seen_isa:
            detail = f"ISA13 {shown(elements[13])} was already used in this file by the same sender"
            self._isa(13, detail, code="025")
        if len(self.seen_isa) < 100_000:
            self.seen_isa.add(keys)
        yield InterchangeOpened(isa.elements, isa.delimiters, self.start, self.source.wrapped)

    def _open_group(self, gs: list[str]) -> Iterator[ReaderEvent]:
        self.gs = gs
        self.groups += 1
        self.sets = 0
        self.seen_st.clear()
        self.junk = False
        self.skip_group = False
        offset = self.start
        code, version = get(gs, 1), get(gs, 8)
        yield GroupOpened(gs, offset)
        if code != "HC":
            self.skip_group = True
            self._fault("AK9-1", f"GS01 is {shown(code)}: {what_it_is(code, version)}", gs, 1)
        elif version not in OLDER_GUIDES and version != GUIDE:
            self.skip_group = True
            self._fault("AK9-2", f"GS08 is {shown(version)}: {what_it_is(code, version)}", gs, 8)
            # What the file is says it all: an older version has its own ISA12.
            self.found = [f for f in self.found if f.edit != "X12-TA1-017"]
        elif version != GUIDE:
            detail = f"GS08 is {version}: judged by the guide {GUIDE}, which replaced it"
            self._fault("AK9-2", detail, gs, 8, Severity.WARNING)
        if self.skip_group:
            self.refused = self.refused or what_it_is(code, version)
            return
        control = get(gs, 6)
        if not (control.isdecimal() and 1 <= len(control) <= 9):
            self._fault("AK9-6", "GS06 (Group Control Number) is not one to nine digits", gs, 6)
        elif control in self.seen_gs:
            self._fault("AK9-19", f"GS06 {control} was already used in this interchange", gs, 6)
        for edit, number, detail in check_gs(gs):
            self._fault(edit, detail, gs, number)
        if len(self.seen_gs) < 100_000:
            self.seen_gs.add(control)

    def _open_set(self, st: list[str]) -> Iterator[ReaderEvent]:
        self.sets += 1
        isa = self.isa
        assert isa is not None
        if self.gs is None:
            if not self.stray_sets:
                detail = "A transaction set (ST) stands outside a functional group (GS)"
                self._note("024", detail, Severity.REJECT, self.start, 2)
                self.groups += 1  # The GS alone is missing: GE and IEA01 are not wrong as well.
            self.stray_sets = True
        if self.skip_group or (st[1:2] != ["837"]):
            self.skip_set = True
            self.st = st
            if not self.skip_group:
                self.refused = self.refused or "its ST01 is not 837"
                walker = ForgivingWalker(self.guide, isa.delimiters)
                self.walker = walker
                yield SetOpened(st, self.start, walker.root)
                code = "1" if get(st, 1) else "6"
                yield SetClosed([self._set_finding(code, "ST01 is not 837: this set is no claim", st, 1)], 1)
                self.judged += 1
            return
        self.skip_set = False
        self.judged += 1
        self.st = st
        walker = self.walker = ForgivingWalker(self.guide, isa.delimiters)
        use = self.guide.root.first
        segment = make_segment(st, 1, self.start, walker.root, use)
        walker.root.segments.append(segment)
        walker.root.index["ST"] = segment
        walker.root.seen = use.bit
        walker.root.position = use.position
        walker.ordinal = 1
        yield SetOpened(st, self.start, walker.root)
        walker.findings += self._check_st(st)
        for fault in explain(use.definition, st, isa.delimiters):
            if not 1 <= fault.element <= 3:  # Those three have codes of their own.
                walker.note(fault, segment)

    def _check_st(self, st: list[str]) -> Iterator[Finding]:
        control, version, declared = get(st, 2), get(st, 3), get(self.gs or [], 8)
        if not 4 <= len(control) <= 9 or not (control.isalnum() and control.isascii()):
            detail = "ST02 (Transaction Set Control Number) is not 4 to 9 letters or digits"
            yield self._set_finding("7", detail, st, 2)
        elif control in self.seen_st:
            yield self._set_finding("23", f"ST02 {control} was already used in this group", st, 2)
        if len(self.seen_st) < 100_000:
            self.seen_st.add(control)
        known = version == GUIDE or version in OLDER_GUIDES
        if not known or (declared and version != declared):
            what = f"is {shown(version)}" if version else "is missing"
            detail = f"ST03 (Implementation Convention Reference) {what}, GS08 is {shown(declared)}"
            yield self._set_finding("I6", detail, st, 3, Severity.WARNING if known else Severity.REJECT)

    # Closing -----------------------------------------------------------------------------------------------------

    def _close_set(self, offset: int, *, cut: bool = False) -> Iterator[ReaderEvent]:
        """``cut``: the interchange ends here without its IEA, and that is the finding."""
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
            self._isa(16, detail)
        if not walker.closed_by_se:
            if not cut:
                detail = "The transaction set has no SE segment"
                findings.append(self._set_finding("2", detail, st, 0, ordinal=walker.ordinal + 1, offset=offset))
        else:
            se, self.start = walker.se, walker.start
            counted, declared = walker.ordinal, get(se, 1)
            miscounted = not declared.isdecimal() or int(declared[:12]) != counted
            misnumbered = get(se, 2) != get(st, 2)
            if miscounted:
                said = count(int(declared[:12]), "segment") if declared.isdecimal() else "no number of segments"
                detail = f"SE01 says {said}, the set has {counted:,}"
                better = None if misnumbered else str(counted)
                findings.append(self._set_finding("4", detail, se, 1, ordinal=counted, better=better))
            if misnumbered:
                detail = f"SE02 is {shown(get(se, 2))}, ST02 is {shown(get(st, 2))}"
                better = get(st, 2) if get(st, 2).isalnum() and not miscounted else None
                findings.append(self._set_finding("3", detail, se, 2, ordinal=counted, better=better))
        findings.sort(key=lambda f: f.sort_key)
        yield SetClosed(findings, walker.ordinal)

    def _close_group(self, ge: list[str] | None, *, cut: bool = False) -> Iterator[ReaderEvent]:
        yield from self._close_set(self.start, cut=cut)
        gs, self.gs = self.gs, None
        stray_sets, self.stray_sets = self.stray_sets, False
        if gs is None:
            if ge is not None and not stray_sets:
                self._note("024", "A GE segment stands outside a functional group", Severity.REJECT, self.start, 2)
            return
        if not self.skip_group:
            if ge is None:
                if not cut:
                    self._fault("AK9-3", "The functional group has no GE segment", ["GE"], 0)
            else:
                declared = get(ge, 1)
                miscounted = not declared.isdecimal() or int(declared[:12]) != self.sets
                misnumbered = get(ge, 2) != get(gs, 6)
                sound = get(gs, 6).isdecimal()
                if miscounted:
                    detail = f"GE01 is {shown(declared)}, the group has {count(self.sets, 'transaction set')}"
                    self._fault("AK9-5", detail, ge, 1, better=None if misnumbered else str(self.sets))
                if misnumbered:
                    detail = f"GE02 is {shown(get(ge, 2))}, GS06 is {shown(get(gs, 6))}"
                    self._fault("AK9-4", detail, ge, 2, better=get(gs, 6) if sound and not miscounted else None)
        self.skip_group = False
        mine = [f for f in self.found if f.edit.startswith("X12-AK9")]
        self.found = [f for f in self.found if not f.edit.startswith("X12-AK9")]
        yield GroupClosed(ge, mine, self.sets)

    def _close_interchange(self, iea: list[str] | None) -> Iterator[ReaderEvent]:
        yield from self._close_group(None, cut=iea is None)
        isa, self.isa = self.isa, None
        if isa is None:
            return
        if iea is None:
            detail = "The interchange has no IEA segment: the file may be cut off"
            self._note("023", detail, Severity.REJECT, self.start, 0)
        else:
            declared, number = get(iea, 1), isa.elements[13]
            miscounted = not declared.isdecimal() or int(declared[:12]) != self.groups
            misnumbered = get(iea, 2) != number
            sound = len(number) == 9 and number.isdecimal()
            if miscounted:
                detail = f"IEA01 is {shown(declared)}, the interchange has {count(self.groups, 'functional group')}"
                self._fault("TA1-021", detail, iea, 1, better=None if misnumbered else str(self.groups))
            if misnumbered:
                detail = f"IEA02 is {shown(get(iea, 2))}, ISA13 is {shown(number)}"
                self._fault("TA1-001", detail, iea, 2, better=number if sound and not miscounted else None)
        found, self.found = self.found, []
        yield InterchangeClosed(found)

    def _finish(self) -> Iterator[ReaderEvent]:
        if self.isa is not None:
            self.start = self.source.size
            yield from self._close_interchange(None)
        if self.found:
            yield InterchangeClosed(self.found)
        if not self.judged:
            reason = self.refused or "it holds no transaction set"
            yield Unreadable(f"No professional claim (837P, {GUIDE}) is in this file: {reason}")

    # Findings ----------------------------------------------------------------------------------------------------

    def _isa(self, number: int, detail: str, severity: Severity = Severity.REJECT, code: str = "") -> None:
        assert self.isa is not None
        edit = f"TA1-{code or ISA_NOTES[number - 1]}"
        self._fault(edit, detail, self.isa.elements, number, severity, self.isa_start)

    def _note(
        self, code: str, detail: str, severity: Severity, offset: int, length: int, fix: Fix | None = None
    ) -> None:
        self._add(f"X12-TA1-{code}", Location(None, None, None, None, None, 0, offset, length), detail, severity, fix)

    def _fault(
        self,
        edit: str,
        detail: str,
        segment: list[str],
        number: int,
        severity: Severity = Severity.REJECT,
        start: int | None = None,
        better: str | None = None,
    ) -> None:
        """A fault of an element of an envelope's segment; element 0: of the whole, which is not there. ``better`` is
        what the header says, or what was counted, where the element alone is wrong: where both count and control number
        of a trailer are, it may be another envelope's, and data may be lost between."""
        start = self.start if start is None else start
        end = start + sum(map(len, segment)) + len(segment) - 1
        offset = min(start + sum(map(len, segment[:number])) + number, end) if number else start
        element = f"{segment[0]}{number:02d}" if number else None
        where = Location(None, segment[0], element, None, None, 0, offset, len(get(segment, number)) if number else 0)
        self._add(f"X12-{edit}", where, detail, severity, _fix(element, better))

    def _add(self, edit: str, where: Location, detail: str, severity: Severity, fix: Fix | None = None) -> None:
        if len(self.found) < 2_000:
            self.found.append(Finding(edit, severity, where, _values(where, detail), fix=fix))

    def _set_finding(
        self,
        code: str,
        detail: str,
        segment: list[str],
        number: int,
        severity: Severity = Severity.REJECT,
        ordinal: int = 1,
        offset: int | None = None,
        better: str | None = None,
    ) -> Finding:
        start = self.start if offset is None else offset
        place = start
        if number and offset is None:
            end = start + sum(map(len, segment)) + len(segment) - 1
            place = min(start + sum(map(len, segment[:number])) + number, end)
        element = f"{segment[0]}{number:02d}" if number else None
        length = len(get(segment, number)) if number else 0
        where = Location(None, segment[0] if number else "SE", element, None, None, ordinal, place, length)
        return Finding(f"X12-IK5-{code}", severity, where, _values(where, detail), fix=_fix(element, better))


def _fix(element: str | None, better: str | None) -> Fix | None:
    return Fix(True, {element: better}) if element and better else None


def _values(where: Location, detail: str) -> dict[str, str]:
    return {"segment": where.segment or "", "loop": "", "element": where.element or "", "detail": detail}
