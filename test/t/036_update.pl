# Stored values outlive what stored them: dump and restore, and an update to the
# next version of the extension, here one that the test makes up.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('update');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->start;

sub sql { my ($query, $db) = @_; return $node->safe_psql($db || 'postgres', $query) }

# The next version: a script, and a control file that says so.  They lie where
# the server looks for them, and are gone afterwards.
my $extensions = $node->config_data('--sharedir') . '/extension';
my $control = "$extensions/retention.control";
my $script = "$extensions/retention--1.0--1.1.sql";
plan skip_all => "$extensions cannot be written to" unless -w $extensions && -w $control;
my $was = slurp_file($control);
END
{
	if (defined $was)
	{
		unlink $script;
		open my $fh, '>', $control or die;
		print $fh $was;
		close $fh;
	}
}

sub write_file
{
	my ($name, $text) = @_;
	open my $fh, '>', $name or die "$name: $!";
	print $fh $text;
	close $fh;
}

##################################################################
# 1.0, and every type in it
##################################################################

sql(q{CREATE EXTENSION retention VERSION '1.0'});
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$source/test/reference/every_type.sql" ],
	'values of every type');
is(sql('SELECT coalesce(kept.missing(), $$none$$)'), 'none', 'types without a value in every_type.sql');
my $digest = sql('SELECT * FROM kept.digest()');
cmp_ok(length $digest, '>', 4000, 'there is something to compare');

##################################################################
# Dump and restore
##################################################################

sub restored
{
	my ($db) = @_;
	my $dump = PostgreSQL::Test::Utils::tempdir() . "/$db";
	sql("CREATE DATABASE $db; ALTER DATABASE $db SET timezone = 'Asia/Tokyo'; ALTER DATABASE $db SET datestyle = 'German, DMY'");
	$node->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", 'postgres' ], "$db: pg_dump");
	$node->command_ok([ 'pg_restore', '--exit-on-error', "--dbname=$db", $dump ], "$db: pg_restore");
	is(sql('SELECT * FROM kept.digest()', $db), $digest, "$db: the same values");
}
restored('restored');

##################################################################
# 1.1
##################################################################

write_file($control, $was =~ s/^default_version.*$/default_version = '1.1'/mr);
write_file($script, <<'END');
\echo Use "ALTER EXTENSION retention UPDATE TO '1.1'" to load this file. \quit
CREATE FUNCTION grain_words_of_next_version(grain) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN $1::text;
COMMENT ON FUNCTION grain_words_of_next_version(grain) IS 'only a test has it';
CREATE OR REPLACE FUNCTION grain_out(grain) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_grain_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
END

# A session that is open meanwhile goes on.
my $open = $node->background_psql('postgres', on_error_stop => 1);
my $read = q{SELECT md5(string_agg(v::text, ' ' ORDER BY id)) FROM kept.timeline_kept};
my $before = sql($read);
is($open->query($read), $before, 'a session reads before the update') if $open->can('query');

sql('ALTER EXTENSION retention UPDATE');
is(sql(q{SELECT extversion FROM pg_extension WHERE extname = 'retention'}), '1.1', 'updated');
is(sql(q{SELECT grain_words_of_next_version('weeks')}), 'week', 'the new function is there');
is(sql('SELECT * FROM kept.digest()'), $digest, 'every value reads as before');
is($open->query($read), $before, 'and after the update') if $open->can('query');
$open->quit;

restored('restored_next');
is(sql(q{SELECT extversion FROM pg_extension WHERE extname = 'retention'}, 'restored_next'),
	'1.1', 'restored into the next version');

$node->stop;
done_testing();
