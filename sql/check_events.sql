-- check_events: what is suspicious about a table of events
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
-- of more customers than this holds a sample is looked at
SET work_mem = '4MB';

-- a table that is fit: 60 orders of 12 customers, in cents, at any second
CREATE TEMPORARY TABLE orders AS
SELECT n % 12 + 1 AS customer, timestamp '2024-01-01 09:10:11' + n * interval '31 hours 7 minutes 13 seconds' AS at,
	20.03 + n * 7.37 AS amount
FROM generate_series(1, 60) n;
SELECT check_events(customer, at, amount, '2024-07-01') FROM orders;
SELECT * FROM findings((SELECT check_events(customer, at, amount, '2024-07-01') FROM orders));
SELECT check_events(customer, at::date, NULL, NULL) FROM orders;
SELECT check_events(customer, at, amount, NULL) IS NULL AS no_rows FROM orders WHERE false;
SELECT count(*) FROM findings(NULL);

-- what is found, without the remedy
CREATE FUNCTION pg_temp.found(data_check) RETURNS SETOF text LANGUAGE sql
AS $$ SELECT format('%s: %s, %s of %s: %s', severity, finding, rows, among, example) FROM findings($1) $$;

-- single rows: all are looked at
SELECT pg_temp.found(check_events(customer, at, amount, '2024-07-01')) FROM (
	TABLE orders UNION ALL VALUES
	(NULL, timestamp '2024-02-01 10:00', 5.0), (7, NULL, 6), (7, '2024-02-01 10:00', NULL),
	(1, 'infinity', 1), (2, '-infinity', 2), (NULL, 'infinity', 0),
	(3, '1970-01-01', 7), (4, '1989-12-31 23:59:59.999999', 8), (5, '1990-01-01', 9),
	(6, '2024-06-30 23:59:59', 10), (7, '2024-07-01', 11), (8, '2025-01-01 08:30:00.5', 12),
	(9, '2024-02-01 11:00', 'NaN'), (9, '2024-02-01 12:00', '-infinity'), (9, '2024-02-01 13:00', 9200000000000), (9, '2024-02-01 14:00', 9199999999999),
	(10, '2024-02-01 11:00', 0.0000001), (10, '2024-02-01 12:00', 1.1234567), (10, '2024-02-01 13:00', 1.123456), (10, '2024-02-01 14:00', 1e-6)) AS r (customer, at, amount);
-- instants are early or late where they are so in every zone
SELECT pg_temp.found(check_events(1, at, 1, '2024-07-01'))
FROM unnest('{1989-12-31 09:59:59+00,1989-12-31 10:00+00,2024-07-01 11:59:59+00,2024-07-01 12:00+00}'::timestamptz[]) AS at;
SELECT pg_temp.found(check_events(1, at, 1, as_of)), as_of
FROM unnest('{infinity,-infinity,5000000-01-01}'::date[]) as_of, unnest('{2024-01-01,200000-01-01}'::timestamp[]) AS at GROUP BY as_of ORDER BY as_of;

-- floats: what arithmetic leaves behind is none of the amount
SELECT pg_temp.found(check_events(1, date '2024-01-01' + n::int, amount, NULL))
FROM unnest(ARRAY[0.1 + 0.2::float8, 1e8 / 3, 19.99 * 3, 1.1234567, 'NaN', '-Infinity', 1e13, 1e300, 0]) WITH ORDINALITY AS u (amount, n);
SELECT pg_temp.found(check_events(1, date '2024-01-01' + n::int, amount, NULL)) FROM unnest('{0.1,1.1234567,Infinity}'::real[]) WITH ORDINALITY AS u (amount, n);
SELECT pg_temp.found(check_events(1, date '2024-01-01' + n::int, amount, NULL)) FROM unnest('{1,-5,9200000000000,-9223372036854775808}'::bigint[]) WITH ORDINALITY AS u (amount, n);

-- amounts of the wrong sign, and in cents: of 20 rows at least
SELECT pg_temp.found(check_events(customer, at, -amount, NULL)) FROM orders;
SELECT pg_temp.found(check_events(customer, at, -amount, NULL)) FROM orders WHERE amount > 350;
SELECT pg_temp.found(check_events(customer, at, (ARRAY[1999, 4995, 12000, 450])[1 + customer % 4], NULL)) FROM orders;
SELECT pg_temp.found(check_events(customer, at, (ARRAY[1999, 4995, 12000, 450])[1 + customer % 4] / 100.0, NULL)) FROM orders;
SELECT pg_temp.found(check_events(customer, at, (ARRAY[29, 79, 149])[1 + customer % 3], NULL)) FROM orders;	-- plans

