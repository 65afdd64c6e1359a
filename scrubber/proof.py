"""The proof of a pack: its examples tried, the days on which its dates begin and end, and each setting of its profiles.

``scrubber edits test`` shows it to a pack's author; the tests hold the shipped packs to it. A problem says what was
expected, what came instead, and where to look.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from scrubber.catalogue.entry import Edit, Example, Profile
from scrubber.catalogue.examples import RECEIVED, ExampleError, apply
from scrubber.catalogue.features import Filters
from scrubber.catalogue.index import Catalogue
from scrubber.finding import Finding, Severity
from scrubber.pipeline import Options, judge, make_engine
from scrubber.verdict import ClaimVerdict, FileEnd

DAY = timedelta(1)

_SERVICE = re.compile(rb"DTP\*472\*(?:D8|RD8)\*[0-9-]+")


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
    for day, due in boundaries(catalogue, edit):
        yield f"{'in force' if due else 'silent'} on {day}", try_day(catalogue, edit, day, due)


def try_example(catalogue: Catalogue, edit: Edit, kind: str, example: Example) -> str | None:
    """What is wrong with an example, or None: a claim that breaks the edit raises it and nothing besides, one that
    holds raises nothing; others only where ``also`` names them."""
    try:
        findings = run(catalogue, example)
    except ExampleError as error:
        return f"the example cannot be applied to the base claim `{example.base}`: {error}."
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
    options = Options(
        received=received or example.received or RECEIVED, catalogue=catalogue, profile=example.profile, strict=True
    )
    return list(_findings(data or apply(example), options))


def _findings(data: bytes, options: Options) -> Iterator[Finding]:
    for event in judge(data, options):
        if isinstance(event, ClaimVerdict):
            yield from (finding for finding in event.findings if not finding.inherited)
        elif isinstance(event, FileEnd):
            yield from event.findings


def _diagnose(catalogue: Catalogue, edit: Edit, example: Example) -> str:
    """Why an edit did not speak: its dates, its payers, what it looks at, or what it asks for."""
    received = example.received or RECEIVED
    options = Options(received=received, catalogue=catalogue, profile=example.profile)
    engine = make_engine(options)
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


def boundaries(catalogue: Catalogue, edit: Edit) -> Iterator[tuple[date, bool]]:
    """The first and last days of an entry, on which it holds, and the days just outside, on which it is silent unless
    another entry of its id holds then."""
    for day, outside in ((edit.from_, -DAY), (edit.to, DAY)):
        if day is not None:
            yield day, True
            if not any(version.in_force(day + outside) for version in catalogue.versions(edit.id)):
                yield day + outside, False


def try_day(catalogue: Catalogue, edit: Edit, day: date, due: bool) -> str | None:
    """What is wrong when the claims that break an edit are of this day (received, or of service, as its dates go by).
    On a day when it is due one of them is enough: the codes of the others may be younger."""
    broken = [example for kind, example in edit.examples if kind == "breaks"]
    try:
        spoke = any(f.edit == edit.id for example in broken for f in run_on(catalogue, edit, example, day))
    except ExampleError:
        return None  # Told by the example itself.
    if spoke == due:
        return None
    if due:
        return (
            "its dates say that it holds on this day, but no claim that breaks it is found when it is of this day. "
            "Mend `from` or `to`; or, where the codes of the example are younger, add an example to `breaks` whose "
            "codes were in force."
        )
    return "its dates say that it does not hold on this day, but a claim of this day is found to break it."


def run_on(catalogue: Catalogue, edit: Edit, example: Example, day: date) -> list[Finding]:
    """The findings of an example moved to a day: of receipt, or of all its services."""
    if edit.basis == "receipt":
        return run(catalogue, example, received=day)
    moved = _SERVICE.sub(b"DTP*472*D8*" + day.strftime("%Y%m%d").encode(), apply(example))
    received = example.received or RECEIVED
    return run(catalogue, example, moved, max(received, day + DAY))


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
    for setting, without in settings(catalogue, profile):
        yield (
            setting,
            None
            if _shows(catalogue, without, profile)
            else (
                "no example shows what it does: without it every example of this profile comes out the same. Add an "
                f"[[example]] to the profile with a claim that only {setting} decides."
            ),
        )


def outcome(catalogue: Catalogue, example: Example) -> dict[str, str]:
    """The rejects and warnings of a claim, edit id to the worst severity."""
    found: dict[str, str] = {}
    for finding in run(catalogue, example):
        if finding.severity is not Severity.INFO and found.get(finding.edit) != Severity.REJECT:
            found[finding.edit] = finding.severity.value
    return found


def settings(catalogue: Catalogue, profile: Profile) -> Iterator[tuple[str, Catalogue]]:
    """Each setting of a profile, in words, and the catalogue without it."""
    for id in profile.severity:
        rest = {key: value for key, value in profile.severity.items() if key != id}
        yield f"severity of {id}", _with_profile(catalogue, profile._replace(severity=rest))
    for id, changes in profile.params.items():
        for name in changes:
            rest_of = {key: value for key, value in changes.items() if key != name}
            params: Mapping[str, Mapping[str, object]] = {**profile.params, id: rest_of}
            yield f"{name} of {id}", _with_profile(catalogue, profile._replace(params=params))


def _with_profile(catalogue: Catalogue, profile: Profile) -> Catalogue:
    profiles = {**catalogue.profiles, profile.name: profile}.values()
    return Catalogue(catalogue.packs.values(), catalogue.edits, profiles, catalogue.snippets)


def _shows(catalogue: Catalogue, without: Catalogue, profile: Profile) -> bool:
    """Whether some example of the profile comes out otherwise without the setting."""
    for trial in profile.trials:
        try:
            if outcome(catalogue, trial.example) != outcome(without, trial.example):
                return True
        except ExampleError:
            continue
    return False


def _judged_elsewhere(catalogue: Catalogue, profile: Profile, example: Example) -> str | None:
    options = Options(received=example.received or RECEIVED, catalogue=catalogue, profile=example.profile)
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
    """What differs between what was found and what the example says."""
    if found == wanted:
        return None
    told = [f"{id} is found ({found[id]}), which `finds` does not name" for id in found if id not in wanted]
    told += [f"{id} ({wanted[id]}) is not found" for id in wanted if id not in found]
    told += [f"{id} is a {found[id]}, not a {wanted[id]}" for id in wanted if id in found and found[id] != wanted[id]]
    return f"{'; '.join(told)}. `finds` names every reject and warning of the claim: mend it, the claim or the setting."
