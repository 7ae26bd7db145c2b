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


SEEDS = {"82599_registers": recorded_registers, "pcap": captures}


def main():
    for target, make in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for number, seed in enumerate(make()):
            with open(os.path.join(folder, f"{number:04}"), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
