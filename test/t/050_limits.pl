# Limits: cancel and timeouts, memory of many groups and of one big group,
# temporary files, and functions called in ways nobody should.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sanitized = ($ENV{RETENTION_LANE} || '') eq 'asan';

my $node = PostgreSQL::Test::Cluster->new('limits');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
log_temp_files = 0
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

# SQLSTATE of a statement, '' when it succeeds.
sub state_of
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql");
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : $err;
}

# Files that a query left behind.
sub left_over
{
	my $folder = $node->data_dir . '/base/pgsql_tmp';
	return '' if !-d $folder;
	return join(' ', grep { !/^\.\.?$/ } slurp_dir($folder));
}

sub log_since
{
	my ($offset) = @_;
	return substr(slurp_file($node->logfile), $offset);
}

my $whole_log = -s $node->logfile;

##################################################################
# Statement timeouts: in the middle of rows, of spilling, of the final
# function, of workers and of readers.
##################################################################

# Every row another customer and another second, so that there is something to
# sort, spill and merge after the last row.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE big (c bigint, at timestamp, amount numeric) WITH (parallel_workers = 2);
	INSERT INTO big
		SELECT hashint8extended(n, 0), timestamp '2020-01-01' + (n % 1000003) * interval '97 seconds', n % 1000 / 8.0
		FROM generate_series(1, 1500000) n;
	VACUUM ANALYZE big;});

