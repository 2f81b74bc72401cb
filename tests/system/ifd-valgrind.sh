#!/bin/sh
# The reader inside the real pcscd, under valgrind: cards that come, go, fail and are killed, then
# an orderly end, so that every channel is closed. Errors and losses of the reader's own count;
# pcscd's are shown in the log that is named.
#
# usage: tests/system/ifd-valgrind.sh BUILD

set -eu

[ $# -eq 1 ] || {
	echo "usage: ifd-valgrind.sh BUILD" >&2
	exit 2
}
build=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
directory=$(mktemp -d /tmp/vicar-valgrind-XXXXXX)
chmod 755 "$directory"
mkdir "$directory/cards"
card_pids=
trap 'kill $card_pids 2>/dev/null || true; "$here/private-pcscd.sh" stop "$directory"' EXIT

export PCSCLITE_CSOCK_NAME="$directory/run/pcscd.comm"
log=$directory/valgrind.log
PCSCD_WAIT=60 PCSCD_WRAPPER="valgrind --tool=memcheck --leak-check=full --track-fds=yes --keep-debuginfo=yes --num-callers=20 --log-file=$log" \
	"$here/private-pcscd.sh" start "$directory" "vicar:$directory/cards:2:silence=3000" \
	"$build/libifdvicar.so" >/dev/null

"$build/tests/system/ifd-card" "$directory/cards" anna >/dev/null &
card_pids=$!
python3 "$here/ifd_traffic.py"
kill $card_pids
card_pids=

# SIGINT is pcscd's orderly end; SIGTERM is exit() with the threads alive.
pid=$(cat "$directory/pid")
kill -INT "$pid"
tries=0
while grep -q . "/proc/$pid/cmdline" 2>/dev/null && [ $tries -lt 300 ]; do
	sleep 0.1
	tries=$((tries + 1))
done

grep -q 'ERROR SUMMARY' "$log" || {
	echo "valgrind did not finish, see $log"
	echo "0 passed, 1 failed"
	exit 1
}
# A block of the log that names a function of the reader is the reader's.
ours=$(awk -v RS= '/libifdvicar|IFDH|ifdhandler\//' "$log" | sed 's/^==[0-9]*== //' |
	grep -Ev '^(Command|Parent PID|Memcheck|Copyright|Using)' || true)
sed -n 's/^==[0-9]*== \(ERROR SUMMARY.*\)/pcscd and reader: \1/p' "$log"
if [ -n "$ours" ]; then
	echo "$ours"
	echo "see $log"
	echo "0 passed, 1 failed"
	exit 1
fi
echo "nothing of the reader's"
echo "1 passed, 0 failed"
rm -rf "$directory"
