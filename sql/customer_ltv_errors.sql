-- What models from timelines, and predictions for them, are refused with.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE customer_ltv_refused AS
SELECT '{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model AS m,
	'{"kind": "mbg/nbd", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model AS no_unit,
	'{"kind": "gamma-gamma", "parameters": {"p": 2, "q": 3, "gamma": 3}}'::spend_model AS s,
	'{"kind": "gamma-gamma", "parameters": {"p": 2, "q": 1, "gamma": 3}}'::spend_model AS no_mean,
	(SELECT timeline(at, amount) FROM (VALUES (date '2024-01-01', 10), ('2024-01-06', 20)) v(at, amount)) AS t,
	(SELECT timeline(at) FROM (VALUES (date '2024-01-01'), ('2024-01-06')) v(at)) AS no_amounts,
	(SELECT timeline(at, amount) FROM (VALUES (date '2024-01-01', 10)) v(at, amount)) AS once,
	(SELECT timeline(at, amount) FROM (VALUES (date '2024-01-01', 10), ('2024-01-06', 20), ('2024-01-06', -30)) v(at, amount)) AS given_back,
	timeline(daterange('2024-01-01', '2024-03-01'), 20) AS levels;

-- The aggregates: kind and unit.
SELECT purchase_model('nbd', t, '2024-02-01', 'day') FROM customer_ltv_refused;
SELECT purchase_model(NULL, t, '2024-02-01', 'day') FROM customer_ltv_refused;
SELECT purchase_model('bg/nbd', t, '2024-02-01', 'year') FROM customer_ltv_refused;
SELECT purchase_model('bg/nbd', t, '2024-02-01', NULL) FROM customer_ltv_refused;
SELECT purchase_model('bg/nbd', t, '2024-02-01', unit) FROM customer_ltv_refused, (VALUES ('day'), ('week')) v(unit);
SELECT purchase_model(kind, t, '2024-02-01', 'day') FROM customer_ltv_refused, (VALUES ('bg/nbd'), ('mbg/nbd')) v(kind);
-- the timelines
SELECT purchase_model('bg/nbd', levels, '2024-02-01', 'day') FROM customer_ltv_refused;
SELECT purchase_model('bg/nbd', t, 'infinity', 'day') FROM customer_ltv_refused;
SELECT purchase_model('bg/nbd', once, '2024-02-01', 'day') FROM customer_ltv_refused;
SELECT spend_model(levels, '2024-02-01') FROM customer_ltv_refused;
SELECT spend_model(no_amounts, '2024-02-01') FROM customer_ltv_refused;
SELECT spend_model(no_amounts, '2020-01-01') FROM customer_ltv_refused;
SELECT spend_model(t, '-infinity') FROM customer_ltv_refused;
SELECT spend_model(once, '2024-02-01') FROM customer_ltv_refused;
SELECT spend_model(x, '2024-02-01') FROM customer_ltv_refused, unnest(ARRAY[t, given_back, given_back, once]) x;

-- Predictions.  A model without a unit
SELECT expected_purchases(no_unit, '1 year', t, '2024-02-01') FROM customer_ltv_refused;
SELECT p_alive(no_unit, t, '2024-02-01') FROM customer_ltv_refused;
SELECT p_no_purchase(no_unit, '1 year', t, '2024-02-01') FROM customer_ltv_refused;
SELECT discounted_expected_purchases(no_unit, 0.1, t, '2024-02-01') FROM customer_ltv_refused;
SELECT predicted_ltv(no_unit, s, t, '2020-01-01', '1 year') FROM customer_ltv_refused;
SELECT customer_ltv(no_unit, s, t, '2024-02-01', '1 year') FROM customer_ltv_refused;
-- subscriptions
SELECT p_alive(m, levels, '2024-02-01') FROM customer_ltv_refused;
SELECT expected_spend(s, levels, '2024-02-01') FROM customer_ltv_refused;
SELECT customer_ltv(m, s, levels, '2024-02-01', '1 year') FROM customer_ltv_refused;
-- no amounts, or nothing left of them, or customers too different
SELECT expected_spend(s, no_amounts, '2024-02-01') FROM customer_ltv_refused;
SELECT predicted_ltv(m, s, no_amounts, '2020-01-01', '1 year') FROM customer_ltv_refused;
SELECT customer_ltv(m, s, given_back, '2024-02-01', '1 year') FROM customer_ltv_refused;
SELECT expected_spend(no_mean, once, '2024-02-01') FROM customer_ltv_refused;
-- days, horizons, discounts, margins
SELECT p_alive(m, t, 'infinity') FROM customer_ltv_refused;
SELECT expected_purchases(m, '1 day', t, 'infinity') FROM customer_ltv_refused;
SELECT customer_ltv(m, s, t, '-infinity', '1 day') FROM customer_ltv_refused;
SELECT expected_purchases(m, '-1 day', t, '2024-02-01') FROM customer_ltv_refused;
SELECT p_no_purchase(m, '1 month -32 days', t, '2024-02-01') FROM customer_ltv_refused;
SELECT predicted_ltv(m, s, t, '2024-02-01', '-1 day') FROM customer_ltv_refused;
SELECT expected_purchases(m, '300000 years', t, '2024-02-01') FROM customer_ltv_refused;
SELECT discounted_expected_purchases(m, 0, t, '2024-02-01') FROM customer_ltv_refused;
SELECT predicted_ltv(m, s, t, '2024-02-01', '1 year', -0.1) FROM customer_ltv_refused;
SELECT customer_ltv(m, s, t, '2024-02-01', '1 year', margin => 30) FROM customer_ltv_refused;

-- Nothing but untyped literals says neither timeline nor number: a cast does.
SELECT expected_spend(s, NULL, NULL) FROM customer_ltv_refused;
SELECT expected_spend(s, NULL::timeline, NULL) IS NULL AS timeline, expected_spend(s, NULL::int, NULL) IS NULL AS number FROM customer_ltv_refused;

-- The codes of the errors above that have no other test.
CREATE FUNCTION pg_temp.code(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %s FROM customer_ltv_refused', call);
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT call, pg_temp.code(call) FROM unnest(ARRAY[$$p_alive(no_unit, t, '2024-02-01')$$, $$customer_ltv(no_unit, s, t, '2024-02-01', '1 year')$$,
	$$p_alive(m, levels, '2024-02-01')$$, $$spend_model(no_amounts, '2024-02-01')$$, $$expected_spend(s, no_amounts, '2024-02-01')$$, $$expected_spend(s, given_back, '2024-02-01')$$,
	$$expected_spend(no_mean, once, '2024-02-01')$$, $$p_alive(m, t, 'infinity')$$, $$customer_ltv(m, s, t, 'infinity', '1 day')$$, $$p_no_purchase(m, '-1 day', t, '2024-02-01')$$,
	$$customer_ltv(m, s, t, '2024-02-01', '1 day', -1)$$, $$purchase_model('bg/nbd', t, '2024-02-01', NULL)$$, $$purchase_model('bg/nbd', t, '2024-02-01', 'hour')$$]) WITH ORDINALITY c(call, n)
ORDER BY n;
