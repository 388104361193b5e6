# The scan that feeds an aggregate against the executor: the same bytes for
# random queries over a table that has seen everything, in every kind of plan;
# serializable transactions, a standby, cancel, temporary space.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

my $node = scan_node('scan', "timezone = 'Europe/Paris'\nmax_prepared_transactions = 4", allows_streaming => 1, extra => [ '-E', 'UTF8', '--no-locale' ]);

# The queries are the same for the same seed.
my $seed = $ENV{SEED} || 17;
note "SEED=$seed";
srand($seed);

sub one_of
{
	return $_[ int(rand(@_)) ];
}

##################################################################
# A table that has seen everything
##################################################################

# Columns dropped and added with defaults and without, NULLs anywhere, amounts
# and names kept out of line and compressed, rows updated in place and not,
# deleted, written by transactions that failed or have not ended.
sql(q{
	CREATE EXTENSION retention;
	CREATE TABLE seen (n int, gone text, id bigint, note text, at timestamptz, amount numeric, day date, step int)
		WITH (parallel_workers = 3, fillfactor = 70);
	INSERT INTO seen
	SELECT n, repeat('x', n % 20), nullif(abs(hashint4(n)) % 700, 5), CASE WHEN n % 9 = 0 THEN NULL ELSE 'note ' || n % 300 END,
		timestamptz '2023-03-01' + (abs(hashint4(n + 1)) % 900000) * interval '71 seconds',
		CASE n % 13 WHEN 0 THEN NULL WHEN 1 THEN -(n % 90) ELSE n % 1000 / 7.0 END,
		CASE WHEN n % 17 > 0 THEN date '2023-01-01' + n % 600 END, 1 + n % 4
	FROM generate_series(1, 9000) n;
	ALTER TABLE seen DROP COLUMN gone;
	ALTER TABLE seen ADD COLUMN later numeric DEFAULT 3.75, ADD COLUMN word text DEFAULT 'early', ADD COLUMN flag bool;
	CREATE INDEX ON seen (n);
	INSERT INTO seen (n, id, note, at, amount, day, step, later, word, flag)
	SELECT n, abs(hashint4(n)) % 700, CASE WHEN n % 50 = 0 THEN (SELECT string_agg(md5((n % 300 + i)::text), '') FROM generate_series(1, 200) i) ELSE 'note ' || n % 300 END,
		timestamptz '2023-03-01' + (abs(hashint4(n + 1)) % 900000) * interval '71 seconds', n / 8.0, date '2023-01-01' + n % 600,
		nullif(n % 5, 0), nullif(n % 7, 3), repeat('w' || n % 10, 1 + n % 600), n % 3 = 0
	FROM generate_series(9001, 15000) n;
	ALTER TABLE seen ALTER COLUMN amount SET STORAGE external;
	UPDATE seen SET amount = (repeat('1', 12) || '.' || repeat('5', 6) || repeat('0', 9000))::numeric WHERE n % 997 = 0;
	UPDATE seen SET flag = NOT flag WHERE n % 10 = 0;
	UPDATE seen SET n = n + 100000 WHERE n % 101 = 0;
	DELETE FROM seen WHERE n % 23 = 0;
	BEGIN; INSERT INTO seen (n, id, at) SELECT n, n, '2023-01-01' FROM generate_series(1, 500) n; UPDATE seen SET amount = 1 WHERE n % 7 = 0; ROLLBACK;
	ANALYZE seen;
	BEGIN; SAVEPOINT a; DELETE FROM seen WHERE n % 31 = 0; ROLLBACK TO a; UPDATE seen SET step = 4 WHERE n % 29 = 0;
	INSERT INTO seen (n, id, at) SELECT n, n, '2023-01-01' FROM generate_series(1, 300) n; PREPARE TRANSACTION 'open';

	CREATE TABLE parts (LIKE seen) PARTITION BY LIST (step);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1, 2) WITH (parallel_workers = 2);
	CREATE TABLE parts_2 PARTITION OF parts DEFAULT WITH (parallel_workers = 2);
	INSERT INTO parts SELECT * FROM seen;
	CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen WHERE n < 4000;
	VACUUM ANALYZE parts, kept;});

