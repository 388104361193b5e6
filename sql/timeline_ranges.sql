-- Timelines of levels (subscriptions), from ranges: which days a range covers,
-- how levels add up, what is read of them.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- The days a range covers, as first day and first day after.  An inclusive end
-- moves on (dates: a day, times: a second), both ends are cut to days; within
-- one day, or empty: nothing; no end, or an infinite one: open.
CREATE FUNCTION timeline_covered(t timeline) RETURNS text
	RETURN (SELECT string_agg(day || ' ' || amount, ', ' ORDER BY day) FROM timeline_days(t));
SELECT n, timeline_covered(timeline(during)) AS days
FROM (VALUES
	(1, daterange('2024-01-01', '2024-02-01')),
	(2, daterange('2024-01-01', '2024-01-31', '[]')),
	(3, daterange('2024-01-01', '2024-02-01', '(]')),
	(4, daterange('2024-01-01', NULL)),
	(5, daterange('2024-01-01', 'infinity')),
	(6, daterange('2024-01-01', 'infinity', '[]')),
	(7, daterange('2024-01-01', '2024-01-01')),
	(8, daterange('2024-01-01', '2024-01-01', '[]')),
	(9, 'empty'),
	(10, NULL)) v (n, during)
GROUP BY n ORDER BY n;
SELECT n, timeline_covered(timeline(during)) AS days
FROM (VALUES
	(1, tsrange('2024-01-01 10:00', '2024-02-01 09:00')),			-- no longer at midnight after 02-01
	(2, tsrange('2024-01-01', '2024-01-31 23:59:59', '[]')),		-- a second later: 02-01
	(3, tsrange('2024-01-01', '2024-01-31 23:59:58', '[]')),
	(4, tsrange('2024-01-01', '2024-02-01', '[]')),
	(5, tsrange('2024-01-01 23:59:59', '2024-01-02 00:00:00')),		-- over one midnight
	(6, tsrange('2024-01-01 00:00:00', '2024-01-01 23:59:59')),		-- over none
	(7, tsrange('2024-01-01', '2024-01-01', '[]')),
	(8, tsrange('2024-01-01', 'infinity')),
	(9, tsrange('2024-01-01', NULL))) v (n, during)
GROUP BY n ORDER BY n;
-- Instants by the zone: 23:30 in UTC is the next day in Paris.
CREATE TEMP TABLE timeline_instants AS
	SELECT n, during FROM (VALUES
		(1, tstzrange('2024-01-31 23:30+00', '2024-02-29 23:30+00')),
		(2, tstzrange('2024-01-31 23:30+00', '2024-02-29 22:59:59+00', '[]')),
		(3, tstzrange('2024-01-31 23:30+00', 'infinity'))) v (n, during);
SELECT n, timeline_covered(timeline(during)) AS utc, timeline_covered(timeline(during, NULL, 'Europe/Paris')) AS paris
FROM timeline_instants GROUP BY n ORDER BY n;
SET timezone = 'Europe/Paris';
SELECT n, timeline(during) = timeline(during, NULL, 'europe/paris') AS named FROM timeline_instants GROUP BY n ORDER BY n;
-- What is local is cut in no zone.
SELECT timeline(tsrange('2024-01-31 23:30', '2024-02-29 23:30')) = timeline(daterange('2024-01-31', '2024-02-29')) AS local,
	timeline(tsrange('2024-01-31 23:30', NULL), NULL, 'Asia/Tokyo') = timeline(daterange('2024-01-31', NULL)) AS named;
SET timezone = 'UTC';

-- Amounts: six decimals, half away from zero; NULL and zero are a level of
-- nothing (a free trial).  Overlapping ranges add up, adjacent ones join.
CREATE TEMP TABLE timeline_plans (n int, customer int, during daterange, amount numeric);
INSERT INTO timeline_plans VALUES
	(1, 1, '[2024-01-01,2024-03-01)', 10), (2, 1, '[2024-02-01,2024-04-01)', 5.50), (3, 1, '[2024-03-01,2024-04-01)', 10),
	-- trial, then three plans in a row, the last on the day of the change; a gap; back for good
	(4, 2, '[2024-01-01,2024-01-15)', 0), (5, 2, '[2024-01-15,2024-02-15)', 20), (6, 2, '[2024-02-15,2024-03-15)', 20),
	(7, 2, '[2024-03-15,2024-04-15)', 30), (8, 2, '[2024-06-01,)', 25), (9, 2, '[2024-06-10,2024-06-20)', NULL),
	-- trial only
	(10, 3, '[2024-01-01,2024-02-01)', NULL),
	-- two that end together
	(11, 4, '[2024-01-01,2024-02-01)', 1), (12, 4, '[2024-01-10,2024-02-01)', 2),
	-- a rebate for a while, and more of it than there is to pay
	(13, 5, '[2024-01-01,2024-05-01)', 10), (14, 5, '[2024-02-01,2024-03-01)', -4), (15, 5, '[2024-03-01,2024-04-01)', -12),
	(16, 6, '[2024-01-01,2024-02-01)', 0.0000005);
