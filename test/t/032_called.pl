# Every aggregate called as other engines call it: a FmgrInfo for each row, in
# memory that is gone after it, states handed on as bytes and put together in
# any order.  The result is that of the ordinary call, byte for byte.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What is freed is overwritten, by the C library too.
$ENV{MALLOC_PERTURB_} = 165;

my $source = "$ENV{RETENTION_SOURCE}/test/modules/calling";
my $make = $ENV{MAKE} || 'make';
system_or_bail($make, '-s', '-C', $source, "PG_CONFIG=$ENV{PG_CONFIG}", 'with_llvm=no');

my $node = PostgreSQL::Test::Cluster->new('called');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'Europe/Paris'
max_parallel_workers_per_gather = 0
jit = off
});
$node->start;

$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION retention;
	CREATE FUNCTION calling_transition(internal, how int, aggregate regprocedure, VARIADIC arguments "any") RETURNS internal
		AS '$source/calling' LANGUAGE C;
	CREATE FUNCTION calling_final(internal) RETURNS bytea AS '$source/calling' LANGUAGE C;
	CREATE FUNCTION image("any") RETURNS bytea AS '$source/calling', 'calling_image' LANGUAGE C STRICT;
	CREATE AGGREGATE called(how int, aggregate regprocedure, VARIADIC arguments "any") (
		SFUNC = calling_transition, STYPE = internal, FINALFUNC = calling_final);

	-- 100 sets of 30 rows
	SELECT setseed(0.5);
	CREATE TABLE rows AS SELECT * FROM (SELECT s AS set, n,
		1 + floor(random() * (2 + s % 12))::bigint AS customer,
		timestamptz '2023-10-20 00:00' + random() * interval '300 days' AS at,
		timestamptz '2023-10-01 00:00' + random() * interval '90 days' AS started_at,
		CASE WHEN random() < 0.1 THEN NULL WHEN s % 3 = 0 THEN round((random() * 1000)::numeric - 100, 2)
			 ELSE (random() * 1e7)::numeric - 1e6 END AS amount,
		(ARRAY['mail', 'Search', 'search', 'shop', NULL])[1 + floor(random() * 5)] AS channel,
		floor(random() * 6)::int AS frequency
	FROM generate_series(1, 100) s, generate_series(1, 30) n OFFSET 0) x
	ORDER BY random();
	UPDATE rows SET at = NULL WHERE random() < 0.03;

	-- summaries as aggregates of summaries take them, and one that is large
	ALTER TABLE rows ADD m cohort_matrix, ADD t timeline, ADD v customer_movements, ADD f funnel, ADD j journey, ADD c survival_curve, ADD g signals, ADD i incidence_curve;
	UPDATE rows r SET m = x.m, t = x.t, v = x.v, f = x.f, j = x.j, c = x.c, g = x.g, i = x.i
	FROM (SELECT set, part, cohort_matrix(customer * 8 + part, at, amount, grain) AS m,
			timeline(at, amount, 'Europe/Paris') AS t,
			customer_movements(customer * 8 + part, at, amount, grain) AS v,
			funnel(customer * 8 + part, at, 1 + frequency, '30 days') AS f,
			journey(customer * 8 + part, at, 'place ' || frequency, '30 days') AS j,
			survival_curve(n::bigint, customer % 2 = 0) AS c,
			signals(customer % 2 = 0, jsonb_build_object('n', n, 'channel', channel)) AS g,
			incidence_curve(n::bigint, customer % 3 > 0, channel) AS i
		FROM (SELECT *, n % 6 AS part, (ARRAY['month', 'week', '1 day', 'quarter starting february'])[1 + set % 4]::grain AS grain
			FROM rows) y GROUP BY set, part) x
	WHERE r.set = x.set AND r.n = x.part;
	UPDATE rows r SET m = (SELECT cohort_matrix(n, (date '2024-01-01' + n % 200)::timestamptz, 5, '1 day') FROM generate_series(1, 4000) n),
		v = (SELECT customer_movements(n, (date '2024-01-01' + n % 200)::timestamptz, 5, '1 day') FROM generate_series(1, 4000) n)
	WHERE set % 4 = 2 AND n = 7;
	ANALYZE;
});

