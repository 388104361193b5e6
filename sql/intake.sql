-- What the aggregates refuse, with every detail and hint; what the numbers
-- become is in cohort_matrix.sql.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
\set VERBOSITY default

-- Customers of a type without an extended hash function.
SELECT cohort_matrix('{}'::json, date '2024-01-01', 'month');
SELECT cohort_matrix('(1,2)'::point, date '2024-01-01', 'month');

-- Times.
SELECT cohort_matrix(1, '2024-01-01', 'month');
SELECT cohort_matrix(1, 1704067200, 'month');
SELECT cohort_matrix(1, time '12:00', 'month');
SELECT cohort_matrix(1, '2024-01-01', date '2024-01-01', 1, 'month');
SELECT cohort_matrix(1, 20240101, date '2024-01-01', 1, 'month');
SELECT cohort_matrix(1, date 'infinity', 'month');
SELECT cohort_matrix(1, timestamp '-infinity', 'month');
SELECT cohort_matrix(1, timestamptz 'infinity', 'day since start');
SELECT cohort_matrix(1, date 'infinity', date '2024-01-01', 1, 'month');
-- a date later than the last timestamp cannot be counted from in seconds
SELECT cohort_matrix(1, date '294277-01-01', 'day since start');

-- Amounts.
SELECT cohort_matrix(1, date '2024-01-01', date '2024-01-02', 'month');
SELECT cohort_matrix(1, date '2024-01-01', timestamptz '2024-01-02 00:00', 'month');
SELECT cohort_matrix(1, date '2024-01-01', date '2024-01-02', now(), 'month');
SELECT cohort_matrix(1, date '2024-01-01', '19.90', 'month');
SELECT cohort_matrix(1, date '2024-01-01', '19.90'::text, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'NaN'::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', '-Infinity'::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'NaN'::float8, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'Infinity'::float4, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 9.2e12::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', -9.2e12::float8, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 9200000000000, 'month');
-- the largest amount there is
SELECT revenue FROM cohort_cells((
	SELECT cohort_matrix(1, date '2024-01-01', a, 'month')
	FROM (VALUES (9199999999999.999999), (9199999999999.999999)) v (a)));

-- Grains: of a group there is one, and it is known.
SELECT cohort_matrix(c, date '2024-01-01', g) FROM (VALUES (1, 'month'::grain), (2, 'week')) v (c, g);
SELECT cohort_matrix(1, date '2024-01-01', NULL::grain);
SELECT cohort_matrix(1, date '2024-01-01', 'moon');
SELECT cohort_matrix(1, now(), 'month at Mars/Olympus');
-- from group to group it may differ
SELECT g, (m::json)->>'grain' AS grain
FROM (SELECT g, cohort_matrix(1, date '2024-01-01', g) AS m
	  FROM unnest('{month,week,year}'::grain[]) g GROUP BY g) x
ORDER BY g;

-- Histories cut in different zones are not merged.
SELECT rollup(m) FROM (VALUES
	((SELECT cohort_matrix(1, timestamptz '2024-01-01 00:00', 'month at Europe/Paris'))),
	((SELECT cohort_matrix(2, timestamptz '2024-01-01 00:00', 'month at Asia/Tokyo')))) v (m);

-- Ages past 2^31.
SELECT cohort_matrix(1, at, 'hour since start')
FROM (VALUES (timestamp '4713-01-01 00:00 BC'), (timestamp '294276-12-31 23:00')) v (at);

-- Support functions take "internal", which no SQL expression is: releases differ
-- in where they notice, and in the words.
DO $$
BEGIN
	PERFORM ledger_combine(NULL, NULL);
	RAISE EXCEPTION 'it was called';
EXCEPTION WHEN undefined_function OR feature_not_supported THEN
	RAISE NOTICE 'refused before it is called';
END $$;
