#!/usr/bin/env bash
# run.sh: everything in the extension's catalog, called with odd values.
#
# Functions, operators, casts and aggregates are read from the catalog, so what
# is new is called as soon as the script has it.  A call gives a value or an
# error of the user's; never does the server crash, say "internal error"
# (XX000) or a system error (58xxx), or work on long after statement_timeout.
#
#	CALLS=20000		statements (a short slice for every push: 4000)
#	SEED=1			which ones; the same seed gives the same statements
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	export CALLS=${CALLS:-20000} SEED=${SEED:-$RANDOM}
	cluster_pg_config || { "$here/../deps.sh" && cluster_pg_config; }
	# KEEP=1: in the copy and the cluster of make check
	[ -z "${KEEP:-}" ] || private_keep=$(cluster_major)
	private_run test/garden/run.sh "$@"
fi

cluster_stage with_llvm=no
cluster_start
perl "$here/garden.pl" "$SEED" "$CALLS" "$RETENTION_PRIVATE/server.log" "$RETENTION_PRIVATE/tmp"
