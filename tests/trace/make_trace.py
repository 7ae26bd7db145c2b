#!/usr/bin/env python3
"""Makes a .trace file (see README.md) from the log of a register stub.

Usage: make_trace.py LOG > FILE.trace

Takes the log's lines `seconds R|W offset value` and leaves out all others.
"""
import sys

HEADER = """\
# Accesses to BAR0: R|W offset value, hexadecimal. ". n": n * 100 us passed before the next one.
"""
# Less than this is what the stub took to answer, not what the driver waited.
SHORTEST_PAUSE = 0.0005


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    previous = None
    print(HEADER, end="")
    with open(sys.argv[1], encoding="ascii", errors="replace") as log:
        for line in log:
            words = line.split()
            if len(words) != 4 or words[1] not in ("R", "W"):
                continue
            now = float(words[0])
            if previous is not None and now - previous >= SHORTEST_PAUSE:
                print(".", int((now - previous) * 1e4))
            previous = now
            print(words[1], "%x %x" % (int(words[2], 16), int(words[3], 16)))


if __name__ == "__main__":
    main()
