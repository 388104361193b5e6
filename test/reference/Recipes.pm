# The queries of the documentation, each with what it gives by definition: a
# query in plain SQL, without the extension.  091_soiled.pl runs both on the
# demo's CRM and on its soiled copy.
#
# A definition takes from the extension only what no SQL can compute: the
# parameters of fitted models (what follows from them is computed here), and the
# models' money to come where a query orders by it.
package Recipes;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(statements $prelude @equal @untold);

# The statements of a block of SQL.
sub statements
{
	my ($block) = @_;
	my @all = map { s/\A(?:\s*--[^\n]*\n)*\s*//r } split /(?:;|\\crosstabview[^\n]*)[ \t]*(?:--[^\n]*)?\n/, "$block\n";
	return grep { /\S/ } @all;
}

#----------------------------------------------------------------
# What many definitions begin with
#----------------------------------------------------------------

our $prelude = q{
CREATE TEMP TABLE plain_days AS
SELECT customer_id, ordered_at::date AS day, count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS amount
FROM orders GROUP BY 1, 2;
CREATE INDEX ON plain_days (customer_id, day);
ANALYZE plain_days;

CREATE TEMP TABLE plain_order_quarters AS
SELECT DISTINCT customer_id, date_trunc('quarter', ordered_at::timestamp) AS quarter FROM orders WHERE amount >= 0;
CREATE INDEX ON plain_order_quarters (customer_id, quarter);
ANALYZE plain_order_quarters;

CREATE TEMP TABLE plain_row_quarters AS
SELECT DISTINCT customer_id, date_trunc('quarter', ordered_at::timestamp) AS quarter FROM orders;
CREATE INDEX ON plain_row_quarters (customer_id, quarter);
ANALYZE plain_row_quarters;

-- months at whose end an order of the last six months stands
CREATE TEMP TABLE plain_spells AS
SELECT DISTINCT customer_id, month::date AS month
FROM plain_days CROSS JOIN generate_series(date_trunc('month', day::timestamp), '2025-12-01', '1 month') AS month
WHERE orders > 0 AND (day + interval '6 months')::date > (month + interval '1 month' - interval '1 day')::date;
CREATE INDEX ON plain_spells (customer_id, month);
ANALYZE plain_spells;

CREATE TEMP TABLE plain_bought AS
SELECT DISTINCT customer_id, family, ordered_at FROM orders o JOIN order_lines USING (order_id) JOIN products USING (product_id) WHERE o.amount > 0;
CREATE INDEX ON plain_bought (customer_id, ordered_at);
ANALYZE plain_bought;

CREATE TEMP TABLE plain_customers AS
SELECT customer_id, min(day) FILTER (WHERE orders > 0) AS first, max(day) FILTER (WHERE orders > 0) AS last,
	count(*) FILTER (WHERE orders > 0) AS days, sum(orders) AS orders, sum(amount) AS revenue
FROM plain_days GROUP BY 1;

CREATE TEMP TABLE plain_states AS
SELECT c.*, CASE WHEN last + 180 < '2026-01-01' THEN 'lost' WHEN last + 90 < '2026-01-01' THEN 'at risk'
	WHEN EXISTS (SELECT FROM plain_days b JOIN plain_days a USING (customer_id)
		WHERE b.customer_id = c.customer_id AND a.orders > 0 AND b.orders > 0 AND b.day - a.day >= 180 AND b.day + 180 > '2026-01-01'
			AND NOT EXISTS (SELECT FROM plain_days d WHERE d.customer_id = c.customer_id AND d.orders > 0 AND d.day > a.day AND d.day < b.day)) THEN 'won back'
	WHEN days = 1 THEN 'new' ELSE 'regular' END AS state,
	(date '2025-12-31' - last)::numeric * (days - 1) / nullif(last - first, 0) AS overdue
FROM plain_customers c;

-- by the parameters of mbg/nbd: Batislam, Denizel and Filiztekin 2007
CREATE TEMP TABLE plain_alive AS
SELECT customer_id, s.state, 1 / (1 + a / (b + days - 1) * ((alpha + (date '2025-12-31' - first)) / (alpha + (last - first))) ^ (r + days - 1)) AS p
FROM plain_states s
CROSS JOIN (SELECT max(estimate) FILTER (WHERE name = 'r') AS r, max(estimate) FILTER (WHERE name = 'alpha') AS alpha,
		max(estimate) FILTER (WHERE name = 'a') AS a, max(estimate) FILTER (WHERE name = 'b') AS b
	FROM customer_models, model_parameters(purchases)) m
WHERE days > 0;

CREATE TEMP TABLE plain_months AS
SELECT customer_id, month::date AS month,
	coalesce(sum(monthly_amount) FILTER (WHERE during @> (month + interval '1 month' - interval '1 day')::date), 0) AS level
FROM subscriptions CROSS JOIN generate_series(timestamp '2023-01-01', '2025-12-01', '1 month') AS month
GROUP BY 1, 2;
CREATE INDEX ON plain_months (customer_id, month);
ANALYZE plain_months;

CREATE TEMP TABLE plain_quarters AS
SELECT customer_id, (month - interval '2 months')::date AS period, level FROM plain_months WHERE extract(month FROM month)::int % 3 = 0;
CREATE INDEX ON plain_quarters (customer_id, period);
ANALYZE plain_quarters;

-- a silence shorter than 100 days has the level of the day before it
CREATE TEMP TABLE plain_bridged AS
WITH spells AS (
	SELECT customer_id, lower(spell) AS since, upper(spell) AS until, lead(lower(spell)) OVER (PARTITION BY customer_id ORDER BY lower(spell)) AS next
	FROM (SELECT customer_id, range_agg(during) AS spells FROM subscriptions WHERE monthly_amount > 0 GROUP BY 1) s CROSS JOIN unnest(spells) AS spell)
SELECT q.customer_id, period, coalesce((
		SELECT sum(monthly_amount)
		FROM spells b JOIN subscriptions s USING (customer_id)
		WHERE customer_id = q.customer_id AND period + interval '3 months' > until AND period + interval '3 months' <= next AND next - until < 100
			AND during @> until - 1), level) AS level
FROM plain_quarters q;
CREATE INDEX ON plain_bridged (customer_id, period);
ANALYZE plain_bridged;

-- of every lead the earliest way on; of a customer the furthest, then the earliest
CREATE TEMP TABLE plain_chains AS
SELECT DISTINCT ON (customer_id) customer_id, channel, campaign, signed_up_on, t1, t2, t3, t4, t5, num_nonnulls(t1, t2, t3, t4, t5) AS depth
FROM (SELECT customer_id, entered_at AS t1, entered_at + interval '18 months' AS until FROM stages WHERE stage = 'lead') a
JOIN customers USING (customer_id)
CROSS JOIN LATERAL (SELECT min(entered_at) AS t2 FROM stages s WHERE s.customer_id = a.customer_id AND stage = 'qualified' AND entered_at BETWEEN t1 AND until) b
CROSS JOIN LATERAL (SELECT min(entered_at) AS t3 FROM stages s WHERE s.customer_id = a.customer_id AND stage = 'proposal' AND entered_at BETWEEN t2 AND until) c
CROSS JOIN LATERAL (SELECT min(entered_at) AS t4 FROM stages s WHERE s.customer_id = a.customer_id AND stage = 'won' AND entered_at BETWEEN t3 AND until) d
CROSS JOIN LATERAL (SELECT min(entered_at) AS t5 FROM stages s WHERE s.customer_id = a.customer_id AND stage = 'renewed' AND entered_at BETWEEN t4 AND until) e
ORDER BY customer_id, depth DESC, t1, t2, t3, t4, t5;

CREATE TEMP TABLE plain_values AS SELECT * FROM customer_values;

-- Kaplan and Meier, Greenwood
CREATE TEMP TABLE plain_contracts AS SELECT * FROM contracts;
CREATE TEMP TABLE plain_survival AS
SELECT plan, t, n, d, exp(sum(CASE WHEN d < n THEN ln(1 - d / n) END) OVER w) * (CASE WHEN bool_or(d = n) OVER w THEN 0 ELSE 1 END) AS s,
	sum(CASE WHEN d < n THEN d / (n * (n - d)) END) OVER w AS v
FROM (
	SELECT p.plan, t, (SELECT count(*) FROM plain_contracts c WHERE c.plan = p.plan AND days >= t)::float8 AS n,
		(SELECT count(*) FROM plain_contracts c WHERE c.plan = p.plan AND days = t AND churned)::float8 AS d
	FROM (SELECT DISTINCT plan FROM plain_contracts) p, (SELECT DISTINCT days AS t FROM plain_contracts WHERE churned) x) y
WINDOW w AS (PARTITION BY plan ORDER BY t);
};

my $until = '2026-01-01';
my $z = '1.959963984540054';

# Wilson's bounds, in percent: of x in n.
sub wilson
{
	my ($sign, $x, $n) = @_;
	return "round((100 * (($x)::numeric / ($n) + $z * $z / (2 * ($n)) $sign $z * sqrt(($x)::numeric / ($n) * (1 - ($x)::numeric / ($n)) / ($n)"
	  . " + $z * $z / (4.0 * ($n) * ($n)))) / (1 + $z * $z / ($n)))::numeric, 1)";
}

# Cells of the cohorts of k: of the first event that is no refund, or of starts;
# events and starts are (k, customer, at), events with an amount.
sub cells
{
	my ($grain, $step, $events, $starts, $end) = @_;
	$end ||= $until;
	$starts ||= "SELECT k, customer, at FROM ($events) AS o WHERE coalesce(amount, 0) >= 0";
	return "(
		WITH starts AS MATERIALIZED (
			SELECT k, customer, date_trunc('$grain', min(at)) AS cohort FROM ($starts) AS s GROUP BY 1, 2),
		periods AS (
			SELECT k, customer, date_trunc('$grain', at) AS period, count(*) FILTER (WHERE coalesce(amount, 0) >= 0) AS orders, coalesce(sum(amount), 0) AS revenue
			FROM ($events) AS e GROUP BY 1, 2, 3),
		-- refunds alone count nowhere
		counted AS (
			SELECT * FROM (SELECT *, sum(orders) OVER (PARTITION BY k, customer) AS all_orders FROM periods JOIN starts USING (k, customer) WHERE period >= cohort) AS c
			WHERE all_orders > 0),
		sums AS (
			SELECT k, cohort, period, count(*) FILTER (WHERE orders > 0) AS active, sum(orders) AS orders, sum(revenue) AS revenue FROM counted GROUP BY 1, 2, 3),
		grid AS (
			SELECT k, cohort, age, cohort + age * interval '$step' AS period
			FROM (SELECT k, min(cohort) AS first FROM starts GROUP BY 1) AS f
			CROSS JOIN generate_series(first, date '$end' - 1, '$step') AS cohort
			CROSS JOIN generate_series(0, 40) AS age
			WHERE cohort + age * interval '$step' < '$end')
		SELECT k, cohort::date AS cohort, age, period::date AS period, coalesce(size, 0) AS size,
			coalesce(active, 0) AS active, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue
		FROM grid AS g LEFT JOIN sums USING (k, cohort, period)
		LEFT JOIN (SELECT k, cohort, count(*) AS size FROM starts GROUP BY 1, 2) AS sizes USING (k, cohort))";
}

