-- contract_model: how long contracts are renewed (sBG and BdW).
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;

-- Percent of customers still there after each year (Berry and Linoff 2004;
-- Fader and Hardie 2007, table 1): a thousand customers of each segment
CREATE TABLE contract_table (year int, regular numeric, high_end numeric);
INSERT INTO contract_table VALUES (0, 100, 100), (1, 63.1, 86.9), (2, 46.8, 74.3), (3, 38.2, 65.3),
	(4, 32.6, 59.3), (5, 28.9, 55.1), (6, 26.2, 51.7), (7, 24.1, 49.1);
CREATE VIEW contract_lives AS
WITH long AS (
	SELECT segment, year, (10 * percent)::bigint AS n
	FROM contract_table, LATERAL (VALUES ('regular', regular), ('high end', high_end)) v (segment, percent))
SELECT last, segment, year, true AS churned, lag(n) OVER (PARTITION BY segment, last ORDER BY year) - n AS n
FROM long, (VALUES (4), (7)) l (last) WHERE year <= last
UNION ALL
SELECT year, segment, year, false, n FROM long WHERE year IN (4, 7);
CREATE VIEW contract_fits AS
SELECT kind, segment, last, contract_model(kind, year, churned, n) AS model
FROM contract_lives, (VALUES ('sbg'), ('bdw')) k (kind) WHERE year > 0 GROUP BY 1, 2, 3;

-- the published .668 3.806 -1.611 and .704 1.182, with more digits: high end
-- .66808834 3.80609497 -1.611158147 (errors .10373 .78553), regular .70407733
-- 1.18204309 -1.680265188 (.065599 .152476)
SELECT segment, name, estimate::numeric(9,6), standard_error::numeric(6,5)
FROM contract_fits, model_parameters(model) WHERE kind = 'sbg' AND last = 7 ORDER BY segment, name;
SELECT segment, (log_likelihood / customers)::numeric(11,9) AS per_customer, customers, distinct_rows, evaluations BETWEEN 5 AND 100 AS quick, status, identified
FROM contract_fits, model_fit(model) WHERE kind = 'sbg' AND last = 7 ORDER BY segment;
-- 46.0440 43.5780 41.4172 39.5055 37.7999 and 22.0085 20.4411 19.1190 17.9865 17.0037
SELECT t, string_agg((100 * survival(model, t))::numeric(7,4)::text, ' ' ORDER BY segment)
FROM contract_fits, generate_series(8, 12) t WHERE kind = 'sbg' AND last = 7 GROUP BY t ORDER BY t;
-- .2593357 1.7225515 1.5843615, -122.274931824 per hundred (retenmod: .25933745
-- 1.72255566 1.58435482, -122.27493182); .5230293 .8942826 1.1963988,
-- -140.138305168; to year 7 .2142534 1.4265750 1.7235649, -160.531421321, and
-- .4556140 .7793255 1.2834513, -167.960283291
SELECT segment, last, string_agg(estimate::numeric(7,4)::text, ' ' ORDER BY name) AS parameters,
	min(log_likelihood / 10)::numeric(12,8) AS per_hundred
FROM contract_fits, model_parameters(model), model_fit(model) WHERE kind = 'bdw' GROUP BY segment, last ORDER BY segment, last;
-- 54.66108 51.03694 48.10447 45.66888 43.60373 41.82323
SELECT t, (100 * survival(model, t))::numeric(7,4) AS percent
FROM contract_fits, generate_series(5, 10) t WHERE kind = 'bdw' AND last = 4 AND segment = 'high end' ORDER BY t;

-- four cohorts (Fader and Hardie 2010: 3.80 15.20): 3.7981 15.1919, -40255.8373
WITH left_after (year, n) AS (VALUES (0, 10000), (1, 8000), (2, 6480), (3, 5307), (4, 4391)),
rows AS (
	SELECT year, true AS churned, lag(n) OVER (ORDER BY year) - n AS n, generate_series(1, 5 - year) AS cohort FROM left_after
	UNION ALL SELECT year, false, n, 1 FROM left_after WHERE year > 0)
SELECT string_agg(name || ' ' || estimate::numeric(7,4), ', ' ORDER BY name), min(log_likelihood)::numeric(9,4)
FROM (SELECT contract_model('sbg', year, churned, n) AS model FROM rows WHERE year > 0) m, model_parameters(model), model_fit(model);

