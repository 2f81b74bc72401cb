"""Memory and descriptors of the processes of the soak test, while it runs."""

import os
import threading


def status(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line for line in f if line.startswith(key + ":")).split()[1])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def measure(pid):
    """(RSS in KiB, descriptors, threads), or None of a process that has ended."""
    try:
        return status(pid, "VmRSS"), descriptors(pid), status(pid, "Threads")
    except (OSError, StopIteration):
        return None


class Series:
    """What one process was measured to be, from its start to its end."""

    def __init__(self):
        self.samples = []

    def rss(self, measured, begin, end):
        """The median or another measure of the samples between two shares of the series."""
        count = len(self.samples)
        return int(measured(rss for rss, *_ in self.samples[int(count * begin) : int(count * end)]))

    def at(self, share):
        return self.samples[min(int(len(self.samples) * share), len(self.samples) - 1)]


class Measure(threading.Thread):
    """Measures the processes of `pids()`, a dictionary, until it is told to stop. A process's samples
    are found by its name and pid."""

    def __init__(self, pids, interval_s):
        super().__init__(daemon=True)
        self.pids, self.interval_s = pids, interval_s
        self.series = {}
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.interval_s):
            for name, pid in self.pids().items():
                found = measure(pid)
                if found:
                    self.series.setdefault((name, pid), Series()).samples.append(found)

    def stop(self):
        self.over.set()
        self.join()

    def of(self, name, pid):
        return self.series.get((name, pid), Series())
