"""What a file is, when it is not a professional claim: told from its first bytes, for whoever dropped it."""

from __future__ import annotations

import re

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

CLAIM = "005010X222"
"""How GS08 of a professional claim begins; its amendment follows."""

find_isa = re.compile(rb"(?<![A-Za-z0-9])ISA(?=[^A-Za-z0-9\s])").search
"""The next thing that looks like the start of an interchange."""

find_envelope = re.compile(r"[\r\n\t ]*(?:I|IS|ISA|IE|IEA|G|GS|GE|S|ST|SE)(?![A-Za-z0-9])").match
"""A segment of an envelope, or the start of one that is cut off."""

SEGMENT = re.compile(rb"(?:GS|ST|BHT|HL|NM1|CLM|LX|SV1|SE|GE|IEA|TA1)[^A-Za-z0-9\s]")
"""Text that looks like X12, outside an interchange."""


def what_it_is(code: str, version: str) -> str:
    """What the group is by its GS01 and GS08, one of which is not the professional claim's."""
    known = KINDS.get(version[:10])
    if known:
        return f"this is {known}"
    if version.startswith(CLAIM) and code != "HC":
        return f"GS08 {version[:12]} is the professional claim, and GS01 of claims is HC"
    if version:
        return f"the version {version[:12]} is not the professional claim 005010X222A1"
    return f"GS01 {code[:2]} is no claim"


def not_x12(head: bytes) -> str | None:
    """Why the data cannot be an X12 file; None when an interchange may be there."""
    if not head:
        return "The file is empty"
    for start, kind in SIGNATURES.items():
        if head.startswith(start):
            return kind
    found = find_isa(head)
    before = head[: found.start()] if found else head
    blank = not before.strip(b"\xef\xbb\xbf\r\n\t ")
    if found and (blank or (len(before) <= 2_000 and b"\x00" not in before)):
        return None
    if not head.strip():
        return "The file holds nothing but blanks"
    if b"\x00" in head[:4096]:
        return "This is a binary file, not an X12 file"
    if SEGMENT.match(head.lstrip(b"\xef\xbb\xbf\r\n\t ")):
        return "The ISA segment is missing: the file begins in the middle of an X12 interchange"
    return "No X12 interchange is in this file: it has no ISA segment at its start"


SIGNATURES = {
    b"PK\x03\x04": "This is a ZIP archive: unpack it and check what is inside",
    b"PK\x05\x06": "This is a ZIP archive: unpack it and check what is inside",
    b"\x1f\x8b": "This is a gzip archive: unpack it and check what is inside",
    b"%PDF-": "This is a PDF document, not an X12 file",
    b"\xff\xfe": "The file is written in UTF-16: save it as plain text (ASCII)",
    b"\xfe\xff": "The file is written in UTF-16: save it as plain text (ASCII)",
}


def line_length(head: bytes, terminator: str) -> tuple[int, int] | None:
    """Bytes of each line and of its end, where the start of a file is broken into lines of one length, segments or not;
    None for every other file."""
    end = b"\r\n" if b"\r\n" in head else b"\n"
    lines = head.split(end)
    size = len(lines[0])
    whole, last = lines[:-2], lines[-2:]  # The last line of a file is as long as it happens to be.
    if len(whole) < 2 or terminator in "\r\n" or size < 40:
        return None
    if any(len(line) != size for line in whole) or any(len(line) > size for line in last):
        return None
    if all(line.endswith(terminator.encode("latin-1")) for line in whole):
        return None
    return size, len(end)


def is_indented(head: bytes, terminator: str) -> bool:
    """Whether blanks stand between segments: each on a line of its own, and that indented."""
    return re.search(re.escape(terminator.encode("latin-1")) + rb"[\r\n]*[ \t]+[A-Z]", head) is not None
