# Fitted models: published values on real data, the optimizer on its own,
# parallel plans, damaged values, cancelled fits, memory.
#
# The data are not part of the project: RETENTION_SHARED names the folder that
# holds them in data/.  Values marked with P are those of the literature, or
# computed independently at many digits.
use strict;
use warnings FATAL => 'all';

use Config;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";
my $data = "$shared/data";

my $node = PostgreSQL::Test::Cluster->new('models');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
jit = off
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('postgres', $query);
}

# SQLSTATE of a statement, '' when it succeeds.
sub state_of
{
	my ($query) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$query");
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : $err;
}

# A row of numbers against those wanted, relatively or else absolutely.
sub close_to
{
	my ($row, $want, $within, $name, $absolute) = @_;
	my @got = split /\|/, $row;
	my @far;
	is(scalar @got, scalar @$want, "$name: as many numbers");
	for my $i (0 .. $#$want)
	{
		my $scale = $absolute ? 1 : abs($want->[$i]);
		push @far, "$got[$i] for $want->[$i]" unless defined $got[$i] && $got[$i] ne '' && abs($got[$i] - $want->[$i]) <= $within * $scale;
	}
	is(join(', ', @far), '', $name);
}

sub load
{
	my ($table, @rows) = @_;
	sql("COPY $table FROM STDIN;\n" . join("\n", @rows) . "\n\\.\n");
}

sub lines
{
	my ($file) = @_;
	return split /\r?\n/, slurp_file("$data/$file");
}

# parameters, or their standard errors, of a model in a table's only row
sub parameters
{
	my ($model, $what) = @_;
	return sql("SELECT string_agg($what\::text, '|' ORDER BY n) FROM ($model) q (m), model_parameters(m) WITH ORDINALITY p (name, estimate, standard_error, n)");
}

##################################################################
# Points computed at 40 to 110 digits
##################################################################

SKIP:
{
	skip 'no reference values in the data folder of RETENTION_SHARED', 5
	  unless -r "$data/ref_values_transactions.csv" && -r "$data/ref_values_contract_spend.csv";
	sql('CREATE TABLE points (fn text, r numeric, alpha numeric, a numeric, b numeric, s numeric, beta numeric, x bigint, tx float8, age float8, t float8, value float8)');
	my (undef, @points) = lines('ref_values_transactions.csv');
	load('points', map { join "\t", map { $_ eq '' ? '\N' : $_ } split /,/, $_, -1 } @points);
	is(sql('SELECT count(*) FROM points'), 108, 'points of purchase models');
	my $got = q{
		SELECT fn, value, CASE
			WHEN fn LIKE '%_loglik' THEN log_likelihood(m, x, tx, age)
			WHEN fn LIKE '%_palive' THEN p_alive(m, x, tx, age)
			WHEN fn LIKE '%_cet' THEN expected_purchases(m, t, x, tx, age)
			WHEN fn = 'pnbd_dert_d0.0027' THEN discounted_expected_purchases(m, exp(0.0027::float8 * 365 / 7) - 1, x, tx, age) END AS got
		FROM points, LATERAL (SELECT CASE
			WHEN fn LIKE 'pnbd%' THEN json_build_object('kind', 'pareto/nbd', 'unit', 'week', 'parameters', json_build_object('r', r, 'alpha', alpha, 's', s, 'beta', beta))
			ELSE json_build_object('kind', CASE WHEN fn LIKE 'mbg%' THEN 'mbg/nbd' ELSE 'bg/nbd' END, 'parameters', json_build_object('r', r, 'alpha', alpha, 'a', a, 'b', b)) END
			::text::purchase_model AS m) m};
	is(sql("SELECT count(*) FROM ($got) g WHERE abs(got - value) <= 1e-10 * abs(value)"), 108, 'P67: every one to ten digits');
	note('largest relative difference: ' . sql("SELECT max(abs(got - value) / abs(value)) FROM ($got) g"));
	my @spend = grep { /^gg_/ } lines('ref_values_contract_spend.csv');
	is(scalar @spend, 16, 'points of the spend model');
	my @far;
	for (@spend)
	{
		my ($fn, $p, $q, $gamma, $x, $m, $value) = /^(\w+),p=(\S+) q=(\S+) gamma=(\S+) x=(\S+) m=([^,]+),+([^,]+)$/;
		my $function = $fn eq 'gg_loglik' ? 'log_likelihood' : 'expected_spend';
		my $is = sql("SELECT $function('{\"kind\": \"gamma-gamma\", \"parameters\": {\"p\": $p, \"q\": $q, \"gamma\": $gamma}}'::spend_model, $x, $m)");
		push @far, "$_: $is" if abs($is - $value) > 1e-10 * abs($value);
	}
	is(join("\n", @far), '', 'P67: every one to ten digits');
}

##################################################################
# CDNOW, the 1/10 sample: 2,357 customers, 39 weeks to fit, 39 to predict
##################################################################

SKIP:
{
	skip 'no CDNOW data in the data folder of RETENTION_SHARED', 66
	  unless -r "$data/CDNOW_sample.txt" && -r "$data/cdnow_customers_summary_with_transactions.csv";
	sql('CREATE TABLE purchases (customer int, at date, dollars numeric)');
	load('purchases', map { my @f = split ' '; @f == 5 ? join("\t", @f[ 1, 2, 4 ]) : () } lines('CDNOW_sample.txt'));
	sql(q{
		CREATE TABLE days AS SELECT customer, at, sum(dollars) AS dollars, min(at) OVER (PARTITION BY customer) AS first_at FROM purchases GROUP BY customer, at;
		CREATE TABLE customers AS
		SELECT customer, count(*) FILTER (WHERE at < '1997-10-01') - 1 AS x,
			(max(at) FILTER (WHERE at < '1997-10-01') - first_at) / 7.0::float8 AS tx, (date '1997-09-30' - first_at) / 7.0::float8 AS age,
			avg(dollars) FILTER (WHERE at < '1997-10-01' AND at > first_at) AS m, count(*) FILTER (WHERE at >= '1997-10-01') AS later
		FROM days GROUP BY customer, first_at;
		ANALYZE customers;});
	is(sql('SELECT count(*), sum(x), count(*) FILTER (WHERE x > 0), sum(later), min(age), round(max(age)::numeric, 3) FROM customers'),
		'2357|2457|946|1882|27|38.857', 'the data set is the one described');

	my %fit = map { $_ => "SELECT purchase_model('$_', x, tx, age, 'week') FROM customers" } 'bg/nbd', 'mbg/nbd', 'pareto/nbd';
	close_to(parameters($fit{'bg/nbd'}, 'estimate'), [ 0.24259452, 4.4136020, 0.7929220, 2.4259068 ], 1e-5, 'P1: BG/NBD');
	close_to(sql("SELECT log_likelihood FROM ($fit{'bg/nbd'}) q (m), model_fit(m)"), [-9582.42920667], 1e-6, 'P1: its log-likelihood', 1);
	close_to(parameters($fit{'pareto/nbd'}, 'estimate'), [ 0.5532770, 10.577683, 0.6062400, 11.668735 ], 1e-5, 'P5: Pareto/NBD');
	close_to(sql("SELECT log_likelihood FROM ($fit{'pareto/nbd'}) q (m), model_fit(m)"), [-9594.97617894], 1e-6, 'P5: its log-likelihood', 1);
	close_to(parameters($fit{'pareto/nbd'}, 'standard_error'), [ 0.0476279, 0.842723, 0.187281, 6.21111 ], 1e-4, 'P6: standard errors');
	close_to(parameters($fit{'mbg/nbd'}, 'estimate'), [ 0.524843, 6.183086, 0.891359, 1.614002 ], 1e-5, 'P7: MBG/NBD');
	close_to(parameters($fit{'mbg/nbd'}, 'standard_error'), [ 0.083268, 0.695621, 0.154790, 0.537495 ], 1e-4, 'P7: standard errors');
	close_to(sql("SELECT log_likelihood FROM ($fit{'mbg/nbd'}) q (m), model_fit(m)"), [-9582.13571555], 1e-6, 'P7: its log-likelihood', 1);
	my $correlation = join ', ', map { "(c #>> '{$_->[0],$_->[1]}')::float8 / sqrt((c #>> '{$_->[0],$_->[0]}')::float8 * (c #>> '{$_->[1],$_->[1]}')::float8)" } [ 0, 1 ], [ 0, 2 ], [ 0, 3 ], [ 1, 2 ], [ 1, 3 ], [ 2, 3 ];
	close_to(sql("SELECT $correlation FROM (SELECT m::json -> 'covariance' AS c FROM ($fit{'bg/nbd'}) q (m)) c"),
		[ .7804, -.0377, .0074, -.0408, .0394, .9405 ], 1e-3, 'P4: correlation of the estimates', 1);
	is(sql("SELECT bool_and(identified), min(status), max(status), min(customers), max(distinct_rows) FROM ("
			. join(' UNION ALL ', values %fit) . ') q (m), model_fit(m)'), 't|converged|converged|2357|1016', 'what the fits say');

	my $spend = 'SELECT spend_model(x, m) FROM customers';
	close_to(parameters($spend, 'estimate'), [ 6.249572, 3.744225, 15.443521 ], 1e-5, 'P9: Gamma-Gamma');
	close_to(parameters($spend, 'standard_error'), [ 1.19005, .290133, 4.15942 ], 1e-4, 'P9: standard errors');
	close_to(sql("SELECT log_likelihood, correlation, customers FROM ($spend) q (m), model_fit(m)"), [ -4055.917695, 0.1139, 946 ], 1e-4, 'P9: log-likelihood, correlation', 1);

	# log-likelihoods of given parameters
	my $given = sub {
		my ($kind, $names, $rows, @values) = @_;
		my $type = $kind eq 'gamma-gamma' ? 'spend_model' : 'purchase_model';
		my $parameters = join ', ', map { "\"$names->[$_]\": $values[$_]" } 0 .. $#values;
		return sql("SELECT sum(log_likelihood('{\"kind\": \"$kind\", \"parameters\": {$parameters}}'::$type, $rows)) FROM customers WHERE x > 0 OR '$type' = 'purchase_model'");
	};
	my @bg = ([qw(r alpha a b)], 'x, tx, age');
	my @pareto = ([qw(r alpha s beta)], 'x, tx, age');
	my @gamma = ([qw(p q gamma)], 'x, m');
	close_to(join('|', map { $given->('bg/nbd', @bg, @$_) } [ 1, 1, 1, 1 ], [ .5, 6, 1.2, 3.3 ], [ .243, 4.414, .793, 2.426 ]),
		[ -13887.712624944, -9783.4442856196, -9582.4304780137 ], 1e-12, 'P24: log-likelihoods, BG/NBD');
	close_to(join('|', map { $given->('mbg/nbd', @bg, @$_) } [ 1, 1, 1, 1 ], [ .525, 6.183, .891, 1.614 ]),
		[ -10492.516568039, -9582.1358262022 ], 1e-12, 'P25: MBG/NBD');
	close_to(join('|', map { $given->('pareto/nbd', @pareto, @$_) } [ 1, 1, 1, 1 ], [ .5, 15, .5, 10 ], [ .553, 10.578, .606, 11.669 ]),
		[ -12032.187262114, -9655.9695537795, -9594.9762592726 ], 1e-11, 'P26: Pareto/NBD');
	close_to(join('|', map { $given->('gamma-gamma', @gamma, @$_) } [ 1, 1, 1 ], [ 6.25, 3.74, 15.44 ]),
		[ -6350.8692772697, -4055.9192320495 ], 1e-11, 'P27: Gamma-Gamma');

	# predictions of the next 39 weeks and what happened
	close_to(sql('SELECT ' . join(', ', map { "sum(expected_purchases(($fit{$_}), 39, x, tx, age)), sum(p_alive(($fit{$_}), x, tx, age))" } 'bg/nbd', 'pareto/nbd', 'mbg/nbd') . ' FROM customers'),
		[ 1653.4087, 1917.2777, 1665.5131, 1051.8752, 1576.729, 1057.637 ], 1e-6, 'P56: purchases expected, customers alive');
	my $by = "SELECT string_agg(%s::text, '|' ORDER BY bin) FROM (SELECT least(x, 7) AS bin, count(*) AS n, avg(later) AS later, avg(expected_purchases(b, 39, x, tx, age)) AS bg, avg(expected_purchases(p, 39, x, tx, age)) AS pareto FROM customers, ($fit{'bg/nbd'}) q (b), ($fit{'pareto/nbd'}) r (p) GROUP BY 1) g";
	is(sql(sprintf $by, 'n'), '1411|439|214|100|62|38|29|64', 'P57: customers by frequency');
	close_to(sql(sprintf $by, 'later'), [ .237, .697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359 ], 1e-3, 'P57: what they bought later', 1);
	close_to(sql(sprintf $by, 'pareto'), [ .138, .600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403 ], 1e-3, 'P57: what Pareto/NBD expected', 1);
	close_to(sql(sprintf $by, 'bg'), [ .2251, .5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570 ], 1e-3, 'P57: what BG/NBD expected', 1);

	# the same from the transaction log through timelines, by the script of the
	# demo; what it prints is in order of its steps
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAqt', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-f', "$source/test/demo/cdnow.sql" ],
		'<', "$data/CDNOW_sample.txt", '>', \$out, '2>', \$err);
	is($err, '', 'the demo of CDNOW runs');
	my @printed = grep { /\|/ } split /\n/, $out;
	my @estimates = map { [ split /\|/ ] } grep { /^[a-z]/ } @printed;
	my @numbers = grep { /^[0-9]/ } @printed;
	is($numbers[0], '2357|2457|946|1882', 'timelines: the data');
	my $estimates = sub { my ($kind) = @_; return join('|', map { $_->[2] } grep { $_->[0] eq $kind } @estimates); };
	close_to($estimates->('bg/nbd'), [ 0.24259452, 4.4136020, 0.7929220, 2.4259068 ], 1e-5, 'P1 from timelines');
	close_to($estimates->('pareto/nbd'), [ 0.5532770, 10.577683, 0.6062400, 11.668735 ], 1e-5, 'P5 from timelines');
	close_to($estimates->('mbg/nbd'), [ 0.524843, 6.183086, 0.891359, 1.614002 ], 1e-5, 'P7 from timelines');
	close_to($estimates->('gamma-gamma'), [ 6.249572, 3.744225, 15.443521 ], 1e-5, 'P9 from timelines');
	close_to($numbers[1], [ 1882, 1653.4087, 1576.729, 1665.5131, 1917.2777, 1057.637, 1051.8752 ], 1e-6, 'P56 from timelines');
	my @bins = map { [ split /\|/ ] } @numbers[ 2 .. 9 ];
	is(join('|', map { $_->[1] } @bins), '1411|439|214|100|62|38|29|64', 'P57 from timelines: customers by frequency');
	close_to(join('|', map { $_->[2] } @bins), [ .237, .697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359 ], 1.001e-3, 'P57 from timelines: what they bought later', 1);
	close_to(join('|', map { $_->[5] } @bins), [ .138, .600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403 ], 1.001e-3, 'P57 from timelines: what Pareto/NBD expected', 1);
	close_to(join('|', map { $_->[3] } @bins), [ .2251, .5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570 ], 1.001e-3, 'P57 from timelines: what BG/NBD expected', 1);

	# every prediction of a timeline is that of its columns
	is( sql(qq{
			SELECT count(*), bool_and(expected_purchases(b, '39 weeks', t, '1997-10-01') = expected_purchases(b, 39, x, tx, age)),
				bool_and(p_alive(p, t, '1997-10-01') = p_alive(p, x, tx, age)), bool_and(p_no_purchase(p, '39 weeks', t, '1997-10-01') = p_no_purchase(p, 39, x, tx, age))
			FROM customers JOIN (SELECT customer, timeline(at, dollars) AS t FROM purchases GROUP BY customer) h USING (customer),
				($fit{'bg/nbd'}) q (b), ($fit{'pareto/nbd'}) r (p)}),
		'2357|t|t|t', 'timelines: predictions of every customer');
	# P52 is of a file with rounded times and means
	close_to(sql(q{
			SELECT string_agg(predicted_ltv('{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.2425929, "alpha": 4.4135313, "a": 0.7928860, "b": 2.4257530}}',
				'{"kind": "gamma-gamma", "parameters": {"p": 6.248803, "q": 3.744589, "gamma": 15.447746}}', t, '1997-10-01', '12 months', 0.12682503)::text, '|' ORDER BY customer)
			FROM (SELECT customer, timeline(at, dollars) AS t FROM purchases WHERE customer IN (1, 2, 3, 6, 7, 9) GROUP BY customer) h}),
		[ 36.278497, 4.6374664, 8.3440924, 283.52359, 6.8814072, 43.353643 ], 1e-3, 'P52 from timelines');

	# the published summary, in weeks of two decimals
	sql('CREATE TABLE summary (customer int, x bigint, tx float8, age float8, m float8)');
	my (undef, @summary) = lines('cdnow_customers_summary_with_transactions.csv');
	load('summary', map { join "\t", split /,/ } @summary);
	my $bg = "SELECT purchase_model('bg/nbd', x, tx, age, 'week') FROM summary";
	close_to(parameters($bg, 'estimate'), [ 0.2425929, 4.4135313, 0.7928860, 2.4257530 ], 1e-5, 'P2: BG/NBD of the summary');
	close_to(sql("SELECT log_likelihood FROM ($bg) q (m), model_fit(m)"), [-9582.42556057], 1e-6, 'P2: its log-likelihood', 1);
	close_to(parameters($bg, 'standard_error'), [ 0.0125573, 0.378221, 0.185719, 0.705345 ], 1e-4, 'P3: standard errors');
	my $gg = 'SELECT spend_model(x, m) FROM summary WHERE x > 0';
	close_to(parameters($gg, 'estimate'), [ 6.248803, 3.744589, 15.447746 ], 1e-5, 'P10: Gamma-Gamma of the summary');
	close_to(sql("SELECT log_likelihood FROM ($gg) q (m), model_fit(m)"), [-4055.923244], 1e-6, 'P10: its log-likelihood', 1);
	close_to(sql("SELECT string_agg(predicted_ltv(m, s, x, tx, age, z, '1997-10-01', '12 months', 0.12682503)::text, '|' ORDER BY customer) FROM (SELECT customer, x, tx, age, m AS z FROM summary WHERE customer IN (1, 2, 3, 6, 7, 9)) c, ($bg) q (m), ($gg) r (s)"),
		[ 36.278497, 4.6374664, 8.3440924, 283.52359, 6.8814072, 43.353643 ], 2e-4, 'P52: predicted value of six customers');

	# kept models of timelines, for what follows
	sql('CREATE TABLE timelines AS SELECT customer, timeline(at, dollars) AS t FROM purchases GROUP BY customer; ANALYZE timelines');
	sql(q{CREATE TABLE kept AS SELECT purchase_model('bg/nbd', t, '1997-10-01', 'week') AS bg, purchase_model('bg/nbd', t, '1997-10-01', 'day') AS days,
		purchase_model('pareto/nbd', t, '1997-10-01', 'week') AS pareto, spend_model(t, '1997-10-01') AS spend FROM timelines});
	my $next = "'39 weeks', t, '1997-10-01'";
	close_to(sql("SELECT sum(expected_purchases(days, $next)) FROM timelines, kept"), [1653.4087], 1e-5, 'P56 in days');
	# days for weeks: times 7, and sum(x) log 7 off the log-likelihood
	close_to(parameters('SELECT days FROM kept', "(estimate / CASE WHEN name = 'alpha' THEN 7 ELSE 1 END)"), [ 0.24259452, 4.4136020, 0.7929220, 2.4259068 ], 1e-5, 'P1 in days');
	close_to(sql('SELECT d.log_likelihood - w.log_likelihood FROM kept, model_fit(days) d, model_fit(bg) w'), [ -2457 * log 7 ], 1e-6, 'P1 in days: the log-likelihood');
	is(sql(q{SELECT bg = (SELECT purchase_model('bg/nbd', frequency, recency, age, 'week') FROM timelines, purchase_summary(t, '1997-10-01', 'week')),
			spend = (SELECT spend_model(frequency, monetary_value) FROM timelines, purchase_summary(t, '1997-10-01')) FROM kept}),
		't|t', 'and the plain columns of purchase_summary make the same models, to the last bit');
	# P52 by its definition, twelve months of so many weeks at 1 % each: equal to the
	# last digit printed with the summary's weeks of two decimals; P53 is the same
	# with months of 30 weeks, which nobody can ask predicted_ltv for.  Timelines
	# have whole days, so theirs is the definition for these, within what calendar
	# months differ from 4.345 weeks.
	my $models = "($bg) q (m), ($gg) r (s)";
	my $defined = "SELECT string_agg(ltv::text, '|' ORDER BY customer) FROM (SELECT customer, expected_spend(s, x, z) * sum((expected_purchases(m, %s * j, x, tx, age) - expected_purchases(m, %1\$s * (j - 1), x, tx, age)) * power(1.01::float8, -j)) AS ltv FROM %s, $models, generate_series(1, 12) j GROUP BY customer, x, z, s) v";
	my $six = 'customer IN (1, 2, 3, 6, 7, 9)';
	my $rounded = "(SELECT customer, x, tx, age, m AS z FROM summary WHERE $six) c";
	my @want = (36.278497, 4.6374664, 8.3440924, 283.52359, 6.8814072, 43.353643);
	close_to(sql(sprintf $defined, 4.345, $rounded), \@want, 1e-5, 'P52: by its definition');
	close_to(sql(sprintf $defined, 30, $rounded), [ 140.09622, 18.943467, 38.180572, 1003.8683, 28.109682, 167.41823 ], 1e-5, 'P53: with months of 30 weeks');
	my $exact = "(SELECT customer, frequency AS x, recency AS tx, age, monetary_value::float8 AS z FROM timelines, purchase_summary(t, '1997-10-01', 'week') WHERE $six) c";
	my $ltv = sql("SELECT string_agg(predicted_ltv(m, s, t, '1997-10-01', '12 months', 0.12682503)::text, '|' ORDER BY customer) FROM timelines, $models WHERE $six");
	close_to($ltv, [ split /\|/, sql(sprintf $defined, 4.345, $exact) ], 2e-4, 'P52 of timelines: the definition, but for the calendar');
	close_to($ltv, \@want, 1e-3, 'P52 of timelines: the value printed, but for the weeks of two decimals');
	is(sql("SELECT string_agg(v.future::text, '|' ORDER BY customer), bool_and(v.past = revenue(t, NULL, '1997-10-01')), bool_and(v.total = v.past + v.future) FROM timelines, $models, customer_ltv(m, s, t, '1997-10-01', '12 months', 0.12682503) v WHERE $six"),
		"$ltv|t|t", 'customer_ltv is that, and what was');
	# these are of weeks with two decimals, too
	my $two = 'FROM timelines, kept, ' . "($bg) q (m) WHERE customer IN (1, 6)";
	close_to(sql("SELECT string_agg(discounted_expected_purchases(m, exp(0.0027::float8 * 365 / 7) - 1, t, '1997-10-01')::text, '|' ORDER BY customer) $two"), [ 5.15646180, 12.6726916 ], 2e-4, 'P54 of timelines: discounted purchases');
	close_to(sql("SELECT string_agg(concat_ws('|', p_alive(pareto, t, '1997-10-01'), expected_purchases(pareto, $next), discounted_expected_purchases(pareto, exp(0.0027::float8 * 365 / 7) - 1, t, '1997-10-01')), '|' ORDER BY customer) $two"),
		[ .8691157, 1.4550989, 6.4820348, .7494116, 3.7116995, 16.534523 ], 2e-4, 'P55 of timelines: Pareto/NBD');

	# the lines of the log-likelihood, from five starts
	SKIP:
	{
		my $program = build('starts', 'src/base/gamma.c', map { "src/models/$_.c" } qw(optimizer optimizer_climb small_matrix special purchase_bgnbd purchase_pareto));
		skip 'no C compiler', 4 unless defined $program;
		my $rows = sql('SELECT x, tx, age, count(*) FROM summary GROUP BY 1, 2, 3 ORDER BY 1, 2, 3');
		$rows =~ tr/|/ /;
		my $out;
		ok(IPC::Run::run([$program], '<', \"$rows\n", '>', \$out), 'fits from five starts');
		note($out);
		for my $kind (0 .. 2)
		{
			my %ends;
			for (grep { /^$kind / } split /\n/, $out)
			{
				my (undef, undef, $status, undef, $value, @p) = split ' ';
				$ends{ join ' ', $status, map { sprintf '%.6g', $_ } $value, @p }++;
			}
			is(join(' ', values %ends), '5', "kind $kind: end at one maximum")
			  or diag(join("\n", keys %ends));
		}
	}
}

