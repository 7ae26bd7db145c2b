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


SEEDS = {"82599_registers": recorded_registers}


def main():
    for target, make in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for number, seed in enumerate(make()):
            with open(os.path.join(folder, f"{number:04}"), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
