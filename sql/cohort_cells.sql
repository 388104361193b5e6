-- Readers of a cohort matrix: cohort_cells, retention_curve and the numbers
-- taken from the curve.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

CREATE TEMP TABLE samples (name text, matrix cohort_matrix);
INSERT INTO samples VALUES
-- three customers who start in January, none in February, one in March; the
-- data end inside April.  January: one never returns, one returns in February
-- and April, one in March only.
('gap', '{"grain": "month", "zone": "", "last": "2024-04-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 3, "age": [0,1,2,3], "active": [3,1,1,1], "last_active": [1,0,1,1], "streak_end": [2,1,0,0], "orders": [4,1,2,1], "revenue": [30,10,-5.5,20]}, {"cohort": "2024-03-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1], "revenue": [0]}]}'),
-- the same without amounts
('no money', '{"grain": "month", "zone": "", "last": "2024-04-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 3, "age": [0,1,2,3], "active": [3,1,1,1], "last_active": [1,0,1,1], "streak_end": [2,1,0,0], "orders": [4,1,2,1]}, {"cohort": "2024-03-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}');

-- all cells; as_of NULL: April is still open
SELECT cohort, age, period, cohort_size AS size, active, active_or_later AS later,
	active_streak AS streak, orders, revenue, cumulative_revenue AS cumulative, complete
FROM samples, cohort_cells(matrix) WHERE name = 'gap';
SELECT cohort, age, round(retention::numeric, 4) AS retention,
	round(retention_or_later::numeric, 4) AS or_later,
	round(retention_streak::numeric, 4) AS streak, revenue_per_customer AS per_customer,
	round(revenue_retention::numeric, 4) AS revenue_retention, complete
FROM samples, cohort_cells(matrix) WHERE name = 'gap';

-- without amounts money is NULL, everything else the same
SELECT count(*) AS rows, count(revenue) + count(cumulative_revenue) +
	count(revenue_per_customer) + count(revenue_retention) AS money
FROM samples, cohort_cells(matrix) WHERE name = 'no money';
SELECT count(*) AS differences FROM
	(SELECT cohort, age, period, cohort_size, active, active_or_later, active_streak,
		orders, retention, retention_or_later, retention_streak, complete
	FROM samples, cohort_cells(matrix) WHERE name = 'gap'
	EXCEPT ALL
	SELECT cohort, age, period, cohort_size, active, active_or_later, active_streak,
		orders, retention, retention_or_later, retention_streak, complete
	FROM samples, cohort_cells(matrix) WHERE name = 'no money') x;

-- as_of: before, inside and at the end of a period, after the data.  No count
-- changes, what begins at or after as_of is not shown.
SELECT as_of, count(cohort) AS rows, count(*) FILTER (WHERE complete) AS complete,
	count(retention) AS rates, max(period) AS last, sum(active) AS active,
	max(active_or_later) FILTER (WHERE age = 1) AS later_at_1
FROM unnest('{2023-12-31,2024-01-01,2024-01-02,2024-02-01,2024-02-15,2024-03-31,2024-04-01,2024-05-01,2024-06-01}'::date[]) as_of
	LEFT JOIN LATERAL (SELECT c.* FROM samples, cohort_cells(matrix, as_of) c WHERE name = 'gap') c ON true
GROUP BY as_of ORDER BY as_of;
SELECT count(*) FROM samples, cohort_cells(matrix, '2024-05-01') WHERE name = 'gap';

-- up_to_age, named arguments, NULLs
SELECT cohort, age, active FROM samples, cohort_cells(matrix, up_to_age => 1) WHERE name = 'gap';
SELECT count(*) FROM cohort_cells(NULL);
SELECT count(*) FROM samples, cohort_cells(matrix, NULL, NULL) WHERE name = 'gap';
SELECT count(*) FROM retention_curve(NULL);
SELECT retention_rate(NULL, 1), churn_rate(NULL, 1), ltv(NULL, 1), ltv_chained(NULL, 1), payback_age(NULL, 1, 1);
SELECT retention_rate(matrix, NULL), churn_rate(matrix, NULL), ltv(matrix, NULL), ltv_chained(matrix, NULL),
	payback_age(matrix, NULL, 1), payback_age(matrix, 1, NULL)
