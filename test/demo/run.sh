#!/usr/bin/env bash
# demo/run.sh: the extension at work, from nothing, leaving nothing behind.
#
# Loads a generated CRM into a private server and prints its retention.
#
#	DATA=orders.csv		a file of your orders instead: a header line, then a
#						customer, a time and, if you like, an amount per
#						line, in any order where the header names them (the
#						names: load.sh), else in this one; a channel too
#						where the header names it
#	GRAIN=week			how to cut time (default: month, or week where the
#						orders span less than four months)
#	DATESTYLE=DMY		how to read 03/04/2024 (default: found from the data)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	if [ -n "${DATA:-}" ] && ! { [ -f "$DATA" ] && [ -r "$DATA" ]; }
	then
		echo "DATA=$DATA: no such file, or not readable" >&2
		exit 1
	fi
	"$here/../deps.sh"
	cluster_pg_config
	private_prepare()
	{
		if [ -n "${DATA:-}" ]
		then
			cp -- "$DATA" "$RETENTION_PRIVATE/input"
			chmod u+w,a+r "$RETENTION_PRIVATE/input"
		fi
	}
	private_run test/demo/run.sh
fi

# shellcheck disable=SC2119 # no arguments for make
cluster_stage
cluster_start "shared_buffers = 256MB"
sql -c 'CREATE EXTENSION retention'

if [ -n "${DATA:-}" ]
then
	# shellcheck source=test/demo/load.sh
	. "$here/load.sh"
	load_orders "$RETENTION_PRIVATE/input"
	grain=${GRAIN:-$(sql -At -c "
		SELECT CASE WHEN max(ordered_at)::date - min(ordered_at)::date < 120
			THEN 'week' ELSE 'month' END FROM orders")}
	# The data are taken to be complete through their last day.
	as_of=$(sql -At -c 'SELECT max(ordered_at)::date + 1 FROM orders')
else
	sql -f "$here/crm.sql"
	grain=${GRAIN:-month}
	as_of=2026-01-01
fi

echo
sql -v grain="$grain" -v as_of="$as_of" -f "$here/show.sql"
