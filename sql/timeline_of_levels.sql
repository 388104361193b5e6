-- timeline_of_levels(at, level [, zone]): a log of levels as a timeline.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

CREATE FUNCTION pg_temp.days(timeline) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN (SELECT string_agg(to_char(day, 'MM-DD') || ' ' || amount, ', ' ORDER BY day) FROM timeline_days($1));
CREATE TEMP TABLE log (customer int, subscription text, at timestamp, level numeric);
INSERT INTO log VALUES
	(1, 'a', '2024-01-05 09:00', 20), (1, 'a', '2024-03-01 00:00', 35.5), (1, 'a', '2024-05-10 12:00', 0),
	-- within a day the last counts, whatever the order of rows
	(1, 'b', '2024-02-01 18:00', 7), (1, 'b', '2024-02-01 08:00', 1000), (1, 'b', '2024-02-01 12:00', 0),
	-- a level that does not change, and a row twice
	(2, 'c', '2024-01-01 10:00', 10), (2, 'c', '2024-01-01 10:00', 10), (2, 'c', '2024-04-01', 10), (2, 'c', '2024-06-01', NULL),
	(2, 'c', NULL, 99),
	-- never anything
	(3, 'd', '2024-01-01', 0);
SELECT customer, subscription, pg_temp.days(timeline_of_levels(at, level)), last_at(timeline_of_levels(at, level)) AS last
FROM log GROUP BY customer, subscription ORDER BY 1, 2;
-- what LEAD builds is the same value
SELECT subscription, timeline_of_levels(at, level) = (
	SELECT timeline(during, level)
	FROM (SELECT tsrange(at, lead(at) OVER (ORDER BY at)) AS during, level FROM log l WHERE l.subscription = log.subscription AND at IS NOT NULL) r) AS same
FROM log GROUP BY subscription ORDER BY 1;
-- the subscriptions of a customer are put together by rollup
SELECT customer, pg_temp.days(rollup(t)), level(rollup(t), '2024-03-15') AS "level in March"
FROM (SELECT customer, timeline_of_levels(at, level) AS t FROM log GROUP BY customer, subscription) s GROUP BY customer ORDER BY customer;
SELECT period, opening_revenue AS opening, new_revenue AS new, expansion_revenue AS expansion, contraction_revenue AS contraction, churned_revenue AS churned, closing_revenue AS closing
FROM movement_rows((SELECT customer_movements(t, 'month') FROM (
	SELECT customer, rollup(t) AS t FROM (SELECT customer, timeline_of_levels(at, level) AS t FROM log GROUP BY customer, subscription) s GROUP BY customer) c), '2024-07-01');

-- dates, instants, zones: 23:30 in UTC is the next day in Paris
SELECT pg_temp.days(timeline_of_levels(at::date, level::float8)) FROM log WHERE subscription = 'a';
SELECT pg_temp.days(timeline_of_levels(at AT TIME ZONE 'UTC', level)) AS utc, pg_temp.days(timeline_of_levels(at AT TIME ZONE 'UTC', level, 'Europe/Paris')) AS paris,
	pg_temp.days(timeline_of_levels(at AT TIME ZONE 'UTC', level, 'day at Europe/Paris'::grain)) AS grain
FROM (VALUES (timestamp '2024-01-05 23:30', 4), ('2024-01-06 12:00', 5::bigint)) v (at, level);
SELECT timeline_of_levels(at AT TIME ZONE 'UTC', 3, 'Europe/Paris') FROM log WHERE subscription = 'd';
SELECT timeline_of_levels(at, 3, 'Europe/Paris') FROM log WHERE subscription = 'd';
-- clocks that go back over midnight, 00:01 to 23:01 in St. John's on 2006-10-29:
-- the day before is lived again, and the row that came last counts from it on
SELECT at AT TIME ZONE 'America/St_Johns' AS local, pg_temp.days(timeline_of_levels(at, level, 'America/St_Johns') OVER (ORDER BY at))
FROM (VALUES (timestamptz '2006-10-01 12:00', 1), ('2006-10-29 02:30:30', 9), ('2006-10-29 02:45', 3), ('2006-10-29 12:00', 4)) v (at, level) ORDER BY at;
-- levels below 0 as ranges have them, and no rows
SELECT pg_temp.days(timeline_of_levels(at, -level)) FROM log WHERE subscription = 'b';
SELECT timeline_of_levels(at, level) IS NULL AS nothing FROM log WHERE at IS NULL;
SELECT timeline_of_levels(at, level) FROM log WHERE subscription = 'd';
SELECT pg_temp.days(timeline_of_levels(at, NULL)) IS NULL AS nothing FROM log WHERE subscription = 'a';
-- as a window function
SELECT at, pg_temp.days(timeline_of_levels(at, level) OVER (ORDER BY at)) FROM log WHERE subscription = 'a' ORDER BY at;

-- two levels at one instant, and in one day of dates
SELECT timeline_of_levels(at, level) FROM (VALUES (timestamp '2024-01-05 09:00', 20.5), ('2024-01-05 09:00', 7), ('2024-01-05 09:00', 1e3)) v (at, level);
SELECT timeline_of_levels(at::date, level) FROM log WHERE subscription = 'b';
SELECT timeline_of_levels(timestamptz '2024-01-05 09:00+02', level, 'Asia/Tokyo') FROM (VALUES (1), (2)) v (level);
SELECT timeline_of_levels('infinity'::timestamptz, 1);
SELECT timeline_of_levels(date '-infinity', 1);
SELECT timeline_of_levels(date '2024-01-01', 9.2e12);
SELECT timeline_of_levels(daterange('2024-01-01', NULL), 1);
SELECT timeline_of_levels(date '2024-01-01', date '2024-01-01');
SELECT timeline_of_levels('2024-01-01', 1);
SELECT timeline_of_levels(at, level, 'Mars') FROM log;
SELECT timeline_of_levels(at, level, NULL::text) FROM log;
SELECT timeline_of_levels(at, level, 'month'::grain) FROM log;
SELECT timeline_of_levels(at AT TIME ZONE 'UTC', level, CASE customer WHEN 1 THEN 'UTC' ELSE 'Asia/Tokyo' END) FROM log;
SELECT timeline_of_levels(at, level) || (SELECT timeline(date '2024-01-01', 5)) FROM log WHERE subscription = 'a';
