# retention.require_zone where servers and other sessions set it: for a
# database, before the library is loaded, in parallel workers.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('require_zone');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'Europe/Paris'
max_parallel_workers_per_gather = 2
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
});
$node->start;

# The error of a query with its SQLSTATE, or what it returns.
sub outcome
{
	my ($sql, %params) = @_;
	my ($code, $out, $err) = $node->psql('shard', "\\set VERBOSITY sqlstate\n$sql", %params);
	return $err eq '' ? $out : $err;
}

# Set before there is an extension: a placeholder, which takes a superuser.
$node->safe_psql(
	'postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE DATABASE shard OWNER owner;
});
like(outcome('ALTER DATABASE shard SET retention.require_zone = on', extra_params => [ '-U', 'owner' ]),
	qr/ERROR:  42501/, 'the owner of the database may not while nobody knows the setting');
$node->safe_psql('shard', 'ALTER DATABASE shard SET retention.require_zone = on');
$node->safe_psql(
	'shard', q{
	CREATE EXTENSION retention;
	CREATE TABLE orders (customer int, at timestamptz) WITH (parallel_workers = 2);
	INSERT INTO orders SELECT n % 100, timestamptz '2024-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n;
	GRANT SELECT ON orders TO owner;
	ANALYZE orders;
});

is(outcome('SHOW retention.require_zone'), 'on', 'a value for a library that is not loaded yet');
my $matrix = q{SELECT cohort_matrix(customer, at, 'month') IS NULL FROM orders};
like(outcome($matrix), qr/ERROR:  22023/, 'is in force from the first call of a session on');
like(outcome("SET retention.require_zone = off; $matrix", extra_params => [ '-U', 'owner' ]), qr/^f$/, 'a plain user may set it');
like(outcome("LOAD 'retention'; RESET retention.require_zone; $matrix"), qr/ERROR:  22023/, 'and comes back to what the database says');
like(outcome(q{SELECT cohort_matrix(customer, at, 'month at Europe/Paris') IS NULL FROM orders}), qr/^f$/, 'a grain that names its zone counts');

# Once the session has the library, whoever owns the database may.
is(outcome("SELECT grain 'day'; ALTER DATABASE shard SET retention.require_zone = off", extra_params => [ '-U', 'owner' ]),
	'day', 'the owner after a first call');
like(outcome($matrix), qr/^f$/, 'off for the database');
$node->safe_psql('shard', 'ALTER DATABASE shard SET retention.require_zone = on');

# Workers know what the leader was told in its session.
like(outcome("EXPLAIN (COSTS OFF) $matrix"), qr/Workers Planned: 2.*Parallel Custom Scan/s, 'a parallel plan');
like(outcome("SET retention.require_zone = off; SET parallel_leader_participation = off; $matrix"), qr/^f$/, 'off for workers');
like(outcome("SET parallel_leader_participation = off; $matrix"), qr/ERROR:  22023/, 'on for workers');

# Nonsense set beforehand, or a name that does not exist, is told when the
# library comes.
$node->safe_psql('postgres', q{ALTER DATABASE shard SET retention.require_zone = 'perhaps'; ALTER DATABASE shard SET retention.requires_zone = on});
my ($code, $out, $err) = $node->psql('shard', $matrix);
like($err, qr/WARNING:  invalid value for parameter|WARNING:  parameter "retention.require_zone" requires a Boolean value/, 'a value that is none');
like($err, qr/WARNING:  invalid configuration parameter name "retention.requires_zone"/, 'a name that is none');
is($out, 'f', 'both then count for nothing');

done_testing();
