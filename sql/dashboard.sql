-- A dashboard: what its views say of a few rows, and what is refused.
SET timezone = 'Europe/Paris';
SET datestyle = 'German, DMY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
\set SHOW_CONTEXT never
\pset null '(null)'

-- Three customers of January, of whom Anna comes in February and March and Bruno
-- in March; one of February, who sends all back in March.
CREATE TABLE purchases (customer text, bought_on date, amount numeric, shop text);
INSERT INTO purchases VALUES
	('Anna',  '2024-01-05',  40.00, 'north'),
	('Bruno', '2024-01-19',  25.50, 'south'),
	('Chloe', '2024-01-30',  60.00, NULL),
	('Anna',  '2024-02-11',  15.00, 'south'),
	('Dario', '2024-02-14',  80.00, 'north'),
	('Bruno', '2024-03-02',  30.00, 'south'),
	('Anna',  '2024-03-09',  20.00, 'north'),
	('Dario', '2024-03-28', -80.00, 'north'),
	(NULL,    '2024-03-01',   1.00, 'north');

CALL retention_dashboard('board', 'purchases', 'customer', 'bought_on', 'amount', 'shop');

-- the data end with the refund of March 28th
SELECT orders, customer, at, amount, channel, grain, zone, as_of_given, as_of FROM board.settings;
SELECT first_event, last_event, events, customers FROM board.settings;
SELECT cohort, age, age_label, period, cohort_size, active, orders, revenue, round(retention::numeric, 3) AS retention, complete FROM board.cells;
SELECT age, cohorts, customers, active, round(retention::numeric, 3) AS retention, ltv_chained FROM board.curve;
SELECT cohort, customers, orders, revenue, revenue_per_customer, last_age, round(retention_1::numeric, 3) AS retention_1, retention_3, round(retention_last::numeric, 3) AS retention_last FROM board.cohorts ORDER BY cohort;
SELECT * FROM board.ltv;
SELECT period, complete, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, churned_customers AS churned, closing_customers AS closing, closing_revenue FROM board.movements;
-- of the first order that has a channel; Chloe has none
SELECT position, channel, customers, share, orders, revenue, revenue_per_customer, retention_1, at_risk, lost FROM board.channels ORDER BY position;
SELECT channel, age, customers, active FROM board.channel_curve WHERE age = 1 ORDER BY position;
SELECT customer, channel, channel_group, cohort, state, first_order, last_order, orders, active_days, revenue, days_silent FROM board.customers ORDER BY customer;
SELECT customer, recency_score AS r, frequency_score AS f, money_score AS m, segment FROM board.customers ORDER BY customer;
SELECT position, state, customers, share, revenue FROM board.states ORDER BY position;
SELECT segment, customers FROM board.segments ORDER BY segment;
SELECT position, finding, severity, rows, among, remedy FROM board.findings ORDER BY position;
SELECT headline, sentence FROM board.headlines WHERE headline NOT IN ('expected') ORDER BY position;
SELECT position, picture, svg ~ '^<svg .*</svg>$' AS svg, svg ~ 'No data' AS empty FROM board.pictures ORDER BY position;
SELECT page ~ '^<!DOCTYPE html>' AS html, page ~ '</html>\n$' AS whole, page ~ '(src|href)="(?!#|data:,)' AS fetches FROM retention_page('board') AS page;
SELECT retention_page(NULL);

-- a refresh finds what is new; the views had the old figures until then
INSERT INTO purchases VALUES ('Chloe', '2024-04-02', 10, 'east');
SELECT count(*) FROM board.customers WHERE orders > 1;
CALL retention_refresh('board');
SELECT as_of, events, (SELECT count(*) FROM board.customers WHERE orders > 1) AS repeated, (SELECT channel FROM board.customers WHERE customer = 'Chloe') FROM board.settings;

-- a day of one's own stays, and what comes on it or later is left out
CALL retention_dashboard('dated', 'purchases', 'customer', 'bought_on', 'amount', as_of => '2024-03-01', grain => 'month at Asia/Tokyo');
CALL retention_refresh('dated');
SELECT grain, zone, as_of_given, as_of FROM dated.settings;
SELECT customer, channel, state, orders, revenue, days_silent FROM dated.customers ORDER BY customer;
SELECT count(*) AS channels FROM dated.channels;
SELECT string_agg(picture, ', ' ORDER BY position) FROM dated.pictures;

-- without amounts there is no money
CALL retention_dashboard('plain', 'purchases', 'customer', 'bought_on');
SELECT customer, orders, revenue, money_score, segment IS NULL AS none, value FROM plain.customers ORDER BY customer;
SELECT age, customers, ltv FROM plain.ltv WHERE age = 0;
SELECT finding FROM plain.findings WHERE finding = 'no model of spend';
SELECT string_agg(picture, ', ' ORDER BY position) FROM plain.pictures;

-- instants are cut in the zone of who made it, whoever refreshes
CREATE TABLE instants (c int, at timestamptz, amount float8);
INSERT INTO instants VALUES (1, '2024-01-31 23:30+00', 1), (2, '2024-02-10 12:00+00', 2.5);
CALL retention_dashboard('paris', 'instants', 'c', 'at', 'amount');
SET timezone = 'America/New_York';
CALL retention_refresh('paris');
SELECT grain, zone FROM paris.settings;
SELECT cohort, customers, revenue FROM paris.cohorts;
SET timezone = 'Europe/Paris';

