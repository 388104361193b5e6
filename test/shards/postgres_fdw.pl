# Three shards behind postgres_fdw: every metric equals one node byte for byte,
# whether the shards aggregate in views of their own, the planner ships the
# aggregate to them or the rows come to the coordinator; the plan says which it
# was.  And the days are the right ones, or it is an error; and a shard that dies
# leaves nothing half done.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Forms;
use Page;
use Shards;

my $customers = $ENV{CUSTOMERS} || 1500;
my $runs = $ENV{RUNS} || 1;
my $count = 3;
my @tables = qw(orders subscriptions lives answers);

# ---------------------------------------------------------------------
# Servers
# ---------------------------------------------------------------------

my $one = Shards::server('coordinator');
# The page replicates from the first.
my @shards = map { Shards::server("shard$_", $_ == 0 ? (allows_streaming => 'logical') : ()) } 0 .. $count - 1;
$_->safe_psql('postgres', 'CREATE EXTENSION retention') for $one, @shards;

$one->command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', "customers=$customers",
		'-d', $one->connstr('postgres'), '-f', "$FindBin::RealBin/tables.sql"
	],
	'the rows of one node');

# The same tables on each shard; on the coordinator tables partitioned by hash of
# the customer, whose partitions are those.
my $setup = q{
	CREATE EXTENSION postgres_fdw;
	CREATE SCHEMA sharded;
	CREATE SCHEMA views;
};
my %columns = map {
	$_ => $one->safe_psql('postgres',
		"SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'one.$_'::regclass AND attnum > 0")
} @tables;
for my $table (@tables)
{
	$setup .= "CREATE TABLE sharded.$table ($columns{$table}) PARTITION BY HASH (customer_id);\n";
	$_->safe_psql('postgres', "CREATE TABLE $table ($columns{$table})") for @shards;
}
for my $i (0 .. $count - 1)
{
	my ($host, $port) = ($shards[$i]->host, $shards[$i]->port);
	$setup .= qq{
	CREATE SERVER shard$i FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'retention',
			async_capable 'true', fetch_size '10000', batch_size '1000');
	CREATE USER MAPPING FOR CURRENT_USER SERVER shard$i;
	CREATE SCHEMA shard$i;
};
	$setup .= "CREATE FOREIGN TABLE sharded.${_}_$i PARTITION OF sharded.$_
		FOR VALUES WITH (MODULUS $count, REMAINDER $i) SERVER shard$i
		OPTIONS (schema_name 'public', table_name '$_');\n" for @tables;
}
$setup .= "INSERT INTO sharded.$_ SELECT * FROM one.$_;\n" for @tables;
# Without statistics on the foreign tables the planner does not know that
# customers are fewer than rows.
$setup .= "ANALYZE sharded.$_;\n" for @tables;
# A prediction for each customer, in a table with a row for each, costs the same
# there and here: this planner is told that it is cheap, so that rows decide.
$setup .= "ALTER FUNCTION total_purchases_add(bytea, purchase_model, float8, bigint, float8, float8) COST 1;\n";
$one->safe_psql('postgres', $setup);
$_->safe_psql('postgres', 'ANALYZE') for @shards;
is( $one->safe_psql('postgres', 'SELECT count(DISTINCT tableoid) FROM sharded.orders'),
	$count, 'the orders lie on all shards');

