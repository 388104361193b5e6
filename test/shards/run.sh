#!/usr/bin/env bash
# shards/run.sh: every metric over rows on three servers equals one server.
#
# A private copy, a coordinator and three shards behind postgres_fdw, on Unix
# sockets, leaving nothing behind; then the same forms against Citus, where
# PostgreSQL has it.  Prints a table: form, where it ran, time over one node's.
#
#	CUSTOMERS=1500	how many, each with twenty orders: more for ratios that mean something
#	RUNS=1			times are the median of so many
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	"$here/../deps.sh"
	cluster_pg_config
	private_run test/shards/run.sh
fi

cluster_stage with_llvm=no
export PROVE_TESTS="$RETENTION_SOURCE/test/shards/*.pl" SHARDS_TABLE=$RETENTION_PRIVATE/tmp/table
bash "$RETENTION_SOURCE/test/prove.sh" "$bindir" "$RETENTION_PRIVATE/tap"
cat "$SHARDS_TABLE"
