# Random timelines: every reader equals the recomputation from the definition
# in test/reference; matrices made of them are, byte for byte, those made of the
# rows; however rows are dealt out or ranges are split, no byte changes.
#
# Every data set has its own seed, which the test's name shows; to see it alone:
#     RETENTION_SEED=<seed> RETENTION_CASES=1
# Other data: any other RETENTION_SEED; data set i has the seed RETENTION_SEED + i.
# Even seeds are orders, odd ones ranges.
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

# Compared exactly; a ratio of money is not.
my $cells = join(', ', qw(cohort age period cohort_size active active_or_later
	  active_streak orders revenue cumulative_revenue retention retention_or_later
	  retention_streak revenue_per_customer complete kept_revenue));
my @weekdays = qw(monday tuesday wednesday thursday friday saturday sunday);
my @months = qw(january february march april may june july august september october november december);

#----------------------------------------------------------------
# Data
#----------------------------------------------------------------

# One of every kind of calendar grain.
sub calendar_grains
{
	my @cuts = (0);
	push @cuts, $cuts[-1] + between(1, 5) for 1 .. between(1, 5);
	return (
		'day', between(2, 12) . ' days',
		'week', 'week starting ' . pick(@weekdays), between(2, 6) . ' weeks starting ' . pick(@weekdays),
		'month', between(2, 7) . ' months starting ' . pick(@months),
		'quarter', 'quarter starting ' . pick(@months),
		'year', 'year starting ' . pick(@months), between(2, 3) . ' years',
		map({ $_ . 's ' . join(',', @cuts) } qw(day week month)));
}

# Grains since each customer's start, by days or longer.
sub start_grains
{
	my @grains;
	while (@grains < 3)
	{
		my $g = random_grain(days => 1);
		push @grains, $g->{words} if $g->{since_start};
	}
	return @grains;
}

# What both kinds have: customers, zones, times around a change of clocks.
sub random_frame
{
	my ($seed) = @_;
	srand($seed);
	my %c = (kind => $seed % 2 ? 'levels' : 'orders');
	$c{grain} = random_grain(days => 1);
	$c{plain} = random_grain(plain => 1);
	$c{calendar} = [ calendar_grains() ];
	$c{since_start} = [ start_grains() ];

	my $zone = pick('Europe/Paris', 'America/Sao_Paulo', 'Europe/Paris', 'UTC');
	$c{type} = pick('timestamptz', 'timestamptz', 'timestamp', 'date');
	$c{amount_type} = pick(undef, 'numeric', 'numeric', 'float8', 'int');
	$c{zone} = $c{type} eq 'timestamptz' ? $zone : 'UTC';
	$c{session_zone} = $zone;
	$c{argument} = '';
	if (chance(0.4))
	{
		$c{argument} = ", '$zone'";
		$c{session_zone} = pick('UTC', 'Asia/Tokyo', 'America/Los_Angeles');
	}
	$c{named} = $c{type} eq 'timestamptz' ? $zone : 'Asia/Tokyo';

	# Not too many cells under either grain.
	my $step = $c{grain}{step} < $c{plain}{step} ? $c{grain}{step} : $c{plain}{step};
	my $span = $step * between(3, 15);
	$span = 60 * $c{grain}{row} if $span > 60 * $c{grain}{row};
	$span = 4 * DAY if $span < 4 * DAY;
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	$c{time} = random_times($centre, $span);
	my $half = floor($span / 2);
	$c{as_ofs} = [ map { day($_) } $centre - $half - DAY, map { $centre + between(-$half, 2 * $half) } 1 .. 3 ];
	$c{as_of} = day($centre + between(-$half, $half + 3 * $step));
	$c{windows} = join(', ', map { my ($a, $b) = map { day($centre + between(-$half, $half)) } 1, 2; "('$a'::date, '$b'::date)" } 1 .. 4);
	$c{span} = $span;
	$c{patience} = pick(q{'2 days', '5 days'}, q{'10 days', '30 days'}, q{'1 month', '45 days'}, q{'6 months', '1 year'});
	return \%c;
}

sub random_case
{
	my $c = random_frame(@_);
	$c->{kind} eq 'orders' ? random_orders($c) : random_ranges($c);
	return $c;
}

#----------------------------------------------------------------
# Questions
#----------------------------------------------------------------

sub grain_array { return 'ARRAY[' . join(', ', map { "'$_'" } @_) . ']::grain[]' }

