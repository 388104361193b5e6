#!/usr/bin/env bash
# bare.sh: installs the extension the ways README.md names, each into a Debian
# that has nothing, and runs the first example of README.md there.
#
#	BARE="deb source zip demo"	which ways: the package of make deb; README.md's own
#							lines, in a folder without git; the archive of make
#							dist by PGXN's client, which then asks nobody; the
#							lines of README.md for a file of one's own, until the
#							page is there, which stays as bare/demo.html in LANES
#	LANES=DIR				where that Debian is kept (/var/cache/retention)
#
# Needs root, debootstrap and Debian's packages; skipped with the reason elsewhere.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=test/cluster.sh
. "$root/test/cluster.sh"

suite=bookworm
major=15
lanes=$(cluster_lanes)/bare
bare=$lanes/$suite

skip()
{
	echo "skipped: $1" >&2
	exit 0
}

[ "$(id -u)" = 0 ] || skip "a Debian to install into needs root (chroot)"
unshare --mount --pid --fork true 2>/dev/null || skip "the machine lets nobody make namespaces (unshare)"
if [ ! -e "$bare/etc/debian_version" ]
then
	command -v debootstrap >/dev/null || skip "debootstrap is missing: apt-get install debootstrap"
	# What is mounted while it is made stays in its own namespace.
	mkdir -p "$lanes"
	rm -rf --one-file-system "$bare.new"
	echo "# debootstrap $suite" >&2
	unshare --mount --fork -- debootstrap --variant=minbase $suite "$bare.new" >"$lanes/$suite.log" 2>&1 ||
		skip "debootstrap failed: $(tail -n 1 "$lanes/$suite.log")"
	mv "$bare.new" "$bare"
fi

# inside COMMAND...: as root in the trial's folder, where nothing stays mounted
# and no process stays behind.
inside()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --pid --fork --kill-child -- sh -c '
		mount -t proc proc "$0/proc" &&
		mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" &&
		exec chroot "$0" "$@"' "$trial" \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C HOME=/root TERM=dumb DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} "$@" </dev/null
}

# What the programs in it must know.
settle()
{
	cp -L /etc/resolv.conf "$trial/etc/resolv.conf" 2>/dev/null || true
	# Packages start no service there, and make no cluster.
	printf '#!/bin/sh\nexit 101\n' >"$trial/usr/sbin/policy-rc.d"
	chmod 755 "$trial/usr/sbin/policy-rc.d"
	mkdir -p "$trial/etc/postgresql-common"
	echo "create_main_cluster = false" >"$trial/etc/postgresql-common/createcluster.conf"
	# The packages that stand in for others for security, as any Debian has them.
	sed "s#/debian/* $suite main#/debian-security $suite-security main#" "$trial/etc/apt/sources.list" \
		>"$trial/etc/apt/sources.list.d/security.list"
	# A mirror may stand still for longer than its lists are valid.
	echo 'Acquire::Check-Valid-Until "false";' >"$trial/etc/apt/apt.conf.d/90trial"
}

trial=
# Never into what is mounted below: the machine's own /proc may be.
trap '[ -z "$trial" ] || rm -rf --one-file-system "$trial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# block LANGUAGE HEADING: the first block of that language below the heading.
block()
{
	awk -v fence='```'"$1" -v heading="## $2" '
		$0 == heading { below = 1 }
		inside && $0 == "```" { exit }
		inside
		below && $0 == fence { inside = 1 }' "$root/README.md"
}

# Prints a script: a server on a socket and nowhere else, the extension, the
# example, and what README.md says that it prints.
example()
{
	cat <<-EOF
		set -e
		runuser -u postgres -- /usr/lib/postgresql/$major/bin/initdb -D /var/lib/postgresql/trial -A trust -E UTF8 --no-locale >/dev/null
		runuser -u postgres -- /usr/lib/postgresql/$major/bin/pg_ctl -D /var/lib/postgresql/trial -s -w \\
			-o "-c listen_addresses=''" -l /var/lib/postgresql/trial.log start
		export PGCLIENTENCODING=UTF8
		runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION retention'
		runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -f /trial/example.sql | sed 's/ *$//' >/trial/got
		runuser -u postgres -- /usr/lib/postgresql/$major/bin/pg_ctl -D /var/lib/postgresql/trial -s -m immediate stop
		sed -e :a -e '/^\n*\$/{\$d;N;ba' -e '}' /trial/got >/trial/got.lines
		diff -u /trial/want /trial/got.lines
	EOF
}

