#!/usr/bin/env python3
"""What compiler and linker have put into every program and library that is shipped, as binutils read it,
and what these need and export, against a list (linked.ini).

A build with sanitizers has other flags: here the plain one is read.
"""

import configparser
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402
from harness import ROOT, plain  # noqa: E402

LIBRARIES = ("libifdvicar.so", "vicar-pkcs11.so")
# vicard holds PINs for as long as a card is in: what parses the network's bytes has no place there.
NOT_IN_VICARD = re.compile(r"libcurl|libxml2|libassuan|libjansson|libmicrohttpd|libpodofo|libgnutls|libssl")
# Where there is no such thing as CET the compiler writes no notes.
CET = ("IBT", "SHSTK") if os.uname().machine == "x86_64" else ()


def readelf(option, path):
    return subprocess.run(
        ["readelf", "-W", option, path], env={**os.environ, "LC_ALL": "C"}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=True,
    ).stdout  # fmt: skip


def imports(path):
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def notes(path):
    """Of CET, those in the file."""
    return {word for word in CET if re.search(rf"x86 feature: .*\b{word}\b", readelf("-n", path))}


def weaknesses(path, program=True):
    """What a hardened file has and this one has not."""
    dynamic, segments, called = readelf("-d", path), readelf("-l", path), imports(path)
    present = {
        "position independent": "Type:                              DYN" in readelf("-h", path)
        and (not program or re.search(r"Flags:.*\bPIE\b", dynamic)),
        "RELRO": "GNU_RELRO" in segments,
        "BIND_NOW": re.search(r"Flags:.*\bNOW\b|\(BIND_NOW\)", dynamic),
        "stack protector": "__stack_chk_fail" in called,
        "fortify": any(name.endswith("_chk") for name in called),
        "stack that is not executed": re.search(r"GNU_STACK .* RW +0x", segments),
        "no segment both written and executed": not re.search(r"LOAD .* RWE ", segments),
        "no path to libraries": not re.search(r"R(UN)?PATH", dynamic),
        "no text relocations": "TEXTREL" not in dynamic,
    }
    return [name for name, good in present.items() if not good]


def has_main(path):
    with open(path) as f:
        return re.search(r"^main\(", f.read(), re.M)


def startup_file():
    """What the C library puts at the front of every program."""
    found = subprocess.run(["gcc", "-print-file-name=Scrt1.o"], stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout.strip()


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.build = plain(harness.BUILD)
        cls.programs = sorted(os.path.basename(path)[:-2] for path in glob.glob(f"{ROOT}/tools/*.c") if has_main(path))
        cls.listed = configparser.ConfigParser(allow_no_value=True, delimiters=("=",))
        cls.listed.optionxform = str
        cls.listed.read(os.path.join(HERE, "linked.ini"))

    def path(self, name):
        return os.path.join(self.build, name)

    def files(self):
        for name in (*self.programs, *LIBRARIES):
            with self.subTest(name):
                yield name

    def test_every_program_and_library_is_hardened(self):
        self.assertEqual(len(self.programs), 7)
        for name in self.files():
            self.assertEqual(weaknesses(self.path(name), name not in LIBRARIES), [])

    def test_a_program_that_is_not_hardened_is_found_out(self):
        """The control of all the others."""
        with tempfile.TemporaryDirectory() as directory:
            source, program = os.path.join(directory, "soft.c"), os.path.join(directory, "soft")
            with open(source, "w") as f:
                f.write("int main(void) { return 0; }\n")
            subprocess.run(
                ["gcc", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none", "-z",
                 "norelro", "-z", "lazy", "-z", "execstack", "-Wl,-rpath,/tmp", "-o", program, source],
                check=True,
            )  # fmt: skip
            self.assertEqual(
                weaknesses(program),
                ["position independent", "RELRO", "BIND_NOW", "stack protector", "fortify",
                 "stack that is not executed", "no path to libraries"],
            )  # fmt: skip
            subprocess.run(["gcc", "-fcf-protection=none", "-c", "-o", program, source], check=True)
            self.assertEqual(notes(program), set())

    def test_all_code_of_ours_is_ready_for_cet(self):
        """The linker keeps the notes where every file has them. Debian 12's C library is built without, so
        that no program there has any: then it is our objects that tell."""
        seen = 0
        for room in ("applets", "cmdbridge", "emulator", "ifdhandler", "iso7816", "pkcs11", "tools"):
            for path in glob.glob(f"{self.build}/{room}/**/*.o", recursive=True):
                if os.path.getsize(path) and " .text" in readelf("-S", path):
                    seen += 1
                    self.assertEqual(notes(path), set(CET), path)
        self.assertGreater(seen, 300)
        for name in self.files():
            self.assertGreaterEqual(notes(self.path(name)), notes(startup_file()))

    def test_each_needs_the_libraries_on_the_list_and_no_other(self):
        for name in self.files():
            needed = re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", self.path(name)))
            self.assertEqual(sorted(needed), list(self.listed[f"{name} needs"]))

    def test_vicard_needs_no_library_that_parses_what_the_network_sends(self):
        for name in re.findall(r"\[(.*)\]", readelf("-d", self.path("vicard"))):
            self.assertNotRegex(name, NOT_IN_VICARD)

    def test_libraries_export_what_is_on_the_list_and_nothing_else(self):
        for name in LIBRARIES:
            with self.subTest(name):
                symbols = readelf("--dyn-syms", self.path(name))
                exported = re.findall(r" (?:GLOBAL|WEAK|UNIQUE) +DEFAULT +(?!UND)\w+ ([\w@.]+)", symbols)
                self.assertEqual(sorted(exported), list(self.listed[f"{name} exports"]))


if __name__ == "__main__":
    harness.main()
