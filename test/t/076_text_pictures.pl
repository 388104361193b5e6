# Text pictures as a client gets them: every kind at 80 and 120 columns, by psql in
# UTF-8, LATIN1 and WIN1252, whatever the labels are.  No line is wider than asked,
# none breaks or turns, nothing fails to be converted, and there are no block
# characters where the client's encoding lacks them; in parallel workers, too, whose
# own encoding is that of the database.
use strict;
use warnings FATAL => 'all';

use Encode qw(decode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('text_pictures');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\n");
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';
my $parallel = $node->safe_psql('postgres', q{SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')});

$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE labels (n int, label text);
	INSERT INTO labels VALUES (1, '<script>alert(1)</script>'), (2, '"quoted" & ''so'''), (3, ']]>'), (4, 'שלום עולם, قناة البريد'),
		(5, E'\U0001F469\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466 family \U0001F600'), (6, repeat('long label ', 27)), (7, NULL),
		(8, E'tab\tline\nbell\x07 esc\x1b[31m \u0085\u2028'), (9, E'\u202Eturned\u2066'), (10, ''), (11, 'publicité, «naïf»'),
		(12, E'mark' || repeat(E'\u0301', 400)), (13, '日本語の販売経路の長い名前'), (14, 'euro € š');
	CREATE TABLE made AS SELECT
		cohort_matrix(c, timestamptz '2024-01-01 12:00' + c % 60 * interval '9 days' + k * k * interval '20 days', 1e6 * c, 'month') AS months,
		cohort_matrix(c, timestamptz '2024-01-01 12:00' + c % 60 * interval '9 days' + k * k * interval '20 days', NULL, '30 days since start by quarter at America/Argentina/Buenos_Aires') AS windows,
		customer_movements(c, timestamptz '2024-01-01 12:00' + c % 60 * interval '9 days' + k * k * interval '20 days', 1e9 * c, 'month') AS money,
		customer_movements(c, timestamptz '2024-01-01 12:00' + c % 60 * interval '9 days' + k * k * interval '20 days', 'week') AS heads,
		funnel(c, timestamp '2024-01-01' + k * interval '100 hours', k + 1, '1 year 6 months', 'strict order, strictly increasing') AS f
	FROM generate_series(1, 200) c, generate_series(0, 5) k WHERE c % (k + 1) = 0;
	CREATE TABLE lives AS SELECT survival_curve(n % 300, n % 3 = 0) AS s FROM generate_series(1, 900) n;
	CREATE TABLE ways AS SELECT journey(k % 40, timestamp '2024-01-01' + (k * k % 17 + 20 * l.n) * interval '1 minute', label, '2 days') AS j
		FROM generate_series(1, 300) k, labels l WHERE (k + l.n) % 3 = 0;
});

my %picture = (
	cohort_text => [ 'SELECT cohort_text(months, NULL, WIDTH) FROM made', 'SELECT cohort_text(windows, NULL, WIDTH) FROM made' ],
	retention_curve_text => [ 'SELECT retention_curve_text(months, NULL, WIDTH) FROM made', 'SELECT retention_curve_text(windows, NULL, WIDTH) FROM made' ],
	movements_text => [ 'SELECT movements_text(money, NULL, WIDTH) FROM made', 'SELECT movements_text(heads, NULL, WIDTH) FROM made' ],
	funnel_text => ['SELECT funnel_text(f, WIDTH) FROM made'],
	survival_text => ['SELECT survival_text(s, WIDTH) FROM lives'],
	journey_text => [ 'SELECT journey_text(j, 20, WIDTH) FROM ways', 'SELECT journey_text(j, 2, WIDTH) FROM ways' ]);
is( join(' ', sort keys %picture),
	$node->safe_psql('postgres', q{SELECT string_agg(DISTINCT proname::text, ' ' ORDER BY proname::text) FROM pg_proc WHERE proname ~ '_text$' AND pronargs > 1 AND prosrc ~ '^retention_' AND proretset}),
	'every kind is here');

# Columns of a screen.
sub columns
{
	my ($line) = @_;
	my $n = 0;
	for my $c (split //, $line)
	{
		$n += $c =~ /\p{Mn}|\p{Cf}/ ? 0 : $c =~ /\p{EA=W}|\p{EA=F}/ ? 2 : 1;
	}
	return $n;
}

my %of_name = (UTF8 => 'UTF-8', LATIN1 => 'iso-8859-1', WIN1252 => 'cp1252');
for my $encoding (sort keys %of_name)
{
	local $ENV{PGCLIENTENCODING} = $encoding;
	for my $kind (sort keys %picture)
	{
		for my $width (80, 120)
		{
			my ($blocks, @wrong) = (0);
			for my $query (@{ $picture{$kind} })
			{
				my $first;
				for my $mode ('off', $encoding eq 'UTF8' ? () : 'on')
				{
					my ($out, $err) = ('', '');
					IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
							'-c', "SET $parallel = $mode", '-c', $query =~ s/WIDTH/$width/r ], '<', \undef, '>', \$out, '2>', \$err);
					push @wrong, "parallel $mode: $err" if $err ne '';
					$first //= $out;
					push @wrong, 'another picture in a worker' if $out ne $first;
					push @wrong, 'nothing' if $out eq '';
					my $text = eval { decode($of_name{$encoding}, $out, Encode::FB_CROAK) };
					push @wrong, "not $encoding" if !defined $text;
					for my $line (split /\n/, $text // '')
					{
						push @wrong, columns($line) . " columns: $line" if columns($line) > $width;
						push @wrong, 'a character that is no character' if $line =~ /[\x00-\x1f\x7f-\x9f\x{202A}-\x{202E}\x{2066}-\x{2069}\x{2028}\x{2029}]/;
						$blocks++ if $line =~ /[\x{2580}-\x{259F}]/;
					}
				}
			}
			push @wrong, 'no blocks' if $encoding eq 'UTF8' && !$blocks && $kind ne 'movements_text';
			is(join("\n", map { Encode::encode('UTF-8', $_) } @wrong), '', "$kind, $encoding, $width columns");
		}
	}
}

# What the client's encoding has is there.
{
	local $ENV{PGCLIENTENCODING} = 'WIN1252';
	my $out = decode('cp1252', join '', `psql -XAtq -d '@{[ $node->connstr('postgres') ]}' -c 'SELECT journey_text(j, 20) FROM ways'`);
	like($out, qr/publicit\x{e9}, \x{ab}na\x{ef}f\x{bb}/, 'letters that it has');
	like($out, qr/euro \x{20ac} \x{161}/, 'and those of WIN1252 alone');
	like($out, qr/\(empty\)/, 'a place without a name');
	like($out, qr/\?\?\?\? \?\?\?\?, \?/, 'a question mark for one that it has not');
}

$node->stop;
done_testing();