##################################################################
# The optimizer on the classic test functions
##################################################################

# A program of test/unit with some sources, or undef without a C compiler.  One
# that does not build fails.  Functions it has no use for are left out, and what
# only they need.
sub build
{
	my ($name, @sources) = @_;
	my $program = PostgreSQL::Test::Utils::tempdir() . "/$name";
	my ($include, $cc);
	IPC::Run::run([ $ENV{PG_CONFIG} || 'pg_config', '--includedir-server' ], '>', \$include) or return undef;
	IPC::Run::run([ $ENV{PG_CONFIG} || 'pg_config', '--cc' ], '>', \$cc) or return undef;
	chomp($include, $cc);
	my $out = '';
	my $built = eval {
		IPC::Run::run([ split(' ', $cc), '-std=gnu11', '-O1', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections', "-I$source/src", "-I$include",
				"$source/test/unit/$name.c", (map { "$source/$_" } @sources), '-lm', '-o', $program ],
			'>', \$out, '2>', \$out); };
	return $program if $built;
	my $version = '';
	return undef unless eval { IPC::Run::run([ split(' ', $cc), '--version' ], '>', \$version, '2>', \$version) };
	fail("$name is built");
	diag($out);
	return undef;
}

SKIP:
{
	my $program = build('optimizer', map { "src/models/$_.c" } qw(optimizer optimizer_climb small_matrix));
	skip 'no C compiler', 3 unless defined $program;
	my $out;
	ok(IPC::Run::run([$program], '>', \$out), 'the optimizer runs on its own');
	my @bad = grep { /^not ok|^Bail/ } split /\n/, $out;
	is(join("\n", @bad), '', 'and finds what it should');
	like($out, qr/^1\.\.(2[0-9]|[3-9][0-9])$/m, 'in all tests');
	note($out);
}

