"""NCCI-05: an add-on code without any of its primary codes, by the same performer on the same day. NCCI-E1: an add-on
code with a modifier that add-on codes do not take."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from scrubber.catalogue.check import Gap, Hit, Knowledge, across, alike
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.addons import CLOSED, CONTRACTOR, PARTIAL, AddOn

from .memory import seen_before
from .pairs import meetings, same_performer, shared_day
from .reasons import at_lines, gaps, name_codes


def _with_addons(claim: Claim, know: Knowledge) -> Hashable:
    """What the edit sees of a claim: without add-on codes, only the codes of which it is not known what they are."""
    seen = seen_before(claim, know)
    if seen is None:
        return None
    key, era, of_codes = seen
    unknown: list[Hashable] = []
    for line in claim.lines:
        code = line.procedure
        if line.qualifier != "HC" or not code:
            continue
        kind = of_codes.get(("addon", code, era))
        if kind is None:
            kind = of_codes["addon", code, era] = _kind(know, line)
        if kind is _ADDON:
            return key
        if kind is not _NONE:
            unknown.append((line.number, code if kind is _UNLISTED else kind))
    return tuple(unknown)


_ADDON, _NONE, _UNLISTED, _OUTSIDE = "add-on", "none", "unlisted", "outside"


def _kind(know: Knowledge, line: ServiceLine) -> str:
    table, day = know.addons, line.first
    if day is None or table.on(day) is None:
        return _OUTSIDE
    if table.find(line.procedure, day) is not None:
        return _ADDON
    return _NONE if table.knows(line.procedure, day) else _UNLISTED


def addon_modified(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """NCCI-E1: 51 on an add-on code, or 50 where a fee schedule prices both sides; on other codes 50 is MOD-15's."""
    unlisted: dict[str, list[int]] = {}
    for line in claim.lines:
        code, day = line.procedure, line.first
        found = next((m for m in line.modifiers if m in know.params["never"]), None)
        if found is None or line.qualifier != "HC" or not code or day is None:
            continue
        if know.addons.find(code, day) is not None:
            fee = know.pfs.find(code, day)
            if found == "51":
                yield Hit(line.modifier_place(found), {"procedure": code, "modifier": found})
            elif fee is None or fee.bilateral in know.params["both_sides"]:
                yield Hit(line.modifier_place(found), {"procedure": code, "modifier": found}, severity=Severity.INFO)
        elif know.addons.on(day) is None or not know.addons.knows(code, day):
            unlisted.setdefault(code, []).append(line.number)
    yield from gaps("not known whether these are add-on codes", unlisted)


@across
@alike(_with_addons)
def addon_alone(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """NCCI-05: an add-on code that stands without a primary."""
    return list(_alone(claim, know))


def _alone(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    table = know.addons
    unlisted: dict[str, list[int]] = {}
    outside: list[int] = []
    told: set[str] = set()
    for line in claim.lines:
        code, day = line.procedure, line.first
        if line.qualifier != "HC" or not code:
            continue
        if day is None:
            yield Gap("no readable service date to look the add-on code up by", line.number)
            continue
        addon = table.find(code, day)
        if addon is None:
            if table.on(day) is None:
                outside.append(line.number)
            elif not table.knows(code, day):
                unlisted.setdefault(code, []).append(line.number)
        elif code not in told:
            said = _judge(claim, know, line, addon)
            if said is not None:
                told.add(code)  # Three lines of one code lack the same primary.
                yield said
    yield from gaps("not known whether these are add-on codes", unlisted)
    if outside:
        yield at_lines("no edition of the add-on codes for the service date", outside)


def _judge(claim: Claim, know: Knowledge, line: ServiceLine, addon: AddOn) -> Hit | Gap | None:
    beside = [other for other in claim.lines if other is not line and shared_day(line, other)]
    own = [other.procedure for other in beside if same_performer(claim, line, other)]
    own += [earlier.procedure for mine, earlier in meetings(claim, know.earlier) if mine is line]
    if not addon.primaries.isdisjoint(own):
        return None
    severity, problem = None, "none of its primary codes stands beside it that day"
    if addon.type == CONTRACTOR:
        if own:
            return Gap(f"the primary codes of {line.procedure} are the payer's to name", line.number)
        severity, problem = Severity.INFO, "no other service of the performer stands beside it that day"
    elif not addon.primaries.isdisjoint(other.procedure for other in beside):
        severity, problem = Severity.WARNING, "its primary code was rendered by another performer"
    elif addon.type == PARTIAL or line.procedure in know.params["elsewhere"]:
        severity = Severity.WARNING
    elif addon.type != CLOSED:
        return Gap(f"add-on code of an unknown type: {line.procedure}", line.number)
    primaries = name_codes(addon.primaries) or "the payer's to name"
    values = {"procedure": line.procedure, "primaries": primaries, "problem": problem}
    return Hit(line.procedure_place, values, severity=severity)
