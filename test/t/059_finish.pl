# Parallel plans whose participants finish what they begin: the same bytes
# whoever gets which rows, however little memory there is, shared or not; and
# nothing stays when a participant is killed while others wait for it.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

# Shared memory is files of the data directory here, so that what stays of it
# can be seen.
my $node = scan_node('finish', "dynamic_shared_memory_type = mmap\nmax_parallel_workers_per_gather = 2", extra => ['--wal-segsize=1']);

# Temporary files, and segments of shared memory but for the server's own, its
# control segment and those of its statistics.
my %own;

sub segments
{
	return grep { /^mmap/ } slurp_dir($node->data_dir . '/pg_dynshmem');
}

sub left_over
{
	return join(' ', (map { "segment $_" } grep { !$own{$_} } segments()), grep { $_ } files_in('base/pgsql_tmp'));
}

sub comes_to_nothing
{
	my ($what) = @_;
	my $left;
	for (1 .. 1000)
	{
		$left = left_over();
		last if $left eq '';
		select(undef, undef, undef, 0.02);
	}
	is($left, '', "nothing stays: $what");
}

sql(q{
	CREATE EXTENSION retention;
	CREATE FUNCTION orders(rows int) RETURNS TABLE (id bigint, key uuid, name text, at timestamp, amount numeric, step int) LANGUAGE sql AS $$
		SELECT c, md5(c::text)::uuid, CASE WHEN c % 9 > 0 THEN 'customer number ' || c END, timestamp '2022-01-01' + n * interval '11 minutes',
			CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN -5 ELSE n % 1000 / 8.0 END, 1 + n % 4
		FROM (SELECT n, abs(hashint4(n)) % (rows / 9 + 1) AS c FROM generate_series(1, rows) n) q $$;
	CREATE TABLE plenty WITH (parallel_workers = 2, fillfactor = 30) AS SELECT * FROM orders(60000);
	CREATE TABLE few WITH (parallel_workers = 2, fillfactor = 10) AS SELECT * FROM orders(40);
	CREATE TABLE one WITH (parallel_workers = 2) AS SELECT * FROM orders(1);
	CREATE TABLE none (LIKE plenty) WITH (parallel_workers = 2);
	CREATE TABLE nobody WITH (parallel_workers = 2) AS SELECT NULL::bigint AS id, NULL::uuid AS key, NULL::text AS name, at, amount, step FROM orders(3000);
	-- what does not fit small entries comes last, to some participant
	CREATE TABLE wide WITH (parallel_workers = 2) AS SELECT * FROM orders(9000);
	INSERT INTO wide VALUES (9000000000000, NULL, repeat('long', 30), '9999-12-31', 7.123456, 1);
	VACUUM ANALYZE plenty, few, one, none, nobody, wide;});

sql("SET max_parallel_workers_per_gather = 0; SELECT cohort_matrix(id, at, amount, 'month') FROM plenty; SELECT count(*) FROM pg_stat_all_tables, pg_stat_activity");
$own{$_} = 1 for segments();

##################################################################
# The same bytes
##################################################################

my @aggregates = (
	"cohort_matrix(id, at, amount, 'month')",
	"cohort_matrix(key, at, amount, 'week'), customer_movements(key, at, amount, 'month')",
	"cohort_matrix(name, at, 'day'), recurring_matrix(name, at, 'day')",
	"customer_movements(id, at, amount, 'month', 2), cohort_matrix(id, at - interval '9 days', at, amount, '30 days since start')",
	"cohort_matrix(id, tsrange(at, at + interval '40 days'), amount, 'month'), customer_movements(id, tsrange(at, at + interval '40 days'), amount, 'month')",
	"funnel(id, at, step, '30 days'), funnel(name, at, ARRAY[step = 1, amount > 50], '9 days', 'strictly increasing')",
	"funnel(key, at, step, '900 hours', 'default', 'month'), check_events(id, at, amount, '2026-01-01')",
	"journey(id, at, 'place ' || step, '20 days'), journey(name, at, name, '20 days')",
	"recurring_matrix(id, at, at, amount, 'month', 2)");

my %sets = (
	'as it is' => '',
	'one worker' => 'SET max_parallel_workers_per_gather = 1;',
	'four workers' => 'ALTER TABLE %T SET (parallel_workers = 4); SET max_parallel_workers_per_gather = 4;',
	'no leader' => 'SET parallel_leader_participation = off;',
	'no workers' => 'SET max_parallel_workers = 0;',
	'by files' => "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;");

