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


# The views of a dashboard: columns of plain types, and every value as it is.
$node->safe_psql(
	'postgres', q{
	CREATE VIEW sales AS SELECT customer_id, ordered_at, amount, channel FROM orders JOIN customers USING (customer_id);
	CALL retention_dashboard('board', 'sales', 'customer_id', 'ordered_at', 'amount', channel => 'channel', grain => 'month at Europe/Paris')});
my ($table) = slurp_file("$source/doc/dashboard.md") =~ /^## The views\n(.*)/ms;
my @views = grep { $_ ne 'view' } $table =~ /^\| (\w+) \|/mg;
is( $node->safe_psql('postgres', 'SELECT string_agg(name, \' \') FROM unnest(\'{' . join(',', @views) . '}\'::text[]) AS name WHERE to_regclass(\'board.\' || name) IS NULL'),
	'', 'the views that are told are there: ' . @views);

SKIP:
{
	skip('node with the module pg is missing (make deps CLIENTS=1)', 1) unless $has_pg;
	append_to_file("$folder/views.cjs", <<'EOT');
const { Client, types } = require('pg');
const kind = { 16: 'boolean', 20: 'string', 23: 'number', 25: 'string', 701: 'number', 1700: 'string', 1082: 'object' };
const day = d => `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;

(async () => {
	const client = new Client();
	await client.connect();
	let values = 0;
	for (const view of process.argv.slice(2))
	{
		const { rows, fields } = await client.query(`SELECT v.*, (SELECT json_object_agg(key, value) FROM jsonb_each_text(to_jsonb(v))) AS whole FROM board.${view} AS v`);
		for (const field of fields.filter(field => field.name !== 'whole'))
		{
			if (!kind[field.dataTypeID])
				console.log(`${view}.${field.name} is of type ${field.dataTypeID}`);
			for (const row of rows)
			{
				const value = row[field.name], text = row.whole[field.name];
				const same = value === null ? text === null : typeof value !== kind[field.dataTypeID] ? false :
					typeof value === 'number' ? value === Number(text) : value instanceof Date ? day(value) === text : String(value) === text;
				if (!same)
					console.log(`${view}.${field.name}: ${value} is not ${text}`);
				values++;
			}
		}
	}
	await client.end();
	console.log(values > 10000 ? 'all' : `${values} values`);
})();
EOT
	my ($out, $err) = run_command([ 'node', "$folder/views.cjs", @views ]);
	is("$out\n$err", "all\n", 'node-postgres reads the views');
}

SKIP:
{
	skip('a JDK and the JDBC driver are missing (make deps CLIENTS=1)', 1) unless $jar && found('javac');
	append_to_file("$folder/Views.java", <<'EOT');
import java.sql.*;
import java.util.*;

public class Views {
	static final Set<String> PLAIN = Set.of("java.lang.Integer", "java.lang.Long", "java.math.BigDecimal", "java.lang.Double",
		"java.lang.String", "java.lang.Boolean", "java.sql.Date");

	public static void main(String[] args) throws SQLException {
		long values = 0;
		try (Connection db = DriverManager.getConnection(args[0]); Statement ask = db.createStatement()) {
			for (String view : Arrays.asList(args).subList(1, args.length)) {
				ResultSet row = ask.executeQuery("SELECT v.*, md5(v::text) FROM board." + view + " AS v");
				ResultSetMetaData columns = row.getMetaData();
				int n = columns.getColumnCount() - 1;
				for (int i = 1; i <= n; i++)
					if (!PLAIN.contains(columns.getColumnClassName(i)))
						System.out.println(view + "." + columns.getColumnName(i) + " is " + columns.getColumnClassName(i));
				while (row.next())
					for (int i = 1; i <= n; i++) {
						Object value = row.getObject(i);
						String text = row.getString(i);
						boolean same = value == null ? text == null : value instanceof Double ? ((Double) value).equals(Double.valueOf(text)) :
							value instanceof Boolean ? text.startsWith((Boolean) value ? "t" : "f") : value.toString().equals(text);
						if (!same)
							System.out.println(view + "." + columns.getColumnName(i) + ": " + value + " is not " + text);
						values++;
					}
			}
			ResultSet sums = ask.executeQuery("SELECT count(*), sum(revenue), sum(value), min(first_order) FROM board.customers");
			sums.next();
			System.out.println((values > 10000 ? "all" : values + " values") + " " + sums.getLong(1) + " " + sums.getBigDecimal(2) + " " + sums.getObject(4, java.time.LocalDate.class));
		}
	}
}
EOT
	my ($out, $err) = run_command([ 'java', '-cp', $jar, "$folder/Views.java", $url, @views ]);
	is("$out\n$err", 'all ' . $node->safe_psql('postgres', q{SELECT count(*) || ' ' || sum(revenue) || ' ' || min(first_order) FROM board.customers}) . "\n", 'JDBC reads the views');
}

$node->stop;
done_testing();
