SELECT * FROM channel_curve ORDER BY position, age
