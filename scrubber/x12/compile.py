"""Compile the guide 005010X222A1 to ``guide.json`` from pyx12's map, the base standard and our corrections.

Run as ``python -m scrubber.x12.compile`` when pyx12, ``standard.toml`` or ``corrections.toml`` changes; a test holds
the result fresh. Reading 1.1 MB of XML at every start would cost more than judging a small file does.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lxml import etree

HERE = Path(__file__).parent
MAP = "837.5010.X222.A1.xml"
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)

Node = Any  # lxml-stubs know elements only as a private class


def parse(name: str) -> Node:
    """One of pyx12's XML files."""
    data = (importlib.resources.files("pyx12") / "map" / name).read_bytes()
    return etree.fromstring(data, PARSER)


def text(node: Node, tag: str, default: str = "") -> str:
    return (node.findtext(tag) or default).strip()


class Compiler:
    """Turns the map's tree into plain tables. ``definitions`` are shared by equal segments."""

    def __init__(self) -> None:
        self.corrections = tomllib.loads((HERE / "corrections.toml").read_text("utf-8"))
        self.standard = tomllib.loads((HERE / "standard.toml").read_text("utf-8"))
        elements = parse("dataele.xml")
        self.data_elements = {
            e.get("ele_num"): (e.get("data_type"), int(e.get("min_len")), int(e.get("max_len")))
            for e in elements.iter("data_ele")
        }
        self.definitions: list[dict[str, Any]] = []
        self._known: dict[str, int] = {}
        self._applied: set[str] = set()

    def run(self) -> dict[str, Any]:
        root = parse(MAP)
        set_loop = next(loop for loop in root.iter("loop") if loop.get("xid") == "ST_LOOP")
        tree = self.flatten(self.loop(set_loop))
        self._check_applied()
        lists = {name: sorted(codes) for name, codes in self.code_lists().items()}
        return {
            "guide": "005010X222A1",
            "source": f"pyx12 {importlib.metadata.version('pyx12')}, {MAP}",
            "external": lists,
            "segment_ids": sorted(set(self.standard.get("segment_ids", {}).get("all", "").split())),
            "choices": [[c["loop"], c["segment"], c["element"]] for c in self.corrections.get("choice", ())],
            "definitions": self.definitions,
            "tree": tree,
        }

    def code_lists(self) -> dict[str, set[str]]:
        skip = {entry["list"] for entry in self.corrections.get("unchecked", ())}
        lists: dict[str, set[str]] = {}
        for codeset in parse("codes.xml").iter("codeset"):
            name = text(codeset, "id")
            if name in ("states", "country", "currency"):
                lists[name] = {c.text.strip() for c in codeset.iter("code") if c.text}
        for entry in self.corrections.get("codes", ()):
            lists[entry["list"]] |= set(entry["add"])
        return {name: codes for name, codes in lists.items() if name not in skip}

    def flatten(self, root: dict[str, Any]) -> dict[str, Any]:
        """HEADER, DETAIL and FOOTER are the map's own brackets: lift what they hold into the set."""
        items: list[Any] = []
        for base, item in enumerate(root["items"]):
            if item.get("id") in ("HEADER", "DETAIL", "FOOTER"):
                for inner in item["items"]:
                    inner["position"] += 10_000 * base
                    items.append(inner)
            else:
                item["position"] += 10_000 * base
                items.append(item)
        return root | {"items": items}

    def loop(self, node: Node) -> dict[str, Any]:
        name = node.get("xid")
        position = int(text(node, "pos"))
        for entry in self.corrections.get("loop", ()):
            if name in entry["path"].split():
                position = entry["position"]
                self._applied.add(entry["path"])
        items: list[dict[str, Any]] = []
        for child in node:
            if child.tag == "segment":
                items.append(
                    {
                        "segment": child.get("xid"),
                        "definition": self.definition(child, name),
                        "usage": text(child, "usage"),
                        "max": bound(text(child, "max_use")),
                        "position": int(text(child, "pos")),
                    }
                )
            elif child.tag == "loop":
                items.append(self.loop(child))
        return {
            "id": name,
            "name": text(node, "name"),
            "usage": text(node, "usage"),
            "max": bound(text(node, "repeat")),
            "position": position,
            "items": items,
        }

    def definition(self, node: Node, loop: str) -> int:
        name = node.get("xid")
        base = self.standard["segments"].get(name, {}).get("elements", "").split()
        elements = []
        for number, child in enumerate(c for c in node if c.tag in ("element", "composite")):
            designator = base[number] if number < len(base) else ""
            elements.append(self.element(child, loop, designator))
        record = {
            "id": name,
            "name": text(node, "name"),
            "notes": [s.text.strip() for s in node.findall("syntax")],
            "elements": elements,
            "most": max(len(base), len(elements)),
        }
        key = json.dumps(record, sort_keys=True)
        if key not in self._known:
            self._known[key] = len(self.definitions)
            self.definitions.append(record)
        return self._known[key]

    def element(self, node: Node, loop: str, designator: str) -> dict[str, Any]:
        ref = node.get("xid")
        head, _, component = ref.partition("-")
        ref = f"{head}-{int(component)}" if component else head
        number = text(node, "data_ele")
        record: dict[str, Any] = {
            "ref": ref,
            "name": text(node, "name"),
            "usage": text(node, "usage"),
            "data_element": number,
            "mandatory": "M" in designator.partition("*")[0],
        }
        repeat = bound(text(node, "repeat", "1"))
        if repeat != 1:
            record["repeat"] = repeat
        if node.tag == "composite":
            base = self.standard["composites"].get(number, {}).get("elements", "").split()
            record["components"] = [
                self.element(child, loop, base[i] if i < len(base) else "")
                for i, child in enumerate(c for c in node if c.tag == "element")
            ]
            record["most"] = max(len(base), len(record["components"]))
            return record
        kind, least, most = self.data_elements[number]
        record |= {"type": kind, "min": least, "max": most}
        codes = node.find("valid_codes")
        if codes is not None:
            if listed := [c.text.strip() for c in codes.findall("code") if c.text]:
                record["codes"] = listed
                known = self.standard["codes"].get(number) or self.standard["codes_partial"].get(number)
                if known:
                    # Only what the guide leaves out: these tell "not in X12" (7) from "not in the guide" (I6).
                    record["standard"] = sorted(set(known.split()) - set(listed))
            if external := codes.get("external"):
                record["external"] = external
        for entry in self.corrections.get("external", ()):
            if f"{loop}.{ref}" in entry["at"]:
                record["external"] = entry["list"]
                self._applied.add(f"{loop}.{ref}")
        if record.get("external") in {e["list"] for e in self.corrections.get("unchecked", ())}:
            del record["external"]
        if regex := text(node, "regex"):
            record["pattern"] = regex
        return record

    def _check_applied(self) -> None:
        wanted: Iterable[str] = [e["path"] for e in self.corrections.get("loop", ())]
        wanted = [*wanted, *(a for e in self.corrections.get("external", ()) for a in e["at"])]
        if stale := [w for w in wanted if w not in self._applied]:
            raise SystemExit(f"corrections.toml: nothing in the map matches {', '.join(stale)}")


def bound(written: str) -> int:
    """``>1`` is no bound: 0."""
    return 0 if written.startswith(">") else int(written)


def compiled() -> bytes:
    """The contents of guide.json, the same for the same inputs."""
    return (json.dumps(Compiler().run(), separators=(",", ":"), ensure_ascii=True) + "\n").encode("ascii")


if __name__ == "__main__":
    target = HERE / "guide.json"
    target.write_bytes(compiled())
    sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes\n")
