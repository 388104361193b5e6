# A statement timeout ends every function that judges, fits and compares within
# half a second: whatever it is doing then.  What counts is the processor time
# that the backend uses in all, which other work on the machine does not touch.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no /proc/self/stat' if !-r '/proc/self/stat';

my $node = PostgreSQL::Test::Cluster->new('timeouts');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
max_parallel_workers_per_gather = 0
work_mem = '256MB'
jit = off
});
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE lives AS
	SELECT i, h % 97 AS part, 1 + h % 100003 + i * 1e-6::float8 AS days, h % 3 > 0 AS churned, (h / 5 % 40)::text AS reason,
		jsonb_build_object('a', h % 1009, 'b', h / 7 % 997, 'c', 'c' || h / 11 % 60, 'since', h / 13 % 2, 'region', h / 17 % 50) AS traits
	FROM (SELECT i, abs(hashint8extended(i, 1)) AS h FROM generate_series(1, 120000) i) r;
	CREATE TABLE wide AS SELECT (SELECT jsonb_object_agg('k' || k, CASE WHEN k % 2 = 0 THEN to_jsonb(i * k * 0.7919) ELSE to_jsonb((i * k % 9973)::text) END)
		FROM generate_series(1, 900) k) AS traits FROM generate_series(1, 150) i;
	CREATE TABLE curves AS SELECT survival_curve(days, churned) AS whole, incidence_curve(days, churned, reason) AS why FROM lives;
	CREATE TABLE parts AS SELECT part, survival_curve(days, churned) AS part_curve, survival_curve(days / 1e6, days, churned) AS late,
		incidence_curve(days, churned, reason) AS why FROM lives GROUP BY part;
	CREATE TABLE customers AS
	SELECT x, CASE WHEN x = 0 THEN 0 ELSE age * (0.2 + 0.79 * v) END AS tx, age, 5 + 20 * v + x AS m
	FROM (SELECT floor(-1.4 * ln(1 - u))::bigint AS x, 100 + n % 900 / 10.0::float8 AS age, v
		FROM generate_series(1, 40000) n,
			LATERAL (SELECT (hashint8extended(n, 1) & 16777215) / 16777216.0::float8 AS u, (hashint8extended(n, 2) & 16777215) / 16777216.0::float8 AS v) r) s;
	CREATE FUNCTION model(kind text) RETURNS purchase_model LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE kind WHEN 'pareto/nbd' THEN '{"kind": "pareto/nbd", "parameters": {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}}'::purchase_model
			ELSE '{"kind": "bg/nbd", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}' END $$;
	VACUUM ANALYZE lives;});

my $used = q{SELECT 'used ' || split_part(pg_read_file('/proc/self/stat'), ' ', 14)::int + split_part(pg_read_file('/proc/self/stat'), ' ', 15)::int;};
my ($cancelled, $calls) = (0, 0);

# Each is cut at two times; some are over by then on a fast machine.
for my $call (
	'survival_curve(days, churned) FROM lives, generate_series(1, 50)',
	'survival_curve(days + random(), churned) FROM lives, generate_series(1, 50)',
	'survival_curve(random(), days, churned) FROM lives, generate_series(1, 50)',
	'rollup(whole) FROM curves, generate_series(1, 500)',
	'count(p) FROM curves, generate_series(1, 500), survival_points(whole) p',
	'count(lifetime_quantile(whole, k / 500.0)) FROM curves, generate_series(1, 500) k',
	'count(mean_lifetime(whole, k * 10)) FROM curves, generate_series(1, 500) k',
	'count(log_rank(whole, whole, whole)) FROM curves, generate_series(1, 100)',
	'log_rank(VARIADIC array_agg(part_curve)) FROM parts',
	'count(g) FROM (SELECT array_agg(late) AS c, array_agg(part::text) AS n FROM parts, generate_series(1, 50)) x, log_rank_groups(c, n) g',
	q{incidence_curve(days, churned, reason || i % 20) FROM lives, generate_series(1, 50)},
	'count(p) FROM curves, generate_series(1, 100), incidence_points(why) p',
	'count(g) FROM (SELECT array_agg(why) AS c FROM parts) x, gray_test(VARIADIC c) g',
	'auc(days + random(), churned) FROM lives, generate_series(1, 50)',
	'calibration(random(), churned, 1000) FROM lives, generate_series(1, 50)',
	'auc(days, churned), gini(days, churned), brier(days / 1e6, churned), log_loss(days / 1e6, churned), lift(days, churned, 0.1) FROM lives',
	q{hazard_model(days, churned, traits - 'since' - 'region') FROM lives},
	q{hazard_model(days, churned, traits - 'c', '{"entered": "since", "strata": "region"}') FROM lives},
	q{hazard_model(floor(days / 20000), churned, traits - 'c' - 'since' - 'region') FROM lives},
	q{hazard_model(i % 40, churned, (SELECT jsonb_object_agg('k' || k, (i * k * 7919 / 13) % 190 || '') FROM generate_series(1, 5) k)) FROM lives WHERE i < 3000},
	'signals(churned, traits) FROM lives, generate_series(1, 50)',
	'signals(true, traits) FROM wide, generate_series(1, 50)',
	'count(r) FROM (SELECT signals(true, traits) AS s FROM wide) x, generate_series(1, 100), signal_rows(s) r',
	q{purchase_model('bg/nbd', x, tx, age) FROM customers},
	q{purchase_model('pareto/nbd', x, tx, age) FROM customers},
	'spend_model(x, m) FROM customers, generate_series(1, 20)',
	q{contract_model('bdw', i, churned) FROM lives WHERE i < 50000},
	q{total_purchases(model('pareto/nbd'), 90, x, tx, age) FROM customers},
	q{total_purchases(model('bg/nbd'), 90, x, tx, age) FROM customers},
	q{sum(p_purchases(model('pareto/nbd'), n, 1000, x, tx, age)) FROM customers, generate_series(0, 100) n},
	q{count(purchase_bounds(model('pareto/nbd'), 1000, x, tx, age)) FROM customers},
	q{sum(p_purchases(model('bg/nbd'), 1000000000, 1e9, x, tx, age)) FROM customers})
{
	for my $timeout (10, 150, 500)
	{
		my ($ret, $out, $err) = $node->psql(
			'postgres', qq{
			$used
			SET statement_timeout = $timeout;
			SELECT 'over', x IS NULL FROM (SELECT $call) x;
			SET statement_timeout = 0;
			$used}, on_error_stop => 0);
		my ($before, $after) = $out =~ /used (\d+)/g;
		$calls++ if $timeout == 10;
		$cancelled++ if $timeout == 10 && $err =~ /statement timeout/;
		ok(($err =~ /statement timeout/ || $out =~ /over/) && ($err =~ /statement timeout/ || $err !~ /ERROR/), "$timeout ms: over, or ended: $call")
		  or diag($err);
		cmp_ok(($after - $before) * 10, '<', $timeout + 500, "$timeout ms: within half a second of work: $call");
		last if $err !~ /statement timeout/;
	}
}
note("$cancelled of $calls were cancelled after 10 ms");
cmp_ok($cancelled, '>', 20, 'most of them are cancelled');

$node->stop;
done_testing();
