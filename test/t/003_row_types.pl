# Every C function that returns rows, declared again with another row type than
# the library has: an error that says so, in every place a function may stand,
# and never rows of the wrong shape or a crash.  The declarations are made from
# the catalog, so a new reader is tested as soon as the script has it.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('row_types');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE SCHEMA again;
	CREATE TABLE events (c int, at date, amount numeric, step int);
	INSERT INTO events SELECT n % 5, date '2024-01-05' + n * 11, n, n % 3 + 1 FROM generate_series(1, 20) n;
	-- SQLSTATE of a query, 'rows' or 'none' when it succeeds
	CREATE FUNCTION again.outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  n bigint;
	BEGIN
	  EXECUTE query;
	  GET DIAGNOSTICS n = ROW_COUNT;
	  RETURN CASE WHEN n > 0 THEN 'rows' ELSE 'none' END;
	EXCEPTION WHEN OTHERS THEN
	  RETURN SQLSTATE;
	END $$;
	CREATE FUNCTION again.detail(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  d text; h text;
	BEGIN
	  EXECUTE query;
	  RETURN 'no error';
	EXCEPTION WHEN OTHERS THEN
	  GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	  RETURN SQLERRM || ' | ' || d || ' | ' || h;
	END $$;});

# A value of each type that readers take, such that they have rows.
my %value = (
	'cohort_matrix' => q{(SELECT cohort_matrix(c, at, amount, 'month') FROM events)},
	'cohort_matrix[]' => q{(SELECT array_agg(m) FROM (SELECT cohort_matrix(c, at, amount, 'month') AS m FROM events GROUP BY c) x)},
	'data_check' => q{(SELECT check_events(c, at, amount, '2024-02-01') FROM events)},
	'contract_model' => q{'{"kind": "sbg", "parameters": {"alpha": 0.7, "beta": 3.8}}'::contract_model},
	'customer_movements' => q{(SELECT customer_movements(c, at, amount, 'month') FROM events)},
	'funnel' => q{(SELECT funnel(c, at, step, '200 days', 'default', 'month') FROM events)},
	'journey' => q{(SELECT journey(c, at, 'place ' || step, '90 days') FROM events)},
	'purchase_model' => q{'{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'::purchase_model},
	'signals' => q{(SELECT signals(step > 1, jsonb_build_object('c', c, 'step', step)) FROM events)},
	'hazard_model' => q{(SELECT hazard_model(step, c > 1, jsonb_build_object('c', c)) FROM events)},
	'jsonb' => q{'{}'::jsonb},
	'spend_model' => q{'{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.45}}'::spend_model},
	'survival_curve' => q{(SELECT survival_curve(step, c > 1) FROM events)},
	'survival_curve[]' => q{(SELECT array_agg(s) FROM (SELECT survival_curve(step, true) s FROM events GROUP BY c) x)},
	'incidence_curve' => q{(SELECT incidence_curve(step, c > 1, 'r' || c) FROM events)},
	'incidence_curve[]' => q{(SELECT array_agg(s) FROM (SELECT incidence_curve(step, true, 'a') s FROM events GROUP BY c) x)},
	'timeline' => q{(SELECT timeline(at, amount) FROM events)},
	'grain' => q{'month'::grain},
	'date' => q{'2024-12-01'::date},
	'double precision' => '0.5::float8',
	'integer' => '1',
	'boolean' => 'true',
	'bigint' => '1',
	'interval' => q{'12 months'::interval},
	'text' => q{'day'::text},
	'text[]' => q{NULL::text[]},
	# of one function
	'incidence_points.text' => q{'log'::text},
	'survival_points.text' => q{'plain'::text},
	'lifetime_quantile.text' => q{'plain'::text},
	'log_rank.text' => q{'peto'::text},
	'log_rank_groups.text' => q{'peto'::text});

# Arguments that others of the same types do not have.
my %arguments = (
	'cohort_text' => "$value{cohort_matrix}, NULL, 80, true",
	'retention_curve_text' => "$value{cohort_matrix}, NULL, 80, true",
	'movements_text' => "$value{customer_movements}, NULL, 80, true",
	'funnel_text' => "$value{funnel}, 80, true",
	'survival_text' => "$value{survival_curve}, 80, true",
	'journey_text' => "$value{journey}, 1, 80, true",
	'proportional_hazards_test' => "$value{hazard_model}, 'km'::text",
	'step_times' => "$value{funnel}, 2, 1, 2",
	'compare_funnels' => join(', ', (q{(SELECT funnel(c, at, step, '90 days') FROM events)}) x 2));