# Runs a query with the scan and without in each plan, and says what differs.
sql(q{
	CREATE TABLE plans (query text, set_as text, scan bool);
	CREATE FUNCTION differs(query text, set_as text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE fed text; given text; line text; plan text := '';
	BEGIN
		PERFORM set_config('retention.scan', 'on', true);
		FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
		INSERT INTO plans VALUES (query, set_as, plan ~ 'RetentionScan');
		BEGIN
			EXECUTE 'SELECT string_agg(md5(record_send(r)), '','') FROM (' || query || ') r' INTO fed;
		EXCEPTION WHEN data_exception OR check_violation OR program_limit_exceeded OR raise_exception THEN fed := SQLSTATE || SQLERRM;
		END;
		PERFORM set_config('retention.scan', 'off', true);
		BEGIN
			EXECUTE 'SELECT string_agg(md5(record_send(r)), '','') FROM (' || query || ') r' INTO given;
		EXCEPTION WHEN data_exception OR check_violation OR program_limit_exceeded OR raise_exception THEN given := SQLSTATE || SQLERRM;
		END;
		PERFORM set_config('retention.scan', 'on', true);
		RETURN CASE WHEN fed IS NOT DISTINCT FROM given THEN '' ELSE set_as || E'\n' || query || E'\n' || plan || fed || E'\n' || given END;
	END $$;});

my @customers = ('id', 'id', 'n', 'note', 'word', 'later', 'day', 'flag', '(id, step)', 'lower(note)', 'id::int', 'coalesce(note, word)');
my @times = ('at', 'at', 'day', 'at::timestamp', 'at::date');
my @amounts = ('amount', 'amount', 'later', 'n', 'step', 'amount::float8', 'amount + later', 'NULL');
my @grains = ('month', 'week', 'quarter at UTC', 'month since start', 'days 0,1,7,30 since start by month');
my @conditions = (
	'', '', '', 'n % 3 = 0', 'amount IS NULL', 'amount > 20 AND step < 3', q{note LIKE '%7'}, 'flag', 'flag IS NOT TRUE', q{word = 'early'},
	'day BETWEEN $$2023-02-01$$ AND $$2023-09-01$$', 'later > 3', 'id IN (1, 2, 3, 50, 400)', 'n = ANY (ARRAY[5, 7, 1007])', 'n < 0',
	'id > (SELECT avg(id) FROM kept)', 'length(note) > 1000', 'CASE WHEN step = 1 THEN n % 2 = 0 ELSE amount > 3 END', 'at >= day', 'n > 14990');

# Keys of groups: of equal ones that look different, such as 1.0 and 1.00, any
# may come out of a parallel plan, so there are none here.
my @keys = (
	'step', 'flag', 'id', 'note', 'word', 'later', 'day', 'n', 'n % 7', 'lower(note)', 'id / 10, step', 'amount::float8', 'coalesce(word, note)',
	'(id, flag)', 'id IS NULL, step', 'substr(word, 1, 3)', 'ARRAY[step, n % 3]', 'CASE WHEN n > 14000 THEN n ELSE n % 5 END', 'at::date');

sub aggregate
{
	my ($c, $at, $grain) = (one_of(@customers), one_of(@times), one_of(@grains));
	my $amount = one_of(@amounts);
	my $started = one_of('day', 'NULL::date');
	my $calendar = one_of('month', 'week', 'quarter at UTC');
	return one_of(
		"cohort_matrix($c, $at, '$grain')", "cohort_matrix($c, $at, $amount, '$grain')",
		"cohort_matrix($c, $started, day, $amount, '$grain')", "cohort_matrix($c, NULL, $at, $amount, '$calendar', 2)",
		"recurring_matrix($c, $at, $amount, '$calendar')", "customer_movements($c, $at, $amount, '$calendar')",
		"customer_movements($c, $at, $amount, '$calendar', 3)", "cohort_matrix($c, tstzrange(at, at + interval '40 days'), '$calendar')",
		"funnel($c, $at, step, '30 days')", "funnel($c, at, ARRAY[step = 1, flag, amount > 50], '9 days')",
		"journey($c, at, 'place ' || step, '20 days')", "check_events($c, $at, later, '2026-01-01')");
}

sub query
{
	my $select = join(', ', map { aggregate() } 1 .. one_of(1, 1, 1, 2, 3));
	my $from = one_of('seen', 'seen', 'seen', 'parts_1', 'parts_2', 'kept', 'parts');
	my $condition = one_of(@conditions);
	my $where = $condition eq '' ? '' : "WHERE $condition";
	my $plain = "SELECT $select FROM $from $where";
	my $key = one_of(@keys);
	my $having = one_of('', '', 'HAVING length((' . aggregate() . ')::text) > 200');
	my $groups = "SELECT $key, $select FROM $from $where GROUP BY $key $having ORDER BY $key";
	return one_of(
		$plain, $plain, $plain, $plain,
		"SELECT s, q.* FROM generate_series(1, 3) s, LATERAL (SELECT $select FROM $from WHERE step = s) q",
		"SELECT s, (SELECT " . aggregate() . " FROM $from WHERE step <> s AND id IS NOT NULL) FROM generate_series(1, 2) s",
		$groups, $groups, $groups,
		"SELECT s, q.* FROM generate_series(1, 3) s, LATERAL (SELECT s * step, $select FROM $from WHERE n % 3 <> s GROUP BY s * step ORDER BY 1) q");
}

my @sets = (
	"SET work_mem = '64kB'; SET hash_mem_multiplier = 1;", "SET work_mem = '1GB';", '', "SET jit = on; SET jit_above_cost = 0;",
	map { my $leader = $_; map { "SET max_parallel_workers_per_gather = $_; SET parallel_leader_participation = $leader;" } 1, 2, 4 } 'on', 'off');
push @sets, map { "$_ SET work_mem = '64kB'; SET hash_mem_multiplier = 1;" } @sets[ 5, 8 ];

# rows of its own, but for those that the open transaction has changed
my $own = q{BEGIN; DELETE FROM seen WHERE n % 19 = 0 AND n % 29 > 0; UPDATE seen SET amount = 9.5 WHERE n % 37 = 0 AND n % 29 > 0;
	SAVEPOINT s; DELETE FROM seen WHERE n % 29 > 0; ROLLBACK TO s; INSERT INTO seen (n, id, at, amount) SELECT n, n, '2023-05-05', n FROM generate_series(1, 100) n;};

for my $round (1 .. 40)
{
	my $set = one_of(@sets);
	my $transaction = one_of('BEGIN;', 'BEGIN ISOLATION LEVEL REPEATABLE READ;', 'BEGIN ISOLATION LEVEL SERIALIZABLE;', $own);
	my @queries = map { query() } 1 .. 10;
	my $as = $set . ' ' . substr($transaction, 0, 40);
	my $values = join(', ', map { "(\$query\$$_\$query\$)" } @queries);
	is(sql("SET client_min_messages = warning; $set $transaction SELECT string_agg(differs(q, \$\$$as\$\$), '') FROM (VALUES $values) v (q); COMMIT;"),
		'', "round $round, ten queries: $as");
}
cmp_ok(sql('SELECT count(*) FILTER (WHERE scan) * 100 / count(*) FROM plans'), '>', 30, 'many of them by the scan');
cmp_ok(sql(q{SELECT count(*) FROM plans WHERE scan AND set_as ~ 'workers_per_gather'}), '>', 20, 'also in workers');
cmp_ok(sql(q{SELECT count(*) FROM plans WHERE scan AND query ~ 'GROUP BY'}), '>', 40, 'also by groups');
cmp_ok(sql(q{SELECT count(*) FROM plans WHERE scan AND query ~ 'GROUP BY' AND set_as ~ 'workers_per_gather'}), '>', 10, 'and by groups in workers');
is(sql(q{SELECT count(*) FROM plans WHERE scan AND query ~ 'FROM parts '}), 0, 'it steps aside');
sql(q{COMMIT PREPARED 'open'});

# rescans, with parameters and without, and a leader that has nothing to do
my $rescan = q{SELECT md5(string_agg(record_send(q)::text, '')) FROM (SELECT s, m FROM generate_series(1, 4) s CROSS JOIN LATERAL
	(SELECT customer_movements(id, at, amount, 'month') AS m FROM seen WHERE n > s * 100 OFFSET 0) q1) q;};
my $regroup = q{SELECT md5(string_agg(record_send(q)::text, '' ORDER BY s, step)) FROM (SELECT s, q1.* FROM generate_series(1, 4) s CROSS JOIN LATERAL
	(SELECT step, customer_movements(id, at, amount, 'month') AS m FROM seen WHERE n > s * 100 GROUP BY step OFFSET 0) q1) q;};
for my $set ('', 'SET max_parallel_workers_per_gather = 3;', 'SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;')
{
	is(sql("$set $rescan"), sql("SET retention.scan = off; $rescan"), "rescans: $set");
	is(sql("$set $regroup"), sql("SET retention.scan = off; $regroup"), "rescans by groups: $set");
}
is(sql("SET max_parallel_workers_per_gather = 3; SELECT 1 FROM (SELECT cohort_matrix(id, at, 'month') AS m FROM seen) q WHERE m IS NOT NULL LIMIT 1"),
	1, 'an early end');

# keys that are equal and look different: the first one of a group comes out
SKIP:
{
	skip 'no ICU here', 2 if sql(q{SELECT count(*) FROM pg_collation WHERE collprovider = 'i'}) == 0;
	sql(q{
		CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE spelled AS SELECT n, CASE n % 3 WHEN 0 THEN 'Paris' WHEN 1 THEN 'PARIS' ELSE 'paris' END || n % 7 AS town FROM generate_series(1, 2000) n;
		ANALYZE spelled;});
	my $spelled = q{SELECT string_agg(town || md5(m::text), ',') FROM (SELECT town COLLATE blind AS town, cohort_matrix(n, date '2024-01-01' + n % 90, 'week') AS m FROM spelled GROUP BY town COLLATE blind) q;};
	like(sql("EXPLAIN $spelled"), qr/RetentionScan/, 'a scan');
	is(sql($spelled), sql("SET retention.scan = off; $spelled"), 'keys of a collation that is blind to case');
}

##################################################################
# Columns of every length and alignment, in any order
##################################################################

# What is needed stands before, between and behind columns of fixed and of
# variable length, some of them NULL at times, on pages with and without such rows.
my %values = (
	'"char"' => q{chr(65 + n % 26)::"char"}, 'bool' => 'n % 3 = 0', 'int2' => '(n % 300)::int2', 'int4' => 'n % 400', 'int8' => '(n % 500)::int8',
	'float4' => '(n % 90 / 4.0)::float4', 'float8' => 'n % 700 / 8.0::float8', 'uuid' => 'md5((n % 200)::text)::uuid', 'text' => q{repeat('t', n % 30)},
	'varchar(300)' => q{repeat('v', n % 200 + 50)}, 'numeric' => 'n % 1000 / 7.0', 'timestamptz' => q{timestamptz '2023-06-01' + n * interval '97 minutes'},
	'timestamp' => q{timestamp '2023-06-01' + n * interval '3 hours'}, 'date' => q{date '2023-06-01' + n % 500}, 'interval' => q{n % 60 * interval '1 day'},
	'timetz' => q{timetz '10:00+01' + n % 90 * interval '1 minute'}, 'macaddr' => q{('08:00:2b:01:02:' || lpad(to_hex(n % 256), 2, '0'))::macaddr},
	'name' => q{('name ' || n % 80)::name}, 'point' => 'point(n, 1)', 'int4[]' => 'array_fill(n % 9, ARRAY[n % 5])', 'bpchar(7)' => 'left((n % 900)::text, 7)');
my @types = sort keys %values;
my %role_types = (customer => [ grep { $_ ne 'point' } @types ], at => [ 'timestamptz', 'timestamp', 'date' ], amount => [ 'numeric', 'float8', 'float4', 'int2', 'int4', 'int8' ]);
for my $round (1 .. 12)
{
	my @columns = map { [ "c$_", one_of(@types) ] } 1 .. 2 + int(rand(8));
	splice(@columns, int(rand(@columns + 1)), 0, [ $_, one_of(@{ $role_types{$_} }) ]) for sort keys %role_types;
	my $list = join(', ', map { "$_->[0] $_->[1]" } @columns);
	my $select = join(', ', map {
			my $often = one_of(0, 0, 0, 0, 0, 2, 150, 400);
			$often == 0 ? $values{ $_->[1] } : "CASE WHEN (n * 7 + n / 100) % $often > 0 THEN $values{ $_->[1] } END"
		} @columns);
	my $dropped = one_of('', ', DROP COLUMN c1', ', ADD COLUMN added float8 DEFAULT 2.5');
	sql("CREATE TABLE any_$round ($list); INSERT INTO any_$round SELECT $select FROM generate_series(1, 1500) n;
		ALTER TABLE any_$round ADD COLUMN last int$dropped; INSERT INTO any_$round (customer, at, amount) SELECT customer, at, amount FROM any_$round LIMIT 200; VACUUM ANALYZE any_$round");
	my @queries = map { "SELECT $_ FROM any_$round" . one_of('', ' WHERE customer IS NOT NULL', ' WHERE amount > 3') }
		("cohort_matrix(customer, at, amount, 'month')", "cohort_matrix(customer, at, 'week')", "customer_movements(customer, at, amount, 'month')");
	push @queries, "SELECT cohort_matrix(customer, at, added, 'month') FROM any_$round" if $dropped =~ /ADD/;
	my $all = join(', ', map { "(\$query\$$_\$query\$)" } @queries);
	is(sql("TRUNCATE plans; SELECT string_agg(differs(q, 'serial'), '') FROM (VALUES $all) v (q)"), '', "columns $list$dropped");
	is(sql('SELECT count(*) FROM plans WHERE NOT scan'), 0, 'by the scan');
}

##################################################################
# Which row fails first
##################################################################

# Rows are kept until their page is done.  One that an aggregate refuses and one
# that an expression or a condition fails on, in either order, on one page and
# on two; also where rows are kept past what their values take.
sql(q{
	CREATE DOMAIN small AS int CHECK (VALUE < 100);
	CREATE DOMAIN short AS text CHECK (length(VALUE) < 2000);
	CREATE FUNCTION picky(n int, bad int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
		BEGIN IF n = bad THEN RAISE 'picky: %', n; END IF; RETURN 1 + n % 3; END $$;
	CREATE TABLE faulty (n int, id int, at timestamptz, amount numeric, step int, word text);
	INSERT INTO faulty SELECT n, n % 40, CASE WHEN n = 60 THEN 'infinity' ELSE timestamptz '2024-01-01' + n * interval '1 hour' END,
		CASE WHEN n = 60 THEN 'NaN' ELSE n / 4.0 END, CASE WHEN n <> 70 THEN 1 + n % 4 END, repeat('w', n % 700)
	FROM generate_series(1, 1000) n;
	ANALYZE faulty;});
my @failing;
for my $bad (2, 59, 60, 61, 90, 700)
{
	push @failing, map { s/BAD/$bad/gr } (
		q{funnel(id, at, 10 / (n - BAD), '30 days')}, q{funnel(id, at, (CASE WHEN n = BAD THEN 100 ELSE 2 END)::small, '30 days')},
		q{funnel(id, at, step + CASE WHEN n = BAD THEN 2147483647 ELSE 0 END, '30 days')},
		q{funnel(id, at, ARRAY[n / (n - BAD) > 1, step = 2], '30 days')}, q{funnel(id, at, picky(n, BAD), '30 days')},
		q{funnel(n / (n - BAD), at, step, '30 days')}, q{funnel(id, at - interval '1 day' * (n / (n - BAD)), step, '30 days')},
		q{funnel(id, at, CASE WHEN n = BAD THEN 100000 ELSE step END, '30 days')},
		q{journey(id, at, 'place ' || 10 / (n - BAD), '3 days')}, q{journey(id, at, repeat('x', CASE WHEN n = BAD THEN 1025 ELSE n % 7 END), '3 days')},
		q{journey(id, at, (word || repeat('x', CASE WHEN n = BAD THEN 1999 ELSE 0 END))::short, '3 days')},
		q{cohort_matrix(id, at, amount / (n - BAD), 'month')}, q{cohort_matrix(id, at, n / (n - BAD), 'day')},
		q{cohort_matrix(repeat('customer' || n / (n - BAD), 3000), at, 'day')}, q{customer_movements(id / (n - BAD), at, amount, 'month')},
		q{funnel(id, at, step, '30 days'), cohort_matrix(id, at, n / (n - BAD), 'day')}, q{check_events(n / (n - BAD), at, amount, '2026-01-01')});
}
for my $scan_of (map { "FROM faulty WHERE $_" } 'true', 'n <> 60', '10 / (n - 61) < 5', '10 / (n - 59) < 5', 'picky(n, 80) > 0 AND n > 3', 'picky(n, 80) < 3')
{
	my $values = join(', ', map { "(\$query\$SELECT $_ $scan_of\$query\$)" } @failing);
	is(sql("TRUNCATE plans; SELECT string_agg(differs(q, 'serial'), '') FROM (VALUES $values) v (q)"), '', "the same error first: $scan_of");
	is(sql('SELECT count(*) FROM plans WHERE NOT scan'), 0, 'by the scan');
}
# Arguments that are columns: amounts of each type refused in one row, times of
# each type in another, in either order or the same, NULLs around.
sql(q{
	CREATE TABLE refused AS SELECT n, nullif(n % 40, 7) AS id, 'customer ' || n % 40 AS name, md5((n % 40)::text)::uuid AS uuid, n % 40 / 2.0 AS number,
		nullif(CASE WHEN n = 60 THEN 'infinity' ELSE timestamptz '2024-01-01' + n * interval '1 hour' END, '2024-01-02') AS instant,
		CASE WHEN n = 60 THEN '-infinity' ELSE timestamp '2024-01-01' + n * interval '1 hour' END AS local,
		CASE WHEN n = 60 THEN 'infinity' ELSE date '2024-01-01' + n END AS day
	FROM generate_series(1, 200) n;
	ANALYZE refused;});
@failing = ();
for my $bad (59, 60, 61, 150)
{
	my $table = "refused_$bad";
	sql(qq{CREATE TABLE $table AS SELECT *, CASE n WHEN $bad THEN 'NaN' WHEN 8 THEN NULL ELSE n / 4.0::float8 END AS double,
		CASE n WHEN $bad THEN '-Infinity' ELSE n / 4.0::float4 END AS single, CASE n WHEN $bad THEN 9300000000000 ELSE n * 100000000000 - 9100000000000 END AS big,
		CASE n WHEN $bad THEN 9200000000000 ELSE nullif(n % 5, 0) / 4.0 END AS exact,
		CASE n WHEN $bad THEN 9e12::float4 * 1.1::float4 ELSE 4e9 * n END AS large FROM refused WHERE n < 180; ANALYZE $table});
	for my $customer ('id', 'name', 'uuid', 'number')
	{
		push @failing, map { "cohort_matrix($customer, $_ FROM $table" } map { my $at = $_; map { "$at, $_, 'month')" } qw(double single big exact large) } qw(instant local day);
	}
	push @failing, "cohort_matrix(id, instant, exact, '7 days since start') FROM $table", "customer_movements(name, local, double, 'day') FROM $table",
		"cohort_matrix(id, day, local, exact, 'month') FROM $table", "cohort_matrix(name, day, 'day') FROM $table", "cohort_matrix(id, local, 2.5, 'week') FROM $table";
}
for my $which ('true', 'n <> 60', 'n NOT IN (60, 150)', 'n > 60')
{
	my $values = join(', ', map { "(\$query\$SELECT $_ WHERE $which\$query\$)" } @failing);
	is(sql("TRUNCATE plans; SELECT string_agg(differs(q, 'serial'), '') FROM (VALUES $values) v (q)"), '', "the same error first, of columns: $which");
	is(sql('SELECT count(*) FROM plans WHERE NOT scan'), 0, 'by the scan');
}

like(sql(q{EXPLAIN (COSTS off) SELECT funnel(id, at, 1 + (random() * 2)::int, '30 days') FROM faulty}), qr/Seq Scan/, 'volatile: not by the scan');

##################################################################
# Conditions on columns
##################################################################

# What is at the ends of types, and what floats have besides; texts of any
# length, also compressed and out of line.
sql(q{
	CREATE TABLE ends (n int, at date DEFAULT '2024-01-01', smallint smallint, int int, bigint bigint, real real, float8 float8, date date, timestamp timestamp, timestamptz timestamptz, numeric numeric,
		flag bool, text text, varchar varchar);
	INSERT INTO ends SELECT n, date '2024-01-01' + n % 90, n % 7 - 3, n % 11 - 5, n % 13 - 6, (n % 9 - 4) / 4.0, (n % 9 - 4) / 4.0,
		date '2024-01-01' + n % 7 - 3, timestamp '2024-01-01' + (n % 7 - 3) * interval '12 hours', timestamptz '2024-01-01' + (n % 7 - 3) * interval '12 hours', n % 5,
		nullif(n % 3, 2) = 0, w, w FROM generate_series(1, 600) n, LATERAL (SELECT nullif(repeat(chr(97 + n % 3), n % 19) || CASE WHEN n % 2 = 0 THEN 'é' ELSE '' END, 'aa') AS w) w;
	ALTER TABLE ends ALTER text SET STORAGE external;
	INSERT INTO ends (n, text, varchar) SELECT n, repeat('a', 3000 * n), repeat('a', 3000 * n) FROM generate_series(1, 5) n;
	INSERT INTO ends (n, text, varchar) SELECT n % 40, w, w FROM generate_series(1, 60) n, LATERAL (SELECT (ARRAY['aba', 'aca', 'ab', 'abcd', 'abbd', 'abcdefghijk', 'abcdefghhijk'])[n % 7 + 1] AS w) w;
	INSERT INTO ends (n, smallint, int, bigint, real, float8, date, timestamp, timestamptz) VALUES
		(0, -32768, -2147483648, -9223372036854775808, '-infinity', '-infinity', '-infinity', '-infinity', '-infinity'), (1, 32767, 2147483647, 9223372036854775807, 'infinity', 'infinity', 'infinity', 'infinity', 'infinity'),
		(2, 0, 0, 0, 'NaN', 'NaN', NULL, NULL, NULL), (3, NULL, NULL, NULL, '-0', '-0', '2024-01-01', '2024-01-01', '2024-01-01'), (4, NULL, NULL, NULL, 1e-45, 5e-324, NULL, NULL, NULL), (5, NULL, NULL, NULL, -1e-45, -5e-324, NULL, NULL, NULL), (6, NULL, NULL, NULL, real 'infinity' - real 'infinity', float8 'infinity' - float8 'infinity', NULL, NULL, NULL);
	ANALYZE ends;});
sub literals
{
	my ($type, @values) = @_;
	return map { my $value = $_; "'$value'::$type" } @values;
}

my @floats = ('-infinity', -1, '-0', 0, 1e-45, 0.5, 'infinity', 'NaN');
my @days = ('-infinity', '2023-12-31', '2024-01-01', '2024-01-02', 'infinity');
my %constants = (
	smallint => [ 0, -3, 2, literals('smallint', -32768, 0, 2, 32767), literals('bigint', 0, '9223372036854775807') ],
	int => [ literals('int', -2147483648, -5, 0, 3, 2147483647), literals('bigint', -5, 3) ],
	bigint => [ literals('bigint', '-9223372036854775808', -6, 0, 1, '9223372036854775807') ]);
$constants{$_} = [ literals($_, @floats) ] for 'real', 'float8';
$constants{$_} = [ literals($_, @days) ] for 'date', 'timestamp', 'timestamptz';
$constants{$_} = [ literals('text', '', 'a', 'b', 'aa', 'aba', 'aca', 'abcd', 'abcdefghijk', 'aé', 'bbb', 'ccccccc', 'cccccccc', 'aaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbé', 'cccccccccccccccc', 'aaaaaaaaaaaaaaaaa') ] for 'text', 'varchar';
push @{ $constants{real} }, @{ $constants{float8} };
push @{ $constants{date} }, @{ $constants{timestamp} }, @{ $constants{timestamptz} };

sub comparison
{
	my ($column) = @_;
	my ($constant, $other) = map { one_of(@{ $constants{$column} }) } 1, 2;
	my $few = join(', ', map { one_of(@{ $constants{$column} }) } 1 .. one_of(1, 2, 3, 40));
	my $text = $column eq 'text' || $column eq 'varchar';
	my $op = $text ? one_of('=', '=', '=', '<>', '<') : one_of('<', '<=', '=', '>=', '>', '<', '>=', '<>');
	return one_of(("$column $op $constant") x 5, "$constant $op $column", "$column IS NULL", "$column IS NOT NULL", "$column $op $constant OR $column = $other", "flag", "NOT flag", "flag IS NOT TRUE",
		"$column IN ($few)", "$column NOT IN ($few)", "$column IN ($few, NULL)", "$column < ANY (ARRAY[$few])", "$column <> ANY (ARRAY[$few])", "$column = ALL (ARRAY[$few])",
		"$column $op $constant AND $other < $column", "$column BETWEEN $constant AND $other", "NOT ($column BETWEEN $constant AND $other)", "$column = $constant AND flag AND n > 7");
}

sub condition
{
	return comparison(one_of(sort keys %constants));
}

sub cases
{
	my (@results) = @_;
	my $column = one_of(sort keys %constants);
	my $rungs = one_of(1, 1, 2, 3, 5, 14, 70);
	my $simple = one_of(0, 0, 0, 1);
	my $case = 'CASE ' . ($simple ? $column : '');
	$case .= ' WHEN ' . ($simple ? one_of(@{ $constants{$column} }) : one_of(0 .. 9) ? comparison($column) : condition()) . ' THEN ' . $results[ $_ % @results ]
		for 1 .. $rungs;
	return $case . one_of('', " ELSE $results[0]") . ' END';
}

my @modes = map { "'$_'" } 'default', 'strict order', 'one row one step', 'any order', 'deduplicated', 'optional 2', 'exclude 1', 'strict order, allow reentry';

sub flags
{
	my @few = map { my $steps = $_; [ map { 'int ' . one_of('<', '=', '>') . ' ' . one_of(-4 .. 4) } 1 .. $steps ] } 2, 3;
	my $conditions = join(', ', @{ one_of(@few, [ map { condition() } 1 .. one_of(1, 2, 2, 3, 5, 11, 30, 62, 63) ]) });
	return one_of("ARRAY[$conditions]", "conditions($conditions)");
}

sub over_conditions
{
	my $mode = one_of(@modes);
	my $customer = one_of('n % 5', 'n', 'n % 50', 'text', 'nullif(n % 9, 3)', 'int');
	my $at = one_of('at', 'at', 'timestamptz', 'timestamp', 'date');
	my $call = one_of("cohort_matrix($customer, at, " . cases(1, 1000, 'NULL', 1000000) . ", 'month')", "journey($customer, $at, " . cases("'low'", "'high'", "'other'", 'NULL') . ", '5 days')",
		"funnel($customer, $at, " . cases(1, 2, 3, 'NULL', 4) . ", '20 days')", "funnel($customer, $at, " . cases(1, 2) . ", '20 days', 'strict order')",
		"funnel($customer, $at, " . flags() . ", '20 days', $mode)", "funnel(" . flags() . ", $at, " . flags() . ", '20 days', $mode)");
	return "SELECT $call FROM ends WHERE " . one_of('isfinite(at)', join(' AND ', map { condition() } 1 .. one_of(1, 1, 2, 3)));
}

# also some that surely count something
my @counting = map { my $mode = $_; map { "SELECT funnel(n % $_, at, ARRAY[int < -1, int = 3, int BETWEEN 1 AND 4], '20 days', $mode) FROM ends WHERE smallint <> 1 OR n > 7" } 3, 17, 50 } @modes;
my $over = join(', ', map { "(\$query\$$_\$query\$)" } @counting, map { over_conditions() } 1 .. 600);
is(sql("TRUNCATE plans; SELECT string_agg(differs(q, 'serial'), '') FROM (VALUES $over) v (q)"), '', 'conditions on columns');
cmp_ok(sql('SELECT count(*) FILTER (WHERE scan) * 100 / count(*) FROM plans'), '>', 80, 'by the scan');

# Texts that are equal without having the same bytes.
SKIP:
{
	skip 'no ICU here', 1 if state_of(q{CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)}) ne '';
	my $equal = q{CASE text COLLATE any_case WHEN 'BBB' THEN 1 WHEN 'Bé' THEN 2 ELSE 3 END};
	is(sql("SELECT differs(q, 'collation') FROM (VALUES (\$\$SELECT funnel(n % 50, at, $equal, '90 days') FROM ends WHERE text COLLATE any_case <> 'CCC'\$\$)) v (q)"), '', 'another equality');
}

##################################################################
# Statistics and serializable transactions
##################################################################

my $matrix = q{SELECT cohort_matrix(id, at, amount, 'month') IS NOT NULL FROM seen};
my %counted;
for my $scan ('on', 'off')
{
	my $reset = sql("SELECT pg_stat_reset_single_table_counters('seen'::regclass); SELECT 1");
	sql("SET retention.scan = $scan; $matrix; SELECT pg_sleep(0)");
	$node->poll_query_until('postgres', "SELECT seq_scan > 0 FROM pg_stat_user_tables WHERE relname = 'seen'");
	$counted{$scan} = sql("SELECT seq_scan, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'seen'");
}
is($counted{on}, $counted{off}, 'pg_stat counts scans and rows as ever');

# Two serializable transactions that read all rows and write one: only one of
# them may commit.
SKIP:
{
	skip 'no dblink here', 2 if sql("SELECT count(*) FROM pg_available_extensions WHERE name = 'dblink'") == 0;
	my $connection = $node->connstr('postgres');
	my $outcome = sql(qq{
		CREATE EXTENSION dblink;
		SET client_min_messages = error;
		SELECT dblink_connect(c, \$\$$connection\$\$) FROM unnest('{a,b}'::text[]) c;
		SELECT dblink_exec(c, 'BEGIN ISOLATION LEVEL SERIALIZABLE') FROM unnest('{a,b}'::text[]) c;
		SELECT count(*) FROM unnest('{a,b}'::text[]) c, dblink(c, \$\$$matrix\$\$) AS q(found bool);
		SELECT 'locks', count(DISTINCT pid) FROM pg_locks WHERE mode = 'SIReadLock' AND relation = 'seen'::regclass AND page IS NULL;
		SELECT dblink_exec(c, 'INSERT INTO seen (n, id, at) VALUES (0, 1, now())') FROM unnest('{a,b}'::text[]) c;
		SELECT dblink_exec('a', 'COMMIT', false);
		SELECT 'second', dblink_exec('b', 'COMMIT', false);
		SELECT dblink_disconnect(c) FROM unnest('{a,b}'::text[]) c;});
	like($outcome, qr/^locks\|2$/m, 'a predicate lock on the table each');
	like($outcome, qr/^second\|ERROR$/m, 'and one of two transactions fails');
}

##################################################################
# Where space or time runs out
##################################################################

sql(q{
	CREATE TABLE many WITH (parallel_workers = 2) AS
	SELECT hashint8extended(n, 0) AS id, timestamp '2020-01-01' + (n % 100003) * interval '97 seconds' AS at, n % 1000 / 8.0 AS amount
	FROM generate_series(1, 300000) n;
	VACUUM ANALYZE many;});
my $many = q{SELECT length(cohort_matrix_send(cohort_matrix(id, at, amount, 'day'))) FROM many;};
my $spill = "SET work_mem = '256kB'; SET hash_mem_multiplier = 1;";
# by groups, of which little memory holds few; not in the order of their keys,
# which from PostgreSQL 16 on would have them sorted
my $grouped = q{SELECT md5(string_agg(k || md5(m::text), ',' ORDER BY k::text)) FROM
	(SELECT abs(id % 4000) AS k, cohort_matrix(id, at, amount, 'month') AS m FROM many GROUP BY abs(id % 4000)) q;};
for my $query ($many, $grouped)
{
	for my $workers ('', 'SET max_parallel_workers_per_gather = 2;')
	{
		my $set = "SET enable_sort = off; $workers";
		# newer planners have all rows of so many groups gathered, which costs nothing here
		like(sql("$set EXPLAIN (COSTS off) $query"), qr/RetentionScan/, "a scan: $workers")
		  if $query eq $many || $workers eq '' || sql('SHOW server_version_num') < 160000;
		is(sql("$set $spill $query"), sql("SET retention.scan = off; $query"), 'little memory is enough');
		is(state_of("$set $spill SET temp_file_limit = '200kB'; $query"), '53400', 'temp_file_limit is obeyed');
		is(files_in('base/pgsql_tmp'), '', 'no temporary file stays');
		for my $timeout (5, 20, 60, 150)
		{
			like(state_of("$set $spill SET statement_timeout = $timeout; $query"), qr/^(57014|\d{4}|\w{32})$/, "cancelled after $timeout ms, or done");
			is(files_in('base/pgsql_tmp'), '', 'no temporary file stays');
		}
	}
	is(state_of("INSERT INTO many VALUES (1, 'infinity', 1); $query"), '22008', 'an error in the last row');
	is(files_in('base/pgsql_tmp'), '', 'no temporary file stays');
	sql("DELETE FROM many WHERE at = 'infinity'");
}

##################################################################
# A standby
##################################################################

sql(q{VACUUM many; DELETE FROM many WHERE id % 5 = 0;});
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
sql(q{UPDATE many SET amount = amount + 1 WHERE id % 7 = 0});
$node->wait_for_catchup($standby, 'replay');
for my $workers (0, 2)
{
	my $set = "SET max_parallel_workers_per_gather = $workers;";
	like($standby->safe_psql('postgres', "$set EXPLAIN (COSTS off) $many"), qr/RetentionScan/, 'a standby scans, too');
	is($standby->safe_psql('postgres', "$set SELECT md5(cohort_matrix(id, at, amount, 'week')::text) FROM many"),
		sql("SET retention.scan = off; SELECT md5(cohort_matrix(id, at, amount, 'week')::text) FROM many"), 'and finds the same');
}
$standby->stop;

done_testing();
