-- Funnels by the period in which chains begin, steps that may be missing, times
-- from any earlier step: the readers.  Random data are in test/t/072_funnel_modes.pl.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- Anna buys in March and in April, Bruno starts twice in March, Chloé in June.
CREATE TEMP TABLE trend_events (customer text, step int, at timestamp);
INSERT INTO trend_events VALUES
	('Anna', 1, '2024-03-02'), ('Anna', 2, '2024-03-03'), ('Anna', 3, '2024-03-05'), ('Anna', 1, '2024-04-10'), ('Anna', 2, '2024-04-10 12:00'),
	('Bruno', 1, '2024-03-04'), ('Bruno', 1, '2024-03-20'), ('Bruno', 2, '2024-03-24'), ('Chloé', 1, '2024-06-30 23:59:59.999999'), ('Chloé', 2, '2024-07-01');
CREATE TEMP TABLE trend_samples AS SELECT funnel(customer, at, step, '7 days', 'default', 'month') AS f FROM trend_events;
SELECT f FROM trend_samples;
-- May is a period without entries; as_of shows later ones, and which windows are
-- over: that of June with 2024-07-07 24:00
SELECT period, step, customers, rate_of_first AS of_first, rate_of_previous AS of_previous, median_time, mean_time, round(low::numeric, 4) AS low, round(previous_high::numeric, 4) AS previous_high, complete
FROM trend_samples, funnel_trend(f) ORDER BY 1, 2;
SELECT period, string_agg(customers::text, ' ' ORDER BY step) AS customers, bool_and(complete) AS complete, bool_or(complete) AS any_complete
FROM trend_samples, unnest('{2024-07-07,2024-07-08,2024-08-02}'::date[]) as_of, funnel_trend(f, as_of) WHERE period >= '2024-06-01' GROUP BY as_of, period ORDER BY as_of, period;
-- an earlier as_of hides what began later
SELECT count(*) FILTER (WHERE step = 1) AS periods, max(period) FROM trend_samples, funnel_trend(f, '2024-04-30');
SELECT count(*) FROM trend_samples, funnel_trend(f, '2024-03-01');
SELECT count(*) FROM funnel_trend(NULL);
-- funnel_steps adds up the entries: Anna counts twice, Bruno once
SELECT step, customers, rate_of_first AS of_first, median_time, mean_time FROM trend_samples, funnel_steps(f);
SELECT conversion_rate(f, 2) AS second, conversion_rate(f, 3, 2) AS third, step_time(f, 2) AS median, step_time(f, 3, from_step => 1) AS from_first, step_time(f, 2, 1) AS longest FROM trend_samples;
SELECT funnel_text(f) FROM trend_samples;
-- no sample of different customers
SELECT compare_funnels(f, f) FROM trend_samples;
-- parts of disjoint customers
SELECT rollup(part) = (SELECT f FROM trend_samples) AS same
FROM (SELECT funnel(customer, at, step, '7 days', 'default', 'month') AS part FROM trend_events GROUP BY customer) x;
-- a part that knows fewer steps
SELECT rollup(f ORDER BY n) AS sum FROM (
	SELECT 1 AS n, funnel(1, at, 1, '1 day', 'default', 'day') AS f FROM unnest('{2024-01-01,2024-01-03}'::date[]) at
	UNION ALL SELECT 2, funnel(2, date '2024-01-02' + s, s, '1 day', 'default', 'day') FROM generate_series(1, 2) s) x;
-- nobody entered
SELECT funnel(customer, at, step, '7 days', 'default', 'month') AS nobody FROM trend_events WHERE step > 1;

