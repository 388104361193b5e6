#!/usr/bin/env bash
# page.sh FILE: the page of the orders that load.sh has loaded, one HTML file.
#
#	SCHEMA=demo test/demo/load.sh orders.csv && SCHEMA=demo test/demo/page.sh orders.html
#
# Into the database of psql's usual variables.  The dashboard behind the page is
# the schema SCHEMA_page, made of the view order_rows or the table orders of SCHEMA
# (default demo) and left there.
#
#	GRAIN=week		how to cut time (default: month, or week where the orders span
#					less than four months)
#	ZONE=UTC		where instants are cut
#	AS_OF=			the first day that the orders do not cover (default: the day
#					after the last of them)
set -euo pipefail

schema=${SCHEMA:-demo}
if [ $# -ne 1 ]
then
	echo "usage: page.sh FILE" >&2
	exit 1
fi
export PGCLIENTENCODING=UTF8 PGTZ=${ZONE:-UTC}

# sql [PSQL-ARGUMENT...]: with names of the schema and of the extension.
sql()
{
	psql -X -q -At -v ON_ERROR_STOP=1 -v schema="$schema" "$@"
}

# How long COMMAND... has been at it, every ten seconds.
watched()
{
	local began=$SECONDS pid
	"$@" &
	pid=$!
	while sleep 1 && kill -0 $pid 2>/dev/null
	do
		if [ $(((SECONDS - began) % 10)) = 9 ]
		then
			echo "  $((SECONDS - began)) s"
		fi
	done
	wait $pid
}

build()
{
	sql -v grain="$grain" -v at_zone="$zone" -v as_of="${AS_OF:-}" -v ext="$extension" -v orders="$orders" -v amount="$amount" -v channel="$channel" <<-'SQL'
		SET client_min_messages = warning;
		SELECT CASE WHEN :'at_zone' = '' OR :'grain' ~ ' at ' THEN :'grain' ELSE :'grain' || ' at ' || :'at_zone' END AS grain \gset
		CALL :"ext".retention_dashboard(:'schema' || '_page', :'orders', 'customer_id', 'ordered_at',
			nullif(:'amount', ''), nullif(:'channel', ''), :'grain', nullif(:'as_of', '')::date);
	SQL
}

extension=$(sql -c "SELECT nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'retention'")
if [ -z "$extension" ]
then
	echo "the database has no extension retention: psql -c 'CREATE EXTENSION retention'" >&2
	exit 1
fi
# shellcheck disable=SC2016 # psql's
IFS='|' read -r orders zone amount channel grain <<<"$(sql <<-'SQL'
	SELECT coalesce(to_regclass(format('%I.order_rows', :'schema')), format('%I.orders', :'schema')::regclass)::text AS orders \gset
	SELECT :'orders', CASE WHEN pg_typeof(min(ordered_at)) = 'timestamptz'::regtype THEN current_setting('timezone') END,
		CASE WHEN count(amount) > 0 THEN 'amount' END, CASE WHEN count(channel) > 0 THEN 'channel' END,
		CASE WHEN max(ordered_at)::date - min(ordered_at)::date < 120 THEN 'week' ELSE 'month' END
	FROM :orders;
	SQL
)"
grain=${GRAIN:-$grain}

echo "building the views: timelines, cohorts, models of purchases"
began=$SECONDS
watched build
echo "drawing the page"
sql -v ext="$extension" >"$1" <<-'SQL'
		SELECT :"ext".retention_page(:'schema' || '_page');
	SQL
echo "the page is there after $((SECONDS - began)) s: $(($(wc -c <"$1") / 1024)) kB"
echo
echo "What it says"
sql <<-'SQL'
	SELECT set_config('search_path', quote_ident(:'schema' || '_page'), false) \gset
	SELECT '  ' || sentence FROM headlines ORDER BY position;
	SQL
