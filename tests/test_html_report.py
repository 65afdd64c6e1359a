"""The HTML report: what it says, that it is one harmless file, and that the same events give the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hostile import PAYLOADS, poison
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from reporting import QUICKSTART, base, catalogue, document, events, options, write

from scrubber.progress import Progress
from scrubber.reports.html.joins import BRACKETS
from scrubber.reports.html.parts import OPEN
from scrubber.reports.html.segments import Names, Stretch, write_rules
from scrubber.reports.tally import Tally
from scrubber.run import Request, run
from scrubber.x12.guide import shipped
from scrubber.x12.segments import Delimiters

SMALL = QUICKSTART.read_bytes()
BAD_NPI = base("batch", ("XX*2990001010~", "XX*2990001011~"))
BAD_COUNT = SMALL.replace(b"SE*114*0001~", b"SE*113*0001~")
WARNED = SMALL.replace(b"ABK:M542*ABF:M62838", b"ABK:M50322*ABF:G8929")
"""DX-22, a warning, on the first claim; the others as they are."""

KNOWN = {
    "a": {"href", "rel", "class"}, "article": set(), "b": set(), "body": set(), "caption": {"class"},
    "code": set(), "dd": {"class"}, "details": {"class", "id", "open"},
    "div": {"class", "tabindex", "role", "aria-label"}, "dl": {"class"}, "dt": {"class"}, "em": set(),
    "figcaption": set(), "figure": set(), "footer": set(), "h1": set(), "h2": {"id"}, "h3": {"class"}, "h4": set(),
    "h5": set(), "head": set(), "html": {"lang"}, "i": {"class"}, "li": {"class"}, "main": {"id"},
    "mark": {"class"}, "meta": {"charset", "http-equiv", "content", "name"}, "nav": {"aria-label"}, "p": {"class"},
    "rect": {"class", "x", "y", "width", "height"}, "section": {"class", "id"}, "span": {"class"}, "strong": set(),
    "style": set(), "summary": set(),
    "svg": {"class", "viewbox", "preserveaspectratio", "role", "aria-label", "aria-hidden"},
    "table": {"class"}, "tbody": set(), "td": {"class"}, "th": {"class", "scope"}, "thead": set(), "title": set(),
    "tr": {"class"}, "ul": {"class"},
}  # fmt: skip
"""Every element that the report is made of, and its attributes."""

CLASS = re.compile(r"[a-z][a-z-]*|e[0-9a-f]{1,8}").fullmatch
ANCHOR = re.compile(r"#?(f[0-9a-f]{8}-a?[0-9]+|main|first|rejected|warnings|unchecked|editions|elements|files|errors)")


def parse(report: bytes) -> Any:
    """As a browser reads it; what a browser would have to repair raises."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"), strict=True, namespaceHTMLElements=False)
    return parser.parse(report).getroot()


def report_of(data: dict[str, bytes] | bytes, **how: Any) -> Any:
    return parse(write("html", data, **how))


def said(node: Any) -> str:
    return " ".join("".join(node.itertext()).split())


def claims(root: Any, of: str = "rejected") -> dict[str, Any]:
    """Claims by their number, under the heading with this id."""
    found, inside = {}, False
    for node in root.find(".//main"):
        if node.tag == "h2":
            inside = node.get("id") == of
        elif inside and node.get("class") == "claim":
            found[said(node.find("summary/h4"))] = node
    return found


def shapes(root: Any) -> list[tuple[str, set[str]]]:
    """Every element with its attributes, names as HTML has them."""
    return [
        (etree.QName(node).localname.lower(), {name.lower() for name in node.attrib})
        for node in root.iter()
        if isinstance(node.tag, str)
    ]


def check_harmless(root: Any) -> None:
    """Nothing is in the document that the report does not put there."""
    urls = {c.url for pack in catalogue().packs.values() for c in pack.sources.values() if c.url}
    assert not list(root.iter(etree.Comment, etree.ProcessingInstruction))
    for tag, attributes in shapes(root):
        assert tag in KNOWN, f"<{tag}>"
        assert attributes <= KNOWN[tag], f"<{tag}> with {attributes - KNOWN[tag]}"
    for node in root.iter():
        for name in node.get("class", "").split():
            assert CLASS(name), name
        for value in (node.get("id"), node.get("href")):
            assert value is None or value in urls or ANCHOR.fullmatch(value), value


