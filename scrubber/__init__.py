"""scrubber: a scrubber for X12 837 professional claims."""
