"""One private world for the system tests and the demo: its own home, its own pcscd with our reader,
its own CMD simulator, its own cards. Nothing outside a temporary directory is touched, and
everything started is stopped again.

    with World(build) as world:
        world.start_simulator()
        world.start_pcscd()
        world.enrol("maria")
        world.insert("maria")
        world.run("opensc-tool", "-a")
"""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from person import CANCEL, ENTER, Person  # noqa: F401

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOTS = 2
PHONE = "+351 912345678"
PIN = "271828"
LOCAL_PIN = "1234"
LOCAL_PUK = "12345678"


def opensc_module():
    triplet = subprocess.run(["gcc", "-print-multiarch"], stdout=subprocess.PIPE, text=True, check=True)
    return f"/usr/lib/{triplet.stdout.strip()}/opensc-pkcs11.so"


# Of the leak detector, about a process that is killed while it ends: vicard does so with a bridge whose
# answer it has when it needs the next one. It is no finding; a leak is told in other lines.
KILLED_AT_ITS_END = r"^==\d+==Unable to get registers from thread \d+\.\n"


def findings(log_path):
    """What sanitizers have written to log_path of their options."""
    found = ""
    for path in glob.glob(log_path + ".*"):
        with open(path) as f:
            found += re.sub(KILLED_AT_ITS_END, "", f.read(), flags=re.M)
    return found


def plain(build):
    """The build without sanitizers where `build` has them, for what they would hide or change."""
    return os.path.abspath(os.environ.get("VICAR_PLAIN_BUILD") or build)


def wait_for(what, condition, seconds=10):
    """Polls `condition` until it is true and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.02)


def children(parent):
    """The pids of the processes that `parent` started and that have not ended."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                state, ppid = f.read().rsplit(")", 1)[1].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(ppid) == parent and state != "Z":
            found.append(int(pid))
    return found


