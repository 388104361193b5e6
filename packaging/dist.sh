#!/usr/bin/env bash
# dist.sh: the source as PGXN takes it, dist/retention-VERSION.zip, from the last
# commit.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

command -v git >/dev/null || { echo "git is missing" >&2; exit 1; }
git=(git -c safe.directory='*' -C "$root")
if ! "${git[@]}" rev-parse --verify -q HEAD >/dev/null
then
	echo "make dist takes the last commit, and this is no git checkout" >&2
	exit 1
fi
[ -z "$("${git[@]}" status --porcelain)" ] ||
	echo "what is not committed is not in it" >&2

version=$(perl "$here/meta.pl" "$root")
mkdir -p "$root/dist"
zip=dist/retention-$version.zip
"${git[@]}" archive --format=zip --prefix="retention-$version/" -o "$root/$zip" HEAD
echo "$zip"
