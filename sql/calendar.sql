-- calendar arithmetic: period_start, period_end, periods_between, grain_label
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- 2024-05-05 is a Sunday; counts group units from 2000
SELECT grain, period_start(date '2024-05-05', grain) AS first_day,
	period_end(date '2024-05-05', grain) AS exclusive_end, expected_start
FROM (VALUES
	('day'::grain, date '2024-05-05'),
	('week', date_trunc('week', date '2024-05-05')::date),
	('week starting sunday', date '2024-05-05'),
	('week starting saturday', date '2024-05-04'),
	('month', date_trunc('month', date '2024-05-05')::date),
	('quarter', date_trunc('quarter', date '2024-05-05')::date),
	('quarter starting february', date '2024-05-01'),
	('year', date_trunc('year', date '2024-05-05')::date),
	('year starting june', date '2023-06-01'),
	('10 days', date_bin('10 days', timestamp '2024-05-05', timestamp '2000-01-03')::date),
	('2 weeks', date_bin('14 days', timestamp '2024-05-05', timestamp '2000-01-03')::date),
	('2 weeks starting sunday', date_bin('14 days', timestamp '2024-05-05', timestamp '2000-01-02')::date),
	('5 months', (date '2000-01-01' + 58 * interval '5 months')::date),
	('10 years', date '2020-01-01')) AS v (grain, expected_start);

-- before the origin periods count down, they do not mirror; 1999-12-26 is a Sunday
SELECT day, period_start(day, '10 days') AS ten_days,
	period_start(day, 'week') AS week, period_start(day, '5 months') AS months,
	period_start(day, 'year starting april') AS fiscal
FROM (VALUES (date '2000-01-03'), ('2000-01-02'), ('1999-12-26'),
	('1969-12-31'), ('0044-03-15 BC')) AS v (day);

-- date and timestamp are local already, a timestamptz is cut in the grain's
-- zone, else in the session's
SELECT period_start(timestamp '2024-12-31 23:30', 'month at Asia/Tokyo') AS local,
	period_start(timestamptz '2024-12-31 23:30+00', 'month at UTC') AS utc,
	period_start(timestamptz '2024-12-31 23:30+00', 'month') AS paris,
	period_start(timestamptz '2024-12-31 23:30+00', 'month at America/New_York') AS new_york,
	period_start('2024-12-31 23:30+00', 'month at Asia/Tokyo') AS tokyo;
SET timezone = 'America/New_York';
SELECT period_start(timestamptz '2025-01-01 04:59:59.999999+00', 'month') AS before,
	period_start(timestamptz '2025-01-01 05:00+00', 'month') AS from_midnight;
-- the zone changes while one call site is in use
SELECT period_start(at, g) FROM (VALUES
	(1, timestamptz '2024-12-31 23:30+00', 'month at UTC'::grain),
	(2, '2024-12-31 23:30+00', 'month at Europe/Paris'),
	(3, '2024-12-31 23:30+00', 'month'),
	(4, '2024-12-31 23:30+00', 'year')) AS v (i, at, g) ORDER BY i;

-- a day that was skipped, and one that fell back over midnight
SELECT at, period_start(at, 'day at Pacific/Apia') FROM (VALUES
	(timestamptz '2011-12-30 09:59:59.999999+00'), ('2011-12-30 10:00+00')) AS v (at);
SELECT at, period_start(at, 'day at America/Sao_Paulo') FROM (VALUES
	(timestamptz '2018-02-18 01:59:59+00'), ('2018-02-18 02:00+00'), ('2018-02-18 03:00+00')) AS v (at);

-- distances: of periods, of complete windows, of brackets
SET timezone = 'UTC';
SELECT periods_between('2020-01-31', '2020-03-05', 'day since start') AS days,
	periods_between('2020-01-31', '2020-03-05', 'month since start') AS complete_months,
	periods_between('2020-01-31', '2020-03-05', 'month') AS calendar_months,
	periods_between('2020-03-05', '2020-01-31', 'month') AS reversed,
	periods_between('2020-03-05', '2020-01-31', 'month since start') AS complete_reversed;
SELECT what, periods_between(a, b, calendar) AS calendar, periods_between(a, b, since) AS since_start
FROM (VALUES
	('Mon 20:00, Tue 06:00', timestamp '2024-03-04 20:00', timestamp '2024-03-05 06:00', 'day'::grain, '24 hours since start'::grain),
	('Fri, Mon', '2024-03-01', '2024-03-04', 'week', '7 days since start'),
	('Feb 25, Mar 3', '2024-02-25', '2024-03-03', 'month', '30 days since start'),
	('23:00, 01:00', '2020-06-10 23:00', '2020-06-11 01:00', 'day', '24 hours since start by day'),
	('23:00, 23:00', '2020-06-10 23:00', '2020-06-11 23:00', 'day', '24 hours since start by day'),
	('01:00, 23:00', '2020-06-11 01:00', '2020-06-11 23:00', 'day', '24 hours since start by day'),
	('01:00, 02:00', '2020-06-11 01:00', '2020-06-12 02:00', 'day', '24 hours since start by day'))
	AS v (what, a, b, calendar, since);
