-- Where one customer stands: purchase_summary, lifecycle, overdue.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- What a query is refused with.
CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT message text,
	OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	message := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE,
		message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
END $$;

-- A timeline with one order on each of the days.
CREATE FUNCTION pg_temp.bought(VARIADIC days date[]) RETURNS timeline LANGUAGE sql AS $$
	SELECT format('{"zone": "", "levels": false, "money": false, "day": %s, "orders": %s}',
		json_agg(day ORDER BY day), json_agg(1))::timeline FROM unnest(days) day
$$;
-- A timeline of levels with these changes: day, level, day, level, ...
CREATE FUNCTION pg_temp.subscribed(VARIADIC changes text[]) RETURNS timeline LANGUAGE sql AS $$
	SELECT format('{"zone": "", "levels": true, "money": true, "day": %s, "level": %s}',
		json_agg(changes[i]), json_agg(changes[i + 1]::int))::timeline
	FROM generate_series(1, cardinality(changes), 2) i
$$;

-- purchase_summary.  The example of the lifetimes package: (1,5,6), (0,0,37),
-- (2,4,37).
SELECT n, s.* FROM (VALUES (1, pg_temp.bought('2015-02-01', '2015-02-06')),
	(2, pg_temp.bought('2015-01-01')),
	(3, pg_temp.bought('2015-01-01', '2015-01-02', '2015-01-05'))) v(n, t),
	purchase_summary(t, '2015-02-08') s ORDER BY n;
-- Several orders a day are one purchase, of the day's net amount; the first
-- day, days of refunds only and what lies at or after as_of do not count.
CREATE TEMP TABLE buyer AS SELECT '{"zone": "", "levels": false, "money": true, "day": ["2024-01-01","2024-01-10","2024-01-22","2024-01-29","2024-02-05","2024-03-01"], "orders": [0,2,1,0,3,1], "amount": [-7,100,20,-5,31,1000]}'::timeline AS t;
SELECT as_of, s.* FROM buyer, unnest('{2024-01-10, 2024-01-11, 2024-01-22, 2024-01-23,
	2024-02-05, 2024-02-06, 2024-03-01, 2024-03-02}'::date[]) as_of, purchase_summary(t, as_of) s;
-- 26 and 50 days as weeks of 7 and months of 365/12 days
SELECT unit, s.*, s.recency = 26 * units / days AS recency, s.age = 50 * units / days AS age
FROM buyer, (VALUES ('day', 1, 1::float8), ('week', 1, 7), ('month', 12, 365), ('MONTH', 12, 365),
	('days', 1, 1), ('Weeks', 1, 7), ('months', 12, 365)) u(unit, units, days),
	purchase_summary(t, '2024-03-01', unit) s;
SELECT frequency, monetary_value FROM purchase_summary(
	'{"zone": "", "levels": false, "money": true, "day": ["2024-01-01","2024-01-02","2024-01-03","2024-01-04"], "orders": [1,1,1,1], "amount": [9,1,0,0]}', '2024-02-01');
SELECT (purchase_summary(t, '2024-01-10')) IS NULL AS before_first,
	(purchase_summary(t, NULL)) IS NULL AS no_as_of,
	(purchase_summary(NULL, '2024-01-10')) IS NULL AS no_timeline FROM buyer;

-- lifecycle: one order on 2024-01-01, 90 days are over with 03-31, 180 with
-- 06-29
SELECT as_of, lifecycle(pg_temp.bought('2024-01-01'), as_of)
FROM unnest('{2024-01-01, 2024-01-02, 2024-03-31, 2024-04-01, 2024-06-29, 2024-06-30, 2030-01-01}'::date[]) as_of;
-- a second order on 04-10, and a third 180 days later, on 10-07: won back as
-- long as 10-07 is less than 180 days ago, which it is on 2025-04-04
SELECT as_of, lifecycle(pg_temp.bought('2024-01-01', '2024-04-10', '2024-10-07', '2024-11-01', '2025-01-15'), as_of)
FROM unnest('{2024-04-01, 2024-04-11, 2024-07-09, 2024-07-10, 2024-10-07, 2024-10-08,
	2025-01-15, 2025-01-31, 2025-04-04, 2025-04-05, 2025-04-15, 2025-04-16, 2025-07-14, 2025-07-15}'::date[]) as_of;
-- a gap of 179 days is none
SELECT lifecycle(pg_temp.bought('2024-01-01', '2024-06-28'), '2024-07-01') AS days_179,
	lifecycle(pg_temp.bought('2024-01-01', '2024-06-29'), '2024-07-01') AS days_180;
