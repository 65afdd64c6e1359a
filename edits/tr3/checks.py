"""The checks of the tr3 pack, by the names that its entries use."""

from __future__ import annotations

from .claim_checks import (
    accident,
    charges,
    medicare_dependent,
    nine_digit_zip,
    npi,
    organisation_name,
    payer_control_number,
    payer_sequence,
    service_in_future,
    service_reversed,
    service_within_life,
    street_address,
    subscriber_or_patient,
    total_charge,
    units,
)
from .cob_checks import coordination_balance, other_payers_decision
from .code_checks import procedure_on_date
from .date_checks import admission_date, situational_dates, treatment_dates
from .filing_checks import patient_control_number, timely_filing
from .party_checks import enrolled, filing_indicator, insurance_type, tax_number, taxonomy, telephone
from .pointer_checks import (
    diagnosis_gap,
    diagnosis_without_pointer,
    first_pointer_unfit,
    pointer_beyond_diagnoses,
    pointer_gap,
    pointer_repeated,
)
from .service_checks import (
    anesthesia_modifiers,
    authorization,
    drug,
    laboratory_number,
    referring_of_line,
    repeated_line,
    unit_basis,
)

__all__ = [
    "accident",
    "admission_date",
    "anesthesia_modifiers",
    "authorization",
    "charges",
    "coordination_balance",
    "diagnosis_gap",
    "diagnosis_without_pointer",
    "drug",
    "enrolled",
    "filing_indicator",
    "first_pointer_unfit",
    "insurance_type",
    "laboratory_number",
    "medicare_dependent",
    "nine_digit_zip",
    "npi",
    "organisation_name",
    "other_payers_decision",
    "patient_control_number",
    "payer_control_number",
    "payer_sequence",
    "pointer_beyond_diagnoses",
    "pointer_gap",
    "pointer_repeated",
    "procedure_on_date",
    "referring_of_line",
    "repeated_line",
    "service_in_future",
    "service_reversed",
    "service_within_life",
    "situational_dates",
    "street_address",
    "subscriber_or_patient",
    "tax_number",
    "taxonomy",
    "telephone",
    "timely_filing",
    "total_charge",
    "treatment_dates",
    "unit_basis",
    "units",
]