# What it says ----------------------------------------------------------------------------------------------------


def test_the_first_page_says_how_it_came_out_in_claims_and_money() -> None:
    root = report_of(SMALL)
    assert said(root.find(".//h1")) == "3 of 5 claims are rejected"
    figures = [said(box) for box in root.findall(".//dl[@class='figures']/div")]
    assert figures == ["Rejected3 claims$577.00", "Accepted2 claims$297.00"]
    chart = root.find(".//svg[@class='shares']") or root.find(".//{*}svg[@class='shares']")
    assert chart.get("role") == "img"
    assert chart.get("aria-label") == "66.0 % of the charges are rejected, 34.0 % accepted."
    lost = next(r for r in chart if r.get("class") == "lost")
    assert int(lost.get("width")) == int(Decimal(577) / Decimal(874) * 1000)


def test_what_to_do_first_is_ordered_by_money_and_links_to_the_claims() -> None:
    root = report_of(SMALL)
    rows = root.findall(".//table[@class='tasks']/tbody/tr")
    told = [(said(r.find(".//span[@class='code']")), *(said(td) for td in r.findall("td"))) for r in rows]
    assert told == [
        ("DX-01", "1", "$280.00", "$0.00"),
        ("PTR-05", "1", "$280.00", "$0.00"),
        ("DX-10", "1", "$185.00", "$185.00"),
        ("NCCI-02", "1", "$112.00", "$112.00"),
    ]
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    for row in rows:
        for link in row.findall(".//a"):
            assert link.get("href")[1:] in ids
    claim = next(n for n in root.iter("details") if n.get("id") == rows[2].find(".//a").get("href")[1:])
    assert said(claim.find("summary/h4")) == "NECK-1002"


def test_a_claim_says_who_when_how_much_and_every_finding_in_full() -> None:
    root = report_of(SMALL)
    found = claims(root)
    wanted = {c["claim"]: c for c in document(SMALL)["files"][0]["claims"] if c["status"] == "rejected"}
    assert found.keys() == wanted.keys()
    for number, claim in wanted.items():
        node = found[number]
        head = said(node.find("summary"))
        for part in ("Rejected", claim["service_from"], f"${claim['charge']}", "NORTHFIELD HEALTH PLAN"):
            assert part in head
        told = node.findall(".//section")
        assert len(told) == len(claim["findings"])
        for section, finding in zip(told, claim["findings"], strict=True):
            text = said(section)
            for part in ("message", "why", "fix"):
                assert " ".join(finding[part].split()) in text
            for citation in finding["citations"]:
                assert citation["title"] in text
            for status in finding["status"]:
                assert ":".join(filter(None, (status["category"], status["code"], status["entity"]))) in text
            assert finding["location"]["element"] in text


def test_a_source_with_an_address_is_a_link() -> None:
    root = report_of(SMALL)
    links = {a.get("href") for a in root.iter("a") if not a.get("href").startswith("#")}
    assert links
    assert all(href.startswith("https://") for href in links)


def test_the_faulty_element_is_marked_and_named() -> None:
    section = claims(report_of(SMALL))["NECK-1002"].find(".//section")
    segment = section.find(".//li")
    assert said(segment.find("code")) == "HI*ABK:M542*ABF:M50322~"
    assert [(m.get("class"), said(m)) for m in segment.iter("mark")] == [("reject", "M542"), ("beside", "M50322")]
    assert [said(s) for s in segment.findall("span")] == ["HI01-2 Diagnosis Code", "HI02-2 Diagnosis Code"]


