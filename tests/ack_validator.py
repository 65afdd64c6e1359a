"""pyx12 as a judge of the acknowledgements that we write, with the known faults of its maps mended.

Each mend names what shows the map wrong; the references are in ../shared/facts/acknowledgements.md, section 6.
"""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pyx12
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document
from lxml import etree

MAPS = Path(pyx12.__file__).parent / "map"


def _one(tree: etree._Element, path: str) -> etree._Element:
    (found,) = tree.xpath(path)
    return found


def _usage(path: str, usage: str) -> Callable[[etree._Element], None]:
    def mend(tree: etree._Element) -> None:
        node = _one(tree, path + "/usage")
        assert node.text != usage, f"{path}: pyx12 has mended this itself"
        node.text = usage

    return mend


def _max_use(path: str, most: str) -> Callable[[etree._Element], None]:
    def mend(tree: etree._Element) -> None:
        node = _one(tree, path + "/max_use")
        assert node.text != most, f"{path}: pyx12 has mended this itself"
        node.text = most

    return mend


def _add_code(path: str, code: str) -> Callable[[etree._Element], None]:
    def mend(tree: etree._Element) -> None:
        codes = _one(tree, path + "/valid_codes")
        assert code not in [c.text for c in codes]
        etree.SubElement(codes, "code").text = code

    return mend


MENDS: dict[str, list[Callable[[etree._Element], None]]] = {
    "277.5010.X214.xml": [
        _usage("//loop[@xid='2200C']", "S"),  # X12's own examples 1 and 3 leave it out
        _usage("//loop[@xid='2200C']/segment[@xid='STC']", "S"),  # real files (eMedNY, Availity)
        _add_code("//loop[@xid='2000C']/segment[@xid='HL']/element[@xid='HL04']", "0"),  # X12's example 4
        _usage("//loop[@xid='2000C']", "S"),  # X12's example 2: a whole set rejected; RFI 1211
        _usage("//loop[@xid='2000D']", "S"),  # X12's example 4: a provider rejected
        _usage("//loop[@xid='2220D']/segment[@xid='STC']/element[@xid='STC02']", "N"),  # X12's example 1
        # Two independent encodings of the guide (stupidedi, hippo) let it repeat: one STC an error.
        _max_use("//loop[@xid='2220D']/segment[@xid='STC']", ">1"),
    ],
    "999.5010X231.A1.xml": [
        # Both kinds of CTX share one counter, so that X12's own example (trigger, then CLM01) is refused.
        _max_use("//loop[@xid='2100']/segment[@xid='CTX'][2]", "10"),
        # CTX06 is not used in A1, and 11 is no code of element 621.
        *[
            _usage(f"//loop[@xid='{loop}']/segment[@xid='CTX'][1]/composite[data_ele='C999']", "N")
            for loop in ("2100", "2110")
        ],
    ],
}


@cache
def _mended(directory: Path) -> Path:
    maps = directory / "maps"
    if not maps.exists():
        shutil.copytree(MAPS, maps)
        for name, mends in MENDS.items():
            tree = etree.parse(str(MAPS / name))
            for mend in mends:
                mend(tree.getroot())
            tree.write(str(maps / name), xml_declaration=True, encoding="utf-8")
        codes = etree.parse(str(MAPS / "codes.xml"))
        listed = _one(codes.getroot(), "//codeset[id='claim_status']")
        version = listed.find("version")
        for number in range(772, 800):  # Its list ends in 2014.
            etree.SubElement(version if version is not None else listed, "code").text = str(number)
        codes.write(str(maps / "codes.xml"), xml_declaration=True, encoding="utf-8")
        elements = (maps / "dataele.xml").read_text()
        assert '<data_ele ele_num="719" data_type="N0" min_len="1" max_len="6"' in elements
        (maps / "dataele.xml").write_text(
            elements.replace(
                '<data_ele ele_num="719" data_type="N0" min_len="1" max_len="6"',
                '<data_ele ele_num="719" data_type="N0" min_len="1" max_len="10"',
            )
        )
    return maps


def find_faults(text: str, directory: Path) -> list[str]:
    """Every fault that pyx12 finds in an X12 file; ``directory`` is where the mended maps are kept."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    maps = _mended(directory)
    report = io.StringIO()
    good = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(text), None, None, fd_json=report, map_path=str(maps)
    )
    faults = _errors(json.loads(report.getvalue())) if report.getvalue() else ["pyx12 could not read the file"]
    if not good and not faults:
        faults.append("pyx12 refuses the file without saying why")
    return faults


def _errors(node: object, place: str = "") -> list[str]:
    found: list[str] = []
    if isinstance(node, dict):
        place = f"{place} {node.get('seg_id') or node.get('trn_set_id') or ''}".strip()
        for key, value in node.items():
            if key == "errors" and isinstance(value, list):
                found += [f"{place}: {error}" for error in value]
            else:
                found += _errors(value, place)
    elif isinstance(node, list):
        for value in node:
            found += _errors(value, place)
    return found