##################################################################
# The special functions at odd numbers
##################################################################

SKIP:
{
	my $program = build('special', 'src/models/special.c', 'src/base/gamma.c');
	skip 'no C compiler', 2 unless defined $program;
	my $out;
	ok(IPC::Run::run([$program], '>', \$out), 'special functions come to an end at all doubles');
	like($out, qr/^1\.\.9$/m, 'all of them');
	note($out);
}

##################################################################
# Parallel plans, large data, cancelled fits
##################################################################

# 100,000 customers, most of them unlike any other
sql(q{
	CREATE TABLE many WITH (parallel_workers = 2) AS
	SELECT x, CASE WHEN x = 0 THEN 0 ELSE age * (0.2 + 0.79 * v) END AS tx, age, 5 + 20 * v + x AS m
	FROM (SELECT floor(-1.4 * ln(1 - u))::bigint AS x, 100 + n % 900 / 10.0::float8 AS age, v
		FROM generate_series(1, 100000) n,
			LATERAL (SELECT (hashint8extended(n, 1) & 16777215) / 16777216.0::float8 AS u, (hashint8extended(n, 2) & 16777215) / 16777216.0::float8 AS v) r) s;
	ANALYZE many;});
my $workers = 'SET max_parallel_workers_per_gather = 2;';
for my $fit ("purchase_model('bg/nbd', x, tx, age, 'day')", 'spend_model(x, m)')
{
	like(sql("$workers EXPLAIN SELECT $fit FROM many"), qr/Gather.*Partial Aggregate/s, "$fit: parallel plan");
	is(sql("$workers SELECT $fit FROM many"), sql("SELECT $fit FROM many"), "$fit: the same from workers, to the last bit");
	is(sql("SELECT $fit FROM (SELECT * FROM many ORDER BY x DESC, m) q"), sql("SELECT $fit FROM many"), "$fit: the same in another order");
}
is(state_of("$workers SELECT purchase_model('bg/nbd', x, CASE WHEN x = 3 THEN 1000 ELSE tx END, age) FROM many"), '22023', 'bad rows from workers');
is(state_of("$workers SELECT purchase_model(CASE WHEN x = 3 THEN 'bg/nbd' ELSE 'mbg/nbd' END, x, tx, age) FROM many"), '22023', 'two kinds in workers');
my (undef, undef, $message) = $node->psql('postgres', "$workers SELECT purchase_model('bg/nbd', x, CASE WHEN x = 3 THEN 1000 ELSE tx END, age) FROM many");
like($message, qr/cannot use @{[sql('SELECT count(*) FROM many WHERE x = 3')]} of 100000 rows/, 'are counted');

