#!/usr/bin/env python3
"""How vicard starts and ends: wrong input, second instances, stale sockets, the background, the
service manager."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ended, wait_for  # noqa: E402
from vicard_world import (  # noqa: E402
    POWER_ON,
    PSO,
    VicardTest,
    main,
    may_lock,
)


class Starting(VicardTest):
    def fails(self, *arguments, code=1, env=()):
        done = self.run_tool("vicard", "--foreground", *arguments, check=False, env=env)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_help_and_version(self):
        self.assertIn("Usage: vicard", self.run_tool("vicard", "--help").stdout)
        self.assertRegex(self.run_tool("vicard", "--version").stdout, r"^vicard \d")

    def test_wrong_usage_is_exit_2(self):
        for arguments, reason in (
            ((), "the NAME of a card is missing"),
            (("--nothing", "work"), "there is no option --nothing"),
            (("work", "--config"), "an argument is missing after --config"),
            (("work", "home"), "one argument too many: home"),
            (("--cleartext-network", "work"), "--cleartext-network is for --vpcd, which is missing"),
        ):
            with self.subTest(arguments):
                self.assertEqual(
                    self.fails(*arguments, code=2), f"vicard: {reason}; type: vicard --help\n"
                )

    def test_an_unknown_card(self):
        self.assertRegex(self.fails("home"), r"there is no card home in .*vicar list")

    def test_a_name_that_is_a_path(self):
        self.assertIn("no card's name", self.fails("../work"))

    def test_a_bad_configuration_is_told_with_file_and_line(self):
        with open(self.path("vicar.conf"), "a") as f:
            f.write("[card]\npin-tires = 2\n")
        self.assertRegex(self.fails("work"), r"vicar\.conf:\d+: pin-tires is no key of \[card\]")

    def test_another_configuration_may_be_named(self):
        self.assertIn("other.conf", self.fails("--config", self.path("other.conf"), "work"))

    def test_an_unknown_personality_is_told_with_those_that_are_known(self):
        self.edit_card("personality = fineid-v2", "personality = fineid-v9")
        self.assertRegex(self.fails("work"), r"fineid-v9.*cc-v1.*fineid-v2")

    def test_a_broken_image(self):
        self.edit_card("[card]", "[cart]")
        self.assertIn("card.conf", self.fails("work"))

    def test_a_service_that_is_not_configured(self):
        self.edit_card("service = cmd", "service = other")
        self.assertIn("add [service other]", self.fails("work"))

    def test_an_unknown_pcscd_user(self):
        self.configure(pcscd_user="nobody-at-all")
        self.assertIn("no user of this machine", self.fails("work"))

    def test_a_missing_socket_directory(self):
        os.rmdir(self.path("sockets"))
        self.assertRegex(self.fails("work"), r"its directory is missing; type `systemd-tmpfiles")

    def test_a_missing_runtime_directory(self):
        self.assertIn(
            "XDG_RUNTIME_DIR", self.fails("work", env={"XDG_RUNTIME_DIR": "/nonexistent"})
        )

    def test_a_second_vicard_names_the_first(self):
        first = self.insert()
        self.assertIn(str(first.pid), self.fails("work"))
        self.assertEqual(self.status("pid"), str(first.pid))

    def test_a_dead_socket_is_replaced(self):
        process = self.insert()
        process.kill()
        process.wait()
        self.assertTrue(os.path.exists(self.link))
        os.unlink(self.path("log"))
        self.insert()
        self.reader()

    def test_a_socket_on_which_somebody_listens_stays(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
            other.bind(self.link)
            other.listen()
            self.assertIn("somebody already listens", self.fails("work"))
        self.assertTrue(os.path.exists(self.link))

    def test_a_file_in_the_way_stays(self):
        with open(self.link, "w") as f:
            f.write("precious")
        self.assertIn("is in the way", self.fails("work"))
        with open(self.link) as f:
            self.assertEqual(f.read(), "precious")

    def test_memory_that_cannot_be_locked(self):
        process = self.insert(under=may_lock(0), ready=False)
        self.assertEqual(process.wait(30), 1)
        self.assertIn("cannot be locked", self.log())

    def test_locked_memory_for_secrets_alone_is_enough(self):
        """The 64 KiB that older systems allow; heap and stack are not locked then."""
        self.edit_card("service = cmd", "service = file")
        self.insert(under=may_lock(64 * 1024))
        reader = self.reader()
        reader.ready_to_sign()
        self.assertEqual(reader.transmit(PSO)[0], 0x61)

    def test_no_core_no_debugger_of_the_same_user_and_files_for_the_owner(self):
        process = self.insert()
        with open(f"/proc/{process.pid}/limits") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0 ")
        with open(f"/proc/{process.pid}/status") as f:
            self.assertRegex(f.read(), r"Umask:\s+0077\n")
        mode = os.stat(self.path("runtime", "vicar", "work.ctl")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_without_foreground_it_returns_when_the_card_is_in(self):
        done = self.run_tool("vicard", "work")
        self.assertEqual(done.returncode, 0)
        pid = int(self.status("pid"))
        self.addCleanup(lambda: ended(pid) or os.kill(pid, signal.SIGKILL))
        self.reader().ask(POWER_ON)
        self.assertEqual(self.control("remove"), "ok\n")
        wait_for("end of vicard", lambda: ended(pid), 5)

    def test_in_the_background_a_failure_is_still_told(self):
        done = self.run_tool("vicard", "home", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no card home", done.stdout)

    def test_without_standard_streams_nothing_is_logged_into_a_file_of_the_card(self):
        process = subprocess.Popen(
            ["sh", "-c", f"exec {self.path('bin', 'vicard')} --foreground work <&- >&- 2>&-"],
            env=self.env,
        )
        self.addCleanup(self.end, process)
        wait_for("vicard", lambda: os.path.exists(self.link))
        reader = self.reader()
        self.assertRegex(self.control("status"), "^ok")
        reader.socket.send(b"\x00")
        self.assertEqual(reader.answer(), b"")
        # Nobody but root looks into the process of a card.
        for fd in range(3 if os.geteuid() == 0 else 0):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
        for name in ("journal", "lock", "state"):
            if os.path.exists(self.card(name)):
                with open(self.card(name)) as f:
                    self.assertNotIn("vicard: ", f.read())

    def test_the_service_manager_is_told_when_the_card_is_ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(10)
            manager.bind(self.path("notify"))
            self.insert(env={"NOTIFY_SOCKET": self.path("notify")})
            self.assertEqual(manager.recv(100), b"READY=1")

    def activated(self, listening, fds="1"):
        """vicard with `listening` as descriptor 3, as systemd hands it over."""
        source = (
            "import os,sys; os.dup2(int(sys.argv[1]),3); os.set_inheritable(3,True);"
            "os.environ.update(LISTEN_PID=str(os.getpid()),LISTEN_FDS=sys.argv[2]);"
            "os.execv(sys.argv[3],sys.argv[3:])"
        )
        log = open(self.path("log"), "a")
        process = subprocess.Popen(
            [sys.executable, "-c", source, str(listening.fileno()), fds,
             self.path("bin", "vicard"), "work"],
            env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=(listening.fileno(),),
        )  # fmt: skip
        log.close()
        self.addCleanup(self.end, process)
        return process

    def test_a_socket_of_the_service_manager_is_used_and_left(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(self.link)
            listening.listen()
            process = self.activated(listening)
            self.reader().ask(POWER_ON)
            self.assertEqual(self.status("socket"), self.link)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=5), 0)
        self.assertTrue(os.path.exists(self.link))

    def test_a_wrong_socket_of_the_service_manager_is_refused(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(self.link)
            listening.listen()
            self.assertEqual(self.activated(listening).wait(timeout=10), 1)
        self.assertIn("ListenSequentialPacket", self.log())

    def test_two_sockets_of_the_service_manager_are_refused(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(self.link)
            listening.listen()
            self.assertEqual(self.activated(listening, fds="2").wait(timeout=10), 1)

    def test_for_the_journal_lines_have_priorities(self):
        # systemd.exec(5): device and inode of standard error.
        with open(self.path("log"), "a") as log:
            is_log = os.fstat(log.fileno())
        self.insert(env={"JOURNAL_STREAM": f"{is_log.st_dev}:{is_log.st_ino}"})
        self.assertTrue(self.log().startswith("<6>card work"), self.log())


class LocalKey(VicardTest):
    remote = False

    def anonymous_kib(self, pid):
        with open(f"/proc/{pid}/status") as f:
            return int(re.search(r"RssAnon:\s+(\d+) kB", f.read())[1])

    def test_the_memory_that_opening_a_key_takes_goes_back_to_the_system(self):
        # A sanitizer keeps what was freed, unless it is told not to.
        self.env["ASAN_OPTIONS"] += ":quarantine_size_mb=0"
        process = self.insert()
        reader = self.reader()
        reader.ask(POWER_ON)
        before = self.anonymous_kib(process.pid)
        for _ in range(3):
            reader.ready_to_sign()
        # scrypt took 16 MiB each time.
        self.assertLess(self.anonymous_kib(process.pid) - before, 4096)


if __name__ == "__main__":
    main()
