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
#	PARTS="strict topics tap"			these parts, "build" alone for none; strict
#										is a build where every warning is an
#										error, with gcc and with clang
#	BITCODE=no							do not compile twice: without bitcode for JIT
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

if [ -z "${PARTS:-}" ]
then
	PARTS="topics tap"
	[ -z "${PROVE_TESTS:-}" ] || [ -n "${TESTS:-}" ] || PARTS=tap
	[ -z "${TESTS:-}" ] || [ -n "${PROVE_TESTS:-}" ] || PARTS=topics
fi

failed=()
# Under another name than the server's compiler, and without what only that one
# knows.
strict()
{
	local compiler=$1 clang='' copy=$RETENTION_PRIVATE/strict
	[[ $compiler != *clang* ]] ||
		clang="-Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-unused-command-line-argument"
	echo "# strict: $("$compiler" --version | head -n 1)"
	rm -rf "$copy"
	mkdir "$copy"
	cp -R "$RETENTION_SOURCE/src" "$RETENTION_SOURCE/sql" "$RETENTION_SOURCE/Makefile" \
		"$RETENTION_SOURCE/retention.control" "$copy/"
	make -s -C "$copy" -j "$(getconf _NPROCESSORS_ONLN)" PG_CONFIG="$PG_CONFIG" \
		with_llvm=no CC="$compiler" PROFILE="$(cluster_strict) $clang" all || return 1
	rm -rf "$copy"
	echo "# strict: clean"
}
if [[ " $PARTS " = *" strict "* ]]
then
	compiler=$("$PG_CONFIG" --cc)
	for compiler in "${compiler%% *}" "$(cluster_clang)"
	do
		command -v "${compiler:-none}" >/dev/null || continue
		strict "$compiler" || failed+=("warnings of $compiler")
	done
fi

cluster_stage ${BITCODE:+"with_llvm=$BITCODE"}
echo "# built"

if [[ " $PARTS " = *" topics "* ]]
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

if [[ " $PARTS " = *" tap "* ]]
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
