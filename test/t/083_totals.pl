# Bounds of predictions: how often they hold, on simulated customers; and what
# total_purchases is made of.
#
# RETENTION_CASES: populations, 500 for the figures of the documentation; others:
# any other RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cases = $ENV{RETENTION_CASES} || 60;
my $seed = $ENV{RETENTION_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('totals');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
extra_float_digits = 1
max_worker_processes = 8
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

sub query { return $node->safe_psql('postgres', $_[0]); }

# ---------------------------------------------------------------------
# Chance
# ---------------------------------------------------------------------

# Numbers of our own, the same everywhere: L'Ecuyer's combined generator.
my ($s1, $s2) = (12345 + $seed, 67890 + 7 * $seed);

sub uniform
{
	$s1 = 40014 * $s1 % 2147483563;
	$s2 = 40692 * $s2 % 2147483399;
	return ((($s1 - $s2) % 2147483562) + 1) / 2147483564;
}

sub normal { return sqrt(-2 * log uniform()) * cos(6.283185307179586 * uniform()); }

# Marsaglia and Tsang 2000, of rate 1.
sub gamma
{
	my ($shape) = @_;
	return gamma($shape + 1) * uniform()**(1 / $shape) if $shape < 1;
	my $d = $shape - 1 / 3;
	while (1)
	{
		my $x = normal();
		my $v = (1 + $x / sqrt(9 * $d))**3;
		next if $v <= 0;
		return $d * $v if log(uniform()) < 0.5 * $x * $x + $d - $d * $v + $d * log $v;
	}
}

# Times of a customer's purchases after the first, until the end.
sub purchases
{
	my ($kind, $end) = @_;
	my $rate = gamma(0.9) / 6;
	my ($p, $leaves) = (0, $end);
	if ($kind eq 'pareto/nbd')
	{
		$leaves = -log(uniform()) * 20 / gamma(1.2);
	}
	else
	{
		my ($a, $b) = (gamma(0.9), gamma(2.5));
		$p = $a / ($a + $b);
	}
	my @times;
	my $at = 0;
	return @times if $kind eq 'mbg/nbd' && uniform() < $p;
	while (1)
	{
		$at -= log(uniform()) / $rate;
		last if $at > $end || $at > $leaves;
		push @times, $at;
		last if uniform() < $p;
	}
	return @times;
}

# Customers of ages 20 to 50, looked at for 26 more.
my @kinds = ('bg/nbd', 'mbg/nbd', 'pareto/nbd');
my $rows = '';
for my $set (1 .. $cases)
{
	for my $n (1 .. 500)
	{
		my $age = 20 + $n % 31;
		my @times = purchases($kinds[ $set % 3 ], $age + 26);
		my @seen = grep { $_ <= $age } @times;
		$rows .= join("\t", $set, $kinds[ $set % 3 ], scalar @seen, @seen ? $seen[-1] : 0, $age, @times - @seen) . "\n";
	}
}
query("CREATE TABLE customers (set int, kind text, x bigint, tx float8, age float8, later bigint);\nCOPY customers FROM STDIN;\n$rows\\.\n");
query(q{
	CREATE TABLE models AS SELECT set, kind, purchase_model(kind, x, tx, age) AS m FROM customers GROUP BY set, kind;
	CREATE TABLE totals AS
	SELECT set, kind, (total_purchases(m, 26, x, tx, age)).*, (total_purchases(m, 26, x, tx, age, 0.8)).low AS low_80,
		(total_purchases(m, 26, x, tx, age, 0.8)).high AS high_80, sum(later) AS later, sum(expected_purchases(m, 26, x, tx, age)) AS expected
	FROM customers JOIN models USING (set, kind) GROUP BY set, kind});

# ---------------------------------------------------------------------
# How often they hold
# ---------------------------------------------------------------------

my ($sets, $held, $held_80, $customers_held) = split /\|/, query(q{
	SELECT count(low), avg((later BETWEEN low AND high)::int) FILTER (WHERE low IS NOT NULL),
		avg((later BETWEEN low_80 AND high_80)::int) FILTER (WHERE low IS NOT NULL),
		(SELECT avg((later BETWEEN b.low AND b.high)::int) FROM customers JOIN models USING (set, kind), purchase_bounds(m, 26, x, tx, age) AS b
			WHERE b.low IS NOT NULL)
	FROM totals});
note("$cases populations of 500 customers, $sets with bounds: the sum within the 95 % bounds in $held, the 80 % bounds in $held_80; customers within theirs in $customers_held");
cmp_ok($sets, '>=', 0.8 * $cases, 'most fits have bounds');
# three standard errors of a share of so many
my $slack = 3 * sqrt(0.95 * 0.05 / $sets);
cmp_ok($held, '>=', $cases >= 500 ? 0.93 : 0.95 - $slack, 'the sum: bounds hold as often as they say');
cmp_ok($held, '<=', $cases >= 500 ? 0.97 : 1, 'the sum: and not more often');
cmp_ok(abs($held_80 - 0.8), '<=', 3 * sqrt(0.8 * 0.2 / $sets), 'the sum: with a confidence of 0.8, too');
cmp_ok($customers_held, '>=', 0.94, 'a customer: at least as often as they say');
is(query('SELECT count(*) FROM totals WHERE abs(estimate / expected - 1) > 1e-9'), 0, 'the estimate is the sum');

# ---------------------------------------------------------------------
# What it is made of
# ---------------------------------------------------------------------

# The variance of a customer's number from the probabilities of each, and the
# parameters' part by wide differences.
is( query(q{
	WITH few AS (
		SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY set ORDER BY x, tx) AS i FROM customers WHERE set <= 3) AS c
		WHERE i % 50 = 0),
	moments AS (
		SELECT set, sum(v) AS variance
		FROM (SELECT set, i, sum(n * n * p) - sum(n * p) ^ 2 AS v
			FROM few JOIN models USING (set, kind), generate_series(0, 600) AS n, p_purchases(m, n, 26, x, tx, age) AS p GROUP BY set, i) AS c
		GROUP BY set),
	shaken AS (
		SELECT set, a.name, a.estimate, sum(expected_purchases(shaken, 26, x, tx, age) * sign) / (2 * 0.001 * a.estimate) AS slope
		FROM few JOIN models USING (set, kind), model_parameters(m) AS a, (VALUES (1), (-1)) AS s(sign),
			LATERAL (SELECT jsonb_set(jsonb_build_object('kind', kind, 'parameters', m::jsonb -> 'parameters'), ARRAY['parameters', a.name],
				to_jsonb(a.estimate * (1 + 0.001 * sign)))::text::purchase_model AS shaken) AS z
		GROUP BY set, a.name, a.estimate),
	numbered AS (
		SELECT *, row_number() OVER (PARTITION BY set ORDER BY array_position('{r,alpha,a,s,b,beta}'::text[], name)) - 1 AS i FROM shaken),
	uncertain AS (
		SELECT set, sum(a.slope * b.slope * (m::jsonb -> 'covariance' -> a.i::int ->> b.i::int)::float8) AS variance
		FROM numbered a JOIN numbered b USING (set) JOIN models USING (set) GROUP BY set)
	SELECT count(*), count(std_error), max(abs(std_error / sqrt(u.variance + v.variance) - 1)) < 1e-4
	FROM (SELECT set, (total_purchases(m, 26, x, tx, age)).* FROM few JOIN models USING (set, kind) GROUP BY set) AS t
	JOIN uncertain u USING (set) JOIN moments v USING (set)}), '3|3|t', 'variance of the customers and of the parameters');