-- DERL at 10 percent, table 3: 3.31 3.45 3.59 3.72 3.84, more exactly 3.31 is
-- 3.30981842 = (DEL - 1) * 1.1, then 3.45100033 3.58654366 3.71681154
-- 3.84213402; and DEL 4.0089258373
CREATE TABLE contract_known (id int, model contract_model);
INSERT INTO contract_known VALUES
	(1, '{"kind": "sbg", "parameters": {"alpha": 3.80, "beta": 15.20}}'),
	(2, '{"kind": "sbg", "parameters": {"alpha": 0.067, "beta": 0.267}}'),
	(3, '{"kind": "sbg", "parameters": {"alpha": 0.668, "beta": 3.806}}'),
	(4, '{"kind": "bdw", "parameters": {"alpha": 0.668, "beta": 3.806, "c": 1}}'),
	(5, '{"kind": "bdw", "parameters": {"alpha": 3, "beta": 2, "c": 1.5}}');
SELECT n, expected_lifetime(model, 0.1, n)::numeric(11,8), ((expected_lifetime(model, 0.1) - 1) * 1.1)::numeric(9,8) AS first
FROM contract_known, generate_series(0, 4) n WHERE id = 1;
-- 7.67083546, 9.45529943 9.85083377 10.0561670 10.1886400; DEL 7.97348678266
SELECT n, expected_lifetime(model, 0.1, n)::numeric(11,8), ((expected_lifetime(model, 0.1) - 1) * 1.1)::numeric(9,8) AS first
FROM contract_known, generate_series(0, 4) n WHERE id = 2;
-- 5.922596407613 at 10 percent; 19.00962598102 and 27.58814108424 at 1, 80.95413908211 at .1
SELECT expected_lifetime(model, 0.1)::numeric(12,9), ((expected_lifetime(model, 0.01) - 1) * 1.01)::numeric(12,9),
	expected_lifetime(model, 0.01, 4)::numeric(12,9), expected_lifetime(model, 0.001, 4)::numeric(12,9)
FROM contract_known WHERE id = 3;
-- with c = 1 bdw is sbg
SELECT bool_and(abs(expected_lifetime(a.model, d, n) / expected_lifetime(b.model, d, n) - 1) < 1e-12),
	bool_and(abs(survival(a.model, n) / survival(b.model, n) - 1) < 1e-12)
FROM contract_known a, contract_known b, unnest('{1e-9,0.001,0.1,100}'::float8[]) d, generate_series(0, 20) n WHERE a.id = 3 AND b.id = 4;
-- without discount there may be no limit; for alpha = 3.8 it is (3.8 + 15.2 - 1) / 2.8
SELECT id, expected_lifetime(model, 0)::numeric(9,6), expected_lifetime(model, 0, 3)::numeric(9,6) FROM contract_known WHERE id <= 3 ORDER BY id;
-- the sum itself: survival falls as t^-4.5 here, the rest after 100000 terms is below 1e-15
SELECT abs(expected_lifetime(model, 0) / sum(survival(model, t)) - 1) < 1e-11 AS del,
	abs(expected_lifetime(model, 0.02, 3) / (sum(survival(model, t) * 1.02 ^ (4 - t) / survival(model, 3)) FILTER (WHERE t BETWEEN 4 AND 4000)) - 1) < 1e-11 AS derl
FROM contract_known, generate_series(0, 100000) t WHERE id = 5 GROUP BY model;
-- (beta + t - 1) / (alpha + beta + t - 1)
SELECT t, renewal_rate(model, t), (15.2 + t - 1) / (19 + t - 1) AS expected, survival(model, t) / survival(model, t - 1) - renewal_rate(model, t) < 1e-15 AS same
FROM contract_known, unnest('{1,2,10}'::int[]) t WHERE id = 1;
SELECT survival(model, 0), survival(model, 9223372036854775807) BETWEEN 0 AND 1, renewal_rate(model, 9223372036854775807) BETWEEN 0.999 AND 1
FROM contract_known ORDER BY id;

-- weights are repeated rows
SELECT (SELECT contract_model('sbg', t, c, w) FROM (VALUES (1, true, 3), (2, true, 2), (3, false, 4), (9, true, 0), (9, true, NULL)) v (t, c, w)) =
	(SELECT contract_model('SBG', t, c) FROM (VALUES (1, true, 3), (2, true, 2), (3, false, 4)) v (t, c, w), generate_series(1, w)) AS same;
-- churn that does not change: the likelihood is flat, survival is still right
SELECT m.identified, m.status, survival(model, 2)::numeric(4,3), survival(model, 6)::numeric(4,3)
FROM (SELECT contract_model('sbg', t, c, w) AS model FROM (VALUES (1, true, 500), (2, true, 250), (3, true, 125), (3, false, 125)) v (t, c, w)) s, model_fit(model) m;
-- bdw is never less likely than sbg, which it is for c = 1.  One customer lost in
-- each of n periods: churn probabilities are all alike, and the most likely Weibull
-- distribution is that of a uniform one, c^2 = c + 1, S(1/2) = exp(-(c + 1) / 2^c),
-- 1.618 and .4262, however finely time is divided
SELECT n, b.log_likelihood > s.log_likelihood + n / 10 AS more_likely, b.identified, abs(p.estimate - 1.618) < 1.0 / n AS c, abs(survival(m.bdw, n / 2) - 0.4262) < 0.1 / n AS half
FROM (SELECT n, contract_model('sbg', t, true) AS sbg, contract_model('bdw', t, true) AS bdw FROM unnest('{200,1000,5000}'::int[]) n, generate_series(1, n) t GROUP BY n) m,
	model_fit(sbg) s, model_fit(bdw) b, model_parameters(bdw) p WHERE p.name = 'c' ORDER BY n;
