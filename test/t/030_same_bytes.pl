# One set of rows, one matrix or one set of movements, byte for byte: whatever the order of the rows,
# the number of workers, partitions, memory, or how parts are rolled up.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('same_bytes');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'Europe/Paris'
max_worker_processes = 8
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
log_temp_files = 0
jit = off
});
$node->start;

# 20,000 customers who come 15 times on average over four years; every 50th
# row is a refund, every 40th worth nothing, amounts have up to eight decimals.
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE orders (
		n int, id bigint, u uuid, t text, started_at timestamptz, at timestamptz,
		amount numeric, famount float8, part int) WITH (parallel_workers = 4);
	INSERT INTO orders
	SELECT n, id, md5(id::text)::uuid, 'customer ' || id,
		CASE WHEN n % 3 = 0 THEN timestamptz '2019-01-15 10:00' + (id % 700) * interval '1 day 7 minutes' END,
		timestamptz '2019-01-01 00:00' + (id % 700) * interval '1 day' + h % 1000 * interval '18 hours 11 seconds',
		a, a::float8, id % 5
	FROM (
		SELECT n, abs(hashint8(n)::bigint) % 20000 AS id, abs(hashint8extended(n, 1) % 100000) AS h,
			CASE WHEN n % 40 = 0 THEN 0
				 WHEN n % 41 = 0 THEN NULL
				 ELSE (abs(hashint8extended(n, 2) % 100000000000) / (10 ^ (n % 9))::numeric) * CASE WHEN n % 50 = 1 THEN -1 ELSE 1 END END AS a
		FROM generate_series(1, 300000) n) x;

	CREATE TABLE shuffled (LIKE orders) WITH (parallel_workers = 4);
	INSERT INTO shuffled SELECT * FROM orders ORDER BY hashint4(n), n;
	CREATE TABLE reversed (LIKE orders) WITH (parallel_workers = 4);
	INSERT INTO reversed SELECT * FROM orders ORDER BY id DESC, n DESC;

	CREATE TABLE partitioned (LIKE orders) PARTITION BY LIST (part);
	CREATE TABLE partitioned_0 PARTITION OF partitioned FOR VALUES IN (0) WITH (parallel_workers = 2);
	CREATE TABLE partitioned_1 PARTITION OF partitioned FOR VALUES IN (1, 2) WITH (parallel_workers = 2);
	CREATE TABLE partitioned_3 PARTITION OF partitioned FOR VALUES IN (3, 4) WITH (parallel_workers = 2);
	INSERT INTO partitioned SELECT * FROM orders ORDER BY part, n DESC;

	-- cut without respect to customers: parts of one customer everywhere
	CREATE TABLE scattered (LIKE orders) PARTITION BY RANGE (n);
	CREATE TABLE scattered_1 PARTITION OF scattered FOR VALUES FROM (0) TO (100) WITH (parallel_workers = 2);
	CREATE TABLE scattered_2 PARTITION OF scattered FOR VALUES FROM (100) TO (170000) WITH (parallel_workers = 2);
	CREATE TABLE scattered_3 PARTITION OF scattered FOR VALUES FROM (170000) TO (1000000) WITH (parallel_workers = 2);
	INSERT INTO scattered SELECT * FROM orders;
	VACUUM ANALYZE;
});

my @calls = (
	q{cohort_matrix(id, at, amount, 'month')},
	q{cohort_matrix(u, at, famount, 'week starting sunday')},
	q{cohort_matrix(t, at, '2 quarters starting february at America/Sao_Paulo')},
	q{cohort_matrix(id, at, famount, 'month since start')},
	q{cohort_matrix(t, at, amount, 'days 0,1,7,30,90 since start by month')},
	q{cohort_matrix(u, started_at, at, amount, 'month')},
	q{cohort_matrix(id, started_at, at, famount, '36 hours since start by quarter')},
	q{cohort_matrix(t, started_at, at, NULL, 'months 0,1,3,12')},
	q{cohort_matrix(id, NULL, at, amount, 'month', 2)},
	q{recurring_matrix(id, at, amount, 'month')},
	q{recurring_matrix(t, started_at, at, famount, 'quarter', 2)},
	q{customer_movements(u, at, famount, 'week starting sunday')},
	q{customer_movements(t, tstzrange(at, at + interval '40 days'), amount, 'month')});

my $plenty = "SET work_mem = '1GB'; SET hash_mem_multiplier = 1;";
my $little = "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;";

# What the server logged about temporary files while the code ran.
sub temp_files
{
	my ($code) = @_;
	my $offset = -s $node->logfile;
	my $result = $code->();
	my $log = substr(slurp_file($node->logfile), $offset);
	return ($result, scalar(() = $log =~ /temporary file: path/g));
}