FROM samples WHERE name = 'gap';
SELECT count(*) FROM samples, cohort_cells(matrix, up_to_age => -1) WHERE name = 'gap';
SELECT count(*) FROM samples, cohort_cells(matrix, 'infinity') WHERE name = 'gap';
SELECT count(*) FROM samples, retention_curve(matrix, '-infinity') WHERE name = 'gap';
SELECT (cohort_cells(matrix, up_to_age => 0)).* FROM samples WHERE name = 'no money' LIMIT 1;

-- The curve: complete are January to age 2 and, to age 0, March.  Pooled at
-- age 0: 4 of 4, 30 / 4; age 1: 1 of 3, (30 + 10) / 3; age 2: 1 of 3, 34.5 / 3.
-- Chained: 30 / 4, + 10 / 3, - 5.5 / 3.
SELECT age, cohorts, customers, active, round(retention::numeric, 4) AS retention,
	round(retention_or_later::numeric, 4) AS or_later,
	round(retention_streak::numeric, 4) AS streak, ltv, revenue_per_active, ltv_chained
FROM samples, retention_curve(matrix) WHERE name = 'gap';
SELECT count(ltv) + count(revenue_per_active) + count(ltv_chained) AS money, count(*) AS rows
FROM samples, retention_curve(matrix) WHERE name = 'no money';
SELECT count(*) FROM samples, retention_curve(matrix, '2024-01-31') WHERE name = 'gap';
-- scalars are the curve's rows; out of range NULL
SELECT age, retention_rate(matrix, age) AS retention, churn_rate(matrix, age) AS churn, ltv(matrix, age), ltv_chained(matrix, age) AS chained,
	retention_rate(matrix, age, '2024-02-01') AS in_february
FROM samples, generate_series(-1, 3) age WHERE name = 'gap' ORDER BY age;
SELECT ltv(matrix, 0), ltv_chained(matrix, 0) FROM samples WHERE name = 'no money';
-- payback: 7.5, 10.83, 9 per customer, chained
SELECT payback_age(matrix, 0, 0) AS free, payback_age(matrix, 7.5, 1) AS at_0,
	payback_age(matrix, 7.500001, 1) AS at_1, payback_age(matrix, 20, 1) AS never,
	payback_age(matrix, 5.4, 0.5) AS half, payback_age(matrix, 7.5, 1, '2024-02-01') AS as_of
FROM samples WHERE name = 'gap';
-- exactly: 7.5 + 3.3333333333333333, the quotient at 16 decimals, times 0.3;
-- a float8 is its shortest decimal, and cac and margin may be of either kind
SELECT payback_age(matrix, 3.24999999999999999, 0.3), payback_age(matrix, 3.25, 0.3)
FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 2.25::float8, 0.3::float8) AS floats, payback_age(matrix, 2.25, 0.3::float8) AS margin,
	payback_age(matrix, 2.25::float8, 0.3) AS cac, payback_age(matrix, 2.2500000001::float8, 0.3::float8) AS more,
	payback_age(matrix, NULL::float8, 0.3) AS unknown, payback_age(matrix, cac => 2, margin => 1, as_of => '2024-02-01') AS whole
FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 1, 1) FROM samples WHERE name = 'no money';
SELECT payback_age(matrix, -1, 1) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 'NaN', 1) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 'Infinity', 1) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 1, 1.01) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 1, -0.01) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 1, 'NaN') FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, 1, 'NaN'::float8) FROM samples WHERE name = 'gap';
SELECT payback_age(matrix, '-Infinity'::float8, 0.3::float8) FROM samples WHERE name = 'gap';
-- a higher cost never pays back sooner, and 0 at age 0
SELECT count(*) AS costs, count(*) FILTER (WHERE age < before) AS sooner, max(age) AS latest
FROM (SELECT age, lag(age) OVER (ORDER BY cac) AS before FROM samples, generate_series(0, 12, 0.01) cac,
		LATERAL (SELECT coalesce(payback_age(matrix, cac, 1), 99) AS age) a WHERE name = 'gap') x;

