-- What purchase models refuse, and how they say so.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Rows that are no histories: their number, an example, a hint.
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (2, 40, 38.86), (1, 1, 2), (3, 50, 49), (0, 0, 5)) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (0, 3, 5), (1, 1, 2)) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (-1, 0, 5), (1, 1, 2)) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (1, -2, 5), (0, 0, -1), (1, 1, 2)) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (1, 2::float8, 'NaN'::float8), (1, 1, 2), (1, '-Infinity', 5), (2, 5, 'Infinity')) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (9223372036854775807, 1, 2), (1, 1, 1e16)) v (x, recency, age);
SELECT purchase_model('bg/nbd', x, recency, age) FROM (VALUES (2, 40, 38.86), (0, 3, 5), (-1, 0, 5), (1, 1, 2)) v (x, recency, age);
SELECT purchase_model('pareto/nbd', 0, 0, age) FROM generate_series(1, 10) age;
SELECT purchase_model('pareto/nbd', 1, 0, 0) FROM generate_series(1, 10);
SELECT purchase_model('mbg/nbd', 1, 1e-20, 1e-20) FROM generate_series(1, 10);

-- The same example whatever the order of rows.
SELECT purchase_model('bg/nbd', x, recency, age ORDER BY x DESC) FROM (VALUES (2, 40, 38.86), (1, 1, 2), (3, 50, 49), (0, 0, 5)) v (x, recency, age);

-- Kind and unit.
SELECT purchase_model('nbd', 1, 1, 2);
SELECT purchase_model(NULL, 1, 1, 2);
SELECT purchase_model(kind, 1, 1, 2) FROM (VALUES ('bg/nbd'), ('mbg/nbd')) v (kind);
SELECT purchase_model('bg/nbd', 1, 1, 2, 'year');
SELECT purchase_model('bg/nbd', 1, 1, 2, 's');
SELECT purchase_model('bg/nbd', 1, 1, 2, NULL);
SELECT purchase_model('bg/nbd', 1, 1, 2, unit) FROM (VALUES ('day'), ('week')) v (unit);

CREATE TEMP TABLE purchase_model_plain AS
SELECT '{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'::purchase_model AS m,
	'{"kind": "pareto/nbd", "parameters": {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}}'::purchase_model AS no_unit;

-- Histories of one customer.
SELECT p_alive(m, -1, 0, 1) FROM purchase_model_plain;
SELECT p_alive(m, 1, 3, 2) FROM purchase_model_plain;
SELECT p_alive(m, 0, 1, 2) FROM purchase_model_plain;
SELECT p_alive(m, 1, -1, 2) FROM purchase_model_plain;
SELECT p_alive(m, 1, 'NaN', 2) FROM purchase_model_plain;
SELECT p_alive(m, 1, 1, 'Infinity') FROM purchase_model_plain;
SELECT p_alive(m, 2000000000, 1, 2) FROM purchase_model_plain;
SELECT expected_purchases(m, 1, 1, 3, 2) FROM purchase_model_plain;
SELECT p_no_purchase(m, 1, 1, 3, 2) FROM purchase_model_plain;
SELECT discounted_expected_purchases(m, 1, 1, 3, 2) FROM purchase_model_plain;
SELECT log_likelihood(m, 1, 3, 2) FROM purchase_model_plain;

-- Horizons and discounts.
SELECT expected_purchases(m, -1) FROM purchase_model_plain;
SELECT expected_purchases(m, 'NaN') FROM purchase_model_plain;
SELECT expected_purchases(m, 'Infinity', 1, 1, 2) FROM purchase_model_plain;
SELECT p_no_purchase(m, -0.5, 1, 1, 2) FROM purchase_model_plain;
SELECT discounted_expected_purchases(m, 0) FROM purchase_model_plain;
SELECT discounted_expected_purchases(m, -0.1, 1, 1, 2) FROM purchase_model_plain;
SELECT discounted_expected_purchases(m, 'Infinity', 1, 1, 2) FROM purchase_model_plain;
SELECT discounted_expected_purchases(m, 'NaN', 1, 1, 2) FROM purchase_model_plain;
SELECT discounted_expected_purchases(no_unit, 0.15, 1, 1, 2) FROM purchase_model_plain;

-- NULL in, NULL out.
SELECT p_alive(NULL, 1, 1, 2), p_alive(m, NULL, 1, 2), expected_purchases(m, NULL), expected_purchases(m, 1, 1, NULL, 2),
	p_no_purchase(m, 1, 1, 1, NULL), discounted_expected_purchases(m, NULL), log_likelihood(m, 1, 1, NULL)
FROM purchase_model_plain;
SELECT count(*) FROM model_parameters(NULL::purchase_model);

-- Parameters and times many orders of magnitude apart: a number, or an error that
-- says so; never NaN nor an infinity.
CREATE FUNCTION pg_temp.outcome(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	value float8;
BEGIN
	EXECUTE 'SELECT ' || expression INTO value;
	RETURN CASE WHEN value = 'NaN' OR abs(value) = 'Infinity' OR value IS NULL THEN 'neither' ELSE 'a number or 22003' END;
EXCEPTION WHEN numeric_value_out_of_range THEN
	RETURN 'a number or 22003';
WHEN OTHERS THEN
	RETURN SQLERRM;
END $$;
SELECT function, pg_temp.outcome(format(call, format('%L::purchase_model', format('{"kind": "%s", "unit": "day", "parameters": {"r": %s, "alpha": %s, "%s": %s, "%s": %s}}',
	kind, r, alpha, CASE kind WHEN 'pareto/nbd' THEN 's' ELSE 'a' END, a, CASE kind WHEN 'pareto/nbd' THEN 'beta' ELSE 'b' END, b)), history)) AS outcome, count(*)
FROM unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind, unnest('{1e-30,1,1e30}'::text[]) r, unnest('{1e-30,1,1e30}'::text[]) alpha,
	unnest('{1e-30,1,1e30}'::text[]) a, unnest('{1e-30,1,1e30}'::text[]) b,
	unnest('{"0, 0, 0","1, 0, 0","0, 0, 1e15","1000000000, 1e15, 1e15","3, 1e-300, 7"}'::text[]) history,
	(VALUES ('expected_purchases', 'expected_purchases(%s, 1e10, %s)'), ('p_alive', 'p_alive(%s, %s)'), ('p_no_purchase', 'p_no_purchase(%s, 1e300, %s)'),
		('discounted', 'discounted_expected_purchases(%s, 1e-9, %s)'), ('log_likelihood', 'log_likelihood(%s, %s)')) f (function, call)
GROUP BY 1, 2
ORDER BY 1, 2;