# the same of timelines
sql(q{
	CREATE TABLE histories WITH (parallel_workers = 2) AS
	SELECT c, timeline(date '2023-01-01' + (c % 90 + (hashint8extended(c * 16 + n, 3) & 1023)::int % (60 + c % 200)), 1 + c % 17 + n / 3.0) AS t
	FROM generate_series(1, 20000) c, generate_series(0, 9) n WHERE n <= c % 10 GROUP BY c;
	ANALYZE histories;});
for my $fit ([ "purchase_model('mbg/nbd', t, '2023-09-01', 'week')", "purchase_model('mbg/nbd', frequency, recency, age, 'week')" ], [ "spend_model(t, '2023-09-01')", 'spend_model(frequency, monetary_value)' ])
{
	my ($timelines, $plain) = @$fit;
	like(sql("$workers EXPLAIN SELECT $timelines FROM histories"), qr/Gather.*Partial Aggregate/s, "$timelines: parallel plan");
	my $serial = sql("SELECT $timelines FROM histories");
	like($serial, qr/"status": "(converged|boundary)"/, "$timelines: a fit");
	is(sql("$workers SELECT $timelines FROM histories"), $serial, "$timelines: the same from workers, to the last bit");
	is(sql("SELECT $timelines FROM (SELECT * FROM histories ORDER BY c DESC) q"), $serial, "$timelines: the same in another order");
	is(sql("SELECT $plain FROM histories, purchase_summary(t, '2023-09-01', 'week')"), $serial, "$timelines: the same from plain columns");
}
is(state_of("$workers SELECT purchase_model('bg/nbd', t, '2023-09-01', CASE WHEN c = 3 THEN 'day' ELSE 'week' END) FROM histories"), '22023', 'two units in workers');
like(sql("$workers EXPLAIN SELECT sum(p_alive(m, t, '2023-09-01')) FROM histories, (SELECT purchase_model('mbg/nbd', t, '2023-09-01', 'week') AS m FROM histories OFFSET 0) q"), qr/Gather/, 'predictions go to workers');

