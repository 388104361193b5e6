# Tables as subscription businesses have them, through the calls one would write
# first, against plain SQL: the recurring revenue of a playbook, accounts with
# trials and plans, and a table of tenures.  All is generated.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('playbook');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Rows of two queries: those that only one of them has, with the number of rows
# in which they agree before.
sub same
{
	my ($name, $at_least, $got, $want) = @_;
	my ($code, $out, $err) = $node->psql('postgres', qq{
		WITH got AS MATERIALIZED ($got), want AS MATERIALIZED ($want)
		SELECT (count(*) >= $at_least)::text FROM want
		UNION ALL (SELECT 'got ' || x::text FROM (SELECT * FROM got EXCEPT ALL SELECT * FROM want) x ORDER BY 1 LIMIT 5)
		UNION ALL (SELECT 'want ' || x::text FROM (SELECT * FROM want EXCEPT ALL SELECT * FROM got) x ORDER BY 1 LIMIT 5)});
	is($err eq '' ? $out : $err, 'true', $name);
}

#----------------------------------------------------------------
# The recurring revenue of a playbook
#----------------------------------------------------------------

# Contracts by the month, with gaps, upgrades, downgrades and two at once; some
# run on.  Amounts in cents of a euro.
sql(q{
	SELECT setseed(0.31);
	CREATE TABLE contracts AS
	SELECT c AS customer_id, row_number() OVER () AS contract_id, started_on,
		CASE WHEN random() < 0.8 THEN (started_on + months * interval '1 month')::date END AS ended_on,
		round((random() * 400)::numeric, 2) AS mrr
	FROM generate_series(1, 300) c, generate_series(1, 1 + c % 5) n,
		LATERAL (SELECT date '2022-01-01' + (random() * 1000)::int + c * 0 + n * 0, 1 + (random() * 14)::int) x (started_on, months);
	-- month ends, and what each customer is worth there
	CREATE VIEW months AS SELECT m::date AS month, (m + interval '1 month' - interval '1 day')::date AS last_day
		FROM generate_series(timestamp '2022-01-01', '2025-12-01', '1 month') m;
	CREATE TABLE worth AS
	SELECT customer_id, month, coalesce(sum(mrr) FILTER (WHERE started_on <= last_day AND (ended_on IS NULL OR ended_on > last_day)), 0) AS mrr
	FROM contracts, months GROUP BY customer_id, month;
	CREATE INDEX ON worth (customer_id, month);
	ANALYZE contracts, worth;
	CREATE FUNCTION statement(back int) RETURNS TABLE (month date, opening numeric, new numeric, back_again numeric, expansion numeric, contraction numeric, churned numeric, closing numeric,
		customers bigint, lost bigint, nrr numeric, grr numeric, quick_ratio numeric) LANGUAGE sql STABLE AS $$
		SELECT w.month, sum(before), coalesce(sum(mrr) FILTER (WHERE before = 0 AND NOT known), 0), coalesce(sum(mrr) FILTER (WHERE before = 0 AND known), 0),
			coalesce(sum(mrr - before) FILTER (WHERE before > 0 AND mrr > before), 0), coalesce(sum(mrr - before) FILTER (WHERE mrr > 0 AND mrr < before), 0),
			coalesce(sum(-before) FILTER (WHERE mrr = 0), 0), sum(mrr), count(*) FILTER (WHERE mrr > 0), count(*) FILTER (WHERE before > 0 AND mrr = 0),
			round(sum(mrr) FILTER (WHERE before > 0) / nullif(sum(before), 0), 9), round(sum(least(mrr, before)) FILTER (WHERE before > 0) / nullif(sum(before), 0), 9),
			round(sum(greatest(mrr - before, 0)) / nullif(sum(greatest(before - mrr, 0)), 0), 9)
		FROM (SELECT x.*, coalesce(l.mrr, 0) AS before,
				EXISTS (SELECT FROM worth e WHERE e.customer_id = x.customer_id AND e.mrr > 0 AND e.month <= x.month - back * interval '1 month') AS known
			FROM worth x LEFT JOIN worth l ON l.customer_id = x.customer_id AND l.month = x.month - back * interval '1 month') w
		GROUP BY w.month $$;});
my $columns = q{period, opening_revenue, new_revenue, reactivated_revenue, expansion_revenue, contraction_revenue, churned_revenue, closing_revenue,
	closing_customers, churned_customers, round(nrr::numeric, 9), round(grr::numeric, 9), round(quick_ratio::numeric, 9)};
