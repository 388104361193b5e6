# The install script trusts no schema.  A plain role fills a schema of its own
# with exact matches for whatever the script might mean, then the extension is
# created there: no member may depend on anything but PostgreSQL and itself,
# and nothing of the role's may ever run.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->append_conf('postgresql.conf', q{
timezone = 'UTC'
max_locks_per_transaction = 1000
});
$node->start;

my @as_mallory = ('-U', 'mallory');

# SQLSTATE of statements, '' when they succeed.
sub state_of
{
	my ($db, $sql, @params) = @_;
	my ($code, $out, $err) = $node->psql($db, "\\set VERBOSITY sqlstate\n$sql",
		extra_params => \@params);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : $err;
}

my $members = q{
	SELECT d.classid, d.objid
	FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass
	  AND d.deptype = 'e' AND e.extname = 'retention'};

##################################################################
# What there is to imitate, read from the extension in a clean place.
##################################################################

$node->safe_psql('postgres', 'CREATE EXTENSION retention');

# Types of the server that occur in the script, pseudo types apart.
my @types = split /\n/, $node->safe_psql(
	'postgres', qq{
	SELECT DISTINCT format_type(t.oid, NULL)
	FROM ($members) m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	CROSS JOIN unnest(p.proargtypes || p.prorettype || coalesce(p.proallargtypes, '{}')) a
	JOIN pg_type t ON t.oid = a AND t.typnamespace = 'pg_catalog'::regnamespace
	WHERE t.typtype <> 'p'
	ORDER BY 1});
# and what literals and sizes in expressions are
push @types, grep { my $t = $_; !grep { $_ eq $t } @types } 'integer', 'bigint',
  'numeric', 'text', 'double precision', 'boolean', 'smallint', 'real', 'name',
  'oid', 'character varying';
cmp_ok(scalar @types, '>', 15, 'types of the script: ' . join(', ', @types));

# what expressions are made of mostly
my @common = ('numeric', 'integer', 'bigint', 'double precision', 'text', 'date', 'boolean', 'interval');

my $script = slurp_file("$ENV{RETENTION_SOURCE}/sql/retention--1.0.sql");
my %word = map { $_ => 1 } $script =~ /\b([a-z_][a-z0-9_]*)\b/g;
my $words = join ',', map { "'$_'" } sort keys %word;

# Names of functions: the extension's own, what the script's words mean in
# pg_catalog, and what expressions turn into.
my $names = qq{
	SELECT p.proname FROM ($members) m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	UNION SELECT proname FROM pg_proc
	WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ($words)
	UNION SELECT unnest(ARRAY['nullif', 'coalesce', 'greatest', 'least', 'round'])};

# Signatures of the extension's functions and aggregates, of which mallory can
# write those of ordinary types.
my $signatures = $node->safe_psql(
	'postgres', qq{
	SELECT DISTINCT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
	FROM ($members) m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	WHERE p.prokind = 'f' AND NOT EXISTS (
	  SELECT FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a
	  WHERE t.typtype = 'p' OR t.typnamespace <> 'pg_catalog'::regnamespace)
	ORDER BY 1});
my @names = split /\n/, $node->safe_psql('postgres', "$names ORDER BY 1");
my %own = map { $_ => 1 } split /\n/, $node->safe_psql(
	'postgres', qq{
	SELECT p.oid::regprocedure::text FROM ($members) m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid});

# Each of the extension's signatures, made of types of the server or not, with
# one argument more, and with one argument of another type of the server.
my @imitations = split /\n/, $node->safe_psql(
	'postgres', qq{
	WITH own AS (
	  SELECT p.proname, p.proargtypes::oid[] AS args
	  FROM ($members) m
	  JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	  WHERE p.pronargs BETWEEN 1 AND 6),
	near AS (
	  SELECT proname, args, i, array_agg(t.o) AS others
	  FROM own, generate_subscripts(args, 1) i,
	       unnest('{@{[join ',', map { qq("$_") } @types]}}'::regtype[]) t (o)
	  GROUP BY 1, 2, 3),
	changed AS (
	  SELECT proname, args[:i - 1] || o || args[i + 1:] AS args
	  FROM near, unnest(others) o
	  UNION SELECT proname, args || 'integer'::regtype::oid FROM own)
	SELECT DISTINCT quote_ident(proname) || '(' || (
	         SELECT string_agg(format_type(a, NULL), ',' ORDER BY n)
	         FROM unnest(args) WITH ORDINALITY u (a, n)) || ')'
	FROM changed
	WHERE NOT EXISTS (
	  SELECT FROM unnest(args) a JOIN pg_type t ON t.oid = a
	  WHERE t.typtype = 'p' OR t.typnamespace <> 'pg_catalog'::regnamespace)});
@imitations = grep { !$own{$_} } @imitations;

