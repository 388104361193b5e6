-- Customer movements: what is refused.  Texts are the implementation's, codes are
-- not.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
\set VERBOSITY sqlstate

CREATE TEMP TABLE movement_kinds AS
	SELECT timeline(date '2024-01-05', 10) AS o, timeline(daterange('2024-01-05', '2024-02-01'), 10) AS l,
		timeline(timestamptz '2024-01-05 12:00', 10, 'UTC') AS utc, timeline(timestamptz '2024-01-05 12:00', 10, 'Europe/Paris') AS paris,
		customer_movements(1, date '2024-01-05', 10, 'month') AS m;

-- Periods of the calendar only: 22023.
SELECT customer_movements(1, date '2024-01-01', 'month since start');
SELECT customer_movements(1, date '2024-01-01', 5, '24 hours since start');
SELECT customer_movements(1, date '2024-01-01', 'months 0,1,3');
SELECT customer_movements(1, daterange('2024-01-01', NULL), 5, 'days 0,7,30 since start');
SELECT customer_movements(o, 'month since start') FROM movement_kinds;
SELECT customer_movements(l, 'months 0,1,3') FROM movement_kinds;
SELECT count(*) FROM movement_kinds, timeline_movements(o, 'month since start');
SELECT count(*) FROM movement_kinds, timeline_movements(l, 'months 0,1,3');
SELECT customer_movements(1, date '2024-01-01', 'fortnight');

-- The grain is a constant of the group: 22004, 22023; groups may have their own.
SELECT customer_movements(1, date '2024-01-01', NULL::grain);
SELECT customer_movements(1, date '2024-01-01', 5, NULL::grain);
SELECT customer_movements(o, NULL) FROM movement_kinds;
SELECT customer_movements(1, date '2024-01-01', g) FROM (VALUES ('month'::grain), ('day')) v (g);
SELECT customer_movements(o, g) FROM movement_kinds, (VALUES ('month'::grain), ('day')) v (g);
SELECT g, (SELECT count(*) FROM movement_rows(m, '2024-03-01')) AS rows FROM (SELECT g, customer_movements(1, date '2024-01-01', g) AS m FROM (VALUES ('month'::grain), ('day')) v (g) GROUP BY g) x ORDER BY g::text;

-- Times are times and amounts amounts, 42804; a literal customer is text.
SELECT customer_movements(1, '2024-01-01', 'month');
SELECT customer_movements(1, 20240101, 'month');
SELECT customer_movements(1, text '2024-01-01', 'month');
SELECT customer_movements(1, int4range(1, 2), 'month');
SELECT customer_movements(1, datemultirange '{[2024-01-01,)}', 'month');
SELECT customer_movements(1, date '2024-01-01', '5', 'month');
SELECT customer_movements(1, date '2024-01-01', text '5', 'month');
SELECT customer_movements(1, date '2024-01-01', date '2024-01-01', 'month');
SELECT customer_movements(1, daterange('2024-01-01', NULL), timestamptz '2024-01-01', 'month');
SELECT closing_customers FROM movement_rows((SELECT customer_movements('somebody', date '2024-01-01', NULL, 'month')));
SELECT customer_movements('{}'::json, date '2024-01-01', 'month');

-- Infinite times, but for the ends of ranges: 22008.
SELECT customer_movements(1, date 'infinity', 'month');
SELECT customer_movements(1, timestamptz '-infinity', 5, 'month');
SELECT customer_movements(1, tsrange('infinity', NULL), 5, 'month');
SELECT count(*) FROM movement_rows((SELECT customer_movements(1, tsrange('2024-01-01', 'infinity'), 5, 'month')), '2024-04-01');
SELECT count(*) FROM movement_kinds, movement_rows(m, 'infinity');
SELECT count(*) FROM movement_kinds, movement_rows(m, '-infinity');
SELECT count(*) FROM movement_kinds, movements_text(m, 'infinity');
SELECT count(*) FROM movement_kinds, timeline_movements(o, 'month', 'infinity');
SELECT count(*) FROM movement_kinds, timeline_movements(l, 'month', '-infinity');

-- Amounts that are none or too large: 22003.
SELECT customer_movements(1, date '2024-01-01', 'NaN'::numeric, 'month');
SELECT customer_movements(1, date '2024-01-01', 'NaN'::float8, 'month');
SELECT customer_movements(1, date '2024-01-01', '-infinity'::float8, 'month');
SELECT customer_movements(1, daterange('2024-01-01', NULL), 'infinity'::numeric, 'month');
SELECT customer_movements(1, date '2024-01-01', 9200000000000, 'month');
SELECT customer_movements(1, date '2024-01-01', -9200000000000, 'month');
SELECT closing_revenue FROM movement_rows((SELECT customer_movements(1, date '2024-01-01', 9199999999999.999999, 'month') FROM generate_series(1, 100000)));