-- Periods go by the zone of the grain, or of the session; windows of days, too.
SELECT zone, period, customers
FROM (SELECT z AS zone, funnel(1, timestamptz '2024-03-30 23:30+00', 1, '1 day', 'default', z::grain) AS f FROM unnest('{day at Europe/Paris,day at America/New_York,day}'::text[]) z GROUP BY z) x, funnel_trend(f) ORDER BY zone;
-- 2024-03-31 has 23 hours in Paris: a window of a day is over an hour earlier
SELECT conversion_rate(funnel(1, at, step, '1 day', 'default', 'day at Europe/Paris'), 2) AS paris, conversion_rate(funnel(1, at, step, '1 day', 'default', 'day'), 2) AS utc
FROM (VALUES (timestamptz '2024-03-30 12:00+01', 1), ('2024-03-31 12:30+02', 2)) v (at, step);
-- and complete at midnight there, though only 47 hours after the day began
SELECT as_of, complete FROM unnest('{2024-03-31,2024-04-01}'::date[]) as_of,
	funnel_trend((SELECT funnel(1, timestamptz '2024-03-30 12:00+01', 1, '1 day', 'default', 'day at Europe/Paris')), as_of) WHERE period = '2024-03-30';
SELECT as_of, complete FROM unnest('{2024-04-01,2024-04-02}'::date[]) as_of,
	funnel_trend((SELECT funnel(1, timestamptz '2024-03-30 12:00+01', 1, '24 hours', 'default', 'day at Europe/Paris')), as_of) WHERE period = '2024-03-30';
-- a calendar of one's own: what begins before its first date counts nowhere, what
-- ends after the last does
SELECT period, string_agg(customers::text, ' ' ORDER BY step) AS customers, bool_and(complete) AS complete
FROM trend_samples, LATERAL (SELECT funnel(customer, at, step, '7 days', 'default', 'dates 2024-03-04, 2024-03-25, 2024-04-11') AS g FROM trend_events WHERE at < '2024-04-11') x, funnel_trend(g, '2024-12-01') GROUP BY 1 ORDER BY 1;
SELECT funnel(customer, at, step, '7 days', 'default', 'dates 2024-03-04, 2024-03-25') FROM trend_events;
-- the last times that there are
SELECT period, complete FROM funnel_trend((SELECT funnel(1, timestamp '294276-12-31 23:00', 1, '1000 years', 'default', 'month')), '294300-01-01') LIMIT 1;
SELECT window_funnel(9223372036854775807, at, 'exclude 3', s = 1, s = 2, s = 3) AS spoiled, window_funnel(9223372036854775807, at, 'exclude 3', s = 1, s = 2, s = 3) FILTER (WHERE s < 3) AS free
FROM (VALUES (9223372036854775806, 1), (9223372036854775807, 3)) v (at, s);
SELECT period, complete FROM funnel_trend((SELECT funnel(1, date '4714-11-24 BC', 1, '0', 'default', 'day')), '4713-01-01 BC') LIMIT 1;

-- Step 2 may be missing: of four customers one took it, three came to step 3.
CREATE TEMP TABLE optional_samples AS SELECT funnel(c, date '2024-01-01' + d, s, '9 days', 'optional 2') AS f
FROM (VALUES (1, 0, 1), (1, 1, 2), (1, 4, 3), (2, 0, 1), (2, 2, 3), (3, 0, 1), (3, 3, 3), (3, 5, 2), (4, 0, 1)) v (c, d, s);
SELECT f FROM optional_samples;
-- the rate of step 3 is of those of step 1, its times are from the step before it
SELECT step, customers, rate_of_first AS of_first, rate_of_previous AS of_previous, median_time, mean_time FROM optional_samples, funnel_steps(f);
-- of those who took step 2; from step 1, 2 and whichever was before
SELECT conversion_rate(f, 3, 2) AS of_second, step_time(f, 3, from_step => 1) AS from_1, step_time(f, 3, from_step => 2) AS from_2, step_time(f, 3) AS before,
	step_time(f, 3, from_step => 3) AS itself, step_time(f, 2, from_step => 3) AS later, step_time(f, 3, from_step => 0) AS none, step_time(f, NULL) AS unknown
FROM optional_samples;
SELECT c, window_funnel(9, d, 'optional 2', s = 1, s = 2, s = 3) AS last
FROM (VALUES (1, 0, 1), (1, 1, 2), (1, 4, 3), (2, 0, 1), (2, 2, 3), (3, 0, 1), (3, 3, 3), (3, 5, 2), (4, 0, 1), (5, 0, 1), (5, 1, 2)) v (c, d, s) GROUP BY c ORDER BY c;

