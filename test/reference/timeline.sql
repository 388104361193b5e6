-- Timelines of customer retention from their definition, in plain SQL: what is
-- read of one customer, and the matrices made of many (recurring ones, and
-- those over ranges).
--
-- Nothing here uses the extension.  Load cohort_matrix.sql first: the calendar
-- and the frame of cells are there.
--
-- How to ask: set the session's TimeZone to the zone that cuts time, fill
-- reference.activity with events, or reference.subscription with the days that
-- ranges cover:
--
--     INSERT INTO reference.subscription
--     SELECT customer, reference.covered(during), amount FROM ...;
--
-- then call a reader with ROW(customer, levels, has_amount)::reference.timeline,
-- or level_cells(q), recurring_cells(q, levels) with q a reference.question.

CREATE TABLE reference.subscription (
	customer	text,
	days		daterange,		-- without an upper bound: still running
	amount		numeric			-- not read when amounts were not given
);

-- One customer's history: events of reference.activity, or ranges of
-- reference.subscription.
CREATE TYPE reference.timeline AS (
	customer	text,
	levels		boolean,
	has_amount	boolean
);

----------------------------------------------------------------
-- The days a range covers
----------------------------------------------------------------

-- From the day of the lower bound up to, but without, the day of the upper
-- one; nothing when that is the same day.  An upper bound that belongs to the
-- range moves one second later first (dates: to the next day, which is the
-- form PostgreSQL gives them itself).  An infinite end is an open one.
CREATE FUNCTION reference.days_between(from_day date, to_day date) RETURNS daterange
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN from_day IS NULL OR from_day = '-infinity' THEN NULL
	WHEN to_day IS NULL OR to_day = 'infinity' THEN daterange(from_day, NULL)
	WHEN to_day <= from_day THEN 'empty'
	ELSE daterange(from_day, to_day)
END;

CREATE FUNCTION reference.covered(during daterange) RETURNS daterange
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN isempty(during) THEN during
	ELSE reference.days_between(lower(during), upper(during)) END;

CREATE FUNCTION reference.covered(during tsrange) RETURNS daterange
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN isempty(during) THEN 'empty'
	ELSE reference.days_between(
		lower(during)::date,
		(upper(during) + CASE WHEN upper_inc(during) THEN interval '1 second' ELSE '0' END)::date) END;

-- by the session's clock
CREATE FUNCTION reference.covered(during tstzrange) RETURNS daterange
LANGUAGE sql STABLE
RETURN CASE WHEN isempty(during) THEN 'empty'
	ELSE reference.days_between(
		lower(during)::timestamp::date,
		(upper(during) + CASE WHEN upper_inc(during) THEN interval '1 second' ELSE '0' END)::timestamp::date) END;

----------------------------------------------------------------
-- What happened on which day
----------------------------------------------------------------

