-- Calendars of one's own: the grain of dates, and retail calendars.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Words: spaces and zones as for other grains; the canonical form has no spaces.
SELECT g::grain, g::grain = g::grain::text::grain AS same FROM unnest(ARRAY['dates 2024-01-28, 2024-02-25, 2024-03-31', 'DATES 2024-01-28 ,2024-02-25 at europe/paris', 'dates 0044-03-15 BC,0001-01-01,12024-12-31', '  dates 2024-01-01,2024-01-02 ']) g;
-- Periods lie between the dates; outside there is none.
CREATE FUNCTION cal() RETURNS grain RETURN 'dates 2024-01-28, 2024-02-25, 2024-03-31, 2024-04-28'::grain;
SELECT d, period_start(d, cal()), period_end(d, cal()), periods_between('2024-02-25', d, cal()) AS between_days, period_start(d + time '23:59', cal()) AS at_night
FROM unnest('{0001-01-01,2024-01-27,2024-01-28,2024-02-24,2024-02-25,2024-03-30,2024-04-27,2024-04-28,9999-12-31}'::date[]) d
UNION ALL SELECT d, period_start(d, cal()), period_end(d, cal()), periods_between(d, '2024-02-25', cal()), NULL FROM (VALUES (date '0044-03-15 BC'), ('2024-04-27')) v (d);
SELECT age, grain_label(cal(), age) FROM unnest('{-1,0,2,3}'::int[]) age;
-- An instant is cut in the zone of the grain, else in that of the session: clocks
-- change on March 31 in Paris, before the last hour of the 30th there has passed here.
SELECT at, period_start(at, cal()) AS utc, period_start(at, 'dates 2024-01-28,2024-02-25,2024-03-31,2024-04-28 at Europe/Paris') AS paris, period_start(at, 'dates 2024-03-31,2024-04-28 at Pacific/Auckland') AS auckland
FROM unnest('{2024-03-30 10:59+00,2024-03-30 11:00+00,2024-03-30 22:59+00,2024-03-30 23:00+00,2024-03-31 00:00+00,2024-04-27 12:00+00,2024-04-27 21:59:59.999999+00,2024-04-27 22:00+00}'::timestamptz[]) at;

-- Orders.  a is known before the first date, comes back in the second period; b is
-- new in the first and churned; c is in the last, and does not churn after it.
CREATE TEMP TABLE orders (customer text, at date, amount numeric);
INSERT INTO orders VALUES ('a', '2023-12-01', 5), ('a', '2024-01-20', 7), ('a', '2024-02-25', 10), ('b', '2024-01-28', 20), ('b', '2024-02-24', 1), ('c', '2024-04-27', 30), ('d', '2024-01-27', 9), ('e', '2024-01-02', -3);
SELECT cohort, age, period, cohort_size AS size, active, revenue, complete FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, cal()) FROM orders), '2024-05-01') ORDER BY 1, 2;
SELECT cohort, array_agg(active ORDER BY age) AS active FROM cohort_cells((SELECT recurring_matrix(customer, at, cal()) FROM orders)) GROUP BY 1 ORDER BY 1;
SELECT period, complete, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, churned_customers AS churned, closing_customers AS closing, dormant_customers AS dormant, win_back_rate AS won,
	opening_revenue AS opening_r, new_revenue AS new_r, reactivated_revenue AS back_r, churned_revenue AS churned_r, closing_revenue AS closing_r FROM movement_rows((SELECT customer_movements(customer, at, amount, cal()) FROM orders), '2024-06-01');
-- Timelines say the same, and so do parts, text and a lag; of each customer nothing
-- that is outside.
CREATE TEMP TABLE timelines AS SELECT customer, timeline(at, amount) AS t FROM orders GROUP BY customer;
SELECT (SELECT cohort_matrix(t, cal()) FROM timelines) = cohort_matrix(customer, at, amount, cal()) AS matrix, (SELECT recurring_matrix(t, cal()) FROM timelines) = recurring_matrix(customer, at, cal()) AS recurring,
	(SELECT customer_movements(t, cal()) FROM timelines) = customer_movements(customer, at, amount, cal()) AS movements,
	(SELECT customer_movements(t, cal(), 2) FROM timelines) = customer_movements(customer, at, amount, cal(), 2) AS lagged,
	(SELECT rollup(m) FROM (SELECT customer_movements(customer, at, amount, cal()) AS m FROM orders GROUP BY customer) x) = customer_movements(customer, at, amount, cal()) AS parts,
	customer_movements(customer, at, amount, cal())::text::customer_movements = customer_movements(customer, at, amount, cal()) AS text,
	cohort_matrix(customer, at, amount, cal())::text::cohort_matrix = cohort_matrix(customer, at, amount, cal()) AS matrix_text