# What to pass for an argument, by its name or else its type, with the types
# that "any" may take on: the first of each list go together, then the second.
# A name of the aggregate before it is looked for first.
my $by_set = sub { return "(ARRAY[$_[0]])[1 + set % $_[1]]" };
my $instants = [ 'at', 'at::timestamp', 'at::date' ];
my $lasting = [ 'at', 'at::timestamp', 'at::date', "CASE WHEN at < 'infinity' THEN tstzrange(at, at + n * interval '30 hours') END",
	"CASE WHEN at < 'infinity' THEN daterange(at::date, at::date + n) END",
	"CASE WHEN at < 'infinity' THEN tsrange(at::timestamp, CASE WHEN n % 9 > 0 THEN at::timestamp + interval '50 days' END) END" ];
my %arguments = (
	customer => [ 'customer', "'customer number ' || customer", 'md5(customer::text)::uuid', 'customer / 7.0', 'to_jsonb(customer)', 'customer::int' ],
	at => $lasting,
	started_at => [ 'started_at', 'started_at::date', 'started_at::timestamp' ],
	amount => [ 'amount', 'amount::float8', 'amount::bigint' ],
	grain => [ $by_set->(q{'month', 'week starting sunday', '1 day', 'quarter starting february at Asia/Kolkata'}, 4) ],
	zone => [ $by_set->(q{'Europe/Paris', 'Asia/Kolkata', 'America/New_York'}, 3) ],
	value => [ 'channel', 'n', 'amount', 'at', 'to_jsonb(channel)' ],
	opening => [ 'amount' ], closing => [ 'amount * 1.1 - n * 20' ],
	cost => [ 'amount' ], marketing => [ 'amount' ], sales => [ 'amount / 3' ], customers => [ 'frequency', 'frequency / 3.0', 'frequency::float8' ],
	condition => [ 'NULLIF(frequency, 3) > 1' ], group_b => [ 'NULLIF(n % 3, 2) = 1' ],
	map({ ("$_.value" => [ 'NULLIF(frequency, 3) > 1' ]) } 'share_difference', 'share_difference_low', 'share_difference_high', 'share_difference_p'),
	confidence => [ '0.9' ],
	score => [ 'NULLIF(n % 11, 5)' ], satisfied_from => [ '7' ],
	'csat.score' => [ 'NULLIF(n % 11, 5)', 'n % 20 / 2.0', 'n % 20 / 2::float8' ], 'csat.satisfied_from' => [ '7', '7.5', '7::bigint' ],
	# by date one a day
	level => [ 'amount', 'amount::float8', 'extract(doy FROM at)::bigint' ],
	lag => [ $by_set->('1, 2, 5, 13', 4) ],
	at_least => [ $by_set->('1, 2', 2) ],
	step => [ 'NULLIF(frequency, 0)', 'NULLIF(frequency, 0)::smallint', 'frequency::bigint', 'ARRAY[frequency, NULLIF(n % 4, 0)]', 'ARRAY[frequency < 3, NULL, frequency % 2 = 1, channel IS NULL]' ], within => [ "interval '20 days'" ],
	mode => [ $by_set->(q{'default', 'strict order, one row one step', 'any order, one row one step', 'strictly increasing, optional 2', 'deduplicated', 'exclude 3'}, 6) ],
	conditions => [ 'ARRAY[frequency < 3, frequency % 2 = 1, n % 3 = 0, NULL, channel IS NULL]' ],
	during => [ $lasting->[3], $lasting->[4], $lasting->[5] ],
	'check_events.at' => $instants,
	kind => [ $by_set->(q{'bg/nbd', 'mbg/nbd'}, 2) ],
	frequency => [ 'frequency' ], recency => [ 'CASE WHEN frequency > 0 THEN frequency * (1 + n % 3) ELSE 0 END' ],
	age => [ '20' ], unit => [ $by_set->(q{'day', 'week'}, 2) ], as_of => [ "'2024-09-15'" ],
	monetary_value => [ 'CASE WHEN frequency > 0 THEN 10 + n * 3 END' ],
	duration => [ 'n % 17' ], churned => [ 'frequency < 4' ], weight => [ 'frequency' ],
	periods => [ '1 + n % 6' ],
	model => [ q{'{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}}'} ],
	horizon => [ '20' ], 'horizon.interval' => [ "'20 days'" ],
	outcome => [ 'frequency < 4' ], probability => [ '(1 + n % 17) / 20.0' ], share => [ '0.3' ], bins => [ '4' ],
	cohort_matrix => ['m'], timeline => ['t'], customer_movements => ['v'], funnel => ['f'], journey => ['j'], survival_curve => ['c'], signals => ['g'], incidence_curve => ['i'], reason => ['channel'],
	options => [ q{'{"weight": "w", "strata": "s"}'} ],
	'hazard_model.covariates' => [ q{jsonb_build_object('x', n % 7, 'channel', coalesce(channel, 'none'), 'w', 1 + n % 2, 's', n % 3 = 0)} ],
	covariates => [ q{jsonb_build_object('frequency', frequency, 'channel', channel, 'late', n > 15) || CASE WHEN n % 4 = 0 THEN '{"amount": 7.5}' ELSE '{}'::jsonb END} ],

	'cohort_matrix.grain' => [ $by_set->(q{'month', 'week starting sunday', 'month since start', 'days 0,1,7,30,90 since start by month'}, 4) ],
	# periods alone, of events alone
	'cohort_matrix/6.grain' => [ $by_set->(q{'month', 'week starting sunday', 'quarter at Asia/Kolkata', 'days 0,1,7,30,90'}, 4) ], 'cohort_matrix/6.at' => $instants,
	'recurring_matrix.at' => $instants,
	# timelines are cut in a zone already
	map({ ("$_/2.grain" => [ $by_set->(q{'month', 'week starting sunday', '1 day', 'quarter starting february'}, 4) ]) }
		'cohort_matrix', 'recurring_matrix', 'customer_movements'),
	'customer_movements/3.grain' => [ $by_set->(q{'month', 'week starting sunday', '1 day', 'quarter starting february'}, 4) ],
	'zone.grain' => [ $by_set->(q{'day at Europe/Paris', 'day', 'day at America/New_York'}, 3) ],
	'timeline_of_levels.at' => $instants,
	'funnel.at' => $instants, 'funnel.grain' => [ $by_set->(q{'month', 'week starting sunday', '1 day at Asia/Kolkata', 'quarter starting february'}, 4) ], 'earliest.at' => $instants, 'latest.at' => $instants,
	'window_funnel.at' => [ 'at', 'at::timestamp', 'at::date', 'n', 'n::bigint' ],
	'window_funnel.within' => [ "interval '20 days'", "interval '20 days'", '20', '7', '7::bigint' ],
	'sequence_match.at' => [ 'at', 'at::timestamp', 'at::date', 'n', 'n::bigint' ], 'sequence_count.at' => [ 'at', 'at::timestamp', 'at::date', 'n', 'n::bigint' ],
	'sequence_next.at' => [ 'at', 'at::timestamp', 'at::date', 'n', 'n::bigint' ],
	pattern => [ $by_set->(q{'(?1).*(?2)', '(?1)(?t<=900000)(?5)', '(?2)(?t>7).', '(?1)(?t==1)(?2)'}, 4) ],
	start_place => [q('mail')], 'journey.place' => [ 'channel', "coalesce(channel, 'mail')" ], 'journey.at' => $instants,
	direction => [q('forward')], base => [ $by_set->(q{'head', 'first_match', 'last_match'}, 3) ], event => [ 'channel', 'n', 'amount', 'at', 'to_jsonb(channel)' ],
	base_condition => ['NULLIF(frequency, 3) < 4'], 'sequence_next.conditions' => ['ARRAY[true]'],
	'contract_model.kind' => [ $by_set->(q{'sbg', 'bdw'}, 2) ],
	'spend_model.timeline' => ["(SELECT t FROM rows x WHERE x.set = rows.set AND x.t IS NOT NULL ORDER BY n LIMIT 1)"],
	entered => ['CASE WHEN n % 17 > 0 THEN n % 17 / 2 END'],
	'entered.interval' => ["CASE WHEN n % 17 > 0 THEN n % 17 / 2 * interval '1 day' END"],
	'duration.interval' => [ "n % 17 * interval '1 day'" ]);

