"""The proof of a pack: its examples tried, the days on which its dates begin and end, and each setting of its profiles.

``scrubber edits test`` shows it to a pack's author; the tests hold the shipped packs to it. A problem says what was
expected, what came instead, and where to look.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

from scrubber.catalogue.entry import Edit, Example, Profile
from scrubber.catalogue.examples import RECEIVED, ExampleError, apply
from scrubber.catalogue.features import Filters
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.config import Config, ConfigError
from scrubber.finding import Finding, Severity
from scrubber.pipeline import Options, judge, make_engine
from scrubber.verdict import ClaimVerdict, FileEnd
from scrubber.x12.values import to_date

DAY = timedelta(1)

End = Literal["first", "last"]

_WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.REJECT: 2}


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that a pack was tried for. ``problem`` is None where it stood the trial."""

    pack: str
    about: str
    """An edit's id, or ``profile NAME``."""
    shows: str
    problem: str | None = None


def prove(catalogue: Catalogue, packs: Collection[str]) -> Iterator[Proof]:
    """Try everything that these packs of the catalogue (by name) can be tried for, in their order."""
    for name in packs:
        for edit in catalogue.edits:
            if edit.pack == name and edit.must is not None:
                for shows, problem in prove_edit(catalogue, edit):
                    yield Proof(name, edit.id, shows, problem)
        for profile in catalogue.profiles.values():
            if profile.pack == name:
                for shows, problem in prove_profile(catalogue, profile):
                    yield Proof(name, f"profile {profile.name}", shows, problem)


# Edits ------------------------------------------------------------------------------------------------------------


def prove_edit(catalogue: Catalogue, edit: Edit) -> Iterator[tuple[str, str | None]]:
    """What the edit's examples and dates show, each with its problem."""
    if edit.breaks is None and edit.untried:
        yield f"no example: {edit.untried}", None
        return
    if edit.breaks is None:
        yield (
            "an example",
            "it has none, so nothing shows that it works. Give it `example = { breaks = { set = {...} }, "
            "holds = { set = {...} } }`: a change to a clean claim that it must find, and one that it must let pass.",
        )
        return
    numbers = dict.fromkeys(("breaks", "holds"), 0)
    for kind, example in edit.examples:
        numbers[kind] += 1
        number = f" {numbers[kind]}" if numbers[kind] > 1 else ""
        yield f"{kind}{number}", try_example(catalogue, edit, kind, example)
    for at in boundaries(edit):
        yield f"{'in force' if at.due else 'silent'} on {at.day}", try_day(catalogue, edit, at)
    for profile in strangers(catalogue, edit):
        yield f"silent under {profile}", try_stranger(catalogue, edit, profile)


def try_example(catalogue: Catalogue, edit: Edit, kind: str, example: Example) -> str | None:
    """What is wrong with an example, or None: a claim that breaks the edit raises it and nothing besides, one that
    holds raises nothing; others only where ``also`` names them."""
    try:
        findings = run(catalogue, example)
    except ExampleError as error:
        return f"the example cannot be applied to the base claim `{example.base}`: {error}."
    except (PackError, ConfigError):
        raise  # Not this example's fault.
    except Exception as error:  # A check of the pack may fail in any way.
        return f"a check crashed on it: {type(error).__name__} in {_where(error)}."
    own = [f for f in findings if f.edit == edit.id]
    if kind == "breaks" and not own:
        return f"it should be found here, and is not: {_diagnose(catalogue, edit, example)} {_found(findings)}"
    if kind == "holds" and own:
        return f"it should let this claim pass, but finds {_tell(own[0])}: mend the example, or what the edit asks for."
    others = {f.edit for f in findings if f.severity is not Severity.INFO} - ({edit.id} if kind == "breaks" else set())
    if more := others - set(example.also):
        told = "; ".join(_tell(f) for f in findings if f.edit in more)
        return (
            f"other edits speak, too: {told}. Change the example so that the claim is clean otherwise; where it cannot "
            f"be, name them: `also = [{', '.join(f'{id!r}' for id in sorted(more))}]`, and say why in `note`."
        ).replace("'", '"')
    if missing := set(example.also) - others:
        return f"`also` names {', '.join(sorted(missing))}, which does not speak here: take it out of `also`."
    return None


def run(
    catalogue: Catalogue, example: Example, data: bytes | None = None, received: date | None = None
) -> list[Finding]:
    """The findings of an example's file, whatever their floor. Raises ExampleError, and what a check raises."""
    options = _options(catalogue, example)
    return judge_data(data or apply(example), replace(options, received=received) if received else options)


def _options(catalogue: Catalogue, example: Example) -> Options:
    """How an example is judged."""
    return Options(
        received=example.received or RECEIVED,
        catalogue=catalogue,
        config=Config(params=example.params),
        profile=example.profile,
        strict=True,
    )


def judge_data(data: bytes, options: Options) -> list[Finding]:
    """The findings of a file, whatever their floor."""
    found: list[Finding] = []
    for event in judge(data, options):
        if isinstance(event, ClaimVerdict):
            found += [finding for finding in event.findings if not finding.inherited]
        elif isinstance(event, FileEnd):
            found += event.findings
    return found


