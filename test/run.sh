#!/usr/bin/env bash
# run.sh: every test, from nothing, leaving nothing behind.
#
# Installs what is missing where it may, builds a private copy, and runs
# pg_regress and then prove against a private server.  Needs no running server
# and works as root.
#
#	TESTS="grain cohort_matrix"			only these topics of pg_regress
#	PROVE_TESTS=test/t/001_objects.pl	only these TAP tests
# With one of the two set, only that part runs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	"$here/deps.sh"
	cluster_pg_config
	private_run test/run.sh
fi

failed=()
# shellcheck disable=SC2119 # no arguments for make
cluster_stage

if [ -n "${TESTS:-}" ] || [ -z "${PROVE_TESTS:-}" ]
then
	cluster_start
	echo "# pg_regress"
	# Inside the copy, so its outputs are in the private folder.
	if ! make -s -C "$RETENTION_SOURCE" PG_CONFIG="$PG_CONFIG" installcheck \
		${TESTS:+"REGRESS=$TESTS"}
	then
		failed+=(pg_regress)
		if [ -s "$RETENTION_SOURCE/regression.diffs" ]
		then
			cat "$RETENTION_SOURCE/regression.diffs"
		fi
		# A crash tells its story in the log only.
		grep -E 'PANIC|TRAP|was terminated by signal' "$RETENTION_PRIVATE/server.log" || true
	fi
	cluster_stop
fi

if [ -n "${PROVE_TESTS:-}" ] || [ -z "${TESTS:-}" ]
then
	echo "# prove"
	if ! bash "$RETENTION_SOURCE/test/prove.sh" "$bindir" "$RETENTION_PRIVATE/tap"
	then
		failed+=(prove)
	fi
fi

if [ ${#failed[@]} -gt 0 ]
then
	# Last, so that nobody reads the other part's PASS as the result.
	echo "Result: FAIL (${failed[*]})"
	exit 1
fi
