"""The checks of the icd10cm pack, by the names that its entries use."""

from __future__ import annotations

from .excludes import (
    cervicalgia_with_disc,
    cervicalgia_with_radiculopathy,
    chronic_pain_twice,
    excluded_pair,
    pain_unspecified_with_pain,
    pain_with_psychogenic_pain,
    radiculopathy_beside_disc,
    radiculopathy_denied,
    radiculopathy_with_cause,
    spine_with_injury,
    unspecified_beside_specific,
)
from .injury import (
    aftercare_beside_injury,
    external_cause_missing,
    external_cause_other_encounter,
    injury_without_related_cause,
    related_cause_without_injury,
)
from .pain import (
    chronic_within_weeks,
    pain_after_site,
    pain_before_site,
    pain_with_known_cause,
    pain_with_surgery,
    pain_without_site,
)
from .sequence import (
    age_conflict,
    external_cause_first,
    manifestation_first,
    sequela_first,
    sex_conflict,
    underlying_after,
)
from .validity import (
    changed_within_claim,
    code_incomplete,
    code_not_in_force,
    placeholder,
    repeated,
    seventh_character,
    written_with_dot,
    wrong_code_set,
)

__all__ = [
    "aftercare_beside_injury",
    "age_conflict",
    "cervicalgia_with_disc",
    "cervicalgia_with_radiculopathy",
    "changed_within_claim",
    "chronic_pain_twice",
    "chronic_within_weeks",
    "code_incomplete",
    "code_not_in_force",
    "excluded_pair",
    "external_cause_first",
    "external_cause_missing",
    "external_cause_other_encounter",
    "injury_without_related_cause",
    "manifestation_first",
    "pain_after_site",
    "pain_before_site",
    "pain_unspecified_with_pain",
    "pain_with_known_cause",
    "pain_with_psychogenic_pain",
    "pain_with_surgery",
    "pain_without_site",
    "placeholder",
    "radiculopathy_beside_disc",
    "radiculopathy_denied",
    "radiculopathy_with_cause",
    "related_cause_without_injury",
    "repeated",
    "sequela_first",
    "seventh_character",
    "sex_conflict",
    "spine_with_injury",
    "underlying_after",
    "unspecified_beside_specific",
    "written_with_dot",
    "wrong_code_set",
]