# Rows of one query that the other does not have.
sub compared
{
	my ($seed, $what, $got, $want) = @_;
	return qq{
SELECT '$seed|$what|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (($got) EXCEPT ALL ($want)) x
	UNION ALL SELECT 'want', x::text FROM (($want) EXCEPT ALL ($got)) x ORDER BY 2, 1 LIMIT 10) x;
};
}

# What all data sets are asked; d holds the rows, rows(g) is the call over them.
sub common
{
	my ($seed, $c, $rows) = @_;
	my $levels = $c->{kind} eq 'levels' ? 'true' : 'false';
	my $has_amount = $c->{amount_type} ? 'true' : 'false';
	my $timeline = "ROW(customer::text, $levels, $has_amount)::reference.timeline";
	my $as_ofs = "'{" . join(',', @{ $c->{as_ofs} }) . "}'::date[]";
	my $argument = $c->{argument};
	my $built = 'timeline(' . ($levels eq 'true' ? 'during' : 'at') . ($c->{amount_type} ? ', amount' : $argument ? ', NULL' : '') . "$argument)";
	my $calendar = grain_array(@{ $c->{calendar} }, map { "$_ at $c->{named}" } @{ $c->{calendar} }[ 0, 3, 5, 12 ]);
	my $plain = $c->{plain}{words};
	my $question = question($c->{plain}, 0, $c->{amount_type});
	# as_of where a period begins, so that it does not matter whether a day
	# inside a period counts that is not covered any more
	my $edge = "reference.period_start('$c->{as_of}', '$c->{plain}{unit}', $c->{plain}{n}, " . quoted($c->{plain}{starting}) . ')';

	return qq{
CREATE TEMP TABLE t AS SELECT customer, $built AS t FROM d GROUP BY customer;
SELECT '$seed|nothing|' || customer FROM (SELECT customer, count(*) FILTER (WHERE $c->{when} IS NOT NULL) AS n FROM d GROUP BY 1) x JOIN t USING (customer) WHERE t IS NOT NULL AND n = 0;
DELETE FROM t WHERE t IS NULL;

SELECT '$seed|text|' || t::text FROM t
WHERE timeline_send(t::text::timeline) IS DISTINCT FROM timeline_send(t) OR t::jsonb::text::timeline IS DISTINCT FROM t;

SELECT '$seed|parts|' || customer || '|' || t.t::text FROM t JOIN (
	SELECT customer, rollup(part) AS ascending, rollup(part ORDER BY n DESC) AS descending, array_agg(part ORDER BY n) AS p
	FROM (SELECT customer, n % 4 AS n, $built AS part FROM d WHERE $c->{when} IS NOT NULL GROUP BY 1, 2) x WHERE part IS NOT NULL GROUP BY 1) p USING (customer)
WHERE timeline_send(ascending) <> timeline_send(t.t) OR timeline_send(descending) <> timeline_send(t.t)
   OR timeline_send((p[1] || p[2]) || p[3]) <> timeline_send(p[1] || (p[2] || p[3]))
   OR timeline_send(p[1] || p[2]) <> timeline_send(p[2] || p[1])
   OR cardinality(p) = 4 AND (p[4] || p[2]) || (p[3] || p[1]) <> t.t;
SELECT '$seed|order|' || customer FROM t JOIN (SELECT customer, ${\ ($built =~ s/\)$/ ORDER BY md5(n::text))/r)} AS other FROM d GROUP BY customer) x USING (customer)
WHERE timeline_send(other) <> timeline_send(t);

-- the same zone for all
SET timezone = '$c->{zone}';
SELECT '$seed|bytes|' || g::text FROM unnest($calendar) g
WHERE (SELECT cohort_matrix_send(cohort_matrix(t, g)) FROM t) IS DISTINCT FROM (SELECT cohort_matrix_send($rows) FROM d);
SELECT '$seed|rollup|' || g::text FROM unnest($calendar) g
WHERE (SELECT cohort_matrix_send(rollup(m)) FROM (SELECT cohort_matrix(t, g) AS m FROM t GROUP BY customer % 3) x) IS DISTINCT FROM (SELECT cohort_matrix_send($rows) FROM d);
-- a level without end has no recurring matrix
CREATE TEMP TABLE r AS SELECT * FROM t WHERE NOT $levels OR last_at(t) IS NOT NULL;
SELECT '$seed|recurring rollup|' || g::text FROM unnest('{$plain,quarter}'::grain[]) g
WHERE (SELECT cohort_matrix_send(rollup(m)) FROM (SELECT recurring_matrix(t, g) AS m FROM r GROUP BY customer % 3) x)
	IS DISTINCT FROM (SELECT cohort_matrix_send(recurring_matrix(t, g ORDER BY customer DESC)) FROM r);