my $call = q{SELECT length(cohort_matrix_send(cohort_matrix(c, at, amount, 'day since start'))) FROM big;};
for my $way (
	[ 'in memory', "SET work_mem = '1GB';" ],
	[ 'spilling', "SET work_mem = '1MB'; SET hash_mem_multiplier = 1;" ],
	[ 'with workers', "SET work_mem = '1GB'; SET max_parallel_workers_per_gather = 2;" ])
{
	my ($name, $set) = @$way;
	# the second time, when it is fastest
	my $took = $node->safe_psql(
		'postgres', qq{
		$set
		$call
		SELECT clock_timestamp() AS t \\gset
		$call
		SELECT (extract(epoch FROM clock_timestamp() - :'t') * 1000)::int;});
	$took =~ s/.*\n//s;
	for my $share (0.02, 0.1, 0.2, 0.3)
	{
		my $timeout = int($took * $share) || 1;
		is(state_of("$set SET statement_timeout = $timeout; $call"),
			'57014', "$name: cancelled after $share of its time");
		is(left_over(), '', 'no temporary file stays');
	}
	# late, where it may also come through
	for my $share (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
	{
		my $timeout = int($took * $share) || 1;
		like(state_of("$set SET statement_timeout = $timeout; $call"),
			qr/^(57014)?$/, "$name: cancelled late or not at all");
		is(left_over(), '', 'no temporary file stays');
	}
}

# Two customers 4,000 days apart are 8 million cells of days.
my $cells = q{SELECT count(*) FROM cohort_cells((SELECT cohort_matrix(c, at, 'day') FROM (VALUES (1, date '2000-01-01'), (2, date '2000-01-01' + 4000)) v (c, at)))};
is(state_of("SET statement_timeout = 20; $cells"), '57014', 'a reader is cancelled');
my $periods = q{SELECT count(*) FROM movement_rows((SELECT customer_movements(c, at, 1, 'day') FROM (VALUES (1, date '2000-01-01'), (2, date '2000-01-01' + 9000000)) v (c, at)))};
is(state_of("SET statement_timeout = 20; $periods"), '57014', 'and that of movements');
is(state_of(q{SELECT count(*) FROM cohort_cells((SELECT cohort_matrix(c, at, 'day') FROM (VALUES (1, date '2000-01-01'), (2, date '2000-01-01' + 5000)) v (c, at)))}),
	'54000', 'more than ten million cells');
is(state_of(q{SELECT count(*) FROM cohort_cells((SELECT cohort_matrix(1, date '2000-01-01', 'day')), '294276-12-31')}),
	'54000', 'also of one customer and a late as_of');
cmp_ok($node->safe_psql(
		'postgres', q{SELECT pg_column_size(cohort_matrix(c, at, 'day')) FROM (VALUES (1, date '2000-01-01'), (2, '294276-12-31')) v (c, at)}),
	'<', 1000, 'a customer of the year 294276 costs nothing');
is( $node->safe_psql(
		'postgres', q{SELECT age, cohorts, customers FROM retention_curve((SELECT cohort_matrix(c, at, 'year')
			FROM (VALUES (1, date '2000-01-01'), (2, '9999-12-31')) v (c, at)), '2002-01-01')}),
	"0|1|1\n1|1|1", 'nor does the curve before it');

# 60 bytes that are half a million pieces of 64 bits, many times over
is(state_of(q{SELECT rollup(t) FROM (SELECT '{"zone": "", "levels": false, "money": true, "day": ["2024-01-01"], "orders": [1], "amount": [5000000000000000000]}'::timeline AS t) x, generate_series(1, 60)}),
	'54000', 'timelines of large days are not held without bound');

##################################################################
# Temporary files
##################################################################

my $spill = "SET work_mem = '256kB'; SET hash_mem_multiplier = 1;";
my $offset = -s $node->logfile;
is(state_of("$spill $call"), '', 'little memory is enough');
like(log_since($offset), qr/temporary file: path/, 'log_temp_files sees the files');
is(left_over(), '', 'they are gone');
is(state_of("$spill SET temp_file_limit = '1MB'; $call"), '53400', 'temp_file_limit is obeyed');
is(left_over(), '', 'no temporary file stays');
my (undef, $survived) = $node->psql(
	'postgres', qq{
	$spill
	BEGIN;
	SAVEPOINT a;
	SET LOCAL temp_file_limit = '1MB';
	$call
	ROLLBACK TO a;
	$call
	COMMIT;}, on_error_stop => 0);
like($survived, qr/^\d+$/, 'after the error in a savepoint the same works');
is(left_over(), '', 'no temporary file stays');
is( $node->safe_psql(
		'postgres', qq{
		$spill
		BEGIN;
		DECLARE few CURSOR FOR SELECT c % 3, cohort_matrix(c, at, amount, 'week') FROM big GROUP BY 1;
		MOVE 1 FROM few;
		CLOSE few;
		DECLARE other CURSOR FOR SELECT c % 3, cohort_matrix(c, at, amount, 'week') OVER (ORDER BY c ROWS 1 PRECEDING) FROM big;
		MOVE 10 FROM other;
		ROLLBACK;
		SELECT 'left early';}),
	'left early', 'cursors that are not read to their end');
is(left_over(), '', 'no temporary file stays');

##################################################################
# Memory
##################################################################

# Peak memory of the hash table of groups, in bytes.
sub hash_memory
{
	my ($aggregate, $table) = (@_, 'small');
	my $plan = $node->safe_psql(
		'postgres', qq{
		SET work_mem = '2GB';
		SET enable_sort = off;
		EXPLAIN (ANALYZE, FORMAT JSON, COSTS off, TIMING off)
		SELECT g, $aggregate FROM $table GROUP BY g;});
	return $plan =~ /"Peak Memory Usage": (\d+)/ ? 1024 * $1 : -1;
}

# 100,000 groups of ten rows: five customers, two months each
$node->safe_psql(
	'postgres', q{
	CREATE TABLE small AS
		SELECT n % 100000 AS g, n / 200000 AS c, timestamptz '2024-01-10' + (n / 100000 % 2) * interval '1 month' AS at, n % 100 + 0.5 AS amount,
			(SELECT customer_movements(1, timestamptz '2024-01-10', 5, 'month')) AS one
		FROM generate_series(0, 999999) n;
	VACUUM ANALYZE small;});
my $nothing = hash_memory('count(*)');
cmp_ok($nothing, '>', 0, 'groups are hashed');
for (
	q{cohort_matrix(c, at, 'month')},
	q{cohort_matrix(c, at, amount, 'month')},
	q{cohort_matrix('c' || c, at, amount, 'week since start')},
	q{customer_movements(c, at, amount, 'week')},
	q{customer_movements('c' || c, tstzrange(at, at + interval '2 months'), amount, 'month')},
	q{customer_movements(c, at, amount, 'month'), cohort_matrix(c, at, amount, 'month')},
	q{rollup(one)},
	q{nrr(amount, amount), cac(amount, 1), nps(c), csat(c, 1), share_low(c > 1, 0.9)},
	q{funnel(c, at, 1 + c % 3, '30 days')},
	q{window_funnel('30 days', at, 'strict order', c = 1, c = 2, c = 3)},
	q{journey(c, at, 'place ' || c % 3, '30 days')},
	q{sequence_match('(?1)(?t<=900000)(?2)', at, c = 1, c = 2, c = 3)},
	q{sequence_next('forward', 'first_match', at, amount, true, c = 1, c = 2)},
	q{cohort_matrix(c, at, at, amount, 'month')})
{
	my $each = (hash_memory($_) - $nothing) / 100000;
	note("$_: $each bytes per group");
	cmp_ok($each, '<', 2048, "$_: less than 2 kB per group of ten rows");
	cmp_ok($each, '>', 24, "$_: and the executor sees it");
}

# A timeline under construction keeps amounts of two decimals in less room than
# others; a mixture of both takes no more than the others alone do: 1000 groups
# of 500 rows.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE decimals AS
		SELECT n % 1000 AS g, date '2020-01-01' + n / 1000 AS at, 1.2345 AS four, CASE WHEN n / 1000 % 6 = 0 THEN 1.2345 ELSE 1.25 END AS mixed
		FROM generate_series(0, 499999) n;
	VACUUM ANALYZE decimals;});
