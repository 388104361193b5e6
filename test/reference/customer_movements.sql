-- Customer movements from their definition, in plain SQL.
--
-- Nothing here uses the extension.  Load cohort_matrix.sql and timeline.sql
-- first: the calendar, the deeds and the levels are there, and how to fill
-- reference.activity or reference.subscription.  Then
--
--     SELECT * FROM reference.movement_rows(q, levels, as_of, back);
--     SELECT * FROM reference.customer_changes(q, levels, as_of, back);
--
-- with q a reference.question of a calendar grain, levels true for ranges, back
-- how many periods before the opening is.

----------------------------------------------------------------
-- One customer in one period
----------------------------------------------------------------

CREATE FUNCTION reference.movers(q reference.question, levels boolean) RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT DISTINCT d.customer FROM reference.deeds(q) d WHERE NOT levels
	UNION ALL
	SELECT DISTINCT s.customer FROM reference.subscription s WHERE levels AND s.customer IS NOT NULL;
END;

-- The days on which something happens to a customer: an order or a refund, a
-- change of the level.  The data end on the last of those that last is true
-- of: for ranges only a level above zero that begins or grows.
CREATE FUNCTION reference.movement_days(q reference.question, levels boolean)
RETURNS TABLE (customer text, day date, last boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT d.customer, d.at::date, true
	FROM reference.deeds(q) d
	WHERE NOT levels
	UNION ALL
	SELECT m, c.day, c.level > c.level_before AND c.level > 0
	FROM reference.movers(q, true) m,
		 reference.level_changes(ROW(m, true, (q).has_amount)::reference.timeline) c
	WHERE levels;
END;

-- What each customer is worth in every period up to the one of a day.  Events:
-- the total of the period, active with an order in it.  Ranges: the level of
-- the period's last day, active above zero.  Without amounts the value of
-- events is NULL, and a level is the number of ranges.
CREATE FUNCTION reference.customer_values(q reference.question, levels boolean, until_day date)
RETURNS TABLE (customer text, period date, value numeric, active boolean, orders bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH periods AS MATERIALIZED (
		SELECT p AS period, reference.row_end(q, p) AS period_end
		FROM reference.periods(q, (SELECT min(d.day) FROM reference.movement_days(q, levels) d), until_day) p
	), deeds AS MATERIALIZED (
		SELECT d.customer, d.at::date AS day, d.amount, d.is_order FROM reference.deeds(q) d WHERE NOT levels
	)
	SELECT m, p.period,
		   CASE WHEN levels THEN l.level
				WHEN (q).has_amount THEN coalesce(t.amount, 0) END,
		   CASE WHEN levels THEN l.level > 0 ELSE t.orders > 0 END,
		   CASE WHEN NOT levels THEN t.orders END
	FROM reference.movers(q, levels) m,
		 periods p,
		 LATERAL (SELECT sum(d.amount), count(*) FILTER (WHERE d.is_order)
				  FROM deeds d
				  WHERE d.customer = m AND d.day >= p.period AND d.day < p.period_end) t (amount, orders),
		 LATERAL (SELECT CASE WHEN levels THEN
						reference.level(ROW(m, true, (q).has_amount)::reference.timeline, p.period_end - 1) END) l (level);
END;

-- What turns the opening, which is the closing so many periods back, into the
-- closing; movement is NULL where nothing does.
CREATE FUNCTION reference.customer_movements(q reference.question, levels boolean, until_day date, back int DEFAULT 1)
RETURNS TABLE (customer text, period date, opening numeric, closing numeric,
			   was_active boolean, active boolean, ever_active boolean, orders bigint, movement text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.customer, x.period, x.opening, x.closing, x.was_active, x.active, x.ever_active, x.orders,
		   CASE
				WHEN x.active AND NOT x.ever_active THEN 'new'
				WHEN x.active AND NOT x.was_active THEN 'reactivated'
				WHEN x.was_active AND NOT x.active THEN 'churned'
				WHEN x.closing > x.opening THEN 'expansion'
				WHEN x.closing < x.opening THEN 'contraction'
		   END
	FROM (SELECT v.customer, v.period, v.active, v.orders,
				 CASE WHEN levels OR (q).has_amount THEN coalesce(lag(v.value, back) OVER w, 0) END AS opening,
				 v.value AS closing,
				 coalesce(lag(v.active, back) OVER w, false) AS was_active,
				 -- in that period or one before it
				 coalesce(min(v.nth) FILTER (WHERE v.active) OVER (PARTITION BY v.customer) <= v.nth - back, false) AS ever_active
		  FROM (SELECT c.*, row_number() OVER (PARTITION BY c.customer ORDER BY c.period) AS nth
				FROM reference.customer_values(q, levels, until_day) c) v
		  WINDOW w AS (PARTITION BY v.customer ORDER BY v.period)) x;
END;

-- Where each customer's data end when nobody says: in the period of the last
-- such day; a level below zero shows at least where it begins.
CREATE FUNCTION reference.movement_ends(q reference.question, levels boolean)
RETURNS TABLE (customer text, last_period date)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH days AS MATERIALIZED (
		SELECT * FROM reference.movement_days(q, levels)
	)
	SELECT x.customer, max(x.period)
	FROM (SELECT d.customer, reference.period_of(q, max(d.day))
		  FROM days d
		  WHERE d.last
		  GROUP BY d.customer
		  UNION ALL
		  SELECT m.customer, min(m.period)
		  FROM reference.customer_movements(q, levels, (SELECT max(d.day) FROM days d)) m
		  WHERE m.movement IS NOT NULL
		  GROUP BY m.customer) x (customer, period)
	GROUP BY x.customer;
END;

----------------------------------------------------------------
-- The readers
----------------------------------------------------------------

-- With a distance the first rows have no opening, and no rates.
-- From the first period in which anybody moves to the one of the day before
-- as_of; without it to the one in which the data end, somewhere inside.
CREATE FUNCTION reference.movement_rows(q reference.question, levels boolean, as_of date DEFAULT NULL, back int DEFAULT 1)
RETURNS TABLE (
	period date, complete boolean,
	opening_customers bigint, new_customers bigint, reactivated_customers bigint,
	expanded_customers bigint, contracted_customers bigint, retained_customers bigint,
	churned_customers bigint, closing_customers bigint, dormant_customers bigint, orders bigint,
	opening_revenue numeric, new_revenue numeric, reactivated_revenue numeric, expansion_revenue numeric,
	contraction_revenue numeric, churned_revenue numeric, closing_revenue numeric, revenue_per_customer numeric,
	retention_rate float8, churn_rate float8, nrr float8, grr float8,
	quick_ratio float8, returning_share float8, win_back_rate float8)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH ends AS MATERIALIZED (
		SELECT max(e.last_period) AS last_period FROM reference.movement_ends(q, levels) e
	), moves AS MATERIALIZED (
		SELECT m.*, m.closing - m.opening AS gain
		FROM ends e, reference.customer_movements(q, levels, coalesce(as_of - 1, e.last_period), back) m
	), sums AS (
		SELECT m.period,
			   CASE WHEN as_of IS NULL THEN m.period < e.last_period
					ELSE reference.row_end(q, m.period) <= as_of END AS complete,
			   count(*) FILTER (WHERE m.was_active) AS opening,
			   count(*) FILTER (WHERE m.movement = 'new') AS new,
			   count(*) FILTER (WHERE m.movement = 'reactivated') AS reactivated,
			   count(*) FILTER (WHERE m.movement = 'churned') AS churned,
			   count(*) FILTER (WHERE m.was_active AND m.active) AS retained,
			   count(*) FILTER (WHERE m.was_active AND m.active AND m.gain > 0) AS expanded,
			   count(*) FILTER (WHERE m.was_active AND m.active AND m.gain < 0) AS contracted,
			   count(*) FILTER (WHERE m.active) AS closing,
			   count(*) FILTER (WHERE m.ever_active AND NOT m.was_active) AS dormant,
			   sum(m.orders)::bigint AS orders,
			   sum(m.opening) AS opening_revenue,
			   coalesce(sum(m.gain) FILTER (WHERE m.movement = 'new'), 0) AS new_revenue,
			   coalesce(sum(m.gain) FILTER (WHERE m.movement = 'reactivated'), 0) AS reactivated_revenue,
			   coalesce(sum(m.gain) FILTER (WHERE m.movement = 'expansion'), 0) AS expansion_revenue,
			   coalesce(sum(m.gain) FILTER (WHERE m.movement = 'contraction'), 0) AS contraction_revenue,
			   coalesce(sum(m.gain) FILTER (WHERE m.movement = 'churned'), 0) AS churned_revenue,
			   sum(m.closing) AS closing_revenue,
			   nullif(sum(m.opening) FILTER (WHERE m.opening > 0), 0) AS base,
			   sum(m.closing) FILTER (WHERE m.opening > 0) AS kept_or_grown,
			   sum(least(m.opening, m.closing)) FILTER (WHERE m.opening > 0) AS kept
		FROM moves m, ends e
		GROUP BY m.period, e.last_period
	), shown AS (
		SELECT s.*, row_number() OVER (ORDER BY s.period) AS nth
		FROM sums s
		WHERE s.period >= (SELECT min(m.period) FROM moves m WHERE m.movement IS NOT NULL)
	)
	SELECT s.period, s.complete, s.opening, s.new, s.reactivated,
		   CASE WHEN levels OR (q).has_amount THEN s.expanded END,
		   CASE WHEN levels OR (q).has_amount THEN s.contracted END,
		   s.retained, s.churned, s.closing, s.dormant, s.orders,
		   a.opening, a.new, a.reactivated, a.expansion, a.contraction, a.churned,
		   a.closing, trim_scale(a.closing / nullif(s.closing, 0)),
		   c.one * s.retained / nullif(s.opening, 0),
		   c.one * s.churned / nullif(s.opening, 0),
		   a.one * (s.kept_or_grown / s.base)::float8,
		   a.one * (s.kept / s.base)::float8,
		   c.one * ((a.new + a.reactivated + a.expansion) / nullif(-(a.contraction + a.churned), 0))::float8,
		   c.one * ((a.closing - a.new) / nullif(a.closing, 0))::float8,
		   c.one * s.reactivated / nullif(s.dormant, 0)
	FROM shown s
	-- no rate of what is not complete, no money without amounts
	CROSS JOIN LATERAL (SELECT CASE WHEN s.complete AND (back = 1 OR s.nth > back) THEN 1::float8 END) c (one)
	LEFT JOIN LATERAL (
		SELECT c.one, trim_scale(s.opening_revenue), trim_scale(s.new_revenue), trim_scale(s.reactivated_revenue),
			   trim_scale(s.expansion_revenue), trim_scale(s.contraction_revenue), trim_scale(s.churned_revenue),
			   trim_scale(s.closing_revenue)) a (one, opening, new, reactivated, expansion, contraction, churned, closing)
	ON (q).has_amount
	ORDER BY s.period;
END;

-- Who moved: the parts of those rows, customer by customer.  Without as_of each
-- customer's data end where that customer's own do.
CREATE FUNCTION reference.customer_changes(q reference.question, levels boolean, as_of date DEFAULT NULL, back int DEFAULT 1)
RETURNS TABLE (customer text, period date, movement text, opening numeric, closing numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH ends AS MATERIALIZED (
		SELECT * FROM reference.movement_ends(q, levels)
	)
	SELECT m.customer, m.period, m.movement, trim_scale(m.opening), trim_scale(m.closing)
	FROM reference.customer_movements(q, levels, coalesce(as_of - 1, (SELECT max(e.last_period) FROM ends e)), back) m
	WHERE m.movement IS NOT NULL
	  AND (as_of IS NOT NULL OR m.period <= (SELECT e.last_period FROM ends e WHERE e.customer = m.customer))
	ORDER BY m.customer, m.period;
END;
