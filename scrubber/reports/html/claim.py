"""A claim of the HTML report: what is wrong with it, its diagnoses and lines, and the claim as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from scrubber.claims.model import Claim
from scrubber.finding import Answered, Finding, Location
from scrubber.reports.entries import Entries
from scrubber.reports.folds import Fold
from scrubber.reports.glimpse import Sight, find_stretch
from scrubber.reports.html.joins import Title, find_marks, tell_diagnoses, tell_lines
from scrubber.reports.html.markup import NOTHING, Markup, tag, text, together
from scrubber.reports.html.segments import Names, Stretch
from scrubber.reports.html.words import SEVERITY, link, say_codes, say_name
from scrubber.reports.standing import by_weight, is_beside, say_other_claim, say_place, say_waiver
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.reports.wording import Wording
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment

RELATED = 8
"""Places that a finding shows beside its own."""

_Reason = tuple[str, tuple[Answered, ...]]
"""An edit, and the editions of the user's own that decided: what a finding says beside what differs each time."""

Look = Callable[[Location], Sight | None]
"""The segment at a place, or None where it cannot be shown."""


class Teller:
    """Tells findings and claims. What is the same for every finding of an edit is made once."""

    def __init__(self, wording: Wording, title: Title, redacted: bool) -> None:
        self.names = Names()
        self.fold: Fold | None = None
        """How lines of the open file are broken."""
        self._wording = wording
        self._entries = Entries(wording)
        self._title = title
        self._redacted = redacted
        self._fixed: dict[_Reason, tuple[Markup, Markup, Markup]] = {}
        self._reasons: dict[_Reason, str] = {}
        """What has been told in full of this file, and the anchor of the claim where."""
        self._anchor: str | None = None

    def open_file(self) -> None:
        """From here on it is another file."""
        self._reasons = {}
        self._anchor = None

    def shorten(self, anchor: str) -> None:
        """Tell the next claim in short: what has been told before is linked. ``anchor`` is where it stands."""
        self._anchor = anchor

    def tell_claim(self, claim: Claim, findings: Sequence[Finding], look: Look, above: Markup) -> Markup:
        """Everything below a claim's heading. ``above`` says what rejects it from above."""
        whole = self._anchor is None
        own = by_weight(f for f in findings if not f.inherited)
        marks = find_marks(claim, own)
        return together(
            (
                above,
                *(self.tell_finding(f, look(f.where), claim.delimiters, "h5") for f in own),
                tell_diagnoses(claim, marks.diagnoses, self._title) if whole or marks.diagnoses.edits else NOTHING,
                tell_lines(claim, marks.lines, self._redacted),
                self._list_segments(claim, own) if whole else NOTHING,
            )
        )

    # Findings --------------------------------------------------------------------------------------------------------

    def tell_finding(
        self, finding: Finding, sight: Sight | None, delimiters: Delimiters | None, heading: str, id: str | None = None
    ) -> Markup:
        """A finding in full."""
        entry = self._wording.entry(finding.edit)
        name, fix, rest = self._fixed.get((finding.edit, finding.answered)) or self._fix(finding)
        kind = finding.severity.value
        said = "Waived" if finding.waived else SEVERITY[finding.severity]
        shown = self._sight(finding, sight, delimiters) if sight is not None and delimiters is not None else NOTHING
        codes = say_codes(finding, self._entries)
        return tag(
            "section",
            tag(heading, tag("span", said, class_=f"mark {kind}"), " ", name),
            tag("p", entry.message(finding), class_="what"),
            shown,
            tag(
                "dl",
                fix,
                self._change(finding),
                tag("dt", "Where"),
                tag("dd", say_place(finding, sight)),
                together((tag("dt", "Waived"), tag("dd", say_waiver(finding.waived)))) if finding.waived else NOTHING,
                *(
                    together((tag("dt", "With"), tag("dd", say_other_claim(other))))
                    for other in finding.related[:RELATED]
                    if not is_beside(finding, other)
                ),
                self._say_why(finding, rest),
                together((tag("dt", codes[0]), tag("dd", codes[1]))) if codes else NOTHING,
            ),
            class_=f"finding {kind}",
            id=id,
        )

    def _say_why(self, finding: Finding, full: Markup) -> Markup:
        """Why an edit exists and who says so; or, in a claim that is told in short, where that has been told."""
        if self._anchor is None:
            return full
        edit = finding.edit
        told = self._reasons.setdefault((edit, finding.answered), self._anchor)
        if told == self._anchor:
            return full
        return together((tag("dt", "Why, source"), tag("dd", tag("a", f"as told of {edit} here", href=f"#{told}"))))

    def _fix(self, finding: Finding) -> tuple[Markup, Markup, Markup]:
        edit = finding.edit
        entry = self._wording.entry(edit)
        name = together((tag("span", edit, class_="code"), " ", say_name(entry.name)))
        fix = together((tag("dt", "What to do", class_="do"), tag("dd", _join(entry.fix), class_="do")))
        sources = [tag("dd", link(citation), class_="source") for citation in self._wording.citations(finding)]
        rest = together((tag("dt", "Why"), tag("dd", _join(entry.why))))
        if sources:
            rest = together((rest, tag("dt", "Source"), *sources))
        self._fixed[edit, finding.answered] = name, fix, rest
        return name, fix, rest

    def _change(self, finding: Finding) -> Markup:
        if finding.fix is None or not finding.fix.changes:
            return NOTHING
        to = "; ".join(f"{address} = {value or '(empty)'}" for address, value in finding.fix.changes.items())
        asked = "" if finding.fix.safe else ", if the record bears it out"
        return together((tag("dt", "Change"), tag("dd", f"{to}{asked}")))

    # Segments --------------------------------------------------------------------------------------------------------

    def _sight(self, finding: Finding, sight: Sight, delimiters: Delimiters) -> Markup:
        """The segment with what is wrong marked, and what it collides with marked otherwise; the marked elements are
        named below."""
        if not sight.text.strip():
            return NOTHING
        where = finding.where
        kind = finding.severity.value
        places = [where, *(other for other in finding.related[:RELATED] if is_beside(finding, other))]
        shown: list[tuple[Sight, list[Location]]] = [(sight, [where])]
        for other in places[1:]:
            if other.ordinal == where.ordinal:
                shown[0][1].append(other)
            elif other.ordinal in (known := {p[0].ordinal: number for number, (_, p) in enumerate(shown)}):
                shown[known[other.ordinal]][1].append(other)
            elif (beside := sight.beside(other)) is not None:
                shown.append((beside, [other]))
        rows = []
        for seen, there in shown:
            stretches = [
                Stretch(*seen.stretch(p), kind if p is where else "beside") for p in there if p.element is not None
            ]
            absent = where in there and where.element is None and where.length == 0
            use = seen.found.use if seen.found else None
            drawn = self.names.mark(seen.text, use.definition if use else None, delimiters, stretches)
            named = [_call(seen, p.element, "beside" if p is not where else kind) for p in there if p.element]
            before = tag("span", "before this segment:", class_="name") if absent else NOTHING
            rows.append(tag("li", before, tag("code", drawn), *(named or [_segment_name(seen.found)])))
        return tag("ul", *rows, class_="segments")

    def _list_segments(self, claim: Claim, findings: Iterable[Finding]) -> Markup:
        """The claim as sent, segment by segment, under the names of its loops."""
        stretches: dict[int, list[tuple[Location, str]]] = {}
        for finding in findings:
            stretches.setdefault(finding.where.ordinal, []).append((finding.where, finding.severity.value))
            for other in [other for other in finding.related[:RELATED] if is_beside(finding, other)]:
                stretches.setdefault(other.ordinal, []).append((other, "beside"))
        separator = claim.delimiters.element
        rows = []
        for loop in claim.loop.walk():
            for number, segment in enumerate(loop.segments):
                marks = [
                    Stretch(*find_stretch(where, segment.offset, self.fold), kind)
                    for where, kind in stretches.get(segment.ordinal, ())
                    if where.element is not None
                ]
                if marks:
                    use = segment.use.definition if segment.use else None
                    drawn = self.names.mark(separator.join(segment.elements), use, claim.delimiters, marks)
                else:
                    drawn = self.names.draw(segment, claim.delimiters)
                if not number:
                    rows.append(tag("li", _loop_name(loop), class_="loop"))
                rows.append(tag("li", tag("code", drawn), _segment_name(segment)))
        return tag(
            "details",
            tag("summary", "The claim as sent, segment by segment"),
            tag("ul", together(rows), class_="segments"),
            class_="sent",
        )


def _loop_name(loop: Loop) -> Markup:
    words = read_vocabulary().loop.get(loop.id)
    return text(f"Loop {loop.id}: {words}" if words else f"Loop {loop.id}")


def _segment_name(segment: Segment | None) -> Markup:
    if segment is None or segment.use is None:
        return NOTHING
    return tag("span", segment.use.definition.name, class_="name")


def _call(sight: Sight, element: str, kind: str) -> Markup:
    """``HI01-2 Diagnosis Code``: what a marked element is."""
    return tag("span", f"{element} {sight.name_of(element)}".strip(), class_=f"name {kind}")


def _join(text: str) -> str:
    """A pack's text as one line: where it is broken in its file means nothing."""
    return " ".join(text.split())