# In the middle of a fit: a Pareto/NBD fit of these takes seconds.
for my $timeout (100, 300, 600)
{
	is(state_of("SET statement_timeout = $timeout; SELECT purchase_model('pareto/nbd', x, tx, age) FROM many"), '57014', "a fit is cancelled after $timeout ms");
}
# and nothing is left behind
is(sql("BEGIN; SAVEPOINT a; SELECT purchase_model('bg/nbd', x, tx, age) IS NOT NULL FROM many; ROLLBACK TO a; COMMIT; SELECT count(*) FROM many"), "t\n100000", 'the session goes on');

##################################################################
# Values: damaged bytes, COPY, dump
##################################################################

sql(q{
	CREATE TABLE models AS SELECT purchase_model('bg/nbd', x, tx, age, 'day') AS m, spend_model(x, m) AS s FROM many WHERE x < 6;
	CREATE TABLE copied (m purchase_model, s spend_model);});
my $file = PostgreSQL::Test::Utils::tempdir() . '/models';
sql("COPY models TO '$file' (FORMAT binary); COPY copied FROM '$file' (FORMAT binary);");
is(sql('SELECT count(*) FROM models JOIN copied USING (m, s)'), 1, 'binary COPY there and back');
sql("TRUNCATE copied; COPY models TO '$file'; COPY copied FROM '$file';");
is(sql('SELECT count(*) FROM models JOIN copied USING (m, s)'), 1, 'text COPY there and back');

