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

-- Values that differ in sign alone, or in what 32 bits do not hold: as many
-- customers as SELECT count(DISTINCT) has.
CREATE TEMP TABLE odd AS
SELECT i, v.n, date '2024-01-01' AS at
FROM generate_series(1, 2) i, (VALUES (1), (-1), (4294967297), (-4294967298), (0), (2), (-2)) v (n);
SELECT customers(cohort_matrix(jsonb_build_object('id', n), at, 'day')) AS jsonb, count(DISTINCT jsonb_build_object('id', n)) AS jsonb_distinct,
	customers(cohort_matrix(numrange(n, n + 10), at, 'day')) AS numrange, count(DISTINCT numrange(n, n + 10)) AS numrange_distinct,
	customers(cohort_matrix(int8range(n::bigint, n::bigint + 1), at, 'day')) AS int8range, count(DISTINCT int8range(n::bigint, n::bigint + 1)) AS int8range_distinct,
	customers(cohort_matrix(nummultirange(numrange(n - 1, n)), at, 'day')) AS multirange, count(DISTINCT nummultirange(numrange(n - 1, n))) AS multirange_distinct,
	customers(cohort_matrix(n * interval '1 microsecond', at, 'day')) AS "interval", count(DISTINCT n * interval '1 microsecond') AS interval_distinct,
	customers(cohort_matrix((n & 9223372036854775807)::text::xid8, at, 'day')) AS xid8, count(DISTINCT (n & 9223372036854775807)::text) AS xid8_distinct,
	customers(cohort_matrix('0/0'::pg_lsn + abs(n), at, 'day')) AS pg_lsn, count(DISTINCT '0/0'::pg_lsn + abs(n)) AS pg_lsn_distinct,
	customers(cohort_matrix('12:00'::timetz + n * interval '1 microsecond', at, 'day')) AS timetz, count(DISTINCT '12:00'::timetz + n * interval '1 microsecond') AS timetz_distinct
FROM odd;

-- Documents: as many customers as equality tells apart.
CREATE TEMP TABLE documents AS
SELECT d::jsonb AS d, date '2024-01-01' AS at
FROM unnest(ARRAY['1', '1.0', '-1', '"1"', '[1]', '[[1]]', '[]', '{}', '[{}]', '[[]]', 'null', '[null]', 'true', 'false', '""', '"a"', '["a"]', '["a", "b"]', '["ab"]',
	'{"a": 1}', '{"a": 1.00}', '{"a": -1}', '{"a": "1"}', '{"a": null}', '{"a": [1]}', '{"a": {"b": 1}}', '{"a": {}, "b": 1}', '{"b": 1, "a": {}}',
	'{"a": 1, "b": 2}', '{"a": 2, "b": 1}', '{"b": 2, "a": 1}', '1e30', '-1e30', '123456789012345678901234567890', '-123456789012345678901234567890', '[1, [2, 3]]', '[[1, 2], 3]', '[1, 2, 3]']) d;
SELECT customers(cohort_matrix(d, at, 'day')) = count(DISTINCT d) AS as_many, count(DISTINCT d) < count(*) AS some_twice FROM documents;
SELECT customers(cohort_matrix(ARRAY[d, d], at, 'day')) = count(DISTINCT d) AS in_arrays FROM documents;

