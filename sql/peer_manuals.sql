-- What the manuals of other tools show, and questions of theirs beyond their tests:
-- the function is asked, and the column is named by what they answer.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- ClickHouse's manual, parametric aggregate functions: sequenceMatch, sequenceCount
SELECT sequence_match('(?1)(?2)', t, n = 1, n = 2) AS "1", sequence_match('(?1)(?2)', t, n = 1, n = 2, n = 3) AS "0", sequence_match('(?1)(?2)', t, n = 1, n = 2, n = 4) AS "1 too"
FROM (VALUES (1, 1), (2, 3), (3, 2)) v (t, n);
SELECT sequence_count('(?1).*(?2)', t, n = 1, n = 2) AS "2" FROM (VALUES (1, 1), (2, 3), (3, 2), (4, 1), (5, 3), (6, 2)) v (t, n);
-- windowFunnel: a phone is looked for, ordered and bought, and its event 1010 comes after
SELECT level AS "4", count(*) AS "1"
FROM (SELECT user_id, window_funnel(interval '70 days', at, 'default', event = 1003, event = 1009, event = 1007, event = 1010) AS level
	FROM (VALUES (1, timestamp '2019-01-29 10:00', 1003), (1, '2019-01-31 09:00', 1007), (1, '2019-01-30 08:00', 1009), (1, '2019-02-01 08:00', 1010)) v (user_id, at, event) GROUP BY 1) x
GROUP BY 1;
-- sequenceNextNode: the pages of three customers
CREATE TEMP TABLE manual_pages AS
SELECT id, timestamp '1970-01-01 09:00' + n * interval '1 second' AS at, page
FROM (VALUES (1, 'Home Gift Exit'), (2, 'Home Home Gift Basket'), (3, 'Gift Home Gift Basket')) v (id, pages), regexp_split_to_table(pages, ' ') WITH ORDINALITY p (page, n);
SELECT string_agg(coalesce(home_gift, '-'), ' ' ORDER BY id) AS "Exit - -", string_agg(coalesce(basket_gift, '-'), ' ' ORDER BY id) AS "- Home Home",
	string_agg(coalesce(gift, '-'), ' ' ORDER BY id) AS "Exit Basket Home", string_agg(coalesce(last_gift, '-'), ' ' ORDER BY id) AS "Home Home Home"
FROM (SELECT id, sequence_next('forward', 'head', at, page, page = 'Home', page = 'Home', page = 'Gift') AS home_gift,
		sequence_next('backward', 'tail', at, page, page = 'Basket', page = 'Basket', page = 'Gift') AS basket_gift,
		sequence_next('forward', 'first_match', at, page, page = 'Gift', page = 'Gift') AS gift,
		sequence_next('backward', 'last_match', at, page, page = 'Gift', page = 'Gift') AS last_gift
	FROM manual_pages GROUP BY id) x;

-- Google Analytics, attribution: a click eight days before the conversion gets half of
-- what one a day before gets; 40 % to the first and the last, the rest to those between
SELECT array_agg(round(decay, 4) ORDER BY days DESC) AS "1/3 2/3" FROM (SELECT days, touch_credit(date '2024-03-09' - days, date '2024-03-09', 'time decay 7 days') OVER () AS decay FROM unnest('{8,1}'::int[]) days) x;
SELECT array_agg(trim_scale(position) ORDER BY day) AS "0.4 0.1 0.1 0.4", array_agg(trim_scale(linear) ORDER BY day) AS "0.25 each"
FROM (SELECT day, touch_credit(day, date '2024-03-09', 'position') OVER () AS position, touch_credit(day, date '2024-03-09', 'linear') OVER () AS linear FROM unnest('{2024-03-01,2024-03-03,2024-03-05,2024-03-07}'::date[]) day) x;

-- The calendar of the National Retail Federation: 4-5-4 from January 29, 2017, with 53
-- weeks in 2017 and 2023; when its years and the months of 2024 begin
SELECT string_agg(to_char(day, 'YYMMDD'), ' ' ORDER BY day) FILTER (WHERE n % 12 = 1) AS "170129 180204 190203 200202 210131 220130 230129 240204 250202",
	string_agg(to_char(day, 'MMDD'), ' ' ORDER BY day) FILTER (WHERE n BETWEEN 85 AND 96) AS "0204 0303 0407 0505 0602 0707 0804 0901 1006 1103 1201 0105"
FROM regexp_split_to_table(substr(retail_calendar('2017-01-29', '4-5-4', 8, '{1,7}')::text, 7), ',') WITH ORDINALITY d (text, n), LATERAL (SELECT text::date AS day) x;

