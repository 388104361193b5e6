-- incidence_curve: why customers leave, by Aalen and Johansen's estimate; Gray's test.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- Of ten customers two leave at 1, one at 2, two at 3, one at 4; others are last seen.
CREATE TABLE leaving (duration int, churned boolean, reason text);
INSERT INTO leaving VALUES (1, true, 'price'), (1, true, 'bugs'), (2, true, 'price'), (2, false, NULL), (3, true, 'price'), (3, true, 'price'),
	(3, false, 'bugs'), (4, true, 'bugs'), (5, false, ''), (5, false, NULL);
CREATE VIEW leaving_curve AS SELECT incidence_curve(duration, churned, reason) AS curve FROM leaving;
SELECT curve FROM leaving_curve;
-- At risk 10, 8, 6, 3, 2.  Survival before each 1, 8/10, 7/10, 7/15, 14/45: of price
-- 1/10, + 8/10 * 1/8 = 2/10, + 7/10 * 2/6 = 13/30; of bugs 1/10, at 4 + 7/15 * 1/3 = 23/90
SELECT reason, at_time, at_risk, events, censored, incidence FROM leaving_curve, incidence_points(curve);
-- R's survival 3.5-3: errors of bugs .094868329805 and .158347952541, of price
-- .094868329805 .126491106407 .164766951019, bounds by log of bugs .015576838339
-- .641978801, .075868546509 .860813143, of price .015576838339 .641978801,
-- .057900574218 .69083943536, .205668850840 .91301029305
SELECT reason, at_time, std_error::numeric(12,10), low::numeric(10,8), high::numeric(10,8)
FROM leaving_curve, incidence_points(curve, conf_type => 'log') WHERE events > 0;
-- all reasons and survival add up to 1; who takes other reasons as censored says more
SELECT p.at_time, p.incidence + b.incidence + s.survival AS total, p.incidence AS price, 1 - k.survival AS alone
FROM leaving_curve, incidence_points(curve) p,
	LATERAL (SELECT incidence FROM incidence_points(curve) q WHERE q.at_time = p.at_time AND q.reason = 'bugs') b,
	LATERAL (SELECT survival FROM survival_points((SELECT survival_curve(duration, churned) FROM leaving)) WHERE at_time = p.at_time) s,
	LATERAL (SELECT survival FROM survival_points((SELECT survival_curve(duration, churned AND reason = 'price') FROM leaving)) WHERE at_time = p.at_time) k
WHERE reason = 'price';
-- nobody is last seen: the share of those who have left for it, with the error of a share
SELECT reason, at_time, incidence, std_error FROM incidence_points((SELECT incidence_curve(d, true, CASE WHEN d < 3 THEN 'a' ELSE 'b' END) FROM generate_series(1, 4) d)) WHERE events > 0;
-- one reason is 1 - Kaplan and Meier's estimate, and has its error
SELECT count(*), max(abs(i.incidence - 1 + s.survival)) < 1e-15 AS incidence, max(abs(i.std_error - s.std_error)) < 1e-15 AS std_error
FROM incidence_points((SELECT incidence_curve(duration, churned, 'any') FROM leaving)) i
JOIN survival_points((SELECT survival_curve(duration, churned) FROM leaving)) s USING (at_time);
-- bounds where incidence is 1, and where it is 0
SELECT t AS conf_type, reason, at_time, incidence, std_error, low, high
FROM unnest('{log-log,log,plain}'::text[]) t, incidence_points('{"reasons": [{"reason": "a", "time": [1,3], "customers": [2,2]}]}', 0.9, t);
SELECT t AS conf_type, reason, at_time, incidence, std_error, low, high
FROM unnest('{log-log,log,plain}'::text[]) t, incidence_points('{"reasons": [{"reason": "a", "time": [1], "customers": [2]}, {"reason": "b", "time": [2], "customers": [2]}]}', 0.9, t) WHERE reason = 'b';
-- nobody has left
SELECT * FROM incidence_points((SELECT incidence_curve(1, false, 'a')));

-- a reason that is NULL or empty is unknown, and that of who is still there is none;
-- NULLs elsewhere are no rows, weights are repeated rows
SELECT incidence_curve(d, c, r) FROM (VALUES (1, true, NULL), (1, true, ''), (2, true, 'unknown'), (3, false, 'x'), (3, false, repeat('x', 300)), (NULL, true, 'x'), (4, NULL, 'x')) v (d, c, r);
SELECT incidence_curve(d, c, r, w) FROM (VALUES (1, true, 'a', 3), (1, true, 'a', 2), (2, false, NULL, 4), (3, true, 'a', 0), (3, true, 'b', NULL)) v (d, c, r, w);
SELECT incidence_curve(duration, churned, reason) FROM leaving WHERE false;
SELECT incidence_curve(duration, churned, reason, 0) FROM leaving;
SELECT incidence_curve(duration::float8, churned, reason) = curve, incidence_curve(duration * interval '1 day', churned, reason) = curve,
	incidence_curve(duration::float8, churned, reason, 1) = curve, incidence_curve(duration * interval '1 day', churned, reason, 1) = curve
