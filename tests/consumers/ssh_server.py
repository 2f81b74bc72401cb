"""An sshd that lets in who has the card, and an ssh-agent."""

import socket

from consumer import wait_for
from sshd import Sshd


class SshServer(Sshd):
    """Ends with the test."""

    def __init__(self, test):
        allowed = test.run_program("ssh-keygen", "-i", "-m", "PKCS8", "-f", test.world.path("card.key"))
        super().__init__(test.home, allowed.stdout, test.popen)

    def login(self, *options):
        """The command of ssh, with no key but the card's."""
        return (*self.ssh("-o", "IdentityFile=none", *options), "echo logged in")


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
