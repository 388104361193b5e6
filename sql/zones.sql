-- The zone in which instants are cut: named as a grain, and required to be
-- named (retention.require_zone).
SET timezone = 'America/New_York';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TABLE orders (customer int, at timestamptz, amount numeric);
INSERT INTO orders VALUES
	(1, '2024-01-31 23:30+00', 10), (1, '2024-02-29 23:30+00', 20), (2, '2024-01-15 03:00+00', 5), (2, '2024-03-31 22:30+00', 7);

-- A zone as a grain is the zone as text.
SELECT customer, timeline(at, amount, 'day at Europe/Paris'::grain)
FROM orders GROUP BY customer ORDER BY customer;

SELECT customer, timeline(at, amount, 'day at Europe/Paris'::grain) = timeline(at, amount, 'Europe/Paris') AS as_text,
	timeline(at, amount, 'day'::grain) = timeline(at, amount) AS as_session,
	timeline(tstzrange(at, at + interval '40 hours'), amount, 'day at asia/kolkata'::grain)
		= timeline(tstzrange(at, at + interval '40 hours'), amount, 'Asia/Kolkata') AS ranges,
	timeline(at::timestamp, NULL, 'day at Asia/Kolkata'::grain) = timeline(at::timestamp) AS local_already
FROM orders GROUP BY customer ORDER BY customer;

-- An untyped literal is text, as it was before there was a choice.
SELECT timeline(at, amount, 'Europe/Paris') = timeline(at, amount, text 'Europe/Paris') AS literal,
	timeline(at, NULL, 'Europe/Paris') = timeline(at, NULL, text 'Europe/Paris') AS without_amount
FROM orders WHERE customer = 1;
PREPARE with_zone AS SELECT timeline(at, amount, $1) = timeline(at, amount, 'Europe/Paris') FROM orders WHERE customer = 1;
EXECUTE with_zone ('Europe/Paris');
SELECT timeline(at, amount, NULL) FROM orders;
SELECT timeline(at, amount, NULL::grain) FROM orders;

-- Words of a grain that are not called one; grains that are no zone.
SELECT timeline(at, amount, 'day at Europe/Paris') FROM orders;
SELECT timeline(at, amount, 'Europe/Lutetia') FROM orders;
SELECT timeline(at, amount, 'month at Europe/Paris'::grain) FROM orders;
SELECT timeline(at, amount, '2 days'::grain) FROM orders;
SELECT timeline(at, amount, '7 days since start'::grain) FROM orders;
SELECT timeline(at, amount, 'days 0,1,7'::grain) FROM orders;
SELECT timeline(at, amount, CASE customer WHEN 1 THEN 'day at Europe/Paris' ELSE 'day at Asia/Kolkata' END::grain)
FROM orders;

-- ---------------------------------------------------------------
-- retention.require_zone
-- ---------------------------------------------------------------

