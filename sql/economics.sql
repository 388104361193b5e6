-- Unit economics: cac, ltv, ltv_gain, payback_periods, monthly.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- cac.  X1: spend 10 000, 5 acquired.
SELECT cac(10000, 5) AS x1, cac(7000, 3000, 5) AS with_sales, pg_typeof(cac(10000, 5)), pg_typeof(cac(1::float8, 1));
-- The ratio of the sums: (100 + 300 + 50) / (1 + 9 + 5), not a mean of ratios.
-- NULL is 0 on either side: spend that won nobody counts, and the other way round.
SELECT cac(cost, customers), cac(cost, cost, customers) AS doubled, cac(cost::float8, customers) AS float8, cac(cost::numeric, cost::float8, customers) AS mixed
FROM (VALUES (100, 1), (300, 9), (50, NULL), (NULL, 5)) v (cost, customers);
SELECT cac(100, customers) AS no_rows FROM (SELECT 1 AS customers WHERE false) x;
SELECT cac(100, 0), cac(100, NULL), cac(NULL, 4), cac(NULL::numeric, 1, 4), cac(-20, 4) AS credit;
SELECT cac(0.1::real, 2::smallint), cac(0.0000005, 1), cac(0.0000004::float8, 1);
SELECT i, cac(10 * i, i % 3) OVER w, cac(i::numeric, i::numeric, i % 3) OVER w AS with_sales, cac(i::float8, i::float8, i % 3) OVER w AS float8
FROM generate_series(1, 5) i
WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
-- shares of customers, as a touch credit has them, of any number type
SELECT cac(cost, credit) AS numeric, cac(cost, credit::float8) AS float8, cac(cost::float8, credit::real) AS real, cac(cost, cost, credit) AS sales
FROM (VALUES (100.0, 0.5), (50, 0.25), (30, 0.75), (20, NULL)) v (cost, credit);
SELECT cac(1, 0.0000004) AS nobody, cac(1, 0.000001) AS a_millionth, pg_typeof(cac(1, 2::smallint));
SELECT cac(1, 'x'::text);
SELECT cac(1, '5');
SELECT cac(1, NULL), cac(1, '-0.5'::numeric);
SELECT cac(100, -1);
SELECT cac('NaN', 1::bigint);
SELECT cac(1, 'Infinity'::float8, 1);
SELECT cac(9.2e12, 1);
SELECT cac(1, 9223372036854775807) FROM generate_series(1, 2);

-- ltv.  X7: ARPA 100, churn 0.05; churn 0 diverges.
SELECT ltv(100, 0.05) AS x7, ltv(100, 0) AS forever, ltv(100, 0, horizon => 12) AS a_year;
-- X34: revenue 80, churn 0.04; with margin 0.8.  X35.
SELECT ltv(80, 0.04) AS x34, ltv(80, 0.04, 0.8) AS with_margin, ltv(2000, 0.005, margin => 0.6) AS x35;
-- X43: 100 a month, retention 0.95, discount 0.01; undiscounted over 12 months.
SELECT ltv(100, 0.05, discount_rate => 0.01) AS x43, ltv(100, 0.05, horizon => 12) AS x43_year;
-- A third of everything has no end, 90 at 3 % is 3000 whatever the type of the rate.
SELECT ltv(100, 0.3) AS thirds, ltv(90, 0.03), ltv(90.0, 0.03::float8), ltv(90::float8, 0.03::real::text::float8), ltv(100, 1 / 3.0::float8), pg_typeof(ltv(90::float8, 0.03));
-- Everybody leaves after the first period; no periods; discounted without churn.
SELECT ltv(90, 1), ltv(90, 1, horizon => 5), ltv(90, 0.5, horizon => 0), ltv(90, 0, discount_rate => 0.01), ltv(0, 0.1), ltv(-90, 0.1), ltv(90, 0.1, 0);
-- The sum term by term: 0.9 / 1.07 to the powers 0, 1, 2.
SELECT ltv(1000, 0.1, 0.5, 0.07, 1) AS one, ltv(1000, 0.1, 0.5, 0.07, 3) = round(500 * (1 + 0.9 / 1.07 + 0.81 / 1.1449), 6) AS three,
	ltv(90, 1e-12, horizon => 12) AS tiny_churn, ltv(1, 0.000001, horizon => 2000000000) AS long, ltv(1, 0.5, discount_rate => 1e300) AS at_once;
