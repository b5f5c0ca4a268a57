"""People decide: cases, their order, assessments, outcomes, deliberate viewing, appeals."""