-- V39: (1000, 500), (500, 400), (700, 10 still open): pooled 0.60, mean 0.65
SELECT age, cohorts, customers, active, retention, retention_mean FROM retention_curve(
	'{"grain": "month", "zone": "", "last": "2024-04-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [
	{"cohort": "2024-01-01", "size": 1000, "age": [0,1], "active": [1000,500], "last_active": [500,500], "streak_end": [500,500], "orders": [1000,500]},
	{"cohort": "2024-02-01", "size": 500, "age": [0,1], "active": [500,400], "last_active": [100,400], "streak_end": [100,400], "orders": [500,400]},
	{"cohort": "2024-03-01", "size": 700, "age": [0,1], "active": [700,10], "last_active": [690,10], "streak_end": [690,10], "orders": [700,10]}]}')
WHERE age = 1;
-- V40: 2 of 10 and 0 of 100, an empty cohort between: mean 0.10, pooled 2/110
SELECT cohorts, retention_mean, retention = 2 / 110::float8 AS pooled FROM retention_curve(
	'{"grain": "month", "zone": "", "last": "2024-05-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [
	{"cohort": "2024-01-01", "size": 10, "age": [0,1], "active": [10,2], "last_active": [8,2], "streak_end": [8,2], "orders": [10,2]},
	{"cohort": "2024-03-01", "size": 100, "age": [0], "active": [100], "last_active": [100], "streak_end": [100], "orders": [100]}]}')
WHERE age = 1;
-- V41: ltv of (100, 500), (120, 720), (80, 320): 5, 6, 4, pooled 1540 / 300
CREATE TEMP TABLE v41 AS SELECT
	'{"grain": "month", "zone": "", "last": "2024-05-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [
	{"cohort": "2024-01-01", "size": 100, "age": [0,1], "active": [100,50], "last_active": [50,50], "streak_end": [50,50], "orders": [100,50], "revenue": [300,200]},
	{"cohort": "2024-02-01", "size": 120, "age": [0,1], "active": [120,10], "last_active": [110,10], "streak_end": [110,10], "orders": [120,10], "revenue": [720,0]},
	{"cohort": "2024-03-01", "size": 80, "age": [0,1], "active": [80,1], "last_active": [79,1], "streak_end": [79,1], "orders": [80,1], "revenue": [319.999999,0.000001]}]}'::cohort_matrix AS matrix;
SELECT cohort, revenue_per_customer FROM v41, cohort_cells(matrix) WHERE age = 1 AND cohort_size > 0;
SELECT ltv(matrix, 1), ltv(matrix, 1) = trim_scale(1540::numeric / 300) AS pooled, ltv_chained(matrix, 1) AS chained FROM v41;
-- V34: revenue 50, 70, 90 of two customers, 25, 35, 45 for each active one
SELECT age, revenue, revenue_per_active
FROM (SELECT '{"grain": "day", "zone": "", "last": "2020-06-12", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2020-06-10", "size": 2, "age": [0,1,2], "active": [2,2,2], "last_active": [0,0,2], "streak_end": [0,0,2], "orders": [2,2,2], "revenue": [50,70,90]}]}'::cohort_matrix) m(m),
	retention_curve(m, '2020-06-20') JOIN cohort_cells(m, '2020-06-20', 2) USING (age)
WHERE cohort_size > 0 AND age < 3;

