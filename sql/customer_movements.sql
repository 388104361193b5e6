-- Customer movements: what each column counts, where rows begin and end, what is
-- unknown.  Every figure follows from the few rows typed in here.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Orders, by month:
--			January	February	March	April	May		June
--	ada		10+5	10			-		8		-		-
--	bob		20		30			30		-		-		-
--	cyd		0		-			-		-		4		-
--	dan		-		6-6			-		-		-		-
--	eve		-		-			-7		-		-		-
CREATE TEMP TABLE movements_orders (customer text, ordered_on date, amount numeric);
INSERT INTO movements_orders VALUES
	('ada', '2024-01-05', 10), ('ada', '2024-01-31', 5), ('ada', '2024-02-10', 10), ('ada', '2024-04-30', 8),
	('bob', '2024-01-20', 20), ('bob', '2024-02-20', 30), ('bob', '2024-03-20', 30),
	('cyd', '2024-01-01', 0),					-- zero is an event
	('cyd', '2024-05-01', 4),
	('dan', '2024-02-01', 6), ('dan', '2024-02-02', -6),	-- active, and worth nothing
	('eve', '2024-03-01', -7),					-- never a customer: in no count
	(NULL, '2023-01-01', 1), ('fay', NULL, 1);	-- nobody, never: skipped
CREATE TEMP TABLE movements_made AS
	SELECT customer_movements(customer, ordered_on, amount, 'month') AS m FROM movements_orders;

-- January: ada 15, bob 20, cyd 0 are new.  February: ada -5, bob +10, cyd stops,
-- dan starts.  March: ada -10 and dan 0 stop, bob stays.  April: bob -30 stops,
-- ada +8 is back.  May: ada -8 stops, cyd is back.  The data end inside May.
SELECT period, complete, opening_customers AS opening, new_customers AS new, reactivated_customers AS reactivated, expanded_customers AS expanded, contracted_customers AS contracted,
	retained_customers AS retained, churned_customers AS churned, closing_customers AS closing, dormant_customers AS dormant, orders
FROM movements_made, movement_rows(m);
-- eve's refund is a contraction of March, and gone by April: an expansion.
SELECT period, opening_revenue AS opening, new_revenue AS new, reactivated_revenue AS reactivated, expansion_revenue AS expansion, contraction_revenue AS contraction,
	churned_revenue AS churned, closing_revenue AS closing, revenue_per_customer AS per_customer
FROM movements_made, movement_rows(m);
-- Of those with an opening above zero (February 35, March 40, April 30, May 8):
-- nrr 40/35, 30/40, 0/30; grr (10 + 20)/35, 30/40, 0/30.  Gains over losses: 10/5,
-- 0/17, (8 + 7)/30.  Not new: 0/35, 40/40, 23/23, 8/8.  Back of the dormant: none
-- of cyd in March, one of ada, cyd, dan in April.  May is not over.
SELECT period, round(retention_rate::numeric, 6) AS retention_rate, round(churn_rate::numeric, 6) AS churn_rate, round(nrr::numeric, 6) AS nrr, round(grr::numeric, 6) AS grr,
	quick_ratio, returning_share, round(win_back_rate::numeric, 6) AS win_back_rate
FROM movements_made, movement_rows(m);

-- as_of: the month of the day before is the last.  Later months are empty, and
-- in June those of May are gone.  It recomputes nothing: April's orders are
-- there on April 2nd, that is in a month that is not over.
SELECT period, complete, opening_customers AS opening, closing_customers AS closing, closing_revenue, churned_customers AS churned, churned_revenue, dormant_customers AS dormant, churn_rate, nrr
FROM movements_made, movement_rows(m, as_of => '2024-08-01') WHERE period >= '2024-05-01';
SELECT period, complete, closing_customers AS closing, closing_revenue, churn_rate
FROM movements_made, movement_rows(m, '2024-04-02') WHERE period >= '2024-03-01';
SELECT max(period) AS last, bool_and(complete) AS complete FROM movements_made, movement_rows(m, '2024-04-01');
SELECT count(*) FROM movements_made, movement_rows(m, '2024-01-01');
SELECT count(*) FROM movements_made, movement_rows(m, '2024-01-02');
-- No rows, none that count, NULL: nothing.
SELECT customer_movements(customer, ordered_on, amount, 'month') IS NULL AS nothing FROM movements_orders WHERE false;
SELECT customer_movements(customer, ordered_on, amount, 'month') IS NULL AS nothing FROM movements_orders WHERE customer = 'fay' OR customer IS NULL;
SELECT count(*) FROM movement_rows(NULL, '2024-01-01');

