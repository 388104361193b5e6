#!/usr/bin/env bash
# check.sh: a few tests, soon.
#
# The same copy, overlay and cluster are kept from one call to the next, so that
# only what was touched is compiled and a topic costs little more than its own
# time.  Nothing is installed anywhere else; make check-stop takes it all away.
#
#	TESTS="grain cohort_matrix"			these topics of pg_regress
#	PROVE_TESTS=test/t/001_objects.pl	these TAP tests
# With neither, every topic of pg_regress.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	cluster_pg_config || { "$here/deps.sh" && cluster_pg_config; }
	private_keep=$(cluster_major)
	private_run test/check.sh "$@"
fi

if [ "${1:-}" = stop ]
then
	PATH=$RETENTION_PRIVATE/stage$("$PG_CONFIG" --bindir):$PATH
	cluster_stop
	exit 0
fi

# Bitcode would double the time, and no test reads it.
cluster_stage with_llvm=no
cluster_start

status=0
if [ -n "${TESTS:-}" ] || [ -z "${PROVE_TESTS:-}" ]
then
	make -s -C "$RETENTION_SOURCE" PG_CONFIG="$PG_CONFIG" with_llvm=no installcheck \
		${TESTS:+"REGRESS=$TESTS"} || {
		status=1
		[ ! -s "$RETENTION_SOURCE/regression.diffs" ] || cat "$RETENTION_SOURCE/regression.diffs"
		grep -E 'PANIC|TRAP|was terminated by signal' "$RETENTION_PRIVATE/server.log" || true
	}
fi
if [ -n "${PROVE_TESTS:-}" ]
then
	rm -rf "$RETENTION_PRIVATE/tap"
	bash "$RETENTION_SOURCE/test/prove.sh" "$bindir" "$RETENTION_PRIVATE/tap" || status=1
fi
exit $status