FROM orders;
SELECT customer, cohort_of(t, cal()), active_at_age(t, cal(), 0) AS at_0, active_periods(t, cal()) AS periods, (SELECT string_agg(period || ' ' || movement, ', ') FROM timeline_movements(t, cal())) AS movements FROM timelines ORDER BY 1;
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, churned_customers AS churned, closing_customers AS closing, retention_rate FROM movement_rows((SELECT customer_movements(customer, at, amount, cal(), 2) FROM orders), '2024-06-01');
SELECT customer_movements(customer, at, amount, cal()) FROM orders;
-- Nobody in the calendar: no cohort, and movements of who is known, if anybody.
SELECT customer, cohort_matrix(customer, at, amount, cal()) IS NULL AND recurring_matrix(customer, at, amount, cal()) IS NULL AS no_cohort, (SELECT string_agg(period || ' ' || dormant_customers, ', ') FROM movement_rows(customer_movements(customer, at, amount, cal()), '2024-04-01')) AS dormant
FROM orders WHERE customer IN ('d', 'e') GROUP BY 1 ORDER BY 1;
-- Starts: one before the calendar is in no cohort.
SELECT cohort, age, cohort_size AS size, active FROM cohort_cells((SELECT cohort_matrix(customer, s, at, NULL, cal()) FROM orders, LATERAL (VALUES (at - 2)) v (s)), '2024-04-28', 0);

-- Levels: what is there before the first date is the opening (x); y has gone
-- before it, and comes back; z goes on past the last date, like one without end.
CREATE TEMP TABLE subscriptions (customer text, during daterange, amount numeric);
INSERT INTO subscriptions VALUES ('x', '[2024-01-01,2024-03-01)', 10), ('x', '[2024-03-01,2024-04-01)', 15), ('y', '[2024-01-01,2024-01-10)', 4), ('y', '[2024-03-31,2024-04-20)', 6), ('z', '[2024-02-25,2025-01-01)', 8), ('w', '[2024-04-01,)', 2), ('v', '[2023-01-01,)', 1);
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, expanded_customers AS more, churned_customers AS churned, closing_customers AS closing, dormant_customers AS dormant,
	opening_revenue AS opening_r, new_revenue AS new_r, reactivated_revenue AS back_r, expansion_revenue AS more_r, churned_revenue AS churned_r, closing_revenue AS closing_r, nrr FROM movement_rows((SELECT customer_movements(customer, during, amount, cal()) FROM subscriptions), '2024-06-01');
SELECT cohort, age, cohort_size AS size, active, active_or_later AS later, active_streak AS streak, revenue FROM cohort_cells((SELECT cohort_matrix(customer, during, amount, cal()) FROM subscriptions), '2024-06-01') ORDER BY 1, 2;
CREATE TEMP TABLE levels AS SELECT customer, timeline(during, amount) AS t FROM subscriptions GROUP BY customer;
SELECT cohort, array_agg(active ORDER BY age) AS active FROM cohort_cells((SELECT recurring_matrix(t, cal()) FROM levels)) GROUP BY 1 ORDER BY 1;
SELECT (SELECT cohort_matrix(t, cal()) FROM levels) = cohort_matrix(customer, during, amount, cal()) AS matrix, (SELECT customer_movements(t, cal()) FROM levels) = customer_movements(customer, during, amount, cal()) AS movements,
	(SELECT customer_movements(t, cal(), 2) FROM levels) = customer_movements(customer, during, amount, cal(), 2) AS lagged,
	(SELECT rollup(m) FROM (SELECT customer_movements(customer, during, amount, cal()) AS m FROM subscriptions GROUP BY customer) x) = customer_movements(customer, during, amount, cal()) AS parts,
	customer_movements(customer, during, amount, cal())::text::customer_movements = customer_movements(customer, during, amount, cal()) AS text
