"""Judges claims: runs the edits that could fire on a claim and turns what they yield into findings.

Few edits can fire on any one claim, and most claims are clean, so the way there is short: each edit has a bit, each
procedure, modifier, diagnosis and place of service has the bits of the edits that look at it, and a claim's bits
name a ready-made tuple of functions to call. All else happens only when one of them yields something.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from scrubber.catalogue.check import Check, Gap, History, Hit, Key, Knowledge, ProfileView
from scrubber.catalogue.conditions import compile_edit, service_day
from scrubber.catalogue.entry import Edit
from scrubber.catalogue.features import Filters
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.overlap import share_place, spoils
from scrubber.catalogue.selection import Selection
from scrubber.catalogue.sources import BY_RECEIPT, TABLES, Sources
from scrubber.claims.earlier import NOBODY, Met
from scrubber.claims.model import Claim
from scrubber.config import Config, ConfigError
from scrubber.finding import Answered, Finding, Fix, Location, Severity, Unchecked, gather
from scrubber.spelling import suggest
from scrubber.x12.address import locate, parse
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Place

CRASH = "SYS-01"
"""The finding that says that an edit crashed on a claim."""

FORGOTTEN = "the file is too large to remember all its claims: older ones of this patient and day were not compared"

UNDATED = "no date of service that could be read"

_WEIGHT = {Severity.REJECT: 2, Severity.WARNING: 1, Severity.INFO: 0}

_ABOVE = {
    "1000A": "ST_LOOP", "1000B": "ST_LOOP",
    "2000A": "2000A", "2010AA": "2000A", "2010AB": "2000A", "2010AC": "2000A",
    "2000B": "2000B", "2010BA": "2000B", "2010BB": "2000B",
    "2000C": "2000C", "2010CA": "2000C",
}  # fmt: skip
"""Loop above the claims to the level whose claims a fault in it concerns."""

_LEVELS = ("2000C", "2000B", "2000A", "ST_LOOP")


class Judgement(NamedTuple):
    """What the edits say of one claim.

    ``above`` are findings that stand above the claim, each with the loop whose claims it concerns: the transaction
    set's loop, 2000A, 2000B or 2000C. Each is told once, with the first claim under that loop that shows it. ``own``
    are the claim's, in the order of their places. ``unchecked`` has one entry for each edit and reason.
    """

    above: Sequence[tuple[Loop, Finding]] = ()
    own: Sequence[Finding] = ()
    unchecked: tuple[Unchecked, ...] = ()


_CLEAN = Judgement()


class _Knowledge(Knowledge):
    """Knowledge whose tables are made on first use: their slots stay empty until then, and an empty slot asks here."""

    def __init__(self, sources: Sources, received: date, profile: ProfileView, catalogue: Catalogue) -> None:
        self._sources = sources
        self.received = received
        self.profile = profile
        self.code_lists = catalogue.code_lists
        self.params = {}
        self.scratch = {}
        self.earlier = ()
        self.history = None

    def __getattr__(self, name: str) -> Any:
        if name not in TABLES:
            raise AttributeError(name)
        table = self._sources.open(name)
        setattr(self, name, table)
        return table


class _Rule(NamedTuple):
    """An edit as it stands under one profile, with its number in the catalogue's order."""

    number: int
    edit: Edit
    severity: Severity


_Runner = tuple[Check, Mapping[str, Any], _Rule]
"""What is called for an edit, the parameters that it reads, and whose it is."""


class _Known(NamedTuple):
    """What a group of checks had to say of claims of one look: which to run again, for they found a fault, and the gaps
    of the others."""

    again: tuple[_Runner, ...]
    unchecked: tuple[Unchecked, ...]


_NOTHING = _Known((), ())


_Plan = tuple[tuple[_Runner, ...], tuple[tuple[Key, tuple[_Runner, ...], dict[Hashable, _Known]], ...]]
"""What runs on a claim: checks by themselves, and groups of checks that see the same of a claim, each with its key and
what is remembered of it."""

