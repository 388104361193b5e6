# The loader of make demo on files as people export them, made here: each gives the
# right numbers, computed again in Perl, or stops with the reason and what to type,
# and what it says to type gives the right numbers.  Nothing else in the database
# changes.
use strict;
use warnings FATAL => 'all';
use utf8;

use Encode qw(encode decode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Text::ParseWords qw(shellwords);

my $source = $ENV{RETENTION_SOURCE} || '.';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('loader');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'\ndatestyle = 'SQL, MDY'\n");
$node->start;
# Somebody's database: the extension in a schema of its own, and tables with the
# very names.
$node->safe_psql('postgres', q{
	CREATE SCHEMA metrics; CREATE EXTENSION retention SCHEMA metrics;
	CREATE TABLE orders AS SELECT 'mine' AS customer_id; CREATE TABLE input (a int); CREATE TABLE fields (a int); CREATE TABLE rows (a int);
	CREATE FUNCTION many(bigint) RETURNS text LANGUAGE sql RETURN 'mine';});
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
delete $ENV{$_} for qw(CUSTOMER AT AMOUNT CHANNEL ORDER QUANTITY PRICE SEPARATOR ENCODING QUOTES HEADER DATES DECIMAL ZONE SIGN KEEP REFUNDS LINES SKIP SCHEMA DATA);

sub everything
{
	return $node->safe_psql('postgres', q{
		SELECT string_agg(c, ' ' ORDER BY c) FROM (
			SELECT relnamespace::regnamespace || '.' || relname || ' ' || relkind::text AS c FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_toast|^pg_temp'
			UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
			UNION ALL SELECT 'row ' || customer_id FROM public.orders) AS x});
}
my $before = everything();

##################################################################
# Orders, the same every time
##################################################################
my $state = 20240403;
sub draw { my ($sides) = @_; $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $sides }
my @channel = ('web', 'salon', 'parrainage');
my @truth = map {
	my $day = draw(28) + 1;
	{ customer => sprintf('C%03d', draw(37)), y => 2023 + draw(2), m => 1 + draw(12), d => $day, h => 8 + draw(11), i => draw(60), cents => 100 + draw(300000), order => 1000 + $_ }
} 1 .. 120;
my %channel_of;
$_->{channel} = $channel_of{ $_->{customer} } //= $channel[ draw(3) ] for @truth;
# Both 1234.05 and 12.30 are among them, and a day above 12.
@truth[ 0, 1 ] = map { { %$_ } } @truth[ 0, 1 ];
@{ $truth[0] }{qw(cents d m)} = (123405, 27, 2);
@{ $truth[1] }{qw(cents d m)} = (1230, 3, 4);

# money(cents, decimal, group)
sub money
{
	my ($cents, $decimal, $group) = @_;
	my $whole = int(abs($cents) / 100);
	1 while $whole =~ s/^(\d+)(\d{3})/$1$group$2/ && $group ne '';
	return ($cents < 0 ? '-' : '') . $whole . $decimal . sprintf('%02d', abs($cents) % 100);
}
sub plain { return money($_[0]{cents}, '.', '') }
sub iso { return sprintf '%04d-%02d-%02d', @{ $_[0] }{qw(y m d)} }
sub dmy { return sprintf '%02d/%02d/%04d', @{ $_[0] }{qw(d m y)} }
sub mdy { return sprintf '%d/%d/%04d', @{ $_[0] }{qw(m d y)} }
sub clock { return sprintf '%02d:%02d', @{ $_[0] }{qw(h i)} }
sub moment { return iso($_[0]) . ' ' . clock($_[0]) . ':00' }
# table(separator, header, sub of an order giving its fields [, orders])
sub table
{
	my ($sep, $header, $row, @orders) = @_;
	@orders = @truth if !@orders;
	return join("\n", (defined $header ? join($sep, @$header) : ()), map { join($sep, $row->($_)) } @orders) . "\n";
}
# What must be in the table: customer|time|amount|channel
sub want
{
	my ($at, $amount, $channel, @orders) = @_;
	@orders = @truth if !@orders;
	return join "\n", sort map {
		my $a = $amount->($_);
		join('|', $_->{customer}, $at->($_), defined $a ? $a : '', $channel ? $_->{channel} : '') } @orders;
}
my @plain = (\&iso, \&plain, 0);

##################################################################
# One file
##################################################################
my ($files, $right, $stopped) = (0, 0, 0);
my @table;

sub load
{
	my ($name, %typed) = @_;
	local %ENV = (%ENV, (map { encode('UTF-8', $_) } %typed), DATA => $name);
	my ($out, $err) = ('', '');
	my $done = IPC::Run::run([ 'bash', "$source/test/demo/load.sh", "$folder/$name" ], '<', \'', '>', \$out, '2>', \$err);
	return ($done, decode('UTF-8', $out), decode('UTF-8', $err));
}

sub loaded
{
	my $got = $node->safe_psql('postgres', q{SET datestyle = 'ISO'; SET timezone = 'UTC';
		SELECT concat_ws('|', customer_id, ordered_at, coalesce(round(amount, 2)::text, ''), coalesce(channel, '')) FROM demo.orders});
	return join "\n", sort split /\n/, decode('UTF-8', $got);
}

# Cohorts by month of the wanted rows, in Perl; and of the loaded ones, by us.
sub cohorts
{
	my ($want) = @_;
	my (%active, %first, %sum);
	for (split /\n/, $want)
	{
		my ($customer, $at, $amount) = split /\|/;
		next if $amount =~ /^-/;
		my $month = substr($at, 0, 4) * 12 + substr($at, 5, 2);
		$first{$customer} = $month if !defined $first{$customer} || $month < $first{$customer};
		$active{$customer}{$month} = 1;
	}
	for my $c (keys %active) { $sum{ $first{$c} . '+' . ($_ - $first{$c}) }++ for keys %{ $active{$c} } }
	return join ' ', sort map { "$_=$sum{$_}" } keys %sum;
}
sub our_cohorts
{
	my $rows = $node->safe_psql('postgres', q{SET timezone = 'UTC'; SET search_path = metrics, public;
		SELECT extract(year FROM cohort) * 12 + extract(month FROM cohort) || '+' || age || '=' || active
		FROM cohort_cells((SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM demo.orders), as_of => '2030-01-01')
		WHERE active > 0});
	return join ' ', sort split /\n/, $rows;
}

sub is_right
{
	my ($what, $want) = @_;
	my $got = loaded();
	my $cohorts = our_cohorts();
	my $same = $got eq $want && $cohorts eq cohorts($want);
	ok($same, "$what: the right numbers");
	if (!$same)
	{
		my @got = split /\n/, $got;
		my @want = split /\n/, $want;
		my %want = map { $_ => 1 } @want;
		my %got = map { $_ => 1 } @got;
		diag('cohorts: ', $cohorts, ' wanted: ', cohorts($want)) if $got eq $want;
		diag(scalar(@got), ' rows, ', scalar(@want), ' wanted; not wanted: ', join(', ', (grep { !$want{$_} } @got)[ 0 .. 2 ]) // '', '; missing: ', join(', ', (grep { !$got{$_} } @want)[ 0 .. 2 ]) // '');
	}
	$node->safe_psql('postgres', 'DROP SCHEMA demo CASCADE');
	return $same;
}

# file(what, bytes, wanted rows, options): gives them at once, or with stops =>
# regexp, stops with that reason and, typed as it says, gives them; wanted undef:
# there is nothing to type that helps.
sub file
{
	my ($what, $bytes, $want, %o) = @_;
	my $name = sprintf 'file %02d.csv', ++$files;
	open my $fh, '>:raw', "$folder/$name" or die;
	print $fh (utf8::is_utf8($bytes) ? encode('UTF-8', $bytes) : $bytes);
	close $fh;
	my %typed = %{ $o{typed} || {} };
	my ($done, $out, $err) = load($name, %typed);
	if (!$o{stops})
	{
		ok($done, "$what: loaded") or diag($out, $err);
		like($out, $o{says}, "$what: says so") if $o{says};
		$right += $done && is_right($what, $want);
		push @table, [ $what, 'right', '' ];
		return;
	}
	ok(!$done, "$what: stops");
	$node->safe_psql('postgres', 'DROP SCHEMA demo CASCADE') if $done;
	like($err, $o{stops}, "$what: the reason");
	like($err, qr/^   type: \S/m, "$what: what to type");
	is(everything(), $before, "$what: and nothing is left");
	my ($reason) = $err =~ /^stopped: [^:]*: (.*)/m;
	push @table, [ $what, 'stops', $reason // '' ];
	$stopped++;
	return if !defined $want;
	for my $wanted (ref($o{choose} // '') eq 'ARRAY' ? @{ $o{choose} } : ($o{choose}))
	{
		# the choice wanted among what it says, else the first
		my @choices = map { s/^ *(type|or): //r } grep { /^ *(type|or): make demo/ } split /\n/, $err;
		my ($choice) = defined $wanted ? grep { /$wanted/ } @choices : @choices;
		ok(defined $choice, "$what: the choice is there") or diag(encode('UTF-8', $err));
		return if !defined $choice;
		$choice =~ s/   \(.*$//;
		my @words = shellwords($choice);
		is("@words[0, 1]", 'make demo', "$what: a command");
		my %again = map { split /=/, $_, 2 } @words[ 2 .. $#words ];
		is($again{DATA}, $name, "$what: of the same file");
		delete $again{DATA};
		($done, $out, $err) = load($name, %again);
	}
	ok($done, "$what: typed as it says, loads") or diag(encode('UTF-8', "$out$err"));
	$right += $done && is_right("$what, typed as it says", $want);
}
##################################################################
# How the file is written
##################################################################
my @english = ('Customer ID', 'Order Date', 'Total Amount');
my $simple = sub { ($_[0]{customer}, iso($_[0]), plain($_[0])) };
file('commas', table(',', \@english, $simple), want(@plain));
file('semicolons, decimal comma, dd/mm, French, a byte order mark, CRLF',
	"\x{FEFF}" . table(';', [ 'N° client', 'Date de commande', 'Montant TTC (€)', 'Canal' ], sub { ($_[0]{customer}, dmy($_[0]), money($_[0]{cents}, ',', "\x{202F}") . ' €', $_[0]{channel}) }) =~ s/\n/\r\n/gr,
	want(\&iso, \&plain, 1), says => qr/day, month, year.*decimal comma/s);
file('UTF-16, tabs, as spreadsheets save Unicode text', encode('UTF-16LE', "\x{FEFF}" . table("\t", [ 'Numéro client', 'Date commande', 'Montant' ], sub { ($_[0]{customer}, dmy($_[0]), money($_[0]{cents}, ',', '')) })), want(@plain));
file('UTF-32', encode('UTF-32', table(';', \@english, $simple)), want(@plain));
file('UTF-16 big-endian without a mark', encode('UTF-16BE', table(';', \@english, $simple)), want(@plain));
file('Windows-1252', encode('cp1252', table(';', [ 'Société', 'Date', 'Montant', 'Canal' ], sub { ($_[0]{customer}, iso($_[0]), money($_[0]{cents}, ',', ' ') . ' €', 'référencement') })),
	join("\n", map { s/$/référencement/r } split /\n/, want(@plain)), says => qr/Windows-1252/);
file('Macintosh Roman', encode('MacRoman', table(';', [ 'client', 'date', 'total', 'canal' ], sub { ($_[0]{customer}, iso($_[0]), plain($_[0]), 'écrit à côté') })),
	join("\n", map { s/$/écrit à côté/r } split /\n/, want(@plain)), stops => qr/is not UTF-8, and as Windows-1252 it reads|neither UTF-8 nor/, choose => qr/MACINTOSH/);
file('sep=;', "sep=;\r\n" . table(';', \@english, $simple), want(@plain));
file('pipes and old line ends', table('|', \@english, $simple) =~ s/\n/\r/gr, want(@plain));
file('blanks between columns', join("\n", map { join '  ', $simple->($_) } @truth) . "\n", want(@plain), stops => qr/no comma, semicolon, tab or pipe/);
file('quoted fields with line ends, commas, marks', table(',', [ '"Customer ID"', '"Note, long"', '"Order ""Date"""', 'Amount' ],
		sub { ("\"$_[0]{customer}\"", "\"he said \"\"yes\"\",\nand 2024-01-01\n\n\"", '"' . iso($_[0]) . '"', '"' . money($_[0]{cents}, '.', ',') . '"') }), want(@plain));
file('a title above, blank lines, a total and a footer below', "Sales report\n\n" . table(';', [ 'Customer', 'Date', 'Amount' ], $simple) =~ s/\n(C0[0-3])/\n\n$1/gr . "\nTotal;;99999.00\nExported by nobody\n", want(@plain), says => qr/above the table, left out: "Sales report".*left out  2 lines/s);
file('a total with a time', table(',', \@english, $simple) . 'Grand total,2025-01-01,' . plain({ cents => eval { my $s = 0; $s += $_->{cents} for @truth; $s } }) . "\n", want(@plain), says => qr/is the sum of the lines above/);
file('files one after another', table(',', \@english, $simple, @truth[ 0 .. 59 ]) . table(',', \@english, $simple, @truth[ 60 .. 119 ]), want(@plain), says => qr/1 more lines with the names/);
file('inches in a file without quoting', table("\t", [ 'customer', 'item', 'date', 'amount' ], sub { ($_[0]{customer}, '27" screen', iso($_[0]), plain($_[0])) }), want(@plain), says => qr/taken as they are/);
file('inches that swallow lines', table(',', [ 'customer', 'date', 'amount', 'item' ], sub { ($_[0]{customer}, iso($_[0]), plain($_[0]), $_[0]{order} % 7 ? 'x' : '"27 inch') }), want(@plain), stops => qr/quotation mark|lies inside quotation marks/, choose => qr/QUOTES=no/);
file('a line that psql takes for the end', table(',', \@english, $simple, @truth[ 0 .. 59 ]) . "\\.\n" . table(',', undef, $simple, @truth[ 60 .. 119 ]), want(@plain));
file('empty columns at the end', table(',', [ @english, '', '' ], sub { ($simple->($_[0]), '', '') }), want(@plain));
file('not a table: a page', "<html><body><table><tr><td>customer</td></tr></table>\n", undef, stops => qr/a page or XML/);
file('not a table: JSON', "[\n {\"customer\": 1}\n]\n", undef, stops => qr/JSON/);
file('not text: a spreadsheet', "PK\x03\x04\x14\x00\x06\x00" . ("\x00" x 100), undef, stops => qr/spreadsheet/);
file('not text: zeros', "customer,date\nC1,2024-01-01\nC2\x00,2024-01-01\n", undef, stops => qr/zeros/);
file('nothing', '', undef, stops => qr/empty/);
{
	my $bytes;
	require IO::Compress::Gzip;
	IO::Compress::Gzip::gzip(\encode('UTF-8', table(',', \@english, $simple)) => \$bytes);
	file('compressed', $bytes, want(@plain));
}
file('one column', "customer\nC1\nC2\n", undef, stops => qr/one column alone/);
file('an unquoted comma', table(',', [ 'customer', 'date', 'amount' ], sub { ($_[0]{customer}, iso($_[0]), money($_[0]{cents}, ',', '')) }), undef, stops => qr/decimal comma that is not quoted/);
file('one line with a comma too many', table(',', [ 'customer', 'city', 'date', 'amount' ], sub { ($_[0]{customer}, $_[0]{order} == 1050 ? 'Paris, France' : 'Paris', iso($_[0]), plain($_[0])) }), undef, stops => qr/line 51 has 5 fields where the line of names has 4/);
file('two separators that both fit', table(';', undef, sub { (iso($_[0]) . ',' . $_[0]{customer}, iso($_[0])) }), undef, stops => qr/separated by/);

##################################################################
# Which column is what
##################################################################
file('no header', table(',', undef, $simple), want(@plain));
file('no header, whole numbers', table(',', undef, sub { (substr($_[0]{customer}, 1) + 500, iso($_[0]), int($_[0]{cents} / 100)) }), undef, stops => qr/which column is the customer/);
file('named by hand, in another language, with other columns like them', table(';', [ 'Заказ', 'Покупатель', 'Создан', 'Оплачен', 'Сумма', 'Налог' ], sub { ($_[0]{order}, $_[0]{customer}, '2020-01-01', iso($_[0]), plain($_[0]), '1.50') }), want(@plain),
	typed => { CUSTOMER => 'Покупатель', AT => 'Оплачен', AMOUNT => 'Сумма' });
file('another language, two times', table(';', [ 'Покупатель', 'Создан', 'Оплачен', 'Сумма' ], sub { ($_[0]{customer}, '2020-01-02', iso($_[0]), plain($_[0])) }), want(@plain), stops => qr/2 columns hold times/, choose => qr/AT=3/);
file('another language, by what is in it', table(';', [ 'Покупатель', 'Оплачен', 'Сумма' ], $simple), want(@plain), says => qr/by what is in it/);
file('a name that is none', table(',', \@english, $simple), want(@plain), typed => { AT => 'date of purchase' }, stops => qr/AT=date of purchase is none of the columns/);
file('German', table(';', [ 'Kundennummer', 'Bestelldatum', 'Betrag' ], sub { ($_[0]{customer}, iso($_[0]) =~ s/(\d+)-(\d+)-(\d+)/$3.$2.$1/r, money($_[0]{cents}, ',', '.')) }), want(@plain));
file('Spanish', table(';', [ 'Cliente', 'Fecha', 'Importe', 'Canal' ], sub { ($_[0]{customer}, dmy($_[0]), money($_[0]{cents}, ',', '.'), $_[0]{channel}) }), want(\&iso, \&plain, 1));
file('Italian', table(';', [ 'Codice cliente', 'Data ordine', 'Importo totale' ], sub { ($_[0]{customer}, dmy($_[0]), money($_[0]{cents}, ',', '.')) }), want(@plain));
file('Dutch', table(';', [ 'Klantnummer', 'Besteldatum', 'Bedrag' ], sub { ($_[0]{customer}, dmy($_[0]) =~ s{/}{-}gr, '€ ' . money($_[0]{cents}, ',', '.')) }), want(@plain));
file('an id that is the order', table(',', [ 'ID', 'Date', 'Total', 'Buyer ref' ], sub { ($_[0]{order}, iso($_[0]), plain($_[0]), $_[0]{customer}) }), want(@plain), stops => qr/which column is the customer/, choose => qr/Buyer ref/);
file('channels for customers', table(',', undef, sub { (iso($_[0]), plain($_[0]), $_[0]{channel}) }, @truth, @truth), undef, stops => qr/240 orders are of 3 customers/);
file('orders for customers', table(',', [ 'Customer number', 'Date', 'Total', 'who' ], sub { ($_[0]{order}, iso($_[0]), plain($_[0]), $_[0]{customer}) }), want(@plain), stops => qr/nobody comes back/, choose => qr/CUSTOMER=who/);
file('two columns of one name', table(',', [ 'Customer', 'Date', 'Total', 'Total' ], sub { ($_[0]{customer}, iso($_[0]), '1.00', plain($_[0])) }), want(@plain), stops => qr/2 columns are called "Total"/, choose => qr/AMOUNT=4/);
file('a column for each month', "customer,2024-01,2024-02,2024-03\nC1,1,2,3\nC2,4,5,6\n", undef, stops => qr/the columns are times/);
file('subscriptions', "customer,start_date,end_date,plan\nC1,2024-01-01,2024-05-01,a\nC2,2024-02-01,2024-05-01,a\n", undef, stops => qr/subscriptions/);
file('no times at all', "customer,amount\nC1,5.00\nC2,6.00\nC1,7.00\n", undef, stops => qr/no column holds times/);
file('the birthday', table(',', [ 'customer', 'day', 'amount' ], sub { ($_[0]{customer}, '19' . (40 + $_[0]{order} % 49) . '-05-06', plain($_[0])) }), undef, stops => qr/before 1990/);
file('names in the first line of several', table(',', \@english, sub { ($_[0]{order} % 2 ? '' : $_[0]{customer}, iso($_[0]), plain($_[0])) }), undef, stops => qr/have nobody in/);
file('numbers of customers that a spreadsheet has rounded', table(',', \@english, sub { ('1.2345E+11', iso($_[0]), plain($_[0])) }), undef, stops => qr/a spreadsheet has rounded/);
file('="007", and blanks around', table(',', \@english, sub { ("=\"$_[0]{customer}\"", ' ' . iso($_[0]) . ' ', plain($_[0])) }), want(@plain));
file('hostile labels', table("\t", [ 'customer', 'date', 'amount', 'channel' ], sub { ($_[0]{customer}, iso($_[0]), plain($_[0]), "<script>alert('x')</script> \$\$; DROP TABLE orders; -- \\ 😀") }),
	join("\n", map { "$_<script>alert('x')</script> \$\$; DROP TABLE orders; -- \\ 😀" } split /\n/, want(@plain)));

##################################################################
# Times
##################################################################
my @early = map { { %$_, d => 1 + ($_->{d} % 12) } } @truth;
file('mm/dd with AM and PM, dollars', table(',', [ 'User', 'Ordered at', 'Amount' ], sub { my $h = $_[0]{h}; ($_[0]{customer}, sprintf('%s %d:%02d %s', mdy($_[0]), ($h + 11) % 12 + 1, $_[0]{i}, $h < 12 ? 'AM' : 'PM'), '"$' . money($_[0]{cents}, '.', ',') . '"') }), want(\&moment, \&plain, 0), says => qr/month, day, year/);
file('dd/mm or mm/dd', table(',', \@english, sub { ($_[0]{customer}, mdy($_[0]), plain($_[0])) }, @early), want(@plain, @early), stops => qr/which of .* is the day/, choose => qr/DATES=mdy/);
file('dd/mm or mm/dd, the other way', table(',', \@english, sub { ($_[0]{customer}, dmy($_[0]), plain($_[0])) }, @early), want(@plain, @early), stops => qr/which of .* is the day/, choose => qr/DATES=dmy/);
file('dd/mm and mm/dd', table(',', \@english, sub { ($_[0]{customer}, $_[0]{order} % 2 ? dmy($_[0]) : mdy($_[0]), plain($_[0])) }), undef, stops => qr/fit no order of day, month and year: line \d+, "[^"]*", is not/);
file('DATES= that is not so', table(',', \@english, sub { ($_[0]{customer}, dmy($_[0]), plain($_[0])) }), want(@plain), typed => { DATES => 'mdy' }, stops => qr/fit no order/, choose => qr/DATES=dmy/);
file('years of two digits', table(';', \@english, sub { ($_[0]{customer}, sprintf('%02d.%02d.%02d', $_[0]{d}, $_[0]{m}, $_[0]{y} % 100), plain($_[0])) }, @early), want(@plain, @early), stops => qr/which of/, choose => qr/DATES=dmy/);
file('months by name, French', table(';', \@english, sub { ($_[0]{customer}, sprintf('%d %s %d', $_[0]{d}, (qw(janvier févr. mars avril mai juin juil. août septembre oct. nov. décembre))[ $_[0]{m} - 1 ], $_[0]{y}), plain($_[0])) }), want(@plain));
file('months by name, English, with the weekday', table("\t", \@english, sub { ($_[0]{customer}, sprintf('Mon, %s %d, %d at %s', (qw(Jan February Mar Apr May June Jul Aug Sept October Nov Dec))[ $_[0]{m} - 1 ], $_[0]{d}, $_[0]{y}, clock($_[0])), plain($_[0])) }), want(\&moment, \&plain, 0));
file('yyyymmdd', table(',', \@english, sub { ($_[0]{customer}, iso($_[0]) =~ tr/-//dr, plain($_[0])) }), want(@plain));
file('day numbers of a spreadsheet', table(',', \@english, sub { require Time::Local; ($_[0]{customer}, Time::Local::timegm(0, 0, 0, $_[0]{d}, $_[0]{m} - 1, $_[0]{y}) / 86400 + 25569, plain($_[0])) }), want(@plain), says => qr/day numbers of a spreadsheet/);
file('milliseconds since 1970', table(',', [ 'user_id', 'timestamp', 'value' ], sub { require Time::Local; ($_[0]{customer}, 1000 * Time::Local::timegm(0, $_[0]{i}, $_[0]{h}, $_[0]{d}, $_[0]{m} - 1, $_[0]{y}), plain($_[0])) }), want(sub { moment($_[0]) . '+00' }, \&plain, 0));
file('instants with offsets', table(',', [ 'user_id', 'created_at', 'value' ], sub { ($_[0]{customer}, sprintf('%sT%02d:%02d:00.000+02:00', iso($_[0]), $_[0]{h} + 2, $_[0]{i}), plain($_[0])) }), want(sub { moment($_[0]) . '+00' }, \&plain, 0), says => qr/days of UTC/);
file('instants and local times', table(',', [ 'user_id', 'created_at', 'value' ], sub { ($_[0]{customer}, moment($_[0]) . ($_[0]{order} % 2 ? 'Z' : ''), plain($_[0])) }), want(sub { moment($_[0]) . '+00' }, \&plain, 0), typed => { ZONE => 'UTC' });
file('instants and local times, unsaid', table(',', [ 'user_id', 'created_at', 'value' ], sub { ($_[0]{customer}, moment($_[0]) . ($_[0]{order} % 2 ? 'Z' : ''), plain($_[0])) }), undef, stops => qr/with an offset from UTC/);
file('date and hour in two columns', table(';', [ 'Client', 'Date', 'Heure', 'Total' ], sub { ($_[0]{customer}, dmy($_[0]), clock($_[0]), plain($_[0])) }), want(\&moment, \&plain, 0));
file('a time that is none', table(',', \@english, sub { ($_[0]{customer}, $_[0]{order} == 1030 ? 'soon' : iso($_[0]), plain($_[0])) }), want(@plain, grep { $_->{order} != 1030 } @truth), stops => qr/line 31: "soon" is no time/, choose => qr/SKIP=yes/);
file('the 30th of February', table(',', \@english, sub { ($_[0]{customer}, $_[0]{order} == 1030 ? '2024-02-30' : iso($_[0]), plain($_[0])) }), want(@plain, grep { $_->{order} != 1030 } @truth), stops => qr/line 31: "2024-02-30" is no time: there is no such day/, choose => qr/SKIP=yes/);

##################################################################
# Money
##################################################################
my @large = map { { %$_, cents => 100000 + 100 * ($_->{cents} % 800000) } } @truth;
my @refunded = map { { %$_, cents => $_->{order} % 9 ? $_->{cents} : -$_->{cents} } } @truth;
file('(12.00) and 12.00-', table(',', \@english, sub { my $a = money(abs $_[0]{cents}, '.', ''); ($_[0]{customer}, iso($_[0]), $_[0]{cents} >= 0 ? $a : $_[0]{order} % 2 ? "($a)" : "$a-") }, @refunded), want(@plain, @refunded));
file('1,234 and nothing else', table(';', \@english, sub { ($_[0]{customer}, iso($_[0]), money($_[0]{cents}, '.', ',') =~ s/\.00$//r) }, @large), want(@plain, @large), stops => qr/is either \d+ or \d+\.\d+, and no other amount tells/, choose => qr/DECIMAL=dot/);
file('12,50 and 12.50', table(';', \@english, sub { ($_[0]{customer}, iso($_[0]), money($_[0]{cents}, $_[0]{order} % 2 ? '.' : ',', '')) }), want(@plain, grep { $_->{order} % 2 } @truth), stops => qr/is the decimal mark a dot or a comma/, choose => qr/DECIMAL=dot/);
file('an amount that is none', table(',', \@english, sub { ($_[0]{customer}, iso($_[0]), $_[0]{order} == 1030 ? '12 pieces' : plain($_[0])) }), want(@plain, grep { $_->{order} != 1030 } @truth), stops => qr/line 31: "12 pieces" is no number/, choose => qr/SKIP=yes/);
file('missing amounts', table(',', \@english, sub { ($_[0]{customer}, iso($_[0]), $_[0]{order} % 5 ? plain($_[0]) : 'n/a') }), want(\&iso, sub { $_[0]{order} % 5 ? plain($_[0]) : undef }, 0), says => qr/24 of them have no amount/);
file('no amounts', table(',', [ 'customer', 'date' ], sub { ($_[0]{customer}, iso($_[0])) }), want(\&iso, sub { undef }, 0), says => qr/amount    none/);
file('sales with a minus', table(',', \@english, sub { ($_[0]{customer}, iso($_[0]), '-' . plain($_[0])) }), want(@plain), stops => qr/negative/, choose => qr/SIGN=flip/);
file('two currencies', table(',', [ @english, 'Currency' ], sub { ($simple->($_[0]), $_[0]{order} % 3 ? 'EUR' : 'USD') }), want(@plain, grep { $_->{order} % 3 } @truth), stops => qr/several currencies: EUR \(80 lines\), USD \(40 lines\)/, choose => qr/EUR/);
file('two signs of currency', table(',', \@english, sub { ($_[0]{customer}, iso($_[0]), ($_[0]{order} % 3 ? '€' : '$') . plain($_[0])) }), want(\&iso, sub { undef }, 0), stops => qr/several currencies/, choose => qr/AMOUNT=none/);
file('cancelled orders', table(',', [ @english, 'Status' ], sub { ($simple->($_[0]), (qw(paid shipped cancelled))[ $_[0]{order} % 3 ]) }), want(@plain, grep { $_->{order} % 3 < 2 } @truth), stops => qr/"Status" has lines with "cancelled"/, choose => qr/KEEP=.*paid/);
file('refunds by a word', table(',', [ @english, 'Type' ], sub { ($simple->($_[0]), $_[0]{order} % 9 ? 'sale' : 'Refund') }), want(sub { iso($_[0]) }, sub { plain($_[0]) }, 0, @refunded), stops => qr/"Type" has lines with "Refund"/, choose => qr/REFUNDS=/);
file('quantity x price', table(';', [ 'Client', 'Date', 'Quantité', 'Prix unitaire' ], sub { ($_[0]{customer}, dmy($_[0]), $_[0]{order} % 3 + 1, money($_[0]{cents}, ',', ' ')) }), want(\&iso, sub { money($_[0]{cents} * ($_[0]{order} % 3 + 1), '.', '') }, 0), says => qr/quantity x price/);
{
	# each order in three lines, the amount in parts
	my $lines = sub {
		my ($parts) = @_;
		return join '', map { my $o = $_; map { join(',', $o->{order}, $o->{customer}, iso($o), "product $_", money($parts->($o, $_), '.', '')) . "\n" } 0 .. 2 } @truth;
	};
	my $third = sub { my ($o, $i) = @_; my $part = int($o->{cents} / 4); return $i ? $part + $i : $o->{cents} - 2 * $part - 3 };
	file('order lines', "Order ID,Customer,Date,Product,Amount\n" . $lines->($third), want(@plain), says => qr/360 lines are 120 orders/);
	file('order lines that repeat the total', "Order ID,Customer,Date,Product,Total\n" . $lines->(sub { $_[0]{cents} }), want(@plain), stops => qr/the amount of the line, or of the order, repeated/, choose => qr/LINES=once/);
	file('order lines of which the first has the total', "Order ID,Customer,Date,Product,Total\n" . $lines->(sub { $_[0]{cents} }) =~ s/(product [12]),[^\n]*/$1,/gr, want(@plain));
}

##################################################################
# As programs that many have write them
##################################################################
{
	# a shop: an order's lines, of which the first has the total; times with offsets
	my $lines = sub { my $o = $_; map { my $first = !$_; join(',', "#$o->{order}", "$o->{customer}\@example.org", $first ? 'paid' : '', sprintf('%s %s:00 +0000', iso($o), clock($o)), $first ? plain($o) : '', 'EUR' x $first, 1 + $_, "\"a, b\"", '5.00') } 0 .. $o->{order} % 3 };
	file('a shop', join("\n", 'Name,Email,Financial Status,Created at,Total,Currency,Lineitem quantity,Lineitem name,Lineitem price', map { $lines->() } @truth) . "\n",
		join("\n", sort map { s/\|/\@example.org|/r } split /\n/, want(sub { moment($_[0]) . '+00' }, \&plain, 0)), says => qr/lines are 120 orders/);
	# a wholesaler's lines, quantity x price, with returns, and customers that nobody knows or that are decimal numbers
	my (%sum, @rows, %at);
	for my $o (@truth)
	{
		my $back = $o->{order} % 10 == 0 ? -1 : 1;
		for my $line (1 .. 2)
		{
			push @rows, join(',', ($back < 0 ? 'C' : '') . $o->{order}, 'thing', $back * $line, sprintf('%d/%d/%d %d:%02d', @{$o}{qw(m d y h i)}), money($o->{cents}, '.', ''), $o->{order} % 8 ? substr($o->{customer}, 1) + 500 . '.0' : '', 'France');
			$sum{ $o->{order} } += $back * $line * $o->{cents} if $o->{order} % 8;
		}
	}
	file('a wholesaler', join("\n", 'InvoiceNo,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country', @rows) . "\n",
		join("\n", sort map { join '|', substr($_->{customer}, 1) + 500, moment($_), money($sum{ $_->{order} }, '.', ''), 'France' } grep { $sum{ $_->{order} } } @truth), says => qr/quantity x price/);
}
file('states and currencies', table(',', [ @english, 'Currency', 'Order status' ], sub { ($simple->($_[0]), $_[0]{order} % 3 ? 'EUR' : 'USD', $_[0]{order} % 5 ? 'completed' : 'voided') }), want(@plain, grep { $_->{order} % 3 && $_->{order} % 5 } @truth),
	stops => qr/several currencies/, choose => [ qr/EUR/, qr/completed/ ]);
file('lines of an order at several times of its day', table(',', [ @english, 'Receipt no' ], sub { my $o = $_[0]; ($o->{customer}, iso($o) . ' 10:00', money($o->{cents} - 50, '.', ''), "$o->{order}\n" . join(',', $o->{customer}, iso($o) . ' 10:05', '0.50', $o->{order})) }),
	want(sub { iso($_[0]) . ' 10:00:00' }, \&plain, 0), says => qr/240 lines are 120 orders/);
file('amounts that are none', table(';', \@english, sub { ($_[0]{customer}, iso($_[0]), plain($_[0]) . ' Kč') }), want(\&iso, sub { undef }, 0), stops => qr/"Total Amount" holds no numbers/, choose => qr/AMOUNT=none/);
file('a customer called Total', table(';', \@english, sub { ($_[0]{order} == 1119 ? 'Total' : $_[0]{customer}, iso($_[0]), plain($_[0])) }),
	join("\n", sort map { join '|', $_->{order} == 1119 ? 'Total' : $_->{customer}, iso($_), plain($_), '' } @truth), stops => qr/is "Total" a customer/, choose => qr/CUSTOMER=/);
file('UTF-8 with a byte that is not', encode('UTF-8', table(';', [ @english, 'Canal' ], sub { ($simple->($_[0]), 'référencement') })) . "C001;2024-01-01;1.00;r\xE9f\n", undef, stops => qr/is not UTF-8, and as Windows-1252 it reads/);
file('an encoding that is none', table(';', \@english, $simple), want(@plain), typed => { ENCODING => 'KLINGON' }, stops => qr/is not KLINGON/, choose => qr/UTF-8/);
file('numbers of rows without a name', table(',', [qw(customer at amount)], sub { ($_[0]{order} - 1000, $simple->($_[0])) }), want(@plain), stops => qr/numbers of rows without a name/, choose => qr/HEADER=skip/);
file('a first line that may be names', "x;y;5\n" . table(';', undef, $simple), want(@plain), stops => qr/names of the columns, or an order/, choose => qr/HEADER=yes/);
file('HEADER=no where there is one', table(';', \@english, $simple), undef, typed => { HEADER => 'no' }, stops => qr/line 1: "[^"]*" is no (time|number)/);
file('a word with a value of its own', table(';', \@english, $simple), want(@plain), typed => { DATES => 'english' }, stops => qr/DATES=english is nothing the loader knows/, choose => qr/DATES=dmy/);
file('Swiss', table(';', \@english, sub { ($_[0]{customer}, iso($_[0]) =~ s/(\d+)-(\d+)-(\d+)/$3.$2.$1/r, 'CHF ' . money($_[0]{cents}, '.', "'")) }), want(@plain));
file('Portuguese', table(';', [ 'Cliente', 'Data do pedido', 'Valor total' ], sub { ($_[0]{customer}, dmy($_[0]), 'R$ ' . money($_[0]{cents}, ',', '.')) }), want(@plain));
file('times of a script', table("\t", [qw(userId createdAt value)], sub { my $o = $_[0]; ($o->{customer}, sprintf('Tue %s %02d %d %02d:%02d:00 GMT+0000 (Coordinated Universal Time)', (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[ $o->{m} - 1 ], @{$o}{qw(d y h i)}), plain($o)) }), want(sub { moment($_[0]) . '+00' }, \&plain, 0));
file('money given back in another column', table(',', [ @english, 'Refunded amount' ], sub { ($simple->($_[0]), '1.50') }), want(@plain), says => qr/"Refunded amount" is not taken off/);
file('letters that a terminal would act on', table(',', [ @english, "Note\e[31m" ], sub { ($simple->($_[0]), 'x') }), want(@plain), says => qr/\A[^\e]*\z/);

##################################################################
# Any of that together
##################################################################
$state = $ENV{LOADER_SEED} || 1;
for my $round (1 .. ($ENV{LOADER_ROUNDS} || 40))
{
	my ($sep, $bom, $decimal, $group) = ((',', ';', "\t", '|')[ draw(4) ], draw(2), ('.', ',')[ draw(2) ], ('', ' ', "\x{202F}", ',')[ draw(4) ]);
	$group = '.' if $decimal eq ',' && $group eq ',';
	my $quote = $sep eq ',' || draw(2);
	my ($date, $order) = @{ ([ \&iso, '' ], [ \&dmy, 'dmy' ], [ \&mdy, 'mdy' ], [ sub { dmy($_[0]) =~ tr{/}{.}r }, 'dmy' ], [ sub { moment($_[0]) }, '' ], [ sub { dmy($_[0]) . ' ' . clock($_[0]) }, 'dmy' ])[ draw(6) ] };
	my @some = map { { %$_, d => draw(3) ? $_->{d} : 1 + $_->{d} % 12 } } @truth[ map { draw(120) } 1 .. 20 + draw(60) ];
	my %seen;
	@some = grep { !$seen{ $_->{order} }++ } @some;
	# often too few for a guess
	splice @some, 3 + draw(4) if draw(4) == 0;
	my @head = @{ ([ 'customer', 'date', 'amount' ], [ 'Code client', 'Date achat', 'Montant HT' ], [ 'Kunde', 'Datum', 'Summe' ], undef)[ draw(4) ] // [] };
	my @place = sort { $a->[1] <=> $b->[1] } map { [ $_, draw(1000) ] } 0 .. 3;
	my $put = sub { my @f = @_; return join $sep, map { my $v = $f[ $_->[0] ]; $quote && $v =~ /[",;|\t ]/ ? '"' . $v =~ s/"/""/gr . '"' : $v } @place };
	my $text = ('', "Report of somebody\n\n")[ draw(4) == 0 && @head ? 1 : 0 ]
		. (@head ? $put->(@head, 'commentaire') . "\n" : '')
		. join('', map { $put->($_->{customer}, $date->($_), money($_->{cents}, $decimal, $group), ('rien', $quote ? "says \"no\"; or, yes" : 'oui')[ draw(2) ]) . ("\n", "\n\n")[ draw(6) == 0 ] } @some);
	$text =~ s/\n/\r\n/g if draw(2);
	my $encoding = ('UTF-8', 'UTF-8', 'UTF-16LE')[ draw(3) ];
	$text = "\x{FEFF}$text" if $bom || $encoding ne 'UTF-8';
	my $name = "together $round.csv";
	open my $fh, '>:raw', "$folder/$name" or die;
	print $fh encode($encoding, $text);
	close $fh;
	my ($done, $out, $err) = load($name);
	my $want = want(sub { my $o = $_[0]; $date->($o) =~ /:/ ? moment($o) : iso($o) }, \&plain, 0, @some);
	$files++;
	if ($done)
	{
		ok($right += is_right("together $round", $want), "together $round");
		next;
	}
	$stopped++;
	like($err, qr/^stopped: .*\n   type: make demo/m, "together $round: stopped with what to type: " . ($err =~ /^stopped: [^:]*: (.*)/m)[0]);
}

##################################################################
# A million rows, a tenth of them where nobody asks
##################################################################
{
	my $n = $ENV{LOADER_ROWS} || 100_000;
	note("$n rows: LOADER_ROWS=1000000 for a million, which take minutes on a busy machine") if $n < 1_000_000;
	my (%sum, $total);
	my $name = 'many.csv';
	open my $fh, '>:raw', "$folder/$name" or die;
	print $fh "Code client;Date de commande;Montant;Canal\r\n";
	for my $i (1 .. $n)
	{
		my $customer = ($i * 7919) % ($n / 20 - 1);
		my $month = ($i * 31) % 24;
		my $cents = 100 + ($i * 104729) % 100000;
		printf $fh "C%05d;%02d/%02d/%d %02d:%02d;%d,%02d;%s\r\n", $customer, 1 + $i % 28, 1 + $month % 12, 2023 + int($month / 12), $i % 24, $i % 60, int($cents / 100), $cents % 100, $channel[ $customer % 3 ];
		$sum{$month}[0]++;
		$sum{$month}[1] += $cents;
	}
	close $fh;
	my ($done, $out, $err) = load($name);
	ok($done, 'many rows: loaded') or diag($out, $err);
	like("$err\n$out", qr/750000 lines.*1,000,001 lines read.*1,000,000 orders/s, 'many rows: with progress') if $n == 1_000_000;
	is($node->safe_psql('postgres', q{SELECT string_agg(m, ' ' ORDER BY m) FROM (SELECT to_char(ordered_at, 'YYYYMM') || '=' || count(*) || '=' || round(sum(amount) * 100) AS m FROM demo.orders GROUP BY to_char(ordered_at, 'YYYYMM')) AS x}),
		join(' ', map { sprintf('%d%02d=%d=%d', 2023 + int($_ / 12), 1 + $_ % 12, @{ $sum{$_} }) } sort { $a <=> $b } keys %sum), 'many rows: the right numbers');
	is($node->safe_psql('postgres', 'SELECT count(DISTINCT customer_id) FROM demo.orders'), $n / 20 - 1, 'many rows: all customers');
	# A schema that is there is somebody's.
	($done, $out, $err) = load($name =~ s/many/file 01/r);
	ok(!$done && $err =~ /there is a schema demo already/, 'a schema that is there is not written into');
	$node->safe_psql('postgres', 'DROP SCHEMA demo CASCADE');
	unlink "$folder/$name";
}

# Without make: the words go before.
{
	open my $fh, '>', "$folder/by hand.csv" or die;
	print $fh table(',', \@english, sub { ($_[0]{customer}, mdy($_[0]), plain($_[0])) }, @early);
	close $fh;
	my $err = '';
	IPC::Run::run([ 'bash', "$source/test/demo/load.sh", "$folder/by hand.csv" ], '<', \'', '>', \my $out, '2>', \$err);
	like($err, qr{^   type: env DATES=dmy test/demo/load.sh '$folder/by hand.csv'   \(day}m, 'what to type without make');
}

# The page of what was loaded, where the extension is in a schema of its own.
{
	my $name = 'page of.csv';
	open my $fh, '>', "$folder/$name" or die;
	print $fh table(';', [ 'Customer', 'Date', 'Amount', 'Channel' ], sub { ($simple->($_[0]), $_[0]{channel}) });
	close $fh;
	my ($done, $out, $err) = load($name);
	ok($done, 'a file for a page: loaded') or diag($err);
	$done = IPC::Run::run([ 'bash', "$source/test/demo/page.sh", "$folder/page.html" ], '<', \'', '>', \$out, '2>', \$err);
	ok($done, 'a page: written') or diag($err);
	my $customers = keys %{ { map { $_->{customer} => 1 } @truth } };
	like($out, qr/building the views.*drawing the page.*What it says.*$customers customers have placed 120 orders/s, 'a page: with its steps, and what it says');
	my $page = slurp_file("$folder/page.html");
	like($page, qr{\A<!DOCTYPE html>.*$customers customers have placed 120 orders.*<svg .*parrainage.*</html>\s*\z}s, 'a page: whole');
	unlike($page, qr{(src|href)="(?!#|data:)|\@import|url\((?!#|data:)}, 'a page: fetches nothing');
	# no amounts, no channels, instants, another grain and zone
	$node->safe_psql('postgres', 'DROP SCHEMA demo, demo_page CASCADE');
	open $fh, '>', "$folder/$name" or die;
	print $fh table(';', [ 'Customer', 'Date' ], sub { ($_[0]{customer}, moment($_[0]) . 'Z') });
	close $fh;
	($done, $out, $err) = load($name, ZONE => 'America/New_York');
	ok($done, 'a file without amounts for a page: loaded') or diag($err);
	{
		local %ENV = (%ENV, ZONE => 'America/New_York', GRAIN => 'quarter');
		$done = IPC::Run::run([ 'bash', "$source/test/demo/page.sh", "$folder/page.html" ], '<', \'', '>', \$out, '2>', \$err);
		ok($done, 'a page without amounts: written') or diag($err);
	}
	is($node->safe_psql('postgres', 'SELECT grain, amount IS NULL, channel IS NULL FROM demo_page.settings'), 'quarter at America/New_York|t|t', 'a page without amounts: of what was asked for');
	$node->safe_psql('postgres', 'DROP SCHEMA demo, demo_page CASCADE');
}

# The documentation has the names of columns that the loader knows.
{
	my (%doc, %known);
	my $page = slurp_file("$source/doc/loader.md");
	my ($names) = $page =~ /^## The names of columns it knows\n(.*)/ms;
	while ($names =~ /^\| ([^|]+) \| ([a-z0-9 ]+) \|$/mg) { my ($what, $list) = ($1, $2); $what eq 'what' or $doc{$_} = 1 for split / /, $list }
	my ($vocabulary) = slurp_file("$source/test/demo/load/words.sql") =~ /INSERT INTO vocabulary VALUES(.*?);/s;
	while ($vocabulary =~ /\('[a-z ]+', '([^']*)'\)/g) { $known{$_} = 1 for split ' ', $1 }
	cmp_ok(scalar keys %known, '>', 300, 'the names are found');
	is(join(' ', sort grep { !$doc{$_} } keys %known), '', 'all of them are documented');
	is(join(' ', sort grep { !$known{$_} } keys %doc), '', 'and no others');
	# and every word of make demo
	my ($options) = slurp_file("$source/test/demo/load.sh") =~ /^options=\((.*?)\)/ms;
	is(join(' ', grep { $page !~ /`$_=/ } split ' ', $options), '', 'every word to type is documented');
}

is(everything(), $before, 'nothing but the schema was ever there');
note(sprintf('%-70s %-6s %s', @$_)) for @table;
note("$files files: $right right, $stopped stopped before that with a reason");
done_testing();
