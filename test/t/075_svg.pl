# Pictures as SVG: well-formed whatever the labels are, nothing in them that runs
# or is fetched, the figures of the readers in the marks; and in a browser no
# error, no request, every word inside its box, on no other, and readable.
#
# The parser is XML::LibXML, the browser Chromium: both by make deps BROWSER=1, and
# without one its tests are skipped.  With SVG_OUT=folder the pictures are left
# there, with shots of each.
use strict;
use warnings FATAL => 'all';

use Encode qw(decode encode);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use Browser qw(chromium browse requests messages $measures);

plan skip_all => 'XML::LibXML is missing: make deps BROWSER=1 installs it'
  unless eval { require XML::LibXML; 1 };

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('svg');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\n");
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		'-f', "$source/test/demo/crm.sql" ], 'the CRM loads');
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION retention;
	CREATE TABLE m AS SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') AS months,
		cohort_matrix(customer_id, ordered_at, amount, 'quarter') AS quarters,
		cohort_matrix(customer_id, ordered_at, amount, 'week') AS weeks,
		customer_movements(customer_id, ordered_at, amount, 'month') AS moves,
		customer_movements(customer_id, ordered_at, amount, 'week') AS many_moves FROM orders;
	CREATE TABLE by_channel AS SELECT c.channel, cohort_matrix(o.customer_id, o.ordered_at, o.amount, 'month') AS m,
			survival_curve((o.ordered_at::date - date '2024-01-01')::bigint, o.amount > 100) AS s
		FROM orders o JOIN customers c USING (customer_id) GROUP BY 1;
	CREATE TABLE s AS SELECT survival_curve(n % 97, n % 3 = 0) AS few, survival_curve(n * n % 99991 / 7.0, n % 5 < 2) AS many FROM generate_series(1, 4000) n;
	CREATE TABLE f AS SELECT funnel(n, timestamp '2024-01-01' + k * k * interval '7 hours', k, '30 days') AS f
		FROM generate_series(1, 500) n, generate_series(1, 6) k WHERE n % (k * k) = 0 OR k = 1;
	CREATE TABLE j AS SELECT journey(n, timestamp '2024-01-01' + k * interval '1 hour', (ARRAY['home', 'search', 'cart', 'pay', 'help'])[1 + (n * k * k + n / 7) % 5], '1 day') AS j
		FROM generate_series(1, 400) n, generate_series(1, 5) k WHERE n % 11 >= k;
	CREATE TABLE value AS SELECT n, n * 37 % 101 / 100.0::float8 AS p, (n * n % 977 * n - 500) / 4.0 AS v, 1 + n % 5 AS r, 1 + n * n % 5 AS f, 1 + n / 7 % 5 AS m
		FROM generate_series(1, 240) n UNION ALL SELECT 241, NULL, 1, NULL, 1, 1;
	CREATE TABLE labels (n int, label text);
	INSERT INTO labels VALUES (1, '<script>alert(1)</script>'), (2, '"quoted" & ''so'''), (3, ']]>'), (4, 'שלום עולם, قناة البريد'),
		(5, E'\U0001F469\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466 family \U0001F600'), (6, repeat('long label ', 30)), (7, NULL),
		(8, E'tab\tline\nbell\x07 \uFFFF'), (9, E'\u202Eturned'), (10, '');
});

# What a label stands behind the title of.
my %labelled = (
	'' => q{cohort_svg(quarters, label => LABEL) FROM m},
	curve => q{retention_curve_svg(quarters, label => LABEL) FROM m},
	ltv => q{ltv_svg(quarters, label => LABEL) FROM m},
	movements => q{movements_svg(moves, label => LABEL) FROM m},
	lifecycle => q{lifecycle_svg(moves, label => LABEL) FROM m},
	waterfall => q{waterfall_svg(moves, label => LABEL) FROM m},
	survival => q{survival_svg(few, label => LABEL) FROM s},
	funnel => q{funnel_svg(f, label => LABEL) FROM f},
	journey => q{journey_svg(j, label => LABEL) FROM j},
	rfm => q{rfm_svg(ARRAY[1, 3, 5], ARRAY[2, 3, 5], ARRAY[1, 4, 5], label => LABEL)},
	value => q{value_svg(ARRAY[0.2, 0.5, 0.9], ARRAY[10, 100, 1000]::numeric[], label => LABEL)});
