"""Configurations: frozen, named, stored as given; one line for every misspelling."""

import copy
import pickle
from pathlib import Path
from typing import Literal

import pydantic
import pytest

import unbraid as ub
from unbraid import _config
from unbraid._config import Config, fingerprint
from unbraid.errors import InputError


class Inner(Config):
    """An inner choice."""

    depth: int = 1


class Choice(Config):
    """A choice."""

    k: int = 32
    """Latents kept for each stimulus."""
    rate: float = 1e-3
    kind: Literal["omp", "fista"] = "omp"
    inner: Inner = Inner()

    @pydantic.field_validator("k")
    @classmethod
    def _positive(cls, k: int) -> int:
        if k < 1:
            raise ValueError("must be at least 1, got 0 or less")
        return k


class Needs(Config):
    """A choice without a default."""

    n_latents: int


def test_frozen_and_described():
    choice = Choice(k=3)
    with pytest.raises(pydantic.ValidationError):
        choice.k = 4
    assert choice.describe()["name"] == "Choice"
    assert choice.describe()["k"] == 3
    assert Choice.model_fields["k"].description == "Latents kept for each stimulus."


def test_fingerprint_names_the_choice():
    assert Choice(k=3).fingerprint() == Choice(k=3).fingerprint()
    assert Choice(k=3).fingerprint() != Choice(k=4).fingerprint()
    assert Inner().fingerprint() != Needs(n_latents=1).fingerprint()
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert len(fingerprint(0)) == 12


@pytest.mark.parametrize(
    "options, match",
    [
        ({"kk": 3}, "^Choice has no option 'kk'; did you mean 'k'"),
        ({"zzzzzz": 3}, "^Choice has no option 'zzzzzz'; it has k, rate, kind, inner"),
        ({"k": 0}, "^Choice 'k': must be at least 1, got 0 or less.$"),
        ({"k": "many"}, "^Choice 'k': Input should be a valid integer.*got 'many'"),
        ({"kind": "lasso"}, "^Choice 'kind': Input should be 'omp' or 'fista'"),
        ({"rate": float("nan")}, "^Choice 'rate': Input should be a finite number"),
        ({"k": list(range(10_000))}, r"^Choice 'k': .*\.\.\."),
        ({"inner": {"dept": 2}}, "^Choice.*did you mean 'depth'"),
        ({"self": 1}, "^Choice has no option 'self'"),
    ],
)
def test_one_line(options, match):
    with pytest.raises(InputError, match=match) as caught:
        Choice(**options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_options_by_place_are_refused_by_the_name_of_the_class():
    with pytest.raises(
        InputError, match="^Choice takes its options by name, got 3 without one; it"
    ):
        Choice(3)
    with pytest.raises(InputError, match="^TopK takes its options by name, got 32 .* n_latents"):
        ub.TopK(32)
    choice = Choice()
    assert pickle.loads(pickle.dumps(choice)) == copy.deepcopy(choice) == choice


def test_missing_option():
    with pytest.raises(InputError, match="^Needs needs the option 'n_latents'"):
        Needs()


def test_overrides():
    choice = Choice().with_options(["k=5", "rate=1e-4", "kind=fista"])
    assert (choice.k, choice.rate, choice.kind) == (5, 1e-4, "fista")
    assert Choice(inner=Inner(depth=4)).with_options(["k=2"]).inner.depth == 4
    with pytest.raises(InputError, match="An override is written key=value, got 'k'"):
        Choice().with_options(["k"])
    with pytest.raises(InputError, match="the value of 'k' is not YAML"):
        Choice().with_options(["k=[1"])
    with pytest.raises(InputError, match="'k' is set twice; which one counts"):
        Choice().with_options(["k=1", "k=2"])


class Placed(Config):
    """A choice with a folder."""

    folder: Path | None = None


@pytest.mark.parametrize("name", ["/a b: c #d", "it's", "[a]", "123", "C:\\data", "~/x"])
def test_a_folder_is_taken_as_it_is_written(name):
    assert Placed().with_options([f"folder={name}"]).folder == Path(name)


@pytest.mark.parametrize("text, folder", [("", None), ("null", None), ("'a # b'", Path("a # b"))])
def test_no_folder_and_a_quoted_one(text, folder):
    assert Placed().with_options([f"folder={text}"]).folder == folder


def test_load(tmp_path):
    path = tmp_path / "choice.yaml"
    path.write_text("k: 7\nrate: 0.5\ninner: {depth: 3}\n")
    assert _config.load(Choice, path, ["k=8"]) == Choice(k=8, rate=0.5, inner=Inner(depth=3))
    assert _config.load(Choice, None) == Choice()
    path.write_text("")
    assert _config.load(Choice, path) == Choice()


@pytest.mark.parametrize(
    "content, match",
    [
        (b"- 1\n- 2\n", "must hold 'option: value' lines, got list"),
        (b"[]", "must hold 'option: value' lines, got list"),
        (b"k: [1", "is not YAML"),
        (b"k: !!python/object/apply:os.abort []", "is not YAML"),
        (b"\xff\xfe\xff", "cannot be read as UTF-8 text"),
        (b"1: 2\n", "has no option '1'"),
        (b"k: 2026-13-45", "is not YAML"),
        (b"[" * 5000, "nested too deeply|is not YAML"),
    ],
)
def test_damaged_files(tmp_path, content, match):
    path = tmp_path / "choice.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=match) as caught:
        _config.load(Choice, path)
    assert "\n" not in str(caught.value)


BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
)


