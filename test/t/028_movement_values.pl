# Stored customer_movements from outside: COPY in every format gives the same
# bytes; of damaged binary values and texts each is refused as such, or is a
# value that writes what it read, and that every reader and rollup can take.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('movement_values');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\njit = off\n");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE kinds (name text, m customer_movements);
	INSERT INTO kinds
	SELECT 'orders', customer_movements(c, at::timestamptz, amount, 'month')
	FROM (VALUES (1, '2024-01-05', 10.5), (1, '2024-02-05', 1), (2, '2024-02-01', -200000), (2, '1999-12-31', 0), (3, '2024-02-02', 0.000001), (1, '2024-06-01', 3)) v (c, at, amount)
	UNION ALL
	SELECT 'levels', customer_movements(c, during, amount, 'quarter starting february')
	FROM (VALUES (1, daterange('2024-01-05', '2024-09-01'), 10.5), (1, '[2024-09-01,)', 3), (2, '[2023-03-01,2024-06-01)', 30), (2, '[2024-08-01,)', 4)) v (c, during, amount)
	UNION ALL
	SELECT 'no amounts', customer_movements(d, current_date + n, 'week at America/Sao_Paulo')
	FROM (SELECT timestamptz '2024-01-01' + n % 5 * interval '9 days' AS d, date '2024-01-01' - current_date + n * 3 AS n FROM generate_series(1, 12) n) x
	UNION ALL
	SELECT 'counted ranges', customer_movements(c, during, 'year') FROM (VALUES (1, daterange('2022-01-01', NULL)), (2, '[2023-01-01,2024-05-01)')) v (c, during)
	UNION ALL
	SELECT 'no rows', customer_movements(1, daterange('2024-01-05', '2024-01-07'), 'month');
	CREATE TABLE back (m customer_movements);});

my $dir = PostgreSQL::Test::Utils::tempdir();
my $sent = q{SELECT string_agg(name || encode(customer_movements_send(m), 'hex') || m, ' ' ORDER BY name) FROM kinds};
for my $format ('text', 'csv', 'binary')
{
	is( $node->safe_psql(
			'postgres', qq{
			COPY kinds TO '$dir/copy' (FORMAT $format);
			SET timezone = 'America/Los_Angeles'; SET datestyle = 'German, DMY';
			BEGIN; TRUNCATE kinds; COPY kinds FROM '$dir/copy' (FORMAT $format); $sent; ROLLBACK;}),
		$node->safe_psql('postgres', $sent), "COPY, $format");
}

# What must hold of a value that was accepted: it is the sum of itself, reads
# back from text, and has every reader; a hundred rows are enough.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION holds(m customer_movements) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		IF m::text::customer_movements IS DISTINCT FROM m OR m::jsonb::text::customer_movements IS DISTINCT FROM m
			OR (SELECT rollup(x) IS DISTINCT FROM m FROM (VALUES (m), (NULL)) v (x)) THEN
			RETURN false;
		END IF;
		PERFORM movement_rows(m), movement_rows(m, '2024-05-17') LIMIT 100;
		PERFORM movements_text(m), movements_text(m, '2024-05-17');
		RETURN true;
	EXCEPTION WHEN program_limit_exceeded THEN
		RETURN true;		-- more than ten million rows
	END $$;
	CREATE FUNCTION try_binary(path text, last int, OUT first_is_good boolean, OUT accepted int, OUT refused text, OUT wrong text) LANGUAGE plpgsql AS $$
	DECLARE
		file	bytea;
		sent	bytea;
		good	boolean;
		codes	text[] := '{}';
	BEGIN
		accepted := 0;
		FOR i IN 0 .. last LOOP
			good := NULL;
			BEGIN
				TRUNCATE back;
				EXECUTE format('COPY back FROM %L (FORMAT binary)', path || '.' || i);
				SELECT customer_movements_send(m) INTO sent FROM back;
				good := true;
			EXCEPTION WHEN OTHERS THEN
				IF sqlstate <> ALL (codes) THEN codes := codes || sqlstate; END IF;
			END;
			CONTINUE WHEN good IS NULL;
			accepted := accepted + 1;
			IF i = 0 THEN first_is_good := true; END IF;
			file := pg_read_binary_file(path || '.' || i);
			IF sent <> substr(file, 26, octet_length(file) - 27) OR NOT (SELECT holds(m) FROM back) THEN
				wrong := concat_ws(' ', wrong, i);
			END IF;
		END LOOP;
		refused := (SELECT string_agg(c, ' ' ORDER BY c) FROM unnest(codes) c);
	END $$;
	CREATE TABLE texts (name text, n int, t text);
	CREATE FUNCTION try_texts(which text, OUT first_is_good boolean, OUT accepted int, OUT refused text, OUT wrong text) LANGUAGE plpgsql AS $$
	DECLARE
		value	customer_movements;
		codes	text[] := '{}';
		i		int;
		bad		text;
	BEGIN
		accepted := 0;
		FOR i, bad IN SELECT n, t FROM texts WHERE name = which ORDER BY n LOOP
			value := NULL;
			BEGIN
				value := bad::customer_movements;
			EXCEPTION WHEN OTHERS THEN
				IF sqlstate <> ALL (codes) THEN codes := codes || sqlstate; END IF;
			END;
			CONTINUE WHEN value IS NULL;
			accepted := accepted + 1;
			IF i = 0 THEN first_is_good := value::text = bad; END IF;
			IF NOT holds(value) THEN wrong := concat_ws(' ', wrong, i); END IF;
		END LOOP;
		refused := (SELECT string_agg(c, ' ' ORDER BY c) FROM unnest(codes) c);
	END $$;});