is( join(' ', map { "${_}_svg" } sort map { { '' => 'cohort', curve => 'retention_curve' }->{$_} // $_ } keys %labelled),
	$node->safe_psql('postgres', q{SELECT string_agg(DISTINCT proname::text, ' ' ORDER BY proname::text) FROM pg_proc WHERE 'label' = ANY (proargnames) AND proname ~ '_svg$'}),
	'every picture with a label is given hostile ones');

# Every picture: name, query.
my $hostile = q{(SELECT array_agg(label ORDER BY n) FROM labels)};
my @pictures = (
	[ 'cohort', q{cohort_svg(months) FROM m} ],
	[ 'cohort_money', q{cohort_svg(quarters, '2026-01-01', 'money', 'all shops') FROM m} ],
	[ 'cohort_revenue', q{cohort_svg(months, NULL, 'revenue retention') FROM m} ],
	[ 'cohort_weeks', q{cohort_svg(weeks) FROM m} ],
	[ 'cohort_full', q{cohort_svg(cohort_matrix(c + 1000 * d, date '2020-01-01' + 7 * (c % 50 + 1 + k), 1234567.89, 'week')) FROM generate_series(0, 599) c, generate_series(0, 60) k, generate_series(0, 0) d WHERE (c + k) % 3 > 0 AND c % 50 + k <= 60} ],
	[ 'cohort_windows', q{cohort_svg(cohort_matrix(c, date '2010-01-01' + 60 * c, 9e12, '7 days since start by quarter'), '2026-01-01', 'money') FROM generate_series(1, 80) c} ],
	[ 'cohort_large', q{cohort_svg(('{"grain": "week", "zone": "", "last": "2024-12-02", "money": false, "started": false, "recurring": true, "levels": false, "cohorts": [' || (SELECT string_agg(format('{"cohort": "%s", "size": 100000000000000000, "age": [0], "active": [100000000000000000], "last_active": [100000000000000000], "streak_end": [100000000000000000]}', (date '2024-12-02' - 7 * n)::text), ',' ORDER BY n DESC) FROM generate_series(0, 45) n) || ']}')::cohort_matrix)} ],
	[ 'marks', q{cohort_svg(quarters, label => 'a' || repeat(E'\u0301', 100000)) FROM m} ],
	[ 'curve', q{retention_curve_svg(months, '2026-01-01') FROM m} ],
	[ 'curve_channels', q{retention_curve_svg(array_agg(m ORDER BY channel), array_agg(channel ORDER BY channel), '2026-01-01') FROM by_channel} ],
	[ 'curve_hostile', qq{retention_curve_svg(array_fill((SELECT quarters FROM m), ARRAY[10]), $hostile)} ],
	[ 'ltv', q{ltv_svg(months, 250, 0.4, '2026-01-01') FROM m} ],
	[ 'ltv_channels', q{ltv_svg(array_agg(m ORDER BY channel), array_agg(channel ORDER BY channel), array_agg(100 + 40 * length(channel)::numeric ORDER BY channel), 0.4, '2026-01-01') FROM by_channel} ],
	[ 'ltv_hostile', qq{ltv_svg(array_fill((SELECT quarters FROM m), ARRAY[10]), $hostile, array_fill(100::numeric, ARRAY[10])) } ],
	[ 'movements', q{movements_svg(moves) FROM m} ],
	[ 'movements_customers', q{movements_svg(many_moves, NULL, 'customers', ']]> & <b>') FROM m} ],
	[ 'lifecycle', q{lifecycle_svg(moves) FROM m} ],
	[ 'waterfall', q{waterfall_svg(moves, '2025-06-15') FROM m} ],
	[ 'waterfall_customers', q{waterfall_svg(moves, NULL, NULL, 'customers') FROM m} ],
	[ 'survival', q{survival_svg(few) FROM s} ],
	[ 'survival_many', q{survival_svg(ARRAY[many, few, many, few, NULL]) FROM s} ],
	[ 'survival_hostile', qq{survival_svg(array_fill((SELECT few FROM s), ARRAY[10]), $hostile)} ],
	[ 'funnel', q{funnel_svg(f, ARRAY['Visit', 'Cart', 'Address', NULL, '<script>alert(1)</script>'], 'spring') FROM f} ],
	[ 'funnel_hostile', qq{funnel_svg(funnel(1, date '2024-01-01' + k, k, '1 year'), $hostile, (SELECT label FROM labels WHERE n = 6)) FROM generate_series(1, 10) k} ],
	[ 'journey', q{journey_svg(j) FROM j} ],
	[ 'journey_stages', q{journey_svg(journey(customer_id, entered_at, stage, '1 year'), NULL, 'stages') FROM stages} ],
	[ 'value_hostile', qq{value_svg(array_fill(0.3::float8, ARRAY[10]), ARRAY[1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]::numeric[], $hostile) } ],
	[ 'journey_hostile', q{journey_svg(journey(k % 40, timestamp '2024-01-01' + (k * k % 17 + 20 * l.n) * interval '1 minute', coalesce(label, 'NULL'), '2 days'), NULL) FROM generate_series(1, 300) k, labels l WHERE (k + l.n) % 3 = 0} ],
	[ 'journey_hostile_too', q{journey_svg(journey(k % 40, timestamp '2024-01-01' + (k * k % 17 + 20 * ((l.n + 4) % 10)) * interval '1 minute', coalesce(label, 'NULL'), '2 days'), NULL) FROM generate_series(1, 300) k, labels l WHERE (k + l.n) % 3 = 0} ],
	[ 'value', q{value_svg(array_agg(p ORDER BY n), array_agg(v ORDER BY n), array_agg('customer no. ' || n ORDER BY n)) FROM value} ],
	[ 'value_many', q{value_svg(array_agg((n * 37 % 1000 / 1000.0)::float8), array_agg((n * n % 9973 - 100) / 7.0), NULL, 'all shops') FROM generate_series(1, 20000) n} ],
	[ 'segments', q{rfm_svg(array_agg(r ORDER BY n), array_agg(f ORDER BY n), array_agg(m ORDER BY n), array_agg(v ORDER BY n), 'wholesale') FROM value} ],
	[ 'segments_plain', q{rfm_svg(array_agg(r), array_agg(f)) FROM value} ],
	[ 'segments_large', q{rfm_svg(array_fill(5, ARRAY[300000]), array_fill(1, ARRAY[300000]), NULL, array_fill(9e12, ARRAY[300000]))} ],
	map({ my $kind = $_; map({ [ "title_$kind$_", $labelled{$kind} =~ s/LABEL/(SELECT label FROM labels WHERE n = $_)/r ] } 1 .. 10) } sort keys %labelled),
	map({ [ "empty_$_->[0]", $_->[1] ] }
		[ 1, q{cohort_svg(NULL)} ], [ 2, q{retention_curve_svg(NULL::cohort_matrix)} ], [ 3, q{retention_curve_svg(NULL::cohort_matrix[], NULL)} ],
		[ 4, q{retention_curve_svg('{}'::cohort_matrix[], '{}')} ], [ 5, q{movements_svg(NULL)} ], [ 6, q{waterfall_svg(NULL)} ],
		[ 7, q{survival_svg(NULL::survival_curve)} ], [ 8, q{survival_svg(ARRAY[NULL::survival_curve])} ], [ 9, q{funnel_svg(NULL)} ],
		[ 10, q{ltv_svg(NULL::cohort_matrix, 5)} ], [ 11, q{cohort_svg(months, '2020-01-01') FROM m} ], [ 12, q{retention_curve_svg(months, '2020-01-01') FROM m} ],
		[ 13, q{cohort_svg(cohort_matrix(1, date '2024-01-01', 'day'), NULL, 'money')} ], [ 14, q{ltv_svg(cohort_matrix(1, date '2024-01-01', 'day'), 5)} ],
		[ 15, q{movements_svg(customer_movements(1, date '2024-01-01', 'day'), NULL, 'money')} ], [ 16, q{movements_svg(moves, '2020-01-01') FROM m} ],
		[ 17, q{waterfall_svg(moves, '2031-01-01') FROM m} ], [ 18, q{ltv_svg('{}'::cohort_matrix[])} ], [ 19, q{journey_svg(NULL)} ], [ 20, q{lifecycle_svg(NULL)} ],
		[ 21, q{value_svg(NULL, NULL)} ], [ 22, q{value_svg('{}', '{}')} ], [ 23, q{value_svg('{NULL,0.5}', '{1,NULL}')} ],
		[ 24, q{rfm_svg(NULL, NULL)} ], [ 25, q{rfm_svg('{1,NULL}', '{NULL,2}')} ], [ 26, q{value_svg('{0.5}', NULL)} ]),
	map({ [ "tiny_$_->[0]", $_->[1] ] }
		[ 1, q{cohort_svg(cohort_matrix(1, date '2024-01-01', 'month'))} ], [ 2, q{retention_curve_svg(cohort_matrix(1, date '2024-01-01', 'month'), '2024-02-01')} ],
		[ 3, q{movements_svg(customer_movements(1, date '2024-01-01', 'month'))} ], [ 4, q{survival_svg(survival_curve(0, true))} ],
		[ 5, q{funnel_svg(funnel(1, date '2024-01-01', 2, '1 day'))} ], [ 6, q{ltv_svg(cohort_matrix(1, date '2024-01-01', 5, 'month'), 5, 1, '2024-02-01')} ],
		[ 7, q{movements_svg(customer_movements(1, date '2024-01-01', 9e12, 'month'))} ], [ 8, q{cohort_svg(cohort_matrix(1, timestamptz '2024-01-01', 'month at <+03>-3'))} ],
		[ 9, q{value_svg('{1}', '{0}')} ], [ 10, q{value_svg('{0,1,0.1,0.6}', '{-5,9199999999999,0.000001,NULL}')} ], [ 11, q{rfm_svg('{1}', '{5}', '{5}', '{NULL}')} ]));

my $xml = XML::LibXML->new(no_network => 1, expand_entities => 0, load_ext_dtd => 0);
my (%svg, %dom, %owner);
my %same;
for my $picture (@pictures)
{
	my ($name, $query) = @$picture;
	$svg{$name} = $node->safe_psql('postgres', "SELECT $query");
	# The same picture is the same text, ids and all.
	%owner = () if $same{ $svg{$name} }++;
	$dom{$name} = eval { $xml->parse_string($svg{$name}) };
	my @problems = defined $dom{$name} ? problems($name) : "$@";
	is(join('; ', @problems), '', "$name: well-formed, nothing runs or is fetched, every mark has a title");
}

# What is wrong with a picture.
sub problems
{
	my ($name) = @_;
	my @wrong;

	push @wrong, length($svg{$name}) . ' bytes' if length $svg{$name} > 100_000;
	push @wrong, 'not ASCII' if $name !~ /hostile|title_|channels|stages|^marks$/ && $svg{$name} =~ /[^\x20-\x7e]/;
	for my $element ($dom{$name}->findnodes('//*'))
	{
		my $tag = $element->nodeName;
		push @wrong, "element $tag"
		  unless $tag =~ /^(svg|title|desc|style|defs|pattern|g|path|rect|circle|text)$/;
		for my $attribute ($element->attributes)
		{
			my ($key, $value) = ($attribute->nodeName, $attribute->value // '');
			push @wrong, "attribute $key" if $key =~ /^on|href/;
			push @wrong, "$key=$value" if $value =~ /url\((?!#r[0-9a-f]{16}h\))/ || ($key ne 'xmlns' && $value =~ /:/);
			push @wrong, "id $value twice" if $key eq 'id' && $owner{$value}++;
		}
		push @wrong, "style of " . $element->toString
		  if $tag eq 'style' && $element->textContent =~ /url\(|\@import|expression/;
		push @wrong, 'a title that is empty' if $tag eq 'title' && $element->textContent !~ /\S/;
		push @wrong, 'NaN or infinite' if $tag =~ /^(path|circle)$/ && $element->toString =~ /nan|inf/i;
	}
	push @wrong, 'no words of no data'
	  if $name =~ /^empty/ && !grep { $_->textContent =~ /^No data: \w/ } texts($name);
	push @wrong, 'no mark' if $name !~ /^empty/ && !titles($name);
	return @wrong;
}

sub nodes { my ($name, $tag) = @_; return grep { $_->nodeName eq $tag } $dom{$name}->findnodes('//*') }
sub texts { return nodes($_[0], 'text') }

# Titles of marks: all but that of the picture.
sub titles { return map { $_->textContent } grep { $_->parentNode->nodeName ne 'svg' } nodes($_[0], 'title') }

# Those that a form matches, its groups as one line each, in order.
sub figures
{
	my ($name, $form) = @_;
	return join "\n", sort map { my @f = encode('UTF-8', s/[\x{2068}\x{2069}]//gr) =~ $form; @f ? join('|', map { s/,(?=\d{3})//gr } map { $_ // '' } @f) : () } titles($name);
}

sub rows { return join "\n", sort split /\n/, $node->safe_psql('postgres', $_[0]) }

# The marks say what the readers say.
is(figures('cohort', qr/^(\d{4}-\d\d-\d\d), age (\d+): ([\d,]+) of ([\d,]+) customers?( so far)?$/),
	rows(q{SELECT cohort, age, active, cohort_size, CASE WHEN NOT complete THEN ' so far' END FROM m, cohort_cells(months)}), 'cohort_svg: cohort_cells');
is(figures('cohort', qr/^all complete, age (\d+): ([\d,]+) of ([\d,]+) customers?$/),
	rows(q{SELECT age, active, customers FROM m, retention_curve(months)}), 'the pooled row: retention_curve');
is(figures('cohort_money', qr/^(\d{4}-\d\d-\d\d), age (\d+): ([-\d,.]+) of ([\d,]+) customers?( so far)?$/),
	rows(q{SELECT cohort, age, trim_scale(revenue), cohort_size, CASE WHEN NOT complete THEN ' so far' END FROM m, cohort_cells(quarters, '2026-01-01')}), 'money: revenue');
is(figures('cohort_revenue', qr/^(\d{4}-\d\d-\d\d), age (\d+): ([-\d,.]+) of ([\d,.]+)( so far)?$/),
	rows(q{SELECT c.cohort, c.age, trim_scale(c.revenue), trim_scale(f.revenue), CASE WHEN NOT c.complete THEN ' so far' END
		FROM m, cohort_cells(months) c JOIN LATERAL (SELECT * FROM cohort_cells(months)) f ON f.cohort = c.cohort AND f.age = 0}), 'revenue retention: revenue, and that of age 0');
is(figures('cohort_revenue', qr/^all complete, age (\d+): ([-\d,.]+) of ([\d,.]+)$/),
	rows(q{SELECT c.age, trim_scale(sum(c.revenue)), trim_scale(sum(f.revenue))
		FROM m, cohort_cells(months) c JOIN LATERAL (SELECT * FROM cohort_cells(months)) f ON f.cohort = c.cohort AND f.age = 0 WHERE c.complete GROUP BY 1}), 'its pooled row');
is(figures('curve', qr/^age (\d+): ([\d,]+) of ([\d,]+) customers, ([\d.]+) % \(([\d.]+) to ([\d.]+)\)$/),
	rows(q{SELECT age, active, customers, round(100 * retention::numeric, 1), round(100 * retention_low::numeric, 1), round(100 * retention_high::numeric, 1)
		FROM m, retention_curve(months, '2026-01-01') WHERE age > 0}), 'retention_curve_svg: retention_curve');
is(figures('curve_channels', qr/^(.+), age (\d+): ([\d,]+) of ([\d,]+) customers/),
	rows(q{SELECT channel, age, active, customers FROM by_channel, retention_curve(m, '2026-01-01') WHERE age > 0}), 'a line for each channel');
is(figures('ltv', qr/^age (\d+): ([\d,]+) customers, ([\d.]+) each$/),
	rows(q{SELECT age, customers, trim_scale(round(ltv_chained * 0.4, 6)) FROM m, retention_curve(months, '2026-01-01')}), 'ltv_svg: ltv_chained');
is(figures('ltv_channels', qr/^(.+), a customer costs (\d+), paid back at age (\d+)$/),
	rows(q{SELECT * FROM (SELECT channel, 100 + 40 * length(channel), payback_age(m, 100 + 40 * length(channel)::numeric, 0.4, '2026-01-01') AS age FROM by_channel) p WHERE age IS NOT NULL}), 'and payback_age');
for my $kind ([ 'new', 'new_revenue' ], [ 'back', 'reactivated_revenue' ], [ 'expanded', 'expansion_revenue' ], [ 'contracted', 'contraction_revenue' ], [ 'churned', 'churned_revenue' ])
{
	is(figures('movements', qr/^(\S+), $kind->[0]: \+?(-?[\d,.]+)( so far)?$/),
		rows("SELECT period, trim_scale($kind->[1]), CASE WHEN NOT complete THEN ' so far' END FROM m, movement_rows(moves) WHERE $kind->[1] <> 0"), "movements_svg: $kind->[1]");
}
is(figures('movements', qr/^(\S+), net: \+?(-?[\d,.]+), from ([\d,.]+) to ([\d,.]+)$/),
	rows(q{SELECT period, trim_scale(closing_revenue - opening_revenue), trim_scale(opening_revenue), trim_scale(closing_revenue) FROM m, movement_rows(moves)}), 'and the net');
is(figures('lifecycle', qr/^(\S+), (new|back|kept|churned): \+?(-?[\d,]+)/),
	rows(q{SELECT period, k, v FROM m, movement_rows(moves), LATERAL (VALUES ('new', new_customers), ('back', reactivated_customers), ('kept', retained_customers),
		('churned', -churned_customers)) v (k, v) WHERE v <> 0}), 'lifecycle_svg: movement_rows');
is(figures('waterfall', qr/^(\w+): \+?(-?[\d,.]+)$/),
	rows(q{SELECT k, trim_scale(v) FROM m, movement_rows(moves), LATERAL (VALUES ('opening', opening_revenue), ('new', new_revenue), ('back', reactivated_revenue),
		('expanded', expansion_revenue), ('contracted', contraction_revenue), ('churned', churned_revenue), ('closing', closing_revenue)) v (k, v) WHERE period = '2025-06-01'}), 'waterfall_svg: a row of movement_rows');
is(figures('waterfall_customers', qr/^(\w+): \+?(-?[\d,.]+)$/),
	rows(q{SELECT k, v FROM m, (SELECT * FROM m, movement_rows(moves) WHERE complete ORDER BY period DESC LIMIT 1) r, LATERAL (VALUES ('opening', opening_customers), ('new', new_customers),
		('back', reactivated_customers), ('churned', -churned_customers), ('closing', closing_customers)) v (k, v)}), 'of customers, the last period that is over');
is(figures('survival', qr/^at ([\d.]+): ([\d.]+) % \(([\d.]+) to ([\d.]+)\), at risk ([\d,]+), churned ([\d,]+), last seen ([\d,]+)$/),
	rows(q{SELECT at_time, round(100 * survival::numeric, 1), round(100 * low::numeric, 1), round(100 * high::numeric, 1), at_risk, events, censored FROM s, survival_points(few) WHERE low IS NOT NULL}), 'survival_svg: survival_points');
is(figures('funnel', qr/^(.+): ([\d,]+) of ([\d,]+) customers, ([\d.]+) %(?:; of the step before ([\d.]+) %)?$/),
	rows(q{SELECT coalesce((ARRAY['Visit', 'Cart', 'Address', NULL, '<script>alert(1)</script>'])[step], 'step ' || step), customers, max(customers) OVER (), round(100 * rate_of_first::numeric, 1),
		round(100 * rate_of_previous::numeric, 1) FROM f, funnel_steps(f)}), 'funnel_svg: funnel_steps');

is(figures('journey', qr/^step (\d+), (\w+) to (\w+): ([\d,]+) of ([\d,]+) customers?$/),
	rows(q{SELECT step, from_place, to_place, customers, sum FROM (SELECT *, sum(customers) OVER (PARTITION BY step) FROM j, journey_edges(j, 5)) e WHERE to_place IS NOT NULL AND step <= 5}), 'journey_svg: journey_edges');

is(figures('value', qr/^customer no\. (\d+): ([\d.]+) % still there, (-?[\d,.]+)$/),
	rows(q{SELECT n, round(100 * p::numeric, 1), to_char(v, 'FM9999999990.00') FROM value WHERE p IS NOT NULL}), 'value_svg: each customer');
is(join('|', map { decode('UTF-8', $_) =~ /^customer no\. (\d+)$/ } map { encode('UTF-8', $_->textContent) } texts('value')),
	$node->safe_psql('postgres', q{SELECT string_agg(n::text, '|' ORDER BY v DESC, n) FROM (SELECT n, v FROM value WHERE p BETWEEN 0.1 AND 0.6 ORDER BY v DESC, n LIMIT 10) c}),
	'the ten worth most of those of whom it is open');
{
	# the cells of many, by probability and by twelfths of the decades
	my ($customers, $worth) = (0, 0);
	for my $figure (split /\n/, figures('value_many', qr/^\d+ to \d+ %, .* to .*: ([\d,]+) customers?, (-?[\d,.]+) in all$/))
	{
		my ($n, $v) = split /\|/, $figure;
		$customers += $n;
		$worth += $v;
	}
	my $sum = $node->safe_psql('postgres', q{SELECT sum((n * n % 9973 - 100) / 7.0) FROM generate_series(1, 20000) n});
	is($customers, 20000, 'value_svg of many: each customer in a cell');
	cmp_ok(abs($worth - $sum), '<', 1.3, 'and all they are worth, to the cent of a cell');
	my %columns;
	$columns{$_}++ for split /\n/, figures('value_many', qr/^(\d+) to \d+ %, /);
	is(join(' ', sort { $a <=> $b } keys %columns), join(' ', map { 5 * $_ } 0 .. 19), 'in twenty columns');
}
is(figures('segments', qr/^([a-z ]+), recency (\d), frequency and money (\d): ([\d,]+) of ([\d,]+) customers, (-?[\d,.]+)$/),
	rows(q{SELECT rfm_segment(r, fm, fm), r, fm, count(n), 240, coalesce(trim_scale(sum(v)), 0) FROM generate_series(1, 5) r CROSS JOIN generate_series(1, 5) fm
		LEFT JOIN (SELECT n, v, r, ceil((f + m) / 2.0)::int AS fm FROM value WHERE r IS NOT NULL) c USING (r, fm) GROUP BY r, fm}), 'rfm_svg: every pair of scores');
is(figures('segments', qr/^([a-z ]+): ([\d,]+) of 240 customers, (-?[\d,.]+)$/),
	rows(q{SELECT rfm_segment(r, f, m), count(*), trim_scale(sum(v)) FROM value WHERE r IS NOT NULL GROUP BY 1}), 'and the segments of rfm_segment');
is(figures('segments_plain', qr/^([a-z ]+): ([\d,]+) of 240 customers$/),
	rows(q{SELECT rfm_segment(r, f, f), count(*) FROM value WHERE r IS NOT NULL GROUP BY 1}), 'of frequency alone');

# Labels come out as they went in, or their beginning; without what turns words.
for my $name ('curve_hostile', 'ltv_hostile', 'survival_hostile', 'funnel_hostile', 'value_hostile', 'journey_hostile', 'journey_hostile_too')
{
	# of a place the customers are behind its name
	my @shown = map { $_->textContent =~ s/ [\d,]+$//r } texts($name);
	for my $row (split /\0/, $node->safe_psql('postgres', q{SELECT string_agg(n || ':' || coalesce(label, '(none)'), E'\x03' ORDER BY n) FROM labels}) =~ s/\x03/\0/gr)
	{
		my ($n, $label) = decode('UTF-8', $row) =~ /^(\d+):(.*)$/s;
		next if $name eq 'funnel_hostile' && $n == 7;
		# six places of a way are drawn
		next if $name eq 'journey_hostile' && $n > 6 || $name eq 'journey_hostile_too' && $n < 6;
		$label = 'NULL' if $name =~ /^journey/ && $n == 7;
		$label = '(empty)' if $label eq '';
		$label =~ s/[\t\n]/ /g;
		$label =~ s/[\x07\x{FFFF}]/\x{FFFD}/g;
		$label =~ s/\x{202E}//g;
		ok((grep { my $text = s/[\x{2068}\x{2069}]//gr; $text eq $label || ($text =~ s/\x{2026}$// && length $text > 5 && index($label, $text) == 0) } @shown),
			"$name: label $n");
	}
}

# So they do behind titles; a NULL is no label.
for my $kind (sort keys %labelled)
{
	for my $n (1 .. 10)
	{
		my $title = (texts("title_$kind$n"))[0]->textContent;
		my $bare = (texts("title_${kind}7"))[0]->textContent;
		my $label = decode('UTF-8', $node->safe_psql('postgres', "SELECT coalesce(nullif(label, ''), '(empty)') FROM labels WHERE n = $n"));
		$label =~ s/[\t\n]/ /g;
		$label =~ s/[\x07\x{FFFF}]/\x{FFFD}/g;
		$label =~ s/\x{202E}//g;
		$title =~ s/[\x{2068}\x{2069}]//g;
		my $shown = $title =~ s/\x{2026}$//r;
		ok($n == 7 ? $title eq $bare : index("$bare: $label", $shown) == 0 && length $shown > length($bare) + 2,
			'behind the title of ' . ($kind || 'cohort') . ": label $n");
	}
}

# Two arguments that do not go together, and words that mean nothing.
for my $case ([ q{retention_curve_svg(ARRAY[months], ARRAY['a', 'b']) FROM m}, '22023' ], [ q{ltv_svg(ARRAY[months], NULL, ARRAY[1, 2]) FROM m}, '22023' ],
	[ q{cohort_svg(months, NULL, 'revenu') FROM m}, '22023' ], [ q{movements_svg(moves, NULL, repeat('é', 200)) FROM m}, '22023' ],
	[ q{ltv_svg(months, -1) FROM m}, '22003' ], [ q{ltv_svg(months, 1, 1.5) FROM m}, '22003' ], [ q{cohort_svg(months, 'infinity') FROM m}, '22008' ],
	[ q{value_svg('{0.5}', '{1,2}')}, '22023' ], [ q{value_svg('{0.5}', '{1}', '{}')}, '22023' ], [ q{value_svg('{1.5}', '{1}')}, '22003' ], [ q{value_svg('{NaN}', '{1}')}, '22003' ],
	[ q{value_svg('{0.5}', '{NaN}')}, '22003' ], [ q{rfm_svg('{1,2}', '{1}')}, '22023' ], [ q{rfm_svg('{1}', '{1}', '{1,2}')}, '22023' ], [ q{rfm_svg('{6}', '{1}')}, '22003' ], [ q{rfm_svg('{1}', '{1}', '{0}')}, '22003' ],
	[ q{ltv_svg(recurring_matrix(timeline, 'day')) FROM (SELECT timeline(date '2024-01-01')) t}, '22023' ])
{
	my (undef, undef, $stderr) = $node->psql('postgres', "SELECT $case->[0]", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($stderr, qr/ERROR:  $case->[1]: .*(HINT|22008)/s, "$case->[0]: $case->[1]");
}

# ----------------------------------------------------------------
# In a browser
# ----------------------------------------------------------------
SKIP:
{
	my $chromium = chromium();
	skip 'Chromium is missing: make deps BROWSER=1 installs it' unless $chromium;
	my $folder = $ENV{SVG_OUT} || PostgreSQL::Test::Utils::tempdir();
	mkdir $folder;
	my @names = map { $_->[0] } @pictures;
	# Where the server's user may write.
	open my $page, '>:raw', "$folder/page.html" or die $!;
	print $page "<!DOCTYPE html><meta charset=\"utf-8\"><title>pictures</title><style>body{margin:0}svg,img{display:block}</style>\n";
	for my $name (@names)
	{
		open my $file, '>:raw', "$folder/$name.svg" or die $!;
		print $file $svg{$name};
		close $file;
		print $page "<div data-name=\"$name\">$svg{$name}<img src=\"$name.svg\"></div>\n";
	}
	print $page "<script>", script(), "</script>\n";
	close $page;
	for my $scheme ('light', 'dark')
	{
		my ($out, $errors) = browse($chromium, "$folder/page.html", $scheme, '--dump-dom');
		my ($report) = $out =~ m{<pre id="report">(.*?)</pre>}s;
		$report = $report ? decode_json($report =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&amp;/&/gr) : { problems => ["no report: $errors"] };
		is(join("\n", map { encode('UTF-8', $_) } @{ $report->{problems} }), '', "$scheme, in a page: every word in its box, on no other, contrast >= 4.5");
		is($report->{images}, scalar @names, "$scheme: each as an image");
		is($report->{scheme}, $scheme, "the scheme is $scheme");
		is(join("\n", messages($errors)), '', "$scheme: no message on the console");
		is(join("\n", requests("$folder/page.html")), '', "$scheme: nothing is fetched");
	}
	for my $name ($ENV{SVG_OUT} ? grep({ !/^(title|empty|tiny)_(?!1$)/ } @names) : ('cohort', 'curve_hostile'))
	{
		my ($width, $height) = $svg{$name} =~ /width="(\d+)[\d.]*" height="(\d+)/;
		for my $scheme ($ENV{SVG_OUT} ? ('light', 'dark') : 'light')
		{
			my (undef, $errors) = browse($chromium, "$folder/$name.svg", $scheme, "--window-size=$width," . ($height + 1), "--screenshot=$folder/$name.$scheme.png");
			is(join("\n", messages($errors)), '', "$name alone, $scheme: no message on the console");
			is(join("\n", requests("$folder/$name.svg")), '', "$name alone: nothing is fetched");
		}
	}
}

# Measures every word of every picture in the page.
sub script
{
	return $measures . <<'EOT';
const problems = [];
const say = (svg, text, what) => problems.push(svg.parentNode.dataset.name + ': ' + what + ': ' + text.textContent.slice(0, 60));
for (const svg of document.querySelectorAll('div > svg')) {
	const box = svg.getBoundingClientRect();
	const paper = getComputedStyle(svg.querySelector('rect.p')).fill;
	const all = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
	all.forEach(([text, at], i) => {
		if (!inside(at, box)) say(svg, text, 'out of the picture');
		const cell = text.closest('.c') ? text.previousElementSibling : null;
		if (cell && !inside({left: at.left, right: at.right, top: (at.top + at.bottom) / 2, bottom: (at.top + at.bottom) / 2}, cell.getBoundingClientRect())) say(svg, text, 'out of its cell');
		let behind = paper;
		if (cell && /^rgb/.test(getComputedStyle(cell).fill) && getComputedStyle(cell).fillOpacity > 0) behind = getComputedStyle(cell).fill;
		if (contrast(getComputedStyle(text).fill, behind) < 4.5) say(svg, text, 'contrast ' + contrast(getComputedStyle(text).fill, behind));
		for (const [other, there] of all.slice(i + 1))
			if (at.left < there.right - 1 && there.left < at.right - 1 && at.top < there.bottom - 3 && there.top < at.bottom - 3)
				say(svg, text, 'over "' + other.textContent.slice(0, 40) + '"');
	});
}
addEventListener('load', () => {
	const report = document.createElement('pre');
	report.id = 'report';
	report.textContent = JSON.stringify({problems: problems.slice(0, 40), images: [...document.images].filter(i => i.complete && i.naturalWidth > 0).length,
		scheme: matchMedia('(prefers-color-scheme:dark)').matches ? 'dark' : 'light'});
	document.body.append(report);
});
EOT
}

done_testing();
