# Random customer movements: every column of movement_rows and every row of
# timeline_movements equals the recomputation from the definition in
# test/reference, and the invariants hold; however rows are shuffled, ranges
# split, customers dealt out, workers counted, and by way of timelines, no byte
# of the result changes.  Then a real file of subscriptions.
#
# Every data set has its own seed, which the test's name shows; to see it alone:
#     RETENTION_SEED=<seed> RETENTION_CASES=1
# Other data: any other RETENTION_SEED; data set i has the seed RETENTION_SEED + i.
# Even seeds are orders, odd ones ranges.
#
# The file is not part of the project: RETENTION_SHARED names the folder that
# holds data/subscription_periods.csv.
use strict;
use warnings FATAL => 'all';

use POSIX qw(floor);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use RandomData;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";
my $first_seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 200;

# Rates are quotients of float8 or numeric: not compared to the last bit.
my @exact = qw(period complete opening_customers new_customers reactivated_customers
  expanded_customers contracted_customers retained_customers churned_customers closing_customers
  dormant_customers orders opening_revenue new_revenue reactivated_revenue expansion_revenue
  contraction_revenue churned_revenue closing_revenue revenue_per_customer);
my @rates = qw(retention_rate churn_rate nrr grr quick_ratio returning_share win_back_rate);
my $exact = join(', ', @exact);
my $rates_differ = join(' OR ', map { "num_nulls(g.$_, w.$_) = 1 OR abs(g.$_ - w.$_) > 1e-12 * greatest(1, abs(w.$_))" } @rates);

#----------------------------------------------------------------
# Data
#----------------------------------------------------------------

sub random_case
{
	my ($seed) = @_;
	srand($seed);
	my %c = (kind => $seed % 2 ? 'levels' : 'orders');
	my $g = $c{grain} = random_grain(plain => 1);
	my $zone = pick('Europe/Paris', 'America/Sao_Paulo', 'Europe/Paris', 'UTC');
	$c{type} = pick('timestamptz', 'timestamptz', 'timestamp', 'date');
	$c{amount_type} = pick(undef, 'numeric', 'numeric', 'float8', 'int');
	$c{zone} = $c{type} eq 'timestamptz' ? $zone : 'UTC';
	$c{session_zone} = $zone;
	$c{words} = $g->{words};
	$c{argument} = '';
	if ($c{type} eq 'timestamptz' && chance(0.4))
	{
		$c{words} .= " at $zone";
		$c{argument} = ", '$zone'";
		$c{session_zone} = pick('UTC', 'Asia/Tokyo', 'America/Los_Angeles');
	}

	my $span = $g->{step} * between(3, 20);
	$span = 4 * DAY if $span < 4 * DAY;
	my $half = floor($span / 2);
	my $centre = instant(pick(@{ $clock_changes{$zone} }));
	$c{span} = $span;
	$c{time} = random_times($centre, $span);
	# within the data, wherever in a period; past their end; where a period
	# begins; or before everything
	$c{as_of} = day(chance(0.05) ? $centre - 2 * $span : $centre + between(-$half, $half + 2 * $g->{step}));
	$c{later} = day($centre + $half + between(1, 4) * $g->{step});
	$c{edge} = chance(0.5);
	$c{kind} eq 'orders' ? random_orders(\%c) : random_ranges(\%c);
	return \%c;
}

#----------------------------------------------------------------
# Questions: one line of output per difference
#----------------------------------------------------------------