-- Events: orders and net amount of every day with an order or a refund.
CREATE FUNCTION reference.order_days(t reference.timeline)
RETURNS TABLE (day date, orders bigint, amount numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT d.at::date, count(*) FILTER (WHERE d.is_order),
		   CASE WHEN (t).has_amount THEN trim_scale(sum(d.amount)) END
	FROM reference.deeds(ROW(NULL, 1, NULL, false, NULL, NULL, false, (t).has_amount)::reference.question) d
	WHERE d.customer = (t).customer
	GROUP BY 1
	ORDER BY 1;
END;

-- Ranges: the level of a day is the sum of what covers it; amounts at six
-- decimals, a NULL one is a level of nothing, without amounts each weighs 1.
CREATE FUNCTION reference.level(t reference.timeline, on_day date) RETURNS numeric
LANGUAGE sql STABLE
RETURN (
	SELECT trim_scale(coalesce(sum(CASE WHEN (t).has_amount THEN round(coalesce(s.amount, 0), 6) ELSE 1 END), 0))
	FROM reference.subscription s
	WHERE s.customer = (t).customer AND s.days @> on_day);

-- The days on which the level is not that of the day before.
CREATE FUNCTION reference.level_changes(t reference.timeline)
RETURNS TABLE (day date, level numeric, level_before numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT b.day, x.level, x.level_before
	FROM (SELECT lower(s.days) FROM reference.subscription s
		  WHERE s.customer = (t).customer AND NOT isempty(s.days)
		  UNION
		  SELECT upper(s.days) FROM reference.subscription s
		  WHERE s.customer = (t).customer AND NOT isempty(s.days) AND NOT upper_inf(s.days)) b (day),
		 LATERAL (SELECT reference.level(t, b.day), reference.level(t, b.day - 1)) x (level, level_before)
	WHERE x.level <> x.level_before
	ORDER BY 1;
END;

-- The active days as runs, first and last day included; without end: infinity.
-- Runs that touch may come as several.  Days at or after as_of are left out.
CREATE FUNCTION reference.active_runs(t reference.timeline, as_of date DEFAULT NULL)
RETURNS TABLE (first_day date, last_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT r.first_day, least(r.last_day, as_of - 1)
	FROM (SELECT d.day AS first_day, d.day AS last_day
		  FROM reference.order_days(t) d
		  WHERE NOT (t).levels AND d.orders > 0
		  UNION ALL
		  SELECT c.day, c.last_day
		  FROM (SELECT l.day, l.level, coalesce(lead(l.day) OVER (ORDER BY l.day) - 1, 'infinity') AS last_day
				FROM reference.level_changes(t) l) c
		  WHERE (t).levels AND c.level > 0) r
	WHERE as_of IS NULL OR r.first_day < as_of
	ORDER BY 1;
END;

----------------------------------------------------------------
-- Readers of one customer
----------------------------------------------------------------

-- Everything that takes at most as_of; without as_of nothing is left out, and
-- what needs one is NULL.
CREATE FUNCTION reference.summary(t reference.timeline, as_of date DEFAULT NULL)
RETURNS TABLE (first_at date, last_at date, orders bigint, active_days int, revenue numeric,
			   tenure int, overdue float8)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.first_at,
		   nullif(x.last_at, 'infinity'),
		   CASE WHEN NOT (t).levels THEN coalesce(o.orders, 0) END,
		   x.days,
		   o.amount,
		   -- for events to the end of the data, for ranges no further than the
		   -- last day covered
		   CASE WHEN (t).levels THEN nullif(least(as_of - 1, x.last_at), 'infinity') ELSE as_of - 1 END - x.first_at,
		   (as_of - 1 - nullif(x.last_at, 'infinity'))::float8 / nullif((nullif(x.last_at, 'infinity') - x.first_at)::float8 / nullif(x.days - 1, 0), 0)
	FROM (SELECT min(r.first_day) AS first_at, max(r.last_day) AS last_at,
				 CASE WHEN max(r.last_day) = 'infinity' THEN NULL
					  ELSE coalesce(sum(nullif(r.last_day, 'infinity') - r.first_day + 1), 0)::int END AS days
		  FROM reference.active_runs(t, as_of) r) x,
		 (SELECT sum(d.orders)::bigint AS orders, trim_scale(sum(d.amount)) AS amount
		  FROM reference.order_days(t) d
		  WHERE NOT (t).levels AND (as_of IS NULL OR d.day < as_of)) o;
END;

-- Net amount of the days in [since_day, until_day), refunds included.
CREATE FUNCTION reference.revenue(t reference.timeline, since_day date, until_day date) RETURNS numeric
LANGUAGE sql STABLE
RETURN (
	SELECT CASE WHEN (t).has_amount THEN trim_scale(coalesce(sum(d.amount), 0)) END
	FROM reference.order_days(t) d
	WHERE (since_day IS NULL OR d.day >= since_day) AND (until_day IS NULL OR d.day < until_day));

CREATE FUNCTION reference.active(t reference.timeline, since_day date, until_day date) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
	SELECT FROM reference.active_runs(t) r
	WHERE since_day < until_day AND r.first_day < until_day AND r.last_day >= since_day);

-- Repeat purchases: days with an order, the first one aside.  A week has 7
-- days, a month 365/12.
CREATE FUNCTION reference.purchase_summary(t reference.timeline, as_of date, unit text)
RETURNS TABLE (frequency bigint, recency float8, age float8, monetary_value numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT count(*) - 1,
		   (max(d.day) - min(d.day)) / u.days,
		   (as_of - 1 - min(d.day)) / u.days,
		   trim_scale(avg(d.amount) FILTER (WHERE d.number > 1))
	FROM (SELECT o.day, o.amount, row_number() OVER (ORDER BY o.day) AS number
		  FROM reference.order_days(t) o
		  WHERE o.orders > 0 AND o.day < as_of) d,
		 (VALUES ('day', 1::float8), ('week', 7), ('month', 365::float8 / 12)) u (unit, days)
	WHERE u.unit = purchase_summary.unit
	GROUP BY u.days;
END;

CREATE FUNCTION reference.lifecycle(t reference.timeline, as_of date,
									at_risk_after interval DEFAULT '90 days', lost_after interval DEFAULT '180 days')
RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH runs AS (
		SELECT r.first_day, r.last_day, lag(r.last_day) OVER (ORDER BY r.first_day) AS day_before
		FROM reference.active_runs(t, as_of) r
	), x AS (
		SELECT min(r.first_day) AS first_day, max(r.last_day) AS d, count(*) AS runs,
			   -- when the customer came back from the last long silence
			   max(r.first_day) FILTER (WHERE r.day_before + lost_after <= r.first_day) AS back_on
		FROM runs r
	)
	SELECT CASE
		WHEN x.d IS NULL THEN NULL
		WHEN x.d + lost_after < as_of THEN 'lost'
		WHEN x.d + at_risk_after < as_of THEN 'at risk'
		WHEN x.back_on + lost_after > as_of THEN 'won back'
		WHEN CASE WHEN (t).levels THEN x.first_day + at_risk_after >= as_of ELSE x.runs = 1 END THEN 'new'
		ELSE 'regular'
	END
	FROM x;
END;

----------------------------------------------------------------
-- Movements of one customer
----------------------------------------------------------------

-- Where the data of one customer, or with NULL of all, end when nobody says:
-- for events the last one that counts, for ranges the last day on which the
-- level of a customer rises.
CREATE FUNCTION reference.last_rise(has_amount boolean, who text DEFAULT NULL) RETURNS date
LANGUAGE sql STABLE
RETURN (
	SELECT max(l.day)
	FROM (SELECT DISTINCT customer FROM reference.subscription) s,
		 reference.level_changes(ROW(s.customer, true, has_amount)::reference.timeline) l
	WHERE l.level > l.level_before AND (who IS NULL OR s.customer = who));

CREATE FUNCTION reference.period_of(q reference.question, day date) RETURNS date
LANGUAGE sql IMMUTABLE
RETURN reference.period_start(day::timestamp, (q).unit, (q).n, (q).starting);

-- Every period of a calendar grain from one day to another.
CREATE FUNCTION reference.periods(q reference.question, from_day date, to_day date) RETURNS SETOF date
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT p::date
	FROM generate_series(reference.period_of(q, from_day)::timestamp, to_day::timestamp,
						 reference.units((q).n, (q).unit)) p;
END;

-- What turns a period's opening into its closing.  Events: the totals of the
-- period before and of this one, active with an order in it; ranges: the
-- levels of the day before it and of its last day, active above zero.
CREATE FUNCTION reference.timeline_movements(t reference.timeline, q reference.question, as_of date DEFAULT NULL)
RETURNS TABLE (period date, movement text, opening numeric, closing numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH days AS (
		SELECT d.day FROM reference.order_days(t) d WHERE NOT (t).levels
		UNION ALL
		SELECT c.day FROM reference.level_changes(t) c WHERE (t).levels
	), bounds AS (
		-- the period after the last event's is one more change, and the one
		-- after a refund yet another
		SELECT min(d.day) AS first_day,
			   CASE WHEN as_of IS NULL AND (t).levels THEN reference.last_rise((t).has_amount, (t).customer)
					WHEN as_of IS NULL THEN max(d.day)
					ELSE least(as_of - 1, (max(d.day) + 2 * reference.units((q).n, (q).unit))::date) END AS last_day
		FROM days d
	), states AS (
		SELECT p.period, x.closing, x.active
		FROM bounds b,
			 reference.periods(q, b.first_day, b.last_day) p (period),
			 LATERAL (SELECT CASE WHEN (t).has_amount THEN coalesce(sum(d.amount), 0) END, coalesce(sum(d.orders), 0) > 0
					  FROM reference.order_days(t) d
					  WHERE d.day >= p.period AND d.day < reference.row_end(q, p.period) AND NOT (t).levels
					  HAVING NOT (t).levels
					  UNION ALL
					  SELECT l, l > 0
					  FROM reference.level(t, reference.row_end(q, p.period) - 1) l
					  WHERE (t).levels) x (closing, active)
	), moves AS (
		SELECT s.period, s.active, s.closing,
			   CASE WHEN (t).levels OR (t).has_amount THEN lag(s.closing, 1, 0.0) OVER w END AS opening,
			   lag(s.active, 1, false) OVER w AS was_active,
			   coalesce(bool_or(s.active) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS ever_active
		FROM states s
		WINDOW w AS (ORDER BY s.period)
	)
	SELECT v.period, v.movement, trim_scale(v.opening), trim_scale(v.closing)
	FROM (SELECT m.*, CASE
			WHEN m.active AND NOT m.ever_active THEN 'new'
			WHEN m.active AND NOT m.was_active THEN 'reactivated'
			WHEN m.was_active AND NOT m.active THEN 'churned'
			WHEN m.closing > m.opening THEN 'expansion'
			WHEN m.closing < m.opening THEN 'contraction' END AS movement
		  FROM moves m) v
	WHERE v.movement IS NOT NULL
	ORDER BY v.period;
END;

----------------------------------------------------------------
-- Matrices
----------------------------------------------------------------

-- Columns of cohort_cells from what each customer is at each age.  The caller
-- gives cells with size, counts and revenue; NULL revenue: none is known.
CREATE TYPE reference.cell AS (
	cohort date, age int, period date, complete boolean,
	size bigint, active bigint, active_or_later bigint, active_streak bigint, revenue numeric,
	kept numeric, bases numeric
);

CREATE FUNCTION reference.shown_cells(cells reference.cell[])
RETURNS TABLE (
	cohort date, age int, period date,
	cohort_size bigint, active bigint, active_or_later bigint, active_streak bigint, orders bigint,
	revenue numeric, cumulative_revenue numeric,
	retention float8, retention_or_later float8, retention_streak float8,
	revenue_per_customer numeric, revenue_retention float8, complete boolean,
	kept_revenue numeric, gross_revenue_retention float8)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT c.cohort, c.age, c.period,
		   c.size, c.active, c.active_or_later, c.active_streak, NULL::bigint,
		   trim_scale(c.revenue), trim_scale(c.cumulative),
		   CASE WHEN c.complete THEN c.active::float8 / nullif(c.size, 0)::float8 END,
		   CASE WHEN c.complete THEN c.active_or_later::float8 / nullif(c.size, 0)::float8 END,
		   CASE WHEN c.complete THEN c.active_streak::float8 / nullif(c.size, 0)::float8 END,
		   trim_scale(c.cumulative / nullif(c.size, 0)),
		   CASE WHEN c.complete THEN c.revenue::float8 / nullif(c.revenue_0, 0)::float8 END,
		   c.complete,
		   trim_scale(c.kept),
		   CASE WHEN c.complete THEN c.kept::float8 / nullif(c.bases, 0)::float8 END
	FROM (SELECT x.*,
				 sum(x.revenue) OVER w AS cumulative,
				 first_value(x.revenue) OVER w AS revenue_0
		  FROM unnest(cells) x
		  WINDOW w AS (PARTITION BY x.cohort ORDER BY x.age)) c
	ORDER BY c.cohort, c.age;
END;

-- Customers with ranges: the cohort is the period (of the cohort rows) of the
-- first day with a level above zero; with starts, which reference.activity has,
-- of the day of the earliest.
CREATE FUNCTION reference.subscribers(q reference.question)
RETURNS TABLE (customer text, anchor date, cohort date)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT s.customer, s.anchor,
		   reference.period_start(s.anchor::timestamp, reference.row_unit(q), reference.row_count(q), (q).starting)
	FROM (SELECT c.customer, min(r.first_day) AS anchor
		  FROM (SELECT DISTINCT customer FROM reference.subscription) c,
			   reference.active_runs(ROW(c.customer, true, (q).has_amount)::reference.timeline) r
		  WHERE NOT (q).has_start
		  GROUP BY c.customer
		  UNION ALL
		  SELECT a.customer, min(a.started_at)::timestamp::date
		  FROM reference.activity a
		  WHERE (q).has_start AND a.customer IS NOT NULL AND a.started_at IS NOT NULL
		  GROUP BY a.customer) s;
END;

-- The day the data of ranges end on: with starts the last of these, or of the
-- days on which a level above zero of somebody who started begins or grows.
CREATE FUNCTION reference.levels_end(q reference.question) RETURNS date
LANGUAGE sql STABLE
RETURN CASE WHEN (q).has_start THEN (
		SELECT max(greatest(w.anchor, (SELECT max(l.day)
									   FROM reference.level_changes(ROW(w.customer, true, (q).has_amount)::reference.timeline) l
									   WHERE l.level > l.level_before AND l.level > 0)))
		FROM reference.subscribers(q) w)
	ELSE reference.last_rise((q).has_amount) END;

-- Over ranges.  Without starts everybody is active at age 0; at any other age who
-- has a level above zero on its last day.  Revenue is that day's level, orders there are
-- none.
CREATE FUNCTION reference.level_cells(q reference.question, as_of date DEFAULT NULL, up_to_age int DEFAULT NULL)
RETURNS TABLE (
	cohort date, age int, period date,
	cohort_size bigint, active bigint, active_or_later bigint, active_streak bigint, orders bigint,
	revenue numeric, cumulative_revenue numeric,
	retention float8, retention_or_later float8, retention_streak float8,
	revenue_per_customer numeric, revenue_retention float8, complete boolean,
	kept_revenue numeric, gross_revenue_retention float8)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH who AS MATERIALIZED (
		SELECT * FROM reference.subscribers(q)
	), frame AS MATERIALIZED (
		SELECT f.*
		FROM (SELECT min(w.cohort) AS first_row,
					 reference.period_start(reference.levels_end(q)::timestamp,
											reference.row_unit(q), reference.row_count(q), (q).starting) AS last_row
			  FROM who w) b,
			 reference.frame(q, b.first_row, b.last_row, as_of, up_to_age) f
	), ages AS (
		-- every age shown, and on until nothing changes any more: one window
		-- past the last change, or the last bracket
		SELECT a.age
		FROM (SELECT coalesce((SELECT max(f.age) FROM frame f), 0),
					 coalesce((SELECT max(l.day)
							   FROM who w, reference.level_changes(ROW(w.customer, true, (q).has_amount)::reference.timeline) l)
							  - (SELECT min(w.cohort) FROM who w), 0)) m (shown, days),
			 generate_series(0, CASE WHEN (q).cuts IS NOT NULL THEN cardinality((q).cuts) - 2
									 ELSE greatest(m.shown, 1 + m.days / greatest(1, floor(0.9 * extract(epoch FROM reference.units((q).n, (q).unit)) / 86400))::int) END) a (age)
	), states AS (
		SELECT w.customer, w.cohort, a.age, l.level, a.age = 0 AND NOT (q).has_start OR l.level > 0 AS active
		FROM who w, ages a,
			 LATERAL (SELECT reference.level(
				ROW(w.customer, true, (q).has_amount)::reference.timeline,
				(CASE WHEN (q).since_start THEN w.anchor ELSE w.cohort END + reference.span(q, a.age + 1))::date - 1)) l (level)
	), histories AS MATERIALIZED (
		SELECT s.*,
			   -- the first level above zero, from its age on
			   (SELECT b.level FROM states b WHERE b.customer = s.customer AND b.age <= s.age AND b.level > 0 ORDER BY b.age LIMIT 1) AS base,
			   bool_or(s.active) OVER (PARTITION BY s.customer ORDER BY s.age DESC) AS later,
			   -- with starts from age 1 on
			   bool_and(s.active OR s.age = 0) OVER (PARTITION BY s.customer ORDER BY s.age) AS streak
		FROM states s
	)
	SELECT c.*
	FROM (SELECT array_agg(ROW(f.cohort, f.age, f.period, f.complete, x.size, x.active, x.later, x.streak,
							   CASE WHEN (q).has_amount THEN x.revenue END,
							   CASE WHEN (q).has_amount THEN x.kept END,
							   CASE WHEN (q).has_amount THEN x.bases END)::reference.cell) AS cells
		  FROM frame f,
			   LATERAL (SELECT count(*), count(*) FILTER (WHERE h.active), count(*) FILTER (WHERE h.later),
							   count(*) FILTER (WHERE h.streak), coalesce(sum(h.level), 0),
							   coalesce(sum(least(h.level, h.base)) FILTER (WHERE h.base IS NOT NULL), 0),
							   coalesce(sum(h.base), 0)
						FROM histories h
						WHERE h.cohort = f.cohort AND h.age = f.age) x (size, active, later, streak, revenue, kept, bases)) a,
		 reference.shown_cells(a.cells) c;
END;

-- The periods of a calendar grain, up to a day, in which each customer is
-- active: with an order, or with a level above zero on the last day.
CREATE FUNCTION reference.active_periods(q reference.question, levels boolean, until_day date)
RETURNS TABLE (customer text, period date)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT DISTINCT d.customer, reference.period_of(q, d.at::date)
	FROM reference.deeds(q) d
	WHERE NOT levels AND d.is_order
	UNION
	SELECT w.customer, p
	FROM reference.subscribers(q) w,
		 reference.periods(q, w.anchor, until_day) p
	WHERE levels
	  AND reference.level(ROW(w.customer, true, (q).has_amount)::reference.timeline, reference.row_end(q, p) - 1) > 0;
END;

-- Recurring: everybody belongs to the cohort of every period they are active
-- in, and is retained at age k who is active again k periods later.
CREATE FUNCTION reference.recurring_cells(q reference.question, levels boolean, as_of date DEFAULT NULL, up_to_age int DEFAULT NULL)
RETURNS TABLE (
	cohort date, age int, period date,
	cohort_size bigint, active bigint, active_or_later bigint, active_streak bigint, orders bigint,
	revenue numeric, cumulative_revenue numeric,
	retention float8, retention_or_later float8, retention_streak float8,
	revenue_per_customer numeric, revenue_retention float8, complete boolean,
	kept_revenue numeric, gross_revenue_retention float8)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH ends AS (
		SELECT CASE WHEN levels THEN reference.last_rise((q).has_amount)
					ELSE (SELECT max(c.at)::date FROM reference.counted(q) c) END AS last_day,
			   -- one period past the last change and past what is shown
			   (greatest(as_of, (SELECT max(upper(s.days)) FROM reference.subscription s WHERE levels),
						 (SELECT max(lower(s.days)) FROM reference.subscription s WHERE levels),
						 (SELECT max(c.at)::date FROM reference.counted(q) c))
				+ 2 * reference.units((q).n, (q).unit))::date AS until_day
	), active AS MATERIALIZED (
		SELECT a.* FROM ends e, reference.active_periods(q, levels, e.until_day) a
	), frame AS MATERIALIZED (
		SELECT f.*
		FROM ends e,
			 reference.frame(q, (SELECT min(a.period) FROM active a), reference.period_of(q, e.last_day), as_of, up_to_age) f
	), pairs AS MATERIALIZED (
		-- members of each cohort, and each of their active periods from there on
		SELECT m.customer, m.period AS cohort, a.period,
			   -- so far no period was missed
			   row_number() OVER (PARTITION BY m.customer, m.period ORDER BY a.period) - 1 AS nth,
			   max(a.period) OVER (PARTITION BY m.customer, m.period) AS last_period
		FROM active m JOIN active a ON a.customer = m.customer AND a.period >= m.period
	), again AS (
		SELECT f.cohort, f.age, count(p.customer) AS active, count(*) FILTER (WHERE p.nth = f.age) AS streak
		FROM frame f LEFT JOIN pairs p ON p.cohort = f.cohort AND p.period = f.period
		GROUP BY f.cohort, f.age
	)
	SELECT c.*
	FROM (SELECT array_agg(ROW(f.cohort, f.age, f.period, f.complete, x.size, a.active, x.later, a.streak, NULL, NULL, NULL)::reference.cell) AS cells
		  FROM frame f
		  JOIN again a ON a.cohort = f.cohort AND a.age = f.age,
			   LATERAL (SELECT count(*), count(*) FILTER (WHERE p.last_period >= f.period)
						FROM pairs p
						WHERE p.cohort = f.cohort AND p.period = f.cohort) x (size, later)) a,
		 reference.shown_cells(a.cells) c;
END;
