# Rows that come in order of customers: the same bytes as the same rows in any
# other order, wherever the order breaks, wherever a scan begins and whoever of a
# parallel plan gets which pages.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

# So few buffers make scans of all but the smallest tables synchronized: they
# begin where the last one was.
my $node = scan_node('in_order', "shared_buffers = '2MB'\nsynchronize_seqscans = off", extra => [ '-E', 'UTF8', '--no-locale' ]);

# Customers have 1 to 1,000 rows, many of a month, some the same; a third have
# ids past 32 bits, so that entries become wide on the way.
sql(q{
	CREATE EXTENSION retention;
	CREATE TABLE rows (id bigint, key uuid, name text COLLATE "C", long_name text COLLATE "C", started timestamp, at timestamp, amount numeric, step int);
	INSERT INTO rows
	SELECT CASE WHEN c > 800 THEN 3 * 4294967296 + c ELSE c END, md5(c::text)::uuid, 'customer ' || c, 'a customer whose name is long, ' || c,
		timestamp '2022-01-01' + c * interval '7 hours', timestamp '2022-01-01' + c * interval '7 hours' + abs(hashint4(n)) % 40000 * interval '11 minutes',
		CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN -5 WHEN 2 THEN n / 3000.0 ELSE n % 1000 / 4.0 END, 1 + abs(hashint4(n + 7)) % 4
	FROM (SELECT n, CASE WHEN n <= 1000 THEN 77 WHEN n <= 3400 THEN n - 1000 ELSE 1 + abs(hashint4(n)) % 1200 END AS c FROM generate_series(1, 12000) n) q;
	INSERT INTO rows SELECT * FROM rows WHERE id % 11 = 3;
	INSERT INTO rows SELECT NULL, NULL, NULL, NULL, started, at, amount, step FROM rows WHERE id = 7;
	INSERT INTO rows SELECT id, key, name, long_name, NULL, NULL, amount, step FROM rows WHERE id = 77 LIMIT 50;
	CREATE TABLE mixed WITH (parallel_workers = 2) AS SELECT * FROM rows ORDER BY md5(rows::text);});

# Orders of the rows, and whether customers by id are in order then: a row more
# or less in the middle of nowhere is what breaks one.
my @orders = (
	[ 'by id', 'id, at', 1 ],
	[ 'by key', 'key, at', 0 ],
	[ 'by name', 'name, at', 0 ],
	[ 'by long name', 'long_name, at', 0 ],
	[ 'descending', 'id DESC', 0 ],
	[ 'from the middle', 'id < 600, id', 1 ],
	[ 'from the middle of a customer', 'id < 77 OR (id = 77 AND at < \'2022-06-01\'), id, at', 1 ],
	[ 'eight sequences', '-(id % 4294967296 / 320), id', 1 ],
	[ 'nine sequences and more', '-(id % 4294967296 / 200), id', 0 ],
	[ 'two that overlap', "at < '2022-09-01', id", 0 ],
	[ 'one row at the end', "ctid = (SELECT max(ctid) FROM rows WHERE id = 500), id", 0 ],
	[ 'the last row first', "ctid <> (SELECT max(ctid) FROM rows WHERE id = (SELECT max(id) FROM rows)), id", 0 ],
	[ 'the last customers first', 'id < (SELECT id FROM rows WHERE id IS NOT NULL ORDER BY id DESC OFFSET 100 LIMIT 1), id', 1 ],
	[ 'the last customers first, and one of them again at the end', "ctid = (SELECT max(ctid) FROM rows WHERE id = (SELECT max(id) FROM rows)) OR (id < (SELECT id FROM rows WHERE id IS NOT NULL ORDER BY id DESC OFFSET 100 LIMIT 1)), id", 1 ]);

my @aggregates = (
	"cohort_matrix(id, at, amount, 'month')",
	"cohort_matrix(id, at, 'day'), customer_movements(id, at, amount, 'week')",
	"cohort_matrix(key, at, amount, 'month'), recurring_matrix(key, at, 'month')",
	"cohort_matrix(name, started, at, amount, '30 days since start'), cohort_matrix(long_name, at, amount, 'quarter')",
	"cohort_matrix(id, CASE WHEN at IS NOT NULL THEN tsrange(at, at + interval '40 days') END, amount, 'month'), recurring_matrix(id, at, at, amount, 'month', 2)",
	"funnel(id, at, step, '30 days')",
	"funnel(name, at, ARRAY[step = 1, amount > 50], '9 days', 'strictly increasing'), funnel(key, at, step, '900 hours', 'default', 'month')",
	"journey(id, at, 'place ' || step, '20 days')");