-- months are calendar months, clamped: 01-31 + 1 month = 02-29, + 2 = 03-31
SELECT as_of, lifecycle(pg_temp.bought('2024-01-31'), as_of, '1 month', '2 months')
FROM unnest('{2024-02-29, 2024-03-01, 2024-03-31, 2024-04-01}'::date[]) as_of;
-- hours count, too: 01-31 12:00 is before 02-01
SELECT lifecycle(pg_temp.bought('2024-01-31'), '2024-02-01', '12 hours', '1 day') AS hours_12,
	lifecycle(pg_temp.bought('2024-01-31'), '2024-02-01', '24 hours', '36 hours') AS hours_24;
-- limits that are out of reach, and the last day there is
SELECT lifecycle(pg_temp.bought('2000-01-01', '2000-01-02'), '5874897-12-31', '100000000 years', '178000000 years') AS never,
	lifecycle(pg_temp.bought('4714-11-24 BC'), '5874897-12-31') AS long_ago,
	lifecycle(pg_temp.bought('5874897-12-30'), '5874897-12-31') AS far;

-- levels: subscribed from 01-01 to 03-31, again from 12-01
SELECT as_of, lifecycle(t, as_of), round(overdue(t, as_of)::numeric, 4) AS overdue
FROM pg_temp.subscribed('2024-01-01', '10', '2024-02-01', '20', '2024-04-01', '0', '2024-12-01', '5') t,
	unnest('{2024-01-01, 2024-01-02, 2024-03-31, 2024-04-01, 2024-06-29, 2024-06-30, 2024-09-27,
		2024-09-28, 2024-12-01, 2024-12-02, 2025-05-29, 2025-05-30, 2035-01-01}'::date[]) as_of;

-- overdue.  Orders every ten days: with 20 days of silence twice the rhythm.
SELECT as_of, overdue(pg_temp.bought('2024-01-01', '2024-01-11', '2024-01-21'), as_of)
FROM unnest('{2024-01-01, 2024-01-11, 2024-01-12, 2024-01-17, 2024-01-22, 2024-02-11, 2024-02-16}'::date[]) as_of;

-- NULL
SELECT lifecycle(NULL, '2024-01-01'), lifecycle(t, NULL), lifecycle(t, '2024-02-01', NULL),
	lifecycle(t, '2024-02-01', '90 days', NULL), overdue(NULL, '2024-01-01'), overdue(t, NULL) FROM buyer;
SELECT lifecycle(t, '2024-02-01'), overdue(t, '2024-02-01')
FROM pg_temp.subscribed('2024-01-01', '-3', '2024-01-05', '0') t;

-- errors
SELECT code, message, detail, hint FROM unnest(ARRAY[
	$$SELECT lifecycle(t, '2024-01-01', '90 days', '90 days') FROM buyer$$,
	$$SELECT lifecycle(t, '2024-01-01', '3 months', '2 months 30 days') FROM buyer$$,
	$$SELECT lifecycle(t, '2024-01-01', '200 days') FROM buyer$$,
	$$SELECT lifecycle(t, '2024-01-01', '-1 day') FROM buyer$$,
	$$SELECT lifecycle(t, 'infinity') FROM buyer$$,
	$$SELECT overdue(t, '-infinity') FROM buyer$$,
	$$SELECT purchase_summary(t, 'infinity') FROM buyer$$,
	$$SELECT purchase_summary(t, '2024-01-01', 'year') FROM buyer$$,
	$$SELECT purchase_summary(t, '2024-01-01', '') FROM buyer$$,
	$$SELECT purchase_summary('{"zone": "", "levels": true, "money": true, "day": [], "level": []}', '2024-01-01')$$
	]) q, pg_temp.refused(q);

-- Against the definitions, on 245 customers with up to six days of orders and
-- six changes of level within 300 days, as of 20 days.
CREATE TEMP TABLE days AS
SELECT customer, day, (hash % 7) % 3 AS orders, hash % 3 - 1 AS level
FROM generate_series(1, 245) customer, generate_series(1, 6) i,
	LATERAL (SELECT abs(hashint4(customer * 100 + i)::bigint) AS hash) h,
	LATERAL (SELECT date '2023-12-01' + ((customer * 37 + i * (hash % 53 + 1)) % 300)::int AS day) d
WHERE i <= customer % 7;
DELETE FROM days a USING days b WHERE a.customer = b.customer AND a.day = b.day AND a.ctid > b.ctid;
CREATE TEMP TABLE built AS
SELECT customer, kind, CASE kind WHEN 'orders'
	THEN format('{"zone": "", "levels": false, "money": true, "day": %s, "orders": %s, "amount": %s}',
		json_agg(day ORDER BY day), json_agg(orders ORDER BY day), json_agg(orders - 1 ORDER BY day))
	ELSE format('{"zone": "", "levels": true, "money": true, "day": %s, "level": %s}',
		json_agg(day ORDER BY day), json_agg(level ORDER BY day)) END::timeline AS t
