-- Readers of a timeline: first_at, last_at, orders, active_days, revenue,
-- active, level, tenure, timeline_days.
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

-- Orders: a refund before the first order and one after the last.
CREATE TEMP TABLE orders (name text, t timeline);
INSERT INTO orders VALUES
('money', '{"zone": "", "levels": false, "money": true, "day": ["2024-01-03","2024-01-05","2024-02-11","2024-02-12"], "orders": [0,1,2,0], "amount": [-1,12.5,30,-3]}'),
('no money', '{"zone": "", "levels": false, "money": false, "day": ["2024-01-05","2024-02-11"], "orders": [1,2]}'),
('refunds', '{"zone": "", "levels": false, "money": true, "day": ["2024-01-05","2024-02-11"], "orders": [0,0], "amount": [-5,-6]}'),
('empty', '{"zone": "", "levels": false, "money": true, "day": [], "orders": [], "amount": []}');
-- Levels: two spells, the second without an end; one that ends; a level of
-- nothing and of less than nothing is no activity.
CREATE TEMP TABLE levels (name text, t timeline);
INSERT INTO levels VALUES
('open', '{"zone": "", "levels": true, "money": true, "day": ["2024-01-05","2024-02-11","2024-03-01","2024-04-01"], "level": [100,70.25,0,50]}'),
('closed', '{"zone": "", "levels": true, "money": false, "day": ["2024-01-05","2024-01-31","2024-02-11"], "level": [1,2,0]}'),
('debt', '{"zone": "", "levels": true, "money": true, "day": ["2024-01-05","2024-01-07","2024-01-09","2024-01-11"], "level": [-5,5,-5,0]}'),
('nothing', '{"zone": "", "levels": true, "money": true, "day": [], "level": []}');

-- days of orders: 01-05 and 02-11
SELECT name, first_at(t), last_at(t), orders(t), active_days(t), revenue(t)
FROM orders ORDER BY name;
-- [01-05, 03-01) and [04-01, ...); [01-05, 02-11), 37 days; [01-07, 01-09)
SELECT name, first_at(t), last_at(t), active_days(t) FROM levels ORDER BY name;

-- revenue and activity in windows [since_day, until_day)
CREATE TEMP TABLE windows (n int, since_day date, until_day date);
INSERT INTO windows VALUES (1, NULL, NULL), (2, '-infinity', 'infinity'),
(3, '2024-01-05', '2024-02-11'), (4, '2024-01-06', '2024-02-12'), (5, '2024-02-12', NULL),
(6, NULL, '2024-01-05'), (7, '2024-01-06', '2024-02-11'), (8, '2024-02-11', '2024-02-11'),
(9, '2024-02-12', '2024-01-05'), (10, 'infinity', NULL), (11, NULL, '-infinity'),
(12, '4714-11-24 BC', '5874897-12-31'), (13, '2024-03-01', '2024-04-01'), (14, '2030-01-01', '2030-01-02');
SELECT n, revenue(o.t, since_day, until_day), active(o.t, since_day, until_day) AS bought,
	active(l.t, since_day, until_day) AS subscribed
FROM windows, orders o, levels l WHERE o.name = 'money' AND l.name = 'open' ORDER BY n;
SELECT revenue(t, until_day => '2024-02-01'), revenue(t, since_day => '2024-02-01')
FROM orders WHERE name = 'money';

-- levels: before, in, at the change, in the gap, and for ever after
SELECT d::date, max(level(t, d::date)) FILTER (WHERE name = 'open') AS open,
	max(level(t, d::date)) FILTER (WHERE name = 'closed') AS closed,
	max(level(t, d::date)) FILTER (WHERE name = 'debt') AS debt,
	max(level(t, d::date)) FILTER (WHERE name = 'nothing') AS nothing
FROM levels, unnest('{4714-11-24 BC, 2024-01-04, 2024-01-05, 2024-01-08, 2024-01-31,
	2024-02-10, 2024-02-11, 2024-02-29, 2024-03-01, 2024-04-01, 5874897-12-31}'::date[]) d
GROUP BY d ORDER BY d;

