# A dashboard in one call: its views say what plain SQL says, nothing runs that
# is not the extension's, nothing is half-made, refreshes get along; and in a
# browser its page asks for nothing, fits, can be read, sorted and walked through
# with a keyboard.
#
# The browser is Chromium, by make deps BROWSER=1; without it its tests are
# skipped.  With PAGE_OUT=folder the pages are left there, with shots of each.
use strict;
use warnings FATAL => 'all';

use Encode qw(encode);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib ($ENV{RETENTION_SOURCE} || '.') . '/test/reference';
use Browser qw(chromium browse requests messages $measures);

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('dashboard');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\n");
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';

sub sql { return $node->safe_psql('postgres', @_) }

# SQLSTATE of statements, '' when they succeed.
sub state_of
{
	my ($sql, @params) = @_;
	my (undef, undef, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", extra_params => \@params);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : $err;
}

# The extension is in a schema that nobody's path has, and an analyst who is no
# superuser makes the dashboard.
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		'-f', "$source/test/demo/crm.sql" ], 'the CRM loads');
sql(q{
	CREATE SCHEMA metrics;
	CREATE EXTENSION retention SCHEMA metrics;
	GRANT USAGE ON SCHEMA metrics TO PUBLIC;
	CREATE ROLE analyst LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE mallory LOGIN;
	GRANT CREATE ON DATABASE postgres TO analyst, mallory;
	CREATE VIEW order_rows AS SELECT o.customer_id, o.ordered_at, o.amount, c.channel FROM orders o JOIN customers c USING (customer_id);
	CREATE VIEW few_rows AS SELECT * FROM order_rows WHERE customer_id % 20 = 0;
	GRANT SELECT ON order_rows TO analyst;});
my @analyst = (extra_params => [ '-U', 'analyst' ]);
sql(q{CALL metrics.retention_dashboard('board', 'order_rows', 'customer_id', 'ordered_at', 'amount', 'channel', 'quarter at Europe/Paris')}, @analyst);

##################################################################
# The views, and the same in plain SQL.
##################################################################

# Events with the quarter they are in, and customers by their first order.
sql(q{
	CREATE SCHEMA plain;
	CREATE VIEW plain.rows AS
		SELECT *, (ordered_at AT TIME ZONE 'Europe/Paris')::date AS day, date_trunc('quarter', ordered_at AT TIME ZONE 'Europe/Paris')::date AS period FROM order_rows;
	CREATE VIEW plain.firsts AS
		SELECT DISTINCT ON (customer_id) customer_id, period AS cohort, channel, day AS first_order FROM plain.rows WHERE amount >= 0 ORDER BY customer_id, ordered_at;
	CREATE VIEW plain.cells AS
		SELECT f.cohort, a.age, count(DISTINCT r.customer_id) FILTER (WHERE r.amount >= 0) AS active, count(*) FILTER (WHERE r.amount >= 0) AS orders, coalesce(sum(r.amount), 0) AS revenue,
			(SELECT count(*) FROM plain.firsts g WHERE g.cohort = f.cohort) AS size
		FROM (SELECT DISTINCT cohort FROM plain.firsts) f
		CROSS JOIN generate_series(0, 7) a (age)
		LEFT JOIN (plain.firsts g JOIN plain.rows r USING (customer_id))
			ON g.cohort = f.cohort AND r.period = f.cohort + a.age * interval '3 months'
		WHERE f.cohort + a.age * interval '3 months' < '2026-01-01'
		GROUP BY 1, 2;
	CREATE VIEW plain.quarters AS
		SELECT DISTINCT customer_id, period FROM plain.rows WHERE amount >= 0;
	CREATE VIEW plain.customers AS
		SELECT customer_id, f.channel, f.cohort, f.first_order, max(r.day) FILTER (WHERE amount >= 0) AS last_order, count(*) FILTER (WHERE amount >= 0) AS orders,
			count(DISTINCT r.day) FILTER (WHERE amount >= 0) AS active_days, sum(amount) AS revenue
		FROM plain.firsts f JOIN plain.rows r USING (customer_id) GROUP BY 1, 2, 3, 4;});

