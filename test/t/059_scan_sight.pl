# What the scan that feeds an aggregate sees: rows of other transactions and of
# its own, on a standby too, no more than the caller may read; and what is told
# of it: counters, plans, statements.  All as without it.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

my $node = scan_node('sight', "max_prepared_transactions = 4\nwal_receiver_status_interval = 1", allows_streaming => 1);
my $modules = $node->config_data('--pkglibdir');
my @told = grep { -e "$modules/$_.so" } 'pg_stat_statements', 'auto_explain';
$node->append_conf('postgresql.conf', "shared_preload_libraries = '" . join(', ', @told) . "'");
$node->stop;
$node->start;

##################################################################
# Sessions that are open meanwhile
##################################################################

sub session
{
	my ($of) = @_;
	my %s = (in => '', out => '', err => '', n => 0);
	$s{psql} = IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate', '-d', ($of // $node)->connstr('postgres') ],
		'<', \$s{in}, '>', \$s{out}, '2>', \$s{err}, IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default));
	return \%s;
}

# What statements say, or the state of the last one's error.
sub ask
{
	my ($s, $sql) = @_;
	my $mark = 'said ' . ++$s->{n};
	@$s{ 'out', 'err' } = ('', '');
	$s->{in} .= "$sql;\n\\echo $mark :SQLSTATE\n";
	$s->{psql}->pump until $s->{out} =~ /^$mark (\w+)$/m;
	my $state = $1;
	my $said = $s->{out} =~ s/^$mark.*\n//mr;
	chomp $said;
	return $state eq '00000' ? $said : $state;
}

sub leave
{
	my ($s) = @_;
	$s->{in} .= "\\q\n";
	$s->{psql}->finish;
}