# Orders as a French till exports them: 600 of 60 customers.
orders_file()
{
	printf 'N° client;Date de commande;Montant TTC;Magasin\r\n'
	awk 'BEGIN {
		for (i = 0; i < 600; i++)
			printf "C%03d;%02d/%02d/%d;%d,%02d EUR;%s\r\n", i * 7 % 60, 1 + i * 11 % 28, 1 + int(i / 25) % 12,
				2024 + int(i / 300), 10 + i * 37 % 400, i * 13 % 100, i % 3 ? "Lyon" : "Nîmes"
	}'
}

failed=()
for way in ${BARE:-deb source zip demo}
do
	trial=$(mktemp -d "$lanes/trial.XXXXXX")
	cp -a "$bare/." "$trial/"
	settle
	mkdir "$trial/trial"
	block sql "In one minute" >"$trial/trial/example.sql"
	block text "In one minute" >"$trial/trial/want"
	example >"$trial/trial/example.sh"
	case $way in
		deb)
			cp "$root"/dist/postgresql-$major-retention_*.deb "$trial/trial/" 2>/dev/null ||
				{ echo "$way: no package for PostgreSQL $major in dist: make deb first" >&2; exit 1; }
			echo "apt-get update && apt-get install -y --no-install-recommends /trial/*.deb"
			;;
		source)
			copy_tree "$root" "$trial/trial/source"
			echo "cd /trial/source"
			block sh Install
			;;
		demo)
			copy_tree "$root" "$trial/trial/source"
			orders_file >"$trial/trial/source/orders.csv"
			echo "cd /trial/source"
			block sh "Your own orders, seen at once"
			# No server runs there afterwards, and the page is whole.
			cat >"$trial/trial/example.sh" <<-'EOF'
				set -e
				grep -q '60 customers have placed 600 orders' /trial/source/retention.html
				grep -q '</html>' /trial/source/retention.html
				! ls /tmp/retention.* 2>/dev/null
			EOF
			;;
		zip)
			cp "$root"/dist/retention-*.zip "$trial/trial/" 2>/dev/null ||
				{ echo "$way: no archive in dist: make dist first" >&2; exit 1; }
			echo "apt-get update && apt-get install -y --no-install-recommends pgxnclient make gcc libc6-dev \\
				postgresql-$major postgresql-server-dev-$major"
			# Bitcode needs the clang of PostgreSQL's build.
			echo "with_llvm=no pgxn install --pg_config /usr/lib/postgresql/$major/bin/pg_config /trial/retention-*.zip"
			;;
		*)
			echo "BARE=$way: deb, source, zip or demo" >&2
			exit 1
			;;
	esac >"$trial/trial/install.sh"
	echo "# $way" >&2
	began=$SECONDS
	if inside sh -c 'set -e; sh -e /trial/install.sh; sh /trial/example.sh' >"$trial/trial/log" 2>&1
	then
		if [ "$way" = demo ]
		then
			cp "$trial/trial/source/retention.html" "$lanes/demo.html"
			echo "ok $way: a page of one's own file in a bare Debian, by the $(grep -vc '^cd ' "$trial/trial/install.sh") lines of README.md, in $(((SECONDS - began + 30) / 60)) minutes: $lanes/demo.html"
		else
			echo "ok $way: installed in a bare Debian, the first example prints what README.md says"
		fi
	else
		tail -n 40 "$trial/trial/log" >&2
		echo "not ok $way"
		failed+=("$way")
	fi
	rm -rf --one-file-system "$trial"
	trial=
done
[ ${#failed[@]} = 0 ] || exit 1
