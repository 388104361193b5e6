-- Amounts: what is taken of a number is its decimal text, rounded once at six
-- decimals, half away from zero.  The sums are those of plain SQL over it.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE amounts AS
SELECT 'cents' AS kind, i / 100.0 AS amount FROM generate_series(1, 20000) i
UNION ALL SELECT 'ties', (i + 0.5) / 1000000.0 FROM generate_series(0, 20000) i
UNION ALL SELECT 'large ties', (i * 7919.0 + 0.5) / 1000000.0 + 4000 FROM generate_series(0, 20000) i
UNION ALL SELECT 'next to ties', (i + 0.4999999) / 1000000.0 FROM generate_series(0, 2000) i
UNION ALL SELECT 'fractions', i / 7.0 FROM generate_series(1, 20000) i
UNION ALL SELECT 'tiny', i / 3e9 FROM generate_series(1, 20000) i
UNION ALL SELECT 'large', i * 449999999.123456789 FROM generate_series(1, 20000) i;

SELECT kind,
	(SELECT revenue FROM cohort_cells(n)) = round_numeric AS "numeric",
	(SELECT revenue FROM cohort_cells(d)) = round_double AS "double",
	(SELECT revenue FROM cohort_cells(r)) = round_real AS "real"
FROM (
	SELECT kind, sum(round(amount, 6)) AS round_numeric,
		sum(round(amount::float8::text::numeric, 6)) AS round_double,
		sum(round(amount::float4::text::numeric, 6)) AS round_real,
		cohort_matrix(1, date '2024-01-01', amount, 'day') AS n,
		cohort_matrix(1, date '2024-01-01', amount::float8, 'day') AS d,
		cohort_matrix(1, date '2024-01-01', amount::float4, 'day') AS r
	FROM amounts
	GROUP BY kind) x
ORDER BY kind;

-- Refunds round away from zero as well, beside an order of nothing so that they count.
SELECT kind, (SELECT revenue FROM cohort_cells(m)) = plain AS same
FROM (
	SELECT kind, cohort_matrix(1, date '2024-01-01', v, 'day') AS m, sum(round(v::text::numeric, 6)) AS plain
	FROM (SELECT kind, -amount::float8 AS v FROM amounts UNION ALL SELECT DISTINCT kind, 0::float8 FROM amounts) s
	GROUP BY kind) x
ORDER BY kind;

-- One tie each way.
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', 0.0000005::float8, 'day')));
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', 2.0000005::float8, 'day')));
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', a, 'day') FROM (VALUES (1), (-0.0000005)) v (a)));

-- No amount of 9.2e12 or more once it is rounded, no NaN, nothing infinite, of
-- whatever type.
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', 9199999999999.9999994, 'day')));
SELECT cohort_matrix(1, date '2024-01-01', 9199999999999.9999995, 'day');
SELECT cohort_matrix(1, date '2024-01-01', -9199999999999.9999995, 'day');
SELECT cohort_matrix(1, date '2024-01-01', 1e20::float8, 'day');
SELECT cohort_matrix(1, date '2024-01-01', -1e14::float4, 'day');
SELECT cohort_matrix(1, date '2024-01-01', 'NaN'::float4, 'day');
SELECT cohort_matrix(1, date '2024-01-01', '-Infinity'::float4, 'day');
