# README.md tells the truth: its SQL runs, and prints what it says it prints.
#
# Every block marked sql is run, in order, in one psql session on a database
# with the extension and the CRM of the demo.  A block marked text right after
# one is its output, in psql's aligned format; blanks at line ends do not count.
#
# With README_OUT=file the README is written there with the outputs as they
# were, to look at and take over.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $readme = slurp_file("$source/README.md");

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

# Links lead somewhere.
{
	my %anchor;
	my $heading = qr/^#+ (.*)$/m;
	while ($readme =~ /$heading/g)
	{
		my $words = lc $1;
		$words =~ s/[^\w\- ]//g;
		$words =~ tr/ /-/;
		$anchor{"#$words"} = 1;
	}
	my @dead = grep { !/^https:/ && !$anchor{$_} && !-e "$source/$_" }
	  $readme =~ /\]\(([^)]*)\)/g;
	is("@dead", '', 'no link is dead');
}

# All that users call is in it: not what only types, operators, casts, operator
# classes and aggregates call.
{
	my $names = $node->safe_psql(
		'postgres', q{
		SELECT DISTINCT proname FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'retention'
		WHERE p.oid NOT IN (
			SELECT f FROM pg_type, unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) f
			UNION ALL SELECT oprcode FROM pg_operator UNION ALL SELECT amproc FROM pg_amproc
			UNION ALL SELECT castfunc FROM pg_cast
			UNION ALL SELECT f FROM pg_aggregate, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn,
				aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) f)});
	my @missing = grep { $readme !~ /\b$_\(/ } split /\n/, $names;
	is("@missing", '', 'every function and aggregate is named with its arguments');
}

# [ sql, output or undef, line ]
my @blocks;
my $fence = '```';
while ($readme =~ /^${fence}sql\n(.*?)^$fence$(?:\n+^${fence}text\n(.*?)^$fence$)?/gms)
{
	my ($sql, $text, $at) = ($1, $2, $-[1]);
	if ($sql =~ /pg_cron/ && !$has_cron)
	{
		diag('not run: the block on pg_cron, which is not installed');
		next;
	}
	push @blocks, [ $sql, $text, 1 + (substr($readme, 0, $at) =~ tr/\n//) ];
}
cmp_ok(scalar @blocks, '>', 5, 'README.md has examples');

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
	my ($sql, $text, $line) = @{ $blocks[$i] };
	if (!defined $output{$i})
	{
		fail("block at line $line was reached");
	}
	elsif (defined $text)
	{
		is(tidy($output{$i}), tidy($text), "output of the block at line $line");
	}
	else
	{
		pass("block at line $line runs");
	}
}

if ($ENV{README_OUT})
{
	my $i = 0;
	my $new = '';
	my $last = 0;
	while ($readme =~ /^${fence}sql\n.*?^$fence$(?:\n+^${fence}text\n(.*?)^$fence$)?/gms)
	{
		if (defined $1)
		{
			$new .= substr($readme, $last, $-[1] - $last);
			$new .= tidy($output{$i} // '') . "\n";
			$last = $+[1];
		}
		$i++;
	}
	$new .= substr($readme, $last);
	open my $fh, '>', $ENV{README_OUT} or die "$ENV{README_OUT}: $!";
	print $fh $new;
	close $fh;
}

$node->stop;
done_testing();