my @functions = map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT p.oid::regprocedure, p.proname, p.prosrc, p.proretset, p.provariadic <> 0,
	  (SELECT string_agg(format_type(a, NULL), ';' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u (a, n)),
	  (SELECT string_agg(quote_ident(p.proargnames[n]), ';' ORDER BY n) FROM generate_subscripts(p.proargmodes, 1) n
	   WHERE p.proargmodes[n] IN ('o', 't')),
	  (SELECT string_agg(format_type(p.proallargtypes[n], NULL), ';' ORDER BY n) FROM generate_subscripts(p.proargmodes, 1) n
	   WHERE p.proargmodes[n] IN ('o', 't')),
	  format_type(p.prorettype, NULL)
	FROM pg_proc p
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'retention'
	JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
	JOIN pg_type t ON t.oid = p.prorettype
	WHERE p.prokind = 'f' AND (p.proretset OR t.typtype = 'c' OR t.typname = 'record')
	  -- those of aggregates are no readers
	  AND NOT EXISTS (SELECT FROM pg_aggregate WHERE aggfinalfn = p.oid)
	ORDER BY 1});
cmp_ok(scalar @functions, '>', 20, 'there are readers');

# the other types that a column is declared as: by value and by reference
my %other = ('numeric' => 'bigint', 'text' => 'bigint');

# Another declaration of the function; what a query of it gives.  Columns are
# [name, type]; without them returns is the type.
my $count = 0;

sub declare
{
	my ($f, $returns, @columns) = @_;
	$count++;
	my @in = split /;/, $f->{in};
	my $args = join ', ', @in, map { "OUT $_->[0] $_->[1]" } @columns;
	return "CREATE FUNCTION again.f$count($args) RETURNS $returns"
	  . " AS '\$libdir/retention', '$f->{symbol}' LANGUAGE C IMMUTABLE;\n";
}

sub outcomes
{
	my ($declaration, @calls) = @_;
	return $declaration
	  . join('', map { 'SELECT again.outcome($q$' . s/%f/again.f$count/r . "\$q\$);\n" } @calls);
}

