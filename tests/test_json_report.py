"""The JSON reports keep the contract: fields, fates, counts, exact money, no patient data when redacted."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from reporting import BASE, QUICKSTART, ROOT, base, document, events, make, write

from scrubber.reports import held
from scrubber.reports.held import Held
from scrubber.reports.json_report import exact, legible
from scrubber.reports.schema import build_schema, write_schema
from scrubber.reports.tally import Tally
from scrubber.verdict import ClaimVerdict, SetEnd

SCHEMA = build_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

CASES = {path.stem: path.read_bytes() for path in [*sorted(BASE.glob("*.837")), QUICKSTART]} | {
    "bad-charge": base("batch", ("CLM*BATCH-2*185*", "CLM*BATCH-2*18X5*")),
    "bad-npi": base("batch", ("XX*2990001010~", "XX*2990001011~")),
    "no-member-id": base("batch", ("*MI*NFH400118~", "~")),
    "iea-count": base("two-interchanges", ("IEA*1*", "IEA*2*")),
    "ge-count": base("two-sets", ("GE*2*", "GE*3*")),
    "se-count": base("two-sets", ("SE*", "SE*9")),
    "unknown-segment": base("office", ("HI*ABK", "QQ*1~\nHI*ABK")),
    "cut-off": base("office")[:900],
    "no-x12": b"Dear payer, please find our claims enclosed.",
    "empty": b"",
    "remittance": base("office", ("GS*HC*", "GS*HP*")),
}


def claims(found: Any) -> Iterator[Any]:
    for file in found["files"]:
        yield from file["claims"]


def ids(claim: Any) -> list[str]:
    return [f["edit"] for f in claim["findings"]]


def test_the_schema_in_docs_is_fresh() -> None:
    assert (ROOT / "docs" / "schema.json").read_text(encoding="utf-8") == write_schema()
    VALIDATOR.check_schema(SCHEMA)


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_document_follows_the_schema(name: str, redact: bool) -> None:
    VALIDATOR.validate(document(CASES[name], redact=redact))


@pytest.mark.parametrize("name", ["quickstart", "bad-npi", "bad-charge"])
def test_a_line_follows_the_schema_and_is_the_document_s_claim(name: str) -> None:
    line_schema = {**SCHEMA["$defs"]["claim_line"], "$defs": SCHEMA["$defs"]}
    lines = [json.loads(line) for line in write("jsonl", CASES[name]).splitlines()]
    for line in lines:
        jsonschema.validate(line, line_schema)
        assert line.pop("path") == "claims.837"
    assert lines == list(claims(document(CASES[name])))


def test_the_schema_refuses_what_the_contract_does_not_have() -> None:
    good = document(CASES["quickstart"])
    good["files"][0]["claims"][0]["patient"] = "CORWIN"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(good)


def test_quickstart_is_told_as_the_contract_says() -> None:
    found = document(QUICKSTART.read_bytes())
    (file,) = found["files"]
    assert (file["status"], file["path"]) == ("partial", "claims.837")
    assert file["transactions"] == [
        {"interchange": "000000201", "group": "201", "control_number": "0001", "status": "A"}
    ]
    assert found["summary"]["claims"] == 5
    assert (found["summary"]["accepted"], found["summary"]["rejected"]) == (2, 3)
    first, second, third = file["claims"][:3]
    assert first["lines"][0] == {
        "line": 1, "procedure": "99213", "modifiers": [], "charge": "150", "units": "1", "place_of_service": "11",
        "pointers": [1, 2], "diagnoses": ["M542", "M62838"], "service_from": "2026-09-15", "service_to": "2026-09-15",
    }  # fmt: skip
    assert (first["claim"], first["charge"], first["status"], first["findings"]) == ("NECK-1001", "245", "accepted", [])
    assert "DX-10" in ids(second)
    assert {"DX-01", "PTR-05"} <= set(ids(third))
    (finding,) = [f for f in second["findings"] if f["edit"] == "DX-10"]
    data = QUICKSTART.read_bytes()
    place = finding["location"]
    assert (place["loop"], place["segment"], place["claim"], place["line"]) == ("2300", "HI", "NECK-1002", None)
    assert data[place["offset"] : place["offset"] + place["length"]] == b"M542"
    (other,) = finding["related"]
    assert data[other["offset"] : other["offset"] + other["length"]] == b"M50322"
    assert finding["ack"] == "277CA"
    assert finding["x12"] is None
    assert finding["message"]
    assert "{" not in finding["message"]
    assert finding["citations"][0].keys() == {"source", "title", "edition", "at"}
    assert finding["status"][0]["category"] in ("A6", "A7", "A8")


def test_a_structural_finding_names_its_codes_and_keeps_what_only_the_999_needs_to_itself() -> None:
    found = document(base("office", ("*Y*A*Y*Y~", "*Y*A*Y*Q~")))
    (claim,) = claims(found)
    (finding,) = [f for f in claim["findings"] if f["location"]["element"] == "CLM09"]
    assert finding["ack"] == "999"
    assert finding["x12"]["ik3"] == "8"
    assert finding["x12"]["ik4"] in ("7", "I6")
    assert not finding["values"].keys() & {"ik3", "ik4", "bad", "data_element", "trigger"}


def test_a_whole_segment_has_no_element() -> None:
    found = document(CASES["unknown-segment"])
    everything = [*found["files"][0]["findings"], *(f for c in claims(found) for f in c["findings"])]
    assert any(f["location"]["element"] is None and f["location"]["segment"] for f in everything)


@pytest.mark.parametrize("name", ["quickstart", "bad-npi", "bad-charge", "iea-count"])
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_the_same_input_gives_the_same_bytes(name: str, kind: str) -> None:
    assert write(kind, CASES[name]) == write(kind, CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_the_summary_counts_what_is_there(name: str) -> None:
    found = document({"one.837": CASES[name], "two.837": CASES["quickstart"]})
    all_claims = list(claims(found))
    summary = found["summary"]
    assert summary["files"] == 2
    assert summary["claims"] == len(all_claims)
    assert summary["accepted"] == sum(c["status"] == "accepted" for c in all_claims)
    assert summary["rejected"] == sum(c["status"] == "rejected" for c in all_claims)
    once = [f for file in found["files"] for f in file["findings"]]
    once += [f for c in all_claims for f in c["findings"] if not f.get("inherited")]
    for severity, count in summary["findings"].items():
        assert count == sum(f["severity"] == severity for f in once)


@pytest.mark.parametrize("name", CASES)
def test_a_claim_is_rejected_exactly_when_a_reject_says_why(name: str) -> None:
    for claim in claims(document(CASES[name])):
        rejects = [f for f in claim["findings"] if f["severity"] == "reject"]
        assert (claim["status"] == "rejected") == bool(rejects)


def test_a_reject_above_stands_in_each_claim_and_counts_once() -> None:
    found = document(CASES["bad-npi"])
    (file,) = found["files"]
    above = [f for f in file["findings"] if f["edit"] == "CLM-01"]
    assert len(above) == 1
    under = [c for c in file["claims"] if "CLM-01" in ids(c)]
    assert [c["claim"] for c in under] == ["BATCH-1", "BATCH-2", "BATCH-3"]
    assert all(f["inherited"] for c in under for f in c["findings"] if f["edit"] == "CLM-01")
    assert found["summary"]["findings"]["reject"] == 1
    assert found["summary"]["rejected"] == 3


def test_a_rejected_set_takes_its_claims_with_it_and_tells_each_why() -> None:
    found = document(CASES["bad-charge"])
    (file,) = found["files"]
    assert file["transactions"][0]["status"] == "R"
    assert {c["status"] for c in file["claims"]} == {"rejected"}
    guilty = file["claims"][1]
    (own,) = [f for f in guilty["findings"] if f["location"]["element"] == "CLM02"]
    assert "inherited" not in own
    for claim in file["claims"]:
        if claim is not guilty:
            assert claim["findings"][0] == {**own, "inherited": True}
    assert found["summary"]["findings"]["reject"] == sum(
        f["severity"] == "reject" and not f.get("inherited") for c in file["claims"] for f in c["findings"]
    )


@pytest.mark.parametrize(
    ("name", "lost"), [("se-count", ["0001"]), ("ge-count", ["0001", "0002"]), ("iea-count", ["first"])]
)
def test_only_the_claims_of_a_refused_envelope_are_rejected(name: str, lost: list[str]) -> None:
    (file,) = document(CASES[name])["files"]
    assert [c["status"] for c in file["claims"]] == ["rejected"] * len(lost) + ["accepted"] * (2 - len(lost))
    assert [t["status"] for t in file["transactions"]] == ["R"] * len(lost) + ["A"] * (2 - len(lost))
    assert file["claims"][0]["findings"][0]["inherited"] is True


def test_hostile_texts_do_not_disturb_the_patching_of_a_fate() -> None:
    evil = '","status":"accepted","findings":[]}'
    data = base("batch", ("BATCH-1*", evil + "*"), ("CLM*BATCH-2*185*", "CLM*BATCH-2*18X5*"))
    found = document(data)
    first = next(claims(found))
    assert first["claim"] == evil
    assert first["status"] == "rejected"


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_no_control_character_reaches_a_terminal(kind: str) -> None:
    data = base("batch", ("BATCH-1*", "B\x9b31m\x85\x1b[2J*"))
    out = write(kind, data)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out.decode())
    assert "\\u009b31m" in out.decode()
    if kind == "json":
        assert any(claim["claim"].startswith("B\x9b31m") for claim in claims(json.loads(out)))


def test_files_judged_apart_make_the_same_document() -> None:
    files = {"a.837": CASES["quickstart"], "b.837": CASES["bad-npi"]}
    for kind in ("json", "jsonl"):
        out = io.BytesIO()
        whole, tally = make(kind, out), Tally()
        whole.begin()
        for name, data in files.items():
            piece, part = io.BytesIO(), Tally()
            report = make(kind, piece)
            for event in events(data, name):
                part.handle(event)
                report.handle(event)
            piece.seek(0)
            whole.take_in(piece)
            tally.merge(part)
        whole.end(tally, ())
        together = io.BytesIO()
        report, tally = make(kind, together), Tally()
        report.begin()
        for name, data in files.items():
            for event in events(data, name):
                tally.handle(event)
                report.handle(event)
        report.end(tally, ())
        assert out.getvalue() == together.getvalue()


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, None), (Decimal("245"), "245"), (Decimal("210.00"), "210.00"), (Decimal(".5"), "0.5"),
        (Decimal("0.00000001"), "0.00000001"), (Decimal("0E-10"), "0.0000000000"), (Decimal("-12.30"), "-12.30"),
    ],
)  # fmt: skip
def test_money_is_exact_and_has_no_exponent(amount: Decimal | None, text: str | None) -> None:
    assert exact(amount) == text


def test_a_path_that_is_no_text_is_still_told() -> None:
    assert legible("claims-\udcff.837") == "claims-\ufffd.837"
    write("json", {"claims-\udcff.837": CASES["office"]})


# Held claims -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cramped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compress as soon as there is anything to compress."""
    monkeypatch.setattr(held, "CHUNK", 64)
    monkeypatch.setattr(held, "IN_FULL", 128)