##################################################################
# The schema of mallory.
##################################################################

my $body = q{LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.sing(); RETURN NULL; END'};

# Statements that fill it; those in @$first need the names of PostgreSQL's own
# types to be free still.
sub hostile_sql
{
	my @sql = (
		'CREATE TABLE hostile.canary (who text)',
		q{CREATE FUNCTION hostile.sing() RETURNS void LANGUAGE plpgsql AS
		  'BEGIN INSERT INTO hostile.canary VALUES (current_user);
		   RAISE NOTICE ''runs as %'', current_user; END'});
	my $number = 0;
	for my $left (@types)
	{
		for my $right (@types)
		{
			$number++;
			push @sql,
			  "CREATE FUNCTION hostile.compare$number($left, $right) RETURNS boolean $body",
			  "CREATE FUNCTION hostile.compute$number($left, $right) RETURNS $left $body";
			push @sql,
			  "CREATE OPERATOR hostile.$_ (LEFTARG = $left, RIGHTARG = $right, FUNCTION = hostile.compare$number)"
			  for qw(= <> < <= > >=);
			push @sql,
			  "CREATE OPERATOR hostile.$_ (LEFTARG = $left, RIGHTARG = $right, FUNCTION = hostile.compute$number)"
			  for qw(+ - * / ||);
		}
		push @sql, "CREATE FUNCTION hostile.negative$number($left) RETURNS $left $body",
		  "CREATE OPERATOR hostile.- (RIGHTARG = $left, FUNCTION = hostile.negative$number)";
	}
	for my $name (@names)
	{
		for my $type (@types)
		{
			next if $own{"$name($type)"};
			push @sql, "CREATE FUNCTION hostile.\"$name\"($type) RETURNS $type $body";
		}
	}
	my %done = map { /hostile\."?(\w+)"?(\([^)]*\))/ ? ("$1$2" => 1) : () } @sql;
	for my $signature (@imitations)
	{
		my $plain = $signature =~ s/"//gr;
		next if $done{$plain}++;
		push @sql, "CREATE FUNCTION hostile.$signature RETURNS boolean $body";
	}
	# functions of PostgreSQL by every pair of common types
	my %proc = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', qq{
		SELECT DISTINCT proname FROM pg_proc
		WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ($words)});
	for my $name (sort keys %proc)
	{
		for my $left (@common)
		{
			for my $right (@common)
			{
				next if $own{"$name($left,$right)"} || $done{"$name($left,$right)"}++;
				push @sql,
				  "CREATE FUNCTION hostile.\"$name\"($left, $right) RETURNS $left $body";
			}
		}
	}
	# aggregates of the same names
	push @sql, "CREATE FUNCTION hostile.gather(numeric, name, name) RETURNS numeric $body",
	  map { "CREATE AGGREGATE hostile.\"$_\"(x name, y name) (SFUNC = hostile.gather, STYPE = numeric)" }
	  grep { !$done{"$_(name,name)"}++ } @names;

	# types named as PostgreSQL's, the words of the grammar in quotes, too; after
	# this the names of types must be those of pg_catalog
	my %typename = map { $_ => 1 } @types, qw(int2 int4 int8 float4 float8 bool
	  int integer timestamptz internal cstring any anyelement _text _bool void record);
	push @sql, map { "CREATE DOMAIN hostile.\"$_\" AS pg_catalog.text" }
	  grep { !/\[\]/ } sort keys %typename;
	push @sql,
	  'CREATE TYPE hostile.mine AS ENUM (\'a\')',
	  "CREATE FUNCTION hostile.cast_in(pg_catalog.int4) RETURNS hostile.mine $body",
	  "CREATE FUNCTION hostile.cast_out(hostile.mine) RETURNS pg_catalog.numeric $body",
	  'CREATE CAST (pg_catalog.int4 AS hostile.mine) WITH FUNCTION hostile.cast_in(pg_catalog.int4) AS IMPLICIT',
	  'CREATE CAST (hostile.mine AS pg_catalog.numeric) WITH FUNCTION hostile.cast_out(hostile.mine) AS IMPLICIT',
	  'CREATE TABLE hostile.pg_proc (oid pg_catalog.oid, proname pg_catalog.name)',
	  'CREATE TABLE hostile.pg_type (oid pg_catalog.oid, typname pg_catalog.name)';
	return join ";\n", @sql, '';
}

my $hostile = hostile_sql();
$node->safe_psql(
	'postgres', q{
	CREATE ROLE mallory LOGIN;
	CREATE DATABASE filled;});
$node->safe_psql('filled', 'CREATE SCHEMA hostile AUTHORIZATION mallory');
$node->psql(
	'filled', "BEGIN;\n${hostile}COMMIT;",
	extra_params => \@as_mallory, on_error_die => 1, on_error_stop => 1);