FROM leaving, leaving_curve GROUP BY curve;
SELECT incidence_curve(1.5, true, 'à' || 'é'), incidence_curve(interval '36 hours', true, 'a'::varchar);
-- reasons are told apart, and in order, by their bytes
SELECT quote_literal(reason) FROM incidence_points((SELECT incidence_curve(1, true, r) FROM unnest('{b,a,B,"a ",Ab}'::text[]) r));
SELECT length(reason) FROM incidence_points(incidence_curve_in(incidence_curve_out((SELECT incidence_curve(1, true, repeat('x', 255))))));

-- parts add up to the whole
SELECT rollup(c) = (SELECT curve FROM leaving_curve) FROM (SELECT incidence_curve(duration, churned, reason) AS c FROM leaving GROUP BY duration % 2) p;
SELECT rollup(c) FROM (VALUES (NULL::incidence_curve)) v (c);
SELECT incidence_curve(duration, churned, reason) OVER (ORDER BY duration, reason ROWS 1 PRECEDING) FROM leaving LIMIT 3;

-- Gray's test: cuminc of R's cmprsk 2.2-11 says a 3.125019361219, p .209609357995 and
-- b .619324077493, .733694874768; of the first two 3.294544974585, .0695103647122 and
-- .558178930838, .4549949109142
CREATE TABLE leaving_groups AS
SELECT g, incidence_curve(d, o <> 'c', o) AS curve
FROM (VALUES (1, '{1,2,2,3,4,5,5,6,7,8}'::int[], '{a,a,c,b,a,c,a,b,c,a}'::text[]),
	(2, '{2,3,4,4,6,6,7,8,9,9}', '{b,c,a,b,b,c,b,a,c,b}'), (3, '{1,1,2,3,3,5,6,7,7,8}', '{b,a,c,a,b,a,a,c,b,c}')) v (g, ds, os),
	unnest(ds, os) u (d, o) GROUP BY g;
SELECT t.reason, t.chi_square::numeric(10,7), t.degrees_of_freedom, t.p_value::numeric(10,7) FROM (SELECT array_agg(curve) AS cs FROM leaving_groups) c, gray_test(VARIADIC cs) t;
SELECT t.reason, t.chi_square::numeric(10,7), t.degrees_of_freedom, t.p_value::numeric(10,7) FROM (SELECT array_agg(curve) AS cs FROM leaving_groups WHERE g < 3) c, gray_test(VARIADIC cs) t;
-- NULL curves, and groups that could have had none, are none; nothing to compare
SELECT a.* = b.* AS same FROM (SELECT array_agg(curve) AS cs FROM leaving_groups WHERE g < 3) c, gray_test(VARIADIC cs || ARRAY[NULL, '{"reasons": [{"reason": "", "time": [0], "customers": [5]}]}']::incidence_curve[]) a JOIN gray_test(VARIADIC cs) b USING (reason);
SELECT * FROM gray_test((SELECT curve FROM leaving_groups WHERE g = 1));
SELECT * FROM gray_test((SELECT incidence_curve(1, true, 'a')), (SELECT incidence_curve(1, true, 'b')));
SELECT * FROM gray_test((SELECT incidence_curve(1, false, 'a')), (SELECT incidence_curve(2, false, 'b')));
SELECT * FROM gray_test(VARIADIC '{}'::incidence_curve[]);

-- errors
SELECT incidence_curve(-1, true, 'a');
SELECT incidence_curve('NaN'::float8, true, 'a');
SELECT incidence_curve('infinity'::float8, false, 'a');
SELECT incidence_curve(9007199254740993, true, 'a');
SELECT incidence_curve(interval '1 month', true, 'a');
SELECT incidence_curve(1, true, 'a', -1);
SELECT incidence_curve(1, true, 'a', w) FROM unnest('{9223372036854775807,1}'::bigint[]) w;
SELECT incidence_curve(1, true, repeat('x', 256));
SELECT incidence_curve(1, true, i::text) FROM generate_series(1, 1001) i;
SELECT count(*) FROM incidence_points((SELECT incidence_curve(1, i > 0, i::text) FROM generate_series(0, 1000) i));
SELECT incidence_points(curve, 1) FROM leaving_curve;
SELECT incidence_points(curve, 0.9, 'exact') FROM leaving_curve;
SELECT gray_test(VARIADIC array_fill(curve, '{101}')) FROM leaving_curve;
SELECT rollup(c) FROM unnest(ARRAY['{"reasons": [{"reason": "a", "time": [1], "customers": [9223372036854775807]}]}', '{"reasons": [{"reason": "a", "time": [2], "customers": [1]}]}']::incidence_curve[]) c;

DROP TABLE leaving_groups;
DROP VIEW leaving_curve;
DROP TABLE leaving;
