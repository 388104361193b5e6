# Many groups in one hash aggregate have the values that each has alone: ledgers
# that stay in one part because no group is prominent, merged, cut into pieces,
# written out and sent by workers; and summaries of timelines and of summaries
# that become states which grow in place.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('groups');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
enable_sort = off
jit = off
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION retention;
	-- Groups 0 to 4 of as many rows: 20,000 customers whose periods come four
	-- times each, so that a ledger of 65,536 entries is worth merging; the same
	-- with a customer who has most rows; others without duplicates.  And a
	-- hundred small groups.
	CREATE TABLE events AS
	SELECT g, CASE WHEN g = 1 AND i % 4 > 0 THEN 7 ELSE i % CASE g WHEN 0 THEN 20000 ELSE 33333 + g * 1000 END END AS c,
		timestamp '2023-01-01' + (i % 20000 % 700) * interval '1 day' + CASE WHEN g > 1 THEN i / 20000 ELSE 0 END * interval '40 days' AS at,
		(i::bigint * 7919 % 100003) / 100.0 AS amount
	FROM generate_series(1, 84000) i, generate_series(0, 4) g
	UNION ALL
	SELECT 5 + i % 100, i % 1700, timestamp '2023-01-01' + (i::bigint * 104729 % 600)::int * interval '1 day', i % 1000 / 10.0
	FROM generate_series(1, 60000) i;
	ALTER TABLE events ADD u uuid;
	UPDATE events SET u = md5(c::text)::uuid;
	ALTER TABLE events SET (parallel_workers = 2);
	ANALYZE events;
	CREATE TABLE timelines AS SELECT g, c, timeline(at, amount) AS t FROM events GROUP BY g, c;
	ANALYZE timelines;
});

# The md5 of each group's value, all in one query or each alone.
sub together
{
	my ($value, $table, $settings) = @_;
	return $node->safe_psql('postgres', "$settings
		SELECT g, md5(v::text) FROM (SELECT g, $value AS v FROM $table GROUP BY g) s ORDER BY g");
}

# One group after the other: each is prominent while it lasts.
sub alone
{
	my ($value, $table) = @_;
	return together($value, $table, "SET work_mem = '256MB'; SET enable_hashagg = off; SET enable_sort = on;");
}

# The groups that differ, which should be none.
sub same
{
	my ($got, $right, $name) = @_;
	my %right = map { split /\|/ } split /\n/, $right;
	my @got = map { [split /\|/] } split /\n/, $got;
	is(join(' ', map { $_->[0] } grep { ($right{$_->[0]} // '') ne $_->[1] } @got), '', $name);
	is(scalar @got, scalar keys %right, "$name: all groups");
}

my $step = "CASE WHEN amount < 300 THEN 1 WHEN amount < 600 THEN 2 ELSE 3 END";
my %values = (
	'cohort_matrix' => "cohort_matrix(c, at, amount, 'month')",
	'cohort_matrix by uuid, float8' => "cohort_matrix(u, at, amount::float8, 'week')",
	'recurring_matrix' => "recurring_matrix(c, at, 'quarter')",
	'customer_movements' => "customer_movements(u, at, amount, 'month')",
	'funnel' => "funnel(c, at, $step, '30 days')",
	'journey' => "journey(c, at, ($step)::text, '30 days')");
# states that have many rows cost too much to combine, unless rows cost next to nothing
my $workers = 'SET max_parallel_workers_per_gather = 2; SET cpu_tuple_cost = 0.0001;';
my %settings = (
	'64 kB' => "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;",
	'1 MB' => "SET work_mem = '1MB'; SET hash_mem_multiplier = 1;",
	'256 MB' => "SET work_mem = '256MB';",
	'256 MB, two workers' => "SET work_mem = '256MB'; $workers",
	'1 MB, two workers' => "SET work_mem = '1MB'; SET hash_mem_multiplier = 1; $workers");

for my $name (sort keys %values)
{
	my $right = alone($values{$name}, 'events');
	for my $setting (sort keys %settings)
	{
		same(together($values{$name}, 'events', $settings{$setting}), $right, "$name of 105 groups, $setting");
	}
}
like($node->safe_psql('postgres', "SET work_mem = '256MB'; EXPLAIN SELECT g, $values{cohort_matrix} FROM events GROUP BY g"),
	qr/^HashAggregate/, 'they are hash aggregates');
like($node->safe_psql('postgres', "$workers EXPLAIN SELECT g, $values{cohort_matrix} FROM events GROUP BY g"),
	qr/Gather.*Partial HashAggregate/s, 'and parallel ones');

# Few customers with nearly all rows do not fill the memory: their entries are
# merged although the ledger is in one part.
like($node->safe_psql('postgres', q{
	SET work_mem = '256MB';
	EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)
	SELECT g, cohort_matrix(c, at, amount, 'month')
	FROM (SELECT i % 9 AS g, i % 17 AS c, timestamp '2024-01-01' + i % 300 * interval '1 day' AS at, 1.0 AS amount FROM generate_series(1, 1000000) i) x
	GROUP BY g}), qr/Memory Usage: \d{1,4}kB/, 'memory follows what is distinct');

%values = (
	'cohort_matrix' => "cohort_matrix(t, 'quarter')",
	'recurring_matrix' => "recurring_matrix(t, 'year')",
	'customer_movements' => "customer_movements(t, 'quarter')",
	'customer_movements, lag 4' => "customer_movements(t, 'quarter', 4)");
for my $name (sort keys %values)
{
	my $right = alone($values{$name}, 'timelines');
	for my $setting ('256 MB', '256 MB, two workers', '64 kB')
	{
		same(together($values{$name}, 'timelines', $settings{$setting}), $right, "$name of timelines, 105 groups, $setting");
	}
	same($node->safe_psql('postgres', "SET work_mem = '256MB';
		SELECT g, md5(v::text) FROM (SELECT g, rollup(v) AS v FROM (SELECT g, c % 500, $values{$name} AS v FROM timelines GROUP BY g, c % 500) p GROUP BY g) s ORDER BY g"),
		$right, "$name, rolled up from 500 of each group");
}

# Of another kind in the middle of a group whose state grows in place.
my ($code, $out, $err) = $node->psql('postgres', q{
	SELECT g, cohort_matrix(t, CASE WHEN c = 19999 THEN 'year' ELSE 'quarter' END::grain) FROM timelines GROUP BY g});
like($err, qr/One of them has the grain/, 'grains that differ are still refused');

$node->stop;
done_testing();
