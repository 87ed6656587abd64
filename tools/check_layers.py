#!/usr/bin/env python3
"""Fails on an include against the layering.

The rule, lowest layer first: a layer may include the public headers of the layers named beside it
and its own; private headers (src/<layer>/) belong to their layer alone. Tests and perf may include
anything. A library of others' is included only where LIBRARIES says so.
"""

import pathlib
import re
import sys

from sources import TOP, cxx_files, read

BELOW_NET = ("base", "stats", "config", "ring", "async")
BELOW_CONTROL = BELOW_NET + ("http", "net", "upstream", "proxy", "shard")
MAY_INCLUDE = {
    "base": (),
    "stats": ("base",),   # beside the stack: no I/O
    "config": ("base",),  # beside the stack: no I/O
    "http": ("base",),    # beside the stack: no I/O
    "ring": ("base", "stats", "config"),
    "async": ("base", "stats", "config", "ring"),
    "net": BELOW_NET,
    "upstream": BELOW_NET + ("net",),
    "proxy": BELOW_NET + ("http", "net", "upstream"),
    "shard": BELOW_NET + ("http", "net", "upstream", "proxy"),
    "control": BELOW_CONTROL,
    "load": ("base", "stats", "config", "http", "ring"),  # the load generator
    "mock": BELOW_NET + ("http", "net"),                 # the origin
    "bench": ("base", "stats", "config", "http", "ring", "mock"),  # measures from outside
    "app": BELOW_CONTROL + ("control", "mock", "bench"),
}
LIBRARIES = {
    "liburing.h": ("ring",),
    "liburing/": ("ring",),
    "linux/io_uring.h": (),  # the system's copy may be older than liburing's
    "toml++/": ("config", "bench", "app"),  # app: to say which version it is
    "toml.hpp": ("config", "bench"),
    "CLI/": ("config", "app", "bench"),
    "simdjson.h": ("mock", "bench", "app"),
    "ares.h": ("control", "app"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(name):
    """The layer whose file this is, or None outside of include/ringway and src."""
    parts = name.parts
    if parts[:2] == ("include", "ringway") and len(parts) > 3:
        return parts[2]
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return None


def owner_of_private(including, target):
    """The layer whose private header `target` means when `including` names it, or None."""
    for folder in (including.parent, pathlib.PurePath("src"), pathlib.PurePath(".")):
        candidate = pathlib.Path(TOP / folder / target).resolve()
        if candidate.is_file() and candidate.is_relative_to(TOP / "src"):
            return candidate.relative_to(TOP / "src").parts[0]
    return None


def complaint(name, layer, quote, target):
    """Why this include is against the rules, or None."""
    if target.startswith("ringway/"):
        wanted = target.split("/")[1]
        if wanted == layer or wanted in MAY_INCLUDE[layer]:
            return None
        allowed = ", ".join(MAY_INCLUDE[layer]) or "nothing"
        return f"layer '{layer}' must not include layer '{wanted}' (it may include: {allowed})"
    if quote == '"':
        owner = owner_of_private(name, target)
        if owner is not None and owner != layer:
            return f"'{target}' is private to layer '{owner}'"
        if owner is not None and name.parts[0] == "include":
            return f"a public header must not include the private '{target}'"
    for library, layers in LIBRARIES.items():
        matches = target.startswith(library) if library.endswith("/") else target == library
        if matches and layer not in layers:
            return f"<{target}> belongs to {' and '.join(layers) or 'nobody'}"
    return None


def main():
    checked = 0
    failures = 0
    for name in cxx_files():
        layer = layer_of(name)
        if layer is None:
            continue
        checked += 1
        if layer not in MAY_INCLUDE:
            print(f"{name}: layer '{layer}' has no rule in tools/check_layers.py")
            failures += 1
            continue
        for number, line in enumerate(read(name).splitlines(), 1):
            found = INCLUDE.match(line)
            problem = complaint(name, layer, *found.groups()) if found else None
            if problem:
                print(f"{name}:{number}: {problem}")
                failures += 1
    print(f"layers: {checked} files checked, {failures} includes against the rule")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