for my $row (@functions)
{
	my %f;
	@f{qw(full name symbol set variadic in names types returns)} = @$row;
	my @in = split /;/, $f{in};
	my @values = map { $value{"$f{name}.$_"} // $value{$_} } @in;
	my @missing = map { $in[$_] } grep { !defined $values[$_] } 0 .. $#in;
	is("@missing", '', "$f{full}: a value of every argument's type") or next;
	my $args = $arguments{ $f{name} } // join ', ', @values;
	my @columns;
	my @names = split /;/, $f{names};
	my @types = split /;/, $f{types};
	push @columns, [ $names[$_], $types[$_] ] for 0 .. $#names;
	my $set = $f{set} eq 't' ? 'SETOF ' : '';
	my $not_set = $set ? '' : 'SETOF ';
	my @calls = ("SELECT * FROM %f($args) x", "SELECT %f($args)");
	my $sql = '';
	my @expected;
	my $wrong = sub {
		my ($what, $declaration) = @_;
		$sql .= outcomes($declaration, @calls);
		push @expected, map { [ "$what: $_", '42804' ] } 'in FROM', 'in SELECT';
	};

	# as it is declared, from the same library
	my $result = @columns ? 'record' : $f{returns};
	$sql .= outcomes(declare(\%f, "$set$result", @columns), @calls);
	push @expected, map { [ "as it is: $_", 'rows' ] } 'in FROM', 'in SELECT';

	$wrong->('set or not', declare(\%f, "$not_set$result", @columns));
	$wrong->('one integer', declare(\%f, "${set}integer"));
	$wrong->('one numeric', declare(\%f, "${set}numeric"));
	if (@columns)
	{
		my @more = (@columns, [ 'x', 'numeric' ]);
		$wrong->('one more', declare(\%f, "${set}record", @more));
		$wrong->('one more in front', declare(\%f, "${set}record", reverse @more));
		$wrong->('one fewer', declare(\%f, "${set}record", @columns[ 0 .. $#columns - 1 ]))
		  if @columns > 2;
		$wrong->('one fewer in front', declare(\%f, "${set}record", @columns[ 1 .. $#columns ]))
		  if @columns > 2;
		for my $i (0 .. $#columns)
		{
			my @changed = map { [@$_] } @columns;
			$changed[$i][1] = $other{ $changed[$i][1] } // 'numeric';
			$wrong->("column $i of another type", declare(\%f, "${set}record", @changed));
			next if $i == 0;
			@changed = map { [@$_] } @columns;
			@changed[ $i - 1, $i ] = @changed[ $i, $i - 1 ];
			$wrong->("column $i swapped", declare(\%f, "${set}record", @changed));
		}
		# a type by name, with the columns, with a dropped one, and as a domain
		my $list = join ', ', map { "$_->[0] $_->[1]" } @columns;
		my $id = $count + 1;
		$sql .= "CREATE TYPE again.t$id AS ($list);\n"
		  . outcomes(declare(\%f, "${set}again.t$id"), @calls);
		push @expected, map { [ "a named type: $_", 'rows' ] } 'in FROM', 'in SELECT';
		$wrong->('a domain over columns',
			"CREATE DOMAIN again.d$id AS again.t$id;\n" . declare(\%f, "${set}again.d$id"));
		$wrong->('a dropped column',
			"CREATE TYPE again.dropped$id AS (gone int, $list);\n"
			. "ALTER TYPE again.dropped$id DROP ATTRIBUTE gone;\n"
			. declare(\%f, "${set}again.dropped$id"));
		# a record says nothing: the caller does
		$sql .= outcomes(declare(\%f, "${set}record"),
			"SELECT * FROM %f($args) AS x ($list)",
			"SELECT * FROM %f($args) AS x ($list, more numeric)",
			"SELECT * FROM %f($args) AS x (a int, b text)",
			"SELECT %f($args)");
		push @expected, [ 'record: the columns', 'rows' ], [ 'record: one more', '42804' ],
		  [ 'record: other columns', '42804' ], [ 'record: no columns', '0A000' ];
	}
	else
	{
		$wrong->('a row', declare(\%f, "${set}record", [ 'a', 'text' ], [ 'b', 'int' ]));
		$wrong->('name', declare(\%f, "${set}name"));
	}
	my @got = split /\n/, $node->safe_psql('postgres', $sql);
	is(scalar @got, scalar @expected, "$f{full}: so many outcomes");
	my @failed = grep { $got[$_] ne $expected[$_][1] } 0 .. $#got;
	is(join("\n", map { "$expected[$_][0]: $got[$_]" } @failed),
		'', "$f{full}: " . @got . ' calls of other declarations');
}

# The error names the first difference.
my $id = '$libdir/retention';
for my $case (
	[ 'OUT day date, OUT orders numeric, OUT amount numeric', 'SETOF record',
	  'Column 2 is declared as "orders" numeric, where the library has "orders" bigint.' ],
	[ 'OUT day date, OUT amount bigint, OUT orders numeric', 'SETOF record',
	  'Column 2 is declared as "amount" bigint, where the library has "orders" bigint.' ],
	[ 'OUT day date, OUT orders bigint', 'SETOF record',
	  'It is declared with 2 columns, where the library has 3.' ],
	[ 'OUT day date, OUT orders bigint, OUT amount numeric, OUT x int', 'SETOF record',
	  'It is declared with 4 columns, where the library has 3.' ],
	[ 'OUT day date, OUT orders bigint, OUT amount numeric', 'record',
	  'It is declared to return one value, where the library returns a set.' ],
	[ '', 'SETOF integer', 'It is declared to return integer, where the library returns a row of columns.' ])
{
	my ($out, $returns, $detail) = @$case;
	my $args = join ', ', grep { $_ ne '' } 'timeline', $out;
	is( $node->safe_psql(
			'postgres', qq{
			CREATE FUNCTION again.days($args) RETURNS $returns AS '$id', 'retention_timeline_days' LANGUAGE C;
			SELECT again.detail('SELECT * FROM again.days($value{timeline}) x');
			DROP FUNCTION again.days;}),
		"function days is declared with another result than the library has | $detail | "
		  . 'The library and the SQL script are of different versions: run ALTER EXTENSION retention UPDATE.',
		$detail);
}

is($node->safe_psql('postgres', q{
	CREATE FUNCTION again.picture(cohort_matrix, date) RETURNS SETOF integer AS '$libdir/retention', 'retention_cohort_text' LANGUAGE C;
	SELECT split_part(again.detail('SELECT again.picture(NULL, NULL)'), ' | ', 2);}),
	'It is declared to return integer, where the library returns text.', 'lines are text');

is($node->safe_psql('postgres', q{
	CREATE FUNCTION again.state(timeline, date, interval, interval) RETURNS text AS '$libdir/retention', 'retention_lifecycle' LANGUAGE C;
	CREATE FUNCTION again.message(query text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE query; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;
	SELECT again.message($$SELECT again.state(timeline(date '2024-01-01'), '2024-02-01', '1 day', '2 days')$$);}),
	'42804 lifecycle returns an enum, not text', 'states are of an enum');

unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|PANIC/, 'no crash');

$node->stop;
done_testing();
