#!/usr/bin/env python3
"""What all programs have in common: --help, exit codes 0, 1 and 2, errors on standard error, man
pages that know each option; and what `make install` installs."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import ROOT, World  # noqa: E402

PROGRAMS = ("vicar", "vicard", "vicar-bridge", "cmd-simulator", "csc-simulator",
            "ccid-simulator", "apdu-replay")
COMMANDS = (
    "enrol", "create", "import", "insert", "remove", "swap", "list", "status", "pin", "sign", "verify", "log", "trace", "prompt",
    "forget", "doctor", "cert", "renew", "service", "module", "atr",
)  # fmt: skip
PAGES = {
    "vicar": "vicar.1",
    "vicard": "vicard.8",
    "cmd-simulator": "cmd-simulator.1",
    "csc-simulator": "csc-simulator.1",
    "ccid-simulator": "ccid-simulator.1",
    "apdu-replay": "apdu-replay.1",
}


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(harness.BUILD)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def call(self, *argv, code):
        """Standard output and standard error of a program that must end with this code."""
        done = subprocess.run(
            [self.world.tool(argv[0]), *argv[1:]], env=self.world.env, cwd=self.world.dir,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, code, (argv, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def is_told_on_standard_error(self, *argv, code):
        output, error = self.call(*argv, code=code)
        self.assertEqual(output, "", argv)
        self.assertTrue(error.strip(), argv)
        return error

    def helps(self):
        for program in PROGRAMS:
            yield (program,), self.call(program, "--help", code=0)
        for command in COMMANDS:
            yield ("vicar", command), self.call("vicar", command, "--help", code=0)

    def test_help_is_on_standard_output(self):
        for argv, (output, error) in self.helps():
            with self.subTest(argv):
                self.assertRegex(output, rf"^Usage: {' '.join(argv)}\b")
                self.assertRegex(output, r"\nOptions:\n")
                self.assertRegex(output, r"\nExit status: 0 ")
                self.assertEqual(error, "")
                self.assertEqual(self.call(*argv, "-h", code=0), (output, ""))

    def test_the_version_is_one_line(self):
        for program in PROGRAMS:
            with self.subTest(program):
                output, error = self.call(program, "--version", code=0)
                self.assertRegex(output, rf"^{program} \d+\.\d+\.\d+\n$")
                self.assertEqual(error, "")
                self.assertEqual(self.call(program, "-V", code=0), (output, ""))

    def test_wrong_usage_is_2(self):
        for argv in (
            *((program, "--no-such-option") for program in PROGRAMS),
            *((program,) for program in PROGRAMS),
            *(("vicar", command, "--no-such-option") for command in COMMANDS),
            ("vicar", "no-such-command"),
            ("vicar", "enrol", "anna"),
            ("vicar", "create", "anna", "--add", "--role", "auth", "--option", "variant=mi"),
            ("vicar", "import", "anna", "anna.p12", "--add", "--option", "variant=mi"),
            ("vicar", "insert"),
            ("vicar", "insert", "anna", "--wait", "soon"),
            ("vicar", "pin", "open", "anna"),
            ("vicar", "cert", "show", "anna"),
            ("vicar", "service", "sign", "cmd"),
            ("vicar", "service", "check", "cmd", "--account", "x", "--card", "anna"),
            ("vicar", "atr", "3B0214"),
            ("vicard", "anna", "berta"),
            ("cmd-simulator", "--directory", "x", "--port", "99999"),
            ("csc-simulator", "--directory", "x", "--port", "99999"),
            ("ccid-simulator", "--model", "abacus", "anna"),
            ("ccid-simulator", "--slow-ms", "soon", "anna"),
            ("ccid-simulator", "--empty", "anna"),
        ):
            with self.subTest(argv):
                self.is_told_on_standard_error(*argv, code=2)

    def test_what_fails_is_1_and_names_the_thing(self):
        with open(self.world.path("file"), "w") as f:
            f.write("x")
        for argv, thing in (
            (("vicar", "insert", "anna"), "anna"),
            (("vicar", "remove", "anna"), "anna"),
            (("vicar", "log", "anna"), "anna"),
            (("vicar", "forget", "--yes", "anna"), "anna"),
            (("vicar", "pin", "unblock", "anna"), "anna"),
            (("vicar", "cert", "list", "anna"), "anna"),
            (("vicar", "enrol", "anna", "--service", "none"), "none"),
            (("vicar", "service", "check", "none"), "none"),
            (("vicar", "create", "anna", "--card", "none"), "none"),
            (("vicard", "--foreground", "anna"), "anna"),
            (("cmd-simulator", "--directory", self.world.path("file")), "file"),
            (("csc-simulator", "--directory", self.world.path("file")), "file"),
            (("ccid-simulator", "anna"), "anna"),
            (("ccid-simulator", "--empty", "--link", "reader"), "reader"),
            (("ccid-simulator", "--empty", "--link", self.world.path("a b")), "a b"),
            (("ccid-simulator", "--empty", "--link", self.world.path("file")), "file"),
            (("ccid-simulator", "--empty", "--reader-conf", self.world.path("file")), "file"),
        ):
            with self.subTest(argv):
                self.assertIn(thing, self.is_told_on_standard_error(*argv, code=1))

    def test_a_card_of_each_kind_to_try_things_with_takes_one_command(self):
        kinds = re.findall(r"^(\S+) ", self.call("vicar", "list", "--personalities", code=0)[0], re.M)
        self.assertGreater(len(kinds), 5)
        for kind in kinds:
            with self.subTest(kind):
                output, _ = self.call("vicar", "create", "--demo", f"demo-{kind}", "--card", kind, code=0)
                self.assertIn("123456", output)
                self.assertIn(f"vicar insert demo-{kind}\n", output)
        self.assertIn("vicar insert demo\n", self.call("vicar", "create", "--demo", code=0)[0])
        self.is_told_on_standard_error("vicar", "create", "--demo", code=1)
        self.is_told_on_standard_error("vicar", "create", "demo", "--demo", "--add", "--role", "auth", code=2)

    def test_a_replayed_answer_that_differs_is_1(self):
        with open(self.world.path("differs.apdu"), "w") as f:
            f.write("source nowhere\ncard fineid-v2 key=rsa2048\nreset\n> 00A4000C023F00\n< 6A82\n")
        fixtures = os.path.join(ROOT, "tests/fixtures/replay")
        self.call("apdu-replay", "--fixtures", fixtures, self.world.path("differs.apdu"), code=1)

    def test_an_image_is_made_of_one_block_with_local_keys_and_nothing_that_is_there_is_touched(self):
        os.mkdir(self.world.path("there"))
        block, steps = "source nowhere\ncard fineid-v2{}\n", "> 00A4000C023F00\n< 9000\n"
        for text, directory, thing in (
            (2 * (block.format("") + steps), "new", "one block"),
            (block.format(" key=sign,remote") + steps, "new", "`sign` is remote"),
            (block.format("") + steps, "there", "there"),
            (block.format("") + steps, "no name", "no card's name"),
        ):
            with self.subTest(thing):
                with open(self.world.path("image.apdu"), "w") as f:
                    f.write(text)
                error = self.is_told_on_standard_error(
                    "apdu-replay", "--fixtures", os.path.join(ROOT, "tests/fixtures/replay"),
                    "--image", self.world.path(directory), self.world.path("image.apdu"), code=2,
                )  # fmt: skip
                self.assertIn(thing, error)
        self.assertFalse(os.path.exists(self.world.path("new")))
        self.assertEqual(os.listdir(self.world.path("there")), [])

    def test_a_bad_configuration_starts_nothing(self):
        with open(self.world.path("bad.conf"), "w") as f:
            f.write("[prompt]\ntimeout-s = soon\n")
        self.world.env["VICAR_CONF"] = self.world.path("bad.conf")
        self.addCleanup(self.world.env.update, VICAR_CONF=self.world.path("vicar.conf"))
        for argv in (
            ("vicar", "enrol", "anna", "--service", "cmd"),
            ("vicard", "--foreground", "anna"),
        ):
            with self.subTest(argv):
                error = self.is_told_on_standard_error(*argv, code=1)
                self.assertRegex(error, r"bad\.conf:2: timeout-s .*1 to 3600")

    def test_the_commands_tried_here_are_those_that_the_help_names(self):
        output, _ = self.call("vicar", "--help", code=0)
        listed = re.findall(r"^  ([a-z]+) ", output.split("\nCommands:\n")[1].split("\n\n")[0], re.M)
        self.assertEqual(sorted(listed), sorted(COMMANDS))

    def test_each_option_stands_in_the_man_page_and_the_other_way_round(self):
        told = {program: set() for program in PAGES}
        for argv, (output, _) in self.helps():
            if argv[0] in PAGES:
                told[argv[0]] |= set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", output))
        for program, page in PAGES.items():
            with open(os.path.join(ROOT, "docs", page)) as f:
                text = f.read().split("\n.Sh EXAMPLES")[0]
            written = set(re.findall(r"Fl Fl ([a-z][a-z-]+)", text))
            with self.subTest(program):
                self.assertEqual(told[program] ^ written, set())


class Installed(unittest.TestCase):
    def setUp(self):
        self.world = World(harness.BUILD)
        self.addCleanup(self.world.close)
        self.root = self.world.path("root")

    def make(self, target, *variables):
        # As it was built: a build of another kind is not made anew for this.
        return subprocess.run(
            ["make", "-C", ROOT, "-o", "all", target, f"BUILD={self.world.build}",
             f"DESTDIR={self.root}", "prefix=/usr", *variables],
            env={**self.world.env, "MAKEFLAGS": ""}, stdin=subprocess.DEVNULL, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip

    def files(self):
        return {
            os.path.join(where, name)[len(self.root) :]
            for where, _, names in os.walk(self.root)
            for name in names
        }

    def test_everything_is_under_the_prefix_and_goes_again_but_the_configuration(self):
        self.make("install")
        files = self.files()
        triplet = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=True)
        for path in (
            *(f"/usr/bin/{program}" for program in PROGRAMS if program != "vicar-bridge"),
            "/usr/libexec/vicar/vicar-bridge", "/usr/share/vicar/reader.conf", "/etc/vicar/vicar.conf",
            "/usr/lib/pcsc/drivers/vicar.bundle/Contents/Info.plist", "/etc/reader.conf.d/vicar",
            f"/usr/lib/{triplet.stdout.strip()}/pkcs11/vicar-pkcs11.so",
            "/usr/share/p11-kit/modules/vicar.module",
            *(f"/usr/share/locale/{language}/LC_MESSAGES/vicar.mo" for language in ("fi", "pt")),
            "/usr/lib/systemd/user/vicard@.service", "/usr/lib/systemd/user/vicard@.socket",
            "/usr/lib/sysusers.d/vicar.conf", "/usr/lib/tmpfiles.d/vicar.conf",
            *(f"/usr/share/bash-completion/completions/{program}" for program in PAGES),
            *(f"/usr/share/man/man{page[-1]}/{page}" for page in os.listdir(os.path.join(ROOT, "docs"))
              if page[-1].isdigit()),
        ):  # fmt: skip
            self.assertIn(path, files)
        with open(self.root + "/etc/reader.conf.d/vicar") as f:
            library = re.search(r"^LIBPATH +(\S+)$", f.read(), re.M)[1]
        self.assertTrue(os.path.exists(os.path.realpath(self.root + library)), library)
        self.make("uninstall")
        self.assertEqual(self.files(), {"/etc/vicar/vicar.conf"})

    def test_a_package_has_no_entry_of_the_reader_and_all_goes_where_it_is_told(self):
        self.make("install", "READER_ENTRY=no", "prefix=/opt/vicar", "libdir=/opt/vicar/lib64",
                  "sysconfdir=/opt/vicar/etc")  # fmt: skip
        files = self.files()
        self.assertIn("/opt/vicar/lib64/pkcs11/vicar-pkcs11.so", files)
        self.assertEqual([path for path in files if not path.startswith("/opt/vicar/")], [])
        with open(self.root + "/opt/vicar/etc/pkcs11/modules/vicar.module") as f:
            self.assertIn("module: /opt/vicar/lib64/pkcs11/vicar-pkcs11.so\n", f.read())

    def test_the_installed_programs_find_each_other_and_the_module(self):
        self.make("install")
        self.world.env["PATH"] = f"{self.root}/usr/bin:{self.world.env['PATH']}"
        self.world.run("vicar", "create", "--demo")
        self.world.run("vicar", "insert", "--wait", "0", "demo")
        self.addCleanup(self.world.run, "vicar", "remove", "demo")
        self.assertIn("/pkcs11/vicar-pkcs11.so", self.world.run("vicar", "module").stdout)

    def test_a_configuration_that_is_there_stays(self):
        os.makedirs(self.root + "/etc/vicar")
        with open(self.root + "/etc/vicar/vicar.conf", "w") as f:
            f.write("; mine\n")
        self.make("install")
        with open(self.root + "/etc/vicar/vicar.conf") as f:
            self.assertEqual(f.read(), "; mine\n")


if __name__ == "__main__":
    harness.main()
