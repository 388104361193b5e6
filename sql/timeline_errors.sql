-- Timelines: what is refused.  Texts are the implementation's, codes are not.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
\set VERBOSITY sqlstate

CREATE TEMP TABLE timeline_kinds AS
	SELECT timeline(date '2024-01-05', 10) AS o, timeline(daterange('2024-01-05', '2024-02-01'), 10) AS l,
		timeline(timestamptz '2024-01-05 12:00', 10, 'UTC') AS utc, timeline(timestamptz '2024-01-05 12:00', 10, 'Europe/Paris') AS paris;

-- Times and amounts of other types, literals, a time as amount.  One text alone
-- is the input of the type.
SELECT timeline('2024-01-01');
SELECT timeline('2024-01-01', 5);
SELECT timeline(text '2024-01-01', 5);
SELECT timeline(20240101);
SELECT timeline(int4range(1, 2));
SELECT timeline(time '10:00');
SELECT timeline(date '2024-01-01', '5');
SELECT timeline(date '2024-01-01', text '5');
SELECT timeline(date '2024-01-01', date '2024-01-01');
SELECT timeline(daterange('2024-01-01', NULL), date '2024-01-01');
-- Infinite times, but for the ends of ranges.
SELECT timeline(date 'infinity');
SELECT timeline(timestamp '-infinity');
SELECT timeline(timestamptz 'infinity', 5);
SELECT timeline(tsrange('infinity', NULL));
-- Amounts that are none, or too large.
SELECT timeline(date '2024-01-01', 'NaN'::numeric);
SELECT timeline(date '2024-01-01', 'NaN'::float8);
SELECT timeline(date '2024-01-01', 'infinity'::float8);
SELECT timeline(date '2024-01-01', '-infinity'::numeric);
SELECT timeline(date '2024-01-01', 9200000000000);
SELECT timeline(daterange('2024-01-01', NULL), 'NaN'::numeric);
-- Zones that are none; one group, one zone.
SELECT timeline(timestamptz '2024-01-01', 5, 'Europe/Atlantis');
SELECT timeline(timestamptz '2024-01-01', 5, zone) FROM (VALUES ('UTC'), ('Europe/Paris')) v (zone);
-- Of rows that are skipped the zone does not matter, in any order of the rows.
SELECT d, timeline(at, 5, zone ORDER BY n * d)::jsonb -> 'zone' AS zone
FROM (VALUES (1, NULL::timestamptz, 'UTC'), (2, '2024-01-01', 'Europe/Paris'), (3, NULL, NULL)) v (n, at, zone), (VALUES (1), (-1)) s (d)
GROUP BY d ORDER BY d;

-- Kinds and zones do not mix.
SELECT o || l FROM timeline_kinds;
SELECT l || o FROM timeline_kinds;
SELECT timeline_merge(utc, paris) FROM timeline_kinds;
SELECT rollup(t) FROM (SELECT o FROM timeline_kinds UNION ALL SELECT l FROM timeline_kinds) x (t);
SELECT rollup(t) FROM (SELECT utc FROM timeline_kinds UNION ALL SELECT paris FROM timeline_kinds) x (t);
SELECT cohort_matrix(t, 'month') FROM (SELECT o FROM timeline_kinds UNION ALL SELECT l FROM timeline_kinds) x (t);
SELECT cohort_matrix(t, 'month') FROM (SELECT utc FROM timeline_kinds UNION ALL SELECT paris FROM timeline_kinds) x (t);
-- One that is never active adds nothing to a population, and goes with any
-- other, in any order of the rows.
SELECT d, cohort_matrix(t, g ORDER BY n * d) = cohort_matrix(t, g) FILTER (WHERE n = 2) AS cohorts,
	recurring_matrix(t, g ORDER BY n * d) = recurring_matrix(t, g) FILTER (WHERE n = 2) AS recurring,
	customer_movements(t, g ORDER BY n * d) = customer_movements(t, g) FILTER (WHERE n = 2) AS movements