sub script
{
	my ($seed, $c) = @_;
	my $g = $c->{grain};
	my $levels = $c->{kind} eq 'levels' ? 'true' : 'false';
	my $when = $c->{kind} eq 'levels' ? 'during' : 'at';
	my $type = $c->{range} || $c->{type};
	my $arguments = $c->{amount_type} ? "$when, amount" : $seed % 3 ? $when : "$when, NULL";
	my $call = "customer_movements(customer, $arguments, '$c->{words}')";
	my $merged = "customer_movements(customer / 2, $arguments, '$c->{words}')";
	my $built = 'timeline(' . ($c->{argument} && !$c->{amount_type} ? "$when, NULL" : $arguments) . "$c->{argument})";
	my $question = question($g, 0, $c->{amount_type});
	my $number = $c->{amount_type} || 'numeric';
	my $start = "reference.period_start('$c->{as_of}', '$g->{unit}', $g->{n}, " . quoted($g->{starting}) . ')';

	my $script = qq{
\\warn == $seed
SET timezone = '$c->{session_zone}';
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS d, split, t, m, rows, want, asked, changes;
CREATE UNLOGGED TABLE d (n int, customer int, $when $type, amount $number) WITH (fillfactor = 10, parallel_workers = 4);
INSERT INTO d VALUES } . join(', ', @{ $c->{values} }) . qq{;
CREATE TEMP TABLE t AS SELECT customer, $built AS t FROM d GROUP BY customer;
CREATE TEMP TABLE m AS SELECT m, customer_movements_send(m) AS bytes FROM (SELECT $call AS m FROM d) x;
CREATE TEMP TABLE asked AS SELECT DISTINCT as_of FROM (VALUES (NULL), (} . ($c->{edge} ? $start : "'$c->{as_of}'") . qq{::date), ('$c->{later}')) v (as_of);
};

	# No byte changes.
	my %same = (
		'out and in' => 'SELECT m::text::customer_movements AS m FROM m',
		'shuffled' => "SELECT $call AS m FROM (SELECT * FROM d ORDER BY md5(n::text)) x",
		'descending' => "SELECT ${\ ($call =~ s/\)$/ ORDER BY n DESC)/r)} AS m FROM d",
		'beside a matrix' => "SELECT m FROM (SELECT cohort_matrix(customer, $arguments, '$c->{words}') AS c, $call AS m, cohort_matrix(customer, $arguments, 'year') AS y FROM d) x WHERE num_nulls(c, y) < 3",
		'rollup' => "SELECT rollup(part) AS m FROM (SELECT $call AS part FROM d GROUP BY customer % 3) x",
		'rollup of single customers' => "SELECT rollup(part ORDER BY customer DESC) AS m FROM (SELECT customer, $call AS part FROM d GROUP BY customer) x",
		'timelines' => "SELECT customer_movements(t, '$c->{words}') AS m FROM t",
		'timelines in parts' => "SELECT rollup(part) AS m FROM (SELECT customer_movements(t, '$c->{words}' ORDER BY customer DESC) AS part FROM t GROUP BY customer % 2) x");
	if ($c->{split})
	{
		$script .= "CREATE TEMP TABLE split (LIKE d);\nINSERT INTO split VALUES " . join(', ', @{ $c->{split} }) . ";\n";
		$same{'split'} = "SELECT $call AS m FROM split";
	}
	for (sort keys %same)
	{
		$script .= "SELECT '$seed|$_|' || coalesce(x.m::text, 'NULL') FROM ($same{$_}) x WHERE customer_movements_send(x.m) IS DISTINCT FROM (SELECT bytes FROM m);\n";
	}
	# two customers are one: the money of all and the orders stay
	$script .= qq{
SELECT '$seed|merged|' || x.m::text FROM (SELECT $merged AS m FROM d) x
WHERE customer_movements_send(x.m) IS DISTINCT FROM (SELECT customer_movements_send(customer_movements(t, '$c->{words}')) FROM (SELECT rollup(t) AS t FROM t GROUP BY customer / 2) y);
SELECT '$seed|merged money|' || x::text FROM (
	SELECT period, orders, opening_revenue, closing_revenue FROM movement_rows((SELECT $merged FROM d), '$c->{later}')
	WHERE opening_revenue <> 0 OR closing_revenue <> 0 OR orders <> 0
	EXCEPT SELECT period, orders, opening_revenue, closing_revenue FROM m, movement_rows(m, '$c->{later}')) x;
};
	for my $workers (2, 4)
	{
		$script .= qq{
SET max_parallel_workers_per_gather = $workers;
SELECT '$seed|$workers workers|' FROM (SELECT customer_movements_send($call) AS bytes FROM d) x WHERE bytes IS DISTINCT FROM (SELECT bytes FROM m);
};
	}

	# The invariants.
	$script .= qq{
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE rows AS SELECT a.as_of, r.* FROM m, asked a, movement_rows(m, a.as_of) WITH ORDINALITY r;
SELECT '$seed|sums|' || r::text FROM rows r
WHERE opening_customers + new_customers + reactivated_customers - churned_customers <> closing_customers
   OR opening_customers <> retained_customers + churned_customers OR expanded_customers + contracted_customers > retained_customers
   OR reactivated_customers > dormant_customers OR closing_customers < 0
   OR opening_revenue + new_revenue + reactivated_revenue + expansion_revenue + contraction_revenue + churned_revenue <> closing_revenue
   OR expansion_revenue < 0 OR contraction_revenue > 0
   OR abs(retention_rate + churn_rate - 1) > 1e-12 OR grr > least(1, nrr) + 1e-12
   OR retention_rate NOT BETWEEN 0 AND 1 OR win_back_rate NOT BETWEEN 0 AND 1
   OR NOT complete AND num_nonnulls(${\ join(', ', @rates) }) > 0;
SELECT '$seed|chain|' || r::text FROM (
	SELECT r.*, coalesce(lag(closing_customers) OVER w, 0) AS c, coalesce(lag(closing_revenue) OVER w, 0) AS v,
		coalesce(lag(period) OVER w, period - 1) AS before, row_number() OVER w AS k, coalesce(sum(new_customers) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS known
	FROM rows r WINDOW w AS (PARTITION BY as_of ORDER BY period)) r
WHERE opening_customers <> c OR opening_revenue <> v OR period <= before OR ordinality <> k OR dormant_customers <> known - c;
-- as_of recomputes nothing
SELECT '$seed|recomputed|' || x::text FROM (
	SELECT (a).period FROM (SELECT a, b FROM rows a JOIN rows b USING (period) WHERE a.complete AND b.complete) x
	WHERE to_jsonb(a) - '{as_of}'::text[] <> to_jsonb(b) - '{as_of}'::text[]) x;
SELECT '$seed|new|' || n FROM (SELECT sum(new_customers) AS n FROM rows WHERE as_of = '$c->{later}') x
WHERE n > (SELECT count(*) FROM t WHERE first_at(t) IS NOT NULL) OR NOT $levels AND n <> (SELECT count(*) FROM t WHERE first_at(t) < '$c->{later}') AND (SELECT bool_and(complete) FROM rows WHERE as_of = '$c->{later}');

-- rows are the sum of the timelines
CREATE TEMP TABLE changes AS SELECT a.as_of, t.customer, c.* FROM t, asked a, timeline_movements(t, '$c->{words}', a.as_of) WITH ORDINALITY c;
SELECT '$seed|timelines and rows|' || x::text FROM (
	SELECT period, count(*) FILTER (WHERE movement = 'new') AS new_customers, count(*) FILTER (WHERE movement = 'reactivated') AS reactivated_customers, count(*) FILTER (WHERE movement = 'churned') AS churned_customers,
		sum(closing - opening) FILTER (WHERE movement = 'new') AS new_revenue, sum(closing - opening) FILTER (WHERE movement = 'reactivated') AS reactivated_revenue, sum(closing - opening) FILTER (WHERE movement = 'churned') AS churned_revenue,
		sum(closing - opening) FILTER (WHERE movement = 'expansion') AS expansion_revenue, sum(closing - opening) FILTER (WHERE movement = 'contraction') AS contraction_revenue
	FROM changes WHERE as_of = '$c->{later}' GROUP BY period) x
FULL JOIN (SELECT * FROM rows WHERE as_of = '$c->{later}') r USING (period)
WHERE r.closing_customers IS NULL
   OR coalesce(x.new_customers, 0) <> r.new_customers OR coalesce(x.reactivated_customers, 0) <> r.reactivated_customers OR coalesce(x.churned_customers, 0) <> r.churned_customers
   OR coalesce(x.new_revenue, 0) <> r.new_revenue OR coalesce(x.reactivated_revenue, 0) <> r.reactivated_revenue OR coalesce(x.churned_revenue, 0) <> r.churned_revenue
   OR coalesce(x.expansion_revenue, 0) <> r.expansion_revenue OR coalesce(x.contraction_revenue, 0) <> r.contraction_revenue;

-- the definition
SET timezone = '$c->{zone}';
DELETE FROM reference.activity;
DELETE FROM reference.subscription;
} . ($c->{split}
		? 'INSERT INTO reference.subscription SELECT customer::text, reference.covered(during), amount::text::numeric FROM d WHERE during IS NOT NULL;'
		: 'INSERT INTO reference.activity SELECT customer::text, NULL, at::timestamptz, amount::text::numeric FROM d;') . qq{
CREATE TEMP TABLE want AS SELECT a.as_of, r.* FROM asked a, reference.movement_rows($question, $levels, a.as_of) r;
SELECT '$seed|rows|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT as_of, $exact FROM rows EXCEPT ALL SELECT as_of, $exact FROM want) x
	UNION ALL SELECT 'want', x::text FROM (SELECT as_of, $exact FROM want EXCEPT ALL SELECT as_of, $exact FROM rows) x ORDER BY 2, 1 LIMIT 10) x;
SELECT '$seed|rates|got ' || g::text || '|want ' || w::text FROM rows g JOIN want w ON g.as_of IS NOT DISTINCT FROM w.as_of AND g.period = w.period WHERE $rates_differ;
CREATE TEMP TABLE ref_changes AS SELECT a.as_of, c.* FROM asked a, reference.customer_changes($question, $levels, a.as_of) c;
SELECT '$seed|changes|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT as_of, customer::text, period, movement, opening, closing FROM changes EXCEPT ALL SELECT * FROM ref_changes) x
	UNION ALL SELECT 'want', x::text FROM (SELECT * FROM ref_changes EXCEPT ALL SELECT as_of, customer::text, period, movement, opening, closing FROM changes) x ORDER BY 2, 1 LIMIT 10) x;
DROP TABLE ref_changes;
SELECT '$seed|done|' || (SELECT count(*) FROM want) || '|' || (SELECT coalesce(least(sum(reactivated_customers), sum(churned_customers)), 0) FROM want);
};
	return lagged($script, $seed, $c, $arguments, $question, $levels);
}