# The cohorts together, at each age.
sub curve
{
	my ($cells) = @_;
	return "(
		SELECT k, age, cohorts, customers, active, round(100.0 * active / customers, 1) AS pct, value / customers AS ltv,
			sum(round(revenue / customers, 16)) OVER (PARTITION BY k ORDER BY age) AS chained
		FROM (
			SELECT k, age, count(*) AS cohorts, sum(size) AS customers, sum(active) AS active, sum(revenue) AS revenue, sum(value) AS value
			FROM (SELECT *, sum(revenue) OVER (PARTITION BY k, cohort ORDER BY age) AS value FROM $cells AS c) AS d
			GROUP BY k, age) AS e)";
}

my $orders = "SELECT '' AS k, customer_id AS customer, ordered_at::timestamp AS at, amount FROM orders";
my $by_channel = "SELECT coalesce(channel, '?') AS k, customer_id AS customer, ordered_at::timestamp AS at, amount FROM orders JOIN customers USING (customer_id)";
my $sign_ups = "SELECT '' AS k, customer_id AS customer, signed_up_on::timestamp AS at FROM customers";
my $sign_ups_by_channel = "SELECT coalesce(channel, '?') AS k, customer_id AS customer, signed_up_on::timestamp AS at FROM customers";
my $any_row = "SELECT '' AS k, customer_id AS customer, ordered_at::timestamp AS at, NULL::numeric AS amount FROM orders";
my $k = "nullif(k, '?')";

# Openings and closings of subscriptions by period; of the table given.
sub levels
{
	my ($from, $before) = @_;
	return "(
		SELECT b.customer_id, b.period, coalesce(a.level, 0) AS opening, b.level AS closing,
			EXISTS (SELECT FROM $from e WHERE e.customer_id = b.customer_id AND e.period < b.period AND e.level > 0) AS known
		FROM $from b LEFT JOIN $from a ON a.customer_id = b.customer_id AND a.period = b.period - interval '$before')";
}
my $quarters = levels('plain_quarters', '3 months');
my $sum_if = sub { return "coalesce(sum($_[0]) FILTER (WHERE $_[1]), 0)" };
my $of_opening = sub { return "round(sum($_[0]) FILTER (WHERE opening > 0) / sum(opening) FILTER (WHERE opening > 0), 3)" };
my $kept = $of_opening->('least(opening, closing)');

# The funnel: who reached a step, from the one before, and when.
my $days_to_4 = "extract(epoch FROM t4 - t3) / 86400";

#----------------------------------------------------------------
# [ words of the recipe, its columns, what they are by definition ]
#----------------------------------------------------------------

my $of_channel = "FROM (SELECT channel FROM customers UNION SELECT channel FROM spend) AS k";
my $spent = "month >= '2023-12-01' AND month < '2025-12-01'";
my $won = "signed_up_on >= '2024-01-01' AND signed_up_on < '2026-01-01'";
my $unknown = "coalesce(channel, '(unknown)')";
my $cost_of_channel = "(SELECT sum(coalesce(marketing, 0) + coalesce(sales, 0)) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent)";
my $won_of_channel = "(SELECT count(*) FROM customers c WHERE c.channel IS NOT DISTINCT FROM k.channel AND $won)";
my $cac_of_channel = "SELECT channel, $won_of_channel AS customers, $cost_of_channel / nullif($won_of_channel, 0) AS cac $of_channel";