my $four = hash_memory('timeline(at, four)', 'decimals');
my $mixed = hash_memory('timeline(at, mixed)', 'decimals');
cmp_ok($mixed, '<=', 1.1 * $four, "amounts of two and four decimals: $mixed bytes, of four: $four");

# One group of three million distinct customers takes tens of megabytes; with a
# work_mem of 4 MB the backend stays small.
SKIP:
{
	skip 'no /proc/self/status', 4 if !-r '/proc/self/status';
	my $rows = q{(SELECT hashint8extended(n, 0) AS c, timestamp '2020-01-01' + n * interval '19 seconds' AS at
		FROM (SELECT generate_series(1, 3000000) n) g) x};
	for my $grain ('month', 'day since start')
	{
		my %grown;
		for my $work_mem ('4MB', '1GB')
		{
			my $peaks = $node->safe_psql(
				'postgres', qq{
				SET work_mem = '$work_mem';
				SET hash_mem_multiplier = 1;
				SELECT cohort_matrix(1, date '2020-01-01', '$grain') IS NULL;
				SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+) kB');
				SELECT sum(cohort_size) FROM cohort_cells((SELECT cohort_matrix(c, at, '$grain') FROM $rows), up_to_age => 0);
				SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+) kB');});
			like($peaks, qr/^3000000$/m, "$grain: three million customers, work_mem $work_mem");
			my ($before, $after) = $peaks =~ /peak (\d+)/g;
			$grown{$work_mem} = $after - $before;
			note("$grain, work_mem $work_mem: the backend's peak grew by $grown{$work_mem} kB");
		}
		SKIP:
		{
			skip 'a sanitizer takes memory of its own', 2 if $sanitized;
			cmp_ok($grown{'4MB'}, '<', 24 * 1024, "$grain: work_mem of 4 MB keeps the backend small");
			cmp_ok($grown{'1GB'}, '>', 2 * $grown{'4MB'}, "$grain: which is not so without");
		}
	}
}