my %sets = (
	'serial' => '',
	'without the scan' => 'SET retention.scan = off;',
	'little memory' => "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;",
	'two workers' => 'SET max_parallel_workers_per_gather = 2;',
	'two workers without the scan' => 'SET max_parallel_workers_per_gather = 2; SET retention.scan = off;',
	'two workers, little memory' => "SET max_parallel_workers_per_gather = 2; SET work_mem = '64kB'; SET hash_mem_multiplier = 1;",
	'no leader' => 'SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;');

sub md5_of
{
	my ($aggregates, $table) = @_;
	return "SELECT md5(record_send(q)::text) FROM (SELECT $aggregates FROM $table OFFSET 0) q;";
}

sub explained
{
	my ($set, $aggregates, $table) = @_;
	return sql("$set EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT $aggregates FROM $table;");
}

my %right = map { $_ => sql('SET retention.scan = off; ' . md5_of($_, 'mixed')) } @aggregates;
like(explained('', $aggregates[0], 'mixed'), qr/Customers in Order: false/, 'rows in no order');

for my $order (@orders)
{
	my ($name, $by, $in_order) = @$order;
	sql("DROP TABLE IF EXISTS ordered; CREATE TABLE ordered WITH (parallel_workers = 2) AS SELECT * FROM rows ORDER BY $by; VACUUM ANALYZE ordered;");
	for my $aggregates (@aggregates)
	{
		my @different = grep { sql("$sets{$_} " . md5_of($aggregates, 'ordered')) ne $right{$aggregates} } sort keys %sets;
		is(join(', ', @different), '', "$name: $aggregates");
	}
	my $said = $in_order ? 'true' : 'false';
	like(explained('', $aggregates[0], 'ordered'), qr/Customers in Order: $said/, "$name, in order: $said");
}

# Two words are in order by their bytes.
for my $of ('key', 'name')
{
	sql("DROP TABLE ordered; CREATE TABLE ordered WITH (parallel_workers = 2) AS SELECT * FROM rows ORDER BY $of; VACUUM ANALYZE ordered;");
	for my $set ('serial', 'two workers')
	{
		like(explained($sets{$set}, "cohort_matrix($of, at, amount, 'month')", 'ordered'), qr/Customers in Order: true/, "by $of, $set");
	}
}

# More groups than one, each of which has its rows in order.
sql('DROP TABLE ordered; CREATE TABLE ordered WITH (parallel_workers = 2) AS SELECT * FROM rows ORDER BY id; VACUUM ANALYZE ordered;');
for my $set (sort keys %sets)
{
	my $groups = sub { "$sets{$set} SELECT md5(string_agg(record_send(q)::text, '' ORDER BY step)) FROM (SELECT step, cohort_matrix(id, at, amount, 'month') FROM $_[0] GROUP BY step) q;" };
	is(sql($groups->('ordered')), sql($groups->('mixed')), "groups, $set");
}

# Entries become wide as the second sequence of two is full to the last entry of
# its chunk: then they go to parts, each to its customer's.
for my $last (5230 .. 5242)
{
	is(sql("SELECT sum(cohort_size) FROM cohort_cells((SELECT cohort_matrix(c, date '2024-01-15', 'month') FROM
		(SELECT 1 k, g + 5000::bigint c, g n FROM generate_series(1, $last) g UNION ALL SELECT 2, g, g FROM generate_series(1, 5000) g
		UNION ALL SELECT 3, 8589934592, g FROM generate_series(1, 2) g ORDER BY 1, 3) x))"),
		$last + 5001, "wide after $last and 5000 customers");
}

##################################################################
# Scans that begin in the middle
##################################################################

sql('ALTER SYSTEM SET synchronize_seqscans = on; SELECT pg_reload_conf();');
for my $rows (0, 300, 2500, 9000, 17000)
{
	for my $set ('serial', 'little memory', 'two workers')
	{
		for my $aggregates (@aggregates[ 0, 2, 5 ])
		{
			sql("BEGIN; DECLARE halfway CURSOR FOR SELECT * FROM ordered; MOVE $rows FROM halfway; ROLLBACK;");
			is(sql("$sets{$set} " . md5_of($aggregates, 'ordered')), $right{$aggregates}, "after $rows rows of another scan, $set: $aggregates");
		}
	}
}
sql("BEGIN; DECLARE halfway CURSOR FOR SELECT * FROM ordered; MOVE 9000 FROM halfway; ROLLBACK;");
unlike(sql('SELECT id FROM ordered LIMIT 1'), qr/^1$/, 'the next scan begins there');
like(explained('', $aggregates[0], 'ordered'), qr/Customers in Order: true/, 'and what comes is in order');
sql('ALTER SYSTEM SET synchronize_seqscans = off; SELECT pg_reload_conf();');

