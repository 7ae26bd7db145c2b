#!/usr/bin/env python3
"""Seeds of the corpus, from what real drivers did: make_seeds.py FOLDER makes a folder for each target.

libFuzzer picks those that add to the coverage (README.md, "The corpus").
"""

import os
import struct
import sys

TRACE = os.path.join(os.path.dirname(__file__), "../trace/linux-6.1-ixgbe-probe-up.trace")
# Of operations.cc
WRITE_REGISTER, READ_REGISTER, SLEEP = 0, 1, 5


def recorded_registers():
    """Linux's ixgbe from probe to link up, in pieces of 50 accesses."""
    pieces, piece = [], b""
    count = 0
    with open(TRACE) as trace:
        for line in trace:
            words = line.split()
            if not words or words[0] == "#":
                continue
            if words[0] == "R":
                piece += struct.pack("<BH", READ_REGISTER, int(words[1], 16) // 4)
            elif words[0] == "W":
                piece += struct.pack(
                    "<BHI", WRITE_REGISTER, int(words[1], 16) // 4, int(words[2], 16)
                )
            elif words[0] == ".":
                piece += struct.pack("<BB", SLEEP, 10 + min(8, int(words[1]).bit_length()))
            count += 1
            if count % 50 == 0:
                # Every eighth one is put into words.
                pieces.append((b"T" if len(pieces) % 8 == 0 else b"-") + piece)
                piece = b""
    return pieces


def captures():
    """Small captures of either byte order and either format, and one of each sort of record."""
    frame = bytes.fromhex("ffffffffffff021b2100000108060001080006040001") + bytes(38)
    records = [(60, 60, frame[:60]), (20, 20, frame[:20]), (30, 90, frame[:30]), (0, 0, b"")]
    seeds = []
    for order in "<>":
        for magic in (0xA1B2C3D4, 0xA1B23C4D):
            header = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
            seeds.append(
                header
                + b"".join(struct.pack(order + "IIII", 1, 2, c, n) + b for c, n, b in records)
            )

        def block(kind, body):
            body += bytes(-len(body) % 4)
            size = struct.pack(order + "I", len(body) + 12)
            return struct.pack(order + "I", kind) + size + body + size

        section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        interface = block(1, struct.pack(order + "HHI", 1, 0, 262144))
        packet = block(6, struct.pack(order + "IIIII", 0, 0, 1, 60, 60) + frame[:60])
        simple = block(3, struct.pack(order + "I", 60) + frame[:60])
        old = block(2, struct.pack(order + "HHIIII", 0, 0, 0, 1, 60, 60) + frame[:60])
        options = block(1, struct.pack(order + "HHIHHB", 1, 0, 65535, 9, 1, 9) + bytes(3) + bytes(4))
        seeds.append(section + interface + packet + simple)
        seeds.append(section + options + old + section + interface + packet)
    seeds.append(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 113))  # not Ethernet
    return seeds


# Of vfio_user.cc
BYTES, MESSAGE, MAP, UNMAP, INTERRUPTS, GO, SETTLE, TAKE_MEMORY = 0, 1, 3, 4, 5, 6, 7, 9


def qemu_messages():
    """What QEMU 11.1 sends from its start to its end, and a device that works."""
    version = struct.pack("<HH", 0, 0) + (
        b'{"capabilities": {"max_msg_fds": 16, "max_data_xfer_size": 1048576, "pgsizes": 4096,'
        b' "max_dma_maps": 65535, "migration": {"pgsize": 4096}, "write_multiple": true}}\0'
    )

    def message(command, payload, descriptors=0, flags=0):
        return struct.pack("<BBBBB", MESSAGE, command, flags, descriptors, len(payload)) + payload

    settle = struct.pack("<B", SETTLE)
    start = message(1, version) + settle + message(4, struct.pack("<IIII", 16, 0, 0, 0))
    for region in range(9):
        start += message(5, struct.pack("<IIIIQQ", 48, 0, region, 0, 0, 0))
    for index in range(5):
        start += message(7, struct.pack("<IIII", 16, 0, index, 0))
    start += message(9, struct.pack("<QII", 0, 7, 64)) + message(13, b"") + settle
    mapped = struct.pack("<BBB", MAP, 0x40, 0x23) + struct.pack("<BBB", MAP, 0x44, 0x13)
    work = struct.pack("<BHI", GO, 0x100, 0xC0000400) + struct.pack("<BHI", GO, 0x3F00, 0xE0001000)
    posted = message(
        15, struct.pack("<Q", 2) + 2 * struct.pack("<QIIQ", 0x10, 0, 4, 0xDEADBEEF), flags=0x10
    )
    # Eventfds for four MSI-X vectors, INTx with unmasking, a trigger, all off again.
    interrupts = b"".join(
        struct.pack("<BBBBBB", INTERRUPTS, index, flags, first, count, descriptors)
        for index, flags, first, count, descriptors in (
            (2, 0x24, 0, 1, 0x05), (2, 0x24, 1, 2, 0x26), (0, 0x24, 0, 1, 0x05), (0, 0x11, 0, 1, 0),
            (2, 0x22, 0, 3, 0), (2, 0x21, 0, 0, 0), (1, 0x24, 0, 1, 0x05),
        )
    )
    unmapped = struct.pack("<BBB", UNMAP, 0x20, 0) + struct.pack("<BBB", UNMAP, 0, 2)
    doorbells = struct.pack("<BBI", 11, 0x10, 7) + settle + struct.pack("<BBI", 11, 0x14, 8) + settle
    whole = start + doorbells + mapped + interrupts + work + settle + posted + unmapped + settle
    raw = struct.pack("<HHIIIQII", 7, 9, 32, 0, 0, 0, 7, 4)
    cut = b"".join(struct.pack("<BB", BYTES, 8) + raw[i : i + 8] + settle for i in range(0, 32, 8))
    shrunk = mapped + settle + struct.pack("<B", TAKE_MEMORY) + struct.pack("<BHI", GO, 0x4000, 64)
    # The first byte: mapped doorbells or not; the version has been agreed on, or not.
    return [b"\2" + start, b"\2" + whole, b"\3" + whole, b"\0" + mapped + interrupts + work,
            b"\1" + mapped + work + unmapped + work, b"\0" + cut, b"\0" + shrunk + settle]