# The same against the closing some periods before: every lag from 1 to 24 by its
# identities, one of them by the definition.  Goes before the last line.
sub lagged
{
	my ($script, $seed, $c, $arguments, $question, $levels) = @_;
	my ($before, $done) = $script =~ /^(.*)(SELECT '\d+\|done\|.*)$/s;
	my $lag = 1 + $seed % 24;
	my $with = $arguments =~ /,/ ? $arguments : "$arguments, NULL";
	my $call = "customer_movements(customer, $with, '$c->{words}', %s)";
	my $one = sprintf $call, $lag;
	return $before . qq{
SET timezone = '$c->{session_zone}';
DROP TABLE IF EXISTS lags, lagged, one, lag_want;
CREATE TEMP TABLE lags AS SELECT lag, (SELECT ${\ sprintf $call, 'lag'} FROM d) AS m FROM generate_series(1, 24) lag;
CREATE TEMP TABLE lagged AS SELECT l.lag, r.*, row_number() OVER (PARTITION BY l.lag ORDER BY r.period) AS nth,
	lag(r.closing_customers, l.lag::int) OVER w AS was, lag(r.closing_revenue, l.lag::int) OVER w AS was_worth, k.known
	FROM lags l, movement_rows(l.m, '$c->{later}') r
	LEFT JOIN LATERAL (SELECT sum(x.new_customers) AS known FROM rows x WHERE x.as_of = '$c->{later}'
		AND x.period < (SELECT y.period FROM rows y WHERE y.as_of = '$c->{later}' AND y.period <= r.period ORDER BY y.period DESC OFFSET l.lag - 1 LIMIT 1)) k ON true
	WINDOW w AS (PARTITION BY l.lag ORDER BY r.period);
SELECT '$seed|lag ' || lag || '|' || r::text FROM lagged r
WHERE opening_customers + new_customers + reactivated_customers - churned_customers <> closing_customers
   OR opening_customers <> retained_customers + churned_customers OR expanded_customers + contracted_customers > retained_customers
   OR reactivated_customers > dormant_customers
   OR opening_revenue + new_revenue + reactivated_revenue + expansion_revenue + contraction_revenue + churned_revenue <> closing_revenue
   OR opening_customers <> coalesce(was, 0) OR opening_revenue <> coalesce(was_worth, 0)
   OR dormant_customers <> coalesce(known, 0) - coalesce(was, 0)
   OR abs(retention_rate + churn_rate - 1) > 1e-12 OR grr > least(1, nrr) + 1e-12
   OR lag > 1 AND nth <= lag AND (opening_customers <> 0 OR opening_revenue <> 0 OR dormant_customers <> 0 OR num_nonnulls(${\ join(', ', @rates)}) > 0);
SELECT '$seed|closings of lag ' || l.lag FROM (SELECT lag, array_agg(ROW(period, complete, closing_customers, closing_revenue, orders) ORDER BY period) AS c FROM lagged GROUP BY lag) l
WHERE c IS DISTINCT FROM (SELECT array_agg(ROW(period, complete, closing_customers, closing_revenue, orders) ORDER BY period) FROM rows WHERE as_of = '$c->{later}');
SELECT '$seed|lag of 1|' || m::text FROM lags WHERE lag = 1 AND customer_movements_send(m) IS DISTINCT FROM (SELECT bytes FROM m);
SELECT '$seed|text of lag ' || lag || '|' || m::text FROM lags WHERE customer_movements_send(m::text::customer_movements) IS DISTINCT FROM customer_movements_send(m);
CREATE TEMP TABLE one AS SELECT m, customer_movements_send(m) AS bytes FROM lags WHERE lag = $lag;
SELECT '$seed|lag $lag|' || what || '|' || m::text FROM (
	SELECT 'rollup' AS what, rollup(part) AS m FROM (SELECT $one AS part FROM d GROUP BY customer % 3) x
	UNION ALL SELECT 'single customers', rollup(part) FROM (SELECT $one AS part FROM d GROUP BY customer) x
	UNION ALL SELECT 'timelines', customer_movements(t, '$c->{words}', $lag) FROM t
	UNION ALL SELECT 'timelines in parts', rollup(part) FROM (SELECT customer_movements(t, '$c->{words}', $lag) AS part FROM t GROUP BY customer % 2) x
	UNION ALL SELECT 'shuffled', $one FROM (SELECT * FROM d ORDER BY md5(n::text)) x) y
WHERE customer_movements_send(m) IS DISTINCT FROM (SELECT bytes FROM one);
SET max_parallel_workers_per_gather = 2;
SELECT '$seed|lag $lag, 2 workers|' FROM (SELECT customer_movements_send($one) AS bytes FROM d) x WHERE bytes IS DISTINCT FROM (SELECT bytes FROM one);
SET max_parallel_workers_per_gather = 0;
DROP TABLE rows, changes;
CREATE TEMP TABLE rows AS SELECT a.as_of, r.* FROM one, asked a, movement_rows(m, a.as_of) r;
CREATE TEMP TABLE changes AS SELECT a.as_of, t.customer, c.* FROM t, asked a, timeline_movements(t, '$c->{words}', a.as_of, $lag) c;
SET timezone = '$c->{zone}';
CREATE TEMP TABLE lag_want AS SELECT a.as_of, r.* FROM asked a, reference.movement_rows($question, $levels, a.as_of, $lag) r;
SELECT '$seed|rows of lag $lag|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT as_of, $exact FROM rows EXCEPT ALL SELECT as_of, $exact FROM lag_want) x
	UNION ALL SELECT 'want', x::text FROM (SELECT as_of, $exact FROM lag_want EXCEPT ALL SELECT as_of, $exact FROM rows) x ORDER BY 2, 1 LIMIT 10) x;
SELECT '$seed|rates of lag $lag|got ' || g::text || '|want ' || w::text FROM rows g JOIN lag_want w ON g.as_of IS NOT DISTINCT FROM w.as_of AND g.period = w.period WHERE $rates_differ;
CREATE TEMP TABLE ref_changes AS SELECT a.as_of, c.* FROM asked a, reference.customer_changes($question, $levels, a.as_of, $lag) c;
SELECT '$seed|changes of lag $lag|' || side || '|' || x FROM (
	SELECT 'got' AS side, x::text AS x FROM (SELECT as_of, customer::text, period, movement, opening, closing FROM changes EXCEPT ALL SELECT * FROM ref_changes) x
	UNION ALL SELECT 'want', x::text FROM (SELECT * FROM ref_changes EXCEPT ALL SELECT as_of, customer::text, period, movement, opening, closing FROM changes) x ORDER BY 2, 1 LIMIT 10) x;
DROP TABLE ref_changes;
${done}};
}

