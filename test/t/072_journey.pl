# Journeys against plain SQL on random rows; then the same bytes whatever the order
# of rows, the workers, the memory and the parts.
#
# Other data: any other RETENTION_SEED; more or fewer: RETENTION_CASES.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $customers = $ENV{RETENTION_CASES} || 3000;

my $node = PostgreSQL::Test::Cluster->new('journey');
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
$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION retention;
	SELECT setseed(@{[ $seed / 1000 ]});
	CREATE TABLE rows WITH (parallel_workers = 4) AS
		SELECT c, CASE WHEN random() < 0.01 THEN NULL ELSE timestamptz '2024-03-20 00:00' + floor(random() * (c % 40 + 1) * 3) * interval '5 hours' END AS at,
			(ARRAY['home', 'cart', 'pay', 'Search', 'help', NULL, 'über', '', 'home', 'a'])[1 + floor(random() * (2 + c % 9))::int] AS place, c % 4 AS part
		FROM generate_series(1, $customers) c, generate_series(1, 1 + c % 70) n;
	ALTER TABLE rows ADD n serial;
	VACUUM ANALYZE rows;
	CREATE TABLE shuffled WITH (parallel_workers = 4) AS SELECT * FROM rows ORDER BY hashint4(n);
	VACUUM ANALYZE shuffled;});

##################################################################
# The definition in SQL
##################################################################

$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION expected(within interval, start text)
	RETURNS TABLE (step int, from_place text, to_place text, customers bigint, share float8, median_time float8) LANGUAGE sql AS $$
	WITH known AS (
		SELECT c, at, place FROM rows WHERE at IS NOT NULL AND place IS NOT NULL),
	begun AS (
		SELECT *, coalesce(place = start, true) AS starts,
			bool_or(coalesce(place = start, true)) OVER (PARTITION BY c ORDER BY at, place COLLATE "C") AS on_the_way FROM known),
	ordered AS (
		SELECT *, lag(at) OVER w AS at_before, lag(place) OVER w AS before FROM begun WHERE on_the_way
		WINDOW w AS (PARTITION BY c ORDER BY at, place COLLATE "C")),
	way AS (
		SELECT *, count(*) FILTER (WHERE at > at_before + within) OVER (PARTITION BY c ORDER BY at, place COLLATE "C") AS silences FROM ordered),
	moves AS (
		SELECT c, at, place, row_number() OVER w AS step, lead(place) OVER w AS next, lead(at) OVER w - at AS took
		FROM way WHERE silences = 0 AND place IS DISTINCT FROM before
		WINDOW w AS (PARTITION BY c ORDER BY at, place COLLATE "C"))
	SELECT step, place, next, count(*), count(*) / sum(count(*)) OVER (PARTITION BY step)::float8,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) / 86400
	FROM moves WHERE step < 50
	GROUP BY 1, 2, 3
	$$;
	CREATE FUNCTION differing(j journey, within interval, start text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM journey_edges(j) o
	FULL JOIN expected(within, start) e ON o.step = e.step AND o.from_place = e.from_place AND o.to_place IS NOT DISTINCT FROM e.to_place
	WHERE o.customers IS DISTINCT FROM e.customers OR abs(o.share - e.share) > 1e-12 OR o.share IS NULL
		OR (o.median_time IS NULL) <> (e.median_time IS NULL) OR abs(o.median_time - e.median_time) > 1e-9
	$$;});
for my $within ('1 day', '24:00', '5 hours', '2 days 5 hours', '1 month', '0')
{
	for my $start ('', 'cart', 'über')
	{
		my $call = $start eq '' ? "journey(c, at, place, '$within')" : "journey(c, at, place, '$within', '$start')";
		my $null = $start eq '' ? 'NULL' : "'$start'";
		is($node->safe_psql('postgres', "SELECT differing(j, '$within', $null), (SELECT count(*) > 0 FROM journey_edges(j)) FROM (SELECT $call AS j FROM rows) x"),
			'0|t', "$call is that of plain SQL");
	}
}

##################################################################
# The same bytes
##################################################################

for my $call ("journey(c, at, place, '1 day')", "journey('customer ' || c, at, place, '2 days 5 hours', 'home')")
{
	my $get = sub { return $node->safe_psql('postgres', "$_[0]; SELECT md5(journey_send($call)) FROM $_[1]") };
	my $serial = $get->('SELECT 1 WHERE false', 'rows');
	like($serial, qr/^\w{32}$/, "$call: some bytes");
	is($get->('SELECT 1 WHERE false', 'shuffled'), $serial, 'another order');
	is($get->("SET work_mem = '64kB'; SET hash_mem_multiplier = 1", 'shuffled'), $serial, 'little memory');
	my $parallel = 'SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off';
	is($get->($parallel, 'shuffled'), $serial, 'four workers');
	is($get->("$parallel; SET work_mem = '64kB'; SET hash_mem_multiplier = 1", 'rows'), $serial, 'four workers, little memory');
	is($node->safe_psql('postgres', "SELECT md5(journey_send(rollup(j))) FROM (SELECT $call AS j FROM shuffled GROUP BY part) x"), $serial, 'rolled up from parts');
	is($node->safe_psql('postgres', "$parallel; SELECT md5(journey_send(rollup(j))) FROM (SELECT $call AS j FROM shuffled GROUP BY c) x"), $serial, 'rolled up from customers');
}
like($node->safe_psql('postgres', q{SET max_parallel_workers_per_gather = 4; EXPLAIN (COSTS off) SELECT journey(c, at, place, '1 day') FROM rows}),
	qr/Partial Aggregate/, 'workers take part');
like(slurp_file($node->logfile), qr/temporary file: path/, 'little memory spills');

# Places that only one worker has seen; more of them than a journey may have.
$node->safe_psql('postgres', q{
	CREATE TABLE many WITH (parallel_workers = 4) AS SELECT n AS c, date '2024-01-01' + s AS at, 'page ' || (n + s * 7) % 9990 AS place FROM generate_series(1, 30000) n, generate_series(0, 2) s;
	CREATE TABLE too_many WITH (parallel_workers = 4) AS SELECT n AS c, date '2024-01-01' AS at, 'page ' || n AS place FROM generate_series(1, 40000) n;
	ANALYZE many, too_many;});
my $many = q{SELECT md5(journey_send(journey(c, at, place, '1 day'))) FROM many};
is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 4; $many"), $node->safe_psql('postgres', $many), 'ten thousand places, four workers');
for my $workers (0, 4)
{
	my ($code, $out, $err) = $node->psql('postgres', "SET max_parallel_workers_per_gather = $workers; SELECT journey(c, at, place, '1 day') FROM too_many");
	like($err, qr/a journey has more than 10000 places/, "too many places, $workers workers");
}

# The most visited places, and the others together: nobody is lost.
is($node->safe_psql('postgres', q{
	SELECT count(DISTINCT top), count(*) FILTER (WHERE n <> all_of_them), bool_and(most <= (top + 1) * (top + 2))
	FROM (SELECT top, step, sum(customers) AS n, count(*) AS most, (SELECT sum(customers) FROM journey_edges(j) a WHERE a.step = e.step) AS all_of_them
		FROM (SELECT journey(c, at, place, '1 day') AS j FROM rows) x, generate_series(1, 8) top, journey_edges(j, top) e GROUP BY j, top, step) y}),
	'8|0|t', 'with the most visited places alone');

$node->stop;
done_testing();
