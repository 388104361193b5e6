SELECT * FROM states ORDER BY position
