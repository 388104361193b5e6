# Funnels with steps that may be missing, exclusions, reentry, any order and
# trends, against a brute force over all chains, in every combination of modes:
# window_funnel of each customer and funnel of all, from the same rows, which
# meet any number of conditions; then the same bytes from shuffles, workers,
# little memory and rollup.
#
# Other data: any other RETENTION_SEED; more: RETENTION_MODE_CASES=20000, which
# is what was run before the release.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_MODE_CASES} || 120;

use constant { STRICT => 1, INCREASING => 2, DEDUPLICATED => 4, ONE_STEP => 8, REENTRY => 16 };
use constant { STEPS => 4, EXCLUDED => 5 };
my @words = ('strict order', 'strictly increasing', 'deduplicated', 'one row one step', 'allow reentry');

sub mode_words
{
	my ($mode) = @_;
	return map { $words[$_] } grep { $mode & (1 << $_) } 0 .. 4;
}

my $node = PostgreSQL::Test::Cluster->new('modes');
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
# The definition, chain by chain.
#
# An event is [time, step, row]; step 0 meets no step.  A chain begins with a
# step 1 and takes later steps, none past the next that may not be missing.
##################################################################

# The first step after one that may not be missing.
sub required_after
{
	my ($step, $optional) = @_;
	$step++;
	$step++ while $optional->{$step};
	return $step;
}

# For which modes a chain is none, as a bit for each of the 32.
my @without;
for my $bit (0 .. 31) { $without[$bit] = [ grep { $_ & $bit } 0 .. 31 ] }