same('the monthly statement', 40,
	qq{SELECT $columns FROM movement_rows((SELECT customer_movements(customer_id, daterange(started_on, ended_on), mrr, 'month') FROM contracts), '2026-01-01')},
	q{SELECT * FROM statement(1) WHERE month >= (SELECT min(month) FROM worth WHERE mrr > 0)});
same("the trailing $_ months", 30,
	qq{SELECT $columns FROM movement_rows((SELECT customer_movements(customer_id, daterange(started_on, ended_on), mrr, 'month', $_) FROM contracts), '2026-01-01')
		WHERE period >= date '2022-01-01' + $_ * interval '1 month'},
	qq{SELECT * FROM statement($_) WHERE month >= (SELECT min(month) FROM worth WHERE mrr > 0) AND month >= date '2022-01-01' + $_ * interval '1 month'}) for 3, 12;
same('gross and net retention by cohort', 500,
	q{SELECT cohort, age, cohort_size, active, revenue, kept_revenue, round(gross_revenue_retention::numeric, 9), round(revenue_retention::numeric, 9)
		FROM cohort_cells((SELECT cohort_matrix(customer_id, daterange(started_on, ended_on), mrr, 'month') FROM contracts), '2026-01-01') WHERE cohort_size > 0},
	q{WITH first AS (
			SELECT customer_id, date_trunc('month', min(started_on) FILTER (WHERE mrr > 0 AND (ended_on IS NULL OR ended_on > started_on)))::date AS cohort FROM contracts GROUP BY 1),
		based AS (
			SELECT f.*, (SELECT w.mrr FROM worth w WHERE w.customer_id = f.customer_id AND w.mrr > 0 ORDER BY w.month LIMIT 1) AS base,
				(SELECT min(w.month) FROM worth w WHERE w.customer_id = f.customer_id AND w.mrr > 0) AS since FROM first f),
		cells AS (
			SELECT cohort, (extract(year FROM month) * 12 + extract(month FROM month) - extract(year FROM cohort) * 12 - extract(month FROM cohort))::int AS age,
				count(*) AS size, count(*) FILTER (WHERE mrr > 0 OR month = cohort) AS active, trim_scale(sum(mrr)) AS revenue,
				trim_scale(coalesce(sum(least(mrr, base)) FILTER (WHERE month >= since), 0)) AS kept, sum(base) FILTER (WHERE month >= since) AS bases
			FROM based JOIN worth USING (customer_id) WHERE month >= cohort GROUP BY 1, 2)
		SELECT cohort, age, size, active, revenue, kept, round(kept / nullif(bases, 0), 9),
			round(revenue / nullif(first_value(revenue) OVER (PARTITION BY cohort ORDER BY age), 0), 9) FROM cells});
is( sql(q{SELECT count(*) > 500, count(*) FILTER (WHERE kept_revenue > revenue), count(*) FILTER (WHERE gross_revenue_retention > revenue_retention + 1e-12), count(*) FILTER (WHERE gross_revenue_retention > 1)
	FROM cohort_cells((SELECT cohort_matrix(customer_id, daterange(started_on, ended_on), mrr, 'month') FROM contracts), '2026-01-01') WHERE cohort_size > 0}),
	't|0|0|0', 'gross is never more than net');
