SELECT * FROM headlines ORDER BY position
