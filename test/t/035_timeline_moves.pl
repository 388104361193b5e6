# Stored timelines and matrices stay the same wherever they go: dump and
# restore, COPY, logical replication, a standby; corrupt binary input is refused;
# and on hash partitions the whole work is done in parallel, part by part.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 'logical');
$node->append_conf(
	'postgresql.conf', q{
timezone = 'Europe/Paris'
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
fsync = off
jit = off
});
$node->start;

# 3,000 customers who come 20 times on average in two years, and what 500 of
# them subscribed to.
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE orders (customer int, at timestamptz, amount numeric) PARTITION BY HASH (customer);
	CREATE TABLE orders_0 PARTITION OF orders FOR VALUES WITH (MODULUS 3, REMAINDER 0) WITH (parallel_workers = 2);
	CREATE TABLE orders_1 PARTITION OF orders FOR VALUES WITH (MODULUS 3, REMAINDER 1) WITH (parallel_workers = 2);
	CREATE TABLE orders_2 PARTITION OF orders FOR VALUES WITH (MODULUS 3, REMAINDER 2) WITH (parallel_workers = 2);
	INSERT INTO orders
	SELECT abs(hashint8(n)::bigint) % 3000, timestamptz '2022-01-01' + abs(hashint8extended(n, 1) % 63000000) * interval '1 second',
		CASE WHEN n % 40 = 0 THEN NULL ELSE (abs(hashint8extended(n, 2) % 100000000) / 1000000.0) * CASE WHEN n % 50 = 1 THEN -1 ELSE 1 END END
	FROM generate_series(1, 60000) n;
	CREATE TABLE plans (customer int, during tstzrange, amount numeric) PARTITION BY HASH (customer);
	CREATE TABLE plans_0 PARTITION OF plans FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (parallel_workers = 2);
	CREATE TABLE plans_1 PARTITION OF plans FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (parallel_workers = 2);
	INSERT INTO plans
	SELECT n % 500, tstzrange(f, CASE WHEN n % 7 > 0 THEN f + (20 + n % 300) * interval '1 day' END), (n % 9) * 4.99
	FROM (SELECT n, timestamptz '2022-01-01' + abs(hashint8extended(n, 3) % 63000000) * interval '1 second' FROM generate_series(1, 1500) n) x (n, f);

	-- what is kept
	CREATE TABLE store (customer int, o timeline, l timeline);
	INSERT INTO store SELECT customer, o, l
	FROM (SELECT customer, timeline(at, amount) AS o FROM orders GROUP BY 1) o
	LEFT JOIN (SELECT customer, timeline(during, amount) AS l FROM plans GROUP BY 1) l USING (customer);
	ALTER TABLE store REPLICA IDENTITY FULL;
	CREATE INDEX store_o ON store (o);
	CREATE INDEX store_l ON store USING hash (l);
	CREATE TABLE matrices (name text PRIMARY KEY, m cohort_matrix);
	INSERT INTO matrices SELECT 'orders', cohort_matrix(o, 'month') FROM store;
	INSERT INTO matrices SELECT 'levels', cohort_matrix(l, 'month') FROM store;
	INSERT INTO matrices SELECT 'recurring', recurring_matrix(o, 'week') FROM store;
	CREATE MATERIALIZED VIEW fresh AS SELECT customer, timeline(at, amount) AS t FROM orders GROUP BY customer;
	CREATE UNIQUE INDEX ON fresh (customer);
	-- by value, not by customer
	CREATE TABLE dealt (t timeline) PARTITION BY HASH (t);
	CREATE TABLE dealt_0 PARTITION OF dealt FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE dealt_1 PARTITION OF dealt FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	ALTER TABLE dealt REPLICA IDENTITY FULL;
	ALTER TABLE dealt_0 REPLICA IDENTITY FULL;
	ALTER TABLE dealt_1 REPLICA IDENTITY FULL;
	INSERT INTO dealt SELECT o FROM store WHERE customer < 100;
	VACUUM ANALYZE;
});

my $store = q{
	SELECT count(*), count(l), md5(string_agg(customer || encode(timeline_send(o), 'hex') || coalesce(encode(timeline_send(l), 'hex'), '-'), ' ' ORDER BY customer, timeline_send(o))),
		md5(string_agg(o::text || coalesce(l::text, '-'), ' ' ORDER BY customer, timeline_send(o)))
	FROM store};