# What a query gives, each row in its binary and its text form; and how long it
# took.  A query without a value would equal another without a value.
$one->safe_psql(
	'postgres', q{
	CREATE FUNCTION public.digest(query text, runs int, OUT digest text, OUT rows bigint, OUT ms float8)
	LANGUAGE plpgsql AS $$
	DECLARE
		since timestamptz;
		took float8[] = '{}';
	BEGIN
		FOR run IN 1 .. runs
		LOOP
			since := clock_timestamp();
			EXECUTE 'SELECT md5(string_agg(h, '''' ORDER BY h)), count(*) FROM ('
				'SELECT md5(record_send(r)) || md5(r::text) AS h FROM (' || query || ') AS r '
				'WHERE r IS NOT NULL) AS x' INTO digest, rows;
			took := took || extract(epoch FROM clock_timestamp() - since)::float8 * 1000;
		END LOOP;
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) INTO ms FROM unnest(took) AS t;
	END $$;
});

# ---------------------------------------------------------------------
# The forms
# ---------------------------------------------------------------------

my @forms = Forms::forms();

# One view a form on each shard, one foreign table on each view, and a view that
# puts the shards' rows together.
for my $i (0 .. $count - 1)
{
	$shards[$i]->safe_psql('postgres',
		join ";\n", map { "CREATE VIEW part_$_ AS " . Forms::query($forms[$_]{part}, 'public') } 0 .. $#forms);
}
my $parts = join ', ', map { "part_$_" } 0 .. $#forms;
$one->safe_psql('postgres',
	join ";\n",
	(map { "IMPORT FOREIGN SCHEMA public LIMIT TO ($parts) FROM SERVER shard$_ INTO shard$_" } 0 .. $count - 1),
	map {
		my $part = "part_$_";
		"CREATE VIEW views.$part AS " . join ' UNION ALL ', map { "SELECT * FROM shard$_.$part" } 0 .. $count - 1
	} 0 .. $#forms);

# Runs a query for its digest and for its plan: the statements sent to shards and
# the rows that came back.
sub run
{
	my ($sql, $set) = @_;
	$set ||= '';
	# Connected first, which is no part of the time.
	my $out = $one->safe_psql('postgres', qq{
		$set
		DO 'BEGIN PERFORM * FROM sharded.lives WHERE months < 0; END';
		SELECT digest || ' ' || rows || ' ' || ms FROM public.digest(\$q\$$sql\$q\$, $runs);
		EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON, TIMING off) $sql});
	my ($first, $json) = split /\n/, $out, 2;
	my ($digest, $rows, $ms) = split / /, $first;
	my %run = (digest => $digest, rows => $rows, ms => $ms, sent => [], moved => 0);
	my @nodes = (JSON::PP->new->utf8(0)->decode($json)->[0]{Plan});
	while (my $node = shift @nodes)
	{
		push @nodes, @{ $node->{Plans} || [] };
		next unless defined $node->{'Remote SQL'};
		push @{ $run{sent} }, $node->{'Remote SQL'};
		$run{moved} += $node->{'Actual Rows'} * $node->{'Actual Loops'};
	}
	return \%run;
}

sub equal_to
{
	my ($got, $want, $what) = @_;
	cmp_ok($want->{rows}, '>', 0, "$what: one node has a value");
	is("$got->{rows} $got->{digest}", "$want->{rows} $want->{digest}", "$what: equals one node");
	return sprintf '%s %.2f %s', $got->{digest} eq $want->{digest} ? 'equal' : 'DIFFERS',
	  $got->{ms} / ($want->{ms} || 0.001), $got->{moved} == int $got->{moved} ? $got->{moved} : '?';
}

my @lines;
for my $i (0 .. $#forms)
{
	my $form = $forms[$i];
	my $name = $form->{name};
	my $want = run(Forms::query($form->{whole}, 'one'));
	is("@{$want->{sent}}", '', "$name: one node asks nobody");
	$form->{digest} = $want->{digest};

	# By a view on each shard.
	my $got = run($form->{top} =~ s/@/views.part_$i/gr);
	my $view = equal_to($got, $want, "$name, views");
	is(scalar(grep { /FROM public\.part_$i\b/ } @{ $got->{sent} }), $count, "$name, views: read on each shard");
	is($got->{moved}, $count, "$name, views: one row a shard") if $form->{rollup};

	# Shipped.
	my $shipped = '-';
	if ($form->{shipped})
	{
		# A row for each customer, unless it all comes together here.
		my $alike = $form->{rollup} || $form->{ships} ne $form->{aggregate};
		$got = run(Forms::query($form->{shipped}, 'sharded'));
		$shipped = equal_to($got, $alike ? $want : run(Forms::query($form->{shipped}, 'one')), "$name, by customer");
		my @with = grep { /\bpublic\.$form->{ships}\(/ && /GROUP BY/ } @{ $got->{sent} };
		if ($form->{text})
		{
			is("@with", '', "$name, by customer: a constant of type text keeps it here");
			$shipped .= ' not shipped: text';
		}
		else
		{
			is(scalar @with, $count, "$name, by customer: each shard aggregates")
			  or diag(join "\n", @{ $got->{sent} });
		}
	}

	# Gathered.
	$got = run(Forms::query($form->{whole}, 'sharded'), 'SET enable_partitionwise_aggregate = off;');
	my $gathered = equal_to($got, $want, "$name, gathered");
	is(scalar(grep { /\bpublic\.\w+\(/ || /GROUP BY/ } @{ $got->{sent} }), 0, "$name, gathered: no shard aggregates");
	cmp_ok(scalar @{ $got->{sent} }, '>=', $count, "$name, gathered: from each shard");

	push @lines, [ $name, $view, $shipped, $gathered ];
}

# Every aggregate of the extension is among the forms.
{
	my $names = $one->safe_psql(
		'postgres', q{
		SELECT DISTINCT p.proname FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'retention'
		WHERE p.prokind = 'a' ORDER BY 1});
	my %has = map { $_->{aggregate} => 1 } @forms;
	$has{rollup} = 1 if grep { $_->{rollup} } @forms;
	my @missing = grep { !$has{$_} } split /\n/, $names;
	is("@missing", '', 'every aggregate has a form here');
}

# ---------------------------------------------------------------------
# Values sent in binary
# ---------------------------------------------------------------------

# postgres_fdw speaks the text protocol; COPY carries the binary one: a row of all
# parts from each shard.
{
	my @carried = grep { $forms[$_]{rollup} } 0 .. $#forms;
	my $columns = join ', ', map { "part_$_.m AS m$_" } @carried;
	my $from = join ', ', map { "part_$_" } @carried;
	$one->safe_psql('postgres',
		"CREATE TABLE carried AS SELECT $columns FROM " . ($from =~ s/part_/shard0.part_/gr) . ' LIMIT 0');
	for my $shard (@shards)
	{
		ok( IPC::Run::run(
				[
					'psql', '-X', '-q', '-d', $shard->connstr('postgres'), '-c',
					"COPY (SELECT $columns FROM $from) TO STDOUT (FORMAT binary)"
				],
				'|',
				[
					'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $one->connstr('postgres'), '-c',
					'COPY carried FROM STDIN (FORMAT binary)'
				]),
			'parts carried in binary from ' . $shard->name);
	}
	my @digests = split /\n/, $one->safe_psql('postgres', join ";\n",
		map { my $sql = "SELECT rollup(m$_) AS m FROM carried"; "SELECT digest FROM public.digest(\$q\$$sql\$q\$, 1)" } @carried);
	is($digests[$_], $forms[ $carried[$_] ]{digest}, "$forms[$carried[$_]]{name}: carried in binary, it rolls up to the same")
	  for 0 .. $#carried;
}

# ---------------------------------------------------------------------
# The right day
# ---------------------------------------------------------------------

# How many customers have other days than on one node.
sub customers_that_differ
{
	my ($call) = @_;
	my $days = 'SELECT customer_id, (SELECT array_agg((day, orders, amount)::text) FROM timeline_days(h)) AS days FROM';
	return $one->safe_psql(
		'postgres', qq{
		SELECT count(*)
		FROM ($days (SELECT customer_id, $call AS h FROM sharded.orders GROUP BY customer_id) AS x) AS s
		FULL JOIN ($days (SELECT customer_id, timeline(at, amount) AS h FROM one.orders GROUP BY customer_id) AS x) AS o
			USING (customer_id)
		WHERE s.days IS DISTINCT FROM o.days});
}

my $wrong = customers_that_differ('timeline(at, amount)');
cmp_ok($wrong, '>', $customers / 100, 'instants without a zone are cut in GMT on the shards');
is(customers_that_differ("timeline(at, amount, 'Europe/Paris')"), 0, 'with a zone all days are those of one node');
is(customers_that_differ("timeline(at, amount, 'day at Europe/Paris'::grain)"), 0, 'shipped with a zone, too');

# Shards may refuse what names none.
my %forgetful = (
	'shipped' => 'SELECT customer_id, timeline(at, amount) FROM sharded.orders GROUP BY customer_id',
	'a view on each shard' => 'SELECT rollup(m) FROM views.forgetful');
$_->safe_psql('postgres', q{CREATE VIEW forgetful AS SELECT cohort_matrix(customer_id, at, 'month') AS m FROM orders}) for @shards;
$one->safe_psql('postgres', join ';',
	(map { "IMPORT FOREIGN SCHEMA public LIMIT TO (forgetful) FROM SERVER shard$_ INTO shard$_" } 0 .. $count - 1),
	'CREATE VIEW views.forgetful AS ' . join ' UNION ALL ', map { "SELECT * FROM shard$_.forgetful" } 0 .. $count - 1);
for my $way (sort keys %forgetful)
{
	cmp_ok($one->safe_psql('postgres', "SELECT count(*) FROM ($forgetful{$way}) AS x"), '>', 0, "no zone, $way: as you like");
}
$_->safe_psql('postgres', 'ALTER DATABASE postgres SET retention.require_zone = on') for @shards;
for my $way (sort keys %forgetful)
{
	my ($code, $out, $error) = $one->psql('postgres', $forgetful{$way});
	is($out, '', "no zone, $way, but required: nothing");
	like($error, qr/ERROR:  a time zone must be named\n.*DETAIL:  .*HINT:  .*CONTEXT:  .*remote SQL command: /s,
		"no zone, $way, but required: an error that says so");
}

Page::check($one, @shards);

# ---------------------------------------------------------------------
# A shard that dies
# ---------------------------------------------------------------------

# Holds a table of shard 1 so that a query has the others' rows and waits for
# this one's; then kills the server.
$one->safe_psql('postgres', 'CREATE TABLE kept (m cohort_matrix)');
my %ways = (
	'a view on each shard' => $forms[1]{top} =~ s/@/views.part_1/r,
	'shipped' => Forms::query($forms[1]{shipped}, 'sharded'),
	'gathered' => Forms::query($forms[1]{whole}, 'sharded'));
for my $way (sort keys %ways)
{
	my $want = $one->safe_psql('postgres', "SELECT md5(m::text) FROM ($ways{$way}) AS x");
	my $holder = IPC::Run::start(
		[ 'psql', '-X', '-q', '-d', $shards[1]->connstr('postgres'), '-c', 'BEGIN; LOCK TABLE orders; SELECT pg_sleep(600)' ],
		'<', \'', '>', \my $held, '2>', \my $held_error);
	$shards[1]->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE relation = 'orders'::regclass AND mode = 'AccessExclusiveLock' AND granted")
	  or die 'the table is not held';
	my ($out, $error) = ('', '');
	my $query = IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-d', $one->connstr('postgres'), '-c', "INSERT INTO kept $ways{$way} RETURNING m" ],
		'<', \'', '>', \$out, '2>', \$error);
	$shards[1]->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted")
	  or die 'the query does not wait';
	my $killed = (split /\n/, slurp_file($shards[1]->data_dir . '/postmaster.pid'))[0];
	$shards[1]->kill9;
	$query->finish;
	$holder->finish;
	is($out, '', "a shard killed, $way: nothing partial is shown");
	like($error, qr/ERROR:  .*(?:connection|terminat).*CONTEXT:  remote SQL command: /s,
		"a shard killed, $way: an error that names the statement sent");
	is($one->safe_psql('postgres', 'SELECT count(*) FROM kept'), 0, "a shard killed, $way: nothing partial is kept");
	# A signal takes a moment, and the server's own processes another to notice;
	# a start in between finds the file of the one that was killed.
	my $up = 0;
	for (1 .. 600)
	{
		if (!kill 0, $killed)
		{
			$shards[1]->{_pid} = undef;
			last if $up = $shards[1]->start(fail_ok => 1);
		}
		select undef, undef, undef, 0.1;
	}
	ok($up, "a shard killed, $way: it starts again");
	is($one->safe_psql('postgres', "SELECT md5(m::text) FROM ($ways{$way}) AS x"), $want, "a shard killed, $way: and the query then works");
}

# ---------------------------------------------------------------------
# The table
# ---------------------------------------------------------------------

my $table = sprintf "%d customers, %d shards, each way: result, time over one node's, rows that crossed; text protocol\n\n",
  $customers, $count;
my @head = ('form', 'by views', 'by customer, shipped', 'gathered');
my @width = map { my $column = $_; (sort { $b <=> $a } map { length $_->[$column] } \@head, @lines)[0] } 0 .. 3;
for my $line (\@head, @lines)
{
	$table .= join('  ', map { sprintf "%-$width[$_]s", $line->[$_] } 0 .. 3) =~ s/ +$//r . "\n";
}
$table .= "\ncustomers with other days when no zone is named: $wrong of $customers\n";
if ($ENV{SHARDS_TABLE})
{
	append_to_file($ENV{SHARDS_TABLE}, $table);
}
else
{
	note($table);
}

$_->stop for $one, @shards;
done_testing();
