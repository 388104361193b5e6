-- What is read of one customer's timeline: windows, tenure, repeat purchases,
-- where in the lifecycle, movements; and the aggregates earliest and latest.
-- Vector numbers in brackets.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE readers_orders (customer text, at date, amount numeric);
INSERT INTO readers_orders VALUES
	-- orders, half a year of silence, orders
	('a', '2021-01-01', 10), ('a', '2021-01-31', 20), ('a', '2021-02-05', -5),
	('a', '2021-09-01', 30), ('a', '2021-09-11', 0), ('a', '2021-09-11', -1),
	-- one order, twice on its day
	('b', '2021-03-01', 4), ('b', '2021-03-01', 6),
	-- refunds only
	('c', '2021-03-01', -4),
	-- a refund before the first order
	('d', '2021-01-15', -3), ('d', '2021-02-15', 8), ('d', '2021-04-15', 8);
CREATE TEMP TABLE readers_values AS SELECT customer, timeline(at, amount) AS t FROM readers_orders GROUP BY 1;
CREATE TEMP TABLE readers_plans (customer text, during daterange, amount numeric);
INSERT INTO readers_plans VALUES
	-- [X18] stops, comes back, pays more, stops
	('e', '[2018-11-01,2019-02-01)', 50), ('e', '[2019-04-01,2019-06-01)', 50), ('e', '[2019-06-01,2019-08-01)', 75),
	-- [X18] another plan at the same price
	('f', '[2019-03-01,2019-05-01)', 65), ('f', '[2019-05-01,2019-12-01)', 65),
	-- [X20] the last month paid ends on 2020-06-15
	('g', '[2020-01-15,2020-05-15)', 10), ('g', '[2020-05-15,2020-06-15)', 10),
	-- [X47] inclusive ends
	('h', '[2020-01-01,2020-01-31]', 10), ('h', '[2020-02-01,)', 10),
	-- within one month; then another one, over its end
	('i', '[2020-01-05,2020-01-20)', 10), ('i', '[2020-02-20,2020-03-10)', 10),
	-- less to pay
	('j', '[2020-01-01,2020-03-01)', 100), ('j', '[2020-03-01,)', 70);
INSERT INTO readers_values SELECT customer, timeline(during, amount) FROM readers_plans GROUP BY 1;

-- Windows [since_day, until_day): net money with refunds, active with an order.
SELECT since_day, until_day, revenue(t, since_day, until_day), active(t, since_day, until_day)
FROM readers_values, (VALUES (date '2021-01-01', date '2021-01-31'), ('2021-01-01', '2021-02-01'), ('2021-02-01', '2021-09-01'),
	('2021-09-11', '2021-09-12'), ('2021-09-12', '2030-01-01'), ('2021-09-11', '2021-09-11')) v (since_day, until_day)
WHERE customer = 'a' ORDER BY 1, 2;
SELECT revenue(t) AS "all", revenue(t, '2021-02-01') AS since, revenue(t, until_day => '2021-02-01') AS until,
	revenue(t, since_day => NULL, until_day => NULL) AS everything
FROM readers_values WHERE customer = 'a';

-- [X46] Days from the first to the last day of the data: as_of - 1.
SELECT tenure(t, '2020-03-06') AS days, periods_between(date '2020-01-31', date '2020-03-05', 'month since start') AS months
FROM (SELECT timeline(date '2020-01-31') AS t) x;
SELECT customer, tenure(t, '2021-01-01') AS before, tenure(t, '2021-01-02') AS first, tenure(t, '2021-10-01') AS later
FROM readers_values WHERE customer < 'e' ORDER BY 1;
SELECT customer, tenure(t, '2019-07-01') AS "2019-07", tenure(t, '2021-01-01') AS "2021" FROM readers_values WHERE customer IN ('e', 'h') ORDER BY 1;

-- [X25] Repeat purchases: days with an order after the first, in days.
CREATE TEMP TABLE readers_x25 AS SELECT customer, timeline(at, 10) AS t FROM (VALUES
	('c1', date '2015-02-01'), ('c1', '2015-02-06'), ('c2', '2015-01-01'), ('c3', '2015-01-01'), ('c3', '2015-01-02'), ('c3', '2015-01-05')) v (customer, at) GROUP BY 1;
