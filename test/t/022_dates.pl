# Calendars of dates against calendars that are told otherwise, on random data.
#
# The first days of months are months: every cell, curve and row of orders, starts
# and levels, recurring or not, with a lag, for instants where clocks change.
#
# And dates at random, some rows before the first of them: a period is as good as a
# day, so each row is moved to the day of its period's number, by plain SQL, and
# what was before the first date to an earlier one.
#
# Every data set has its own seed, which a failure names; to see it alone:
#     RETENTION_SEED=<seed> RETENTION_CASES=1
use strict;
use warnings FATAL => 'all';

use POSIX qw(floor);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use RandomData;

my $first_seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 30;

sub random_case
{
	my ($seed) = @_;
	srand($seed);
	my %c;
	my $zone = pick('Europe/Paris', 'America/Sao_Paulo', 'UTC');
	$c{type} = pick('timestamptz', 'timestamptz', 'timestamp', 'date');
	$c{zone} = $c{type} eq 'timestamptz' ? $zone : 'UTC';
	$c{session} = $c{type} eq 'timestamptz' ? pick($zone, 'Asia/Tokyo', 'America/Los_Angeles') : 'UTC';
	$c{amount_type} = pick('numeric', 'numeric', 'int');
	$c{words} = $c{session} eq $c{zone} ? '' : " at $zone";
	$c{span} = between(20, 500) * DAY;
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	$c{time} = random_times($centre, $c{span});
	$c{centre} = $centre;
	my $half = floor($c{span} / 2);
	random_orders(\%c);
	$c{orders} = $c{values};
	random_ranges(\%c);
	# the last date is past all orders; some rows are before the first
	my %dates = map { day($centre + between(-floor($half / 2), $half)) => 1 } 1 .. between(2, 12);
	$c{dates} = [ sort keys %dates, day($centre + $half + 5 * DAY) ];
	$c{as_of} = day($centre + between(0, $half + 8 * DAY));
	$c{lag} = pick(1, 1, 2, 3, 12);
	return \%c;
}

# Do two queries give the same rows?  One line for each that differs.
sub same
{
	my ($seed, $name, $one, $other) = @_;
	return qq{
SELECT '$seed|$name|' || side || '|' || x FROM (SELECT 'got' AS side, x::text AS x FROM (SELECT * FROM ($one) a EXCEPT ALL SELECT * FROM ($other) b) x
	UNION ALL SELECT 'want', x::text FROM (SELECT * FROM ($other) b EXCEPT ALL SELECT * FROM ($one) a) x ORDER BY 2, 1 LIMIT 6) y;
};
}

my $cells = join(', ', qw(age cohort_size active active_or_later active_streak orders revenue cumulative_revenue retention retention_or_later
	  retention_streak revenue_per_customer revenue_retention complete kept_revenue gross_revenue_retention));
my $moves = join(', ', qw(complete opening_customers new_customers reactivated_customers expanded_customers contracted_customers retained_customers churned_customers
	  closing_customers dormant_customers opening_revenue new_revenue reactivated_revenue expansion_revenue contraction_revenue churned_revenue closing_revenue
	  nrr grr retention_rate win_back_rate));

