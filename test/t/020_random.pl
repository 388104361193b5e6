# Random data, random grains: every column of cohort_cells and retention_curve
# equals the recomputation from the definition in test/reference.
#
# Every data set has its own seed, which a failure names; to see it alone:
#     RETENTION_SEED=<seed> RETENTION_CASES=1
# Other data: any other RETENTION_SEED; data set i has the seed RETENTION_SEED + i.
use strict;
use warnings FATAL => 'all';

use POSIX qw(floor strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::Local qw(timegm);

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use RandomData;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $first_seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 200;

# All is compared exactly but a ratio of money, the mean and Wilson's bounds.
my $exact_cells = join(', ', qw(cohort age period cohort_size active
	  active_or_later active_streak orders revenue cumulative_revenue retention
	  retention_or_later retention_streak revenue_per_customer complete ordinality));
my $exact_curve = join(', ', qw(age cohorts customers active retention
	  retention_or_later retention_streak ltv revenue_per_active ltv_chained ordinality));

# A data set and the calls to make of it.
sub random_case
{
	my ($seed) = @_;
	srand($seed);
	my %c = (grain => random_grain());
	my $g = $c{grain};

	my @zones = ('Europe/Paris', 'America/Sao_Paulo');
	my $zone = pick(@zones, @zones, 'UTC');
	$c{has_start} = chance(0.4);
	$c{amount_type} = pick(undef, 'numeric', 'numeric', 'float8', 'int');
	$c{customer_type} = pick('bigint', 'bigint', 'text');
	$c{at_type} = pick('timestamptz', 'timestamptz', 'timestamp', 'date');
	$c{start_type} = $c{at_type};

	# A start and an activity of different kinds: an instant stands for its
	# local time.  Under "since start" only what no change of clocks blurs.
	if ($c{has_start} && chance(0.3))
	{
		if (!$g->{since_start}) { $c{start_type} = pick('timestamptz', 'timestamp', 'date') }
		elsif ($g->{unit} ne 'hour') { $c{start_type} = 'date' }
	}
	my $local = $c{at_type} ne 'timestamptz'
	  && (!$c{has_start} || $c{start_type} ne 'timestamptz');

	# The grain's zone goes before the session's.
	$c{session_zone} = $zone;
	my $words = $g->{words};
	if (chance(0.4))
	{
		$words .= " at $zone";
		$c{session_zone} = pick('UTC', 'Asia/Tokyo', 'America/Los_Angeles');
	}
	$c{words} = $words;
	$c{zone} = $local ? 'UTC' : $zone;

	# Times: not too many cells, and many of them where clocks change, at the
	# ends of months and at equal times of day.
	my $span = $g->{step} * between(3, 20);
	$span = 150 * $g->{row} if $span > 150 * $g->{row};
	$span = 2 * DAY if $span < 2 * DAY;
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	my $time = sub {
		my $t = $centre + between(-floor($span / 2 / HOUR), floor($span / 2 / HOUR)) * HOUR;
		my $kind = rand();
		if ($kind < 0.3)
		{
			# the hours around the change, of any day
			$t = $centre + floor(($t - $centre) / DAY) * DAY + between(-3, 3) * HOUR;
		}
		elsif ($kind < 0.4) { $t = $centre + between(-3, 3) * HOUR }
		elsif ($kind < 0.55)
		{
			my @t = gmtime($t);
			my $month_end = timegm(0, 0, $t[2], 1, ($t[4] + 1) % 12, $t[5] + 1900 + ($t[4] == 11));
			$t = $month_end - between(1, 3) * DAY + between(0, 1) * HOUR;
		}
		$t += between(0, 3599) if chance(0.1);
		return $t;
	};
	my $literal = sub {
		my ($t, $type) = @_;
		return 'NULL' if !defined $t;
		return "'" . day($t) . "'" if $type eq 'date';
		my $fraction = chance(0.05) ? pick('.999999', '.5', '.000001') : '';
		return "'" . strftime('%Y-%m-%d %H:%M:%S', gmtime($t)) . $fraction . ($type eq 'timestamptz' ? '+00' : '') . "'";
	};

	my $customers = between(1, 40);
	my $rows = chance(0.03) ? 0 : pick(between(1, 10), between(10, 60), between(60, 300), between(60, 300));
	my %start;
	my @values;
	for (1 .. $rows)
	{
		my $customer = between(1, $customers);
		my ($started, $at) = (undef, $time->());
		if ($c{has_start})
		{
			# the same on every row, or anything, or nothing
			$start{$customer} //= $time->() - floor($span / 4);
			$started = chance(0.7) ? $start{$customer} : $time->() if chance(0.5) && $customer % 5;
			$at = undef if chance(0.15);
		}
		$at = undef if chance(0.03);
		my $amount = 'NULL';
		if (($c{amount_type} || '') eq 'int') { $amount = between(-3, 20) }
		elsif ($c{amount_type})
		{
			$amount = pick(0, '0.1', '0.2', '-0.0000004', '0.0000005', '-0.0000005', '2.5e-7',
				sprintf('%.2f', rand(100)), sprintf('%.2f', rand(100)), sprintf('%.2f', -rand(50)),
				sprintf('%.8f', rand(10)), sprintf('%.7f', -rand(10)), between(-5, 1000000), '123456789012.123456');
			$amount = "'$amount'";
		}
		$amount = 'NULL' if chance(0.05);
		$customer = $c{customer_type} eq 'text' ? "'customer $customer'" : $customer;
		$customer = 'NULL' if chance(0.03);
		push @values, '(' . join(', ', $customer, $literal->($started, $c{start_type}), $literal->($at, $c{at_type}), $amount) . ')';
	}
	$c{values} = \@values;

	my $half = floor($span / 2);
	$c{as_of} = pick(
		undef, undef, undef,
		day($centre - between(floor($half / 2), $half + 3 * DAY)),
		day($centre + between(-$half, $half)),
		day($centre + between(-$half, $half)),
		day($centre + between(0, $half)),
		day($centre + $half + between(0, 3) * $g->{row}),
		day($centre + $half + between(0, 3) * $g->{row}));
	$c{up_to_age} = chance(0.3) ? between(0, 5) : undef;
	return \%c;
}

# The extension's answer and the reference's, compared by the server; one line
# of output per row that differs.
sub script
{
	my ($seed, $c) = @_;
	my $g = $c->{grain};
	my $amount = $c->{amount_type} ? 'amount' : 'NULL';
	my $call = $c->{has_start} ? "cohort_matrix(customer, started_at, at, $amount, '$c->{words}')"
	  : $c->{amount_type} || $seed % 2 ? "cohort_matrix(customer, at, $amount, '$c->{words}')"
	  : "cohort_matrix(customer, at, '$c->{words}')";
	my $question = question($g, $c->{has_start}, $c->{amount_type});
	my $as_of = quoted($c->{as_of}) . '::date';
	my $up_to = defined $c->{up_to_age} ? $c->{up_to_age} : 'NULL';
	my $type = $c->{amount_type} || 'numeric';
	my $insert = @{ $c->{values} } ? 'INSERT INTO d VALUES ' . join(', ', @{ $c->{values} }) . ';' : '';

	return qq{
\\warn == $seed
SET timezone = '$c->{session_zone}';
DROP TABLE IF EXISTS d, m, cells, curve, ref_cells, ref_curve;
CREATE TEMP TABLE d (customer $c->{customer_type}, started_at $c->{start_type}, at $c->{at_type}, amount $type);
$insert
CREATE TEMP TABLE m AS SELECT $call AS m FROM d;
CREATE TEMP TABLE cells AS SELECT c.* FROM m, cohort_cells(m, $as_of, $up_to) WITH ORDINALITY c;
CREATE TEMP TABLE curve AS SELECT c.* FROM m, retention_curve(m, $as_of) WITH ORDINALITY c;

SELECT '$seed|text|' || m::text FROM m WHERE m::text::cohort_matrix IS DISTINCT FROM m OR cohort_matrix_send(m::text::cohort_matrix) IS DISTINCT FROM cohort_matrix_send(m);
SELECT '$seed|parts|' || m::text FROM m, (
	SELECT rollup(part) AS whole FROM (SELECT $call AS part FROM d GROUP BY hashtext(customer::text) % 3) p) r
	WHERE whole IS DISTINCT FROM m OR cohort_matrix_send(whole) IS DISTINCT FROM cohort_matrix_send(m);
SELECT '$seed|scalars|' || a || '|' || s::text
	FROM m CROSS JOIN generate_series(-1, 3) a
		 CROSS JOIN LATERAL (SELECT retention_rate(m, a, $as_of), churn_rate(m, a, $as_of), ltv(m, a, $as_of), ltv_chained(m, a, $as_of)) s (r, c, l, h)
		 LEFT JOIN curve x ON x.age = a
	WHERE s.r IS DISTINCT FROM x.retention OR s.c IS DISTINCT FROM 1 - x.retention OR s.l IS DISTINCT FROM x.ltv OR s.h IS DISTINCT FROM x.ltv_chained;

SET timezone = '$c->{zone}';
TRUNCATE reference.activity;
INSERT INTO reference.activity SELECT customer::text, started_at::timestamptz, at::timestamptz, amount::text::numeric FROM d;
CREATE TEMP TABLE ref_cells AS SELECT c.* FROM reference.cohort_cells($question, $as_of, $up_to) WITH ORDINALITY c;
CREATE TEMP TABLE ref_curve AS SELECT c.* FROM reference.retention_curve($question, $as_of) WITH ORDINALITY c;

SELECT '$seed|payback|' || cac || '|' || coalesce(payback_age(m, cac, 0.5, $as_of)::text, 'NULL') FROM m, (VALUES (1.0), (50), (100000)) v (cac)
	WHERE payback_age(m, cac, 0.5, $as_of) IS DISTINCT FROM reference.payback_age($question, cac, 0.5, $as_of);

SELECT '$seed|cells|' || side || '|' || x::text FROM (
	SELECT 'got' AS side, x.* FROM (SELECT $exact_cells FROM cells EXCEPT ALL SELECT $exact_cells FROM ref_cells) x
	UNION ALL
	SELECT 'want', x.* FROM (SELECT $exact_cells FROM ref_cells EXCEPT ALL SELECT $exact_cells FROM cells) x
	ORDER BY cohort, age, side LIMIT 10) x;
SELECT '$seed|cells|' || c::text || r::text FROM cells c JOIN ref_cells r USING (cohort, age)
	WHERE num_nulls(c.revenue_retention, r.revenue_retention) = 1
	   OR abs(c.revenue_retention - r.revenue_retention) > 1e-12 * greatest(1, abs(r.revenue_retention));
SELECT '$seed|curve|' || side || '|' || x::text FROM (
	SELECT 'got' AS side, x.* FROM (SELECT $exact_curve FROM curve EXCEPT ALL SELECT $exact_curve FROM ref_curve) x
	UNION ALL
	SELECT 'want', x.* FROM (SELECT $exact_curve FROM ref_curve EXCEPT ALL SELECT $exact_curve FROM curve) x
	ORDER BY age, side LIMIT 10) x;
SELECT '$seed|curve|' || c.age || '|' || c::text || r::text FROM curve c JOIN ref_curve r USING (age)
	WHERE NOT coalesce(abs(c.retention_mean - r.retention_mean) <= 1e-12
		AND abs(c.retention_low - r.retention_low) <= 1e-12
		AND abs(c.retention_high - r.retention_high) <= 1e-12, false);
SELECT '$seed|done|' || (SELECT count(*) FROM ref_cells) || '|' || (SELECT count(*) FROM ref_cells WHERE complete AND active > 0 AND age > 0);
};
}

my $node = PostgreSQL::Test::Cluster->new('random');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres', slurp_file("$source/test/reference/cohort_matrix.sql"));

my %case = map { $_ => random_case($_) } $first_seed .. $first_seed + $cases - 1;
my @seeds = sort { $a <=> $b } keys %case;
my ($lines, $errors) = run_scripts($node, map { script($_, $case{$_}) } @seeds);
my %lines = %$lines;
my %errors = %$errors;
is_deeply($errors{start}, undef, 'no error before the first data set');

my ($cells, $telling) = (0, 0);
for my $seed (@seeds)
{
	my $c = $case{$seed};
	my @lines = @{ $lines{$seed} || [] };
	my @bad = grep { !/^done\|/ } @lines;
	my ($done) = grep { /^done\|/ } @lines;
	my $name = sprintf("seed %d: '%s', %d rows, %s%s%s, as of %s%s", $seed, $c->{words}, scalar @{ $c->{values} },
		$c->{has_start} ? "$c->{start_type} starts, " : '', $c->{at_type},
		$c->{amount_type} ? ", $c->{amount_type} amounts" : '', $c->{as_of} // 'the end',
		defined $c->{up_to_age} ? " up to $c->{up_to_age}" : '');
	ok($done && !@bad && !$errors{$seed}, $name) or do
	{
		diag("session zone $c->{session_zone}, zone $c->{zone}");
		diag($_) for @{ $errors{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $cells += $1; $telling++ if $2 }
}
note("$cells cells compared");
cmp_ok($telling, '>', @seeds / 3, 'many data sets have customers coming back') if @seeds >= 50;

$node->stop;
done_testing();
