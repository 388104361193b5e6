-- Shares with bounds, NPS, CSAT, scores by rank, RFM segments.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Wilson's bounds from their formula, z being 1.959963984540054 at 95 %.
CREATE FUNCTION pg_temp.wilson(k numeric, n numeric, z numeric, sign int) RETURNS numeric
LANGUAGE sql IMMUTABLE
RETURN ((k / n + z * z / (2 * n)) + sign * z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))) / (1 + z * z / n);

-- X33: 8 of 26.
SELECT round(share(i <= 8)::numeric, 6) AS share, round(share_low(i <= 8)::numeric, 4) AS low, round(share_high(i <= 8)::numeric, 4) AS high
FROM generate_series(1, 26) i;
-- X30: placed 6, completed 5, returned 2.
SELECT round(share(i <= n)::numeric, 4) AS share,
	abs(share_low(i <= n)::numeric - pg_temp.wilson(n, 6, 1.959963984540054, -1)) < 1e-12 AS low,
	abs(share_high(i <= n)::numeric - pg_temp.wilson(n, 6, 1.959963984540054, 1)) < 1e-12 AS high
FROM generate_series(1, 6) i, (VALUES (6), (5), (2)) v (n)
GROUP BY n ORDER BY n DESC;
-- The two-sided quantiles 1.6448536269514729 and 2.5758293035489008.
SELECT abs(share_low(i <= 8, 0.9)::numeric - pg_temp.wilson(8, 26, 1.6448536269514729, -1)) < 1e-12 AS low_90,
	abs(share_high(i <= 8, 0.99)::numeric - pg_temp.wilson(8, 26, 2.5758293035489008, 1)) < 1e-12 AS high_99,
	share_low(i <= 8, 0.95) = share_low(i <= 8) AS default_low, share_high(i <= 8, 0.95) = share_high(i <= 8) AS default_high
FROM generate_series(1, 26) i;
-- Bounds close in on the share as the confidence goes to 0, and open as it goes to 1.
SELECT bool_and(l >= before_l AND h <= before_h) AS nested, min(l) > 0 AND max(h) < 1 AS within
FROM (
	SELECT l, h, lag(l, 1, 0) OVER (ORDER BY c DESC) AS before_l, lag(h, 1, 1) OVER (ORDER BY c DESC) AS before_h
	FROM (
		SELECT c, share_low(i <= 8, c) AS l, share_high(i <= 8, c) AS h
		FROM generate_series(1, 26) i, unnest(ARRAY[1e-300, 1e-9, 0.1, 0.499999, 0.5, 0.500001, 0.9, 0.999, 0.999999999, 0.9999999999999999]::float8[]) c
		GROUP BY c) x) y;
-- NULL is no answer; nobody answered; all or none.
SELECT share(b), share_low(b) > 0 AS low, share_high(b) AS high FROM (VALUES (true), (true), (NULL)) v (b);
SELECT share(b), share_low(b), share_high(b) FROM (VALUES (NULL::bool), (NULL)) v (b);
SELECT share(true), share_low(true, 0.9) FROM (SELECT 1 WHERE false) x;
SELECT share(false), share_low(false), share_high(false) < 1 AS high;
SELECT i, share(i % 2 = 1) OVER w, round(share_low(i % 2 = 1, 0.9) OVER w::numeric, 4) AS low
FROM generate_series(1, 4) i
WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
SELECT share_low(true, 0);
SELECT share_high(true, 1);
SELECT share_high(true, 'NaN');
SELECT share_low(true, 95);
SELECT share_low(true, NULL);
SELECT share_low(true, c) FROM (VALUES (0.9), (0.95)) v (c);
SELECT c, share_low(true, c) > 0 AS ok FROM (VALUES (0.9), (0.95)) v (c) GROUP BY c ORDER BY c;

-- nps.  X32: 162 promoters, 108 passives, 54 detractors.
CREATE TEMP TABLE loyalty_answers AS
SELECT CASE WHEN i <= 162 THEN 9 + i % 2 WHEN i <= 270 THEN 7 + i % 2 ELSE i % 7 END AS score
FROM generate_series(1, 324) i;
SELECT round(nps(score)::numeric, 2) AS nps,
	-- p = 1/2, d = 1/6: variance 2/3 - 1/9 = 5/9
	abs(nps_margin(score)::numeric - 100 * 1.959963984540054 * sqrt(5 / 9.0 / 324)) < 1e-12 AS margin,
	abs(nps_margin(score, 0.9)::numeric - 100 * 1.6448536269514729 * sqrt(5 / 9.0 / 324)) < 1e-12 AS margin_90,
	nps_margin(score, 0.95) = nps_margin(score) AS margin_95
