"""Where a secret stands: in a text, in every form it could be written in, or in the memory of a process,
as its owner or root reads it. What the kernel keeps for the process, sockets and the like, is not there.
"""

import base64
import re


def forms(secret):
    """The ways in which a text could stand: ASCII, UTF-16, hex, base64 at any offset."""
    raw = secret.encode()
    yield raw
    yield secret.encode("utf-16-le")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield " ".join(f"{byte:02X}" for byte in raw).encode()
    yield ":".join(f"{byte:02x}" for byte in raw).encode()
    for offset in range(3):
        # Only the characters that neither what stands before nor what follows has bits in.
        coded = base64.b64encode(b"\0" * offset + raw)
        yield coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


# Fewer of its bytes give a secret away no less, and are what is left of it where an allocator has
# written its own words over the front of a block that was freed.
LEFT = 6


def forms_in_memory(secret):
    """The same, packed into half bytes as some cards take PINs, and what may be left of a block."""
    yield from forms(secret)
    yield from {secret[:LEFT].encode(), secret[-LEFT:].encode()}
    if secret.isdigit() and len(secret) % 2 == 0:
        packed = bytes.fromhex(secret)
        if len(packed) >= 4:
            yield packed


class Mapping:
    def __init__(self, line):
        span, self.rights, _, _, _, *name = line.split(maxsplit=5)
        self.start, self.end = (int(end, 16) for end in span.split("-"))
        self.name = name[0].strip() if name else "anonymous"
        self.flags = ()

    @property
    def locked(self):
        return "lo" in self.flags

    @property
    def size(self):
        return self.end - self.start


def mappings(pid):
    found = []
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                found.append(Mapping(line))
            elif line.startswith("VmFlags:"):
                found[-1].flags = line.split()[1:]
    return found


class Found:
    """One place: `locked` says that it never goes to swap."""

    def __init__(self, mapping, address, form):
        self.mapping, self.address, self.form = mapping, address, form
        self.locked = mapping.locked

    def __repr__(self):
        return f"{self.form!r} at {self.address:#x} in {self.mapping.name}{' (locked)' if self.locked else ''}"


# Kernel's own, which cannot be read, and hold nothing of the process's.
UNREADABLE = ("[vvar]", "[vvar_vclock]", "[vsyscall]")


def search(pid, *secrets):
    """Every place where one of the secrets stands in the memory of the process: texts, or bytes as they are."""
    found = []
    wanted = set()
    for secret in secrets:
        wanted.update([secret] if isinstance(secret, bytes) else forms_in_memory(secret))
    read = 0
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for mapping in mappings(pid):
            if "r" not in mapping.rights or mapping.name in UNREADABLE:
                continue
            memory.seek(mapping.start)
            content = memory.read(mapping.size)
            read += len(content)
            for form in wanted:
                at = content.find(form)
                while at >= 0:
                    found.append(Found(mapping, mapping.start + at, form))
                    at = content.find(form, at + 1)
    assert read > 1 << 20, f"only {read} bytes of process {pid} could be read"
    return found

