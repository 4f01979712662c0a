from __future__ import annotations

import hashlib
import io
import os
import tarfile
from urllib.error import URLError

import pytest
from ansible_collections.failover.stack.plugins.modules import artifacts


def sum_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


FILES = [{"path": "org/a/a.jar", "checksum": sum_of(b"a")}, {"path": "org/b/b.jar", "checksum": sum_of(b"b")}]


@pytest.fixture
def given(tmp_path):
    return lambda **more: {"directory": str(tmp_path / "parts"), "source": "https://repository.test/maven2/", "files": FILES, **more}


@pytest.fixture
def served(monkeypatch):
    """What the repository has by URL; a URL that it has not fails."""
    content, asked = {}, []

    def open_url(url, timeout):
        asked.append(url)
        if url not in content:
            raise URLError("not there")
        return io.BytesIO(content[url])

    monkeypatch.setattr(artifacts, "open_url", open_url)
    content.update({"https://repository.test/maven2/org/a/a.jar": b"a", "https://repository.test/maven2/org/b/b.jar": b"b"})
    return content, asked


def there(tmp_path):
    return {name: (tmp_path / "parts" / name).read_bytes() for name in sorted(os.listdir(tmp_path / "parts"))}


def test_all_come_and_the_second_run_changes_nothing(play, given, served, tmp_path):
    result = play(artifacts, given())
    assert result["changed"] and result["missing"] == ["a.jar", "b.jar"] and there(tmp_path) == {"a.jar": b"a", "b.jar": b"b"}
    assert os.stat(tmp_path / "parts/a.jar").st_mode & 0o777 == 0o644
    result = play(artifacts, given())
    assert not result["changed"] and len(served[1]) == 2
    assert os.listdir(tmp_path) == ["parts"]


def test_one_that_differs_comes_anew_and_what_is_not_named_goes(play, given, served, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/a.jar").write_bytes(b"damaged")
    (tmp_path / "parts/b.jar").mkdir()
    (tmp_path / "parts/b-older.jar").write_bytes(b"b")
    (tmp_path / "parts/more").mkdir()
    result = play(artifacts, given(), diff=True)
    assert result["surplus"] == ["b-older.jar", "more"] and there(tmp_path) == {"a.jar": b"a", "b.jar": b"b"}


def test_check_mode_changes_nothing(play, given, served, tmp_path):
    assert play(artifacts, given(), check=True)["changed"]
    assert play(artifacts, given(look=True))["missing"] == ["a.jar", "b.jar"]
    assert not served[1] and not (tmp_path / "parts").exists()


def test_a_wrong_checksum_puts_nothing_in_place(refused, given, served, tmp_path):
    served[0]["https://repository.test/maven2/org/b/b.jar"] = b"something else"
    said = refused(artifacts, given())
    assert said == ("org/b/b.jar has checksum %s, not %s: nothing was put in %s: correct the source (https://repository.test/maven2/) or "
                    "the checksum." % (sum_of(b"something else"), FILES[1]["checksum"], tmp_path / "parts"))
    assert there(tmp_path) == {} and os.listdir(tmp_path) == ["parts"]


def test_one_that_is_not_there(refused, given, served, tmp_path):
    del served[0]["https://repository.test/maven2/org/b/b.jar"]
    assert refused(artifacts, given()).startswith("https://repository.test/maven2/org/b/b.jar cannot be fetched (")
    assert there(tmp_path) == {}


def test_a_list_that_cannot_be(refused, given):
    assert "has a password" in refused(artifacts, given(source="https://me:secret@repository.test/"))


def test_what_the_controller_handed_over(play, given, tmp_path):
    with tarfile.open(tmp_path / "handed.tar", "w") as archive:
        for name in ("a", "b"):
            (tmp_path / name).write_bytes(name.encode())
            archive.add(tmp_path / name, arcname=name + ".jar")
    play(artifacts, given(source="/root/m2", handed=str(tmp_path / "handed.tar")))
    assert there(tmp_path) == {"a.jar": b"a", "b.jar": b"b"}
