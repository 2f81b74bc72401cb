"""A desktop's notification server (Desktop Notifications Specification 1.2) on the bus at argv[1]. Says
`ready`, then each notification as one line of Python: (application, summary, body)."""

import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

INTERFACE = "org.freedesktop.Notifications"


class Notifications(dbus.service.Object):
    @dbus.service.method(INTERFACE, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, application, replaces, icon, summary, body, actions, hints, timeout):
        print((str(application), str(summary), str(body)))
        return 1

    @dbus.service.method(INTERFACE, in_signature="", out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup"]

    @dbus.service.method(INTERFACE, in_signature="", out_signature="ssss")
    def GetServerInformation(self):
        return ("fake", "vicar", "1", "1.2")


def main():
    bus = dbus.bus.BusConnection(sys.argv[1], mainloop=dbus.mainloop.glib.DBusGMainLoop())
    name = dbus.service.BusName(INTERFACE, bus)
    server = Notifications(bus, "/org/freedesktop/Notifications")
    loop = GLib.MainLoop()
    GLib.io_add_watch(0, GLib.IO_HUP, lambda *_: loop.quit())
    print("ready")
    loop.run()
    del name, server


if __name__ == "__main__":
    main()
