# A library that is preloaded, and scripts that are not its own: older ones,
# newer ones, and ones that bind its functions otherwise.  Either it works, and
# with the scan as without, or there is an error that names the function.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use ScanNode;

my $node = scan_node('versions', "shared_preload_libraries = 'retention'\nsession_preload_libraries = ''");

# The scripts lie where the server looks for them, and are gone afterwards.
my $extensions = $node->config_data('--sharedir') . '/extension';
plan skip_all => "$extensions cannot be written to" unless -w $extensions;
my @written;
END { unlink @written }

sub write_script
{
	my ($name, $text) = @_;
	my $file = "$extensions/retention--$name.sql";
	push @written, $file;
	open my $fh, '>', $file or die "$file: $!";
	print $fh $text;
	close $fh;
}

my $script = slurp_file("$extensions/retention--1.0.sql");
my $table = q{
	CREATE TABLE seen (id int, at date, amount int, step int) WITH (parallel_workers = 2);
	INSERT INTO seen SELECT n % 900, date '2024-01-01' + n % 400, n % 50, 1 + n % 3 FROM generate_series(1, 20000) n;
	ANALYZE seen;};
my $matrix = q{SELECT md5(cohort_matrix(id, at, amount, 'month')::text) FROM seen};

# What a query says in each plan: with the scan and without, serial and in workers.
sub outcomes
{
	my ($query, $db) = @_;
	my %said;
	for my $set (map { my $scan = $_; map { "SET retention.scan = $scan; SET max_parallel_workers_per_gather = $_;" } 0, 2 } 'on', 'off')
	{
		my ($code, $out, $err) = $node->psql($db, "\\set VERBOSITY terse\n$set $query");
		push @{ $said{ $err =~ /^.*ERROR: +(.*)/m ? "error: $1" : $out } }, $set;
	}
	return join("\n", sort keys %said);
}

##################################################################
# The library is there, the extension is not
##################################################################

is(sql('SHOW retention.scan'), 'on', 'the setting goes with the library');
sql('CREATE TABLE plain AS SELECT n FROM generate_series(1, 100) n');
is(sql('SELECT count(*), sum(n), (SELECT string_agg(n::text, $$$$ ORDER BY n) FROM plain WHERE n < 4) FROM plain'), '100|5050|123', 'queries of others');

sql('CREATE EXTENSION retention');
sql($table);
my $right = sql("SET retention.scan = off; $matrix");
is(outcomes($matrix, 'postgres'), $right, 'its own script');
like(sql("EXPLAIN $matrix"), qr/RetentionScan/, 'by the scan');

##################################################################
# An older script: the library has what it does not know
##################################################################

