"""ICD-10-CM: CDC's tabular XML and order file of one fiscal year."""
