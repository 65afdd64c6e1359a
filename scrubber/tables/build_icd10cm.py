"""Build the shipped ICD-10-CM tables from the publishers' files.

::

    python -m scrubber.tables.build_icd10cm \\
        --tabular icd10cm-tabular-April-2025.xml.gz icd10cm-tabular-April-2026.xml.gz \\
        --validity icd10cm_billable_validity_mce.csv.gz --titles fy2027_added_titles.csv \\
        --out edits/icd10cm/tables

Writes five files, the same bytes on every run with the same inputs and the same zlib:

========================  =============================================================================
``validity.txt.gz``       a line a category: each billable code with its windows and MCE attributes
``titles.txt.gz``         a line a node: code and title, in the tabular's order
``notes.txt.gz``          a line a note: Excludes1, Excludes2, code first; with resolved references
``outline.txt``           editions, chapters, blocks, categories in printed order
``seventh.txt``           seventh-character rules: the node that carries one, characters and meanings
========================  =============================================================================

Sources: ICD-10-CM tabular list, CDC/NCHS (public domain); validity windows from the Medicare Code Editor, CMS.
"""

import argparse
import csv
import gzip
import io
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from scrubber.tables.icd10cm_references import Parser, Reference, Tree

SOURCE = "# Source: CDC/NCHS ICD-10-CM tabular list; CMS Medicare Code Editor. Built by scrubber.tables.build_icd10cm."
KINDS = {"excludes1": "1", "excludes2": "2", "codeFirst": "F"}
_NOS = re.compile(r"\bNOS\b|\bunspecified\b")
_DUE = re.compile(r"\bdue to\b|\bwith\b")


@dataclass(slots=True)
class RawNote:
    """A note as one edition prints it; ``node`` is a code without dot, a block id or ``chapter N``."""

    node: str
    kind: str
    text: str
    under: str
    wording: str
    references: tuple[Reference, ...]


@dataclass(slots=True)
class Edition:
    """One tabular list: fiscal year, its tree, chapters and blocks in order, its notes."""

    year: int
    tree: Tree = field(default_factory=Tree)
    chapters: list[tuple[str, str, str]] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    notes: list[RawNote] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_bytes(path: Path) -> bytes:
    """A file's content, decompressed when its name ends in .gz."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def squeeze(text: str | None) -> str:
    """Text on one line with single blanks."""
    return " ".join((text or "").split())


def read_tabular(data: bytes) -> Edition:
    """One edition from CDC's XML. Raises ``etree.XMLSyntaxError`` on a broken file, ValueError on another schema."""
    # The file comes from outside: no entities, no DTD, no network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(data, parser)
    if root.tag != "ICD10CM.tabular":
        raise ValueError(f"not an ICD-10-CM tabular list: the root element is {root.tag}")
    edition = Edition(int(squeeze(root.findtext("version"))))
    for chapter in root.findall("chapter"):
        name = squeeze(chapter.findtext("name"))
        title = squeeze(chapter.findtext("desc"))
        first = ""
        for section in chapter.findall("section"):
            block = section.get("id") or ""
            edition.blocks.append((block, squeeze(section.findtext("desc"))))
            for diag in section.findall("diag"):
                category = squeeze(diag.findtext("name"))
                first = first or category
                edition.tree.chapter[category] = name
                add_nodes(edition.tree, diag, None)
        edition.chapters.append((name, first, title))
    # Notes refer forward, so they are read once every node is known.
    references = Parser(edition.tree)
    for node, element in carriers(root):
        edition.notes.extend(read_notes(edition.tree, references, node, element))
    edition.problems = references.problems
    return edition


def add_nodes(tree: Tree, diag: etree._Element, parent: str | None) -> None:
    """Add a ``diag`` element and those inside it to the tree, in printed order."""
    node = squeeze(diag.findtext("name")).replace(".", "")
    tree.add(node, parent, squeeze(diag.findtext("desc")))
    for child in diag.iterchildren("diag", "sevenChrDef"):
        if child.tag == "diag":
            add_nodes(tree, child, node)
            continue
        meanings = tree.seventh.setdefault(node, {})
        for extension in child.iterchildren("extension"):
            meanings[extension.get("char") or ""] = squeeze(extension.text)