FROM days, unnest('{orders, levels}'::text[]) kind GROUP BY customer, kind;
CREATE TEMP TABLE active AS
SELECT customer, 'orders' AS kind, day FROM days WHERE orders > 0
UNION ALL
SELECT customer, 'levels', d::date
FROM (SELECT customer, day, level, lead(day, 1, '2024-11-01') OVER (PARTITION BY customer ORDER BY day) AS next FROM days) x,
	generate_series(day, next - 1, interval '1 day') d
WHERE level > 0;
CREATE TEMP TABLE seen AS
SELECT as_of, customer, kind, day, lag(day) OVER (PARTITION BY as_of, customer, kind ORDER BY day) AS before
FROM active, LATERAL (SELECT date '2023-12-15' + 16 * i AS as_of FROM generate_series(1, 20) i) a WHERE day < as_of;
CREATE TEMP TABLE expected AS
SELECT as_of, customer, kind, CASE
	WHEN d + lost_after < as_of THEN 'lost'
	WHEN d + at_risk_after < as_of THEN 'at risk'
	WHEN returned + lost_after > as_of THEN 'won back'
	WHEN CASE kind WHEN 'orders' THEN n = 1 ELSE first + at_risk_after >= as_of END THEN 'new'
	ELSE 'regular' END AS state, at_risk_after, lost_after,
	CASE WHEN n > 1 THEN (as_of - 1 - d)::float8 * (n - 1) / (d - first) END AS overdue,
	n, first, d
FROM (VALUES (interval '20 days', interval '45 days'), ('1 month', '2 months'), ('1 month 36 hours', '75 days 1 hour')) l(at_risk_after, lost_after),
	LATERAL (SELECT as_of, customer, kind, max(day) AS d, min(day) AS first, count(*) AS n,
		max(day) FILTER (WHERE before + lost_after <= day) AS returned
	FROM seen GROUP BY 1, 2, 3) s;
SELECT kind, state, count(*) > 20 AS many,
	count(*) FILTER (WHERE lifecycle(t, as_of, at_risk_after, lost_after)::text IS DISTINCT FROM state) AS lifecycle,
	count(*) FILTER (WHERE overdue(t, as_of) IS DISTINCT FROM overdue) AS overdue
FROM expected JOIN built USING (customer, kind) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE (p.frequency, p.recency, p.age) IS DISTINCT FROM
	(e.n - 1, (e.d - first)::float8, (as_of - 1 - first)::float8)) AS summary,
	count(*) FILTER (WHERE monetary_value IS DISTINCT FROM (SELECT avg(orders - 1) FROM days x
		WHERE x.customer = e.customer AND orders > 0 AND day > first AND day < as_of)) AS money
FROM expected e JOIN built USING (customer, kind), purchase_summary(t, as_of) p WHERE kind = 'orders';
-- nobody else has a state
SELECT count(*) > 100 AS many, count(lifecycle(t, as_of)) AS states, count(overdue(t, as_of)) AS overdue
FROM built, LATERAL (SELECT date '2023-12-15' + 16 * i AS as_of FROM generate_series(1, 20) i) a
WHERE NOT EXISTS (SELECT FROM expected e WHERE e.as_of = a.as_of AND e.customer = built.customer AND e.kind = built.kind);

-- The states are an enum, in the order of a life; words that are none are errors,
-- and a text is asked for.
SELECT unnest(enum_range(NULL::lifecycle_state)) AS state;
SELECT s, lifecycle(pg_temp.bought('2024-01-01'), s) AS state, pg_typeof(lifecycle(pg_temp.bought('2024-01-01'), s))
FROM unnest('{2024-01-02,2024-04-10,2024-09-01}'::date[]) s ORDER BY state DESC;
SELECT lifecycle(pg_temp.bought('2024-01-01'), '2024-02-01') IN ('new', 'regular') AS known, lifecycle(pg_temp.bought('2024-01-01'), '2024-02-01') < 'lost' AS before,
	lifecycle(pg_temp.bought('2024-01-01'), '2024-02-01')::text LIKE 'n%' AS like, 'state ' || lifecycle(pg_temp.bought('2024-01-01'), '2024-02-01') AS text;
SELECT q, r.code, r.message FROM (VALUES
	('SELECT lifecycle(timeline(date ''2024-01-01''), ''2024-02-01'') = ''at_risk'''),
	('SELECT coalesce(lifecycle(timeline(date ''2024-01-01''), ''2024-02-01''), ''none'')'),
	('SELECT lifecycle(timeline(date ''2024-01-01''), ''2024-02-01'') LIKE ''n%'''),
	('SELECT lifecycle(timeline(date ''2024-01-01''), ''2024-02-01'') UNION SELECT ''x''::text')) v (q), pg_temp.refused(q) r;
