# hazard_model: the same bytes whatever the order of rows, the workers and how the
# states are put together; R's figures of real data; and a cancel at any time.
#
# The real files are not part of the project: RETENTION_SHARED names the folder
# that holds them in data/.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $data = ($ENV{RETENTION_SHARED} || "$source/../shared") . '/data';

my $node = PostgreSQL::Test::Cluster->new('hazard');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
extra_float_digits = 1
max_worker_processes = 8
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

sub query { return $node->safe_psql('postgres', $_[0]); }

##################################################################
# The same bytes
##################################################################

query(
	q{
	CREATE TABLE lives AS
	SELECT i, d::float8 AS days, c AS churned, jsonb_build_object('x', (h % 1009) / 100.0, 'b', h % 3 = 0, 'plan', 'plan ' || h % 7, 'region', h % 4,
		'since', (h % (1 + d)) - 1, 'n', h % 5) AS traits
	FROM (SELECT i, h, 1 + (h / 7) % 60 AS d, (h / 11) % 3 > 0 AS c
		FROM (SELECT i, (i * 7919 + i * i % 10007 * 104729) % 1000003 AS h FROM generate_series(1::bigint, 6000) i) a) b;
	ANALYZE lives});
for my $options ('{}', '{"entered": "since", "strata": "region", "weight": "n"}')
{
	my $call = "md5(hazard_model_send(hazard_model(days, churned, traits, '$options'))::text)";
	my $whole = query("SELECT $call FROM lives");

	is(query("SELECT $call FROM (SELECT * FROM lives ORDER BY md5(i::text) OFFSET 0) r"), $whole, "$options: rows in another order");
	like(query("SET max_parallel_workers_per_gather = 3; EXPLAIN SELECT $call FROM lives"), qr/Partial Aggregate/, "$options: parallel plan");
	is(query("SET max_parallel_workers_per_gather = 3; SELECT $call FROM lives"), $whole, "$options: workers");
	is(query("SET max_parallel_workers_per_gather = 1; SELECT $call FROM lives"), $whole, "$options: one worker");
}
is( query(q{
	WITH m AS (SELECT hazard_model(days, churned, traits - 'n', '{"strata": "region"}') AS m FROM lives)
	SELECT m = m::text::hazard_model, (SELECT status FROM model_fit(m)), relative_risk(m, traits) > 0 FROM m, lives WHERE i = 1}),
	't|converged|t', 'text, fit, risk');

# Survival of a fit to nothing but noise is near Kaplan and Meier's.
is( query(q{
	SELECT count(*) > 50, bool_and(abs(p.survival - survival(m, '{"x": 5}', p.at_time)) < 0.01)
	FROM (SELECT hazard_model(days, churned, jsonb_build_object('x', i * 7919 % 11)) AS m, survival_curve(days, churned) AS c FROM lives) f, survival_points(c) p}),
	't|t', 'the survival of customers alike is that of all');

##################################################################
# Cancel, in every part
##################################################################

query(
	q{
	CREATE TABLE many AS
	SELECT i * 0.001 AS days, i % 3 > 0 AS churned, jsonb_build_object('a', i * 7919 % 1009, 'b', i * 104729 % 997, 'c', 'c' || i % 150) AS traits FROM generate_series(1::bigint, 150000) i});
for my $ms (100, 400, 900)
{
	my (undef, undef, $stderr) = $node->psql('postgres', "SET statement_timeout = $ms; SELECT hazard_model(days, churned, traits) FROM many");
	like($stderr, qr/statement timeout/, "a timeout of $ms ms is honoured");
}

##################################################################
# Real data: what R 4.2 with survival 3.5-3 says (coxph with eps = 1e-14, cox.zph)
##################################################################