SELECT customer, frequency, recency, age, monetary_value FROM readers_x25, purchase_summary(t, '2015-02-08') ORDER BY 1;
-- Weeks have 7 days, months 365/12; the unit divides, days stay what they are.
SELECT customer, unit, frequency, round(recency::numeric, 6) AS recency, round(age::numeric, 6) AS age
FROM readers_x25, unnest('{day,week,month}'::text[]) unit, purchase_summary(t, '2015-02-08', unit) WHERE customer <> 'c2' ORDER BY 1, age DESC;
-- The mean net amount of the repeat days; days with refunds only are left out,
-- the first day too.  Days at or after as_of do not count.
SELECT as_of, frequency, recency, age, round(monetary_value::numeric, 6) AS monetary_value
FROM readers_values, unnest('{2021-01-31,2021-02-01,2021-03-01,2021-09-11,2021-09-12}'::date[]) as_of, purchase_summary(t, as_of)
WHERE customer = 'a' ORDER BY 1;
-- One row for everybody; nobody yet: nothing known.  Without amounts no money.
SELECT customer, p.* FROM readers_values, purchase_summary(t, '2021-01-01') p WHERE customer < 'e' ORDER BY 1;
SELECT p.* FROM (SELECT timeline(at) AS t FROM readers_orders WHERE customer = 'd') x, purchase_summary(t, '2021-05-01') p;

-- The lifecycle.  a: at most 90 days after 01-31 (until 05-01) regular, until
-- 07-30 at risk; back on 09-01 after 213 days, and so won back for 180 days,
-- but 90 days after 09-11 at risk.
SELECT as_of, lifecycle(t, as_of)
FROM readers_values, unnest('{2021-01-01,2021-01-02,2021-01-31,2021-02-01,2021-05-01,2021-05-02,2021-07-30,2021-07-31,2021-09-01,2021-09-02,2021-12-10,2021-12-11,2022-03-10,2022-03-11}'::date[]) as_of
WHERE customer = 'a' ORDER BY 1;
-- Other patience: 10 and 30 days.  01-31 is back after exactly 30 days.
SELECT as_of, lifecycle(t, as_of, '10 days', '30 days')
FROM readers_values, unnest('{2021-01-11,2021-01-12,2021-01-31,2021-02-01,2021-02-11,2021-09-11,2021-09-12,2021-09-30}'::date[]) as_of
WHERE customer = 'a' ORDER BY 1;
-- Won back ends when the return is lost_after ago; months count as months.
SELECT as_of, lifecycle(timeline(at), as_of, '1 month', '2 months')
FROM (VALUES (date '2023-01-01'), ('2023-03-01'), ('2023-03-31'), ('2023-04-20'), ('2023-05-15')) v (at),
	unnest('{2023-03-02,2023-04-30,2023-05-01,2023-05-02,2023-06-15,2023-06-16,2023-07-15,2023-07-16}'::date[]) as_of
WHERE at < as_of GROUP BY 1 ORDER BY 1;
-- Refunds make nobody active; one day, however many orders, is new.
SELECT customer, lifecycle(t, '2021-04-16'), lifecycle(t, as_of => '2021-04-16', at_risk_after => '1 day') AS in_a_day FROM readers_values WHERE customer IN ('b', 'c', 'd') ORDER BY 1;
-- Levels: e has one from 2018-11-01 to 2019-01-31 and from 2019-04-01 to
-- 2019-07-31; the gap is 60 days (01-31 to 04-01).
SELECT as_of, lifecycle(t, as_of) AS "90, 180", lifecycle(t, as_of, '20 days', '60 days') AS "20, 60", lifecycle(t, as_of, '20 days', '61 days') AS "20, 61"
FROM readers_values, unnest('{2018-11-01,2018-11-02,2018-11-21,2018-11-22,2019-01-30,2019-01-31,2019-02-20,2019-02-21,2019-04-01,2019-04-02,2019-05-30,2019-05-31,2019-08-20,2019-08-21,2019-09-29,2019-09-30,2019-10-29,2019-10-30,2020-01-27,2020-01-28}'::date[]) as_of
WHERE customer = 'e' ORDER BY 1;

