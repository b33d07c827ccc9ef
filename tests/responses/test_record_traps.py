"""Models that are not what their weights and code say, and stimuli that are not what they seem."""

import warnings

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import AveragePool, ChannelMean, Preprocess, images, record, record_to

nn = torch.nn


class Scaled(nn.Module):
    """A layer, then a number and a function that no hash of weights or code can see."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 4)
        self.scale, self.act = 1.0, torch.relu
        with torch.no_grad():
            self.inner.weight.copy_(torch.linspace(-1, 1, 24).reshape(4, 6))

    def forward(self, x):
        return self.act(self.inner(x)) * self.scale


@pytest.fixture
def x(rng):
    return rng.normal(size=(7, 6)).astype("float32")


def steered(net):
    net.inner.register_forward_hook(lambda _module, _inputs, output: output * 0.5)


@pytest.mark.seed(1)
@pytest.mark.parametrize(
    "change",
    [
        lambda net: setattr(net, "scale", 1.1),
        lambda net: setattr(net, "act", torch.tanh),
        lambda net: setattr(net, "forward", lambda x: net.inner(x) * 5),
        steered,
    ],
    ids=["attribute", "function", "forward", "hook"],
)
@pytest.mark.parametrize("finished", [True, False])
def test_what_a_model_gives_is_compared(x, tmp_path, change, finished, monkeypatch):
    """Responses of another model are neither opened nor resumed, whatever made it another."""
    from unbraid.responses.stores import _writer

    monkeypatch.setattr(_writer, "_SHARD_BYTES", 4 * 4 * 2)
    net = Scaled()
    if finished:
        record_to(tmp_path, net, x)
        record_to(tmp_path, net, x, batch=2)
    else:
        bad = np.where(np.arange(7)[:, None] < 5, x, np.inf).astype("float32")
        for _ in range(2):
            with pytest.raises(InputError, match="Layer 'output', stimuli 4..5: values must"):
                record_to(tmp_path, net, bad, batch=2)
        assert len(list((tmp_path / "output").glob("shard-*"))) == 1
        x = bad
    change(net)
    with pytest.raises(InputError, match="different: outputs for one stimulus"):
        record_to(tmp_path, net, x)


def over_time(x):
    """Run along the batch, as a recurrent network does that was not told batch_first."""
    return x.cumsum(0)


@pytest.mark.parametrize(
    "model",
    [over_time, lambda x: x - x.mean(0), lambda x: x + torch.randn_like(x), nn.LSTM(6, 4)],
    ids=["cumulative", "batch mean", "noise", "lstm"],
)
def test_answers_that_depend_on_the_batch_are_told(x, model):
    select = 0 if isinstance(model, nn.Module) else None
    with torch.random.fork_rng(), pytest.warns(RuntimeWarning, match="otherwise in a batch of 7"):
        record(model, x[:, None], select=select)


def test_answers_that_do_not_are_not(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record(Scaled().half(), x.astype("float16"))
        record(nn.LSTM(6, 4, batch_first=True), x[:, None], select=0)
        record(over_time, x[:1])


class Twice(Scaled):
    """Calls a module once for a stimulus alone, twice for several."""

    def forward(self, x):
        out = self.act(self.inner(x))
        return out if len(x) == 1 else self.act(self.inner(x + 1))


def test_a_module_called_a_changing_number_of_times(x):
    with pytest.raises(InputError, match="called once for one stimulus and again for stimuli 0..6"):
        record(Twice(), x, ["inner", "output"])
    record(Twice(), x, ["inner@0"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_modules_have_an_output_only(x):
    net = Scaled()
    traced = torch.jit.trace(net.inner, torch.from_numpy(x))
    np.testing.assert_allclose(
        record(traced, x)["output"].values, record(net, x, "inner")["inner"].values, rtol=1e-6
    )
    net.inner = traced
    with pytest.raises(InputError, match="'inner' is compiled by TorchScript, which runs no hooks"):
        record(net, x, "inner")


def test_means_of_half_precision_are_of_single_precision(rng):
    shown = rng.normal(1000, 1, size=(2, 3, 16, 16)).astype("float16")
    for rule, truth in [(ChannelMean(), shown.mean((2, 3), dtype=float)),
                        (AveragePool(size=1), shown.mean((2, 3), dtype=float))]:  # fmt: skip
        found = record(nn.Identity(), torch.from_numpy(shown), units=rule)["output"].values
        np.testing.assert_allclose(found, truth, rtol=1e-6)


@pytest.mark.parametrize("mode", ["P", "L", "1", "RGBA", "CMYK", "LA", "YCbCr", "LAB"])
def test_pictures_in_memory_are_those_in_files(rng, tmp_path, mode):
    """A palette's numbers, or another space's, are never taken for colours."""
    from PIL import Image as pillow

    colours = pillow.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    pictures = [colours.convert(mode), colours.rotate(90).convert(mode)]
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for picture, path in zip(pictures, paths, strict=True):
        picture.save(path)
    options = {"preprocess": Preprocess(size=8, resize=8)}
    np.testing.assert_array_equal(
        record(nn.Identity(), pictures, **options)["output"].values,
        record(nn.Identity(), images(paths), **options)["output"].values,
    )


def test_names_of_files_are_no_pictures(tmp_path):
    with pytest.raises(InputError, match=r"got the text 'b.png'. Files are given as images\("):
        record(nn.Identity(), ["a.png", "b.png"], preprocess=Preprocess())


def test_a_strip_that_would_fill_the_memory(rng):
    with pytest.raises(InputError, match="1 x 4000 pixels would become 256 x 1024000; cut it"):
        Preprocess()([np.zeros((4000, 1, 3), np.uint8)])