sub same
{
	my ($name, $view, $plain) = @_;
	is(sql("SELECT (SELECT count(*) FROM ($view) v) > 0, (SELECT count(*) FROM (($view) EXCEPT ALL ($plain)) d), (SELECT count(*) FROM (($plain) EXCEPT ALL ($view)) d)"),
		't|0|0', "$name: as in plain SQL");
	return;
}
same('cells', 'SELECT cohort, age, cohort_size, active, orders, revenue FROM board.cells', 'SELECT cohort, age, size, active, orders, revenue FROM plain.cells');
same('cells, rates', 'SELECT cohort, age, retention FROM board.cells', 'SELECT cohort, age, active::float8 / size FROM plain.cells');
same('curve', 'SELECT age, customers, active, retention FROM board.curve', 'SELECT age, sum(size)::bigint, sum(active)::bigint, sum(active)::float8 / sum(size)::float8 FROM plain.cells GROUP BY age');
same('cohorts', 'SELECT cohort, customers, orders, revenue, round(revenue_per_customer, 4), retention_3 FROM board.cohorts',
	q{SELECT cohort, max(size), sum(orders)::bigint, sum(revenue), round(sum(revenue) / max(size), 4), max(active::float8 / size) FILTER (WHERE age = 3) FROM plain.cells GROUP BY 1});
same('ltv', 'SELECT age, round(ltv, 6) FROM board.ltv',
	'SELECT age, round(sum(sum(revenue) / sum(size)) OVER (ORDER BY age), 6) FROM plain.cells GROUP BY age');
same('movements', 'SELECT period, new_customers, reactivated_customers, churned_customers, closing_customers, closing_revenue FROM board.movements',
	q{SELECT q::date, count(*) FILTER (WHERE here AND cohort = q), count(*) FILTER (WHERE here AND NOT before AND cohort < q), count(*) FILTER (WHERE before AND NOT here), count(*) FILTER (WHERE here),
		(SELECT sum(amount) FROM plain.rows r WHERE r.period = q)
	  FROM generate_series(timestamp '2024-01-01', '2025-10-01', '3 months') q CROSS JOIN plain.firsts f
	  CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM plain.quarters p WHERE p.customer_id = f.customer_id AND p.period = q) AS here,
		EXISTS (SELECT FROM plain.quarters p WHERE p.customer_id = f.customer_id AND p.period = q - interval '3 months') AS before) e GROUP BY q});
same('customers', 'SELECT customer, channel, cohort, first_order, last_order, orders, active_days::bigint, revenue, days_silent FROM board.customers',
	q{SELECT customer_id, channel, cohort, first_order, last_order, orders, active_days, revenue, date '2025-12-31' - last_order FROM plain.customers});
same('states', q{SELECT state, customers, revenue FROM board.states WHERE state IN ('lost', 'at risk')},
	q{SELECT CASE WHEN last_order + 180 < '2026-01-01' THEN 'lost' ELSE 'at risk' END, count(*), sum(revenue) FROM plain.customers WHERE last_order + 90 < '2026-01-01' GROUP BY 1});
same('channels', 'SELECT channel, customers, share, orders, revenue, lost FROM board.channels',
	q{SELECT channel, count(*), count(*) / 1827::float8, sum(orders)::bigint, sum(revenue), count(*) FILTER (WHERE last_order + 180 < '2026-01-01') FROM plain.customers GROUP BY 1});
same('channel_curve', 'SELECT channel, customers, active FROM board.channel_curve WHERE age = 2',
	q{SELECT channel, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM plain.quarters p WHERE p.customer_id = f.customer_id AND p.period = f.cohort + interval '6 months'))
	  FROM plain.firsts f WHERE cohort + interval '9 months' <= '2026-01-01' GROUP BY 1});
same('segments', 'SELECT segment, customers, round(days_silent::numeric, 6), revenue FROM board.segments',
	q{SELECT metrics.rfm_segment(r, f, m), count(*), round(avg(date '2025-12-31' - last_order), 6), sum(revenue) FROM (
		SELECT *, (SELECT (array_agg(s ORDER BY n))[rank_r] FROM tiles) AS r, (SELECT (array_agg(s ORDER BY n))[rank_f] FROM tiles) AS f, (SELECT (array_agg(s ORDER BY n))[rank_m] FROM tiles) AS m
		FROM (SELECT *, rank() OVER (ORDER BY last_order) AS rank_r, rank() OVER (ORDER BY orders) AS rank_f, rank() OVER (ORDER BY revenue) AS rank_m FROM plain.customers) k) s GROUP BY 1}
	=~ s/FROM tiles/FROM (SELECT n, ntile(5) OVER (ORDER BY n) AS s FROM generate_series(1, 1827) n) t/gr);
