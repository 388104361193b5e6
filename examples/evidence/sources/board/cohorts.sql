SELECT * FROM cohorts ORDER BY cohort
