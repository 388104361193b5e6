# What the random tests share: chance, instants at which clocks change, grains
# as the extension's words and as the parts that test/reference takes, orders
# and ranges.
package RandomData;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);
use POSIX qw(floor strftime);
use Time::Local qw(timegm);

our @EXPORT = qw(HOUR DAY %clock_changes chance pick between instant day quoted
  random_grain question random_times random_orders random_ranges run_scripts);

use constant { HOUR => 3600, DAY => 86400 };

my @weekdays = qw(monday tuesday wednesday thursday friday saturday sunday);
my @months = qw(january february march april may june july august september
  october november december);
my %seconds = (
	hour => HOUR,
	day => DAY,
	week => 7 * DAY,
	month => 30 * DAY,
	quarter => 91 * DAY,
	year => 365 * DAY);

# Instants at which clocks change; between them everything else happens too.
our %clock_changes = (
	'Europe/Paris' => [
		'2021-03-28 01:00', '2021-10-31 01:00', '2022-03-27 01:00', '2022-10-30 01:00',
		'2023-03-26 01:00', '2023-10-29 01:00', '2024-03-31 01:00', '2024-10-27 01:00' ],
	'America/Sao_Paulo' => [
		'2016-10-16 03:00', '2017-02-19 02:00', '2017-10-15 03:00',
		'2018-02-18 02:00', '2018-11-04 03:00' ],
	'UTC' => [ '2019-12-31 23:00', '2020-02-29 12:00' ]);

sub chance { return rand() < $_[0] }
sub pick { return $_[ int(rand(@_)) ] }
sub between { return $_[0] + int(rand($_[1] - $_[0] + 1)) }

sub instant
{
	my ($text) = @_;
	my ($y, $mo, $d, $h, $mi) = $text =~ /(\d+)-(\d+)-(\d+) (\d+):(\d+)/;
	return timegm(0, $mi, $h, $d, $mo - 1, $y);
}

sub day { return strftime('%Y-%m-%d', gmtime($_[0])) }

# A grain: its text, its parts for the reference, and about how many seconds a
# period (step) and a cohort row last.  plain: a calendar grain; days: at least
# days, also since start.
sub random_grain
{
	my (%wanted) = @_;
	my %g = (n => 1, starting => undef, by_unit => undef, cuts => undef,
		since_start => chance($wanted{plain} ? 0 : 0.5));
	my $with_cuts = chance($wanted{plain} ? 0 : 0.3);
	my @units = qw(day week month month quarter year);
	unshift @units, 'hour' if $g{since_start} && !$wanted{days};
	$g{unit} = pick(@units);

	if ($with_cuts)
	{
		my @cuts = (0);
		push @cuts, $cuts[-1] + between(1, pick(1, 2, 4)) for 1 .. between(1, 5);
		@cuts = map { $_ * 12 } @cuts if $g{unit} eq 'hour';
		$g{cuts} = join(',', @cuts);
		$g{step} = $cuts[-1] / $#cuts;
		$g{words} = "$g{unit}s " . join(pick(',', ', '), @cuts);
	}
	else
	{
		if (chance(0.5) || $g{unit} eq 'hour')
		{
			$g{n} = {
				hour => pick(1, 5, 24, 36, 48),
				day => pick(2, 3, 7, 10, 30),
				week => between(2, 5),
				month => between(2, 7),
				quarter => between(2, 3),
				year => between(2, 3) }->{ $g{unit} };
		}
		$g{step} = $g{n};
		$g{words} = $g{n} == 1 ? pick('', '1 ') . $g{unit} : "$g{n} $g{unit}s";
	}
	if (!$g{since_start} && chance(0.5))
	{
		$g{starting} = pick(@weekdays) if $g{unit} eq 'week';
		$g{starting} = pick(@months) if $g{unit} =~ /month|quarter|year/;
		$g{words} .= " starting $g{starting}" if $g{starting};
	}
	if ($g{since_start})
	{
		$g{by_unit} = pick($g{unit} eq 'hour' ? qw(day week) : qw(day week month quarter year)) if chance(0.5);
		# names where the cohort rows begin
		my $row_unit = $g{by_unit} || $g{unit};
		if (chance(0.4))
		{
			$g{starting} = pick(@weekdays) if $row_unit eq 'week';
			$g{starting} = pick(@months) if $row_unit =~ /quarter|year/;
			$g{words} .= " starting $g{starting}" if $g{starting};
		}
		$g{words} .= ' since start';
		$g{words} .= " by $g{by_unit}" if $g{by_unit};
	}
	$g{step} *= $seconds{ $g{unit} };
	$g{row} = $seconds{ $g{by_unit} || $g{unit} };
	$g{row} = DAY if $g{row} < DAY;
	return \%g;
}

sub quoted { return defined $_[0] ? "'$_[0]'" : 'NULL' }

# The reference's question of a grain.
sub question
{
	my ($g, $has_start, $has_amount) = @_;
	return sprintf("ROW(%s, %d, %s, %s, %s, %s::int[], %s, %s)::reference.question",
		quoted($g->{unit}), $g->{n}, quoted($g->{starting}), $g->{since_start} ? 'true' : 'false',
		quoted($g->{by_unit}), $g->{cuts} ? "'{$g->{cuts}}'" : 'NULL',
		$has_start ? 'true' : 'false', $has_amount ? 'true' : 'false');
}