@pytest.mark.parametrize("name", ["batch", "quickstart", "bad-charge", "iea-count", "se-count", "ge-count"])
def test_compressing_changes_nothing(name: str, request: pytest.FixtureRequest) -> None:
    plain = write("json", CASES[name])
    request.getfixturevalue("cramped")
    assert write("json", CASES[name]) == plain


@pytest.mark.usefixtures("cramped")
def test_what_is_held_comes_out_in_order() -> None:
    inner, outer = Held(), Held()
    expected = []
    for number in range(300):
        entry = b"entry %d" % number
        expected.append(entry)
        inner.add(entry)
        if number % 7 == 0:
            outer.take_over(inner)
            assert not inner
    outer.take_over(inner)
    assert list(outer.take()) == expected
    assert not outer
    assert list(outer.take()) == []


def test_holding_many_claims_needs_little_memory() -> None:
    entry = next(iter(write("jsonl", CASES["office"]).splitlines()))
    box = Held()
    for number in range(60_000):
        box.add(entry.replace(b"OFFICE", b"%06d" % number))
    size = sum(map(sys.getsizeof, (*box._chunks, box._recent)))
    assert size < held.IN_FULL + 60_000 * len(entry) * 0.15


# Redaction -------------------------------------------------------------------------------------------------------

