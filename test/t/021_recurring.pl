# Recurring cohorts over rows, and at_least, against plain SQL (test/reference) on
# random data.  The reference knows no recurring cohorts: it is asked about a
# customer for each customer and start, joined with what that customer did from
# the start's period on.  at_least is a HAVING over customers and periods.  Parts,
# shuffled rows, workers and little memory give the same bytes.
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

my $source = $ENV{RETENTION_SOURCE} || '.';
my $first_seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 25;

my $cells = join(', ', qw(cohort age period cohort_size active active_or_later active_streak
	  revenue retention retention_or_later retention_streak complete));

sub random_case
{
	my ($seed) = @_;
	srand($seed);
	my %c = (grain => random_grain(plain => 1));
	my $g = $c{grain};
	my $zone = pick('Europe/Paris', 'America/Sao_Paulo', 'UTC');
	$c{type} = pick('timestamptz', 'timestamp', 'date');
	$c{amount_type} = pick(undef, 'numeric', 'numeric', 'float8', 'int');
	$c{zone} = $c{type} eq 'timestamptz' ? $zone : 'UTC';
	$c{has_start} = chance(0.6);
	# none, or as many as leave some
	$c{at_least} = pick(undef, 1, 2, 2, 3);
	$c{recurring} = $c{at_least} ? chance(0.7) : 1;
	my $span = $g->{step} * between(2, 12);
	$span = 4 * DAY if $span < 4 * DAY;
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	$c{time} = random_times($centre, $span);
	my $half = floor($span / 2);
	$c{as_ofs} = [ 'NULL', "'" . day($centre + between(-$half, $half + 3 * $g->{step})) . "'" ];
	random_orders(\%c);
	$c{starts} = [];
	for my $customer (1 .. 9)
	{
		push @{ $c{starts} }, "($customer, " . RandomData::literal($c{time}->(), $c{type}) . ')' for 1 .. pick(0, 1, 1, 2, 3);
	}
	return \%c;
}

# The call, and the shortest one of the same meaning.
sub calls
{
	my ($c) = @_;
	my $name = $c->{recurring} ? 'recurring_matrix' : 'cohort_matrix';
	my $amount = $c->{amount_type} ? 'amount' : 'NULL';
	my $start = $c->{has_start} ? 'started_at' : 'NULL';
	return "$name(customer, $start, at, $amount, '$c->{grain}{words}', $c->{at_least})" if $c->{at_least};
	return "$name(customer, $start, at, $amount, '$c->{grain}{words}')";
}