#----------------------------------------------------------------
# Answers
#----------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('movements');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf(
	'postgresql.conf', q{
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
parallel_leader_participation = off
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres', slurp_file("$source/test/reference/$_.sql")) for 'cohort_matrix', 'timeline', 'customer_movements';

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
	my $name = sprintf("seed %d: %d rows of %s, %s, '%s', as of %s", $seed, scalar @{ $c->{values} },
		$c->{range} || $c->{type}, $c->{amount_type} ? "$c->{amount_type} amounts" : 'no amounts', $c->{words}, $c->{as_of});
	ok($done && !@bad && !$errors{$seed}, $name) or do
	{
		diag("session zone $c->{session_zone}, zone $c->{zone}");
		diag($_) for @{ $errors{$seed} || [] }, @bad;
		diag('the comparison did not end') if !$done;
	};
	if ($done && $done =~ /^done\|(\d+)\|(\d+)/) { $compared += $1; $telling++ if $2 }
}
note("$compared rows compared");
cmp_ok($telling, '>', @seeds / 3, 'in many data sets customers go and others come back') if @seeds >= 50;

# The plans had the workers they were asked for.
my $last = $case{ $seeds[-1] };
for my $workers (2, 4)
{
	like( $node->safe_psql(
			'postgres', qq{
			SET max_parallel_workers_per_gather = $workers;
			EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT customer_movements(customer, ${\ ($last->{split} ? 'during' : 'at')}, 'month') FROM d;}),
		qr/Workers Launched: $workers.*Partial Aggregate/s, "$workers workers at work");
}

