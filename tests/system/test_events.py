#!/usr/bin/env python3
"""Commands at events, on-insert, on-ready and on-remove of vicar.conf: what they are told, that nobody waits
for them, and what is said of those that fail."""

import contextlib
import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import vicard_world  # noqa: E402
from harness import ended, wait_for  # noqa: E402
from vicard_world import POWER_ON, POWERED, VicardTest  # noqa: E402

# Each run leaves a file: its arguments, and what it found in its environment. The signal mask is read by the
# shell itself before it starts anything: dash blocks all signals around vfork and clears the mask behind it.
SCRIPT = """#!/bin/sh
while read -r name value; do
	[ "$name" != SigBlk: ] || mask=$value
done </proc/$$/status
cd {dir} || exit
ls /proc/$$/fd >fds
event=$VICAR_EVENT
{{
	echo "$event args=$*"
	env | grep -E '^(VICAR_|LISTEN_|NOTIFY_)' | sort | tr '\\n' ' '
	echo
	echo "$mask"
	id -u
}} >events.$event.new
{more}
mv events.$event.new events.$event
"""


class Events(VicardTest):
    remote = False

    def script(self, more=""):
        path = self.path("command")
        with open(path, "w") as f:
            f.write(SCRIPT.format(dir=self.dir, more=more))
        os.chmod(path, 0o755)
        return path

    def commands(self, **keys):
        """Adds them to [card]."""
        self.configure()
        with open(self.path("vicar.conf")) as f:
            text = f.read()
        lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())
        with open(self.path("vicar.conf"), "w") as f:
            f.write(text.replace("[card]\n", "[card]\n" + lines))

    def happened(self, event):
        def read():
            with contextlib.suppress(FileNotFoundError), open(self.path(f"events.{event}")) as f:
                return f.read()
            return None

        return wait_for(f"command at {event}", read, 30)

    def end_well(self, process, seconds=30):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=seconds), 0, self.log())

    def test_each_event_is_told_with_the_card_its_kind_and_its_socket(self):
        command = self.script()
        self.commands(on_insert=f"{command} a  b", on_ready=command, on_remove=command)
        process = self.insert(env={"SECRET": "no"})
        self.happened("insert")
        reader = self.reader()
        self.assertFalse(os.path.exists(self.path("events.ready")))
        self.assertEqual(reader.ask(POWER_ON)[0], POWERED)
        self.happened("ready")
        reader.close()
        self.end_well(process)
        for event, arguments in (("insert", "a b"), ("ready", ""), ("remove", "")):
            with self.subTest(event):
                lines = self.happened(event).splitlines()
                self.assertEqual(lines[0], f"{event} args={arguments}")
                self.assertEqual(
                    lines[1].split(),
                    ["VICAR_CARD=work", f"VICAR_CONF={self.path('vicar.conf')}",
                     f"VICAR_EVENT={event}", "VICAR_PERSONALITY=fineid-v2",
                     f"VICAR_SOCKET={self.link}"],
                )  # fmt: skip
                self.assertEqual(int(lines[2], 16), 0)
                self.assertEqual(lines[3], str(os.geteuid()))
        with open(self.path("fds")) as f:
            # Standard ones and the shell's script: nothing of vicard's.
            self.assertLessEqual(set(f.read().split()), {"0", "1", "2", "10", "11", "255"})

    def test_each_reader_that_takes_the_card_is_told_once(self):
        command = self.script(more="echo x >>count")
        self.commands(on_ready=command)
        process = self.insert()
        for _ in range(2):
            reader = self.reader()
            reader.ask(POWER_ON)
            self.happened("ready")
            reader.ask(POWER_ON)
            reader.close()
            os.unlink(self.path("events.ready"))
        self.end_well(process)
        with open(self.path("count")) as f:
            self.assertEqual(f.read(), "x\nx\n")

    def test_the_card_answers_while_its_command_runs_and_a_late_command_is_ended(self):
        command = self.script(more="echo $$ >pid; sleep 1000")
        self.commands(on_insert=command, event_timeout_s=1)
        process = self.insert()
        wait_for("pid of the command", lambda: os.path.exists(self.path("pid")))
        reader = self.reader()
        self.assertEqual(reader.ask(POWER_ON)[0], POWERED)
        self.assertEqual(reader.transmit(bytes.fromhex("00A4000C023F00")), b"\x90\x00")
        wait_for("end of the command", lambda: "event-timeout-s" in self.log())
        with open(self.path("pid")) as f:
            pid = int(f.read())
        wait_for("end of the command", lambda: ended(pid))
        wait_for("word on its end", lambda: "on-insert was ended by signal 9" in self.log())
        self.end_well(process)

    def test_no_shell_reads_the_command(self):
        command = self.script()
        self.commands(on_insert=f"{command} $HOME `id` >{self.path('written')} | 'a")
        process = self.insert()
        said = self.happened("insert").splitlines()[0]
        self.assertEqual(said, f"insert args=$HOME `id` >{self.path('written')} | 'a")
        self.assertFalse(os.path.exists(self.path("written")))
        self.end_well(process)

    def test_what_it_writes_is_in_the_log_and_its_end_too(self):
        command = self.script(more="echo one; printf 'two\\033[2J' >&2; exit 3")
        self.commands(on_insert=command)
        process = self.insert()
        wait_for("word on its end", lambda: "on-insert ended with exit status 3" in self.log())
        self.assertIn("on-insert: one\n", self.log())
        self.assertIn("on-insert: two?[2J\n", self.log())
        self.end_well(process)

    def test_a_flood_does_not_fill_the_log_nor_stop_the_card(self):
        command = self.script(more="yes | head -c 10000000")
        self.commands(on_insert=command)
        process = self.insert()
        self.happened("insert")
        self.assertEqual(self.reader().ask(POWER_ON)[0], POWERED)
        self.assertLess(len(self.log()), 400000)
        self.end_well(process)

    def test_one_that_cannot_be_started_is_told_and_the_card_works(self):
        self.commands(on_insert=self.path("nothing"), on_remove=self.script() + " a" * 32)
        process = self.insert()
        wait_for("word on it", lambda: "nothing cannot be started: No such file" in self.log())
        self.assertEqual(self.reader().ask(POWER_ON)[0], POWERED)
        self.end_well(process)
        self.assertIn("on-remove in vicar.conf has more than 32 words", self.log())

    def test_a_path_that_is_not_absolute_is_refused(self):
        self.commands(on_insert="logger in")
        process = self.insert(ready=False)
        self.assertEqual(process.wait(timeout=30), 1)
        self.assertRegex(self.log(), "on-insert = logger in: allowed is a program's path")

    def test_whoever_takes_the_card_out_does_not_wait_for_the_command(self):
        command = self.script(more="while ! test -e go; do sleep 0.05; done")
        self.commands(on_remove=command, event_timeout_s=60)
        self.insert()
        start = time.monotonic()
        self.assertEqual(self.control("remove"), "ok\n")
        self.run_tool("vicar", "status", "work", check=False)
        wait_for("start of the command", lambda: os.path.exists(self.path("events.remove.new")))
        # The card may be put in again meanwhile.
        self.assertFalse(os.path.exists(self.path("events.remove")))
        self.assertFalse(os.path.exists(self.link))
        again = self.insert(ready=False)
        wait_for("the card again", lambda: re.findall("is in;", self.log())[1:])
        self.assertIsNone(again.poll())
        self.assertLess(time.monotonic() - start, 50)
        with open(self.path("go"), "w"):
            pass
        self.happened("remove")


if __name__ == "__main__":
    vicard_world.main()