-- Without amounts a refund is an order: eve is a customer, dan orders twice.
-- Money, and who expands or contracts, is unknown; a literal NULL says the same.
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS reactivated, expanded_customers AS expanded, contracted_customers AS contracted,
	churned_customers AS churned, closing_customers AS closing, orders, opening_revenue, new_revenue, closing_revenue, revenue_per_customer, retention_rate, nrr, grr, quick_ratio, returning_share, win_back_rate
FROM movement_rows((SELECT customer_movements(customer, ordered_on, 'month') FROM movements_orders), '2024-04-01');
SELECT customer_movements(customer, ordered_on, NULL, 'month') = customer_movements(customer, ordered_on, 'month') AS same FROM movements_orders;
-- All kinds of amounts and times are one.
SELECT customer_movements(customer, ordered_on, amount::float8, 'month') = m AS float8, customer_movements(customer, ordered_on, amount::int, 'month') = m AS int,
	customer_movements(customer, ordered_on::timestamp, amount, 'month') = m AS timestamp, customer_movements(customer::varchar, ordered_on, amount, 'month') = m AS varchar
FROM movements_orders, movements_made GROUP BY m;

-- Six decimals, half away from zero: 0.000001, -0.000001 (a refund), and
-- -0.0000004 is an order worth nothing.
SELECT period, closing_customers AS closing, orders, opening_revenue, expansion_revenue AS expansion, contraction_revenue AS contraction, closing_revenue
FROM movement_rows((SELECT customer_movements(1, at, amount, 'month') FROM (VALUES (date '2024-01-01', 0.0000005), ('2024-02-01', -0.0000005), ('2024-02-02', -0.0000004)) v (at, amount)));

-- An opening below zero: 5 - 20 in January, nothing in February.  What stops
-- was a debt, so the loss is -15, and the ratio 0/-15 says so; no opening is
-- above zero.
SELECT period, opening_customers AS opening, churned_customers AS churned, new_revenue AS new, churned_revenue AS churned, closing_revenue AS closing, revenue_per_customer AS per_customer,
	retention_rate, nrr, grr, quick_ratio, returning_share
FROM movement_rows((SELECT customer_movements(1, at, amount, 'month') FROM (VALUES (date '2024-01-01', 5), ('2024-01-02', -20)) v (at, amount)), '2024-03-01');
-- Refunds two months running, and no order ever: the same each month, so only
-- where they begin and end is there a movement.
SELECT period, closing_customers AS closing, opening_revenue, expansion_revenue AS expansion, contraction_revenue AS contraction, closing_revenue
FROM movement_rows((SELECT customer_movements(1, at, -5, 'month') FROM (VALUES (date '2024-01-05'), ('2024-02-05')) v (at)), '2024-05-01');

-- Ranges: levels at the ends of months.
--			January		February	March	April
--	ann		10			10			10+5	15		[01-31,) and 5 [03-01,)
--	ben		20			-			-		20		[01-10,02-29) and [04-02,)
--	cas		-			-			-		-		[02-03,02-27): inside one month, never seen
--	dee		0			0			7		-		free [01-01,03-15), then 7 to 04-20
CREATE TEMP TABLE movements_plans (customer text, during daterange, amount numeric);
INSERT INTO movements_plans VALUES
	('ann', '[2024-01-31,)', 10), ('ann', '[2024-03-01,)', 5),
	('ben', '[2024-01-10,2024-02-29)', 20), ('ben', '[2024-04-02,)', 20),
	('cas', '[2024-02-03,2024-02-27)', 3),
	('dee', '[2024-01-01,2024-03-15)', 0), ('dee', '[2024-03-15,2024-04-20)', 7),
	('fay', 'empty', 5), ('gus', NULL, 5), (NULL, '[2023-01-01,)', 5);