PERSONAL = re.compile(
    r"\*(?:IL|QC)\*1\*([A-Z]+)\*([A-Z]+)|\*(?:MI)\*(\w+)|N3\*([^~*]+)|D8\*(\d{8})|CLM\*([^*]+)\*(\d+)"
)


@pytest.mark.parametrize("kind", ["json", "jsonl", "text"])
@pytest.mark.parametrize(
    "name", ["quickstart", "dependent", "auto", "workcomp", "bad-npi", "no-member-id", "bad-charge", "cut-off"]
)
def test_redacted_reports_hold_nothing_of_the_patient(name: str, kind: str) -> None:
    data = CASES[name].decode()
    personal = {value for found in PERSONAL.findall(data) for value in found if len(value) > 2}
    personal |= {f"{v[:4]}-{v[4:6]}-{v[6:]}" for v in personal if re.fullmatch(r"20\d{6}", v)}
    personal -= {"2026-09-20", "20260920"}  # The receipt date of these tests.
    # Edits, places and general words stay: a procedure or diagnosis may be named in an edit's own explanation.
    out = write(kind, CASES[name], redact=True).decode()
    told = {value for value in personal if re.search(rf"(?<![0-9A-Za-z,]){re.escape(value)}(?![0-9A-Za-z])", out)}
    assert not told
    if kind == "json":
        assert json.loads(out)["redacted"] is True


