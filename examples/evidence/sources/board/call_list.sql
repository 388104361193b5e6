-- Evidence cannot build a table without rows, so nobody is one, too.
SELECT rank, customer::text AS customer, channel, state, orders, revenue, last_order, days_silent, overdue, p_alive, value FROM call_list
UNION ALL
SELECT 1, '(nobody)', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM call_list)
ORDER BY rank
