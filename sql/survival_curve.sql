-- survival_curve: how long customers stay, by Kaplan and Meier's estimate.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- Maintenance of acute myelogenous leukemia (Miller 1981, p. 49; aml of R survival)
CREATE TABLE survival_aml (weeks int, relapsed boolean, arm text);
INSERT INTO survival_aml
SELECT weeks, relapsed, arm
FROM (VALUES
	('maintained', '{9,13,13,18,23,28,31,34,45,48,161}'::int[], '{t,t,f,t,t,f,t,t,f,t,f}'::boolean[]),
	('not', '{5,5,8,8,12,16,23,27,30,33,43,45}', '{t,t,t,t,t,f,t,t,t,t,t,t}')) a (arm, w, r),
	unnest(w, r) u (weeks, relapsed);
CREATE VIEW survival_arms AS
SELECT arm, survival_curve(weeks, relapsed) AS curve FROM survival_aml GROUP BY GROUPING SETS ((), (arm));

-- R survival 3.5-3: S .913043478 .695652174 .546583851 .082815735, its error
-- .058753385 .095943876 .107250642 .072661801, bounds at 23 .3192504140 and
-- .72644917, hazard at 13 and 48 .3492052808919 and 2.1610240177107
SELECT at_time, at_risk, events, censored, survival::numeric(10,9), std_error::numeric(10,9),
	low::numeric(10,8), high::numeric(10,8), cumulative_hazard::numeric(14,13) AS hazard
FROM survival_arms, survival_points(curve)
WHERE arm IS NULL AND at_time IN (5, 13, 23, 48, 161);
-- narrower bounds at half the confidence, around the same estimate
SELECT a.survival = b.survival, a.low < b.low, b.low < b.survival, b.survival < b.high, b.high < a.high
FROM survival_arms, survival_points(curve) a JOIN survival_points(curve, 0.5) b USING (at_time)
WHERE arm IS NULL AND at_time = 23;
-- 27 (13, 34); by arm 31 (13, NA) and 23 (5, 33)
SELECT arm, q.*, median_lifetime(curve) FROM survival_arms, lifetime_quantile(curve, 0.5) q ORDER BY arm;

-- several at one time: S .888888888889 .634920634921 .423280423280, bounds at 2
-- .2382257358042 and .866023819991, median 4 (1, NA)
CREATE TABLE survival_edge (t int, e boolean);
INSERT INTO survival_edge SELECT * FROM unnest('{1,1,2,2,2,3,4,4,5}'::int[], '{t,f,t,t,f,f,t,f,f}'::boolean[]);
SELECT at_time, at_risk, events, censored, survival::numeric(13,12), low::numeric(14,13), high::numeric(13,12)
FROM survival_points((SELECT survival_curve(t, e) FROM survival_edge));
SELECT * FROM lifetime_quantile((SELECT survival_curve(t, e) FROM survival_edge), 0.5);
-- nobody censored: S is the share of longer lives; at 0 no error and no bounds
SELECT * FROM survival_points((SELECT survival_curve(t, true) FROM generate_series(1, 4) t), 0.9) ORDER BY at_time DESC LIMIT 1;
SELECT at_time, survival FROM survival_points((SELECT survival_curve(t, true) FROM generate_series(1, 4) t));
-- one of 2^63 - 1 is left: log S = -63 log 2 with an error of 1, so that bounds
-- are 2 to -63 times or by exp(1.96 / 63 / log 2)
SELECT abs(survival * 2 ^ 63 - 1) < 1e-12 AS survival, abs(std_error / survival - 1) < 1e-12 AS std_error,
	abs(ln(low) / ln(2::float8) / (-63 * exp(1.959963984540054 / 63 / ln(2::float8))) - 1) < 1e-12 AS low,
	abs(ln(high) / ln(2::float8) / (-63 / exp(1.959963984540054 / 63 / ln(2::float8))) - 1) < 1e-12 AS high
FROM survival_points('{"time": [1], "events": [9223372036854775806], "censored": [1]}');
-- nobody churned: S is 1, and has no bounds
SELECT * FROM survival_points((SELECT survival_curve(t, false) FROM generate_series(1, 2) t));

-- the middle of a flat piece: R gives 2.5 and 4.5; at the end up to the last time
SELECT median_lifetime(survival_curve(t, true)) FROM generate_series(1, 4) t;
SELECT median_lifetime(survival_curve(t, t IN (1, 2, 3, 6))) FROM generate_series(1, 6) t;
SELECT median_lifetime(survival_curve(t, t = 1)) FROM generate_series(1, 2) t;
-- all quantiles of 1, 2, 3, 4
SELECT p, q.estimate FROM (SELECT survival_curve(t, true) AS c FROM generate_series(1, 4) t) s,
	unnest('{0,0.1,0.25,0.3,0.75,0.9,1}'::float8[]) p, lifetime_quantile(c, p) q;
SELECT p, q.* FROM unnest('{0,0.5}'::float8[]) p, lifetime_quantile((SELECT survival_curve(t, false) FROM generate_series(1, 4) t), p) q;

-- mean: the area is 1 + 3/4 + 2/4 + 1/4 up to 4, of which 1 + 3/4 * 1/2 up to
-- 1.5; without censoring the error is the standard deviation over root n,
-- sqrt(1.25 / 4) for the whole, sqrt(0.046875 / 4) for min(t, 1.5)
SELECT up_to, estimate, std_error::numeric(10,9)
FROM (SELECT survival_curve(t, true) AS c FROM generate_series(1, 4) t) s,
	unnest('{0,0.5,1.5,4,1000,infinity}'::float8[]) up_to, mean_lifetime(c, up_to);
