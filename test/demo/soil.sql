-- soil.sql: the CRM of crm.sql as such tables come: run after it, in the same
-- database.  Changes the tables in place; the same rows on every PostgreSQL.
--
--	customers		some without a channel or a campaign
--	spend			by day instead of by month, some of it of no campaign or channel, some
--					days without sales
--	orders			some twice, some line by line, refunds before the first order
--	subscriptions	ends that name the last day paid
--	stages			some twice
--	web_orders		the orders of the web shop, by mail address as it was typed
--
-- Ids of orders stay unique and each row of customers a customer: what is keyed
-- is keyed here too.

SET timezone = 'Europe/Paris';

-- ---------------------------------------------------------------------
-- Nobody knows where they came from
-- ---------------------------------------------------------------------

ALTER TABLE customers ALTER channel DROP NOT NULL, ALTER campaign DROP NOT NULL;
UPDATE customers
SET campaign = NULL, channel = CASE WHEN customer_id % 29 > 0 THEN channel END
WHERE customer_id % 11 = 0 OR customer_id % 29 = 0;

-- ---------------------------------------------------------------------
-- Spend by day
-- ---------------------------------------------------------------------

ALTER TABLE spend DROP CONSTRAINT spend_pkey, ALTER channel DROP NOT NULL, ALTER campaign DROP NOT NULL, ALTER sales DROP NOT NULL;
CREATE TEMPORARY TABLE spend_by_month AS TABLE spend;
DELETE FROM spend;
-- Ten days a month; what does not divide goes to the first.
INSERT INTO spend
SELECT month + 3 * d, CASE WHEN d = 7 AND campaign < 'm' THEN NULL ELSE channel END, CASE WHEN d < 7 THEN campaign END,
	CASE d WHEN 0 THEN marketing - 9 * trunc(marketing / 10, 2) ELSE trunc(marketing / 10, 2) END,
	CASE WHEN d = 0 THEN sales - 4 * trunc(sales / 5, 2) WHEN d % 2 = 0 THEN trunc(sales / 5, 2) END
FROM spend_by_month
CROSS JOIN generate_series(0, 9) AS d;

-- ---------------------------------------------------------------------
-- Orders
-- ---------------------------------------------------------------------

-- One in fifty was loaded twice, under another number.
INSERT INTO orders
SELECT 1000000 + order_id, customer_id, ordered_at, amount
FROM orders
WHERE order_id % 50 = 7;

-- One in twenty comes as two lines, which add up to it.
INSERT INTO orders
SELECT 2000000 + order_id, customer_id, ordered_at, amount - trunc(amount / 3, 2)
FROM orders
WHERE order_id % 20 = 3 AND order_id < 1000000;
UPDATE orders SET amount = trunc(amount / 3, 2) WHERE order_id % 20 = 3 AND order_id < 1000000;

-- One customer in fifteen has money back from before this table begins.
INSERT INTO orders
SELECT 3000000 + customer_id, customer_id, min(ordered_at) - interval '40 days', -25.5
FROM orders
WHERE customer_id % 15 = 4
GROUP BY customer_id;

-- ---------------------------------------------------------------------
-- Ends that name the last day paid
-- ---------------------------------------------------------------------

UPDATE subscriptions SET during = daterange(lower(during), upper(during) - 1) WHERE NOT upper_inf(during);

-- ---------------------------------------------------------------------
-- Twice, and as it was typed
-- ---------------------------------------------------------------------

INSERT INTO stages SELECT * FROM stages WHERE customer_id % 40 = 5;

CREATE TABLE web_orders AS
SELECT CASE order_id % 7 WHEN 0 THEN upper(email) WHEN 1 THEN initcap(email) || ' ' ELSE email END AS email, customer_id, ordered_at, amount
FROM orders
CROSS JOIN LATERAL (SELECT 'client' || customer_id || '@example.org' AS email) AS e
WHERE customer_id % 5 = 2;

ANALYZE;