# One customer active on 2,500 days is counted in three million cells of a
# recurring matrix, more of them in the same; other matrices have few.
SKIP:
{
	skip 'no /proc/self/status', 6 if !-r '/proc/self/status';
	for (
		[ 'recurring_matrix(t, %s)', 1, 160 ], [ 'recurring_matrix(t, %s)', 10, 160 ], [ 'cohort_matrix(t, %s)', 10, 16 ])
	{
		my ($aggregate, $customers, $most) = @$_;
		my $call = sprintf $aggregate, "'day'";
		my $peaks = $node->safe_psql(
			'postgres', qq{
			SET work_mem = '4MB';
			SELECT cohort_matrix(1, date '2000-01-01', 'day') IS NULL;
			SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+) kB');
			SELECT pg_column_size($call) FROM (SELECT timeline(date '2000-01-01' + d, 1) t
				FROM generate_series(0, 2498) d, generate_series(1, $customers) c GROUP BY c) x;
			SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+) kB');});
		my ($before, $after) = $peaks =~ /peak (\d+)/g;
		my $grown = ($after - $before) / 1024;
		note(sprintf '%s of %d customers of 2,499 days: %d MB', $call, $customers, $grown);
		SKIP:
		{
			skip 'a sanitizer takes memory of its own', 1 if $sanitized;
			cmp_ok($grown, '<', $most, "$call, $customers of them: in $most MB");
		}
		is(state_of(qq{SET statement_timeout = 100; SELECT $call FROM (SELECT timeline(date '2000-01-01' + d, 1) t
			FROM generate_series(0, 2498) d, generate_series(1, 500) c GROUP BY c) x;}), '57014', 'and it can be cancelled');
	}
}

##################################################################
# Calls that make no sense: an error or NULL, never a crash.
##################################################################

my $functions = q{
	SELECT p.oid, p.proname, p.prokind,
		ARRAY(SELECT a::regtype::text FROM unnest(p.proargtypes) a) AS args,
		p.prorettype::regtype::text AS result
	FROM pg_proc p
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
	WHERE e.extname = 'retention'
	ORDER BY p.proname, p.oid};
my @functions = split /\n/, $node->safe_psql('postgres', "SELECT proname || ';' || array_to_string(args, '|') || ';' || result FROM ($functions) f");