-- Everything that may take an instant, and not just any number or boolean.  What is new here
-- belongs into the table below, too.
SELECT p.oid::regprocedure
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'retention'
WHERE p.proargtypes[0] IS DISTINCT FROM 'internal'::regtype
	AND ARRAY['"any"', 'timestamptz', 'tstzrange', 'timestamptz[]', 'anyelement', 'anyrange']::regtype[]::oid[] && p.proargtypes::oid[]
	AND p.proname !~ '^(cac|csat|conditions)'
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- A call, the same with its zone named (NULL: it cannot be, or need not), and
-- whether an instant is cut in it.
CREATE TABLE calls (n serial, call text, named text, cut boolean);
INSERT INTO calls (call, named, cut) VALUES
	('cohort_matrix(customer, at, ''month'')', 'cohort_matrix(customer, at, ''month at America/New_York'')', true),
	('cohort_matrix(customer, at, amount, ''month'')', 'cohort_matrix(customer, at, amount, ''month at America/New_York'')', true),
	('cohort_matrix(customer, at, at, amount, ''month'')', 'cohort_matrix(customer, at, at, amount, ''month at America/New_York'')', true),
	('cohort_matrix(customer, at::date, at, amount, ''month'')', 'cohort_matrix(customer, at::date, at, amount, ''month at America/New_York'')', true),
	('cohort_matrix(customer, at, at::date, amount, ''month'')', 'cohort_matrix(customer, at, at::date, amount, ''month at America/New_York'')', true),
	('cohort_matrix(customer, at, ''24 hours since start'')', 'cohort_matrix(customer, at, ''24 hours since start at America/New_York'')', true),
	('cohort_matrix(customer, tstzrange(at, NULL), ''month'')', 'cohort_matrix(customer, tstzrange(at, NULL), ''month at America/New_York'')', true),
	('cohort_matrix(customer, at::date, ''month'')', NULL, false),
	('cohort_matrix(customer, at::timestamp, ''month'')', NULL, false),
	('cohort_matrix(customer, daterange(at::date, NULL), amount, ''month'')', NULL, false),
	('recurring_matrix(customer, at, ''month'')', 'recurring_matrix(customer, at, ''month at America/New_York'')', true),
	('recurring_matrix(customer, at, amount, ''month'')', 'recurring_matrix(customer, at, amount, ''month at America/New_York'')', true),
	('recurring_matrix(customer, at, at, amount, ''month'')', 'recurring_matrix(customer, at, at, amount, ''month at America/New_York'')', true),
	('recurring_matrix(customer, at, at, amount, ''month'', 2)', 'recurring_matrix(customer, at, at, amount, ''month at America/New_York'', 2)', true),
	('recurring_matrix(customer, at::date, ''month'')', NULL, false),
	('customer_movements(customer, at, ''month'')', 'customer_movements(customer, at, ''month at America/New_York'')', true),
	('customer_movements(customer, at, amount, ''month'')', 'customer_movements(customer, at, amount, ''month at America/New_York'')', true),
	('customer_movements(customer, tstzrange(at, NULL), amount, ''month'')', 'customer_movements(customer, tstzrange(at, NULL), amount, ''month at America/New_York'')', true),
	('customer_movements(customer, at::date, amount, ''month'')', NULL, false),
	('customer_movements(customer, at, amount, ''month'', 2)', 'customer_movements(customer, at, amount, ''month at America/New_York'', 2)', true),
	('cohort_matrix(customer, at::date, tstzrange(at, NULL), amount, ''month'')', 'cohort_matrix(customer, at::date, tstzrange(at, NULL), amount, ''month at America/New_York'')', true),
	('timeline(at)', 'timeline(at, NULL, ''day at America/New_York''::grain)', true),
	('timeline(at, amount)', 'timeline(at, amount, ''America/New_York'')', true),
	('timeline(at, amount, ''day''::grain)', 'timeline(at, amount, ''day at America/New_York''::grain)', true),
	('timeline(tstzrange(at, NULL), amount)', 'timeline(tstzrange(at, NULL), amount, ''America/New_York'')', true),
	('timeline(at::timestamp, amount)', NULL, false),
	('timeline(daterange(at::date, NULL))', NULL, false),
	('timeline_of_levels(at, amount)', 'timeline_of_levels(at, amount, ''America/New_York'')', true),
	('timeline_of_levels(at, amount, ''day''::grain)', 'timeline_of_levels(at, amount, ''day at America/New_York''::grain)', true),
	('timeline_of_levels(at::date, amount)', NULL, false),
	('funnel(customer, at, customer, ''7 days'')', NULL, true),
	('funnel(customer, at, customer, ''7 days'', ''strict order'')', NULL, true),
	('funnel(customer, at, customer, ''1 month'')', NULL, true),
	('funnel(customer, at, customer, ''168 hours'')', NULL, false),
	('funnel(customer, at, customer, ''168 hours'', ''default'', ''month'')', 'funnel(customer, at, customer, ''168 hours'', ''default'', ''month at America/New_York'')', true),
	('funnel(customer, at::date, customer, ''7 days'', ''default'', ''month'')', NULL, false),
	('funnel(customer, at::timestamp, customer, ''7 days'')', NULL, false),
	('window_funnel(interval ''7 days'', at, ''default'', customer = 1, customer = 2)', NULL, true),
	('window_funnel(interval ''168 hours'', at, ''default'', customer = 1, customer = 2)', NULL, false),
	('window_funnel(interval ''7 days'', at::date, ''default'', customer = 1, customer = 2)', NULL, false),
	('window_funnel(7, customer, ''default'', customer = 1, customer = 2)', NULL, false),
	('sequence_match(''(?1)(?t<=86400)(?2)'', at, customer = 1, customer = 2)', NULL, false),
	('sequence_count(''(?1)(?t<=86400)(?2)'', at, customer = 1, customer = 2)', NULL, false),
	('coalesce(sequence_next(''forward'', ''head'', at, customer, true, customer = 1), 0)', NULL, false),
	('journey(customer, at, amount::text, ''7 days'')', NULL, true),
	('journey(customer, at, amount::text, ''168 hours'')', NULL, false),
	('check_events(customer, at, amount, NULL) IS NOT NULL', NULL, false),
	('check_ranges(customer, tstzrange(at, NULL), amount, NULL) IS NOT NULL', NULL, false),
	('earliest(amount, at)', NULL, false),
	('latest(amount, at)', NULL, false),
	('touch_credit(at, at, ''last, within 7 days'') OVER ()', NULL, true),
	('touch_credit(at, at, ''last, within 168 hours'') OVER ()', NULL, false),
	('touch_credit(at, at, ''time decay 7 days'') OVER ()', NULL, false),
	('touch_credit(at::date, at::date, ''last, within 7 days'') OVER ()', NULL, false),
	('max(period_start(at, ''month''))', 'max(period_start(at, ''month at America/New_York''))', true),
	('max(period_end(at, ''month''))', 'max(period_end(at, ''month at America/New_York''))', true),
	('max(period_start(at::date, ''month''))', NULL, false),
	('max(period_end(at::timestamp, ''month''))', NULL, false),
	('max(periods_between(timestamptz ''2024-01-01'', at, ''month''))', 'max(periods_between(timestamptz ''2024-01-01'', at, ''month at America/New_York''))', true),
	('max(periods_between(timestamptz ''2024-01-01'', at, ''month since start''))', 'max(periods_between(timestamptz ''2024-01-01'', at, ''month since start at America/New_York''))', true),
	('max(periods_between(timestamptz ''2024-01-01'', at, ''36 hours since start''))', NULL, false),
	('max(periods_between(date ''2024-01-01'', at::date, ''month''))', NULL, false),
	('max(periods_between(timestamp ''2024-01-01'', at::timestamp, ''month''))', NULL, false);