-- Silence over rhythm.  a on 2021-09-21: 9 days since 09-11, three steps in 253
-- days.  One active day has no rhythm.  Who pays now is not silent.
SELECT customer, round(overdue(t, '2021-09-21')::numeric, 9) AS overdue, round(overdue(t, '2021-02-10')::numeric, 9) AS february
FROM readers_values WHERE customer < 'e' ORDER BY 1;
SELECT as_of, round(overdue(t, as_of)::numeric, 9) AS overdue
FROM readers_values, unnest('{2018-11-02,2018-11-03,2019-01-15,2019-03-04,2019-04-02,2019-08-11}'::date[]) as_of WHERE customer = 'e' ORDER BY 1;

-- Movements of orders: totals of the period before and of this one.  A refund
-- of somebody inactive in both moves money only.
SELECT customer, m.* FROM readers_values, timeline_movements(t, 'month', '2021-12-01') m WHERE customer < 'e' ORDER BY 1, 2;
-- as_of hides the periods that begin at or after it.
SELECT as_of, m.* FROM readers_values, unnest('{2021-01-01,2021-03-01,2021-04-01,2021-04-02}'::date[]) as_of, timeline_movements(t, 'month', as_of) m WHERE customer = 'b' ORDER BY 1, 2;
-- Other grains; an order worth nothing is activity all the same.
SELECT m.* FROM readers_values, timeline_movements(t, 'quarter starting february', '2022-01-01') m WHERE customer = 'a' ORDER BY 1;
SELECT m.* FROM (SELECT timeline(at, 0) AS t FROM (VALUES (date '2021-01-01'), ('2021-02-01'), ('2021-05-01')) v (at)) x, timeline_movements(t, 'month', '2021-06-01') m ORDER BY 1;
-- [X18, X20, X47, X49] Movements of levels: the level of the day before the
-- period and of its last day.  What lives within one period is none.
SELECT customer, m.* FROM readers_values, timeline_movements(t, 'month', '2020-12-01') m WHERE customer >= 'e' ORDER BY 1, 2;
SELECT m.* FROM readers_values, timeline_movements(t, 'year', '2021-01-01') m WHERE customer = 'e' ORDER BY 1;

-- A NULL timeline: NULL, or no rows.
SELECT first_at(t) IS NULL AND last_at(t) IS NULL AND orders(t) IS NULL AND active_days(t) IS NULL AND revenue(t) IS NULL
	AND active(t, '2021-01-01', '2022-01-01') IS NULL AND level(t, '2021-01-01') IS NULL AND tenure(t, '2021-01-01') IS NULL
	AND lifecycle(t, '2021-01-01') IS NULL AND overdue(t, '2021-01-01') IS NULL AS all_null,
	(SELECT count(*) FROM timeline_days(t)) AS days, (SELECT count(*) FROM timeline_movements(t, 'month')) AS movements
FROM (SELECT NULL::timeline AS t) x;

-- The first and the last value in time; at one time the smallest.
CREATE TEMP TABLE readers_channels (n int, at timestamptz, channel text, price numeric);
INSERT INTO readers_channels VALUES
	(1, '2024-01-02 10:00', 'search', 5), (2, '2024-01-01 10:00', 'mail', 7), (3, '2024-01-01 10:00', 'banner', 9),
	(4, '2024-03-01', 'shop', 2), (5, '2024-03-01', 'web', 1), (6, NULL, 'aaa', 0);
SELECT earliest(channel, at), latest(channel, at), earliest(price, at) AS first_price, latest(price, at) AS last_price,
	earliest(channel, at::date) AS by_date, latest(n, at::timestamp) AS by_timestamp
FROM readers_channels;
SELECT earliest(channel, at ORDER BY n DESC), latest(channel, at ORDER BY n DESC), earliest(ARRAY[n, 1], at) AS array, latest(channel, at) FILTER (WHERE n < 4) AS filtered
FROM readers_channels;
SELECT earliest(channel, at) IS NULL AS no_time, latest(channel, at) IS NULL AS no_time_either FROM readers_channels WHERE n = 6;
SELECT earliest(channel, at) IS NULL AS no_rows FROM readers_channels WHERE false;
SELECT n, earliest(channel, at) OVER w, latest(channel, at) OVER w FROM readers_channels
WINDOW w AS (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY n;
