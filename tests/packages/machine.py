"""A machine of its own for Debian packages: mount, network and process namespaces, overlays on /etc,
/usr and /var, an empty /run and /home. What dpkg does here is gone with the test, and so is
everything that was started.

    if __name__ == "__main__":
        machine.main()               # enters the namespaces; says why where that is not possible

    with Machine(debs) as machine:
        machine.apt("install", *machine.debs)
        machine.start_pcscd()        # with the socket handed over, as systemd does
        machine.readers()

systemd is not PID 1 here. Its systemctl is played by a script that does with pcscd.service what is asked
and writes down what that was; without `systemd=True` nothing says that systemd runs.
"""

import array
import fcntl
import glob
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import ifd_pcsc as pcsc  # noqa: E402
from harness import wait_for  # noqa: E402

BUILD = "build"
UNSHARE = ["unshare", "--mount", "--propagation", "private", "--net", "--pid", "--fork", "--kill-child",
           "--mount-proc"]  # fmt: skip
# Nobody has them.
FIRST_UID = 61234
STARTED = []  # for as long as the test runs: who waits for them is no concern of ours
VPCD = ["Virtual PCD 00 00", "Virtual PCD 00 01"]
VICAR = ["Vicar 00 00", "Vicar 00 01"]

SYSTEMCTL = """#!/bin/sh
echo "$*" >> /run/systemctl.log
case "$*" in
*restart\\ pcscd.service) exec {python} {machine} restart-pcscd ;;
*) exit 1 ;;
esac
"""


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def raise_loopback():
    """ifconfig lo up; netdevice(7)."""
    get, put, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = array.array("B", struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(any_socket, get, request)
        flags = struct.unpack_from("16xh", request)[0]
        fcntl.ioctl(any_socket, put, struct.pack("16sh22x", b"lo", flags | up))


def start_pcscd():
    """Listens where clients look, and starts pcscd with that, as pcscd.socket does."""
    log = open("/run/pcscd.log", "ab")
    with socket.socket(socket.AF_UNIX) as listener:
        if os.path.lexists("/run/pcscd/pcscd.comm"):
            os.unlink("/run/pcscd/pcscd.comm")
        listener.bind("/run/pcscd/pcscd.comm")
        os.chmod("/run/pcscd/pcscd.comm", 0o666)
        listener.listen(16)

        program = (
            "import os,sys; os.dup2(int(sys.argv[1]),3); os.set_inheritable(3,True);"
            "os.environ.update(LISTEN_FDS='1',LISTEN_PID=str(os.getpid()));"
            "os.execv('/usr/sbin/pcscd',['pcscd','--foreground','--debug'])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(listener.fileno())], pass_fds=(listener.fileno(),),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    log.close()
    with open("/run/pcscd.test-pid", "w", encoding="ascii") as f:
        f.write(str(process.pid))
    STARTED.append(process)


def pcscd_pid():
    try:
        with open("/run/pcscd.test-pid", encoding="ascii") as f:
            pid = int(f.read())
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return None if f.read().rsplit(")", 1)[1].split()[0] == "Z" else pid
    except FileNotFoundError:
        return None


def stop_pcscd():
    pid = pcscd_pid()
    if pid:
        os.kill(pid, signal.SIGTERM)
        wait_for("end of pcscd", lambda: not pcscd_pid())


class Machine:
    def __init__(self, systemd=False):
        self.dir = tempfile.mkdtemp(prefix="vicar-machine-", dir="/tmp")
        self.users = 0
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", self.dir)
        self.covered = []
        for top in ("etc", "usr", "var"):
            upper, work = os.path.join(self.dir, top), os.path.join(self.dir, f"{top}.work")
            os.mkdir(upper)
            os.mkdir(work)
            mount("-t", "overlay", "-o", f"lowerdir=/{top},upperdir={upper},workdir={work}", "overlay", f"/{top}")
            self.covered.append(f"/{top}")
        # Readers plugged into this machine stay with it. apt knows what is installed and the files it
        # is given: there is no network, and reading all that an archive has takes it seconds.
        for top in ("run", "home", "dev/bus/usb", "var/lib/apt/lists"):
            if os.path.isdir(f"/{top}"):
                mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", f"/{top}")
                self.covered.append(f"/{top}")
        for directory in ("/run/pcscd", "/run/lock", "/run/user"):
            os.mkdir(directory)
        self.debs = []
        for deb in sorted(glob.glob(f"{BUILD}/deb/*.deb")):
            if "-dbgsym_" not in deb:
                self.debs.append(shutil.copy(deb, self.dir))
        # Neither what a container forbids its packages to start, nor a database of man pages.
        for path in ("/usr/sbin/policy-rc.d", "/var/lib/man-db/auto-update"):
            if os.path.exists(path):
                os.unlink(path)
        os.rename("/usr/bin/systemctl", "/usr/bin/systemctl.real")
        with open("/usr/bin/systemctl", "w", encoding="ascii") as f:
            f.write(SYSTEMCTL.format(python=sys.executable, machine=os.path.abspath(__file__)))
        os.chmod("/usr/bin/systemctl", 0o755)
        if systemd:
            os.makedirs("/run/systemd/system")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop_pcscd()
        for path in reversed(self.covered):
            subprocess.run(["umount", "--lazy", path], check=True)
        subprocess.run(["umount", "--lazy", self.dir], check=True)
        os.rmdir(self.dir)

    def run(self, *argv, check=True, **more):
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=more.pop("timeout", 120), check=False, cwd=self.dir, **more,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}:\n{done.stdout}")
        return done

    def apt(self, *arguments, **more):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return self.run("apt-get", "-y", "-o", "Dpkg::Use-Pty=0", *arguments, env=env, **more)

    def newer(self, deb):
        """The same package with a higher version, in every one of its words."""
        tree = os.path.join(self.dir, "newer")
        self.run("dpkg-deb", "--raw-extract", deb, tree)
        control = os.path.join(tree, "DEBIAN", "control")
        with open(control, encoding="utf-8") as f:
            text = f.read()
        version = next(l.split()[1] for l in text.splitlines() if l.startswith("Version:"))
        with open(control, "w", encoding="utf-8") as f:
            f.write(text.replace(f"Version: {version}", f"Version: {version}.1").replace(
                f"(= {version})", f"(= {version}.1)"))  # fmt: skip
        new = deb.replace(version, f"{version}.1")
        self.run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, new)
        shutil.rmtree(tree)
        return new

    @staticmethod
    def real_systemctl():
        """From now on it is no longer played."""
        os.rename("/usr/bin/systemctl.real", "/usr/bin/systemctl")

    # pcscd

    def start_pcscd(self):
        start_pcscd()

    def stop_pcscd(self):
        stop_pcscd()

    def restarts(self):
        """What systemctl was asked to do with pcscd."""
        try:
            with open("/run/systemctl.log", encoding="ascii") as f:
                return [line.strip() for line in f if "pcscd.service" in line]
        except FileNotFoundError:
            return []

    def log(self):
        with open("/run/pcscd.log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def readers(self):
        """Of the pcscd that runs, asked by a client; it starts one if there is none."""
        if not pcscd_pid():
            start_pcscd()
        with pcsc.Client() as client:
            return sorted(client.readers())

    # Users

    def user(self, name, *groups):
        """Makes one, as `adduser` and a login do."""
        uid = FIRST_UID + self.users
        self.users += 1
        self.run("useradd", "--create-home", "--uid", str(uid), "--shell", "/bin/bash", name)
        for group in groups:
            self.run("adduser", name, group)
        os.mkdir(f"/run/user/{uid}", 0o700)
        os.chown(f"/run/user/{uid}", uid, uid)
        return User(self, pwd.getpwnam(name))


class User:
    def __init__(self, machine, entry):
        self.machine, self.name, self.uid = machine, entry.pw_name, entry.pw_uid
        self.as_user = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": entry.pw_dir, "USER": self.name,
            "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": f"/run/user/{self.uid}",
        }  # fmt: skip

    def run(self, *argv, **more):
        return self.machine.run(*self.as_user, *argv, env=self.env, **more)

    def popen(self, *argv, before=(), **more):
        """`before` is a command that root runs, and that runs what follows it."""
        return subprocess.Popen(
            [*before, *self.as_user, *argv], env=self.env, cwd="/", text=True, stdin=subprocess.DEVNULL, **more
        )

    def write(self, path, text):
        """A file of the user's, below the home directory, that nobody else can read."""
        self.run("sh", "-c", 'umask 077; cd && mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', "sh", path, text)


class MachineTest(unittest.TestCase):
    """Its tests have a machine each, with nothing of ours on it."""

    systemd = False

    def setUp(self):
        self.machine = Machine(self.systemd)
        self.addCleanup(self.machine.__exit__)


def inside():
    return os.environ.get("VICAR_TEST_MACHINE") == "1"


def why_not():
    if os.geteuid() != 0:
        return "only root can make a machine of its own for packages; as root, type: make check-system"
    probe = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces here: {probe.stderr.strip()}" if probe.returncode != 0 else None


def main():
    """Runs a test file: test_x.py BUILD [unittest arguments]."""
    global BUILD
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD [TEST...]")
    BUILD = os.path.abspath(sys.argv[1])
    if not inside():
        reason = why_not()
        if reason:
            print(f"SKIP: {reason}\n0 passed, 0 failed, 1 skipped")
            sys.exit(0)
        os.environ["VICAR_TEST_MACHINE"] = "1"
        os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])
    raise_loopback()
    del sys.argv[1]
    unittest.main(module="__main__", verbosity=2)


if __name__ == "__main__":
    stop_pcscd()
    start_pcscd()
