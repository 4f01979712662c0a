from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._preflight import given_files


def test_a_file_of_the_controller(tmp_path):
    path = tmp_path / "a.deb"
    assert given_files.sum_of(str(path)) == "" == given_files.sum_of(str(tmp_path))
    path.write_bytes(b"x")
    assert given_files.sum_of(str(path)) == "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert given_files.sum_of(str(path), "sha512").startswith("sha512:a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238b")


def test_another_one_in_its_place_is_read_anew(tmp_path):
    path = tmp_path / "a.deb"
    path.write_bytes(b"x")
    first = given_files.sum_of(str(path))
    path.write_bytes(b"other")
    assert given_files.sum_of(str(path)) != first
