# The documentation's queries on tables as they come: every SQL block of README.md
# and doc/ runs on the CRM of the demo and on a soiled copy of it (soil.sql), and
# recipe by recipe gives there what a query from the definition gives, written
# without the extension.  What check_events and check_ranges say of both, and
# that their remedies give the figures of the clean tables again.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || ".") . "/test/reference";
use Recipes qw($prelude @equal @untold);

my $source = $ENV{RETENTION_SOURCE} || '.';
$ENV{PGCLIENTENCODING} = 'UTF8';

# As 090_readme.pl reads them; what others build on comes first.
my @files = ('README.md', 'doc/operations.md', 'doc/clusters.md', 'doc/reference.md', 'doc/questions.md');
{
	my %listed = map { $_ => 1 } @files;
	push @files, grep { !$listed{$_} } map { s{^\Q$source\E/}{}r } sort glob("$source/doc/*.md");
}
my @blocks;
for my $file (@files)
{
	my $page = slurp_file("$source/$file");
	while ($page =~ /^```sql\n(.*?)^```$/msg)
	{
		my $sql = $1;
		push @blocks, $sql unless $sql =~ /pg_cron/;
	}
}

# The first query that has these words, or all of those of which no number is
# compared.
my @statements = map { Recipes::statements($_) } @blocks;
my %used;

sub recipe
{
	my ($words, $untold) = @_;
	my @found = grep { index($statements[$_], $words) >= 0 } 0 .. $#statements;
	my $name = (split /\n/, $words)[0];
	cmp_ok(scalar @found, '>=', 1, "there is a query with \"$name\"");
	$used{$_} = 1 for $untold ? @found : @found[ 0 .. (@found ? 0 : -1) ];
	my $query = $statements[ $found[0] // 0 ];
	# of a prepared one what is executed
	$query =~ s/\$1::grain/'quarter'/ if $query =~ s/\APREPARE .* AS\n//;
	return $query;
}

my $node = PostgreSQL::Test::Cluster->new('soiled');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\njit = off\n");
$node->start;

my @queries = map { recipe($_->[0]) } @equal;
recipe($_->[0], 1) for @untold;
note('');
note(scalar(@equal) . ' queries of the documentation are compared with their definitions; of these no number is:');
note(sprintf('%-60s %s', (split /\n/, $_->[0])[0], $_->[1])) for @untold;
is( join("\n", map { substr($statements[$_] =~ s/\s+/ /gr, 0, 150) }
	  grep { !$used{$_} && $statements[$_] =~ /\A(?:SELECT|WITH|PREPARE|EXECUTE|TABLE|VALUES)\b/ } 0 .. $#statements),
	'', 'every query of the documentation is in test/reference/Recipes.pm');

my $folder = PostgreSQL::Test::Utils::tempdir();
my %result;
for my $which ('clean', 'soiled')
{
	$node->safe_psql('postgres', "CREATE DATABASE $which");
	my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($which));
	command_ok([ @psql, '-c', 'CREATE EXTENSION retention', '-f', "$source/test/demo/crm.sql",
			$which eq 'soiled' ? ('-f', "$source/test/demo/soil.sql") : () ], "the $which CRM loads");

	# all blocks, and then, in the same session, the recipes against the definitions
	my $script = "\\o /dev/null\n" . join("\n", @blocks) . "\n\\o\n$prelude\\pset format unaligned\n\\pset tuples_only on\n";
	for my $i (0 .. $#equal)
	{
		my ($words, $columns, $definition) = @{ $equal[$i] };
		my $names = $columns =~ s/::text//r;
		$script .= "WITH ours ($names) AS MATERIALIZED (SELECT $columns FROM ($queries[$i]) AS q),
			theirs ($names) AS MATERIALIZED ($definition)
			SELECT '$i', (SELECT count(*) > 0 FROM ours), (SELECT string_agg('more: ' || o::text, ' ') FROM (TABLE ours EXCEPT ALL TABLE theirs) AS o),
				(SELECT string_agg('less: ' || t::text, ' ') FROM (TABLE theirs EXCEPT ALL TABLE ours) AS t);\n";
	}
	append_to_file("$folder/$which.sql", $script);
	my ($out, $err) = run_command([ @psql, '-f', "$folder/$which.sql" ]);
	is($err // '', '', "$which: all " . @blocks . ' blocks run without a word on stderr');
	my %answer = map { /^(\d+)\|(.*)/ ? ($1 => $2) : () } split /\n/, $out;
	for my $i (0 .. $#equal)
	{
		my $name = (split /\n/, $equal[$i][0])[0];
		is($answer{$i} // 'none', 't||', "$which: recipe $name = its definition");
	}

	# what the checks say: faults and looks
	my $found = sub {
		my ($check) = @_;
		return $node->safe_psql($which, "SELECT string_agg(severity || ' ' || finding, ', ' ORDER BY severity, finding) FROM findings(($check))");
	};
	my $expected = $which eq 'clean' ?
	  { orders => '', stages => '', subscriptions => '', surveys => '' } :
	  { orders => 'fault repeated rows, look several rows at once', stages => '', web_orders => 'fault one id, two spellings, fault repeated rows',
		subscriptions => 'fault ends on the last day paid, fault gaps of one day', surveys => '' };
	my %check = (
		orders => "SELECT check_events(customer_id, ordered_at, amount, '2026-01-01') FROM orders",
		web_orders => "SELECT check_events(email, ordered_at, amount, '2026-01-01') FROM web_orders",
		stages => "SELECT check_events(customer_id, entered_at, NULL, '2026-01-01') FROM stages",
		surveys => "SELECT check_events(customer_id, asked_on, NULL, '2026-01-01') FROM surveys",
		subscriptions => "SELECT check_ranges(customer_id, during, monthly_amount, '2026-01-01') FROM subscriptions");
	is($found->($check{$_}), $expected->{$_}, "$which: what is found in $_") for sort keys %$expected;

	# and what the remedies give
	my $orders =
	  '(SELECT customer_id, ordered_at, sum(amount) AS amount FROM (SELECT DISTINCT customer_id, ordered_at, amount FROM orders) AS d GROUP BY 1, 2) AS o';
	my $during = $which eq 'clean' ? 'during' : "daterange(lower(during), upper(during), CASE WHEN upper_inf(during) THEN '[)' ELSE '[]' END)";
	$result{$which} = [
		$node->safe_psql($which, "SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM $orders"),
		$node->safe_psql($which, "SELECT customer_movements(customer_id, $during, monthly_amount, 'month') FROM subscriptions"),
		$node->safe_psql($which, "SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM orders"),
		$node->safe_psql($which, "SELECT customer_movements(customer_id, during, monthly_amount, 'month') FROM subscriptions") ];
}
is($result{soiled}[0], $result{clean}[0], 'orders without repeats, lines added up: the matrix of the clean ones');
is($result{soiled}[1], $result{clean}[1], 'subscriptions to their last day: the movements of the clean ones');
isnt($result{soiled}[$_], $result{clean}[$_], 'as they are they give others') for 2, 3;
is( $node->safe_psql('soiled', q{
		SELECT cohort_matrix(lower(trim(email)), ordered_at, amount, 'month') = cohort_matrix(customer_id, ordered_at, amount, 'month'),
			cohort_matrix(email, ordered_at, amount, 'month') = cohort_matrix(customer_id, ordered_at, amount, 'month') FROM web_orders}),
	't|f', 'mail addresses in lower case, without blanks: the customers again');

$node->stop;
done_testing();