def _diagnose(catalogue: Catalogue, edit: Edit, example: Example) -> str:
    """Why an edit did not speak: its dates, its payers, what it looks at, or what it asks for."""
    options = _options(catalogue, example)
    engine, received = make_engine(options), options.received
    claims = [event.claim for event in judge(apply(example), options) if isinstance(event, ClaimVerdict)]
    days = {received} if edit.basis == "receipt" else {day for c in claims if (day := c.service_from)}
    if days and not any(edit.in_force(day) for day in days):
        basis = "received" if edit.basis == "receipt" else "of service"
        return f"`effective` leaves out the day {basis}, {min(days)}."
    wanted = edit.looks_at.profiles
    profiles = {engine.profile_of(claim).name: engine.profile_of(claim).names for claim in claims}
    if wanted and not any(names & set(wanted) for names in profiles.values()):
        return (
            f"`looks_at.profiles` wants {' or '.join(wanted)}; the claim's payer has the profile {', '.join(profiles)}."
        )
    if claims and not any(Filters([edit.looks_at]).of(claim) for claim in claims):
        return "the claim has none of the codes that `looks_at` names."
    return "what `when` and `must` ask for holds on this claim."


def _found(findings: list[Finding]) -> str:
    return f"Found instead: {'; '.join(map(_tell, findings))}." if findings else "Nothing else is found, either."


def _tell(finding: Finding) -> str:
    where = finding.where
    place = f"{where.loop or ''}.{where.element or where.segment or ''}".strip(".")
    line = f" of line {where.line}" if where.line is not None else ""
    return f"{finding.edit} ({finding.severity}) at {place or 'the file'}{line}"


def _where(error: Exception) -> str:
    """The innermost place in our files or the pack's; never the error's text, as everywhere."""
    from traceback import extract_tb

    frame = extract_tb(error.__traceback__)[-1]
    return f"{frame.name} (line {frame.lineno})"


# Dates ------------------------------------------------------------------------------------------------------------


class Boundary(NamedTuple):
    """A day at which an entry's dates are tried: whether it is due then, and which of a claim's services that day may
    be."""

    day: date
    due: bool
    ends: tuple[End, ...]


def boundaries(edit: Edit) -> Iterator[Boundary]:
    """The first and last days of an entry, on which it holds, and the days just outside, on which it does not."""
    if edit.from_ is not None:
        yield Boundary(edit.from_ - DAY, False, ("last",))
        yield Boundary(edit.from_, True, ("first", "last"))
    if edit.to is not None:
        yield Boundary(edit.to, True, ("first", "last"))
        yield Boundary(edit.to + DAY, False, ("first",))


def try_day(catalogue: Catalogue, edit: Edit, at: Boundary) -> str | None:
    """What is wrong when the claims that break an edit are of this day (received, or of service, as its dates go by).
    On a day when it is due one of them is enough: the codes of the others may be younger. When it is not, another entry
    of its id may be."""
    if not at.due and any(version.in_force(at.day) for version in catalogue.versions(edit.id)):
        return None
    broken = [(example, end) for kind, example in edit.examples if kind == "breaks" for end in at.ends]
    try:
        spoke = any(f.edit == edit.id for example, end in broken for f in run_on(catalogue, edit, example, at.day, end))
    except ExampleError:
        return None  # Told by the example itself.
    if spoke == at.due:
        return None
    if at.due:
        return (
            "its dates say that it holds on this day, but no claim that breaks it is found when it is of this day. "
            "Mend `from` or `to`; or, where the codes of the example are younger, add an example to `breaks` whose "
            "codes were in force."
        )
    return "its dates say that it does not hold on this day, but a claim of this day is found to break it."


def run_on(catalogue: Catalogue, edit: Edit, example: Example, day: date, end: End) -> list[Finding]:
    """The findings of an example moved to a day: of receipt, or of the first or last of its services."""
    if edit.basis == "receipt":
        return run(catalogue, example, received=day)
    moved, last = _move(apply(example), day, end)
    return run(catalogue, example, moved, max(example.received or RECEIVED, last + DAY))


_DTP = re.compile(rb"(DTP\*[0-9]{3}\*(?:D8|RD8)\*)([0-9]{8})(?:-([0-9]{8}))?")


def _move(data: bytes, to: date, end: End) -> tuple[bytes, date]:
    """A file with all dates of its claims moved alike, so that the first or last of its services is on this day; and
    the last of its services."""
    services = [
        day for m in _DTP.finditer(data) if m[1].startswith(b"DTP*472*") for day in map(_day, m.groups()[1:]) if day
    ]
    if not services:
        return data, to
    by = to - (min(services) if end == "first" else max(services))

    def moved(match: re.Match[bytes]) -> bytes:
        days = [f"{day + by:%Y%m%d}".encode() if (day := _day(text)) else text for text in match.groups()[1:] if text]
        return match[1] + b"-".join(days)

    return _DTP.sub(moved, data), max(services) + by