my $matrices = q{SELECT string_agg(name || md5(cohort_matrix_send(m)), ' ' ORDER BY name) FROM matrices};
my $made = q{SELECT md5(cohort_matrix_send(cohort_matrix(o, 'month'))), md5(cohort_matrix_send(cohort_matrix(l, 'month'))), md5(cohort_matrix_send(recurring_matrix(o, 'week'))) FROM store};
my $dealt = q{SELECT count(*), md5(string_agg(encode(timeline_send(t), 'hex'), ' ' ORDER BY timeline_send(t))) FROM dealt};

sub all_of { return join("\n", map { $_[0]->safe_psql($_[1], $_) } $store, $matrices, $made, $dealt) }

my $want = all_of($node, 'postgres');
like($want, qr/^3000\|500\|[0-9a-f]{32}\|/, 'the data are there');

#----------------------------------------------------------------
# Dump and restore
#----------------------------------------------------------------

my $dump = PostgreSQL::Test::Utils::tempdir();
for my $format ('plain', 'custom')
{
	my $zone = $format eq 'plain' ? 'Asia/Tokyo' : 'UTC';
	$node->safe_psql('postgres', "CREATE DATABASE restored_$format; ALTER DATABASE restored_$format SET timezone = '$zone'; ALTER DATABASE restored_$format SET datestyle = 'SQL, DMY';");
	$node->command_ok([ 'pg_dump', "--format=$format", "--file=$dump/$format", 'postgres' ], "pg_dump, $format");
	$node->command_ok(
		$format eq 'plain' ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", "restored_$format" ]
		: [ 'pg_restore', '--exit-on-error', "--dbname=restored_$format", "$dump/custom" ],
		"restore, $format");
	is(all_of($node, "restored_$format"), $want, "$format: all values are the same");
	# under another session zone the rows would be cut otherwise; it is set
	is( $node->safe_psql("restored_$format", q{SET timezone = 'Europe/Paris'; REFRESH MATERIALIZED VIEW CONCURRENTLY fresh; SELECT count(*), bool_and(t = o) FROM fresh JOIN store USING (customer);}),
		'3000|t', "$format: the materialized view");
	is( $node->safe_psql("restored_$format", q{SET enable_seqscan = off; SELECT count(*) FROM (SELECT o FROM store WHERE customer < 10) a JOIN LATERAL (SELECT FROM store b WHERE b.o = a.o) b ON true;}),
		'10', "$format: the index");
}

#----------------------------------------------------------------
# COPY
#----------------------------------------------------------------

for my $format ('text', 'csv', 'binary')
{
	is( $node->safe_psql(
			'postgres', qq{
			COPY store TO '$dump/copy' (FORMAT $format);
			SET timezone = 'America/Los_Angeles'; SET datestyle = 'German, DMY';
			BEGIN; TRUNCATE store; COPY store FROM '$dump/copy' (FORMAT $format); $store; ROLLBACK;}),
		$node->safe_psql('postgres', $store), "COPY, $format");
}

# Every byte of a binary value changed in some ways, and every length: refused
# as damaged, or a value that sends just these bytes.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE kinds AS
	SELECT 'orders' AS name, timeline(at, amount, 'Europe/Paris') AS t
	FROM (VALUES (timestamptz '2024-01-05', 10.5), ('2024-01-05', 1), ('2024-03-01', -200000), ('1999-12-31', 0), ('2024-03-02', 0.000001)) v (at, amount)
	UNION ALL
	SELECT 'levels', timeline(during, amount) FROM (VALUES (daterange('2024-01-05', '2024-02-01'), 10.5), ('[2024-02-01,)', 3), ('[2024-03-01,2024-04-01)', -3)) v (during, amount)
	UNION ALL
	SELECT 'no amounts', timeline(d::date) FROM generate_series(timestamp '2024-01-01', '2024-03-01', '20 days') d
	UNION ALL
	SELECT 'weights', timeline(daterange('2024-01-01', NULL));
	CREATE TABLE back (t timeline);});
