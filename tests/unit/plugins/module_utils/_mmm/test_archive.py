# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import archive, mends
from mmm_packed import FILES, pack


def test_what_is_in_it(tmp_path):
    found = archive.read(pack(tmp_path))
    assert found["VERSION"] == "2.2.1\n" and archive.version(found) == "2.2.1"
    assert "README" in found and not [name for name in found if name.startswith("mysql-mmm")]


@pytest.mark.parametrize(("changes", "why"), [
    ({"VERSION": "2.3.1\n"}, "the archive is MMM 2.3.1, and 2.2.1, 2.2.2, 2.2.3 are supported: give one of these"),
    ({"VERSION": None, "lib/Agent/Agent.pm": None},
     "is not MMM: it has no VERSION and no lib/Agent/Agent.pm: give the tar.gz of MMM's sources")])
def test_what_is_no_mmm_is_refused(tmp_path, changes, why):
    with pytest.raises(archive.BadArchive) as refused:
        archive.version(archive.read(pack(tmp_path, **changes)))
    assert str(refused.value).endswith(why)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "x.tar.gz").write_text("not found", encoding="utf-8")
    for name in ("x.tar.gz", "nothing.tar.gz"):
        with pytest.raises(archive.BadArchive, match=r"cannot be unpacked .*: give the tar.gz of MMM's sources"):
            archive.read(str(tmp_path / name))


def test_where_upstream_has_it():
    assert dict(archive.laid(FILES, ["agent"])) == {
        "/usr/share/perl5/MMM/Common/Config.pm": "lib/Common/Config.pm", "/usr/share/perl5/MMM/Agent/Agent.pm": "lib/Agent/Agent.pm",
        "/usr/share/perl5/MMM/Agent/Helpers/Network.pm": "lib/Agent/Helpers/Network.pm",
        "/usr/share/perl5/MMM/Agent/Helpers/Actions.pm": "lib/Agent/Helpers/Actions.pm",
        "/usr/lib/mysql-mmm/agent/configure_ip": "bin/agent/configure_ip", "/usr/sbin/mmm_agentd": "sbin/mmm_agentd"}
    monitor = dict(archive.laid(FILES, ["monitor"]))
    assert "/usr/sbin/mmm_control" in monitor and "/usr/share/perl5/MMM/Monitor/Monitor.pm" in monitor
    assert "/usr/sbin/mmm_agentd" not in monitor and "/usr/lib/mysql-mmm/monitor/checker" in monitor
    assert len(archive.laid(FILES, ["agent", "monitor"])) == len(FILES) - 4


def test_contents_and_modes():
    mend = mends.MENDS["lib/Agent/Agent.pm"][0]
    assert archive.content(FILES, "lib/Agent/Agent.pm").startswith(mend.mended + "\n")
    assert archive.content(FILES, "lib/Agent/Agent.pm", ["down"]).startswith(mend.line + "\n")
    assert archive.content(FILES, "sbin/mmm_mond") == "use constant MMM_VERSION => '2.2.1';\n"
    assert archive.mode("/usr/share/perl5/MMM/Agent/Agent.pm") == "0644" and archive.mode("/usr/sbin/mmm_mond") == "0755"


def test_whether_it_closes_ports():
    assert not archive.knows_blocking(FILES)
    assert archive.knows_blocking(dict(FILES, **{"lib/Common/Config.pm": "'blocking_type' => { 'default' => 'soft' }"}))