# COPY header: 19 bytes; then fields of a row, each after its length
for my $column ('m', 's')
{
	my $type = $column eq 'm' ? 'purchase_model' : 'spend_model';
	my $bytes = pack 'H*', sql("SELECT encode(${type}_send($column), 'hex') FROM models");
	my $header = "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0);
	my %states;
	srand(11);
	for my $try (0 .. 150)
	{
		my $damaged = $bytes;
		if ($try < 12) { $damaged = substr $bytes, 0, $try * length($bytes) / 12 }
		elsif ($try < 14) { $damaged .= "\0" x ($try - 11) }
		else { substr($damaged, rand length $bytes, 1) = chr int rand 256 }
		open my $fh, '>', $file or die;
		binmode $fh;
		print $fh $header, pack('nN', 1, length $damaged), $damaged, pack('n', 65535);
		close $fh;
		my $state = state_of("CREATE TEMP TABLE d (v $type); COPY d FROM '$file' (FORMAT binary); SELECT v = v::text::$type FROM d;");
		$states{$state}++;
	}
	is(join(' ', sort grep { $_ ne '' } keys %states), '22P03', "$type: damaged bytes are refused, or another model");
	cmp_ok($states{'22P03'}, '>', 20, 'most of them refused');
}

##################################################################
# Memory: small groups stay small
##################################################################