CREATE TEMP TABLE timeline_levels AS SELECT customer, timeline(during, amount) AS t FROM timeline_plans GROUP BY 1;
SELECT customer, d.* FROM timeline_levels, timeline_days(t) d ORDER BY customer, day;
-- Days with a level above zero; still running: no last day.
SELECT customer, first_at(t), last_at(t) FROM timeline_levels ORDER BY customer;
SELECT customer, active_days(t) FROM timeline_levels WHERE customer IN (1, 4, 5) ORDER BY customer;
SELECT day, level(a.t, day) AS one, level(b.t, day) AS two, level(c.t, day) AS five
FROM timeline_levels a, timeline_levels b, timeline_levels c, unnest('{2023-12-31,2024-01-01,2024-02-29,2024-03-31,2024-04-01,2024-04-15,2024-06-01,2099-01-01}'::date[]) day
WHERE a.customer = 1 AND b.customer = 2 AND c.customer = 5 ORDER BY day;
-- Active anywhere in [since_day, until_day).
SELECT since_day, until_day, active(t, since_day, until_day)
FROM timeline_levels, (VALUES (date '2023-01-01', date '2024-01-15'), ('2024-01-14', '2024-01-16'), ('2024-04-15', '2024-06-01'),
	('2024-04-14', '2024-04-15'), ('2024-05-01', '2024-06-02'), ('2050-01-01', '2050-01-02'), ('2050-01-01', '2050-01-01')) v (since_day, until_day)
WHERE customer = 2 ORDER BY 1, 2;
-- Tenure goes to the last covered day before as_of.
SELECT as_of, tenure(t, as_of) FROM timeline_levels, unnest('{2024-01-15,2024-01-16,2024-04-15,2024-05-01,2024-06-01,2024-06-02,2024-07-01}'::date[]) as_of
WHERE customer = 2 ORDER BY 1;

-- One value however it is said: split ranges, joined ranges, sums, any order.
SELECT timeline(during, amount) = timeline(during, amount ORDER BY n DESC) AS reversed,
	timeline(during, amount) = (SELECT t FROM timeline_levels WHERE customer = 2) AS joined
FROM (VALUES (1, daterange('2024-01-15', '2024-03-15'), 20), (2, '[2024-03-15,2024-03-16)', 30), (3, '[2024-03-16,2024-04-15)', 30),
	(4, '[2024-06-01,)', 12), (5, '[2024-06-01,2024-09-01)', 13), (6, '[2024-09-01,)', 13), (7, 'empty', 99)) v (n, during, amount);
SELECT bool_and(l.t = r.t) AS rollup, bool_and(l.t = a.t || b.t) AS operator, bool_and(l.t = timeline_merge(b.t, a.t)) AS function
FROM timeline_levels l
	JOIN (SELECT customer, rollup(t) AS t FROM (SELECT customer, timeline(during, amount) AS t FROM timeline_plans GROUP BY customer, n) p GROUP BY 1) r USING (customer)
	JOIN (SELECT customer, timeline(during, amount) FILTER (WHERE n % 2 = 0) AS t FROM timeline_plans GROUP BY 1) a USING (customer)
	JOIN (SELECT customer, timeline(during, amount) FILTER (WHERE n % 2 = 1) AS t FROM timeline_plans GROUP BY 1) b USING (customer)
WHERE customer IN (1, 2, 4, 5);
-- Without amounts a range weighs 1.
SELECT timeline_covered(timeline(during)) AS weights FROM timeline_plans WHERE customer = 4;
-- Text and JSON lose nothing.
SELECT customer, t::text::timeline = t AS text, t::jsonb::text::timeline = t AS jsonb FROM timeline_levels WHERE t IS NOT NULL AND customer <> 3 ORDER BY 1;
-- [X47] Paid by the month with inclusive ends: one spell.
SELECT timeline(during, 10) = (SELECT timeline(daterange('2024-01-01', '2024-04-01'), 10)) AS one_spell
FROM (VALUES (daterange('2024-01-01', '2024-01-31', '[]')), (daterange('2024-02-01', '2024-02-29', '[]')), (daterange('2024-03-01', '2024-03-31', '[]'))) v (during);
DROP FUNCTION timeline_covered;