my @hex = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', q{SELECT name, encode(timeline_send(t), 'hex') FROM kinds ORDER BY name});
is(scalar @hex, 4, 'four kinds of timelines');
srand(1);
my $mutations = '';
for (@hex)
{
	my ($name, $hex) = @$_;
	my $good = pack('H*', $hex);
	my @bad = ($good);
	for my $i (0 .. length($good) - 1)
	{
		my $byte = ord(substr($good, $i, 1));
		for my $other ($byte ^ 1, $byte ^ 0x80, ($byte + 1) & 255, 0, 255, int(rand(256)))
		{
			push @bad, substr($good, 0, $i) . chr($other) . substr($good, $i + 1) if $other != $byte;
		}
		push @bad, substr($good, 0, $i), substr($good, 0, $i) . substr($good, $i + 1), substr($good, 0, $i) . chr(int(rand(256))) . substr($good, $i);
	}
	push @bad, $good . "\0", $good . $good, "\xff" x 40, '';
	my $i = 0;
	for my $bad (@bad)
	{
		my $file = sprintf('%s/%s.%d', $dump, $name =~ s/ /_/r, $i++);
		append_to_file($file, "PGCOPY\n\xff\r\n\0" . pack('N N n N/a* n', 0, 0, 1, $bad, 0xffff));
	}
	$mutations .= sprintf("('%s', '%s/%s', %d), ", $name, $dump, $name =~ s/ /_/r, $i - 1);
}
$mutations =~ s/, $//;
my $mutated = $node->safe_psql(
	'postgres', qq{
	SET client_min_messages = warning;
	CREATE FUNCTION mutated(path text, last int, OUT first_is_good boolean, OUT accepted int, OUT refused text, OUT wrong text) LANGUAGE plpgsql AS \$\$
	DECLARE
		sent	bytea;
		code	text;
		codes	text[] := '{}';
	BEGIN
		accepted := 0;
		FOR i IN 0 .. last LOOP
			BEGIN
				TRUNCATE back;
				EXECUTE format('COPY back FROM %L (FORMAT binary)', path || '.' || i);
				SELECT timeline_send(t) INTO sent FROM back;
				accepted := accepted + 1;
				IF i = 0 THEN first_is_good := true; END IF;
				IF sent <> substr(pg_read_binary_file(path || '.' || i), 26, octet_length(sent)) OR octet_length(sent) <> octet_length(pg_read_binary_file(path || '.' || i)) - 27
					OR NOT EXISTS (SELECT FROM back WHERE t::text::timeline = t) THEN
					wrong := concat_ws(' ', wrong, i);
				END IF;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
				IF code <> ALL (codes) THEN codes := codes || code; END IF;
			END;
		END LOOP;
		refused := (SELECT string_agg(c, ' ' ORDER BY c) FROM unnest(codes) c);
	END \$\$;
	SELECT name, m.* FROM (VALUES $mutations) v (name, path, last), mutated(path, last) m ORDER BY name;});
note($mutated);
for (split /\n/, $mutated)
{
	my ($name, $first, $accepted, $refused, $wrong) = split /\|/, $_, -1;
	is($first, 't', "$name: binary input");
	like($refused, qr/^(22P03|22P02)( 22P03)?$/, "$name: damaged binary input is refused as such");
	is($wrong, '', "$name: what is accepted is what it says");
}

#----------------------------------------------------------------
# Logical replication, text and binary; a standby
#----------------------------------------------------------------

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', "timezone = 'UTC'\ndatestyle = 'SQL, DMY'\nfsync = off\n");
$subscriber->start;
$node->safe_psql('postgres', 'CREATE PUBLICATION everything FOR TABLE store, matrices, dealt WITH (publish_via_partition_root)');
my $connection = $node->connstr . ' dbname=postgres';
for my $form ('text', 'binary')
{
	my $binary = $form eq 'binary' ? 'true' : 'false';
	$subscriber->safe_psql('postgres', "CREATE DATABASE as_$form");
	$subscriber->safe_psql(
		"as_$form", qq{
		CREATE EXTENSION retention;
		CREATE TABLE store (customer int, o timeline, l timeline);
		CREATE TABLE matrices (name text PRIMARY KEY, m cohort_matrix);
		CREATE TABLE dealt (t timeline);
		CREATE SUBSCRIPTION as_$form CONNECTION '$connection' PUBLICATION everything WITH (binary = $binary)});
}
$subscriber->wait_for_subscription_sync($node, "as_$_", "as_$_") for 'text', 'binary';

# Rows are found by all their columns, timelines among them.
$node->safe_psql(
	'postgres', q{
	UPDATE store SET o = o || more FROM (SELECT timeline(timestamptz '2024-03-01 12:00', 12.34) AS more) x WHERE customer % 10 = 1;
	UPDATE store SET l = NULL WHERE customer % 20 = 2;
	UPDATE store SET l = l || more FROM (SELECT timeline(tstzrange('2024-01-01', NULL), 5) AS more) x WHERE customer % 20 = 4;
	DELETE FROM store WHERE customer % 10 = 5;
	INSERT INTO store SELECT customer + 10000, o, l FROM store WHERE customer % 10 = 6;
	DELETE FROM dealt WHERE t IN (SELECT o FROM store WHERE customer < 10);
	UPDATE matrices SET m = x.m FROM (SELECT rollup(m) AS m FROM (SELECT cohort_matrix(o, 'month') AS m FROM store GROUP BY customer % 3) p) x WHERE name = 'orders';
	DELETE FROM matrices WHERE name = 'levels';});
