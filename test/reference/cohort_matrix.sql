-- Cohort matrices of customer retention from their definition, in plain SQL.
--
-- Nothing here uses the extension: the tests compare it with this.  Clarity
-- goes before speed; a few thousand cells take a second.
--
-- How to ask: fill reference.activity, set the session's TimeZone to the zone
-- that cuts time (the grain's, or the session's own), then
--
--     SELECT * FROM reference.cohort_cells(q, as_of, up_to_age);
--     SELECT * FROM reference.retention_curve(q, as_of);
--
-- with q a reference.question.  Dates and timestamps are local already and
-- never converted: enter them as instants of UTC and set TimeZone to UTC.

CREATE SCHEMA reference;

-- The raw rows.  An amount of type float8 is entered as the shortest decimal
-- that PostgreSQL prints for it.  Without started_at that column is not read,
-- and likewise amount.
CREATE TABLE reference.activity (
	customer	text,
	started_at	timestamptz,
	at			timestamptz,
	amount		numeric
);

-- A grain taken apart, and the arguments that were given.
CREATE TYPE reference.question AS (
	unit		text,			-- hour, day, week, month, quarter, year
	n			int,			-- count of units; 1 with cut points
	starting	text,			-- monday ... sunday, january ... december, or NULL
	since_start	boolean,		-- windows from each customer's own anchor
	by_unit		text,			-- unit of the cohort rows, or NULL
	cuts		int[],			-- cut points, or NULL
	has_start	boolean,		-- started_at is given
	has_amount	boolean			-- amount is given
);

----------------------------------------------------------------
-- The calendar
----------------------------------------------------------------

-- n units as an interval.
CREATE FUNCTION reference.units(n int, unit text) RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN CASE unit
	WHEN 'hour'    THEN n * interval '1 hour'
	WHEN 'day'     THEN n * interval '1 day'
	WHEN 'week'    THEN n * interval '7 days'
	WHEN 'month'   THEN n * interval '1 month'
	WHEN 'quarter' THEN n * interval '3 months'
	WHEN 'year'    THEN n * interval '12 months'
END;

-- Where periods are counted from: days from Monday 2000-01-03; weeks from the
-- last starting weekday up to that day; months, quarters and years from
-- 2000-01, or from the last starting month up to it.
CREATE FUNCTION reference.origin(unit text, starting text) RETURNS date
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN unit = 'day' THEN date '2000-01-03'
	WHEN unit = 'week' THEN (
		SELECT max(d)::date
		FROM generate_series(timestamp '1999-12-28', timestamp '2000-01-03', interval '1 day') d
		WHERE trim(to_char(d, 'day')) = coalesce(starting, 'monday'))
	ELSE (
		SELECT max(d)::date
		FROM generate_series(timestamp '1999-02-01', timestamp '2000-01-01', interval '1 month') d
		WHERE trim(to_char(d, 'month')) = coalesce(starting, 'january'))
END;

-- First day of the period of n units that holds a local time.
CREATE FUNCTION reference.period_start(local timestamp, unit text, n int, starting text)
RETURNS date
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN unit IN ('day', 'week') THEN
		-- from an origin some 500 years earlier: the first minors of PostgreSQL 15
		-- round down a time on a bound before the origin once too often
		date_bin(reference.units(n, unit), local, reference.origin(unit, starting)::timestamp
			- 200000 / (n * CASE unit WHEN 'week' THEN 7 ELSE 1 END) * reference.units(n, unit))::date
	ELSE (
		-- whole months since the origin, rounded down to whole periods
		SELECT (o + floor(months / size) * size * interval '1 month')::date
		FROM reference.origin(unit, starting) o,
			 LATERAL (SELECT 12 * (extract(year FROM local) - extract(year FROM o))
							 + extract(month FROM local) - extract(month FROM o),
							 n * CASE unit WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END)
							 x (months, size))
END;

-- The cohort rows: a plain grain's own periods; with windows or cut points one
-- unit each, the by unit if there is one, days for hours.
CREATE FUNCTION reference.row_unit(q reference.question) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN NOT (q).since_start THEN (q).unit
	WHEN (q).by_unit IS NOT NULL THEN (q).by_unit
	WHEN (q).unit = 'hour' THEN 'day'
	ELSE (q).unit
END;

CREATE FUNCTION reference.row_count(q reference.question) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN (q).since_start OR (q).cuts IS NOT NULL THEN 1 ELSE (q).n END;

-- The row that holds an instant, by the session's clock.
CREATE FUNCTION reference.row_of(q reference.question, at timestamptz) RETURNS date
LANGUAGE sql STABLE
RETURN reference.period_start(at::timestamp, reference.row_unit(q), reference.row_count(q), (q).starting);

