-- Sign-up cohorts of subscriptions: cohort_matrix(customer, started_at, during,
-- amount, grain).
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- Levels at the ends of months; * is the sign-up.
--			Jan	Feb	Mar	Apr	May
--	ann		10*	10	10	10	10	pays at once, without end
--	bob		0*	20	20	-	-	a free month, then two paid ones
--	cat		-*	-	-	5	-	comes late
--	dan		-*	-	-	-	-	never
--	eve		-	7*	-	-	-	had 7 before she signed up, to February
--	fay		-	-*	-	-	9	signed up twice, in February and May
--	gus		-	3	3	-	-	never signed up
CREATE TEMP TABLE signups (customer text, started_on date, during daterange, amount numeric);
INSERT INTO signups VALUES
	('ann', '2024-01-05', '[2024-01-10,)', 10),
	('bob', '2024-01-31', '[2024-01-31,2024-02-29)', 0), ('bob', NULL, '[2024-02-29,2024-04-30)', 20),
	('cat', '2024-01-15', '[2024-04-10,2024-05-15)', 5),
	('dan', '2024-01-01', NULL, NULL), ('dan', '2024-01-02', 'empty', 5),
	('eve', '2024-02-20', '[2023-12-01,2024-03-15)', 7),
	('fay', '2024-05-02', '[2024-05-20,2024-08-01)', 9), ('fay', '2024-02-03', NULL, 9),
	('gus', NULL, '[2024-02-01,2024-04-05)', 3), (NULL, '2024-01-01', '[2024-01-01,)', 99);
CREATE TEMP TABLE made AS SELECT cohort_matrix(customer, started_on, during, amount, 'month') AS m FROM signups;
SELECT cohort, age, cohort_size AS size, active, active_or_later AS later, active_streak AS streak, orders, revenue, cumulative_revenue AS cumulative,
	round(retention::numeric, 4) AS retention, complete
FROM made, cohort_cells(m, '2024-06-01') WHERE cohort_size > 0;
SELECT age, cohorts, customers, active, round(retention::numeric, 4) AS retention, round(retention_streak::numeric, 4) AS streak, ltv, ltv_chained
FROM made, retention_curve(m, '2024-06-01');
-- The data end with the last sign-up, or level that begins.
SELECT max(cohort) AS last FROM made, cohort_cells(m);
SELECT m FROM made;
-- Without amounts a range weighs 1, so bob's free month counts.
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(revenue ORDER BY age) AS revenue
FROM cohort_cells((SELECT cohort_matrix(customer, started_on, during, NULL, 'month') FROM signups), '2024-06-01') WHERE cohort_size > 0 GROUP BY cohort ORDER BY cohort;
-- Windows of 30 days from each sign-up, by their last day: ann's level of February 3,
-- March 4, April 3; bob's of February 29, March 30, April 29.
SELECT age, active, revenue FROM cohort_cells((SELECT cohort_matrix(customer, started_on, during, amount, '30 days since start') FROM signups WHERE customer IN ('ann', 'bob')), '2024-06-01', 2)
WHERE cohort IN ('2024-01-05', '2024-01-31') ORDER BY cohort, age;
SELECT age, active, active_streak FROM cohort_cells((SELECT cohort_matrix(customer, started_on, during, amount, 'months 0,1,3,6') FROM signups), '2024-12-01') WHERE cohort = '2024-01-01';
-- one bracket: no age 1, so no streak ends
SELECT age, active, active_streak FROM cohort_cells((SELECT cohort_matrix(customer, started_on, during, amount, 'months 0,1') FROM signups), '2024-12-01') WHERE cohort = '2024-01-01';
-- instants, in a zone: signed up on January 31 in Paris, on the 1st in Tokyo
SELECT cohort, active FROM cohort_cells((SELECT cohort_matrix(1, timestamptz '2024-01-31 18:00+00', tstzrange('2024-01-31 18:00+00', NULL), 5, 'month at Asia/Tokyo')), '2024-04-01', 0);
SELECT cohort, active FROM cohort_cells((SELECT cohort_matrix(1, timestamptz '2024-01-31 18:00+00', tstzrange('2024-01-31 18:00+00', NULL), 5, 'month at Europe/Paris')), '2024-04-01', 0);
SELECT cohort_matrix(1, date '2024-01-31', tsrange('2024-02-01 10:00', NULL), 5, 'month') = cohort_matrix(1, timestamp '2024-01-31 23:59', tsrange('2024-02-01 10:00', NULL), 5, 'month') AS same;
-- parts, text, json; those by first level are others
SELECT rollup(part) = (SELECT m FROM made) AS parts FROM (SELECT cohort_matrix(customer, started_on, during, amount, 'month') AS part FROM signups GROUP BY customer) x;
SELECT m::text::cohort_matrix = m AS text, m::jsonb::text::cohort_matrix = m AS jsonb FROM made;
SELECT rollup(m) FROM (SELECT m FROM made UNION ALL SELECT cohort_matrix(customer, during, amount, 'month') FROM signups) x;
SELECT rollup(m) FROM (SELECT m FROM made UNION ALL SELECT cohort_matrix(customer, started_on, started_on, amount, 'month') FROM signups) x;
SELECT cohort_matrix(customer, started_on, during, amount, 'month') IS NULL AS nobody FROM signups WHERE customer = 'gus';
-- contracts: who is there at every age from 1 on
SELECT age, active_streak FROM made, cohort_cells(m, '2024-06-01') WHERE cohort = '2024-01-01';

