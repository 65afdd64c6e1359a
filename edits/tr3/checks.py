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
from .pointer_checks import (
    diagnosis_gap,
    diagnosis_without_pointer,
    first_pointer_unfit,
    pointer_beyond_diagnoses,
    pointer_gap,
    pointer_repeated,
)

__all__ = [
    "accident",
    "charges",
    "diagnosis_gap",
    "diagnosis_without_pointer",
    "first_pointer_unfit",
    "medicare_dependent",
    "nine_digit_zip",
    "npi",
    "organisation_name",
    "payer_control_number",
    "payer_sequence",
    "pointer_beyond_diagnoses",
    "pointer_gap",
    "pointer_repeated",
    "service_in_future",
    "service_reversed",
    "service_within_life",
    "street_address",
    "subscriber_or_patient",
    "total_charge",
    "units",
]