-- the same row twice, and orders line by line
SELECT pg_temp.found(check_events(customer, at, amount, NULL)) FROM orders, generate_series(1, 3);
SELECT pg_temp.found(check_events(customer, at::date, amount, NULL)) FROM orders, generate_series(1, 2);	-- on one day it may be
SELECT pg_temp.found(check_events(customer, at, NULL, NULL)) FROM orders, generate_series(1, 2);
SELECT pg_temp.found(check_events(customer, at::date, NULL, NULL)) FROM orders, generate_series(1, 2);	-- visits
SELECT pg_temp.found(check_events(customer, at, amount * line, NULL)) FROM orders, generate_series(1, 3) line;
SELECT pg_temp.found(check_events(customer, at, amount * (line / 2), NULL)) FROM orders, generate_series(2, 5) line;

-- ids that differ in case or blanks alone
SELECT pg_temp.found(check_events(CASE WHEN at > '2024-03-01' THEN upper(id) ELSE id END, at, amount, NULL))
FROM (SELECT 'shop-' || customer AS id, * FROM orders) o;
SELECT pg_temp.found(check_events(id, date '2024-01-01' + n::int, NULL, NULL))
FROM unnest('{"anna@example.org ","Anna@Example.org","anna@example.org",ann@example.org," b  c",B c,bc}'::text[]) WITH ORDINALITY AS u (id, n);
SELECT pg_temp.found(check_events(id, date '2024-01-01' + n::int, NULL, NULL)) FROM unnest('{a1Xk,A1xK,a1xk,q}'::varchar[]) WITH ORDINALITY AS u (id, n);	-- codes
SELECT pg_temp.found(check_events(id::char(6), date '2024-01-01', NULL, NULL)) FROM unnest('{ab,"ab  ",cd}'::text[]) AS id;
SELECT pg_temp.found(check_events(repeat('é', 60) || id, date '2024-01-01' + n::int, NULL, NULL)) FROM unnest('{a,A}'::text[]) WITH ORDINALITY AS u (id, n);	-- too long

-- a customer a row, and no time of day
SELECT pg_temp.found(check_events(n, date '2024-01-01' + n::int, NULL, NULL)) FROM generate_series(1, 20) n;
SELECT pg_temp.found(check_events(nullif(n, 20), date '2024-01-01' + n::int, NULL, NULL)) FROM generate_series(1, 20) n;
SELECT pg_temp.found(check_events(customer, at::date::timestamp, amount, NULL)) FROM orders;
SELECT pg_temp.found(check_events(customer, at::date::timestamp AT TIME ZONE 'America/New_York', amount, NULL)) FROM orders;
SELECT pg_temp.found(check_events(customer, at::date::timestamp + interval '9 hours', amount, NULL)) FROM orders;

-- customers of other types; what is long is cut
SELECT pg_temp.found(check_events(c, 'infinity'::date, NULL, NULL)) FROM (VALUES (ROW(1, 'x')), (ROW(1, 'y'))) AS v (c);
SELECT pg_temp.found(check_events('00000000-0000-0000-0000-00000000000a'::uuid, 'infinity'::date, NULL, NULL));
SELECT pg_temp.found(check_events(repeat('x', 200), 'infinity'::date, 1, NULL));
SELECT pg_temp.found(check_events(1.50, 'infinity'::date, 1, NULL));

-- errors
SELECT check_events(1, daterange('2024-01-01', NULL), 1, NULL);
SELECT check_events(1, 'today', 1, NULL);
SELECT check_events(1, date '2024-01-01', '1', NULL);
SELECT check_events('{}'::json, date '2024-01-01', 1, NULL);
SELECT check_events(1, date '2024-01-01', 1, d) FROM unnest('{2024-01-01,2024-01-02}'::date[]) d;
SELECT check_events(1, date '2024-01-01', 1, d) FROM unnest('{NULL,infinity}'::date[]) d;
