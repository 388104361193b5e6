# Funnels against a brute force over all chains, in every mode and combination
# of modes: window_funnel on random rows, funnel on random letters; then the
# same funnel whatever the order of rows, workers, memory and parts.
#
# Other data: any other RETENTION_SEED; more or fewer: RETENTION_CASES.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 20000;
# fewer make no parallel plan, and spill nothing
$cases = 2000 if $cases < 2000;

use constant { STRICT => 1, INCREASING => 2, DEDUPLICATED => 4, ONE_STEP => 8 };
my @words = ('strict order', 'strictly increasing', 'deduplicated', 'one row one step');

sub mode_words
{
	my ($mode) = @_;
	return join(',', map { $words[$_] } grep { $mode & (1 << $_) } 0 .. 3) || 'default';
}

my $node = PostgreSQL::Test::Cluster->new('funnel');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
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
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

##################################################################
# The definition.  An event is [time, step, row]; step 0 meets no condition.
# A chain takes steps 1, 2, ..., k, in order of (time, step), the last inside
# the window.  What breaks it lies between its first and its last event.
##################################################################

# For each of the 16 modes the best chain: [length, times], the longest, then
# the one with the earliest times.
sub brute_force
{
	my ($rows, $window) = @_;
	my @events = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @$rows;
	my @best = map { [0] } 0 .. 15;
	my @chain;

	my $judge = sub {
		my $k = @chain;
		my %in_chain = map { $_ => 1 } @chain;
		my $wrong = 0;
		my %used;
		for my $i (0 .. $k - 1)
		{
			my $e = $events[ $chain[$i] ];
			$wrong |= ONE_STEP if $used{ $e->[2] }++;
			$wrong |= INCREASING if $i > 0 && $e->[0] == $events[ $chain[ $i - 1 ] ][0];
		}
		# a skipped step i + 1 does not count where it could not be taken:
		# it is simultaneous (INCREASING), or of a row in use (ONE_STEP)
		my ($repeated, @skipped) = (0);
		for my $x (0 .. $#events)
		{
			next if $in_chain{$x};
			my ($at, $step, $row) = @{ $events[$x] };
			my $i = 0;
			$i++ while $i < $k && ($events[ $chain[$i] ][0] < $at || ($events[ $chain[$i] ][0] == $at && $i + 1 <= $step));
			next if $i < 1 || $i >= $k;
			$wrong |= STRICT if $step == 0 || $step > $i + 1;
			$repeated = 1 if $step >= 2 && $step <= $i;
			if ($step == $i + 1)
			{
				my $excuse = $at == $events[ $chain[ $i - 1 ] ][0] ? INCREASING : 0;
				$excuse |= ONE_STEP if grep { $events[$_][2] == $row } @chain[ 0 .. $i - 1 ];
				push @skipped, $excuse;
			}
		}
		my @times = map { $events[$_][0] } @chain;
		for my $mode (0 .. 15)
		{
			next if $wrong & $mode;
			next if ($mode & DEDUPLICATED) && ($repeated || grep { !($_ & $mode) } @skipped);
			my $best = $best[$mode];
			next if $best->[0] > $k;
			if ($best->[0] == $k)
			{
				my ($earlier) = grep { $_ } map { $times[$_] <=> $best->[ $_ + 1 ] } 0 .. $k - 1;
				next if !defined $earlier || $earlier > 0;
			}
			$best[$mode] = [ $k, @times ];
		}
	};
	my $extend;
	$extend = sub {
		my $from = @chain ? $chain[-1] + 1 : 0;
		my $step = @chain + 1;
		for my $x ($from .. $#events)
		{
			next if $events[$x][1] != $step;
			last if @chain && $events[$x][0] > $events[ $chain[0] ][0] + $window;
			push @chain, $x;
			$judge->();
			$extend->();
			pop @chain;
		}
	};
	$extend->();
	undef $extend;
	return \@best;
}

# The brute force knows the published answers.
sub letters
{
	my ($string) = @_;
	my $n = 0;
	return [ map { [ ++$n, index('xabcd', $_), $n ] } split //, $string ];
}
is(join(',', map { brute_force(letters($_), 86400)->[0][0] } qw(abc axbc aabbcc aaaabbcc aabbxcc ccbbaa)),
	'3,3,3,3,3,1', 'brute force: default');
is(join(',', map { brute_force(letters($_), 86400)->[STRICT][0] } qw(abc axbc aabbcc aaaabbcc aabbxcc ccbbaa)),
	'3,1,3,3,2,1', 'brute force: strict order');
is(brute_force([ [ 0, 1, 1 ], [ 1, 2, 2 ], [ 1, 3, 3 ], [ 1, 4, 4 ], [ 2, 5, 5 ] ], 10)->[INCREASING][0],
	2, 'brute force: strictly increasing');
is(brute_force([ map { [ 1, $_, 1 ] } 1 .. 3 ], 10)->[ONE_STEP][0], 1, 'brute force: one row one step');
is(brute_force([ (map { [ $_ * 10, $_ + 1, $_ ] } 0 .. 5), [ 51, 6, 7 ], [ 60, 7, 8 ] ], 10000)->[DEDUPLICATED][0],
	6, 'brute force: deduplicated');

##################################################################
# window_funnel: rows that meet any number of four conditions
##################################################################

srand($seed);
sub between { return $_[0] + int(rand($_[1] - $_[0] + 1)) }

my (@copy, @rows, @window);
for my $id (1 .. $cases)
{
	my $n = between(1, 7);
	my $span = between(1, 9);			# few instants: many ties
	my $chance = (0, 0.2, 0.4)[ $id % 3 ];	# of a further condition
	$window[$id] = between(0, $span);
	my $at = 0;
	for my $row (1 .. $n)
	{
		$at = rand() < 0.5 ? between(0, $span) : $at + between(0, 1);
		my %met;
		# often in the order of a funnel, else anything or nothing
		my $step = rand() < 0.5 ? 1 + $row % 4 : between(0, 4);
		$met{$step} = 1 if $step;
		rand() < $chance and $met{$_} = 1 for 1 .. 4;
		push @{ $rows[$id] }, [ $at, (%met ? $_ : 0), $row ] for %met ? sort keys %met : 0;
		push @copy, join("\t", $id, $window[$id], $at, '{' . join(',', map { $met{$_} ? 't' : rand() < 0.1 ? 'NULL' : 'f' } 1 .. 4) . '}');
	}
}
$node->safe_psql('postgres',
	"CREATE TABLE strings (id int, within int, at int, met bool[]) WITH (parallel_workers = 2);\nCOPY strings FROM STDIN;\n" . join("\n", @copy) . "\n\\.\nVACUUM ANALYZE strings");

my @want = map { $_ ? brute_force($rows[$_], $window[$_]) : undef } 0 .. $cases;
for my $mode (0 .. 15)
{
	my $words = mode_words($mode);
	my %got = map { split /\|/ } split /\n/, $node->safe_psql('postgres',
		"SELECT id, window_funnel(within, at, '$words', VARIADIC met) FROM strings GROUP BY id");
	my @differ = grep { $got{$_} != $want[$_][$mode][0] } 1 .. $cases;
	is(scalar @differ, 0, "window_funnel, $words: $cases random strings") or do
	{
		for my $id (@differ[ 0 .. ($#differ < 4 ? $#differ : 4) ])
		{
			diag("within $window[$id]: " . join(' ', map { "$_->[0]:$_->[1]/r$_->[2]" } @{ $rows[$id] }) . ": got $got{$id}, want $want[$id][$mode][0]");
		}
	};
}
my %lengths;
$lengths{ $want[$_][0][0] }++ for 1 .. $cases;
cmp_ok($lengths{$_} || 0, '>', $cases / 100, "many furthest chains of $_ steps") for 0 .. 4;
for my $mode (1 .. 15)
{
	# strictly increasing times are of different rows
	next if ($mode & ONE_STEP) && ($mode & INCREASING);
	cmp_ok(scalar(grep { $want[$_][$mode][0] != $want[$_][ $mode & ($mode - 1) ][0] } 1 .. $cases),
		'>', 0, mode_words($mode) . ' makes a difference');
}

# Time of any type, rows in any order, any number of workers.
my $all = 'strict order, deduplicated, one row one step';
my $answer = $node->safe_psql('postgres',
	"SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM (SELECT id, window_funnel(within, at, '$all', VARIADIC met) AS f FROM strings GROUP BY id) x");
for (
	[ 'dates, days', q{within, date '2024-01-01' + at}, 'strings' ],
	[ 'dates, interval', q{within * interval '1 day', date '2024-01-01' + at}, 'strings' ],
	[ 'timestamp', q{within * interval '1 hour', timestamp '2024-01-01' + at * interval '1 hour'}, 'strings' ],
	[ 'timestamptz', q{within * interval '1 second', to_timestamp(at)}, 'strings' ],
	[ 'smallint', q{within::smallint, at::smallint}, 'strings' ],
	[ 'bigint', q{within::bigint, at::bigint}, 'strings' ],
	[ 'other order', 'within, at', '(SELECT * FROM strings ORDER BY at DESC, hashtext(met::text)) s' ])
{
	my ($name, $arguments, $from) = @$_;
	is( $node->safe_psql('postgres',
			"SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM (SELECT id, window_funnel($arguments, '$all', VARIADIC met) AS f FROM $from GROUP BY id) x"),
		$answer, "window_funnel: $name");
}
$node->safe_psql(
	'postgres', q{
	CREATE TABLE grouped WITH (parallel_workers = 4) AS SELECT id % 40 AS id, at + id / 40 * 10 AS at, met FROM strings;
	ANALYZE grouped;});
my $groups = "SELECT id, window_funnel(3, at, '$all', VARIADIC met) AS f FROM grouped GROUP BY id";
$answer = $node->safe_psql('postgres', "SELECT string_agg(f::text, ',' ORDER BY id) FROM ($groups) x");
for my $workers (1, 2, 4)
{
	my $set = "SET max_parallel_workers_per_gather = $workers; SET parallel_tuple_cost = 1;";
	is($node->safe_psql('postgres', "$set SELECT string_agg(f::text, ',' ORDER BY id) FROM ($groups) x"),
		$answer, "window_funnel: $workers workers");
	like($node->safe_psql('postgres', "$set EXPLAIN (COSTS off) $groups"), qr/Partial/, 'in a parallel plan');
}

# One customer with everything: compaction, workers and the search at length.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE long AS SELECT n, abs(hashint4(n)) % 3000 AS at, abs(hashint8extended(n, 3)) % 7 AS step
	FROM generate_series(1, 200000) n;
	ALTER TABLE long SET (parallel_workers = 4);
	ANALYZE long;});
for my $mode (0 .. 15)
{
	my $words = mode_words($mode);
	my $query = "SELECT window_funnel(100, at, '$words', step = 1, step = 2 OR step = 5, step = 3, step = 4, step IN (5, 3), step = 6) FROM %s";
	my $serial = $node->safe_psql('postgres', sprintf($query, 'long'));
	like($serial, qr/^[1-6]$/, "$words: one long string");
	is($node->safe_psql('postgres', sprintf($query, '(SELECT DISTINCT at, step FROM long) x')), $serial, 'repeats make no difference')
	  if !($mode & (DEDUPLICATED | ONE_STEP));
	is($node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 4;' . sprintf($query, 'long')), $serial, 'four workers');
	is($node->safe_psql('postgres', sprintf($query, '(SELECT * FROM long ORDER BY hashint4(n + 1)) x')), $serial, 'another order');
}

##################################################################
# funnel: the same search over all customers at once, and the times between
# steps on the earliest of the furthest chains
##################################################################

$node->safe_psql('postgres', q{
	CREATE TABLE letters (customer int, at timestamptz, step int, serial int) WITH (parallel_workers = 4);});
my @letters;
my @lines;
my $serial = 0;
for my $id (1 .. $cases)
{
	my $at = 0;
	for my $row (1 .. between(1, 8))
	{
		$at += between(0, 2) if rand() < 0.8;
		my $step = rand() < 0.5 ? 1 + $row % 4 : between(1, 5);
		push @{ $letters[$id] }, [ $at, $step, $row ];
		push @lines, join("\t", $id, $at, $step, ++$serial);
	}
	# a row without a step is one, which strict order minds
	push @{ $letters[$id] }, [ 3, 0, 9 ] if $id % 5 == 0;
	push @lines, join("\t", $id, 3, '\N', ++$serial) if $id % 5 == 0;
	# rows without a time or a customer are none
	push @lines, join("\t", $id, '\N', 1, ++$serial) if $id % 7 == 0;
	push @lines, join("\t", '\N', 1, 1, ++$serial) if $id % 11 == 0;
}
$node->safe_psql('postgres',
	"CREATE TEMP TABLE raw (customer int, at int, step int, serial int);\nCOPY raw FROM STDIN;\n" . join("\n", @lines) . "\n\\.\n"
	  . q{INSERT INTO letters SELECT customer, timestamptz '2024-03-30 22:00:00+00' + at * interval '0.5 s', step, serial FROM raw;
	VACUUM ANALYZE letters;
	CREATE TABLE shuffled (LIKE letters) WITH (parallel_workers = 4);
	INSERT INTO shuffled SELECT * FROM letters ORDER BY hashint4(serial);
	VACUUM ANALYZE shuffled;});

my %per_mode;
for my $id (1 .. $cases)
{
	my $best = brute_force($letters[$id], 4);
	for my $mode (0 .. 15)
	{
		# rows have one step each
		next if $mode & ONE_STEP;
		my ($k, @times) = @{ $best->[$mode] };
		$per_mode{$mode}{customers}[$_]++ for 1 .. $k;
		for my $step (2 .. $k)
		{
			$per_mode{$mode}{times}[$step][$_]{ $times[ $step - 1 ] - $times[ $_ - 1 ] }++ for 1 .. $step - 1;
		}
	}
}

sub funnel_text
{
	my ($set, $mode, $from) = @_;
	return $node->safe_psql('postgres', "SET client_min_messages = warning; $set SELECT funnel(customer, at, step, interval '2 s', '" . mode_words($mode) . "') FROM $from");
}

sub times_text
{
	my ($times) = @_;
	my @times = sort { $a <=> $b } keys %$times;
	return '"seconds": [' . join(',', map { $_ / 2 } @times) . '], "count": [' . join(',', map { $times->{$_} } @times) . ']';
}

my %text;
for my $mode (0 .. 15)
{
	my $of = $per_mode{ $mode & ~ONE_STEP };
	my @steps;
	for my $step (1 .. 5)
	{
		my $text = '{"customers": ' . ($of->{customers}[$step] || 0);
		$text .= ', ' . times_text($of->{times}[$step][ $step - 1 ] || {}) if $step > 1;
		push @steps, "$text}";
	}
	# from earlier steps, where there are any
	for my $step (3 .. 5)
	{
		for my $from (1 .. $step - 2)
		{
			my $times = $of->{times}[$step][$from] or next;
			push @steps, "{\"step\": $step, \"from\": $from, " . times_text($times) . '}';
		}
	}
	my $words = $mode ? join(', ', map { $words[$_] } grep { $mode & (1 << $_) } 0 .. 3) : '';
	$text{$mode} = '{"within": "PT2S", "mode": "' . $words . '", "zone": "", "steps": [' . join(', ', @steps) . ']}';
	is(funnel_text('', $mode, 'letters'), $text{$mode}, "funnel, " . mode_words($mode) . ": customers and times of $cases strings");
}

# The median of funnel_steps, and any quantile, from the same times.
is( $node->safe_psql(
		'postgres', q{
		WITH f AS (SELECT funnel(customer, at, step, interval '2 s') AS f FROM letters),
		t AS (
			SELECT s.n AS step, (sec.v::float8) / 86400 AS days
			FROM f, json_array_elements(f::json->'steps') WITH ORDINALITY s (j, n),
				ROWS FROM (json_array_elements_text(j->'seconds'), json_array_elements_text(j->'count')) sec (v, c),
				generate_series(1, c::int)
			WHERE j->'step' IS NULL)
		SELECT count(*), count(*) FILTER (WHERE abs(median_time - m) < 1e-15 AND abs(step_time(f, s.step, 0.9) - q) < 1e-15)
		FROM f, funnel_steps(f) s
		JOIN (SELECT step, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS m, percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS q
			FROM t GROUP BY step) x USING (step)}),
	'4|4', 'median and quantile are those of percentile_cont');

##################################################################
# One set of rows, one funnel, byte for byte
##################################################################

my $plenty = "SET work_mem = '256MB'; SET hash_mem_multiplier = 1;";
my $little = "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;";
sub temp_files
{
	my ($code) = @_;
	my $offset = -s $node->logfile;
	my $result = $code->();
	my $log = substr(slurp_file($node->logfile), $offset);
	return ($result, scalar(() = $log =~ /temporary file: path/g));
}
for my $mode (0, STRICT | INCREASING, DEDUPLICATED)
{
	my $words = mode_words($mode);
	my ($got, $files) = temp_files(sub { funnel_text($plenty, $mode, 'shuffled') });
	is($got, $text{$mode}, "$words: shuffled rows");
	is($files, 0, 'in memory');
	for my $from ('letters', 'shuffled')
	{
		($got, $files) = temp_files(sub { funnel_text($little, $mode, $from) });
		is($got, $text{$mode}, "$words: little memory, $from");
		cmp_ok($files, '>', 0, 'with temporary files');
	}
	for ([ 1, 'on' ], [ 2, 'off' ], [ 4, 'on' ], [ 4, 'off' ])
	{
		my ($count, $leader) = @$_;
		my $workers = "SET max_parallel_workers_per_gather = $count; SET parallel_leader_participation = $leader;";
		is(funnel_text($plenty . $workers, $mode, 'shuffled'), $text{$mode}, "$words: $count workers, leader $leader");
		is(funnel_text($little . $workers, $mode, 'letters'), $text{$mode}, "$words: $count workers with little memory");
	}
	for my $parts (7, 1000)
	{
		is( $node->safe_psql('postgres', "$plenty SELECT rollup(f ORDER BY part DESC) FROM (SELECT customer % $parts AS part, funnel(customer, at, step, interval '2 s', '$words') AS f FROM shuffled GROUP BY 1) x"),
			$text{$mode}, "$words: rollup of $parts parts");
	}
	is( $node->safe_psql('postgres', "SELECT bool_and(f = f::text::funnel AND funnel_send(f) = funnel_send(f::text::funnel) AND f::text = f::json::text) FROM (SELECT funnel(customer, at, step, interval '2 s', '$words') AS f FROM letters) x"),
		't', "$words: out and in again");
	for my $customer ('md5(customer::text)::uuid', "'a customer of many letters ' || customer", 'customer::bigint << 33')
	{
		is(funnel_text($plenty, $mode, "(SELECT $customer AS customer, at, step FROM letters) x"), $text{$mode}, "$words: $customer");
		is(funnel_text($little, $mode, "(SELECT $customer AS customer, at, step FROM shuffled) x"), $text{$mode}, "$words: $customer, little memory");
	}
}
like($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 4; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT funnel(customer, at, step, interval '2 s') FROM letters"),
	qr/Workers Launched: 4.*Partial Aggregate/s, 'four workers and partial aggregates');

##################################################################
# Windows end where at + within does: days in a zone, months
##################################################################

my $ends = q{
	SELECT count(*), count(*) FILTER (WHERE NOT inside OR outside)
	FROM (
		SELECT window_funnel(w, t, 'default', f, NOT f) FILTER (WHERE v <> 3) = 2 AS inside,
			window_funnel(w, t, 'default', f, NOT f) FILTER (WHERE v <> 2) = 2 AS outside
		FROM (
			SELECT at, w, v, CASE v WHEN 1 THEN at WHEN 2 THEN at + w ELSE at + w + interval '1 microsecond' END AS t, v = 1 AS f
			FROM (SELECT %s + n * interval '7 hours 13 minutes 0.25 s' AS at FROM generate_series(0, 2000) n) a,
				unnest('{1 day,1 month,13 months 20 days 5 hours,36 hours,0}'::interval[]) w, generate_series(1, 3) v) x
		GROUP BY at, w) y};
for my $zone ('Europe/Paris', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'UTC')
{
	is($node->safe_psql('postgres', "SET timezone = '$zone'; " . sprintf($ends, q{timestamptz '2017-06-30 23:00'})),
		'10005|0', "windows of instants in $zone");
}
is($node->safe_psql('postgres', sprintf($ends, q{timestamp '2023-06-30 23:00'})), '10005|0', 'windows of timestamps');
# a funnel takes them the same way
is( $node->safe_psql(
		'postgres', q{
		SET timezone = 'Europe/Paris';
		SELECT funnel(n, at, step, '1 month 1 day') = funnel(n, at, step, '1 month 1 day') FILTER (WHERE step < 3),
			conversion_rate(funnel(n, at, step, '1 month 1 day') FILTER (WHERE step < 3), 2),
			conversion_rate(funnel(n, at, CASE step WHEN 3 THEN 2 WHEN 1 THEN 1 END, '1 month 1 day'), 2)
		FROM (SELECT n, step, CASE step WHEN 1 THEN at WHEN 2 THEN at + interval '1 month 1 day' ELSE at + interval '1 month 1 day 1 microsecond' END AS at
			FROM (SELECT n, timestamptz '2023-01-01' + n * interval '5 hours 11 minutes' AS at FROM generate_series(1, 20000) n) a, generate_series(1, 3) step) x}),
	'f|1|0', 'a funnel over twelve years of Paris time');

# The outermost interval, infinity from PostgreSQL 17 on, is no window anywhere.
my $endless = $node->safe_psql('postgres', 'SHOW server_version_num') >= 170000
  ? 'infinity' : '178956970 years 7 months 2147483647 days 2562047788:00:54.775807';
my (undef, undef, $stderr) = $node->psql('postgres', "SELECT funnel(1, date '2024-01-01', 1, '$endless')");
like($stderr, qr/the window of a funnel must be finite/, 'an infinite window');

$node->stop;
done_testing();
