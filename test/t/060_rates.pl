# Rates, economics and loyalty on random data: every number equals the plain SQL
# of its definition in numeric, whatever the order of rows, the workers, the
# type of the columns or the frame of a window; and the levels of real
# subscriptions at two dates give the published rates.
#
# Other data: any RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";
my $seed = $ENV{RETENTION_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('rates');
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

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Groups of 0 to some hundred customers in one table.  Amounts are NULL, 0,
# negative, of up to nine decimals, next to a tie, or huge: sums pass 64 bits.
my $draw = sub { "(hashint8extended(n, $seed * 100 + $_[0]) & 1048575)" };
my $amount = sub {
	my $d = $_[0] * 10;
	return "CASE " . $draw->($d) . " % 10 WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN -(" . $draw->($d + 1) . " / 1e3)
		WHEN 3 THEN " . $draw->($d + 2) . " / 1e9 WHEN 4 THEN " . $draw->($d + 3) . " * 1e-6 + 0.0000005
		WHEN 5 THEN 9199999000000 + " . $draw->($d + 4) . " / 1048576.0 ELSE " . $draw->($d + 5) . " / 1e2 END";
};
sql(qq{
	CREATE EXTENSION retention;
	CREATE TABLE raw (n int, g int, opening numeric, closing numeric, cost numeric, sales numeric,
		customers bigint, yes bool, score int, x int) WITH (parallel_workers = 4);
	INSERT INTO raw
	SELECT n, CASE WHEN n < 200 THEN n / 4 ELSE 50 + } . $draw->(1) . qq{ % 150 END,
		} . $amount->(2) . ', ' . $amount->(3) . ', ' . $amount->(4) . ', ' . $amount->(5) . qq{,
		nullif(} . $draw->(6) . qq{ % 7, 6), CASE } . $draw->(7) . qq{ % 8 WHEN 0 THEN NULL ELSE } . $draw->(7) . qq{ % 3 = 0 END,
		nullif(} . $draw->(8) . qq{ % 12, 11), } . $draw->(9) . qq{ % 40
	FROM generate_series(1, 40000) n;
	CREATE TABLE shuffled (LIKE raw) WITH (parallel_workers = 4);
	INSERT INTO shuffled SELECT * FROM raw ORDER BY hashint4(n);
	ANALYZE;});

# The definitions, over the amounts as they are taken: o, c, k and s in numeric.
my %wanted = (
	'retention_rate(o, c)' => 'count(*) FILTER (WHERE o > 0 AND c > 0)::float8 / nullif(count(*) FILTER (WHERE o > 0), 0)',
	'churn_rate(o, c)' => 'count(*) FILTER (WHERE o > 0 AND c <= 0)::float8 / nullif(count(*) FILTER (WHERE o > 0), 0)',
	'nrr(o, c)' => '(sum(c) FILTER (WHERE o > 0))::float8 / (sum(o) FILTER (WHERE o > 0))::float8',
	'grr(o, c)' => '(sum(least(o, c)) FILTER (WHERE o > 0))::float8 / (sum(o) FILTER (WHERE o > 0))::float8',
	'quick_ratio(o, c)' => 'sum(greatest(c - o, 0))::float8 / nullif(sum(greatest(o - c, 0)), 0)::float8',
	'cac(k, customers)' => 'trim_scale(trim_scale(sum(k)) / nullif(sum(customers), 0))',
	'cac(k, s, customers)' => 'trim_scale(trim_scale(sum(k) + sum(s)) / nullif(sum(customers), 0))',
	'share(yes)' => 'avg(yes::int::numeric)::float8',
	'nps(score)' => '(100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)))::float8 / nullif(count(score), 0)',
	'csat(score, 7)' => 'count(*) FILTER (WHERE score >= 7)::float8 / nullif(count(score), 0)');

# Bounds and margins, to twelve digits; z of 95 and 80 percent.
my $wilson = sub {
	my ($sign, $z) = @_;
	return "(SELECT (p + $z * $z / (2 * m) $sign $z * sqrt(p * (1 - p) / m + $z * $z / (4 * m * m))) / (1 + $z * $z / m)
		FROM (SELECT nullif(count(yes), 0)::numeric AS m, avg(yes::int::numeric) AS p) w)";
};
my $margin = sub {
	my ($z) = @_;
	return "(SELECT 100 * $z * sqrt((p + d - (p - d) * (p - d)) / m)
		FROM (SELECT nullif(count(score), 0)::numeric AS m, avg((score >= 9)::int::numeric) AS p, avg((score <= 6)::int::numeric) AS d) w)";
};
my ($z95, $z80) = ('1.959963984540054', '1.2815515655446004');
my %nearly = (
	'share_low(yes)' => $wilson->('-', $z95),
	'share_high(yes)' => $wilson->('+', $z95),
	'share_low(yes, 0.8)' => $wilson->('-', $z80),
	'share_high(yes, 0.8)' => $wilson->('+', $z80),
	'nps_margin(score)' => $margin->($z95),
	'nps_margin(score, 0.8)' => $margin->($z80));