# A gap of up to a month is no churn.
same('a month of grace', 40,
	q{SELECT period, closing_revenue, churned_customers FROM movement_rows((SELECT customer_movements(bridged(t, '31 days'), 'month')
		FROM (SELECT customer_id, timeline(daterange(started_on, ended_on), mrr) AS t FROM contracts WHERE customer_id <= 60 GROUP BY customer_id) x), '2026-01-01')},
	q{WITH days AS (
			SELECT customer_id, d::date AS day, coalesce(sum(mrr) FILTER (WHERE started_on <= d AND (ended_on IS NULL OR ended_on > d)), 0) AS level
			FROM contracts, generate_series(timestamp '2022-01-01', '2025-12-31', '1 day') d WHERE customer_id <= 60 GROUP BY 1, 2),
		near AS (
			SELECT *, max(day) FILTER (WHERE level > 0) OVER (PARTITION BY customer_id ORDER BY day) AS last_day,
				min(day) FILTER (WHERE level > 0) OVER (PARTITION BY customer_id ORDER BY day ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_day FROM days),
		filled AS (
			SELECT n.customer_id, n.day, CASE WHEN n.level = 0 AND n.next_day - n.last_day - 1 < 31 THEN b.level ELSE n.level END AS level
			FROM near n LEFT JOIN days b ON b.customer_id = n.customer_id AND b.day = n.last_day),
		ends AS (
			SELECT customer_id, month, level, lag(level, 1, 0.0) OVER (PARTITION BY customer_id ORDER BY month) AS before FROM filled JOIN months ON last_day = day)
		SELECT month, trim_scale(sum(level)), count(*) FILTER (WHERE before > 0 AND level = 0) FROM ends GROUP BY month
		HAVING month >= (SELECT min(month) FROM ends WHERE level > 0)});

#----------------------------------------------------------------
# Accounts with trials and plans
#----------------------------------------------------------------

sql(q{
	SELECT setseed(0.62);
	CREATE TABLE accounts AS SELECT 'A-' || lpad(to_hex(a * 7919), 6, '0') AS account_id, date '2023-01-01' + (random() * 700)::int AS signup_date,
		(ARRAY['FinTech', 'EdTech', 'DevTools', 'HealthTech'])[1 + a % 4] AS industry FROM generate_series(1, 500) a;
	-- a trial of 14 days worth nothing for most, then plans one after the other
	CREATE TABLE plans (subscription_id text, account_id text, start_date date, end_date date, is_trial boolean, mrr_amount int);
	INSERT INTO plans SELECT 'T-' || account_id, account_id, signup_date, signup_date + 14, true, 0 FROM accounts WHERE random() < 0.7;
	INSERT INTO plans SELECT 'S-' || account_id || n, account_id, start_date, CASE WHEN random() < 0.7 THEN start_date + 10 + (random() * 200)::int END, false, (ARRAY[19, 49, 199])[1 + n % 3] * (1 + (random() * 20)::int)
	FROM (SELECT account_id, n, signup_date + (random() * 120)::int + n * 90 AS start_date FROM accounts, generate_series(0, 3) n WHERE random() < 0.35) x;
	CREATE VIEW month_ends AS SELECT m::date AS month, (m + interval '1 month' - interval '1 day')::date AS last_day
		FROM generate_series(timestamp '2023-01-01', '2025-12-01', '1 month') m;
	CREATE TABLE account_worth AS
	SELECT a.account_id, a.industry, date_trunc('month', signup_date)::date AS cohort, month,
		coalesce(sum(mrr_amount) FILTER (WHERE start_date <= last_day AND (end_date IS NULL OR end_date > last_day)), 0) AS mrr
	FROM accounts a CROSS JOIN month_ends LEFT JOIN plans USING (account_id) GROUP BY 1, 2, 3, 4;});
same('from trial to paid', 400,
	q{SELECT cohort, age, cohort_size, active, revenue, round(retention::numeric, 9) FROM cohort_cells((
			-- who has no plan has no range either: that of two NULLs is without bounds
			SELECT cohort_matrix(a.account_id, a.signup_date, CASE WHEN s.start_date IS NOT NULL THEN daterange(s.start_date, s.end_date) END, s.mrr_amount, 'month')
			FROM accounts a LEFT JOIN plans s USING (account_id)), '2026-01-01') WHERE cohort_size > 0},
	q{SELECT cohort, (extract(year FROM month) * 12 + extract(month FROM month) - extract(year FROM cohort) * 12 - extract(month FROM cohort))::int AS age,
			count(*), count(*) FILTER (WHERE mrr > 0), sum(mrr)::numeric, round(count(*) FILTER (WHERE mrr > 0) / count(*)::numeric, 9)
		FROM account_worth WHERE month >= cohort GROUP BY 1, 2});
same('net revenue retention of the year by industry', 4,
	q{SELECT industry, period, opening_customers, churned_customers, closing_revenue, round(nrr::numeric, 9), round(grr::numeric, 9)
		FROM (SELECT a.industry, customer_movements(account_id, daterange(start_date, end_date), mrr_amount, 'month', 12) AS m
			FROM accounts a JOIN plans USING (account_id) GROUP BY a.industry) x, movement_rows(m, '2026-01-01') WHERE period = '2025-06-01'},
	q{SELECT n.industry, n.month, count(*) FILTER (WHERE b.mrr > 0), count(*) FILTER (WHERE b.mrr > 0 AND n.mrr = 0), sum(n.mrr)::numeric,
			round(sum(n.mrr) FILTER (WHERE b.mrr > 0) / sum(b.mrr)::numeric, 9), round(sum(least(n.mrr, b.mrr)) / sum(b.mrr)::numeric, 9)
		FROM account_worth n JOIN account_worth b USING (account_id) WHERE n.month = '2025-06-01' AND b.month = '2024-06-01' GROUP BY 1, 2});
# The same accounts as a log of plan changes.
same('plans as a log of levels', 1,
	q{SELECT 1 AS one, (SELECT customer_movements(t, 'month') FROM (
			SELECT account_id, rollup(t) AS t FROM (SELECT account_id, subscription_id, timeline_of_levels(at, level) AS t FROM (
				SELECT account_id, subscription_id, start_date AS at, mrr_amount AS level FROM plans
				UNION ALL SELECT account_id, subscription_id, end_date, 0 FROM plans WHERE end_date IS NOT NULL) log
			GROUP BY 1, 2) s GROUP BY 1) a)::text AS m},
	q{SELECT 1, customer_movements(account_id, daterange(start_date, end_date), mrr_amount, 'month')::text FROM plans});

#----------------------------------------------------------------
# A table of tenures
#----------------------------------------------------------------

# One row a customer: months, a monthly charge, a total as text that is blank
# in the first month, Yes or No.
sql(q{
	SELECT setseed(0.93);
	CREATE TABLE telco AS SELECT lpad(n::text, 4, '0') || '-TELCO' AS customerid, tenure, contract, charge AS monthlycharges,
		CASE WHEN tenure = 0 THEN ' ' ELSE (charge * tenure)::text END AS totalcharges, CASE WHEN tenure > 0 AND random() < risk THEN 'Yes' ELSE 'No' END AS churn
	FROM (SELECT n, (random() * 72)::int AS tenure, round((18 + random() * 100)::numeric, 2) AS charge, (ARRAY['Month-to-month', 'One year', 'Two year'])[1 + n % 3] AS contract,
			(ARRAY[0.45, 0.12, 0.03])[1 + n % 3] AS risk FROM generate_series(1, 3000) n) x;});
same('survival by contract', 150,
	q{SELECT contract, at_time::int AS t, at_risk, events, round(survival::numeric, 9) FROM (SELECT contract, survival_curve(tenure, churn = 'Yes') AS c FROM telco GROUP BY contract) x, survival_points(c)},
	q{WITH points AS (SELECT t.contract, p.tenure, count(*) FILTER (WHERE t.tenure >= p.tenure) AS at_risk, count(*) FILTER (WHERE t.tenure = p.tenure AND t.churn = 'Yes') AS events
			FROM telco t JOIN (SELECT DISTINCT contract, tenure FROM telco) p USING (contract) GROUP BY 1, 2)
		SELECT contract, tenure, at_risk, events, round((exp(sum(ln((1 - events::float8 / at_risk)::float8)) OVER (PARTITION BY contract ORDER BY tenure)))::numeric, 9) FROM points});
same('churn and revenue lost by contract', 3,
	q{SELECT contract, round(share(churn = 'Yes')::numeric, 9), round(nrr(monthlycharges, CASE churn WHEN 'No' THEN monthlycharges END)::numeric, 9), round(churn_rate(monthlycharges, CASE churn WHEN 'No' THEN monthlycharges ELSE 0 END)::numeric, 9)
		FROM telco GROUP BY contract},
	q{SELECT contract, round(count(*) FILTER (WHERE churn = 'Yes') / count(*)::numeric, 9), round(sum(monthlycharges) FILTER (WHERE churn = 'No') / sum(monthlycharges), 9),
			round(count(*) FILTER (WHERE churn = 'Yes') / count(*)::numeric, 9) FROM telco GROUP BY contract});
same('revenue so far, from a text that may be blank', 3,
	q{SELECT contract, sum(revenue(t)) FROM (SELECT contract, customerid, timeline(date '2024-01-01', nullif(trim(totalcharges), '')::numeric) AS t FROM telco GROUP BY 1, 2) x GROUP BY contract},
	q{SELECT contract, trim_scale(sum(monthlycharges * tenure)) FROM telco GROUP BY contract});
# Tenures counted back from the day of the table are ranges.
same('the same as ranges', 60,
	q{SELECT period, closing_customers, churned_customers FROM movement_rows((SELECT customer_movements(customerid,
			daterange((date '2024-01-01' - tenure * interval '1 month')::date, CASE churn WHEN 'Yes' THEN date '2024-01-01' END), monthlycharges, 'month') FROM telco), '2024-02-01')},
	q{SELECT month, count(*) FILTER (WHERE tenure >= age AND (age > 0 OR churn = 'No')), count(*) FILTER (WHERE age = 0 AND churn = 'Yes')
		FROM (SELECT (date '2024-01-01' - age * interval '1 month')::date AS month, age FROM generate_series(0, 72) age) m, telco GROUP BY month});

$node->stop;
done_testing();