FROM subscriptions;
SELECT customer, cohort_of(t, cal()), active_periods(t, cal()) AS periods, (SELECT string_agg(period || ' ' || movement, ', ') FROM timeline_movements(t, cal())) AS movements FROM levels ORDER BY 1;
SELECT customer_movements(t, cal()) FROM levels WHERE customer = 'v';

-- A grain that changes from call to call.
DO $$
DECLARE
	g grain;
BEGIN
	FOREACH g IN ARRAY ARRAY['month', 'dates 2024-02-25,2024-03-31', 'dates 2024-02-26,2024-03-31', 'month']::grain[] LOOP
		RAISE NOTICE '%', period_start(date '2024-02-26', g);
	END LOOP;
END $$;
-- The first days of months are months.
SELECT bool_and(m = w) AS cells FROM (SELECT (c.*)::text AS m, row_number() OVER () AS n FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders WHERE at >= '2024-01-01'), '2024-05-01') c) x
	JOIN (SELECT (c.*)::text AS w, row_number() OVER () AS n FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'dates 2024-01-01,2024-02-01,2024-03-01,2024-04-01,2024-05-01') FROM orders WHERE at >= '2024-01-01'), '2024-05-01') c) y USING (n);
-- Intervals of two days from the first day of a range, active in how many? [PostHog]
SELECT person, active_periods(timeline(date '2020-01-01' + x - 1), 'dates 2020-01-11,2020-01-13,2020-01-15,2020-01-17,2020-01-19,2020-01-21') AS intervals
FROM (SELECT 'p1' AS person, generate_series(11, 19) AS x UNION ALL SELECT 'p2', generate_series(11, 19, 2)) s GROUP BY 1 ORDER BY 1;

-- Retail calendars: ten years of 4-4-5 from January 29, 2017 with a 53rd week in
-- 2023, by a plain table: quarters of 13 weeks, months of 4, 4 and 5, the week more in the last month.
CREATE TEMP TABLE plain AS
WITH years AS (SELECT y, date '2017-01-29' + 364 * (y - 1) + CASE WHEN y > 7 THEN 7 ELSE 0 END AS first FROM generate_series(1, 10) y),
months AS (SELECT y, m, first + 7 * (13 * ((m - 1) / 3) + 4 * ((m - 1) % 3)) AS from_day FROM years, generate_series(1, 12) m)
SELECT y, m, from_day, coalesce(lead(from_day) OVER (ORDER BY from_day), date '2017-01-29' + 3640 + 7) AS to_day FROM months;
SELECT count(*) AS months, min(to_day - from_day) AS least, max(to_day - from_day) AS most, max(to_day) AS until FROM plain;
SELECT count(*) AS days, count(*) FILTER (WHERE (period_start(d::date, g), period_end(d::date, g)) IS DISTINCT FROM (from_day, to_day)) AS differing
FROM retail_calendar('2017-01-29', years => 10, long_years => '{7}') g, plain, generate_series(from_day, to_day - 1, '1 day') d;
SELECT weeks, left(retail_calendar('2024-02-04', weeks)::text, 60) AS first, right(retail_calendar('2024-02-04', weeks, 2, '{1,1}')::text, 32) AS last FROM unnest('{4-4-5,4-5-4,5-4-4,4,52,13,26-26}'::text[]) weeks;
SELECT (retail_calendar('2024-02-04')::text || ' at Europe/Paris')::grain::text ~ ' at Europe/Paris$' AS zone, retail_calendar(NULL) IS NULL AS null_day;

-- Four thousand dates, and what a stored value takes for them: as many bytes, and
-- fewer when it is compressed.
CREATE TEMP TABLE long AS SELECT ('dates ' || string_agg((date '2000-01-01' + 7 * i)::text, ',' ORDER BY i))::grain AS g FROM generate_series(0, 3999) i;
SELECT length(g::text) AS words, length(cohort_matrix_send(cohort_matrix(1, date '2024-01-01', g))) AS matrix, length(customer_movements_send(customer_movements(1, date '2024-01-01', g))) AS movements,
	cohort_matrix(1, date '2024-01-01', g)::text::cohort_matrix = cohort_matrix(1, date '2024-01-01', g) AS same FROM long GROUP BY g;
CREATE TEMP TABLE kept AS SELECT cohort_matrix(1, date '2024-01-01', g) AS m FROM long GROUP BY g;
SELECT pg_column_size(m) < 200 AS small FROM kept;
SELECT grain_send(g) = grain_send(g::text::grain) AS sent, (SELECT count(*) FROM cohort_cells(m, '2024-03-01')) AS cells FROM long, kept;