my $signature = join ', ', ($types[0]) x 2;
is( state_of(
		'filled', "CREATE CAST (numeric AS boolean) WITH FUNCTION hostile.cast_in($signature);",
		@as_mallory),
	'42501',
	"nobody but an owner makes casts between PostgreSQL's types");

# What depends on something that is neither PostgreSQL's nor the extension's,
# or names it in a column of a catalog.  PostgreSQL's own objects (below 16384)
# are pinned or at least nobody else's; schema and extension may be named.
my $outside = qq{
	WITH members AS ($members),
	mine AS (
	  SELECT classid, objid FROM members
	  UNION SELECT 'pg_type'::regclass, t.typarray FROM members m
	  JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid),
	deep AS (
	  SELECT * FROM mine
	  UNION SELECT d.classid, d.objid FROM mine m
	  JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
	  WHERE d.deptype IN ('i', 'a')),
	named (classid, objid, refclassid, refobjid, as_what) AS (
	  SELECT d.classid, d.objid, d.refclassid, d.refobjid, 'depends'
	  FROM pg_depend d JOIN deep USING (classid, objid)
	  UNION ALL
	  SELECT 'pg_operator'::regclass, o.oid, c, n, 'operator'
	  FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid,
	  LATERAL (VALUES ('pg_proc'::regclass, o.oprcode::oid), ('pg_proc', o.oprrest), ('pg_proc', o.oprjoin),
	    ('pg_operator', o.oprcom), ('pg_operator', o.oprnegate),
	    ('pg_type', o.oprleft), ('pg_type', o.oprright), ('pg_type', o.oprresult)) v (c, n)
	  UNION ALL
	  SELECT 'pg_proc'::regclass, a.aggfnoid, c, n, 'aggregate'
	  FROM pg_aggregate a JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = a.aggfnoid,
	  LATERAL (VALUES ('pg_proc'::regclass, a.aggtransfn::oid), ('pg_proc', a.aggfinalfn), ('pg_proc', a.aggcombinefn),
	    ('pg_proc', a.aggserialfn), ('pg_proc', a.aggdeserialfn), ('pg_proc', a.aggmtransfn),
	    ('pg_proc', a.aggminvtransfn), ('pg_proc', a.aggmfinalfn), ('pg_operator', a.aggsortop),
	    ('pg_type', a.aggtranstype), ('pg_type', a.aggmtranstype)) v (c, n)
	  UNION ALL
	  SELECT 'pg_proc'::regclass, p.oid, c, n, 'function'
	  FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid,
	  LATERAL (VALUES ('pg_proc'::regclass, p.prosupport::oid), ('pg_type', p.prorettype), ('pg_type', p.provariadic)
	    UNION ALL SELECT 'pg_type'::regclass, a FROM unnest(p.proargtypes || coalesce(p.proallargtypes, '{}')) a) v (c, n)
	  UNION ALL
	  SELECT 'pg_type'::regclass, t.oid, 'pg_proc'::regclass, n, 'type'
	  FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid,
	  LATERAL (VALUES (t.typinput::oid), (t.typoutput), (t.typreceive), (t.typsend),
	    (t.typmodin), (t.typmodout), (t.typanalyze), (t.typsubscript)) v (n)
	  UNION ALL
	  SELECT 'pg_cast'::regclass, k.oid, c, n, 'cast'
	  FROM pg_cast k JOIN members m ON m.classid = 'pg_cast'::regclass AND m.objid = k.oid,
	  LATERAL (VALUES ('pg_proc'::regclass, k.castfunc), ('pg_type', k.castsource), ('pg_type', k.casttarget)) v (c, n)
	  UNION ALL
	  SELECT 'pg_opfamily'::regclass, a.amopfamily, c, n, 'amop'
	  FROM pg_amop a JOIN members m ON m.classid = 'pg_opfamily'::regclass AND m.objid = a.amopfamily,
	  LATERAL (VALUES ('pg_operator'::regclass, a.amopopr), ('pg_opfamily', a.amopsortfamily),
	    ('pg_type', a.amoplefttype), ('pg_type', a.amoprighttype)) v (c, n)
	  UNION ALL
	  SELECT 'pg_opfamily'::regclass, a.amprocfamily, c, n, 'amproc'
	  FROM pg_amproc a JOIN members m ON m.classid = 'pg_opfamily'::regclass AND m.objid = a.amprocfamily,
	  LATERAL (VALUES ('pg_proc'::regclass, a.amproc::oid), ('pg_type', a.amproclefttype), ('pg_type', a.amprocrighttype)) v (c, n))
	SELECT DISTINCT as_what || ': ' || pg_describe_object(classid, objid, 0) || ' -> '
	  || pg_describe_object(refclassid, refobjid, 0)
	FROM named
	WHERE refobjid >= 16384
	  AND (refclassid, refobjid) NOT IN (SELECT classid, objid FROM deep)
	  AND refclassid NOT IN ('pg_extension'::regclass, 'pg_namespace'::regclass)
	ORDER BY 1};