my @r = (
	[ 'lung', 'term', 'age', '0.011066764596119|0.0092674110143657|1.1941592510534|0.23241567951198'],
	[ 'lung', 'term', 'ph.ecog', '0.46372847511573|0.11357726616137|4.0829339425802|4.4470666943553e-05'],
	[ 'lung', 'term', 'sex', '-0.55261239553184|0.16773905378342|-3.2944766473128|0.00098605137546703'],
	[ 'lung', 'fit', '', '-744.48045576144|-729.23012137486|0.63713549300045|0.02506797385308'],
	[ 'lung', 'tests', '', '30.500668773157|29.929251197576|30.499922704949'],
	[ 'lung', 'km', 'age', '0.1879876735605|1|0.66459676319325'],
	[ 'lung', 'km', 'ph.ecog', '2.0542487738628|1|0.1517820989272'],
	[ 'lung', 'km', 'sex', '2.3054372267748|1|0.12892199886325'],
	[ 'lung', 'km', 'GLOBAL', '4.463657588162|3|0.21555494539577'],
	[ 'lung', 'rank', 'age', '0.1172915069184|1|0.7319908389683'],
	[ 'lung', 'rank', 'ph.ecog', '2.5448783923885|1|0.11065243029307'],
	[ 'lung', 'rank', 'sex', '2.0446946796233|1|0.15273762512979'],
	[ 'lung', 'rank', 'GLOBAL', '4.710680140719|3|0.19425048664333'],
	[ 'lung', 'identity', 'age', '0.15235031715102|1|0.69629935373417'],
	[ 'lung', 'identity', 'ph.ecog', '1.5782352382526|1|0.20901507640018'],
	[ 'lung', 'identity', 'sex', '2.4919132165083|1|0.11443254138526'],
	[ 'lung', 'identity', 'GLOBAL', '4.1193829509364|3|0.24885814208783'],
	[ 'lung by sex', 'term', 'age', '0.010566254601026|0.0092413738930937|1.143364041241|0.25288747574042'],
	[ 'lung by sex', 'term', 'ph.ecog', '0.46242443435858|0.1147610978548|4.0294528634054|5.5906824361738e-05'],
	[ 'lung by sex', 'fit', '', '-638.50976498424|-628.77093950121|0.60584918283475|0.02652388514464'],
	[ 'lung by sex', 'tests', '', '19.477650966062|19.625946217967|19.957499743694'],
	[ 'lung by sex', 'km', 'age', '0.13347072386242|1|0.71486027063459'],
	[ 'lung by sex', 'km', 'ph.ecog', '2.1824006894788|1|0.13959656206631'],
	[ 'lung by sex', 'km', 'GLOBAL', '2.2004789020791|2|0.33279138691317'],
	[ 'lung by sex', 'rank', 'age', '0.084268291243875|1|0.77159437907058'],
	[ 'lung by sex', 'rank', 'ph.ecog', '2.6951855336795|1|0.10065177213048'],
	[ 'lung by sex', 'rank', 'GLOBAL', '2.6963616045247|2|0.2597122991771'],
	[ 'lung by sex', 'identity', 'age', '0.090863849680987|1|0.76308180885927'],
	[ 'lung by sex', 'identity', 'ph.ecog', '1.6621900002008|1|0.19730789367813'],
	[ 'lung by sex', 'identity', 'GLOBAL', '1.6684523773174|2|0.43421034835948'],
	[ 'waltons', 'term', 'groupmiR-137', '2.052535154485|0.21697400373491|9.4598206197675|3.0847193018403e-21'],
	[ 'waltons', 'fit', '', '-646.30919387737|-613.18188201851|0.65605278255881|0.019960487604515'],
	[ 'waltons', 'tests', '', '66.254623717721|89.488206158178|117.14817888032'],
	[ 'waltons', 'km', 'group', '17.832928081033|1|2.4117331016144e-05'],
	[ 'waltons', 'km', 'GLOBAL', '17.832928081033|1|2.4117331016144e-05'],
	[ 'waltons', 'rank', 'group', '18.816417112855|1|1.4392294303938e-05'],
	[ 'waltons', 'rank', 'GLOBAL', '18.816417112855|1|1.4392294303938e-05'],
	[ 'waltons', 'identity', 'group', '21.601405441017|1|3.3560582123327e-06'],
	[ 'waltons', 'identity', 'GLOBAL', '21.601405441017|1|3.3560582123327e-06'],
	[ 'telco', 'term', 'charges', '-0.029834593022713|0.0021092594682087|-14.144581770232|2.017122853872e-45'],
	[ 'telco', 'term', 'contractOne year', '-1.8364614121083|0.08664933617748|-21.194177510452|1.0807035082741e-99'],
	[ 'telco', 'term', 'contractTwo year', '-3.615491850214|0.16233763844954|-22.271433074579|6.9928797329905e-110'],
	[ 'telco', 'term', 'internetDSL', '-1.4586377438263|0.099598703782877|-14.645147862628|1.4468615744652e-48'],
	[ 'telco', 'term', 'internetNo', '-2.6433733912257|0.17631093015777|-14.992680197764|8.1977209267668e-51'],
	[ 'telco', 'term', 'paperless', '0.18918451564212|0.055867174440804|3.3863269001116|0.00070834948627474'],
	[ 'telco', 'term', 'partner', '-0.58648404792217|0.050059594231434|-11.715717175228|1.0589135079942e-31'],
	[ 'telco', 'term', 'senior', '-0.041883943697687|0.054814920540573|-0.76409749908668|0.44480914255545'],
	[ 'telco', 'fit', '', '-15653.039635111|-14122.52153933|0.8410210179699|0.0037785531397832'],
	[ 'telco', 'tests', '', '3061.0361915631|1666.290309752|2757.9417118121'],
	[ 'telco', 'km', 'charges', '109.94303724638|1|1.0084743442208e-25'],
	[ 'telco', 'km', 'contract', '92.229789285275|2|9.3876247902497e-21'],
	[ 'telco', 'km', 'internet', '40.312655614062|2|1.7628609515022e-09'],
	[ 'telco', 'km', 'paperless', '3.8117655253577|1|0.050893778399066'],
	[ 'telco', 'km', 'partner', '24.022331872545|1|9.5224806911963e-07'],
	[ 'telco', 'km', 'senior', '0.52609077169414|1|0.46825503307331'],
	[ 'telco', 'km', 'GLOBAL', '248.66866350284|8|3.2993476690107e-49'],
	[ 'telco', 'rank', 'charges', '98.370806904593|1|3.4693627486775e-23'],
	[ 'telco', 'rank', 'contract', '96.427125392952|2|1.1511071937761e-21'],
	[ 'telco', 'rank', 'internet', '33.825615348539|2|4.5171129851812e-08'],
	[ 'telco', 'rank', 'paperless', '2.8505327792738|1|0.091343661525229'],
	[ 'telco', 'rank', 'partner', '21.975192063294|1|2.7619753004895e-06'],
	[ 'telco', 'rank', 'senior', '0.2962541147104|1|0.58624034044869'],
	[ 'telco', 'rank', 'GLOBAL', '240.42224321651|8|1.8430560335992e-47'],
	[ 'telco', 'identity', 'charges', '79.274112476061|1|5.4063487967917e-19'],
	[ 'telco', 'identity', 'contract', '99.05125893833|2|3.0995054816077e-22'],
	[ 'telco', 'identity', 'internet', '24.501786357388|2|4.7808453353648e-06'],
	[ 'telco', 'identity', 'paperless', '1.3788585884325|1|0.24029566693539'],
	[ 'telco', 'identity', 'partner', '17.793282592|1|2.4625110706622e-05'],
	[ 'telco', 'identity', 'senior', '0.021963903199357|1|0.88218316605115'],
	[ 'telco', 'identity', 'GLOBAL', '220.34435937471|8|3.2566677322982e-43'],
);

