#!/bin/sh
# A pcscd of one's own, beside the system's and unseen by it.
#
#   private-pcscd.sh start DIRECTORY [DEVICENAME DRIVER] [-- OPTION...]
#       starts pcscd with one reader, FRIENDLYNAME "Vicar", and waits until it listens; prints its
#       pid. DIRECTORY/conf may hold more readers; with neither DEVICENAME nor DRIVER it must.
#       OPTIONs go to pcscd; --foreground and --config are given.
#   private-pcscd.sh stop DIRECTORY
#       ends it with SIGTERM, as systemd does; says nothing when there is none.
#
# Clients reach it with PCSCLITE_CSOCK_NAME=DIRECTORY/run/pcscd.comm. DIRECTORY/log is what it said,
# DIRECTORY/pid its pid. PCSCD_WRAPPER is put in front of pcscd, for valgrind and others that run it
# in their own process; PCSCD_WAIT is how many seconds the start may take, 10 if not set.
#
# As root it runs in a mount namespace, where a directory of its own lies over /run/pcscd, and an
# empty one over the USB drivers, so that readers plugged into this machine stay with the system's
# pcscd. Any other user gives it the socket as systemd would (LISTEN_FDS), and readers plugged in
# are left alone only when pcscd may not open them. Root without the right to a mount namespace, as in
# most containers, does the same, but never beside the system's pcscd, whose pid file it would take.

set -eu

die()
{
	echo "private-pcscd.sh: $*" >&2
	exit 1
}

# The pid of our pcscd if it still runs. Its configuration directory tells it from another
# process that has got the number since; a zombie has no command line.
running()
{
	[ -r "$dir/pid" ] || return 1
	pid=$(cat "$dir/pid")
	tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$dir/conf"
}

wait_until()
{
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

gone()
{
	! running
}

# Gone, or a zombie; the command line would be empty for a moment of exec(), too.
ended()
{
	case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in
	'' | Z*) true ;;
	*) false ;;
	esac
}

# The file of a socket is there before anybody listens on it, and until then it refuses clients.
listening()
{
	[ -S "$socket" ] && python3 -c '
import socket, sys
sys.exit(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))' "$socket"
}

listening_or_ended()
{
	listening || ended
}

in_a_mount_namespace()
{
	mkdir -p /run/pcscd "$dir/no-usb"
	hide=/usr/lib/pcsc/drivers
	case $(cat "$dir"/conf/*) in
	*"$hide"*) hide= ;;
	esac
	[ -d "$hide" ] || hide=
	exec unshare -m --propagation private sh -c '
		dir=$1 hide=$2
		shift 2
		mount --bind "$dir/run" /run/pcscd
		[ -z "$hide" ] || mount --bind "$dir/no-usb" "$hide"
		exec "$@"' sh "$dir" "$hide" "$@"
}

with_a_socket_given()
{
	if [ "$(id -u)" = 0 ]; then
		[ ! -S /run/pcscd/pcscd.comm ] || die "root may make no mount namespace here, and the system's pcscd runs; stop it, or run this as another user"
		mkdir -p /run/pcscd
	fi
	[ -d /run/pcscd ] || die "/run/pcscd is missing, pcscd cannot start without it; as root: mkdir /run/pcscd"
	exec python3 -c '
import os, socket, sys
path, command = sys.argv[1], sys.argv[2:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(16)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp(command[0], command)' "$socket" "$@"
}

start()
{
	mkdir -p "$dir/run" "$dir/conf"
	chmod 755 "$dir/run"
	gone || die "a pcscd already runs for $dir (pid $pid); stop it first"
	if [ $# -gt 0 ] && [ "$1" != -- ]; then
		[ $# -ge 2 ] || die "DRIVER is missing after DEVICENAME $1"
		[ -r "$2" ] || die "driver $2 cannot be read; build it first"
		printf 'FRIENDLYNAME "Vicar"\nDEVICENAME   %s\nLIBPATH      %s\n' \
			"$1" "$(realpath "$2")" >"$dir/conf/vicar"
		shift 2
	fi
	[ "${1:-}" != -- ] || shift
	pcscd=$(PATH=$PATH:/usr/sbin:/sbin command -v pcscd) || die "pcscd is not installed; apt-get install pcscd"

	rm -f "$socket"
	# shellcheck disable=SC2086 # the wrapper is a command with its arguments
	set -- ${PCSCD_WRAPPER:-} "$pcscd" --foreground --config "$dir/conf" "$@"
	if [ "$(id -u)" = 0 ] && unshare -m --propagation private true 2>/dev/null; then
		in_a_mount_namespace "$@" >"$dir/log" 2>&1 </dev/null &
	else
		with_a_socket_given "$@" >"$dir/log" 2>&1 </dev/null &
	fi
	pid=$!
	echo $pid >"$dir/pid"
	wait_until "${PCSCD_WAIT:-10}" listening_or_ended || {
		kill "$pid"
		die "pcscd did not listen on $socket in time; see $dir/log"
	}
	! ended || die "pcscd ended at once: $(tail -n 3 "$dir/log")"
	echo $pid
}

stop()
{
	running || return 0
	kill "$pid"
	wait_until 10 gone || kill -KILL "$pid"
	rm -f "$dir/pid" "$socket"
}

[ $# -ge 2 ] || die "usage: private-pcscd.sh start|stop DIRECTORY [DEVICENAME DRIVER] [-- OPTION...]"
verb=$1
[ "$verb" = stop ] && [ ! -d "$2" ] && exit 0
mkdir -p "$2"
dir=$(realpath "$2")
socket=$dir/run/pcscd.comm
shift 2
[ ${#socket} -le 107 ] || die "$socket is too long for a socket; use a directory with a shorter name"
case $verb in
start) start "$@" ;;
stop) stop ;;
*) die "no verb $verb; start and stop are" ;;
esac