my @acquisition = (
	[ 'SELECT round(cac(marketing, sales, customers), 2) AS cac', 'cac', "
		SELECT round((SELECT sum(coalesce(marketing, 0) + coalesce(sales, 0)) FROM spend WHERE $spent)
			/ (SELECT count(*) FROM customers WHERE $won), 2)" ],
	[ 'AS marketing_only', 'channel, campaign, customers, marketing_only, cac', "
		SELECT $unknown, name, nullif(customers, 0), round(marketing / nullif(customers, 0), 2), round((marketing + sales) / nullif(customers, 0), 2)
		FROM (
			SELECT channel, coalesce(campaign, '(unknown)') AS name,
				(SELECT count(*) FROM customers c WHERE (c.channel, c.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $won) AS customers,
				(SELECT coalesce(sum(marketing), 0) FROM spend s WHERE (s.channel, s.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $spent) AS marketing,
				(SELECT coalesce(sum(sales), 0) FROM spend s WHERE (s.channel, s.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $spent) AS sales
			FROM (SELECT channel, campaign FROM customers UNION SELECT channel, campaign FROM spend) AS k
			UNION ALL
			SELECT channel, '= all campaigns', $won_of_channel,
				(SELECT coalesce(sum(marketing), 0) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent),
				(SELECT coalesce(sum(sales), 0) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent)
			$of_channel) AS x" ],
	[ 'AS pays_back_at_month', 'channel, cac, margin_of_a_year, year_to_cac, pays_back_at_month', "
		SELECT coalesce(u.channel, '(unknown)'), round(cac, 2), round(0.3 * max(chained) FILTER (WHERE age = 11), 2),
			round(0.3 * max(chained) FILTER (WHERE age = 11) / nullif(cac, 0), 1), min(age) FILTER (WHERE 0.3 * chained >= cac)
		FROM ($cac_of_channel) AS u
		JOIN " . curve(cells('month', '1 month', $by_channel, $sign_ups_by_channel)) . " AS c ON $k IS NOT DISTINCT FROM u.channel
		GROUP BY u.channel, cac" ],
	[ 'AS pays_back_at_quarter', 'cohort, customers, cac, margin_of_a_year, year_to_cac, pays_back_at_quarter', "
		SELECT cohort, size, round(cost / size, 2), round(0.3 * max(value) FILTER (WHERE age = 3), 2), round(0.3 * max(value) FILTER (WHERE age = 3) / (cost / size), 1),
			min(age) FILTER (WHERE 0.3 * value >= cost / size)
		FROM (SELECT cohort, age, size, sum(revenue) OVER (PARTITION BY cohort ORDER BY age) / size AS value
			FROM " . cells('quarter', '3 months', $orders, $sign_ups) . " AS c) AS v
		JOIN (
			SELECT date_trunc('quarter', month + interval '1 month')::date AS cohort, sum(coalesce(marketing, 0) + coalesce(sales, 0)) AS cost
			FROM spend GROUP BY 1) AS s USING (cohort)
		GROUP BY cohort, size, cost" ],
	[ 'AS ltv_to_cac', 'channel, customers, cac, ltv, ltv_to_cac', "
		SELECT coalesce(u.channel, '(unknown)'), u.customers, round(cac, 2), round(value / u.customers, 2), round(value / u.customers / nullif(cac, 0), 1)
		FROM ($cac_of_channel) AS u
		JOIN (
			SELECT channel, sum(total) AS value
			FROM plain_values v JOIN customers c ON c.customer_id = v.customer_id GROUP BY channel) AS v
			ON v.channel IS NOT DISTINCT FROM u.channel" ],
	[ 'AS referred_pct', 'half_year, new_customers, referred_pct, low, high', "
		SELECT half, n, round(100.0 * x / n, 1), " . wilson('-', 'x', 'n') . ', ' . wilson('+', 'x', 'n') . "
		FROM (
			SELECT half::date, count(*) AS n, sum(CASE WHEN channel = 'parrainage' THEN 1 ELSE 0 END) AS x
			FROM customers
			JOIN unnest('{2024-01-01,2024-07-01,2025-01-01,2025-07-01}'::timestamp[]) AS half ON signed_up_on >= half AND signed_up_on < half + interval '6 months'
			GROUP BY half) AS h" ]);

my @cohorts = (
	[ 'cohort_size AS size, active, retention', 'cohort, age, size, active, retention, revenue, complete', "
		SELECT cohort, age, size, active, CASE WHEN size > 0 THEN active::float8 / size END, revenue, true
		FROM " . cells('month', '1 month', "SELECT '' AS k, customer, bought_on::timestamp AS at, amount FROM purchases", undef, '2024-04-01') . " AS c" ],
	[ "SELECT (cohort_cells(cohort_matrix(customer_id, ordered_at, 'month'))).*", 'cohort, age, cohort_size, active, orders', "
		SELECT cohort, age, size, active, orders FROM " . cells('month', '1 month', $any_row) . ' AS c' ],
	[ 'AS retention_pct
FROM (
	SELECT channel, cohort_matrix(customer_id', 'channel, age, customers, retention_pct', "
		SELECT $k, age, customers, pct FROM " . curve(cells('month', '1 month', $by_channel)) . ' AS c WHERE age IN (1, 3, 6)' ],
	[ 'AS retained_6', 'channel, retained_1, retained_6, ltv_12, pays_back_at', "
		SELECT $k, max(pct) FILTER (WHERE age = 1), max(pct) FILTER (WHERE age = 6), round(max(chained) FILTER (WHERE age = 12), 2),
			min(age) FILTER (WHERE 0.3 * chained >= 150)
		FROM " . curve(cells('month', '1 month', $by_channel)) . ' AS c GROUP BY k' ],
	[ 'SELECT rollup(matrix) FROM retention_by_channel', 'age, cohorts, customers, active', "
		SELECT age, cohorts, customers, active FROM " . curve(cells('month', '1 month', $orders)) . ' AS c WHERE age <= 3' ],
	[ 'SELECT cohort, age, round(100 * retention::numeric) AS pct', 'cohort, age, pct', "
		SELECT cohort, age, round(100.0 * active / nullif(size, 0)) FROM " . cells('quarter', '3 months', $orders) . ' AS c' ],
	[ 'AS retention_pct, round(ltv, 2) AS ltv', 'age, customers, retention_pct, ltv', "
		SELECT age, customers, pct, round(ltv, 2) FROM " . curve(cells('quarter', '3 months', $orders)) . ' AS c WHERE age <= 4' ],
	[ 'recurring_matrix(history', 'age, customers, active, retention_pct', "
		SELECT age, count(*), count(b.customer_id), round(100.0 * count(b.customer_id) / count(*), 1)
		FROM plain_order_quarters a
		CROSS JOIN generate_series(0, 2) AS age
		LEFT JOIN plain_order_quarters b ON b.customer_id = a.customer_id AND b.quarter = a.quarter + age * interval '3 months'
		WHERE a.quarter + (age + 1) * interval '3 months' <= '$until'
		GROUP BY age" ],
	[ 'PREPARE retention_by', 'age, customers, active', "
		SELECT age, customers, active FROM " . curve(cells('quarter', '3 months', $orders)) . ' AS c WHERE age <= 2' ],
	[ 'SELECT channel, cohort, age, active FROM retention_cells', 'channel, cohort, age, active', "
		SELECT $k, cohort, age, active FROM " . cells('month', '1 month', $by_channel) . " AS c ORDER BY $k, cohort, age LIMIT 1" ],
	[ 'SELECT age, customers, active, round(100 * retention::numeric, 1) AS retention_pct
FROM retention_curve((
		SELECT cohort_matrix(c.customer_id, c.signed_up_on', 'age, customers, active, retention_pct', "
		SELECT age, customers, active, pct FROM " . curve(cells('month', '1 month', $orders, $sign_ups)) . ' AS c WHERE age <= 2' ],
	[ 'AS of_returning', 'quarter, revenue, of_new, of_returning, returning_pct', "
		WITH firsts AS (
			SELECT customer_id, date_trunc('quarter', min(ordered_at)::timestamp) AS first FROM orders WHERE amount >= 0 GROUP BY customer_id),
		sums AS (
			SELECT date_trunc('quarter', ordered_at::timestamp)::date AS quarter, sum(amount) AS revenue,
				sum(CASE WHEN ordered_at::timestamp < first + interval '3 months' THEN amount END) AS of_new,
				sum(CASE WHEN ordered_at::timestamp >= first + interval '3 months' THEN amount END) AS of_returning
			FROM orders JOIN firsts USING (customer_id)
			WHERE ordered_at::timestamp >= first
			GROUP BY 1)
		SELECT *, round(100 * of_returning / revenue, 1) FROM sums" ]);

my @rates = (
	[ 'FROM movement_rows((SELECT customer_movements(history, \'quarter\') FROM customer_timelines)', 'period, opening_customers, retained_customers, retained_pct', "
		SELECT (b.quarter + interval '3 months')::date, count(*), count(n.customer_id), round(100.0 * count(n.customer_id) / count(*), 1)
		FROM plain_order_quarters b
		LEFT JOIN plain_order_quarters n ON n.customer_id = b.customer_id AND n.quarter = b.quarter + interval '3 months'
		WHERE b.quarter < '2025-10-01'
		GROUP BY 1 ORDER BY 1 DESC LIMIT 3" ],
	[ 'AS by_counts_pct', 'at_start, at_end, new, came_back, by_counts_pct, by_set_pct', "
		WITH sums AS (
			SELECT customer_id,
				(SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-07-01' AND ordered_at < '2025-10-01') > 0 IS TRUE AS before,
				(SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-10-01' AND ordered_at < '2026-01-01') > 0 IS TRUE AS after,
				EXISTS (SELECT FROM orders o WHERE o.customer_id = c.customer_id AND amount >= 0 AND ordered_at < '2025-10-01') AS known
			FROM customers c),
		counts AS (
			SELECT count(*) FILTER (WHERE before) AS s, count(*) FILTER (WHERE after) AS e, count(*) FILTER (WHERE after AND NOT known) AS n,
				count(*) FILTER (WHERE after AND known AND NOT before) AS b, count(*) FILTER (WHERE before AND after) AS k FROM sums)
		SELECT s, e, n, b, round(100.0 * (e - n) / s, 1), round(100.0 * k / s, 1) FROM counts" ],
	[ 'AS quick_ratio
FROM quarters', 'channel, at_start, retained_pct, churned_pct, nrr_pct, grr_pct, quick_ratio', "
		WITH sums AS (
			SELECT customer_id, channel,
				coalesce((SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-07-01' AND ordered_at < '2025-10-01'), 0) AS before,
				coalesce((SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-10-01' AND ordered_at < '2026-01-01'), 0) AS after
			FROM customers c),
		both_levels AS (
			SELECT $unknown AS channel, before, after FROM sums UNION ALL SELECT '= all channels', before, after FROM sums)
		SELECT channel, count(*) FILTER (WHERE before > 0), round(100.0 * count(*) FILTER (WHERE before > 0 AND after > 0) / count(*) FILTER (WHERE before > 0), 1),
			round(100.0 * count(*) FILTER (WHERE before > 0 AND after <= 0) / count(*) FILTER (WHERE before > 0), 1),
			round(100 * sum(after) FILTER (WHERE before > 0) / sum(before) FILTER (WHERE before > 0), 1),
			round(100 * sum(least(before, after)) FILTER (WHERE before > 0) / sum(before) FILTER (WHERE before > 0), 1),
			round(sum(greatest(after - before, 0)) / sum(greatest(before - after, 0)), 2)
		FROM both_levels GROUP BY channel" ],
	[ 'SELECT retention_rate(opening, closing), churn_rate(opening, closing),', 'retention_rate, churn_rate, nrr, grr, quick_ratio', "
		SELECT 2::float8 / 3, 1::float8 / 3, (120 + 60)::float8 / 200, (100 + 60)::float8 / 200, (20 + 50)::float8 / (20 + 20)" ],
	[ 'AS simple', 'simple, of_margin, discounted, first_year, months_to_pay_back, a_month, weekly_a_month', "
		SELECT 80 / 0.04, 0.8 * 80 / 0.04, round(0.8 * 80 / (1 - 0.96 / 1.01), 6), (SELECT round(sum(0.8 * 80 * 0.96 ^ t), 6) FROM generate_series(0.0, 11) AS t),
			200 / (80 * 0.8), 1200 / 12.0, round(35 * 365 / 12.0 / 7, 16)" ],
	[ 'unnest(ARRAY[0.50', 'retention_pct, periods, ltv_gain_pct', "
		SELECT round(100 * r), round(1 / (1 - r), 1), round(100 * ((1 - r) / (1 - r - 0.05) - 1), 1) FROM unnest(ARRAY[0.50, 0.60, 0.70, 0.80, 0.85, 0.90]) AS r" ],
	[ 'AS five_points_more', 'channel, retained_pct, revenue_a_quarter, ltv, five_points_more, gain_pct', "
		WITH sums AS (
			SELECT customer_id, date_trunc('quarter', ordered_at::timestamp) AS quarter, sum(amount) AS revenue FROM orders GROUP BY 1, 2),
		rates AS (
			SELECT channel, count(*) FILTER (WHERE a.revenue > 0 AND b.revenue > 0)::numeric / count(*) FILTER (WHERE a.revenue > 0) AS r, sum(a.revenue) / count(*) AS revenue
			FROM sums a LEFT JOIN sums b ON b.customer_id = a.customer_id AND b.quarter = a.quarter + interval '3 months'
			JOIN customers c ON c.customer_id = a.customer_id
			WHERE a.quarter < '2025-10-01' GROUP BY channel)
		SELECT channel, round(100 * r, 1), round(revenue, 2), round(0.3 * revenue / (1 - r), 2), round(0.3 * revenue / (1 - r - 0.05), 2),
			round(100 * ((1 - r) / (1 - r - 0.05) - 1), 1)
		FROM rates" ],
	[ 'AS purchase_frequency', 'channel, customers, repeat_rate, low, high, average_basket, purchase_frequency', "
		SELECT channel, count(*), round(100.0 * count(*) FILTER (WHERE n > 1) / count(*), 1), "
		  . wilson('-', 'count(*) FILTER (WHERE n > 1)', 'count(*)') . ', ' . wilson('+', 'count(*) FILTER (WHERE n > 1)', 'count(*)') . ",
			round(sum(r) / sum(n), 2), round(avg(n), 2)
		FROM customers
		CROSS JOIN LATERAL (
			SELECT sum(CASE WHEN amount >= 0 THEN 1 ELSE 0 END) AS n, sum(amount) AS r
			FROM orders o WHERE o.customer_id = customers.customer_id AND ordered_at >= '2025-01-01' AND ordered_at < '2026-01-01') AS o
		WHERE n > 0 GROUP BY channel" ],
	[ 'AS cross_sell_rate', 'family, customers, cross_sell_rate, low, high', "
		WITH began AS (
			SELECT b.* FROM plain_bought b WHERE ordered_at < '2025-10-03' AND NOT EXISTS (SELECT FROM plain_bought e WHERE e.customer_id = b.customer_id AND e.ordered_at < b.ordered_at)),
		crossed AS (
			SELECT family, EXISTS (
				SELECT FROM plain_bought l WHERE l.customer_id = b.customer_id AND l.ordered_at > b.ordered_at AND l.ordered_at < b.ordered_at + interval '90 days'
					AND NOT EXISTS (SELECT FROM plain_bought s WHERE s.customer_id = l.customer_id AND s.family = l.family AND s.ordered_at <= b.ordered_at)) AS yes
			FROM began b)
		SELECT family, n, round(100.0 * x / n, 1), " . wilson('-', 'x', 'n') . ', ' . wilson('+', 'x', 'n') . "
		FROM (SELECT family, count(*) AS n, count(*) FILTER (WHERE yes) AS x FROM crossed GROUP BY family) AS f" ],
	[ 'AS response_pct', 'channel, answers, response_pct, nps, margin, csat_pct, csat_low, csat_high', "
		WITH both_levels AS (
			SELECT $unknown AS channel, recommend, satisfied FROM surveys JOIN customers USING (customer_id)
			UNION ALL SELECT '= all channels', recommend, satisfied FROM surveys),
		counts AS (
			SELECT channel, count(*) AS asked, count(recommend)::numeric AS n, count(*) FILTER (WHERE recommend >= 9) AS p, count(*) FILTER (WHERE recommend <= 6) AS d,
				count(satisfied) AS m, count(*) FILTER (WHERE satisfied >= 4) AS x
			FROM both_levels GROUP BY channel)
		SELECT channel, n, round(100 * n / asked), round(100 * (p - d) / n, 1), round(100 * $z * sqrt(((p + d) / n - ((p - d) / n) ^ 2) / n), 1),
			round(100.0 * x / m, 1), " . wilson('-', 'x', 'm') . ', ' . wilson('+', 'x', 'm') . ' FROM counts' ],
	[ 'AS loyalty', 'loyalty, customers, orders, revenue, revenue_pct', "
		WITH habits AS (
			SELECT customer_id, max(ordered_at) AS last_at, count(*) AS orders, sum(amount) AS revenue FROM orders WHERE amount >= 0 GROUP BY customer_id),
		tiles AS (
			SELECT *, ntile(3) OVER (ORDER BY last_at) AS r, ntile(3) OVER (ORDER BY orders) AS f, ntile(3) OVER (ORDER BY revenue) AS m FROM habits),
		scores AS (
			SELECT *, round((min(r) OVER (PARTITION BY last_at) + min(f) OVER (PARTITION BY orders) + min(m) OVER (PARTITION BY revenue)) / 3.0) AS score FROM tiles)
		SELECT score, count(*), round(avg(orders), 1), round(sum(revenue)), round(100 * sum(revenue) / (SELECT sum(revenue) FROM habits), 1) FROM scores GROUP BY score" ],
	[ 'AS days_silent', 'segment, customers, days_silent, orders, revenue', "
		WITH habits AS (
			SELECT customer_id, max(ordered_at::date) AS last_on, count(*) AS orders, sum(amount) AS revenue FROM orders WHERE amount >= 0 GROUP BY customer_id),
		tiles AS (
			SELECT *, ntile(5) OVER (ORDER BY last_on) AS r, ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY revenue) AS m FROM habits),
		scores AS (
			SELECT *, min(r) OVER (PARTITION BY last_on) AS score, (min(f) OVER (PARTITION BY orders) + min(m) OVER (PARTITION BY revenue) + 1) / 2 AS fm FROM tiles)
		SELECT segment, count(*), round(avg(date '2026-01-01' - last_on)), round(avg(orders), 1), round(avg(revenue))
		FROM scores
		JOIN (VALUES (1, 1, 'lost'), (1, 2, 'lost'), (1, 3, 'at risk'), (1, 4, 'cannot lose'), (1, 5, 'cannot lose'),
			(2, 1, 'hibernating'), (2, 2, 'hibernating'), (2, 3, 'at risk'), (2, 4, 'cannot lose'), (2, 5, 'cannot lose'),
			(3, 1, 'needs attention'), (3, 2, 'needs attention'), (3, 3, 'loyal'), (3, 4, 'loyal'), (3, 5, 'loyal'),
			(4, 1, 'promising'), (4, 2, 'promising'), (4, 3, 'loyal'), (4, 4, 'champion'), (4, 5, 'champion'),
			(5, 1, 'promising'), (5, 2, 'promising'), (5, 3, 'loyal'), (5, 4, 'champion'), (5, 5, 'champion')) AS names (score, fm, segment) USING (score, fm)
		GROUP BY segment" ]);

my @subscriptions = (
	[ 'expansion_revenue AS expansion, contraction_revenue + churned_revenue AS lost, closing_revenue AS closing', 'period, opening, gained, expansion, lost, closing, nrr, grr, quick_ratio', "
		SELECT period, sum(opening), " . $sum_if->('closing', 'opening = 0') . ', ' . $sum_if->('greatest(closing - opening, 0)', 'opening > 0') . ", sum(least(closing - opening, 0)),
			sum(closing), " . $of_opening->('closing') . ", $kept, round(sum(greatest(closing - opening, 0)) / sum(greatest(opening - closing, 0)), 2)
		FROM $quarters AS q WHERE period >= '2025-01-01' GROUP BY period" ],
	[ "'quarter', 4) FROM subscriptions", 'period, a_year_before, expansion, lost, nrr, grr, churn_pct', "
		SELECT period, sum(opening), " . $sum_if->('greatest(closing - opening, 0)', 'opening > 0') . ', sum(least(closing - opening, 0)), ' . $of_opening->('closing') . ", $kept,
			round(100.0 * count(*) FILTER (WHERE opening > 0 AND closing = 0) / count(*) FILTER (WHERE opening > 0), 1)
		FROM " . levels('plain_quarters', '1 year') . " AS q WHERE period >= '2025-01-01' GROUP BY period" ],
	[ 'AS a_year_before, closing_revenue AS now', 'month, a_year_before, now, nrr, grr, churn', "
		SELECT to_char(period, 'YYYY-MM'), sum(opening), sum(closing), " . $of_opening->('closing') . ", $kept,
			round(1.0 * count(*) FILTER (WHERE opening > 0 AND closing = 0) / count(*) FILTER (WHERE opening > 0), 3)
		FROM " . levels('(SELECT customer_id, month AS period, level FROM plain_months)', '1 year') . " AS q WHERE period >= '2025-10-01' GROUP BY period" ],
	[ 'AS paying_pct', 'age, customers, paying, paying_pct, revenue_per_signup', "
		SELECT age, customers, paying, round(100.0 * paying / customers, 1), round(sum(revenue / customers) OVER (ORDER BY age), 2)
		FROM (
			SELECT age, count(DISTINCT c.customer_id)::numeric AS customers, count(*) FILTER (WHERE level > 0) AS paying, coalesce(sum(level), 0) AS revenue
			FROM customers c
			CROSS JOIN generate_series(0, 4) AS age
			LEFT JOIN plain_quarters q ON q.customer_id = c.customer_id AND period = date_trunc('quarter', signed_up_on::timestamp) + age * interval '3 months'
			WHERE date_trunc('quarter', signed_up_on::timestamp) + (age + 1) * interval '3 months' <= '$until'
			GROUP BY age) AS a" ],
	[ 'AS gross
FROM cohort_cells', 'cohort, age, revenue, kept_revenue, net, gross', "
		WITH firsts AS (
			SELECT customer_id, date_trunc('quarter', min(lower(during))::timestamp) AS cohort FROM subscriptions WHERE monthly_amount > 0 AND NOT isempty(during) GROUP BY 1),
		ages AS (
			SELECT cohort::date, age, customer_id, level FROM firsts CROSS JOIN generate_series(0, 3) AS age
			JOIN plain_quarters USING (customer_id) WHERE period = cohort + age * interval '3 months' AND cohort IN ('2024-04-01', '2025-01-01')),
		bases AS (
			SELECT DISTINCT ON (customer_id) customer_id, age AS since, level AS base FROM ages WHERE level > 0 ORDER BY customer_id, age)
		SELECT cohort, a.age, sum(level), sum(least(level, base)), round(sum(level) / max(sum(level)) FILTER (WHERE a.age = 0) OVER (PARTITION BY cohort), 3),
			round(sum(least(level, base)) / sum(base), 3)
		FROM ages a LEFT JOIN bases b ON b.customer_id = a.customer_id AND since <= a.age
		GROUP BY cohort, a.age" ],
	[ 'AS nrr_bridged', 'period, churned, back, nrr, churned_bridged, back_bridged, nrr_bridged', "
		SELECT * FROM (" . join(') AS a JOIN (', map { "
			SELECT period, count(*) FILTER (WHERE opening > 0 AND closing = 0), count(*) FILTER (WHERE opening = 0 AND closing > 0 AND known), " . $of_opening->('closing') . "
			FROM " . levels($_, '3 months') . " AS q WHERE period >= '2025-01-01' GROUP BY period" } 'plain_quarters', 'plain_bridged') . ') AS b USING (period)' ],
	[ 'AS lost_a_month
FROM churned', 'reason, customers, pct, lost_a_month', "
		WITH churned AS (
			SELECT opening, (
				SELECT (array_agg(ended_because ORDER BY upper(during) DESC))[1] FROM subscriptions s WHERE s.customer_id = q.customer_id AND upper(during) < q.period + interval '3 months') AS reason
			FROM $quarters AS q WHERE opening > 0 AND closing = 0)
		SELECT reason, count(*), round(100.0 * count(*) / (SELECT count(*) FROM churned), 1), sum(opening) FROM churned GROUP BY reason" ],
	[ 'm.opening AS lost_a_month, ended_because', 'name, channel, days, lost_a_month, ended_because', "
		WITH spells AS (
			SELECT customer_id, min(lower(during)) AS since, max(upper(during)) AS until FROM subscriptions WHERE NOT isempty(during) AND monthly_amount > 0 GROUP BY 1)
		SELECT name, channel, until - 1 - since, a.level, (
			SELECT ended_because FROM subscriptions s WHERE s.customer_id = a.customer_id AND upper(during) < '2026-01-01' ORDER BY upper(during) DESC LIMIT 1)
		FROM plain_months a JOIN plain_months b USING (customer_id) JOIN spells USING (customer_id) JOIN customers USING (customer_id)
		WHERE a.month = '2025-11-01' AND b.month = '2025-12-01' AND a.level > 0 AND b.level = 0
		ORDER BY a.level DESC, until - since DESC, name LIMIT 5" ],
	[ "'1 onboarding'", 'stage, customers, lost, pct, low, high', "
		WITH spells AS (
			SELECT min(lower(during)) AS first, bool_or(during @> date '2025-12-31') AS there,
				least(max(coalesce(upper(during), 'infinity')), '2026-01-01') - 1 - min(lower(during)) AS days
			FROM subscriptions WHERE NOT isempty(during) AND monthly_amount > 0 GROUP BY customer_id),
		counts AS (
			SELECT stage, count(*) AS n, count(*) FILTER (WHERE days < until AND NOT there) AS x
			FROM spells CROSS JOIN (VALUES ('1 onboarding', 0, 90), ('2 to the first renewal', 90, 365), ('3 half a year after', 365, 545)) AS v (stage, since, until)
			WHERE days >= since AND date '2026-01-01' - first >= until GROUP BY stage)
		SELECT stage, n, x, round(100.0 * x / n, 1), " . wilson('-', 'x', 'n') . ', ' . wilson('+', 'x', 'n') . ' FROM counts' ],
	[ 'AS win_back_pct', 'period, dormant, won_back, win_back_pct', "
		WITH dormant AS (
			SELECT period, customer_id, EXISTS (SELECT FROM plain_order_quarters q WHERE q.customer_id = c.customer_id AND quarter = period) AS back
			FROM customers c CROSS JOIN generate_series(timestamp '2025-01-01', '2025-10-01', '3 months') AS period
			WHERE EXISTS (SELECT FROM plain_order_quarters q WHERE q.customer_id = c.customer_id AND quarter < period)
				AND NOT EXISTS (SELECT FROM plain_order_quarters q WHERE q.customer_id = c.customer_id AND quarter = period - interval '3 months'))
		SELECT period::date, count(*), count(*) FILTER (WHERE back), round(100.0 * count(*) FILTER (WHERE back) / count(*), 1) FROM dormant GROUP BY period" ],
	[ "interval '6 months')::date), 'month')", 'period, opening, new, back, churned, closing, retention_pct', "
		SELECT month, count(*) FILTER (WHERE o), count(*) FILTER (WHERE NOT o AND c AND NOT k), count(*) FILTER (WHERE NOT o AND c AND k), count(*) FILTER (WHERE o AND NOT c),
			count(*) FILTER (WHERE c), round(100.0 * count(*) FILTER (WHERE o AND c) / count(*) FILTER (WHERE o), 1)
		FROM (
			SELECT e.month, EXISTS (SELECT FROM plain_spells t WHERE t.customer_id = x.customer_id AND t.month = e.month - interval '1 month') AS o,
				EXISTS (SELECT FROM plain_spells t WHERE t.customer_id = x.customer_id AND t.month = e.month) AS c,
				EXISTS (SELECT FROM plain_spells t WHERE t.customer_id = x.customer_id AND t.month < e.month) AS k
			FROM (SELECT DISTINCT month FROM plain_spells WHERE month >= '2025-08-01') e CROSS JOIN plain_customers x) AS s
		GROUP BY month" ]);

my @customers = (
	[ 'AS last_order, round(overdue(history, as_of =>', 'customer_id, state::text, orders, last_order, overdue', "
		SELECT customer_id, state, orders, last, round(overdue, 1) FROM plain_states WHERE state = 'at risk' ORDER BY revenue DESC LIMIT 5" ],
	[ 'SELECT customer_id, first_at(history), last_at(history), orders(history), active_days(history), revenue(history)
FROM histories', 'customer_id, first_at, last_at, orders, active_days, revenue', "
		SELECT customer_id, first, last, orders, days, revenue FROM plain_customers ORDER BY customer_id LIMIT 3" ],
	[ "SELECT lifecycle(history, '2026-01-01') AS state, count(*)", 'state::text, customers, revenue', "
		SELECT state, count(*), sum(revenue) FROM plain_states WHERE days > 0 GROUP BY state" ],
	[ 'SELECT name, revenue(history), tenure(history', 'name, revenue, tenure, overdue', "
		SELECT name, revenue, date '2025-12-31' - first, round(overdue, 1) FROM plain_states JOIN customers USING (customer_id) WHERE state = 'at risk' ORDER BY revenue DESC LIMIT 5" ],
	[ 'FROM histories, purchase_summary(', 'customer_id, frequency, recency, age, monetary_value', "
		SELECT customer_id, days - 1, (last - first) / 7::float8, (date '2025-12-31' - first) / 7::float8,
			(SELECT sum(amount) / count(*) FROM plain_days d WHERE d.customer_id = c.customer_id AND d.orders > 0 AND day > first)
		FROM plain_customers c ORDER BY customer_id LIMIT 3" ],
	[ 'AS last_order
FROM (
	SELECT channel, customer_id, earliest(', 'channel, customers, first_order, last_order', "
		SELECT channel, count(*), round(avg(a.amount), 2), round(avg(z.amount), 2)
		FROM customers c
		CROSS JOIN LATERAL (SELECT amount FROM orders o WHERE o.customer_id = c.customer_id AND amount > 0 ORDER BY ordered_at, amount LIMIT 1) AS a
		CROSS JOIN LATERAL (SELECT amount FROM orders o WHERE o.customer_id = c.customer_id AND amount > 0 ORDER BY ordered_at DESC, amount LIMIT 1) AS z
		GROUP BY channel" ],
	[ 'AS month_in_paris', 'month_in_paris, equal', "
		SELECT date_trunc('month', timestamptz '2024-01-31 23:30+00' AT TIME ZONE 'Europe/Paris')::date, true" ],
	[ 'FROM timelines AS t', 'customers, equal', "
		SELECT count(DISTINCT customer_id), count(DISTINCT customer_id) FROM orders" ],
	[ 'AS equal
FROM (
	SELECT timeline(ordered_at, amount', 'equal', 'SELECT true' ],
	[ 'AS quarter_starts', 'quarter_starts, week_ends, months, bracket', "
		SELECT date_trunc('quarter', date '2024-05-17')::date, date '2024-05-17' + (7 - extract(dow FROM date '2024-05-17')::int), 3 - 1, 'days 3-6'" ],
	[ 'AS in_march', 'customer, in_march, in_may', "
		WITH log (customer, subscription, at, price) AS (
			VALUES ('ann', 1, date '2024-01-15', 20), ('ann', 1, '2024-03-01', 35), ('ann', 1, '2024-05-10', 0), ('ann', 2, '2024-02-01', 7), ('bob', 3, '2024-03-20', 20)),
		spans AS (
			SELECT *, coalesce(lead(at) OVER (PARTITION BY subscription ORDER BY at), 'infinity') AS until FROM log)
		SELECT customer, sum(price) FILTER (WHERE at <= '2024-03-31' AND until > '2024-03-31'), coalesce(sum(price) FILTER (WHERE at <= '2024-05-31' AND until > '2024-05-31'), 0)
		FROM spans GROUP BY customer" ],
	[ 'd.amount AS level, tenure(', 'plan, day, level, tenure', "
		WITH spans (plan, since, until, price) AS (
			VALUES ('basic', date '2024-01-15', date '2024-03-01', 20), ('basic', '2024-02-01', 'infinity', 5), ('trial', '2024-04-01', '2024-04-15', 9)),
		days AS (
			SELECT plan, day::date, coalesce(sum(price) FILTER (WHERE since <= day AND until > day), 0) AS level
			FROM spans CROSS JOIN generate_series(timestamp '2024-01-01', '2024-05-31', '1 day') AS day GROUP BY 1, 2),
		changes AS (
			SELECT *, lag(level, 1, 0::bigint) OVER (PARTITION BY plan ORDER BY day) AS before FROM days)
		SELECT c.plan, day, level, (SELECT max(d.day) - min(d.day) FROM days d WHERE d.plan = c.plan AND d.level > 0) FROM changes c WHERE level <> before" ],
	[ "'month since start') AS month", 'month, customers, active', "
		SELECT month, count(*), count(*) FILTER (WHERE last >= '2025-12-02')
		FROM plain_customers
		CROSS JOIN LATERAL (SELECT max(m) AS month FROM generate_series(0, 30) AS m WHERE (first + m * interval '1 month')::date <= '2026-01-01') AS a
		WHERE month BETWEEN 2 AND 9 GROUP BY month" ],
	[ 'AS was_came_returned', 'customer_id, furthest, was_came_returned', "
		SELECT customer_id,
			CASE WHEN EXISTS (SELECT FROM orders a, orders b, orders c WHERE (a.customer_id, b.customer_id, c.customer_id) = (o.customer_id, o.customer_id, o.customer_id)
					AND a.amount < 50 AND b.amount >= 50 AND c.amount >= 75 AND a.ordered_at <= b.ordered_at AND b.ordered_at <= c.ordered_at AND c.ordered_at <= a.ordered_at + interval '60 days') THEN 3
				WHEN EXISTS (SELECT FROM orders a, orders b WHERE (a.customer_id, b.customer_id) = (o.customer_id, o.customer_id)
					AND a.amount < 50 AND b.amount >= 50 AND a.ordered_at <= b.ordered_at AND b.ordered_at <= a.ordered_at + interval '60 days') THEN 2
				WHEN bool_or(amount < 50) THEN 1 ELSE 0 END,
			ARRAY[bool_or(ordered_at < '2025-01-01'), bool_or(ordered_at < '2025-01-01') AND bool_or(ordered_at >= '2025-01-01'), bool_or(ordered_at < '2025-01-01') AND bool_or(amount < 0)]
		FROM orders o WHERE customer_id BETWEEN 3 AND 6 GROUP BY customer_id" ]);

# The last time up to which someone has churned with probability one half.
my $bound = sub { return "s ^ exp($_[0] $z * sqrt(v) / abs(ln(s)))" };
my @models = (
	[ 'lifetime_quantile(curve, 0.5)', 'plan, median, low, high, mean_of_year, std_error', "
		WITH steps AS (
			SELECT plan, t, n, d, s, v, least(t, 365) AS since, least(lead(t, 1, 365) OVER (PARTITION BY plan ORDER BY t), 365) AS until FROM plain_survival),
		areas AS (
			SELECT *, (until - since) * s AS area, sum((until - since) * s) OVER (PARTITION BY plan ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS after FROM steps)
		SELECT plan, min(t) FILTER (WHERE s < 0.5), min(t) FILTER (WHERE CASE WHEN s > 0 AND s < 1 THEN " . $bound->('') . " < 0.5 END),
			min(t) FILTER (WHERE CASE WHEN s > 0 AND s < 1 THEN " . $bound->('-') . " < 0.5 END),
			round((min(since) + sum(area))::numeric, 1), round(sqrt(sum(CASE WHEN t <= 365 AND d < n THEN after * after * d / (n * (n - d)) END))::numeric, 1)
		FROM areas GROUP BY plan" ],
	[ 'log_rank(VARIADIC curves)', 'chi_square, degrees_of_freedom, p_value', "
		WITH times AS (
			SELECT t, sum(n) AS n, sum(d) AS d, max(n) FILTER (WHERE plan = 'Pro') AS n1, max(d) FILTER (WHERE plan = 'Pro') AS d1 FROM plain_survival GROUP BY t),
		test AS (
			SELECT sum(d1 - d * n1 / n) ^ 2 / sum(CASE WHEN n > 1 THEN n1 / n * (1 - n1 / n) * d * (n - d) / (n - 1) END) AS x FROM times)
		-- the tail of the normal distribution, by Simpson
		SELECT round(x::numeric, 2), 1, (
			SELECT round((2 * sum(exp(-0.5 * (sqrt(x) + i / 1000.0) ^ 2) / sqrt(2 * pi()) * CASE WHEN i IN (0, 10000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END) / 3000)::numeric, 3)
			FROM generate_series(0, 10000) AS i)
		FROM test" ],
	[ 'log_rank_groups(curves, plans, sizes)', 'plan, customers, observed, expected, ratio', "
		WITH c AS (SELECT plan, size, days, churned FROM plain_contracts JOIN customers USING (customer_id)),
		s AS (
			SELECT c.size, t, plan, count(*) FILTER (WHERE days >= t)::numeric AS n1, count(*) FILTER (WHERE days = t AND churned)::numeric AS d1
			FROM (SELECT DISTINCT size, days AS t FROM c WHERE churned) AS e JOIN c USING (size) GROUP BY 1, 2, 3),
		x AS (SELECT *, sum(n1) OVER w AS n, sum(d1) OVER w AS d FROM s WINDOW w AS (PARTITION BY size, t))
		SELECT plan, (SELECT count(*) FROM c WHERE c.plan = x.plan), sum(d1)::float8, round(sum(d * n1 / n), 1), round(sum(d1) / sum(d * n1 / n), 2)
		FROM x GROUP BY plan" ],
	[ 'log_rank(curves, plans, strata => sizes', 'weights, chi_square, degrees_of_freedom, p_value', "
		WITH c AS (SELECT plan, size, days, churned FROM plain_contracts JOIN customers USING (customer_id)),
		s AS (
			SELECT c.size, t, count(*) FILTER (WHERE days >= t)::float8 AS n, count(*) FILTER (WHERE days = t AND churned)::float8 AS d,
				count(*) FILTER (WHERE days >= t AND plan = 'Pro')::float8 AS n1, count(*) FILTER (WHERE days = t AND churned AND plan = 'Pro')::float8 AS d1
			FROM (SELECT DISTINCT size, days AS t FROM c WHERE churned) AS e JOIN c USING (size) GROUP BY 1, 2),
		k AS (
			SELECT *, coalesce(exp(sum(CASE WHEN d < n THEN ln(1 - d / n) END) OVER (PARTITION BY size ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1) AS before FROM s),
		test AS (
			SELECT weights, sum(w * (d1 - d * n1 / n)) ^ 2 / sum(w * w * CASE WHEN n > 1 THEN n1 / n * (1 - n1 / n) * d * (n - d) / (n - 1) END) AS x
			FROM k CROSS JOIN LATERAL (VALUES ('log-rank', 1), ('tarone-ware', sqrt(n)), ('gehan-breslow', n), ('peto', before)) AS v (weights, w) GROUP BY weights)
		SELECT weights, round(x::numeric, 2), 1, (
			SELECT round((2 * sum(exp(-0.5 * (sqrt(x) + i / 1000.0) ^ 2) / sqrt(2 * pi()) * CASE WHEN i IN (0, 10000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END) / 3000)::numeric, 3)
			FROM generate_series(0, 10000) AS i)
		FROM test" ],
	[ 'moved, since they entered', 'taken, customers, median, low, high', "
		WITH c AS (
			SELECT 'all contracts, from their start' AS taken, 0 AS entered, days, churned FROM plain_contracts
			UNION ALL SELECT 'moved, since they entered', entered, days, churned FROM moved
			UNION ALL SELECT 'moved, as if seen from their start', -1, days, churned FROM moved),
		e AS (
			SELECT taken, t, count(*) FILTER (WHERE days >= t AND entered < t)::float8 AS n, count(*) FILTER (WHERE days = t AND churned)::float8 AS d
			FROM (SELECT DISTINCT taken, days AS t FROM c WHERE churned) AS x JOIN c USING (taken) GROUP BY 1, 2),
		p AS (
			SELECT taken, t, exp(sum(CASE WHEN d < n THEN ln(1 - d / n) END) OVER w) * (CASE WHEN bool_or(d = n) OVER w THEN 0 ELSE 1 END) AS s,
				sum(CASE WHEN d < n THEN d / (n * (n - d)) END) OVER w AS v
			FROM e WINDOW w AS (PARTITION BY taken ORDER BY t))
		SELECT taken, (SELECT count(*) FROM c WHERE c.taken = p.taken), min(t) FILTER (WHERE s < 0.5), min(t) FILTER (WHERE CASE WHEN s > 0 AND s < 1 THEN " . $bound->('') . " < 0.5 END),
			min(t) FILTER (WHERE CASE WHEN s > 0 AND s < 1 THEN " . $bound->('-') . " < 0.5 END)
		FROM p GROUP BY taken" ],
	[ 'AS others_censored_pct', 'reason, left_pct, others_censored_pct', "
		WITH e AS (
			SELECT r.reason, t, count(*) FILTER (WHERE days >= t)::float8 AS n, count(*) FILTER (WHERE days = t AND churned)::float8 AS d,
				count(*) FILTER (WHERE days = t AND churned AND e.reason = r.reason)::float8 AS d1
			FROM (SELECT DISTINCT reason FROM endings WHERE churned) AS r CROSS JOIN (SELECT DISTINCT days AS t FROM endings WHERE churned AND days <= 365) AS x
			CROSS JOIN (SELECT days, churned, reason AS why FROM endings) AS e (days, churned, reason) GROUP BY 1, 2),
		s AS (
			SELECT *, coalesce(exp(sum(ln(1 - d / n)) OVER (PARTITION BY reason ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1) AS before FROM e)
		SELECT reason, round((100 * sum(before * d1 / n))::numeric, 1), round((100 * (1 - exp(sum(ln(1 - d1 / n)))))::numeric, 1) FROM s GROUP BY reason" ],
	[ 'AS fitted', 'quarters, observed, customers, fitted, renewal_rate', "
		WITH p AS (
			SELECT max(estimate) FILTER (WHERE name = 'alpha') AS a, max(estimate) FILTER (WHERE name = 'beta') AS b FROM renewal_model, model_parameters(model)),
		firsts AS (
			SELECT customer_id, min(quarter) AS cohort FROM plain_row_quarters GROUP BY 1),
		seen AS (
			SELECT age, count(*) AS customers, count(*) FILTER (WHERE (SELECT count(*) FROM plain_row_quarters q WHERE q.customer_id = f.customer_id AND quarter <= cohort + age * interval '3 months') = age + 1) AS streak
			FROM firsts f CROSS JOIN generate_series(1, 12) AS age WHERE cohort + (age + 1) * interval '3 months' <= '$until' GROUP BY age)
		SELECT t, round(1.0 * streak / customers, 3), customers, (SELECT round(exp(sum(ln((b + i - 1) / (a + b + i - 1))))::numeric, 3) FROM generate_series(1, t) AS i),
			round(((b + t - 1) / (a + b + t - 1))::numeric, 3)
		FROM p CROSS JOIN unnest('{1,2,4,7,12,20}'::int[]) AS t LEFT JOIN seen ON age = t" ],
	[ 'AS payments', 'renewals, payments', "
		WITH p AS (
			SELECT max(estimate) FILTER (WHERE name = 'alpha') AS a, max(estimate) FILTER (WHERE name = 'beta') AS b FROM renewal_model, model_parameters(model)),
		s AS (
			SELECT i AS t, exp(sum(CASE WHEN i > 0 THEN ln((b + i - 1) / (a + b + i - 1)) ELSE 0 END) OVER (ORDER BY i)) AS s FROM p CROSS JOIN generate_series(0, 3000) AS i)
		-- after n renewals, n + 1 payments are made; the next is due now
		SELECT n, (SELECT round(sum(s / (SELECT s FROM s WHERE t = n) / 1.02 ^ (t - CASE WHEN n = 0 THEN 0 ELSE n + 1 END))::numeric, 2) FROM s WHERE t >= CASE WHEN n = 0 THEN 0 ELSE n + 1 END)
		FROM unnest('{0,4}'::int[]) AS n" ],
	[ 'SELECT f.*
FROM customer_models', 'model, customers', "
		SELECT 'purchases', count(*) FROM plain_customers WHERE days > 0
		UNION ALL
		SELECT 'spend', count(*) FROM plain_customers c
		WHERE (SELECT sum(amount) FROM plain_days d WHERE d.customer_id = c.customer_id AND d.orders > 0 AND day > first) > 0" ],
	[ 'SELECT name, round(past, 2) AS past', 'name, past, p_alive', "
		SELECT name, round(0.3 * revenue, 2), round(p::numeric, 2)
		FROM plain_values v JOIN plain_customers c USING (customer_id) JOIN plain_alive USING (customer_id) JOIN customers USING (customer_id) ORDER BY v.future DESC LIMIT 5" ],
	[ 'AS repeats_from', 'repeats_from, repeats_to, customers, actual, actual_revenue', "
		WITH june AS (
			SELECT customer_id, count(*) FILTER (WHERE orders > 0 AND day < '2025-07-01') - 1 AS before, count(*) FILTER (WHERE orders > 0 AND day >= '2025-07-01') AS after,
				coalesce(sum(amount) FILTER (WHERE day >= '2025-07-01'), 0) AS revenue
			FROM plain_days GROUP BY 1)
		SELECT min(before), max(before), count(*), sum(after), round(sum(revenue)) FROM june WHERE before >= 0
		GROUP BY CASE WHEN before < 1 THEN 0 WHEN before < 3 THEN 1 WHEN before < 6 THEN 2 WHEN before < 12 THEN 3 ELSE 4 END" ],
	[ 'AS silent_for_90_days
FROM customer_models
CROSS JOIN customer_timelines
JOIN customer_values AS v USING (customer_id)
JOIN customers', 'name, past, last_order, overdue, p_alive', "
		SELECT name, round(0.3 * revenue, 2), last, round(overdue, 1), round(p::numeric, 2)
		FROM plain_states JOIN plain_alive USING (customer_id) JOIN customers USING (customer_id)
		WHERE p BETWEEN 0.1 AND 0.6 ORDER BY revenue DESC LIMIT 5" ],
	[ 'AS lowest', 'kind, customers, lowest, highest', "
		SELECT 'mbg/nbd', count(*), round(min(p)::numeric, 2), round(max(p)::numeric, 2) FROM plain_alive JOIN plain_customers USING (customer_id) WHERE days = 1 AND last < '2025-07-01'
		UNION ALL
		-- nobody leaves before a repeat purchase
		SELECT 'bg/nbd', count(*), 1.00, 1.00 FROM plain_customers WHERE days = 1 AND last < '2025-07-01'" ],
	[ 'SELECT state, count(*) AS customers, round(sum(future)) AS future', 'state::text, customers, p_alive', "
		SELECT a.state, count(*), round(avg(p)::numeric, 2) FROM plain_alive a JOIN plain_customers c USING (customer_id)
		WHERE coalesce((SELECT sum(amount) FROM plain_days d WHERE d.customer_id = c.customer_id AND d.orders > 0 AND day > first), 1) > 0 GROUP BY a.state" ],
	[ 'AS in_90_days', 'customer_id, frequency, recency, age, p_alive', "
		WITH p AS (
			SELECT max(estimate) FILTER (WHERE name = 'r') AS r, max(estimate) FILTER (WHERE name = 'alpha') AS alpha,
				max(estimate) FILTER (WHERE name = 'a') AS a, max(estimate) FILTER (WHERE name = 'b') AS b FROM models, model_parameters(purchases)),
		h AS (
			SELECT customer_id, count(DISTINCT ordered_at::date) - 1 AS x, max(ordered_at::date) - min(ordered_at::date) AS tx, date '2025-12-31' - min(ordered_at::date) AS t
			FROM orders WHERE amount > 0 GROUP BY 1)
		SELECT customer_id, x, tx, t, round((1 / (1 + a / (b + x) * ((alpha + t) / (alpha + tx)) ^ (r + x)))::numeric, 3) FROM h, p ORDER BY customer_id LIMIT 5" ]);

my $sub = sub {
	my ($sign, $digits) = @_;
	return "round((" . wilson($sign, 'reached', 'before') =~ s/\Around\(//r =~ s/, 1\)\z//r . ") / 100, $digits)";
};
my @funnels = (
	[ 'AS of_previous', 'channel, step, customers, of_previous, low, high, median_days', "
		WITH steps AS (
			SELECT channel, step, count(*) FILTER (WHERE depth >= step) AS reached, count(*) FILTER (WHERE depth >= step - 1) AS before,
				percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM CASE step WHEN 2 THEN t2 - t1 WHEN 3 THEN t3 - t2 ELSE t4 - t3 END)::float8 / 86400)
					FILTER (WHERE depth >= step) AS days
			FROM plain_chains CROSS JOIN generate_series(2, 4) AS step GROUP BY 1, 2)
		SELECT channel, step, reached, round(1.0 * reached / before, 3), " . $sub->('-', 3) . ', ' . $sub->('+', 3) . ", round(days::numeric, 1) FROM steps" ],
	[ 'AS days_of_nine_in_ten', 'channel, campaign, leads_won_pct, proposals_won_pct, median_days, days_of_nine_in_ten', "
		WITH both_levels AS (
			SELECT channel, campaign, t3, t4, depth FROM plain_chains WHERE channel = 'salon' UNION ALL SELECT channel, 'all of it', t3, t4, depth FROM plain_chains)
		SELECT channel, campaign, round(100.0 * count(*) FILTER (WHERE depth >= 4) / count(*), 1), round(100.0 * count(*) FILTER (WHERE depth >= 4) / count(*) FILTER (WHERE depth >= 3), 1),
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ($days_to_4)::float8) FILTER (WHERE depth >= 4))::numeric, 1),
			round((percentile_cont(0.9) WITHIN GROUP (ORDER BY ($days_to_4)::float8) FILTER (WHERE depth >= 4))::numeric, 1)
		FROM both_levels GROUP BY 1, 2" ],
	[ 'AS renewed_pct', 'renewed_pct', "
		SELECT round(100.0 * count(*) FILTER (WHERE depth >= 5) / count(*) FILTER (WHERE depth >= 4), 1) FROM plain_chains WHERE signed_up_on < '2024-07-01'" ],
	[ 'AS proposal_at', 'customer_id, proposal_at', "
		SELECT customer_id, (SELECT max(entered_at) FROM stages s WHERE s.customer_id = c.customer_id AND stage = 'proposal') AS at FROM plain_chains c
		WHERE depth = 3 AND EXISTS (SELECT FROM stages s WHERE s.customer_id = c.customer_id AND stage = 'proposal' AND entered_at >= '2025-12-29')" ]);

# Newcombe's bounds in percent, of x1 of n1 less x2 of n2.
sub newcombe
{
	my ($sign) = @_;
	my ($first, $second) = $sign eq '-' ? ('-', '+') : ('+', '-');
	my $part = sub { my ($s, $x, $n) = @_; return '((' . (wilson($s, $x, $n) =~ s/\Around\(\(//r =~ s/\)::numeric, 1\)\z//r) . ") - 100 * $x\::numeric / $n) ^ 2" };
	return "round(100 * (x1::numeric / n1 - x2::numeric / n2) $sign sqrt(" . $part->($first, 'x1', 'n1') . ' + ' . $part->($second, 'x2', 'n2') . '), 1)';
}
my $points = 'round(100 * (x1::numeric / n1 - x2::numeric / n2), 1), ' . newcombe('-') . ', ' . newcombe('+');
my $quarters_by_channel = curve(cells('quarter', '3 months', $by_channel));
# the tail of the normal distribution beyond z, on both sides, by Simpson
my $tail = sub {
	return "(SELECT (2 * sum(exp(-0.5 * ($_[0] + i / 1000.0) ^ 2) / sqrt(2 * pi()) * CASE WHEN i IN (0, 10000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END) / 3000)::numeric FROM generate_series(0, 10000) AS i)";
};
my @comparisons = (
	[ 'AS web_pct, round(100 * difference::numeric, 1) AS points,
	round(100 * low::numeric, 1) AS low, round(100 * high::numeric, 1) AS high, round(p_adjusted::numeric, 4) AS p_adjusted', 'age, fairs, fairs_pct, web, web_pct, points, low, high', "
		SELECT age, n1, round(100.0 * x1 / n1, 1), n2, round(100.0 * x2 / n2, 1), $points
		FROM (SELECT age, customers AS n1, active AS x1 FROM $quarters_by_channel AS c WHERE k = 'salon') AS a
		JOIN (SELECT age, customers AS n2, active AS x2 FROM $quarters_by_channel AS c WHERE k = 'site web') AS b USING (age)
		WHERE age BETWEEN 1 AND 5" ],
	[ 'AS differ', 'chi_square, degrees_of_freedom', "
		SELECT round(sum((active - customers * p) ^ 2 / (customers * p * (1 - p))), 1), count(*) - 1
		FROM (SELECT customers::numeric, active, sum(active) OVER () / sum(customers) OVER () AS p FROM $quarters_by_channel AS c WHERE age = 1) AS x" ],
	[ "SELECT round(100 * share_difference(channel IS NOT DISTINCT FROM 'parrainage'", 'points, low, high, p', "
		SELECT $points, round(" . $tail->('(abs(x1::numeric / n1 - x2::numeric / n2) / sqrt((x1 + x2)::numeric / (n1 + n2) * (1 - (x1 + x2)::numeric / (n1 + n2)) * (1.0 / n1 + 1.0 / n2)))::float8') . ", 4)
		FROM (
			SELECT count(*) FILTER (WHERE late AND sent) AS x1, count(*) FILTER (WHERE late) AS n1, count(*) FILTER (WHERE NOT late AND sent) AS x2, count(*) FILTER (WHERE NOT late) AS n2
			FROM (SELECT signed_up_on >= '2025-07-01' AS late, coalesce(channel = 'parrainage', false) AS sent FROM customers) AS c) AS x" ],
	[ 'compare_funnels(fairs, web)', 'step, fairs, fairs_pct, web, web_pct, points, low, high', "
		SELECT step, x1, round(100.0 * x1 / n1, 1), x2, round(100.0 * x2 / n2, 1), $points
		FROM (
			SELECT step, count(*) FILTER (WHERE channel = 'salon') AS n1, count(*) FILTER (WHERE channel = 'salon' AND depth >= step) AS x1,
				count(*) FILTER (WHERE channel = 'site web') AS n2, count(*) FILTER (WHERE channel = 'site web' AND depth >= step) AS x2
			FROM plain_chains CROSS JOIN generate_series(1, 5) AS step GROUP BY step) AS s" ],
	[ 'AS cost_of_a_contract', 'stage, contracts, cost_of_a_contract', "
		WITH prices (stage, price) AS (VALUES ('lead', 15), ('qualified', 60), ('proposal', 240)),
		touches AS (
			SELECT c.stage, c.customer_id, w.entered_at AS won_at, w.ctid AS won, c.entered_at, row_number() OVER (PARTITION BY c.customer_id, w.entered_at ORDER BY c.entered_at) AS i,
				count(*) OVER (PARTITION BY c.customer_id, w.entered_at) AS n, max(c.entered_at) OVER (PARTITION BY c.customer_id, w.entered_at) AS last
			FROM stages c JOIN prices USING (stage) JOIN stages w ON w.customer_id = c.customer_id AND w.stage = 'won'
			WHERE c.entered_at <= w.entered_at AND w.entered_at <= c.entered_at + interval '90 days'),
		credits AS (
			SELECT *, 0.5 ^ (extract(epoch FROM last - entered_at) / 86400 / 14) AS weight FROM touches),
		shares AS (
			SELECT stage, sum(weight / whole) AS contracts FROM (SELECT *, sum(weight) OVER (PARTITION BY customer_id, won_at) AS whole FROM credits) AS c GROUP BY stage)
		SELECT stage, round(contracts, 1), round(sum(price) / contracts) FROM stages JOIN prices USING (stage) JOIN shares USING (stage) GROUP BY stage, contracts" ]);

my @usage = (
	[ 'AS revenue_retention
FROM cohort_cells((SELECT recurring_matrix(customer_id, ordered_at, amount', 'cohort, cohort_size, active, retention_pct, revenue_retention', "
		SELECT a.quarter::date, count(*), count(b.customer_id), round(100.0 * count(b.customer_id) / count(*), 1), round(sum(coalesce((
				SELECT sum(amount) FROM orders o WHERE o.customer_id = a.customer_id AND ordered_at::timestamp >= a.quarter + interval '3 months' AND ordered_at::timestamp < a.quarter + interval '6 months'), 0))
			/ sum((SELECT sum(amount) FROM orders o WHERE o.customer_id = a.customer_id AND ordered_at::timestamp >= a.quarter AND ordered_at::timestamp < a.quarter + interval '3 months')), 2)
		FROM plain_order_quarters a
		LEFT JOIN plain_order_quarters b ON b.customer_id = a.customer_id AND b.quarter = a.quarter + interval '3 months'
		WHERE a.quarter + interval '6 months' <= '$until'
		GROUP BY a.quarter ORDER BY a.quarter DESC LIMIT 4" ],
	[ "recurring_matrix(customer_id, NULL, ordered_at, NULL, 'quarter', 2)", 'age, customers, active, retention_pct', "
		WITH twice AS (
			SELECT customer_id, date_trunc('quarter', ordered_at::timestamp) AS quarter FROM orders GROUP BY 1, 2 HAVING count(*) >= 2)
		SELECT age, count(*), count(b.customer_id), round(100.0 * count(b.customer_id) / count(*), 1)
		FROM twice a
		CROSS JOIN generate_series(0, 2) AS age
		LEFT JOIN twice b ON b.customer_id = a.customer_id AND b.quarter = a.quarter + age * interval '3 months'
		WHERE a.quarter + (age + 1) * interval '3 months' <= '$until' GROUP BY age" ],
	[ 'SELECT customer_id, m.opening', 'customer_id, opening', "
		SELECT customer_id, (SELECT sum(amount) FROM orders o WHERE o.customer_id = a.customer_id AND ordered_at >= '2025-07-01' AND ordered_at < '2025-10-01') AS opening
		FROM plain_order_quarters a
		WHERE quarter = '2025-07-01' AND NOT EXISTS (SELECT FROM plain_order_quarters b WHERE b.customer_id = a.customer_id AND b.quarter = '2025-10-01')
		ORDER BY opening DESC LIMIT 3" ],
	[ "orders(history, '2025-04-01', '2025-07-01') AS orders", 'customer_id, first_order, orders, revenue', "
		SELECT customer_id, first, (SELECT sum(orders) FROM plain_days d WHERE d.customer_id = c.customer_id AND day >= '2025-04-01' AND day < '2025-07-01'),
			(SELECT sum(amount) FROM plain_days d WHERE d.customer_id = c.customer_id AND day >= '2025-04-01' AND day < '2025-07-01') AS revenue
		FROM plain_customers c
		WHERE first >= '2024-10-01' AND first < '2025-01-01' AND EXISTS (SELECT FROM plain_order_quarters q WHERE q.customer_id = c.customer_id AND quarter = '2025-04-01')
		ORDER BY revenue DESC LIMIT 3" ],
	[ 'AS one_of_them', 'customers, one_of_them', '
		SELECT count(*), min(customer_id) FROM plain_chains WHERE depth = 3' ],
	[ 'AS active_28_days', 'period, active_28_days, new, back, gone', "
		SELECT day, count(*) FILTER (WHERE now), count(*) FILTER (WHERE now AND first = day), count(*) FILTER (WHERE now AND NOT before AND first < day), -count(*) FILTER (WHERE before AND NOT now)
		FROM (
			SELECT d AS day, first, EXISTS (SELECT FROM plain_days p WHERE p.customer_id = c.customer_id AND orders > 0 AND p.day > d - 28 AND p.day <= d) AS now,
				EXISTS (SELECT FROM plain_days p WHERE p.customer_id = c.customer_id AND orders > 0 AND p.day > d - 29 AND p.day < d) AS before
			FROM plain_customers c CROSS JOIN unnest('{2025-12-29,2025-12-30,2025-12-31}'::date[]) AS d) AS x
		GROUP BY day" ],
	[ 'AS days_between', 'months, customers, days_between', "
		WITH gaps AS (
			SELECT customer_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS days
			FROM (SELECT customer_id, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap FROM plain_days WHERE orders > 0) AS g WHERE gap IS NOT NULL GROUP BY 1)
		SELECT months, count(*), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days))::numeric, 1)
		FROM (SELECT customer_id, count(DISTINCT date_trunc('month', day::timestamp)) AS months FROM plain_days WHERE orders > 0 AND day >= '2025-01-01' AND day < '2026-01-01' GROUP BY 1) AS m
		LEFT JOIN gaps USING (customer_id) GROUP BY months ORDER BY months DESC LIMIT 4" ],
	[ 'AS leads_that_led_on', 'sold_in_30_days, began_again, leads_that_led_on', "
		WITH rows AS (
			SELECT customer_id, stage, lag(stage) OVER (PARTITION BY customer_id ORDER BY entered_at, array_position('{lead,qualified,proposal,won}', stage)) AS before
			FROM stages WHERE stage <> 'renewed')
		SELECT (SELECT count(DISTINCT a.customer_id) FROM stages a JOIN stages b USING (customer_id)
				WHERE a.stage = 'proposal' AND b.stage = 'won' AND b.entered_at >= a.entered_at AND b.entered_at - a.entered_at <= interval '2592000 seconds'),
			(SELECT count(*) FROM (SELECT FROM stages WHERE stage = 'lead' GROUP BY customer_id HAVING count(*) > 1) AS x),
			count(*) FROM rows WHERE stage = 'qualified' AND before = 'lead'" ],
	[ 'AS after_proposal', 'after_proposal, customers', "
		SELECT coalesce(next, 'nothing yet'), count(*)
		FROM (
			SELECT DISTINCT ON (customer_id) next
			FROM (SELECT *, lead(stage) OVER (PARTITION BY customer_id ORDER BY entered_at, stage) AS next, row_number() OVER (PARTITION BY customer_id ORDER BY entered_at, stage) AS n FROM stages) AS s
			WHERE stage = 'proposal' ORDER BY customer_id, n) AS f
		GROUP BY 1" ],
	[ 'FROM journey_edges((SELECT journey(customer_id, entered_at, stage', 'step, from_place, to_place, customers, share, days', "
		WITH ordered AS (
			SELECT customer_id, stage, entered_at, lag(stage) OVER w AS before, entered_at > lag(entered_at) OVER w + interval '1 year' AS silent
			FROM stages WINDOW w AS (PARTITION BY customer_id ORDER BY entered_at, stage)),
		way AS (
			SELECT * FROM (SELECT *, bool_or(coalesce(silent, false)) OVER (PARTITION BY customer_id ORDER BY entered_at, stage) AS over FROM ordered) AS o WHERE NOT over AND before IS DISTINCT FROM stage),
		moves AS (
			SELECT stage, row_number() OVER w AS step, lead(stage) OVER w AS to_place, extract(epoch FROM lead(entered_at) OVER w - entered_at)::float8 / 86400 AS days
			FROM way WINDOW w AS (PARTITION BY customer_id ORDER BY entered_at, stage))
		SELECT step, stage, to_place, count(*), round(1.0 * count(*) / sum(count(*)) OVER (PARTITION BY step), 3), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days))::numeric, 1)
		FROM moves WHERE step <= 3 GROUP BY step, stage, to_place" ],
	[ 'SELECT (total_purchases(purchases, 90', 'customers', '
		SELECT count(DISTINCT customer_id) FROM orders WHERE amount > 0' ],
	[ 'AS repeat_purchases, count(*) FILTER', 'repeat_purchases, customers', '
		SELECT n, count(x) FROM generate_series(0, 5) AS n
		LEFT JOIN (SELECT count(DISTINCT ordered_at::date) - 1 AS x FROM orders WHERE amount > 0 GROUP BY customer_id) AS h ON x = n GROUP BY n' ],
	# whoever comes more often than those who do not: by ranks, equals in the middle
	[ 'AS lift_of_a_tenth', 'customers, came, auc, brier', "
		SELECT count(*), round(1.0 * count(*) FILTER (WHERE came) / count(*), 3),
			round((sum(rank) FILTER (WHERE came) - count(*) FILTER (WHERE came) * (count(*) FILTER (WHERE came) + 1) / 2.0) / (count(*) FILTER (WHERE came) * count(*) FILTER (WHERE NOT came)), 3),
			round(avg((p - came::int) ^ 2)::numeric, 3)
		FROM (SELECT p, came, rank() OVER (ORDER BY p) + (count(*) OVER (PARTITION BY p) - 1) / 2.0 AS rank FROM foretold WHERE p IS NOT NULL) AS r" ]);

# Every start of a way, and what the first of each stage from there on are.
my $starts = "
	SELECT customer_id, entered_at AS t1, entered_at + interval '18 months' AS until FROM stages WHERE stage = 'lead'";
my $first_of = sub { my ($stage, $after, $until) = @_; return "(SELECT min(entered_at) FROM stages s WHERE s.customer_id = a.customer_id AND stage = '$stage' AND entered_at BETWEEN $after AND $until)" };

my @calendars = (
	[ 'SELECT period, opening_customers, new_customers, closing_customers, closing_revenue', 'period, opening_customers, new_customers, closing_customers, closing_revenue', "
		WITH starts AS (
			SELECT date '2023-01-30' + 364 * y + 91 * q + w AS period, date '2023-01-30' + 364 * y + 91 * q + until AS until
			FROM generate_series(0, 3) AS y CROSS JOIN generate_series(0, 3) AS q CROSS JOIN (VALUES (0, 28), (28, 56), (56, 91)) AS m (w, until)),
		active AS (
			SELECT period, customer_id, sum(orders) > 0 AS there, sum(amount) AS amount FROM starts JOIN plain_days ON day >= period AND day < until GROUP BY 1, 2),
		sums AS (
			SELECT period, count(*) FILTER (WHERE there) AS closing,
				count(*) FILTER (WHERE there AND NOT EXISTS (SELECT FROM plain_days d WHERE d.customer_id = a.customer_id AND orders > 0 AND day < period)) AS new, sum(amount) AS revenue
			FROM active AS a GROUP BY period)
		SELECT period, lag(closing) OVER (ORDER BY period), new, closing, revenue FROM sums ORDER BY period OFFSET (SELECT count(*) FROM sums WHERE period < '2025-01-27') LIMIT 3" ],
	[ 'WITH calendar AS (', 'age, season, customers, active, retention_pct', "
		WITH seasons AS (
			SELECT * FROM unnest('{2024-03-01,2024-06-01,2024-09-01,2024-12-01,2025-04-01}'::date[], '{2024-06-01,2024-09-01,2024-12-01,2025-04-01,2026-01-01}'::date[]) WITH ORDINALITY AS s (since, until, n)),
		cohorts AS (
			SELECT customer_id, n FROM plain_customers JOIN seasons ON first >= since AND first < until)
		SELECT age, 'period ' || age, count(*), count(*) FILTER (WHERE active), round(100.0 * count(*) FILTER (WHERE active) / count(*), 1)
		FROM (
			SELECT s.n - c.n AS age, EXISTS (SELECT FROM plain_days d WHERE d.customer_id = c.customer_id AND orders > 0 AND day >= since AND day < until) AS active
			FROM cohorts c JOIN seasons s ON s.n >= c.n) AS a
		GROUP BY age" ],
	[ 'FROM funnel_trend((', 'month, step, customers, of_leads, median_days, complete', "
		WITH chains AS (
			SELECT DISTINCT ON (month, customer_id) month, t3, t4
			FROM (SELECT customer_id, date_trunc('month', entered_at::timestamp) AS month, entered_at AS t1, entered_at + interval '60 days' AS until FROM stages WHERE stage = 'lead') AS a
			CROSS JOIN LATERAL (SELECT " . $first_of->('qualified', 't1', 'until') . ' AS t2) AS b
			CROSS JOIN LATERAL (SELECT ' . $first_of->('proposal', 't2', 'until') . ' AS t3) AS c
			CROSS JOIN LATERAL (SELECT ' . $first_of->('won', 't3', 'until') . " AS t4) AS d
			ORDER BY month, customer_id, num_nonnulls(t2, t3, t4) DESC, t1, t2, t3, t4)
		SELECT to_char(month, 'YYYY-MM'), step, count(*) FILTER (WHERE step = 1 OR t4 IS NOT NULL), round(100.0 * count(*) FILTER (WHERE step = 1 OR t4 IS NOT NULL) / count(*), 1),
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY $days_to_4) FILTER (WHERE step = 4))::numeric, 1), month + interval '1 month 60 days' <= '$until'
		FROM chains CROSS JOIN (VALUES (1), (4)) AS steps (step)
		WHERE month >= '2025-10-01' GROUP BY month, step" ],
	# what may be missing is taken where it comes before the next; and no start counts
	# between whose events, or after whose last within the window, somebody is qualified
	[ 'AS straight
	FROM pipeline', 'way, step, customers, of_previous, mean_days', "
		WITH any_way AS (
			SELECT DISTINCT ON (customer_id) t1, t2, t3, t4
			FROM ($starts) AS a
			CROSS JOIN LATERAL (SELECT " . $first_of->('won', 't1', 'until') . ' AS t4) AS d
			CROSS JOIN LATERAL (SELECT ' . $first_of->('proposal', 't1', 'coalesce(t4, until)') . ' AS t3) AS c
			CROSS JOIN LATERAL (SELECT ' . $first_of->('qualified', 't1', 'coalesce(t3, t4, until)') . " AS t2) AS b
			ORDER BY customer_id, CASE WHEN t4 IS NOT NULL THEN 4 WHEN t3 IS NOT NULL THEN 3 WHEN t2 IS NOT NULL THEN 2 ELSE 1 END DESC, t1),
		straight AS (
			SELECT DISTINCT ON (customer_id) t1, t2
			FROM ($starts) AS a
			CROSS JOIN LATERAL (SELECT " . $first_of->('proposal', 't1', 'until') . " AS t2) AS b
			WHERE NOT EXISTS (SELECT FROM stages s WHERE s.customer_id = a.customer_id AND stage = 'qualified' AND entered_at > t1 AND (entered_at < t2 OR t2 IS NULL AND entered_at <= until)
				AND NOT EXISTS (SELECT FROM stages e WHERE e.customer_id = s.customer_id AND e.entered_at = s.entered_at AND e.stage IN ('lead', 'proposal')))
			ORDER BY customer_id, t2 IS NULL, t1),
		steps AS (
			SELECT 'any' AS way, step, at, before FROM any_way
			CROSS JOIN LATERAL (VALUES (1, t1, NULL), (2, t2, t1), (3, t3, coalesce(t2, t1)), (4, t4, coalesce(t3, t2, t1))) AS v (step, at, before)
			UNION ALL
			SELECT 'straight', step, at, before FROM straight CROSS JOIN LATERAL (VALUES (1, t1, NULL), (2, t2, t1)) AS v (step, at, before))
		SELECT way, step, count(at), CASE WHEN step > 1 THEN round(100.0 * count(at) / count(*), 1) END, round((avg(extract(epoch FROM at - before)) / 86400)::numeric, 1)
		FROM steps GROUP BY way, step" ],
	# the last bin begins with the longest time
	[ 'FROM step_times((', 'bin, from_days, to_days, customers', "
		WITH days AS (
			SELECT extract(epoch FROM t4 - t1)::float8 / 86400 AS d FROM plain_chains WHERE depth >= 4),
		bounds AS (
			SELECT min(d) AS low, (max(d) - min(d)) / 5 AS width FROM days)
		SELECT bin, round((low + (bin - 1) * width)::numeric, 1), round((low + bin * width)::numeric, 1),
			(SELECT count(*) FROM days WHERE d >= low + (bin - 1) * width AND (bin = 6 OR d < low + bin * width))
		FROM bounds CROSS JOIN generate_series(1, 6) AS bin" ]);

our @equal = (@comparisons, @usage, @calendars, @acquisition, @cohorts, @rates, @subscriptions, @customers, @models, @funnels);

#----------------------------------------------------------------
# [ words of a query of which no number is compared, why ]
#----------------------------------------------------------------

my $picture = 'a picture; its numbers are those of the query in rows';
my $svg = 'a picture; 075_svg.pl compares its figures with those of the readers';
my $board = 'views of a dashboard, which have tests of their own';
my $sample = 'counts of a sample, taken by a hash: 065_checks.pl compares tables that it holds whole, and here the findings are compared';
my $form = 'the form of a value, which the topic of its type compares';
my $fit = 'a maximum of a likelihood: 080_models.pl compares with published fits and with other searches';
my $signs = 'all rows of random sets: 067_signals.pl compares them with plain SQL';
my $cox = 'a maximum of a likelihood: 088_hazard.pl and the topic hazard_model compare with R';
our @untold = (
	[ 'SELECT cohort_text(cohort_matrix(client, sold_at, total', $picture ],
	[ 'SELECT finding, severity, rows, example, remedy', 'a fit table has no finding, and the soiled one those of the checks of its tables here' ],
	[ 'SELECT sentence FROM board.headlines', $board ],
	[ 'SELECT sentence FROM quarters.headlines', $board ],
	[ 'JOIN quarters.matrices AS b', $board ],
	[ 'FROM board.call_list', $board ],
	[ 'SELECT retention_page(', $board ],
	[ 'SELECT retention_curve_text(', $picture ],
	[ 'SELECT movements_text(', $picture ],
	[ 'SELECT survival_text(', $picture ],
	[ 'SELECT funnel_text(', $picture ],
	[ 'SELECT journey_text(', $picture ],
	map({ [ $_, $svg ] } 'SELECT cohort_svg(m, ', 'SELECT retention_curve_svg(array_agg(', 'SELECT ltv_svg(array_agg(', 'SELECT movements_svg(m, ',
		'SELECT funnel_svg(', 'SELECT journey_svg(', 'SELECT survival_svg(array_agg(', 'SELECT value_svg(array_agg(', 'SELECT rfm_svg(array_agg('),
	[ 'FROM unnest((SELECT calibration(', 'which customers share a part is the aggregate\'s own rule for equals: 082_evaluation.pl' ],
	[ 'SELECT finding, severity, rows, among, example
FROM findings((SELECT check_events(', $sample ],
	[ 'SELECT finding, severity, rows, among, remedy', $sample ],
	[ 'SELECT check_ranges(customer_id, daterange(lower(during), upper(during) - 1)', $sample ],
	[ 'AS january', $form ],
	[ 'AS anna', $form ],
	[ 'EXECUTE retention_by', 'the statement prepared before it is compared' ],
	[ 'INSERT INTO timelines AS t', 'it changes a table, which the query after it compares' ],
	[ 'FROM renewal_model
CROSS JOIN LATERAL model_parameters(model)', $fit ],
	[ 'FROM models, model_parameters(purchases)', $fit ],
	[ 'gray_test(VARIADIC curves)', 'its covariance takes a page of formulas: 086_survival_r.pl compares with cmprsk of R' ],
	[ 'FROM signs
WHERE half = 0', $signs ],
	[ 'FROM signs AS a', $signs ],
	[ 'FROM drivers, hazard_ratios(model)
WHERE half = 0', $cox ],
	[ 'FROM drivers, model_fit(model)', $cox ],
	[ 'FROM drivers, proportional_hazards_test(model)', $cox ],
	[ 'FROM told AS a', $cox ],
	[ 'AS log_likelihood, status', $fit ]);

1;
