"""A message that asks for an option, where none can be given, says where it can."""

import json
import warnings

import numpy as np
import pytest

from unbraid import cli, responses
from unbraid._asking import explained
from unbraid.errors import InputError
from unbraid.sparse import Dictionary


def _where(option):
    return f"Give {option} elsewhere."


def _command(capsys, monkeypatch, place, *words):
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.argv", ["unbraid", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code, capsys.readouterr().err


def test_only_what_asks_for_an_option_is_added_to():
    asks = pytest.raises(InputError, match=r"^say axes='a b'\. Give axes elsewhere\.$")
    with asks, explained(["values", "axes"], _where):
        raise InputError("say axes='a b'.")
    for text in ("no --axes=3 here", "x.axes=3", "the axes", "taxes=3"):
        with pytest.raises(InputError) as found, explained(["values", "axes"], _where):
            raise InputError(text)
        assert str(found.value) == text
    with pytest.raises(InputError, match="^say =1$"), explained([], _where):
        raise InputError("say =1")


def test_warnings_are_added_to_and_stay_where_an_error_follows():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(InputError), explained(["k"], _where):
            warnings.warn("give k=3", RuntimeWarning, stacklevel=1)
            raise InputError("else")
    assert [(str(one.message), one.category) for one in caught] == [
        ("give k=3 Give k elsewhere.", RuntimeWarning)
    ]


@pytest.mark.parametrize(("name", "option"), [
    ("several.npz", "values"), ("deep.npy", "axes"), ("headless.csv", "header"),
    ("F.npy", "axes"),
])  # fmt: skip
def test_a_command_says_how_a_file_is_read_in_python(capsys, monkeypatch, tmp_path, name, option):
    np.savez(tmp_path / "several.npz", a=np.ones((4, 2)), b=np.ones((4, 3)))
    np.save(tmp_path / "deep.npy", np.ones((4, 3, 2)))
    np.save(tmp_path / "F.npy", np.ones((4, 3)))
    (tmp_path / "headless.csv").write_text("a,1,2\nb,3,4\n")
    status, err = _command(capsys, monkeypatch, tmp_path, "fit", name, "-o", "d")
    call = f"unbraid.load('{name}', {option}=...)"
    assert status == 2
    assert err.count("\n") == 1
    assert err.endswith(f"in Python: unbraid.save({call}, 'new.npz').\n")
    with pytest.raises(InputError) as found:
        responses.load(tmp_path / name)
    assert "in Python" not in str(found.value)


@pytest.mark.filterwarnings("default::RuntimeWarning")
def test_a_command_says_it_of_warnings_too(capsys, monkeypatch, tmp_path):
    steps = np.random.default_rng(0).normal(size=(20, 400))
    np.save(tmp_path / "turned.npy", np.cumsum(steps, axis=1))
    words = ("fit", "turned.npy", "-o", "d", "--method", "PCA(n_latents=2, k=2)")
    status, err = _command(capsys, monkeypatch, tmp_path, *words)
    assert status == 0
    assert "in Python: unbraid.save(unbraid.load('turned.npy', axes=...), 'new.npz')." in err


def test_a_dictionary_that_needs_options_names_their_reader(tmp_path):
    import torch

    path = tmp_path / "bare.pt"
    weights = torch.eye(3)
    torch.save({"encoder.weight": weights, "encoder.bias": weights[0], "decoder.weight": weights,
                "decoder.bias": weights[1]}, path)  # fmt: skip
    call = f"unbraid.load_foreign({str(path)!r}, activation=...)"
    with pytest.raises(InputError) as found:
        Dictionary.load(path)
    assert call in str(found.value)


def test_what_is_no_dictionary_is_called_by_its_name(capsys, monkeypatch, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((4, 2)))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text(json.dumps({}))
    for name, said in (("x.npy", "is a file of responses"), ("run", "is the folder of a result")):
        words = ("encode", name, "x.npy", "-o", "codes.npz")
        status, err = _command(capsys, monkeypatch, tmp_path, *words)
        assert (status, err.count("\n")) == (2, 1)
        assert f"Error: {name} {said}" in err


def test_saving_a_dictionary_says_nothing_of_other_libraries(capsys, monkeypatch, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 4)))
    words = ("fit", "x.npy", "-o", "d", "--method", "SparseCoding(n_latents=4)", "--json")
    status, err = _command(capsys, monkeypatch, tmp_path, *words)
    assert (status, err) == (0, "")
