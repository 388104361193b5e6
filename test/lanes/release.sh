#!/usr/bin/env bash
# release.sh: every lane that is too long for CI, one after the other.
#
# All of them run, whatever fails; the table at the end says what came out.
# Lanes are targets of the Makefile: one that this tree does not have is said to
# be absent.  RELEASE_CHECK="asan modes" runs only these; the output of each
# stays in LANES/release-check.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

lanes=${RELEASE_CHECK:-lint modes coverage cassert asan valgrind fuzz garden matrix cluster}
logs=$(cluster_lanes)/release-check
mkdir -p "$logs"
status=0
table=()
for lane in $lanes
do
	if ! grep -qE "^([a-z_-]+ )*$lane( [a-z_-]+)*:" "$root/Makefile"
	then
		table+=("$(printf '%-10s absent' "$lane")")
		continue
	fi
	echo "# make $lane"
	began=$SECONDS
	word=passed
	if ! make -C "$root" --no-print-directory "$lane" >"$logs/$lane.log" 2>&1
	then
		word=FAILED
		status=1
		tail -n 40 "$logs/$lane.log"
	fi
	# A lane that could not run, or not all of it, says so.
	skips=$(grep -c '^SKIP:' "$logs/$lane.log" || true)
	[ "$skips" = 0 ] || word+=", $skips skipped: $(sed -n 's/^SKIP: //p' "$logs/$lane.log" | head -n 1)"
	table+=("$(printf '%-10s %s (%d min)' "$lane" "$word" $(((SECONDS - began + 59) / 60)))")
done
echo "# release-check, logs in $logs"
printf '%s\n' "${table[@]}"
exit $status