is(sql(q{SELECT count(*), min(rank), max(rank), bool_and(p_alive BETWEEN 0.1 AND 0.6), bool_and(revenue <= before) FROM (SELECT *, lag(revenue, 1, revenue) OVER (ORDER BY rank) AS before FROM board.call_list) c}),
	'100|1|100|t|t', 'call_list: a hundred, of whom it is open, the most revenue first');
is(sql(q{SELECT bool_and(p_alive BETWEEN 0 AND 1), bool_and(expected_orders >= 0), bool_and(value >= 0), round(corr(p_alive, (state = 'regular')::int)::numeric, 1) > 0.5 FROM board.customers}),
	't|t|t|t', 'customers: what the models say');
is(sql(q{SELECT round(sum(k.value) / sum(l.future), 6) FROM board.customers k JOIN board.timelines t USING (customer) CROSS JOIN board.models m,
		LATERAL metrics.customer_ltv(m.purchases, m.spend, t.history, '2026-01-01', '1 year') l}), '1.000000', 'value: that of customer_ltv');
is(sql(q{SELECT sentence FROM board.headlines WHERE headline = 'comes_back'}),
	'64 of 100 new customers come back the next quarter: 989 of 1,549 did, so between 61 and 66 of 100 (95 % confidence).', 'a number in a sentence');
