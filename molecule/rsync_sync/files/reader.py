"""reader.py LINK: reads all files of the directory that a link leads to, over and over until SIGTERM; each time all must be of one version.

Prints {"reads", "versions", "mixed", "failed"}. What is read belongs to one look at the link: its directory is opened once.
"""

import json
import os
import signal
import sys


def read(link):
    top = os.open(link, os.O_RDONLY | os.O_DIRECTORY)
    try:
        seen = set()
        for directory in sorted(os.listdir(top)):
            if directory.startswith("."):
                continue
            within = os.open(directory, os.O_RDONLY | os.O_DIRECTORY, dir_fd=top)
            try:
                for name in os.listdir(within):
                    handle = os.open(name, os.O_RDONLY, dir_fd=within)
                    try:
                        seen.add(os.read(handle, 100).split()[-1].decode())
                    finally:
                        os.close(handle)
            finally:
                os.close(within)
        return seen
    finally:
        os.close(top)


def main(link):
    over, reads, versions, mixed, failed = [], 0, set(), 0, []
    signal.signal(signal.SIGTERM, lambda *_what: over.append(True))
    while not over:
        try:
            seen = read(link)
        except OSError as error:
            failed.append(str(error))
            continue
        reads += 1
        mixed += len(seen) != 1
        versions |= seen
    print(json.dumps({"reads": reads, "versions": sorted(versions), "mixed": mixed, "failed": failed[:5]}))


main(*sys.argv[1:])
