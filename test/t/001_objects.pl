# What the extension puts into a database: everything is commented, nothing
# has rights it does not need, and it goes where it is told and leaves.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('objects');
$node->init;
$node->start;

# The rows of a query that should have none, one a line.
sub none
{
	my ($query, $name) = @_;
	is($node->safe_psql('postgres', $query), '', $name);
}

$node->safe_psql('postgres', 'CREATE EXTENSION retention');

my $members = q{
	SELECT d.classid, d.objid
	FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass
	  AND d.deptype = 'e' AND e.extname = 'retention'};

cmp_ok(
	$node->safe_psql('postgres', "SELECT count(*) FROM ($members) m"),
	'>', 10, 'the extension has objects');

# An array type comes with its type; an operator family, when it was not made
# by hand, with the operator class of its name.
none(
	qq{SELECT pg_describe_object(m.classid, m.objid, 0)
	   FROM ($members) m
	   WHERE obj_description(m.objid, m.classid::regclass::text) IS NULL
	     AND NOT EXISTS (SELECT FROM pg_type t
	                     WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid
	                       AND t.typelem <> 0 AND t.typcategory = 'A')
	     AND NOT EXISTS (SELECT FROM pg_opfamily f
	                     JOIN pg_opclass c ON c.opcfamily = f.oid AND c.opcname = f.opfname
	                     WHERE m.classid = 'pg_opfamily'::regclass AND f.oid = m.objid
	                       AND obj_description(c.oid, 'pg_opclass') IS NOT NULL)
	   ORDER BY 1},
	'every object has a comment');

my $functions = qq{
	SELECT p.* FROM pg_proc p
	JOIN ($members) m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid};

none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f WHERE proparallel <> 's' AND prokind <> 'p' ORDER BY 1},
	'every function is PARALLEL SAFE');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f WHERE prosecdef ORDER BY 1},
	'none is SECURITY DEFINER');

# A stored value is read, checked and summed up: planned as if that cost nothing,
# readers would be called early and for every row.  A grain is a word or two.
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f
	   WHERE f.prokind = 'f' AND f.procost <= 1
	     AND EXISTS (SELECT FROM unnest(f.proargtypes) a
	                 JOIN pg_type t ON t.oid = a
	                 JOIN pg_type v ON v.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
	                 JOIN ($members) m ON m.classid = 'pg_type'::regclass AND m.objid = v.oid
	                 WHERE v.typtype = 'b' AND v.typname <> 'grain')
	   ORDER BY 1},
	'no function over a stored value has the COST of an addition');
cmp_ok(
	$node->safe_psql('postgres', qq{SELECT min(procost) FROM ($functions) f WHERE proname IN ('orders', 'revenue', 'active_days', 'lifecycle', 'cohort_of')}),
	'>=', 50, 'readers of timelines cost what they take');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f WHERE proleakproof ORDER BY 1},
	'none is LEAKPROOF');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f
	   JOIN pg_language l ON l.oid = f.prolang
	   WHERE l.lanname NOT IN ('c', 'internal', 'sql') AND NOT (l.lanname = 'plpgsql' AND f.proname ~ '^retention_') ORDER BY 1},
	'none is in a language that may be missing, but for the dashboard');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f
	   JOIN pg_language l ON l.oid = f.prolang
	   WHERE l.lanname = 'plpgsql' AND (f.proconfig IS NULL OR NOT f.proconfig @> '{"search_path=pg_catalog, pg_temp",jit=off}') ORDER BY 1},
	'what is looked up when it runs is looked up in pg_catalog, and not compiled for a few rows');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f WHERE provolatile = 'v' AND prokind <> 'p' ORDER BY 1},
	'none is VOLATILE');
none(
	qq{SELECT f.oid::regprocedure FROM ($functions) f
	   JOIN pg_language l ON l.oid = f.prolang
	   WHERE l.lanname = 'sql' AND f.prosqlbody IS NULL ORDER BY 1},
	'SQL functions have SQL-standard bodies');
