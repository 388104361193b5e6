-- cdnow.sql: who will buy again, how often, and what they are worth: a purchase
-- model fitted to nine months of orders, and checked against the next nine.
--
-- The data are the purchases of CDNOW, a shop for music, by customers who first
-- bought in the first quarter of 1997, up to June 1998 (Fader and Hardie,
-- "Forecasting repeat sales at CDNOW", Interfaces 31, 2001).  They are free for
-- research, at brucehardie.com/datasets, and not part of this project; the sample
-- of a tenth, CDNOW_sample.txt, and all of them, CDNOW_master.txt, both do.
--
--	psql -v file=CDNOW_sample.txt -f test/demo/cdnow.sql
--	psql -v file=CDNOW_sample.txt -v kind=pareto/nbd -f test/demo/cdnow.sql
--
-- The extension is installed in the database (CREATE EXTENSION retention).  All
-- tables are temporary.

\set ON_ERROR_STOP on
\pset footer off
\if :{?file}
\else
\warn 'Name the transaction log: psql -v file=CDNOW_sample.txt -f test/demo/cdnow.sql'
\quit
\endif
\if :{?kind}
\else
\set kind bg/nbd
\endif

-- 1. The log: a customer first, then the date, the number of CDs and the dollars
-- last, blanks between them.  One line is the heading of the complete file.
CREATE TEMPORARY TABLE cdnow_log (line text);
\set load '\\copy cdnow_log FROM ' :'file'
:load

CREATE TEMPORARY TABLE cdnow_orders AS
SELECT field[1]::int AS customer, field[cardinality(field) - 2]::date AS ordered_on, field[cardinality(field)]::numeric AS dollars
FROM cdnow_log, regexp_split_to_array(trim(line), '\s+') AS field
WHERE field[1] ~ '^\d+$';

-- 2. One timeline per customer.  From here on nobody looks at the orders.
CREATE TEMPORARY TABLE cdnow_customers AS
SELECT customer, timeline(ordered_on, dollars) AS history
FROM cdnow_orders
GROUP BY customer;

\echo 'The customers'
SELECT count(*) AS customers, min(first_at(history)) AS first_order, max(last_at(history)) AS last_order,
	sum(orders(history)) AS orders, sum(revenue(history)) AS dollars
FROM cdnow_customers;

-- 3. Two models as of 1 October 1997: they know nothing of that day or later.
-- A purchase is a day with an order; times are in weeks.  The spend model is
-- one of positive means, so whose repeat orders were all free is left out.
CREATE TEMPORARY TABLE cdnow_models AS
SELECT purchase_model(:'kind', history, '1997-10-01', 'week') AS purchases,
	spend_model(history, '1997-10-01') FILTER (WHERE (purchase_summary(history, '1997-10-01')).monetary_value > 0) AS spend
FROM cdnow_customers;

\echo 'The models'
SELECT :'kind' AS model, name, round(estimate::numeric, 4) AS estimate, round(standard_error::numeric, 4) AS standard_error, identified
FROM cdnow_models, model_parameters(purchases), model_fit(purchases)
UNION ALL
SELECT 'gamma-gamma', name, round(estimate::numeric, 4), round(standard_error::numeric, 4), identified
FROM cdnow_models, model_parameters(spend), model_fit(spend);

-- 4. Each customer in the 39 weeks to 30 June 1998: what is expected, and what
-- happened.  Days with an order after the first, then less before, are those in
-- between.
CREATE TEMPORARY TABLE cdnow_predictions AS
SELECT customer, before.frequency, before.monetary_value, p_alive(purchases, history, '1997-10-01'),
	expected_purchases(purchases, '39 weeks', history, '1997-10-01') AS expected,
	after.frequency - before.frequency AS actual,
	CASE WHEN before.frequency = 0 OR before.monetary_value > 0 THEN
		predicted_ltv(purchases, spend, history, '1997-10-01', '39 weeks') END AS expected_dollars,
	revenue(history, '1997-10-01', '1998-07-01') AS actual_dollars
FROM cdnow_customers, cdnow_models,
	purchase_summary(history, '1997-10-01') AS before, purchase_summary(history, '1998-07-01') AS after;

\echo 'All of them: purchases, and dollars'
SELECT count(*) AS customers, round(sum(p_alive)::numeric, 1) AS alive, round(sum(expected)::numeric, 1) AS expected, sum(actual) AS actual,
	round(sum(expected_dollars)) AS expected_dollars, round(sum(actual_dollars)) AS actual_dollars
FROM cdnow_predictions;

-- 5. A total can be right by chance.  Does the model tell good customers from bad?
\echo 'By the number of repeat purchases so far: purchases per customer'
SELECT least(frequency, 7) || CASE WHEN frequency >= 7 THEN '+' ELSE '' END AS repeats, count(*) AS customers,
	round(avg(expected)::numeric, 3) AS expected, round(avg(actual), 3) AS actual
FROM cdnow_predictions
GROUP BY 1
ORDER BY 1;

-- 6. Whom to keep: a tenth of the customers, by predicted value.
\echo 'The tenth of the customers that is worth most, and the rest'
SELECT CASE tenth WHEN 1 THEN 'best tenth' ELSE 'others' END AS customers, round(sum(expected_dollars)) AS expected_dollars,
	round(sum(actual_dollars)) AS actual_dollars, round(100 * sum(actual_dollars) / sum(sum(actual_dollars)) OVER ()) AS percent_of_actual
FROM (SELECT *, least(ntile(10) OVER (ORDER BY expected_dollars DESC NULLS LAST, customer), 2) AS tenth FROM cdnow_predictions) AS ranked
GROUP BY tenth
ORDER BY tenth;