FROM (VALUES (1, timeline '{"zone": "UTC", "levels": true, "money": false, "day": [], "level": []}', 'week'::grain),
	(2, '{"zone": "", "levels": false, "money": true, "day": ["2024-01-05"], "orders": [1], "amount": [5]}', 'month'),
	(3, '{"zone": "", "levels": false, "money": false, "day": [], "orders": []}', 'year')) v (n, t, g), (VALUES (1), (-1)) s (d)
GROUP BY d ORDER BY d;
-- What is said of timelines is said in their words.
\set VERBOSITY default
SELECT cohort_matrix(t, 'month') FROM (SELECT utc FROM timeline_kinds UNION ALL SELECT paris FROM timeline_kinds) x (t);
SELECT customer_movements(t, 'month') FROM (SELECT o FROM timeline_kinds UNION ALL SELECT l FROM timeline_kinds) x (t);
SELECT timeline(timestamptz '4714-11-24 00:00+00 BC', 5, 'America/New_York');
\set VERBOSITY sqlstate
-- A timeline was cut by its own zone: no grain can cut it by another.
SELECT cohort_matrix(paris, 'month at UTC') FROM timeline_kinds;
SELECT count(*) FROM timeline_kinds, timeline_movements(paris, 'month at UTC');
SELECT cohort_matrix(paris, 'month at Europe/Paris') = cohort_matrix(paris, 'month at europe/paris') AS its_own FROM timeline_kinds;
-- Days are the finest there is; a grain is a constant.
SELECT cohort_matrix(o, '24 hours since start') FROM timeline_kinds;
SELECT cohort_matrix(l, '24 hours since start') FROM timeline_kinds;
SELECT cohort_matrix(o, 'hours 0,24,48 since start') FROM timeline_kinds;
SELECT cohort_matrix(o, NULL) FROM timeline_kinds;
SELECT cohort_matrix(o, g) FROM timeline_kinds, (VALUES ('month'::grain), ('day')) v (g);

-- What one kind does not have.
SELECT orders(l) FROM timeline_kinds;
SELECT revenue(l) FROM timeline_kinds;
SELECT revenue(l, '2024-01-01', '2024-02-01') FROM timeline_kinds;
SELECT level(o, '2024-01-05') FROM timeline_kinds;
SELECT purchase_summary(l, '2024-02-01') FROM timeline_kinds;
-- Arguments of readers.
SELECT purchase_summary(o, '2024-02-01', 'fortnight') FROM timeline_kinds;
SELECT lifecycle(o, '2024-02-01', '30 days', '30 days') FROM timeline_kinds;
SELECT lifecycle(o, '2024-02-01', '1 month', '29 days') FROM timeline_kinds;
SELECT lifecycle(o, '2024-02-01', at_risk_after => '180 days') FROM timeline_kinds;
SELECT count(*) FROM timeline_kinds, timeline_movements(o, '30 days since start', '2024-02-01');
SELECT count(*) FROM timeline_kinds, timeline_movements(o, 'days 0,1,3', '2024-02-01');
-- as_of is a day.
SELECT tenure(o, 'infinity') FROM timeline_kinds;
SELECT lifecycle(o, '-infinity') FROM timeline_kinds;
SELECT overdue(o, 'infinity') FROM timeline_kinds;
SELECT purchase_summary(o, 'infinity') FROM timeline_kinds;
SELECT count(*) FROM timeline_kinds, timeline_movements(o, 'month', 'infinity');
-- Before the first day there is nothing to say.
SELECT tenure(o, '2024-01-05') AS tenure, lifecycle(o, '2024-01-05') AS lifecycle, overdue(o, '2024-01-05') AS overdue,
	(SELECT count(*) FROM timeline_movements(o, 'month', '2024-01-01')) AS movements
FROM timeline_kinds;

-- earliest, latest: the time is a time.
SELECT earliest(1, text '2024-01-01');
SELECT latest(1, date 'infinity');

-- Support functions are not for calling with something made up.
SELECT count(*) > 0 AS guarded FROM pg_proc WHERE prorettype = 'timeline'::regtype AND 'internal'::regtype = ANY (proargtypes);