-- What does not add up: 22023.
SELECT rollup(m) FROM (SELECT m FROM movement_kinds UNION ALL SELECT customer_movements(l, 'month') FROM movement_kinds) x;
SELECT rollup(m) FROM (SELECT m FROM movement_kinds UNION ALL SELECT customer_movements(1, date '2024-01-01', 'month')) x;
SELECT rollup(m) FROM (SELECT m FROM movement_kinds UNION ALL SELECT customer_movements(o, 'week') FROM movement_kinds) x;
SELECT rollup(m) FROM (SELECT customer_movements(utc, 'month') AS m FROM movement_kinds UNION ALL SELECT customer_movements(paris, 'month') FROM movement_kinds) x;
SELECT customer_movements(t, 'month') FROM (SELECT o FROM movement_kinds UNION ALL SELECT l FROM movement_kinds) x (t);
SELECT customer_movements(t, 'month') FROM (SELECT utc FROM movement_kinds UNION ALL SELECT paris FROM movement_kinds) x (t);
SELECT customer_movements(paris, 'month at UTC') FROM movement_kinds;
SELECT count(*) FROM movement_kinds, timeline_movements(paris, 'month at UTC');
SELECT customer_movements(paris, 'month at Europe/Paris') = customer_movements(paris, 'month at europe/paris') AS its_own FROM movement_kinds;

-- The period after the last, where one is lost, has to be a date too: 22008.
SELECT customer_movements(1, date '5874897-12-31', 'month');
SELECT customer_movements(t, 'day') FROM (SELECT timeline(date '5874897-12-31') AS t) x;
SELECT m::text::customer_movements = m AS reads_back FROM (SELECT customer_movements(1, date '5874897-11-30', 5, 'month') AS m UNION ALL SELECT customer_movements(1, daterange('2024-01-01', '5874897-12-31'), 'day')) x;

-- Sums at their limits, as only a text can have them: 22003 one step past them;
-- what is taken reads back.
CREATE TEMP TABLE movement_limits AS SELECT
	'{"grain": "month", "zone": "", "last": "2024-01-01", "money": false, "levels": false, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [1,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,1], "orders": [9223372036854775805,0], "first_customers": [1,0]}'::customer_movements AS counts,
	'{"grain": "month", "zone": "", "last": "2024-01-01", "money": true, "levels": true, "lag": 1, "period": ["2024-01-01"], "new_customers": [1], "reactivated_customers": [0], "expanded_customers": [0], "contracted_customers": [0], "churned_customers": [0], "first_customers": [1], "new_revenue": [10000000000000000000000000000000], "reactivated_revenue": [0], "expansion_revenue": [0], "contraction_revenue": [0], "churned_revenue": [0], "positive_change": [10000000000000000000000000000000], "kept_change": [0], "lost_change": [0]}'::customer_movements AS money,
	'{"grain": "month", "zone": "", "last": "2024-02-01", "money": true, "levels": true, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [2,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,1], "churned_customers": [0,1], "first_customers": [2,0], "new_revenue": [9000000000000000000000000000000,0], "reactivated_revenue": [0,0], "expansion_revenue": [0,0], "contraction_revenue": [0,-9000000000000000000000000000000], "churned_revenue": [0,-9000000000000000000000000000000], "positive_change": [9000000000000000000000000000000,0], "kept_change": [0,9000000000000000000000000000000], "lost_change": [0,0]}'::customer_movements AS far;
SELECT counts::text::customer_movements = counts AS counts, money::text::customer_movements = money AS money, far::text::customer_movements = far AS far FROM movement_limits;
SELECT rollup(counts) FROM movement_limits, generate_series(1, 2);
SELECT rollup(money) FROM movement_limits, generate_series(1, 2);
SELECT customer_movements_add_timeline(counts, timeline, 'month') FROM movement_limits, (SELECT timeline(date '2024-01-05' + n) FROM generate_series(1, 4) n) t;
SELECT customer_movements_add_timeline(money, timeline, 'month') FROM movement_limits, (SELECT timeline(daterange('2024-01-05', NULL), 1)) t;
-- The state of an aggregate that lives on finds out when it is read.
CREATE AGGREGATE pg_temp.movements_and(timeline, grain) (SFUNC = customer_movements_add_timeline, STYPE = customer_movements,
	INITCOND = '{"grain": "month", "zone": "", "last": "2024-01-01", "money": false, "levels": false, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [1,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,1], "orders": [9223372036854775805,0], "first_customers": [1,0]}');
