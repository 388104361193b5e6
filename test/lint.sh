#!/usr/bin/env bash
# lint.sh: cppcheck, clang-tidy, shellcheck, and a build of a private copy
# where every warning is an error.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	LINT=1 "$here/deps.sh"
	cluster_pg_config
	private_run test/lint.sh
fi

cd "$RETENTION_SOURCE"
failed=()

# ran NAME COMMAND...
ran()
{
	local name=$1
	shift
	echo "# $name"
	"$@" || failed+=("$name")
}

mapfile -t sources < <(find src -name '*.c' | sort)
mapfile -t scripts < <(find test -name '*.sh' | sort)
server_headers=$("$PG_CONFIG" --includedir-server)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

# Every source and every topic belongs to the lists of the Makefile, and the
# other way round.
listed()
{
	diff <(sed -n 's/^[[:space:]]*\(src\/.*\)\.o.*/\1.c/p' Makefile | sort) <(printf '%s\n' "${sources[@]}") &&
		diff <(sed -n '/^REGRESS =/,/^$/s/^[[:space:]]*\([a-z0-9_]*\)\( \\\)*$/\1/p' Makefile | sed '/^$/d' | sort) \
			<(find sql -name '*.sql' ! -name 'retention--*' -exec basename {} .sql \; | sort)
}
ran "lists of the Makefile (<) and files there are (>)" listed

mapfile -t headers_of_ours < <(find src -name '*.h' | sort)
ran "format: the shape of the text, sizes, rooms" perl test/format.pl "${sources[@]}" "${headers_of_ours[@]}"

# What differs between the majors of PostgreSQL is told in one place.
one_place()
{
	! grep -nE '^[[:space:]]*#[[:space:]]*(el)?if.*PG_VERSION_NUM|pg_attribute_noreturn' \
		"${sources[@]}" "${headers_of_ours[@]}" | grep -v '^src/base/compat\.h:'
}
ran "PG_VERSION_NUM in base/compat.h alone" one_place

ran "gcc -Wall -Wextra -Werror" \
	make -s -j "$jobs" PG_CONFIG="$PG_CONFIG" with_llvm=no PROFILE="$(cluster_strict)" all

ran cppcheck cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 -j "$jobs" \
	--enable=warning,performance,portability --suppress=missingInclude \
	--suppress=missingIncludeSystem --suppress=uninitStructMember \
	--suppressions-list=test/cppcheck.txt \
	-D__GNUC__=12 -D__SIZEOF_INT128__=16 -DHAVE_INT128=1 -DPG_VERSION_NUM=150000 -Isrc "${sources[@]}"

tidy()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	printf '%s\0' "${sources[@]}" |
		xargs -0 -P "$jobs" -n 4 sh -c 'headers=$0
			exec clang-tidy --quiet --warnings-as-errors="*" "$@" -- \
				-std=gnu11 -D_GNU_SOURCE -Isrc -isystem "$headers"' "$server_headers" 2>"$TMPDIR/tidy.log" ||
		{
			# Its count of suppressed warnings is noise, its own failures not.
			grep -E 'error' "$TMPDIR/tidy.log" >&2
			return 1
		}
}
ran clang-tidy tidy

ran shellcheck shellcheck -x "${scripts[@]}" .ci/run

if [ ${#failed[@]} -gt 0 ]
then
	printf 'lint: %s\n' "${failed[@]}"
	exit 1
fi
echo "lint: clean"