# The matrix in each plan, with the scan and without, in the same session: all
# are the same, and this is it.
my $matrix = 'SELECT md5(cohort_matrix_send(cohort_matrix(id, at, amount, $$day$$))) FROM seen';
my $groups = q{SELECT md5(string_agg(coalesce(g, -1) || m, '' ORDER BY g)) FROM (SELECT id % 40 AS g, cohort_matrix_send(cohort_matrix(id, at, amount, 'week'))::text AS m FROM seen GROUP BY id % 40) q};
sub seen
{
	my ($s, $query) = @_;
	my %said;
	for my $scan ('on', 'off')
	{
		for my $workers (0, 2)
		{
			$said{ ask($s, "SET LOCAL retention.scan = $scan; SET LOCAL max_parallel_workers_per_gather = $workers; " . ($query // $matrix)) }++;
		}
	}
	# ... and in all plans the groups are, too
	return defined $query ? join(' ', keys %said) : join(' ', keys %said) . (seen($s, $groups) =~ / / ? ' groups differ' : '');
}
sub plainly { return sql("SET retention.scan = off; $matrix") }

sql(q{
	CREATE EXTENSION retention;
	CREATE TABLE seen (n int PRIMARY KEY, id int, at date, amount numeric) WITH (parallel_workers = 2, fillfactor = 80);
	INSERT INTO seen SELECT n, n % 700, date '2024-01-01' + n % 300, n % 90 / 4.0 FROM generate_series(1, 10000) n;
	CREATE TABLE other (LIKE seen) WITH (parallel_workers = 2);
	INSERT INTO other SELECT * FROM seen;
	VACUUM ANALYZE seen, other;});
like(sql("EXPLAIN $_"), qr/RetentionScan/, "by the scan: $_") for $matrix, $groups;

##################################################################
# Other transactions, and one's own
##################################################################

my ($a, $b) = (session(), session());
for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $before = plainly();
	ask($a, "BEGIN ISOLATION LEVEL $level");
	is(seen($a), $before, "$level: at first");
	ask($b, 'BEGIN; UPDATE seen SET amount = amount + 1 WHERE n % 11 = 3; DELETE FROM seen WHERE n % 101 = 5; INSERT INTO seen SELECT max(n) + 1, 3, $$2024-02-02$$, 5 FROM seen');
	is(seen($a), $before, "$level: changed by one that has not ended");
	ask($b, 'COMMIT');
	my $after = plainly();
	isnt($after, $before, 'something has changed');
	is(seen($a), $level eq 'READ COMMITTED' ? $after : $before, "$level: changed by one that has ended");
	ask($b, 'VACUUM seen');
	is(seen($a), $level eq 'READ COMMITTED' ? $after : $before, "$level: vacuumed");
	ask($a, 'COMMIT');
}

# A cursor sees what was there when it was opened, whatever happens between its
# rows; its first row is the first time that the table is read.
for my $scan ('on', 'off')
{
	for my $level ('READ COMMITTED', 'REPEATABLE READ')
	{
		my $rows = 'SELECT s, (SELECT md5(cohort_matrix_send(cohort_matrix(id, at, amount, $$day$$))) FROM seen WHERE n % 3 = s) FROM generate_series(0, 2) s';
		my $before = sql("SET retention.scan = off; $rows");
		ask($a, "BEGIN ISOLATION LEVEL $level; SET LOCAL retention.scan = $scan; DECLARE c CURSOR FOR $rows");
		ask($b, 'UPDATE seen SET amount = amount + 2 WHERE n % 7 = 3; DELETE FROM seen WHERE n % 103 = 5; VACUUM seen');
		my $got = ask($a, 'FETCH 1 FROM c');
		ask($a, 'UPDATE seen SET amount = amount - 1 WHERE n % 5 = 3; DELETE FROM seen WHERE n % 107 = 5') if $level eq 'READ COMMITTED';
		ask($b, 'DELETE FROM seen WHERE n % 109 = 7') if $level ne 'READ COMMITTED';
		$got .= "\n" . ask($a, 'FETCH 2 FROM c');
		is($got, $before, "the rows of a cursor: $level, $scan");
		ask($a, 'COMMIT');
	}
}

# Its own rows, those of subtransactions, combo cids, rows locked and changed.
ask($a, 'BEGIN');
my @steps = (
	'UPDATE seen SET amount = 9.5 WHERE n % 37 = 0', 'INSERT INTO seen SELECT 200000 + n, n, $$2024-05-05$$, n FROM generate_series(1, 500) n',
	'UPDATE seen SET amount = 3 WHERE n > 200100; DELETE FROM seen WHERE n > 200300',
	'SAVEPOINT s; DELETE FROM seen WHERE n % 29 = 0', 'ROLLBACK TO s', 'UPDATE seen SET amount = amount + 1 WHERE n > 200000; SAVEPOINT t',
	'DELETE FROM seen WHERE n BETWEEN 200050 AND 200060; RELEASE t', 'SELECT count(*) FROM (SELECT FROM seen WHERE n < 300 FOR UPDATE) q',
	'SELECT count(*) FROM (SELECT FROM seen WHERE n < 600 FOR SHARE) q; SAVEPOINT u; UPDATE seen SET amount = 1 WHERE n < 100', 'ROLLBACK TO u');
my %stages;
for my $step (@steps)
{
	ask($a, $step);
	my $seen = seen($a);
	like($seen, qr/^\w{32}$/, "with the scan as without: $step");
	$stages{$seen}++;
}
cmp_ok(scalar(keys %stages), '>', 4, 'these are different');
# a function sees what its query's command has done so far
ask($a, 'CREATE FUNCTION pg_temp.during() RETURNS text LANGUAGE sql VOLATILE AS $f$ SELECT md5(cohort_matrix(id, at, amount, $$day$$)::text) FROM seen $f$; SAVEPOINT v');
is(seen($a, 'WITH gone AS (DELETE FROM seen WHERE n < 50 RETURNING n) SELECT count(*), min(m) = max(m) FROM gone, pg_temp.during() m; ROLLBACK TO v') =~ /^\d+\|t$/ ? 1 : 0,
	1, 'in a command that writes');
ask($a, 'ROLLBACK');

# A transaction that has failed, one that is prepared, and then is committed.
my $before = plainly();
ask($b, 'BEGIN; DELETE FROM seen WHERE n % 13 = 0; INSERT INTO seen VALUES (300000, 1, now(), 1); ROLLBACK');
ask($b, 'BEGIN; UPDATE seen SET id = id + 1 WHERE n % 17 = 0; INSERT INTO seen VALUES (300001, 1, now(), 1); PREPARE TRANSACTION $$kept$$');
ask($a, 'BEGIN');
is(seen($a), $before, 'failed and prepared');
ask($a, 'COMMIT');
ask($b, 'COMMIT PREPARED $$kept$$');
isnt(plainly(), $before, 'committed');
ask($a, 'BEGIN');
is(seen($a), plainly(), 'as without');
ask($a, 'COMMIT');

# Write skew: each reads all and writes what the other has read.
for my $workers (0, 2)
{
	for my $scan ('on', 'off')
	{
		for my $s ($a, $b)
		{
			ask($s, "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL retention.scan = $scan; SET LOCAL max_parallel_workers_per_gather = $workers");
			like(ask($s, $matrix), qr/^\w{32}$/, 'all is read');
		}
		is(sql(q{SELECT count(DISTINCT virtualtransaction) FROM pg_locks WHERE mode = 'SIReadLock' AND relation = 'seen'::regclass AND page IS NULL}), 2, 'by two');
		ask($_, 'UPDATE seen SET amount = 4 WHERE n = ' . ($_ == $a ? 1 : 2)) for $a, $b;
		my @ends = sort map { ask($_, 'COMMIT') } $a, $b;
		is("@ends", ' 40001', "one of two may not: $scan, $workers workers");
		ask($_, 'ROLLBACK') for $a, $b;
	}
}
leave($_) for $a, $b;

##################################################################
# Queries in the middle of a scan
##################################################################

# A condition and an argument that run such queries themselves, that turn the
# setting, that catch an error of one; in one session, one after the other.
sql(q{
	CREATE TABLE few WITH (parallel_workers = 2) AS SELECT * FROM seen WHERE n <= 300;
	CREATE FUNCTION again(d int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		RETURN (SELECT count(c) FROM cohort_cells((SELECT cohort_matrix(id, at, amount, 'month') FROM few WHERE n % 20 = d % 20)) c);
	END $$;
	CREATE FUNCTION deeper(d int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		IF d <= 0 THEN RETURN 1; END IF;
		RETURN (SELECT count(c) FROM cohort_cells((SELECT cohort_matrix(id, at, deeper(d - 1), 'month') FROM few WHERE n % 60 = d)) c);
	END $$;
	CREATE FUNCTION turns(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		IF n % 3 = 0 THEN PERFORM set_config('retention.scan', CASE n % 2 WHEN 0 THEN 'on' ELSE 'off' END, false); END IF;
		RETURN true;
	END $$;
	CREATE FUNCTION catches(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		RETURN (SELECT cohort_matrix(id, CASE WHEN few.n < 150 OR catches.n % 2 = 0 THEN at ELSE 'infinity' END, 'month') FROM few) IS NOT NULL;
	EXCEPTION WHEN datetime_field_overflow THEN RETURN false;
	END $$;
	ANALYZE few;});
my $own = session();
for my $query (
	q{cohort_matrix(id, at, amount, 'month')::text FROM few WHERE again(n) > 5}, q{cohort_matrix(id, at, again(n), 'month')::text FROM few},
	q{cohort_matrix(id, at, amount, 'month')::text FROM few WHERE again(n) > 5 GROUP BY id % 3 ORDER BY 1}, q{funnel(id, at, again(n) % 3, '9 days')::text FROM few},
	q{cohort_matrix(id, at, deeper(2), 'month')::text || deeper(3) FROM few}, q{journey(id, at, 'place ' || again(n), '9 days')::text FROM few},
	q{cohort_matrix(id, at, amount, 'month')::text FROM few WHERE turns(n)}, q{funnel(id, at, CASE WHEN turns(n) THEN 1 END, '9 days')::text FROM few},
	q{cohort_matrix(id, at, amount, 'month')::text FROM few WHERE catches(n)}, q{cohort_matrix(id, at, amount, 'month')::text FROM few WHERE n < 200 GROUP BY catches(n) ORDER BY 1})
{
	my %said;
	for my $scan ('on', 'off')
	{
		for my $workers (0, 2)
		{
			$said{ ask($own, "SET retention.scan = $scan; SET max_parallel_workers_per_gather = $workers; SELECT $query") }++;
		}
	}
	is(scalar(keys %said), 1, "in the middle of a scan: $query");
	like((keys %said)[0], qr/^\{/, 'a result');
}
leave($own);

##################################################################
# Rights
##################################################################

sql(q{
	CREATE ROLE plain; CREATE ROLE owner; CREATE ROLE narrow;
	CREATE TABLE secret (id int, at date, amount int, whose text, hidden int);
	INSERT INTO secret SELECT n % 50, date '2024-01-01' + n % 90, n, CASE WHEN n % 2 = 0 THEN 'plain' ELSE 'narrow' END, n FROM generate_series(1, 3000) n;
	ALTER TABLE secret OWNER TO owner;
	GRANT SELECT ON secret TO plain; GRANT SELECT (id, at, amount, whose) ON secret TO narrow;
	CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM secret WHERE whose = 'plain';
	CREATE VIEW open_view AS SELECT * FROM secret WHERE whose = 'plain';
	GRANT SELECT ON barrier, open_view TO narrow;
	ALTER VIEW barrier OWNER TO owner; ALTER VIEW open_view OWNER TO owner;
	-- says what it is shown; not leakproof, and cheap
	CREATE TABLE leaked (whose text); GRANT INSERT, SELECT, TRUNCATE ON leaked TO public;
	CREATE FUNCTION tells(whose text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
		$$ BEGIN IF whose = 'narrow' THEN RAISE 'leaked'; END IF; RETURN true; END $$;
	ANALYZE secret;});

# What somebody gets, and by which plan.
sub by
{
	my ($role, $query, $sees) = @_;
	my %said;
	for my $scan ('on', 'off')
	{
		my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSET ROLE $role; SET retention.scan = $scan; $query");
		$said{ $err =~ /ERROR:\s+(\w+)/ ? $1 : $out }++;
	}
	is(join(' ', keys %said), $sees // join(' ', (keys %said)[0]), "$role: $query");
	return (keys %said)[0];
}
my $some = q{SELECT md5(cohort_matrix(id, at, amount, 'month')::text) FROM};
my $all_rows = by('owner', "$some secret");
my $half = sql("SET retention.scan = off; $some secret WHERE whose = 'plain'");
isnt($half, $all_rows, 'half of them is less');
by('plain', "$some secret", $all_rows);
by('narrow', "$some secret", $all_rows);
by('narrow', "$some secret WHERE hidden > 0", '42501');
by('narrow', $_, '42501') for q{SELECT cohort_matrix(secret, at, 'month') FROM secret}, q{SELECT cohort_matrix(hidden, at, 'month') FROM secret},
	q{SELECT cohort_matrix(id, at, amount + hidden, 'month') FROM secret}, q{SELECT cohort_matrix(ctid, at, 'month') FROM secret},
	q{SELECT funnel(id, at, ARRAY[hidden > 3], '3 days') FROM secret}, q{SELECT cohort_matrix(to_jsonb(secret), at, 'month') FROM secret};
by('narrow', "$some $_", $half) for 'barrier', 'open_view';
by('narrow', "$some barrier WHERE tells(whose)", $half);
by('narrow', "$some barrier WHERE id > -1", $half);
sql(q{ALTER TABLE secret ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON secret USING (whose = current_user);});
by('plain', "$some secret", $half);
by('plain', "$some secret WHERE tells(whose)", $half);
by('narrow', "$some secret", sql("SET retention.scan = off; $some secret WHERE whose = 'narrow'"));
by('owner', "$some secret", $all_rows);
sql('ALTER TABLE secret FORCE ROW LEVEL SECURITY');
by('owner', "$some secret", '');
# a plan that was made for one and is used by another
is(sql(qq{GRANT plain TO narrow; SET plan_cache_mode = force_generic_plan; PREPARE p AS $some secret; SET ROLE plain; EXECUTE p; SET ROLE narrow; EXECUTE p; RESET ROLE; EXECUTE p}),
	join("\n", $half, sql("SET retention.scan = off; $some secret WHERE whose = 'narrow'"), $all_rows), 'a prepared plan goes by who runs it');
unlike(sql("SET ROLE plain; EXPLAIN $some secret"), qr/RetentionScan/, 'row security: the usual plan');

##################################################################
# Columns that rows have not
##################################################################

# Dropped, added, generated; of PostgreSQL 18 also those that are no part of a row.
my $virtual = sql('SHOW server_version_num') >= 180000;
sql(q{
	CREATE TABLE columns (gone text, id int, at date, lost numeric, amount int, twice int GENERATED ALWAYS AS (amount * 2) STORED) WITH (parallel_workers = 2);
	INSERT INTO columns SELECT 'x' || n, n % 70, date '2024-01-01' + n % 200, n, n % 30 FROM generate_series(1, 3000) n;
	ALTER TABLE columns DROP COLUMN gone, DROP COLUMN lost, ADD COLUMN later int DEFAULT 7, ADD COLUMN nothing int;
	INSERT INTO columns (id, at, amount, later) SELECT n % 80, date '2024-03-01' + n % 200, n % 40, n FROM generate_series(1, 3000) n;});
sql('ALTER TABLE columns ADD COLUMN thrice int GENERATED ALWAYS AS (amount * 3 + later) VIRTUAL, ADD COLUMN last int DEFAULT 9') if $virtual;
sql('ANALYZE columns');
for my $amount ('amount', 'twice', 'later', 'nothing', 'later + twice', $virtual ? ('thrice', 'last', 'thrice + last') : ())
{
	for my $condition ('', 'WHERE later > 5 AND twice > 3', $virtual ? 'WHERE thrice > 30 AND last = 9' : ())
	{
		my %said;
		for my $set (map { my $scan = $_; map { "SET retention.scan = $scan; SET max_parallel_workers_per_gather = $_;" } 0, 2 } 'on', 'off')
		{
			$said{ sql("$set SELECT md5(cohort_matrix(id, at, $amount, 'month')::text), md5(funnel(id, at, $amount % 3, '9 days')::text) FROM columns $condition") }++;
		}
		is(scalar(keys %said), 1, "columns: $amount $condition");
	}
}

##################################################################
# Counters
##################################################################

sub counted
{
	my ($set, $condition) = @_;
	my $reset = sql("SELECT pg_stat_reset_single_table_counters('other'::regclass); SELECT 1");
	sql("$set SELECT cohort_matrix(id, at, amount, 'day') IS NULL FROM other $condition");
	ok($node->poll_query_until('postgres', q{SELECT seq_scan > 0 FROM pg_stat_user_tables WHERE relname = 'other'}), 'counters have come');
	return sql(q{SELECT seq_scan, seq_tup_read, coalesce(idx_scan, -1), coalesce(idx_tup_fetch, -1), heap_blks_read + heap_blks_hit
		FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid) WHERE pg_stat_user_tables.relname = 'other'});
}
for my $condition ('', 'WHERE n % 3 = 0', 'WHERE n < 0', 'WHERE n > 5000', 'GROUP BY id % 4', 'WHERE n > 2000 AND id <> 3 GROUP BY id')
{
	my $usual = counted('SET retention.scan = off;', $condition);
	is(counted('SET retention.scan = on;', $condition), $usual, "counters: $condition");
	# with workers there are more scans, of the same rows and pages
	my $set = 'SET max_parallel_workers_per_gather = 2;';
	my ($on, $off) = map { counted("$set SET retention.scan = $_;", $condition) =~ s/^\d+\|//r } 'on', 'off';
	is($on, $off, "counters of workers: $condition");
	is($on, $usual =~ s/^\d+\|//r, 'are those of one process');
}

##################################################################
# Plans and statements
##################################################################

for my $format ('text', 'json', 'xml', 'yaml')
{
	for my $workers (0, 2)
	{
		my $plan = sql("SET max_parallel_workers_per_gather = $workers; EXPLAIN (ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS, FORMAT $format) SELECT cohort_matrix(id, at, amount, 'day') FROM other WHERE n > 5");
		like($plan, qr/RetentionScan/, "EXPLAIN ANALYZE: $format, $workers workers");
		like($plan, qr/$_/, "$format, $workers workers: $_") for map { s/ /.?/r } 'Rows Fed', 'Pages Fed', 'Ledger Memory', 'Ledger Spilled';
		is(sql("SELECT \$q\$$plan\$q\$::json IS NOT NULL"), 't', 'it is json') if $format eq 'json';
	}
}
my $json = sub { sql("SELECT jsonb_path_query_first(\$q\$" . sql("SET max_parallel_workers_per_gather = $_[0]; EXPLAIN (ANALYZE, FORMAT json) SELECT cohort_matrix(id, at, amount, 'day') FROM other WHERE n > 5")
	  . "\$q\$, 'strict \$.** ? (\@.\"Custom Plan Provider\" == \"RetentionScan\")')") };
my $rows = sql('SELECT count(*) FROM other WHERE n > 5');
is(sql("SELECT (j->>'Actual Rows')::numeric * (j->>'Actual Loops')::int BETWEEN $rows - 3 AND $rows + 3 FROM (SELECT \$q\$" . $json->($_) . "\$q\$::jsonb AS j) q"), 't', "rows of $_ workers and the leader") for 0, 2;
is(sql("SELECT (j->>'Rows Removed by Filter')::int FROM (SELECT \$q\$" . $json->(0) . "\$q\$::jsonb AS j) q"), 5, 'rows that the condition leaves out');

SKIP:
{
	skip 'no auto_explain here', 2 if !grep { $_ eq 'auto_explain' } @told;
	for my $workers (0, 2)
	{
		my ($code, $out, $err) = $node->psql('postgres', qq{SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; SET auto_explain.log_format = 'json'; SET auto_explain.log_level = 'notice';
			SET auto_explain.log_buffers = on; SET max_parallel_workers_per_gather = $workers; SELECT cohort_matrix(id, at, amount, 'day') IS NULL FROM other});
		like($err, qr/NOTICE:.*"Custom Plan Provider": "RetentionScan".*"Rows Fed": \d+/s, "auto_explain, $workers workers");
	}
}

SKIP:
{
	skip 'no pg_stat_statements here', 3 if !grep { $_ eq 'pg_stat_statements' } @told;
	sql('CREATE EXTENSION pg_stat_statements');
	my %statement;
	for my $scan ('on', 'off')
	{
		$statement{$scan} = sql(qq{SET retention.scan = $scan; SELECT pg_stat_statements_reset() IS NULL; SELECT cohort_matrix(id, at, amount, 'week') IS NULL FROM other WHERE n > 77;
			SELECT calls, rows, shared_blks_hit + shared_blks_read > 50, query FROM pg_stat_statements WHERE query LIKE '%cohort_matrix(id%' AND query NOT LIKE '%pg_stat_statements%'});
	}
	is($statement{on}, $statement{off}, 'pg_stat_statements');
	like($statement{on}, qr/^1\|1\|t\|SELECT cohort_matrix\(id, at, amount, \$\d\) IS \w+ FROM other WHERE n > \$\d/m, 'one call, one row, its pages');
}

##################################################################
# A standby
##################################################################

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', q{
max_standby_streaming_delay = -1
hot_standby_feedback = off
});
$standby->start;

# Rows come, go and are vacuumed: pages that are all visible on the primary.
my $round = 0;
sub change
{
	$round++;
	sql(qq{INSERT INTO seen SELECT 1000000 * $round + n, n % 90, date '2024-03-01' + n % 50, $round FROM generate_series(1, 3000) n;
		DELETE FROM seen WHERE n % 7 = $round OR n BETWEEN 1000000 * ($round - 1) + 1 AND 1000000 * ($round - 1) + 900;
		UPDATE seen SET amount = amount + $round WHERE n % 19 = $round;});
	sql('VACUUM (FREEZE) seen');
}
sub waits_for_conflict
{
	return $standby->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event LIKE 'RecoveryConflict%'});
}

for my $feedback ('off', 'on')
{
	$standby->append_conf('postgresql.conf', "hot_standby_feedback = $feedback");
	$standby->stop;
	$standby->start;
	$node->wait_for_catchup($standby, 'replay');

	# one that has begun before sees what was there then
	my $s = session($standby);
	ask($s, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
	my $old = plainly();
	is(seen($s), $old, "feedback $feedback: the same rows");
	if ($feedback eq 'on')
	{
		my $xmin = ask($s, 'SELECT pg_snapshot_xmin(pg_current_snapshot())');
		ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_replication WHERE backend_xmin::text::bigint <= $xmin"), 'the primary knows of it');
	}
	change();
	isnt(plainly(), $old, 'the primary has others');
	if ($feedback eq 'off')
	{
		ok(waits_for_conflict(), 'what would take rows away waits');
	}
	else
	{
		$node->wait_for_catchup($standby, 'replay');
	}
	is(seen($s), $old, "feedback $feedback: the rows of before");
	ask($s, 'COMMIT');
	$node->wait_for_catchup($standby, 'replay');
	ask($s, 'BEGIN');
	is(seen($s), plainly(), "feedback $feedback: the new rows");
	like(ask($s, "EXPLAIN (COSTS off) $matrix"), qr/RetentionScan|Append|Aggregate/, 'by a plan');
	ask($s, 'COMMIT');
	leave($s);
}

# Cancelled as recovery cannot wait, in the middle of a scan: an error, and the
# next one is right.
$standby->append_conf('postgresql.conf', "hot_standby_feedback = off\nmax_standby_streaming_delay = 0\n");
$standby->stop;
$standby->start;
sql(q{CREATE FUNCTION gate(n int) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		WHILE (pg_stat_file('gate', true)).size IS NULL LOOP PERFORM pg_sleep(0.01); END LOOP;
		RETURN true;
	END $$});
for my $workers (0, 2)
{
	$node->wait_for_catchup($standby, 'replay');
	my $s = session($standby);
	ask($s, "SET application_name = marked; SET max_parallel_workers_per_gather = $workers");
	like(ask($s, "EXPLAIN (COSTS off) $matrix WHERE n % 5000 <> 0 OR gate(n)"), qr/RetentionScan/, "by the scan: $workers workers");
	$s->{in} .= "$matrix WHERE n % 5000 <> 0 OR gate(n);\n\\echo over :SQLSTATE\n";
	$s->{out} = '';
	$s->{psql}->pump_nb;
	$standby->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
	change();
	$s->{psql}->pump until $s->{out} =~ /over (\w+)/;
	is($1, '40001', "a conflict in the middle of a scan: $workers workers");
	$node->wait_for_catchup($standby, 'replay');
	# recovery may end the session that does not give way at once
	$s->{psql}->kill_kill;
	is($standby->safe_psql('postgres', "SET max_parallel_workers_per_gather = $workers; $matrix"), plainly(), 'the next one is right');
	ok($standby->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker'}), 'no worker stays');
}

# Promoted, it goes on.
$standby->promote;
is($standby->safe_psql('postgres', "UPDATE seen SET amount = 1 WHERE n % 3 = 0; $matrix"), $standby->safe_psql('postgres', "SET retention.scan = off; $matrix"), 'promoted');

$standby->stop;
$node->stop;
done_testing();