# A file as columns of text, under its own names.
sub load
{
	my ($table, $file) = @_;
	open(my $in, '<', $file) or die "$file: $!";
	my $head = <$in>;
	close($in);
	$head =~ s/[\r\n"]//g;
	my $columns = join(', ', map { qq{"\L$_" text} } split(/,/, $head));
	query("CREATE TABLE $table ($columns)");
	$node->safe_psql('postgres', "\\copy $table FROM '$file' (FORMAT csv, HEADER)");
	return;
}

sub near
{
	my ($got, $want, $tolerance) = @_;
	my @got = split /\|/, $got, -1;
	my @want = split /\|/, $want, -1;
	return @got == @want && !grep { !($got[$_] ne '' && abs($got[$_] - $want[$_]) <= $tolerance * abs($want[$_])) } 0 .. $#want;
}

SKIP:
{
	my @files = map { "$data/$_" } qw(survival_lung.csv survival_waltons.csv telco_customer_churn.csv);
	my ($absent) = grep { !-r } @files;
	skip "no $absent", scalar(@r) + 1 if $absent;
	load($_->[0], $_->[1]) for [ 'lung', $files[0] ], [ 'waltons', $files[1] ], [ 'telco', $files[2] ];
	query(
		q{
		CREATE TABLE fits AS
		SELECT 'lung' AS name, hazard_model("time"::float8, status = '2', jsonb_build_object('age', age::int, 'ph.ecog', nullif("ph.ecog", 'NA')::int, 'sex', sex::int)) AS m FROM lung
		UNION ALL SELECT 'lung by sex', hazard_model("time"::float8, status = '2', jsonb_build_object('age', age::int, 'ph.ecog', nullif("ph.ecog", 'NA')::int, 'sex', sex), '{"strata": "sex"}') FROM lung
		UNION ALL SELECT 'waltons', hazard_model(t::float8, e = '1', jsonb_build_object('group', "group")) FROM waltons
		UNION ALL SELECT 'telco', hazard_model(tenure::float8, churn = 'Yes', jsonb_build_object('charges', monthlycharges::numeric, 'contract', contract, 'internet', internetservice,
			'paperless', paperlessbilling = 'Yes', 'partner', partner = 'Yes', 'senior', seniorcitizen::int)) FROM telco});
	is(query('SELECT string_agg(status || left_out, \' \' ORDER BY name) FROM fits, model_fit(m)'), 'converged1 converged1 converged0 converged0', 'real data: fits');
	my %got = map { my ($key, $values) = split /=/, $_, 2; ($key => $values) } split /\n/, query(
		q{
		SELECT name || '/term/' || covariate || coalesce(level, '') || '=' || concat_ws('|', coefficient, std_error, z, p_value) FROM fits, hazard_ratios(m)
		UNION ALL SELECT name || '/fit/=' || concat_ws('|', log_likelihood_null, log_likelihood, concordance, concordance_error) FROM fits, model_fit(m)
		UNION ALL SELECT name || '/tests/=' || concat_ws('|', likelihood_ratio, wald, score) FROM fits, model_fit(m)
		UNION ALL SELECT name || '/' || t || '/' || coalesce(covariate, 'GLOBAL') || '=' || concat_ws('|', chi_square, degrees_of_freedom, p_value)
			FROM fits, unnest('{km,rank,identity}'::text[]) AS t, proportional_hazards_test(m, t)});
	for my $row (@r)
	{
		my ($name, $what, $term, $want) = @$row;
		my $got = $got{"$name/$what/$term"} // '';
		ok(near($got, $want, 1e-8), "R: $name, $what $term") or diag("got $got, expected $want");
	}
}

$node->stop;
done_testing();
