"""A program of any user on the bus at argv[1], which sends to everybody there what systemd-logind would say.

Commands: lock, locked-hint and inactive of the session `own`, sleep, and heir: the bus is said to have made it
logind. Says `sent` when the bus has taken what was sent.
"""

import sys

import dbus
import dbus.lowlevel

LOGIND, BUS = "org.freedesktop.login1", "org.freedesktop.DBus"
ROOT = "/org/freedesktop/login1"
OWN = f"{ROOT}/session/own"


def changed(name, value):
    return OWN, dbus.PROPERTIES_IFACE, "PropertiesChanged", (
        f"{LOGIND}.Session", dbus.Dictionary({name: dbus.Boolean(value)}, signature="sv"),
        dbus.Array([], signature="s"))  # fmt: skip


def signals(command, us):
    return {
        "lock": (OWN, f"{LOGIND}.Session", "Lock", ()),
        "locked-hint": changed("LockedHint", True),
        "inactive": changed("Active", False),
        "sleep": (ROOT, f"{LOGIND}.Manager", "PrepareForSleep", (dbus.Boolean(True),)),
        "heir": ("/org/freedesktop/DBus", BUS, "NameOwnerChanged", (LOGIND, "", us)),
    }[command]


def main():
    bus = dbus.bus.BusConnection(sys.argv[1])
    daemon = bus.get_object(BUS, "/org/freedesktop/DBus")
    us = bus.get_unique_name()
    print("ready")
    for line in sys.stdin:
        path, interface, member, arguments = signals(line.strip(), us)
        # One by one: to nobody in particular would reach nobody, of whose matches the sender is part.
        for name in daemon.ListNames():
            if name.startswith(":") and name != us:
                signal = dbus.lowlevel.SignalMessage(path, interface, member)
                signal.set_destination(name)
                signal.append(*arguments)
                bus.send_message(signal)
        bus.flush()
        daemon.GetId()
        print("sent")


if __name__ == "__main__":
    main()