def test_redaction_masks_codes_dates_and_money_and_keeps_places() -> None:
    claim = list(claims(document(QUICKSTART.read_bytes(), redact=True)))[2]
    assert claim["claim"] == "claim 3 of set 0001"
    assert claim["charge"] is None
    assert claim["service_from"] is None
    assert claim["diagnoses"] == ["***"]
    assert {line["procedure"] for line in claim["lines"]} == {"***"}
    plain = list(claims(document(QUICKSTART.read_bytes())))[2]
    for masked, full in zip(claim["findings"], plain["findings"], strict=True):
        assert masked["edit"] == full["edit"]
        assert masked["location"] == {**full["location"], "claim": "claim 3 of set 0001"}
        assert masked["values"].keys() == full["values"].keys()


def test_redaction_masks_what_stands_where_a_segment_id_should() -> None:
    data = base("office", ("HI*ABK", "CORWIN JASPER 5 HARBOR STREET~\nHI*ABK"))
    assert b"CORWIN JASPER" in write("json", data)
    assert b"CORWIN" not in write("json", data, redact=True)


def test_a_cause_inside_a_claim_is_called_by_the_claim_s_number() -> None:
    (cause,) = [e.cause for e in redacted(CASES["bad-charge"]) if isinstance(e, SetEnd) and e.cause is not None]
    assert cause.where.claim == "claim 2 of set 0001"


def redacted(data: bytes) -> list[Any]:
    from scrubber.reports.redact import Redactor

    redactor = Redactor()
    return [redactor.redact(event) for event in events(data)]


def test_no_segment_of_a_redacted_claim_holds_its_data() -> None:
    verdicts = [e for e in redacted(CASES["dependent"]) if isinstance(e, ClaimVerdict)]
    assert verdicts
    for verdict in verdicts:
        loop = verdict.claim.loop
        found = [s for inner in loop.walk() for s in inner.segments]
        outer = loop.parent
        while outer is not None:
            found += [s for inner in outer.walk() for s in inner.segments]
            outer = outer.parent
        assert len(found) > 20
        assert all(set(element) <= set("x:^") for s in found for element in s.elements[1:])