#----------------------------------------------------------------
# 121 paid periods of 55 customers
#----------------------------------------------------------------

SKIP:
{
	my $file = "$shared/data/subscription_periods.csv";
	skip 'no subscription_periods.csv in the data folder of RETENTION_SHARED', 1 unless -r $file;

	my @lines = split /\r?\n/, slurp_file($file);
	is(shift @lines, 'subscription_id,customer_id,start_date,end_date,monthly_amount', 'the columns are those expected');
	$node->safe_psql(
		'postgres', qq{
		SET timezone = 'UTC';
		CREATE TABLE paid (id int, customer int, start_date date, end_date date, amount numeric);
		COPY paid FROM STDIN (FORMAT csv);
} . join("\n", @lines) . qq{
\\.
		CREATE VIEW plans AS SELECT id, customer, daterange(start_date, end_date) AS during, amount FROM paid;
		CREATE TABLE kept AS SELECT customer_movements(customer, during, amount, 'month') AS m, customer_movements(customer, during, amount, 'year') AS y FROM plans;
		CREATE VIEW months AS SELECT r.* FROM kept, movement_rows(m, '2020-03-01') r;
		TRUNCATE reference.activity, reference.subscription;
		INSERT INTO reference.subscription SELECT customer::text, reference.covered(during), amount FROM plans;});
	my $ask = sub { return $node->safe_psql('postgres', "SET timezone = 'UTC'; SELECT $_[0]") };
	is($ask->('count(*), count(DISTINCT customer) FROM paid'), '121|55', 'the data set is the one described');

	# X17.  Expansions and contractions are counted per customer and month.
	is( $ask->('sum(new_revenue), sum(new_customers), sum(reactivated_revenue), sum(reactivated_customers), sum(expansion_revenue), sum(expanded_customers),
		sum(contraction_revenue), sum(contracted_customers), sum(churned_revenue), sum(churned_customers) FROM months'),
		'2295|55|150|3|660|30|-555|27|-2550|58', 'X17: totals');
	is($ask->('closing_revenue, closing_customers, max(period) OVER () FROM months ORDER BY period DESC LIMIT 1'), '0|0|2020-02-01', 'X17: they sum to 0');
	is( $ask->(q{opening_revenue, opening_customers, new_revenue, new_customers, reactivated_revenue, reactivated_customers, expansion_revenue, expanded_customers,
		contraction_revenue, churned_customers, closing_revenue, closing_customers, round(nrr::numeric, 6), grr, quick_ratio, retention_rate
		FROM months WHERE period = '2019-04-01'}),
		'660|14|120|2|50|1|65|3|0|0|895|17|1.098485|1||1', 'X17: April 2019');
	is($ask->(q{round(retention_by_counts(opening_customers, closing_customers, new_customers)::numeric, 9) FROM months WHERE period = '2019-04-01'}),
		'1.071428571', 'X17: by counts, 15/14');
	# X17d
	is( $ask->(q{r.opening_customers, r.closing_customers, r.retained_customers, r.new_customers, r.reactivated_customers,
		round(r.retention_rate::numeric, 6), r.opening_revenue, round(r.nrr::numeric, 6), round(r.grr::numeric, 6), r.complete
		FROM kept, movement_rows(y, '2020-03-01') r WHERE r.period = '2019-01-01'}),
		'12|28|7|21|0|0.583333|585|0.700855|0.581197|t', 'X17d: the year 2019');
	is( $ask->(q{count(*), round(retention_by_counts(12, 28, count(*))::numeric, 4), count(*) FILTER (WHERE NOT here)
		FROM (SELECT min(start_date) AS first, bool_or(daterange(start_date, end_date) @> date '2019-12-31') AS here FROM paid GROUP BY customer) x
		WHERE first >= '2019-01-01' AND first < '2020-01-01'}),
		'36|-0.6667|15', 'X17d: by counts');
	# X18
	is( $ask->(q{string_agg(to_char(c.period, 'YYYY-MM ') || c.movement || ' ' || (c.closing - c.opening), ', ' ORDER BY c.period)
		FROM (SELECT timeline(during, amount) AS t FROM plans WHERE customer = 1) x, timeline_movements(t, 'month', '2020-03-01') c}),
		'2018-11 new 50, 2019-02 churned -50, 2019-04 reactivated 50, 2019-06 expansion 25, 2019-08 churned -75', 'X18: customer 1');
	is( $ask->(q{count(*) FROM (SELECT timeline(during, amount) AS t FROM plans WHERE customer = 8) x, timeline_movements(t, 'month', '2020-03-01') c WHERE c.period = '2019-05-01'}),
		'0', 'X18: customer 8 changes the plan and not the amount');

	# The reference by itself.
	my $by_month = question({ unit => 'month', n => 1, since_start => 0 }, 0, 1);
	is( $ask->(qq{sum(new_revenue), sum(new_customers), sum(reactivated_revenue), sum(expansion_revenue), sum(contraction_revenue), sum(churned_revenue), sum(churned_customers)
		FROM reference.movement_rows($by_month, true, '2020-03-01')}),
		'2295|55|150|660|-555|-2550|58', 'X17: the definition in plain SQL');

	# Every month, quarter, week and year by the definition.
	for ([ 'month', 'month', 1, undef ], [ 'week starting sunday', 'week', 1, 'sunday' ], [ '2 quarters', 'quarter', 2, undef ], [ 'year starting april', 'year', 1, 'april' ])
	{
		my ($words, $unit, $n, $starting) = @$_;
		my $question = question({ unit => $unit, n => $n, starting => $starting, since_start => 0 }, 0, 1);
		for my $as_of ($unit eq 'week' ? () : 'NULL', "'2019-09-17'", $unit eq 'week' ? () : "'2020-03-01'")
		{
			is( $ask->(qq{count(*), count(*) FILTER (WHERE $rates_differ OR ROW(${\ join(', ', map { "g.$_" } @exact) }) IS DISTINCT FROM ROW(${\ join(', ', map { "w.$_" } @exact) }))
				FROM movement_rows((SELECT customer_movements(customer, during, amount, '$words') FROM plans), $as_of) g
				FULL JOIN reference.movement_rows($question, true, $as_of) w USING (period)}) =~ s/^[1-9]\d*\|//r,
				'0', "'$words', as of $as_of: every row by the definition");
		}
	}
	# Parts of the same, and the plans cut in two.
	is( $ask->(q{count(*) FROM kept WHERE customer_movements_send(m) = ALL (ARRAY[
		(SELECT customer_movements_send(customer_movements(t, 'month')) FROM (SELECT timeline(during, amount) AS t FROM plans GROUP BY customer) x),
		(SELECT customer_movements_send(rollup(part)) FROM (SELECT customer_movements(customer, during, amount, 'month') AS part FROM plans GROUP BY customer % 5) x),
		(SELECT customer_movements_send(customer_movements(customer, piece, amount, 'month'))
		 FROM plans, LATERAL (VALUES (daterange(lower(during), lower(during) + 10)), (daterange(lower(during) + 10, upper(during)))) v (piece)
		 WHERE upper(during) > lower(during) + 10 OR upper_inf(during))])}),
		'1', 'timelines, rollup, plans cut in two: the same bytes');
}

$node->stop;
done_testing();
