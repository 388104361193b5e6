# README.md and doc/ tell the truth: their SQL runs, and prints what they say it
# prints.
#
# Every block marked sql is run, file by file in the order below, in one psql
# session on a database with the extension and the CRM of the demo.  A block
# marked text right after one is its output, in psql's aligned format; blanks at
# line ends do not count.
#
# The index of questions in README.md leads to such blocks.  doc/functions.md is
# made of the catalog, doc/cohorts.svg by the query that it is a picture of.
#
# With README_OUT=folder the files are written there with the outputs as they
# were, to look at and take over; make reference takes over those two.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';

# What others build on comes first: operations makes the view of timelines.
my @files = ('README.md', 'doc/operations.md', 'doc/clusters.md', 'doc/reference.md', 'doc/questions.md');
{
	my %listed = map { $_ => 1 } @files;
	my @other = map { s{^\Q$source\E/}{}r } sort glob("$source/doc/*.md");
	push @files, grep { !$listed{$_} } @other, -e "$source/CONTRIBUTING.md" ? 'CONTRIBUTING.md' : ();
}
my %page = map { $_ => slurp_file("$source/$_") } @files;

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\n");
my $sharedir = $node->config_data('--sharedir');
my $has_cron = -e "$sharedir/extension/pg_cron.control";
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\n")
  if $has_cron;
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';

my @psql = (
	'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
	'-d', $node->connstr('postgres'));

command_ok([ @psql, '-f', "$source/test/demo/crm.sql" ], 'the CRM loads');
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