# ---------------------------------------------------------------------
# Order, workers, timelines, refusals
# ---------------------------------------------------------------------

query('CREATE TABLE second AS SELECT x, tx, age, m FROM customers JOIN models USING (set, kind) WHERE set = 2');
my $all = 'SELECT (total_purchases(m, 26, x, tx, age))::text FROM %s';
my $serial = query(sprintf $all, 'second');
is(query(sprintf $all, '(SELECT * FROM second ORDER BY random()) AS c'), $serial, 'shuffled: the same digits');
query('ALTER TABLE second SET (parallel_workers = 3); ANALYZE second');
my $workers = 'SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;';
like(query("$workers EXPLAIN " . sprintf $all, 'second'), qr/Partial Aggregate/, 'a parallel plan');
is(query($workers . sprintf $all, 'second'), $serial, 'workers: the same digits');

my $model = q{'{"kind": "mbg/nbd", "unit": "week", "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}}'::purchase_model};
is( query(qq{
	SELECT t.customers, t.estimate = r.estimate, t.low, t.std_error FROM
		(SELECT (total_purchases($model, '70 days', h, '2024-03-01')).* FROM
			(SELECT timeline(d) AS h FROM unnest('{2024-01-01,2024-05-01,NULL}'::date[]) AS d GROUP BY d) AS v) AS t,
		(SELECT (total_purchases($model, 10, 0, 0, 59 / 7.0)).* ) AS r}), '1|t||',
	'timelines: who has not come yet is not counted; without a covariance there are no bounds');
