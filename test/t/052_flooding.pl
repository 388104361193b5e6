# Customers, times and amounts chosen so that a table with a known hash has one
# long chain: they cost what others cost.  The keys are made here, from the
# finisher in base/salt.h and its inverse.
use strict;
use warnings FATAL => 'all';
no warnings qw(portable);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('flooding');
$node->init(extra => [ '--encoding', 'SQL_ASCII', '--locale', 'C' ]);
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
max_parallel_workers_per_gather = 0
work_mem = '256MB'
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

##################################################################
# The finisher and its inverse, on 64 bits
##################################################################

sub multiply
{
	use integer;
	return $_[0] * $_[1] | 0;
}

# x ^ x >> n undone
sub unshift_xor
{
	my ($x, $n) = @_;
	my $y = $x;
	$y = $x ^ ($y >> $n) for 1 .. 64 / $n;
	return $y;
}

# The inverse of an odd number.
sub inverse
{
	my ($x) = @_;
	my $y = $x;
	{
		use integer;
		$y *= 2 - $x * $y for 1 .. 6;
	}
	return unpack('Q', pack('q', $y));
}

sub unsigned
{
	return unpack('Q', pack('q', $_[0]));
}

my ($m1, $m2) = (0xbf58476d1ce4e5b9, 0x94d049bb133111eb);
my ($i1, $i2) = (inverse($m1), inverse($m2));

sub mix
{
	my ($x) = @_;
	$x = unsigned(multiply($x ^ ($x >> 30), $m1));
	$x = unsigned(multiply($x ^ ($x >> 27), $m2));
	return $x ^ ($x >> 31);
}

sub unmix
{
	my ($x) = @_;
	$x = unsigned(multiply(unshift_xor($x, 31), $i2));
	$x = unsigned(multiply(unshift_xor($x, 27), $i1));
	return unshift_xor($x, 30);
}

is(mix(1), 0x5692161d100b05e5, 'the finisher is the published one');
is(unmix(mix(0x0123456789abcdef)), 0x0123456789abcdef, 'and its inverse undoes it');

##################################################################
# Customers
##################################################################

my $n = 100000;

# Make a table of rows given as lists of columns.
sub load
{
	my ($table, $columns, $rows) = @_;
	my $file = $node->basedir . "/$table.txt";
	open my $out, '>', $file or die "$file: $!";
	print $out join("\t", @$_), "\n" for @$rows;
	close $out;
	$node->safe_psql('postgres', "CREATE TABLE $table ($columns); COPY $table FROM '$file'");
	unlink $file;
}

# Two words that one word was folded of, whatever came after.
load('words', 'a bytea, b bytea',
	[ map { [ map { '\\\\x' . $_ } unpack('H*', pack('Q<', 0x1122334455667788 ^ mix($_))), unpack('H*', pack('Q<', $_)) ] }
		# seven bytes and the length of a text of fifteen
		map { 0x0F30303030303030 + $_ % 10 + int($_ / 10) % 10 * 256 + int($_ / 100) % 10 * 65536 + int($_ / 1000) % 10 * (1 << 24) + int($_ / 10000) * (1 << 32) } 0 .. $n - 1 ]);

# Integers whose mixed bits are those of one part, or end in zeros.
load('integers', 'part bigint, zeros bigint',
	[ map { [ map { unpack('q', pack('Q', unmix($_))) } (0xABCDEF << 40) + $_, $_ << 47 ] } 0 .. $n - 1 ]);

$node->safe_psql(
	'postgres', q{
	CREATE TYPE pair AS (a uuid, b bigint);
	CREATE TABLE crafted AS
		SELECT row_number() OVER () AS n, encode(a || b, 'hex')::uuid AS id,
			convert_from(substring(a || b FOR 15), 'SQL_ASCII') AS short,
			repeat('x', 25) || convert_from(substring(a || b FOR 15), 'SQL_ASCII') AS long
		FROM words WHERE position('\\x00'::bytea IN a) = 0;
	CREATE TABLE others AS
		SELECT n, md5(n::text)::uuid AS id, left(md5(n::text), 15) AS short,
			md5(n::text) || left(md5(n::text || 'x'), 8) AS long FROM generate_series(1, (SELECT count(*) FROM crafted)) n;
	CREATE TABLE aimed AS SELECT row_number() OVER () AS n, part, zeros FROM integers;
	CREATE TABLE unaimed AS SELECT n, hashint8extended(n, 1) AS part, hashint8extended(n, 1) AS zeros FROM generate_series(1, 100000) n;
	VACUUM ANALYZE crafted; VACUUM ANALYZE others; VACUUM ANALYZE aimed; VACUUM ANALYZE unaimed;});