-- Gross revenue retention: of each customer no more than the first level above zero
-- at the end of an age, the base, from that age on.
--			Jan	Feb	Mar	Apr		base	kept
--	ann		10	25	5	40		10		10 10 5 10
--	bob		-	20	30	-		20, from February on	- 20 20 0
--	cat		8	-	-	8		8		8 0 0 8
CREATE TEMP TABLE upgrades (customer text, during daterange, amount numeric);
INSERT INTO upgrades VALUES ('ann', '[2024-01-05,2024-02-05)', 10), ('ann', '[2024-02-05,2024-03-05)', 25), ('ann', '[2024-03-05,2024-04-05)', 5), ('ann', '[2024-04-05,)', 40),
	('bob', '[2024-01-02,2024-01-05)', 99), ('bob', '[2024-02-02,2024-03-02)', 20), ('bob', '[2024-03-02,2024-04-05)', 30),
	('cat', '[2024-01-31,2024-02-02)', 8), ('cat', '[2024-04-30,)', 8);
SELECT age, cohort_size AS size, active, revenue, kept_revenue AS kept, round(gross_revenue_retention::numeric, 6) AS gross, round(revenue_retention::numeric, 6) AS net, complete
FROM cohort_cells((SELECT cohort_matrix(customer, during, amount, 'month') FROM upgrades), '2024-05-15') WHERE cohort = '2024-01-01';
SELECT age, revenue, kept_revenue AS kept, round(gross_revenue_retention::numeric, 6) AS gross
FROM cohort_cells((SELECT cohort_matrix(customer, date '2024-01-01', during, amount, 'month') FROM upgrades), '2024-05-01') WHERE cohort = '2024-01-01';
SELECT cohort_matrix(customer, during, amount, 'month') = (SELECT cohort_matrix(t, 'month') FROM (SELECT timeline(during, amount) AS t FROM upgrades GROUP BY customer) x) AS timelines,
	cohort_matrix(customer, during, amount, 'month') = (SELECT rollup(m) FROM (SELECT cohort_matrix(customer, during, amount, 'month') AS m FROM upgrades GROUP BY customer) x) AS parts FROM upgrades;
-- not of events, nor without amounts
SELECT count(kept_revenue) + count(gross_revenue_retention) AS known FROM cohort_cells((SELECT cohort_matrix(customer, lower(during), amount, 'month') FROM upgrades));
SELECT count(kept_revenue) + count(gross_revenue_retention) AS known FROM cohort_cells((SELECT cohort_matrix(customer, during, 'month') FROM upgrades));

SELECT cohort_matrix(customer, during, during, amount, 'month') FROM signups;
SELECT cohort_matrix(customer, started_on, during, amount, '24 hours since start') FROM signups;
SELECT cohort_matrix(customer, started_on, daterange(NULL, started_on), amount, 'month') FROM signups;
SELECT cohort_matrix(customer, date 'infinity', during, amount, 'month') FROM signups;
SELECT cohort_matrix(customer, started_on, during, during, 'month') FROM signups;