CREATE TEMP TABLE m AS SELECT (SELECT cohort_matrix(t, '$plain') FROM t) AS first, (SELECT recurring_matrix(t, '$plain') FROM r) AS recurring;
CREATE TEMP TABLE cells AS SELECT 'first' AS what, c.* FROM m, cohort_cells(first, '$c->{as_of}') c
	UNION ALL SELECT 'recurring', c.* FROM m, cohort_cells(recurring, '$c->{as_of}') c;
SELECT '$seed|invariants|' || c::text FROM cells c
WHERE age > 0 AND NOT (0 <= active_streak AND active_streak <= active AND active <= active_or_later AND active_or_later <= cohort_size)
   OR age = 0 AND (active <> cohort_size OR active_streak <> cohort_size OR active_or_later <> cohort_size);
SELECT '$seed|later rises|' || c::text FROM (SELECT *, lag(active_or_later) OVER (PARTITION BY what, cohort ORDER BY age) AS before FROM cells) c WHERE active_or_later > before;
SELECT '$seed|sizes|' || customers || '|' || sizes FROM (SELECT count(*) FROM t WHERE first_at(t) IS NOT NULL) x (customers),
	(SELECT coalesce(sum(cohort_size), 0) FROM m, cohort_cells(first, up_to_age => 0)) y (sizes) WHERE sizes <> customers;

} . compared($seed, 'summary', 'SELECT customer, first_at(t), last_at(t), active_days(t) FROM t',
		"SELECT customer, s.first_at, s.last_at, s.active_days FROM t, reference.summary($timeline) s")
	  . compared($seed, 'tenure', "SELECT customer, as_of, tenure(t, as_of), lifecycle(t, as_of)::text, lifecycle(t, as_of, $c->{patience})::text FROM t, unnest($as_ofs) as_of",
		"SELECT customer, as_of, s.tenure, reference.lifecycle($timeline, as_of), reference.lifecycle($timeline, as_of, $c->{patience})
		FROM t, unnest($as_ofs) as_of, reference.summary($timeline, as_of) s")
	  . compared($seed, 'active', "SELECT customer, a, b, active(t, a, b) FROM t, (VALUES $c->{windows}) v (a, b)",
		"SELECT customer, a, b, reference.active($timeline, a, b) FROM t, (VALUES $c->{windows}) v (a, b)")
	  . qq{
SELECT '$seed|overdue|' || customer || '|' || as_of || '|' || coalesce(got::text, 'NULL') || '|' || coalesce(want::text, 'NULL')
FROM (SELECT customer, as_of, overdue(t, as_of) AS got, s.overdue AS want FROM t, unnest($as_ofs) as_of, reference.summary($timeline, as_of) s) x
WHERE num_nulls(got, want) = 1 OR abs(got - want) > 1e-12 * abs(want);
}
	  . join('', map { compared($seed, "movements", "SELECT customer, m.* FROM t, timeline_movements(t, '$plain', $_) m",
		"SELECT customer, m.* FROM t, reference.timeline_movements($timeline, $question, $_) m") }
		# a correction's end is a rise: then nobody knows where the data end
		$edge, $c->{minus} ? () : 'NULL');
}

# And this last: the reference may lose customers.
sub last_of_all
{
	my ($seed, $c) = @_;
	my $levels = $c->{kind} eq 'levels' ? 'true' : 'false';
	my $question = question($c->{plain}, 0, $c->{amount_type});
	return qq{
DELETE FROM reference.subscription WHERE customer NOT IN (SELECT customer::text FROM r);
} . compared($seed, 'recurring', "SELECT $cells FROM cells WHERE what = 'recurring'",
		"SELECT $cells FROM reference.recurring_cells($question, $levels, '$c->{as_of}')") . qq{
SELECT '$seed|done|' || (SELECT count(*) FROM cells) || '|' || (SELECT count(*) FROM cells WHERE active > 0 AND age > 0);
};
}