# How the amounts of a type are read by the reference.
my %reading = (
	'numeric' => 'round(coalesce(%s, 0), 6)',
	'float8' => 'round(coalesce(%s::float8::text::numeric, 0), 6)',
	'int' => 'coalesce(%s::int, 0)::numeric');

for my $type ('numeric', 'float8', 'int')
{
	my $columns = join ', ', map {
		my ($column, $as) = @$_;
		my $value = $type eq 'int' ? "(CASE WHEN abs($column) < 1e9 THEN $column END)" : $column;
		"$value\::$type AS $as, " . sprintf($reading{$type}, $value) . " AS r_$as"
	} [ 'opening', 'o' ], [ 'closing', 'c' ], [ 'cost', 'k' ], [ 'sales', 's' ];
	sql("CREATE VIEW $type\_rows AS SELECT n, g, yes, score, customers, $columns FROM raw;
		 CREATE VIEW $type\_shuffled AS SELECT n, g, yes, score, customers, $columns FROM shuffled;");

	for my $call (sort keys %wanted)
	{
		my $plain = $wanted{$call} =~ s/\b([ocks])\b/r_$1/gr;
		is( sql(qq{
			SELECT g, got, want FROM (SELECT g, $call AS got, $plain AS want FROM $type\_rows GROUP BY GROUPING SETS ((g), ())) x
			WHERE got IS DISTINCT FROM want ORDER BY g LIMIT 5}),
			'', "$call of $type is what it is defined as");
	}
}
for my $call (sort keys %nearly)
{
	# The reference needs its rows as one table per group.
	is( sql(qq{
		SELECT g, got, want FROM (SELECT g FROM raw GROUP BY g) groups,
			LATERAL (SELECT $call AS got FROM raw r WHERE r.g = groups.g) a,
			LATERAL (SELECT want FROM (SELECT array_agg(yes) AS yess, array_agg(score) AS scores FROM raw r WHERE r.g = groups.g) arrays,
				LATERAL (SELECT } . ($nearly{$call} =~ s/FROM \((SELECT .*?)\) w\)$/FROM ($1 FROM unnest(yess, scores) AS u (yes, score)) w)/sr) . qq{ AS want) b) c
		WHERE num_nulls(got, want) = 1 OR abs(got::numeric - want) > 1e-12 * greatest(1, abs(want)) ORDER BY g LIMIT 5}),
		'', "$call is its formula");
}

# Invariants, which need no other computation.
for my $type ('numeric', 'float8')
{
	is( sql(qq{
		SELECT g, retention, churn, nrr, grr
		FROM (SELECT g, retention_rate(o, c) AS retention, churn_rate(o, c) AS churn, nrr(o, c) AS nrr, grr(o, c) AS grr FROM $type\_rows GROUP BY g) x
		WHERE NOT (retention + churn = 1 AND grr <= least(1, nrr) AND retention BETWEEN 0 AND 1)}),
		'', "retention + churn = 1, grr <= min(1, nrr), of $type");
}
is( sql(q{
	SELECT g, p FROM (SELECT g, share(yes) AS p, share_low(yes) AS low, share_high(yes) AS high, share_low(yes, 0.5) AS low_50, share_high(yes, 0.5) AS high_50 FROM raw GROUP BY g) x
	WHERE NOT (0 <= low AND low <= low_50 AND low_50 <= p AND p <= high_50 AND high_50 <= high AND high <= 1)}),
	'', 'shares lie between their bounds');