def test_a_claim_is_shown_as_sent_and_each_element_is_named() -> None:
    root = report_of(SMALL)
    sent = claims(root)["NECK-1005"].find(".//details[@class='sent']")
    codes = [said(code) for code in sent.iter("code")]
    text = SMALL.decode().replace("\n", "")
    start = text.index("CLM*NECK-1005")
    assert "".join(codes) == text[start : text.index("SE*114")]
    style = root.find(".//style").text
    procedure = next(i for i in sent.iter("i") if said(i) == "97140")
    assert f'.{procedure.get("class")}:hover::after{{content:"SV101-2 Procedure Code"}}' in style
    assert "SV101-2Procedure Code" in said(root.find(".//dl[@class='names']"))


def test_lines_show_the_diagnoses_that_they_point_to() -> None:
    rows = claims(report_of(SMALL))["NECK-1003"].findall(".//table")[1].findall("tbody/tr")
    assert [[said(c) for c in row] for row in rows] == [
        ["1", "2026-09-15", "11", "99214", "1 M50.12", "1", "$185.00", ""],
        ["2", "2026-09-15", "11", "72040", "2 none there", "1", "$95.00", "PTR-05"],
    ]


@pytest.mark.parametrize(
    ("claim", "table", "words"),
    [
        ("NECK-1002", 0, "DX-10 sets diagnosis 1 (M54.2) against diagnosis 2 (M50.322)."),
        ("NECK-1005", 1, "NCCI-02 sets line 2 (97140) against line 1 (98940)."),
    ],
)
def test_a_conflicting_pair_is_joined_and_said(claim: str, table: int, words: str) -> None:
    box = claims(report_of(SMALL))[claim].findall(".//div[@role='group']")[table]
    cells = [row.find("td[1]").get("class") for row in box.findall(".//tbody/tr")]
    assert cells == ["join from reject", "join to reject"]
    assert said(box.find("ul")) == words


def test_brackets_pass_the_lines_between_and_are_not_drawn_without_end() -> None:
    codes = enumerate(("98940", "99213", "97140"), 1)
    lines = "".join(f"LX*{n}~SV1*HC:{code}*50*UN*1***1~DTP*472*D8*20260915~" for n, code in codes)
    data = SMALL.decode().replace("\n", "")
    start = data.index("LX*1~", data.index("CLM*NECK-1005"))
    broken = data[:start] + lines + data[data.index("SE*114") :]
    broken = broken.replace("CLM*NECK-1005*112", "CLM*NECK-1005*150").replace("SE*114", "SE*115")
    box = claims(report_of(broken.encode()))["NECK-1005"].findall(".//div[@role='group']")[1]
    rows = box.findall(".//tbody/tr")
    drawn = [[c.get("class") for c in row if (c.get("class") or "").startswith("join")] for row in rows]
    assert ["join from reject", "join through reject", "join to reject"] in [list(c) for c in zip(*drawn, strict=True)]
    assert all(len(row) <= BRACKETS for row in drawn)


def test_what_stands_above_claims_is_told_once_and_named_by_each() -> None:
    root = report_of(BAD_NPI)
    blocks = [n for n in root.iter("section") if n.get("class") == "above-claims"]
    assert len(blocks) == 1
    assert "Billing provider CEDAR BRIDGE" in said(blocks[0].find("h4"))
    anchor = blocks[0].find("section").get("id")
    found = claims(root)
    assert found
    for claim in found.values():
        assert anchor in [a.get("href")[1:] for a in claim.findall(".//p[@class='with']/a")]


def test_a_set_that_is_rejected_takes_its_claims_with_it() -> None:
    root = report_of(BAD_COUNT)
    assert said(root.find(".//h1")) == "All 5 claims are rejected"
    found = claims(root)
    assert len(found) == 5
    assert "it comes back with the envelope around it, because of X12-IK5-4" in said(found["NECK-1001"])
    task = root.find(".//table[@class='tasks']/tbody/tr")
    assert said(task.find(".//span[@class='code']")) == "X12-IK5-4"
    assert [said(td) for td in task.findall("td")] == ["5", "$874.00", "$297.00"]