write_script('0.9', $script . q{
DO $$ DECLARE f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
		JOIN pg_catalog.pg_extension e ON d.refobjid = e.oid AND e.extname = 'retention' WHERE p.prokind = 'a' AND p.proname IN ('funnel', 'journey', 'recurring_matrix')
	LOOP EXECUTE 'DROP AGGREGATE ' || f; END LOOP;
END $$;
});
sql('CREATE DATABASE older');
sql("CREATE EXTENSION retention VERSION '0.9'; $table", 'older');
is(outcomes($matrix, 'older'), $right, 'an older script');
like(sql("EXPLAIN $matrix", 'older'), qr/RetentionScan/, 'by the scan');
like(outcomes(q{SELECT recurring_matrix(id, at, 'month') FROM seen}, 'older'), qr/^error: function recurring_matrix\(.* does not exist.*$/, 'what it has not');

##################################################################
# A newer one: it names what the library has not
##################################################################

my $newer = q{
CREATE FUNCTION only_a_newer_library_has_it(int) RETURNS int
	AS 'MODULE_PATHNAME', 'retention_of_a_newer_version'
	LANGUAGE C STRICT;
};
my $missing = qr/ERROR:.*42883.*could not find function "retention_of_a_newer_version" in file ".*retention/;
write_script('1.1', $script . $newer);
write_script('1.0--1.1', $newer);
sql('CREATE DATABASE newer');
my ($code, $out, $err) = $node->psql('newer', "\\set VERBOSITY verbose\nCREATE EXTENSION retention VERSION '1.1'");
like($err, $missing, 'it is not installed, and the error names the function and the file');
is(sql('SELECT count(*) FROM pg_extension WHERE extname = $$retention$$', 'newer'), 0, 'nothing of it stays');
sql("CREATE EXTENSION retention VERSION '1.0'; $table", 'newer');
($code, $out, $err) = $node->psql('newer', "\\set VERBOSITY verbose\nALTER EXTENSION retention UPDATE TO '1.1'");
like($err, $missing, 'nor updated');
is(sql('SELECT extversion FROM pg_extension WHERE extname = $$retention$$', 'newer'), '1.0', 'the version stays');
is(outcomes($matrix, 'newer'), $right, 'and works');

# The files of an older version put back under a newer one: what is called is named.
sql(q{UPDATE pg_proc SET prosrc = 'retention_of_a_newer_version' WHERE proname = 'ledger_transition'}, 'newer');
like(outcomes($matrix, 'newer'), qr/^error: could not find function "retention_of_a_newer_version" in file "[^\n]*$/, 'the library of an older version put back');
is(sql('SELECT count(*) FROM seen', 'newer'), 20000, 'other queries go on');
is(sql(q{SET retention.scan = on; SELECT customer_movements(NULL::int, at, 1, 'month', 2) IS NULL FROM seen}, 'newer'), 't', 'what the library has goes on');

##################################################################
# One that binds the library's functions otherwise
##################################################################

# Other names, other numbers of arguments, other orders, other final functions,
# none of a parallel plan: the same as without the scan, be it an error.
my $parallel = 'COMBINEFUNC = ledger_combine, SERIALFUNC = ledger_serialize, DESERIALFUNC = ledger_deserialize, PARALLEL = SAFE';
sub transition
{
	my ($name, $arguments, $symbol, $more) = @_;
	return "CREATE FUNCTION $name(internal, $arguments) RETURNS internal AS 'MODULE_PATHNAME', '$symbol' LANGUAGE C STABLE PARALLEL SAFE " . ($more // '') . ";\n";
}
sub aggregate
{
	my ($name, $arguments, $transition, $final, $more) = @_;
	return "CREATE AGGREGATE $name($arguments) (SFUNC = $transition, STYPE = internal, FINALFUNC = $final, " . ($more // $parallel) . ");\n";
}
write_script('2.0', $script
	  . transition('two', '"any", "any"', 'retention_ledger_transition') . aggregate('two_arguments', '"any", "any"', 'two', 'cohort_matrix_final')
	  . transition('seven', '"any", "any", "any", "any", grain, bigint, int', 'retention_ledger_transition')
	  . aggregate('seven_arguments', '"any", "any", "any", "any", grain, bigint, int', 'seven', 'cohort_matrix_final')
	  . transition('turned', 'grain, "any", "any"', 'retention_ledger_transition') . aggregate('turned_arguments', 'grain, "any", "any"', 'turned', 'cohort_matrix_final')
	  . transition('texts', 'int, date, text', 'retention_ledger_transition') . aggregate('text_as_grain', 'int, date, text', 'texts', 'cohort_matrix_final')
	  . transition('wide', 'bigint, timestamptz, float8, grain', 'retention_ledger_transition') . aggregate('named_types', 'bigint, timestamptz, float8, grain', 'wide', 'cohort_matrix_final')
	  . transition('set_aside', '"any", "any", grain', 'retention_ledger_transition', q{SET timezone = 'Asia/Tokyo'}) . aggregate('with_a_setting', '"any", "any", grain', 'set_aside', 'cohort_matrix_final')
	  . aggregate('movements_of_a_matrix', '"any", "any", grain', 'ledger_transition', 'customer_movements_final')
	  . aggregate('funnel_of_a_matrix', '"any", "any", grain', 'ledger_transition', 'funnel_final')
	  . aggregate('journey_of_a_matrix', '"any", "any", grain', 'ledger_transition', 'journey_final')
	  . aggregate('recurring_otherwise', '"any", "any", "any", grain', 'ledger_transition', 'recurring_matrix_final')
	  . aggregate('matrix_of_a_funnel', '"any", "any", "any", interval', 'funnel_transition', 'cohort_matrix_final')
	  . aggregate('matrix_of_a_check', '"any", "any", "any", date', 'check_events_transition', 'cohort_matrix_final', 'PARALLEL = SAFE')
	  . aggregate('alone', '"any", "any", grain', 'ledger_transition', 'cohort_matrix_final', 'PARALLEL = UNSAFE'));
sql('CREATE DATABASE otherwise');
sql("CREATE EXTENSION retention VERSION '2.0'; $table", 'otherwise');
for my $call (
	q{two_arguments(id, at)}, q{seven_arguments(id, at, at, amount, 'month', 2, 1)}, q{turned_arguments('month', id, at)},
	q{text_as_grain(id, at, 'month')}, q{named_types(id, at, amount, 'month')}, q{with_a_setting(id, at + time '12:00' AT TIME ZONE 'UTC', 'month')},
	q{movements_of_a_matrix(id, at, 'month')}, q{funnel_of_a_matrix(id, at, 'month')}, q{journey_of_a_matrix(id, at, 'month')},
	q{recurring_otherwise(id, at, amount, 'month')}, q{matrix_of_a_funnel(id, at, step, '30 days')}, q{matrix_of_a_check(id, at, amount, '2026-01-01')},
	q{alone(id, at, 'month')}, q{movements_of_a_matrix(id, at, 'month'), cohort_matrix(id, at, 'month')},
	q{funnel_of_a_matrix(id, at, 'month'), cohort_matrix(id, at, 'month')}, q{recurring_otherwise(id, at, amount, 'month'), cohort_matrix(id, at, amount, 'month')})
{
	my $said = outcomes("SELECT $call FROM seen", 'otherwise');
	unlike($said, qr/\n|^$/, "the same in every plan: $call");
	note "$call: " . substr($said, 0, 160);
}
for my $call (q{two_arguments(id, at)}, q{seven_arguments(id, at, at, amount, 'month', 2, 1)}, q{text_as_grain(id, at, 'month')})
{
	my ($code, $out, $err) = $node->psql('otherwise', "\\set VERBOSITY verbose\nSELECT $call FROM seen");
	like($err, qr/ERROR:\s+42P13: function \w+\(internal.*\) is not declared as the library has it.*HINT:.*ALTER EXTENSION retention UPDATE/s, "it says what to do: $call");
}
is(outcomes($matrix, 'otherwise'), $right, 'the server is up');

$node->stop;
done_testing();
