SELECT * FROM findings ORDER BY position