def descriptors():
    """What Linux's ixgbe and DPDK hand over: plain frames, checksums, VLAN tags, segments; RSS and VLAN on
    the way in."""
    tx_context, tx_data, transmit, rx, frame, packet, register = 1, 2, 3, 4, 5, 6, 7
    eop, ifcs, report, vlan, segment = 1, 2, 8, 0x40, 0x80  # TxData's flags: bits 24 to 31
    ip_sum, l4_sum, index_1 = 2, 4, 1
    go = struct.pack("<B", transmit)

    def data(length, flags, offloads=0, payload=None, at=0x1000):
        payload = length if payload is None else payload
        return struct.pack("<BHHBBH", tx_data, at, length, flags, offloads, payload & 0xFFFF)

    def context(ip_length, l4_length, mss, l4_type, ipv4=1, tag=0, index=0):
        second = l4_length << 40 | mss << 48 | l4_type << 11 | ipv4 << 10 | index << 36
        return struct.pack("<BIQ", tx_context, ip_length | 14 << 9 | tag << 16, second)

    def headers(kind, at=0x1000):
        return struct.pack("<BHBB", packet, at, kind, 0)

    def received(kind, size, more=b""):
        return struct.pack("<BBHB", frame, kind, size, len(more)) + more

    last = eop | ifcs | report
    seeds = [
        data(60, last) + go + data(1514, last) + data(700, ifcs) + data(814, last) + go,
        headers(1) + context(20, 20, 0, 1) + data(200, last, ip_sum | l4_sum) + go,
        headers(5) + context(20, 8, 0, 0) + data(100, last, ip_sum | l4_sum) + go,
        headers(9) + context(20, 12, 0, 2) + data(100, last, ip_sum | l4_sum) + go,
        headers(3) + context(40, 20, 0, 1, 0) + data(300, last, l4_sum) + go,
        headers(1) + context(20, 20, 1000, 1) + data(4054, last | segment, ip_sum | l4_sum, 4000) + go,
        headers(3) + context(40, 20, 1200, 1, 0, 5, 1)
        + data(74, ifcs | segment | vlan, l4_sum | index_1, 6000)
        + data(6000, last | segment | vlan, l4_sum | index_1) + go,
        headers(5) + context(20, 8, 500, 0) + data(2042, last | segment, ip_sum | l4_sum, 2000) + go,
        context(0, 0, 0, 0, 0, 0x1234) + data(60, last | vlan) + go,
        # Legacy: EOP, IFCS, IC, RS, with CSO 50 and CSS 34.
        headers(1) + struct.pack("<BHQ", 0, 0x1000, 200 | 50 << 16 | 0x0F << 24 | 34 << 40) + go,
        # Head write-back.
        struct.pack("<BBI", register, 33, 1) + data(60, last) + data(60, last) + go,
    ]
    for srrctl in (0x02000002, 0x12000002, 0x00000002, 0x12000001, 0x0A000402):
        setup = struct.pack("<BBI", register, 3, srrctl)
        for kinds in (1, 5, 9, 3, 7, 0x41, 0x81, 0x11):
            seeds.append(setup + received(kinds, 64) + received(kinds, 1514, bytes(range(64)))
                         + struct.pack("<BHB", rx, 0x2000, 5))
    options = {24: 0x00370001, 26: 0xFFFFFFFF, 25: 0x03020100, 18: 0x00003000, 5: 1 << 30 | 1 << 25,
               20: 0x40008100, 19: 0x702, 11: 0x0001D407, 12: 0x2600 << 16, 35: 0x08000003}
    for which, value in options.items():
        setup = struct.pack("<BBI", register, which, value)
        seeds.append(setup + received(1, 200) + received(0x45, 300) + received(3, 1600) + received(0, 20))
    return seeds


