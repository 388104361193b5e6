-- crm.sql: the CRM of a French wholesaler, two years of it (2024 and 2025).
--
-- Generated: no name or figure is anybody's.  The rows are the same on every
-- PostgreSQL: chance is integer arithmetic on row numbers, never random(), and
-- nothing is rounded from a float.
--
--	customers	about 2,000, each with the channel and campaign that won them
--	orders		about 15,000, refunds among them as negative amounts
--	spend		marketing and sales by month, channel and campaign
--	products	twelve in six families
--	order_lines	what each order was for
--	surveys		answers to two questions, or none
--	subscriptions	service plans, with the reason why they ended

--	stages		about 5,000, the pipeline of yearly contracts
--
-- Customers stay longer or shorter by channel: those sent by other customers
-- the longest, those won by advertising the shortest.  Business is quiet in
-- August and busy in November.

SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, DMY';

-- ---------------------------------------------------------------------
-- Chance
-- ---------------------------------------------------------------------

-- Two rounds of a 32-bit integer hash; bigint so that no product overflows.
CREATE FUNCTION pg_temp.mix(h bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN ((((h >> 16) # h) * 73244475) & 4294967295);

-- draw(what, n, sides): a die with that many sides, from 0; its own for each
-- number n and each use what.
CREATE FUNCTION pg_temp.draw(what int, n bigint, sides int) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN (pg_temp.mix(pg_temp.mix(pg_temp.mix((n * 1009 + what * 7919) & 4294967295)) + what) % sides)::int;

-- ---------------------------------------------------------------------
-- How each channel behaves
-- ---------------------------------------------------------------------

CREATE TEMPORARY TABLE channel_habits (
	channel text,
	campaigns text[],
	up_to int,			-- of 100 new customers, cumulated
	never_buys int,		-- of 100
	lost_at_once int,	-- of 1000, after the first month
	lost_monthly int,	-- of 1000, each month from then on
	buys_monthly int	-- of 1000 who are still there
);

INSERT INTO channel_habits VALUES
	('parrainage', '{recommandation client,programme ambassadeur}', 18, 3, 120, 20, 720),
	('partenaire', '{intégrateurs,experts-comptables,réseau CCI}', 34, 5, 180, 28, 660),
	('salon', '{Lyon,Paris Villepinte,Nantes}', 52, 8, 260, 40, 580),
	('site web', '{référencement naturel,lettre d''information}', 72, 10, 330, 55, 540),
	('publicité', '{moteur de recherche,réseau social,affichage}', 100, 14, 480, 85, 470);

-- ---------------------------------------------------------------------
-- Customers
-- ---------------------------------------------------------------------

CREATE TABLE customers (
	customer_id bigint PRIMARY KEY,
	name text NOT NULL,
	size text NOT NULL,				-- TPE, PME, ETI: from small to large
	region text NOT NULL,
	channel text NOT NULL,
	campaign text NOT NULL,
	signed_up_on date NOT NULL
);

-- Arrivals grow over the two years: the day is the larger of two draws, one
-- time in three.
INSERT INTO customers
SELECT n,
	(ARRAY['Société', 'Atelier', 'Établissements', 'Maison', 'Comptoir', 'Groupe'])[1 + pg_temp.draw(1, n, 6)]
		|| ' ' || lpad(n::text, 4, '0'),
	CASE WHEN pg_temp.draw(2, n, 100) < 62 THEN 'TPE'
		WHEN pg_temp.draw(2, n, 100) < 93 THEN 'PME'
		ELSE 'ETI' END,
	(ARRAY['Île-de-France', 'Auvergne-Rhône-Alpes', 'Occitanie', 'Bretagne',
		'Hauts-de-France', 'Nouvelle-Aquitaine', 'Grand Est'])[1 + pg_temp.draw(3, n, 7)],
	h.channel,
	h.campaigns[1 + pg_temp.draw(4, n, cardinality(h.campaigns))],
	date '2024-01-01' + CASE WHEN pg_temp.draw(5, n, 3) = 0
		THEN greatest(pg_temp.draw(6, n, 715), pg_temp.draw(7, n, 715))
		ELSE pg_temp.draw(6, n, 715) END
FROM generate_series(1, 2000) AS n
CROSS JOIN LATERAL (
	SELECT *
	FROM channel_habits
	WHERE pg_temp.draw(8, n, 100) < up_to
	ORDER BY up_to
	LIMIT 1) AS h;

-- ---------------------------------------------------------------------
-- Orders
-- ---------------------------------------------------------------------

CREATE TABLE orders (
	order_id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	ordered_at timestamptz NOT NULL,
	amount numeric(12,2) NOT NULL	-- euros without tax; refunds are negative
);

-- The first order comes within six weeks of signing up, if ever.
CREATE TEMPORARY TABLE first_orders AS
SELECT c.customer_id, c.size, h.lost_at_once, h.lost_monthly, h.buys_monthly,
	c.signed_up_on + pg_temp.draw(11, c.customer_id, 7) * pg_temp.draw(12, c.customer_id, 7) AS ordered_on
FROM customers c
JOIN channel_habits h USING (channel)
WHERE pg_temp.draw(13, c.customer_id, 100) >= h.never_buys;

-- The calendar month in which a customer is lost, counted from the first order:
-- the first month whose draw says so.
CREATE TEMPORARY TABLE lifetimes AS
SELECT f.customer_id, min(k) AS lost_after
FROM first_orders f
CROSS JOIN generate_series(1, 25) AS k
WHERE k = 25
	OR pg_temp.draw(21, f.customer_id * 32 + k, 1000)
		< CASE WHEN k = 1 THEN f.lost_at_once ELSE f.lost_monthly END
GROUP BY f.customer_id;

CREATE TEMPORARY TABLE order_days AS
SELECT f.customer_id, f.size, 0 AS serial, f.ordered_on
FROM first_orders f
UNION ALL
-- Up to three orders in a month after the first.
SELECT f.customer_id, f.size, k * 4 + i,
	(m.month_start + pg_temp.draw(31, f.customer_id * 128 + k * 4 + i,
		extract(day FROM m.month_start + interval '1 month' - interval '1 day')::int))::date
FROM first_orders f
JOIN lifetimes l USING (customer_id)
CROSS JOIN LATERAL generate_series(1, l.lost_after - 1) AS k
CROSS JOIN LATERAL (
	SELECT (date_trunc('month', f.ordered_on::timestamp) + k * interval '1 month')::date AS month_start) AS m
CROSS JOIN LATERAL generate_series(1, 1 + pg_temp.draw(32, f.customer_id * 32 + k, 3)) AS i
WHERE pg_temp.draw(33, f.customer_id * 32 + k, 1000)
	< f.buys_monthly * CASE extract(month FROM m.month_start)::int WHEN 8 THEN 62 WHEN 11 THEN 115 ELSE 100 END / 100;

-- Orders come on working days between eight and seven, local time.
CREATE TEMPORARY TABLE order_rows AS
SELECT customer_id, serial,
	((ordered_on + CASE extract(isodow FROM ordered_on)::int WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END)
		+ time '08:00' + pg_temp.draw(41, customer_id * 128 + serial, 660) * interval '1 minute')
		AT TIME ZONE 'Europe/Paris' AS ordered_at,
	(CASE size WHEN 'TPE' THEN 40 WHEN 'PME' THEN 220 ELSE 1400 END
		* (30 + pg_temp.draw(42, customer_id * 128 + serial, 120) + pg_temp.draw(43, customer_id, 100))
		+ pg_temp.draw(44, customer_id * 128 + serial, 100))::numeric / 100 AS amount
FROM order_days;

INSERT INTO order_rows
-- One order in forty comes back, whole or in part, within four weeks.
SELECT customer_id, serial + 1000,
	ordered_at + (2 + pg_temp.draw(51, customer_id * 128 + serial, 26)) * interval '1 day',
	-round(amount * (ARRAY[0.25, 0.5, 1])[1 + pg_temp.draw(52, customer_id * 128 + serial, 3)], 2)
FROM order_rows
WHERE pg_temp.draw(53, customer_id * 128 + serial, 40) = 0;

INSERT INTO orders
SELECT row_number() OVER (ORDER BY ordered_at, customer_id, serial), customer_id, ordered_at, amount
FROM order_rows
WHERE ordered_at < timestamptz '2026-01-01 00:00:00 Europe/Paris';

CREATE INDEX ON orders (customer_id);

-- ---------------------------------------------------------------------
-- Spend
-- ---------------------------------------------------------------------

CREATE TABLE spend (
	month date NOT NULL,			-- its first day
	channel text NOT NULL,
	campaign text NOT NULL,
	marketing numeric(12,2) NOT NULL,	-- euros
	sales numeric(12,2) NOT NULL,		-- euros, time of the sales team
	PRIMARY KEY (month, channel, campaign)
);

-- From the month before the first customer on, growing with the business.
INSERT INTO spend
SELECT (date '2023-12-01' + k * interval '1 month')::date, h.channel, campaign,
	(c.marketing * (100 + 2 * k) * (80 + pg_temp.draw(61, k * 64 + h.up_to * 4 + i, 41)))::numeric / 10000,
	(c.sales * (100 + 2 * k))::numeric / 100
FROM channel_habits h
JOIN (VALUES
	('parrainage', 400, 120),
	('partenaire', 650, 550),
	('salon', 2100, 900),
	('site web', 850, 180),
	('publicité', 1750, 150)) AS c (channel, marketing, sales) USING (channel)
CROSS JOIN LATERAL unnest(h.campaigns) WITH ORDINALITY AS u (campaign, i)
CROSS JOIN generate_series(0, 24) AS k;

-- ---------------------------------------------------------------------
-- Products and order lines
-- ---------------------------------------------------------------------

CREATE TABLE products (
	product_id int PRIMARY KEY,
	family text NOT NULL,
	name text NOT NULL
);

INSERT INTO products VALUES
	(1, 'papeterie', 'ramettes'), (2, 'papeterie', 'enveloppes'),
	(3, 'encre', 'cartouches'), (4, 'encre', 'toners'),
	(5, 'mobilier', 'sièges'), (6, 'mobilier', 'bureaux'),
	(7, 'hygiène', 'savons'), (8, 'hygiène', 'essuie-mains'),
	(9, 'emballage', 'cartons'), (10, 'emballage', 'adhésifs'),
	(11, 'pause café', 'capsules'), (12, 'pause café', 'gobelets');

CREATE TABLE order_lines (
	order_id bigint NOT NULL REFERENCES orders,
	line int NOT NULL,
	product_id int NOT NULL REFERENCES products,
	amount numeric(12,2) NOT NULL,	-- the lines of an order add up to it
	PRIMARY KEY (order_id, line)
);

-- One to three lines.  A customer has a favourite family, which half of the
-- lines are of.
INSERT INTO order_lines
SELECT o.order_id, line,
	CASE WHEN pg_temp.draw(71, o.order_id * 4 + line, 2) = 0
		THEN 1 + 2 * pg_temp.draw(72, o.customer_id, 6) + pg_temp.draw(73, o.order_id * 4 + line, 2)
		ELSE 1 + pg_temp.draw(74, o.order_id * 4 + line, 12) END,
	-- in cents, what does not divide goes to the first line
	CASE line WHEN 1 THEN o.amount - (lines - 1) * trunc(o.amount / lines, 2) ELSE trunc(o.amount / lines, 2) END
FROM orders o
CROSS JOIN LATERAL (SELECT 1 + pg_temp.draw(75, o.order_id, 3) AS lines) AS n
CROSS JOIN LATERAL generate_series(1, lines) AS line;

-- ---------------------------------------------------------------------
-- Surveys
-- ---------------------------------------------------------------------

CREATE TABLE surveys (
	customer_id bigint NOT NULL REFERENCES customers,
	asked_on date NOT NULL,
	recommend smallint,		-- 0 to 10: would you recommend us?
	satisfied smallint,		-- 1 to 5: how satisfied are you?
	PRIMARY KEY (customer_id, asked_on)
);

-- Asked two months after the first order and a year later; four in ten do not
-- answer.  Who was won by a channel whose customers stay answers better.
INSERT INTO surveys
SELECT customer_id, asked_on, recommend,
	CASE WHEN recommend >= 9 THEN 4 + pg_temp.draw(81, n, 2)
		WHEN recommend >= 7 THEN 3 + pg_temp.draw(81, n, 2)
		ELSE 1 + pg_temp.draw(81, n, 3) END
FROM (
	SELECT f.customer_id, f.customer_id * 2 + again AS n,
		f.ordered_on + 60 + 365 * again AS asked_on,
		CASE WHEN pg_temp.draw(82, f.customer_id * 2 + again, 10) < 4 THEN NULL
			WHEN luck < 60 - f.lost_monthly / 3 THEN 9 + pg_temp.draw(83, f.customer_id * 2 + again, 2)
			WHEN luck >= 90 - f.lost_monthly / 4 THEN pg_temp.draw(84, f.customer_id * 2 + again, 7)
			ELSE 7 + pg_temp.draw(85, f.customer_id * 2 + again, 2) END AS recommend
	FROM first_orders f
	CROSS JOIN generate_series(0, 1) AS again
	CROSS JOIN LATERAL (SELECT pg_temp.draw(86, f.customer_id * 2 + again, 100) AS luck) AS l) AS s
WHERE asked_on < date '2026-01-01';

UPDATE surveys SET satisfied = NULL WHERE recommend IS NULL;

-- ---------------------------------------------------------------------
-- Subscriptions
-- ---------------------------------------------------------------------

CREATE TABLE subscriptions (
	subscription_id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	plan text NOT NULL,
	during daterange NOT NULL,		-- without an end while it runs
	monthly_amount numeric(12,2) NOT NULL,	-- euros
	-- why it ended: choix du client (voluntary), échec de paiement (failed
	-- payment), cessation d'activité (out of business), changement de formule
	-- (another plan follows at once)
	ended_because text
);

-- Four customers in ten subscribe within three months of the first order.  A
-- subscription lasts one to twelve months; then comes a larger plan, a smaller
-- one, or the end; one in four who ended comes back two to five months later.
WITH RECURSIVE plans (level, plan, monthly_amount) AS (
	VALUES (1, 'Essentiel', 29.00), (2, 'Pro', 79.00), (3, 'Premium', 149.00)),
spells AS (
	SELECT f.customer_id, 0 AS serial, 1 + pg_temp.draw(91, f.customer_id, 2) AS level,
		f.ordered_on + pg_temp.draw(92, f.customer_id, 90) AS started_on
	FROM first_orders f
	WHERE pg_temp.draw(93, f.customer_id, 10) < 4
	UNION ALL
	SELECT customer_id, serial + 1,
		CASE next WHEN 'up' THEN level + 1 WHEN 'down' THEN level - 1 ELSE level END,
		CASE next WHEN 'back' THEN (ended_on + (2 + pg_temp.draw(94, n, 4)) * interval '1 month')::date ELSE ended_on END
	FROM spells
	CROSS JOIN LATERAL (SELECT customer_id * 16 + serial AS n) AS x
	CROSS JOIN LATERAL (SELECT (started_on + (1 + pg_temp.draw(95, n, 12)) * interval '1 month')::date AS ended_on,
		pg_temp.draw(96, n, 100) AS luck) AS e
	CROSS JOIN LATERAL (
		SELECT CASE WHEN luck < 30 AND level < 3 THEN 'up' WHEN luck < 45 AND level > 1 THEN 'down'
			WHEN luck >= 85 THEN 'back' END AS next) AS o
	WHERE next IS NOT NULL AND serial < 15)
INSERT INTO subscriptions
SELECT row_number() OVER (ORDER BY s.started_on, s.customer_id, s.serial), s.customer_id, plan,
	daterange(s.started_on, ended_on), monthly_amount,
	CASE WHEN ended_on IS NULL THEN NULL
		WHEN luck < 30 AND s.level < 3 OR luck < 45 AND s.level > 1 THEN 'changement de formule'
		WHEN pg_temp.draw(97, n, 100) < 28 THEN 'échec de paiement'
		WHEN pg_temp.draw(97, n, 100) < 35 THEN 'cessation d''activité'
		ELSE 'choix du client' END
FROM spells s
JOIN plans USING (level)
CROSS JOIN LATERAL (SELECT s.customer_id * 16 + s.serial AS n) AS x
CROSS JOIN LATERAL (
	SELECT pg_temp.draw(96, n, 100) AS luck,
		(s.started_on + (1 + pg_temp.draw(95, n, 12)) * interval '1 month')::date AS planned_end) AS e
CROSS JOIN LATERAL (SELECT CASE WHEN planned_end < date '2026-01-01' THEN planned_end END AS ended_on) AS o
WHERE s.started_on < date '2026-01-01';

CREATE INDEX ON subscriptions (customer_id);

-- ---------------------------------------------------------------------
-- The pipeline of yearly contracts
-- ---------------------------------------------------------------------

CREATE TABLE stages (
	customer_id bigint NOT NULL REFERENCES customers,
	stage text NOT NULL,			-- lead, qualified, proposal, won, renewed
	entered_at timestamptz NOT NULL
);

-- Everybody is a lead on signing up, one in eight again months later.  How many
-- of a hundred go on from stage to stage depends on the channel; a few get a
-- proposal that nobody qualified them for.  Stages of one day are in order.
INSERT INTO stages
SELECT customer_id, (ARRAY['lead', 'qualified', 'proposal', 'won', 'renewed'])[s],
	(entered_on + CASE extract(isodow FROM entered_on)::int WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END
		+ time '08:30' + (s * 90 + pg_temp.draw(61, n * 8 + s, 80)) * interval '1 minute')
		AT TIME ZONE 'Europe/Paris'
FROM (
	SELECT customer_id, n, s,
		lead_on + (sum(CASE s WHEN 1 THEN 0
			WHEN 2 THEN 1 + pg_temp.draw(62, n * 8 + s, 14)
			WHEN 3 THEN 2 + pg_temp.draw(62, n * 8 + s, 20)
			WHEN 4 THEN 3 + pg_temp.draw(62, n * 8 + s, 35)
			ELSE 350 + pg_temp.draw(62, n * 8 + s, 30) END) OVER w)::int AS entered_on,
		bool_and(s = 1 OR pg_temp.draw(63, n * 8 + s, 100) < CASE channel
			WHEN 'parrainage' THEN (ARRAY[82, 78, 64, 80])[s - 1]
			WHEN 'partenaire' THEN (ARRAY[74, 72, 55, 76])[s - 1]
			WHEN 'salon' THEN (ARRAY[60, 66, 45, 66])[s - 1]
			WHEN 'site web' THEN (ARRAY[48, 60, 38, 62])[s - 1]
			ELSE (ARRAY[34, 50, 28, 52])[s - 1] END) OVER w AS enters
	FROM (
		SELECT customer_id, channel, customer_id * 2 + again AS n,
			signed_up_on + again * (90 + pg_temp.draw(64, customer_id, 90)) AS lead_on
		FROM customers
		CROSS JOIN generate_series(0, 1) AS again
		WHERE again = 0 OR pg_temp.draw(65, customer_id, 8) = 0) AS leads
	CROSS JOIN generate_series(1, 5) AS s
	WINDOW w AS (PARTITION BY n ORDER BY s)) AS entries
WHERE enters
	AND entered_on < date '2025-12-30'
	AND (s <> 2 OR pg_temp.draw(66, n, 25) > 0);

CREATE INDEX ON stages (customer_id);

DROP TABLE channel_habits, first_orders, lifetimes, order_days, order_rows;
DROP FUNCTION pg_temp.draw, pg_temp.mix;
ANALYZE customers, orders, spend, products, order_lines, surveys, subscriptions, stages;
