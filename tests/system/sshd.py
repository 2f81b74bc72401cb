"""An sshd of one's own on loopback, which lets in the user who runs the test by public key. Nothing of
the system's is touched: own port, own host key, own configuration, no PAM."""

import getpass
import os
import socket
import subprocess

from harness import wait_for

CONFIGURATION = """ListenAddress 127.0.0.1:{port}
HostKey {directory}/hostkey
PidFile none
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
"""


class Sshd:
    """Its files are in `directory`, which must be there. `popen` starts it, and is world.popen or one
    that ends it with the test; close() ends it too."""

    def __init__(self, directory, authorized, popen):
        """As root in a mount namespace where /run is its own, since sshd wants a directory there."""
        self.directory = directory
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        keygen(self.path("hostkey"))
        self.write("authorized_keys", authorized)
        self.write("sshd_config", CONFIGURATION.format(port=self.port, directory=directory))
        kind, key = self.read("hostkey.pub").split()[:2]
        self.write("known_hosts", f"[127.0.0.1]:{self.port} {kind} {key}\n")
        command = ("/usr/sbin/sshd", "-D", "-e", "-f", self.path("sshd_config"))
        if os.getuid() == 0:
            script = 'mount -t tmpfs none "$0" && mkdir "$0/sshd" && exec "$@"'
            command = (
                "unshare", "-m", "--propagation", "private", "sh", "-c", script, "/run", *command,
            )  # fmt: skip
        with open(self.path("sshd.log"), "w") as log:
            self.process = popen(*command, stdout=log)
        wait_for("sshd", self.listens)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(self.read("sshd.log"))
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def ssh(self, *options):
        """The beginning of ssh's command line, with no file of the user's own; a command may follow."""
        return (
            "ssh", "-F", "none", "-p", str(self.port), "-o", "PreferredAuthentications=publickey",
            "-o", f"UserKnownHostsFile={self.path('known_hosts')}", *options,
            f"{getpass.getuser()}@127.0.0.1",
        )  # fmt: skip

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=10)


def keygen(path):
    """A key pair, and the text of its public key."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, check=True, timeout=60,
    )  # fmt: skip
    with open(path + ".pub") as f:
        return f.read()