-- anniversaries of the 31st clamp to the month's end, each from the start
SELECT b, periods_between('2023-12-31', b, 'month since start') AS months
FROM (VALUES (date '2024-01-30'), ('2024-01-31'), ('2024-02-28'), ('2024-02-29'),
	('2024-03-30'), ('2024-03-31'), ('2024-04-30')) AS v (b);
-- the start is cut to the second, windows are half open
SELECT periods_between('2024-01-01 10:00:00.9', '2024-01-02 10:00:00.1', 'day since start') AS one,
	periods_between('2024-01-01 10:00:00', '2024-01-02 09:59:59.999999', 'day since start') AS none;
-- days run on the local clock, hours do not: 2024-03-31 has 23 hours in Paris
SELECT g, periods_between('2024-03-30 12:00+01', '2024-03-31 12:00+02', g)
FROM (VALUES ('day since start at Europe/Paris'::grain), ('day since start at UTC'),
	('24 hours since start at Europe/Paris'), ('23 hours since start')) AS v (g);
-- brackets: [0,1) [1,6) [6,11) days, [0,1) [1,4) [4,7) calendar months
SELECT n, periods_between(date '2020-06-10', date '2020-06-10' + n, 'days 0,1,6,11') AS by_day,
	periods_between(date '2020-06-10', date '2020-06-10' + n, 'days 0,1,6,11 since start') AS since
FROM unnest(ARRAY[-1, 0, 1, 2, 3, 5, 6, 7, 8, 10, 11]) AS n;
SELECT m, periods_between('2020-06-30', m, 'months 0,1,4,7') AS calendar,
	periods_between('2020-06-30', m, 'months 0,1,4,7 since start') AS since
FROM (VALUES (date '2020-06-30'), ('2020-07-01'), ('2020-07-30'), ('2020-08-01'),
	('2020-11-01'), ('2020-12-31'), ('2021-01-01'), ('2021-01-30')) AS v (m);
-- Sunday weeks of a published week-by-week matrix
SELECT day, period_start(day, 'week starting sunday') AS week,
	periods_between('2020-06-10', day, 'week starting sunday') AS age
FROM (VALUES (date '2020-06-10'), ('2020-06-17'), ('2020-06-24'), ('2020-07-04'),
	('2020-07-11'), ('2020-07-25')) AS v (day);

-- names of ages
SELECT age, grain_label('month', age) AS month, grain_label('2 weeks', age) AS two_weeks,
	grain_label('30 days since start', age) AS windows, grain_label('days 0,1,3,7', age) AS cuts,
	grain_label('1000000 years', age) AS huge
FROM unnest(ARRAY[-1, 0, 1, 2, 3, 2147483647]) AS age;

-- NULL in, NULL out
SELECT period_start(NULL::date, 'month') AS a, period_end(date '2024-01-01', NULL) AS b,
	periods_between(NULL, date '2024-01-01', 'month') AS c, grain_label('month', NULL) AS d;

-- refused: infinite times, grains without calendar periods, results that have
-- no date or no integer
SELECT period_start(date 'infinity', 'month');
SELECT period_start(timestamp '-infinity', 'month');
SELECT period_end(timestamptz 'infinity', 'month');
SELECT periods_between(timestamptz '-infinity', now(), 'month since start');
SELECT period_start(date '2024-01-01', '30 days since start');
SELECT period_end(now(), 'months 0,1,4');
SELECT period_start(date '4713-01-01 BC', '1000 years');
SELECT period_end(date '5874897-12-31', 'month');
SELECT periods_between(timestamp '4713-01-01 BC', timestamp '294276-12-31', 'hour since start');
SELECT periods_between(date '2024-01-01', date '300000-01-01', 'day since start');
-- the ends of the line
SELECT period_start(date '4714-11-24 BC', 'day') AS first, period_start(date '5874897-12-31', 'day') AS last,
	period_start(timestamptz '294276-12-31 23:59:59.999999+00', 'month') AS last_time,
	periods_between(date '4714-11-24 BC', date '5874897-12-31', 'day') AS days,
	date '5874897-12-31' - date '4714-11-24 BC' AS expected;
