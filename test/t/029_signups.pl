# Sign-up cohorts of subscriptions, cohort_matrix(customer, started_at, during,
# amount, grain), against plain SQL (test/reference) on random data: every column
# of the cells and of the curve; parts, shuffled rows and workers give the same
# bytes.
#
# Every data set has its own seed, which the test's name shows; to see it alone:
#     RETENTION_SEED=<seed> RETENTION_CASES=1
use strict;
use warnings FATAL => 'all';

use POSIX qw(floor);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use RandomData;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $first_seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 200;

my $cells = join(', ', qw(cohort age period cohort_size active active_or_later active_streak orders
	  revenue cumulative_revenue retention retention_or_later retention_streak revenue_per_customer complete kept_revenue));

sub random_case
{
	my ($seed) = @_;
	srand($seed);
	my %c = (grain => random_grain(days => 1));
	my $g = $c{grain};
	my $zone = pick('Europe/Paris', 'America/Sao_Paulo', 'UTC');
	$c{type} = pick('timestamptz', 'timestamp', 'date');
	$c{start_type} = pick($c{type}, $c{type} eq 'timestamptz' ? 'timestamptz' : 'date');
	$c{amount_type} = pick(undef, 'numeric', 'numeric', 'float8', 'int');
	$c{zone} = $c{type} eq 'timestamptz' ? $zone : 'UTC';
	my $span = $g->{step} * between(3, 15);
	$span = 60 * $g->{row} if $span > 60 * $g->{row};
	$span = 4 * DAY if $span < 4 * DAY;
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	$c{time} = random_times($centre, $span);
	$c{span} = $span;
	my $half = floor($span / 2);
	$c{as_ofs} = [ 'NULL', map { "'" . day($centre + between(-$half, $half + 3 * $g->{step})) . "'" } 1 .. 2 ];
	random_ranges(\%c);

	# one more who goes and comes back, so that a streak is not the whole of it
	my $unit = $c{type} eq 'date' ? DAY : 1;
	for my $part ([ 0, 2 ], [ 4, 6 ])
	{
		my ($from, $to) = map { RandomData::literal(floor(($centre - $half + $_ * $g->{step}) / $unit) * $unit, $c{type}) } @$part;
		push @{ $c{values} }, '(' . join(', ', @{ $c{values} } + 1, 7, "$c{range}($from, $to)", "'5'") . ')';
	}

	# each customer signs up never, once or twice, at any time, and some who
	# subscribe to nothing do
	$c{starts} = [];
	for my $customer (1 .. 9)
	{
		push @{ $c{starts} }, "($customer, " . RandomData::literal($c{time}->(), $c{start_type}) . ')' for 1 .. pick(0, 1, 1, 1, 2);
	}
	return \%c;
}

