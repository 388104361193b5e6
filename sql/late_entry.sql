-- survival_curve(entered, duration, churned): customers who came under
-- observation late; and bounds of every kind.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- Two customers are there from the start, two from age 1, one from age 2.
CREATE TABLE late (entered int, duration int, churned boolean);
INSERT INTO late VALUES (0, 1, true), (0, 3, false), (1, 2, true), (1, 5, true), (2, 4, true);
CREATE VIEW late_curve AS SELECT survival_curve(entered, duration, churned) AS curve FROM late;
SELECT curve FROM late_curve;
-- at risk: 2 at 1; at 2 the one who is left and two who have entered; at 3 three, the
-- one who entered at 2 in the place of the one who churned; then two, then one.
-- Survival 1/2, times 2/3, times 1/2, times 0; hazard 1/2 + 1/3 + 1/2 + 1, and its
-- error the root of the sum of their squares
SELECT at_time, at_risk, events, censored, survival, cumulative_hazard,
	abs(hazard_std_error ^ 2 - (ARRAY[9, 13, 13, 22, 58])[at_time::int] / 36.0) < 1e-12 AS error
FROM late_curve, survival_points(curve);
SELECT median_lifetime(curve), m.* FROM late_curve, mean_lifetime(curve, 4) m;
-- taken for there from the start, the late make it too good
SELECT at_time, at_risk, survival FROM survival_points((SELECT survival_curve(duration, churned) FROM late)) WHERE at_time < 3;
SELECT t.* FROM late_curve, survival_text(curve) t;
-- a picture in steps counts who has entered by each, and has no line for entries alone
SELECT * FROM survival_text((SELECT survival_curve(d % 4 + 0.5, d + 1, d % 3 > 0) FROM generate_series(4, 44) d)) LIMIT 5;

-- from the start is no late entry; the same of all types
SELECT survival_curve(0, duration, churned) = survival_curve(duration, churned) FROM late;
SELECT survival_curve(entered::float8, duration::float8, churned) = survival_curve(entered, duration, churned),
	survival_curve(entered * interval '24 hours', duration * interval '1 day', churned) = survival_curve(entered, duration, churned),
	survival_curve(entered::numeric, duration::smallint, churned) = survival_curve(entered, duration, churned)
FROM late;
SELECT survival_curve(e, d, true) FROM (VALUES (interval '12 hours', interval '2 days')) v (e, d);
-- weights are repeated rows; a row with a NULL is none, nor is one of weight 0
SELECT survival_curve(entered, duration, churned, 3) = (SELECT survival_curve(entered, duration, churned) FROM late, generate_series(1, 3)) FROM late;
SELECT survival_curve(entered::float8, duration::float8, churned, 3) = survival_curve(entered, duration, churned, 3),
	survival_curve(entered * interval '1 day', duration * interval '1 day', churned, 3) = survival_curve(entered, duration, churned, 3) FROM late;
SELECT survival_curve(e, d, c, w) FROM (VALUES (NULL, 3, true, 1), (1, NULL, true, 1), (1, 2, NULL, 1), (1, 4, true, 0), (1, 4, true, NULL), (2, 4, true, 1)) v (e, d, c, w);
SELECT survival_curve(entered, duration, churned) FROM late WHERE false;

-- parts of both kinds add up to the whole
SELECT rollup(c) = (SELECT curve FROM late_curve) FROM (SELECT survival_curve(duration, churned) AS c FROM late WHERE entered = 0
	UNION ALL SELECT survival_curve(entered, duration, churned) FROM late WHERE entered > 0) p;
SELECT survival_curve(entered, duration, churned) OVER (ORDER BY duration ROWS 1 PRECEDING) FROM late;

-- all at risk have churned early: nothing is left, whoever comes later
SELECT at_time, at_risk, survival, std_error, low, high FROM survival_points('{"time": [1,2,5,7], "events": [2,0,1,0], "censored": [0,0,0,2], "entered": [0,3,0,0]}');
-- all at risk were last seen early: what is known goes on with those who come later
SELECT at_time, at_risk, survival FROM survival_points('{"time": [1,2,5,7], "events": [0,0,1,0], "censored": [2,0,0,2], "entered": [0,3,0,0]}');

-- bounds: log-log, log and plain at 1, where S is 4/5 with the error s, and log S has s/S
SELECT t AS conf_type, p.low IS NOT DISTINCT FROM w.low AS low, p.high IS NOT DISTINCT FROM w.high AS high
FROM (SELECT survival_curve(d, d < 4) AS c FROM generate_series(1, 5) d) s, unnest('{log-log,log,plain}'::text[]) t,
	survival_points(c, 0.9, t) p,
	LATERAL (SELECT 1.6448536269514722 * p.std_error AS spread) z,
	LATERAL (SELECT CASE t WHEN 'plain' THEN 0.8 - spread WHEN 'log' THEN exp(ln(0.8) - spread / 0.8)
			ELSE 0.8 ^ exp(-spread / (0.8 * ln(0.8))) END AS low,
		CASE t WHEN 'log-log' THEN 0.8 ^ exp(spread / (0.8 * ln(0.8))) ELSE 1 END AS high) x,
	LATERAL (SELECT CASE WHEN abs(x.low - p.low) < 1e-12 THEN p.low END AS low, CASE WHEN abs(x.high - p.high) < 1e-12 THEN p.high END AS high) w
WHERE at_time = 1;
-- where survival is 1 log and plain have bounds, where it is 0 there are none
SELECT t AS conf_type, at_time, survival, low, high
FROM unnest('{log-log,log,plain}'::text[]) t, survival_points((SELECT survival_curve(d, d = 2) FROM generate_series(1, 2) d), conf_type => t);
-- those of a quantile are of the kind asked for
SELECT t AS conf_type, q.* FROM unnest('{log-log,log,plain}'::text[]) t, lifetime_quantile((SELECT survival_curve(d, d % 3 > 0) FROM generate_series(1, 20) d), 0.5, 0.8, t) q;
SELECT count(*) FROM survival_points(survival_curve_in('{"time": [1], "events": [1], "censored": [0]}'), 0.9, NULL);

-- errors
SELECT survival_curve(3, 3, true);
SELECT survival_curve(3.5, 3, false);
SELECT survival_curve(interval '25 hours', interval '1 day', false);
SELECT survival_curve(0, 0, true);
SELECT survival_curve(-1, 3, true);
SELECT survival_curve(1, -3, true);
SELECT survival_curve('NaN'::float8, 3, true);
SELECT survival_curve(1, 'NaN'::float8, true);
SELECT survival_curve('infinity'::float8, 'infinity', true);
SELECT survival_curve(9007199254740993, 9007199254740994, true);
SELECT survival_curve(interval '1 month', interval '40 days', true);
SELECT survival_curve(1, 3, true, -1);
SELECT survival_curve(1, 3, true, w) FROM unnest('{9223372036854775807,1}'::bigint[]) w;
SELECT survival_points(curve, conf_type => 'loglog') FROM late_curve;
SELECT lifetime_quantile(curve, 0.5, 0.9, repeat('x', 200)) FROM late_curve;

DROP VIEW late_curve;
DROP TABLE late;