def _day(text: bytes | None) -> date | None:
    return to_date(text.decode()) if text else None


# Payers -----------------------------------------------------------------------------------------------------------


def strangers(catalogue: Catalogue, edit: Edit) -> Iterator[str]:
    """For an edit of some payers: a profile that is none of theirs."""
    wanted = set(edit.looks_at.profiles)
    if wanted:
        others = (p for p in catalogue.profiles if wanted.isdisjoint(a.name for a in catalogue.ancestry(p)))
        yield from list(others)[:1]


def try_stranger(catalogue: Catalogue, edit: Edit, profile: str) -> str | None:
    """What is wrong when a claim that breaks one payer's edit comes to another payer."""
    broken = [example._replace(profile=profile) for kind, example in edit.examples if kind == "breaks"]
    try:
        spoke = any(f.edit == edit.id for example in broken for f in run(catalogue, example))
    except ExampleError:
        return None  # Told by the example itself.
    if not spoke:
        return None
    return f"`looks_at.profiles` keeps it to {', '.join(edit.looks_at.profiles)}, but it speaks here, too."


# Profiles ---------------------------------------------------------------------------------------------------------


def prove_profile(catalogue: Catalogue, profile: Profile) -> Iterator[tuple[str, str | None]]:
    """What a profile's examples show; and whether each of its settings shows in one of them."""
    for trial in profile.trials:
        try:
            problem = _judged_elsewhere(catalogue, profile, trial.example) or _compare(
                outcome(catalogue, trial.example), trial.finds
            )
        except ExampleError as error:
            problem = f"the example cannot be applied to the base claim `{trial.example.base}`: {error}."
        yield trial.shows, problem
    for setting, id, without in settings(catalogue, profile):
        examples = [trial.example for trial in profile.trials]
        examples += [example for edit in catalogue.versions(id) for _, example in edit.examples]
        problem = None
        if not any(_differ(catalogue, without, example) for example in examples):
            problem = (
                "no example shows what it does: without it all come out the same, those of "
                f"{profile.name} and those of {id}. Add an [[example]] to the profile with a claim that only this "
                "setting decides."
            )
        yield setting, problem


def outcome(catalogue: Catalogue, example: Example) -> dict[str, str]:
    """What is found on a claim, edit id to the worst severity."""
    found: dict[str, str] = {}
    for finding in sorted(run(catalogue, example), key=lambda f: _WEIGHT[f.severity]):
        found[finding.edit] = finding.severity.value
    return found


def settings(catalogue: Catalogue, profile: Profile) -> Iterator[tuple[str, str, Catalogue]]:
    """Each setting of a profile in words, the edit that it is of, and the catalogue without it."""
    for id in profile.severity:
        rest = {key: value for key, value in profile.severity.items() if key != id}
        yield f"severity of {id}", id, _with_profile(catalogue, profile._replace(severity=rest))
    for id, changes in profile.params.items():
        for name in changes:
            rest_of = {key: value for key, value in changes.items() if key != name}
            params: Mapping[str, Mapping[str, object]] = {**profile.params, id: rest_of}
            yield f"{name} of {id}", id, _with_profile(catalogue, profile._replace(params=params))


def _with_profile(catalogue: Catalogue, profile: Profile) -> Catalogue:
    profiles = {**catalogue.profiles, profile.name: profile}.values()
    return Catalogue(catalogue.packs.values(), catalogue.edits, profiles, catalogue.snippets)


def _differ(catalogue: Catalogue, other: Catalogue, example: Example) -> bool:
    """Whether an example comes out otherwise under the other catalogue."""
    try:
        return outcome(catalogue, example) != outcome(other, example)
    except ExampleError:
        return False


def _judged_elsewhere(catalogue: Catalogue, profile: Profile, example: Example) -> str | None:
    options = _options(catalogue, example)
    engine = make_engine(options)
    for event in judge(apply(example), options):
        if isinstance(event, ClaimVerdict) and (used := engine.profile_of(event.claim)).name != profile.name:
            known = f"one of its payer ids ({', '.join(profile.payer_ids)})" if profile.payer_ids else "its payer id"
            return (
                f"this claim is judged by the profile {used.name}, not by {profile.name}: name {known} in the claim, "
                f'`set = {{ "2010BB.NM109" = "..." }}`, or force it with `profile = "{profile.name}"`.'
            )
    return None


def _compare(found: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """What differs between what was found and what the example says; information counts where the example names it."""
    found = {id: severity for id, severity in found.items() if severity != Severity.INFO or id in wanted}
    if found == wanted:
        return None
    told = [f"{id} is found ({found[id]}), which `finds` does not name" for id in found if id not in wanted]
    told += [f"{id} ({wanted[id]}) is not found" for id in wanted if id not in found]
    told += [f"{id} is a {found[id]}, not a {wanted[id]}" for id in wanted if id in found and found[id] != wanted[id]]
    return f"{'; '.join(told)}. `finds` names every reject and warning of the claim: mend it, the claim or the setting."
