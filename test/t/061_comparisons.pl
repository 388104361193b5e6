# Comparisons and touch credits on random data, against plain SQL: the difference
# of shares with its bounds and probability, curves and funnels against each
# other with Holm's adjustment, credits of touches by every rule.
#
# Other data: any RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('comparisons');
$node->init;
$node->append_conf('postgresql.conf', q{
timezone = 'Europe/Paris'
jit = off
max_worker_processes = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
});
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Groups of 1 to some hundred rows; in some the condition holds for all, or none,
# or a group has nobody.
my $draw = sub { "((hashint8extended(n, $seed * 100 + $_[0]) & 1048575) % $_[1])" };
sql(qq{
	CREATE EXTENSION retention;
	CREATE TABLE raw WITH (parallel_workers = 3) AS
	SELECT n, g, nullif(} . $draw->(2, 9) . qq{, 8) < g % 10 AS value, nullif(} . $draw->(3, 12) . qq{, 11) < g % 12 AS b
	FROM generate_series(1, 30000) n, LATERAL (SELECT CASE WHEN n < 400 THEN n / 4 ELSE 100 + } . $draw->(1, 200) . qq{ END AS g) x;
	CREATE TABLE shuffled WITH (parallel_workers = 3) AS SELECT * FROM raw ORDER BY hashint4(n);
	-- the tail of the normal distribution beyond z, twice, by its continued fraction or
	-- its series
	CREATE FUNCTION tail(z float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS \$\$
	DECLARE t float8 := 0; term float8 := z; sum float8 := z;
	BEGIN
		IF z > 37 THEN RETURN 0; END IF;
		IF z > 3 THEN
			FOR k IN REVERSE 300..1 LOOP t := k / (z + t); END LOOP;
			RETURN 2 * exp(-0.5 * z * z) / sqrt(2 * pi()) / (z + t);
		END IF;
		FOR k IN 1..200 LOOP term := term * z * z / (2 * k + 1); sum := sum + term; EXIT WHEN term < 1e-20; END LOOP;
		RETURN 1 - 2 * exp(-0.5 * z * z) / sqrt(2 * pi()) * sum;
	END \$\$;
	ANALYZE;});

# The definitions, of x1 of n1 against x2 of n2, z being the quantile.
my $bound = sub {
	my ($sign, $x, $n, $z) = @_;
	return "((${x}::numeric / $n + $z * $z / (2 * $n) $sign $z * sqrt(${x}::numeric / $n * (1 - ${x}::numeric / $n) / $n + $z * $z / (4.0 * $n * $n))) / (1 + $z * $z / $n))";
};
my $low = sub { return "(x1::numeric / n1 - x2::numeric / n2 - sqrt((x1::numeric / n1 - " . $bound->('-', 'x1', 'n1', $_[0]) . ') ^ 2 + (' . $bound->('+', 'x2', 'n2', $_[0]) . ' - x2::numeric / n2) ^ 2))' };
my $high = sub { return "(x1::numeric / n1 - x2::numeric / n2 + sqrt((" . $bound->('+', 'x1', 'n1', $_[0]) . ' - x1::numeric / n1) ^ 2 + (x2::numeric / n2 - ' . $bound->('-', 'x2', 'n2', $_[0]) . ') ^ 2))' };
my $z = "CASE WHEN x1 + x2 > 0 AND x1 + x2 < n1 + n2 THEN abs(x1::numeric / n1 - x2::numeric / n2) / sqrt((x1 + x2)::numeric / (n1 + n2) * (1 - (x1 + x2)::numeric / (n1 + n2)) * (1.0 / n1 + 1.0 / n2)) END";
my ($z95, $z80) = ('1.959963984540054', '1.2815515655446004');
my $counts = 'SELECT g, count(*) FILTER (WHERE value AND b) AS x1, nullif(count(value) FILTER (WHERE b), 0) AS n1, count(*) FILTER (WHERE value AND NOT b) AS x2, nullif(count(value) FILTER (WHERE NOT b), 0) AS n2';
my @calls = ('share_difference(value, b)', 'share_difference_low(value, b)', 'share_difference_high(value, b)',
	'share_difference_low(value, b, 0.8)', 'share_difference_high(value, b, 0.8)', 'share_difference_p(value, b)');
my @wanted = ('x1::numeric / n1 - x2::numeric / n2', $low->($z95), $high->($z95), $low->($z80), $high->($z80), "tail(($z)::float8)");
for my $i (0 .. $#calls)
{
	is( sql(qq{SELECT count(*), count(*) FILTER (WHERE num_nulls(got, want) = 1 OR abs(got - want) > 1e-12 + 1e-10 * abs(want) * ($i / 5)), count(want) > 100
			FROM (SELECT g, $calls[$i] AS got FROM raw GROUP BY g) a JOIN (SELECT g, ($wanted[$i])::float8 AS want FROM ($counts FROM raw GROUP BY g) c) b USING (g)}),
		'300|0|t', "$calls[$i] in 300 groups");
}
my $all = join ', ', @calls;
my $every = "SELECT md5(string_agg(x::text, ';' ORDER BY g)) FROM (SELECT g, $all FROM %s GROUP BY g) x";
my $want = sql(sprintf $every, 'raw');
is(sql(sprintf $every, 'shuffled'), $want, 'rows in another order');
is(sql('SET max_parallel_workers_per_gather = 3; SET enable_sort = off; ' . sprintf $every, 'raw'), $want, 'by workers');
like(sql("SET max_parallel_workers_per_gather = 3; EXPLAIN (COSTS off) SELECT $all FROM raw"), qr/Partial Aggregate/, 'there are workers');
is( sql(qq{
	SELECT count(*) FROM (SELECT n, ROW(} . join(', ', map { "$_ OVER w" } @calls) . qq{)::text AS moving, min(n) OVER w AS first, max(n) OVER w AS last
		FROM raw WHERE n <= 500 WINDOW w AS (ORDER BY n ROWS BETWEEN 9 PRECEDING AND 2 PRECEDING)) x
	WHERE moving IS DISTINCT FROM (SELECT ROW($all)::text FROM raw r WHERE r.n BETWEEN x.first AND x.last)}),
	'0', 'moving frames');

#----------------------------------------------------------------
# Curves and funnels
#----------------------------------------------------------------

sql(q{
	CREATE TABLE events AS
	SELECT s AS set, c, s % 3 = 0 AS started, date '2023-01-01' + (d + hashint8(c * 31 + s) % 120) AS at
	FROM generate_series(1, 40) s, generate_series(1, 10 + s * 5) c, LATERAL (SELECT 30 * k AS d FROM generate_series(0, 9) k WHERE k = 0 OR hashint8(k * 7919 + c * 104729 + s) % (2 + s % 5 + c % 2) = 0) x;
	CREATE TABLE pairs AS
	SELECT set, CASE WHEN set % 3 = 0 THEN cohort_matrix(c, date '2023-01-15', at, NULL, 'month') FILTER (WHERE c % 2 = 0) ELSE cohort_matrix(c, at, 'month') FILTER (WHERE c % 2 = 0) END AS a,
		CASE WHEN set % 3 = 0 THEN cohort_matrix(c, date '2023-01-15', at, NULL, 'month') FILTER (WHERE c % 2 = 1) ELSE cohort_matrix(c, at, 'month') FILTER (WHERE c % 2 = 1) END AS b
	FROM events GROUP BY set;
	CREATE TABLE compared AS SELECT p.set, c.* FROM pairs p, compare_retention(a, b, '2023-11-01') c;
	CREATE TABLE curves AS
	SELECT set, age, n1, x1, n2, x2 FROM (SELECT p.set, age, customers AS n1, active AS x1 FROM pairs p, retention_curve(a, '2023-11-01')) x
	FULL JOIN (SELECT p.set, age, customers AS n2, active AS x2 FROM pairs p, retention_curve(b, '2023-11-01')) y USING (set, age)});
is( sql("
	WITH tested AS (
		SELECT *, x1::numeric / n1 - x2::numeric / n2 AS d, " . $low->($z95) . " AS l, " . $high->($z95) . " AS h, tail(($z)::float8) AS p FROM curves),
	ranked AS (
		SELECT *, CASE WHEN p IS NOT NULL THEN (count(p) OVER w + 1 - row_number() OVER (PARTITION BY set ORDER BY p, age)) * p END AS times FROM tested WINDOW w AS (PARTITION BY set)),
	want AS (
		SELECT *, CASE WHEN p IS NOT NULL THEN least(1, max(times) OVER (PARTITION BY set ORDER BY p, age)) END AS holm FROM ranked)
	SELECT count(*) > 300, count(holm) > 200, count(*) FILTER (WHERE p IS NULL) > 30,
		count(*) FILTER (WHERE (a_customers, a_active, b_customers, b_active) IS DISTINCT FROM (coalesce(n1, 0), coalesce(x1, 0), coalesce(n2, 0), coalesce(x2, 0))),
		count(*) FILTER (WHERE num_nulls(difference, d) = 1 OR abs(difference - d) > 1e-12 OR abs(low - l) > 1e-12 OR abs(high - h) > 1e-12),
		count(*) FILTER (WHERE num_nulls(p_value, p) = 1 OR abs(p_value - p) > 1e-10 OR num_nulls(p_adjusted, holm) = 1 OR abs(p_adjusted - holm) > 1e-9)
	FROM compared FULL JOIN want USING (set, age)"),
	't|t|t|0|0|0', '40 pairs of matrices, every age');
is( sql(q{
	WITH wide AS (
		SELECT age, array_agg(a) AS ms, sum(n1) AS n, sum(x1) AS x, sum(n1 * (x1::numeric / n1) ^ 2) AS squares, count(*) AS k
		FROM curves JOIN pairs USING (set) WHERE set % 3 > 0 AND n1 > 0 GROUP BY age)
	SELECT count(*) > 7, count(*) FILTER (WHERE degrees_of_freedom IS DISTINCT FROM CASE WHEN x > 0 AND x < n THEN k - 1 END
		OR abs(chi_square - (squares - n * (x::numeric / n) ^ 2) / nullif(x::numeric / n * (1 - x::numeric / n), 0)) > 1e-9)
	FROM wide, compare_retention(ms, age, '2023-11-01')}),
	't|0', 'all of them at one age');
is( sql(q{
	CREATE TABLE funnels AS SELECT set, funnel(c, at, 1 + abs(hashint8(c + extract(doy FROM at)::int)) % 4, '90 days') FILTER (WHERE c % 2 = 0) AS a, funnel(c, at, 1 + abs(hashint8(c + extract(doy FROM at)::int)) % 3, '90 days') FILTER (WHERE c % 2 = 1) AS b
		FROM events GROUP BY set;
	SELECT count(*) > 100, count(*) FILTER (WHERE a_entered IS DISTINCT FROM (SELECT customers FROM funnel_steps(a) WHERE step = 1) OR a_customers IS DISTINCT FROM coalesce((SELECT customers FROM funnel_steps(a) s WHERE s.step = c.step), 0)
		OR b_customers IS DISTINCT FROM coalesce((SELECT customers FROM funnel_steps(b) s WHERE s.step = c.step), 0) OR a_entered > 0 AND b_entered > 0 AND abs(difference - (a_rate - b_rate)) > 1e-15)
	FROM funnels, compare_funnels(a, b) c}),
	't|0', 'funnels are compared as funnel_steps has them');

#----------------------------------------------------------------
# Credits of touches
#----------------------------------------------------------------

# Up to twenty touches a customer, some at one time, some after the conversion,
# some at no time; up to three conversions, or none.
sql(q{
	CREATE TABLE touches AS
	SELECT c, t AS id, CASE WHEN hashint8(c * 17 + t) % 13 <> 0 THEN timestamp '2024-01-01' + abs(hashint8(c * 101 + t) % 90) * interval '1 day' + (t % 3) * interval '5 hours' END AS touched,
		k AS converted
	FROM generate_series(1, 400) c, generate_series(1, 1 + c % 20) t,
		LATERAL (SELECT timestamp '2024-02-10 12:00' + i * interval '23 days' AS k FROM generate_series(1, c % 4) i UNION ALL SELECT NULL WHERE c % 4 = 0) x;
	CREATE FUNCTION weight(rule text, i numeric, n numeric, days numeric, half numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE rule WHEN 'first' THEN (i = 1)::int WHEN 'last' THEN (i = n)::int WHEN 'linear' THEN 1
			WHEN 'position' THEN CASE WHEN i = 1 OR i = n THEN greatest(2 * (n - 2), 1) ELSE 1 END ELSE 0.5 ^ (days / half) END $$});
for my $type ('date', 'timestamp', 'timestamptz')
{
	for my $rule ('first', 'last', 'linear', 'position', 'time decay 7 days', 'time decay 36 hours')
	{
		for my $within (undef, '30 days', '1 month', '36 hours')
		{
			my ($word) = $rule =~ /^(\w+)/;
			my $half = $rule =~ /36/ ? 1.5 : 7;
			my $words = $rule . (defined $within ? ", within $within" : '');
			my $in_time = defined $within ? "AND touched::timestamp + interval '$within' >= converted::timestamp" : '';
			is( sql(qq{
				WITH typed AS (
					SELECT c, id, touched::$type AS touched, converted::$type AS converted FROM touches),
				got AS (
					SELECT *, touch_credit(touched, converted, '$words') OVER (PARTITION BY c ORDER BY id) AS credit FROM typed),
				counted AS (
					SELECT *, row_number() OVER w AS i, count(*) OVER v AS n, extract(epoch FROM max(touched) OVER v::timestamp - touched::timestamp) / 86400 AS days
					FROM typed WHERE touched <= converted $in_time WINDOW v AS (PARTITION BY c, converted), w AS (PARTITION BY c, converted ORDER BY touched, id)),
				shares AS (
					SELECT *, trunc(w / sum(w) OVER v, 6) AS cut FROM (SELECT *, weight('$word', i, n, days, $half) AS w FROM counted) x WINDOW v AS (PARTITION BY c, converted)),
				want AS (
					SELECT *, CASE WHEN i = n THEN 1 - sum(CASE WHEN i < n THEN cut ELSE 0 END) OVER (PARTITION BY c, converted) ELSE cut END AS credit FROM shares)
				SELECT count(*) > 4000, count(*) FILTER (WHERE abs(g.credit - coalesce(w.credit, 0)) > CASE WHEN '$word' = 'time' THEN 0.000001 * (1 + coalesce(n, 0)) ELSE 0 END),
					(SELECT count(*) FROM (SELECT sum(credit) AS s FROM got WHERE converted IS NOT NULL GROUP BY c, converted) x WHERE s NOT IN (0, 1)), min(g.credit) >= 0
				FROM got g LEFT JOIN want w USING (c, id, converted)}),
				't|0|0|t', "$type, '$words'");
		}
	}
}

$node->stop;
done_testing();
