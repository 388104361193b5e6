#!/usr/bin/env bash
# demo/run.sh: the extension at work, from nothing, leaving nothing behind but a
# page.
#
# Loads a generated CRM into a private server, prints its retention and writes it
# as one HTML file.
#
#	DATA=orders.csv		a file of your orders instead, as it was exported; what
#						helps to read it (AT=, DATES=, ...) is in doc/loader.md
#	GRAIN=week			how to cut time (default: month, or week where the
#						orders span less than four months)
#	ZONE=Europe/Paris	where instants are cut (default: UTC; of the CRM Paris)
#	PAGE=retention.html	where the page goes
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

# Written by us, or not there: nobody's file is written over.
look_at_page()
{
	page=${PAGE:-retention.html}
	case $page in
		/*) ;;
		*) page=$PWD/$page ;;
	esac
	if [ -d "$page" ] || ! [ -d "$(dirname "$page")" ]
	then
		echo "PAGE=$page: not a name that a file can have" >&2
		exit 1
	elif [ -s "$page" ] && ! grep -q 'Made by retention_page' "$page"
	then
		echo "$page is there already, and no page of this demo: PAGE=another.html, or move it" >&2
		exit 1
	fi
}

# shellcheck disable=SC2317 # called by private_run
private_finish()
{
	[ -s "$RETENTION_PRIVATE/page.html" ] || return 0
	cp -- "$RETENTION_PRIVATE/page.html" "$page"
	echo
	echo "The page: $page"
	echo "  open it in a browser; it needs no server and no network, and can be sent to somebody"
}

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	look_at_page
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
		echo "building the extension, and a server that is gone afterwards"
	}
	private_run test/demo/run.sh
fi

# Bitcode would take as long again.
cluster_stage with_llvm=no
cluster_start "shared_buffers = 256MB"
sql -c 'CREATE EXTENSION retention'

export SCHEMA=demo
if [ -n "${DATA:-}" ]
then
	"$here/load.sh" "$RETENTION_PRIVATE/input"
	export ZONE=${ZONE:-UTC}
else
	echo "two years of a wholesaler who does not exist"
	PGOPTIONS="-c search_path=demo,public -c client_min_messages=warning" \
		sql -1 -c 'CREATE SCHEMA demo' -f "$here/crm.sql" -f "$here/crm_rows.sql"
	export ZONE=Europe/Paris AS_OF=2026-01-01
fi
"$here/page.sh" "$RETENTION_PRIVATE/page.html"
echo
PGOPTIONS="-c search_path=demo,public" \
	sql -v schema=demo -v zone="$ZONE" -f "$here/show.sql"
