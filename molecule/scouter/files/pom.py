"""pom.py LIST: a project of Maven that wants the files of the list, a sha256sum of places in a Maven repository, and none of theirs."""

import sys

ONE = ("<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>"
       "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>")

with open(sys.argv[1], encoding="ascii") as handle:
    places = [line.split()[1].split("/") for line in handle if not line.startswith("#")]
print('<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
      "<groupId>scenario</groupId><artifactId>parts</artifactId><version>1</version><dependencies>")
print("\n".join(ONE % (".".join(words[:-3]), words[-3], words[-2]) for words in places))
print("</dependencies></project>")
