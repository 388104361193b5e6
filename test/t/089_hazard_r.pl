# hazard_model against R: every figure of a hundred random sets with ties, weights,
# strata and late entry.
#
# test/reference/hazard_r.csv is what R's survival 3.5-3 says, made by hazard.R
# beside it; the sets are made here again by the same recipe.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('hazard_r');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\n");
$node->start;

sub query { return $node->safe_psql('postgres', $_[0]); }

my $x;

# Park and Miller's numbers, within 0 .. 1.
sub u
{
	$x = (16807 * $x) % 2147483647;
	return $x / 2147483647;
}

sub up_to { return int(u() * $_[0]); }

my $lives = '';
my $row = 0;
for my $set (1 .. 100)
{
	$x = $set * 7919;
	u() for 1 .. 5;
	for my $i (1 .. 60 + up_to(140))
	{
		my $duration = 1 + int(u() * u() * 40);
		my $fraction = up_to(8) / 8;
		$duration += $fraction if $set % 5 == 0;
		my $entered = int(u() * $duration * 0.7);
		my $churned = u() < 0.6 ? 't' : 'f';
		my $logins = up_to(10) / 2;
		my $spend = up_to(1000) / 10;
		my $invited = u() < 0.4 ? 't' : 'f';
		my $plan = ('a' .. 'd')[ int(u() * 3.3) ];
		my $region = up_to(3);
		my $n = 1 + up_to(3);
		$row++;
		$lives .= join("\t", $row, $set, $duration, $entered, $churned, $logins, $spend, $invited, $plan, $region, $n) . "\n";
	}
}
my $file = $node->basedir . '/lives.tsv';
append_to_file($file, $lives);

query(
	qq{
	CREATE EXTENSION retention;
	CREATE TABLE lives (i int, set int, duration float8, entered float8, churned bool, logins numeric, spend numeric, invited bool, plan text, region int, n int);
	COPY lives FROM '$file';
	CREATE TABLE lines (line text);
	COPY lines FROM '$source/test/reference/hazard_r.csv';
	CREATE TABLE r AS SELECT a[1]::int AS set, a[2] AS kind, a[3] AS name, array_replace(a[4:], '', NULL)::float8[] AS v
	FROM lines, string_to_array(line, ',') a;
	CREATE FUNCTION apart(got float8, want float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
		\$\$ SELECT CASE WHEN got IS NULL OR want IS NULL THEN CASE WHEN got IS NULL AND want IS NULL THEN 0 ELSE 1 END
			ELSE abs(got - want) / greatest(abs(want), 1e-3) END \$\$;
	CREATE FUNCTION furthest(got float8[], want float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
		\$\$ SELECT max(apart(g, w)) FROM unnest(got, want) u (g, w) \$\$;
	CREATE TABLE fits AS
	SELECT set, hazard_model(duration, churned, jsonb_build_object('logins', logins, 'spend', spend, 'invited', invited, 'plan', plan,
			'region', region, 'entered', CASE WHEN set % 2 = 0 THEN entered ELSE -1 END, 'n', CASE WHEN set % 3 = 0 THEN n ELSE 1 END)
			- CASE WHEN set % 4 = 0 THEN '' ELSE 'region' END,
		jsonb_strip_nulls(jsonb_build_object('entered', 'entered', 'weight', 'n', 'strata', CASE WHEN set % 4 = 0 THEN 'region' END))) AS m
	FROM lives GROUP BY set});
is(query("SELECT count(DISTINCT set), count(*) FILTER (WHERE status <> 'converged') FROM fits, model_fit(m)"), '100|0', 'a hundred sets, fitted');

# Lines of a kind, those further apart than so much, and the furthest.
sub against_r
{
	my ($name, $within, $kind, $sql) = @_;
	my $lines = query("SELECT count(*) FROM r WHERE kind = '$kind'");
	my ($n, $off, $furthest) = split /\|/, query("SELECT count(*), count(*) FILTER (WHERE NOT coalesce(apart, 1) <= $within), max(apart) FROM ($sql) x");
	is("$n|$off", "$lines|0", $name);
	note("$name: $n lines, furthest apart $furthest");
	diag(query("SELECT * FROM ($sql) x WHERE NOT coalesce(apart, 1) <= $within ORDER BY apart DESC LIMIT 5")) if $off > 0;
	return;
}

against_r('coefficients, errors, z and p', 1e-8, 'term',
	q{SELECT r.set, name, v, furthest(ARRAY[h.coefficient, h.std_error, h.z, h.p_value], v) AS apart
	FROM r JOIN fits USING (set) LEFT JOIN LATERAL hazard_ratios(m) h ON name = concat_ws(' ', covariate, level) WHERE kind = 'term'});
against_r('counts, log-likelihoods, tests', 1e-8, 'fit',
	q{SELECT r.set, v, furthest(ARRAY[f.rows, f.events, f.log_likelihood_null, f.log_likelihood, f.likelihood_ratio, f.wald, f.score], v) AS apart
	FROM r JOIN fits USING (set), model_fit(m) f WHERE kind = 'fit'});
against_r('concordance and its error', 1e-6, 'concordance',
	q{SELECT r.set, v, furthest(ARRAY[f.concordance, f.concordance_error], v) AS apart FROM r JOIN fits USING (set), model_fit(m) f WHERE kind = 'concordance'});
against_r('risk and survival of a customer', 1e-8, 'customer',
	q{SELECT r.set, v, furthest(ARRAY[relative_risk(m, t), v[2], survival(m, t, v[2])], v) AS apart
	FROM r JOIN fits USING (set) JOIN (SELECT DISTINCT ON (set) set, t FROM (SELECT set, n, row_number() OVER (PARTITION BY set ORDER BY i) AS place,
			jsonb_build_object('logins', logins, 'spend', spend, 'invited', invited, 'plan', plan, 'region', region) AS t FROM lives) l WHERE place = 3) c USING (set)
	WHERE kind = 'customer'});
for my $transform ('km', 'rank', 'identity', 'log')
{
	against_r("proportional hazards, $transform", 1e-8, $transform,
		qq{SELECT r.set, name, v, furthest(ARRAY[t.chi_square, t.degrees_of_freedom, t.p_value], v) AS apart
		FROM r JOIN fits USING (set) LEFT JOIN LATERAL proportional_hazards_test(m, '$transform') t ON coalesce(covariate, 'GLOBAL') = name WHERE kind = '$transform'});
}

$node->stop;
done_testing();