def ended(pid):
    """No such process, or one that nobody has waited for yet."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class World:
    reader_name = "Vicar 00 00"

    def __init__(self, build, driver=None):
        self.build = os.path.abspath(build)
        self.driver = os.path.abspath(
            driver or os.environ.get("VICAR_DRIVER") or f"{build}/libifdvicar.so"
        )
        self.dir = tempfile.mkdtemp(prefix="vicar-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.module = opensc_module()  # what pkcs11() loads
        self.person = Person()
        self.simulator = None
        self.endpoint = None
        self.inserted = set()
        # Whose pcscd is not root's must be told to the cards.
        self.pcscd_user = pwd.getpwuid(os.getuid()).pw_name if os.getuid() != 0 else None
        for name in ("home", "config", "data", "cache", "runtime", "sockets", "pcscd", "sim"):
            os.mkdir(self.path(name), 0o755 if name in ("sockets", "pcscd") else 0o700)
        os.chmod(self.path("sockets"), 0o3775)
        self.env = dict(
            PATH=os.environ["PATH"] + ":/usr/sbin:/sbin",
            HOME=self.path("home"),
            XDG_CONFIG_HOME=self.path("config"),
            XDG_DATA_HOME=self.path("data"),
            XDG_CACHE_HOME=self.path("cache"),
            XDG_RUNTIME_DIR=self.path("runtime"),
            VICAR_CONF=self.path("vicar.conf"),
            PCSCLITE_CSOCK_NAME=self.path("pcscd", "run", "pcscd.comm"),
            GPG_TTY=self.person.tty,
            LC_ALL="C.UTF-8",
            TERM="dumb",
        )
        # Sanitized programs write what they find here, and what they have lost when they end.
        self.findings = self.path("sanitizer")
        self.env["ASAN_OPTIONS"] = f"log_path={self.findings}"
        self.env["UBSAN_OPTIONS"] = f"print_stacktrace=1:log_path={self.findings}"
        self.configure()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in list(self.inserted):
            self.run(self.tool("vicar"), "remove", name, check=False)
        self.stop_pcscd()
        self.stop_simulator()
        self.person.close()
        found = findings(self.findings)
        if os.environ.get("VICAR_KEEP"):
            print(f"kept: {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if found:
            raise AssertionError("a sanitizer found:\n" + found)

    def own_module(self):
        """vicar-pkcs11.so; VICAR_TEST_MODULE names another."""
        return os.environ.get("VICAR_TEST_MODULE") or self.tool("vicar-pkcs11.so")

    def tool(self, name):
        return os.path.join(self.build, name)

    # Programs

    def popen(self, *argv, env=(), **more):
        return subprocess.Popen(
            argv,
            cwd=self.dir,
            env={**self.env, **dict(env)},
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=more.pop("stderr", subprocess.STDOUT),
            text=True,
            errors="replace",
            **more,
        )

    def run(self, *argv, check=True, timeout=120, **more):
        """Runs a program to its end; its output and exit code are in what is returned."""
        process = self.popen(*argv, **more)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"{' '.join(argv)}: no end after {timeout} s:\n{output}") from None
        done = subprocess.CompletedProcess(argv, process.returncode, output, None)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}:\n{output}")
        return done

    def vicar(self, *arguments, **more):
        return self.run(self.tool("vicar"), *arguments, **more)

    def pkcs11(self, *arguments, **more):
        return self.run("pkcs11-tool", "--module", self.module, *arguments, **more)

    # The simulated service

    def start_simulator(self, accounts=None, arguments=("--strict", "--validate")):
        if accounts is None:
            self.account()
        else:
            self.accounts(accounts)
        log = open(self.path("simulator.log"), "a")
        self.simulator = self.popen(
            self.tool("cmd-simulator"), "--directory", self.path("sim"), *arguments, stdout=log
        )
        log.close()
        # It makes its keys first.
        self.endpoint = wait_for("endpoint of the simulator", self._endpoint, 60)
        self.configure()

    def _endpoint(self):
        if self.simulator.poll() is not None:
            raise AssertionError(open(self.path("simulator.log")).read())
        try:
            with open(self.path("sim", "endpoint")) as f:
                return f.read().strip()
        except FileNotFoundError:
            return None

    def stop_simulator(self):
        if self.simulator:
            self.simulator.send_signal(signal.SIGTERM)
            self.simulator.wait(timeout=10)
            self.simulator = None
            try:
                os.unlink(self.path("sim", "endpoint"))
            except FileNotFoundError:
                pass

    def accounts(self, text):
        """Replaces the accounts of the simulator, also of a running one."""
        new = self.path("sim", "accounts.new")
        with open(new, "w") as f:
            f.write(text)
        os.chmod(new, 0o600)
        os.rename(new, self.path("sim", "accounts.conf"))

    def account(self, **knobs):
        """The one usual account, with these knobs."""
        lines = ["[account maria]", f"phone = {PHONE}", f"pin = {PIN}", "key = rsa3072"]
        lines += [f"{key.replace('_', '-')} = {value}" for key, value in knobs.items()]
        self.accounts("\n".join(lines) + "\n")

    def calls(self, operation=None):
        try:
            with open(self.path("sim", "calls")) as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if operation is None or operation in line.split()]

    def messages(self):
        try:
            with open(self.path("sim", "messages")) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def code(self):
        """The code of the newest text message, as the person reads it from the phone."""
        return re.findall(r"\b(\d{6})\b", self.messages()[-1])[-1]

    # Configuration

    def configure(self, service=(), **sections):
        """Writes vicar.conf; `service` and `prompt=`, `card=` are dictionaries of keys that differ."""
        settings = {
            "card": {"socket-directory": self.path("sockets"), "pcscd-user": self.pcscd_user},
            "prompt": {"pinentry": "/usr/bin/pinentry-tty", "timeout-s": 20},
        }
        if self.endpoint:
            settings["service cmd"] = {
                "type": "cmd",
                "profile": "simulator",
                "endpoint": self.endpoint,
                "ca-file": self.path("sim", "tls-ca.pem"),
                "encryption-certificate": self.path("sim", "cifra.pem"),
                "credentials": self.path("sim", "credentials"),
                **dict(service),
            }
        for section, keys in sections.items():
            settings[section].update(keys)
        with open(self.path("vicar.conf"), "w") as f:
            for section, keys in settings.items():
                f.write(f"[{section}]\n")
                f.writelines(f"{key} = {value}\n" for key, value in keys.items() if value is not None)

    # Reader and cards

    def start_pcscd(self, words=""):
        """`words` follow the number of slots in DEVICENAME, as ":pinpad"."""
        self.run(
            os.path.join(ROOT, "tests/system/private-pcscd.sh"),
            "start",
            self.path("pcscd"),
            f"vicar:{self.path('sockets')}:{SLOTS}{words}",
            self.driver,
        )

    def stop_pcscd(self):
        self.run(
            os.path.join(ROOT, "tests/system/private-pcscd.sh"), "stop", self.path("pcscd"), check=False
        )

    def cards(self):
        """How many slots of our reader hold a card, as pcscd tells its clients."""
        listed = self.run("opensc-tool", "-l", check=False).stdout
        return len(re.findall(r"^\d+ +Yes .*Vicar", listed, re.M))

    def wait_card(self, present=True, seconds=10):
        """Waits until pcscd says that there is a card, or that there is none."""
        what = "card in the reader" if present else "empty reader"
        wait_for(what, lambda: (self.cards() > 0) == present, seconds)

    def write_private(self, name, text):
        path = self.path(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)
        return path

    def enrol(self, name, *arguments):
        account = self.write_private("account", f"[account]\nphone = {PHONE}\n")
        return self.vicar("enrol", name, "--service", "cmd", "--account", account, *arguments)

    def create(self, name, *arguments, pins=None):
        """`pins` are lines of a PIN file."""
        lines = pins or f"pin = {LOCAL_PIN}\npuk = {LOCAL_PUK}\n"
        path = self.write_private("pins", lines)
        return self.vicar("create", name, "--pin-file", path, *arguments)

    def insert(self, name):
        done = self.vicar("insert", name)
        self.inserted.add(name)
        return done

    def remove(self, name):
        done = self.vicar("remove", name)
        self.inserted.discard(name)
        return done

    def journal(self, name):
        try:
            with open(self.path("data", "vicar", "cards", name, "journal")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # The person's usual answers

    def agrees(self):
        return (r"Sign with the card", "s")

    def types_code(self):
        return ("[Cc]ode", lambda seen: self.code() + ENTER)


def main():
    """Runs a test file: test_x.py BUILD [unittest arguments]."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD [TEST...]")
    global BUILD
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)


BUILD = "build"
