#!/usr/bin/env bash
# deb.sh: the Debian package of the extension for one major of PostgreSQL, into
# dist/, checked by lintian.
#
# Built in a private copy, for the server of PG_CONFIG.  The regression tests are
# left to make test; dpkg-buildpackage without the profile nocheck runs them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=test/cluster.sh
. "$root/test/cluster.sh"

PACKAGE=1 "$root/test/deps.sh"
cluster_pg_config

build=$(mktemp -d "${TMPDIR:-/tmp}/retention-deb.XXXXXX")
trap 'rm -rf "$build"' EXIT
copy_tree "$root" "$build/source"

export DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS="nocheck ${DEB_BUILD_OPTIONS:-}"
# No make of the caller's to report to.
unset MFLAGS MAKELEVEL MAKEOVERRIDES
MAKEFLAGS=-j$(getconf _NPROCESSORS_ONLN)
export MAKEFLAGS
PG_SUPPORTED_VERSIONS=$(cluster_major)
export PG_SUPPORTED_VERSIONS
(
	cd "$build/source"
	quietly "$build/control.log" pg_buildext updatecontrol
	quietly "$build/build.log" dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes
)

# It closes no bug of Debian's, being no upload to Debian.
lintian --fail-on error,warning --info --suppress-tags initial-upload-closes-no-bugs "$build"/*.changes

mkdir -p "$root/dist"
for package in "$build"/postgresql-*.deb
do
	case $package in
		*-dbgsym_*) continue ;;
	esac
	cp "$package" "$root/dist/"
	echo "dist/$(basename "$package")"
done