sub hash_memory
{
	my ($aggregate) = @_;
	my $plan = sql("SET work_mem = '2GB'; SET enable_sort = off; EXPLAIN (ANALYZE, FORMAT JSON, COSTS off, TIMING off) SELECT n % 2000, $aggregate FROM generate_series(1, 20000) n GROUP BY 1");
	return $plan =~ /"Peak Memory Usage": (\d+)/ ? 1024 * $1 : -1;
}
my $nothing = hash_memory('count(*)');
for ("purchase_model('bg/nbd', n % 7 + 1, n % 11, 20)", 'spend_model(n % 7 + 1, n % 11 + 1.0::float8)')
{
	my $each = (hash_memory($_) - $nothing) / 2000;
	note("$_: $each bytes per group");
	cmp_ok($each, '<', 2048, "$_: less than 2 kB per group of ten rows");
	cmp_ok($each, '>', 24, "$_: and the executor sees it");
}

unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|PANIC:/, 'no crash');
# Intervals may be infinite from PostgreSQL 17 on.
SKIP:
{
	skip 'no infinite intervals', 2 if $node->safe_psql('postgres', 'SHOW server_version_num') < 170000;
	for my $horizon ('infinity', '-infinity')
	{
		my (undef, undef, $err) = $node->psql(
			'postgres', qq{SELECT expected_purchases('{"kind": "bg/nbd", "unit": "day", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model,
				interval '$horizon', timeline(date '2024-01-01'), '2024-02-01')});
		like($err, qr/horizon must be finite and not negative\nDETAIL:  It is infinite\.\nHINT:  Pass how far/, "horizon $horizon");
	}
}

$node->stop;
done_testing();
