# shellcheck shell=bash
#
# debian.sh: other releases of Debian, for the PostgreSQL majors they bring.
#
# Sourced after cluster.sh by the scripts that try the extension on servers this
# machine does not have.  A lane is a folder that debootstrap made, kept from one
# call to the next in LANES (cluster_lanes).  What is run there runs in namespaces
# of its own where the kernel allows them: nothing stays mounted and no process
# stays behind, however the run ends.
#
# A function that cannot do its work says why in lane_reason and returns 1.

lanes=$(cluster_lanes)
# shellcheck disable=SC2034 # the caller asks
lane_reason=

# Prints the suite of Debian that has this major; nothing when none has.
lane_suite()
{
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18) echo sid ;;
		19) echo experimental ;;
	esac
}

# lane_ready MAJOR: makes the lane, or looks whether it is whole; sets lane, its
# folder.  PostgreSQL itself comes from test/deps.sh, but by its number: the
# suites that move on may have dropped it.
lane_ready()
{
	local major=$1 suite
	suite=$(lane_suite "$major")
	[ -n "$suite" ] || lane_no "no suite of Debian has PostgreSQL $major" || return 1
	[ "$(id -u)" = 0 ] || lane_no "a lane needs root (chroot)" || return 1
	lane=$lanes/$suite
	if [ ! -e "$lane/etc/debian_version" ]
	then
		lane_make "$suite" || return 1
	fi
	lane_settle "$lane"
	[ -x "$lane/usr/lib/postgresql/$major/bin/pg_ctl" ] &&
		[ -f "$lane/usr/include/postgresql/$major/server/postgres.h" ] &&
		return 0
	# The build files ask for compilers of bitcode, ten times as large as all else.
	if [ "${BITCODE:-}" = no ]
	then
		lane_install "$suite" "postgresql-$major" gcc libc6-dev make perl libipc-run-perl &&
			lane_unpack "postgresql-server-dev-$major"
	else
		lane_install "$suite" "postgresql-$major" "postgresql-server-dev-$major"
	fi
}

lane_no()
{
	# shellcheck disable=SC2034 # the caller asks
	lane_reason=$1
	return 1
}

# lane_make SUITE: the folder, or none at all.
lane_make()
{
	local suite=$1 base=$1 log apart=()
	if ! command -v debootstrap >/dev/null
	then
		DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 install \
			--no-install-recommends debootstrap >/dev/null 2>&1 ||
			lane_no "debootstrap is missing: apt-get install debootstrap" || return 1
	fi
	[ "$suite" != experimental ] || base=sid
	mkdir -p "$lanes"
	log=$lanes/$suite.log
	# Interrupted, it leaves /proc mounted: in a namespace that goes with it.
	! unshare --mount --pid --fork true 2>/dev/null ||
		apart=(unshare --mount --pid --fork --kill-child --)
	rm -rf --one-file-system "$lanes/$suite.new"
	echo "# debootstrap $suite" >&2
	if ! timeout 900 "${apart[@]}" debootstrap --variant=minbase "$base" "$lanes/$suite.new" >"$log" 2>&1
	then
		rm -rf --one-file-system "$lanes/$suite.new"
		lane_no "debootstrap $base: $(tail -n 1 "$log" 2>/dev/null)" || return 1
	fi
	if [ "$suite" = experimental ]
	then
		sed -n 's/ sid / experimental /p' "$lanes/$suite.new/etc/apt/sources.list" \
			>"$lanes/$suite.new/etc/apt/sources.list.d/experimental.list"
	fi
	mv "$lanes/$suite.new" "$lanes/$suite"
}

# lane_settle LANE: what the programs in it must know.
lane_settle()
{
	local root=$1
	# The names of servers are asked for as here.
	cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
	# Packages start no service there, and make no cluster.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	mkdir -p "$root/etc/postgresql-common"
	echo "create_main_cluster = false" >"$root/etc/postgresql-common/createcluster.conf"
	# A mirror may stand still for longer than its lists are valid; they are
	# signed all the same, and nothing but tests is run here.
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90lane"
}

# lane_install SUITE PACKAGE...: with apt-get, in the lane.  Of experimental as
# little as can be: the server, which is nowhere else, and its client library.
lane_install()
{
	local suite=$1 log=$lanes/$1.log
	shift
	[ "$suite" != experimental ] || set -- "$@" libpq5/experimental
	echo "# $suite: apt-get install $*" >&2
	# shellcheck disable=SC2016 # expanded by the inner shell
	lane_run "$lane" sh -c '
		set -e
		apt-get -q update
		exec apt-get -q -y install --no-install-recommends "$@"' \
		sh "$@" \
		>"$log" 2>&1 ||
		lane_no "apt-get in $suite: $(grep '^E:' "$log" | head -n 1)"
}

# lane_unpack PACKAGE: its files alone, without what it depends on.
lane_unpack()
{
	local log=$lanes/unpack.log
	# shellcheck disable=SC2016 # expanded by the inner shell
	lane_run "$lane" sh -c '
		set -e
		cd "$(mktemp -d)"
		apt-get -q download "$1"
		dpkg -x ./*.deb /
		rm -rf "$PWD"' sh "$1" >"$log" 2>&1 ||
		lane_no "apt-get download $1: $(grep '^E:' "$log" | head -n 1)"
}

# lane_run LANE COMMAND...: as root, in the lane.
lane_run()
{
	local root=$1
	shift
	set -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C HOME=/root TERM=dumb DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+"http_proxy=$http_proxy"} \
		${https_proxy:+"https_proxy=$https_proxy"} "$@"
	# shellcheck disable=SC2016 # expanded by the inner shell
	if unshare --mount --pid --fork true 2>/dev/null
	then
		unshare --mount --pid --fork --kill-child -- sh -c '
			mount -t proc proc "$0/proc" &&
			mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" &&
			exec chroot "$0" "$@"' "$root" "$@" </dev/null
	else
		# In a chroot or a container: no namespaces.  /proc where it may be mounted,
		# for scripts; memory is shared in a plain folder.
		local status=0 mounted=
		chmod 1777 "$root/dev/shm"
		! mount -t proc proc "$root/proc" 2>/dev/null || mounted=yes
		chroot "$root" "$@" </dev/null || status=$?
		[ -z "$mounted" ] || umount "$root/proc" || true
		return $status
	fi
}

# lane_tree LANE FROM: copies the project, and the folder of public data beside
# it where there is one, to a new folder of the lane; sets tree, its name inside.
lane_tree()
{
	local root=$1 from=$2 top
	top=$(mktemp -d "$root/tmp/lane.XXXXXX")
	chmod 755 "$top"
	copy_tree "$from" "$top/source"
	# shellcheck disable=SC2034 # private_shared asks
	worker=
	private_shared "$from"
	if [ -n "$shared" ]
	then
		mkdir "$top/shared"
		cp -RL "$shared/data" "$top/shared/data"
		chmod -R u+w,a+rX "$top/shared"
	fi
	lane_trees+=("$top")
	# shellcheck disable=SC2034 # the caller asks
	tree=${top#"$root"}/source
}

# Removes what lane_tree() made.
lane_trees=()
lane_forget()
{
	[ ${#lane_trees[@]} = 0 ] || rm -rf "${lane_trees[@]}"
	lane_trees=()
}
