"""Nothing that Unbraid did not write is removed; a result is whole or absent, whatever happens."""

import contextlib
import io
import os
import shutil
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from unbraid import _folders
from unbraid._folders import _swap, _written, check_makeable, check_target, writing
from unbraid._folders._workplace import Workplace, sweep
from unbraid.errors import InputError, UnbraidError

FILES = ("a.txt", "b.bin", "pages/c.txt")


def fill(new, text="new"):
    (new / "a.txt").write_text(text)
    (new / "b.bin").write_bytes(text.encode() * 50)
    (new / "pages").mkdir()
    (new / "pages" / "c.txt").write_text(text)


def write(folder, text="new", overwrite=True, kind="run"):
    with writing(folder, kind, FILES, overwrite=overwrite) as new:
        fill(new, text)
    return folder


def held(folder):
    """Return what a reader finds in a result, which must be whole; None where there is none."""
    if not folder.exists():
        return None
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert sorted(there) == [".unbraid.json", *FILES]
    text = (folder / "a.txt").read_text()
    assert (folder / "b.bin").read_bytes() == text.encode() * 50
    assert (folder / "pages" / "c.txt").read_text() == text
    return text


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture(params=["one step", "three steps"])
def how(request, monkeypatch):
    """Replace in one step, and as where the system cannot exchange two names."""
    if request.param == "three steps":
        monkeypatch.setattr(_swap, "_exchanged", lambda *_: False)
    return request.param


@pytest.mark.usefixtures("how")
def test_written_and_replaced(tmp_path):
    with pytest.raises(InputError, match="exists; choose another folder, or replace it by --over"):
        for text in ("first", "second"):
            write(tmp_path / "deep" / "r", text, overwrite=False)
    assert held(tmp_path / "deep" / "r") == "first"
    write(tmp_path / "deep" / "r", "second")
    assert held(tmp_path / "deep" / "r") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["r"]


def test_an_empty_folder_is_taken_with_its_mode(tmp_path):
    (tmp_path / "r").mkdir(mode=0o750)
    assert held(write(tmp_path / "r", overwrite=False)) == "new"
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o750


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_get_the_users_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        folder = write(tmp_path / "r")
    finally:
        os.umask(before)
    of = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert of == {False: mode, True: 0o777 & ~umask}


def foreign_file(folder):
    (folder / "thesis.tex").write_text("years")


def foreign_folder(folder):
    (folder / "thesis").mkdir()


def an_edited_file(folder):
    (folder / "a.txt").write_text("my notes")


def an_edited_record(folder):
    with (folder / ".unbraid.json").open("a") as stream:
        stream.write("my notes")


def a_link_for_a_file(folder):
    (folder / "a.txt").rename(folder.parent / "elsewhere")
    (folder / "a.txt").symlink_to(folder.parent / "elsewhere")


def a_file_in_a_folder_of_ours(folder):
    (folder / "pages" / "thesis.tex").write_text("years")


def a_folder_in_a_folder_of_ours(folder):
    (folder / "pages" / "thesis").mkdir()


def a_link_for_a_folder(folder):
    (folder / "pages").rename(folder.parent / "elsewhere")
    (folder / "pages").symlink_to(folder.parent / "elsewhere")


def no_record(folder):
    (folder / ".unbraid.json").unlink()


def a_record_of_everything(folder):
    (folder / ".unbraid.json").write_text('{"kind": "run", "files": {"../x": {}}}')


def a_record_of_what_is_beside(folder):
    """Whole but for its names, which lead out of the folder."""
    (folder.parent / "beside").write_text("mine")
    entry = _written._entry(folder.parent / "beside")
    text = _written._text("run", {"pages/../../beside": entry, "../beside": entry})
    (folder / ".unbraid.json").write_text(text)


PLANTS = [foreign_file, foreign_folder, an_edited_file, an_edited_record, a_link_for_a_file,
          a_file_in_a_folder_of_ours, a_folder_in_a_folder_of_ours, a_link_for_a_folder,
          no_record, a_record_of_everything, a_record_of_what_is_beside]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS)