cmp_ok($node->safe_psql('postgres', 'SELECT count(DISTINCT id) FROM crafted'), '>', 0.9 * $n, 'customers are crafted');

# Processor time of an expression over some tables, in seconds: the least of
# three for each.
sub costs
{
	my ($expression, $set, @from) = @_;
	my $sql = join '', map { "SELECT $expression IS NULL FROM $_;\n" } @from;
	my ($ret, $out, $err) = $node->psql(
		'postgres', "$set SET client_min_messages = log; SET log_executor_stats = on;\n$sql$sql$sql", on_error_stop => 1);
	die "$sql: $err" if $ret != 0;
	# each shows its own use, and in brackets that of the session so far
	my @seconds = map { /\!\s+([\d.]+) s user, ([\d.]+) s system, / ? $1 + $2 : () } split /\n/, $err;
	die "no usage in $err" if @seconds != 3 * @from;
	return map { my $i = $_; (sort { $a <=> $b } @seconds[ map { $i + $_ * @from } 0 .. 2 ])[0] } 0 .. $#from;
}

my $at = q{timestamp '2024-01-01' + n % 100 * interval '1 day'};

sub as_cheap
{
	my ($name, $expression, $crafted, $others, $set) = @_;
	my ($first, $second) = costs($expression, $set // '', $crafted, $others);
	note(sprintf '%s: %.3f s crafted, %.3f s others', $name, $first, $second);
	cmp_ok($first, '<', 3 * $second, "$name: crafted ones cost what others cost");
}

for (
	[ 'uuid', 'id' ], [ 'text of 15', 'short' ], [ 'text of 40', 'long' ],
	[ 'composite', '(id, n % 3)::pair' ], [ 'row', 'ROW(id, n % 3)' ], [ 'array', 'ARRAY[id]' ])
{
	my ($name, $customer) = @$_;
	as_cheap($name, "cohort_matrix($customer, $at, 'month')", 'crafted', 'others');
}
for ('part', 'zeros')
{
	as_cheap("bigint, $_", "cohort_matrix($_, $at, 'month')", 'aimed', 'unaimed');
	as_cheap("numeric, $_", "cohort_matrix($_\::numeric, $at, 'month')", 'aimed', 'unaimed');
	as_cheap("bigint, $_, spilled", "cohort_matrix($_, $at, 'day since start')", 'aimed', 'unaimed',
		"SET work_mem = '256kB'; SET hash_mem_multiplier = 1;");
}
for (
	"cohort_matrix(id, $at, 1.5, 'week since start')",
	"cohort_matrix(id, $at, $at, 1.5, 'week')",
	"cohort_matrix(id, daterange('2024-01-01', date '2024-02-01' + n::int % 100), 1.5, 'month')",
	"customer_movements(id, $at, 1.5, 'day')",
	"customer_movements(id, daterange('2024-01-01', date '2024-02-01' + n::int % 100), 1.5, 'month')",
	"funnel(id, $at, 1 + n::int % 3, '30 days')")
{
	as_cheap($_, $_, 'crafted', 'others');
	as_cheap("$_, spilled", $_, 'crafted', 'others', "SET work_mem = '256kB'; SET hash_mem_multiplier = 1;");
}
for (
	"count(t) FROM (SELECT id, timeline($at, 1) AS t FROM TABLE GROUP BY id) x",
	"count(t) FROM (SELECT id, earliest(n, $at) AS t FROM TABLE GROUP BY id) x")
{
	my ($expression, $from) = /^(\S+) FROM (.*)$/;
	as_cheap($_, $expression, map { $from =~ s/TABLE/$_/r } 'crafted', 'others');
}
is( $node->safe_psql('postgres', "SELECT sum(cohort_size) FROM cohort_cells((SELECT cohort_matrix(id, $at, 'month') FROM crafted), up_to_age => 0)"),
	$node->safe_psql('postgres', 'SELECT count(DISTINCT id) FROM crafted'),
	'and all of them are counted');

##################################################################
# Periods
##################################################################

# Cohorts a multiple of 8192 days apart, periods of 2^18.
for my $case ([ 'cohorts', 8192, 4000 ], [ 'periods', 1 << 18, 8000 ])
{
	my ($name, $step, $many) = @$case;
	for my $call ("cohort_matrix(n, d, 'day')", "customer_movements(n, d, 'day')")
	{
		my $rows = "(SELECT n, date '2000-01-01' + n % $many * STEP AS d FROM generate_series(0, 79999) n) x";
		as_cheap("$name, $call", $call, map { $rows =~ s/STEP/$_/r } $step, $step - 1);
	}
}

# Cells: cohort and age that a multiplication by 2^64 over the golden ratio
# brings to one slot.
my $unphi = inverse(0x9E3779B97F4A7C15);
my (@cells, @plain);
for (my $j = 1; @cells < 20000; $j++)
{
	my $key = unsigned(multiply($j, $unphi));
	my ($cohort, $age) = ($key >> 32, $key & 0xFFFFFFFF);
	next if $cohort + $age > 2145000000;	# the last date
	push @cells, [ scalar @cells, $_ ] for $cohort, $cohort + $age;
	push @plain, [ scalar @plain, $_ ] for int(rand(1000000000)), 1000000000 + int(rand(1000000000));
}
for ([ 'cells', \@cells ], [ 'cells_plain', \@plain ])
{
	my ($table, $rows) = @$_;
	my $i = 0;
	load($table, 'n int, d int', [ map { [ int($i++ / 2), $_->[1] ] } @$rows ]);
}
as_cheap('cells', "cohort_matrix(n, date '2000-01-01' + d, 'day')", 'cells', 'cells_plain');

##################################################################
# Rows of models
##################################################################

# mix(mix(mix(x) + u) + v) of the finisher of MurmurHash3, with the last bits
# zero; x and u are 0.
my ($j1, $j2) = (inverse(0xff51afd7ed558ccd), inverse(0xc4ceb9fe1a85ec53));
sub unmurmur
{
	my ($x) = @_;
	$x = unsigned(multiply(unshift_xor($x, 33), $j2));
	$x = unsigned(multiply(unshift_xor($x, 33), $j1));
	return unshift_xor($x, 33);
}
my @ages;
for (my $j = 1; @ages < 60000; $j++)
{
	my $age = unpack('d', pack('Q', unmurmur($j << 20)));
	push @ages, [ sprintf('%.17g', $age) ] if $age > 1e-6 && $age < 1e9;
}
load('ages', 'age float8', \@ages);
load('ages_plain', 'age float8', [ map { [ 1e9 * rand() ] } @ages ]);
# A row that cannot be used, so that nothing is fitted.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION refused(t text) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('SELECT purchase_model(''bg/nbd'', x, 0::float8, age) FROM (SELECT 0 AS x, age FROM %I UNION ALL SELECT -1, 1) r', t);
	EXCEPTION WHEN invalid_parameter_value THEN
		RETURN true;
	END $$;});
as_cheap('rows of a model', 'refused(t)', "(VALUES ('ages')) x (t)", "(VALUES ('ages_plain')) x (t)");

##################################################################
# Timeouts
##################################################################

# Processor time that the backend of a session has used, in seconds.
SKIP:
{
	skip 'no /proc/self/stat', 2 if !-r '/proc/self/stat';
	my $used = q{SELECT 'used ' || split_part(pg_read_file('/proc/self/stat'), ' ', 14)::int + split_part(pg_read_file('/proc/self/stat'), ' ', 15)::int;};
	for my $customer ('id', 'long')
	{
		my ($ret, $out, $err) = $node->psql(
			'postgres', qq{
			$used
			SET statement_timeout = 200;
			SELECT cohort_matrix($customer, $at + k * interval '1 minute', 'hour since start') IS NULL FROM crafted, generate_series(1, 200) k;
			SET statement_timeout = 0;
			$used}, on_error_stop => 0);
		my ($before, $after) = $out =~ /used (\d+)/g;
		like($err, qr/statement timeout/, "$customer: millions of them are cancelled");
		cmp_ok($after - $before, '<', 50, "$customer: after 200 ms, without half a second of work");
	}
}

$node->stop;
done_testing();