none(
	qq{SELECT a.aggfnoid::regprocedure FROM pg_aggregate a
	   JOIN ($members) m ON m.classid = 'pg_proc'::regclass AND m.objid = a.aggfnoid
	   WHERE a.aggsortop <> 0 ORDER BY 1},
	'no aggregate has a sort operator');
none(
	qq{SELECT f.oid::regprocedure || ': ' || n
	   FROM ($functions) f, unnest(f.proargnames) n
	   WHERE n IN (SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T'))
	   ORDER BY 1},
	'no parameter is named by a reserved word');

# A value can be sorted, grouped, joined and indexed in either way.
none(
	qq{SELECT t.oid::regtype || ': no ' || a.amname || ' operator class'
	   FROM ($members) m
	   JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid AND t.typtype = 'b' AND t.typcategory <> 'A'
	   JOIN pg_am a ON a.amname IN ('btree', 'hash')
	   WHERE NOT EXISTS (SELECT FROM pg_opclass c WHERE c.opcmethod = a.oid AND c.opcintype = t.oid AND c.opcdefault)
	   ORDER BY 1},
	'every type has operator classes for btree and hash');
none(
	qq{SELECT o.oid::regoperator
	   FROM ($members) m
	   JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
	   WHERE o.oprresult = 'boolean'::regtype
	     AND (o.oprcom = 0 OR o.oprnegate = 0 OR o.oprrest = 0 OR o.oprjoin = 0
	          OR (o.oprname = '=' AND NOT (o.oprcanhash AND o.oprcanmerge)))
	   ORDER BY 1},
	'every comparison has commutator, negator and estimators, equality hashes and merges');

my $everything = q{
	SELECT count(*) FROM (
	  SELECT oid FROM pg_proc UNION ALL SELECT oid FROM pg_type
	  UNION ALL SELECT oid FROM pg_operator UNION ALL SELECT oid FROM pg_cast
	  UNION ALL SELECT oid FROM pg_opclass UNION ALL SELECT oid FROM pg_opfamily) o};

# Somewhere else, moved, and gone.
my $before = $node->safe_psql('template1', $everything);
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql(
	'elsewhere', q{
	CREATE SCHEMA metrics;
	CREATE SCHEMA moved;
	CREATE EXTENSION retention SCHEMA metrics;
	CREATE TABLE cohort_matrix (id int);});
my $call = q{
	SELECT count(*) > 0
	FROM %s.cohort_cells((
	  SELECT %s.cohort_matrix(c, d::date, 'month')
	  FROM (VALUES (1, '2024-01-05'), (1, '2024-02-05')) v (c, d)));};
is($node->safe_psql('elsewhere', $call =~ s/%s/metrics/gr),
	't', 'works in a schema that is not in the search_path');
$node->safe_psql('elsewhere', 'ALTER EXTENSION retention SET SCHEMA moved');
is($node->safe_psql('elsewhere', $call =~ s/%s/moved/gr),
	't', 'works after ALTER EXTENSION ... SET SCHEMA');
$node->safe_psql('elsewhere',
	'DROP TABLE cohort_matrix; DROP EXTENSION retention;');
is($node->safe_psql('elsewhere', $everything),
	$before, 'DROP EXTENSION leaves nothing');

# Trusted: CREATE on the database is enough.
$node->safe_psql(
	'elsewhere', q{
	CREATE ROLE analyst LOGIN;
	GRANT CREATE ON DATABASE elsewhere TO analyst;});
$node->safe_psql(
	'elsewhere', q{CREATE SCHEMA mine; CREATE EXTENSION retention SCHEMA mine;},
	extra_params => [ '-U', 'analyst' ]);
is( $node->safe_psql(
		'elsewhere', $call =~ s/%s/mine/gr,
		extra_params => [ '-U', 'analyst' ]),
	't',
	'a role that is no superuser creates and uses it');
$node->safe_psql('elsewhere', 'DROP EXTENSION retention',
	extra_params => [ '-U', 'analyst' ]);

$node->stop;
done_testing();
