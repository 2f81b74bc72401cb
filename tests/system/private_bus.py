"""A dbus-daemon of one's own, and programs of tests/system/ on it that play a service of the desktop.
They are run by the system's Python, which has python3-dbus."""

import os
import subprocess

from harness import wait_for

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


class PrivateBus:
    """`address` is for DBUS_SYSTEM_BUS_ADDRESS or DBUS_SESSION_BUS_ADDRESS."""

    def __init__(self, directory):
        self.directory = directory
        self.path = os.path.join(directory, "bus")
        self.address = f"unix:path={self.path}"
        with open(os.path.join(directory, "bus.conf"), "w") as f:
            f.write(CONFIGURATION.format(address=self.address))
        self.services = []
        self.start()

    def start(self):
        with open(os.path.join(self.directory, "bus.log"), "w") as log:
            self.daemon = subprocess.Popen(
                ["dbus-daemon", "--nofork", f"--config-file={self.directory}/bus.conf"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for("bus", lambda: os.path.exists(self.path) or self.daemon.poll() is not None)

    def service(self, name):
        """The program tests/system/NAME.py, once it says that it is ready."""
        service = Service(name, self.address)
        self.services.append(service)
        service.wait("ready")
        return service

    def stop(self):
        for process in [service.process for service in self.services] + [self.daemon]:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=10)
        for service in self.services:
            service.close()
        self.services = []
        if os.path.exists(self.path):
            os.unlink(self.path)


class Service:
    """Commands go to it a line each; what it says is a line each."""

    def __init__(self, name, address):
        self.name = name
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
        self.log = os.path.join(os.path.dirname(address.partition("=")[2]), f"{name}.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", "-u", program, address], stdin=subprocess.PIPE, stdout=log,
                stderr=log, text=True,
            )  # fmt: skip

    def close(self):
        self.process.stdin.close()

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def said(self):
        with open(self.log) as f:
            return f.read().splitlines()

    def wait(self, line, count=1):
        """Until it has said this so many times."""

        def found():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended: {self.said()}")
            return self.said().count(line) >= count

        wait_for(f"'{line}' of {self.name}", found)