# Binary form, text form and what the readers say, as one line.
sub digest
{
	my ($set, $call, $from) = @_;
	return $node->safe_psql(
		'postgres', qq{
		SET client_min_messages = warning;
		$set
		SELECT md5(record_send(ROW(m))) || ' ' || md5(m::text) FROM (SELECT $call AS m FROM $from) x;});
}

sub plan_of
{
	my ($set, $call, $from) = @_;
	return $node->safe_psql(
		'postgres', qq{
		SET client_min_messages = warning;
		$set
		EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT $call FROM $from;});
}

sub workers
{
	my ($count, $leader) = @_;
	return "SET max_parallel_workers_per_gather = $count; SET parallel_leader_participation = $leader;";
}

my %want;
for my $call (@calls)
{
	my ($want, $files) = temp_files(sub { digest($plenty, $call, 'orders') });
	like($want, qr/^[0-9a-f]{32} [0-9a-f]{32}$/, "$call: a matrix");
	is($files, 0, 'in memory');
	$want{$call} = $want;
}

for my $call (@calls)
{
	my $want = $want{$call};

	is(digest($plenty, $call, $_), $want, "$call: $_ rows") for 'shuffled', 'reversed';

	for my $from ('orders', 'shuffled')
	{
		my ($got, $files) = temp_files(sub { digest($little, $call, $from) });
		is($got, $want, "$call: little memory, $from");
		cmp_ok($files, '>', 0, 'with temporary files');
	}

	for ([ 1, 'on' ], [ 2, 'on' ], [ 2, 'off' ], [ 4, 'on' ], [ 4, 'off' ])
	{
		my ($count, $leader) = @$_;
		is(digest($plenty . workers($count, $leader), $call, 'shuffled'),
			$want, "$call: $count workers, leader $leader");
	}
	is(digest($little . workers(2, 'on'), $call, 'orders'),
		$want, "$call: 2 workers with little memory");

	is(digest("$plenty SET enable_partitionwise_aggregate = on;", $call, $_),
		$want, "$call: $_ table, partition by partition") for 'partitioned', 'scattered';
	is(digest($plenty . workers(2, 'on') . 'SET enable_partitionwise_aggregate = on;', $call, 'scattered'),
		$want, "$call: partitions and workers");

	is(digest($plenty, 'rollup(part)', "(SELECT $call AS part FROM orders GROUP BY id % 7) p"),
		$want, "$call: rollup of seven parts");
	is(digest($plenty, 'rollup(part ORDER BY i DESC)', "(SELECT id % 1000 AS i, $call AS part FROM shuffled GROUP BY 1) p"),
		$want, "$call: rollup of a thousand parts");
	is(digest($plenty . workers(2, 'on') . 'SET enable_partitionwise_aggregate = on;',
			'rollup(part)', "(SELECT $call AS part FROM partitioned GROUP BY partitioned.part) p"),
		$want, "$call: rollup of partitions");
	my $type = $call =~ /^customer_movements/ ? 'customer_movements' : 'cohort_matrix';
	is(digest($plenty, "m::text::$type", "(SELECT $call AS m FROM orders) x"),
		$want, "$call: out and in again");
}

# The plans were what they are called.
my $call = $calls[0];
for ([ 1, 'on' ], [ 2, 'off' ], [ 4, 'off' ])
{
	my ($count, $leader) = @$_;
	my $plan = plan_of($plenty . workers($count, $leader), $call, 'orders');
	like($plan, qr/Partial Aggregate/, "$count workers: partial aggregates");
	like($plan, qr/Workers Launched: $count/, "$count workers launched");
}
unlike(plan_of($plenty, $call, 'orders'), qr/Partial|Gather/, 'no workers: serial');
# (where workers might be many, states are taken for small, and so to combine
# them for cheap)
my $plan = plan_of("$plenty SET enable_partitionwise_aggregate = on; SET max_parallel_workers_per_gather = 8; SET parallel_setup_cost = 1e9;",
	$call, 'scattered');
is(scalar(() = $plan =~ /Partial Aggregate/g), 3, 'partition by partition: three partial aggregates')
  or diag($plan);

# Two aggregates over the same arguments, a group with a filter, and groups.
is( $node->safe_psql(
		'postgres', qq{
		$plenty
		SELECT bool_and(a = b AND cohort_matrix_send(a) = cohort_matrix_send(b))
		FROM (SELECT part, $call AS a FROM orders GROUP BY part) x
		JOIN (SELECT part, $call AS b FROM shuffled GROUP BY part) y USING (part);}),
	't', 'groups');
for my $set ($plenty, $little)
{
	is( $node->safe_psql(
			'postgres', qq{
			$set
			SELECT md5(record_send(ROW($call))) || ' ' || md5(record_send(ROW($calls[5]))) || ' ' || md5(record_send(ROW($calls[11])))
			FROM orders;}),
		join(' ', map { (split ' ', $want{$_})[0] } $calls[0], $calls[5], $calls[11]),
		'two matrices and movements in one query');
}

$node->stop;
done_testing();