-- past the data nobody knows
SELECT up_to, m.* FROM unnest('{5,5.5,infinity}'::float8[]) up_to, mean_lifetime((SELECT survival_curve(t, e) FROM survival_edge), up_to) m WHERE up_to > 5;
-- 1 + .888888889 + 2 * .634920635 + .423280423
SELECT estimate::numeric(10,9) FROM mean_lifetime((SELECT survival_curve(t, e) FROM survival_edge), 5);

-- log-rank: two customers who churn at 1 and 2: O - E = 1/2, V = 1/4
SELECT chi_square, degrees_of_freedom, p_value::numeric(9,8) FROM log_rank(
	(SELECT survival_curve(1, true)), (SELECT survival_curve(2, true)));
-- equal groups do not differ
SELECT l.* FROM survival_arms, log_rank(curve, curve, curve) l WHERE arm IS NULL;
-- R: chi-square 3.4 on 1 degree of freedom, p = 0.07 (Surv(time, status) ~ x, aml)
SELECT chi_square::numeric(4,1), degrees_of_freedom, p_value::numeric(4,2)
FROM (SELECT array_agg(curve) AS curves FROM survival_arms WHERE arm IS NOT NULL) s, log_rank(VARIADIC curves);
-- a group without customers is none; one group cannot be compared
SELECT a.chi_square = b.chi_square, c.* FROM
	(SELECT (array_agg(curve ORDER BY arm))[1] AS x, (array_agg(curve ORDER BY arm))[2] AS y FROM survival_arms WHERE arm IS NOT NULL) s,
	log_rank(x, y) a, log_rank(x, NULL, y) b, log_rank(x, NULL) c;
SELECT * FROM log_rank(VARIADIC '{}'::survival_curve[]);
SELECT * FROM log_rank((SELECT survival_curve(1, false)), (SELECT survival_curve(2, false)));
SELECT * FROM log_rank((SELECT survival_curve(1, true)), (SELECT survival_curve(1, true)));

-- durations of any kind; -0 is 0; NULLs are skipped; weights count customers
SELECT survival_curve(d, c) FROM (VALUES (1.5::float8, true), ('-0', false), (0, false), (NULL, true), (3, NULL)) v (d, c);
SELECT survival_curve(d, c) FROM (VALUES (9007199254740992, true), (9007199254740991, false)) v (d, c);
SELECT survival_curve(d, true) FROM (VALUES (interval '1 day 12 hours'), ('36 hours'), ('0'), ('2 days')) v (d);
SELECT survival_curve(d, c, w) FROM (VALUES (1, true, 3), (1, true, 2), (2, false, 0), (3, true, NULL), (4, false, 1)) v (d, c, w);
SELECT survival_curve(1.25::numeric, true), survival_curve(1.25::real, true, 2);
SELECT survival_curve(1, true) FROM survival_edge WHERE false;
SELECT survival_curve(t, e, 0) FROM survival_edge;
SELECT survival_curve(NULL::float8, e) FROM survival_edge;
SELECT sum(events + censored) FROM survival_points((SELECT survival_curve(1, true, 9223372036854775807)));

-- parts add up to the whole; as a window function
SELECT rollup(curve) = (SELECT survival_curve(weeks, relapsed) FROM survival_aml) FROM survival_arms WHERE arm IS NOT NULL;
SELECT rollup(c) FROM (VALUES (NULL::survival_curve)) v (c);
SELECT survival_curve(t, e) OVER w AS so_far, survival_curve(t, e) OVER (w ROWS 1 PRECEDING) AS last_two
FROM survival_edge WHERE t > 3 WINDOW w AS (ORDER BY t, NOT e);

SELECT survival_text(survival_curve(t, e)) FROM survival_edge;
-- more than twenty times: steps
SELECT survival_text(survival_curve(t * 7, t % 4 = 0)) FROM generate_series(1, 30) t;
SELECT survival_text(NULL);

-- errors
SELECT survival_curve(-1, true);
SELECT survival_curve(-0.5::float8, true);
SELECT survival_curve('NaN'::float8, true);
SELECT survival_curve('infinity'::float8, false);
SELECT survival_curve(9007199254740993, true);
SELECT survival_curve(interval '1 month', true);
SELECT survival_curve(interval '-1 day', true);
SELECT survival_curve(1, true, -1);
SELECT survival_curve(1, true, w) FROM unnest('{9223372036854775807,1}'::bigint[]) w;
SELECT rollup(c) FROM unnest(ARRAY['{"time": [1], "events": [9223372036854775807], "censored": [0]}', '{"time": [1], "events": [1], "censored": [0]}']::survival_curve[]) c;
SELECT survival_points(survival_curve(1, true), 1);
SELECT survival_points(survival_curve(1, true), 'NaN');
SELECT lifetime_quantile(survival_curve(1, true), 1.5);
SELECT lifetime_quantile(survival_curve(1, true), 0.5, 0);
SELECT mean_lifetime(survival_curve(1, true), -1);
SELECT mean_lifetime(survival_curve(1, true), 'NaN');
SELECT log_rank(VARIADIC array_fill((SELECT survival_curve(1, true)), '{1001}'));

DROP VIEW survival_arms;
DROP TABLE survival_aml, survival_edge;