my @aggregates = split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT p.proname, p.pronargs, p.provariadic <> 0, p.oid::regprocedure,
		(SELECT string_agg(coalesce(nullif(p.proargnames[o], ''), '') || ':' || format_type(t, NULL), ';' ORDER BY o)
			FROM unnest(p.proargtypes) WITH ORDINALITY a(t, o)),
		'"any"'::regtype = ANY (p.proargtypes)
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'retention'
		JOIN pg_aggregate a ON a.aggfnoid = p.oid AND a.aggkind = 'n'
	ORDER BY p.oid::regprocedure::text});
cmp_ok(scalar @aggregates, '>=', 57, 'aggregates are found');

# What a query returns, or its error.
sub answer
{
	my ($code, $out, $err) = $node->psql('postgres', $_[0]);
	return $err eq '' ? $out : $err;
}

# The lists for the arguments of an aggregate, and the types to cast them to.
sub lists
{
	my ($name, $nargs, $types) = @_;
	my @lists;
	for my $argument (split /;/, $types)
	{
		my ($role, $type) = split /:/, $argument;
		my ($list) = grep { defined } map { $arguments{$_} }
		  ("$name/$nargs." . ($role || $type), "$name." . ($role || $type), "$role.$type", $role || $type);
		defined $list
		  or BAIL_OUT("$name has an argument \"$role\" of type $type: say in this test what to pass for it");
		push @lists, [ $type =~ /^"?any/ ? '' : "::$type", $list ];
	}
	return @lists;
}

for my $line (@aggregates)
{
	my ($name, $nargs, $variadic, $signature, $types, $any) = split /\|/, $line;
	my @lists = lists($name, $nargs, $types);
	my ($most) = sort { $b <=> $a } map { scalar @{ $_->[1] } } @lists;
	for my $v (0 .. $most - 1)
	{
		# types that "any" may take on have fewer sets
		my $every = $v == 0 ? 1 : 4;
		my @values = map { '(' . $_->[1][ $v % @{ $_->[1] } ] . ')' . $_->[0] } @lists;
		my @ordinary = @values;
		$ordinary[-1] = "VARIADIC $ordinary[-1]" if $variadic eq 't';
		my $ordinary = join ', ', @ordinary;
		my $called = join ', ', @values;
		is( answer(qq{
			SELECT count(*), count(*) FILTER (WHERE ordinary IS DISTINCT FROM called), count(ordinary) * 2 > count(*)
			FROM (SELECT set, image($name($ordinary)) AS ordinary, called(set, '$signature', $called) AS called
				FROM rows WHERE set % $every = 0 GROUP BY set) x}),
			100 / $every . '|0|t', "$signature of ($called)");
		next if $v > 0;
		is( answer(qq{
			SELECT count(*), count(*) FILTER (WHERE ordinary IS DISTINCT FROM called)
			FROM (SELECT image($name($ordinary) OVER w) AS ordinary, called(set, '$signature', $called) OVER w AS called
				FROM rows WHERE set IN (7, 14) AND n < 20 WINDOW w AS (PARTITION BY set)) x}),
			'38|0', "$signature as a window function");
		next if $any ne 't';
		my ($code, $out, $err) = $node->psql('postgres', qq{\\set VERBOSITY verbose
			SELECT called(-1, '$signature', $called) FROM rows WHERE set = 1});
		like($err, qr/ERROR:  0A000: could not determine the type of argument \d.*HINT:  /s,
			"$signature without the types of its arguments");
	}
}

done_testing();