-- Any order: 2 and 1 within the window, the third too late; times in order of coming
SELECT funnel(1, date '2024-01-01' + d, s, '3 days', 'any order') FROM (VALUES (0, 2), (1, 2), (2, 1), (5, 3)) v (d, s);
-- strictly increasing and one row one step: the one row meets all three, on two days
SELECT window_funnel(9, d, 'any order', true, true, true) AS plain, window_funnel(9, d, 'any order, one row one step', true, true, true) AS rows,
	window_funnel(9, d, 'any order, strictly increasing', true, true, true) AS days
FROM (VALUES (1), (1), (1), (2)) v (d);

-- Histograms
SELECT b.* FROM (SELECT funnel(c, date '2024-01-01' + CASE s WHEN 2 THEN d ELSE 0 END, s, '90 days') AS f
	FROM (VALUES (1, 1), (2, 1), (3, 2), (4, 4), (5, 7), (6, 13)) v (c, d), generate_series(1, 2) s) x, step_times(f, 2, bins => 5) b;
SELECT bins, b.* FROM (SELECT funnel(c, date '2024-01-01' + CASE s WHEN 2 THEN d ELSE 0 END, s, '90 days') AS f
	FROM (VALUES (1, 1), (2, 3)) v (c, d), generate_series(1, 2) s) x, generate_series(1, 2) bins, step_times(f, 2, 1, bins) b;
SELECT b.* FROM step_times('{"within": "P1D", "mode": "", "zone": "", "steps": [{"customers": 3}, {"customers": 3, "seconds": [43200], "count": [3]}]}', 2) b;
SELECT count(*) FROM trend_samples, step_times(f, 4);
SELECT count(*) FROM step_times(NULL, 2);

-- More steps than have times from every earlier one
SELECT step_time(f, 32, from_step => 1) AS last, step_time(f, 33, from_step => 1) AS past, step_time(f, 33) AS before, step_time(f, 33, from_step => 32) AS neighbour
FROM (SELECT funnel(1, date '2024-01-01' + s, s, '1 year') AS f FROM generate_series(1, 40) s) x;
-- exclusions are no steps; the others are numbered through
SELECT string_agg(customers::text, ' ' ORDER BY step) AS customers
FROM funnel_steps((SELECT funnel(c, date '2024-01-01' + d, ARRAY[s = 1, s = 9, s = 2, s = 8], '9 days', 'exclude 2, exclude 4 after 1')
	FROM (VALUES (1, 0, 1), (1, 1, 2), (2, 0, 1), (2, 1, 9), (2, 2, 2), (3, 0, 1), (3, 1, 8), (4, 0, 1), (4, 0, 9), (4, 2, 2)) v (c, d, s)));
-- of the rows of one instant the chain that gets further sooner is the start's,
-- whether or not an exclusion spoils it: at 0 the second row begins, and the first
-- is step 2, which is spoiled; at 1 likewise, where only the start at 3 is left
SELECT window_funnel(4, at, 'deduplicated, one row one step, optional 2, exclude 5 after 2', VARIADIC met) AS "0"
FROM (VALUES (0, '{t,t,f,t,f}'::boolean[]), (4, '{f,t,t,f,f}'), (0, '{t,f,f,t,f}'), (3, '{f,f,t,t,f}'), (4, '{f,t,t,f,f}'), (1, '{f,f,f,f,t}')) v (at, met);
SELECT window_funnel(6, at, 'deduplicated, one row one step, optional 3, exclude 5', VARIADIC met) AS "1"
FROM (VALUES (1, '{f,t,t,t,f}'::boolean[]), (1, '{t,f,t,f,f}'), (2, '{f,f,f,f,t}'), (3, '{t,f,f,t,f}'), (0, '{f,f,f,f,t}'), (1, '{t,f,f,f,f}')) v (at, met);