# Links lead somewhere: to a file, a heading, or both.  What is below a heading, and
# the headings below it: $below{"file#anchor"}.
my %below;
{
	my @dead;
	for my $file (@files)
	{
		my (%seen, @open, $fenced);
		$below{$file} = $page{$file};
		for my $line (split /^/, $page{$file})
		{
			$fenced = !$fenced if $line =~ /^```/;
			if (!$fenced && $line =~ /^(#+) (.*)$/)
			{
				my ($level, $words) = (length $1, lc $2);
				$words =~ s/[^\w\- ]//g;
				$words =~ tr/ /-/;
				$words .= "-$seen{$words}" if $seen{$words}++;
				@open = ((grep { $_->[0] < $level } @open), [ $level, "$file#$words" ]);
			}
			$below{ $_->[1] } .= $line for @open;
		}
	}
	for my $file (@files)
	{
		for my $link (links($page{$file}))
		{
			my $to = target($file, $link);
			push @dead, "$file: $link" if $to =~ /#/ ? !defined $below{$to} : !-e "$source/$to";
		}
	}
	is(join(', ', @dead), '', 'no link is dead');
	my @lines = split /\n/, $page{'README.md'};
	cmp_ok(scalar @lines, '<=', 500, 'README.md is a leaflet');
}

# Where the links of a text go that stay in the project.
sub links
{
	my ($text) = @_;
	$text =~ s/^```.*?^```$//msg;
	return grep { !/^https:/ } $text =~ /\]\(([^)]*)\)/g;
}

sub target
{
	my ($file, $link) = @_;
	my $folder = $file =~ m{^(.*/)} ? $1 : '';
	my $to = $link =~ /^#/ ? "$file$link" : "$folder$link";
	1 while $to =~ s{[^/]+/\.\./}{};
	return $to;
}

# The index: what stands in a link is in the SQL it leads to, and every heading of
# the page of questions is in it.
{
	my (@wrong, %led);
	my $index = $below{'README.md#questions'};
	while ($index =~ /\[([^\]]+)\]\(([^)]+)\)/g)
	{
		my ($words, $to) = ($1, target('README.md', $2));
		my $sql = join "\n", ($below{$to} // '') =~ /^```sql\n(.*?)^```$/msg;
		$led{$to} = 1;
		push @wrong, "$to has no query" if $sql eq '';
		push @wrong, "$to: no $_" for grep { /^\w+$/ && $sql !~ /\b$_\b/ } split /, /, $words;
	}
	is(join("\n", @wrong), '', 'every link of the index leads to a query, with the words of the link in it');
	my @missing = grep { /^doc\/questions\.md#/ && $below{$_} =~ /\A## / && !$led{$_} } sort keys %below;
	is("@missing", '', 'every question is in the index');
}

# All that users call is in it: not what only types, operators, casts, operator
# classes, aggregates and the planner call.
{
	my $names = $node->safe_psql(
		'postgres', q{
		SELECT DISTINCT proname FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'retention'
		WHERE p.oid NOT IN (
			SELECT f FROM pg_type, unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) f
			UNION ALL SELECT oprcode FROM pg_operator UNION ALL SELECT amproc FROM pg_amproc
			UNION ALL SELECT castfunc FROM pg_cast UNION ALL SELECT prosupport FROM pg_proc
			UNION ALL SELECT f FROM pg_aggregate, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn,
				aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) f)});
	my $all = join "\n", map { $page{$_} } grep { $_ ne 'doc/functions.md' } @files;
	my @missing = grep { $all !~ /\b$_\(/ } split /\n/, $names;
	is("@missing", '', 'every function and aggregate is named with its arguments');
}

# Its reference by names is what COMMENTs say.
my %made = ('doc/functions.md' => do {
	my ($out, $err) = run_command([ @psql, '-At', '-f', "$source/test/reference/functions.sql" ]);
	is($err // '', '', 'the page of all functions is made');
	"$out\n";
});
{
	my %has = map { $_ => 1 } split /\n/, $page{'doc/functions.md'};
	my @lacks = grep { !$has{$_} } split /\n/, $made{'doc/functions.md'};
	ok($page{'doc/functions.md'} eq $made{'doc/functions.md'}, 'doc/functions.md is that (make reference)') or diag(join("\n", 'it lacks', @lacks));
}

# [ sql, output or undef, where ]
my @blocks;
my $fence = '```';
my $block = qr/^${fence}sql\n(.*?)^$fence$(?:\n+^${fence}text\n(.*?)^$fence$)?/ms;
for my $file (@files)
{
	while ($page{$file} =~ /$block/g)
	{
		my ($sql, $text, $at) = ($1, $2, $-[1]);
		if ($sql =~ /pg_cron/ && !$has_cron)
		{
			diag('not run: the block on pg_cron, which is not installed');
			next;
		}
		push @blocks, [ $sql, $text, "$file line " . (1 + (substr($page{$file}, 0, $at) =~ tr/\n//)) ];
	}
}
cmp_ok(scalar @blocks, '>', 5, 'there are examples');

my $script = '';
for my $i (0 .. $#blocks)
{
	$script .= "\\echo == block $i\n$blocks[$i][0]\n";
}
my $file = PostgreSQL::Test::Utils::tempdir() . '/readme.sql';
append_to_file($file, $script);

my ($out, $err) = run_command([ @psql, '-f', $file ]);
is($err // '', '', 'the blocks run without a word on stderr');

# Lines without blanks at their ends, no empty lines around.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+//;
	$text =~ s/\s+\z//;
	return $text;
}

my %output;
while ($out =~ /^== block (\d+)\n(.*?)(?=^== block \d+\n|\z)/gms)
{
	$output{$1} = $2;
}
for my $i (0 .. $#blocks)
{
	my ($sql, $text, $where) = @{ $blocks[$i] };
	if (!defined $output{$i})
	{
		fail("the block at $where was reached");
	}
	elsif (defined $text)
	{
		is(tidy($output{$i}), tidy($text), "output of the block at $where");
	}
	else
	{
		pass("the block at $where runs");
	}
}

$made{'doc/cohorts.svg'} = $node->safe_psql('postgres', q{
	SELECT cohort_svg(cohort_matrix(customer_id, ordered_at, amount, 'quarter at Europe/Paris'), '2026-01-01') FROM orders}) . "\n";
is(slurp_file("$source/doc/cohorts.svg"), $made{'doc/cohorts.svg'}, 'the picture of README.md is what the query draws (make reference)');

# Lifetime value by channel and month in plain SQL: the chain, which has no
# falling step, and how many the pooled value has.
is( $node->safe_psql(
		'postgres', q{
		CREATE VIEW curves AS
		SELECT channel, c.* FROM (
			SELECT channel, cohort_matrix(customer_id, ordered_at, amount, 'month at Europe/Paris') AS m
			FROM orders JOIN customers USING (customer_id) GROUP BY channel) m, retention_curve(m, '2026-01-01') c;
		WITH months AS (
			SELECT channel, customer_id, amount,
				extract(year FROM age(date_trunc('month', ordered_at AT TIME ZONE 'Europe/Paris'), start)) * 12
					+ extract(month FROM age(date_trunc('month', ordered_at AT TIME ZONE 'Europe/Paris'), start)) AS age, start
			FROM (SELECT *, date_trunc('month', min(ordered_at AT TIME ZONE 'Europe/Paris') FILTER (WHERE amount >= 0)
						OVER (PARTITION BY customer_id)) AS start FROM orders) o
			JOIN customers USING (customer_id)),
		known AS (
			SELECT channel, k AS age, (SELECT count(DISTINCT customer_id) FROM months s WHERE s.channel = c.channel
					AND s.start + (k + 1) * interval '1 month' <= '2026-01-01') AS customers,
				(SELECT coalesce(sum(amount), 0) FROM months s WHERE s.channel = c.channel AND s.age = k
					AND s.start + (k + 1) * interval '1 month' <= '2026-01-01') AS revenue
			FROM (SELECT DISTINCT channel FROM customers) c, generate_series(0, 60) k),
		chain AS (
			SELECT channel, age, sum(round(round(revenue, 30) / customers, 16)) OVER (PARTITION BY channel ORDER BY age) AS chained
			FROM known WHERE customers > 0)
		SELECT count(*) > 50, count(*) FILTER (WHERE c.ltv_chained IS DISTINCT FROM d.chained)
		FROM curves c FULL JOIN chain d USING (channel, age)}),
	't|0', 'the chained value of every channel and month is that of plain SQL');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FILTER (WHERE ltv < before) > 10, count(*) FILTER (WHERE ltv_chained < chained_before)
		FROM (SELECT *, lag(ltv) OVER w AS before, lag(ltv_chained) OVER w AS chained_before
			FROM curves WINDOW w AS (PARTITION BY channel ORDER BY age)) c}),
	't|0', 'it never falls, as the pooled one does');

# With the outputs as they were; a block that was not run keeps what it says.
if ($ENV{README_OUT})
{
	my %at = map { $blocks[$_][2] => $_ } 0 .. $#blocks;
	for my $file (@files)
	{
		my ($new, $last) = ('', 0);
		while ($page{$file} =~ /$block/g)
		{
			next if !defined $2;
			my $i = $at{ "$file line " . (1 + (substr($page{$file}, 0, $-[1]) =~ tr/\n//)) };
			next if !defined $i;
			$new .= substr($page{$file}, $last, $-[2] - $last) . tidy($output{$i} // '') . "\n";
			$last = $+[2];
		}
		$new .= substr($page{$file}, $last);
		$new = $made{$file} if defined $made{$file};
		my $to = "$ENV{README_OUT}/" . $file =~ tr{/}{_}r;
		open my $fh, '>', $to or die "$to: $!";
		print $fh $new;
		close $fh;
	}
	append_to_file("$ENV{README_OUT}/doc_cohorts.svg", $made{'doc/cohorts.svg'});
}

$node->stop;
done_testing();