##################################################################
# Whoever of a parallel plan gets which pages
##################################################################

# Three participants get a page each of tables of three pages: nobody goes on with
# the first row before there is a file.  Whose customers are in order all the same
# may not be who is the only one to have them.
my $start = $node->data_dir . '/start';
sql(q{
	CREATE FUNCTION passes(n bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1 AS $$
	BEGIN
		WHILE (pg_stat_file('start', true)).size IS NULL LOOP
			PERFORM pg_sleep(0.01);
		END LOOP;
		RETURN true;
	END $$;
	CREATE FUNCTION page_of(customers bigint[], page int) RETURNS SETOF bigint LANGUAGE sql
		AS $$ SELECT c FROM unnest(customers) WITH ORDINALITY u(c, n), generate_series(1, 20 / cardinality(customers)) s ORDER BY n $$;
	CREATE TABLE three (id bigint, at date, page int, filled text);});

# The customers of each page, of twenty rows, as they come; and whether all see
# that their customers are in order.
my @pages = (
	[ 'one after the other', '{1,2,3,4,5}', '{7,8,9,10,11}', '{13,14,15,16,17}', 1 ],
	[ 'touching', '{1,2,3,4,5}', '{5,6,7,8,9}', '{9,10,11,12,13}', 1 ],
	[ 'one in all', '{1,2,3,4,5}', '{5}', '{5,6,7,8,9}', 1 ],
	[ 'in another order', '{9,10,11,12,13}', '{1,2,3,4,5}', '{5,6,7,8,9}', 1 ],
	[ 'all the same', '{1,2,3,4,5}', '{1,2,3,4,5}', '{1,2,3,4,5}', 0 ],
	[ 'one within', '{1,2,3,4,5}', '{3}', '{7,8,9,10,11}', 0 ],
	[ 'one out of order', '{1,2,3,4,5}', '{8,9,7,10,11}', '{13,14,15,16,17}', 0 ],
	[ 'one of long ago', '{1,2,3,4,5}', '{5,6,7,8,9}', '{2,12,13,14,15}', 0 ],
	[ 'wide', '{1,2,3,4,5}', '{5,6,7,8,12884901888}', '{12884901888,12884901889,12884901890,12884901891}', 1 ]);

for my $pages (@pages)
{
	my ($name, $first, $second, $third, $in_order) = @$pages;
	sql("TRUNCATE three; ALTER TABLE three SET (parallel_workers = 2);
		INSERT INTO three SELECT c, date '2022-01-01' + (row_number() OVER ())::int % 90, page, repeat('x', 356)
		FROM (VALUES ('$first'::bigint[], 1), ('$second', 2), ('$third', 3)) p (customers, page), page_of(customers, page) c ORDER BY page;
		VACUUM ANALYZE three;");
	is(sql("SELECT string_agg(DISTINCT (ctid::text::point)[0] || ' ' || page, ',') FROM three"), '0 1,1 2,2 3', "$name: three pages");
	append_to_file($start, 'x');
	my $query = "SELECT md5(cohort_matrix_send(cohort_matrix(id, at, 'week'))) FROM three WHERE passes(id)";
	my $expected = sql("SET retention.scan = off; $query");
	unlink $start;
	for my $what ($query, "EXPLAIN (ANALYZE, COSTS off, TIMING off) $query")
	{
		my ($out, $err) = ('', '');
		my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres'), '-c', "SET max_parallel_workers_per_gather = 2; SET application_name = 'gated'", '-c', $what ],
			'<', \undef, '>', \$out, '2>', \$err,
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		ok($node->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_stat_activity WHERE application_name = 'gated' AND wait_event = 'PgSleep'"), "$name: three have begun");
		append_to_file($start, 'x');
		$psql->finish;
		unlink $start;
		if ($what eq $query)
		{
			is($out, "$expected\n", "$name: the same") or diag($err);
		}
		else
		{
			my $said = $in_order ? 'true' : 'false';
			like($out, qr/Rows Fed: 57\n.*Customers in Order: $said/s, "$name, in order: $said") or diag($err);
		}
	}
}

$node->stop;
done_testing();
