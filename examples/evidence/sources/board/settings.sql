SELECT * FROM settings
