# States from outside: the bytes that deserialize functions read are checked like
# stored values.  A module for tests calls the functions behind the aggregates,
# which SQL cannot.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $out = '';
my $built = eval {
	IPC::Run::run([ 'make', '-s', '-C', $folder, '-f', "$source/test/fuzz/Makefile", 'with_llvm=no',
			'PG_CONFIG=' . ($ENV{PG_CONFIG} || 'pg_config') ], '>', \$out, '2>', \$out); };
note($out) if $out ne '';
# a module that does not compile is no reason to skip
die $out if !$built && $out =~ /: error: /;
plan skip_all => 'no C compiler, or no files to build with' unless $built;
# the server may be of another user than the file
chmod(0755, $folder);

my $node = PostgreSQL::Test::Cluster->new('states');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nmax_parallel_workers_per_gather = 0\njit = off\n");
$node->start;

my ($status, $stdout, $stderr) = $node->psql('postgres', slurp_file("$source/test/fuzz/fuzz.sql"),
	extra_params => [ '-v', "module=$folder/retention_fuzz" ], on_error_stop => 1);
is($stderr, '', 'seeds');

# Rows of a query, or "SQLSTATE: message / detail".
sub result
{
	my ($sql) = @_;
	my ($code, $rows, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET search_path = fuzz, public;\n$sql");
	return $rows unless $err =~ /ERROR:\s+(\w{5}): (.*)/;
	my ($state, $message) = ($1, $2);
	return "$state: $message" . ($err =~ /DETAIL:\s+(.*)/ ? " / $1" : '');
}

# What an aggregate makes of images of its states.
sub final
{
	my ($name, @images) = @_;
	my $list = join(', ', map { defined $_ ? "'\\x" . unpack('H*', $_) . "'::bytea" : 'NULL::bytea' } @images);
	return result("SELECT state_result(deserialize, combine, final, $list) FROM aggregates WHERE name = '$name' LIMIT 1;");
}

# Integers as wire.h writes them.
sub uint
{
	my ($value) = @_;
	my $bytes = '';
	while ($value >= 128)
	{
		$bytes .= chr($value % 128 + 128);
		$value = int($value / 128);
	}
	return $bytes . chr($value);
}

sub sint
{
	my ($value) = @_;
	return "\xff" x 9 . "\1" if $value eq 'least';	# -2^63
	return uint($value < 0 ? -2 * $value - 1 : 2 * $value);
}

my $corrupt = '22P03: invalid binary representation of type';

##################################################################
# All states of the seeds
##################################################################

is( result(q{
		SELECT string_agg(DISTINCT name, ' ') FROM states s JOIN LATERAL (SELECT * FROM aggregates a WHERE a.name = s.name LIMIT 1) a USING (name)
		WHERE state_result(deserialize, combine, serialize, image) IS DISTINCT FROM image::text;}),
	'', 'a state is serialized to the bytes it was read from');
is( result(q{
		SELECT count(*) > 9, bool_and(state_result(deserialize, combine, final, image) IS NOT NULL)
		FROM states s JOIN LATERAL (SELECT * FROM aggregates a WHERE a.name = s.name LIMIT 1) a USING (name)
		WHERE name IN ('cohort_matrix', 'customer_movements', 'funnel', 'journey') AND get_byte(image, 3) = 2;}),
	't|t', 'results in place of entries, of one state or of two that were put together');
is( result(q{
		SELECT string_agg(DISTINCT name, ' ') FROM aggregates
		WHERE state_result(deserialize, combine, final, NULL::bytea, NULL::bytea) IS NOT NULL;}),
	'', 'no state at all gives no value');

# Called by no aggregate the functions say so; strict ones are not called at all.
for my $function (split /\n/, result('SELECT DISTINCT f FROM aggregates, unnest(ARRAY[deserialize, combine, final, serialize]) f WHERE serialize <> 0 ORDER BY f;'))
{
	my $strict = result("SELECT proisstrict FROM pg_proc WHERE oid = $function;");
	like(result("SELECT state_result_outside($function);"),
		$strict eq 't' ? qr/^t$/ : qr/^0A000: aggregate support function called outside an aggregate/,
		"$function outside an aggregate");
}

##################################################################
# Ledgers
##################################################################

# a cut count of 65535: the grain's end was looked for far behind its bytes
is( final('cohort_matrix',
		pack('H*', '030101011040000000010303000000ffff01000000000355544300090101000701800ac801')),
	"$corrupt parallel aggregate state / The number of cut points is out of range.", 'a grain of 65535 cut points');

my $row = result(q{SELECT encode(image, 'hex') FROM (SELECT fuzz.customer_movements(1, date '2000-01-15', 1, 'month')) s (image);});
# flags, grain, number, zone, and the tag of this server
my $head = substr(pack('H*', $row), 0, 31);
# customers are [key, [time, amount, count], ...]
sub block
{
	my (@customers) = @_;
	my $entries = 0;
	my $bytes = '';
	my $before = 0;
	for my $c (@customers)
	{
		my ($key, @entries) = @$c;
		my $time = 0;
		$bytes .= uint($key - $before) . uint(scalar @entries);
		$before = $key;
		for my $e (@entries)
		{
			my $now = ($e->[0] + 2**42) * 2 + ($e->[3] ? 1 : 0);
			my $n = $e->[2] // 1;
			$bytes .= uint(($now - $time) * 2 + ($n != 1 ? 1 : 0)) . ($n != 1 ? uint($n) : '') . sint($e->[1]);
			$time = $now;
		}
		$entries += @entries;
	}
	return uint($entries) . uint(scalar @customers) . uint(0) . $bytes;
}

sub ledger { my ($block) = @_; return $head . "\0" . uint(length $block) . $block; }

is(final('customer_movements', ledger(block([ 1, [ 0, 1000000 ] ]))), final('customer_movements', pack('H*', $row)), 'a ledger made by hand');

for (
	[ 'periods 2^32 apart', block([ 1, [ 0, 1000000 ], [ 2**32, 1 ] ]), 'A time is out of range.' ],
	[ 'a period before all dates', block([ 1, [ -100000, 1 ] ]), 'A time is out of range.' ],
	[ 'a start where none belongs', block([ 1, [ 0, 1, 0, 1 ] ]), 'A start or an order is where none belongs.' ],
	[ 'a customer without entries', uint(0) . uint(1) . uint(0) . uint(1) . uint(0), 'A customer has no entries.' ],
	[ 'a customer twice', block([ 1, [ 0, 1 ] ], [ 1, [ 0, 1 ] ]), 'Customers are not in ascending order.' ],
	[ 'fewer entries than there should be', uint(2) . substr(block([ 1, [ 0, 1 ] ]), 1), 'A block has too few entries.' ],
	[ 'more entries than bytes', uint(2**40) . substr(block([ 1, [ 0, 1 ] ]), 1), 'A block has too many entries.' ],
	[ 'an amount past 64 bits', uint(1) . uint(1) . uint(6) . uint(1) . uint(1) . uint(2**44) . sint(2**60), 'An amount is out of range.' ],
	[ 'a count past 19 bits', uint(1) . uint(1) . uint(0) . uint(1) . uint(1) . uint(2**44 + 1) . uint(2**19) . sint(1), 'A count is too large.' ],
	[ 'bytes at the end', block([ 1, [ 0, 1 ] ]) . "\0", 'There are bytes after its end.' ])
{
	my ($name, $block, $detail) = @$_;
	is(final('customer_movements', ledger($block)), "$corrupt parallel aggregate state / $detail", $name);
	is(final('cohort_matrix', undef, ledger($block)), "$corrupt parallel aggregate state / $detail", "$name, as a matrix");
}

# byte by byte of the head
sub changed { my ($at, $byte) = @_; my $image = ledger(block([ 1, [ 0, 1 ] ])); substr($image, $at, 1) = chr($byte); return $image; }
for (
	[ 0, 1, 'The header is not of this version.' ],
	[ 1, 0x40, 'It has unknown flags.' ],
	[ 1, 0x20, 'Its flags contradict each other.' ],
	[ 1, 0x04, 'Its flags contradict each other.' ],
	[ 1, 0x19, 'Its flags contradict each other.' ],
	[ 2, 3, 'The header is not of this version.' ],
	[ 4, 15, 'The length of the grain is not its own.' ],
	[ 9, 9, 'The version of the grain is unknown.' ],
	[ 10, 6, 'The unit is unknown.' ],
	[ 10, 2, 'The cohort rows of this grain go by its own unit.' ],
	[ 12, 4, 'An unknown flag is set.' ],
	[ 12, 2, 'A calendar of dates has something besides them.' ],
	[ 17, 0x80, undef ],		# a count of months within a million
	[ 20, 1, 'The count is out of range.' ])
{
	my ($at, $byte, $detail) = @$_;
	my $got = final('cohort_matrix', changed($at, $byte));
	defined $detail ? is($got, "$corrupt parallel aggregate state / $detail", "byte $at is $byte") :
	  unlike($got, qr/^22P03/, "byte $at is $byte");
}
my $zoned = ledger(block([ 1, [ 0, 1 ] ]));
is(final('cohort_matrix', substr($zoned, 0, 22) . "\4Mars" . substr($zoned, 23)),
	"$corrupt parallel aggregate state / The time zone is unknown here, or not in its canonical spelling.", 'a zone that is none');
is(final('cohort_matrix', substr($zoned, 0, 22) . "\4UTC\0" . substr($zoned, 23)),
	"$corrupt parallel aggregate state / A name has characters it cannot have.", 'a zone with a zero byte');

# the number after the grain is the lag of movements
like(final('customer_movements', substr($zoned, 0, 21) . uint(10001) . substr($zoned, 22)), qr/^22023: lag must be from 1 to 10000 periods/, 'a lag that is none');
like(final('customer_movements', substr($zoned, 0, 21) . uint(2) . substr($zoned, 22)), qr/"lag": 2/, 'a lag made by hand');
like(final('customer_movements', $zoned, substr($zoned, 0, 21) . uint(2) . substr($zoned, 22)), qr/^22023: cannot merge histories of different kinds/, 'two lags');

# 256 parts, of which a customer is in one
my $parts = result(q{SELECT encode(image, 'hex') FROM states WHERE name = 'cohort_matrix' ORDER BY length(image) DESC LIMIT 1;});
my $large = pack('H*', $parts);
is(ord(substr($large, 3, 1)), 0, 'a large ledger');
substr($large, 31, 1) = chr(ord(substr($large, 31, 1)) ^ 1);
is(final('cohort_matrix', $large), "$corrupt parallel aggregate state / A customer is not of this part.", 'a part of others');
# the parts of another server are others: customers are told apart again
my $own = final('cohort_matrix', pack('H*', $parts));
substr($large, 23, 1) = chr(ord(substr($large, 23, 1)) ^ 1);
is(final('cohort_matrix', $large), $own, 'a state of another server');

# funnels: steps and instants
my $funnel = substr(pack('H*', result(q{SELECT encode(fuzz.funnel(1, timestamp '2000-01-01 00:00:01', 1, '1 day'), 'hex');})), 0, 19);
sub events { my ($zeros, @events) = @_; my $b = uint(@events / 2) . uint(1) . uint($zeros) . uint(1) . uint(@events / 2) . join('', @events); return $funnel . "\0" . uint(length $b) . $b; }
like(final('funnel', events(6, uint(2), sint(1))), qr/"customers": 1/, 'a funnel made by hand');
like(final('funnel', events(6, uint(0), sint(1))), qr/"customers": 0/, 'a row without a step, which no mode asked for');
for (
	[ 'a step past the last', [ 0, uint(200002), sint(1) ], 'A step is too large.' ],
	[ 'a step past those it says', [ 0, uint(4), sint(1) ], 'A step is too large.' ],
	[ 'steps of a row where each row has one', [ 0, uint(3), sint(1) ], 'A step is too large.' ],
	[ 'an exclusion past the last', [ 0, uint(2 * (0x80000 + 100001)), sint(1) ], 'A step is too large.' ],
	[ 'an instant past the last', [ 6, uint(2), sint(2**50) ], 'An instant is out of range.' ],
	[ 'an instant past all numbers', [ 6, uint(2), sint(2**62) ], 'An instant is out of range.' ])
{
	my ($name, $events, $detail) = @$_;
	is(final('funnel', events(@$events)), "$corrupt parallel aggregate state / $detail", $name);
}

# journeys: the longest silence, start place, places, zone, tag of the server's salt, one block
my $row_of_a = pack('H*', result(q{SELECT encode(fuzz.journey(1, timestamp '2000-01-01 00:00:01', 'a', '1 day'), 'hex');}));
# head of 4 bytes, the silence of 3, no start, 1 place "a"
is(substr($row_of_a, 4, 7), uint(0) . uint(1) . uint(0) . "\0" . uint(1) . uint(1) . 'a', 'a journey as it is packed');
sub changed_journey { my ($at, $length, $bytes) = @_; my $image = $row_of_a; substr($image, $at, $length) = $bytes; return $image; }
like(final('journey', $row_of_a), qr/"to": "a"/, 'a journey from outside');
for (
	[ 'a flag', changed_journey(7, 1, chr(2)), 'It has unknown flags.' ],
	[ 'a start', changed_journey(7, 1, chr(1) . uint(2000) . 'x' x 2000), 'A text is too long.' ],
	[ 'places', changed_journey(8, 1, uint(10001)), 'There are too many places.' ],
	[ 'a place', changed_journey(10, 1, "\xff"), 'A text is not in the encoding of the database.' ],
	[ 'another place', changed_journey(10, 1, 'b'), 'A place is not one of the list.' ],
	[ 'a silence', changed_journey(4, 1, uint(2**40)), undef ])
{
	my ($name, $image, $detail) = @$_;
	my $got = final('journey', $image);
	defined $detail ? is($got, "$corrupt parallel aggregate state / $detail", "journey: $name") : like($got, qr/^22P03/, "journey: $name");
}
like(final('journey', $row_of_a, changed_journey(5, 1, uint(2))), qr/^22023: cannot merge journeys of different silences, start places or time zones/, 'journey: silences');
like(final('journey', events(6, uint(2), sint(1))), qr/^22023: aggregate state is not of this kind of aggregate/, 'a ledger of steps is no journey');
like(final('funnel', $row_of_a), qr/^22023: aggregate state is not of this kind of aggregate/, 'a ledger of places is no funnel');

# states of the one kind for the other
like(final('funnel', ledger(block([ 1, [ 0, 1 ] ]))), qr/^22023: aggregate state is not of this kind of aggregate/, 'a ledger of orders is no funnel');
like(final('cohort_matrix', events(6, uint(2), sint(1))), qr/^22023: aggregate state is not of this kind of aggregate/, 'a ledger of events is no matrix');

##################################################################
# Models
##################################################################

my %number = (purchase_model => 0, spend_model => 1, contract_model => 2);

# [count, x, u, v], ...; then [reason, count, x, u, v], ...
sub groups
{
	my ($model, $kind, $unit, $groups, $bad) = @_;
	my $put = sub { my ($n, $x, $u, $v) = @_; return uint($n) . sint($x) . pack('d<d<', $u, $v); };
	my $bytes = chr(2) . chr($number{$model} // $model) . chr($kind) . chr($unit) . uint(0) . uint(scalar @$groups) . join('', map { $put->(@$_) } @$groups);
	return $bytes . uint(0) unless $bad;
	my @reasons = map { uint(0) . $put->(0, 0, 0, 0) } 0 .. 7;
	$reasons[ $_->[0] ] = uint($_->[1]) . $put->(1, @$_[ 2 .. 4 ]) for @$bad;
	return $bytes . uint(8) . join('', @reasons);
}
my $state = 'state of the aggregate';
like(final('contract_model', groups('contract_model', 0, 0, [ [ 10, 1, 1, 0 ], [ 20, 3, 0, 0 ] ])), qr/"kind": "sbg"/, 'a model of groups made by hand');
for (
	[ 'contract_model', 'negative periods', groups('contract_model', 0, 0, [ [ 1, 'least', 0, 0 ], [ 1, 1, 1, 0 ] ]), 'A group is impossible.' ],
	[ 'contract_model', 'lost at once', groups('contract_model', 0, 0, [ [ 1, 0, 1, 0 ], [ 1, 1, 0, 0 ] ]), 'A group is impossible.' ],
	[ 'contract_model', 'half lost', groups('contract_model', 0, 0, [ [ 1, 1, 0.5, 0 ], [ 1, 1, 0, 0 ] ]), 'A group is impossible.' ],
	[ 'contract_model', 'nobody', groups('contract_model', 0, 0, [ [ 0, 1, 1, 0 ] ]), 'A group is impossible.' ],
	[ 'contract_model', 'no number', groups('contract_model', 0, 0, [ [ 1, 1, 'nan', 0 ] ]), 'A group is impossible.' ],
	[ 'contract_model', 'a kind of another model', groups('contract_model', 2, 0, [ [ 1, 1, 1, 0 ] ]), 'The kind or the unit of the model is unknown.' ],
	[ 'contract_model', 'a unit', groups('contract_model', 0, 1, [ [ 1, 1, 1, 0 ] ]), 'The kind or the unit of the model is unknown.' ],
	[ 'contract_model', 'a unit past all', groups('contract_model', 0, 211, [ [ 1, 1, 1, 0 ] ]), 'The kind or the unit of the model is unknown.' ],
	[ 'contract_model', 'a reason of another model', groups('contract_model', 0, 0, [ [ 1, 1, 1, 0 ] ], [ [ 5, 1, 0, 0, 0 ] ]), 'A reason is unknown.' ],
	[ 'purchase_model', 'recency past age', groups('purchase_model', 0, 0, [ [ 1, 1, 9, 8 ] ]), 'A group is impossible.' ],
	[ 'purchase_model', 'frequency past all', groups('purchase_model', 1, 2, [ [ 1, 2**61, 1, 8 ] ]), 'A group is impossible.' ],
	[ 'purchase_model', 'a kind past all', groups('purchase_model', 3, 0, [ [ 1, 1, 1, 8 ] ]), 'The kind or the unit of the model is unknown.' ],
	[ 'purchase_model', 'a unit past all', groups('purchase_model', 0, 4, [ [ 1, 1, 1, 8 ] ]), 'The kind or the unit of the model is unknown.' ],
	[ 'spend_model', 'no purchases', groups('spend_model', 0, 0, [ [ 1, 0, 1, 0 ] ]), 'A group is impossible.' ],
	[ 'spend_model', 'a negative value', groups('spend_model', 0, 0, [ [ 1, 1, -1, 0 ] ]), 'A group is impossible.' ])
{
	my ($name, $what, $image, $detail) = @$_;
	is(final($name, $image), "$corrupt $state / $detail", "$name: $what");
	is(final($name, groups($name, 0, 0, []), $image), "$corrupt $state / $detail", "$name: $what, after another state")
	  if $detail =~ /unit/ && ord(substr($image, 3)) > 3;
}
is(final('contract_model', groups('spend_model', 0, 0, [ [ 1, 1, 1, 0 ] ])), "$corrupt $state / It is the state of another aggregate.", 'a state of another model');
is(final('contract_model', groups('contract_model', 0, 0, []), groups('spend_model', 0, 0, [])), "$corrupt $state / It is the state of another aggregate.", 'a state of another model, after another');
is(final('contract_model', groups(3, 0, 0, [ [ 1, 1, 1, 0 ] ])), "$corrupt $state / The kind or the unit of the model is unknown.", 'a state of no model');
like(final('contract_model', groups('contract_model', 0, 0, []), groups('contract_model', 1, 0, [])), qr/^22023: kind must be the same for all rows of a group.*Both "sbg" and "bdw" were given/, 'kinds of two workers');
like(final('purchase_model', groups('purchase_model', 0, 1, []), groups('purchase_model', 0, 2, [])), qr/^22023: unit must be the same for all rows of a group.*Both "day" and "week" were given/, 'units of two workers');
like(final('contract_model', groups('contract_model', 0, 0, [], [ [ 0, 2, -3, 0, 1 ] ])), qr/^22023: contract_model cannot use 2 of 2 rows/, 'rows that cannot be used are counted');
like(final('contract_model', (groups('contract_model', 0, 0, [], [ [ 0, 2**62, -3, 0, 1 ] ])) x 2), qr/^22003: too many customers/, 'too many of them');

##################################################################
# Tallies, window_funnel, earliest, timelines, curves
##################################################################

# The states of rates, shares and scores are bytea: a real one with some bytes others.
my $tally = pack('H*', result(q{SELECT encode(fuzz.share_low(v, 0.9), 'hex') FROM unnest('{t,f,f,f}'::bool[]) v;}));
my $low = final('share_low', $tally);
like($low, qr/^0\.0\d+$/, 'a tally');
for (
	[ 'too short', substr($tally, 0, -1) ], [ 'too long', $tally . "\0" ], [ 'nothing', '' ],
	[ 'none', "\0" x length $tally ])
{
	my ($name, $image) = @$_;
	like(final('share_low', $image), qr/^22P03: invalid state of an aggregate/, "tally: $name");
}

# length 4, then magic 2, version, constant's kind, constant 8, five sums of 16, three counts of 8
my $much = $tally;
substr($much, 92, 8) = pack('q<', 2**63 - 1);
is(final('share_low', $much, $much), '22003: count out of range', 'tally: counts past 64 bits');
$much = $tally;
substr($much, 8 + 4, 16) = "\xff" x 15 . "\x7f";
is(final('share_low', $much, $much), '22003: sum out of range', 'tally: sums past 128 bits');

sub events_of { my ($mode, $zone) = @_; return chr(2) . "\0" . chr($mode) . uint(0) . uint(86400000000) x 0 . uint(1) . uint(0) . uint(length $zone) . $zone . uint(1) . uint(1) . uint(1) . sint(5) . uint(1) . uint(1); }
is(final('window_funnel', events_of(0, '')), '1', 'a state of window_funnel made by hand');
is(final('window_funnel', events_of(128, '')), "$corrupt parallel aggregate state / The mode is unknown.", 'window_funnel: a mode');
is(final('window_funnel', events_of(0, 'Mars')), "$corrupt parallel aggregate state / The time zone is unknown here, or not in its canonical spelling.", 'window_funnel: a zone');

my $rows = chr(2) . "\0\0" . uint(0) . uint(1) . uint(0) . uint(0) . uint(1) . uint(2**32 - 1) . uint(0);
my $window = sub { my ($mode, $flags, $days, $time) = @_; return chr(2) . chr($flags) . chr($mode) . uint(0) . uint($days) . uint($time) . uint(0) . uint(1) . uint(1) . uint(0); };
like(final('window_funnel', $window->(0, 0, 1, 0), $window->(0, 0, 2, 0)), qr/^22023: within must be the same for all rows of a group . Both "P1D" and "P2D" were given/, 'window_funnel: windows of two workers');
like(final('window_funnel', $window->(0, 2, 0, 5), $window->(0, 2, 0, 9)), qr/^22023: within must be the same for all rows of a group . Both 5 and 9 were given/, 'window_funnel: those of integers');
like(final('window_funnel', $window->(0, 0, 1, 0), $window->(1, 0, 1, 0)), qr/^22023: mode must be the same for all rows of a group . Both "default" and "strict order" were given/, 'window_funnel: modes');
is(final('window_funnel', $window->(0, 8, 1, 0)), "$corrupt parallel aggregate state / The header is not of this version.", 'window_funnel: a flag');
like(final('window_funnel', $rows, $rows), qr/^54000: too many events for one customer/, 'window_funnel: rows past 32 bits');

# Sequences: version, unit, whether there was a row; pattern; events of time and conditions.
sub sequence
{
	my ($unit, $pattern, @events) = @_;
	return chr(1) . chr($unit) . chr(1) . uint(length $pattern) . $pattern . uint(scalar @events) . join('', map { my ($at, @met) = @$_; $at . join('', map { uint($_) } @met) } @events);
}
my @pair = ([ sint(5), 1 ], [ uint(3), 2 ]);
is(final('sequence_match', sequence(2, '(?1)(?t<=3)(?2)', @pair)), 't', 'a state of sequence_match made by hand');
is(final('sequence_count', sequence(2, '(?1)(?t<3)(?2)', @pair)), '0', 'one of sequence_count');
is(final('sequence_count', sequence(1, '(?1)', [ sint(5), 1 ]), sequence(1, '(?1)', [ sint(3), 1 ])), '2', 'two of them');
for (
	[ 'a unit', sequence(3, '(?1)'), 'The header is not of this version.' ],
	[ 'a pattern', sequence(0, '(?1'), 'The pattern has a fault.' ],
	[ 'a length', chr(1) . "\0\1" . uint(99) . '(?1)' . uint(0), 'The pattern is too long.' ],
	[ 'events', sequence(0, '(?1)') =~ s/.$/uint(2**40)/er, 'There are too many events.' ],
	[ 'a condition', sequence(0, '(?1)', [ sint(5), 2 ]), 'There is no such condition.' ],
	[ 'no condition at all', sequence(0, '.', [ sint(5), 1 ]), 'There is no such condition.' ])
{
	my ($name, $image, $detail) = @$_;
	is(final('sequence_match', $image), "$corrupt parallel aggregate state / $detail", "sequence_match: $name");
}
like(final('sequence_match', sequence(0, '(?1)', $pair[0]), sequence(0, '(?1).', $pair[0])), qr/^22023: pattern must be the same for all rows of a group . Both "\(\?1\)" and "\(\?1\)\." were given/, 'sequence_match: patterns of two workers');
like(final('sequence_match', sequence(0, '(?1)', $pair[0]), sequence(1, '(?1)', $pair[0])), qr/^22023: cannot merge sequences of different kinds of times/, 'sequence_match: days and seconds');

# sequence_next: type, direction and base, conditions + 1, rows.
sub next_of { my ($type, $rules, $conditions, $n, @rows) = @_; return uint($type) . chr($rules) . uint($conditions + 1) . uint($n) . join('', @rows); }
my $int = 23;

for (
	[ 'a type', next_of(4294967295, 0, 1, 0), 'The type is none.' ],
	[ 'a base', next_of($int, 8, 1, 0), 'The header is not of this version.' ],
	[ 'the tail forward', next_of($int, 2, 1, 0), 'The header is not of this version.' ],
	[ 'rows', next_of($int, 0, 1, 2**40), 'There are too many events.' ],
	[ 'a flag', next_of($int, 0, 1, 1, sint(5), chr(2), uint(1), uint(0), "\0" x 9), 'It has unknown flags.' ],
	[ 'a condition', next_of($int, 0, 70, 1, sint(5), chr(1), uint(1), uint(1), uint(6), "\0" x 9), 'There is no such condition.' ])
{
	my ($name, $image, $detail) = @$_;
	is(final('sequence_next', $image), "$corrupt parallel aggregate state / $detail", "sequence_next: $name");
}
like(final('sequence_next', next_of($int, 0, 1, 0), next_of(25, 0, 1, 0)), qr/^22023: cannot merge events of different types/, 'sequence_next: types');
like(final('sequence_next', next_of($int, 0, 1, 0), next_of($int, 4, 1, 0)), qr/^22023: base must be the same for all rows of a group . Both "head" and "first_match" were given/, 'sequence_next: bases');
like(final('sequence_next', next_of($int, 0, 1, 0), next_of($int, 0, 2, 0)), qr/^22023: conditions must be as many in all rows of a group . There are 1 and 2/, 'sequence_next: conditions');

# Logs of levels: version, flags, zone, rows of instant, level and day.
sub levels
{
	my ($flags, $zone, @rows) = @_;
	return chr(1) . chr($flags) . ($flags & 4 ? uint(length $zone) . $zone : '') . uint(scalar @rows) . join('', map { map { sint($_) } @$_ } @rows);
}
my $day = 86400000000;
is(final('timeline_of_levels', levels(11, '', [ 10, 5000000, 10 ], [ 12, 0, 12 ])), '{"zone": "", "levels": true, "money": true, "day": ["2000-01-11","2000-01-13"], "level": [5,0]}', 'a log of levels made by hand');
is(final('timeline_of_levels', levels(7, 'Asia/Tokyo', [ 16 * 3600000000, 5000000, 1 ]), levels(7, 'Asia/Tokyo', [ 5, 1000000, 0 ])),
	'{"zone": "Asia/Tokyo", "levels": true, "money": true, "day": ["2000-01-01","2000-01-02"], "level": [1,5]}', 'two of them');
for (
	[ 'version', chr(2) . substr(levels(3, ''), 1), 'The version is unknown.' ],
	[ 'flags', levels(1, ''), 'It has unknown flags.' ], [ 'more flags', levels(19, ''), 'It has unknown flags.' ],
	[ 'dates in a zone', levels(15, 'Asia/Tokyo'), 'It has unknown flags.' ],
	[ 'no zone', levels(7, ''), 'The zone has no name.' ],
	[ 'zone', levels(7, 'Mars', [ 0, 0, 0 ]), 'The time zone is unknown here, or not in its canonical spelling.' ],
	[ 'long zone', levels(7, 'M' x 256), 'The name of the zone is too long.' ],
	[ 'time', levels(3, '', [ 'least', 0, 0 ]), 'A time is out of range.' ],
	[ 'day of a time', levels(3, '', [ $day, 0, 0 ]), 'A day is not that of its time.' ],
	[ 'day in a zone', levels(7, 'Asia/Tokyo', [ 0, 0, 2 ]), 'A day is not that of its time.' ],
	[ 'date', levels(11, '', [ 5, 0, 6 ]), 'A day is not that of its time.' ],
	[ 'date past 32 bits', levels(11, '', [ 2**40, 0, 2**40 ]), 'A day is not that of its time.' ],
	[ 'level', levels(11, '', [ 5, 9200000000000000000, 5 ]), 'A level is out of range.' ],
	[ 'level below', levels(11, '', [ 5, -9200000000000000000, 5 ]), 'A level is out of range.' ],
	[ 'rows', levels(11, '', [ 5, 1, 5 ]) . "\0", 'There are bytes after its end.' ],
	[ 'no rows', chr(1) . chr(11) . uint(1), 'The value ends too early.' ])
{
	my ($name, $image, $detail) = @$_;
	like(final('timeline_of_levels', $image), qr/^\Q$corrupt\E \S+ \/ \Q$detail\E/, "log of levels: $name");
}
like(final('timeline_of_levels', levels(3, '', [ $day, 1, 1 ]), levels(11, '', [ 1, 1, 1 ])), qr/^22023: levels of dates and of times cannot be put together/, 'logs of dates and times');
like(final('timeline_of_levels', levels(11, '', [ 1, 1000000, 1 ]), levels(11, '', [ 1, 2000000, 1 ])), qr/^22023: two levels at one instant.*At 2000-01-02 one row says 1 and another 2/, 'logs that contradict each other');
like(final('timeline_of_levels', levels(11, '', [ 2000000000, 1, 2000000000 ])), qr/^(\{|22008)/, 'far days');

# type, collation, flags, time, length of the value, value
my $int4 = uint(23) . "\0\0" . sint(5);
is(final('earliest', $int4 . uint(4) . "\0\0\0\7"), 'a value', 'a state of earliest made by hand');
for (
	[ 'no type', uint(7) . "\0\0" . sint(5), 'The type is none.' ],
	[ 'a type without order', uint(600) . "\0\0" . sint(5), 'Values of the type have no order.' ],
	[ 'no collation', uint(23) . uint(7) . "\0" . sint(5), 'The collation is none.' ],
	[ 'unknown flags', uint(23) . "\0\4" . sint(5), 'It has unknown flags.' ],
	[ 'a value that is too short', $int4 . uint(9) . "\0\0\0\7", 'A value is too long.' ],
	[ 'a value with more', $int4 . uint(5) . "\0\0\0\7\0", 'A value ends too early.' ],
	[ 'bytes behind', $int4 . uint(4) . "\0\0\0\7\0", 'There are bytes after its end.' ])
{
	my ($name, $image, $detail) = @$_;
	is(final('earliest', $image), "$corrupt earliest or latest / $detail", "earliest: $name");
}
like(final('earliest', uint(1007) . "\0\0" . sint(5) . uint(20) . "\0\0\0\1\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\1"), qr/^(22P03|54000|08P01)/, 'earliest: an array larger than its bytes');
like(final('earliest', $int4 . uint(4) . "\0\0\0\7", uint(20) . "\0\0" . sint(5) . uint(8) . "\0" x 8),
	qr/^22023: cannot merge states of earliest and latest, or of values of different types/, 'earliest: two types');
like(final('earliest', $int4 . uint(4) . "\0\0\0\7", uint(23) . "\0\1" . sint(5) . uint(4) . "\0" x 4),
	qr/^22023: cannot merge states of earliest and latest/, 'earliest and latest');

is(final('timeline', "\1\4\4Mars\0"), "$corrupt timeline / The time zone is unknown here, or not in its canonical spelling.", 'timeline: a zone');
is(final('timeline', "\1\0" . uint(2**40)), "$corrupt timeline / A day is out of range.", 'timeline: a day');
# Rows of a hazard_model: version, keys of the options, rows left out, keys, rows.
sub hazards
{
	my ($options, $keys, @rows) = @_;
	return chr(1) . join('', map { uint(length $_) . $_ } @$options) . uint(1) . uint(1 + @$keys)
	  . join('', map { uint(length $_->[0]) . $_->[0] . uint($_->[1]) . uint(@$_ - 2) . join('', map { uint(length $_) . $_ } @$_[2 .. $#$_]) } @$keys)
	  . uint(scalar @rows) . join('', map { my @r = @$_; my $event = pop @r; join('', map { pack('d>', $_) } @r) . chr($event) } @rows);
}
my @plain = ([ '', '', '' ], [ [ 'x', 1 ] ]);
like(final('hazard_model', hazards(@plain, [ 1, 5, 1 ], [ 2, 6, 0 ], [ 3, 1, 1 ])), qr/^\{"status": "converged", "rows": 3, "left_out": 1, /, 'hazard_model: rows made by hand');
for (
	[ 'version', chr(2) . substr(hazards(@plain), 1), 'The version is unknown.' ],
	[ 'a kind', hazards([ '', '', '' ], [ [ 'x', 4 ] ]), 'A kind is unknown.' ],
	[ 'texts of a number', hazards([ '', '', '' ], [ [ 'x', 1, 'a' ] ]), 'A covariate that is no text has texts.' ],
	[ 'a text twice', hazards([ '', '', '' ], [ [ 'x', 3, 'a', 'a' ] ]), 'A text is there twice.' ],
	[ 'a place', hazards([ '', '', '' ], [ [ 'x', 3, 'a' ] ], [ 1, 1, 1 ]), 'A value is not one of its covariate.' ],
	[ 'half a place', hazards([ '', '', '' ], [ [ 'x', 3, 'a', 'b' ] ], [ 1, 0.5, 1 ]), 'A value is not one of its covariate.' ],
	[ 'a boolean', hazards([ '', '', '' ], [ [ 'x', 2 ] ], [ 1, 2, 1 ]), 'A value is not one of its covariate.' ],
	[ 'a weight', hazards([ '', '', 'w' ], [ [ 'w', 3, 'a' ], [ 'x', 1 ] ], [ 1, 0, 1, 1 ]), 'A value is not one of its covariate.' ],
	[ 'no number', hazards(@plain, [ 1, 9**9**9, 1 ]), 'A number is not finite' ],
	[ 'an event', hazards(@plain, [ 1, 1, 2 ]), 'A byte is neither 0 nor 1.' ],
	[ 'rows', hazards(@plain) =~ s/.\z/chr(9)/ser, 'There are more rows than bytes for them.' ])
{
	my ($name, $image, $detail) = @$_;
	like(final('hazard_model', $image), qr/^\Q$corrupt\E \S+.* \/ \Q$detail\E/, "hazard_model: $name");
}
like(final('hazard_model', hazards(@plain, [ -1, 5, 1 ])), qr/^22003: duration must not be negative/, 'hazard_model: duration');
like(final('hazard_model', hazards([ '', '', 'w' ], [ [ 'x', 1 ] ])), qr/^22023: options of a hazard_model/, 'hazard_model: options');
like(final('hazard_model', hazards(@plain), hazards([ '', '', '' ], [ [ 'y', 1 ] ])), qr/^22023: covariates of a hazard_model have different keys/, 'hazard_model: keys');
like(final('hazard_model', hazards(@plain), hazards([ '', 'x', '' ], [ [ 'x', 1 ], [ 'y', 1 ] ])), qr/^22023: options must be the same/, 'hazard_model: states of other options');
is(final('signals', "\1\0" . uint(5) . uint(2) . uint(90)), "$corrupt signals / It has more covariates than bytes for them.", 'signals: covariates');
is(final('signals', "\1\0" . uint(5) . uint(6) . uint(0)), "$corrupt signals / Counts contradict one another.", 'signals: counts');
is(final('survival_curve', "\1\1" . uint(9)), "$corrupt survival_curve / It has more times than bytes for them.", 'survival_curve: times');
is(final('incidence_curve', "\1\1" . join('', map { uint($_) } 1, 1, ord('a'), 1, 5, 0)), "$corrupt incidence_curve / A count is not above 0.", 'incidence_curve: customers');
is(final('survival_curve', "\1\3" . join('', map { uint($_) } 1, 1, 0, 0, 1)), "$corrupt survival_curve / More customers leave than have entered.", 'survival_curve: who enters');

##################################################################
# Aggregates put together of functions that do not belong together
##################################################################

my $library = result(q{SELECT probin FROM pg_proc WHERE oid = 'quantile_score(int)'::regprocedure;});
for (
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'earliest_final', 'aggregate state is not that of earliest or latest' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'window_funnel_final', 'aggregate state is not one of window_funnel' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'sequence_match_final', 'aggregate state is not one of a sequence' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'sequence_next_final', 'aggregate state is not one of sequence_next' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'cohort_matrix_final', 'aggregate state is not a customer ledger' ],
	[ 'contract_model_transition', 'text, bigint, boolean', "'sbg', 5, true", 'survival_curve_final', 'aggregate state is not that of a survival curve' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'signals_final', 'aggregate state is not one of signals' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'hazard_model_final', 'aggregate state is not that of a hazard_model' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'incidence_curve_final', 'aggregate state is not that of an incidence curve' ],
	[ 'survival_curve_transition', 'bigint, boolean', '5, true', 'check_final', 'aggregate state is not that of a check' ])
{
	my ($transition, $types, $values, $final, $message) = @$_;
	is( result(qq{
			CREATE FUNCTION pg_temp.wrong(internal) RETURNS text LANGUAGE c AS '$library', 'retention_$final';
			CREATE AGGREGATE pg_temp.wrong_of($types) (SFUNC = $transition, STYPE = internal, FINALFUNC = pg_temp.wrong);
			SELECT pg_temp.wrong_of($values);}),
		"22023: $message", "$final over $transition");
}
is( result(qq{
		CREATE FUNCTION pg_temp.no_window(int) RETURNS int LANGUAGE c AS '$library', 'retention_quantile_score';
		SELECT pg_temp.no_window(3);}),
	'0A000: quantile_score called in context that cannot accept a window function', 'a window function called as another');

##################################################################
# A few thousand mutants of each, always the same
##################################################################

my $n = $ENV{RETENTION_MUTANTS} || 3000;
my @parts = map { [ 'states', $_ ] } split /\n/, result('SELECT DISTINCT name FROM states ORDER BY 1;');
push @parts, map { [ 'texts', $_ ], [ 'images', $_ ] } split /\n/, result('SELECT name FROM types ORDER BY 1;');
for (@parts)
{
	my ($kind, $name) = @$_;
	my ($code, $lines, $err) = $node->psql('postgres', slurp_file("$source/test/fuzz/part.sql"),
		extra_params => [ map { ('-v', $_) } "kind=$kind", "name=$name", "n=$n", 'seconds=0', 'seed=20240131' ]);
	like($lines, qr/\b$n tried/, "$kind of $name") or diag($err);
	note($lines);
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'no process crashed');

##################################################################
# Checks
##################################################################

# version, flags, time kind, as_of, counts, ...; an event on 2000-01-02, worth 5
my $check = pack('H*', result(q{SELECT encode(image, 'hex') FROM (SELECT fuzz.check_events(1, date '2000-01-02', 5, NULL)) s (image);}));
my $checked = sub {
	my ($at, $bytes) = @_;
	my $image = $check;
	substr($image, $at, length $bytes) = $bytes;
	return final('check_events', $image);
};
is(final('check_events', $check), '{"ranges": false, "rows": 1, "finding": [], "severity": [], "found": [], "among": [], "example": []}', 'an event looked at');
is($checked->(0, "\2"), "$corrupt parallel aggregate state / The version is unknown.", 'another version');
is($checked->(1, "\x40"), "$corrupt parallel aggregate state / The settings contradict one another.", 'an unknown flag');
is($checked->(1, "\7"), "$corrupt parallel aggregate state / The settings contradict one another.", 'dates that are ranges');
is($checked->(2, "\7"), "$corrupt parallel aggregate state / The settings contradict one another.", 'a time of no kind');
is($checked->(3, "\4"), "$corrupt parallel aggregate state / The settings contradict one another.", 'an as_of that is not there');
is(final('check_events', "$check\0"), "$corrupt parallel aggregate state / There are bytes after its end.", 'a byte more');
is(final('check_events', substr($check, 0, -1)), "$corrupt parallel aggregate state / The value ends too early.", 'a byte less');
# the sample of customers is last: level, number, place, key twice, from, to, amount, flags, rows, name
is($checked->(-1, "\1"), "$corrupt parallel aggregate state / Names of customers are missing, or too many.", 'a number with a name');
is($checked->(-2, "\0"), "$corrupt parallel aggregate state / A row of a sample is there twice, or never.", 'a customer without rows');
is($checked->(-3, "\x08"), "$corrupt parallel aggregate state / It has unknown flags.", 'unknown flags of a customer');
is($checked->(-4, "\2"), "$corrupt parallel aggregate state / A customer has a time or an amount.", 'a customer who is worth something');
my $dated = pack('H*', result(q{SELECT encode(image, 'hex') FROM (SELECT fuzz.check_events(1, date '2000-01-02', 5, '2024-01-01')) s (image);}));
is(final('check_events', $check, $dated), '22023: states of different checks cannot be put together', 'states of different as_of');
like(final('check_ranges', $check), qr/"ranges": false/, 'a state says what it is of');

$node->stop;
done_testing();
