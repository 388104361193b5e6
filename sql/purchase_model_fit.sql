-- Fitting purchase models: the aggregate, and what makes an estimate one.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Customers simulated as the models say, in whole weeks: exponential gaps between
-- purchases with rates of mean 1/15 (r = 1, alpha = 15); they drop out after a
-- purchase with a probability that is Beta(1, 3), or at a rate of mean 1/20 (s = 1,
-- beta = 20).
CREATE FUNCTION pg_temp.uniform(id int, n int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT ((hashint4extended(id, n) & 16777215) + 0.5) / 16777216
$$;
CREATE TEMP TABLE purchase_model_purchases AS
SELECT id, n, 20.0::float8 + id % 25 AS age, sum(-ln(pg_temp.uniform(id, n)) / rate) OVER (PARTITION BY id ORDER BY n) AS at,
	count(*) FILTER (WHERE pg_temp.uniform(id, 100 + n) < p) OVER (PARTITION BY id ORDER BY n) > 0 AS left_after,
	pg_temp.uniform(id, 100) < p AS left_at_once, lifetime
FROM generate_series(1, 1500) id, generate_series(1, 40) n,
	LATERAL (SELECT -ln(pg_temp.uniform(id, 1001)) / 15 AS rate, 1 - power(pg_temp.uniform(id, 1002), 1 / 3.0::float8) AS p,
		20 * ln(pg_temp.uniform(id, 1003)) / ln(pg_temp.uniform(id, 1004)) AS lifetime) c;
CREATE TEMP TABLE purchase_model_customers AS
SELECT kind, id, count(*) FILTER (WHERE seen) AS x, coalesce(ceil(max(at) FILTER (WHERE seen)), 0) AS recency, age
FROM (
	SELECT kind, id, age, at, at <= age AND CASE kind WHEN 'pareto/nbd' THEN at <= lifetime
		ELSE lag(left_after, 1, left_at_once AND kind = 'mbg/nbd') OVER (PARTITION BY kind, id ORDER BY n) = false
			AND NOT (left_at_once AND kind = 'mbg/nbd') END AS seen
	FROM purchase_model_purchases, unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind) s
GROUP BY kind, id, age;
SELECT kind, count(*) AS customers, count(*) FILTER (WHERE x > 0) > 500 AS repeaters, count(DISTINCT (x, recency, age)) < 1000 AS some_are_alike,
	bool_and(recency <= age) AS histories
FROM purchase_model_customers
GROUP BY kind
ORDER BY kind;

CREATE TEMP TABLE purchase_model_fits AS
SELECT kind, purchase_model(kind, x, recency, age, 'week') AS m
FROM purchase_model_customers
GROUP BY kind;

SELECT kind, string_agg(name, ' ') AS parameters, bool_and(estimate > 0 AND standard_error > 0 AND standard_error < estimate) AS estimated,
	bool_and(abs(estimate - truth) < 3 * standard_error) AS as_simulated
FROM purchase_model_fits, model_parameters(m)
JOIN (VALUES ('r', 1), ('alpha', 15), ('a', 1), ('b', 3), ('s', 1), ('beta', 20)) t (name, truth) USING (name)
GROUP BY kind
ORDER BY kind;

SELECT kind, f.customers, f.distinct_rows = d.n AS rows, f.evaluations BETWEEN 10 AND 500 AS evaluations, f.status, f.identified
FROM purchase_model_fits JOIN (SELECT kind, count(DISTINCT (x, recency, age)) AS n FROM purchase_model_customers GROUP BY kind) d USING (kind), model_fit(m) f
ORDER BY kind;

-- The log-likelihood is the sum over customers, and no neighbour has a higher one:
-- every parameter is moved by a standard error / 20 either way, for which a maximum
-- loses at least 1/2 (1/20)^2.
CREATE FUNCTION pg_temp.moved(m purchase_model, parameter text, by float8) RETURNS purchase_model LANGUAGE sql STABLE AS $$
	SELECT json_build_object('kind', m::json ->> 'kind', 'parameters',
		(SELECT json_object_agg(name, estimate + CASE WHEN name = parameter THEN by * standard_error ELSE 0 END) FROM model_parameters(m)))::text::purchase_model
$$;
SELECT kind, abs(total - log_likelihood) < 1e-8 * abs(total) AS is_sum, neighbours, lowest_loss
FROM (
	SELECT kind, min(l.total) FILTER (WHERE n.name IS NULL) AS total,
		count(*) FILTER (WHERE n.name IS NOT NULL) AS neighbours,
		min(f.log_likelihood - l.total) FILTER (WHERE n.name IS NOT NULL) > 0.00124 AS lowest_loss,
		min(f.log_likelihood) AS log_likelihood
	FROM purchase_model_fits, model_fit(m) f,
		LATERAL (SELECT name, side * 0.05 AS side FROM model_parameters(m), unnest('{-1,1}'::int[]) side UNION ALL VALUES (NULL, 0)) n,
		LATERAL (SELECT CASE WHEN n.name IS NULL THEN m ELSE pg_temp.moved(m, n.name, n.side) END AS mm OFFSET 0) mm,
		LATERAL (SELECT sum(log_likelihood(mm, x, recency, age)) AS total FROM purchase_model_customers c WHERE c.kind = purchase_model_fits.kind) l
	GROUP BY kind) s
ORDER BY kind;

-- The covariance is that of the observed information: its inverse times second
-- differences of the log-likelihood is the identity (first row of it).
SELECT kind, bool_and(abs(product - (i = 1)::int) < 5e-3) AS inverse
FROM (
	SELECT kind, n.i, sum((m::json #>> ARRAY['covariance', '0', (k.i - 1)::text])::float8 * -d.second) * n.se / sqrt((m::json #>> '{covariance,0,0}')::float8) AS product
	FROM purchase_model_fits,
		LATERAL (SELECT name, estimate AS e, standard_error AS se, row_number() OVER () AS i FROM model_parameters(m)) n,
		LATERAL (SELECT name, estimate AS e, standard_error AS se, row_number() OVER () AS i FROM model_parameters(m)) k,
		LATERAL (SELECT sum(a * b * l.total) / (4 * 0.004 * 0.004 * n.se * k.se) AS second
			FROM unnest('{-1,1}'::int[]) a, unnest('{-1,1}'::int[]) b,
				LATERAL (SELECT json_build_object('kind', kind, 'parameters', (SELECT json_object_agg(p.name, p.estimate
					+ CASE WHEN p.name = n.name THEN 0.004 * a * n.se ELSE 0 END
					+ CASE WHEN p.name = k.name THEN 0.004 * b * k.se ELSE 0 END) FROM model_parameters(m) p))::text::purchase_model AS moved OFFSET 0) q,
				LATERAL (SELECT sum(log_likelihood(moved, x, recency, age)) AS total FROM purchase_model_customers c WHERE c.kind = purchase_model_fits.kind) l) d
	GROUP BY kind, n.i, n.se, m) s
GROUP BY kind
ORDER BY kind;

-- Neither the order of rows nor how they are grouped matters, to the last bit.
SELECT kind, bool_and(m = other) AS same
FROM purchase_model_fits
JOIN (SELECT kind, purchase_model(kind, x, recency, age, 'week' ORDER BY seed, id) AS other
	FROM (SELECT *, hashint4extended(id, s) AS seed FROM purchase_model_customers, generate_series(1, 3) s) c
	GROUP BY kind, s) o USING (kind)
GROUP BY kind
ORDER BY kind;

-- Three of each customer: the same parameters, a third of the variance, three times the log-likelihood.
SELECT kind, bool_and(abs(t.estimate / p.estimate - 1) < 1e-7) AS estimates, bool_and(abs(t.standard_error * sqrt(3) / p.standard_error - 1) < 1e-4) AS errors,
	bool_and(abs(tf.log_likelihood / f.log_likelihood - 3) < 1e-9) AS log_likelihoods, bool_and(tf.customers = 3 * f.customers AND tf.distinct_rows = f.distinct_rows) AS counts
FROM purchase_model_fits
JOIN (SELECT kind, purchase_model(kind, x, recency, age, 'week') AS triple
	FROM purchase_model_customers, generate_series(1, 3)
	GROUP BY kind) o USING (kind),
	model_parameters(m) p, model_fit(m) f, model_parameters(triple) t, model_fit(triple) tf
WHERE p.name = t.name
GROUP BY kind
ORDER BY kind;

-- Days instead of weeks, and years: alpha (and beta) in the other unit, the rest
-- unchanged; the log-likelihood by -sum(x) log of the factor.
SELECT kind, factor,
	bool_and(abs(t.estimate / p.estimate / CASE WHEN p.name IN ('alpha', 'beta') THEN factor ELSE 1 END - 1) < 1e-6) AS estimates,
	bool_and(abs(tf.log_likelihood - f.log_likelihood + repeats * ln(factor)) < 1e-6) AS log_likelihoods
FROM purchase_model_fits
JOIN (SELECT kind, factor, purchase_model(kind, x, recency * factor, age * factor) AS scaled, sum(x) AS repeats
	FROM purchase_model_customers, unnest(ARRAY[7, 7 / 365.25, 1e-9]::float8[]) factor
	GROUP BY kind, factor) o USING (kind),
	model_parameters(m) p, model_fit(m) f, model_parameters(scaled) t, model_fit(scaled) tf
WHERE p.name = t.name
GROUP BY kind, factor
ORDER BY kind, factor;

-- Rows with a NULL are skipped; no rows give NULL.
SELECT purchase_model('bg/nbd', x, recency, age) IS NULL AS nothing FROM purchase_model_customers WHERE false;
SELECT purchase_model('bg/nbd', x, recency, age) IS NULL AS only_nulls FROM (VALUES (NULL::bigint, 1::float8, 2::float8), (1, NULL, 2), (1, 1, NULL)) v (x, recency, age);
SELECT m = (SELECT purchase_model('bg/nbd', x, recency, age, 'week')
	FROM (SELECT x, recency, age FROM purchase_model_customers WHERE kind = 'bg/nbd' UNION ALL VALUES (NULL, 1, 2), (1, NULL, 2), (1, 1, NULL)) v) AS skipped
FROM purchase_model_fits WHERE kind = 'bg/nbd';

-- The kind in any case, the unit in singular or plural; numeric and int columns.
SELECT m = (SELECT purchase_model('BG/NBD', x::int, recency::numeric, age::int, 'Weeks') FROM purchase_model_customers WHERE kind = 'bg/nbd') AS same
FROM purchase_model_fits WHERE kind = 'bg/nbd';

-- FILTER, and a window: every frame is what an aggregate of its rows is.
SELECT purchase_model('mbg/nbd', x, recency, age) FILTER (WHERE id % 2 = 0) = (SELECT purchase_model('mbg/nbd', x, recency, age) FROM purchase_model_customers WHERE id % 2 = 0) AS filtered
FROM purchase_model_customers;
SELECT count(*) AS frames, bool_and(w.m = (SELECT purchase_model('bg/nbd', x, recency, age) FROM purchase_model_customers c WHERE kind = 'bg/nbd' AND c.id <= 40 AND (-c.x, c.id) <= (-w.x, w.id))) AS same
FROM (SELECT id, x, purchase_model('bg/nbd', x, recency, age) OVER (ORDER BY x DESC, id) AS m FROM purchase_model_customers WHERE kind = 'bg/nbd' AND id <= 40) w
WHERE id >= 36;

-- Flat ridges: everybody buys at the same rate and stays.  No standard errors, not
-- identified, and the predictions are those of the one rate: 3 purchases in 10.
SELECT kind, f.status <> '' AS status, f.identified, count(p.standard_error) AS errors, round(min(expected_purchases(m, 20))::numeric, 4) AS in_20,
	round(min(expected_purchases(m, 20, 3, 10, 10))::numeric, 4) AS in_another_20
FROM (SELECT kind, purchase_model(kind, 3, 10, 10) AS m FROM generate_series(1, 1000), unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind GROUP BY kind) s,
	model_fit(m) f, model_parameters(m) p
GROUP BY kind, f.status, f.identified
ORDER BY kind;

-- One customer, and one who bought at the very start only.
SELECT kind, n, f.identified, expected_purchases(m, 10) BETWEEN 0 AND 1e6 AS sane, p_alive(m, 1, 2, 5) BETWEEN 0 AND 1 AS alive
FROM (SELECT kind, n, purchase_model(kind, 1, recency, age) AS m
	FROM (VALUES (1, 2::float8, 5::float8), (2, 0, 5), (3, 5, 5)) v (n, recency, age), unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind
	GROUP BY kind, n) s, model_fit(m) f
ORDER BY kind, n;

-- Two kinds of customers: 240 who bought once and 160 regulars.  The likelihood has
-- several maxima; the highest has -14594.15 (mbg/nbd, by fifty starts of another
-- optimizer) and no end (pareto/nbd: it rises as long as beta falls; -14605.88 was
-- the highest that was found).  In both, who has bought once and then nothing for
-- 600 days is gone: at the lower maxima they would be 98.5 % alive.
CREATE TEMP TABLE purchase_model_kinds AS
SELECT 0 AS x, 0 AS recency, 300 + i % 400 AS age FROM generate_series(1, 240) i
UNION ALL
SELECT 10 + i % 30, 290 + i % 400 - i * 7 % 60, 300 + i % 400 FROM generate_series(1, 160) i;
SELECT kind, log_likelihood > best - 0.01 AS highest, identified, p_alive(m, 0, 0, 600) < 0.001 AS gone
FROM (SELECT kind, best, purchase_model(kind, x, recency, age) AS m
	FROM purchase_model_kinds, (VALUES ('mbg/nbd', -14594.15), ('pareto/nbd', -14605.88)) k (kind, best)
	GROUP BY kind, best) f, model_fit(m)
ORDER BY kind;

-- Of 1 and 1 customers the chance to drop out cannot tell: a and b at 1e-18 beside
-- the same shares as at 1e-9 are one likelihood.
SELECT kind, abs(log_likelihood(format('{"kind": "%s", "parameters": {"r": 1, "alpha": 10, "a": 2e-18, "b": 1e-18}}', kind)::purchase_model, x, recency, 20) -
	log_likelihood(format('{"kind": "%s", "parameters": {"r": 1, "alpha": 10, "a": 2e-9, "b": 1e-9}}', kind)::purchase_model, x, recency, 20)) < 1e-7 AS same
FROM (VALUES ('mbg/nbd', 0, 0), ('bg/nbd', 1, 5), ('mbg/nbd', 3, 12)) v (kind, x, recency)
ORDER BY kind, x;