is(query("SELECT total_purchases($model, 10, 0, 0, 1) IS NULL FROM customers WHERE set < 0"), 't', 'of nobody: NULL');
is(query("SELECT total_purchases(NULL, 10, 0, 0, 1) IS NULL"), 't', 'without a model: NULL');
for my $refusal (
	[ 'SELECT total_purchases(m, 26, x, tx, age) FROM customers JOIN models USING (set, kind)', '22023.*model must be the same for all rows of a group.*Both \{' ],
	[ "SELECT total_purchases($model, 10, x, 0, 1, x / 2.0) FROM (VALUES (0), (1)) AS v(x)", '22003.*confidence must be above 0' ],
	[ "SELECT total_purchases($model, 10, 0, 0, 1, c) FROM (VALUES (0.5), (0.6)) AS v(c)", '22023.*confidence must be the same' ],
	[ "SELECT total_purchases($model, 10, 0, 0, 1, NULL)", '22004.*confidence must not be NULL' ],
	[ "SELECT total_purchases($model, -1, 0, 0, 1)", '22023.*horizon must be finite' ],
	[ "SELECT total_purchases($model, 1, 0, 2, 1)", '22023.*not the history of a customer' ],
	[ q{SELECT total_purchases('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}', '1 week', h, '2024-02-01') FROM (SELECT timeline(date '2024-01-01') AS h) AS x}, '22023.*no unit of time' ])
{
	my ($sql, $message) = @$refusal;
	my (undef, undef, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	like($err, qr/$message/s, "refused: $message");
}

# States are plain bytes.
query(q{
	CREATE AGGREGATE state_of(purchase_model, float8, bigint, float8, float8) (SFUNC = total_purchases_add, STYPE = bytea);
	CREATE AGGREGATE total_of(bytea) (SFUNC = total_purchases_combine, STYPE = bytea, FINALFUNC = total_purchases_final)});
is( query(q{SELECT (total_of(s))::text FROM (
	SELECT state_of(m, 26, x, tx, age) AS s FROM customers JOIN models USING (set, kind) WHERE set = 2 GROUP BY age) AS p}),
	$serial, 'states of parts');
my $state = q{(SELECT state_of(m, 26, x, tx, age) FROM customers JOIN models USING (set, kind) WHERE set = 2)};
for my $damage ([ 'substr(s, 1, 100)', 'length is another' ], [ q{''::bytea}, 'length is another' ], [ 'set_byte(s, 0, 7)', 'another version' ],
	[ 'set_byte(s, 3, 7)', 'out of range' ], [ 'set_byte(s, 19, 255)', 'out of range' ], [ 'set_byte(s, 26, 255)', 'out of range' ],
	[ 'set_byte(s, 124, 99)', 'version is unknown' ])
{
	my ($change, $message) = @$damage;
	my (undef, undef, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSELECT total_of(x) FROM (SELECT $change AS x FROM (SELECT $state AS s) AS q UNION ALL SELECT $change FROM (SELECT $state AS s) AS q) AS y");
	like($err, qr/22P03.*$message/s, "a damaged state: $message");
}

done_testing();
