-- movement_spans: most customers' changes are added up side by side, those of
-- the others one by one; which way must make no difference.  A timeline always
-- goes the second way.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

-- Customer k orders 10 on the first day and 10 k days later: 130 are new, all
-- but the first (whose days adjoin) come back and go a second time: 1 + 2 * 129
-- churned, 10 each time.  Those past 62 are not usual.
CREATE TEMP TABLE movement_spans_pairs AS
SELECT k AS customer, date '2024-01-01' + n * k AS at, 10 AS amount FROM generate_series(1, 130) AS k, generate_series(0, 1) AS n;
SELECT sum(new_customers) AS new, sum(reactivated_customers) AS reactivated, sum(churned_customers) AS churned,
	sum(new_revenue) AS new_revenue, sum(reactivated_revenue) AS reactivated_revenue, sum(churned_revenue) AS churned_revenue, sum(orders) AS orders
FROM movement_rows((SELECT customer_movements(customer, at, amount, 'day') FROM movement_spans_pairs), '2025-01-01');

-- One by one, side by side: refunds, orders worth nothing, sums of both,
-- amounts too large to be added up side by side, customers thousands of years
-- apart, and one with very many rows.
CREATE TEMP TABLE movement_spans_orders AS
SELECT 'pair ' || customer AS customer, at, amount::numeric FROM movement_spans_pairs
UNION ALL SELECT 'mixed ' || k % 40, date '2024-01-01' + k * 7 % 60, (k * 37 % 11 - 4)::numeric / 2 FROM generate_series(1, 400) AS k
UNION ALL SELECT 'positive ' || k % 20, date '2024-02-01' + k * 11 % 62, 1 + k % 3 FROM generate_series(1, 200) AS k
UNION ALL SELECT 'refund only ' || k, date '2024-02-01' + k, -k FROM generate_series(1, 3) AS k
UNION ALL SELECT 'large', date '2024-02-01' + k, k * 600000000.5 FROM generate_series(1, 3) AS k
UNION ALL SELECT 'far ' || k, (date '0001-03-01' + k * interval '50 years')::date, k FROM generate_series(0, 60) AS k
UNION ALL SELECT 'many', date '2024-02-01' + k % 50, 0.01 FROM generate_series(1, 9000) AS k;
SELECT grain, rows = timelines AS same_with_amounts, rows_only = timelines_only AS same_without
FROM (VALUES ('day'), ('week'), ('month'), ('year')) AS g (grain),
	LATERAL (SELECT customer_movements(customer, at, amount, grain::grain) AS rows, customer_movements(customer, at, grain::grain) AS rows_only
		FROM movement_spans_orders) AS r,
	LATERAL (SELECT customer_movements(t, grain::grain) AS timelines, customer_movements(u, grain::grain) AS timelines_only
		FROM (SELECT timeline(at, amount) AS t, timeline(at) AS u FROM movement_spans_orders GROUP BY customer) AS each) AS t
ORDER BY grain;

DROP TABLE movement_spans_pairs, movement_spans_orders;
