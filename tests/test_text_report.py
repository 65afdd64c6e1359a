"""The report for people: what it marks, what it tells once, what it leaves out, and what it must never let through."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pytest
from reporting import QUICKSTART, base, text

from scrubber.reports.glimpse import Glimpse
from scrubber.reports.prose import Mark, Page, harmless, money

BAD_NPI = base("batch", ("XX*2990001010~", "XX*2990001011~"))
BAD_CHARGE = base("batch", ("CLM*BATCH-2*185*", "CLM*BATCH-2*18X5*"))


def marked(report: str, segment: str) -> list[str]:
    """What is marked ``^`` below a segment."""
    lines = report.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip().startswith(segment))
    return [lines[at][m.start() : m.end()] for m in re.finditer(r"\^+", lines[at + 1])]


def test_the_faulty_element_is_marked() -> None:
    report = text(QUICKSTART.read_bytes())
    assert marked(report, "HI*ABK:M542*ABF:M50322") == ["M542"]
    assert marked(report, "HI*ABK:M5012") == ["M5012"]
    assert marked(report, "SV1*HC:72040*95*UN*1***2") == ["2"]


def test_what_it_collides_with_is_marked_too() -> None:
    lines = text(QUICKSTART.read_bytes()).splitlines()
    at = lines.index("    HI*ABK:M542*ABF:M50322")
    assert lines[at + 1] == "           ^^^^     ------"


def test_a_finding_says_what_where_why_what_to_do_and_who_says_so() -> None:
    report = text(QUICKSTART.read_bytes(), width=100)
    block = report[report.index("REJECT   DX-10") : report.index("REJECTED  Claim NECK-1003")]
    for part in ("M54.2", "M50.322", "At      HI01-2", "loop 2300", "segment 42", "Why     ", "Fix     ", "Source  "):
        assert part in block
    assert "REJECTED  Claim NECK-1002 | service 2026-09-15 | charge $185.00 | NORTHFIELD HEALTH PLAN" in report


def test_why_and_source_are_told_once_a_file() -> None:
    twice = base("batch", ("HI*ABK:M542*ABF:M62838~", "HI*ABK:M5012~"), ("HI*ABK:M5412~", "HI*ABK:M5012~"))
    report = text({"a.837": twice, "b.837": twice})
    assert report.count("REJECT   DX-01") == 4
    assert report.count("ICD-10-CM codes are reported with every character") == 2
    told = text({"a.837": twice}, verbose=True)
    assert told.count("ICD-10-CM codes are reported with every character") == 2


def test_clean_claims_are_counted_not_listed() -> None:
    data = QUICKSTART.read_bytes()
    report = text(data)
    assert "NECK-1001" not in report.partition("Summary")[0]
    assert "5 claims: 2 accepted, 3 rejected." in report
    assert "accepted  Claim NECK-1001" in text(data, verbose=True)


def test_clean_files_take_a_line_each() -> None:
    clean = base("office")
    report = text({"a.837": clean, "b.837": clean})
    assert report.startswith("a.837: 1 claim, accepted.\nb.837: 1 claim, accepted.\n\nSummary\n")


def test_a_quiet_report_holds_findings_and_nothing_else() -> None:
    report = text({"a.837": base("office"), "b.837": QUICKSTART.read_bytes()}, quiet=True)
    assert report.startswith("b.837\n\nREJECTED  Claim NECK-1002")
    assert "a.837" not in report
    assert "Summary" not in report
    assert text(base("office"), quiet=True) == ""


def test_a_provider_s_fault_is_told_once_and_named_by_its_claims() -> None:
    report = text(BAD_NPI)
    assert report.count("REJECT   CLM-01") == 1
    assert "Billing provider CEDAR BRIDGE SPINE CENTER (NPI 2990001011), and with it every claim under it" in report
    for claim in ("BATCH-1", "BATCH-2", "BATCH-3"):
        assert f"REJECTED  Claim {claim}" in report
    assert report.count("Rejected with what stands above it: CLM-01 (the billing provider), see above.") == 3
    assert "BATCH-4" not in report.partition("Summary")[0]
    assert "5 claims: 2 accepted, 3 rejected." in report


def test_a_subscriber_is_called_by_a_claim_not_by_name() -> None:
    report = text(base("office", ("*MI*NFH400118~", "~")))
    assert "Subscriber of claim OFFICE-1001, and with it every claim under it" in report


def test_a_lost_set_says_that_all_its_claims_are_lost_and_why() -> None:
    report = text(BAD_CHARGE)
    assert "REJECTED  Transaction set 0001, and with it all its 5 claims" in report
    assert "in claim BATCH-2" in report
    assert "5 claims, all rejected." in report
    assert "0 accepted ($0.00), 5 rejected" in report
    assert "BATCH-1" not in report.partition("Summary")[0]  # Nothing is to be said of it alone.


def test_a_lost_interchange_comes_before_its_claims_and_spares_the_others() -> None:
    data = base("two-interchanges", ("IEA*1*", "IEA*2*"), ("HI*ABK:M542*ABF:M62838~", "HI*ABK:M5012~"))
    report = text(data)
    lost = report.index("REJECTED  Interchange ")
    assert lost < report.index("REJECT   X12-TA1-021") < report.index("REJECT   DX-01")
    assert "2 claims: 1 accepted, 1 rejected." in report


def test_a_missing_segment_is_shown_at_what_follows() -> None:
    report = text(base("office", ("DTP*472*D8*20260915~\n", "")))
    block = report[report.index("DTP") :]
    assert re.search(r"\n    before (REF|LX)\*", block)


def test_a_file_that_could_not_be_judged_says_why() -> None:
    report = text({"letter.txt": b"Dear payer, please find our claims enclosed."})
    assert "NOT JUDGED" in report
    assert "Not judged   letter.txt" in report
    assert "can be sent" not in report


def test_the_summary_adds_up_money_exactly() -> None:
    report = text(
        {"a.837": QUICKSTART.read_bytes(), "b.837": base("office", ("*245*", "*245.10*"), ("*150*", "*150.10*"))}
    )
    assert "6: 3 accepted ($542.10), 3 rejected ($577.00)" in report
    assert "Files        2: 1 accepted, 1 accepted in part" in report


def test_the_summary_names_tables_and_what_was_not_checked() -> None:
    report = text(QUICKSTART.read_bytes())
    assert "icd10cm-codes: FY2026, 2025-10-01 to 2026-09-30, 74,719 rows" in report
    lines = report.split("  Not checked  ")[1].replace("\n               ", " ")
    assert lines.startswith("points of 5 of 5 claims: ")
    pairs = "pairs not in the starter table: 72040/99213, 72040/99214 (NECK-1001, NECK-1003)"
    assert f"2 x NCCI-01, NCCI-02: {pairs}" in lines
    told = lines.split("  To check it  ")[1]
    assert "scrubber tables add ncci-ptp FILE (CMS, " in told
    assert "for NCCI-01, NCCI-02)" in told


def test_a_redacted_summary_names_no_claim_and_no_code() -> None:
    told = text(QUICKSTART.read_bytes(), redact=True).split("  Not checked  ")[1].split("  To check it")[0]
    assert "pairs not in the starter table" in told
    assert "NECK" not in told
    assert "72040" not in told


def test_warnings_are_brief_unless_asked() -> None:
    data = base("office", ("GS*HC*", "GS*HC*"), ("005010X222A1~\nST", "005010X222~\nST"))
    report = text(data)
    assert "WARNING  X12-AK9-2" in report
    assert "GS08 names the guide" not in report
    assert "GS08 names the guide" in text(data, verbose=True)
    assert "1 claim, accepted." in report


# The file's bytes must not drive the reader's terminal -----------------------------------------------------------


@pytest.mark.parametrize("evil", ["\x1b[2J\x1b]0;owned\x07", "\x9b31m", "\x85", "\u202e", "\r\x0bdone", "\x00\x01"])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_control_character_of_the_file_reaches_the_terminal(evil: str, verbose: bool) -> None:
    evil = evil.encode("utf-8").decode("latin-1")
    # In a patient control number, a diagnosis, a payer's name, a control number, and in place of a segment.
    data = QUICKSTART.read_text().replace("NECK-1002", f"N{evil}1").replace("M5012~", f"M50{evil}~")
    data = data.replace("NORTHFIELD HEALTH PLAN", f"NORTH{evil}").replace("*0001", f"*0{evil}1")
    data = data.replace("LX*2~", f"LX*2~{evil}*X~", 1)
    report = text(data.encode("latin-1"), verbose=verbose)
    assert all(c.isprintable() or c == "\n" for c in report)


def test_a_hostile_file_name_is_harmless() -> None:
    report = text({"\x1b[31mclaims.837": base("office")})
    assert report.startswith("\\x1b[31mclaims.837: ")


@pytest.mark.parametrize("data", [QUICKSTART.read_bytes(), BAD_NPI, BAD_CHARGE])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_wider_than_the_page(data: bytes, width: int) -> None:
    report = text(data, width=width, verbose=True)
    # Headings of claims and edits keep to one line each, so that they can be searched for.
    body = [line for line in report.splitlines() if line.startswith("    ")]
    assert body
    assert max(map(len, body)) <= width


def test_colour_only_where_asked() -> None:
    data = QUICKSTART.read_bytes()
    plain, colored = text(data), text(data, color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b[1;31mREJECTED\x1b[0m" in colored


def open_again(path: str) -> BinaryIO:
    return open(path, "rb")


# Segments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0, 3, 57, 120, 236])
@pytest.mark.parametrize("width", [60, 100])
def test_a_long_segment_is_cut_around_its_mark(start: int, width: int) -> None:
    segment = "".join(f"*{n:03d}" for n in range(60))
    shown, below = Page(width).segment(segment, [Mark(start, 4)], 4, "reject").splitlines()
    assert len(shown) <= width
    found = re.search(r"\^+", below)
    assert found
    assert shown[found.start() : found.end()] == segment[start : start + 4]


def test_marks_stay_in_place_behind_written_out_characters() -> None:
    shown, below = Page().segment("A*\x1b*BAD", [Mark(4, 3)], 0, "reject").splitlines()
    assert shown == "A*\\x1b*BAD"
    assert shown[below.index("^") :] == "BAD"


def test_a_mark_behind_the_end_stands_behind_the_end() -> None:
    shown, below = Page().segment("CLM*1", [Mark(5, 0)], 0, "reject").splitlines()
    assert below == " " * len(shown) + "^"


def test_a_look_into_the_file_hides_passwords(tmp_path: Path) -> None:
    data = base(
        "office", ("ISA*00*          *00*          *", "ISA*03*LOGIN     *01*SECRET    *"), ("*260916*", "*26O916*")
    )
    path = tmp_path / "claims.837"
    path.write_bytes(data)
    report = text({str(path): data}, glimpse=Glimpse(open_again))
    assert "X12-TA1-014" in report
    assert marked(report, "...") == ["26O916"]
    assert "LOGIN" not in report
    assert "SECRET" not in report


def test_faults_above_the_claims_show_their_segment_where_the_file_can_be_opened(tmp_path: Path) -> None:
    data = base("two-sets", ("GE*2*", "GE*3*"))
    path = tmp_path / "claims.837"
    path.write_bytes(data)
    seen = text({str(path): data}, glimpse=Glimpse(open_again))
    assert marked(seen, "GE*3*") == ["3"]
    assert "GE*3*" not in text({str(path): data})


def test_a_file_that_is_gone_meanwhile_shows_no_segment() -> None:
    def gone(path: str) -> io.BytesIO:
        raise FileNotFoundError(path)

    assert "X12-AK9-5" in text(base("two-sets", ("GE*2*", "GE*3*")), glimpse=Glimpse(gone))


# Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("1245"), "$1,245.00"),
        (Decimal("0.5"), "$0.50"),
        (Decimal("-3.125"), "-$3.125"),
        (None, "not readable"),
    ],
)
def test_money(amount: Decimal | None, shown: str) -> None:
    assert money(amount) == shown


def test_harmless_keeps_letters_of_any_language() -> None:
    assert harmless("Müller – §5") == "Müller – §5"