# What a chain does wrong: the modes it contradicts.
sub chain_faults
{
	my ($events, $chain, $optional) = @_;
	my %in_chain = map { $_ => 1 } @$chain;
	my ($strict, $foreign, $increasing, $shares, $repeated, %used, @skipped) = (0, 0, 0, 0, 0);
	for my $i (0 .. $#$chain)
	{
		my $e = $events->[ $chain->[$i] ];
		$shares = 1 if $used{ $e->[2] }++;
		$increasing = 1 if $i > 0 && $e->[0] == $events->[ $chain->[ $i - 1 ] ][0];
	}
	for my $x (0 .. $#$events)
	{
		next if $in_chain{$x};
		my ($at, $step, $row) = @{ $events->[$x] };
		my $i = 0;
		for my $c (@$chain)
		{
			my $e = $events->[$c];
			last if $e->[0] > $at || ($e->[0] == $at && $e->[1] > $step);
			$i++;
		}
		next if $i < 1 || $i >= @$chain;
		my $level = $events->[ $chain->[ $i - 1 ] ][1];
		my $next = required_after($level, $optional);
		$foreign = 1 if $step == 0;
		$strict = 1 if $step > $next;
		$repeated = 1 if $step >= 2 && $step <= $level;
		next if $step <= $level || $step > $next;

		# a step passed over, unless it could not be taken
		my $excuse = $at == $events->[ $chain->[ $i - 1 ] ][0] ? INCREASING : 0;
		$excuse |= ONE_STEP if grep { $events->[$_][2] == $row } @$chain[ 0 .. $i - 1 ];
		push @skipped, $excuse;
	}
	my @faults;
	for my $mode (0 .. 31)
	{
		$faults[$mode] = 1
		  if (($mode & STRICT) && ($foreign || ($strict && !($mode & REENTRY))))
		  || (($mode & INCREASING) && $increasing)
		  || (($mode & ONE_STEP) && $shares)
		  || (($mode & DEDUPLICATED) && ($repeated || grep { !($_ & $mode) } @skipped));
	}
	return \@faults;
}

# Of two chains from one start, does the first get further, or further sooner?
sub gets_further
{
	my ($events, $one, $other) = @_;
	my $order = $events->[ $other->[-1] ][1] <=> $events->[ $one->[-1] ][1];
	return $order < 0 if $order;
	my ($i, $j) = (0, 0);
	my @times = sort { $a <=> $b } map { $events->[$_][0] } @$one, @$other;
	for my $at (@times)
	{
		$i++ while $i < @$one && $events->[ $one->[$i] ][0] <= $at;
		$j++ while $j < @$other && $events->[ $other->[$j] ][0] <= $at;
		$order = $events->[ $other->[ $j - 1 ] ][1] <=> $events->[ $one->[ $i - 1 ] ][1];
		return $order < 0 if $order;
	}
	# the lowest step that one takes and the other does not
	my %one = map { $events->[$_][1] => 1 } @$one;
	my %other = map { $events->[$_][1] => 1 } @$other;
	for my $step (1 .. STEPS)
	{
		return $one{$step} if ($one{$step} || 0) != ($other{$step} || 0);
	}
	return 0;
}

# When what follows breaks a chain; nothing: never.
sub broken_at
{
	my ($events, $chain, $mode, $optional) = @_;
	my %in_chain = map { $_ => 1 } @$chain;
	my $last = $events->[ $chain->[-1] ];
	my $next = required_after($last->[1], $optional);
	for my $x (0 .. $#$events)
	{
		next if $in_chain{$x};
		my ($at, $step) = @{ $events->[$x] };
		next if $at < $last->[0] || ($at == $last->[0] && $step < $last->[1]);
		return $at if ($mode & STRICT) && ($step == 0 || ($step > $next && !($mode & REENTRY)));
		return $at if ($mode & DEDUPLICATED) && $step >= 2 && $step <= $last->[1];
	}
	return;
}

# Does an exclusion spoil a chain?  excluded: instants that count; after: the
# step after which it forbids, 0 for any.
sub spoiled
{
	my ($events, $chain, $mode, $optional, $window, $excluded, $after) = @_;
	for my $x (@$excluded)
	{
		for my $i (0 .. $#$chain)
		{
			my ($at, $step) = @{ $events->[ $chain->[$i] ] };
			next if ($after && $step != $after) || $x <= $at;
			if ($i < $#$chain)
			{
				return 1 if $x < $events->[ $chain->[ $i + 1 ] ][0];
			}
			elsif ($step < STEPS && $x <= $events->[ $chain->[0] ][0] + $window)
			{
				my $broken = broken_at($events, $chain, $mode, $optional);
				return 1 if !defined $broken || $x <= $broken;
			}
		}
	}
	return 0;
}

# All chains, as lists of events.
sub all_chains
{
	my ($events, $window, $optional) = @_;
	my (@chains, @chain);
	my $extend;
	$extend = sub {
		my $from = @chain ? $chain[-1] + 1 : 0;
		my $level = @chain ? $events->[ $chain[-1] ][1] : 0;
		my $next = required_after($level, $optional);
		for my $x ($from .. $#$events)
		{
			my ($at, $step) = @{ $events->[$x] };
			last if @chain && $at > $events->[ $chain[0] ][0] + $window;
			next if $step <= $level || $step > $next;
			push @chain, $x;
			push @chains, [@chain];
			$extend->();
			pop @chain;
		}
	};
	$extend->();
	undef $extend;
	return \@chains;
}

# The chain of every start, by mode: [start][mode].
sub start_chains
{
	my ($events, $window, $optional) = @_;
	my %best;
	for my $chain (@{ all_chains($events, $window, $optional) })
	{
		my $faults = chain_faults($events, $chain, $optional);
		my $of = $best{ $chain->[0] } ||= [];
		for my $mode (0 .. 31)
		{
			next if $faults->[$mode];
			$of->[$mode] = $chain if !$of->[$mode] || gets_further($events, $chain, $of->[$mode]);
		}
	}
	return \%best;
}

# The chain that counts, of the starts in one period if there are any periods: of
# those of one instant only the furthest is one.
sub furthest
{
	my ($events, $starts, $mode, $optional, $window, $excluded, $after, $period) = @_;
	my %of_instant;
	for my $start (sort { $a <=> $b } keys %$starts)
	{
		my $at = $events->[$start][0];
		next if defined $period && int($at / 4) != $period;
		my $chain = $starts->{$start}[$mode] or next;
		$of_instant{$at} = $chain if !$of_instant{$at} || gets_further($events, $chain, $of_instant{$at});
	}
	my $best;
	for my $at (sort { $a <=> $b } keys %of_instant)
	{
		my $chain = $of_instant{$at};
		next if $best && $events->[ $best->[-1] ][1] >= $events->[ $chain->[-1] ][1];
		next if defined $after && spoiled($events, $chain, $mode, $optional, $window, $excluded, $after);
		$best = $chain;
	}
	return $best ? [ map { [ @{ $events->[$_] }[ 0, 1 ] ] } @$best ] : [];
}

# Any order: the most steps that one window gives to events (of different
# instants, of different rows), the earliest possible ones, as [time, number].
sub any_order
{
	my ($events, $mode, $window, $excluded, $after, $period) = @_;
	my $best = [];
	my $last;
	for my $first (grep { $events->[$_][1] } 0 .. $#$events)
	{
		my $start = $events->[$first][0];
		next if defined $last && $last == $start;
		$last = $start;
		next if defined $period && int($start / 4) != $period;
		my @window = grep { $_->[1] && $_->[0] >= $start && $_->[0] <= $start + $window } @$events;
		my ($most, $give) = ([]);
		$give = sub {
			my ($step, @given) = @_;
			if ($step > STEPS)
			{
				my @times = sort { $a <=> $b } map { $_->[0] } @given;
				my $order = @$most <=> @times;
				$order ||= join(',', map { sprintf '%04d', $_ } @times) cmp join(',', map { sprintf '%04d', $_ } @$most);
				$most = \@times if $order < 0;
				return;
			}
			$give->($step + 1, @given);
			for my $e (grep { $_->[1] == $step } @window)
			{
				next if ($mode & INCREASING) && grep { $_->[0] == $e->[0] } @given;
				next if ($mode & ONE_STEP) && grep { $_->[2] == $e->[2] } @given;
				$give->($step + 1, @given, $e);
			}
		};
		$give->(1);
		undef $give;
		next if @$most <= @$best;
		my $end = @$most == STEPS ? $most->[-1] - 1 : $start + $window;
		next if defined $after && grep { $_ > $start && $_ <= $end } @$excluded;
		$best = $most;
	}
	my $number = 0;
	return [ map { [ $_, ++$number ] } @$best ];
}

##################################################################
# The brute force knows what PostHog's tests say of exclusions and ClickHouse's
# of reentry.
##################################################################

sub known
{
	my ($string, $window, $mode, $optional, $after) = @_;
	my (@events, @excluded);
	my $at = 0;
	for my $letter (split //, $string)
	{
		$at++;
		push @excluded, $at if $letter eq 'x';
		push @events, [ $at, index('.abcd', $letter), $at ] if $letter =~ /[abcd.]/;
	}
	my $starts = start_chains(\@events, $window, $optional || {});
	return scalar @{ furthest(\@events, $starts, $mode, $optional || {}, $window, \@excluded, $after) };
}
is(known('axb', 9, 0, {}, 0), 0, 'an exclusion between two steps');
is(known('ax', 9, 0, {}, 0), 0, 'an exclusion while the window is open');
is(known('ab...x', 9, 0, {}, 1), 2, 'not after step 1 alone');
is(known('a..........x', 9, 0, {}, 0), 1, 'nor after the window');
is(known('axa', 9, 0, {}, 0), 1, 'a start without an exclusion');
is(known('acb', 9, STRICT, {}), 1, 'strict order: a later step');
is(known('acbc', 9, STRICT | REENTRY, {}), 3, 'allow reentry: it is ignored');
is(known('a.bc', 9, STRICT | REENTRY, {}), 1, 'allow reentry: what is no step is not');
is(known('acd', 9, 0, { 2 => 1 }), 3, 'a step that may be missing');
is(known('abd', 9, 0, { 2 => 1 }), 2, 'one that may not');

##################################################################
# Random rows
##################################################################

srand($seed);
sub between { return $_[0] + int(rand($_[1] - $_[0] + 1)) }

my (@copy, @rows, @window);
for my $id (1 .. $cases)
{
	my $n = between(1, 7);
	my $span = between(1, 9);			# few instants: many ties
	my $chance = (0, 0.15, 0.35)[ $id % 3 ];	# of a further condition
	$window[$id] = $id % 7;
	my $at = 0;
	for my $row (1 .. $n)
	{
		$at = rand() < 0.5 ? between(0, $span) : $at + between(0, 1);
		my %met;
		my $step = rand() < 0.5 ? 1 + $row % 4 : between(0, EXCLUDED);
		$met{$step} = 1 if $step;
		rand() < $chance and $met{$_} = 1 for 1 .. STEPS;
		# exclusions count where there is no step
		%met = (EXCLUDED, 1) if $id % 2 && rand() < ($row == 3 ? 0.4 : 0.2);
		push @{ $rows[$id] }, [ $at, $row, \%met ];
		push @copy, join("\t", $id, $window[$id], $at, '{' . join(',', map { $met{$_} ? 't' : rand() < 0.1 ? 'NULL' : 'f' } 1 .. EXCLUDED) . '}', scalar @copy);
	}
}
$node->safe_psql('postgres', <<'SQL' . join("\n", @copy) . "\n\\.\n");
CREATE TABLE raw (id int, within int, at int, met bool[], serial int);
COPY raw FROM STDIN;
SQL
# six hours from one instant to the next: four to a day
$node->safe_psql('postgres', q{
	CREATE TABLE strings WITH (parallel_workers = 4) AS
	SELECT id, within, at AS unit, timestamp '2024-01-01' + at * interval '6 hours' AS at, met, met[1:4] AS steps, serial FROM raw;
	CREATE TABLE shuffled WITH (parallel_workers = 4) AS SELECT * FROM strings ORDER BY hashint4(serial);
	ANALYZE strings, shuffled;});

# A customer's events, and the instants at which exclusions count.
my (@events, @excluded);
for my $id (1 .. $cases)
{
	my (@of, %stepped, %forbidden);
	for my $r (@{ $rows[$id] })
	{
		my ($at, $row, $met) = @$r;
		my @steps = grep { $_ <= STEPS } keys %$met;
		push @of, [ $at, $_, $row ] for @steps ? @steps : 0;
		$stepped{$at} = 1 if @steps;
		$forbidden{$at} = 1 if $met->{+EXCLUDED};
	}
	$events[$id] = [ sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @of ];
	$excluded[$id] = [ grep { !$stepped{$_} } keys %forbidden ];
}

##################################################################
# Funnels from chains
##################################################################

sub times_text
{
	my ($times) = @_;
	my @times = sort { $a <=> $b } keys %$times;
	return '"seconds": [' . join(',', map { $_ * 21600 } @times) . '], "count": [' . join(',', map { $times->{$_} } @times) . ']';
}

# The list of steps of some chains.
sub steps_text
{
	my ($chains, $period, $optional) = @_;
	my (@customers, @before, %pairs, @items);
	for my $chain (@$chains)
	{
		for my $i (0 .. $#$chain)
		{
			my ($at, $step) = @{ $chain->[$i] };
			$customers[$step]++;
			next if $i == 0;
			$before[$step]{ $at - $chain->[ $i - 1 ][0] }++;
			$pairs{$step}{ $chain->[$_][1] }{ $at - $chain->[$_][0] }++ for 0 .. $i - 1;
		}
	}
	for my $step (1 .. STEPS)
	{
		push @items, '{' . ($step == 1 ? $period : '') . '"customers": ' . ($customers[$step] || 0)
		  . ($step > 1 ? ', ' . times_text($before[$step] || {}) : '') . '}';
	}
	for my $step (2 .. STEPS)
	{
		for my $from (1 .. $step - 1)
		{
			next if $from == $step - 1 && !$optional->{$from};
			push @items, "{\"step\": $step, \"from\": $from, " . times_text($pairs{$step}{$from}) . '}' if $pairs{$step}{$from};
		}
	}
	return @items;
}

# What is to be compared: the words of a mode, what the chains say of each
# customer and each window, and of trends.
my @jobs;

sub remember
{
	my ($mode, $column, $optional, $chains, $trends) = @_;
	my $words = join(', ', @$mode);
	my (@want, @trend);
	for my $w (0 .. 6)
	{
		my $head = '{"within": "' . ($w ? 'P' . ($w >= 4 ? int($w / 4) . 'D' : '') . ($w % 4 ? 'T' . $w % 4 * 6 . 'H' : '') : 'PT0S') . "\", \"mode\": \"$words\"";
		my @ids = grep { $window[$_] == $w } 1 .. $cases;
		push @want, "$head, \"zone\": \"\", \"steps\": [" . join(', ', steps_text([ map { $chains->[$_] } @ids ], '', $optional)) . ']}';
		next if !$trends;
		my @items = map {
			my $period = $_;
			my @entered = grep { @$_ } map { $trends->[$_][$period] || [] } @ids;
			@entered ? steps_text(\@entered, sprintf('"period": "2024-01-%02d", ', 1 + $period), $optional) : ()
		} 0 .. 3;
		push @trend, @items ? "$head, \"grain\": \"day\", \"zone\": \"\", \"steps\": [" . join(', ', @items) . ']}' : '';
	}
	push @jobs, {
		words => $words, met => $column eq 'met', optional => join(',', keys %$optional),
		levels => join(',', map { @{ $chains->[$_] } ? $chains->[$_][-1][1] : 0 } 1 .. $cases),
		funnel => join(' ', @want), trend => $trends ? join(' ', @trend) : undef
	};
}

for my $optional ({}, { 2 => 1 }, { 3 => 1 }, { 2 => 1, 3 => 1, 4 => 1 })
{
	my @starts = map { $_ ? start_chains($events[$_], $window[$_], $optional) : undef } 0 .. $cases;
	for my $after (undef, 0, 2)
	{
		for my $mode (0 .. 31)
		{
			# trends in a few of them
			my $trend = ($mode + keys %$optional) % 4 == 0;
			my (@chains, @trends);
			for my $id (1 .. $cases)
			{
				my @of = ($events[$id], $starts[$id], $mode, $optional, $window[$id], $excluded[$id], $after);
				$chains[$id] = furthest(@of);
				$trends[$id] = [ map { furthest(@of, $_) } 0 .. 3 ] if $trend;
			}
			remember([ mode_words($mode), (map { "optional $_" } sort keys %$optional),
					defined $after ? 'exclude 5' . ($after ? " after $after" : '') : () ],
				defined $after ? 'met' : 'steps', $optional, \@chains, $trend ? \@trends : undef);
		}
	}
}
for my $mode (0, INCREASING, ONE_STEP, INCREASING | ONE_STEP)
{
	for my $after (undef, 0)
	{
		my (@chains, @trends);
		for my $id (1 .. $cases)
		{
			my @of = ($events[$id], $mode, $window[$id], $excluded[$id], $after);
			$chains[$id] = any_order(@of);
			$trends[$id] = [ map { any_order(@of, $_) } 0 .. 3 ];
		}
		remember([ mode_words($mode), 'any order', defined $after ? 'exclude 5' : () ],
			defined $after ? 'met' : 'steps', {}, \@chains, \@trends);
	}
}

$node->safe_psql('postgres', "CREATE TABLE jobs (n int, words text, met bool, optional int[], trend bool);\nCOPY jobs FROM STDIN;\n"
	  . join('', map { join("\t", $_, $jobs[$_]{words}, $jobs[$_]{met} ? 't' : 'f', "{$jobs[$_]{optional}}", defined $jobs[$_]{trend} ? 't' : 'f') . "\n" } 0 .. $#jobs) . "\\.\n");
my $conditions = 'CASE WHEN j.met THEN s.met ELSE s.steps END';
my $funnels = "SELECT n, string_agg(f, ' ' ORDER BY w) FROM (
	SELECT j.n, w, coalesce(funnel(s.id, s.at, $conditions, make_interval(days => w / 4, hours => w % 4 * 6), j.words GRAIN)::text, '') AS f
	FROM jobs j, generate_series(0, 6) w LEFT JOIN strings s ON within = w WHERE true GROUP BY 1, 2, j.words) x GROUP BY n";
my %answer = (
	levels => "SELECT n, string_agg(level::text, ',' ORDER BY id) FROM (
		SELECT j.n, s.id, window_funnel(s.within, s.unit, j.words, VARIADIC $conditions) AS level FROM jobs j, strings s GROUP BY 1, 2, j.words) x GROUP BY n",
	funnel => $funnels =~ s/ GRAIN//r,
	trend => $funnels =~ s/ GRAIN/, 'day'/r =~ s/WHERE true/WHERE trend/r);
my %results;
for my $what ('levels', 'funnel', 'trend')
{
	my @got;
	for (split /\n/, $node->safe_psql('postgres', $answer{$what}))
	{
		my ($n, $text) = split /\|/, $_, 2;
		$got[$n] = $text;
	}
	my ($asked, @differ) = (0);
	for my $n (grep { defined $jobs[$_]{$what} } 0 .. $#jobs)
	{
		$asked++;
		push @differ, $n if $got[$n] ne $jobs[$n]{$what};
		$results{ $jobs[$n]{words} } = $got[$n] if $what eq 'levels';
	}
	is(scalar @differ, 0, "$what of $cases random strings in $asked modes");
	for my $n (@differ[ 0 .. ($#differ < 5 ? $#differ : 5) ])
	{
		my ($got, $want) = map { [ split $what eq 'levels' ? qr/,/ : qr/ (?=\{"within)/, $_ ] } $got[$n], $jobs[$n]{$what};
		my ($at) = grep { $got->[$_] ne $want->[$_] } 0 .. $#$want;
		my $rows = $what ne 'levels' ? '' : "within $window[ $at + 1 ]: " . join(' ', map { "$_->[0]:r" . $_->[1] . '{' . join(',', sort keys %{ $_->[2] }) . '}' } @{ $rows[ $at + 1 ] });
		diag("$jobs[$n]{words}: got $got->[$at], want $want->[$at] $rows");
	}
}

# What was promised: funnel counted is window_funnel per customer, but for steps
# that may be missing, which window_funnel says nothing of.  In every combination
# where the number of cases is asked for.
my $sample = $ENV{RETENTION_MODE_CASES} ? 'true' : 'x.n % 7 = 3';
is( $node->safe_psql('postgres', "
		SELECT count(*) FILTER (WHERE customers <> counted), count(*) > 1000 FROM (
			SELECT j.n, s.within, j.optional, funnel(s.id, s.at, $conditions, make_interval(days => within / 4, hours => within % 4 * 6), j.words) AS f
			FROM jobs j, strings s GROUP BY 1, 2, 3, j.words) x, funnel_steps(f),
		LATERAL (
			SELECT count(*) FILTER (WHERE level >= step) AS counted FROM (
				SELECT s.id, window_funnel(s.within, s.unit, j.words, VARIADIC $conditions) AS level
				FROM jobs j, strings s WHERE j.n = x.n AND s.within = x.within GROUP BY 1) y) z
		WHERE step <> ALL (x.optional) AND $sample"),
	'0|t', 'funnel counted is window_funnel per customer');

# Every word makes a difference somewhere.
for ([ 'strict order', 'strict order, allow reentry' ], [ 'default', 'any order' ], [ 'any order', 'strictly increasing, any order' ],
	[ 'any order', 'one row one step, any order' ], [ 'any order', 'any order, exclude 5' ], [ 'default', 'optional 2' ],
	[ 'default', 'exclude 5' ], [ 'exclude 5', 'exclude 5 after 2' ], [ 'deduplicated, optional 2', 'optional 2' ],
	[ 'one row one step, optional 2', 'optional 2' ])
{
	isnt($results{ $_->[0] eq 'default' ? '' : $_->[0] }, $results{ $_->[1] }, "$_->[0] is not $_->[1]");
}

##################################################################
# Integers say the same: a step, steps, 0 and -K
##################################################################

my $numbers = q{(SELECT array_agg(CASE WHEN i < 5 THEN i ELSE %s END ORDER BY i DESC) FROM unnest(met) WITH ORDINALITY m (is_met, i) WHERE is_met)};
for ([ 'exclude 5', '0' ], [ 'strict order, exclude 5 after 2', '-2' ], [ 'one row one step, exclude 5', '0' ], [ 'any order, exclude 5', '0' ])
{
	my ($words, $code) = @$_;
	my ($plain) = $words =~ /^(.*?),? ?exclude/;
	my $column = sprintf($numbers, $code);
	for my $type ('int', 'smallint', 'bigint')
	{
		my ($words_say, $numbers_say) = map { $node->safe_psql('postgres', "SELECT string_agg((SELECT array_agg(s)::text FROM funnel_steps(f, 4) s), ' ' ORDER BY within) FROM (SELECT within, funnel(id, at, $_, make_interval(days => within / 4, hours => within % 4 * 6), "
				  . ($_ eq 'met' ? "'$words'" : "'$plain'") . ') f FROM strings GROUP BY within) x') } 'met', "$column\::$type\[]";
		is($numbers_say, $words_say, "$words as $code, $type\[]");
	}
}

##################################################################
# One set of rows, one funnel, byte for byte
##################################################################

my $plenty = "SET work_mem = '256MB'; SET hash_mem_multiplier = 1;";
my $little = "SET work_mem = '64kB'; SET hash_mem_multiplier = 1;";
$node->safe_psql('postgres', q{
	CREATE TABLE many WITH (parallel_workers = 4) AS SELECT id + n * 100000 AS id, at, met, steps FROM strings, generate_series(1, greatest(1, 10000 / (SELECT count(*)::int FROM strings))) n;
	CREATE TABLE mixed WITH (parallel_workers = 4) AS SELECT * FROM many ORDER BY hashint4(id), hashtext(met::text || at);
	ANALYZE many, mixed;});
for ([ 'steps', 'one row one step' ], [ 'met', 'optional 2, exclude 5' ], [ 'steps', 'any order, one row one step' ], [ 'met', 'strict order, deduplicated, one row one step, exclude 5 after 1' ])
{
	my ($column, $words) = @$_;
	for my $grain ('', ", 'day'")
	{
		my $query = sub { my ($set, $from) = @_; return $node->safe_psql('postgres', "SET client_min_messages = warning; $set SELECT md5(funnel_send(funnel(id, at, $column, '1 day', '$words'$grain))) FROM $from") };
		my $bytes = $query->($plenty, 'many');
		is($query->($plenty, 'mixed'), $bytes, "$words$grain: shuffled rows");
		is($query->($little, 'mixed'), $bytes, 'little memory');
		is($query->("$_ SET max_parallel_workers_per_gather = 3;", 'mixed'), $bytes, 'three workers') for $plenty, $little;
		is( $node->safe_psql('postgres', "SELECT md5(funnel_send(rollup(f ORDER BY part DESC))) FROM (SELECT id % 37 AS part, funnel(id, at, $column, '1 day', '$words'$grain) AS f FROM mixed GROUP BY 1) x"),
			$bytes, 'rollup of 37 parts');
		is( $node->safe_psql('postgres', "SELECT md5(funnel_send(funnel(md5(id::text)::uuid, at, $column, '1 day', '$words'$grain))) FROM mixed"), $bytes, 'customers of two words');
		is( $node->safe_psql('postgres', "SELECT f = f::text::funnel AND f::text = f::text::funnel::text FROM (SELECT funnel(id, at, $column, '1 day', '$words'$grain) AS f FROM many) x"), 't', 'out and in again');
	}
}

# A customer's value takes a few bytes.
is( $node->safe_psql('postgres', q{
		SELECT length(funnel_send(funnel(id, at, ARRAY[true, true], '1 day', 'any order', 'day'))) < 100 FROM strings WHERE id = 1}),
	't', 'a small value');

$node->stop;
done_testing();
