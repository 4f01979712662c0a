from __future__ import annotations

import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import artifacts
from ansible_collections.failover.stack.plugins.module_utils._scouter import parts

LIST = pathlib.Path(__file__).resolve().parents[5] / "roles/scouter/files/parts-2.20.0.sha256"


def test_a_list():
    assert parts.parse("# what\n%s  x/a/1/a-1.jar\n\n" % ("a" * 64)) == [{"path": "x/a/1/a-1.jar", "checksum": "sha256:" + "a" * 64}]


@pytest.mark.parametrize("line", ["abc  a.jar", "a" * 64 + " a.jar", "a" * 64 + "  ../a.jar", "a" * 64 + "  a b.jar"])
def test_what_is_no_list(line):
    with pytest.raises(ValueError, match="line 1 is no checksum and path"):
        parts.parse(line)


def test_the_roles_own_list():
    found = parts.parse(LIST.read_text(encoding="ascii"))
    assert len(found) == 94 and artifacts.objection(found) == ""
    # Artifact and version, as a Maven repository has them in its paths.
    wanted = {tuple(one["path"].split("/")[-3:-1]) for one in found}
    assert {("scouter-server", "2.20.0"), ("scouter-common", "2.20.0"), ("scouter-webapp", "2.20.0")} <= wanted
    # The API does not start with a core that is older than databind.
    assert {version for name, version in wanted if name == "jackson-core"} == {"2.12.6"}