is(sql(q{SELECT string_agg(DISTINCT format_type(a.atttypid, NULL), ', ' ORDER BY format_type(a.atttypid, NULL)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'board'::regnamespace AND a.attnum > 0 AND c.relname IN ('settings', 'headlines', 'cells', 'curve', 'cohorts', 'ltv', 'movements', 'channels',
		'channel_curve', 'customers', 'call_list', 'states', 'segments', 'findings', 'pictures')}),
	'bigint, boolean, date, double precision, integer, numeric, text', 'plain columns alone');

# What doc/dashboard.md promises: every view with its columns, in order.
{
	my @promised;
	for my $row (slurp_file("$source/doc/dashboard.md") =~ /^\| ([a-z_]+) \| [^|]+ \| ([^|]+) \|$/mg ? slurp_file("$source/doc/dashboard.md") =~ /^\| (?!view)([a-z_]+ \| [^|]+ \| [^|]+) \|$/mg : ())
	{
		my ($view, undef, $columns) = split / \| /, $row;
		$columns =~ s/^the columns of `movement_rows`: //;
		1 while $columns =~ s/\([^()]*\)//g;
		push @promised, map { "$view." . s/\s//gr } split /,/, $columns;
	}
	my $there = sql(q{SELECT string_agg(c.relname || '.' || a.attname, ' ' ORDER BY c.relname, a.attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'board'::regnamespace AND a.attnum > 0 AND c.relkind IN ('r', 'v', 'm') AND c.relname NOT IN ('events', 'timelines', 'channel_groups', 'matrices', 'checks', 'models')});
	my %order;
	$order{$_} //= keys %order for map { s/\..*//r } @promised;
	is(join(' ', sort { ($a =~ s/\..*//r) cmp($b =~ s/\..*//r) || 0 } @promised), $there, 'the views have the columns that the documentation promises');
}

# The soiled CRM: what is wrong is said.
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', 'CREATE DATABASE soiled' ], 'another database');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('soiled'), '-f', "$source/test/demo/crm.sql", '-f', "$source/test/demo/soil.sql",
	'-c', 'CREATE EXTENSION retention', '-c', q{CALL retention_dashboard('board', 'orders', 'customer_id', 'ordered_at', 'amount')},
	'-c', q{CALL retention_dashboard('web', 'web_orders', 'email', 'ordered_at', 'amount')} ], 'dashboards of the soiled CRM');
is($node->safe_psql('soiled', q{SELECT (SELECT sum(amount) FROM orders) = (SELECT sum(revenue) + coalesce((SELECT sum(amount) FROM board.events e WHERE NOT EXISTS (SELECT FROM board.customers k WHERE k.customer = e.customer)), 0) FROM board.customers)}),
	't', 'no money is lost');
is($node->safe_psql('soiled', q{SELECT count(*) > 0, bool_and(remedy <> '') FROM board.findings WHERE severity IN ('fault', 'look')}), 't|t', 'findings with what to do');
is($node->safe_psql('soiled', q{SELECT finding, remedy FROM web.findings WHERE finding LIKE 'ids%'}),
	$node->safe_psql('soiled', q{SELECT finding, replace(remedy, ':customer', 'email') FROM findings((SELECT check_events(email, ordered_at, amount, NULL) FROM web_orders)) WHERE finding LIKE 'ids%'}),
	'ids in two spellings, with the name of the column');

##################################################################
# Rights
##################################################################

is(state_of(q{CALL metrics.retention_dashboard('mine', 'orders', 'customer_id', 'ordered_at', 'amount');}, '-U', 'analyst'), '42501', 'no rights on the table');
is(state_of(q{CALL metrics.retention_dashboard('mine', 'order_rows', 'customer_id', 'ordered_at', 'amount');}, '-U', 'reader'), '42501', 'nor on the view');
sql('GRANT SELECT (customer_id, ordered_at) ON orders TO analyst');
my (undef, undef, $denied) = $node->psql('postgres', q{CALL metrics.retention_dashboard('mine', 'orders', 'customer_id', 'ordered_at', 'amount')}, @analyst);
like($denied, qr/permission denied for column "amount" of public\.orders\n.*HINT:  GRANT SELECT \(amount\) ON public\.orders TO analyst;/s, 'nor on one column, with what to type');
sql('GRANT SELECT ON few_rows TO reader');
($denied) = ($node->psql('postgres', q{CALL metrics.retention_dashboard('mine', 'few_rows', 'customer_id', 'ordered_at', 'amount')}, extra_params => [ '-U', 'reader' ]))[2];
like($denied, qr/permission denied to create schema mine\n.*HINT:  GRANT CREATE ON DATABASE postgres TO reader/s, 'no right to make a schema, with what to type');
sql('CREATE SCHEMA mine AUTHORIZATION reader');
is(state_of(q{CALL metrics.retention_dashboard('mine', 'few_rows', 'customer_id', 'ordered_at', 'amount');}, '-U', 'reader'), '', 'an empty schema made for the role will do');
is(state_of(q{CALL metrics.retention_refresh('board');}, '-U', 'reader'), '42501', 'the dashboard of somebody else is not to be refreshed');
is(state_of(q{SELECT metrics.retention_page('board');}, '-U', 'reader'), '42501', 'nor read');
sql('GRANT USAGE ON SCHEMA board TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA board TO reader', @analyst);
is(sql(q{SELECT length(metrics.retention_page('board')) > 50000}, extra_params => [ '-U', 'reader' ]), 't', 'but where it is granted, without rights on the table');
sql('REVOKE SELECT ON order_rows FROM analyst');
is(state_of(q{CALL metrics.retention_refresh('board');}, '-U', 'analyst'), '42501', 'a right withdrawn is missed at the next refresh');
is(sql('SELECT count(*) FROM board.customers'), '1827', 'which leaves the figures there were');
sql('GRANT SELECT ON order_rows TO analyst');
is(state_of(q{CALL metrics.retention_refresh('board');}), '', 'a superuser refreshes for the owner');
is(sql(q{SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'board'::regnamespace}), 'analyst', 'whose it stays');

# What the owner has put into a dashboard does not run as who refreshes it.
sql(q{CREATE TABLE public.sung (who text); GRANT INSERT ON public.sung TO PUBLIC; GRANT SELECT ON few_rows TO mallory;});
sql(q{CALL metrics.retention_dashboard('trap', 'few_rows', 'customer_id', 'ordered_at', 'amount');
	CREATE FUNCTION trap.sing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.sung VALUES (current_user); RETURN NEW; END';
	CREATE TRIGGER t BEFORE UPDATE ON trap.settings FOR EACH ROW EXECUTE FUNCTION trap.sing();}, extra_params => [ '-U', 'mallory' ]);
is(sql(q{CALL metrics.retention_refresh('trap'); SELECT current_user; SELECT DISTINCT who FROM public.sung;}), "postgres\nmallory", 'a trigger of the owner runs as the owner');
sql('TRUNCATE public.sung');

##################################################################
# A hostile search_path, and a hostile schema of the extension
##################################################################

my $evil = q{RETURNS %s LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.sung VALUES (current_user); RETURN NULL; END'};
my @evil;
push @evil, 'CREATE FUNCTION evil.' . $_->[0] . sprintf(" $evil", $_->[1])
  for [ 'format(text, VARIADIC text[])', 'text' ], [ 'format(text, text)', 'text' ], [ 'format(text, name)', 'text' ], [ 'count(integer)', 'bigint' ], [ 'coalesce(text, text)', 'text' ],
  [ 'obj_description(oid, text)', 'text' ], [ 'obj_description(oid, name)', 'text' ], [ 'has_any_column_privilege(regclass, text)', 'boolean' ],
  [ 'quote_ident(text)', 'text' ], [ 'to_char(bigint, text)', 'text' ], [ 'concat(text, text)', 'text' ], [ 'lower(text)', 'text' ], [ 'set_config(text, text, boolean)', 'text' ],
  [ 'grain_label(metrics.grain, integer)', 'text' ], [ 'timeline(timestamptz, numeric, text)', 'metrics.timeline' ], [ 'cohort_matrix(metrics.timeline, metrics.grain)', 'metrics.cohort_matrix' ],
  [ 'text_is(text, text)', 'boolean' ], [ 'name_is(name, text)', 'boolean' ], [ 'oid_is(oid, oid)', 'boolean' ], [ 'join_of(text, text)', 'text' ];
push @evil, map { "CREATE OPERATOR evil.$_->[0] (LEFTARG = $_->[1], RIGHTARG = $_->[2], FUNCTION = evil.$_->[3])" }
  [ '=', 'text', 'text', 'text_is' ], [ '<>', 'text', 'text', 'text_is' ], [ '=', 'name', 'text', 'name_is' ], [ '=', 'oid', 'oid', 'oid_is' ], [ '||', 'text', 'text', 'join_of' ], [ '~', 'text', 'text', 'text_is' ];
push @evil, map { "CREATE TABLE evil.$_ (oid oid, nspname name, extname name, relname name, attname name)" } 'pg_namespace', 'pg_class', 'pg_extension', 'pg_attribute', 'settings';
sql(join(";\n", 'CREATE SCHEMA evil', @evil, 'GRANT USAGE ON SCHEMA evil TO PUBLIC') . ';', extra_params => [ '-U', 'mallory' ]);
sql(q{SET search_path = evil, public, pg_catalog;
	CALL metrics.retention_dashboard('watched', 'order_rows', 'customer_id', 'ordered_at', 'amount', 'channel', 'quarter at Europe/Paris');
	CALL metrics.retention_refresh('watched');});
is(sql(q{SELECT replace(metrics.retention_page('watched'), 'watched', 'board') = metrics.retention_page('board')}), 't', 'the same dashboard under a hostile search_path');
is(sql(q{SET search_path = evil, public, pg_catalog; SELECT pg_catalog.length(metrics.retention_page('watched')) OPERATOR(pg_catalog.>) 0}), 't', 'the page as well');
is(sql('SELECT count(*) FROM public.sung'), '0', 'nothing of it ran');
sql(q{SELECT 'a' OPERATOR(evil.=) 'b'::text});
is(sql('SELECT count(*) FROM public.sung'), '1', 'it would have');
sql('TRUNCATE public.sung; GRANT CREATE, USAGE ON SCHEMA metrics TO mallory');
for my $case ([ 'timeline(timestamptz, numeric, text)', 'metrics.timeline' ], [ 'check_events(bigint, timestamptz, numeric, date)', 'metrics.data_check' ])
{
	my ($signature, $result) = @$case;
	sql("CREATE FUNCTION metrics.step($result, " . ($signature =~ s/^\w+\(//r) . ' ' . sprintf($evil, $result) . ";
		CREATE AGGREGATE metrics.$signature (SFUNC = metrics.step, STYPE = $result)", extra_params => [ '-U', 'mallory' ]);
	my (undef, undef, $err) = $node->psql('postgres', q{CALL metrics.retention_dashboard('caught', 'order_rows', 'customer_id', 'ordered_at', 'amount')}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/ERROR:  42725: metrics\.\w+\(.*\) is in the way\nDETAIL:  .*\nHINT:  DROP AGGREGATE metrics\./, "$signature in the schema of the extension is told");
	is(sql(q{SELECT (SELECT count(*) FROM public.sung), (SELECT count(*) FROM pg_namespace WHERE nspname = 'caught')}), '0|0', 'did not run, and nothing is left');
	sql("DROP AGGREGATE metrics.$signature; DROP FUNCTION metrics.step", extra_params => [ '-U', 'mallory' ]);
}

##################################################################
# At the same time, and in the middle
##################################################################

# A call that waits for a lock: what of.
sub waits
{
	return $node->poll_query_until('postgres', "SELECT count(*) = $_[0] FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
}

# Two refreshes and a reader: the second waits for the first, the reader for nobody.
sql(q{CREATE TABLE sales AS SELECT * FROM order_rows WHERE customer_id % 4 = 0; CALL metrics.retention_dashboard('busy', 'sales', 'customer_id', 'ordered_at', 'amount', 'channel')});
sql(q{INSERT INTO sales VALUES (999999, '2026-02-03 10:00', 5, 'late')});
my $holder = $node->background_psql('postgres', on_error_stop => 1);
if ($holder->can('query'))
{
	$holder->query('BEGIN; LOCK TABLE busy.settings IN SHARE ROW EXCLUSIVE MODE');
}
else
{
	my ($in, $out) = ('', '');
	$holder->finish;
	$holder = $node->background_psql('postgres', \$in, \$out, IPC::Run::timeout(120));
	$in = "BEGIN; LOCK TABLE busy.settings IN SHARE ROW EXCLUSIVE MODE;\n\\echo locked\n";
	$holder->pump until $out =~ /locked/;
}
my @refreshes = map { IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', q{CALL metrics.retention_refresh('busy')} ], '<', \undef, '>&', \my $none) } 1, 2;
ok(waits(2), 'two refreshes wait');
is(sql(q{SELECT count(*) FROM busy.customers WHERE customer = 999999}), '0', 'readers have the figures there were, and do not');
$holder->can('quit') ? $holder->quit : $holder->finish;
$_->finish for @refreshes;
is(join(' ', map { $_->result(0) } @refreshes), '0 0', 'both refreshes end well');
is(sql(q{SELECT as_of, (SELECT channel FROM busy.customers WHERE customer = 999999) FROM busy.settings}), '2026-02-04|late', 'and what was new is there');

# More at once.
my @many = map { IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', q{CALL metrics.retention_refresh('mine')} ], '<', \undef, '>&', \my $none) } 1 .. 4;
$_->finish for @many;
is(join(' ', map { $_->result(0) } @many), '0 0 0 0', 'four at once, as well');

# Cancelled while it makes its views, or reads the rows: all or nothing.
sql(q{CREATE TABLE slow AS SELECT n % 5000 AS c, timestamp '2024-01-01' + n % 700 * interval '1 day' AS at, n % 90 AS amount FROM generate_series(1, 300000) n});
for my $delay (5, 20, 60, 200, 500)
{
	my $state = state_of("SET statement_timeout = $delay; CALL metrics.retention_dashboard('half', 'slow', 'c', 'at', 'amount');");
	# a fast machine ends before the longer ones
	like($state, $delay > 60 ? qr/^(57014)?$/ : qr/^57014$/, "cancelled after $delay ms");
	is(sql(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'half'}), $state eq '' ? '1' : '0', $state eq '' ? 'done' : 'nothing is left');
	sql('DROP SCHEMA IF EXISTS half CASCADE');
}
my $before = sql(q{SELECT as_of, (SELECT count(*) FROM busy.customers), customers FROM busy.settings});
sql(q{INSERT INTO sales VALUES (999998, '2026-03-03 10:00', 5, 'later')});
is(state_of("SET statement_timeout = 20; CALL metrics.retention_refresh('busy');"), '57014', 'a refresh is cancelled');
is(sql(q{SELECT as_of, (SELECT count(*) FROM busy.customers), customers FROM busy.settings}), $before, 'and has changed nothing');

##################################################################
# Dump and restore
##################################################################

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', "--file=$dump", $node->connstr('soiled') ], 'dumped');
sql('CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'restored');
my $digest = q{SELECT md5(retention_page('board')), md5(retention_page('web'))};
is($node->safe_psql('restored', $digest), $node->safe_psql('soiled', $digest), 'the same pages');
is($node->safe_psql('restored', "CALL retention_refresh('web'); $digest"), $node->safe_psql('soiled', $digest), 'and after a refresh');

##################################################################
# In a browser
##################################################################

my %page = (
	crm => sql(q{SELECT metrics.retention_page('board')}),
	months => sql(q{SELECT metrics.retention_page('busy')}),
	soiled => $node->safe_psql('soiled', q{SELECT retention_page('web')}));
{
	my $hostile = q{(VALUES ('<script>alert(1)</script>'), ('"><img src=x onerror=alert(1)>'), (']]>'), ('שלום עולם'), (E'\U0001F469\u200D\U0001F467 family'), (repeat('long label ', 30)), (NULL), (E'\u202Eturned'), ('</title></svg>'), ('&amp;'), ('%s')) v (label)};
	sql(qq{CREATE TABLE "or<b>ders" AS SELECT coalesce(label, '') || n % 9 AS who, label AS channel, date '2024-01-15' + n * 11 % 400 AS at, n % 50 AS amount FROM $hostile, generate_series(1, 60) n;
		CREATE TABLE none (c int, at date, amount int, channel text);
		CALL metrics.retention_dashboard('a<b>;c', '"or<b>ders"', 'who', 'at', 'amount', 'channel');
		CALL metrics.retention_dashboard('none', 'none', 'c', 'at', 'amount', 'channel');});
	$page{hostile} = sql(q{SELECT metrics.retention_page('a<b>;c')});
	$page{empty} = sql('SELECT metrics.retention_page(\'none\')');
	unlike($page{hostile}, qr/<script>alert|<img|<b>;|or<b>/, 'labels and names are escaped');
	is(join(' ', map { sprintf '%02x', ord } sort keys %{ { map { $_ => 1 } $page{crm} =~ /[^\t\n\x20-\x7e]/g } }), 'a9 c3', 'but for labels, an e with an accent, the page is ASCII');
}
cmp_ok(length $page{crm}, '<', 1_000_000, 'and not too long');
is(sql(q{SET client_encoding = 'LATIN1'; SELECT substring(metrics.retention_page('board') FROM 'charset="([^"]*)')}), 'ISO-8859-1', 'a page says in what encoding it comes');

SKIP:
{
	my $chromium = chromium();
	skip 'Chromium is missing: make deps BROWSER=1 installs it' unless $chromium;
	my $folder = $ENV{PAGE_OUT} || PostgreSQL::Test::Utils::tempdir();
	mkdir $folder;
	for my $name (sort keys %page)
	{
		write_page("$folder/$name.html", $page{$name});
		# as it is: no script but its own may run, so it is only looked at
		for my $scheme ($ENV{PAGE_OUT} ? ('light', 'dark') : 'light')
		{
			my (undef, $errors) = browse($chromium, "$folder/$name.html", $scheme, '--window-size=1600,2400', "--screenshot=$folder/$name.$scheme.png");
			is(join("\n", messages($errors)), '', "$name, $scheme: no message on the console");
			is(join("\n", requests("$folder/$name.html")), '', "$name, $scheme: nothing is fetched");
		}
		# with a script that measures and clicks, in frames of both widths
		write_page("$folder/$name.measured.html", $page{$name} =~ s/<meta http-equiv[^>]*>//r =~ s{</body>}{'<script>' . script() . '</script></body>'}er);
		write_page("$folder/$name.frames.html", qq{<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>frames</title><body><script>
			const reports = {};
			addEventListener('message', e => { reports[e.data.width] = e.data; document.querySelector('pre').textContent = JSON.stringify(reports); });
			</script><pre id="report"></pre><iframe src="$name.measured.html" width="390" height="800"></iframe><iframe src="$name.measured.html" width="1600" height="1000"></iframe>});
		for my $scheme ('light', 'dark')
		{
			my ($out, $errors) = browse($chromium, "$folder/$name.frames.html", $scheme, '--virtual-time-budget=20000', '--window-size=1700,1000', '--dump-dom');
			my ($report) = $out =~ m{<pre id="report">(.+?)</pre>}s;
			$report = $report ? decode_json($report =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&amp;/&/gr) : {};
			for my $width (390, 1600)
			{
				my $got = $report->{$width} || { problems => ["no report: $errors"] };
				is(join("\n", map { encode('UTF-8', $_) } @{ $got->{problems} }), '', "$name, $scheme, $width: fits, in its boxes, contrast >= 4.5, sorts, can be reached");
				is($got->{scheme} // '', $scheme, "the scheme is $scheme");
				cmp_ok($got->{sorted} // 0, '>', $name eq 'empty' ? 4 : 60, 'columns were sorted');
			}
		}
	}
}

sub write_page
{
	my ($file, $text) = @_;
	open my $page, '>:raw', $file or die "$file: $!";
	print $page $text;
	close $page;
	return;
}

# Measures the page, and uses it.
sub script
{
	return $measures . <<'EOT';
addEventListener('load', () => {
	const problems = [], say = (what, e) => problems.push(what + ': ' + e.tagName + ' ' + e.textContent.slice(0, 60));
	let sorted = 0;
	const root = document.scrollingElement;
	if (root.scrollWidth > innerWidth + 1) problems.push('wider than the window: ' + root.scrollWidth);
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/rgba\(.*, 0\)|transparent/.test(c)) return c; } return 'rgb(255,255,255)'; };
	for (const e of document.querySelectorAll('body *:not(script):not(style)')) {
		if (e.closest('svg') || !e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
		const at = e.getBoundingClientRect();
		if (e.className !== 'skip' && !e.closest('.scroll') && e.tagName !== 'CAPTION' && (at.left < -1 || at.right > innerWidth + 1)) say('out of the window', e);
		if (contrast(getComputedStyle(e).color, behind(e)) < 4.5) say('contrast ' + contrast(getComputedStyle(e).color, behind(e)), e);
	}
	// what is wider than its box can be scrolled to, and by the keyboard
	for (const e of document.querySelectorAll('.scroll'))
		if (e.scrollWidth > e.clientWidth && e.tabIndex !== 0) say('cannot be scrolled by keyboard', e);
	for (const svg of document.querySelectorAll('svg')) {
		const box = svg.getBoundingClientRect();
		if (box.width < 200) say('too small', svg);
		for (const text of svg.querySelectorAll('text')) if (!inside(text.getBoundingClientRect(), box)) say('out of the picture', text);
		if (!svg.getAttribute('aria-labelledby') || svg.getAttribute('role') !== 'img') say('without a name', svg);
	}
	for (const e of document.querySelectorAll('a, button, [role=region]')) {
		e.focus();
		if (document.activeElement !== e || e.tabIndex < 0) say('cannot be reached', e);
		if (!e.textContent.trim() && !e.getAttribute('aria-label')) say('without a name', e);
	}
	for (const a of document.querySelectorAll('a')) if (!document.querySelector(a.getAttribute('href'))) say('leads nowhere', a);
	const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
	ids.filter((id, i) => ids.indexOf(id) < i).forEach(id => problems.push('id twice: ' + id));
	for (const table of document.querySelectorAll('table')) for (const button of table.querySelectorAll('th button')) {
		const head = button.parentNode, body = table.tBodies[0], n = body.rows.length;
		for (let click = 0; click < 2; click++) {
			button.click();
			const order = head.getAttribute('aria-sort'), number = head.className === 'n';
			const values = [...body.rows].map(r => r.cells[head.cellIndex].dataset.v ?? r.cells[head.cellIndex].textContent);
			const known = values.filter(v => v !== '').map(v => number ? Number(v) : v);
			const down = order === 'descending';
			if (click === 0 && down !== number) say('numbers begin with the largest, words with the first', button);
			if (click === 1 && down === number) say('a second click turns the order', button);
			if (known.some((v, i) => i > 0 && (down ? v > known[i - 1] : v < known[i - 1]))) say('not sorted ' + order, button);
			if (values.length !== n || values.slice(0, known.length).some(v => v === '')) say('empty cells are last', button);
			if (table.querySelectorAll('[aria-sort]').length !== 1) say('one column is sorted by', button);
		}
		sorted++;
	}
	parent.postMessage({width: innerWidth, problems: problems.slice(0, 40), sorted, scheme: matchMedia('(prefers-color-scheme:dark)').matches ? 'dark' : 'light'}, '*');
});
EOT
}

$node->stop;
done_testing();