# Times over a span of seconds around an instant, many of them where days or
# clocks change.
sub random_times
{
	my ($centre, $span) = @_;
	return sub {
		my $t = $centre + between(-floor($span / 2 / HOUR), floor($span / 2 / HOUR)) * HOUR;
		my $kind = rand();
		# near the change of clocks; around midnight, local or not
		if ($kind < 0.15) { $t = $centre + between(-3, 3) * HOUR }
		elsif ($kind < 0.5) { $t = floor($t / DAY) * DAY + between(-4, 4) * HOUR }
		elsif ($kind < 0.6) { $t = floor($t / DAY) * DAY - pick(0, 1, 2) }
		return $t;
	};
}

# A time of random_times as SQL.
sub literal
{
	my ($t, $type) = @_;
	return 'NULL' if !defined $t;
	return "'infinity'" if $t eq 'infinity';
	return "'" . day($t) . "'" if $type eq 'date';
	return "'" . strftime('%Y-%m-%d %H:%M:%S', gmtime($t)) . ($type eq 'timestamptz' ? '+00' : '') . "'";
}

# Rows (n, customer, at, amount) as SQL in values of a data set that says which
# type times have, which amount_type if any, and by its sub time when.
sub random_orders
{
	my ($c) = @_;
	my $customers = between(1, 8);
	my @values;
	for my $n (1 .. pick(between(1, 10), between(10, 60), between(60, 150)))
	{
		my $at = chance(0.05) ? undef : $c->{time}->();
		my $amount = pick(0, '0.1', '0.2', '-0.0000004', '0.0000005', '-0.0000005',
			sprintf('%.2f', rand(100)), sprintf('%.2f', rand(100)), sprintf('%.2f', -rand(50)), sprintf('%.8f', rand(10)), '123456789012.123456');
		$amount = between(-5, 20) if ($c->{amount_type} || '') eq 'int';
		$amount = chance(0.05) ? 'NULL' : "'$amount'";
		push @values, "($n, " . between(1, $customers) . ', ' . literal($at, $c->{type}) . ", $amount)";
	}
	$c->{values} = \@values;
}

# Rows (n, customer, during, amount) likewise, of the type range; in split the
# same ranges cut at points inside.  minus: some amounts are below zero.
sub random_ranges
{
	my ($c) = @_;
	my $range = { date => 'daterange', timestamp => 'tsrange', timestamptz => 'tstzrange' }->{ $c->{type} };
	my $unit = $c->{type} eq 'date' ? DAY : 1;
	my $customers = between(1, 6);
	my $minus = chance(0.2);
	my (@values, @split);
	$c->{range} = $range;
	for my $n (1 .. pick(between(1, 4), between(4, 12), between(12, 24)))
	{
		my $row = sub { '(' . join(', ', $n, $_[0], $_[1], $_[2]) . ')' };
		my $customer = between(1, $customers);
		my $amount = pick(10, 20, 10, '7.25', '0.0000005', '0.0000004', 0, sprintf('%.7f', rand(50)));
		$amount = pick(-10, -20, -5) if $minus && chance(0.4);
		$amount = between(0, 3) if ($c->{amount_type} || '') eq 'int' && $amount >= 0;
		$amount = chance(0.05) ? 'NULL' : "'$amount'";
		if (chance(0.05))
		{
			my $nothing = $row->($customer, pick("'empty'", 'NULL'), $amount);
			push @values, $nothing;
			push @split, $nothing;
			next;
		}
		my ($from, $to) = sort { $a <=> $b } $c->{time}->(), $c->{time}->();
		$to = $from + between(0, 2) * HOUR if chance(0.05);
		$_ = floor($_ / $unit) * $unit for $from, $to;
		my @cuts = sort { $a <=> $b } grep { $_ > $from && $_ < $to } map { $from + $unit * between(1, floor(($to - $from) / $unit)) } 1 .. pick(0, 1, 1, 2, 3);
		if (chance(0.2))
		{
			# open; cut anywhere after the start
			@cuts = map { $from + $_ * floor($c->{span} / 5 / $unit) * $unit } 1 .. between(0, 2);
			@cuts = grep { $_ > $from } @cuts;
			$to = pick(undef, 'infinity');
		}
		my ($open, $close) = (pick('[', '[', '['), pick(')', ')', ']'));
		$open = '(' if chance(0.1);
		($open, $close) = ('[', ']') if defined $to && $to eq $from && chance(0.5);
		my @points = ($from, @cuts, $to);
		my $piece = sub { "$range(" . join(', ', literal($_[0], $c->{type}), literal($_[1], $c->{type}), "'$_[2]'") . ')' };
		push @values, $row->($customer, $piece->($from, $to, "$open$close"), $amount);
		for my $i (0 .. $#points - 1)
		{
			push @split, $row->($customer, $piece->($points[$i], $points[ $i + 1 ], ($i == 0 ? $open : '[') . ($i == $#points - 1 ? $close : ')')), $amount);
		}
	}
	$c->{minus} = $minus;
	$c->{values} = \@values;
	$c->{split} = \@split;
}


# Run the scripts of data sets in one session: by seed, what they print (lines
# that begin with the seed and a bar) and their errors (after a line "== seed";
# those before the first under "start").
sub run_scripts
{
	my ($node, @scripts) = @_;
	my ($out, $err) = ('', '');
	my (%lines, %errors, $seed);

	$node->psql('postgres', join('', "SET client_min_messages = warning;\n", @scripts),
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	for (split /\n/, $err)
	{
		if (/^== (\d+)$/) { $seed = $1 }
		else { push @{ $errors{ $seed // 'start' } }, $_ }
	}
	for (split /\n/, $out)
	{
		push @{ $lines{$1} }, $2 if /^(\d+)\|(.*)/;
	}
	return (\%lines, \%errors);
}

1;