SELECT period, complete, opening_customers AS opening, new_customers AS new, reactivated_customers AS reactivated, expanded_customers AS expanded, contracted_customers AS contracted,
	churned_customers AS churned, closing_customers AS closing, dormant_customers AS dormant, orders, opening_revenue, new_revenue AS new, reactivated_revenue AS reactivated,
	expansion_revenue AS expansion, churned_revenue AS churned, closing_revenue
FROM movement_rows((SELECT customer_movements(customer, during, amount, 'month') FROM movements_plans));
-- nrr 10/30, 15/10, 15/22, grr no more than 1.  Gains over losses: 0/20, none are
-- lost, 20/7.  Not new: 0/30, 10/10, 15/22, 35/35.
SELECT period, round(retention_rate::numeric, 6) AS retention_rate, round(nrr::numeric, 6) AS nrr, round(grr::numeric, 6) AS grr, round(quick_ratio::numeric, 6) AS quick_ratio,
	round(returning_share::numeric, 6) AS returning_share, win_back_rate
FROM movement_rows((SELECT customer_movements(customer, during, amount, 'month') FROM movements_plans), '2024-05-01');
-- Each weighs 1 without an amount, so dee's free time counts, ann has two from
-- March on, and nobody knows the money.
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS reactivated, churned_customers AS churned, closing_customers AS closing, closing_revenue, nrr
FROM movement_rows((SELECT customer_movements(customer, during, 'month') FROM movements_plans), '2024-05-01');
-- The data end in the month of the last day on which a level above zero begins
-- or grows, also of one that no month's end sees: cas's comes back for a week.
SELECT max(period) AS last, bool_or(complete) FILTER (WHERE period = '2024-05-01') AS may_is_complete
FROM movement_rows((SELECT customer_movements(customer, during, amount, 'month')
	FROM (TABLE movements_plans UNION ALL VALUES ('cas', daterange('2024-06-05', '2024-06-12'), 3)) x));

-- An inactivity window for irregular buyers is a range: two months after each
-- order.  bob's last order of March 20th lasts to May 19th.
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS reactivated, churned_customers AS churned, closing_customers AS closing
FROM movement_rows((SELECT customer_movements(customer, daterange(ordered_on, (ordered_on + interval '2 months')::date), 'month')
	FROM movements_orders WHERE customer IN ('ada', 'bob')), '2024-08-01');

-- The same from timelines, from parts, through text and json.
SELECT customer_movements(t, 'month') = (SELECT m FROM movements_made) AS timelines
FROM (SELECT timeline(ordered_on, amount) AS t FROM movements_orders GROUP BY customer HAVING customer IS NOT NULL) x;
SELECT rollup(part) = (SELECT m FROM movements_made) AS parts
FROM (SELECT customer_movements(customer, ordered_on, amount, 'month') AS part FROM movements_orders GROUP BY customer) x;
SELECT m::text::customer_movements = m AS out_and_in, m::jsonb::text::customer_movements = m AS jsonb, m::json::text = m::text AS json FROM movements_made;

-- A window: what was known after each customer.
SELECT customer, (SELECT sum(new_customers) FROM movement_rows(m)) AS new, (SELECT sum(orders) FROM movement_rows(m)) AS orders
FROM (SELECT DISTINCT customer, customer_movements(customer, ordered_on, amount, 'month') OVER (ORDER BY customer) AS m FROM movements_orders WHERE customer < 'd') x
ORDER BY customer;

-- Who moved: the parts of those rows.
SELECT customer, c.*
FROM (SELECT customer, timeline(ordered_on, amount) AS t FROM movements_orders WHERE customer IS NOT NULL GROUP BY 1) x, timeline_movements(t, 'month', '2024-07-01') c
ORDER BY customer COLLATE "C", period;
SELECT customer, c.*
FROM (SELECT customer, timeline(during, amount) AS t FROM movements_plans WHERE customer IS NOT NULL GROUP BY 1) x, timeline_movements(t, 'month', '2024-05-01') c
ORDER BY customer COLLATE "C", period;
-- Without amounts there are no values to tell.  Without as_of the customer's
-- own data end the list: that ada is gone in May is known in May only.
SELECT c.* FROM (SELECT timeline(ordered_on) AS t FROM movements_orders WHERE customer = 'ada') x, timeline_movements(t, 'month') c;
SELECT count(*) FROM timeline_movements(NULL, 'month');

DROP TABLE movements_orders, movements_made, movements_plans;
