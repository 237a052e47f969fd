"""Study -> derived tables, in rooms by subject: each file one table; `oncourse.cohort` is their one door."""