-- tenure: to the day before as_of; of levels to the last active day before
-- it, if earlier.  01-31 to 03-05 are 34 days.
SELECT tenure('{"zone": "", "levels": false, "money": false, "day": ["2020-01-31"], "orders": [1]}', '2020-03-06');
SELECT as_of, max(tenure(o.t, as_of)) AS orders,
	max(tenure(l.t, as_of)) FILTER (WHERE l.name = 'open') AS open,
	max(tenure(l.t, as_of)) FILTER (WHERE l.name = 'closed') AS closed,
	max(tenure(l.t, as_of)) FILTER (WHERE l.name = 'debt') AS debt
FROM orders o, levels l, unnest('{2023-12-31, 2024-01-05, 2024-01-06, 2024-01-08, 2024-02-11,
	2024-02-12, 2024-03-01, 2024-03-02, 2024-04-01, 2024-04-02, 2025-01-05}'::date[]) as_of
WHERE o.name = 'money' GROUP BY as_of ORDER BY as_of;
-- all the days there are
SELECT tenure('{"zone": "", "levels": false, "money": false, "day": ["4714-11-24 BC"], "orders": [1]}', '5874897-12-31'),
	active_days('{"zone": "", "levels": true, "money": false, "day": ["4714-11-24 BC","5874897-12-31"], "level": [1,0]}'),
	date '5874897-12-31' - date '4714-11-24 BC' AS days;

-- the days themselves
SELECT name, d.* FROM orders, timeline_days(t) d ORDER BY name, day;
SELECT name, d.* FROM levels, timeline_days(t) d ORDER BY name, day;
SELECT (timeline_days(t)).* FROM orders WHERE name = 'no money';
-- not all of them read, and read again and again
SELECT name, timeline_days(t) FROM orders LIMIT 2;
SELECT count(*), sum(amount) FROM orders, generate_series(1, 1000), timeline_days(t);

-- NULL
SELECT first_at(NULL), last_at(NULL), orders(NULL), active_days(NULL), revenue(NULL),
	active(NULL, NULL, NULL), level(NULL, '2024-01-01'), tenure(NULL, '2024-01-01');
SELECT level(t, NULL), tenure(t, NULL) FROM levels WHERE name = 'open';
SELECT * FROM timeline_days(NULL);

-- errors
SELECT code, message, detail, hint FROM unnest(ARRAY[
	$$SELECT orders(t) FROM levels WHERE name = 'nothing'$$,
	$$SELECT revenue(t) FROM levels WHERE name = 'open'$$,
	$$SELECT level(t, '2024-01-01') FROM orders WHERE name = 'empty'$$,
	$$SELECT level(t, 'infinity') FROM levels WHERE name = 'open'$$,
	$$SELECT tenure(t, 'infinity') FROM orders WHERE name = 'money'$$,
	$$SELECT tenure(t, '-infinity') FROM levels WHERE name = 'open'$$,
	$$SELECT active(t) FROM levels$$]) q, pg_temp.refused(q);

-- Against the definitions: 140 customers with up to six days of orders or
-- refunds, 140 with up to six changes of level, all within 120 days.
CREATE TEMP TABLE days AS
SELECT customer, day, (hash % 7) % 3 AS orders, CASE WHEN (hash % 7) % 3 = 0 THEN -1 ELSE 1 END * (hash % 1000) / 100.0 AS amount,
	hash % 4 - 1 AS level
FROM generate_series(1, 140) customer, generate_series(1, 6) i,
	LATERAL (SELECT abs(hashint4(customer * 100 + i)::bigint) AS hash) h,
	LATERAL (SELECT date '2024-01-01' + ((customer * 37 + i * (customer % 17 + 1)) % 120) AS day) d
WHERE i <= customer % 7;
DELETE FROM days a USING days b WHERE a.customer = b.customer AND a.day = b.day AND a.ctid > b.ctid;
CREATE TEMP TABLE built AS
SELECT customer,
	format('{"zone": "", "levels": false, "money": true, "day": %s, "orders": %s, "amount": %s}',
		json_agg(day ORDER BY day), json_agg(orders ORDER BY day), json_agg(trim_scale(amount) ORDER BY day))::timeline AS o,
	format('{"zone": "", "levels": true, "money": true, "day": %s, "level": %s}',
		json_agg(day ORDER BY day), json_agg(level ORDER BY day))::timeline AS l
