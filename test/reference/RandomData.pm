# What the random tests share: chance, instants at which clocks change, grains
# as the extension's words and as the parts that test/reference takes.
package RandomData;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);
use POSIX qw(strftime);
use Time::Local qw(timegm);

our @EXPORT = qw(HOUR DAY %clock_changes chance pick between instant day quoted
  random_grain question);

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
		if (!$g{since_start} && chance(0.5))
		{
			$g{starting} = pick(@weekdays) if $g{unit} eq 'week';
			$g{starting} = pick(@months) if $g{unit} =~ /month|quarter|year/;
			$g{words} .= " starting $g{starting}" if $g{starting};
		}
	}
	if ($g{since_start})
	{
		$g{by_unit} = pick($g{unit} eq 'hour' ? qw(day week) : qw(day week month quarter year)) if chance(0.5);
		# names where the cohort rows begin
		my $row_unit = $g{by_unit} || $g{unit};
		if (!$with_cuts && chance(0.4))
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

1;
