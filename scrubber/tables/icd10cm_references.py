"""The code references inside ICD-10-CM tabular notes: from what CDC prints to what can be matched.

A note names codes in many spellings: ``(M50.-)``, ``(M47.2-)``, ``(M54.3-M54.4)``, ``(S12.0--S12.6.-)``,
``(E08-E13 with .44)``, ``(S02.- with 7th character B)``, ``subcategories S06.1- to S06.6-``. This module turns each
into *tokens*, the only four things the look-up has to understand (codes without the dot):

- ``M501``       every code that starts so,
- ``E08:E13``    every category from the one to the other, in the tabular's own order,
- ``S02*B``      every code that starts so and has that seventh character,
- ``T36:T65/1234``  every code of the range whose intent character (the sixth, or the fifth before X) is one of these.

Ranges are resolved by the order in which the edition prints its nodes, never by comparing characters: C4A stands
after C43, QA0 ends chapter 17, Y93.A follows Y93.9.

Used by the build only; nothing here runs while claims are judged.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_CODE = re.compile(r"\b[A-Z][0-9A-Z][0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![0-9A-Za-z])")
_DIGIT = re.compile(r"\d")
_GROUP = re.compile(r"\(([^()]*)\)")
_BETWEEN = re.compile(r"[.\s]*-[.\s-]*|-?\s+to\s+")
_POSITION = {"4th": 3, "fourth": 3, "5th": 4, "fifth": 4, "6th": 5, "sixth": 5}

# CDC prints a list here whose commas were lost: read as ranges it would take in aphasia (I69.02-) and paralysis too.
MISPRINTS = {
    "I69.01-I69.11-, I69.21-I69.31-, I69.81- I69.91-": "I69.01-, I69.11-, I69.21-, I69.31-, I69.81-, I69.91-",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a note: ``raw`` as printed (``M54.3-M54.4``), ``tokens`` as resolved (``M543``, ``M544``).

    No tokens for a range over several chapters: "specified adverse effects of drugs (A00-R94 …)" says where to look,
    not what is meant, and taken by its codes it would stand against nearly every diagnosis.
    """

    raw: str
    tokens: tuple[str, ...]


