#!/usr/bin/env bash
# prove.sh BINDIR OUTPUT: the TAP tests of test/t, with the programs of BINDIR,
# their logs and clusters below OUTPUT.
#
# PROVE_TESTS narrows the list, PROVE_FLAGS adds to prove's options.  The
# extension must be installed in the server of BINDIR.
set -euo pipefail

bindir=$1
output=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"
cluster_pg_config
cd "$here/.."

shopt -s nullglob
# shellcheck disable=SC2206 # several names, or a pattern
tests=(${PROVE_TESTS:-test/t/*.pl})
if [ ${#tests[@]} -eq 0 ]
then
	echo "no TAP test in test/t: that is wrong" >&2
	exit 1
fi

build=$(dirname "$(cluster_pgxs)")/..
export RETENTION_SOURCE=${RETENTION_SOURCE:-$PWD}
export PATH=$bindir:$PATH
export PERL5LIB=$build/test/perl${PERL5LIB:+:$PERL5LIB}
export PG_REGRESS=$build/test/regress/pg_regress
# PostgreSQL 15 reads TESTDIR, 16 and later the other two.
export TESTDIR=$output
export TESTDATADIR=$output/tmp_check
export TESTLOGDIR=$output/tmp_check/log
mkdir -p "$TESTLOGDIR"

# shellcheck disable=SC2086 # several options
if prove --failures --comments ${PROVE_FLAGS:-} "${tests[@]}"
then
	exit 0
fi

# Why a test died is in its log only, and the log may be about to vanish.  On
# stderr, so that prove's result stays the last line of the output.
grep -lE 'not ok|error running SQL|died|Bail out' "$TESTLOGDIR"/regress_log_* 2>/dev/null |
	while IFS= read -r log
	do
		echo "--- the end of $(basename "$log")"
		tail -n 30 "$log"
	done >&2
exit 1