SELECT pg_temp.movements_and(t, 'month') FROM (SELECT timeline(date '2024-01-05' + n) AS t FROM generate_series(1, 4) n GROUP BY n) x;
DROP TABLE movement_limits;

-- More than ten million rows: 54000, before the first; few of them take no time.
SELECT count(*) FROM movement_rows((SELECT customer_movements(1, date '2024-01-01', 'day')), '1000000-01-01');
SELECT count(*) FROM movement_rows((SELECT customer_movements(1, date '2024-01-01', '100 years')), '1000000-01-01');
SELECT count(*) AS changes FROM movement_kinds, timeline_movements(o, 'day', '1000000-01-01');

-- Text that is no such value: 22P02.
SELECT ''::customer_movements;
SELECT 'month'::customer_movements;
SELECT '[]'::customer_movements;
SELECT '{}'::customer_movements;
SELECT '{"grain": "month"'::customer_movements;
-- One change each to the text of a value.  The first is another way to say it;
-- then come keys missing, unknown or twice, lists of other lengths or types, days
-- that begin no period, more lost than there is.
CREATE TEMP TABLE movement_good AS SELECT m::text AS good FROM movement_kinds;
CREATE FUNCTION pg_temp.movement_try(new text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN new::customer_movements::text = (SELECT good FROM movement_good) THEN 'the same' ELSE 'accepted' END;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT n, what, with_this, CASE WHEN strpos(good, what) = 0 THEN 'not there' ELSE pg_temp.movement_try(regexp_replace(good, regexp_replace(what, '([][])', '\\\1', 'g'), with_this)) END AS result
FROM movement_good, (VALUES
	(1, '"grain": "month"', '"grain": "months"'),
	(2, '"grain": "month"', '"grain": "month since start"'),
	(3, '"grain": "month"', '"grain": 1'),
	(4, '"grain": "month", ', ''),
	(5, '"grain": "month"', '"grain": "month", "grain": "month"'),
	(6, '"grain": "month"', '"grain": "month", "colour": "red"'),
	(7, '"zone": ""', '"zone": "Europe/Atlantis"'),
	(8, '"levels": false', '"levels": "no"'),
	(9, '"levels": false', '"levels": true'),
	(10, '"money": true', '"money": false'),
	(11, '"last": "2024-01-01"', '"last": "2024-01-02"'),
	(12, '"last": "2024-01-01"', '"last": "2023-12-01"'),
	(13, '["2024-01-01","2024-02-01"]', '["2024-01-01","2024-02-02"]'),
	(14, '["2024-01-01","2024-02-01"]', '["2024-02-01","2024-01-01"]'),
	(15, '["2024-01-01","2024-02-01"]', '["2024-01-01","2024-01-01"]'),
	(16, '["2024-01-01","2024-02-01"]', '["2024-01-01"]'),
	(17, '["2024-01-01","2024-02-01"]', '["2024-01-01","infinity"]'),
	(18, '"new_customers": [1,0]', '"new_customers": [-1,0]'),
	(19, '"new_customers": [1,0]', '"new_customers": [0,0]'),
	(20, '"new_customers": [1,0]', '"new_customers": [1,0,0]'),
	(21, '"new_customers": [1,0]', '"new_customers": [1,null]'),
	(22, '"new_customers": [1,0]', '"new_customers": [1.5,0]'),
	(23, '"new_customers": [1,0]', '"new_customers": [9223372036854775808,0]'),
	(24, '"reactivated_customers": [0,0]', '"reactivated_customers": [0,1]'),
	(25, '"churned_customers": [0,1]', '"churned_customers": [0,2]'),
	(26, '"churned_customers": [0,1]', '"churned_customers": [1,0]'),
	(27, '"expanded_customers": [0,0]', '"expanded_customers": [0,1]'),
	(28, '"expansion_revenue": [0,0]', '"expansion_revenue": [0,-1]'),
	(29, '"contraction_revenue": [0,0]', '"contraction_revenue": [0,1]'),
	(30, '"churned_revenue": [0,-10]', '"churned_revenue": [0,-9]'),
	(31, '"new_revenue": [10,0]', '"new_revenue": [1e400,0]'),
	(32, '"new_revenue": [10,0]', '"new_revenue": ["NaN",0]')) v (n, what, with_this)
ORDER BY n;

DROP TABLE movement_kinds, movement_good;