-- The value of a call as text, or its error.
CREATE FUNCTION outcome(call text, required boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('retention.require_zone', required::text, true);
	EXECUTE format('SELECT (%s)::text FROM orders', call) INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Which function of the list above is not in the table?
SELECT p.oid::regprocedure
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'retention'
WHERE p.proargtypes[0] IS DISTINCT FROM 'internal'::regtype
	AND ARRAY['"any"', 'timestamptz', 'tstzrange', 'timestamptz[]', 'anyelement', 'anyrange']::regtype[]::oid[] && p.proargtypes::oid[]
	AND p.proname !~ '^(cac|csat|conditions)'
	AND NOT EXISTS (SELECT FROM calls WHERE call ~ ('\m' || p.proname || '\('));

-- Off, it changes nothing; on, what is cut in the zone of the session is
-- refused, and what names its zone is what it was.
SELECT call, cut, left(outcome(call, true), 34) AS required,
	CASE WHEN named IS NOT NULL THEN outcome(named, true) = outcome(named, false) AND outcome(named, true) !~ '^22023' END AS named_is_the_same,
	CASE WHEN NOT cut THEN outcome(call, true) = outcome(call, false) END AS exempt_is_the_same
FROM calls ORDER BY n;
SELECT count(*) AS refused_when_off FROM calls WHERE outcome(call, false) ~ '^[0-9A-Z]{5} ';

-- Summaries of timelines are cut already.
SET retention.require_zone = on;
SELECT cohort_matrix(t, 'month') IS NOT NULL AS matrix, customer_movements(t, 'month') IS NOT NULL AS movements
FROM (SELECT timeline(at, amount, 'day at Europe/Paris'::grain) AS t FROM orders GROUP BY customer) x;

-- What the errors say.
SELECT cohort_matrix(customer, at, amount, 'month') FROM orders;
SELECT period_start(at, 'week starting sunday') FROM orders;
SELECT timeline(at) FROM orders;
SELECT timeline(at, amount, 'day'::grain) FROM orders;
SELECT funnel(customer, at, 1, '7 days') FROM orders;
SELECT window_funnel(interval '1 month', at, 'default', true) FROM orders;

-- A calendar made while it was off does not go on.
RESET retention.require_zone;
CREATE FUNCTION first_of_month(at timestamptz) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN period_start(at, 'month');
END $$;
BEGIN;
SELECT first_of_month('2024-05-17 12:00+00');
SET LOCAL retention.require_zone = on;
SELECT first_of_month('2024-05-17 12:00+00');
ROLLBACK;

-- The prefix belongs to the extension.
SET retention.requires_zone = on;
SET retention.require_zone = perhaps;

DROP FUNCTION outcome;
DROP FUNCTION first_of_month;
DROP TABLE orders, calls;
