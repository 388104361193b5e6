-- log_rank and log_rank_groups: groups, strata, weights.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;

-- Maintenance of acute myelogenous leukemia (Miller 1981, p. 49; aml of R survival)
CREATE TABLE log_rank_aml AS
SELECT weeks, relapsed, arm
FROM (VALUES
	('maintained', '{9,13,13,18,23,28,31,34,45,48,161}'::int[], '{t,t,f,t,t,f,t,t,f,t,f}'::boolean[]),
	('not', '{5,5,8,8,12,16,23,27,30,33,43,45}', '{t,t,t,t,t,f,t,t,t,t,t,t}')) a (arm, w, r),
	unnest(w, r) u (weeks, relapsed);
CREATE VIEW log_rank_arms AS
SELECT array_agg(curve ORDER BY arm) AS curves, array_agg(arm ORDER BY arm) AS arms
FROM (SELECT arm, survival_curve(weeks, relapsed) AS curve FROM log_rank_aml GROUP BY arm) a;

-- survdiff(Surv(time, status) ~ x, aml) of R survival 3.5-3: observed 7 and 11,
-- expected 10.689336 and 7.310664, chi-square 3.396389, p 0.06533932; with rho = 1
-- observed 3.845411 and 7.181504, expected 6.142857 and 4.884058, 2.779280, 0.09549112
SELECT g.group_name, g.customers, g.observed::numeric(9,6), g.expected::numeric(9,6) FROM log_rank_arms, log_rank_groups(curves, arms) g;
SELECT t.chi_square::numeric(9,6), degrees_of_freedom, t.p_value::numeric(10,8) FROM log_rank_arms, log_rank(curves, arms) t;
SELECT g.group_name, g.customers, g.observed::numeric(9,6), g.expected::numeric(9,6) FROM log_rank_arms, log_rank_groups(curves, arms, weights => 'peto') g;
SELECT t.chi_square::numeric(9,6), degrees_of_freedom, t.p_value::numeric(10,8) FROM log_rank_arms, log_rank(curves, arms, weights => 'peto') t;
-- the same words for the same weights; without names groups have numbers
SELECT a = b AND a = c AND a = d AND a <> e AS same
FROM log_rank_arms, log_rank(curves, arms, weights => 'peto') a, log_rank(curves, arms, rho => 1) b, log_rank(curves, NULL, NULL, 'fleming-harrington', 1) c,
	log_rank(curves, arms, NULL, 'peto', NULL) d, log_rank(VARIADIC curves) e;
SELECT a = b AND a = c AS same FROM log_rank_arms, log_rank(VARIADIC curves) a, log_rank(curves, arms, weights => 'fleming-harrington') b, log_rank(curves, NULL, NULL, NULL, NULL) c;
SELECT g.group_name, g.customers FROM log_rank_arms, log_rank_groups(curves || ARRAY[NULL, curves[1]]) g;

-- By hand: at 1, of 3 and 3 at risk one of a churns; at 2, of 2 and 3, both of a.
-- Expected of a 1/2 + 2 * 2/5 = 1.3, variance 1/4 + 2 (3/4) (2/5) (3/5) = 0.61,
-- so chi-square (3 - 1.3)^2 / 0.61; weighted by at risk 6 and 5:
-- (6/2 + 5 * 1.2)^2 / (36/4 + 25 * 0.36) = 81/18
CREATE TABLE log_rank_hand AS SELECT array_agg(c) AS curves, array_agg(g) AS groups
FROM (VALUES ('a', '{"time": [1,2], "events": [1,2], "censored": [0,0]}'::survival_curve), ('b', '{"time": [3], "events": [0], "censored": [3]}')) v (g, c);
SELECT w.name, t.chi_square, w.chi_square::float8 AS by_hand FROM log_rank_hand, (VALUES
	('log-rank', 2.89 / 0.61),
	('gehan-breslow', 81 / 18.0),
	('tarone-ware', (sqrt(6) / 2 + sqrt(5) * 1.2) ^ 2 / (6 / 4.0 + 5 * 0.36)),
	('peto', (1 / 2.0 + 5 / 6.0 * 1.2) ^ 2 / (1 / 4.0 + 25 / 36.0 * 0.36))) w (name, chi_square),
	log_rank(curves, groups, weights => w.name) t;
