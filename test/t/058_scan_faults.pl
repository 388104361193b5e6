# The scan that feeds an aggregate where something goes wrong: a worker or the
# leader killed by its pid in each phase, temporary space that ends, settings
# that are none, a library and a script of different versions.  An error, and
# nothing stays: no file, no segment of shared memory, no lock.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

# Segments of shared memory are files of this cluster alone.
my $node = scan_node('faults', "dynamic_shared_memory_type = mmap\nrestart_after_crash = on");

# A query that runs meanwhile.
sub begin_query
{
	my %run = (out => '', err => '');
	$run{psql} = IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres'), map { ('-c', $_) } split /;/, $_[0] ],
		'<', \undef, '>', \$run{out}, '2>', \$run{err});
	return \%run;
}

sub end_query
{
	my ($run) = @_;
	$run->{psql}->finish;
	chomp $run->{out};
	return outcome($run->{out}, $run->{err});
}

# Not restart: that starts what the server says it is, past a lane's wrapper.
sub start_again
{
	$node->stop;
	$node->start;
}

# A query that runs meanwhile, and its workers.
my $marked = 'application_name = $$marked$$ OR leader_pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = $$marked$$)';

##################################################################
# Data, and a gate that a process waits at in the middle of its scan
##################################################################

sql(q{
	CREATE EXTENSION retention;
	CREATE TABLE many WITH (parallel_workers = 2) AS
	SELECT n, hashint8extended(n, 0) AS id, timestamp '2020-01-01' + (n % 100003) * interval '97 seconds' AS at, n % 1000 / 8.0 AS amount
	FROM generate_series(1, 200000) n;
	VACUUM ANALYZE many;

	-- Waits while there is no file "gate", in a process of the kind that the
	-- setting faults.who names.
	CREATE FUNCTION waits() RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	DECLARE
		kind text := (SELECT CASE backend_type WHEN 'parallel worker' THEN 'worker' ELSE 'leader' END
			FROM pg_stat_get_activity(pg_backend_pid()));
	BEGIN
		WHILE current_setting('faults.who') IN (kind, 'all') AND (pg_stat_file('gate', true)).size IS NULL LOOP
			PERFORM pg_sleep(0.01);
		END LOOP;
		RETURN true;
	END $$;
	CREATE FUNCTION gate(n int) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN RETURN waits(); END $$;});

my $gate = $node->data_dir . '/gate';
sub open_gate { append_to_file($gate, 'open') }
sub shut_gate { unlink $gate }

# Of all rows, and of those behind the gate: every process comes to it, or one.
my $matrix = q{SELECT md5(cohort_matrix_send(cohort_matrix(id, at, amount, 'day'))) FROM many};
my $right = sql("SET retention.scan = off; $matrix");
my $right_groups = sql(q{SET retention.scan = off; SELECT md5(string_agg(m, '' ORDER BY g))
	FROM (SELECT amount AS g, cohort_matrix_send(cohort_matrix(id, at, amount, 'week')) AS m FROM many GROUP BY amount) q});
my %query = (
	every => "$matrix WHERE n % 5000 <> 77 OR gate(n);",
	one => "$matrix WHERE n <> 100000 OR gate(n);",
	groups => q{SELECT md5(string_agg(m, '' ORDER BY g)) FROM (SELECT amount AS g, cohort_matrix_send(cohort_matrix(id, at, amount, 'week')) AS m
		FROM many WHERE n % 5000 <> 77 OR gate(n) GROUP BY amount) q;});
my $little = "SET work_mem = '256kB'; SET hash_mem_multiplier = 1;";
my $workers = 'SET max_parallel_workers_per_gather = 2;';
my $no_leader = "$workers SET parallel_leader_participation = off;";
my $name = 'SET application_name = marked;';

my $segments = files_in('pg_dynshmem');

my $asleep = q{wait_event = 'PgSleep'};
my $is_worker = q{backend_type = 'parallel worker'};
my $is_leader = q{backend_type = 'client backend' AND application_name = 'marked'};
# A worker that has nothing to do but wait for another process.
my $handing = q{wait_event_type IN ('IPC', 'Extension')};