-- Ranges: empty, unbounded, with and without their bounds.
CREATE TEMP TABLE ranges AS
SELECT r::numrange AS r, date '2024-01-01' AS at
FROM unnest(ARRAY['empty', '(1,1)', '[1,1]', '[1.0,1.00]', '[1,2)', '(1,2]', '[1,2]', '(1,2)', '[-1,2)', '[-2,-1)', '(,1)', '(,1]', '[1,)', '(1,)', '(,)', '[-Infinity,1)', '[1,Infinity)']) r;
SELECT customers(cohort_matrix(r, at, 'day')) = count(DISTINCT r) AS ranges, count(DISTINCT r) < count(*) AS some_twice FROM ranges;
SELECT customers(cohort_matrix(nummultirange(a.r, b.r), a.at, 'day')) = count(DISTINCT nummultirange(a.r, b.r)) AS multiranges FROM ranges a, ranges b;
SELECT customers(cohort_matrix(r, date '2024-01-01', 'day')) AS one FROM (VALUES (int4range(1, 5)), ('[1,4]'), ('(0,4]')) x (r);
CREATE TYPE words AS RANGE (subtype = text, collation = "C");
SELECT customers(cohort_matrix(r, date '2024-01-01', 'day')) AS three FROM (VALUES (words('a', 'b')), ('[a,b)'), ('[a,bb)'), ('(a,b)')) x (r);
-- A range that compares its bounds in its own way goes by its own hash.
CREATE TYPE patterns AS RANGE (subtype = text, subtype_opclass = text_pattern_ops, collation = "C");
SELECT customers(cohort_matrix(r, date '2024-01-01', 'day')) AS three FROM (VALUES (patterns('a', 'b')), ('[a,b)'), ('[a,bb)'), ('(a,b)')) x (r);

-- Intervals: a month is 30 days, a day 24 hours.
SELECT customers(cohort_matrix(v, date '2024-01-01', 'day')) AS four
FROM (VALUES ('1 month'::interval), ('30 days'), ('720:00'), ('-1 month'), ('1 day -24:00'), ('0'), ('178000000 years')) x (v);

-- A row needs no name, in any aggregate over customers, and no plan that
-- looks at one row of it only.
SELECT customers(cohort_matrix(ROW(i % 10, (i - 500) * 4294967297), at, 'day')) AS rows,
	customers(cohort_matrix(ROW(ROW(i), NULL, 'x'), at, 'day')) AS nested,
	customers(cohort_matrix(ARRAY[ROW(i, 'x'), ROW(i, 'y')], at, 'day')) AS in_arrays,
	customers(cohort_matrix(ROW(i, 1), at, 5, 'day')) AS money,
	customers(cohort_matrix(ROW(i, 1), at, at, 5, 'day')) AS started,
	customers(cohort_matrix(ROW(i, 1), daterange(at, at + 1), 5, 'day')) AS ranges,
	customers(cohort_matrix(ROW(), at, 'day')) AS of_nothing
FROM people;
SELECT new_customers FROM movement_rows((SELECT customer_movements(ROW(i, 'x'), at, 5, 'day') FROM people)) LIMIT 1;
SELECT customers FROM funnel_steps((SELECT funnel(ROW(i, 'x'), at::timestamp + i % 3 * interval '1 hour', 1, '1 day') FROM people));
SELECT customers(cohort_matrix(r, date '2024-01-01', 'day')) AS two
FROM (SELECT ROW(1, 2) AS r UNION ALL SELECT ROW(1, 2) UNION ALL SELECT ROW(2, 1)) x;
-- The same columns from several places are one type of row.
CREATE TYPE club_pair AS (tenant int, id bigint);
CREATE FUNCTION some_row(i int) RETURNS record LANGUAGE plpgsql AS $$
BEGIN
	IF i = 1 THEN RETURN ROW(1, 2::bigint)::club_pair; END IF;
	IF i = 2 THEN RETURN ROW(1, NULL::bigint); END IF;
	IF i = 3 THEN RETURN ROW(1, 2); END IF;
	IF i = 4 THEN RETURN ROW(1); END IF;
	RETURN ROW(1, 2::bigint);
END $$;
SELECT customers(cohort_matrix(some_row(i), date '2024-01-01', 'day')) AS two FROM unnest(ARRAY[0, 1, 2, 0, 1]) i;
SELECT cohort_matrix(some_row(i), date '2024-01-01', 'day') FROM unnest(ARRAY[0, 3]) i;
SELECT cohort_matrix(some_row(i), date '2024-01-01', 'day') FROM unnest(ARRAY[0, 4]) i;
SELECT cohort_matrix(ROW(1, point '(1,2)'), date '2024-01-01', 'day');