my ($telling, $groups) = split /\|/, sql('SELECT count(*) FILTER (WHERE retention > 0 AND retention < 1 AND nrr <> grr), count(*) FROM (SELECT retention_rate(o, c) AS retention, nrr(o, c) AS nrr, grr(o, c) AS grr FROM numeric_rows GROUP BY g) x');
cmp_ok($telling, '>', 100, "most of the $groups groups have rates that tell something");

# The same numbers for any order and any number of workers.
my $all = join ', ', sort keys %wanted, keys %nearly;
my $digest = sub {
	my ($from, $set) = @_;
	return sql(qq{
		$set
		SELECT md5(string_agg(x::text, ',' ORDER BY g)) FROM (SELECT g, $all FROM $from GROUP BY g) x;
		SELECT md5(x::text) FROM (SELECT $all FROM $from) x;});
};
for my $type ('numeric', 'float8')
{
	my $want = $digest->("$type\_rows", '');
	like($want, qr/^[0-9a-f]{32}\n[0-9a-f]{32}$/, "$type: a digest");
	is($digest->("$type\_shuffled", ''), $want, "$type: shuffled rows");
	for ([ 1, 'on' ], [ 2, 'off' ], [ 4, 'on' ])
	{
		my $set = "SET max_parallel_workers_per_gather = $_->[0]; SET parallel_leader_participation = $_->[1];";
		is($digest->("$type\_shuffled", $set), $want, "$type: $_->[0] workers, leader $_->[1]");
	}
}
my $plan = sql("SET max_parallel_workers_per_gather = 2; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT $all FROM numeric_rows");
like($plan, qr/Partial Aggregate/, 'workers: partial aggregates');
like($plan, qr/Workers Launched: 2/, 'and workers there were');

# A worker's constant is everybody's.
my ($ret, $out, $err) = $node->psql('postgres',
	'SET max_parallel_workers_per_gather = 4; SELECT share_low(yes, CASE WHEN n <= 20000 THEN 0.9 ELSE 0.8 END) FROM raw');
like($err, qr/confidence must be the same for all rows of a group/, 'a confidence that changes, in parallel');

# Moving frames: what was added is taken out again without a trace.
is( sql(qq{
	SELECT n FROM (
		SELECT n, ROW(} . join(', ', map { "$_ OVER w" } sort keys %wanted, keys %nearly) . qq{)::text AS moving,
			min(n) OVER w AS low, max(n) OVER w AS high, count(*) OVER w AS rows
		FROM numeric_rows WHERE n <= 600
		WINDOW w AS (ORDER BY n ROWS BETWEEN 7 PRECEDING AND 3 PRECEDING)) x
	WHERE moving IS DISTINCT FROM (SELECT ROW($all)::text FROM numeric_rows r WHERE r.n BETWEEN x.low AND x.high)}),
	'', 'moving frames equal their rows aggregated afresh');

# Scores by rank: the smallest ntile of those that tie.
is( sql(q{
	SELECT g, n FROM (SELECT g, n, score, min(tile) OVER (PARTITION BY g, x) AS want
		FROM (SELECT g, n, x, quantile_score(1 + g % 9) OVER w AS score, ntile(1 + g % 9) OVER w AS tile FROM raw WINDOW w AS (PARTITION BY g ORDER BY x DESC)) y) z
	WHERE score <> want LIMIT 5}),
	'', 'quantile_score on random ties');