-- Texts that no rows make.
CREATE FUNCTION pg_temp.detail(t text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	d text;
BEGIN
	PERFORM t::cohort_matrix;
	RETURN 'fine';
EXCEPTION WHEN invalid_text_representation THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
	RETURN d;
END $$;
SELECT columns, pg_temp.detail(format('{"grain": "%s", "zone": "", "last": "2024-03-01", "money": false, "started": true, "recurring": false, "levels": true, "cohorts": [{"cohort": "2024-01-01", "size": 3, %s}]}', grain, columns))
FROM (VALUES
	('month', '"age": [0,1,2], "active_change": [1,1,-1], "last_active": [0,1,0], "streak_end": [1,1,0]'),
	('month', '"age": [0], "active_change": [0], "last_active": [0], "streak_end": [3]'),
	('month', '"age": [], "active_change": [], "last_active": [], "streak_end": []'),
	('months 0,1', '"age": [], "active_change": [], "last_active": [], "streak_end": []'),
	('month', '"age": [0], "active_change": [3], "last_active": [0], "streak_end": [0]'),
	('month', '"age": [0], "active_change": [3], "last_active": [0], "streak_end": [1]'),
	('month', '"age": [0,1], "active_change": [2,2], "last_active": [0,0], "streak_end": [0,0]'),
	('month', '"age": [0,1], "active_change": [2,-1], "last_active": [0,0], "streak_end": [2,0]'),
	('month', '"age": [0,1], "active_change": [2,-3], "last_active": [1,0], "streak_end": [3,0]'),
	('month', '"age": [0,2], "active_change": [0,1], "last_active": [0,0], "streak_end": [2,0]'),
	('month', '"age": [0,2], "active_change": [0,1], "last_active": [0,0], "streak_end": [3,0]'),
	('month', '"age": [2], "active_change": [1], "last_active": [0], "streak_end": [0]'),
	('month', '"age": [0], "active_change": [0], "last_active": [1], "streak_end": [3]'),
	('month', '"age": [0], "active_change": [1], "last_active": [0], "streak_end": [4]'),
	('month', '"age": [0,1], "active_change": [9223372036854775807,1], "last_active": [0,0], "streak_end": [3,0]')
) v (grain, columns);
SELECT columns, pg_temp.detail(format('{"grain": "month", "zone": "", "last": "2024-03-01", "money": true, "started": false, "recurring": false, "levels": true, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0,1], "active_change": [1,-1], "last_active": [1,0], "streak_end": [1,0], "revenue_change": [5,-5]%s}]}', columns))
FROM (VALUES
	(', "kept_change": [5,-5], "base_change": [5,0]'),
	(', "kept_change": [5,-5]'),
	(''),
	(', "kept_change": [5,1], "base_change": [5,0]'),
	(', "kept_change": [5,-5], "base_change": [5,-1]'),
	(', "kept_change": [5], "base_change": [5,0]'),
	(', "kept_change": [5,-5], "base_change": [99999999999999999999999,0]'),
	(', "kept_change": [-9999999999999999999999,-9999999999999999999999], "base_change": [9999999999999999999999,0]')
) v (columns);

-- A literal NULL as start: cohorts by first activity, as without the argument; a
-- NULL of a type is no start.
SELECT cohort_matrix(customer, NULL, during, amount, 'month') = cohort_matrix(customer, during, amount, 'month') AS ranges,
	cohort_matrix(customer, NULL, during, NULL, 'month') = cohort_matrix(customer, during, 'month') AS counted,
	cohort_matrix(customer, NULL, during, amount, '30 days since start') = cohort_matrix(customer, during, amount, '30 days since start') AS windows,
	cohort_matrix(customer, NULL::date, during, amount, 'month') IS NULL AS typed
FROM signups;
SELECT cohort_matrix(customer, NULL, started_on, amount, 'month') = cohort_matrix(customer, started_on, amount, 'month') AS events,
	cohort_matrix(customer, NULL, started_on, NULL, 'month') = cohort_matrix(customer, started_on, 'month') AS counted,
	cohort_matrix(customer, NULL, started_on + time '10:00', amount, 'days 0,1,7 since start') = cohort_matrix(customer, started_on + time '10:00', amount, 'days 0,1,7 since start') AS windows,
	cohort_matrix(customer, NULL, (started_on + time '10:00') AT TIME ZONE 'UTC', amount, 'month at Asia/Tokyo')
		= cohort_matrix(customer, (started_on + time '10:00') AT TIME ZONE 'UTC', amount, 'month at Asia/Tokyo') AS instants
FROM signups;
SELECT rollup(m) = (SELECT cohort_matrix(customer, during, amount, 'month') FROM signups) AS parts FROM (SELECT cohort_matrix(customer, NULL, during, amount, 'month') AS m FROM signups GROUP BY customer) x;
SELECT cohort_matrix(1, NULL, NULL, 5, 'month') IS NULL AS nothing;
SELECT cohort_matrix(1, NULL, amount, amount, 'month') FROM signups;