sub script
{
	my ($seed, $c) = @_;
	my $number = $c->{amount_type} || 'numeric';
	my $amount = $c->{amount_type} ? 'amount' : 'NULL';
	my $call = "cohort_matrix(customer, started_at, during, $amount, '$c->{grain}{words}')";
	my $question = question($c->{grain}, 1, $c->{amount_type});
	my $starts = @{ $c->{starts} } ? 'VALUES ' . join(', ', @{ $c->{starts} }) : "SELECT NULL::int, NULL::$c->{start_type} WHERE false";
	my $script = qq{
\\warn == $seed
SET timezone = '$c->{zone}';
DROP TABLE IF EXISTS ranges, starts, d, m;
CREATE TEMP TABLE ranges (n int, customer int, during $c->{range}, amount $number);
INSERT INTO ranges VALUES } . join(', ', @{ $c->{values} }) . qq{;
CREATE TEMP TABLE starts (customer int, started_at $c->{start_type});
INSERT INTO starts $starts;
-- the natural call: a row for each range, with the customer's start, or without
CREATE UNLOGGED TABLE d WITH (fillfactor = 10, parallel_workers = 4) AS
SELECT coalesce(s.customer, r.customer) AS customer, s.started_at, r.during, r.amount, row_number() OVER () AS n
FROM (SELECT customer, min(started_at) AS started_at FROM starts GROUP BY customer) s FULL JOIN ranges r ON r.customer = s.customer
UNION ALL SELECT customer, started_at, NULL, 5, 1000 FROM starts;
CREATE TEMP TABLE m AS SELECT m, cohort_matrix_send(m) AS bytes FROM (SELECT $call AS m FROM d) x;
SELECT '$seed|' || what || '|' || coalesce(x.m::text, 'NULL') FROM (
	SELECT 'text' AS what, m::text::cohort_matrix AS m FROM m
	UNION ALL SELECT 'shuffled', $call FROM (SELECT * FROM d ORDER BY md5(n::text)) y
	UNION ALL SELECT 'rollup', rollup(part) FROM (SELECT $call AS part FROM d GROUP BY customer % 3) y
	UNION ALL SELECT 'single customers', rollup(part) FROM (SELECT $call AS part FROM d GROUP BY customer) y) x
WHERE cohort_matrix_send(x.m) IS DISTINCT FROM (SELECT bytes FROM m);
SET max_parallel_workers_per_gather = 2;
SELECT '$seed|2 workers|' FROM (SELECT cohort_matrix_send($call) AS bytes FROM d) x WHERE bytes IS DISTINCT FROM (SELECT bytes FROM m);
SET max_parallel_workers_per_gather = 0;
TRUNCATE reference.activity, reference.subscription;
INSERT INTO reference.activity SELECT customer::text, started_at::timestamptz, NULL, NULL FROM starts;
INSERT INTO reference.subscription SELECT customer::text, reference.covered(during), amount::text::numeric FROM ranges WHERE during IS NOT NULL;
};
	for my $as_of (@{ $c->{as_ofs} })
	{
		my $name = "cells as of $as_of" =~ s/'//gr;
		$script .= qq{
CREATE TEMP TABLE got AS SELECT $cells FROM m, cohort_cells(m, $as_of);
CREATE TEMP TABLE want AS SELECT $cells FROM reference.level_cells($question, $as_of);
SELECT '$seed|$name|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT * FROM got EXCEPT ALL SELECT * FROM want) x
	UNION ALL SELECT 'want', x::text FROM (SELECT * FROM want EXCEPT ALL SELECT * FROM got) x ORDER BY 2, 1 LIMIT 10) x;
-- the curve is the sum of the complete cells
SELECT '$seed|curve as of |' || coalesce(g.age, w.age) || '|' || coalesce(g::text, 'none') || '|' || coalesce(w::text, 'none')
FROM (SELECT c.age, c.customers, c.active, c.ltv FROM m, retention_curve(m, $as_of) c) g
FULL JOIN (SELECT age, sum(cohort_size)::bigint AS customers, sum(active)::bigint AS active, trim_scale(sum(cumulative_revenue) / sum(cohort_size)) AS ltv
	FROM want WHERE complete AND cohort_size > 0 GROUP BY age) w USING (age)
WHERE (g.customers, g.active, g.ltv) IS DISTINCT FROM (w.customers, w.active, w.ltv);
DROP TABLE got, want;
};
	}
	return $script . "SELECT '$seed|done|' || (SELECT count(*) FROM m, cohort_cells(m)) || '|' || (SELECT count(*) FROM m, cohort_cells(m) WHERE active_streak < active);\n";
}

my $node = PostgreSQL::Test::Cluster->new('signups');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf(
	'postgresql.conf', q{
jit = off
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
parallel_leader_participation = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres', slurp_file("$source/test/reference/$_.sql")) for 'cohort_matrix', 'timeline';

my %case = map { $_ => random_case($_) } $first_seed .. $first_seed + $cases - 1;
my @seeds = sort { $a <=> $b } keys %case;
my ($lines, $errors) = run_scripts($node, map { script($_, $case{$_}) } @seeds);
is_deeply($errors->{start}, undef, 'no error before the first data set');
my ($compared, $telling) = (0, 0);
for my $seed (@seeds)
{
	my $c = $case{$seed};
	my @lines = @{ $lines->{$seed} || [] };
	my @bad = grep { !/^done\|/ } @lines;
	my ($done) = grep { /^done\|/ } @lines;
	ok($done && !@bad && !$errors->{$seed}, sprintf("seed %d: %d ranges of %s, %s, '%s'", $seed, scalar @{ $c->{values} },
			$c->{range}, $c->{amount_type} || 'no amounts', $c->{grain}{words})) or do
	{
		diag("zone $c->{zone}");
		diag($_) for @{ $errors->{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $compared += $1; $telling++ if $2 }
}
note("$compared cells compared");
cmp_ok($telling, '>', @seeds / 4, 'in many data sets some come back who were not there') if @seeds >= 50;

$node->stop;
done_testing();
