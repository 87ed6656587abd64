"""Counting heap allocations per thread, with tests/support/alloc_counter.c preloaded."""

import mmap
import os
import struct

from harness.base import ROOT
from harness.process import need, run

SLOTS, SLOT = 1024, struct.Struct("llll")


class AllocationCounts:
    """Where the preloaded counter keeps its figures, and how to start a program with it."""

    def __init__(self, folder):
        compiler = need("gcc")
        self.library = folder.file("alloc_counter.so")
        run([compiler, "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o", self.library,
             os.path.join(ROOT, "tests", "support", "alloc_counter.c")])
        path = folder.write("counts", bytes(SLOTS * SLOT.size))
        self.environment = {"LD_PRELOAD": self.library, "RW_ALLOC_COUNTS": path}
        with open(path, "r+b") as counts:
            self.map = mmap.mmap(counts.fileno(), SLOTS * SLOT.size)

    def by_thread(self):
        """Thread id to (allocations, bytes, releases)."""
        found = {}
        for index in range(SLOTS):
            thread, allocations, size, releases = SLOT.unpack_from(self.map, index * SLOT.size)
            if thread:
                found[thread] = (allocations, size, releases)
        return found
