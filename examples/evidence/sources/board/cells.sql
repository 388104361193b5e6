SELECT * FROM cells ORDER BY cohort, age