for my $table (qw(plenty few one none nobody wide))
{
	for my $aggregates (@aggregates)
	{
		my $query = "SELECT md5(record_send(q)::text) FROM (SELECT $aggregates FROM $table OFFSET 0) q;";
		my $expected = sql("SET max_parallel_workers_per_gather = 0; SET retention.scan = off; $query");
		my @different;
		for my $name (sort keys %sets)
		{
			my $set = $sets{$name} =~ s/%T/$table/r;
			push @different, $name if sql("BEGIN; $set $query ROLLBACK;") ne $expected;
		}
		is(join(', ', @different), '', "$table: $aggregates");
	}
}
my $matrix = "SELECT cohort_matrix(key, at, amount, 'week') FROM plenty";
like(sql("EXPLAIN (ANALYZE, COSTS off) $matrix"), qr/Parallel Custom Scan \(RetentionScan\).*Parts Finished: \d/s, 'parts');
like(sql("$sets{'by files'} EXPLAIN (ANALYZE, COSTS off) $matrix"), qr/Parallel Custom Scan \(RetentionScan\).*Tapes Finished: \d/s, 'tapes of files');

# Two states of one query, one of which is too large for memory.
my $mixed = "SELECT md5(record_send(q)::text) FROM (SELECT cohort_matrix(key, at, amount, 'week'), cohort_matrix(step, at, amount, 'month') FROM plenty OFFSET 0) q;";
is(sql("$sets{'by files'} $mixed"), sql("SET max_parallel_workers_per_gather = 0; SET retention.scan = off; $mixed"), 'one by files, one in memory');

# Gather is run several times, each time by other processes
my $again = "SELECT md5(string_agg(record_send(q)::text, '')) FROM (SELECT s, m FROM generate_series(1, 4) s
	LEFT JOIN (SELECT cohort_matrix(key, at, amount, 'week') AS m FROM plenty OFFSET 0) x ON x.m IS NOT NULL OR s IS NULL) q;";
my $nothing_kept = 'SET enable_material = off; SET enable_memoize = off;';
for my $set ('', $sets{'by files'}, $sets{'no leader'})
{
	is(sql("$nothing_kept $set $again"), sql("SET retention.scan = off; $again"), "once more: $set");
}
like(sql("$nothing_kept EXPLAIN (ANALYZE, COSTS off, TIMING off) $again"), qr/Gather \(actual rows=3(\.00)? loops=4\).*RetentionScan/s, 'four times');

# and what a run needs is given back before the next one
my $kept = "SELECT max(bytes) FROM generate_series(1, %d) s
	LEFT JOIN (SELECT cohort_matrix(id, at, amount, 'week') AS m, journey(id, at, 'place ' || step, '20 days') FROM few OFFSET 0) x ON x.m IS NOT NULL OR s IS NULL
	CROSS JOIN LATERAL (SELECT CASE WHEN s = %1\$d THEN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name ~ 'ExecutorState|retention') END AS bytes OFFSET 0) y";
cmp_ok(sql("$nothing_kept " . sprintf($kept, 110)) - sql("$nothing_kept " . sprintf($kept, 10)), '<', 100 * 500, 'memory of a hundred runs more');

# Somebody's own aggregate over such a state may finish it in another way: here
# it is stored, and must be one that can be added to.
sql(q{CREATE AGGREGATE stored(customer "any", at "any", amount "any", grain grain) (SFUNC = ledger_transition, STYPE = internal, FINALFUNC = ledger_serialize,
	COMBINEFUNC = ledger_combine, SERIALFUNC = ledger_serialize, DESERIALFUNC = ledger_deserialize, PARALLEL = SAFE)});
for my $aggregates ("stored(id, at, amount, 'month')", "stored(id, at, amount, 'month'), cohort_matrix(id, at, amount, 'month')")
{
	my $query = "SELECT md5(record_send(q)::text) FROM (SELECT $aggregates FROM plenty OFFSET 0) q;";
	is(sql($query), sql("SET retention.scan = off; $query"), $aggregates);
}

# errors of final functions are those of a plan without workers
my ($code, $out, $err) = $node->psql('postgres', "SELECT recurring_matrix(id, tsrange(at, at), amount, 'month') FROM plenty");
like($err, qr/a recurring matrix over rows goes with events, not with ranges/, 'an error at the end');
comes_to_nothing('after all of these');

##################################################################
# Too little shared memory
##################################################################

# No file of a new process may have more than 700 kB, which is less than the
# smallest segment that is asked for.
SKIP:
{
	my $pid = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	skip 'no prlimit here', 3 if system("prlimit --version >/dev/null 2>&1") != 0 || system("prlimit --pid $pid --fsize=700000:") != 0;
	for my $aggregate ("cohort_matrix(key, at, amount, 'week')", "journey(id, at, 'place ' || step, '20 days')")
	{
		# (PostgreSQL itself needs some for rows without a type)
		my $query = "SELECT md5(($aggregate)::text) FROM plenty WHERE amount > 95;";
		is(sql($query), sql("SET max_parallel_workers_per_gather = 0; SET retention.scan = off; $query"), "no shared memory: $aggregate");
	}
	like(sql("EXPLAIN (ANALYZE, COSTS off) $matrix WHERE amount > 95"), qr/Parallel Custom Scan \(RetentionScan\).*Tapes Finished: \d/s, 'files take its place');
	system("prlimit --pid $pid --fsize=unlimited:");
	comes_to_nothing('without shared memory');
}

