SELECT * FROM movements ORDER BY period