-- V17: given starts, the row of 06-09 (d-1) with p1 and p2.  Nobody is active
-- on the day itself; then 1, 2, 2, 1, 0, 1 are, and 2 on 06-16.  p1 is active
-- at ages 1, 2 and 3, p2 not at age 1: the streak is 2, 1, 1, 1, 0.
SELECT age, cohort_size, active, active_streak, active_or_later FROM cohort_cells(
	'{"grain": "day", "zone": "", "last": "2020-06-16", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2020-06-09", "size": 2, "age": [1,2,3,4,6,7], "active": [1,2,2,1,1,2], "last_active": [0,0,0,0,0,2], "streak_end": [0,0,1,0,0,0], "orders": [1,2,2,1,2,2]}]}')
WHERE cohort = '2020-06-09';

-- since start: a customer of January may have started on the 31st, so age k
-- of the cohort ends 30 (k + 1) days after February 1; shown it is from 30 k
-- days after January 1 on.  as_of 2024-03-02: 30 days after 02-01.
SELECT cohort, age, period, active, complete
FROM (SELECT '{"grain": "30 days since start by month", "zone": "", "last": "2024-02-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 2, "age": [0,1], "active": [2,1], "last_active": [1,1], "streak_end": [1,1], "orders": [2,1]}]}'::cohort_matrix) m(m),
	unnest('{2024-03-01,2024-03-02}'::date[]) as_of, cohort_cells(m, as_of);
-- cut points: brackets [0,1) [1,3) days, nothing after
SELECT cohort, age, active, complete FROM cohort_cells(
	'{"grain": "days 0, 1, 3", "zone": "", "last": "2024-01-02", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 2, "age": [0,1], "active": [2,1], "last_active": [1,1], "streak_end": [1,1], "orders": [2,1]}]}', '2024-01-05');

-- recurring and levels: no orders, no money of a recurring matrix
CREATE TEMP TABLE recurring AS SELECT
	'{"grain": "day", "zone": "", "last": "2020-06-12", "money": false, "started": false, "recurring": true, "levels": false, "cohorts": [{"cohort": "2020-06-10", "size": 1, "age": [0,1], "active": [1,1], "last_active": [0,1], "streak_end": [0,1]}, {"cohort": "2020-06-11", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1]}]}'::cohort_matrix AS matrix;
SELECT cohort, age, active, orders, revenue FROM recurring, cohort_cells(matrix, up_to_age => 1);
SELECT age, retention, ltv FROM recurring, retention_curve(matrix);
SELECT ltv(matrix, 0) FROM recurring;
SELECT ltv_chained(matrix, 0) FROM recurring;
SELECT payback_age(matrix, 1, 1) FROM recurring;
SELECT age, active, orders, revenue FROM cohort_cells('{"grain": "quarter", "zone": "", "last": "2024-01-01", "money": true, "started": false, "recurring": false, "levels": true, "cohorts": [{"cohort": "2023-10-01", "size": 2, "age": [0,1,2,4,5], "active_change": [2,-1,-1,1,-1], "last_active": [1,0,0,1,0], "streak_end": [1,1,0,0,0], "revenue_change": [20,-10,-10,10,-10], "kept_change": [20,-10,-10,10,-10], "base_change": [20,0,0,0,0]}]}', '2025-01-01')
WHERE cohort = '2023-10-01';

-- an outlier in the last year there is: counted before any row is made
CREATE TEMP TABLE outlier AS SELECT
	'{"grain": "day", "zone": "", "last": "294276-12-31", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 2, "age": [0,1,106743216], "active": [2,1,1], "last_active": [1,0,1], "streak_end": [1,1,0], "orders": [2,1,1], "revenue": [2,1,7]}]}'::cohort_matrix AS matrix;
SELECT count(*) FROM outlier, cohort_cells(matrix);
SELECT count(*) FROM outlier, cohort_cells(matrix, up_to_age => 0);
SELECT count(*) FROM outlier, retention_curve(matrix);
SELECT count(*), sum(active) FROM outlier, cohort_cells(matrix, '2024-01-11');
SELECT ltv(matrix, 1), ltv_chained(matrix, 1), payback_age(matrix, 1.5, 1) FROM outlier;
-- a long but sparse one, 738886 days: 4 rows each but for the last three
SELECT count(*), max(age), sum(active) FROM cohort_cells(
	'{"grain": "day", "zone": "", "last": "2024-01-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "0001-01-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}', up_to_age => 3)