SELECT contract_model('sbg', t, true) FROM (VALUES (NULL::int)) v (t);
SELECT contract_model('sbg', 1, true) WHERE false;

-- from a cohort matrix: of 100 customers who begin in January, and 100 in
-- February, 70, 60 and 55 order in the next months without a break
CREATE TABLE contract_orders AS
SELECT c AS customer, date '2024-01-10' + (c % 2 + m) * interval '1 month' AS at
FROM generate_series(1, 200) c, generate_series(0, 3) m
WHERE m = 0 OR (m = 1 AND c <= 140) OR (m = 2 AND (c <= 120 OR c > 190)) OR (m = 3 AND c <= 110);
SELECT contract_model('sbg', cohort_matrix(customer, at, 'month'), '2024-05-01') =
	(SELECT contract_model('sbg', t, c, w) FROM (VALUES
		(1, true, 60), (2, true, 20), (3, true, 5), (3, false, 55), (2, false, 60)) v (t, c, w)) AS same
FROM contract_orders;
-- one month less
SELECT contract_model('bdw', cohort_matrix(customer, at, 'month'), '2024-04-01') =
	(SELECT contract_model('bdw', t, c, w) FROM (VALUES
		(1, true, 60), (2, true, 10), (2, false, 60), (1, false, 70)) v (t, c, w)) AS same
FROM contract_orders;
SELECT contract_model('sbg', cohort_matrix(customer, at, 'month'), '2024-01-15'), contract_model('sbg', NULL::cohort_matrix) FROM contract_orders;

-- the type
SELECT model FROM contract_known ORDER BY id;
SELECT id, contract_model_send(model) FROM contract_known WHERE id IN (1, 5) ORDER BY id;
SELECT min(id), count(*) FROM (TABLE contract_known UNION ALL TABLE contract_known) t GROUP BY model ORDER BY 1;
SELECT a.model = a.model, a.model = b.model, a.model <> b.model FROM contract_known a, contract_known b WHERE a.id = 1 AND b.id = 2;
SELECT model::text::contract_model = model AS same, model::jsonb ->> 'status' AS status FROM contract_fits WHERE last = 4 ORDER BY kind, segment;
SELECT * FROM contract_known, model_fit(model) WHERE id = 1;

-- errors
SELECT contract_model('weibull', 1, true);
SELECT contract_model(NULL, 1, true);
SELECT contract_model(k, 1, true) FROM (VALUES ('sbg'), ('bdw')) v (k);
SELECT contract_model('sbg', t, c, w) FROM (VALUES (-3, true, 1), (-5, true, 1), (0, true, 2), (1, false, -2), (4, true, 1)) v (t, c, w);
SELECT contract_model('sbg', t, false) FROM generate_series(1, 4) t;
SELECT contract_model('sbg', t, t = 1) FROM generate_series(0, 1) t;
SELECT contract_model('sbg', t, true, 9223372036854775807) FROM generate_series(1, 2) t;
SELECT contract_model('sbg', recurring_matrix(t, 'month'), '2024-05-01') FROM (SELECT timeline(at) AS t FROM contract_orders GROUP BY customer) s;
SELECT contract_model('sbg', cohort_matrix(customer, at, 'days 0,7,30 since start'), '2024-05-01') FROM contract_orders;
SELECT contract_model('sbg', cohort_matrix(customer, at, 'month'), 'infinity') FROM contract_orders;
SELECT contract_model('beta', cohort_matrix(customer, at, 'month')) FROM contract_orders;
SELECT survival(model, -1) FROM contract_known WHERE id = 1;
SELECT renewal_rate(model, 0) FROM contract_known WHERE id = 1;
SELECT expected_lifetime(model, -0.1) FROM contract_known WHERE id = 1;
SELECT expected_lifetime(model, 'NaN') FROM contract_known WHERE id = 1;
SELECT expected_lifetime(model, 0.1, -1) FROM contract_known WHERE id = 1;
SELECT '{"kind": "sbg", "parameters": {"alpha": 0, "beta": 1}}'::contract_model;
SELECT '{"kind": "sbg", "parameters": {"alpha": 1, "beta": 1, "c": 1}}'::contract_model;

DROP VIEW contract_fits, contract_lives;
DROP TABLE contract_table, contract_known, contract_orders;