-- Churn whose digits a power would lose: twelve months; 2e9 periods less
-- 1.999999999e18 steps of 4e-21.
SELECT ltv(100, 1e-41, horizon => 12) AS twelve, ltv(100, 0, discount_rate => 1e-300, horizon => 12) AS discounted, ltv(1000000, 4e-21, horizon => 2000000000) AS steps;
SELECT ltv(NULL::numeric, 0.1), ltv(1, NULL), ltv(1, 0.1, NULL), ltv(1, 0.1, 1, NULL), ltv(1, 0.1, 1, 0, NULL);
-- The same name reads a cohort matrix.
SELECT ltv(m, 0, '2024-02-01'), ltv(m, 0, as_of => '2024-02-01'), ltv(NULL, 0)
FROM (SELECT cohort_matrix(1, date '2024-01-02', 40, 'month') AS m) x;
SELECT ltv(100, -0.05);
SELECT ltv(100, 1.05);
SELECT ltv(100, 'NaN'::float8);
SELECT ltv(100, 0.05, 80);
SELECT ltv(100, 0.05, -0.1);
SELECT ltv(100, 0.05, 1, -0.01);
SELECT ltv(100, 0.05, 1, 'Infinity');
SELECT ltv(100, 0.05, horizon => -1);
SELECT ltv('NaN'::numeric, 0.05);
SELECT ltv(1e13, 0.05);

-- ltv_gain.  X42: 0.80 to 0.85, 0.90 to 0.95.
SELECT ltv_gain(0.80, 0.05) = 1 / 3.0::float8 AS x42_80, ltv_gain(0.90, 0.05) AS x42_90, ltv_gain(0.85, -0.05) AS loss, ltv_gain(0, 0), ltv_gain(0, 0.5);
SELECT ltv_gain(0.9, 0.1) AS nobody_lost, ltv_gain(1, 0) AS nobody_lost, ltv_gain(1, -0.5), ltv_gain(0.1, -0.1), ltv_gain(NULL, 0), ltv_gain(0.5, NULL);
SELECT ltv_gain(1.2, -0.5);
SELECT ltv_gain(-0.1, 0.2);
SELECT ltv_gain(0.8, 0.3);
SELECT ltv_gain(0.2, -0.3);
SELECT ltv_gain(0.2, 'NaN');

-- payback_periods.  X48: 200 000 against 20 000 a month at margin 0.8.
SELECT payback_periods(200000, 20000, 0.8) AS x48, payback_periods(200000.0, 20000.0, 0.8::float8) AS "numeric", payback_periods(100, 30) AS thirds, payback_periods(0, 30) AS free;
SELECT payback_periods(100, 0) AS nothing_left, payback_periods(100, 30, 0) AS nothing_left, payback_periods(100, -30) AS never, payback_periods(NULL::numeric, 30), payback_periods(100, NULL::numeric), payback_periods(100, 30, NULL);
SELECT payback_periods(-100, 30);
SELECT payback_periods(100, 30, 1.5);
SELECT payback_periods('Infinity'::float8, 30);
SELECT payback_periods(100, 'NaN'::numeric);

-- monthly.
SELECT monthly(1200, '1 year') AS year, monthly(30, '3 months') AS quarter, monthly(49.90, '1 month') AS month, monthly(12, '365 days') AS days, monthly(84, '4 weeks') = 84 * 365 / 12.0 / 28 AS weeks, monthly(10::float8, '1 year 2 months') AS mixed_months;
SELECT monthly(-1200, '1 year') AS credit, monthly(0, '1 week'), monthly(NULL::numeric, '1 year'), monthly(1, NULL), pg_typeof(monthly(1, '1 month'));
SELECT monthly(1, '1 month 1 day');
SELECT monthly(1, '1 month -1 day');
SELECT monthly(1, '0');
SELECT monthly(1, '-1 month');
SELECT monthly(1, '-7 days');
SELECT monthly(1, '24 hours');
SELECT monthly(1, '1 day 1 second');
SELECT monthly('NaN'::float8, '1 month');
SELECT monthly(9.2e12, '1 month');

-- SQLSTATEs.
\set VERBOSITY sqlstate
SELECT cac(1, -1);
SELECT cac('NaN'::numeric, 1);
SELECT ltv(1, 2);
SELECT ltv(1, 0.1, 2);
SELECT ltv(1, 0.1, 1, 'NaN');
SELECT ltv(1, 0.1, horizon => -1);
SELECT ltv_gain(2, -1);
SELECT ltv_gain(0.5, 0.6);
SELECT payback_periods(-1, 1);
SELECT payback_periods(1, 1, 2);
SELECT monthly(1, '1 month 1 day');