WHERE age <= 3;

-- Against the definitions, on 300 random customers with up to 12 orders each.
CREATE TEMP TABLE events AS
SELECT c AS customer, date '2023-01-01' + (abs(hashint4(c)) % 200 +
		abs(hashint8(c * 1000 + e)) % (1 + abs(hashint4(c + 5000)) % 250))::int AS day,
	round((abs(hashint8(c * 77777 + e)) % 10000)::numeric / 100, 2) AS amount
FROM generate_series(1, 300) c, generate_series(1, 1 + abs(hashint4(c + 99)) % 12) e;
-- customer, age at months: the definition of first-time cohorts
CREATE TEMP TABLE ages AS
SELECT customer, cohort,
	((date_part('year', period) - date_part('year', cohort)) * 12 +
	 date_part('month', period) - date_part('month', cohort))::int AS age, orders, revenue
FROM (SELECT customer, date_trunc('month', day)::date AS period, count(*) AS orders,
		sum(amount) AS revenue FROM events GROUP BY 1, 2) p
	JOIN (SELECT customer, date_trunc('month', min(day))::date AS cohort FROM events GROUP BY 1) c USING (customer);
CREATE TEMP TABLE lives AS
SELECT customer, cohort, max(age) AS last_age,
	(SELECT min(k) - 1 FROM generate_series(0, 40) k WHERE NOT EXISTS (
		SELECT FROM ages b WHERE b.customer = a.customer AND b.age = k)) AS streak
FROM ages a GROUP BY customer, cohort;
CREATE TEMP TABLE random AS
SELECT format('{"grain": "month", "zone": "", "last": "%s", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [%s]}',
	(SELECT date_trunc('month', max(day))::date FROM events),
	string_agg(format('{"cohort": "%s", "size": %s, "age": %s, "active": %s, "last_active": %s, "streak_end": %s, "orders": %s, "revenue": %s}',
		cohort, size, ages, active, last_active, streak_end, orders, revenue), ',' ORDER BY cohort))::cohort_matrix AS matrix
FROM (SELECT cohort, (SELECT count(*) FROM lives l WHERE l.cohort = c.cohort) AS size,
		json_agg(age ORDER BY age) AS ages, json_agg(active ORDER BY age) AS active,
		json_agg((SELECT count(*) FROM lives l WHERE l.cohort = c.cohort AND last_age = age) ORDER BY age) AS last_active,
		json_agg((SELECT count(*) FROM lives l WHERE l.cohort = c.cohort AND streak = age) ORDER BY age) AS streak_end,
		json_agg(orders ORDER BY age) AS orders, json_agg(revenue ORDER BY age) AS revenue
	FROM (SELECT cohort, age, count(*) AS active, sum(orders) AS orders, sum(revenue) AS revenue
		FROM ages GROUP BY cohort, age) c GROUP BY cohort) x;
CREATE TEMP TABLE expected AS
SELECT cohort, age, (cohort + age * interval '1 month')::date AS period,
	(SELECT count(*) FROM lives l WHERE l.cohort = g.cohort) AS cohort_size,
	(SELECT count(*) FROM ages a WHERE a.cohort = g.cohort AND a.age = g.age) AS active,
	(SELECT count(*) FROM lives l WHERE l.cohort = g.cohort AND last_age >= g.age) AS active_or_later,
	(SELECT count(*) FROM lives l WHERE l.cohort = g.cohort AND streak >= g.age) AS active_streak,
	(SELECT coalesce(sum(orders), 0)::bigint FROM ages a WHERE a.cohort = g.cohort AND a.age = g.age) AS orders,
	(SELECT coalesce(sum(revenue), 0) FROM ages a WHERE a.cohort = g.cohort AND a.age = g.age) AS revenue,
	(SELECT coalesce(sum(revenue), 0) FROM ages a WHERE a.cohort = g.cohort AND a.age <= g.age) AS cumulative_revenue