@pytest.mark.parametrize("content, match", [
    (BOMB, r"stands for 9.*e\+08 characters once its aliases \(\*name\) are replaced"),
    ("a: &a [*a]", "stands for inf characters"),
    ("k: 1\nrate: 2\nk: 3", "Option 'k' is given twice"),
    ("inner: {depth: 1, depth: 2}", "Option 'depth' is given twice"),
    (f"{'k' * 900}: 1", "has no option 'kkk"),
    (f"k: {'x' * 9000}", "got 'xxx"),
    ("k: [[[[1, 2], [3]]]]", "got"),
    ("k: &a [&b [1, 1, 1, 1, 1, 1], *b, *b, *b, *b, *b]", "got"),
])  # fmt: skip
def test_a_message_is_short_whatever_the_file_holds(tmp_path, content, match):
    path = tmp_path / "choice.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=match) as caught:
        _config.load(Choice, path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_aliases_are_read(tmp_path):
    path = tmp_path / "choice.yaml"
    path.write_text("k: &k 7\ninner: {depth: *k}\n")
    assert _config.load(Choice, path) == Choice(k=7, inner=Inner(depth=7))


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="is not a file; give a YAML file of Choice options"):
        _config.load(Choice, tmp_path / "none.yaml")


def test_overrides_do_not_make_defaults_look_chosen():
    class Wine(Config):
        """A wine."""

        year: int = 2000
        red: bool = True

    assert Wine().with_options(["red=false"]).model_fields_set == {"red"}


class Named(Config):
    """A choice of texts."""

    session: str = "a"
    other: str | None = None
    names: tuple[str, ...] = ()
    count: int | str = 0


@pytest.mark.parametrize("text", ["210225", "001", "1e5", "2020-01-01", "yes", "0x10", "1.0", "~a"])
def test_text_is_what_was_written(tmp_path, text):
    """YAML would make numbers, dates and truths of it."""
    assert Named().with_options([f"session={text}"]).session == text
    assert Named().with_options([f"other='{text}'"]).other == text
    assert Named().with_options([f"names=[{text}, b]"]).names == (text, "b")
    file = tmp_path / "named.yaml"
    file.write_text(f"session: {text}\nother: {text}\nnames:\n- {text}\n- b\n")
    loaded = _config.load(Named, file)
    assert (loaded.session, loaded.other, loaded.names) == (text, text, (text, "b"))


def test_what_is_no_text_is_yaml():
    assert Named().with_options(["other=null"]).other is None
    assert Named().with_options(["count=3"]).count == 3
    with pytest.raises(InputError, match="Named 'session'"):
        Named().with_options(["session=[1, 2]"])