@dataclass(slots=True)
class Tree:
    """The nodes of one edition in printed order, for resolving references. Node codes carry no dot."""

    order: dict[str, int] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """Position of the last node below each node (its own, for a leaf)."""
    chapter: dict[str, str] = field(default_factory=dict)
    """Chapter number of each three-character category."""
    seventh: dict[str, dict[str, str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def add(self, node: str, parent: str | None, title: str) -> None:
        """Append a node in printed order; ``parent`` is a node or None for a category."""
        self.order[node] = self.last[node] = len(self.names)
        self.names.append(node)
        self.titles[node] = title
        if parent is not None:
            self.parents[node] = parent
            up: str | None = parent
            while up is not None:
                self.last[up] = self.order[node]
                up = self.parents.get(up)

    def below(self, node: str) -> Sequence[str]:
        """The node and everything under it, in printed order; empty for an unknown node."""
        at = self.order.get(node)
        return () if at is None else self.names[at : self.last[node] + 1]

    def is_leaf(self, node: str) -> bool:
        """Whether the edition prints nothing under this node (seventh characters are not printed as nodes)."""
        return self.last[node] == self.order[node]

    def between(self, low: str, high: str) -> list[str] | None:
        """The fewest nodes that together cover ``low`` to ``high`` in printed order; None if either is unknown."""
        if low not in self.order or high not in self.order:
            return None
        start, stop = self.order[low], self.last[high]
        chosen: list[str] = []
        at = start
        while at <= stop:
            node = self.names[at]
            if self.last[node] <= stop:
                chosen.append(node)
                at = self.last[node] + 1
            else:
                at += 1
        return chosen


class Parser:
    """Reads the references of one edition's notes; ``problems`` collects what could not be resolved."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems: list[str] = []

    def read(self, node: str, text: str) -> tuple[Reference, ...]:
        """The references in a note's text; empty for a note in words only. ``node`` is for the problem list."""
        for misprint, meant in MISPRINTS.items():
            text = text.replace(misprint, meant)
        groups = [group for group in _GROUP.findall(text) if self._codes(group)]
        # A code outside brackets is the note's target only when no bracket holds one: "any type in A15 (J65)".
        found: list[Reference] = []
        for group in groups or [text]:
            found.extend(self._group(node, group, text.lower().startswith("sequela")))
        return tuple(dict.fromkeys(found))

    def _codes(self, text: str) -> list[re.Match[str]]:
        # Words in capitals (HIV, NOS, G6PD) are told apart by the edition itself: a code has a category it knows.
        return [m for m in _CODE.finditer(text) if _DIGIT.search(m[0]) and m[0][:3] in self.tree.order]

    def _group(self, node: str, text: str, text_is_sequela: bool) -> Iterator[Reference]:
        matches = self._codes(text)
        at = 0
        while at < len(matches):
            first = matches[at]
            second = None
            if at + 1 < len(matches) and _BETWEEN.fullmatch(text[first.end() : matches[at + 1].start()]):
                second = matches[at + 1]
                at += 1
            at += 1
            end = (second or first).end()
            following = text[end : matches[at].start()] if at < len(matches) else text[end:]
            tail = re.match(r"[.-]*", following)
            raw = text[first.start() : end + (tail.end() if tail else 0)]
            bases = self._bases(node, first[0], second[0] if second else None, text)
            condition = re.search(r"\bwith\b.*", following)
            if condition and not re.match(r"[.\s-]*with\b", following):
                condition = None
            # "E08-E10, E11, E13 with ketoacidosis": the condition closes the list and governs all of it.
            closing = re.search(r"[\w.-]\s*-?with\b.*$", text[matches[-1].start() :])
            if condition is None and closing and "," in text and re.match(r"\s*,", following):
                condition = re.search(r"\bwith\b.*", closing[0])
            if text_is_sequela and first[0][0] in "ST" and condition is None:
                # "sequelae of traumatic intracranial injury (S06.-)": of the injury's codes only those with S.
                tokens = [f"{base}*S" for base in bases]
            elif condition:
                tokens = self._limit(node, bases, condition[0].strip())
                raw = f"{raw} {condition[0].strip()}"
            else:
                tokens = bases
            if tokens:
                yield Reference(raw, () if self._over_chapters(tokens) else tuple(tokens))

    def _bases(self, node: str, first: str, second: str | None, text: str) -> list[str]:
        low = first.replace(".", "")
        if second is None:
            if low not in self.tree.order and not self._is_seventh(low):
                self.problems.append(f"{node}: {first} is no node of this edition, in {text!r}")
            return [low]
        high = second.replace(".", "")
        if len(low) == 3 and len(high) == 3:
            return [f"{low}:{high}"]
        covered = self.tree.between(low, high)
        if covered:
            return covered
        self.problems.append(f"{node}: range {first} to {second} names a node this edition lacks, in {text!r}")
        siblings = self.tree.below(low[:3])
        return [n for n in siblings if len(n) == len(low) and low <= n <= high] or [low, high]

    def _is_seventh(self, code: str) -> bool:
        return len(code) == 7 and code[:6].rstrip("X") in self.tree.order

    def _nodes(self, bases: Iterable[str]) -> list[str]:
        nodes: list[str] = []
        for base in bases:
            if ":" in base:
                low, _, high = base.partition(":")
                for category in self.tree.between(low, high) or ():
                    nodes.extend(self.tree.below(category))
            else:
                nodes.extend(self.tree.below(base))
        return nodes

    def _limit(self, node: str, bases: list[str], condition: str) -> list[str]:
        """Apply a "with …" condition to the nodes under ``bases``."""
        nodes = self._nodes(bases)
        kept: list[str]
        if m := re.match(r"with \.(\d+)-?(?:-\.(\d+))?", condition):
            wanted = range(int(m[1]), int(m[2] or m[1]) + 1)
            kept = [n for n in nodes if any(n[3:] == str(w) for w in wanted)]
        elif m := re.match(r"with final characters \.(\d+) or \.(\d+)", condition):
            kept = [n for n in nodes if n[3:] in (m[1], m[2])]
        elif m := re.match(r"with final characters? -?(\w+)", condition):
            kept = [n for n in nodes if n[3:].endswith(m[1]) and self.tree.is_leaf(n)]
        elif m := re.match(r"with (?:7th|seventh) character (\w)", condition):
            return [f"{base}*{m[1]}" for base in bases]
        elif "open fracture 7th character" in condition:
            return [f"{base}*{self._open_fracture(base)}" for base in bases]
        elif m := re.match(r"with (?:fifth|5th) to (?:sixth|6th) characters? (\w\w)", condition):
            kept = [n for n in nodes if n[4:] == m[1]]
        elif m := re.match(r"with (?:fifth|5th) or (?:sixth|6th) character (\d)(?:-(\d))?", condition):
            digits = "".join(str(d) for d in range(int(m[1]), int(m[2] or m[1]) + 1))
            return [f"{base if ':' in base else f'{base}:{base}'}/{digits}" for base in bases]
        elif "to indicate intent" in condition:
            return bases
        elif (m := re.match(r"with (\w+)[- ]characters? \.?(\w)", condition)) and m[1] in _POSITION:
            place = _POSITION[m[1]]
            kept = [n for n in nodes if len(n) == place + 1 and n[place] == m[2]]
        else:
            words = condition.rstrip(" .,")
            kept = [n for n in nodes if words in self.tree.titles[n]]
            kept = [n for n in kept if self.tree.parents.get(n) not in kept]
        if not kept:
            self.problems.append(f"{node}: nothing under {', '.join(bases)} {condition!r}")
        return kept

    def _open_fracture(self, base: str) -> str:
        meanings = self.tree.seventh.get(base, {})
        return "".join(char for char, meaning in meanings.items() if "open fracture" in meaning)

    def _over_chapters(self, tokens: Iterable[str]) -> bool:
        for token in tokens:
            low, sep, high = token.partition("/")[0].partition(":")
            if sep and self.tree.chapter.get(low) != self.tree.chapter.get(high):
                return True
        return False