# Every function that is no aggregate and takes no pseudo type, called with a
# value of each argument's type; errors of the values are welcome.
my $value = q{
	CASE format_type(a, NULL) WHEN 'grain' THEN 'month' WHEN 'hostile.grain' THEN 'month'
	  WHEN 'date' THEN '2024-02-03' WHEN 'timestamp without time zone' THEN '2024-02-03'
	  WHEN 'timestamp with time zone' THEN '2024-02-03' WHEN 'interval' THEN '3 days'
	  WHEN 'boolean' THEN 't' WHEN 'text' THEN 'day' WHEN 'daterange' THEN '[2024-01-01,2024-02-01)'
	  ELSE CASE WHEN (SELECT typcategory FROM pg_type WHERE oid = a) = 'A' THEN '{}' ELSE '7' END END};
my $call_all = qq{
	SET search_path = pg_catalog;
	DO \$\$
	DECLARE
	  call text;
	BEGIN
	  FOR call IN
	    SELECT format('SELECT hostile.%I(%s)', p.proname,
	      (SELECT string_agg(format('%L::%s', $value, format_type(a, NULL)), ', ' ORDER BY n)
	       FROM unnest(p.proargtypes) WITH ORDINALITY u (a, n)))
	    FROM ($members) m
	    JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	    WHERE p.prokind = 'f' AND NOT EXISTS (
	      SELECT FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a WHERE t.typtype = 'p')
	  LOOP
	    BEGIN
	      EXECUTE call;
	    EXCEPTION WHEN OTHERS THEN
	      NULL;
	    END;
	  END LOOP;
	END \$\$;
	SELECT hostile.retention_by_counts(200::numeric, 180::numeric, 30::numeric);};

##################################################################
# A superuser creates the extension there, and mallory does.
##################################################################

for my $who ('postgres', 'mallory')
{
	my $superuser = $who eq 'postgres';
	my $db = $superuser ? 'by_superuser' : 'by_mallory';
	my @as = $superuser ? () : @as_mallory;

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE filled");
	$node->safe_psql($db, "GRANT CREATE ON DATABASE $db TO mallory") if !$superuser;

	$node->safe_psql($db, 'CREATE EXTENSION retention SCHEMA hostile', extra_params => [ @as ]);
	is($node->safe_psql($db, $outside), '', "$who: no member depends on anything else");

	$node->safe_psql($db, $call_all);
	is($node->safe_psql($db, 'SELECT DISTINCT who FROM hostile.canary'),
		'', "$who: nothing of mallory's runs when the functions are called");

	# The canary can sing, and all of the schema was there.
	$node->psql($db, q{SELECT 1::numeric OPERATOR(hostile.=) 2::integer});
	is($node->safe_psql($db, 'SELECT DISTINCT who FROM hostile.canary'),
		'postgres', "$who: the canary would have sung");
	cmp_ok(
		$node->safe_psql($db, q{
			SELECT count(*) FROM pg_proc WHERE proowner = 'mallory'::regrole}),
		'>', 3000, "$who: functions in the way");
	cmp_ok(
		$node->safe_psql($db, q{
			SELECT count(*) FROM pg_operator WHERE oprowner = 'mallory'::regrole}),
		'>', 3000, "$who: operators in the way");
}

##################################################################
# Where something has exactly a name of ours, nothing is created at all.
##################################################################

$node->safe_psql('postgres', 'CREATE DATABASE taken');
$node->safe_psql('taken', 'CREATE SCHEMA hostile AUTHORIZATION mallory');
for my $taken (
	[ '42723', 'FUNCTION hostile.retention_by_counts(numeric, numeric, numeric) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$',
	  'FUNCTION hostile.retention_by_counts' ],
	[ '42710', 'DOMAIN hostile.grain AS text', 'DOMAIN hostile.grain' ],
	[ '42710', 'TABLE hostile.timeline (id int)', 'TABLE hostile.timeline' ])
{
	my ($state, $create, $drop) = @$taken;
	$node->safe_psql('taken', "CREATE $create", extra_params => [@as_mallory]);
	is(state_of('taken', 'CREATE EXTENSION retention SCHEMA hostile;'), $state, "taken: $drop");
	is($node->safe_psql('taken', q{SELECT count(*) FROM pg_extension WHERE extname = 'retention'}),
		'0', 'no extension is there then');
	$node->safe_psql('taken', "DROP $drop", extra_params => [@as_mallory]);
}
is(state_of('taken', 'CREATE EXTENSION retention SCHEMA hostile;'), '', 'and then it is created');

$node->stop;
done_testing();