def test_accepted_claims_with_warnings_stand_under_warnings() -> None:
    root = report_of(WARNED)
    warned = claims(root, "warnings")
    assert list(warned) == ["NECK-1001"]
    assert said(warned["NECK-1001"].find("summary")).startswith("Accepted")
    assert "DX-22" in said(warned["NECK-1001"].find(".//section/h5"))
    assert list(claims(root)) == ["NECK-1002", "NECK-1003", "NECK-1005"]


def test_a_warning_above_the_claims_stands_under_warnings() -> None:
    root = report_of(base("office", ("XX*2990001010~", "XX*3990001000~")))
    assert said(root.find(".//h1")) == "The claim is accepted"
    assert root.find(".//h2[@id='rejected']") is None
    assert "CLM-01" in said(root.find(".//section[@class='above-claims']"))


def test_what_was_not_checked_and_the_editions_are_told() -> None:
    root = report_of(SMALL)
    tally = Tally()
    for event in events(SMALL):
        tally.handle(event)
    text = said(root.find(".//main"))
    assert tally.unchecked
    for edit, _ in tally.unchecked:
        assert edit in text
    assert "FY2026" in text
    assert "74,719" in text


@pytest.mark.parametrize("data", [b"", b"nothing", b"ISA*", SMALL[:400], SMALL.replace(b"837", b"835")])
def test_a_file_that_cannot_be_judged_is_told(data: bytes) -> None:
    root = report_of({"a.837": data, "b.837": SMALL})
    check_harmless(root)
    assert "a.837" in said(root.find(".//main"))


