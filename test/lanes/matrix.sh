#!/usr/bin/env bash
# matrix.sh: the tests on every major of PostgreSQL that can be had.
#
# A major whose server and build files are installed here is tried here; the
# others each in a release of Debian that brings them (debian.sh), which
# needs root, debootstrap and a network once.  A major that cannot be had is
# skipped, and the table says why.
#
#	LANE="17 18"			only these majors (15 16 17 18 19)
#	PARTS="build topics"	less than everything ("strict topics tap")
#	TESTS=, PROVE_TESTS=	only these topics, these TAP tests
#	LANES=folder			where the releases are kept
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"
# shellcheck source=test/lanes/debian.sh
. "$here/debian.sh"

logs=$(mktemp -d "${TMPDIR:-/tmp}/retention-matrix.XXXXXX")
trap 'lane_forget; rm -rf "$logs"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

table=()
failed=()

# A pg_config of this machine for the major, with all that building needs.
here_pg_config()
{
	local candidate
	for candidate in "${PG_CONFIG:-pg_config}" "/usr/lib/postgresql/$1/bin/pg_config"
	do
		(
			PG_CONFIG=$candidate
			[ "$candidate" != pg_config ] || PG_CONFIG=$(command -v pg_config)
			cluster_pg_config && [ "$(cluster_major)" = "$1" ]
		) >/dev/null 2>&1 || continue
		command -v "$candidate"
		return 0
	done
	return 1
}

# What to hand on to run.sh.
settings=()
export PARTS=${PARTS:-strict topics tap}
for name in PARTS TESTS PROVE_TESTS BITCODE
do
	[ -z "${!name:-}" ] || settings+=("$name=${!name}")
done

# One cell each of what a log of run.sh says.
cell_build()
{
	if grep -q '^# built' "$1"; then echo ok; else echo FAIL; fi
}
cell_strict()
{
	awk '/^# strict: clean/ { print name " ok"; name = ""; next }
		/^# strict:/ { if (name) print name " FAIL"; name = $3 ~ /clang|Debian/ ? "clang" : $3
			match($0, /[0-9]+\.[0-9]+/); name = name " " substr($0, RSTART, RLENGTH) }
		END { if (name) print name " FAIL" }' "$1" | paste -sd, | sed 's/,/, /g'
}
cell_topics()
{
	sed -n -e 's/^ *All \([0-9]*\) tests passed.*/\1 ok/p' \
		-e 's/^# All \([0-9]*\) tests passed.*/\1 ok/p' \
		-e 's/^[# ]*\([0-9]*\) of \([0-9]*\) tests failed.*/\1 of \2 FAIL/p' "$1" | tail -n 1
}
cell_tap()
{
	local counts
	counts=$(sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\),.*/\1 files \2 tests/p' "$1")
	[ -z "$counts" ] || echo "$counts $(sed -n 's/^Result: //p' "$1" | head -n 1)"
}

# try MAJOR: a row of the table.
try()
{
	local major=$1 log=$logs/$1 config where status=0 begun=$SECONDS server
	echo "# PostgreSQL $major" >&2
	if config=$(here_pg_config "$major")
	then
		where=here
		env "${settings[@]}" PG_CONFIG="$config" "$here/../run.sh" >"$log" 2>&1 || status=$?
	elif lane_ready "$major"
	then
		where=$(basename "$lane")
		config=/usr/lib/postgresql/$major/bin/pg_config
		begun=$SECONDS
		lane_tree "$lane" "$root"
		lane_run "$lane" env "${settings[@]}" PG_CONFIG="$config" \
			bash "$tree/test/run.sh" >"$log" 2>&1 || status=$?
		lane_forget
	else
		echo "SKIP: PostgreSQL $major: $lane_reason"
		table+=("$major|-|-|-|-|-|-|skipped: $lane_reason")
		return 0
	fi
	server=$(sed -n 's/^PostgreSQL \([^ ,]*\), .*nothing is missing$/\1/p' "$log" | tail -n 1)
	table+=("$major|${server:-?}|$where|$(cell_build "$log")|$(cell_strict "$log")|$(cell_topics "$log")|$(cell_tap "$log")|$((SECONDS - begun)) s")
	if [ "$status" != 0 ]
	then
		failed+=("$major")
		sed "s/^/$major: /" "$log"
	else
		# What a test skipped, it did for a reason.
		grep -E '# skip|skipped:|Result: ' "$log" | sed "s/^/$major: /" || true
	fi
}

for major in ${LANE:-15 16 17 18 19}
do
	try "$major"
done

{
	echo "major|server|where|build|-Wall -Wextra|topics|TAP|time"
	printf '%s\n' "${table[@]}"
} | awk -F'|' '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i == "" ? "-" : $i
		if (i < NF && length(cell[NR, i]) > width[i]) width[i] = length(cell[NR, i]) } }
	END { for (r = 1; r <= NR; r++) { line = ""
		for (i = 1; i <= 8; i++) line = line sprintf("%-" (width[i] + 2) "s", cell[r, i])
		sub(/ +$/, "", line); print line } }'

if [ ${#failed[@]} -gt 0 ]
then
	echo "Result: FAIL (PostgreSQL ${failed[*]})"
	exit 1
fi
echo "Result: PASS"
