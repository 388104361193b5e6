-- Which touch earned it? touch_credit(touched_at, converted_at, rule).
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- Ann converts on June 30 and July 9, Bob on June 30, Cat never; each touch beside
-- the conversions of the customer.
CREATE TEMP TABLE touches (customer text, channel text, touched_on date);
INSERT INTO touches VALUES ('ann', 'ad', '2024-06-02'), ('ann', 'mail', '2024-06-12'), ('ann', 'mail', '2024-06-20'), ('ann', 'fair', '2024-06-29'), ('ann', 'ad', '2024-07-01'),
	('bob', 'ad', '2024-04-01'), ('bob', 'fair', '2024-06-30'), ('cat', 'ad', '2024-06-01'), ('cat', NULL, NULL);
CREATE TEMP TABLE conversions (customer text, converted_on date);
INSERT INTO conversions VALUES ('ann', '2024-06-30'), ('ann', '2024-07-09'), ('bob', '2024-06-30');
CREATE TEMP VIEW pairs AS SELECT * FROM touches LEFT JOIN conversions USING (customer);
SELECT customer, touched_on, converted_on, touch_credit(touched_on, converted_on, 'first') OVER w AS first, touch_credit(touched_on, converted_on, 'last') OVER w AS last,
	touch_credit(touched_on, converted_on, 'linear') OVER w AS linear, touch_credit(touched_on, converted_on, 'position') OVER w AS position,
	touch_credit(touched_on, converted_on, 'time decay 7 days') OVER w AS decay
FROM pairs WINDOW w AS (PARTITION BY customer) ORDER BY customer, converted_on, touched_on;
-- Within 14 days of the touch: those before June 16 are too early for June 30.
SELECT customer, touched_on, converted_on, touch_credit(touched_on, converted_on, 'first, within 14 days') OVER w AS first, touch_credit(touched_on, converted_on, 'last, within 14 days') OVER w AS last,
	touch_credit(touched_on, converted_on, 'Linear within 2 weeks') OVER w AS linear, touch_credit(touched_on, converted_on, 'position within 14 days') OVER w AS position,
	touch_credit(touched_on, converted_on, ' time  decay 1 day , within 14 DAYS') OVER w AS decay
FROM pairs WHERE customer <> 'cat' WINDOW w AS (PARTITION BY customer) ORDER BY customer, converted_on, touched_on;
-- Credits of a conversion add up to 1, or to 0 without a touch in time; by the definition
-- one half-life before the last touch is half of it: 1/7, 2/7, 4/7.
SELECT touch_credit(date '2024-01-01' + 7 * i, '2024-01-30', 'time decay 1 week') OVER () FROM generate_series(0, 2) i;
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'linear') OVER () FROM generate_series(1, 7) i;
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'position') OVER () FROM generate_series(1, 5) i;
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'position') OVER () FROM generate_series(1, 3) i;
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'position') OVER () FROM generate_series(1, 2) i;
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'position') OVER () FROM generate_series(1, 1) i;
-- so many that each earns next to nothing: none is negative
SELECT rule, sum(credit), min(credit), max(credit) FROM unnest('{linear,position,time decay 1 second}'::text[]) rule, LATERAL (SELECT touch_credit(date '2024-01-01', '2024-01-30', rule) OVER () AS credit FROM generate_series(1, 60000) i) c GROUP BY rule ORDER BY rule;
-- ancient touches weigh nothing, and the last one still all
SELECT touch_credit(at, timestamp '2024-01-01', 'time decay 1 second') OVER () FROM unnest('{4713-01-01 BC,2023-12-31}'::timestamp[]) at;

-- Instants: days are counted on the local clock. In Paris the day of March 31 has 23 hours.
SELECT touch_credit(at, timestamptz '2024-03-31 12:00+02', rule) OVER (PARTITION BY rule, at), rule, at AT TIME ZONE 'UTC' AS at
FROM unnest('{last within 1 day,last within 24 hours}'::text[]) rule, unnest('{2024-03-30 11:30+01,2024-03-30 12:00+01,2024-03-30 09:59+00}'::timestamptz[]) at ORDER BY rule, at;
-- months are clamped: February 29 and a month is March 29; the end belongs to the window
SELECT d, touch_credit(d, date '2024-03-29', 'last within 1 month') OVER (PARTITION BY d) FROM unnest('{2024-02-28,2024-02-29,2024-03-29,2024-03-30}'::date[]) d ORDER BY d;
-- times of day count for timestamps; a touch at the conversion is in time
SELECT at, touch_credit(at, timestamp '2024-01-02 10:00', 'linear, within 90 minutes') OVER () FROM unnest('{2024-01-02 08:29,2024-01-02 08:30,2024-01-02 10:00,2024-01-02 10:00:01}'::timestamp[]) at ORDER BY at;
-- at one time in the order of the window
SELECT channel, touch_credit(date '2024-01-01', '2024-01-02', 'first') OVER (ORDER BY channel) AS first, touch_credit(date '2024-01-01', '2024-01-02', 'last') OVER (ORDER BY channel DESC) AS last FROM unnest('{ad,fair,mail}'::text[]) channel ORDER BY channel;
-- a frame is not looked at; a date beside an instant becomes one
SELECT touch_credit(date '2024-01-01' + i, '2024-01-30', 'linear') OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM generate_series(1, 2) i;
SELECT touch_credit(date '2024-01-01', timestamptz '2024-01-01 12:00+01', 'last') OVER ();
-- another rule for another partition
SELECT i, touch_credit(date '2024-01-01' + j, '2024-01-30', CASE i WHEN 1 THEN 'first' ELSE 'linear' END) OVER (PARTITION BY i) FROM generate_series(1, 2) i, generate_series(1, 2) j ORDER BY i, j;

-- Shares of customers for cac: what a channel costs a customer.
SELECT channel, sum(credit) AS customers, cac(cost, credit) AS cac
FROM (SELECT channel, NULL::numeric AS cost, touch_credit(touched_on, converted_on, 'linear') OVER (PARTITION BY customer) AS credit FROM pairs
	UNION ALL SELECT * FROM (VALUES ('ad', 115, NULL::numeric), ('mail', 36, NULL), ('fair', 475, NULL)) c (channel, cost, none)) t
GROUP BY channel ORDER BY channel;

-- What is no rule
SELECT touch_credit(date '2024-01-01', date '2024-01-02', NULL) OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', '') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'even') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'time 7 days') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'time decay') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'time decay 1 month') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'time decay 0 days') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'time decay -7 days') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'linear 7 days') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'linear, within 7') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'linear, within 7 fortnights') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'linear, within 99999999999999999999 days') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'linear, within 7 days please') OVER ();
SELECT touch_credit(date '2024-01-01' + i, date '2024-01-02', CASE i WHEN 1 THEN 'first' ELSE 'last' END) OVER (ORDER BY i) FROM generate_series(1, 2) i;
SELECT touch_credit(date 'infinity', date '2024-01-02', 'last') OVER ();
SELECT touch_credit(timestamp '2024-01-01', timestamp '-infinity', 'last') OVER ();
SELECT touch_credit(date '5000000-01-01', date '5000000-01-01', 'last') OVER ();
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'last') OVER () FROM generate_series(1, 1000001);
SELECT touch_credit(date '2024-01-01', date '2024-01-02', 'last');
