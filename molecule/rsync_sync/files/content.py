"""Makes what the source has: 10,000 small files in 100 directories, and some others."""

import pathlib
import sys

for name, directories, files in (("site", 10, 10), ("shop", 5, 4), ("many", 100, 100), ("news", 2, 2)):
    for directory in range(directories):
        place = pathlib.Path("/srv/content", name, "%02d" % directory)
        place.mkdir(parents=True)
        for number in range(files):
            (place / ("%02d.html" % number)).write_text("%s %d 1\n" % (name, number), encoding="utf-8")
disk = pathlib.Path("/mnt/disk/content")
disk.mkdir()
(disk / "index.html").write_text("disk\n", encoding="utf-8")
# Bits that a target does not take over, and a link.
pathlib.Path("/srv/content/site/01").chmod(0o2775)
pathlib.Path("/srv/content/site/index.html").symlink_to("00/00.html")
print("made on", *sys.argv[1:])
