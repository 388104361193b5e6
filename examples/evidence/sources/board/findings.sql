-- Evidence cannot build a table without rows, so nothing is one, too.
SELECT position, finding, severity, rows, among, example, remedy FROM findings
UNION ALL
SELECT 1, 'nothing suspicious', NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM findings)
ORDER BY position