FROM (SELECT c::date AS cohort, age FROM
	generate_series((SELECT min(cohort) FROM ages), date '2024-03-01', interval '1 month') c, generate_series(0, 40) age) g;
SELECT as_of, count(*) AS rows,
	count(*) FILTER (WHERE x.e IS NULL OR x.c IS NULL OR
		((x.e).period, (x.e).cohort_size, (x.e).active, (x.e).active_or_later, (x.e).active_streak, (x.e).orders, (x.e).revenue, (x.e).cumulative_revenue)
		IS DISTINCT FROM
		((x.c).period, (x.c).cohort_size, (x.c).active, (x.c).active_or_later, (x.c).active_streak, (x.c).orders, (x.c).revenue, (x.c).cumulative_revenue)
		OR (x.c).complete <> (((x.e).period + interval '1 month')::date <= as_of)
		OR (x.c).retention IS DISTINCT FROM CASE WHEN (x.c).complete THEN (x.e).active::float8 / nullif((x.e).cohort_size, 0) END
		OR (x.c).revenue_per_customer IS DISTINCT FROM trim_scale((x.e).cumulative_revenue / nullif((x.e).cohort_size, 0))) AS wrong
FROM unnest('{2023-01-15,2023-07-01,2023-12-31,2024-03-15}'::date[]) as_of,
	LATERAL (SELECT e, c FROM (SELECT * FROM expected WHERE period < as_of) e
		FULL JOIN (SELECT c.* FROM random, cohort_cells(matrix, as_of) c) c USING (cohort, age)) x
GROUP BY as_of ORDER BY as_of;
-- the curve from the cells
SELECT as_of, count(*) AS rows, count(*) FILTER (WHERE ((x.c).cohorts, (x.c).customers, (x.c).active, (x.c).ltv, (x.c).ltv_chained) IS DISTINCT FROM
		((x.e).cohorts, (x.e).customers, (x.e).active, (x.e).ltv, (x.e).chained)
		OR abs((x.c).retention_mean - (x.e).mean) > 1e-14 OR (x.c).retention <> (x.e).retention
		OR (x.c).retention_or_later <> (x.e).or_later OR (x.c).retention_streak <> (x.e).streak
		OR (x.c).revenue_per_active IS DISTINCT FROM (x.e).per_active
		OR abs((x.c).retention_low - ((x.e).active + 3.841458820694124 / 2 - (x.e).half) / (x.e).nz) > 1e-13
		OR abs((x.c).retention_high - ((x.e).active + 3.841458820694124 / 2 + (x.e).half) / (x.e).nz) > 1e-13) AS wrong
FROM unnest('{2023-01-15,2023-07-01,2023-12-31,2024-03-15}'::date[]) as_of,
	LATERAL (SELECT c, e FROM (SELECT c.* FROM random, retention_curve(matrix, as_of) c) c
		FULL JOIN (SELECT *, customers + 3.841458820694124 AS nz,
				sqrt(active * (1 - retention) + 3.841458820694124 / 4) * 1.959963984540054 AS half
			FROM (SELECT age, count(*) AS cohorts, sum(cohort_size)::bigint AS customers, sum(active)::bigint AS active,
				avg(retention) AS mean, sum(active)::float8 / sum(cohort_size)::float8 AS retention,
				sum(active_or_later)::float8 / sum(cohort_size)::float8 AS or_later,
				sum(active_streak)::float8 / sum(cohort_size)::float8 AS streak,
				trim_scale(sum(cumulative_revenue) / sum(cohort_size)) AS ltv,
				trim_scale(sum(revenue) / nullif(sum(active), 0)) AS per_active,
				trim_scale(sum(round(round(sum(revenue), 30) / sum(cohort_size), 16)) OVER (ORDER BY age)) AS chained
				FROM random, cohort_cells(matrix, as_of)
				WHERE complete AND cohort_size > 0 GROUP BY age) p) e USING (age)) x
GROUP BY as_of ORDER BY as_of;
