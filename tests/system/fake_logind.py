"""systemd-logind as far as vicard listens to it, on the bus at argv[1] (org.freedesktop.login1(5)).

Commands: lock SESSION, unlock SESSION, set SESSION PROPERTY true|false, remove SESSION, sleep true|false.
SESSION is `own` or `other`, whose users are ours and another one. Says `ready`, `inhibited` when somebody
wants to be told before sleep, and `released` when that ends.
"""

import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
ROOT = "/org/freedesktop/login1"


class Manager(dbus.service.Object):
    @dbus.service.method(MANAGER, in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):
        assert (what, who, mode) == ("sleep", "vicard", "delay"), (what, who, mode)
        ours, theirs = os.pipe()
        GLib.io_add_watch(ours, GLib.IO_HUP, self.released)
        print("inhibited")
        answer = dbus.types.UnixFd(theirs)
        os.close(theirs)
        return answer

    def released(self, fd, _):
        print("released")
        os.close(fd)
        return False

    @dbus.service.signal(MANAGER, signature="b")
    def PrepareForSleep(self, begins):
        pass


class Session(dbus.service.Object):
    def __init__(self, bus, name, uid):
        super().__init__(bus, f"{ROOT}/session/{name}")
        self.uid = uid

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        assert (interface, name) == (SESSION, "User"), (interface, name)
        return dbus.Struct((dbus.UInt32(self.uid), dbus.ObjectPath(f"{ROOT}/user/_{self.uid}")), signature="uo")

    @dbus.service.signal(dbus.PROPERTIES_IFACE, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass

    @dbus.service.signal(SESSION, signature="")
    def Lock(self):
        pass

    @dbus.service.signal(SESSION, signature="")
    def Unlock(self):
        pass


def main():
    bus = dbus.bus.BusConnection(sys.argv[1], mainloop=dbus.mainloop.glib.DBusGMainLoop())
    name = dbus.service.BusName("org.freedesktop.login1", bus)
    manager = Manager(bus, ROOT)
    sessions = {"own": Session(bus, "own", os.getuid()), "other": Session(bus, "other", os.getuid() + 1)}
    loop = GLib.MainLoop()

    def obey(fd, _):
        commands = os.read(fd, 4096).decode().splitlines()
        for command in commands:
            do(command.split())
        if not commands:
            loop.quit()
        return bool(commands)

    def do(words):
        if words[0] == "sleep":
            manager.PrepareForSleep(words[1] == "true")
            return
        session = sessions[words[1]]
        if words[0] == "lock":
            session.Lock()
        elif words[0] == "unlock":
            session.Unlock()
        elif words[0] == "remove":  # what logind does at a logout
            session.PropertiesChanged(SESSION, {"Active": False}, [])
            session.remove_from_connection()
        else:
            # As logind does it, with others beside.
            changed = {"IdleHint": True, words[2]: words[3] == "true", "State": "x"}
            session.PropertiesChanged(SESSION, changed, ["Invalidated"])

    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, obey)
    print("ready")
    loop.run()
    del name


if __name__ == "__main__":
    main()
