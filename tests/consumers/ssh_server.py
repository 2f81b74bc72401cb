"""An sshd of one's own on loopback that lets in who has the card, as the user who runs the test, and
an ssh-agent."""

import getpass
import os
import socket

from consumer import wait_for

CONFIGURATION = """ListenAddress 127.0.0.1:{port}
HostKey {home}/hostkey
PidFile none
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
"""


class SshServer:
    """Ends with the test."""

    def __init__(self, test):
        """As root in a mount namespace where /run is its own, since sshd wants a directory there."""
        self.test = test
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        test.run_program("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", test.path("hostkey"))
        allowed = test.run_program("ssh-keygen", "-i", "-m", "PKCS8", "-f", test.world.path("card.key"))
        test.write("authorized_keys", allowed.stdout)
        test.write("sshd_config", CONFIGURATION.format(port=self.port, home=test.home))
        kind, key = test.read("hostkey.pub").decode().split()[:2]
        test.write("known_hosts", f"[127.0.0.1]:{self.port} {kind} {key}\n")
        command = ("/usr/sbin/sshd", "-D", "-e", "-f", test.path("sshd_config"))
        if os.getuid() == 0:
            script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
            command = (
                "unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *command,
            )  # fmt: skip
        with open(test.path("sshd.log"), "w") as log:
            self.process = test.popen(*command, stdout=log)
        wait_for("sshd", self.listens)

    def listens(self):
        self.test.assertIsNone(self.process.poll(), self.test.read("sshd.log"))
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def login(self, *options):
        """The command of ssh, by public key and with no file of the user's own."""
        return (
            "ssh", "-F", "none", "-p", str(self.port), "-o", "PreferredAuthentications=publickey",
            "-o", f"UserKnownHostsFile={self.test.path('known_hosts')}", "-o", "IdentityFile=none",
            *options, f"{getpass.getuser()}@127.0.0.1", "echo logged in",
        )  # fmt: skip


def start_agent(test):
    """An ssh-agent that may load the module, and that ends with the test; the name of its socket."""
    path = test.path("agent")
    test.popen("ssh-agent", "-D", "-a", path, "-P", test.module)

    def listens():
        # The socket is there before anybody listens.
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(path) == 0

    wait_for("ssh-agent", listens)
    return path