def virtio_rings():
    """Frames each way and all control commands, in each mode."""
    buffers, packet, command, operation = 5, 6, 4, 7
    frame = struct.pack("<BBHB", operation, 6, 100, 6) + b"\xff" * 6
    commands = [b"\0\0\1", b"\0\1\1", b"\0\2\0", b"\0\3\1", b"\0\4\0", b"\0\5\1",
                b"\1\0" + struct.pack("<I", 1) + bytes(6) + struct.pack("<I", 2) + bytes(12),
                b"\1\1" + b"\2\0\0\0\0\7", b"\2\0\5\0", b"\2\1\5\0", b"\4\0\2\0", b"\3\0"]
    features = (0, 1 << 15, 0xFFFFFFFF, 1 << 15 | 1 << 17 | 1 << 18 | 1 << 29, 1 << 17 | 1 << 28)
    seeds = []
    for mode in range(3):
        for taken in features:
            start = struct.pack("<BIB", mode, taken, 1)
            seeds.append(start + struct.pack("<BBH", buffers, 4, 0x600) + frame * 3
                         + struct.pack("<BH", packet, 72) * 3)
            seeds.append(start + struct.pack("<BBH", buffers, 8, 40) + frame * 2)
            seeds.append(start + b"".join(struct.pack("<BB", command, len(c)) + c for c in commands))
    return seeds


def virtio_registers():
    """A driver's way from reset to DRIVER_OK and through the queues' registers, modern and legacy."""
    write_any, read_any, write, read = 2, 3, 11, 12

    def modern(offset, width, value=None):
        kind = {1: 0, 2: 0x10, 4: 0x20}[width]
        if value is None:
            return struct.pack("<BH", read | kind, offset)
        return struct.pack("<BHI" if width == 4 else "<BHH", write | kind, offset, value)

    def legacy(offset, width, value=None):
        kind = {1: 0, 2: 0x10, 4: 0x20}[width]
        if value is None:
            return struct.pack("<BBI", read_any | kind, 0, offset)
        return struct.pack("<BBII", write_any | kind, 0, offset, value)

    start = modern(0x14, 1, 0) + modern(0x14, 1, 1) + modern(0x14, 1, 3)
    start += modern(0, 4, 0) + modern(4, 4) + modern(0, 4, 1) + modern(4, 4)
    start += modern(8, 4, 0) + modern(12, 4, 0x00438020) + modern(8, 4, 1) + modern(12, 4, 1)
    start += modern(0x14, 1, 11) + modern(0x14, 1) + modern(0x12, 2) + modern(0x15, 1)
    queue = b"".join(
        modern(0x16, 2, q) + modern(0x18, 2) + modern(0x18, 2, 8) + modern(0x1A, 2, q)
        + modern(0x20, 4, 0x45600000 + 0x2000 * q) + modern(0x24, 4, 0x123) + modern(0x1E, 2)
        + modern(0x28, 4, 0x45600100 + 0x2000 * q) + modern(0x2C, 4, 0x123)
        + modern(0x30, 4, 0x45601000 + 0x2000 * q) + modern(0x34, 4, 0x123) + modern(0x1C, 2, 1)
        for q in range(2))
    work = modern(0x14, 1, 15) + modern(0x3000, 2, 0) + modern(0x3004, 2, 1) + modern(0x1000, 1)
    work += b"".join(modern(0x2000 + at, 1) for at in range(0, 18, 3))
    old = legacy(18, 1, 0) + legacy(18, 1, 3) + legacy(0, 4) + legacy(4, 4, 0x20) + b"".join(
        legacy(14, 2, q) + legacy(12, 2) + legacy(8, 4, 0x1234560 + 2 * q) + legacy(8, 4)
        for q in range(2)) + legacy(18, 1, 7) + legacy(16, 2, 1) + legacy(19, 1) + legacy(20, 4)
    return [b"\1" + start + queue + work, b"\2" + start + queue + work, b"\0" + start + queue + work,
            b"\0" + old]


SEEDS = {
    "82599_descriptors": descriptors,
    "82599_registers": recorded_registers,
    "pcap": captures,
    "vfio_user": qemu_messages,
    "virtio_registers": virtio_registers,
    "virtio_rings": virtio_rings,
}


def main():
    for target, make in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for number, seed in enumerate(make()):
            with open(os.path.join(folder, f"{number:04}"), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