##################################################################
# Killed while others wait
##################################################################

# Nobody goes on with the first row before there is a file, so that all have
# begun; and one row holds up whoever gets it until there is another.
my $start = $node->data_dir . '/start';
my $gate = $node->data_dir . '/gate';
sql(q{
	CREATE FUNCTION passes(n bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1 AS $$
	BEGIN
		WHILE (pg_stat_file(CASE WHEN n = 4711 THEN 'gate' ELSE 'start' END, true)).size IS NULL LOOP
			PERFORM pg_sleep(0.01);
		END LOOP;
		RETURN true;
	END $$;
	CREATE TABLE gated WITH (parallel_workers = 2) AS SELECT * FROM orders(20000);
	UPDATE gated SET id = 5 WHERE id = 4711;
	INSERT INTO gated SELECT 4711, NULL, NULL, '2023-01-01', 1, 1;
	INSERT INTO gated SELECT * FROM orders(20000);
	UPDATE gated SET id = 5 WHERE id = 4711 AND at <> '2023-01-01';
	VACUUM ANALYZE gated;});
my $gated = "SELECT md5(cohort_matrix_send(cohort_matrix(id, at, amount, 'week'))) FROM gated WHERE passes(id)";
my $waits = "application_name = 'gated' AND wait_event_type = 'Extension'";
my $held = "application_name = 'gated' AND state = 'active' AND wait_event = 'PgSleep'";
append_to_file($_, 'x') for $start, $gate;
my $right = sql("SET max_parallel_workers_per_gather = 0; SET retention.scan = off; $gated");
unlink $start, $gate;

# What is done to whom, and whether the query then fails.
my @attempts = (
	[ 'nothing', undef, 0 ],
	[ 'a worker that waits is terminated', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND $waits LIMIT 1", 1 ],
	[ 'who is waited for is terminated', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $held", 1 ],
	[ 'the leader is cancelled', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = 'gated'", 1 ],
	[ 'the leader is terminated', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = 'gated'", 1 ],
	[ 'a worker that waits is cancelled', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND $waits LIMIT 1", 1 ]);

for my $files (0, 1)
{
	my $set = "SET max_parallel_workers_per_gather = 2;" . ($files ? $sets{'by files'} : '');
	for my $attempt (@attempts)
	{
		my ($what, $action, $fails) = @$attempt;
		my ($out, $err) = ('', '');
		my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres'), '-c', "$set SET application_name = 'gated'", '-c', $gated ],
			'<', \undef, '>', \$out, '2>', \$err,
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		ok($node->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_stat_activity WHERE $held"), 'three have begun');
		append_to_file($start, 'x');
		# the leader may be who is held up
		ok($node->poll_query_until('postgres', "SELECT count(*) FILTER (WHERE $waits) = 2 AND count(*) FILTER (WHERE $held) = 1 FROM pg_stat_activity"),
			"two wait for one, files $files: $what");
		sql($action) if defined $action;
		if ($fails)
		{
			# who waits for somebody is told before the gate opens
			$psql->finish;
			like($err, qr/ERROR|FATAL|terminat|connection/, "the query fails, files $files: $what");
			append_to_file($gate, 'x');
		}
		else
		{
			append_to_file($gate, 'x');
			$psql->finish;
			is($out, "$right\n", "the query ends, files $files: $what");
		}
		comes_to_nothing("files $files: $what");
		is(sql("$set $gated"), $right, "and the next one is right, files $files: $what");
		unlink $start, $gate;
	}
}
# However many states there are, they share the segments of their process, of
# which the server has few.
{
	my $states = join ', ', map { "cohort_matrix(id + $_, at, amount, 'week')" } 1 .. 12;
	my ($out, $err) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres'), '-c', "SET max_parallel_workers_per_gather = 2; SET application_name = 'gated'",
			'-c', "SELECT length(record_send(q)::text) > 0 FROM (SELECT $states FROM gated WHERE passes(id) OFFSET 0) q" ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	ok($node->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_stat_activity WHERE $held"), 'three have begun');
	append_to_file($start, 'x');
	ok($node->poll_query_until('postgres', "SELECT count(*) FILTER (WHERE $waits) = 2 FROM pg_stat_activity"), 'two wait');
	my $segments = grep { !$own{$_} } segments();
	cmp_ok($segments, '<', 20, 'and have few segments');
	append_to_file($gate, 'x');
	$psql->finish;
	is($out, "t\n", 'the query ends');
	comes_to_nothing('many states');
}
is(sql('SELECT count(*) FROM pg_locks WHERE relation IS NOT NULL AND pid <> pg_backend_pid()'), 0, 'no lock stays');

$node->stop;
done_testing();
