-- bridged(timeline, gap): short silences of a level are filled.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- 20 a month through January 10, late until January 14 (3 silent days), 30 up
-- to January 20, then 5 silent days, 30 again without end
CREATE TEMP TABLE plans (customer text, during daterange, amount numeric);
INSERT INTO plans VALUES
	('late', '[2024-01-01,2024-01-11)', 20), ('late', '[2024-01-14,2024-01-21)', 30), ('late', '[2024-01-26,)', 30),
	-- a free month is a level of 0, which is silence
	('pause', '[2024-02-01,2024-02-05)', 10), ('pause', '[2024-02-05,2024-02-08)', 0), ('pause', '[2024-02-08,2024-02-10)', 10),
	-- two plans: one that ends while the other goes on is no silence
	('two', '[2024-03-01,2024-03-31)', 5), ('two', '[2024-03-10,2024-03-12)', 7), ('two', '[2024-04-02,2024-04-10)', 7),
	-- what ends stays ended
	('gone', '[2024-05-01,2024-05-08)', 1),
	-- levels below 0 are silence, too
	('below', '[2024-06-01,2024-06-04)', 9), ('below', '[2024-06-04,2024-06-06)', -9), ('below', '[2024-06-06,2024-06-08)', 9),
	-- and so is what begins with nothing
	('free', '[2024-07-01,2024-07-03)', NULL), ('free', '[2024-07-05,2024-07-06)', NULL);
CREATE TEMP TABLE timelines AS SELECT customer, timeline(during, amount) AS t FROM plans GROUP BY customer;
CREATE FUNCTION pg_temp.days(timeline) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN (SELECT string_agg(to_char(day, 'MM-DD') || ' ' || amount, ', ' ORDER BY day) FROM timeline_days($1));

-- fewer silent days than gap: 3 are bridged from 4 days on, 5 from 6 on
SELECT gap, pg_temp.days(bridged(t, gap)) FROM timelines, unnest('{0,3 days,73 hours,4 days,5 days,6 days,1000 days}'::interval[]) gap
WHERE customer = 'late' ORDER BY gap;
SELECT customer, pg_temp.days(t) AS before, pg_temp.days(bridged(t, '4 days')) AS bridged FROM timelines WHERE customer <> 'late' ORDER BY customer;
-- what is filled counts as level, activity and revenue
SELECT level(t, '2024-01-12') AS before, level(b, '2024-01-12') AS level, active(t, '2024-01-12', '2024-01-13') AS was,
	active(b, '2024-01-12', '2024-01-13') AS active, tenure(t, '2024-01-13') AS tenure_before, tenure(b, '2024-01-13') AS tenure
FROM timelines, bridged(t, '1 week') b WHERE customer = 'late';
SELECT period, opening_customers AS opening, churned_customers AS churned, reactivated_customers AS back, closing_revenue
FROM movement_rows((SELECT customer_movements(t, 'week') FROM timelines WHERE customer = 'late'), '2024-02-05');
SELECT period, opening_customers AS opening, churned_customers AS churned, reactivated_customers AS back, closing_revenue
FROM movement_rows((SELECT customer_movements(bridged(t, '7 days'), 'week') FROM timelines WHERE customer = 'late'), '2024-02-05');
-- without amounts a level is a number of ranges
SELECT pg_temp.days(bridged(timeline(during), '4 days')) FROM plans WHERE customer = 'late';
-- the kind stays, twice is once, zones too
SELECT bool_and(bridged(bridged(t, '4 days'), '4 days') = bridged(t, '4 days')) AS twice,
	bool_and(bridged(t, '0') = t) AS nothing FROM timelines;
SELECT bridged(timeline(r, 5, 'Europe/Paris'), '2 days') FROM (VALUES (tstzrange('2024-01-01', '2024-01-03')), (tstzrange('2024-01-04', '2024-01-06'))) v (r);
-- the ends of the calendar
SELECT level(bridged(timeline(r, 1), '3000 days'), '5874895-06-01') AS far FROM (VALUES (daterange('5874890-01-01', '5874890-02-01')), (daterange('5874897-12-31', NULL))) v (r);
SELECT bridged(NULL, '1 day') IS NULL AS timeline, bridged(t, NULL) IS NULL AS gap FROM timelines WHERE customer = 'gone';

SELECT bridged(t, '1 month') FROM timelines WHERE customer = 'gone';
SELECT bridged(t, '1 month -30 days') FROM timelines WHERE customer = 'gone';
SELECT bridged(t, '-1 days') FROM timelines WHERE customer = 'gone';
SELECT bridged(t, '1 day -25 hours') FROM timelines WHERE customer = 'gone';
SELECT bridged(timeline(date '2024-01-01', 5), '3 days');