-- Text: no JSON, other JSON.
SELECT ''::timeline;
SELECT 'timeline'::timeline;
SELECT '{}'::timeline;
SELECT '[]'::timeline;
SELECT 'null'::timeline;
SELECT '{"a": 1'::timeline;
SELECT (o::text || 'x')::timeline FROM timeline_kinds;
SELECT '{"grain": "month", "zone": "", "last": "2024-01-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": []}'::timeline;
-- Any text that is cut off is refused; one with any character changed is, too,
-- or is a value that prints and reads back.
CREATE FUNCTION timeline_mutations(value timeline) RETURNS TABLE (refused bigint, accepted bigint, wrong text)
LANGUAGE plpgsql AS $$
DECLARE
	good	text := value::text;
	bad		text;
	got		timeline;
BEGIN
	refused := 0;
	accepted := 0;
	FOR i IN 1 .. length(good) LOOP
		FOREACH bad IN ARRAY ARRAY[
			left(good, i - 1),
			overlay(good PLACING '' FROM i FOR 1), overlay(good PLACING '9' FROM i FOR 1), overlay(good PLACING '-' FROM i FOR 1),
			overlay(good PLACING '}' FROM i FOR 1), overlay(good PLACING '"' FROM i FOR 1), overlay(good PLACING ',' FROM i FOR 1),
			overlay(good PLACING '999999999999999999999' FROM i FOR 0), overlay(good PLACING 'Z' FROM i FOR 1)]
		LOOP
			BEGIN
				got := bad::timeline;
				accepted := accepted + 1;
				IF got::text::timeline <> got OR got::text::timeline::text <> got::text THEN
					wrong := concat_ws('; ', wrong, bad);
				END IF;
			EXCEPTION
				WHEN invalid_text_representation THEN refused := refused + 1;
				-- a zone that does not exist, a number or a day past all bounds
				WHEN invalid_parameter_value OR numeric_value_out_of_range OR datetime_field_overflow OR invalid_datetime_format
				THEN refused := refused + 1;
			END;
		END LOOP;
	END LOOP;
	RETURN NEXT;
END
$$;
SELECT name, refused > accepted AS mostly_refused, wrong
FROM (SELECT 'orders' AS name, timeline(at, amount, 'Europe/Paris') AS t FROM (VALUES (timestamptz '2024-01-05', 10.5), ('2024-01-05', 1), ('2024-03-01', -2), ('1999-12-31', 0)) v (at, amount)
	UNION ALL SELECT 'levels', timeline(during, amount) FROM (VALUES (daterange('2024-01-05', '2024-02-01'), 10.5), ('[2024-02-01,)', 3), ('[2024-03-01,2024-04-01)', -3)) v (during, amount)
	UNION ALL SELECT 'no amounts', timeline(date '2024-01-05')) v, timeline_mutations(t) ORDER BY 1;
DROP FUNCTION timeline_mutations;

-- A day whose sums exceed 64 bits is taken in pieces of 64 bits, or of 2^32
-- orders.  A million of them in all is the limit: a few bytes must not become
-- gigabytes.  5e18 in millionths are 542,101 pieces.
CREATE TEMP TABLE timeline_large AS
SELECT format('{"zone": "", "levels": false, "money": true, "day": %s, "orders": %s, "amount": %s}',
	(SELECT json_agg(date '2024-01-01' + i) FROM generate_series(1, days) i),
	json_build_array(VARIADIC array_fill(orders, ARRAY[days])), json_build_array(VARIADIC array_fill(amount, ARRAY[days])))::timeline AS t, days, orders
FROM (VALUES (1, 1, 5e18), (2, 1, 5e18), (2, 2500000000000000, 0)) v (days, orders, amount);
SELECT revenue(rollup(t)) FROM timeline_large WHERE days = 1;
\set VERBOSITY default
SELECT rollup(t) FROM timeline_large WHERE days = 2 AND orders = 1;
SELECT t || t FROM timeline_large WHERE orders > 1;
SELECT cohort_matrix(t, 'month') FROM timeline_large WHERE days = 2 AND orders = 1;
SELECT customer_movements(t, 'month') FROM timeline_large WHERE days = 2 AND orders = 1;