CREATE FUNCTION reference.row_end(q reference.question, row_start date) RETURNS date
LANGUAGE sql STABLE
RETURN (row_start + reference.units(reference.row_count(q), reference.row_unit(q)))::date;

----------------------------------------------------------------
-- Customers and what they did
----------------------------------------------------------------

-- Rows that say what somebody did: amounts at six decimals, half away from
-- zero; a NULL amount is worth nothing; below zero is a refund, all else an
-- order.
CREATE FUNCTION reference.deeds(q reference.question)
RETURNS TABLE (customer text, at timestamptz, amount numeric, is_order boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT a.customer, a.at, v.amount, v.amount >= 0
	FROM reference.activity a,
		 LATERAL (SELECT CASE WHEN (q).has_amount THEN round(coalesce(a.amount, 0), 6) ELSE 0 END) v (amount)
	WHERE a.customer IS NOT NULL AND a.at IS NOT NULL;
END;

-- One row per customer: the anchor is the earliest start where starts are
-- given, else the first order, truncated to the second.
CREATE FUNCTION reference.customers(q reference.question)
RETURNS TABLE (customer text, anchor timestamptz, cohort date)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT s.customer, s.anchor, reference.row_of(q, s.anchor)
	FROM (
		SELECT a.customer, date_trunc('second', min(a.started_at)) AS anchor
		FROM reference.activity a
		WHERE (q).has_start AND a.customer IS NOT NULL AND a.started_at IS NOT NULL
		GROUP BY a.customer
		UNION ALL
		SELECT d.customer, date_trunc('second', min(d.at))
		FROM reference.deeds(q) d
		WHERE NOT (q).has_start AND d.is_order
		GROUP BY d.customer
	) s;
END;

-- The deeds that count: from the cohort period on, under "since start" from
-- the anchor on; a refund only with an order of that customer that counts.
CREATE FUNCTION reference.counted(q reference.question)
RETURNS TABLE (customer text, anchor timestamptz, cohort date,
			   at timestamptz, amount numeric, is_order boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.customer, x.anchor, x.cohort, x.at, x.amount, x.is_order
	FROM (
		SELECT c.*, d.at, d.amount, d.is_order,
			   bool_or(d.is_order) OVER (PARTITION BY c.customer) AS orders_at_all
		FROM reference.customers(q) c
		JOIN reference.deeds(q) d ON d.customer = c.customer
		WHERE CASE WHEN (q).since_start THEN d.at >= c.anchor ELSE d.at::timestamp >= c.cohort END
	) x
	WHERE x.is_order OR x.orders_at_all;
END;

-- Age of an event.  NULL at or past the last cut point.
CREATE FUNCTION reference.age_of(q reference.question, anchor timestamptz, cohort date, at timestamptz)
RETURNS int
LANGUAGE sql STABLE
RETURN CASE
	-- brackets of windows: from anchor + cut to anchor + next cut
	WHEN (q).since_start AND (q).cuts IS NOT NULL THEN (
		SELECT k - 1
		FROM generate_series(1, cardinality((q).cuts) - 1) k
		WHERE at >= anchor + reference.units((q).cuts[k], (q).unit)
		  AND at < anchor + reference.units((q).cuts[k + 1], (q).unit))

	-- how many windows have ended since the anchor
	WHEN (q).since_start THEN (
		SELECT count(*)
		FROM generate_series(1, 2 + (1.1 * extract(epoch FROM at - anchor)
									 / extract(epoch FROM reference.units((q).n, (q).unit)))::int) k
		WHERE anchor + k * reference.units((q).n, (q).unit) <= at)

	-- how many periods have begun since the cohort's
	ELSE (
		SELECT CASE
			WHEN (q).cuts IS NULL THEN distance
			ELSE (SELECT k - 1
				  FROM generate_series(1, cardinality((q).cuts) - 1) k
				  WHERE distance >= (q).cuts[k] AND distance < (q).cuts[k + 1])
			END
		FROM (SELECT count(*) - 1
			  FROM generate_series(cohort::timestamp, at::timestamp,
								   reference.units(reference.row_count(q), reference.row_unit(q)))) d (distance))
END;

-- What each customer did at each age.
CREATE FUNCTION reference.customer_ages(q reference.question)
RETURNS TABLE (customer text, cohort date, age int, orders bigint, revenue numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.customer, x.cohort, x.age, count(*) FILTER (WHERE x.is_order), sum(x.amount)
	FROM (SELECT c.*, reference.age_of(q, c.anchor, c.cohort, c.at) AS age
		  FROM reference.counted(q) c) x
	WHERE x.age IS NOT NULL
	GROUP BY x.customer, x.cohort, x.age;
END;

----------------------------------------------------------------
-- Which cells there are
----------------------------------------------------------------

-- The row holding the last thing that counts: a deed, or a customer's start.
-- Past the last cut point counts here.
CREATE FUNCTION reference.last_row(q reference.question) RETURNS date
LANGUAGE sql STABLE
RETURN (
	SELECT reference.row_of(q, max(t.at))
	FROM (SELECT at FROM reference.counted(q)
		  UNION ALL
		  SELECT anchor FROM reference.customers(q)) t);

-- From a day, the first age's begin or the last age's end: so many windows, or
-- up to so many cut points.
CREATE FUNCTION reference.span(q reference.question, ages int) RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN (q).cuts IS NULL THEN ages * reference.units((q).n, (q).unit)
	ELSE reference.units((q).cuts[ages + 1], (q).unit)
END;

-- A day plus a span: hours are elapsed time from its midnight, days and longer
-- lead to the midnight of another day.
CREATE FUNCTION reference.later(day date, span interval, unit text) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN CASE
	WHEN unit = 'hour' THEN day::timestamptz + span
	ELSE (day + span)::timestamptz
END;

-- The first moment at which somebody of the cohort can be of the age.
CREATE FUNCTION reference.cell_start(q reference.question, cohort date, age int)
RETURNS timestamptz
LANGUAGE sql STABLE
RETURN reference.later(cohort, reference.span(q, age), (q).unit);

-- The moment at which everybody of the cohort is past the age.  By calendar
-- periods all of them get there together; each customer's own windows end
-- for the last of them as late after the cohort's end.
CREATE FUNCTION reference.cell_end(q reference.question, cohort date, age int)
RETURNS timestamptz
LANGUAGE sql STABLE
RETURN reference.later(
	CASE WHEN (q).since_start THEN reference.row_end(q, cohort) ELSE cohort END,
	reference.span(q, age + 1), (q).unit);

-- The cells to show: every cohort row from the first one, every age that has
-- begun.  Without as_of the data end somewhere inside the last row: all of it
-- is shown, and none of it is complete.
CREATE FUNCTION reference.frame(q reference.question, first_row date, last_row date,
								as_of date, up_to_age int)
RETURNS TABLE (cohort date, age int, period date, complete boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	shown_until		timestamptz := coalesce(as_of, reference.row_end(q, last_row));
	complete_until	timestamptz := coalesce(as_of, last_row);
BEGIN
	cohort := first_row;
	WHILE cohort < shown_until LOOP
		age := 0;
		WHILE reference.cell_start(q, cohort, age) < shown_until
			  AND age <= coalesce(up_to_age, age)
			  AND age < coalesce(cardinality(q.cuts) - 1, age + 1)
		LOOP
			period := CASE WHEN NOT q.since_start AND q.cuts IS NULL
						   THEN reference.cell_start(q, cohort, age)::date END;
			complete := reference.cell_end(q, cohort, age) <= complete_until;
			RETURN NEXT;
			age := age + 1;
		END LOOP;
		cohort := reference.row_end(q, cohort);
	END LOOP;
END
$$;

----------------------------------------------------------------
-- The readers
----------------------------------------------------------------

-- Counts and money of every cell are shown; rates only of complete ones.
-- A customer's activity at or after as_of stays in the cells that are shown,
-- and in active_or_later: nothing is recomputed.
CREATE FUNCTION reference.cohort_cells(q reference.question, as_of date DEFAULT NULL, up_to_age int DEFAULT NULL)
RETURNS TABLE (
	cohort date, age int, period date,
	cohort_size bigint, active bigint, active_or_later bigint, active_streak bigint, orders bigint,
	revenue numeric, cumulative_revenue numeric,
	retention float8, retention_or_later float8, retention_streak float8,
	revenue_per_customer numeric, revenue_retention float8, complete boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH deeds AS MATERIALIZED (
		SELECT * FROM reference.customer_ages(q)
	), sizes AS MATERIALIZED (
		SELECT c.cohort, count(DISTINCT c.customer) AS size
		FROM reference.customers(q) c GROUP BY c.cohort
	), sums AS MATERIALIZED (
		SELECT d.cohort, d.age,
			   count(DISTINCT d.customer) FILTER (WHERE d.orders > 0) AS active,
			   sum(d.orders) AS orders,
			   sum(d.revenue) AS revenue
		FROM deeds d GROUP BY d.cohort, d.age
	), lasting AS MATERIALIZED (
		-- how far each customer came: the last age active, and the first age
		-- missed (with starts age 0 cannot be missed)
		SELECT d.customer, d.cohort,
			   max(d.age) FILTER (WHERE d.orders > 0) AS last_age,
			   (SELECT min(k)
				FROM generate_series(CASE WHEN (q).has_start THEN 1 ELSE 0 END, max(d.age) + 1) k
				WHERE k NOT IN (SELECT x.age FROM deeds x
								WHERE x.customer = d.customer AND x.orders > 0)) AS first_missed
		FROM deeds d GROUP BY d.customer, d.cohort
	), cells AS (
		SELECT f.cohort, f.age, f.period, f.complete,
			   coalesce(z.size, 0) AS size,
			   coalesce(s.active, 0) AS active,
			   (SELECT count(*) FROM lasting l
				WHERE l.cohort = f.cohort AND l.last_age >= f.age) AS active_or_later,
			   CASE WHEN (q).has_start AND f.age = 0 THEN coalesce(z.size, 0)
					ELSE (SELECT count(*) FROM lasting l
						  WHERE l.cohort = f.cohort AND l.first_missed > f.age)
			   END AS active_streak,
			   coalesce(s.orders, 0) AS orders,
			   coalesce(s.revenue, 0) AS revenue,
			   sum(coalesce(s.revenue, 0)) OVER (PARTITION BY f.cohort ORDER BY f.age) AS cumulative,
			   first_value(coalesce(s.revenue, 0)) OVER (PARTITION BY f.cohort ORDER BY f.age) AS revenue_0
		FROM reference.frame(q, (SELECT min(c.cohort) FROM reference.customers(q) c),
							 reference.last_row(q), as_of, up_to_age) f
		LEFT JOIN sizes z ON z.cohort = f.cohort
		LEFT JOIN sums s ON s.cohort = f.cohort AND s.age = f.age
	)
	SELECT c.cohort, c.age, c.period,
		   c.size, c.active, c.active_or_later, c.active_streak, c.orders::bigint,
		   CASE WHEN (q).has_amount THEN trim_scale(c.revenue) END,
		   CASE WHEN (q).has_amount THEN trim_scale(c.cumulative) END,
		   CASE WHEN c.complete THEN c.active::float8 / nullif(c.size, 0)::float8 END,
		   CASE WHEN c.complete THEN c.active_or_later::float8 / nullif(c.size, 0)::float8 END,
		   CASE WHEN c.complete THEN c.active_streak::float8 / nullif(c.size, 0)::float8 END,
		   CASE WHEN (q).has_amount THEN trim_scale(c.cumulative / nullif(c.size, 0)) END,
		   CASE WHEN (q).has_amount AND c.complete
				THEN c.revenue::float8 / nullif(c.revenue_0, 0)::float8 END,
		   c.complete
	FROM cells c
	ORDER BY c.cohort, c.age;
END;

-- Wilson's interval of a share: those p for which (share - p)^2 <= z^2 p (1 - p) / n.
CREATE FUNCTION reference.wilson(hits bigint, n bigint, sign int) RETURNS float8
LANGUAGE sql IMMUTABLE
RETURN (
	SELECT (p + z * z / (2 * n) + sign * z * sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)))
		   / (1 + z * z / n)
	FROM (SELECT hits::float8 / n, 1.959963984540054::float8) x (p, z));

-- Over the cohorts complete at each age that have anybody in them.
CREATE FUNCTION reference.retention_curve(q reference.question, as_of date DEFAULT NULL)
RETURNS TABLE (
	age int, cohorts int, customers bigint, active bigint,
	retention float8, retention_mean float8, retention_low float8, retention_high float8,
	retention_or_later float8, retention_streak float8, ltv numeric, revenue_per_active numeric,
	ltv_chained numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT c.age, count(*)::int, sum(c.cohort_size)::bigint, sum(c.active)::bigint,
		   sum(c.active)::float8 / sum(c.cohort_size)::float8,
		   avg(c.active::float8 / c.cohort_size::float8),
		   reference.wilson(sum(c.active)::bigint, sum(c.cohort_size)::bigint, -1),
		   reference.wilson(sum(c.active)::bigint, sum(c.cohort_size)::bigint, 1),
		   sum(c.active_or_later)::float8 / sum(c.cohort_size)::float8,
		   sum(c.active_streak)::float8 / sum(c.cohort_size)::float8,
		   trim_scale(sum(c.cumulative_revenue) / sum(c.cohort_size)),
		   trim_scale(sum(c.revenue) / nullif(sum(c.active), 0)),
		   -- divided at 30 decimals, so that it is rounded once
		   trim_scale(sum(round(round(sum(c.revenue), 30) / sum(c.cohort_size), 16)) OVER (ORDER BY c.age))
	FROM reference.cohort_cells(q, as_of, NULL) c
	WHERE c.complete AND c.cohort_size > 0
	GROUP BY c.age
	ORDER BY c.age;
END;

-- The first age whose margin per customer reaches the acquisition cost.
CREATE FUNCTION reference.payback_age(q reference.question, cac numeric, margin numeric, as_of date DEFAULT NULL)
RETURNS int
LANGUAGE sql STABLE
RETURN (SELECT min(c.age) FROM reference.retention_curve(q, as_of) c WHERE c.ltv_chained * margin >= cac);
