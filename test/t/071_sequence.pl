# Sequences of one customer's rows against a search that tries one way after the
# other: sequence_match, sequence_count and sequence_next on random rows; then the
# same whatever the order of rows and the workers; and patterns made to take long.
#
# Other data: any other RETENTION_SEED; more or fewer: RETENTION_CASES.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 300;
my $patterns = 40;

my $node = PostgreSQL::Test::Cluster->new('sequence');
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
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

##################################################################
# The definition.  An event is [time, {condition => 1, ...}]; those of one time
# come by the conditions of the pattern, lowest first.  An element takes an event
# or skips some; what is skipped is as little as can be for the rest to be found.
##################################################################

sub in_order
{
	my ($events, $elements) = @_;
	my @asked = sort grep { /^\d$/ } @$elements;
	my @keyed = map { my $e = $_; [ $e, join('', map { $e->[1]{$_} ? 1 : 2 } @asked) ] } @$events;
	return [ map { $_->[0] } sort { $a->[0][0] <=> $b->[0][0] || $a->[1] cmp $b->[1] } @keyed ];
}

sub may_end
{
	my ($element) = @_;
	return $element =~ /^(\*|<.*|>=0)$/;
}

# From event $e on, the last one taken or come to being $base: the event after
# what is found, or undef.
sub search
{
	my ($events, $elements, $i, $e, $base) = @_;
	return $e if $i == @$elements;
	my $ends = !grep { !may_end($_) } @$elements[ $i .. $#$elements ];
	return $ends ? $e : undef if $e == @$events;
	my $element = $elements->[$i];
	if ($element =~ /^[1-4.]$/)
	{
		return undef if $element ne '.' && !$events->[$e][1]{$element};
		return search($events, $elements, $i + 1, $e + 1, $e);
	}
	my ($sign, $time) = $element =~ /^(\D+)(\d*)$/;
	for my $next ($e .. $#$events)
	{
		my $passed = $events->[$next][0] - $events->[$base][0];
		next
		  if !( $sign eq '*' || ($sign eq '<' && $passed < $time) || ($sign eq '<=' && $passed <= $time)
			|| ($sign eq '>' && $passed > $time) || ($sign eq '>=' && $passed >= $time) || ($sign eq '==' && $passed == $time));
		my $end = search($events, $elements, $i + 1, $next, $next);
		return $end if defined $end;
	}
	return $i == 0 && $ends ? scalar @$events : undef;
}

sub found_and_count
{
	my ($events, $elements) = @_;
	my ($e, $count) = (0, 0);
	$events = in_order($events, $elements);
	my $found = defined search($events, $elements, 0, 0, 0) ? 't' : 'f';
	while ($e < @$events)
	{
		my $end = search($events, $elements, 0, $e, $e);
		last if !defined $end;
		$count++;
		$e = $end == $e ? $e + 1 : $end;
	}
	return "$found|$count";
}

# It knows the published answers.
my @published = map { [ $_, { (0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 1)[$_] + 1 => 1 } ] } 0 .. 11;
is(found_and_count(\@published, [ '*', split / /, $_->[0] ]), $_->[1], "search: $_->[0]")
  for [ '1 1 1', 't|2' ], [ '1 >10 2', 't|1' ], [ '1 >11 2', 'f|0' ], [ '1 <11 2', 't|2' ], [ '1 <=2 3', 't|1' ], [ '2 >=7 2', 't|1' ];

srand($seed);
sub between { return $_[0] + int(rand($_[1] - $_[0] + 1)) }
sub any { return $_[ int(rand(@_)) ] }

# Elements, the first being ".*" whether it is written or not.
sub pattern
{
	my @elements = ('*');
	for (1 .. between(1, 6))
	{
		# no time follows another
		push @elements, rand() < 0.5 ? any(1, 1, 2, 2, 3, '.') : rand() < 0.4 || $elements[-1] =~ /[<>=]/ ? '*' : any('<', '<=', '>', '>=', '==') . between(0, 5);
	}
	return \@elements;
}

sub words
{
	my ($elements) = @_;
	return join '', map { /^\d$/ ? "(?$_)" : $_ eq '.' ? '.' : $_ eq '*' ? '.*' : "(?t$_)" } @$elements[ 1 .. $#$elements ];
}

my (@strings, @lines);
my $serial = 0;
for my $id (1 .. $cases)
{
	my $at = between(-3, 3);
	for my $n (1 .. between(1, 12))
	{
		$at += rand() < 0.2 ? 0 : between(1, 3);
		my %met = map { $_ => 1 } grep { rand() < (0.4, 0.4, 0.25, 0.15)[ $_ - 1 ] } 1 .. 4;
		push @lines, join("\t", $id, $at, (map { $met{$_} ? 't' : rand() < 0.2 ? '\N' : 'f' } 1 .. 4), ++$serial);
		# what meets no condition is no event
		push @{ $strings[$id] }, [ $at, \%met ] if %met;
	}
	$strings[$id] ||= [];
	push @lines, join("\t", $id, '\N', 't', 't', 't', 't', ++$serial) if $id % 7 == 0;
}
my @patterns = map { pattern() } 1 .. $patterns;
$node->safe_psql('postgres',
	"CREATE TABLE rows (id int, at int, a bool, b bool, c bool, d bool, serial int) WITH (parallel_workers = 4);\nCOPY rows FROM STDIN;\n"
	  . join("\n", @lines) . "\n\\.\n"
	  . "CREATE TABLE patterns (p int, pattern text);\nCOPY patterns FROM STDIN;\n"
	  . join("\n", map { "$_\t" . words($patterns[$_]) } 0 .. $#patterns) . "\n\\.\n"
	  . q{CREATE TABLE shuffled (LIKE rows) WITH (parallel_workers = 4);
	INSERT INTO shuffled SELECT * FROM rows ORDER BY hashint4(serial);
	VACUUM ANALYZE rows, shuffled, patterns;});

my $query = q{SELECT p, id, sequence_match(pattern, %s, a, b, c, d), sequence_count(pattern, %s, a, b, c, d)
	FROM patterns, %s GROUP BY p, id ORDER BY p, id};
my $ours = $node->safe_psql('postgres', sprintf($query, 'at', 'at', 'rows'));
my @wrong;
my $looked = 0;
for my $line (split /\n/, $ours)
{
	my ($p, $id, $answer) = $line =~ /^(\d+)\|(\d+)\|(.*)$/;
	my $expected = found_and_count($strings[$id], $patterns[$p]);
	push @wrong, words($patterns[$p]) . ", $id: $answer, not $expected" if $answer ne $expected;
	$looked++;
}
is($looked, $patterns * $cases, 'so many answers');
is(join("\n", @wrong[ 0 .. ($#wrong > 9 ? 9 : $#wrong) ]), '', "$patterns patterns on $cases strings");

# Seconds and days are the same distances.
for my $at ("timestamp '2024-03-30' + at * interval '1 s'", "timestamptz '2024-03-30' + at * interval '1 s'", "date '2024-03-30' + at", 'at::bigint')
{
	is($node->safe_psql('postgres', sprintf($query, ($at) x 2, 'rows')), $ours, $at);
}
is($node->safe_psql('postgres', sprintf($query, ('at') x 2, 'shuffled')), $ours, 'another order');

# One customer with everything, by workers too.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE long WITH (parallel_workers = 4) AS
		SELECT n, (abs(hashint8extended(n, 1)) % 300000)::int AS at, abs(hashint8extended(n, 3)) % 7 AS step FROM generate_series(1, 60000) n;
	ANALYZE long;});
for my $words ('(?1)(?2)', '(?1).*(?2)(?3)', '(?1)(?t<=3)(?2)', '(?1)(?t>20)(?2)(?t==4)(?3)', '(?1)(?1).(?t>=2)(?2)', '(?4)(?4)(?4)')
{
	my $long = "SELECT sequence_match('$words', at, step = 1, step = 2 OR step = 5, step = 3, step > 3), sequence_count('$words', at, step = 1, step = 2 OR step = 5, step = 3, step > 3) FROM %s";
	my $serial = $node->safe_psql('postgres', sprintf($long, 'long'));
	like($serial, qr/^t\|[1-9]\d*$/, "$words: one long string");
	my $parallel = 'SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off; ' . sprintf($long, 'long');
	is($node->safe_psql('postgres', $parallel), $serial, 'four workers');
	is($node->safe_psql('postgres', sprintf($long, '(SELECT * FROM long ORDER BY hashint4(n + 1)) x')), $serial, 'another order');
}
like($node->safe_psql('postgres', q{SET max_parallel_workers_per_gather = 4;
	EXPLAIN (COSTS off) SELECT sequence_match('(?1)(?2)', at, step = 1, step = 2) FROM long}), qr/Partial Aggregate/, 'workers take part');
# An adjacent pair, counted in SQL: events of steps 1 and 2 alone, at distinct times.
is( $node->safe_psql('postgres', q{SELECT sequence_count('(?1)(?2)', at, step = 1, step = 2) FROM (SELECT DISTINCT ON (at) * FROM long WHERE step IN (1, 2) ORDER BY at, n) x}),
	$node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT step, lead(step) OVER (ORDER BY at) AS next FROM (SELECT DISTINCT ON (at) * FROM long WHERE step IN (1, 2) ORDER BY at, n) x) y WHERE step = 1 AND next = 2}),
	'a pair in direct succession');

##################################################################
# Patterns made to take long: rows by elements, never more; cancelled at once
##################################################################

my $many = q{FROM generate_series(1, 300000) n};
is($node->safe_psql('postgres', "SELECT sequence_match(repeat('(?1).*', 12) || '(?2)', n, n < 299999, n = 0) $many"), 'f', 'nested gaps, never found');
is($node->safe_psql('postgres', "SELECT sequence_count(repeat('(?1).*(?t>=0)', 8), n, true) $many"), '37500', 'and times, counted');
my ($code, $out, $err) = $node->psql('postgres', "SET statement_timeout = '1200ms'; SELECT sequence_count(repeat('(?1)(?t<5).*', 300) || '(?2)', n, true, true) FROM generate_series(1, 1000000) n");
like($err, qr/canceling statement due to statement timeout/, 'a search is cancelled');

##################################################################
# sequence_next: letters of an alphabet of three
##################################################################

sub next_event
{
	my ($letters, $backward, $base, $bases, $chain) = @_;
	my @rows = @$letters;
	my @order = $backward ? reverse 0 .. $#rows : 0 .. $#rows;
	my ($start) = grep { $bases->{$_} && ($base !~ /match/ || $rows[$_] eq substr($chain, 0, 1)) }
		$base eq 'head' ? (0) : $base eq 'tail' ? ($#rows) : $base eq 'first_match' ? (0 .. $#rows) : (reverse 0 .. $#rows);
	return '' if !defined $start;
	my $step = $backward ? -1 : 1;
	for my $i (0 .. length($chain) - 1)
	{
		my $at = $start + $step * $i;
		return '' if $at < 0 || $at > $#rows || $rows[$at] ne substr($chain, $i, 1);
	}
	my $next = $start + $step * length($chain);
	return $next < 0 || $next > $#rows ? '' : $rows[$next];
}

my (@letters, @allowed);
@lines = ();
for my $id (1 .. $cases)
{
	for my $n (0 .. between(0, 9))
	{
		push @{ $letters[$id] }, any(qw(a b c));
		$allowed[$id]{$n} = 1 if rand() < 0.7;
		push @lines, join("\t", $id, $n, $letters[$id][$n], $allowed[$id]{$n} ? 't' : 'f');
	}
}
$node->safe_psql('postgres', "CREATE TABLE letters (id int, at int, letter text, base bool) WITH (parallel_workers = 4);\nCOPY letters FROM STDIN;\n" . join("\n", sort { rand() <=> 0.5 } @lines) . "\n\\.\n");
for my $case (map { my $c = $_; map { [ @$_, $c ] } [ 'forward', 'head' ], [ 'backward', 'tail' ], map { ([ 'forward', $_ ], [ 'backward', $_ ]) } 'first_match', 'last_match' } qw(a ab cb aab abca))
{
	my ($direction, $base, $chain) = @$case;
	my $conditions = join ', ', map { "letter = '$_'" } split //, $chain;
	my $got = $node->safe_psql('postgres', "SELECT id, sequence_next('$direction', '$base', at, letter, base, $conditions) FROM letters GROUP BY id ORDER BY id");
	my $expected = join "\n", map { "$_|" . next_event($letters[$_], $direction eq 'backward', $base, $allowed[$_], $chain) } 1 .. $cases;
	is($got, $expected, "sequence_next: $direction, $base, $chain");
	next if $chain ne 'ab';
	# workers: one customer with everything, and its customers apart
	for my $by ('id', 'id % 3')
	{
		my $grouped = "SELECT $by, sequence_next('$direction', '$base', at * 1000 + id, letter, base, $conditions) FROM letters GROUP BY 1 ORDER BY 1";
		is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off; $grouped"),
			$node->safe_psql('postgres', $grouped), "four workers, by $by");
	}
}

$node->stop;
done_testing();
