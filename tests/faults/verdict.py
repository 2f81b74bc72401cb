"""What a program came to whose calls fail now and then: what its tests say is no matter, they fail by
design. Signals, hangs and what the sanitizers find are.
"""

import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = "applets|cmdbridge|emulator|ifdhandler|iso7816|pkcs11|tools"
# A test program's own exit codes are small; this one is the sanitizers'.
FOUND = 99
SANITIZERS = {
    # cmocka must not catch what the sanitizer is to see.
    "ASAN_OPTIONS": f"exitcode={FOUND}:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:"
    "allocator_may_return_null=1:detect_leaks=1",
    "LSAN_OPTIONS": f"exitcode={FOUND}",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def environment(plan, **more):
    return {**os.environ, **SANITIZERS, "VICAR_FAULTS": plan, **more}


def frames(report):
    """(function, file) of a sanitizer's stack, the innermost first."""
    return re.findall(r"^ +#\d+ \S+ in (\S+) (\S+)", report, re.M)


def in_product(report):
    """False when the innermost of our own frames is a test's: it has used what it did not get."""
    here = re.match(r"(\S+):\d+:\d+: runtime error", report)
    for _, path in [("", here[1])] if here else frames(report):
        if re.search(rf"(^|/)({ROOMS})/\w+", path) and "/tests/" not in path:
            return True
        if "tests/faults/planted" in path:
            return True
        if "tests/" in path:
            return False
    return True


def leaks(output):
    """Blocks that nothing holds any more, each with its stack."""
    return re.findall(r"^(?:Direct|Indirect) leak of .*?\n\n", output + "\n\n", re.M | re.S)


def findings(code, output, asserts):
    """What is wrong, as sentences. Where a test's own assertion has failed (`asserts`), what it then
    left lying is not the product's."""
    found = []
    for report in re.findall(
        r"^=+\n==\d+==ERROR: AddressSanitizer.*?(?=^SUMMARY|\Z)", output, re.M | re.S
    ):
        if in_product(report):
            found.append(report)
    for report in re.findall(r"^\S+: runtime error: .*(?:\n +#.*)*", output, re.M):
        if in_product(report):
            found.append(report)
    found += re.findall(r"^.*Test failed with exception.*$", output, re.M)
    if not asserts:
        found += leaks(output)
    if isinstance(code, str):
        found.append(code)
    elif code < 0 and "not so:" not in output:
        found.append(f"ended by signal {-code}")
    elif code == FOUND and not re.search(r"(Address|Leak)Sanitizer|runtime error: ", output):
        found.append("ended as the sanitizers do, and nothing is said of why")
    return found


def run(argv, plan, seconds=120, **more):
    """(exit code or a sentence, output, the faults that were made)."""
    with tempfile.NamedTemporaryFile(prefix="faults-") as log:
        environ = environment(f"{plan} log={log.name}", **more)
        try:
            done = subprocess.run(
                argv, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, errors="replace", timeout=seconds, check=False,
            )  # fmt: skip
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            code, output = f"no end after {seconds} s", (late.stdout or b"").decode(errors="replace")
        return code, output, log.read().decode()
