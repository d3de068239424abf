"""Files that are there whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from t2v_recaption.whole_files import write_whole


def test_text_and_pieces(tmp_path) -> None:
    write_whole(tmp_path / "a.txt", "größer\n")
    write_whole(tmp_path / "b.bin", iter([b"one", b"two"]))
    assert (tmp_path / "a.txt").read_bytes() == "größer\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"onetwo"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.bin"]


def test_what_fails_in_the_middle_leaves_what_was_there(tmp_path) -> None:
    def pieces():
        yield b"new"
        raise OSError("no more")

    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OSError, match="no more"):
        write_whole(tmp_path / "a.txt", pieces())
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_stays_a_link(tmp_path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_whole(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_to(tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write_whole, args=(pipe, "through"))
    writer.start()
    assert pipe.read_text() == "through"
    writer.join()
    assert pipe.is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_device_that_takes_nothing_says_so_and_stays() -> None:
    with pytest.raises(OSError, match="space"):
        write_whole(Path("/dev/full"), "text")
    assert os.path.exists("/dev/full")
