SELECT * FROM channels ORDER BY position