def carriers(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Every element that may carry notes, with the name the tables give it."""
    for chapter in root.findall("chapter"):
        yield "chapter " + squeeze(chapter.findtext("name")), chapter
        for section in chapter.findall("section"):
            yield section.get("id") or "", section
            for diag in section.iter("diag"):
                yield squeeze(diag.findtext("name")).replace(".", ""), diag


def read_notes(tree: Tree, parser: Parser, node: str, element: etree._Element) -> Iterator[RawNote]:
    """The Excludes1, Excludes2 and code-first notes printed directly at an element."""
    for holder in element.iterchildren(*KINDS):
        under = ""
        for note in holder.iterchildren("note"):
            text = squeeze(note.text)
            references = parser.read(node, text)
            yield RawNote(node, KINDS[holder.tag], text, under, wording(tree, text, under, references), references)
            if text.endswith(":"):
                under = text


def wording(tree: Tree, text: str, under: str, references: tuple[Reference, ...]) -> str:
    """How a note speaks of what it excludes: t(ext only), n(os), e(xactly the nos code), d(ue to), p(lain)."""
    if not references:
        return "t"
    words = text
    for reference in references:
        words = words.replace(reference.raw, "")
    if _NOS.search(words):
        # "neuralgia and neuritis NOS (M79.2)" names the very code for it; "radiculitis NOS (M54.1-)" a part of M54.1.
        tokens = [token for reference in references for token in reference.tokens]
        exact = bool(tokens) and all(
            token in tree.order and tree.is_leaf(token) and "unspecified" in tree.titles[token].lower()
            for token in tokens
        )
        return "e" if exact else "n"
    return "d" if _DUE.search(words) or _DUE.search(under) else "p"


def read_windows(data: bytes) -> dict[str, list[tuple[str, str, str]]]:
    """Validity windows by code, oldest first: (from, to or "", attributes joined by |)."""
    windows: dict[str, list[tuple[str, str, str]]] = {}
    for row in csv.DictReader(io.StringIO(data.decode("utf-8"))):
        attributes = "|".join(sorted(filter(None, row["mce_attrs"].split("|"))))
        windows.setdefault(row["code"], []).append((row["valid_from"], row["valid_to"], attributes))
    return {code: sorted(windows[code]) for code in sorted(windows)}


def validity_lines(windows: dict[str, list[tuple[str, str, str]]], until: str) -> Iterator[str]:
    """``validity.txt``: the range, the distinct windows, then a line a category (suffix or suffix=window,window)."""
    counts = Counter(window for spans in windows.values() for window in spans)
    numbers = {window: at for at, (window, _) in enumerate(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))}
    yield SOURCE
    yield f"range\t{min(window[0] for window in numbers)}\t{until}"
    for (start, end, attributes), at in numbers.items():
        yield f"window\t{at}\t{start}\t{end}\t{attributes}"
    categories: dict[str, list[str]] = {}
    for code, spans in windows.items():
        ids = ",".join(str(numbers[window]) for window in spans)
        categories.setdefault(code[:3], []).append(code[3:] if ids == "0" else f"{code[3:]}={ids}")
    for category, suffixes in categories.items():
        yield f"{category}\t{' '.join(suffix or '=0' for suffix in suffixes)}"


def place_categories(editions: list[Edition], later: list[str]) -> list[str]:
    """All categories in printed order; one known only from a later title goes after its lexical predecessor."""
    newest = editions[-1]
    order = [node for node in newest.tree.names if len(node) == 3]
    others = [n for edition in editions[:-1] for n in edition.tree.names if len(n) == 3] + later
    for category in others:
        if category not in order:
            before = [c for c in order if c[0] == category[0] and c < category]
            order.insert(order.index(max(before)) + 1, category)
    return order


def outline_lines(editions: list[Edition], releases: list[str], later: list[str], notes: list[str]) -> Iterator[str]:
    """``outline.txt``: editions (each with its number of notes), chapters, blocks (each with its first and last
    category), categories in order. ``notes`` are the lines of ``notes.txt``."""
    newest = editions[-1]
    yield SOURCE
    for edition, release in zip(editions, releases, strict=True):
        carried = sum(str(edition.year) in line.split("\t", 2)[1] for line in notes[1:])
        yield f"edition\tFY{edition.year}\t{release}\t{edition.year - 1}-10-01\t{edition.year}-09-30\t{carried}"
    for name, first, title in newest.chapters:
        yield f"chapter\t{name}\t{first}\t{title}"
    blocks = dict(newest.blocks)
    for edition in editions[:-1]:
        for block, title in edition.blocks:
            blocks.setdefault(block, title)
    for block, title in blocks.items():
        low, _, high = block.partition("-")
        yield f"block\t{low}\t{high or low}\t{title}"
    order = place_categories(editions, later)
    for at in range(0, len(order), 20):
        yield "order\t" + " ".join(order[at : at + 20])


def title_lines(editions: list[Edition], added: dict[str, str]) -> Iterator[str]:
    """``titles.txt``: code, tab, title; the newest edition's wording, older-only nodes and later additions included."""
    titles: dict[str, str] = {}
    for edition in editions:
        titles.update(edition.tree.titles)
    # A title of a code with a seventh character is its stem's plus the character's meaning: not stored twice.
    titles.update({code: title for code, title in added.items() if code not in titles})
    yield SOURCE
    for code in sorted(titles):
        yield f"{code}\t{titles[code]}"


def note_lines(editions: list[Edition]) -> Iterator[str]:
    """``notes.txt``: kind, editions, node, flags, references, heading, text, by tab; identical notes merged."""
    merged: dict[tuple[str, str, str, str, str, str], list[str]] = {}
    place: dict[str, int] = {}
    for edition in reversed(editions):
        tree = edition.tree
        for note in edition.notes:
            place.setdefault(note.node, len(place))
            leaf = note.node in tree.order and tree.is_leaf(note.node) and note.node not in tree.seventh
            flags = note.wording + ("l" if leaf else "")
            references = ";".join(format_reference(reference) for reference in note.references)
            years = merged.setdefault((note.node, note.kind, flags, references, note.under, note.text), [])
            if str(edition.year) not in years:
                years.insert(0, str(edition.year))
    yield SOURCE
    for key, years in sorted(merged.items(), key=lambda item: (place[item[0][0]], item[0][1])):
        node, kind, flags, references, under, text = key
        yield "\t".join((kind, "+".join(years), node, flags, references, under, text))


def format_reference(reference: Reference) -> str:
    """``M50.-`` when the printed form says it all, else ``M54.3-M54.4=M543,M544``."""
    plain = reference.raw.rstrip(".-").replace(".", "")
    return reference.raw if reference.tokens == (plain,) else f"{reference.raw}={','.join(reference.tokens)}"


def seventh_lines(editions: list[Edition]) -> Iterator[str]:
    """``seventh.txt``: the distinct rules, then the nodes that carry each; the newest edition's where they differ."""
    rules: dict[str, dict[str, str]] = {}
    for edition in editions:
        rules.update(edition.tree.seventh)
    numbers: dict[str, int] = {}
    nodes: dict[int, list[str]] = {}
    for node in sorted(rules):
        rule = "\t".join(f"{char}={meaning}" for char, meaning in rules[node].items())
        nodes.setdefault(numbers.setdefault(rule, len(numbers)), []).append(node)
    yield SOURCE
    for rule, at in numbers.items():
        yield f"rule\t{at}\t{rule}"
    for at, carrying in nodes.items():
        yield f"nodes\t{at}\t{' '.join(carrying)}"


def build(tabular: list[bytes], releases: list[str], validity: bytes, titles: bytes, until: str) -> "Built":
    """All tables in memory. The tabular editions may come in any order."""
    pairs = sorted(
        ((read_tabular(data), release) for data, release in zip(tabular, releases, strict=True)),
        key=lambda pair: pair[0].year,
    )
    editions = [edition for edition, _ in pairs]
    windows = read_windows(validity)
    added = {row["code"]: row["long_title"] for row in csv.DictReader(io.StringIO(titles.decode("utf-8-sig")))}
    known = {node for edition in editions for node in edition.tree.names if len(node) == 3}
    notes = list(note_lines(editions))
    # Categories of the validity table no tabular prints: new ones of a later year, which still need a place in order.
    later = sorted({code[:3] for code, spans in windows.items() if not spans[-1][1]} - known)
    return Built(
        editions,
        {
            "validity.txt.gz": list(validity_lines(windows, until)),
            "titles.txt.gz": list(title_lines(editions, added)),
            "notes.txt.gz": notes,
            "outline.txt": list(outline_lines(editions, [release for _, release in pairs], later, notes)),
            "seventh.txt": list(seventh_lines(editions)),
        },
    )


@dataclass(slots=True)
class Built:
    """The result of a build: the editions read, and the lines of every file by name."""

    editions: list[Edition]
    files: dict[str, list[str]]

    def contents(self) -> dict[str, bytes]:
        """The bytes of every file, before compression."""
        return {name: ("\n".join(lines) + "\n").encode() for name, lines in self.files.items()}

    def write(self, out: Path) -> None:
        """Write the files into a directory, compressed by name, without times or names in the headers."""
        out.mkdir(parents=True, exist_ok=True)
        for name, data in self.contents().items():
            if name.endswith(".gz"):
                packer = zlib.compressobj(9, zlib.DEFLATED, 31)
                data = packer.compress(data) + packer.flush()
            (out / name).write_bytes(data)

    def summary(self) -> Iterator[str]:
        """What was read, for the person who runs the build."""
        for edition in self.editions:
            yield f"FY{edition.year}: {len(edition.tree.names)} nodes, {len(edition.tree.seventh)} 7th-character rules"
            for tag, kind in KINDS.items():
                notes = [note for note in edition.notes if note.kind == kind]
                named = sum(bool(note.references) for note in notes)
                yield f"  {tag}: {len(notes)} notes, {named} with codes, {len(notes) - named} in words only"
            kinds = Counter(note.wording for note in edition.notes if note.kind == "1")
            yield "  excludes1 wording: " + ", ".join(f"{w} {n}" for w, n in sorted(kinds.items()))
            yield f"  references not resolved: {len(edition.problems)}"
            yield from (f"    {problem}" for problem in edition.problems)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    options = argparse.ArgumentParser(prog="python -m scrubber.tables.build_icd10cm", description="Build the tables.")
    options.add_argument("--tabular", nargs="+", type=Path, required=True, help="CDC tabular XML, plain or .gz")
    options.add_argument("--validity", type=Path, required=True, help="validity windows, csv or csv.gz")
    options.add_argument("--titles", type=Path, required=True, help="titles added after the newest tabular, csv")
    options.add_argument("--until", default="2027-03-31", help="last day the validity table answers for")
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args(arguments)
    built = build(
        [read_bytes(path) for path in given.tabular],
        [release_of(path) for path in given.tabular],
        read_bytes(given.validity),
        read_bytes(given.titles),
        given.until,
    )
    built.write(given.out)
    for line in built.summary():
        print(line)
    for name in built.files:
        print(f"{name}: {(given.out / name).stat().st_size} bytes")
    return 0


def release_of(path: Path) -> str:
    """The release a file's name tells (``…-April-2026.xml.gz`` is "April 2026"), or the name itself."""
    found = re.search(r"(January|April|July|October)\D*(\d{4})", path.name)
    return f"{found[1]} {found[2]}" if found else path.name


if __name__ == "__main__":
    sys.exit(main())
