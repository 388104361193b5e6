# What the majors of PostgreSQL brought: a module that names its version (18),
# maintenance under a search_path of its own (17), the builtin locale provider
# (17), and compiled expressions, which 15 has too.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('servers');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;

sub sql { my ($query, $db) = @_; return $node->safe_psql($db || 'postgres', $query) }

my $major = int(sql('SHOW server_version_num') / 10000);

sub fill
{
	my ($db) = @_;
	sql('CREATE SCHEMA apart; CREATE EXTENSION retention SCHEMA apart', $db);
	$node->command_ok(
		[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'SET search_path = apart, public', '-f', "$source/test/reference/every_type.sql", '-d', $node->connstr($db) ],
		"$db: values of every type");
	sql("ALTER DATABASE $db SET search_path = apart, public", $db);
}

fill('postgres');
my $digest = sql('SELECT * FROM kept.digest()');
my $remade = sql('SELECT * FROM kept.remake()');
cmp_ok(length $digest, '>', 4000, 'there is something to compare');

##################################################################
# The module
##################################################################

SKIP:
{
	skip 'modules name themselves from PostgreSQL 18 on', 1 if $major < 18;
	is( sql(q{SELECT grain 'day' IS NOT NULL, m.version = e.extversion
			FROM pg_get_loaded_modules() AS m, pg_extension AS e
			WHERE m.module_name = 'retention' AND e.extname = 'retention'}),
		't|t', 'the module says the version of the extension');
}

##################################################################
# Maintenance: REFRESH, indexes and ANALYZE see pg_catalog alone from 17 on
##################################################################

my @made = split /\n/, sql(q{
	SELECT type || E'\t' || replace(regexp_replace(query, '\s+', ' ', 'g'), E'\t', ' ')
	FROM kept.made ORDER BY type COLLATE "C", query COLLATE "C"});
my $n = 0;
for (@made)
{
	my ($type, $query) = split /\t/;
	my $name = 'kept.refreshed_' . ++$n;
	my $seen = "SELECT count(v), md5(string_agg(v::text, ' ' ORDER BY v::text COLLATE \"C\")) FROM $name";
	is( sql(qq{
			SET timezone = 'Europe/Paris';
			CREATE MATERIALIZED VIEW $name AS SELECT row_number() OVER (ORDER BY v::text COLLATE "C") AS id, v FROM ($query) AS made (v) WITH NO DATA;
			CREATE UNIQUE INDEX ON $name (id);
			CREATE INDEX ON $name (length(v::text));
			REFRESH MATERIALIZED VIEW $name;
			SET client_min_messages = warning;
			REFRESH MATERIALIZED VIEW CONCURRENTLY $name;
			ANALYZE $name;
			REINDEX TABLE $name;
			$seen;}),
		sql("SELECT n, as_text FROM kept.remake() WHERE query = regexp_replace(\$q\$$query\$q\$, '\\s+', ' ', 'g')"),
		"$type: a materialized view, refreshed");
}
is(sql(q{
	REINDEX DATABASE postgres;
	SELECT * FROM kept.digest()}), $digest, 'reindexed, with the extension outside the search_path of maintenance');

##################################################################
# Locales
##################################################################

my @locales = (
	$major >= 17 ? ([ 'builtin_c_utf8', q{LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'} ]) : (),
	$major >= 18 ? ([ 'builtin_fast', q{LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'} ]) : (),
	sql(q{SELECT count(*) > 0 FROM pg_collation WHERE collprovider = 'i'}) eq 't' ? ([ 'icu', q{LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'} ]) : ());
note('the builtin locale provider begins with PostgreSQL 17: not tried') if $major < 17;
# Customers of type text are told apart by the default collation.
my $by_name = q{
	SELECT md5(cohort_matrix('Kündin ' || customer, at, amount, 'month at UTC')::text),
		md5(customer_movements('Kündin ' || customer, at, amount, 'month at UTC')::text)
	FROM kept.events};
for (@locales)
{
	my ($db, $options) = @$_;
	sql("CREATE DATABASE $db TEMPLATE template0 LOCALE 'C' $options");
	fill($db);
	is(sql('SELECT * FROM kept.digest()', $db), $digest, "$db: the same values");
	is(sql($by_name, $db), sql($by_name), "$db: the same customers");
}

##################################################################
# Compiled expressions
##################################################################

SKIP:
{
	skip 'this server was built without JIT, or its module is not installed', 3
	  if sql('SELECT pg_jit_available()') ne 't';
	my $jit = 'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;';
	like(sql("$jit EXPLAIN (ANALYZE, COSTS off) SELECT cohort_matrix(customer, at, amount, 'month at UTC') FROM kept.events"),
		qr/JIT:/, 'expressions are compiled');
	is(sql("$jit SELECT * FROM kept.remake()"), $remade, 'compiled, every query gives the same');
	is(sql("$jit SELECT * FROM kept.digest()"), $digest, 'compiled, every value reads the same');
}

unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|PANIC:/, 'no crash');
$node->stop;
done_testing();
