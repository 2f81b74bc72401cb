#!/usr/bin/env python3
"""Writes which lines and branches of the product a coverage build has run, and judges the goals.

usage: report.py BUILD GOALS PARTS REPORT

BUILD holds the objects with what gcov needs beside them, GOALS is goals.txt, PARTS are the parts of
tests/run that were run, REPORT is the file to write. Ends with 1 when a goal is missed. The figures are
of whole files, a header's inline functions among them, and summed over all programs; a line counts when
any of them has run it. BUILD/missing.txt then holds the lines that none has run.
"""

import collections
import concurrent.futures
import fnmatch
import glob
import json
import os
import subprocess
import sys

ROOMS = ("applets", "cmdbridge", "emulator", "ifdhandler", "iso7816", "pkcs11", "tools")


def gcov(notes):
    """What gcov tells of one object: its files."""
    told = subprocess.run(
        ["gcov", "--json-format", "--stdout", "--branch-probabilities", notes],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(told.stdout)["files"]


class File:
    """A source file: how often each line was run, and each branch of a line was taken."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = collections.Counter()

    def add(self, lines):
        """A line may come once for each function that it is part of."""
        for line in lines:
            number = line["line_number"]
            self.lines[number] += line["count"]
            for place, branch in enumerate(b for b in line["branches"] if not b["throw"]):
                self.branches[number, place] += branch["count"]


class Sum:
    """How much there is, and how much of it was run."""

    def __init__(self, counters=()):
        self.run = sum(1 for counter in counters for count in counter.values() if count)
        self.all = sum(len(counter) for counter in counters)

    def __iadd__(self, other):
        self.run += other.run
        self.all += other.all
        return self

    def share(self):
        """In tenths of a percent, never rounded up to a goal."""
        return self.run * 1000 // self.all if self.all else 1000

    def __str__(self):
        tenths = self.share()
        return f"{tenths // 10:3}.{tenths % 10}% {f'{self.run}/{self.all}':>11}"


class Row:
    def __init__(self):
        self.lines = Sum()
        self.branches = Sum()

    def __iadd__(self, file):
        self.lines += Sum([file.lines])
        self.branches += Sum([file.branches])
        return self

    def text(self, name, note=""):
        return f"{name:38} {self.lines}   {self.branches}   {note}".rstrip()


def measure(build):
    """File of each source file of the product."""
    notes = [path for room in ROOMS for path in glob.glob(f"{build}/{room}/**/*.gcno", recursive=True)]
    files = collections.defaultdict(File)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(gcov, notes):
            for file in told:
                if file["file"].split("/")[0] in ROOMS:
                    files[file["file"]].add(file["lines"])
    return {name: file for name, file in files.items() if file.lines}


def write_missing(files, path):
    """The lines that no program has run, as a compiler would name them."""
    with open(path, "w") as f:
        for name, file in sorted(files.items()):
            with open(name) as source:
                text = source.read().split("\n")
            for number in sorted(number for number, count in file.lines.items() if not count):
                line = "".join(text[number - 1 : number]).strip()
                f.write(f"{name}:{number}: {line}\n")


def read_goals(path):
    """[(percent, kind, patterns)]; a line of goals.txt each."""
    with open(path) as f:
        lines = [line.split("#")[0].split() for line in f]
    return [(int(words[0]), words[1], words[2:]) for words in lines if words]


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    build, goals, parts, report = sys.argv[1:]
    files = measure(build)
    write_missing(files, f"{build}/missing.txt")
    whole = Row()
    rooms = collections.defaultdict(Row)
    marks = {}
    missed = []
    for percent, kind, patterns in read_goals(goals):
        for pattern in patterns:
            named = fnmatch.filter(files, pattern)
            if not named:
                missed.append(f"{pattern}: no such file is in the build")
            marks.update({name: (percent, kind) for name in named})
    text = [
        f"# make coverage PARTS={json.dumps(parts)}",
        "# Lines and branches that the tests run; the goals are those of tests/coverage/goals.txt.",
        "",
        f"{'file':38} {'lines':>17}   {'branches':>17}   goal",
    ]
    for name, file in sorted(files.items()):
        row = Row()
        row += file
        rooms[name.split("/")[0]] += file
        whole += file
        note = ""
        if name in marks:
            percent, kind = marks[name]
            note = f"{kind}, {percent}%"
            if row.lines.share() < percent * 10:
                note += " MISSED"
                missed.append(f"{row.text(name)}   goal of a {kind}: {percent}%")
        text.append(row.text(name, note))
    text.append("")
    text += [row.text(f"{room}/") for room, row in sorted(rooms.items())]
    percent = next((percent for percent, kind, patterns in read_goals(goals) if kind == "whole"), 0)
    bad = whole.lines.share() < percent * 10
    text += ["", whole.text("whole project", f"{percent}%" + " MISSED" * bad)]
    if bad:
        missed.append(f"{whole.text('whole project')}   goal: {percent}%")
    with open(report, "w") as f:
        f.write("\n".join(text) + "\n")
    print(f"coverage: {report}")
    print(text[-1])
    for line in missed:
        print(f"coverage: missed: {line}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
