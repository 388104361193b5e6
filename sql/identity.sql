-- Customers of any type: equal values are one customer, different ones are
-- not, whatever the type's own hash function leaves out.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE FUNCTION customers(m cohort_matrix) RETURNS numeric LANGUAGE sql
RETURN (SELECT sum(cohort_size) FROM cohort_cells(m));

-- A thousand customers, each twice.
CREATE TEMP TABLE people AS
SELECT i, date '2024-01-01' AS at FROM generate_series(1, 1000) i, generate_series(1, 2);
CREATE TYPE club_member AS (tenant int, id bigint);
SELECT customers(cohort_matrix(i::int2, at, 'day')) AS int2,
	customers(cohort_matrix(i - 500, at, 'day')) AS int4,
	customers(cohort_matrix((i - 500) * 4294967297, at, 'day')) AS int8,
	customers(cohort_matrix(((i - 500) * 4294967297)::numeric, at, 'day')) AS "numeric",
	customers(cohort_matrix(i / 7.0, at, 'day')) AS fractions,
	customers(cohort_matrix(repeat(i::text, 20)::numeric, at, 'day')) AS long_numeric,
	customers(cohort_matrix((i - 500)::float8 * 1e100, at, 'day')) AS float8,
	customers(cohort_matrix((i - 500)::float4, at, 'day')) AS float4,
	customers(cohort_matrix((4294967295 - i)::oid, at, 'day')) AS oid
FROM people;
SELECT customers(cohort_matrix(md5(i::text)::uuid, at, 'day')) AS uuid,
	customers(cohort_matrix(i::text, at, 'day')) AS text,
	customers(cohort_matrix(repeat('x', i % 40) || i, at, 'day')) AS longer,
	customers(cohort_matrix(repeat('x', i), at, 'day')) AS length_only,
	customers(cohort_matrix(i::varchar(10), at, 'day')) AS "varchar",
	customers(cohort_matrix(i::text::name, at, 'day')) AS name,
	customers(cohort_matrix(convert_to(repeat('y', 20) || i, 'UTF8'), at, 'day')) AS bytea,
	customers(cohort_matrix(i::bit(20), at, 'day')) AS bit
FROM people;
SELECT customers(cohort_matrix(at + i, at, 'day')) AS date,
	customers(cohort_matrix(timestamptz '2024-01-01' + i * interval '1 day', at, 'day')) AS timestamptz,
	customers(cohort_matrix(timestamp '2024-01-01' + i * interval '49710 days 06:28:16', at, 'day')) AS timestamps_far_apart,
	customers(cohort_matrix('10.0.0.0'::inet + i, at, 'day')) AS inet,
	customers(cohort_matrix(i % 2 = 0, at, 'day')) AS bool,
	customers(cohort_matrix(ARRAY[i, i + 1], at, 'day')) AS int_array,
	customers(cohort_matrix(to_jsonb(i), at, 'day')) AS jsonb,
	customers(cohort_matrix((i % 10, (i - 500) * 4294967297)::club_member, at, 'day')) AS composite,
	customers(cohort_matrix(ARRAY[((i - 500) * 4294967297)::numeric, NULL], at, 'day')) AS arrays_of_numeric,
	customers(cohort_matrix(int4range(i, i + 5), at, 'day')) AS int4range
FROM people;

-- What equality does not see: scale, padding, the sign of zero.
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS ten
FROM (VALUES (1.0), (1.00), (-1), (1e20), (1e-20), (0), (0.00), ('NaN'), ('Infinity'), ('-Infinity'),
	(123456789012345678901234567890), (123456789012345678901234567890.0), (-123456789012345678901234567890)) x (v);
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS three FROM (VALUES ('-0'::float8), (0), ('NaN'), ('NaN'), (1)) x (v);
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS two FROM (VALUES ('a'::char(3)), ('a'::char(30)), ('b')) x (v);
-- What equality does see: the shape of an array, NULLs in a row.
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS four
FROM (VALUES ('{1,2}'::int[]), ('{{1,2}}'), ('[0:1]={1,2}'), ('{{1},{2}}'), ('{1,2}')) x (v);
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS three
FROM (VALUES ((1, NULL)::club_member), ((NULL, 1)::club_member), ((NULL, NULL)::club_member), ((1, NULL)::club_member)) x (v);
-- A column that cannot be told apart spoils the row.
CREATE TYPE odd_member AS (id int, at point);
SELECT customers(cohort_matrix((1, '(1,2)')::odd_member, date '2024-01-01', 'day'));