FROM days GROUP BY customer;
-- every day until all changes are past, with the level in force
CREATE TEMP TABLE calendar AS
SELECT customer, d::date AS day, coalesce((SELECT level FROM days x
	WHERE x.customer = b.customer AND x.day <= d ORDER BY x.day DESC LIMIT 1), 0) AS level
FROM built b, generate_series(date '2023-12-31', date '2024-05-10', interval '1 day') d;
SELECT count(*) AS customers,
	count(*) FILTER (WHERE first_at(o) IS DISTINCT FROM first) AS first,
	count(*) FILTER (WHERE last_at(o) IS DISTINCT FROM last) AS last,
	count(*) FILTER (WHERE orders(o) IS DISTINCT FROM n) AS orders,
	count(*) FILTER (WHERE active_days(o) IS DISTINCT FROM active) AS active_days,
	count(*) FILTER (WHERE revenue(o) IS DISTINCT FROM revenue) AS revenue,
	count(*) FILTER (WHERE revenue(o, '2024-01-20', '2024-02-20') IS DISTINCT FROM part) AS part,
	count(*) FILTER (WHERE active(o, '2024-01-20', '2024-02-20') IS DISTINCT FROM in_part) AS in_part,
	count(*) FILTER (WHERE tenure(o, '2024-02-20') IS DISTINCT FROM date '2024-02-19' - first_before) AS tenure
FROM built JOIN (
	SELECT customer, min(day) FILTER (WHERE orders > 0) AS first, max(day) FILTER (WHERE orders > 0) AS last,
		sum(orders) AS n, count(*) FILTER (WHERE orders > 0) AS active, sum(amount) AS revenue,
		coalesce(sum(amount) FILTER (WHERE day >= '2024-01-20' AND day < '2024-02-20'), 0) AS part,
		bool_or(orders > 0 AND day >= '2024-01-20' AND day < '2024-02-20') AS in_part,
		min(day) FILTER (WHERE orders > 0 AND day < '2024-02-20') AS first_before
	FROM days GROUP BY customer) r USING (customer);
SELECT count(*) AS customers,
	count(*) FILTER (WHERE first_at(l) IS DISTINCT FROM first) AS first,
	count(*) FILTER (WHERE last_at(l) IS DISTINCT FROM CASE WHEN NOT open THEN last END) AS last,
	count(*) FILTER (WHERE active_days(l) IS DISTINCT FROM CASE WHEN NOT open THEN active END) AS active_days,
	count(*) FILTER (WHERE active(l, '2024-01-20', '2024-01-30') IS DISTINCT FROM in_part) AS in_part,
	count(*) FILTER (WHERE tenure(l, '2024-02-20') IS DISTINCT FROM last_before - first_before) AS tenure
FROM built JOIN (
	SELECT customer, min(day) FILTER (WHERE level > 0) AS first, max(day) FILTER (WHERE level > 0) AS last,
		count(*) FILTER (WHERE level > 0) AS active, bool_or(level > 0 AND day = '2024-05-10') AS open,
		bool_or(level > 0 AND day >= '2024-01-20' AND day < '2024-01-30') AS in_part,
		min(day) FILTER (WHERE level > 0 AND day < '2024-02-20') AS first_before,
		max(day) FILTER (WHERE level > 0 AND day < '2024-02-20') AS last_before
	FROM calendar GROUP BY customer) r USING (customer);
SELECT count(*) AS days, count(*) FILTER (WHERE level(l, day) IS DISTINCT FROM level) AS level
FROM calendar JOIN built USING (customer);
SELECT count(*) AS missing FROM (
	(SELECT customer, day, orders, amount FROM days
	 EXCEPT SELECT customer, d.* FROM built, timeline_days(o) d)
	UNION ALL
	(SELECT customer, d.* FROM built, timeline_days(o) d
	 EXCEPT SELECT customer, day, orders, amount FROM days)) x;
