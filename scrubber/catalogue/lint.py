"""What the models cannot see of one entry alone: whether a catalogue as a whole makes sense."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from scrubber.catalogue.conditions import CONDITION_VALUES, check_operand
from scrubber.catalogue.entry import ANYWHERE, Condition, Edit, Example
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.spelling import suggest
from scrubber.tables.kinds import KINDS
from scrubber.x12.address import AddressError, check, lineage

ABOVE_CLAIM = ("1000A", "1000B", "2000A", "2000B", "2000C", "2010AA", "2010AB", "2010AC", "2010BA", "2010BB", "2010CA")


def lint(catalogue: Catalogue) -> Iterator[str]:
    """Every problem of the catalogue, as ``file: id: field: what is wrong``."""
    yield from _ids(catalogue)
    yield from _profiles(catalogue)
    for edit in catalogue.edits:
        for problem in _entry(catalogue, edit):
            yield f"{edit.file}: {edit.id}: {problem}"


def _ids(catalogue: Catalogue) -> Iterator[str]:
    names: dict[str, str] = {}
    for id in catalogue.by_id:
        entries = catalogue.versions(id)
        place = f"{entries[-1].file}: {id}"
        if len({entry.pack for entry in entries}) > 1:
            yield f"{place}: id: also in {entries[0].file}; an id has one meaning, in one pack"
        elif len({entry.name for entry in entries}) > 1:
            yield f"{place}: name: entries of one id have one name, these have {' and '.join(e.name for e in entries)}"
        for earlier, later in pairwise(entries):
            if earlier.to is None or (later.from_ or date.min) <= earlier.to:
                yield (
                    f"{place}: effective: overlaps another entry of this id; a changed edit is a second entry whose "
                    f"`from` is the day after the first one's `to`"
                )
        for name in {entry.name for entry in entries}:
            if names.setdefault(name, id) != id:
                yield f"{place}: name: `{name}` is already the name of {names[name]}"


def _profiles(catalogue: Catalogue) -> Iterator[str]:
    payers: dict[str, str] = {}
    for profile in catalogue.profiles.values():
        place = f"profile {profile.name}"
        if profile.extends and profile.extends not in catalogue.profiles:
            yield f"{place}: extends: no profile `{profile.extends}`{suggest(profile.extends, catalogue.profiles)}"
        elif profile.extends and (catalogue.ancestry(profile.name)[-1].extends is not None):
            yield f"{place}: extends: goes round in a circle"
        for field, ids in (("severity", profile.severity), ("params", profile.params)):
            for id in ids:
                if id not in catalogue.by_id:
                    yield f"{place}: {field}: no edit `{id}`{suggest(id, catalogue.by_id)}"
        for trial in profile.trials:
            for problem in _example(catalogue, trial.example):
                yield f"{place}: example: {problem}"
            for id in trial.finds:
                if id not in catalogue.by_id and not id.startswith(("X12-", "SYS-")):
                    yield f"{place}: example.finds: no edit `{id}`{suggest(id, catalogue.by_id)}"
        for kind, keys in (("filing", profile.filing), ("payer_ids", profile.payer_ids)):
            for key in keys:
                if payers.setdefault(f"{kind} {key}", profile.name) != profile.name:
                    yield f"{place}: {kind}: `{key}` already belongs to profile {payers[f'{kind} {key}']}"


def _entry(catalogue: Catalogue, edit: Edit) -> Iterator[str]:
    sources = catalogue.packs[edit.pack].sources
    for cite in edit.cite:
        if cite.source not in sources:
            yield f"cite: no source `{cite.source}` in pack.toml{suggest(cite.source, sources)}"
    if edit.from_ and edit.to and edit.to < edit.from_:
        yield "effective: `to` lies before `from`"
    for kind in edit.asks:
        if kind not in KINDS:
            yield f"asks: no kind of table is called `{kind}`{suggest(kind, KINDS)}"
    for key, others in (("yields_to", edit.yields_to), ("unchecked_with", edit.unchecked_with)):
        for other in others:
            if other not in catalogue.by_id:
                yield f"{key}: no edit `{other}`{suggest(other, catalogue.by_id)}"
    for profile in edit.looks_at.profiles:
        if profile not in catalogue.profiles:
            yield f"looks_at.profiles: no profile `{profile}`{suggest(profile, catalogue.profiles)}"
    for case in (edit.status, *edit.cases.values()):
        if len({status.category for status in case}) > 1:
            yield "status: the codes of one STC share one category"
    yield from _addresses(catalogue, edit)
    yield from _message(edit)


def _addresses(catalogue: Catalogue, edit: Edit) -> Iterator[str]:
    if edit.at == ANYWHERE:
        if not edit.structure:
            yield "at: `*` is for structural findings; name the address where the fault shows"
        scope: tuple[str, ...] = ()
    else:
        try:
            address = check(edit.at)
        except AddressError as error:
            yield f"at: {error}"
            return
        scope = lineage(address.loop)
        if address.index:
            yield f"at: `{edit.at}` names one loop of several; an edit looks at every one: leave [{address.index}] out"
    for text in edit.also_at:
        try:
            check(text)
        except AddressError as error:
            yield f"also_at: {error}"
    conditions = [("when", c) for c in edit.when] + ([("must", edit.must)] if edit.must else [])
    for field, condition in conditions:
        for problem in _condition(catalogue, edit, condition, scope, field == "when"):
            yield f"{field}: {problem}"
    for kind, example in edit.examples:
        for problem in _example(catalogue, example):
            yield f"example.{kind}: {problem}"


def _condition(
    catalogue: Catalogue, edit: Edit, condition: Condition, scope: tuple[str, ...], in_when: bool
) -> Iterator[str]:
    if condition.at:
        try:
            loop = check(condition.at).loop
        except AddressError as error:
            yield f"at: {error}"
            return
        if scope and scope[0] in ABOVE_CLAIM and loop not in ABOVE_CLAIM:
            yield f"at: `{condition.at}` lies in a claim, and this edit is judged once above all its claims"
    if condition.verb == "check":
        if in_when:
            yield "check: stands in `must`; a `when` tests a value"
        elif "." in condition.value:
            yield from _borrowed(catalogue, edit, condition.value)
        elif catalogue.packs[edit.pack].module is None:
            yield (
                f"check: `{condition.value}` is Python, and a pack given as a folder holds data only, so that opening "
                f"a folder never runs code beside patient data; install the pack (entry point scrubber.packs), or use "
                f"a check of a shipped pack, as `necessity.supported`"
            )
    elif condition.verb == "table":
        if condition.value not in catalogue.code_lists:
            yield f"table: no code list `{condition.value}`{suggest(condition.value, catalogue.code_lists)}"
    else:
        yield from check_operand(condition)


def _borrowed(catalogue: Catalogue, edit: Edit, name: str) -> Iterator[str]:
    """An edit that uses another pack's check: whether there is such a check, and whether its ``params`` are of the form
    that the check reads, where the check says so."""
    try:
        form = getattr(catalogue.check(edit, name), "form", None)
    except PackError as error:
        yield from (problem.partition(f"{edit.id}: ")[2] for problem in error.problems)
        return
    if form is not None:
        yield from (f"params: {problem}" for problem in form(edit.params))


def _example(catalogue: Catalogue, example: Example) -> Iterator[str]:
    if example.profile and example.profile not in catalogue.profiles:
        yield f"profile: no profile `{example.profile}`{suggest(example.profile, catalogue.profiles)}"
    for id in example.params:
        if id not in catalogue.by_id:
            yield f"params: no edit `{id}`{suggest(id, catalogue.by_id)}"
    for text in (*example.set, *example.remove, *(after for after, _ in example.add)):
        try:
            check(text)
        except AddressError as error:
            yield str(error)


def _message(edit: Edit) -> Iterator[str]:
    for field, text in (("message", edit.message), ("why", edit.why), ("fix", edit.fix)):
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            yield f"{field}: {error}; a literal brace is written twice"
            continue
        for _, name, form, conversion in parts:
            if name is None:
                continue
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or form or conversion:
                yield f"{field}: `{{{name}}}` is no placeholder; one is a plain name, like {{value}}"
            elif field != "message":
                yield f"{field}: has the placeholder `{{{name}}}`; only the message is filled with values"
            elif edit.must and edit.must.verb != "check" and name not in CONDITION_VALUES:
                yield f"message: `{{{name}}}` is never filled here{suggest(name, CONDITION_VALUES)}"
