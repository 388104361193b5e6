#!/usr/bin/env bash
# reference.sh PAGE: what is made of the extension and kept in doc/, on stdout.
#
#	functions.md	every function with its COMMENT, of the catalog
#	cohorts.svg		the picture of README.md
#
# In the copy and the cluster that make check keeps.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	cluster_pg_config || { "$here/deps.sh" >&2 && cluster_pg_config; }
	private_keep=$(cluster_major)
	private_run test/reference.sh "$@"
fi

cluster_stage with_llvm=no
cluster_start
sql -c 'DROP DATABASE IF EXISTS reference' -c 'CREATE DATABASE reference'
export PGDATABASE=reference
sql -c 'CREATE EXTENSION retention'
case $1 in
	functions.md)
		sql -At -f "$here/reference/functions.sql"
		;;
	cohorts.svg)
		sql -f "$here/demo/crm.sql"
		sql -At -c "
			SELECT cohort_svg(cohort_matrix(customer_id, ordered_at, amount, 'quarter at Europe/Paris'), '2026-01-01')
			FROM orders"
		;;
	*)
		echo "$1: functions.md or cohorts.svg" >&2
		exit 1
		;;
esac