sub script
{
	my ($seed, $c) = @_;
	my @dates = @{ $c->{dates} };
	my $g = 'dates ' . join(', ', @dates) . $c->{words};
	my $list = "ARRAY['" . join("', '", @dates) . "']::date[]";
	my $local = $c->{type} eq 'timestamptz' ? "at AT TIME ZONE '$c->{zone}'" : 'at';
	my $day = "($local)::date";
	my $start = "CASE WHEN mod(n, 3) > 0 THEN at - n * interval '30 hours' END";
	$start = "CASE WHEN mod(n, 3) > 0 THEN at - n END" if $c->{type} eq 'date';
	my $as_of = "'$c->{as_of}'";
	my $sql = qq{
\\warn == $seed
SET timezone = '$c->{session}';
DROP TABLE IF EXISTS d, r, dates, moved, levels, g;
CREATE TEMP TABLE d (n int, customer int, at $c->{type}, amount $c->{amount_type});
INSERT INTO d VALUES } . join(', ', @{ $c->{orders} }) . qq{;
CREATE TEMP TABLE r (n int, customer int, during $c->{range}, amount $c->{amount_type});
INSERT INTO r VALUES } . join(', ', @{ $c->{values} }) . qq{;
CREATE TEMP TABLE g AS SELECT ('dates ' || string_agg(d::date::text, ',' ORDER BY d) || '$c->{words}')::grain AS g FROM generate_series(timestamp '1990-01-01', '2040-01-01', '1 month') d;
};
	# the first days of months
	my $month = "month$c->{words}";
	for my $call (
		[ 'd', 'cohort_matrix(customer, at, amount, %s)' ], [ 'd', "cohort_matrix(customer, $start, at, amount, %s)" ], [ 'd', 'recurring_matrix(customer, at, amount, %s)' ],
		[ 'd', "recurring_matrix(customer, $start, at, amount, %s, 2)" ], [ 'd', 'cohort_matrix(customer, NULL, at, NULL, %s, 2)' ],
		[ 'r', 'cohort_matrix(customer, during, amount, %s)' ], [ 'r', "cohort_matrix(customer, date '2017-02-05' + mod(n, 2000), during, amount, %s)" ],
		[ 'd', "customer_movements(customer, at, amount, %s, $c->{lag})" ], [ 'r', "customer_movements(customer, during, amount, %s, $c->{lag})" ])
	{
		my ($from, $words) = @$call;
		my $reader = $words =~ /movements/ ? 'movement_rows(m, %s)' : 'cohort_cells(m, %s)';
		for my $end ($as_of, 'NULL')
		{
			my $read = sprintf($reader, $end);
			$sql .= same($seed, 'months: ' . ($words =~ s/'/''/gr) . ($end eq 'NULL' ? '' : ' as of'),
				'SELECT x.* FROM (SELECT ' . sprintf($words, 'g') . " AS m FROM $from, g GROUP BY g) y, $read x",
				'SELECT x.* FROM (SELECT ' . sprintf($words, "'$month'") . " AS m FROM $from) y, $read x");
		}
	}
	# any dates: the number of a row's period, and before the first one a day long before
	my $number = "(SELECT count(*)::int - 1 FROM unnest($list) x WHERE x <= %s)";
	my $at = "CASE WHEN " . sprintf($number, $day) . " < 0 THEN date '2000-01-03' - 100 ELSE date '2000-01-03' + " . sprintf($number, $day) . " END";
	my $end = "(date '2000-01-03' + " . sprintf($number, $as_of) . ')';
	my $last = $#dates;
	$sql .= qq{
CREATE TEMP TABLE moved AS SELECT n, customer, $at AS at, amount FROM d WHERE at IS NOT NULL;
-- a refund there is of nobody
DELETE FROM moved WHERE at < '2000-01-01' AND round(amount::numeric, 6) < 0;
-- who was active before the first date is in no cohort
CREATE TEMP VIEW newcomers AS SELECT * FROM moved WHERE customer NOT IN (SELECT customer FROM moved WHERE at < '2000-01-01' AND coalesce(round(amount::numeric, 6), 0) >= 0);
};
	for my $call ([ 'cohort_matrix(customer, at, amount, %s)', 'newcomers' ], [ 'recurring_matrix(customer, at, amount, %s)', "(SELECT * FROM moved WHERE at > '2000-01-01') v" ])
	{
		my ($words, $from) = @$call;
		$sql .= same($seed, "dates: $words", "SELECT array_position($list, x.cohort) - 1 AS cohort, array_position($list, x.period) - 1 AS period, $cells FROM (SELECT " . sprintf($words, "'$g'") . " AS m FROM d) y, cohort_cells(m, $as_of) x WHERE complete",
			"SELECT cohort - date '2000-01-03', period - date '2000-01-03', $cells FROM (SELECT " . sprintf($words, "'day'") . " AS m FROM $from) y, cohort_cells(m, $end) x WHERE period < date '2000-01-03' + $last");
	}
	$sql .= "DROP VIEW newcomers;\n";
	# movements: from the first date on, or where the first comes
	my $shown = "SELECT array_position($list, x.period) - 1 AS period, $moves FROM";
	$sql .= same($seed, "dates: movements", "$shown (SELECT customer_movements(customer, at, amount, '$g') AS m FROM d) y, movement_rows(m, $as_of) x WHERE complete",
		"SELECT period - date '2000-01-03', $moves FROM (SELECT customer_movements(customer, at, amount, 'day') AS m FROM moved) y, movement_rows(m, $end) x WHERE period BETWEEN '2000-01-03' AND date '2000-01-03' + ($last - 1)");
	# levels: by the numbers of their days
	my $from = sprintf($number, 'day') =~ s/\$//r;
	$sql .= qq{
CREATE TEMP TABLE levels AS SELECT customer, CASE WHEN f < 0 THEN date '2000-01-03' - 1 ELSE date '2000-01-03' + f END AS from_day, CASE WHEN t < 0 THEN date '2000-01-03' - 1 WHEN t < $last THEN date '2000-01-03' + t END AS to_day, amount, day, until
FROM (SELECT customer, day, until, amount, } . sprintf($number, 'day') . qq{ AS f, CASE WHEN until IS NULL THEN 9999 ELSE } . sprintf($number, 'until') . qq{ END AS t
	FROM (SELECT customer, day, amount, lead(day) OVER (PARTITION BY customer ORDER BY day) AS until
		FROM (SELECT customer, timeline(during, amount@{[ $c->{type} eq 'timestamptz' ? ", '$c->{zone}'" : '' ]}) AS t FROM r GROUP BY customer) x, timeline_days(t)) x WHERE amount <> 0) y;
-- who had one before the first date, and none at it, is known
INSERT INTO levels SELECT DISTINCT customer, date '2000-01-03' - 9, date '2000-01-03' - 8, amount, NULL::date, NULL::date FROM levels
	WHERE amount > 0 AND day < ($list)[1];
};
	$sql .= same($seed, "dates: movements of levels", "$shown (SELECT customer_movements(customer, during, amount, '$g') AS m FROM r) y, movement_rows(m, $as_of) x WHERE complete",
		"SELECT period - date '2000-01-03', $moves FROM (SELECT customer_movements(customer, daterange(from_day, to_day), amount, 'day') AS m FROM levels) y, movement_rows(m, $end) x
			WHERE period BETWEEN '2000-01-03' AND date '2000-01-03' + ($last - 1) AND period - date '2000-01-03' >= (SELECT coalesce(min(array_position($list, x.period) - 1), 0) FROM (SELECT customer_movements(customer, during, amount, '$g') AS m FROM r) y, movement_rows(m, $as_of) x)")
	  if !$c->{minus};
	return $sql . "SELECT '$seed|done|' || (SELECT count(*) FROM (SELECT cohort_matrix(customer, at, amount, '$g') AS m FROM d) y, cohort_cells(m, $as_of)) || '|' || (SELECT count(*) FROM moved WHERE at < '2000-01-01');\n";
}

my $node = PostgreSQL::Test::Cluster->new('dates');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "jit = off\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

my %case = map { $_ => random_case($_) } $first_seed .. $first_seed + $cases - 1;
my @seeds = sort { $a <=> $b } keys %case;
my ($lines, $errors) = run_scripts($node, map { script($_, $case{$_}) } @seeds);
is_deeply($errors->{start}, undef, 'no error before the first data set');
my ($compared, $early) = (0, 0);
for my $seed (@seeds)
{
	my $c = $case{$seed};
	my @lines = @{ $lines->{$seed} || [] };
	my @bad = grep { !/^done\|/ } @lines;
	my ($done) = grep { /^done\|/ } @lines;
	ok($done && !@bad && !$errors->{$seed}, sprintf('seed %d: %d dates, %d rows of %s, lag %d', $seed, scalar @{ $c->{dates} }, scalar @{ $c->{orders} }, $c->{type}, $c->{lag})) or do
	{
		diag("zone $c->{zone}, session $c->{session}, as of $c->{as_of}, dates @{ $c->{dates} }");
		diag($_) for @{ $errors->{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $compared += $1; $early++ if $2 }
}
note("$compared cells compared");
cmp_ok($early, '>', @seeds / 4, 'many data sets have rows before the first date') if @seeds >= 20;

$node->stop;
done_testing();