def test_a_folder_with_anything_else_is_refused_and_untouched(tmp_path, plant):
    folder = write(tmp_path / "r", "old")
    plant(folder)
    before = snapshot(tmp_path)
    for use in (write, lambda path: check_target(path, "run", overwrite=True)):
        with pytest.raises(InputError, match=r"holds something else .*; it is left as it is"):
            use(folder)
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("plant", [foreign_file, an_edited_file, no_record])
def test_what_is_put_in_while_computing_stays_and_the_result_is_kept_beside(tmp_path, plant):
    folder = write(tmp_path / "r", "old")
    with (
        pytest.raises(UnbraidError, match="What was computed is kept in .*r-kept-") as caught,
        writing(folder, "run", FILES, overwrite=True) as new,
    ):
        fill(new)
        plant(folder)
        before = snapshot(folder)
    assert snapshot(folder) == before
    kept = next(path for path in tmp_path.iterdir() if path.name != "r")
    assert held(kept) == "new"
    assert str(kept) in str(caught.value)


@pytest.mark.usefixtures("how")
def test_what_is_put_in_at_the_last_moment_is_kept(tmp_path, monkeypatch):
    folder, swap = write(tmp_path / "r", "old"), _swap.swap

    def late(new, target, aside):
        foreign_file(target)
        swap(new, target, aside)

    monkeypatch.setattr("unbraid._folders._writing.swap", late)
    with pytest.warns(RuntimeWarning, match="was changed while it was replaced; it is kept in"):
        write(folder)
    assert held(folder) == "new"
    kept = next(path for path in tmp_path.iterdir() if path.name != "r")
    assert (kept / "thesis.tex").read_text() == "years"
    assert (kept / "a.txt").read_text() == "old"


@pytest.mark.parametrize("name, match", [
    (".", "the current folder, or one above it"),
    ("..", "the current folder, or one above it"),
    ("", "the current folder, or one above it"),
    ("/", "is a mount point"),
    ("/proc/x", "/proc is no writable folder"),
    ("/dev/null", "exists and is a file"),
    ("file", "exists and is a file"),
    ("file/r", "file is no writable folder"),
    ("link", "exists and is a link"),
    ("dangling", "exists and is a link"),
    ("a\0b", "cannot be a folder"),
    ("n" * 300, "cannot be a folder: File name too long"),
    ("r", "exists and holds a run, no dictionary"),
])  # fmt: skip
def test_unfit_targets_are_refused_before_the_work(tmp_path, monkeypatch, name, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "dangling").symlink_to("nothing")
    write(tmp_path / "r", "old")
    before = snapshot(tmp_path)
    with pytest.raises(InputError, match=match):
        check_target(os.fspath(name), "dictionary", overwrite=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["/proc/x", "file/r", "a\0b", "n" * 300])
def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="no writable folder|cannot be a folder"):
        check_makeable(name)
    check_makeable("new/deep")
    check_makeable(".")


def test_a_mistake_in_the_block_leaves_nothing(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        writing(tmp_path / "a" / "b" / "r", "run", FILES, overwrite=False) as new,
    ):
        (new / "a.txt").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(RuntimeError, match="surprise was not announced"),
        writing(tmp_path / "r", "run", FILES, overwrite=False) as new,
    ):
        (new / "surprise").touch()


class Killed(BaseException):
    """The process ends here: nothing that it does later reaches the disk."""


STEPS = ("mkdir", "rename", "unlink", "rmdir", "chmod", "fsync", "link")


