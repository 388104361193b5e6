# Survival and incidence curves, and the tests between groups, against R: every
# figure of a hundred random sets with ties, weights, strata and late entry.
#
# test/reference/survival_r.csv is what R's survival 3.5-3 and cmprsk 2.2-11 say,
# made by survival.R beside it; the sets are made here again by the same recipe.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('survival_r');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\n");
$node->start;

sub query { return $node->safe_psql('postgres', $_[0]); }

##################################################################
# The sets, and what R says of them
##################################################################

my $x;

# Park and Miller's numbers, within 0 .. 1.
sub u
{
	$x = (16807 * $x) % 2147483647;
	return $x / 2147483647;
}

sub up_to { return int(u() * $_[0]); }

my $lives = '';
for my $set (1 .. 100)
{
	$x = $set * 7919;
	u() for 1 .. 5;
	for my $i (1 .. 20 + up_to(80))
	{
		my $duration = 1 + int(u() * u() * 15);
		my $fraction = up_to(8) / 8;
		$duration += $fraction if $set % 4 == 0;
		my $late = u() < 0.6;
		my $entered = int(u() * $duration);
		my $outcome = up_to(4);
		my $group = up_to(3);
		my $stratum = up_to(3);
		my $weight = 1 + up_to(3);
		$entered = 0 unless $late;
		$lives .= join("\t", $set, $entered, $duration, $outcome, $group, $stratum, $weight) . "\n";
	}
}
my $file = $node->basedir . '/lives.tsv';
append_to_file($file, $lives);

