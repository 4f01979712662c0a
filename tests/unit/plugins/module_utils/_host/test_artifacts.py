from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import artifacts

A, B = {"path": "org/a/a.jar", "checksum": "sha256:" + "a" * 64}, {"path": "b.jar", "checksum": "sha256:" + "B" * 64}


def test_what_is_missing_and_what_is_too_much():
    found = {"a.jar": "sha256:" + "0" * 64, "b.jar": "sha256:" + "b" * 64, "a-old.jar": "sha256:" + "a" * 64, "more": None}
    assert artifacts.plan([A, B], found) == ([A], ["a-old.jar", "more"])
    assert artifacts.plan([A, B], {}) == ([A, B], [])


@pytest.mark.parametrize("files, source, sentence", [
    ([A, {"path": "x/a.jar", "checksum": A["checksum"]}], "", "two files are called a.jar: each has its own name, since they lie side by "
     "side."),
    ([{"path": "a.jar", "checksum": "md5:abc"}], "", "a.jar: its checksum is 'md5:abc': write sha256: and 64 hexadecimal digits."),
    ([{"path": "../a.jar", "checksum": A["checksum"]}], "", "'../a.jar' is no path of a file below the source: correct it."),
    ([{"path": "a/", "checksum": A["checksum"]}], "", "'a/' is no path of a file below the source: correct it."),
    ([A], "https://me:secret@repository.test/", "source has a password (https://(not shown)@repository.test/), which would stand in logs: "
     "give one that wants none, such as a mirror of your own."),
    ([A, B], "https://repository.test/", ""),
])
def test_objections(files, source, sentence):
    assert artifacts.objection(files, source) == sentence


def test_diff_names_files():
    assert artifacts.diff("/opt/x", [A], ["old.jar"]) == {
        "before_header": "/opt/x", "after_header": "/opt/x", "before": "old.jar\n", "after": "a.jar\n"}


def test_what_is_a_url():
    assert artifacts.is_url("https://x/") and not artifacts.is_url("/root/.m2") and not artifacts.is_url("file:///x")
