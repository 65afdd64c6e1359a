"""Whether each code may be billed on its day: DX-01 to DX-07, DX-0E."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim
from scrubber.tables.icd10cm import CodeStatus, dotted

from .reading import ICD9_QUALIFIERS, ICD10_START, by_codes, report


@by_codes
def code_incomplete(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-01: the code has others under it on the day of service."""
    return report(claim, know, "DX-01")


@by_codes
def code_not_in_force(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-02: the code is not, or not then, in the code set. Also says what could not be judged."""
    return report(claim, know, "DX-02")


@by_codes
def changed_within_claim(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """DX-03: the claim's services span a turn of the code set that changed one of its codes."""
    first, last = claim.service_from, claim.service_to
    table = know.icd10cm
    if first is None or last is None or table.era(first) == table.era(last):
        return
    if first < ICD10_START or last < first:
        return  # Another code set, or dates that another edit rejects.
    if last > table.last:
        yield Gap(f"the ICD-10-CM code set at hand ends on {table.last}: changes up to {last} are not known")
    elif not table.covers(last):
        yield Gap(f"no ICD-10-CM code set at hand covers {last}: changes up to that day are not known")
    told: set[str] = set()
    for diagnosis in claim.diagnoses:
        code = diagnosis.code
        if not code or code in told or diagnosis.qualifier in ICD9_QUALIFIERS:
            continue
        told.add(code)
        then, now = table.status(code, first), table.status(code, last)
        if CodeStatus.UNCHECKED in (then, now) or (then is CodeStatus.BILLABLE) == (now is CodeStatus.BILLABLE):
            continue
        valid, other = (first, last) if then is CodeStatus.BILLABLE else (last, first)
        days = {"first": str(first), "last": str(last), "valid": str(valid), "other": str(other)}
        # The later day's release is the one that changed it: the finding is to cite that.
        yield Hit(diagnosis.place, {"code": dotted(code), **days}, on=last)


@by_codes
def wrong_code_set(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-04: an ICD-9 qualifier on an ICD-10 date of service, or the other way round; said once a claim."""
    return report(claim, know, "DX-04")


@by_codes
def seventh_character(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-05: the seventh character is missing, not one of the category's, or not wanted."""
    return report(claim, know, "DX-05")


@by_codes
def placeholder(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-06: the placeholder X is missing, one too many, or stands where a real character is due."""
    return report(claim, know, "DX-06")


@by_codes
def repeated(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-07: a code stands on the claim more than once; one finding for every copy."""
    found = report(claim, know, "DX-07")
    for hit in found:
        if isinstance(hit, Hit):
            hit.values |= {"first": f"HI{hit.related[0].element:02d}", "copy": f"HI{hit.where.element:02d}"}
    return found


@by_codes
def written_with_dot(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-0E: a dot inside the code. All other edits judge the code without it."""
    for diagnosis in claim.diagnoses:
        if "." in diagnosis.written:
            values = {"written": diagnosis.written, "code": diagnosis.code}
            if diagnosis.position == 1:
                values["case"] = "first-listed"
            address = f"2300.HI{diagnosis.position:02d}-2"
            yield Hit(diagnosis.place, values, change={address: diagnosis.code}, safe=True)