$want = all_of($node, 'postgres');
like($want, qr/^3000\|/, 'the data have changed') or diag($want);
for my $form ('text', 'binary')
{
	$node->wait_for_catchup("as_$form");
	is(all_of($subscriber, "as_$form"), $want, "logical replication, $form");
}

$node->wait_for_catchup($standby, 'replay');
is(all_of($standby, 'postgres'), $want, 'a standby');
is( $standby->safe_psql(
		'postgres', q{
		SET max_parallel_workers_per_gather = 2;
		SELECT count(*) FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders));
		SELECT md5(cohort_matrix_send(cohort_matrix(t, 'month'))) FROM (SELECT timeline(at, amount) AS t FROM orders GROUP BY customer) x;
		SELECT sum((tenure(o, '2024-01-01') > 30)::int) FROM store;}),
	$node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders));
		SELECT md5(cohort_matrix_send(cohort_matrix(customer, at, amount, 'month'))) FROM orders;
		SELECT sum((tenure(o, '2024-01-01') > 30)::int) FROM store;}),
	'queries on the standby');
$subscriber->safe_psql("as_$_", "DROP SUBSCRIPTION as_$_") for 'text', 'binary';
$subscriber->stop;
$standby->stop;

#----------------------------------------------------------------
# Hash partitions
#----------------------------------------------------------------

my $parallel = q{
	SET enable_partitionwise_aggregate = on;
	SET max_parallel_workers_per_gather = 4;};
for (
	[ 'orders', 'at, amount', 3, q{cohort_matrix(t, 'month')}, q{(SELECT cohort_matrix(customer, at, amount, 'month') FROM orders)} ],
	[ 'plans', 'during, amount', 2, q{cohort_matrix(t, 'week')}, q{(SELECT cohort_matrix(customer, during, amount, 'week') FROM plans)} ],
	[ 'orders', 'at', 3, q{recurring_matrix(t, 'quarter')}, undef ])
{
	my ($table, $arguments, $partitions, $call, $rows) = @$_;
	my $query = "SELECT $call AS m FROM (SELECT timeline($arguments) AS t FROM $table GROUP BY customer) x";
	my $plan = $node->safe_psql('postgres', "$parallel EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $query");
	like($plan, qr/\A\s*Finalize Aggregate\b/, "$call over $table: one last combine");
	is(scalar(() = $plan =~ /Finalize/g), 1, 'and no other');
	is(scalar(() = $plan =~ /Gather/g), 1, 'one gather, below it');
	is(scalar(() = $plan =~ /Partial Aggregate/g), 1, 'a partial matrix in each process');
	is(scalar(() = $plan =~ /Group Key: /g), $partitions, "$partitions groupings");
	like($plan, qr/Gather.*Partial Aggregate.*Parallel Append(.*Group Key: .*Scan on ${table}_\d){$partitions}/s, 'partition by partition, in parallel');
	unlike($plan, qr/Workers Launched: 0/, 'with workers') or diag($plan);

	my $serial = $node->safe_psql('postgres', "SET enable_partitionwise_aggregate = off; SELECT md5(cohort_matrix_send(m)) FROM ($query) y");
	is($node->safe_psql('postgres', "$parallel SELECT md5(cohort_matrix_send(m)) FROM ($query) y"), $serial, 'the serial result');
	is($node->safe_psql('postgres', "$parallel SET parallel_leader_participation = off; SELECT md5(cohort_matrix_send(m)) FROM ($query) y"), $serial, 'without the leader');
	is($node->safe_psql('postgres', "SELECT md5(cohort_matrix_send(m)) FROM (SELECT $rows AS m) y"), $serial, 'and that of the rows') if $rows;
}

# Timelines whose rows lie in several workers' hands.
for my $workers (1, 2, 4)
{
	is( $node->safe_psql(
			'postgres', qq{
			SET max_parallel_workers_per_gather = $workers;
			SET enable_sort = off;
			CREATE TEMP TABLE t AS SELECT customer, timeline(at, amount) AS t FROM orders GROUP BY customer;
			SELECT count(*), bool_and(timeline_send(t.t) = timeline_send(f.t)) FROM t JOIN fresh f USING (customer);}),
		'3000|t', "timelines by $workers workers");
}

$node->stop;
done_testing();