def test_many_claims_are_closed_and_few_are_open() -> None:
    few = report_of(SMALL)
    assert all(c.get("open") is not None for c in claims(few).values())
    files = {f"{n}.837": SMALL for n in range(OPEN // 3 + 1)}
    root = report_of(files)
    opened = [n.get("open") for n in root.iter("details") if n.get("class") == "claim"]
    assert len(opened) > OPEN
    assert opened == [None] * len(opened)


# One file, nothing else ------------------------------------------------------------------------------------------


def test_a_policy_allows_the_style_sheet_and_nothing_else() -> None:
    root = report_of(SMALL)
    assert root.get("lang") == "en"
    policy = root.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    digest = base64.b64encode(hashlib.sha256(root.find(".//style").text.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    style = root.find(".//style").text
    assert "url(" not in style
    assert "@import" not in style


def test_the_parts_of_a_page_follow_each_other_as_headings_should() -> None:
    for data in (SMALL, BAD_NPI, BAD_COUNT):
        levels = [int(n.tag[1]) for n in report_of({"a.837": data, "b.837": data}).iter("h1", "h2", "h3", "h4", "h5")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_no_id_is_given_twice() -> None:
    root = report_of({"a.837": BAD_NPI, "b.837": BAD_COUNT})
    ids = [n.get("id") for n in root.iter() if n.get("id")]
    assert len(ids) == len(set(ids))


def test_same_events_same_bytes() -> None:
    assert write("html", SMALL) == write("html", SMALL)


def test_files_judged_side_by_side_give_the_same_report(tmp_path: Path) -> None:
    names = []
    for number, data in enumerate((SMALL, BAD_NPI, BAD_COUNT, b"nothing", WARNED)):
        path = tmp_path / f"{number}.837"
        path.write_bytes(data)
        names.append(str(path))
    reports = []
    for jobs in (1, 2):
        out = io.BytesIO()
        run(Request(options(), format="html", version="0.0.0", jobs=jobs), names, out, Progress(None, 0))
        reports.append(out.getvalue())
    assert reports[0] == reports[1]
    check_harmless(parse(reports[0]))


def test_the_names_of_elements_have_classes_of_their_own() -> None:
    """A class is a digest of the name: no two names of the guide may share one."""
    names = Names()
    delimiters = Delimiters("*", ":", "^", "~")
    definitions = {use.definition for loop in shipped().every() for use in loop.uses}
    for definition in definitions:
        for components in (1, 30):
            value = ":".join("x" * components)
            names.mark("*".join([definition.id, *[value] * 40]), definition, delimiters, [Stretch(0, 0, "reject")])
    assert len(names.labels) > 700
    assert len(set(names.labels.values())) == len(names.labels)
    assert write_rules(names.labels).count("\n") == len(names.labels) - 1


# Harm ------------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from((0.05, 0.3, 1.0)), st.text(max_size=40), st.booleans())
def test_nothing_of_a_file_becomes_markup(seed: int, share: float, extra: str, redact: bool) -> None:
    check_harmless(report_of({f"{extra[:9]}<script>.837": poison(seed, share, extra)}, redact=redact))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_file_says_is_shown_as_text(payload: str) -> None:
    number = "".join(c for c in payload if c not in "*:^~")[:30]
    data = SMALL.replace(b"NECK-1002", number.encode("latin-1"))
    root = report_of(data)
    check_harmless(root)
    if number and number.isprintable() and number.strip() == number:
        shown = " ".join(number.split())
        assert shown in claims(root)
        assert shown in [said(a) for a in root.findall(".//table[@class='tasks']//a")]


def test_a_name_of_a_path_is_text() -> None:
    root = report_of({'"><script>alert(1)</script>.837': SMALL, "\udcff<b>.837": SMALL})
    check_harmless(root)
    assert '"><script>alert(1)</script>.837' in said(root.find(".//main"))


def test_without_patient_data_nothing_of_a_claim_is_left() -> None:
    personal = ("CLM", "NM1", "HI", "SV1", "DTP", "REF", "DMG", "N3", "N4", "SBR", "PER")
    segments = [segment.split("*") for segment in SMALL.decode().replace("\n", "").split("~")]
    words = {w for s in segments if s[0] in personal for e in s[1:] for w in re.split("[: ]", e) if len(w) > 3}
    assert {"NECK-1002", "M50322", "99214", "20260915", "PELLAM", "ROSALIND", "19760523", "627040330"} <= words
    words |= {"M50.322", "M54.2", "2026-09-15", "577", "$"}
    # What the catalogue says of its own accord is no patient data.
    general = " ".join(f"{e.message} {e.why} {e.fix}" for e in catalogue().edits)
    general += " ".join(f"{s.title} {s.edition}" for p in catalogue().packs.values() for s in p.sources.values())
    general += " ".join(c.at for e in catalogue().edits for c in e.cite)
    root = report_of(SMALL, redact=True)
    root.find(".//head").remove(root.find(".//style"))
    told = etree.tostring(root, encoding="unicode")
    assert "Patient data has been left out" in told
    for word in words:
        assert word not in told or word in general, word
    open_told = etree.tostring(report_of(SMALL), encoding="unicode")
    assert all(word in open_told for word in ("NECK-1002", "M50322", "99214"))


def test_what_stands_in_a_pointer_s_place_is_masked_too() -> None:
    data = SMALL.replace(b"SV1*HC:72040*95*UN*1***2~", b"SV1*HC:72040*95*UN*1***WHITLOCK~")
    assert b"WHITLOCK" in write("html", data)
    assert b"WHITLOCK" not in write("html", data, redact=True)


def test_a_redacted_report_counts_the_same_claims() -> None:
    root = report_of(SMALL, redact=True)
    assert said(root.find(".//h1")) == "3 of 5 claims are rejected"
    assert list(claims(root)) == ["claim 2 of set 0001", "claim 3 of set 0001", "claim 5 of set 0001"]
    assert said(claims(root)["claim 2 of set 0001"].find(".//mark")) == "xxxx"


def test_a_day_left_out_is_not_called_unreadable() -> None:
    assert b"day not readable" not in write("html", SMALL, redact=True)
    assert b"day not readable" in write("html", SMALL.replace(b"DTP*472*D8*20260915~", b"DTP*472*D8*20261915~"))


def test_where_a_pack_breaks_its_lines_is_not_shown() -> None:
    """Its texts may have several lines; a line break that stood in a claim would be shown as what it is."""
    data = base("office").replace(b"005010X222A1", b"005010X223A2")
    assert any("\n" in edit.why.strip() for edit in catalogue().edits if edit.id == "X12-AK9-2")
    report = said(report_of(data))
    assert "Groups that say 005010X222 or X222A2 are judged by it as well" in report
    assert "\\x0a" not in report
