-- the type grain: words, canonical form, comparison, casts, binary form
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- every word of the grammar; the canonical form next to it
CREATE TEMP TABLE spelling (id int PRIMARY KEY, written text, canonical text);
INSERT INTO spelling VALUES
	(1, 'day', 'day'),
	(2, 'weeks', 'week'),
	(3, ' 1  MONTHS ', 'month'),
	(4, '2 week', '2 weeks'),
	(5, '30days since start', '30 days since start'),
	(6, 'week starting sunday', 'week starting sunday'),
	(7, 'Week Starting SUN', 'week starting sunday'),
	(8, 'week starting monday', 'week'),
	(9, 'year starting january', 'year'),
	(10, 'year starting apr', 'year starting april'),
	(11, 'quarter starting april at europe/paris', 'quarter starting april at Europe/Paris'),
	(12, '5 months starting december', '5 months starting december'),
	(13, 'hour since start', 'hour since start'),
	(14, '24 hours since start by day', '24 hours since start'),
	(15, '24 hours since start by weeks', '24 hours since start by week'),
	(16, '30 days since start by day', '30 days since start'),
	(17, '30 days starting sunday since start by week', '30 days starting sunday since start by week'),
	(18, '30 days starting monday since start by week', '30 days since start by week'),
	(19, 'day starting july since start by year at utc', 'day starting july since start by year at UTC'),
	(20, 'days 0, 1 ,3,7,14 since start', 'days 0,1,3,7,14 since start'),
	(21, 'Month 0,1,4,7', 'months 0,1,4,7'),
	(22, 'hours 0,24,48 since start by month', 'hours 0,24,48 since start by month'),
	(23, E'days 0,1,3,7\n\tsince\nstart by week at Europe/Paris\n', 'days 0,1,3,7 since start by week at Europe/Paris'),
	(24, '1000000 years', '1000000 years'),
	(25, 'years 0,1000000', 'years 0,1000000'),
	(26, 'day at america/argentina/BUENOS_AIRES', 'day at America/Argentina/Buenos_Aires'),
	(27, 'day at est5edt', 'day at EST5EDT'),
	(28, 'day at -3.5', 'day at <-03:30>+03:30');

SELECT id, written::grain FROM spelling ORDER BY id;

-- what is printed is what was expected, and reads back as the same value
SELECT count(*) AS spellings,
	count(*) FILTER (WHERE written::grain::text <> canonical) AS not_canonical,
	count(*) FILTER (WHERE written::grain <> canonical::grain) AS not_equal
FROM spelling;

SELECT NULL::grain IS NULL AS null_stays_null;

-- comparison: by unit, then count, then cut points; equal spellings are equal
SELECT written::grain AS grain FROM spelling GROUP BY 1 ORDER BY 1;
SELECT a.id, b.id
FROM spelling a, spelling b
WHERE a.id < b.id AND a.written::grain = b.written::grain
ORDER BY 1, 2;
SELECT count(*) FILTER (WHERE (x < y) <> (y > x)
		OR (x <= y) <> (NOT y < x)
		OR (x >= y) <> (NOT x < y)
		OR (x <> y) <> (NOT x = y)
		OR (x = y) <> (x::text = y::text)
		OR (x = y) <> (grain_send(x) = grain_send(y))
		OR sign(grain_cmp(x, y)) <> -sign(grain_cmp(y, x))
		OR (x = y AND grain_hash(x) <> grain_hash(y))) AS contradictions,
	count(DISTINCT x) AS grains,
	count(DISTINCT grain_hash(x)) AS hashes,
	count(DISTINCT grain_hash_extended(x, 0)) AS hashes_0,
	count(DISTINCT grain_hash_extended(x, 1)) AS hashes_1
FROM (SELECT a.written::grain AS x, b.written::grain AS y
	FROM spelling a, spelling b) AS pair;
-- with seed 0 the extended hash ends in the plain one
SELECT count(*) AS differing FROM spelling
WHERE (grain_hash_extended(written::grain, 0) # grain_hash(written::grain))
	& 4294967295 <> 0;

-- the operators serve joins, indexes and grouping
CREATE TEMP TABLE plan (grain grain PRIMARY KEY, name text);
INSERT INTO plan SELECT DISTINCT ON (written::grain) written::grain, canonical
FROM spelling ORDER BY 1;
INSERT INTO plan VALUES ('1 week starting sunday', 'twice');
SELECT name FROM plan WHERE grain = 'week starting sun';
CREATE TEMP TABLE part (grain grain) PARTITION BY HASH (grain);
CREATE TEMP TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TEMP TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT grain FROM plan;
SELECT count(*) FROM part JOIN plan USING (grain);

-- JSON: a string, also when nested
SELECT 'week starting sunday'::grain::json AS json,
	'month at Europe/Paris'::grain::jsonb AS jsonb;
SELECT to_jsonb('month'::grain) AS to_jsonb,
	row_to_json(r) AS row_to_json,
	jsonb_build_object('grain', grain) AS object
FROM (SELECT 'days 0,1,3 since start'::grain AS grain) AS r;

-- binary: there and back, and the bytes themselves
CREATE TEMP TABLE back (id int, grain grain);
\copy (SELECT id, written::grain FROM spelling) TO 'results/grain.bin' (FORMAT binary)
\copy back FROM 'results/grain.bin' (FORMAT binary)
SELECT count(*) AS values,
	count(*) FILTER (WHERE grain IS DISTINCT FROM written::grain) AS differing
FROM spelling LEFT JOIN back USING (id);
SELECT grain_send('2 weeks starting sunday'), grain_send('hours 0,24,72 since start at UTC');
