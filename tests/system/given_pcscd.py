"""pcscd as systemd starts it: with its socket given (LISTEN_FDS), when the first client calls, and again when the
next one does after it has ended. In a mount namespace of its own, optionally with what Debian 13's unit takes
from it. For root, who may make one."""

import os
import select
import shutil
import signal
import socket
import subprocess
import threading

from harness import wait_for

# What the unit hides, reference: ifdhandler, section 11; the rest of the tree is read-only.
SANDBOX = """
for hidden in /home /root /run/user /tmp /var/tmp; do
	[ ! -d $hidden ] || mount -t tmpfs -o mode=0755 tmpfs $hidden
done
mount -o remount,bind,ro /
set -- setpriv --no-new-privs --inh-caps=-all --bounding-set=-all $2 pcscd --foreground --config /mnt/conf $3
"""
START = """
set -e
dir=$1
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/sockets /mnt/conf /mnt/no-usb
cp "$dir/libifdvicar.so" /mnt
mount --bind "$dir/sockets" /mnt/sockets
mount --bind "$dir/pcscd/run" /run/pcscd
[ ! -d /usr/lib/pcsc/drivers ] || mount --bind /mnt/no-usb /usr/lib/pcsc/drivers
printf 'FRIENDLYNAME "Vicar"\\nDEVICENAME vicar:/mnt/sockets:2\\nLIBPATH /mnt/libifdvicar.so\\n' >/mnt/conf/vicar
{more}
export LISTEN_FDS=1 LISTEN_PID=$$
exec "$@"
"""
PLAIN = "set -- pcscd --foreground --config /mnt/conf $3"


def usable():
    """None, or why it is not."""
    if os.getuid() != 0:
        return "only root may make a mount namespace"
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "true"], check=False)
    return None if done.returncode == 0 else "no mount namespace can be made here"


class GivenPcscd:
    def __init__(self, world, sandbox=False, privileges="", options=""):
        self.world = world
        self.started = 0
        self.process = None
        self.arguments = [world.dir, privileges, options]
        self.script = START.format(more=SANDBOX if sandbox else PLAIN)
        os.makedirs("/run/pcscd", exist_ok=True)
        os.makedirs(world.path("pcscd", "run"), exist_ok=True)
        shutil.copy(world.driver, world.path("libifdvicar.so"))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(world.env["PCSCLITE_CSOCK_NAME"])
        os.chmod(world.env["PCSCLITE_CSOCK_NAME"], 0o666)
        self.listener.listen(16)
        self.over, self.end = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def start(self):
        listener = self.listener.fileno()
        with open(self.world.path("pcscd", "log"), "a") as log:
            self.process = subprocess.Popen(
                ["unshare", "-m", "--propagation", "private", "sh", "-c",
                 f'exec 3<&{listener} {listener}<&-; eval "$0"', self.script, *self.arguments],
                env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, pass_fds=(listener,),
            )  # fmt: skip
        self.started += 1

    def serve(self):
        while True:
            ready, _, _ = select.select([self.listener, self.over], [], [])
            if self.over in ready:
                return
            self.start()
            self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def expire(self):
        """What its alarm clock does 60 s after the last client, with --auto-exit. A signal that comes
        just before pcscd waits for clients is seen with the next one only."""
        for _ in range(15):
            self.process.send_signal(signal.SIGALRM)
            try:
                self.process.wait(timeout=2)
                return
            except subprocess.TimeoutExpired:
                pass
        self.process.wait(timeout=2)

    def terminate(self):
        """systemctl stop."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(line.split()[1] for line in f if line.startswith(key + ":"))

    def sees(self, path):
        """What pcscd finds in a directory."""
        return os.listdir(f"/proc/{self.process.pid}/root{path}")

    def close(self):
        os.close(self.end)
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        self.thread.join()
        if self.running():
            wait_for("end of pcscd", lambda: not self.running())
        self.listener.close()
        os.close(self.over)