# After a query: nothing of it is there, and the next one is right.
sub clean
{
	my ($what) = @_;
	$node->poll_query_until('postgres', qq{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker' OR $marked})
	  or diag "processes stay: $what";
	my $left = join('; ', grep { $_ ne '' } files_in('base/pgsql_tmp'),
		files_in('pg_dynshmem') eq $segments ? '' : 'segments ' . files_in('pg_dynshmem'),
		sql(q{SELECT string_agg(l::text, ' ') FROM pg_locks l WHERE pid IS DISTINCT FROM pg_backend_pid()}));
	is($left, '', "nothing stays: $what");
	shut_gate();
}

# Processes, those that wait at the gate first.
sub pids
{
	return grep { /\d/ } split /\n/, sql("SELECT pid FROM pg_stat_activity WHERE $_[0] ORDER BY ($asleep) IS NOT TRUE, pid");
}

for my $set ('', $workers, $no_leader)
{
	open_gate();
	for my $which ('every', 'one')
	{
		my $plan = sql("SET faults.who = 'all'; $set EXPLAIN (COSTS off) $query{$which}");
		like($plan, qr/RetentionScan/, "a scan: $which: $set");
		like($plan, qr/Gather/, 'in workers') if $set ne '';
		is(sql("SET faults.who = 'all'; $little $set $query{$which}"), $right, 'and all rows');
	}
	like(sql("SET faults.who = ''; $set EXPLAIN (COSTS off) $query{groups}"), qr/RetentionScan/, "a scan of groups: $set");
	is(sql("SET faults.who = ''; $little $set $query{groups}"), $right_groups, 'and all groups');
	clean('what went well');
}

##################################################################
# Killed by the pid
##################################################################

# Where the processes stand when one is killed, and when they have come there.
my @phases = (
	[ 'one process, scanning', '', 'all', 'every', "SELECT count(*) = 1 FROM pg_stat_activity WHERE $is_leader AND $asleep" ],
	[ 'all scanning', $workers, 'all', 'every', "SELECT count(*) = 3 FROM pg_stat_activity WHERE ($is_leader OR $is_worker) AND $asleep" ],
	[ 'workers scanning, the leader waits', $no_leader, 'all', 'every', "SELECT count(*) = 2 FROM pg_stat_activity WHERE $is_worker AND $asleep" ],
	[ 'one worker scanning, the other has all it can have', $no_leader, 'all', 'one',
		"SELECT count(*) FILTER (WHERE $asleep) = 1 AND count(*) FILTER (WHERE NOT ($asleep OR $handing) OR wait_event IS NULL) = 0 FROM pg_stat_activity WHERE $is_worker" ],
	[ 'the leader scanning, workers hand up', $workers, 'leader', 'every',
		"SELECT count(*) FILTER (WHERE $is_leader AND $asleep) = 1 AND count(*) FILTER (WHERE $is_worker AND ($handing) IS NOT TRUE) = 0 FROM pg_stat_activity" ]);

for my $phase (@phases)
{
	my ($where, $set, $who, $which, $there) = @$phase;
	for my $memory ('', $little)
	{
		for my $kill ([ 'pg_terminate_backend', '57P01' ], [ 'pg_cancel_backend', '57014' ])
		{
			for my $victim ($set eq '' ? 'leader' : ('worker', 'leader'))
			{
				my $what = "$where, $kill->[0], $victim" . ($memory eq '' ? '' : ', little memory');
				my $run = begin_query("$name SET faults.who = '$who'; $memory $set $query{$which}");
				$node->poll_query_until('postgres', $there) or diag "never there: $what";
				my ($pid) = pids($victim eq 'leader' ? $is_leader : $is_worker);
				if (defined $pid)
				{
					sql("SELECT $kill->[0]($pid)");
					# One that waits for a process behind the gate is not to wait for it.
					is(end_query($run), $kill->[1], $what);
				}
				else
				{
					open_gate();
					is(end_query($run), $right, "$what: none is there any more");
				}
				clean($what);
			}
		}
	}
}

# Anywhere: behind the gate at some part of the time that a run takes, to its end,
# where states are put together.  It may be over by then.
my %ended;
srand(58);
for my $case ([ $workers, 'every' ], [ $no_leader, 'every' ], [ $workers, 'groups' ])
{
	my ($set, $which) = @$case;
	my $wanted = $which eq 'groups' ? $right_groups : $right;
	open_gate();
	my ($whole) = sql("SET faults.who = 'all'; $little $set EXPLAIN (ANALYZE, TIMING off) $query{$which}") =~ /Execution Time: ([\d.]+)/;
	shut_gate();
	for my $part (1 .. 24)
	{
		my ($kill, $state) = @{ ([ 'pg_terminate_backend', '57P01' ], [ 'pg_cancel_backend', '57014' ])[ int(rand(2)) ] };
		my $victim = $part % 4 < 3 ? $is_worker : $is_leader;
		my $run = begin_query("$name SET faults.who = 'all'; $little $set $query{$which}");
		$node->poll_query_until('postgres', "SELECT count(*) >= 2 FROM pg_stat_activity WHERE ($is_worker OR $is_leader) AND $asleep");
		my $wait = $whole / 1000 * $part / 20;
		sql("COPY (SELECT 'open') TO '$gate'; SELECT pg_sleep($wait); SELECT $kill(pid) FROM pg_stat_activity WHERE $victim LIMIT 1");
		my $end = end_query($run);
		ok($end eq $wanted || $end eq $state, "a kill anywhere, $part: $which, $set") or diag $end;
		$ended{ $end eq $wanted ? 'done' : $end }++;
		clean("a kill anywhere, $part: $which, $set");
	}
}
note join(', ', map { "$_: $ended{$_}" } sort keys %ended);

# A worker that is not asked takes all with it, but for what is stored.
{
	my $run = begin_query("$name SET faults.who = 'all'; $little $workers $query{every}");
	$node->poll_query_until('postgres', $phases[1][4]);
	my ($pid) = pids($is_worker);
	is(kill('KILL', $pid), 1, 'a worker is killed without notice');
	isnt(end_query($run), $right, 'the query fails');
	$node->poll_query_until('postgres', 'SELECT true');
	# the server has started again, with other segments
	$segments = files_in('pg_dynshmem');
	is(sql("$little $workers $matrix"), $right, 'the server is up again');
	clean('a crash');
}

##################################################################
# Temporary space that ends
##################################################################

# In each phase: with every limit an error, or with enough of it the result.
open_gate();
for my $set ('', $workers, $no_leader)
{
	my %states;
	for my $limit (map { 2**$_ } 5 .. 14)
	{
		my $end = state_of("SET faults.who = ''; $little $set SET temp_file_limit = '${limit}kB'; $matrix");
		ok($end eq $right || $end eq '53400', "temp_file_limit $limit kB: $set") or diag $end;
		$states{$end}++;
		clean("temp_file_limit $limit kB: $set");
	}
	is(join(' ', sort keys %states), join(' ', sort $right, '53400'), "too little, and enough: $set");
}

##################################################################
# The setting
##################################################################

my $plan = "EXPLAIN (COSTS off) $matrix";
my $is_scan = qr/RetentionScan/;

# What is no truth value.
is(state_of("SET retention.scan = $_"), '22023', "retention.scan = $_") for 'maybe', '2', "''", '0.5', 'NaN', "'on '";
is(state_of('SET retention.scam = on'), '42602', 'a misspelt setting');
is(sql("SET retention.scan = $_; SHOW retention.scan"), 'on', "on: $_") for 'yes', 'tr', '1', 'DEFAULT';
is(sql("SET retention.scan = $_; SHOW retention.scan"), 'off', "off: $_") for 'n', 'FALSE', '0', 'of';

# Until when it holds.
unlike(sql("BEGIN; SET LOCAL retention.scan = off; $plan; COMMIT"), $is_scan, 'SET LOCAL');
like(sql("BEGIN; SET LOCAL retention.scan = off; COMMIT; $plan"), $is_scan, 'it ends with the transaction');
like(sql("BEGIN; SET retention.scan = off; ROLLBACK; $plan"), $is_scan, 'SET of a transaction that failed');
like(sql("BEGIN; SAVEPOINT s; SET LOCAL retention.scan = off; ROLLBACK TO s; $plan; COMMIT"), $is_scan, 'and of a part of one');
sql(qq{CREATE FUNCTION planned() RETURNS text LANGUAGE plpgsql SET retention.scan = off AS \$\$
	DECLARE line text; plan text := ''; BEGIN FOR line IN EXECUTE \$q\$$plan\$q\$ LOOP plan := plan || line; END LOOP; RETURN plan; END \$\$});
unlike(sql('SELECT planned()'), $is_scan, "a function's setting");
like(sql("SELECT planned() IS NULL; $plan"), $is_scan, 'it ends with the function');

# For a role and for a database; a plain user may.
sql(q{CREATE ROLE plain LOGIN; GRANT SELECT ON many TO plain; CREATE DATABASE other;});
my @as_plain = (extra_params => [ '-U', 'plain' ]);
my ($code, $out, $err) = $node->psql('postgres', "SELECT 'x' FROM (SELECT grain 'day') q; ALTER ROLE plain SET retention.scan = off; $plan", @as_plain);
like($out, $is_scan, 'before the next session');
is($err, '', 'anybody may');
unlike($node->safe_psql('postgres', $plan, @as_plain), $is_scan, "a role's setting");
like($node->safe_psql('postgres', "SET retention.scan = on; $plan", @as_plain), $is_scan, 'it may be changed');
is(($node->psql('postgres', 'ALTER ROLE plain SET retention.scan = maybe', @as_plain))[0], 3, 'no truth value for a role');
sql('ALTER ROLE plain RESET ALL; ALTER DATABASE postgres SET retention.scan = off');
unlike(sql($plan), $is_scan, "a database's setting");
is($node->safe_psql('other', 'SHOW retention.scan'), 'on', 'others have theirs');
sql('ALTER DATABASE postgres RESET retention.scan');

# Where the library is not there yet nobody can tell; then there is a warning and
# the default.
($code, $out, $err) = $node->psql('postgres', "SHOW retention.scan; LOAD 'retention'; SHOW retention.scan",
	connstr => $node->connstr('postgres') . " options='-c session_preload_libraries= -c retention.scan=maybe'");
is($out, "maybe\non", 'a value from before the library');
like($err, qr/WARNING:.*"retention\.scan"/, 'it is told');
$node->append_conf('postgresql.conf', 'retention.scan = maybe');
start_again();
($code, $out, $err) = $node->psql('postgres', "SHOW retention.scan; $plan");
like($out, qr/^on\b.*RetentionScan/s, 'no truth value in postgresql.conf');
$node->append_conf('postgresql.conf', 'retention.scan = off');
start_again();
unlike(sql($plan), $is_scan, 'off in postgresql.conf');
$node->append_conf('postgresql.conf', 'retention.scan = on');
start_again();

# A library that is not there: no session, until the name is taken out.
sql(q{ALTER DATABASE other SET session_preload_libraries = 'retention_that_is_not_there'});
($code, $out, $err) = $node->psql('other', 'SELECT 1');
like($err, qr/could not access file "retention_that_is_not_there"/, 'no session without the file');
sql('ALTER DATABASE other RESET session_preload_libraries');
is($node->safe_psql('other', 'SELECT 1'), 1, 'and then again');

# Changed between PREPARE and EXECUTE, with plans that are kept and that are not.
for my $mode ('force_custom_plan', 'force_generic_plan')
{
	for my $set ('', $workers)
	{
		is(sql(qq{SET plan_cache_mode = $mode; $set PREPARE p(int) AS $matrix WHERE n > \$1;
			EXECUTE p(0); SET retention.scan = off; EXECUTE p(0); SET retention.scan = on; EXECUTE p(0); DEALLOCATE p;
			SET retention.scan = off; PREPARE p(int) AS $matrix WHERE n > \$1; EXECUTE p(0); SET retention.scan = on; EXECUTE p(0)}),
			join("\n", ($right) x 5), "between PREPARE and EXECUTE: $mode $set");
	}
}
# Flipped in the life of a cursor: before its first row, and between its rows.
for my $to ('on', 'off')
{
	my $from = $to eq 'on' ? 'off' : 'on';
	is(sql(qq{BEGIN; SET retention.scan = $from; DECLARE c CURSOR FOR $matrix; SET retention.scan = $to; FETCH c; FETCH c; COMMIT}), $right, "a cursor, then $to");
	is(sql(qq{SET retention.scan = $from; BEGIN; DECLARE c CURSOR WITH HOLD FOR $matrix; SET retention.scan = $to; COMMIT; FETCH c}), $right, "a cursor that is held, then $to");
	is(sql(qq{BEGIN; SET retention.scan = $from; DECLARE c CURSOR FOR SELECT s, (SELECT customer_movements(id, at, amount, 'month') FROM many WHERE n % 50 = s) FROM generate_series(1, 4) s;
		MOVE 1 FROM c; SET retention.scan = $to; FETCH 1 FROM c; SET retention.scan = $from; FETCH 2 FROM c; COMMIT}),
		sql(q{SET retention.scan = off; SELECT s, (SELECT customer_movements(id, at, amount, 'month') FROM many WHERE n % 50 = s) FROM generate_series(2, 4) s}),
		"between the rows of a cursor: $to");
}

$node->stop;
done_testing();