# Lifetime value: the sum of its terms, to the last of six decimals.
is( sql(q{
	SELECT churn, margin, discount, horizon, got, want
	FROM (SELECT (hashint8extended(n, 1) & 1023) / 1023.0 AS churn, round((hashint8extended(n, 2) & 255) / 255.0, 3) AS margin,
			(hashint8extended(n, 3) & 127) / 1000.0 AS discount, (hashint8extended(n, 4) & 31)::int AS horizon, (hashint8extended(n, 5) & 1048575) / 100.0 AS revenue
		FROM generate_series(1, 500) n) d,
		LATERAL (SELECT round(churn, 15) AS c) r,
		LATERAL (SELECT round(coalesce(revenue * margin * sum(power((1 - c) / round(1 + discount, 60), t)), 0), 6) AS want FROM generate_series(0, horizon - 1) t) w,
		LATERAL (SELECT ltv(revenue, c, margin, discount, horizon) AS got) g
	WHERE abs(got - want) > 0.000001 LIMIT 5}),
	'', 'ltv with a horizon is its sum');
is( sql(q{
	SELECT n FROM (SELECT n, round((hashint8extended(n, 1) & 1023) / 1024.0, 10) AS churn, n / 1000.0 AS discount FROM generate_series(1, 500) n) d
	WHERE ltv(n, churn, 0.5, discount) <> trim_scale(round(n * 0.5 * (1 + discount) / (churn + discount), 6))}),
	'', 'ltv without a horizon is the closed form');
is(sql('SELECT bool_and(ltv(m, 0.03, horizon => h) <= ltv(m, 0.03, horizon => h + 1) AND ltv(m, 0.03, horizon => h) <= ltv(m, 0.03)) FROM generate_series(1, 50) m, generate_series(0, 50) h'),
	't', 'and grows towards it');

# Numbers that are none, or too large, wherever they stand.
for my $call ('retention_rate(1, %s)', 'nrr(%s, 1)', 'grr(%s, %1$s)', 'quick_ratio(1, %s)', 'churn_rate(%s, 2)', 'cac(%s, 1)',
	'cac(1, %s, 1)', 'ltv(%s, 0.1)', 'payback_periods(1, %s)', "monthly(%s, '1 month')")
{
	for my $value ("'NaN'", "'Infinity'", "'-Infinity'", '9.2e12', '-9.2e12', '1e300')
	{
		for my $type ('numeric', 'float8')
		{
			my $sql = sprintf("SELECT $call", "$value\::$type");
			my ($code, $o, $e) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", on_error_stop => 0);
			like($e, qr/22003/, "22003: $sql") or diag("$o $e");
		}
	}
}

# Real subscriptions (121 paid periods of 55 customers, [start, end)): levels
# at two dates are two columns.
my $file = "$shared/data/subscription_periods.csv";
SKIP:
{
	skip 'no subscription_periods.csv in the data folder of RETENTION_SHARED', 2 unless -r $file;
	sql("CREATE TABLE periods (subscription_id int, customer_id int, start_date date, end_date date, monthly_amount numeric);
		 COPY periods FROM STDIN (FORMAT csv, HEADER);\n" . slurp_file($file) . "\\.\n");
	my $levels = sub {
		return qq{(SELECT customer_id,
			sum(monthly_amount) FILTER (WHERE start_date < '$_[0]' AND (end_date IS NULL OR end_date >= '$_[0]')) AS opening,
			sum(monthly_amount) FILTER (WHERE start_date < '$_[1]' AND (end_date IS NULL OR end_date >= '$_[1]')) AS closing
			FROM periods GROUP BY 1) l};
	};
	is( sql(q{SELECT round(nrr(opening, closing)::numeric, 6), grr(opening, closing), quick_ratio(opening, closing), retention_rate(opening, closing), sum(opening), sum(closing) FROM }
			. $levels->('2019-04-01', '2019-05-01')),
		'1.098485|1||1|660|895', 'April 2019 of the subscriptions');
	is( sql(q{SELECT round(retention_rate(opening, closing)::numeric, 6), round(nrr(opening, closing)::numeric, 6), round(grr(opening, closing)::numeric, 6), sum(opening) FROM }
			. $levels->('2019-01-01', '2020-01-01')),
		'0.583333|0.700855|0.581197|585', 'the year 2019 of the subscriptions');
}

$node->stop;
done_testing();