sub script
{
	my ($seed, $c) = @_;
	my $script = qq{
\\warn == $seed
SET timezone = '$c->{session_zone}';
DROP TABLE IF EXISTS d, split, t, r, m, cells;
TRUNCATE reference.activity, reference.subscription;
};
	my $type = $c->{amount_type} || 'numeric';
	my $amount = $c->{amount_type} ? 'amount' : 'NULL';
	my $has_amount = $c->{amount_type} ? 'true' : 'false';

	if ($c->{kind} eq 'orders')
	{
		my $rows = $c->{amount_type} ? 'cohort_matrix(customer, at, amount, g)' : 'cohort_matrix(customer, at, g)';
		my $days = $c->{amount_type} ? 'cohort_matrix(customer, at::date, amount, g)' : 'cohort_matrix(customer, at::date, g)';
		my $timeline = "ROW(customer::text, false, $has_amount)::reference.timeline";
		my $as_ofs = "'{" . join(',', @{ $c->{as_ofs} }) . "}'::date[]";
		$c->{when} = 'at';
		$script .= "CREATE TEMP TABLE d (n int, customer int, at $c->{type}, amount $type);\nINSERT INTO d VALUES " . join(', ', @{ $c->{values} }) . ";\n";
		$script .= qq{
SET timezone = '$c->{zone}';
INSERT INTO reference.activity SELECT customer::text, NULL, at::timestamptz, amount::text::numeric FROM d;
SET timezone = '$c->{session_zone}';
} . common($seed, $c, $rows);
		# windows since a day: rows of days are cut in no zone, instants are
		$script .= qq{
SELECT '$seed|since start|' || g::text FROM unnest(${\ grain_array(@{ $c->{since_start} }) }) g
WHERE (SELECT } . ($c->{type} eq 'timestamptz' ? "array_agg(c::text) FROM (SELECT cohort_matrix(t, g) AS m FROM t) x, cohort_cells(m, '$c->{as_of}') c" : 'cohort_matrix_send(cohort_matrix(t, g))::text FROM t')
		  . ') IS DISTINCT FROM (SELECT ' . ($c->{type} eq 'timestamptz' ? "array_agg(c::text) FROM (SELECT $days AS m FROM d) x, cohort_cells(m, '$c->{as_of}') c" : "cohort_matrix_send($days)::text FROM d") . ");\n";
		$script .= compared($seed, 'days', 'SELECT customer, d.* FROM t, timeline_days(t) d',
			"SELECT customer, d.* FROM t, reference.order_days($timeline) d");
		$script .= compared($seed, 'money', "SELECT customer, orders(t), revenue(t), a, b, revenue(t, a, b) FROM t, (VALUES $c->{windows}) v (a, b)",
			"SELECT customer, s.orders, s.revenue, a, b, reference.revenue($timeline, a, b) FROM t, (VALUES $c->{windows}) v (a, b), reference.summary($timeline) s");
		$script .= qq{
SELECT '$seed|purchase_summary|' || x::text FROM (
	SELECT customer, unit, as_of, g, w FROM t, unnest($as_ofs) as_of, unnest('{day,week,month}'::text[]) unit,
		LATERAL (SELECT frequency::bigint, recency::float8, age::float8, monetary_value::numeric FROM purchase_summary(t, as_of, unit)) g
		LEFT JOIN LATERAL (SELECT * FROM reference.purchase_summary($timeline, as_of, unit)) w ON true) x
WHERE (g).frequency IS DISTINCT FROM (w).frequency
   OR num_nulls((g).recency, (w).recency) = 1 OR abs((g).recency - (w).recency) > 1e-12 * (w).recency
   OR num_nulls((g).age, (w).age) = 1 OR abs((g).age - (w).age) > 1e-12 * (w).age
   OR num_nulls((g).monetary_value, (w).monetary_value) = 1 OR abs((g).monetary_value - (w).monetary_value) > 1e-12 * greatest(1, abs((w).monetary_value));
};
	}
	else
	{
		my $rows = $c->{amount_type} ? 'cohort_matrix(customer, during, amount, g)' : 'cohort_matrix(customer, during, g)';
		my $timeline = "ROW(customer::text, true, $has_amount)::reference.timeline";
		my $grain = $c->{grain}{words};
		my $question = question($c->{grain}, 0, $c->{amount_type});
		my $built = 'timeline(during' . ($c->{amount_type} ? ', amount' : $c->{argument} ? ', NULL' : '') . "$c->{argument})";
		# a correction's end is a rise: then nobody knows where the data end
		my @as_ofs = ("'$c->{as_of}'", $c->{minus} ? () : 'NULL');
		$c->{when} = 'during';
		$script .= "CREATE TEMP TABLE d (n int, customer int, during $c->{range}, amount $type);\nINSERT INTO d VALUES " . join(', ', @{ $c->{values} }) . ";\n";
		$script .= "CREATE TEMP TABLE split (LIKE d);\nINSERT INTO split VALUES " . join(', ', @{ $c->{split} }) . ";\n";
		$script .= qq{
SET timezone = '$c->{zone}';
INSERT INTO reference.subscription SELECT customer::text, reference.covered(during), amount::text::numeric FROM d WHERE during IS NOT NULL;
SET timezone = '$c->{session_zone}';
} . common($seed, $c, $rows) . qq{
SET timezone = '$c->{session_zone}';
SELECT '$seed|split|' || customer || '|' || t::text || '|' || s::text FROM t JOIN (SELECT customer, $built AS s FROM split GROUP BY 1) s USING (customer)
WHERE timeline_send(s) IS DISTINCT FROM timeline_send(t);
SET timezone = '$c->{zone}';
SELECT '$seed|split matrix|' || g::text FROM unnest(${\ grain_array(@{ $c->{calendar} }, @{ $c->{since_start} }) }) g
WHERE (SELECT cohort_matrix_send($rows) FROM split) IS DISTINCT FROM (SELECT cohort_matrix_send($rows) FROM d);
SELECT '$seed|since start|' || g::text FROM unnest(${\ grain_array(@{ $c->{since_start} }) }) g
WHERE (SELECT cohort_matrix_send(cohort_matrix(t, g)) FROM t) IS DISTINCT FROM (SELECT cohort_matrix_send($rows) FROM d);
};
		$script .= compared($seed, 'days', 'SELECT customer, d.* FROM t, timeline_days(t) d',
			"SELECT customer, d.day, NULL::bigint, d.level FROM t, reference.level_changes($timeline) d");
		$script .= compared($seed, 'level', "SELECT customer, a, level(t, a) FROM t, (VALUES $c->{windows}) v (a, b)",
			"SELECT customer, a, reference.level($timeline, a) FROM t, (VALUES $c->{windows}) v (a, b)");
		for my $as_of (@as_ofs)
		{
			$script .= compared($seed, "cells as of $as_of" =~ s/'//gr, "SELECT $cells FROM cohort_cells((SELECT ${\ ($rows =~ s/, g\)/, '$grain')/r)} FROM d), $as_of)",
				"SELECT $cells FROM reference.level_cells($question, $as_of)");
		}
	}
	return $script . last_of_all($seed, $c);
}

#----------------------------------------------------------------
# Answers
#----------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('timelines');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', 'jit = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres', slurp_file("$source/test/reference/$_.sql")) for 'cohort_matrix', 'timeline';

my %case = map { $_ => random_case($_) } $first_seed .. $first_seed + $cases - 1;
my @seeds = sort { $a <=> $b } keys %case;
my ($lines, $errors) = run_scripts($node, map { script($_, $case{$_}) } @seeds);
my %lines = %$lines;
my %errors = %$errors;
is_deeply($errors{start}, undef, 'no error before the first data set');

my ($compared, $telling) = (0, 0);
for my $seed (@seeds)
{
	my $c = $case{$seed};
	my @lines = @{ $lines{$seed} || [] };
	my @bad = grep { !/^done\|/ } @lines;
	my ($done) = grep { /^done\|/ } @lines;
	my $name = sprintf("seed %d: %d rows of %s, %s%s, '%s' and '%s', as of %s", $seed, scalar @{ $c->{values} },
		$c->{range} || $c->{type}, $c->{amount_type} ? "$c->{amount_type} amounts" : 'no amounts', $c->{argument} ? ', zone named' : '',
		$c->{plain}{words}, $c->{grain}{words}, $c->{as_of});
	ok($done && !@bad && !$errors{$seed}, $name) or do
	{
		diag("session zone $c->{session_zone}, zone $c->{zone}");
		diag($_) for @{ $errors{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $compared += $1; $telling++ if $2 }
}
note("$compared cells compared");
cmp_ok($telling, '>', @seeds / 3, 'many data sets have customers coming back') if @seeds >= 50;

$node->stop;
done_testing();