# Values to try for a type; internal can only be NULL.
my %values = (
	'"any"' => [ 'NULL::int', '1', "'x'::text", "date '2024-01-01'", 'ROW(1, 2)', "'{}'::json", "'[2024-01-01,2024-02-01)'::daterange" ],
	'internal' => ['NULL'],
	'bytea' => [ 'NULL::bytea', "'\\x'::bytea", "'\\x00'::bytea", "'\\x01000000'::bytea", "'\\xdeadbeefdeadbeefdeadbeefdeadbeef'::bytea",
		"decode(repeat('ff', 300), 'hex')", "decode(repeat('00', 300), 'hex')", "decode(repeat('01', 4000), 'hex')" ],
	'cstring' => [ 'NULL::cstring', "''::cstring", "'{'::cstring", "'month'::cstring" ],
	'grain' => [ 'NULL::grain', "'month'::grain", "'days 0,1,3 since start by month at Europe/Paris'::grain" ],
	'cohort_matrix' => [ 'NULL::cohort_matrix', "(SELECT cohort_matrix(1, date '2024-01-01', 5, 'month'))",
		"(SELECT cohort_matrix(1, date '-infinity' + 0, 'month') WHERE false)", "(SELECT cohort_matrix(1, date '4713-01-01 BC', 'year'))" ],
	'purchase_model' => [ 'NULL::purchase_model',
		q{'{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.24, "alpha": 4.4, "a": 0.8, "b": 2.4}}'::purchase_model},
		q{'{"kind": "pareto/nbd", "unit": "day", "parameters": {"r": 1e-30, "alpha": 1e30, "s": 1e30, "beta": 1e-30}}'::purchase_model} ],
	'spend_model' => [ 'NULL::spend_model',
		q{'{"kind": "gamma-gamma", "parameters": {"p": 6, "q": 4, "gamma": 15}}'::spend_model},
		q{'{"kind": "gamma-gamma", "parameters": {"p": 1e30, "q": 1e-30, "gamma": 1e30}}'::spend_model} ],
	'interval' => [ 'NULL::interval', "'1 year'::interval", "'-1 day'::interval", "'178000000 years'::interval", "'0'::interval" ],
	'integer' => [ 'NULL::int', '0', '-1', '2147483647', '-2147483648' ],
	'bigint' => [ 'NULL::bigint', '0', '3', '-9223372036854775808', '9223372036854775807' ],
	'numeric' => [ 'NULL::numeric', '0', "'NaN'::numeric", "'-Infinity'::numeric", '1e100', '-1' ],
	'double precision' => [ 'NULL::float8', '0', '2', '1e300', "'NaN'::float8", "'-Infinity'::float8" ],
	'date' => [ 'NULL::date', "'infinity'::date", "'-infinity'::date", "'4713-01-01 BC'::date", "'5874897-12-31'::date" ],
	'timestamp without time zone' => [ 'NULL::timestamp', "'infinity'::timestamp", "'4714-11-24 BC'::timestamp", "'294276-12-31 23:59:59'::timestamp" ],
	'timestamp with time zone' => [ 'NULL::timestamptz', "'-infinity'::timestamptz", "'4714-11-24 00:00+00 BC'::timestamptz", "'294276-12-31 23:59:59+00'::timestamptz" ],
	'interval' => [ 'NULL::interval', "'1 month'::interval", "'0'::interval", "'-178000000 years'::interval", "'2147483647 days 1 microsecond'::interval" ],
	'text' => [ 'NULL::text', "''", "repeat('x', 10000)" ],
	'interval' => [ 'NULL::interval', "'1 month 2 days 03:04:05.6'::interval", "'-1 day'::interval", "'178956970 years'::interval" ],
	'timeline' => [ 'NULL::timeline', "(SELECT timeline(date '4713-01-01 BC', 5))", "(SELECT timeline(daterange('2024-01-01', NULL), 9199999999999))",
		"(SELECT timeline(date '2024-01-01' + 40 * n) FROM generate_series(0, 9) n)" ],
	'customer_movements' => [ 'NULL::customer_movements', "(SELECT customer_movements(1, date '2024-01-01', 5, 'month'))",
		"(SELECT customer_movements(1, daterange('4713-01-01 BC', '2024-01-01'), 9199999999999, 'day'))",
		"(SELECT customer_movements(n, date '5874890-01-01', 'year') FROM generate_series(1, 3) n)" ],
	'funnel' => [ 'NULL::funnel', "(SELECT funnel(1, date '2024-01-01', s, '1 day') FROM generate_series(1, 3) s)",
		"(SELECT funnel(1, timestamptz '4714-11-24 00:00+00 BC', 2, '1 month', 'strict order'))" ],
	'journey' => [ 'NULL::journey', "(SELECT journey(1, date '2024-01-01' + n, n::text, '1 day') FROM generate_series(1, 99) n)",
		"(SELECT journey(1, timestamptz '4714-11-24 00:00+00 BC', '', '1 month'))" ],
	'boolean[]' => [ 'NULL::boolean[]', "'{}'::boolean[]", "'{t,NULL,f}'::boolean[]", "'{{t,f},{f,t}}'::boolean[]", "array_fill(true, ARRAY[100000])" ],
	'boolean' => [ 'NULL::boolean', 'true' ]);

