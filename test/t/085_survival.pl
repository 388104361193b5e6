# Survival curves and contract models: against Kaplan and Meier's estimate in
# plain SQL on random data, whatever the order of rows, the workers and the
# parts; then on real data against R's survival and published fits.
#
# The real files are not part of the project: RETENTION_SHARED names the folder
# that holds them in data/.  Other random data: any other RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $source = $ENV{RETENTION_SOURCE} || '.';
my $data = ($ENV{RETENTION_SHARED} || "$source/../shared") . '/data';

my $node = PostgreSQL::Test::Cluster->new('survival');
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

# Numbers separated by |, each within a relative tolerance; '' is NULL.
sub near
{
	my ($sql, $expected, $tolerance, $name) = @_;
	my @got = split /\|/, query($sql), -1;
	my @want = split /\|/, $expected, -1;
	my $bad = @got == @want ? '' : 'number of columns';
	for my $i (0 .. $#want)
	{
		next if $bad;
		if ($want[$i] eq '' || $got[$i] eq '')
		{
			$bad = "column $i" if $got[$i] ne $want[$i];
		}
		elsif (!(abs($got[$i] - $want[$i]) <= $tolerance * abs($want[$i])))
		{
			$bad = "column $i";
		}
	}
	ok($bad eq '', $name) or diag("$bad: got @got, expected @want");
	return;
}

##################################################################
# Random data: times with many ties and times with none, weights
##################################################################

query(
	qq{
	SELECT setseed(@{[ 1 / (1 + $seed) ]});
	CREATE TABLE lives AS
	SELECT i, (random() ^ 2 * 60)::int AS whole, random() * 40 AS fraction, random() < 0.4 AS churned,
		(random() * 4)::int AS weight, (random() * 5)::int AS part
	FROM generate_series(1, 20000) i;
	ANALYZE lives});

# The definition: those at risk at t are those whose time is t or more.
sub plain_sql
{
	my ($time, $weight, $filter) = @_;
	return qq{
	SELECT at_time, at_risk, events, censored,
		CASE WHEN min(at_risk - events) OVER w > 0 THEN exp(sum(ln(CASE WHEN at_risk > events THEN 1 - events / at_risk::numeric ELSE 1 END)) OVER w) ELSE 0 END AS survival,
		sum(events / at_risk::numeric) OVER w AS hazard,
		sum(CASE WHEN at_risk > events THEN events / (at_risk::numeric * (at_risk - events)) END) OVER w AS variance
	FROM (
		SELECT at_time, sum(events + censored) OVER (ORDER BY at_time DESC) AS at_risk, events, censored
		FROM (
			SELECT $time AS at_time, sum($weight) FILTER (WHERE churned) AS e, sum($weight) FILTER (WHERE NOT churned) AS c
			FROM lives WHERE $filter GROUP BY 1 HAVING sum($weight) > 0) g,
			LATERAL (SELECT coalesce(e, 0) AS events, coalesce(c, 0) AS censored) z) r
	WINDOW w AS (ORDER BY at_time)};
}

for my $case (
	[ 'whole times', 'whole', '1', 'true', 'survival_curve(whole, churned)' ],
	[ 'weights', 'whole', 'weight', 'true', 'survival_curve(whole, churned, weight)' ],
	[ 'no ties', 'fraction', '1', 'i <= 2000', 'survival_curve(fraction, churned)' ],
	[ 'weights, no ties', 'fraction', 'weight', 'i <= 2000', 'survival_curve(fraction, churned, weight)' ])
{
	my ($name, $time, $weight, $filter, $call) = @$case;
	is( query(
			qq{
		WITH want AS (@{[ plain_sql($time, $weight, $filter) ]}),
		got AS (SELECT p.* FROM (SELECT $call AS curve FROM lives WHERE $filter) c, survival_points(curve) p)
		SELECT count(*) > 50, count(*) FILTER (WHERE g.at_time IS NULL OR w.at_time IS NULL
			OR (g.at_risk, g.events, g.censored) IS DISTINCT FROM (w.at_risk, w.events, w.censored)
			OR abs(g.survival - w.survival) > 1e-11
			OR abs(g.cumulative_hazard - w.hazard) > 1e-11 * w.hazard
			OR (w.survival > 0 AND abs(g.std_error - w.survival * sqrt(w.variance)) > 1e-11)
			OR (w.survival = 0) IS DISTINCT FROM (g.std_error IS NULL))
		FROM got g FULL JOIN want w USING (at_time)}),
		't|0', "plain SQL: $name");
}

is( query(
		q{
	SELECT count(*) FILTER (WHERE abs(p.survival - e.left_after) > 1e-14)
	FROM (SELECT survival_curve(whole, true) AS curve FROM lives) c, survival_points(curve) p,
		LATERAL (SELECT count(*) FILTER (WHERE whole > p.at_time) / count(*)::float8 AS left_after FROM lives) e}),
	'0', 'nobody censored: the share of longer lives');
is( query(
		q{
	SELECT survival_curve(whole, churned, weight) = (SELECT survival_curve(whole, churned) FROM lives, generate_series(1, weight))
	FROM lives}),
	't', 'weights are repeated rows');

##################################################################
# The same bytes
##################################################################

for my $call ('survival_curve(whole, churned)', 'survival_curve(fraction, churned, weight)', "contract_model('sbg', whole + 1, churned)")
{
	my $md5 = "md5((curve)::text)";
	my $whole = query("SELECT $md5 FROM (SELECT $call AS curve FROM lives) s");

	is(query("SELECT $md5 FROM (SELECT $call AS curve FROM (SELECT * FROM lives ORDER BY md5(i::text)) r) s"), $whole, "$call: rows in another order");
	like(query("SET max_parallel_workers_per_gather = 3; EXPLAIN SELECT $call FROM lives"), qr/Partial Aggregate/, "$call: parallel plan");
	is(query("SET max_parallel_workers_per_gather = 3; SELECT $md5 FROM (SELECT $call AS curve FROM lives) s"), $whole, "$call: workers");
	next if $call =~ /contract/;
	is(query("SELECT $md5 FROM (SELECT rollup(c) AS curve FROM (SELECT $call AS c FROM lives GROUP BY part) p) s"), $whole, "$call: rollup of parts");
	is( query("SET max_parallel_workers_per_gather = 3; CREATE TEMP TABLE p AS SELECT part, $call AS c FROM lives GROUP BY part; SELECT $md5 FROM (SELECT rollup(c) AS curve FROM p) s"),
		$whole, "$call: rollup of stored parts");
	query(
		qq{
		CREATE TABLE stored AS SELECT $call AS curve FROM lives;
		CREATE TABLE copied (curve survival_curve)});
	my $file = $node->basedir . '/curve.bin';
	query("COPY stored TO '$file' (FORMAT binary); COPY copied FROM '$file' (FORMAT binary)");
	is(query('SELECT s.curve = c.curve, s.curve = s.curve::text::survival_curve FROM stored s, copied c'), 't|t', "$call: binary copy, text");
	query('DROP TABLE stored, copied');
}

# A damaged value is refused, or is another value; it never does harm.
for my $type ([ 'survival_curve', q{(SELECT survival_curve(fraction, churned) FROM lives WHERE i <= 6)}, 'survival_points' ],
	[ 'survival_curve', q{(SELECT survival_curve(whole, churned) FROM lives WHERE i <= 6)}, 'survival_points' ],
	[ 'contract_model', q{(SELECT contract_model('bdw', whole + 1, churned) FROM lives)}, 'model_fit' ])
{
	my ($name, $value, $reader) = @$type;
	my $send = $name eq 'survival_curve' ? 'survival_curve_send' : 'contract_model_send';
	my $hex = substr(query("SELECT $send($value)"), 2);
	my $length = length($hex) / 2;
	my ($refused, $taken, $other) = (0, 0, 0);
	my $file = $node->basedir . '/damaged.bin';

	srand($seed);
	query("CREATE TABLE damaged (v $name)");
	for my $try (1 .. 60)
	{
		my $bytes = pack('H*', $hex);
		if ($try % 6 == 0) { $bytes = substr($bytes, 0, int(rand($length))); }
		elsif ($try % 6 == 1) { $bytes .= chr(int(rand(256))); }
		else { substr($bytes, int(rand($length)), 1) = chr(int(rand(256))); }
		open(my $out, '>:raw', $file) or die "$file: $!";
		print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), pack('nN', 1, length($bytes)), $bytes, pack('n', 0xFFFF);
		close($out);
		my ($code, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nTRUNCATE damaged;\nCOPY damaged FROM '$file' (FORMAT binary);\nSELECT count(*) FROM damaged, $reader(v)");
		if ($stderr =~ /22P03|22P02/) { $refused++; }
		elsif ($code == 0 && $stderr eq '') { $taken++; }
		else { $other++; diag($stderr); }
	}
	ok($refused > 20 && $other == 0, "$name: $refused damaged values refused, $taken read as others, nothing else");
	query('DROP TABLE damaged');
}

# Many small groups stay small; a long query can be stopped.
is(query("SELECT count(*) FROM (SELECT survival_curve(whole, churned) FROM lives GROUP BY i % 10000) s"), '10000', 'many small groups');
my (undef, undef, $stderr) = $node->psql('postgres', "SET statement_timeout = 300; SELECT survival_curve(random(), true) FROM generate_series(1, 100000000)");
like($stderr, qr/statement timeout/, 'a timeout is honoured');
# a fit to so many periods takes many seconds
(undef, undef, $stderr) = $node->psql('postgres', "SET statement_timeout = 1500; SELECT contract_model('bdw', i, c) FROM generate_series(1, 200000) i, (VALUES (true), (false)) v (c)");
like($stderr, qr/statement timeout/, 'and in the middle of a fit');

# A contract is found back from data made by the model.
query(
	q{
	CREATE TABLE contracts AS
	SELECT least(t, seen) AS periods, t <= seen AS churned
	FROM (SELECT i, (i % 12) + 1 AS seen, (SELECT min(n) FROM generate_series(1, 12) n WHERE survival('{"kind": "bdw", "parameters": {"alpha": 0.8, "beta": 3, "c": 1.4}}', n) < ((i * 7919) % 100003) / 100003.0) AS t
		FROM generate_series(1, 60000) i) s});
near(q{SELECT string_agg(round(estimate::numeric, 2)::text, '|' ORDER BY name) FROM (SELECT contract_model('bdw', coalesce(periods, 12), coalesce(churned, false)) AS m FROM contracts) s, model_parameters(m)},
	'0.8|3|1.4', 0.1, 'bdw found back from its own data');

##################################################################
# Real data
##################################################################

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

# What R's survival 3.5-3 says of these files.
sub check_r
{
	load($_, "$data/survival_$_.csv") for qw(aml lung waltons);
	query(
		q{
		CREATE TABLE r AS
		SELECT 'aml' AS name, survival_curve("time"::int, status = '1') AS c FROM aml
		UNION ALL SELECT 'lung', survival_curve("time"::int, status = '2') FROM lung
		UNION ALL SELECT 'lung ' || sex, survival_curve("time"::int, status = '2') FROM lung GROUP BY sex
		UNION ALL SELECT 'waltons ' || "group", survival_curve(t::float8, e = '1') FROM waltons GROUP BY "group";
		CREATE FUNCTION s(curve text, at float8) RETURNS float8 LANGUAGE sql AS $$
			SELECT survival FROM r, survival_points(c) WHERE name = curve AND at_time <= at ORDER BY at_time DESC LIMIT 1 $$});
	near("SELECT s('aml', 5), s('aml', 13), s('aml', 23), s('aml', 48)", '.913043478|.695652174|.546583851|.082815735', 1e-8, 'P59 aml');
	near("SELECT s('lung', 100), s('lung', 180), s('lung', 365), s('lung', 500), s('lung', 883)",
		'.8639689676452|.7216706534098|.4092416244601|.2932691937116|.0503455680708', 1e-11, 'P60 lung');
	near("SELECT low, high FROM r, survival_points(c) WHERE name = 'lung' AND at_time = 364", '.3387142690883|.478380767647', 1e-11, 'P60 bounds');
	near("SELECT a.estimate, a.low, a.high, b.estimate, d.estimate FROM r, lifetime_quantile(c, 0.5) a, lifetime_quantile(c, 0.25) b, lifetime_quantile(c, 0.75) d WHERE name = 'lung'",
		'310|284|361|170|550', 0, 'P60 median and quartiles');
	near("SELECT estimate, std_error FROM r, mean_lifetime(c, 365) WHERE name = 'lung'", '263.22186648201|7.79885908631', 1e-10, 'P61 restricted mean');
	near("SELECT l.* FROM (SELECT array_agg(c) AS cs FROM r WHERE name LIKE 'lung _') s, log_rank(VARIADIC cs) l", '10.32674195488563|1|.00131116452036', 1e-10, 'P61 log-rank');
	near("SELECT q.*, s('waltons control', 40) FROM r, lifetime_quantile(c, 0.5) q WHERE name = 'waltons control'", '58|56|60|.9531831776842', 1e-10, 'P66 control');
	near("SELECT q.*, s('waltons miR-137', 40) FROM r, lifetime_quantile(c, 0.5) q WHERE name = 'waltons miR-137'", '26|19|29|.1176470588235', 1e-10, 'P66 miR-137');
	near("SELECT chi_square FROM (SELECT array_agg(c) AS cs FROM r WHERE name LIKE 'waltons%') s, log_rank(VARIADIC cs)", '122.249125573', 1e-10, 'P66 log-rank');
	return;
}

sub check_telco
{
	load('telco', "$data/telco_customer_churn.csv");
	query(
		q{
		CREATE TABLE t AS SELECT contract, survival_curve(tenure::int, churn = 'Yes') AS c FROM telco GROUP BY contract;
		CREATE TABLE telco_all AS SELECT rollup(c) AS c FROM t});
	near("SELECT string_agg(survival::text, '|' ORDER BY at_time) FROM telco_all, survival_points(c) WHERE at_time IN (12, 24, 48, 72)",
		'.843199553816|.788736398371|.708840184346|.592790152052', 1e-10, 'P65 survival');
	near("SELECT low, high FROM telco_all, survival_points(c) WHERE at_time = 72", '.573062891004|.611936209193', 1e-10, 'P65 bounds');
	near("SELECT string_agg(coalesce(q.estimate::text, '') || '|' || coalesce(q.low::text, '') || '|' || coalesce(q.high::text, ''), '|' ORDER BY contract) FROM t, lifetime_quantile(c, 0.5) q",
		'35|32|38||72||||', 0, 'P65 medians by contract');
	near("SELECT survival, low, high FROM t, survival_points(c) WHERE contract LIKE 'Month%' AND at_time = 24", '.585915473905|.5675542366331|.603789138933', 1e-10, 'P65 month to month');
	near("SELECT chi_square, degrees_of_freedom FROM (SELECT array_agg(c) AS cs FROM t) s, log_rank(VARIADIC cs)", '2352.87253826|2', 1e-10, 'P65 log-rank');
	near("SELECT estimate FROM telco_all, mean_lifetime(c, 60)", '46.81735187333', 1e-10, 'P65 restricted mean');
	is( query("SELECT (SELECT c FROM telco_all) = survival_curve(tenure, churned, n) FROM (SELECT tenure::int, churn = 'Yes' AS churned, count(*) AS n FROM telco GROUP BY 1, 2) g"),
		't', 'P65 grouped rows with weights');
	return;
}

# Survival and discounted lifetimes to 17 digits.
sub check_reference
{
	load('reference', "$data/ref_values_contract_spend.csv");
	query(
		q{
		CREATE VIEW known AS
		SELECT fn, t::int, n::int, d::float8, value::float8, format('{"kind": "%s", "parameters": {"alpha": %s, "beta": %s%s}}',
			left(fn, 3), alpha_or_args, beta, ', "c": ' || c)::contract_model AS m
		FROM reference WHERE fn LIKE 'sbg%' OR fn LIKE 'bdw%'});
	is( query(
			q{
		SELECT count(*), count(*) FILTER (WHERE NOT abs(got / value - 1) < 1e-10)
		FROM (SELECT value, CASE WHEN fn LIKE '%survival' THEN survival(m, t)
			WHEN n = 1 THEN (expected_lifetime(m, d) - 1) * (1 + d) ELSE expected_lifetime(m, d, n - 1) END AS got
			FROM known OFFSET 0) s}),
		'24|0', 'P67 survival and lifetimes');
	return;
}

for my $part (
	[ \&check_r, 9, map { "survival_$_.csv" } qw(aml lung waltons) ],
	[ \&check_telco, 7, 'telco_customer_churn.csv' ],
	[ \&check_reference, 1, 'ref_values_contract_spend.csv' ])
{
	my ($check, $tests, @files) = @$part;
  SKIP:
	{
		my ($absent) = grep { !-r "$data/$_" } @files;
		skip "no $absent in the data folder of RETENTION_SHARED", $tests if $absent;
		$check->();
	}
}

done_testing();
