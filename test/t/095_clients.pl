# Drivers: the programs of doc/clients.md print what it says, and the views of a
# dashboard are read as plain columns, by node-postgres and by JDBC, with the values
# that psql has.
#
# What a driver needs comes by make deps CLIENTS=1; where it is missing, its tests are
# skipped and say what.
use strict;
use warnings FATAL => 'all';

use Encode qw(decode);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('clients');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
# JDBC knows no Unix sockets; and the session's zone is to be nobody's.
$node->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'\nlisten_addresses = '127.0.0.1'\n");
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		'-c', 'CREATE EXTENSION retention', '-f', "$source/test/demo/crm.sql" ], 'the CRM loads');

my $folder = PostgreSQL::Test::Utils::tempdir();
my $user = $node->safe_psql('postgres', 'SELECT current_user');
my $url = 'jdbc:postgresql://127.0.0.1:' . $node->port . "/postgres?user=$user";
local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres', PGUSER => $user);

# Debian's own Python, whatever else comes first in the path.
sub python_with
{
	my ($module) = @_;
	for my $python (grep { -x } '/usr/bin/python3', map { "$_/python3" } split /:/, $ENV{PATH})
	{
		return $python if system("$python -c 'import $module' >$folder/log 2>&1") == 0;
	}
	return;
}

sub found { my ($program) = @_; return (grep { -x } map { "$_/$program" } split /:/, $ENV{PATH})[0] }

# node finds Debian's modules by itself, and those of others by NODE_PATH.
my $has_pg = found('node') && system("node -e 'require(\"pg\")' >$folder/log 2>&1") == 0;
my ($jar) = grep { -r } split(/:/, $ENV{RETENTION_JDBC} || ''), '/usr/share/java/postgresql.jar';

# Section of doc/clients.md => the command of its program's file, or what is missing.
my %runs = (
	node => [ 'js', $has_pg ? sub { ('node', $_[0]) } : 'node with the module pg' ],
	Java => [ 'java', $jar && found('javac') ? sub { ('java', '-cp', $jar, $_[0], $url) } : 'a JDK and the JDBC driver' ],
	Python => [ 'python', python_with('psycopg') ? sub { (python_with('psycopg'), $_[0]) } : 'Python with psycopg' ],
	R => [ 'r', found('Rscript') && system("Rscript -e 'library(RPostgreSQL)' >$folder/log 2>&1") == 0 ? sub { ('Rscript', $_[0]) } : 'R with RPostgreSQL' ],
	ODBC => [ 'python', python_with('pyodbc') && `odbcinst -q -d 2>&1` =~ /PostgreSQL Unicode/ ? sub { (python_with('pyodbc'), $_[0]) } : 'Python with pyodbc and PostgreSQL\'s driver' ]);

my $page = slurp_file("$source/doc/clients.md");
my @sections = $page =~ /^## (.*)$/mg;
for my $section (grep { $runs{$_} } @sections)
{
	my ($language, $command) = @{ $runs{$section} };
	my ($text) = $page =~ /^## \Q$section\E\n(.*?)(?=^## |\z)/ms;
	my ($program, $prints) = $text =~ /^```$language\n(.*?)^```\n+```text\n(.*?)^```\n/ms;
	ok(defined $program, "$section: a program, and what it prints") or next;
  SKIP:
	{
		skip("$section: $command is missing (make deps CLIENTS=1)", 1) unless ref $command;
		# of a name that Java takes for the class
		my $file = "$folder/Retention." . { js => 'cjs', java => 'java', python => 'py', r => 'R' }->{$language};
		append_to_file($file, $program);
		my ($out, $err) = run_command([ $command->($file) ]);
		is("$out\n$err", $prints, "$section: it prints that");
		unlink $file;
	}
}
is(join(' ', grep { $page =~ /^## \Q$_\E\n(?:(?!^## ).)*?^```(?!sql|text|\n)/ms && !$runs{$_} } @sections), '', 'every program is run');

$node->stop;
done_testing();