my $seed = $ENV{RETENTION_SEED} || 1;
my $rounds = $ENV{RETENTION_CASES} || 300;
srand($seed);
my @kinds = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', q{SELECT name, encode(customer_movements_send(m), 'hex'), m FROM kinds ORDER BY name});
is(scalar @kinds, 5, 'five kinds of movements');

sub judge
{
	my ($what, $line) = @_;
	my ($first, $accepted, $refused, $wrong) = split /\|/, $line, -1;
	note("$what: $line");
	is($first, 't', "$what: the value itself");
	like($refused, qr/^(22P02|22P03|22P02 22P03)$/, "$what: what is damaged is refused as such");
	is($wrong, '', "$what: what is accepted holds (seed $seed)");
}

# Every byte changed in some ways, every length, and several bytes at once.
for (@kinds)
{
	my ($name, $hex) = @$_;
	my $good = pack('H*', $hex);
	my $length = length($good);
	my @bad = ($good);
	for my $i (0 .. $length - 1)
	{
		my $byte = ord(substr($good, $i, 1));
		for my $other ((map { $byte ^ (1 << $_) } 0 .. 7), ($byte + 1) & 255, ($byte - 1) & 255, 0, 255)
		{
			push @bad, substr($good, 0, $i) . chr($other) . substr($good, $i + 1) if $other != $byte;
		}
		push @bad, substr($good, 0, $i), substr($good, 0, $i) . substr($good, $i + 1), substr($good, 0, $i) . chr(int(rand(256))) . substr($good, $i);
	}
	for (1 .. $rounds)
	{
		my $bad = $good;
		substr($bad, int(rand($length)), 1) = chr(rand() < 0.5 ? int(rand(256)) : int(rand(8))) for 1 .. 2 + int(rand(4));
		my ($at, $long) = (int(rand($length)), 1 + int(rand(12)));
		substr($bad, $at, $long) = substr($bad, int(rand($length)), int(rand(12))) if rand() < 0.3;
		push @bad, $bad if $bad ne $good;
	}
	push @bad, $good . "\0", $good . $good, "\xff" x 40, '';
	my $path = "$dir/" . $name =~ s/ /_/gr;
	append_to_file("$path.$_", "PGCOPY\n\xff\r\n\0" . pack('N N n N/a* n', 0, 0, 1, $bad[$_], 0xffff)) for 0 .. $#bad;
	judge("$name, binary", $node->safe_psql('postgres', "SET client_min_messages = warning; SELECT * FROM try_binary('$path', $#bad)"));
	unlink map { "$path.$_" } 0 .. $#bad;
}

# Texts: characters changed, left out, put in; numbers changed; pieces moved.
my @numbers = ('0', '1', '-1', '2', '-0', '0.0000001', '1e3', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '1e31', '99999999999999999999999999999999999999', '"NaN"', 'null', 'true', '"2024-02-01"', '"infinity"', '"5874897-12-01"', '"4714-11-24 BC"', '[]', '{}');
my $values = '';
for (@kinds)
{
	my ($name, undef, $good) = @$_;
	my @bad = ($good);
	push @bad, substr($good, 0, $_) for map { int(rand(length($good))) } 1 .. 40;
	for (1 .. 4 * $rounds)
	{
		my $bad = $good;
		for (1 .. 1 + int(rand(3)))
		{
			my $way = int(rand(6));
			my $at = int(rand(length($bad)));
			if ($way == 0) { substr($bad, $at, 1) = chr(32 + int(rand(95))) }
			elsif ($way == 1) { substr($bad, $at, 1) = '' }
			elsif ($way == 2) { substr($bad, $at, 0) = substr('{}[]",:-0123456789e.', int(rand(20)), 1) }
			else
			{
				# one of the numbers or dates becomes another
				my @spans;
				push @spans, [ $-[1], $+[1] ] while $bad =~ /[\[,](-?[0-9.]+|"[^"]*")(?=[,\]])/g;
				next if !@spans;
				my ($from, $to) = @{ $spans[ rand @spans ] };
				my $other = $spans[ rand @spans ];
				substr($bad, $from, $to - $from) = $way == 3 ? substr($bad, $other->[0], $other->[1] - $other->[0]) : $numbers[ rand @numbers ];
			}
		}
		push @bad, $bad if $bad ne $good;
	}
	my $n = 0;
	$values .= "$name\t" . $n++ . "\t" . s/\\/\\\\/gr . "\n" for @bad;
}
append_to_file("$dir/texts", $values);
$node->safe_psql('postgres', "COPY texts FROM '$dir/texts'");
judge("$_->[0], text", $node->safe_psql('postgres', "SET client_min_messages = warning; SELECT * FROM try_texts('$_->[0]')")) for @kinds;

$node->stop;
done_testing();