-- The picture says which calendar, not all its dates.
SELECT * FROM cohort_text((SELECT cohort_matrix(customer, at, retail_calendar('2024-01-28')) FROM orders), '2024-06-01');

-- Refusals.
CREATE FUNCTION pg_temp.refused(call text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT ' || call;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\pset format unaligned
SELECT left(call, 90) AS call, r.* FROM (VALUES
	(1, $$'dates 2024-02-25'::grain$$), (2, $$'dates'::grain$$), (3, $$'dates 2024-02-25, 2024-01-28'::grain$$), (4, $$'dates 2024-02-25, 2024-02-25'::grain$$),
	(5, $$'dates 2024-02-30, 2024-03-01'::grain$$), (6, $$'dates 25.02.2024, 31.03.2024'::grain$$), (7, $$'dates 2024-01-28, infinity'::grain$$), (8, $$'dates 2024-01-28, 2024-02-25 2024-03-31'::grain$$),
	(9, $$'dates 2024-01-28,2024-02-25 starting sunday'::grain$$), (10, $$'dates 2024-01-28,2024-02-25 since start'::grain$$), (11, $$'2 dates 2024-01-28,2024-02-25'::grain$$), (12, $$'dates 2024-01-28,2024-02-25 at Mars'::grain$$),
	(13, $$('dates ' || string_agg((date '2000-01-01' + i)::text, ',' ORDER BY i))::grain FROM generate_series(0, 4000) i$$),
	(14, $$cohort_matrix(1, date '2024-04-28', cal())$$), (15, $$customer_movements(1, timestamptz '2024-04-28 00:00+00', cal())$$), (16, $$recurring_matrix(1, timestamp '2024-05-01', cal())$$),
	(17, $$cohort_matrix(t, cal()) FROM (SELECT timeline(date '2024-05-01') AS t) x$$), (18, $$active_periods(timeline(date '2024-05-01'), cal())$$), (19, $$cohort_matrix(1, daterange('2024-05-01', NULL), cal())$$), (20, $$customer_movements(1, daterange('2024-05-01', '2024-06-01'), 5, cal())$$),
	(21, $$cohort_of(timeline(date '2024-03-01'), cal(), '2024-05-01')$$), (22, $$recurring_matrix(t, cal()) FROM (SELECT timeline(daterange('2024-05-01', '2024-06-01')) AS t) x$$),
	(23, $$rollup(m) FROM (SELECT cohort_matrix(1, date '2024-03-01', cal()) AS m UNION ALL SELECT cohort_matrix(2, date '2024-03-01', 'dates 2024-01-28,2024-04-28')) x$$),
	(24, $$retail_calendar('2024-01-28', '4-4-4')$$), (25, $$retail_calendar('2024-01-28', '4-x-5')$$), (26, $$retail_calendar('2024-01-28', '')$$), (27, $$retail_calendar('2024-01-28', '4-4-0')$$), (28, $$retail_calendar('2024-01-28', '99999999999')$$),
	(29, $$retail_calendar('2024-01-28', years => 0)$$), (30, $$retail_calendar('2024-01-28', years => 334)$$), (31, $$retail_calendar('2024-01-28', years => 2, long_years => '{3}')$$), (32, $$retail_calendar('2024-01-28', long_years => '{NULL}')$$),
	(33, $$retail_calendar('infinity')$$), (34, $$retail_calendar('5874897-01-01', years => 2)$$),
	(35, $$replace(cohort_matrix(1, date '2024-03-01', cal())::text, '"2024-02-25"', '"2024-02-26"')::cohort_matrix$$), (36, $$replace(cohort_matrix(1, date '2024-03-01', cal())::text, '"2024-02-25"', '"-infinity"')::cohort_matrix$$),
	(37, $$replace(cohort_matrix(1, date '2024-03-01', cal())::text, '"2024-02-25"', '"2024-04-28"')::cohort_matrix$$), (38, $$replace(customer_movements(1, date '2024-03-01', 'month')::text, '"2024-03-01"', '"-infinity"')::customer_movements$$)
	) v (n, call), pg_temp.refused(call) r ORDER BY n;
\pset format aligned
DROP FUNCTION cal;
