"""PROXY protocol preambles, written and read."""

import ipaddress
import socket
import struct

from harness.base import Failure
from harness.sockets import receive_exactly

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version1(source, target):
    family = "TCP6" if ":" in source[0] else "TCP4"
    return f"PROXY {family} {source[0]} {target[0]} {source[1]} {target[1]}\r\n".encode()


def version2(source, target, extra=b"", command=1):
    """`extra` are TLVs; command 0 is LOCAL, 1 is PROXY."""
    if source is None:
        return SIGNATURE + struct.pack("!BBH", 0x20 | command, 0, len(extra)) + extra
    six = ":" in source[0]
    family, kind = (socket.AF_INET6, 0x21) if six else (socket.AF_INET, 0x11)
    body = (socket.inet_pton(family, source[0]) + socket.inet_pton(family, target[0]) +
            struct.pack("!HH", source[1], target[1]) + extra)
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, kind, len(body)) + body


def read_version1(sock):
    line = b""
    while not line.endswith(b"\r\n"):
        line += receive_exactly(sock, 1)
        if len(line) > 107:
            raise Failure(f"no end of line in {line!r}")
    words = line.decode().split()
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return None
    if len(words) != 6 or words[0] != "PROXY" or words[1] not in ("TCP4", "TCP6"):
        raise Failure(f"not a version 1 preamble: {line!r}")
    return (words[2], int(words[4])), (words[3], int(words[5]))


def read_version2(sock):
    head = receive_exactly(sock, 16)
    if head[:12] != SIGNATURE:
        raise Failure(f"not a version 2 preamble: {head!r}")
    command, kind, size = struct.unpack("!BBH", head[12:])
    body = receive_exactly(sock, size)
    if command == 0x20:
        return None
    if command != 0x21:
        raise Failure(f"version and command {command:#x}")
    if kind == 0x11:
        source, target, ports = body[:4], body[4:8], body[8:12]
    elif kind == 0x21:
        source, target, ports = body[:16], body[16:32], body[32:36]
    else:
        return None
    source_port, target_port = struct.unpack("!HH", ports)
    return ((str(ipaddress.ip_address(source)), source_port),
            (str(ipaddress.ip_address(target)), target_port))