FROM loyalty_answers;
SELECT s, nps(s), nps(s::smallint), nps(s::bigint), nps_margin(s) FROM generate_series(0, 10) s GROUP BY s ORDER BY s;
SELECT nps(s), nps_margin(s) FROM (VALUES (NULL::int), (NULL)) v (s);
SELECT nps(s), nps_margin(s) > 0 AS margin FROM (VALUES (10), (NULL), (0), (8)) v (s);
SELECT i, nps(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM generate_series(5, 10) i;
-- between two scores the lower one counts: 8.5 is passive, 6.5 a detractor
SELECT s, nps(s), nps(s::numeric) AS numeric, nps(s::real) AS real, nps_margin(s), nps_margin(s, 0.9) FROM unnest('{0,6,6.5,6.999999,7,8.5,9,9.5,10}'::float8[]) s GROUP BY s ORDER BY s;
SELECT nps(s) AS of_three, nps_margin(s) > 0 AS margin FROM unnest('{9.5,8.5,6.5}'::numeric[]) s;
SELECT i, nps(i / 2.0) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM generate_series(11, 20) i;
SELECT nps(10.5);
SELECT nps('NaN'::float8);
SELECT nps_margin('-Infinity'::float8, 0.9);
SELECT nps(11);
SELECT nps(-1);
SELECT nps_margin(99, 0.9);
SELECT nps_margin(9, NULL);
SELECT nps_margin(9, 1.5);
SELECT nps_margin(9, c) FROM (VALUES (0.9), (0.95)) v (c);

-- csat.
SELECT csat(s, 4), csat(s::smallint, 4::bigint), csat(nullif(s, 5), 4) AS without_5 FROM generate_series(1, 5) s;
SELECT csat(s, 4) FROM (VALUES (NULL::int)) v (s);
SELECT i, csat(i, 4) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM generate_series(2, 5) i;
SELECT csat(s, 4.5) AS numeric, csat(s::float8, 4.5) AS float8, csat(s, 4::smallint) AS mixed, csat(s::real, 4.5::real) AS real FROM unnest('{4.4,4.5,5,3}'::numeric[]) s;
SELECT csat('good'::text, 4);
SELECT csat('4', 4);
SELECT csat(4.5, 10.5);
SELECT csat(-0.1, 4);
SELECT csat(11, 4);
SELECT csat(-1, 4);
SELECT csat(3, 11);
SELECT csat(3, NULL);
SELECT csat(3, f) FROM (VALUES (3), (4)) v (f);

-- quantile_score: ntile of the first of the rows that tie.
SELECT x, ntile(3) OVER (ORDER BY x) AS ntile, quantile_score(3) OVER (ORDER BY x) AS score, quantile_score(3) OVER () AS unordered
FROM (VALUES (10), (20), (20), (20), (30), (40)) v (x)
ORDER BY 1, 2;
-- Without ties it is ntile, more buckets than rows or fewer, whatever k.
SELECT bool_and(n = s) AS same, count(*)
FROM (
	SELECT k, ntile(k) OVER (PARTITION BY k, size ORDER BY i) AS n, quantile_score(k) OVER (PARTITION BY k, size ORDER BY i) AS s
	FROM generate_series(1, 12) k, generate_series(1, 25) size, generate_series(1, size) i) x;
-- With ties it is the smallest ntile among them.
SELECT bool_and(s = least_ntile) AS same, count(*)
FROM (
	SELECT s, min(n) OVER (PARTITION BY k, x) AS least_ntile
	FROM (
		SELECT k, i * i % 37 AS x, ntile(k) OVER w AS n, quantile_score(k) OVER w AS s
		FROM generate_series(1, 9) k, generate_series(1, 200) i
		WINDOW w AS (PARTITION BY k ORDER BY i * i % 37)) y) z;
SELECT x, quantile_score(2) OVER (ORDER BY x NULLS FIRST) AS nulls_first, quantile_score(2147483647) OVER (ORDER BY x) AS many
FROM (VALUES (NULL), (NULL), (1), (2)) v (x)
ORDER BY x NULLS FIRST;
SELECT quantile_score(2) OVER (ORDER BY x) FROM (SELECT 1 AS x WHERE false) v;
SELECT quantile_score(0) OVER (ORDER BY x) FROM (VALUES (1)) v (x);
SELECT quantile_score(NULL) OVER (ORDER BY x) FROM (VALUES (1)) v (x);
SELECT quantile_score(x) OVER (ORDER BY x) FROM (VALUES (1), (2)) v (x);
SELECT quantile_score(5);

-- rfm_segment: fm = 1 .. 5 across for each recency.
SELECT r, rfm_segment(r, 1, 1) AS "1", rfm_segment(r, 1, 2) AS "2", rfm_segment(r, 3, 2) AS "3", rfm_segment(r, 4, 3) AS "4", rfm_segment(r, 5, 4) AS "5"
FROM generate_series(5, 1, -1) r;
SELECT rfm_segment(NULL, 1, 1), rfm_segment(1, NULL, 1), rfm_segment(1, 1, NULL);
SELECT rfm_segment(0, 1, 1);
SELECT rfm_segment(1, 6, 1);
SELECT rfm_segment(1, 1, -1);

-- SQLSTATEs.
\set VERBOSITY sqlstate
SELECT share_low(true, 1);
SELECT share_low(true, NULL);
SELECT share_low(true, c) FROM (VALUES (0.9), (0.95)) v (c);
SELECT nps(11);
SELECT nps_margin(9, 0);
SELECT csat(11, 4);
SELECT csat(4, NULL);
SELECT csat(3, f) FROM (VALUES (3), (4)) v (f);
SELECT quantile_score(0) OVER ();
SELECT quantile_score(NULL) OVER ();
SELECT quantile_score(x) OVER () FROM (VALUES (1), (2)) v (x);
SELECT rfm_segment(6, 1, 1);
