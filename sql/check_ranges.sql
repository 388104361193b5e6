-- check_ranges: what is suspicious about a table of subscriptions
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
-- of more customers than this holds a sample is looked at
SET work_mem = '4MB';

CREATE FUNCTION pg_temp.found(data_check) RETURNS SETOF text LANGUAGE sql
AS $$ SELECT format('%s: %s, %s of %s: %s', severity, finding, rows, among, example) FROM findings($1) $$;

-- invoices of 3 customers for 4 months each, and one running contract: fit
CREATE TEMPORARY TABLE invoices AS
SELECT customer, month::date AS from_day, (month + interval '1 month')::date AS next_day,
	(month + interval '1 month' - interval '1 day')::date AS last_day, 50.5 * customer AS amount
FROM generate_series(1, 3) customer, generate_series(timestamp '2024-01-01', '2024-04-01', '1 month') month;
SELECT check_ranges(customer, daterange(from_day, next_day), amount, '2024-05-01') FROM invoices;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, next_day), amount, '2024-05-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, last_day, '[]'), amount, '2024-05-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, tsrange(from_day, last_day + time '23:59:59', '[]'), amount, '2024-05-01')) FROM invoices;
SELECT check_ranges(customer, daterange(from_day, next_day), NULL, NULL) IS NULL AS no_rows FROM invoices WHERE false;

-- the last day paid as the end that is no longer covered
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, last_day), amount, '2024-05-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day + 14, next_day + 13), amount, '2024-06-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, tsrange(from_day, last_day + time '23:59:59'), amount, '2024-05-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, tstzrange(from_day::timestamp AT TIME ZONE 'Asia/Kolkata', (last_day + time '23:59:59.999') AT TIME ZONE 'Asia/Kolkata'), amount, '2024-05-01')) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, tstzrange(from_day::timestamp AT TIME ZONE 'Europe/Paris', last_day::timestamp AT TIME ZONE 'Europe/Paris'), amount, '2024-05-01')) FROM invoices;
-- and its contrary: ends that were exclusive taken for last days
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, next_day, '[]'), amount, '2024-05-01')) FROM invoices;

-- single rows
SELECT pg_temp.found(check_ranges(customer, during, amount, '2024-05-01')) FROM (
	SELECT customer, daterange(from_day, next_day), amount FROM invoices UNION ALL VALUES
	(NULL, daterange('2024-01-01', NULL), 1.0), (1, NULL, 2), (1, 'empty', 3), (2, daterange('2024-01-01', '2024-01-01'), 4),
	(4, daterange(NULL, '2024-01-01'), 5), (4, daterange('-infinity', '2024-01-01'), 6), (5, daterange('2024-01-03', 'infinity'), 7),
	(6, daterange('1989-12-31', '1990-01-05'), 8), (7, daterange('2024-04-30', NULL), 9), (8, daterange('2024-05-01', NULL), 10),
	(9, daterange('2023-01-05', '2023-07-29'), 'NaN'), (10, daterange('2023-01-05', '2023-07-29'), 0.12345678)) AS r (customer, during, amount);

-- the same range twice: a join made it, or a customer has two that are alike
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, next_day), amount, NULL)) FROM invoices, generate_series(1, 2);
SELECT pg_temp.found(check_ranges(customer, during, amount, NULL)) FROM (
	SELECT customer + 3 * k AS customer, daterange(from_day, next_day) AS during, amount FROM invoices, generate_series(1, 3) k
	UNION ALL SELECT 4, '[2024-01-01,2024-02-01)', 50.5) AS r;

-- overlaps: of plans that differ, and of what was renewed before its end
SELECT pg_temp.found(check_ranges(customer, daterange(from_day + plan * 3, next_day + plan * 3), amount + plan, NULL)) FROM invoices, generate_series(0, 2) plan;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, next_day + 9), amount, NULL)) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, NULL), amount, NULL)) FROM invoices;
SELECT pg_temp.found(check_ranges(customer, daterange(from_day, NULL), NULL, NULL)) FROM invoices;

-- ids and amounts as of events
SELECT pg_temp.found(check_ranges(' ' || repeat(' ', extract(month FROM from_day)::int) || 'c' || customer, daterange(from_day, next_day), amount, NULL)) FROM invoices;
SELECT pg_temp.found(check_ranges(customer + 3 * k, daterange(from_day, next_day), -amount, NULL)) FROM invoices, generate_series(1, 2) k;
SELECT pg_temp.found(check_ranges(customer + 3 * k, daterange(from_day, next_day), 4999, NULL)) FROM invoices, generate_series(1, 2) k;

-- a finding has a remedy that can be filled in
SELECT finding, remedy FROM findings((SELECT check_ranges(customer, daterange(from_day, last_day), amount, NULL) FROM invoices));

-- errors
SELECT check_ranges(1, date '2024-01-01', 1, NULL);
SELECT check_ranges(1, datemultirange('{}'), 1, NULL);
SELECT check_ranges(1, int4range(1, 2), 1, NULL);
SELECT check_ranges(1, daterange('2024-02-01', '2024-01-01'), 1, NULL);