my $script = "SET statement_timeout = '10s';\n";
my ($calls, $internal) = (0, 0);
srand(7);
for (@functions)
{
	my ($name, $args, $result) = split /;/, $_, 3;
	my @args = split /\|/, $args;
	$internal++ if grep { $_ eq 'internal' } @args, $result;
	# all NULL, then each position through its values with the others at random
	my @calls = [ map { $values{$_} ? $values{$_}[0] : "NULL::$_" } @args ];
	for my $i (0 .. $#args)
	{
		for my $value (@{ $values{ $args[$i] } || [] })
		{
			for (1 .. 3)
			{
				my @call = map { my $v = $values{$_} || ["NULL::$_"]; $v->[ rand @$v ] } @args;
				$call[$i] = $value;
				push @calls, \@call;
			}
		}
	}
	for my $call (@calls)
	{
		# one line per call, so that a crash is known by the last one
		my $sql = "$name(" . join(', ', @$call) . ')';
		$script .= "\\warn == $sql\nSELECT count(*) FROM (SELECT $sql LIMIT 1000) x;\n";
		$calls++;
	}
}
my ($code, $out, $err) = $node->psql('postgres', $script . "SELECT 'alive';\n", on_error_stop => 0);
note("$calls calls of " . @functions . " functions, $internal of them internal");
cmp_ok(scalar @functions, '>', 40, 'the extension has functions');
cmp_ok($internal, '>', 5, 'and internal ones');
like($out, qr/alive/, 'no call ends the connection')
  or diag('the last call: ' . ($err =~ /.*== (.*?)\n/s ? $1 : '?'));
unlike($err, qr/XX000|unrecognized|cache lookup failed|invalid memory alloc/, 'nor finds something that cannot be')
  or diag(join("\n", grep { /XX000|unrecognized|cache lookup failed|invalid memory alloc/ } split /\n/, $err));

# SQL cannot pass a value of type internal.  Under another signature the same C
# functions are called outside an aggregate, with something that is no state:
# they must look where they are before they look at it.
my @aliases = split /\n/, $node->safe_psql(
	'postgres', qq{
	SELECT format('CREATE FUNCTION alias_%s(%s) RETURNS text AS %L, %L LANGUAGE C%s; SELECT alias_%s(%s); SELECT alias_%s(%s);',
		n, (SELECT string_agg(CASE a WHEN 'internal' THEN 'text' ELSE a END, ', ') FROM unnest(f.args) a),
		p.probin, p.prosrc, CASE WHEN p.proisstrict THEN ' STRICT' ELSE '' END,
		n, (SELECT string_agg(CASE a WHEN 'internal' THEN '''no state''' WHEN '"any"' THEN '1' WHEN 'bytea' THEN '''\\x0001''::bytea'
			WHEN 'grain' THEN '''month''::grain' ELSE 'NULL::' || a END, ', ') FROM unnest(f.args) a),
		n, (SELECT string_agg('NULL::' || CASE a WHEN 'internal' THEN 'text' WHEN '"any"' THEN 'int' ELSE a END, ', ') FROM unnest(f.args) a))
	FROM (SELECT row_number() OVER () AS n, * FROM ($functions) f
		  WHERE 'internal' = ANY (args) AND prokind = 'f' AND proname !~ '_recv\$') f
	JOIN pg_proc p ON p.oid = f.oid});
cmp_ok(scalar @aliases, '>=', 5, 'state functions are found');
for (@aliases)
{
	my ($name) = /AS '[^']*', '(\w+)'/;
	my ($ret, $o, $e) = $node->psql('postgres', "$_ SELECT 'alive';", on_error_stop => 0);
	like($o, qr/^alive$/m, "$name outside an aggregate does not crash");
	like($e, qr/ERROR/, 'it is an error') or diag($o);
	unlike($o, qr/^(?!alive)./m, 'and gives no result');
}

my $log = log_since($whole_log);
unlike($log, qr/leak/i, 'nothing leaked');
unlike($log, qr/WARNING:/, 'no warning');
unlike($log, qr/was terminated by signal|TRAP:|PANIC:/, 'no crash');
is(left_over(), '', 'no temporary file at the end');

$node->stop;
done_testing();
