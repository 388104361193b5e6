SELECT * FROM call_list ORDER BY rank