sub script
{
	my ($seed, $c) = @_;
	my $number = $c->{amount_type} || 'numeric';
	my $call = calls($c);
	my $question = question($c->{grain}, 1, $c->{amount_type});
	my $asked = $c->{recurring} || $c->{has_start} ? $question : question($c->{grain}, 0, $c->{amount_type});
	my $starts = @{ $c->{starts} } ? 'VALUES ' . join(', ', @{ $c->{starts} }) : "SELECT NULL::int, NULL::$c->{type} WHERE false";
	my $at_least = $c->{at_least} || 0;
	# a NULL amount, or none, is an event; so is what rounds to nothing
	my $order = $c->{amount_type} ? 'coalesce(round(amount, 6), 0) >= 0' : 'true';
	my $short = $c->{at_least} || $c->{has_start} ? $call
	  : $c->{amount_type} ? "recurring_matrix(customer, at, amount, '$c->{grain}{words}')"
	  : "recurring_matrix(customer, at, '$c->{grain}{words}')";
	my $sql = qq{
\\warn == $seed
SET timezone = '$c->{zone}';
DROP TABLE IF EXISTS d, m, events, begun, kept;
CREATE UNLOGGED TABLE d (n int, customer int, started_at $c->{type}, at $c->{type}, amount $number) WITH (fillfactor = 10, parallel_workers = 4);
INSERT INTO d (n, customer, at, amount) VALUES } . join(', ', @{ $c->{values} }) . qq{;
INSERT INTO d (customer, started_at) $starts;
UPDATE d SET amount = 5 WHERE at IS NULL;
CREATE TEMP TABLE m AS SELECT m, cohort_matrix_send(m) AS bytes FROM (SELECT $call AS m FROM d) x;
SELECT '$seed|' || what || '|' || coalesce(x.m::text, 'NULL') FROM (
	SELECT 'text' AS what, m::text::cohort_matrix AS m FROM m
	UNION ALL SELECT 'short', $short FROM d
	UNION ALL SELECT 'shuffled', $call FROM (SELECT * FROM d ORDER BY md5(n::text)) y
	UNION ALL SELECT 'rollup', rollup(part) FROM (SELECT $call AS part FROM d GROUP BY customer % 3) y
	UNION ALL SELECT 'single customers', rollup(part) FROM (SELECT $call AS part FROM d GROUP BY customer) y) x
WHERE cohort_matrix_send(x.m) IS DISTINCT FROM (SELECT bytes FROM m);
SET max_parallel_workers_per_gather = 2;
SELECT '$seed|2 workers|' FROM (SELECT cohort_matrix_send($call) AS bytes FROM d) x WHERE bytes IS DISTINCT FROM (SELECT bytes FROM m);
SET max_parallel_workers_per_gather = 0;

-- what happened in periods with enough events
CREATE TEMP TABLE events AS SELECT customer, at::timestamptz AS at, amount::text::numeric AS amount, reference.row_of($question, at::timestamptz) AS period
	FROM d WHERE at IS NOT NULL;
CREATE TEMP TABLE kept AS SELECT e.* FROM events e JOIN (
	SELECT customer, period FROM events GROUP BY 1, 2 HAVING count(*) FILTER (WHERE $order) >= $at_least) x USING (customer, period);
};
	# a start of each period that holds one, or an event
	$sql .= $c->{has_start}
	  ? "CREATE TEMP TABLE begun AS SELECT DISTINCT customer, reference.row_of($question, started_at::timestamptz) AS period FROM d WHERE started_at IS NOT NULL;\n"
	  : "CREATE TEMP TABLE begun AS SELECT DISTINCT customer, period FROM kept WHERE $order;\n";
	# recurring: a customer for each; else the earliest start, or none
	$sql .= "TRUNCATE reference.activity;\n";
	$sql .= $c->{recurring}
	  ? "INSERT INTO reference.activity SELECT (b.customer, b.period)::text, b.period::timestamp::timestamptz, k.at, k.amount FROM begun b LEFT JOIN kept k ON k.customer = b.customer AND k.period >= b.period;\n"
	  : "INSERT INTO reference.activity SELECT customer::text, NULL, at, amount FROM kept;\n"
	  . ($c->{has_start} ? "INSERT INTO reference.activity SELECT customer::text, started_at::timestamptz, NULL, NULL FROM d WHERE started_at IS NOT NULL;\n" : '');
	for my $as_of (@{ $c->{as_ofs} })
	{
		my $name = "cells as of $as_of" =~ s/'//gr;
		$sql .= qq{
CREATE TEMP TABLE got AS SELECT $cells FROM m, cohort_cells(m, $as_of);
CREATE TEMP TABLE want AS SELECT $cells FROM reference.cohort_cells($asked, $as_of);
SELECT '$seed|$name|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT * FROM got EXCEPT ALL SELECT * FROM want) x
	UNION ALL SELECT 'want', x::text FROM (SELECT * FROM want EXCEPT ALL SELECT * FROM got) x ORDER BY 2, 1 LIMIT 10) x;
SELECT '$seed|$name|ratio|' || g FROM (SELECT cohort, age, revenue_retention FROM m, cohort_cells(m, $as_of)) g
	FULL JOIN (SELECT cohort, age, revenue_retention FROM reference.cohort_cells($asked, $as_of)) w USING (cohort, age)
	WHERE num_nulls(g.revenue_retention, w.revenue_retention) = 1 OR abs(g.revenue_retention - w.revenue_retention) > 1e-12 * greatest(1, abs(w.revenue_retention));
SELECT '$seed|curve as of |' || g.age FROM (SELECT c.age, c.customers, c.active, c.revenue_per_active FROM m, retention_curve(m, $as_of) c) g
	FULL JOIN (SELECT age, sum(cohort_size)::bigint AS customers, sum(active)::bigint AS active, trim_scale(sum(revenue) / nullif(sum(active), 0)) AS mean
		FROM want WHERE complete AND cohort_size > 0 GROUP BY age) w USING (age)
	WHERE (g.customers, g.active, g.revenue_per_active) IS DISTINCT FROM (w.customers, w.active, w.mean);
DROP TABLE got, want;
};
	}
	$sql .= "SELECT '$seed|sums|' || c FROM m, cohort_cells(m) c WHERE num_nonnulls(c.cumulative_revenue, c.revenue_per_customer, c.orders) > 0;\n" if $c->{recurring};
	return $sql . "SELECT '$seed|done|' || (SELECT count(*) FROM m, cohort_cells(m)) || '|' || (SELECT count(*) FROM m, cohort_cells(m) WHERE age > 0 AND active > 0);\n";
}

my $node = PostgreSQL::Test::Cluster->new('recurring');
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
$node->safe_psql('postgres', slurp_file("$source/test/reference/cohort_matrix.sql"));

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
	ok($done && !@bad && !$errors->{$seed}, sprintf('seed %d: %s, %d rows of %s', $seed, calls($c),
			scalar @{ $c->{values} }, $c->{type})) or do
	{
		diag("zone $c->{zone}");
		diag($_) for @{ $errors->{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $compared += $1; $telling++ if $2 }
}
note("$compared cells compared");
cmp_ok($telling, '>', @seeds / 3, 'in many data sets customers come back') if @seeds >= 50;

$node->stop;
done_testing();