-- nothing, one customer, one day
CREATE TABLE empty (c int, at date, amount numeric, channel text);
CALL retention_dashboard('nothing', 'empty', 'c', 'at', 'amount', 'channel');
SELECT as_of, events FROM nothing.settings;
SELECT (SELECT count(*) FROM nothing.cells) AS cells, (SELECT count(*) FROM nothing.curve) AS curve, (SELECT count(*) FROM nothing.movements) AS movements,
	(SELECT count(*) FROM nothing.customers) AS customers, (SELECT count(*) FROM nothing.channels) AS channels, (SELECT sum(customers) FROM nothing.states) AS states;
SELECT finding, severity, rows, example FROM nothing.findings;
SELECT headline, value, sentence FROM nothing.headlines;
SELECT picture, substring(svg FROM 'No data: [^<]*') AS says FROM nothing.pictures ORDER BY position;
SELECT retention_page('nothing') ~ 'There are no orders yet' AS page;
INSERT INTO empty VALUES (1, '2024-05-06', 7, 'only');
CALL retention_refresh('nothing');
SELECT customer, state, orders, revenue, p_alive, value FROM nothing.customers;
SELECT finding, example FROM nothing.findings WHERE rows IS NULL ORDER BY position;
SELECT retention_page('nothing') ~ '1 customer has placed 1 order from 2024-05-06 to 2024-05-06, worth 7' AS page;

-- a date of another century
INSERT INTO empty VALUES (2, '2124-05-06', 7, 'only');
CALL retention_refresh('nothing');
SELECT finding, severity, rows, among, example, remedy FROM nothing.findings WHERE finding LIKE 'last event%';
DELETE FROM empty WHERE c = 2;

-- a thousand channels: the ten with the most customers, and other
INSERT INTO empty SELECT n, '2024-05-06', 1, 'channel ' || CASE WHEN n < 1100 THEN n % 1000 ELSE n % 10 END FROM generate_series(2, 1200) n;
INSERT INTO empty VALUES (1201, '2024-05-06', 1, 'other');
CALL retention_refresh('nothing');
SELECT count(*) AS channels, sum(customers) AS customers, max(position) AS last, (SELECT customers FROM nothing.channels WHERE channel = 'other') AS other FROM nothing.channels;
SELECT count(DISTINCT channel) AS channels, count(DISTINCT channel_group) AS groups FROM nothing.customers;

-- findings say what to type, whatever the names
CREATE SCHEMA "a;b";
CREATE TABLE "a;b"."Orders ""%I\1'" ("Customer Nr" numeric, "Order Date" timestamp, "sum, EUR" money, "table" real, "$1" varchar(9));
INSERT INTO "a;b"."Orders ""%I\1'" VALUES (1, '1980-01-01', '1', 2.5, 'x'), (1, '2024-01-01', '1', 2.5, 'y'), (2, '2024-01-01', '1', 'NaN', '<b>');
CALL retention_dashboard('x"y%s', '"a;b"."Orders ""%I\1''"', 'Customer Nr', 'Order Date', channel => '$1');
SELECT orders FROM "x""y%s".settings;
SELECT finding, remedy FROM "x""y%s".findings WHERE rows > 0 ORDER BY position;
SELECT retention_page('x"y%s') ~ '<bdi>&lt;b></bdi>' AS escaped;

-- refused, and nothing is left
CALL retention_dashboard('no', 'purchases', 'custmer', 'bought_on', 'amount');
CALL retention_dashboard('no', 'purchases', 'customer', 'Bought On', 'amount');
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', 'xyz');
CALL retention_dashboard('no', 'purchases', 'amount', 'customer', 'bought_on');
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', 'shop');
CALL retention_dashboard('no', '"a;b"."Orders ""%I\1''"', 'Customer Nr', 'Order Date', 'sum, EUR');
CALL retention_dashboard('no', '"a;b"."Orders ""%I\1''"', 'Customer Nr', 'Order Date', 'table');
CREATE TABLE contracts (customer json, c point, during daterange);
CALL retention_dashboard('no', 'contracts', 'customer', 'during');
CALL retention_dashboard('no', 'purchases', 'ctid', 'bought_on');
CREATE VIEW points AS SELECT c, date '2024-01-01' AS at FROM contracts;
CALL retention_dashboard('no', 'points', 'c', 'at');
CREATE INDEX purchases_day ON purchases (bought_on);
CALL retention_dashboard('no', 'purchases_day', 'customer', 'bought_on');
CREATE TEMPORARY TABLE passing AS SELECT * FROM purchases;
CALL retention_dashboard('no', 'passing', 'customer', 'bought_on');
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', grain => '30 days since start');
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', grain => NULL);
CALL retention_dashboard(NULL, 'purchases', 'customer', 'bought_on');
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', as_of => 'infinity');
CALL retention_dashboard('board', 'purchases', 'customer', 'bought_on');
CALL retention_dashboard('a;b', 'purchases', 'customer', 'bought_on');
CALL retention_dashboard(repeat('n', 64), 'purchases', 'customer', 'bought_on');
CALL retention_dashboard('pg_no', 'purchases', 'customer', 'bought_on');
CALL retention_dashboard('no', 'nowhere', 'customer', 'bought_on');
INSERT INTO purchases VALUES ('Eve', 'infinity', 1, NULL);
CALL retention_dashboard('no', 'purchases', 'customer', 'bought_on', 'amount');
CALL retention_refresh('board');
SELECT last_event FROM board.settings;
CALL retention_refresh('a;b');
CALL retention_refresh(NULL);
SELECT retention_page('public');
SELECT count(*) AS left FROM pg_namespace WHERE nspname = 'no';

-- an empty schema will do
CREATE SCHEMA ready;
CALL retention_dashboard('ready', 'instants', 'c', 'at');
SELECT count(*) FROM ready.customers;

DROP SCHEMA board, dated, plain, paris, nothing, "a;b", "x""y%s", ready CASCADE;
DROP TABLE purchases, instants, empty, contracts CASCADE;