query(
	qq{
	CREATE EXTENSION retention;
	CREATE TABLE lives (set int, entered float8, duration float8, outcome int, grp text, stratum text, weight bigint);
	COPY lives FROM '$file';
	ALTER TABLE lives ADD churned bool GENERATED ALWAYS AS (outcome > 0) STORED,
		ADD reason text GENERATED ALWAYS AS ((ARRAY['bugs', 'price', 'rival'])[outcome]) STORED;
	CREATE TABLE lines (line text);
	COPY lines FROM '$source/test/reference/survival_r.csv';
	CREATE TABLE r AS SELECT a[1]::int AS set, a[2] AS kind, a[3] AS name, array_replace(a[4:], '', NULL)::float8[] AS v,
		(ARRAY['log-log', 'log', 'plain'])[a[1]::int % 3 + 1] AS conf_type
	FROM lines, string_to_array(line, ',') a;
	-- how far apart, as a share; NULL where both are
	CREATE FUNCTION apart(got float8, want float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
		\$\$ SELECT CASE WHEN got IS NULL OR want IS NULL THEN CASE WHEN got IS NULL AND want IS NULL THEN 0 ELSE 1 END
			ELSE abs(got - want) / greatest(abs(want), 1e-4) END \$\$;
	CREATE FUNCTION furthest(got float8[], want float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
		\$\$ SELECT max(apart(g, w)) FROM unnest(got, want) u (g, w) \$\$;
	CREATE VIEW curves AS SELECT set, survival_curve(entered, duration, churned, weight) AS late FROM lives GROUP BY set;
	CREATE VIEW reasons AS SELECT set, incidence_curve(duration, churned, reason, weight) AS curve FROM lives GROUP BY set;
	CREATE VIEW reasons_of_groups AS SELECT set, grp, incidence_curve(duration, churned, reason, weight) AS curve FROM lives GROUP BY set, grp;
	CREATE VIEW parts AS SELECT set, array_agg(curve) AS curves, array_agg(late) AS late, array_agg(grp) AS groups, array_agg(stratum) AS strata
	FROM (SELECT set, grp, stratum, survival_curve(duration, churned, weight) AS curve, survival_curve(entered, duration, churned, weight) AS late
		FROM lives GROUP BY set, grp, stratum ORDER BY set, grp, stratum) p GROUP BY set;
});
is(query('SELECT count(DISTINCT set), count(*) > 5000 FROM lives'), '100|t', 'a hundred sets');

# Lines of a kind, those further apart than 1e-9, and the furthest.
sub against_r
{
	my ($name, $lines, $sql) = @_;
	my ($n, $off, $furthest) = split /\|/, query("SELECT count(*), count(*) FILTER (WHERE NOT coalesce(apart, 1) <= 1e-9), max(apart) FROM ($sql) x");
	is("$n|$off", "$lines|0", $name);
	note("$name: $n lines, furthest apart $furthest");
	diag("furthest $furthest") if $off > 0;
	return;
}

against_r('late entry: survival, bounds of all kinds, cumulative hazard', 200,
	q{SELECT r.set, furthest(ARRAY[p.at_risk, p.survival, p.std_error, p.low, p.high, p.cumulative_hazard, p.hazard_std_error], r.v) AS apart
	FROM r JOIN curves USING (set) LEFT JOIN LATERAL survival_points(late, conf_type => conf_type) p ON p.at_time = r.name::float8 WHERE kind = 'survival'});
against_r('late entry: quantiles', 100,
	q{SELECT r.set, furthest(ARRAY[q.estimate, q.low, q.high], nullif(name, '')::float8 || v) AS apart
	FROM r JOIN curves USING (set), lifetime_quantile(late, 0.4, conf_type => conf_type) q WHERE kind = 'quantile'});
against_r('log-rank, stratified, with rho', 300,
	q{SELECT r.set, apart(l.chi_square, v[1]) FROM r JOIN parts USING (set), log_rank(curves, groups, strata, rho => name::float8) l WHERE kind = 'strata'});
against_r('log-rank: observed and expected', query(q{SELECT count(*) FROM r WHERE kind = 'group'}),
	q{SELECT r.set, furthest(ARRAY[l.customers, l.observed, l.expected], v) AS apart
	FROM r JOIN parts USING (set) LEFT JOIN LATERAL log_rank_groups(curves, groups, strata, rho => 0.5) l ON group_name = name WHERE kind = 'group'});
against_r('log-rank, without strata', 100,
	q{SELECT r.set, apart(l.chi_square, v[1]) FROM r JOIN parts USING (set), log_rank(curves, groups) l WHERE kind = 'test'});
against_r('log-rank with late entry, stratified, all weights', 400,
	q{SELECT r.set, apart(l.chi_square, v[1]) FROM r JOIN parts USING (set), log_rank(late, groups, strata, name) l WHERE kind = 'late'});

# Incidence of each reason at some times, 0 where it comes later; R has the reasons of
# all sets in each.
my $known = q{kind = 'incidence' AND EXISTS (SELECT FROM lives l WHERE l.set = r.set AND l.reason = r.name)};
against_r('incidence, its error, bounds of all kinds', query("SELECT count(*) FROM r WHERE $known"),
	qq{SELECT r.set, furthest(ARRAY[p.at_risk, p.incidence, p.std_error, p.low, p.high], v[2:]) AS apart
	FROM r JOIN reasons USING (set) LEFT JOIN LATERAL incidence_points(curve, conf_type => conf_type) p ON reason = name AND p.at_time = v[1] WHERE $known});
against_r("Gray's test", query(q{SELECT count(*) FROM r WHERE kind = 'gray'}),
	q{SELECT r.set, furthest(ARRAY[g.chi_square, g.degrees_of_freedom, g.p_value], v) AS apart
	FROM r JOIN (SELECT set, array_agg(curve ORDER BY grp DESC) AS curves FROM reasons_of_groups GROUP BY set) c USING (set)
	LEFT JOIN LATERAL gray_test(VARIADIC curves) g ON reason = name WHERE kind = 'gray'});

##################################################################
# The same bytes, and what must hold of any curve
##################################################################

is( query(
		q{SELECT count(*), count(*) FILTER (WHERE whole IS DISTINCT FROM parts OR whole IS DISTINCT FROM repeated OR whole IS DISTINCT FROM whole::text::incidence_curve)
		FROM (SELECT set, curve AS whole FROM reasons) a
		JOIN (SELECT set, rollup(curve) AS parts FROM reasons_of_groups GROUP BY set) b USING (set)
		JOIN (SELECT set, incidence_curve(duration, churned, reason) AS repeated FROM (SELECT * FROM lives ORDER BY md5(lives::text)) l, generate_series(1, weight) GROUP BY set) c USING (set)}),
	'100|0', 'parts, repeated rows in another order, text: the same bytes');
is( query(
		q{SELECT count(*) > 300, max(abs(total - 1)) < 1e-12, bool_and(fewer) FROM (
			SELECT set, at_time, sum(incidence) + max(survival) AS total, bool_and(incidence <= alone + 1e-12) AS fewer
			FROM (SELECT set, p.reason, p.at_time, p.incidence, s.survival, 1 - k.survival AS alone
				FROM reasons, incidence_points(curve) p,
					LATERAL (SELECT survival FROM survival_points((SELECT survival_curve(duration, churned, weight) FROM lives l WHERE l.set = reasons.set)) WHERE at_time = p.at_time) s,
					LATERAL (SELECT survival FROM survival_points((SELECT survival_curve(duration, lives.reason IS NOT DISTINCT FROM p.reason, weight) FROM lives WHERE lives.set = reasons.set)) WHERE at_time = p.at_time) k
				WHERE set <= 30) x GROUP BY set, at_time) y}),
	't|t|t', 'incidences and survival add up to 1; 1 - Kaplan and Meier is no less');
my $whole = query('SELECT md5(incidence_curve(duration, churned, reason, weight)::text), md5(survival_curve(entered, duration, churned, weight)::text) FROM lives');
my $workers = 'SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
query('ANALYZE lives');
like(query("$workers EXPLAIN SELECT incidence_curve(duration, churned, reason, weight), survival_curve(entered, duration, churned, weight) FROM lives"),
	qr/Partial Aggregate/, 'a parallel plan');
is(query("$workers SELECT md5(incidence_curve(duration, churned, reason, weight)::text), md5(survival_curve(entered, duration, churned, weight)::text) FROM lives"),
	$whole, 'workers: the same bytes');

# A long query can be stopped: many reasons of many times, tests of many groups.
query(
	q{CREATE TABLE many AS SELECT i % 100 AS grp, incidence_curve(random() * 100, random() < 0.9, (i / 100 % 300)::text) AS curve,
		survival_curve(random(), 1 + random() * 100, random() < 0.9) AS late FROM generate_series(1, 60000) i GROUP BY 1});
for my $call (
	'SELECT rollup(curve) FROM many, generate_series(1, 1000)',
	'SELECT incidence_curve(random(), true, (i % 900)::text) FROM generate_series(1, 100000000) i',
	'SELECT survival_curve(random(), 1 + random(), true) FROM generate_series(1, 100000000) i',
	'SELECT count(incidence) FROM (SELECT rollup(curve) AS c FROM many) m, incidence_points(c)',
	'SELECT gray_test(VARIADIC array_agg(curve)) FROM many',
	'SELECT log_rank_groups(array_agg(late), array_agg(grp::text)) FROM many, generate_series(1, 50)')
{
	my ($ret, $out, $err) = $node->psql('postgres', "SET statement_timeout = 200; $call");
	like($err, qr/statement timeout/, "stopped: $call");
}

done_testing();