SELECT g.* FROM log_rank_hand, log_rank_groups(curves, groups, weights => 'gehan-breslow') g;
-- rho multiplies: at 1 survival just before is 1, at 2 it is 5/6
SELECT t.chi_square, (6 / 2.0 + 5 * (5 / 6.0) ^ 2 * 1.2) ^ 2 / (36 / 4.0 + 25 * (5 / 6.0) ^ 4 * 0.36) AS by_hand
FROM log_rank_hand, log_rank(curves, groups, weights => 'gehan-breslow', rho => 2) t;

-- In each of two strata the groups churn alike; one has most of those who churn fast.
CREATE TABLE log_rank_strata AS
SELECT array_agg(curve ORDER BY g, s) AS curves, array_agg(g ORDER BY g, s) AS groups, array_agg(s ORDER BY g, s) AS strata
FROM (SELECT g, s, survival_curve(CASE s WHEN 'fast' THEN d ELSE 10 + d END, true, CASE WHEN (g = 'a') = (s = 'fast') THEN 8 ELSE 2 END) AS curve
	FROM unnest('{a,b}'::text[]) g, unnest('{fast,slow}'::text[]) s, generate_series(1, 5) d GROUP BY g, s) c;
SELECT a.chi_square > 20 AS apart, b.chi_square::numeric(9,6) AS within FROM log_rank_strata, log_rank(curves, groups) a, log_rank(curves, groups, strata) b;
SELECT g.* FROM log_rank_strata, log_rank_groups(curves, groups, strata) g;
-- one stratum, and strata of one customer each, of which none can be compared
SELECT a = b AS same FROM log_rank_strata, log_rank(curves, groups) a, log_rank(curves, groups, array_fill('all'::text, '{4}')) b;
SELECT t.* FROM log_rank_strata, log_rank(curves, groups, '{1,2,3,4}') t;
-- a NULL name is a name; several curves of a group count together, NULL ones do not
SELECT g.* FROM log_rank_strata, log_rank_groups(curves || ARRAY[NULL]::survival_curve[], ARRAY[NULL, 'b', 'b', NULL, 'c']) g;

-- late entry: who is not yet there is not at risk.  At 2 two of a and one of b are, at 4
-- one of a and two of b, at 5 two of b: expected of a 2/3 + 1/3, of b 1/3 + 2/3 + 2
SELECT g.* FROM log_rank_groups(ARRAY['{"time": [2,4], "events": [1,1], "censored": [0,0]}', '{"time": [3,5], "events": [0,2], "censored": [0,0], "entered": [1,0]}']::survival_curve[]) g;

-- nothing to compare
SELECT * FROM log_rank(NULL::survival_curve[], NULL);
SELECT * FROM log_rank_groups(NULL);
SELECT * FROM log_rank('{}'::survival_curve[], '{}');
SELECT * FROM log_rank_groups('{}');
SELECT * FROM log_rank_groups((SELECT curves[1:1] FROM log_rank_arms));

-- errors
SELECT log_rank(curves, arms, weights => 'wilcoxon') FROM log_rank_arms;
SELECT log_rank(curves, arms, rho => -1) FROM log_rank_arms;
SELECT log_rank(curves, arms, rho => 'NaN') FROM log_rank_arms;
SELECT log_rank_groups(curves, arms, rho => 'infinity') FROM log_rank_arms;
SELECT log_rank(curves, '{a}') FROM log_rank_arms;
SELECT log_rank(curves, arms, '{a,b,c}') FROM log_rank_arms;
SELECT log_rank(curves, arms, '{}') FROM log_rank_arms;
SELECT log_rank_groups(array_fill(curves[1], '{1001}')) FROM log_rank_arms;
SELECT count(*) FROM log_rank_groups(array_fill((SELECT curves[1] FROM log_rank_arms), '{1001}'), array_fill('a'::text, '{1001}'));
SELECT log_rank_groups(array_fill('{"time": [1], "events": [1], "censored": [9223372036854775806]}'::survival_curve, '{2}'), '{a,a}');

DROP TABLE log_rank_hand, log_rank_strata;
DROP VIEW log_rank_arms;
DROP TABLE log_rank_aml;