@pytest.fixture
def dying(monkeypatch):
    """Let a process end before its k-th step on the disk, with half of what it was writing."""
    state = {"left": None, "handles": []}

    def step():
        if state["left"] is not None:
            state["left"] -= 1
            if state["left"] < 0:
                raise Killed

    def wrapped(call):
        def wrapper(*arguments, **options):
            step()
            return call(*arguments, **options)

        return wrapper

    class Stream(io.FileIO):
        def write(self, data):
            try:
                step()
            except Killed:
                super().write(bytes(data)[: len(data) // 2])
                raise
            return super().write(data)

    real = io.open

    def opened(path, mode="r", *arguments, **options):
        if state["left"] is None or "w" not in mode:
            return real(path, mode, *arguments, **options)
        step()
        raw = Stream(path, "w")
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8", write_through=True)

    opening, closing = os.open, os.close

    def open_handle(*arguments, **options):
        handle = opening(*arguments, **options)
        if state["left"] is not None:
            state["handles"].append(handle)
        return handle

    def close_handle(handle):
        if handle in state["handles"]:
            state["handles"].remove(handle)
        closing(handle)

    monkeypatch.setattr(os, "fsync", lambda _handle: None)  # slow on a busy disk
    for name in STEPS:
        monkeypatch.setattr(os, name, wrapped(getattr(os, name)))
    monkeypatch.setattr(_swap, "_exchanged", wrapped(_swap._exchanged))
    monkeypatch.setattr(io, "open", opened)
    monkeypatch.setattr(os, "open", open_handle)
    monkeypatch.setattr(os, "close", close_handle)

    def die(after, work):
        """Run until the kill; True if the work was done before. Its locks end with it."""
        state["left"] = after
        try:
            work()
            return True
        except Killed:
            return False
        finally:
            state["left"] = None
            for handle in [*state["handles"]]:
                os.close(handle)

    return die


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("old", [None, "old"])
def test_killed_at_any_step(tmp_path, dying, old, how):
    """Foreign files stay, no half result is there, and the next writer cleans up and succeeds."""
    for after in range(200):
        place = tmp_path / str(after)
        place.mkdir()
        (place / "beside.txt").write_text("mine")
        (place / ".unbraid-0123456789abcdef").mkdir()
        (place / ".unbraid-0123456789abcdef" / "writing.json").write_text("mine")
        mine = snapshot(place)
        if old:
            write(place / "r", old)
        done = dying(after, lambda place=place: write(place / "r", "new"))
        between = how == "three steps" and old and not (place / "r").exists()
        assert between or held(place / "r") in ({old, "new"} if not done else {"new"})
        write(place / "other")
        if between:  # put back by the next writer
            assert held(place / "r") in ("old", "new")
        write(place / "r", "again")
        assert held(place / "r") == "again"
        shutil.rmtree(place / "other")
        shutil.rmtree(place / "r")
        assert snapshot(place) == mine
        if done:
            break
    assert done
    assert after > 20


def test_a_full_disk_at_any_write_keeps_the_old_result(tmp_path, monkeypatch):
    write(tmp_path / "r", "old")
    before, real, counts = snapshot(tmp_path), io.open, {}

    class Full(io.FileIO):
        def write(self, data):
            counts["left"] -= 1
            if counts["left"] < 0:
                super().write(bytes(data)[: len(data) // 2])
                raise OSError(28, "No space left on device")
            return super().write(data)

    def opened(path, mode="r", *arguments, **options):
        if "w" not in mode:
            return real(path, mode, *arguments, **options)
        raw = Full(path, "w")
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8", write_through=True)

    monkeypatch.setattr(io, "open", opened)
    for room in range(50):
        counts["left"] = room
        try:
            write(tmp_path / "r", "new")
            break
        except UnbraidError as error:
            assert "could not be written: No space left on device. Nothing was kept" in str(error)
            assert snapshot(tmp_path) == before
    assert room == 5  # the marker, three files, the record
    assert held(tmp_path / "r") == "new"


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("step", ["rename", "exchange"])
def test_a_last_step_that_fails_keeps_both_results(tmp_path, monkeypatch, step):
    write(tmp_path / "r", "old")
    real = os.rename

    def broken(source, target, **options):
        if os.fspath(target) == os.fspath(tmp_path / "r") and os.fspath(source).endswith("ready"):
            raise OSError(5, "Input/output error")
        real(source, target, **options)

    def broken_exchange(*_):
        raise OSError(5, "Input/output error")

    if step == "exchange":
        monkeypatch.setattr(_swap, "_exchanged", broken_exchange)
    else:
        monkeypatch.setattr(_swap, "_exchanged", lambda *_: False)
        monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(UnbraidError, match=r"Input/output error. What was computed is kept in"):
        write(tmp_path / "r", "new")
    assert held(tmp_path / "r") == "old"
    kept = next(path for path in tmp_path.iterdir() if path.name != "r")
    assert held(kept) == "new"


def test_what_cannot_be_moved_out_either_stays_where_it_is(tmp_path, monkeypatch):
    real = os.rename

    def broken(source, target, **options):
        if os.fspath(source).endswith("ready"):
            raise OSError(5, "Input/output error")
        real(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", broken)
        with pytest.raises(UnbraidError, match=r"is kept in .*/\.unbraid-\w+/ready"):
            write(tmp_path / "r", "new")
    sweep(tmp_path)
    (kept,) = tmp_path.glob(".unbraid-*/ready")
    assert held(kept) == "new"


@pytest.mark.usefixtures("how")
def test_writers_that_race_leave_one_whole_result(tmp_path):
    failures, seen = [], set()
    write(tmp_path / "r", "0")

    def writer(name):
        try:
            for i in range(15):
                write(tmp_path / "r", f"{name}{i}")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=writer, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(FileNotFoundError):  # between two of three steps there is none
            seen.add((tmp_path / "r" / "a.txt").read_text())
    assert failures == []
    assert seen <= {"0", *(f"{name}{i}" for name in "ab" for i in range(15))}
    assert held(tmp_path / "r") in ("a14", "b14")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_the_second_of_two_first_writers_keeps_its_result_beside(tmp_path):
    with (
        pytest.raises(UnbraidError, match="another process wrote it meanwhile. What was computed"),
        writing(tmp_path / "r", "run", FILES, overwrite=False) as new,
    ):
        fill(new, "slow")
        write(tmp_path / "r", "quick", overwrite=False)
    assert held(tmp_path / "r") == "quick"
    assert held(next(tmp_path.glob("r-kept-*"))) == "slow"


def test_a_live_writer_and_a_copy_are_not_swept(tmp_path):
    with Workplace(tmp_path / "r", FILES) as work:
        (work.new / "a.txt").write_text("half")
        shutil.copytree(work.path, tmp_path / ".unbraid-00000000000000aa")
        before = snapshot(tmp_path)
        sweep(tmp_path)
        assert snapshot(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [".unbraid-00000000000000aa"]


def test_a_leftover_with_something_else_in_it_stays(tmp_path):
    work = Workplace(tmp_path / "r", FILES)
    (work.new / "a.txt").write_text("half")
    (work.path / "notes.txt").write_text("mine")
    os.close(work._lock)  # as a kill does
    before = snapshot(tmp_path)
    sweep(tmp_path)
    assert snapshot(tmp_path) == before
    (work.path / "notes.txt").unlink()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_names_of_files_stay_in_the_folder():
    for name in ("a", "a.txt", "pages/a", "b/.unbraid.json"):
        assert _written.is_name(name)
    for name in ("", ".", "..", "/", "a/", "/a", "a//b", "../a", "a/..", "a/b/c", ".unbraid.json"):
        assert not _written.is_name(name)


def test_the_names_promised_are_there():
    assert _folders.RECORD == ".unbraid.json"


KILLED = """
import sys
from unbraid._folders import writing
for i in range(10**6):
    with writing(sys.argv[1], "run", ("a.txt", "b.bin", "pages/c.txt"), overwrite=True) as new:
        (new / "a.txt").write_text(f"{i}")
        (new / "b.bin").write_bytes(f"{i}".encode() * 50)
        (new / "pages").mkdir()
        (new / "pages" / "c.txt").write_text(f"{i}")
    print(i, flush=True)
"""


def test_processes_that_race_and_are_killed(tmp_path):
    """Two processes replace one result as fast as they can, and are killed anywhere."""
    (tmp_path / "mine.txt").write_text("mine")
    rng = np.random.default_rng(0)
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "r")]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        for child in children:
            child.stdout.readline()  # it is at work
        time.sleep(rng.uniform(0, 0.1))
        for child in children:
            child.kill()
            child.communicate()
        assert held(tmp_path / "r") is not None
    write(tmp_path / "r", "last")
    assert held(tmp_path / "r") == "last"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "r"]