REMEMBERED = 20_000
"""Looks of claims that are remembered; when there are more, all are forgotten."""


class _Profile:
    """A payer profile as the engine uses it (a ProfileView). ``bits`` are the edits that are on under it. ``params``
    and ``severity`` go by an edit's bit, for entries of one id may differ."""

    __slots__ = ("bits", "chosen", "name", "names", "params", "runners", "severity")

    def __init__(self, name: str, names: frozenset[str]) -> None:
        self.name = name
        self.names = names
        self.bits = 0
        self.params: dict[int, Mapping[str, Any]] = {}
        self.severity: dict[int, Severity] = {}
        self.runners: dict[int, _Runner] = {}
        self.chosen: dict[int, _Plan] = {}

    def is_(self, name: str) -> bool:
        return name in self.names


class Engine:
    """The edits of a catalogue, set up for one run. Not to be shared between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        sources: Sources | None = None,
        *,
        received: date,
        config: Config | None = None,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        strict: bool = False,
        history: History | None = None,
    ) -> None:
        """``select`` replaces the configuration's, ``ignore`` adds to it. ``strict`` lets a check's exception through
        instead of reporting SYS-01. Raises ConfigError for names that the catalogue does not know."""
        self.catalogue = catalogue
        self.config = config = config or Config()
        self.received = received
        self.strict = strict
        self.selection = Selection(catalogue, select or config.select, (*config.ignore, *ignore), config.require)
        self._check_names(config)
        # An entry that follows the receipt date is in force for the whole run or not at all.
        in_force = [e for e in catalogue.edits if e.must and (e.basis == "service" or e.in_force(received))]
        asking = {other for e in in_force if self.selection.has(e.id) for other in e.unchecked_with}
        # What tells for another that it could not be checked runs with it, selected or not. Its faults are not told.
        self._edits = [
            e for e in in_force if self.selection.has(e.id) or (e.id in asking and not self.selection.ignores(e.id))
        ]
        self._required = [(n, edit) for n, edit in enumerate(self._edits) if self.selection.requires(edit.id)]
        self._filters = Filters([edit.looks_at for edit in self._edits])
        # Our own checks are tested; another's pack should fail before the first claim, not at the first that needs it.
        self._runs = {n: self._compile(e) for n, e in enumerate(self._edits) if not catalogue.packs[e.pack].shipped}
        self._once = self._once_bits()
        self._profiles: dict[str, _Profile] = {}
        self._memories: dict[Hashable, dict[Hashable, _Known]] = {}
        self._remembered = 0
        self._joined: dict[tuple[int, int], tuple[tuple[Unchecked, ...], ...]] = {}
        self._across: int | None = None
        self._by_payer: dict[tuple[str, str], _Profile] = {}
        self._filing = {code: p.name for p in catalogue.profiles.values() for code in p.filing}
        self._payers = {id: p.name for p in catalogue.profiles.values() for id in p.payer_ids} | dict(config.payers)
        self._above: Loop | None = None
        self._levels: dict[str, Loop | None] = dict.fromkeys(_LEVELS)
        self._told: dict[str, set[tuple[str, Location, tuple[str, ...]]]] = {level: set() for level in _LEVELS}
        self._sources = sources or Sources()
        self._tables: dict[int, tuple[str, ...]] = {}
        self._know = _Knowledge(self._sources, received, self._profile("unknown"), catalogue)
        self._know.history = history

    def judge(self, claim: Claim, structural: Sequence[Finding] = (), met: Met = NOBODY) -> Judgement:
        """Judge one claim. ``structural`` are the faults that the reader found in it and above it: edits do not
        speak about what they damage. Findings that were told above may stand among them. ``met`` are the earlier
        claims of the file that it is to be judged with. Claims come in file order."""
        profile = self.profile_of(claim)
        bits = self._filters.of(claim) & profile.bits
        if met is not NOBODY:
            bits |= self._across_bits() & profile.bits
        outer = claim.loop.parent
        bits &= self._not_once if outer is self._above else ~self._once_done(outer)
        runners, groups = profile.chosen.get(bits) or self._choose(profile, bits)
        know = self._know
        know.profile = profile
        if know.scratch:
            know.scratch.clear()
        found: list[tuple[_Rule, Hit | Gap]] = []
        crashed: list[tuple[Edit, str]] = []
        unchecked: tuple[Unchecked, ...] = ()
        know.earlier = met.lines
        if know.history is not None:
            know.history.meet(claim)
        if not met.whole:
            unchecked = self._forgotten(bits)
        for key, group, memory in groups:
            # A claim that meets others is like no other: what it says with them is not remembered, nor looked up.
            looks = None if met.lines else key(claim, know)
            if looks is None:
                self._run(group, claim, found, crashed)
                continue
            known = memory.get(looks)
            if known is _NOTHING:
                continue
            if known is None:
                known = self._learn(looks, group, memory, claim, found, crashed)
            elif known.again:
                self._run(known.again, claim, found, crashed)
            if known.unchecked:  # Of other edits than those before.
                unchecked = self._join(unchecked, known.unchecked) if unchecked else known.unchecked
        self._run(runners, claim, found, crashed)
        if found or crashed:
            return self._settle(claim, structural, found, crashed, unchecked)
        return Judgement((), (), unchecked) if unchecked else _CLEAN

    def required_with(self, id: str, claim: Claim) -> list[Edit]:
        """The required edits that stay open on a claim where this one could not be checked: itself, and those that
        leave it to this one to say so."""
        asked = [(number, edit) for number, edit in self._required if id in (edit.id, *edit.unchecked_with)]
        bits = self._filters.of(claim) & self.profile_of(claim).bits if asked else 0
        return [edit for number, edit in asked if edit.id == id or bits >> number & 1]

    def _join(self, one: tuple[Unchecked, ...], other: tuple[Unchecked, ...]) -> tuple[Unchecked, ...]:
        """Both, the same object for the same two: what is written of it once is written of it always."""
        joined = self._joined.get((id(one), id(other)))
        if joined is None:
            if len(self._joined) > REMEMBERED:
                self._joined.clear()
            # Beside their sum the two are kept, lest another take the place of one.
            joined = self._joined[id(one), id(other)] = (one + other, one, other)
        return joined[0]

    def _run(
        self,
        runners: tuple[_Runner, ...],
        claim: Claim,
        found: list[tuple[_Rule, Hit | Gap]],
        crashed: list[tuple[Edit, str]],
    ) -> None:
        know = self._know
        for run, params, rule in runners:
            know.params = params
            try:
                for hit in run(claim, know):
                    found.append((rule, hit))
            except ConfigError:
                raise  # The operator's store of tables cannot be read: no claim can be judged with it.
            except Exception as error:
                if self.strict:
                    raise
                crashed.append((rule.edit, type(error).__name__))  # Never its text: it may quote the claim.

    def _learn(
        self,
        looks: Hashable,
        runners: tuple[_Runner, ...],
        memory: dict[Hashable, _Known],
        claim: Claim,
        found: list[tuple[_Rule, Hit | Gap]],
        crashed: list[tuple[Edit, str]],
    ) -> _Known:
        """Run a group's checks on the first claim of its looks; note which to run again, and which gaps to repeat."""
        before, fallen = len(found), len(crashed)
        self._run(runners, claim, found, crashed)
        known = _NOTHING
        if len(found) > before or len(crashed) > fallen:
            said = found[before:]
            broken = [edit for edit, _ in crashed[fallen:]]
            faulty = {rule.number for rule, hit in said if isinstance(hit, Hit)}
            faulty |= {rule.number for _, _, rule in runners if any(rule.edit is edit for edit in broken)}
            found[before:] = [(rule, hit) for rule, hit in said if rule.number in faulty]
            gaps = {
                Unchecked(rule.edit.id, gap.reason, gap.line, gap.also): None
                for rule, gap in said
                if rule.number not in faulty and isinstance(gap, Gap)
            }
            known = _Known(tuple([runner for runner in runners if runner[2].number in faulty]), gather(gaps))
        self._remembered += 1
        if self._remembered > REMEMBERED:
            self._remembered = 0
            for each in self._memories.values():
                each.clear()
        memory[looks] = known
        return known

    # Which edits ---------------------------------------------------------------------------------------------------

    def profile_of(self, claim: Claim) -> _Profile:
        """The profile in force for a claim: forced, else by payer id, else by claim filing code."""
        payer = claim.payer
        key = (payer.id, payer.filing) if payer else ("", "")
        profile = self._by_payer.get(key)
        if profile is None:
            name = self.config.profile or self._payers.get(key[0]) or self._filing.get(key[1], "unknown")
            if len(self._by_payer) > 10_000:
                self._by_payer.clear()
            profile = self._by_payer[key] = self._profile(name)
        return profile

    def _profile(self, name: str) -> _Profile:
        """A profile set up: what it and those that it extends change, the nearest winning, the configuration first."""
        if name in self._profiles:
            return self._profiles[name]
        lineage = self.catalogue.ancestry(name)
        default = self.catalogue.ancestry("default")
        lineage += tuple(p for p in default if p not in lineage)
        names = frozenset((name, *(p.name for p in lineage)))
        profile = self._profiles[name] = _Profile(name, names)
        layers = [self.config.severity, *(p.severity for p in lineage)]
        for number, edit in enumerate(self._edits):
            said = next((layer[edit.id] for layer in layers if edit.id in layer), edit.severity)
            wanted = edit.looks_at.profiles
            if said == "off" or (wanted and names.isdisjoint(wanted)):
                continue
            profile.bits |= 1 << number
            profile.severity[number] = Severity(said)
            changes = [p.params.get(edit.id, {}) for p in reversed(lineage)] + [self.config.params.get(edit.id, {})]
            profile.params[number] = dict(edit.params) | {k: v for change in changes for k, v in change.items()}
        return profile

    def _choose(self, profile: _Profile, bits: int) -> _Plan:
        """The runners of these bits, in the order of the catalogue; those that see the same of a claim together."""
        if len(profile.chosen) > 20_000:
            profile.chosen.clear()
        alone: list[_Runner] = []
        groups: dict[Key, list[_Runner]] = {}
        left = bits
        while left:
            number = (left & -left).bit_length() - 1
            left &= left - 1
            runner = profile.runners.get(number) or self._runner(profile, number)
            key = getattr(runner[0], "alike", None)
            if self._know.history is not None and getattr(runner[0], "over_time", False):
                key = None
            (alone if key is None else groups.setdefault(key, [])).append(runner)
        shared: list[tuple[Key, tuple[_Runner, ...], dict[Hashable, _Known]]] = []
        for key, group in groups.items():
            # The same checks under the same profile remember together, whatever else runs beside them.
            which = (profile.name, key, tuple([rule.number for _, _, rule in group]))
            shared.append((key, tuple(group), self._memories.setdefault(which, {})))
        plan = profile.chosen[bits] = (tuple(alone), tuple(shared))
        return plan

    def _runner(self, profile: _Profile, number: int) -> _Runner:
        edit = self._edits[number]
        run = self._runs.get(number)
        if run is None:
            run = self._runs[number] = self._compile(edit)
        rule = _Rule(number, edit, profile.severity[number])
        runner = profile.runners[number] = (run, profile.params[number], rule)
        return runner

    def _compile(self, edit: Edit) -> Check:
        must = edit.must
        assert must is not None
        return compile_edit(edit, self.catalogue.check(edit, must.value) if must.verb == "check" else None)

    def _once_bits(self) -> dict[str, int]:
        """Edits judged once for a loop above the claims, not again for each claim under it: those that look at
        values there and nothing else. A check in Python may look at the claim too, and runs for each."""
        once = dict.fromkeys(_LEVELS, 0)
        for number, edit in enumerate(self._edits):
            assert edit.must is not None
            level = _ABOVE.get(parse(edit.at).loop)
            if level and edit.must.verb != "check":
                once[level] |= 1 << number
        self._not_once = ~sum(once.values())
        return once

    def _once_done(self, outer: Loop | None) -> int:
        """Note the loops above a claim, innermost first; the bits of edits that were judged for them before."""
        self._above = outer
        if outer is not None and outer.node.id == "2000B" and self._is_next_subscriber(outer):
            return self._once["2000A"] | self._once["ST_LOOP"]
        above: dict[str, Loop] = {}
        while outer is not None:
            above[outer.node.id] = outer
            outer = outer.parent
        done = 0
        for level, before in self._levels.items():
            loop = above.get(level)
            if loop is not None and loop is before:
                done |= self._once[level]
            else:
                self._levels[level] = loop
                if self._told[level]:
                    self._told[level].clear()
        return done

    def _across_bits(self) -> int:
        """The edits that look at earlier claims, too: those run whatever their filter says of this claim."""
        if self._across is None:
            self._across = 0
            for number, edit in enumerate(self._edits):
                if edit.must is not None and edit.must.verb == "check":
                    check = self.catalogue.check(edit, edit.must.value)
                    self._across |= getattr(check, "across", False) << number
        return self._across

    def _forgotten(self, bits: int) -> tuple[Unchecked, ...]:
        """What to say of a claim whose earlier claims may have been forgotten."""
        bits &= self._across_bits()
        return tuple([Unchecked(edit.id, FORGOTTEN) for n, edit in enumerate(self._edits) if bits >> n & 1])

    def _is_next_subscriber(self, loop: Loop) -> bool:
        """Whether nothing but the subscriber differs from the claim before, as mostly; if so, note it."""
        levels = self._levels
        provider = levels["2000A"]
        if provider is None or loop.parent is not provider or loop is levels["2000B"]:
            return False
        levels["2000B"], levels["2000C"] = loop, None
        for level in ("2000B", "2000C"):
            if self._told[level]:
                self._told[level].clear()
        return True

    # What they say -------------------------------------------------------------------------------------------------

    def _settle(
        self,
        claim: Claim,
        structural: Sequence[Finding],
        found: list[tuple[_Rule, Hit | Gap]],
        crashed: list[tuple[Edit, str]],
        gaps: tuple[Unchecked, ...],
    ) -> Judgement:
        """Hits to findings: those in force, outside damaged parts, and told by one edit only. ``gaps`` are known."""
        above: list[tuple[Loop, Finding]] = []
        own: list[Finding] = []
        damage = [f for f in structural if f.where.length and self._is_structural(f)]
        unchecked: dict[Unchecked, None] = {}
        findings: list[tuple[_Rule, Hit, Finding]] = []
        if len(found) > 1:
            found.sort(key=_order)
        for rule, hit in found:
            if isinstance(hit, Gap):
                unchecked[Unchecked(rule.edit.id, hit.reason, hit.line, hit.also)] = None
                continue
            if not self.selection.has(rule.edit.id):
                continue
            try:
                finding = self._finding(claim, rule, hit)
                reason = self._not_judged(claim, rule.edit, hit, finding, damage)
            except Exception as error:  # A place that is none, values that are no texts.
                if self.strict:
                    raise
                crashed.append((rule.edit, type(error).__name__))
                continue
            if reason is None:
                findings.append((rule, hit, finding))
            elif reason:
                unchecked[Unchecked(rule.edit.id, reason, finding.where.line)] = None
        said = [*structural, *(finding for _, _, finding in findings)]
        for rule, hit, finding in findings:
            if any(other.edit in rule.edit.yields_to and share_place(finding, other) for other in said):
                continue
            level = self._level_of(hit.where)
            if level is None:
                own.append(finding)
                continue
            told = (finding.edit, finding.where, tuple(finding.values.values()))
            if told not in self._told[level.id]:
                self._told[level.id].add(told)
                above.append((level, finding))
        for edit, kind in crashed:
            where = locate(Place(claim.clm), claim.delimiters, claim.id)
            own.append(Finding(CRASH, Severity.REJECT, where, {"edit": edit.id, "error": kind}))
        own.sort(key=lambda finding: finding.sort_key)
        return Judgement(above, own, gather((*gaps, *unchecked)))

    def _is_structural(self, finding: Finding) -> bool:
        """Whether the reader made this finding: what an edit said above the claim damages nothing."""
        edit = self.catalogue.by_id.get(finding.edit)
        return edit is None or edit.must is None or "ik3" in finding.values

    def _finding(self, claim: Claim, rule: _Rule, hit: Hit) -> Finding:
        severity = rule.severity
        if hit.severity is not None and _WEIGHT[hit.severity] < _WEIGHT[severity]:
            severity = hit.severity
        return Finding(
            rule.edit.id,
            severity,
            self._locate(claim, hit.where),
            hit.values,
            tuple(place if isinstance(place, Location) else self._locate(claim, place) for place in hit.related),
            Fix(hit.safe, hit.change) if hit.change else None,
            answered=self._answered(claim, rule, hit) if self._sources.library is not None else (),
        )

    def _answered(self, claim: Claim, rule: _Rule, hit: Hit) -> tuple[Answered, ...]:
        """The editions of the user's own that decided, of the tables that the edit cites."""
        tables = self._tables.get(rule.number)
        if tables is None:
            cited = [citation.source.table for citation in self.catalogue.citations(rule.edit)]
            tables = self._tables[rule.number] = tuple(dict.fromkeys([table for table in cited if table]))
        if not tables:
            return ()
        service = hit.on or service_day(claim, hit.where.segment.loop)
        medicaid = self._know.profile.is_("medicaid")
        days = [(table, self.received if table == BY_RECEIPT else service) for table in tables]
        found = [self._sources.answered(table, day, medicaid) for table, day in days if day is not None]
        return tuple([answered for answered in found if answered is not None])

    def _locate(self, claim: Claim, place: Place) -> Location:
        inside = place.segment.loop is not None and place.segment.loop.up("2300") is not None
        return locate(place, claim.delimiters, claim.id if inside else None)

    def _not_judged(
        self, claim: Claim, edit: Edit, hit: Hit, finding: Finding, damage: Sequence[Finding]
    ) -> str | None:
        """Why a hit is no finding: a reason to list as unchecked, ``""`` when the edit is not in force; else None."""
        if edit.basis == "service" and (edit.from_ or edit.to):
            day = hit.on or service_day(claim, hit.where.segment.loop)
            if day is None:
                return UNDATED
            if not edit.in_force(day):
                return ""
        for fault in damage:
            # What lies in another claim is not damaged by a fault of this one.
            inside = [where for where, place in zip(finding.related, hit.related, strict=True) if where is not place]
            if any(spoils(fault.where, where) for where in (finding.where, *inside)):
                return f"not judged: this part of the segment is damaged (see {fault.edit})"
        return None

    def _level_of(self, place: Place) -> Loop | None:
        """The loop above the claims that a place concerns; None for a place in the claim."""
        loop = place.segment.loop
        while loop is not None:
            if loop.node.id == "2300":
                return None
            if loop.node.id in _LEVELS:
                return loop
            loop = loop.parent
        return None

    def _check_names(self, config: Config) -> None:
        """Refuse settings for edits and profiles that do not exist: a misspelt one would silently do nothing."""
        place = f"{config.path or 'options'}: "
        for table in ("severity", "params"):
            for id in getattr(config, table):
                if id not in self.catalogue.by_id:
                    raise ConfigError(f"{place}{table}: no edit `{id}`{suggest(id, self.catalogue.by_id)}")
        known = self.catalogue.profiles
        for name in (*([config.profile] if config.profile else []), *config.payers.values()):
            if name not in known:
                raise ConfigError(f"{place}no profile `{name}`{suggest(name, known)}; known: {', '.join(known)}")


def _order(said: tuple[_Rule, Hit | Gap]) -> int:
    return said[0].number