-- Mixpanel, frequency: on how many days of the week of June 8 did how many customers come?
CREATE TEMP TABLE manual_events AS SELECT c, date '2020-06-01' + d AS day FROM (VALUES ('a', '{0,7,8,9,9,13}'::int[]), ('b', '{7,8}'), ('c', '{6,14}'), ('d', '{10,11}')) v (c, days), unnest(days) d;
SELECT string_agg(days || ' days: ' || n, ', ' ORDER BY days) AS "0 days: 1, 2 days: 2, 4 days: 1"
FROM (SELECT active_days(t, '2020-06-08', '2020-06-15') AS days, count(*) AS n FROM (SELECT c, timeline(day) AS t FROM manual_events GROUP BY c) x GROUP BY 1) y;
-- Amplitude, stickiness: the customers of each day as a share of those of its last seven days
SELECT string_agg(daily.active || '/' || weekly.closing_customers, ' ' ORDER BY weekly.period) AS "1/1 1/2 2/3 2/3"
FROM movement_rows((SELECT customer_movements(lasting(t, '7 days'), 'day') FROM (SELECT timeline(day) AS t FROM manual_events WHERE c <> 'd' GROUP BY c) x), '2020-06-10') weekly,
	LATERAL (SELECT count(DISTINCT c) AS active FROM manual_events WHERE day = weekly.period AND c <> 'd') daily
WHERE period IN ('2020-06-01', '2020-06-07', '2020-06-08', '2020-06-09') AND daily.active > 0;

-- PostHog, funnels with an optional step: c without it, b without what must come
CREATE TEMP TABLE manual_steps AS
SELECT person, timestamp '2024-05-01' + n * interval '1 hour' AS at, e AS event
FROM (VALUES ('a', 'visit tour buy'), ('b', 'visit tour'), ('c', 'visit buy'), ('d', 'visit refund buy'), ('e', 'tour buy')) v (person, events), regexp_split_to_table(events, ' ') WITH ORDINALITY x (e, n);
SELECT string_agg(customers || ' ' || coalesce(round(rate_of_previous::numeric, 2)::text, '-'), ', ' ORDER BY step) AS "4 -, 2 0.50, 3 0.75"
FROM funnel_steps((SELECT funnel(person, at, array_position('{visit,tour,buy}'::text[], event), '1 day', 'optional 2') FROM manual_steps));
-- with what forbids besides, by day, and who is behind the last step
SELECT period AS "2024-05-01", string_agg(customers::text, ' ' ORDER BY step) AS "3 2 2"
FROM funnel_trend((SELECT funnel(person, at, conditions(event = 'visit', event = 'tour', event = 'buy', event = 'refund'), '1 day', 'optional 2, exclude 4', 'day') FROM manual_steps), '2024-05-02') GROUP BY 1;
SELECT string_agg(person, ' ' ORDER BY person) AS "a c" FROM (
	SELECT person, window_funnel(interval '1 day', at, 'optional 2, exclude 4', event = 'visit', event = 'tour', event = 'buy', event = 'refund') AS level FROM manual_steps GROUP BY 1) x WHERE level = 3;
-- in any order: the tour first or the visit
SELECT string_agg(customers::text, ' ' ORDER BY step) AS "5 5 1" FROM funnel_steps((SELECT funnel(person, at, conditions(event = 'visit', event = 'tour', event = 'buy'), '1 day', 'any order') FROM manual_steps));
-- paths: from the visit on, and where they end
SELECT string_agg(coalesce(to_place, 'the end') || ' ' || customers, ', ' ORDER BY customers DESC, to_place) AS "tour 2, buy 1, refund 1"
FROM journey_edges((SELECT journey(person, at, event, '1 day', 'visit') FROM manual_steps)) WHERE step = 1;
-- is the plan without the tour worse? R: prop.test(c(18, 9), c(30, 30), correct = FALSE)
SELECT step, difference::numeric(4,2), round(p_value::numeric, 6) AS "0.019517"
FROM (SELECT funnel(i, date '2024-01-01' + s, s, '9 days') AS f FROM generate_series(1, 30) i, generate_series(1, 2) s WHERE s = 1 OR i <= 18) a,
	(SELECT funnel(i, date '2024-01-01' + s, s, '9 days') AS g FROM generate_series(1, 30) i, generate_series(1, 2) s WHERE s = 1 OR i <= 9) b, compare_funnels(f, g) WHERE step = 2;
