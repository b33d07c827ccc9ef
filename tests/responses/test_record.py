"""Recording: the traps of hooks, the rules of units, bounded memory, resume, and cache keys."""

import re

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import (
    AveragePool,
    Center,
    ChannelMean,
    ClassToken,
    Flatten,
    Positions,
    Preprocess,
    RandomProjection,
    load,
    open_store,
    record,
    record_to,
)

nn = torch.nn


class Net(nn.Module):
    """A small network with every trap: in-place, reused, tuple, named, unused."""

    def __init__(self, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.conv = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU(inplace=True)
        self.block = nn.ModuleDict({"a": nn.Conv2d(4, 5, 3), "b": nn.Conv2d(5, 5, 1)})
        self.drop = nn.Dropout(0.5)
        self.two = Two()
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(5, 6)
        self.calls = []
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)

    def forward(self, x):
        self.calls.append(len(x))
        x = self.relu(self.conv(x))
        x = self.relu(self.block["a"](x))
        x = self.drop(self.block["b"](x))
        left, _ = self.two(x)
        self.calls.append("end")
        return self.head(left.mean((2, 3)))


class Two(nn.Module):
    """Gives two tensors."""

    def forward(self, x):
        return x * 2, x.flatten(1)


@pytest.fixture
def net():
    return Net()


@pytest.fixture
def x(rng):
    return rng.normal(size=(7, 3, 8, 9)).astype("float32")


def truth(net, x, layer):
    """What the layer gives, computed by hand, without hooks."""
    with torch.no_grad():
        out = net.conv(torch.from_numpy(x))
        if layer == "conv":
            return out.numpy()
        out = net.block["a"](torch.relu(out))
        if layer == "block.a":
            return out.numpy()
        return net.block["b"](torch.relu(out)).numpy()


def test_in_place_relu_does_not_change_what_was_captured(net, x):
    recorded = record(net, x, ["conv", "block.a", "block.b"], batch=3)
    for layer, responses in recorded.items():
        expected = truth(net, x, layer).reshape(7, -1)
        np.testing.assert_allclose(responses.values, expected, atol=1e-5)
        assert responses.values.min() < 0
    assert list(recorded["conv"].stimuli) == [str(i) for i in range(7)]


def test_reused_modules_need_a_call(net, x):
    with pytest.raises(InputError, match="'relu' is called 2 times in a pass; .*'relu@0' to 'rel"):
        record(net, x, "relu")
    both = record(net, x, ["relu@1", "relu@0"], batch=4)
    assert list(both) == ["relu@1", "relu@0"]
    for name, layer in [("relu@0", "conv"), ("relu@1", "block.a")]:
        expected = np.maximum(truth(net, x, layer), 0).reshape(7, -1)
        np.testing.assert_allclose(both[name].values, expected, atol=1e-5)
    with pytest.raises(InputError, match=r"'relu@2' gave no output \(2 calls in a pass\)"):
        record(net, x, "relu@2")
    with pytest.raises(InputError, match="a call is written name@0|A layer's call is written"):
        record(net, x, "relu@last")


def test_tuples_need_a_selector(net, x):
    with pytest.raises(
        InputError, match=r"two gives a tuple of \(1, 5, 4, 5\), \(1, 100\), not one"
    ):
        record(net, x, "two")
    block = truth(net, x, "block.b")
    left = record(net, x, "two", select=0)["two"]
    np.testing.assert_allclose(left.values, 2 * block.reshape(7, -1), atol=1e-5)
    right = record(net, x, "two", select={"two": lambda out: out[1]})["two"]
    np.testing.assert_allclose(right.values, block.reshape(7, -1), atol=1e-5)
    with pytest.raises(InputError, match="two has no part 5; it gives a tuple"):
        record(net, x, "two", select=5)
    with pytest.raises(InputError, match="select names 'conv', which is not among two"):
        record(net, x, "two", select={"conv": 0})


def test_named_outputs():
    class Output(dict):
        __getattr__ = dict.__getitem__

    class Named(nn.Module):
        def forward(self, x):
            return Output(state=x + 1, pooled=x.mean(1))

    model = nn.Sequential(Named())
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(record(model, x, "0", select="state")["0"].values, x + 1)
    with pytest.raises(InputError, match="0 gives Output with state, pooled, not one tensor"):
        record(model, x, "0")
    with pytest.raises(InputError, match="0 has no part 'nothing'"):
        record(model, x, "0", select="nothing")


def test_the_pass_ends_after_the_last_wanted_layer(net, x):
    record(net, x, ["conv", "block.a"], batch=4)
    assert net.calls == [1, "end", 4, 3]  # the probe runs through, the batches do not
    net.calls.clear()
    record(net, x, ["conv", "output"], batch=7)
    assert net.calls == [1, "end", 7, "end"]


def test_a_model_that_swallows_exceptions_still_stops(x):
    class Stubborn(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Identity()

        def forward(self, x):
            try:
                return self.inner(x)
            except Exception:
                return None

    assert record(Stubborn(), x, "inner")["inner"].shape == (7, 216)


def test_everything_is_restored(net, x):
    net.train()
    net.head.eval()
    before = torch.random.get_rng_state()
    record(net, x, "block.b")
    with pytest.raises(InputError):
        record(net, x, "two")
    assert net.training
    assert net.drop.training
    assert not net.head.training
    assert not any(module._forward_hooks for module in net.modules())
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.is_inference_mode_enabled()


def test_eval_mode_and_batch_size_do_not_matter(net, x):
    a = record(net, x, "drop", batch=1)["drop"]
    b = record(net, x, "drop", batch=64)["drop"]
    np.testing.assert_allclose(a.values, b.values, atol=1e-5)
    np.testing.assert_allclose(a.values, truth(net, x, "block.b").reshape(7, -1), atol=1e-5)


def test_choosing_layers(net, x):
    assert list(record(net, x, "block.*")) == ["block.a", "block.b"]
    assert list(record(net, x, re.compile(r"\.b$|conv"))) == ["conv", "block.b"]
    assert list(record(net, x)) == ["output"]
    for wanted, match in [
        ("blok.a", r"The model has no layer 'blok.a'; it has e.g. block.a"),
        ("zzz*", "The model has no layer 'zzz[*]'; it has e.g. conv, relu"),
        (re.compile("^q"), "no layer '.q'"),
        ([], "layers must be one or more names"),
        ([3], "A layer is a name, a glob or a pattern, got int"),
        ("unused", r"'unused' gave no output \(0 calls in a pass\)"),
    ]:
        with pytest.raises(InputError, match=match):
            record(net, x, wanted)


def test_one_module_under_two_names(x):
    model = nn.Sequential()
    model.first = nn.Flatten()
    model.again = model.first
    assert list(record(model, x, "again@0")) == ["again@0"]


RULES = [
    (Flatten(), lambda o: o.reshape(len(o), -1)),
    (ChannelMean(), lambda o: o.mean((2, 3))),
    (Center(), lambda o: o[:, :, o.shape[2] // 2, o.shape[3] // 2]),
    (Center(clamp=True), lambda o: np.maximum(o[:, :, o.shape[2] // 2, o.shape[3] // 2], 0)),
    (Positions(), lambda o: o.transpose(0, 2, 3, 1).reshape(-1, o.shape[1])),
    (AveragePool(size=1), lambda o: o.mean((2, 3))),
    (
        AveragePool(size=2),  # of 6 x 7: columns 0-3 and 3-6 overlap, as torch defines it
        lambda o: np.stack(
            [
                o[:, :, rows, columns].mean((2, 3))
                for rows in (slice(3), slice(3, 6))
                for columns in (slice(4), slice(3, 7))
            ],
            axis=2,
        ).reshape(len(o), -1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "rule, expected", RULES, ids=[f"{type(rule).__name__}({rule})" for rule, _ in RULES]
)
def test_rules_on_images(net, x, rule, expected):
    values = record(net, x, "conv", units=rule, batch=3)["conv"].values
    np.testing.assert_allclose(values, expected(truth(net, x, "conv")), atol=1e-5)


def test_rules_on_sequences(rng):
    x = rng.normal(size=(4, 5, 3)).astype("float32")
    model = nn.Sequential(nn.Identity())
    for rule, expected in [
        (ClassToken(), x[:, 0]),
        (ClassToken(token=-1), x[:, -1]),
        (ChannelMean(), x.mean(1)),
        (Positions(), x.reshape(20, 3)),
    ]:
        np.testing.assert_allclose(
            record(model, x, "0", units=rule)["0"].values, expected, atol=1e-6
        )
    names = record(model, x, "0", units=Positions(), ids=list("abcd"))["0"].stimuli
    assert list(names[:6]) == ["a@0", "a@1", "a@2", "a@3", "a@4", "b@0"]
    for rule, match in [
        (Center(), "Center needs an output with 4 axes"),
        (AveragePool(), "AveragePool needs an output with 4 axes"),
        (ClassToken(token=9), r"ClassToken\(token=9\) of 5 tokens"),
        ("flatten", "must be a Rule such as Flatten"),
    ]:
        with pytest.raises(InputError, match=match):
            record(model, x, "0", units=rule)


def test_a_rule_for_each_layer(net, x):
    both = record(net, x, ["conv", "block.a"], units={"conv": ChannelMean()})
    assert (both["conv"].shape, both["block.a"].shape) == ((7, 4), (7, 100))
    assert both["conv"].made_by["units"] == {"name": "ChannelMean"}


def test_random_projection_keeps_inner_products(rng):
    x = rng.normal(size=(30, 500)).astype("float32")
    model = nn.Sequential(nn.Identity())
    y = record(model, x, "0", units=RandomProjection(n_units=4000))["0"].values
    gram, kept = x @ x.T, y @ y.T
    # sd of an inner product is about |x||x'| / sqrt(4000) = 8
    assert np.abs(kept - gram).max() < 5 * 500 * np.sqrt(2 / 4000)
    again = record(model, x, "0", units=RandomProjection(n_units=4000), batch=7)["0"].values
    np.testing.assert_allclose(y, again, atol=1e-4)
    other = record(model, x, "0", units=RandomProjection(n_units=4000, seed=1))["0"].values
    assert abs(np.corrcoef(y.ravel(), other.ravel())[0, 1]) < 0.05


def test_batch_must_come_first(x):
    class Turned(nn.Module):
        def forward(self, x):
            return x.flatten(1).T

    with pytest.raises(InputError, match="must give one row per stimulus, batch first"):
        record(nn.Sequential(Turned()), x, "0")


def test_sizes_that_change(rng):
    model = nn.Sequential(nn.Identity())

    def grow(batch):
        return torch.zeros(len(batch), 3 + len(batch))

    with pytest.raises(
        InputError, match=r"'0' must give \(2, 4\) for stimuli 0\.\.1, got \(2, 5\)"
    ):
        record(model, rng.normal(size=(4, 3)), "0", preprocess=grow, batch=2)


def test_stimuli_of_every_kind(net, x):
    a = record(net, torch.from_numpy(x), "conv")["conv"].values
    b = record(net, x.astype("float64"), "conv")["conv"].values  # the model's own precision
    np.testing.assert_array_equal(a, b)
    embedding = nn.Sequential(nn.Embedding(10, 4))
    tokens = record(embedding, np.array([[1, 2], [3, 4]]), "0")["0"]
    assert tokens.shape == (2, 8)
    lines = ["a cat", "a dog", "an owl"]
    texts = record(
        nn.Sequential(nn.Identity()),
        lines,
        "0",
        preprocess=lambda batch: {"input": torch.tensor([[float(len(s))] for s in batch])},
    )["0"]
    np.testing.assert_array_equal(texts.values.ravel(), [5, 5, 6])
    several = record(
        nn.Bilinear(2, 2, 3), np.ones((2, 2)), preprocess=lambda b: (torch.ones(len(b), 2),) * 2
    )
    assert several["output"].shape == (2, 3)


def test_pictures_of_several_sizes_and_lists_of_files(tmp_path, rng):
    from PIL import Image

    pictures = [rng.integers(0, 256, (9 + i, 12, 3), np.uint8) for i in range(3)]
    paths = [tmp_path / f"{i}.png" for i in (2, 0, 1)]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    options = {"preprocess": Preprocess(size=8, resize=8), "batch": 2}
    here = record(nn.Flatten(), pictures, **options)["output"]
    files = record(nn.Flatten(), paths, **options)["output"]
    np.testing.assert_array_equal(here.values, files.values)
    assert list(files.stimuli) == ["2.png", "0.png", "1.png"]
    record_to(tmp_path / "r", nn.Flatten(), pictures, **options)
    pictures[1] = pictures[1] // 2
    with pytest.raises(InputError, match="different: stimuli"):
        record_to(tmp_path / "r", nn.Flatten(), pictures, **options)


@pytest.mark.parametrize(
    "stimuli, match",
    [
        (lines := ["a", "b"], "need preprocess=: Preprocess"),
        (np.zeros((0, 3)), "stimuli must be images"),
        (np.array([["a"]]), "stimuli must be images"),
        ([np.zeros(2), np.zeros(3)], "need preprocess=: Preprocess"),
        ([np.zeros(2), "a"], "stimuli must be images"),
        ([], "stimuli must be images"),
        (np.zeros(3), "stimuli must be images"),
    ],
)
def test_stimuli_refused(stimuli, match):
    with pytest.raises(InputError, match=match):
        record(nn.Identity(), stimuli)


@pytest.mark.parametrize(
    "options, match",
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"dtype": "int8"}, "dtype must be float16, float32 or float64"),
        ({"ids": ["a"]}, "ids must be 7 ids"),
    ],
)
def test_options_refused(net, x, options, match):
    with pytest.raises(InputError, match=match):
        record(net, x, "conv", **options)


def crash(x):
    raise RuntimeError("CUDA out of memory.\nTried to allocate")


@pytest.mark.parametrize(
    "model, options, match",
    [
        (crash, {}, "The model raised RuntimeError at stimulus 1: CUDA out of memory.$"),
        (lambda x: x + 1j, {}, r"must give real numbers \(batch, ...\), got .* torch.complex64"),
        (lambda x: x.sum(), {}, r"must give real numbers \(batch, ...\), got \(\)"),
        (lambda x: x[:, :0], {}, "must give one row per stimulus"),
        (torch.nn.Identity, {}, "got the class Identity: make one first"),
        (torch.nn.Linear(8, 2), {"preprocess": crash}, "preprocess raised RuntimeError"),
        (torch.nn.Linear(8, 2), {"preprocess": "gray"}, "must be a function of a batch"),
        (torch.nn.Linear(8, 2), {"device": "abacus"}, "Device 'abacus' raised RuntimeError"),
    ],
)
def test_what_foreign_code_does_is_one_line(x, model, options, match):
    with pytest.raises(InputError, match=match) as caught:
        record(model, x, **options)
    assert "\n" not in str(caught.value)


def test_a_model_that_breaks_midway_says_where(x):
    seen = []

    def model(batch):
        seen.append(len(batch))
        if len(seen) == 3:
            raise ValueError("enough")
        return batch.flatten(1)

    with pytest.raises(InputError, match="raised ValueError at stimuli 2..3: enough") as caught:
        record(model, x, batch=2)
    assert isinstance(caught.value.__cause__, ValueError)


def test_big_endian_stimuli(net, x):
    other = record(net, x.astype(">f4"), "conv")["conv"]
    np.testing.assert_array_equal(other.values, record(net, x, "conv")["conv"].values)


def test_plain_functions(rng):
    x = rng.normal(size=(5, 3))
    y = record(lambda batch: batch.abs(), x, dtype="float64")["output"]
    np.testing.assert_allclose(y.values, np.abs(x), atol=1e-6)
    with pytest.raises(InputError, match="A plain function has one layer, 'output'"):
        record(lambda batch: batch, x, "conv")
    with pytest.raises(
        InputError, match="model must be a torch module, a Network or a function, got str"
    ):
        record("resnet", x)


def test_memory_is_checked(net, x, monkeypatch):
    monkeypatch.setattr("unbraid.responses._files.free_memory", lambda: 1000)
    with pytest.raises(InputError, match=r"Recording in memory \(else: record_to\) needs"):
        record(net, x, "conv")


def test_on_disk_as_in_memory(net, x, tmp_path):
    layers = ["conv", "block.b"]
    here = record(net, x, layers, units=Positions(), batch=3)
    there = record_to(tmp_path, net, x, layers, units=Positions(), batch=2, dtype="float32")
    for layer in layers:
        back = load(tmp_path / layer)
        np.testing.assert_allclose(back.values, here[layer].values, atol=1e-5)
        assert list(back.stimuli) == list(here[layer].stimuli)
        assert there[layer].made_by["layer"] == layer
    assert there["conv"].made_by["place"] < there["block.b"].made_by["place"]
    half = record_to(tmp_path / "half", net, x, "conv")["conv"]
    assert half.dtype == np.float16


def test_nothing_is_computed_twice(net, x, tmp_path):
    record_to(tmp_path, net, x, "conv")
    net.calls.clear()
    record_to(tmp_path, net, x, ["conv"], batch=2)
    assert net.calls == [1, "end"]  # the probe alone
    net.calls.clear()
    record_to(tmp_path, net, x, ["conv", "block.a"], batch=7)
    assert net.calls == [1, "end", 7]


def test_a_killed_recording_resumes(net, x, tmp_path, monkeypatch):
    from unbraid.responses.stores import _writer

    monkeypatch.setattr(_writer, "_SHARD_BYTES", 42 * 4 * 4 * 3)  # three stimuli of (4, 6, 7)

    def run(model):
        return record_to(tmp_path, model, x, "conv", units=Positions(), batch=2, dtype="float32")

    forward = net.conv.forward

    def broken(batch):
        if len(net.calls) > 4:
            raise KeyboardInterrupt
        return forward(batch)

    net.conv.forward = broken
    with pytest.raises(KeyboardInterrupt):
        run(net)
    del net.conv.forward
    with pytest.raises(InputError, match="was not finished"):
        open_store(tmp_path / "conv")
    net.calls.clear()
    run(net)
    assert net.calls == [1, "end", 2, 2]  # three stimuli were whole on disk
    assert list((tmp_path / "conv").glob("*.tmp")) == []
    np.testing.assert_allclose(
        load(tmp_path / "conv").values, record(net, x, "conv", units=Positions())["conv"].values
    )


def test_a_recording_killed_at_its_first_or_last_step_resumes(net, x, tmp_path):
    (tmp_path / "conv").mkdir()
    (tmp_path / "conv" / ".writing.json.abc.tmp").touch()
    record_to(tmp_path, net, x, "conv", dtype="float32")
    np.testing.assert_array_equal(
        load(tmp_path / "conv").values, record(net, x, "conv")["conv"].values
    )
    (tmp_path / "conv" / "writing.json").write_text("{}")  # the manifest is there already
    (tmp_path / "conv" / "notes.tmp").write_text("mine")
    record_to(tmp_path, net, x, "conv", dtype="float32")
    left = sorted(path.name for path in (tmp_path / "conv").iterdir())
    assert left == ["manifest.json", "notes.tmp", "shard-00000.safetensors"]


class Size:
    """A preprocessing whose option no hash of its code can see."""

    def __init__(self, size):
        self.size = size

    def __call__(self, batch):
        return torch.from_numpy(np.array(batch))[:, :, : self.size, : self.size]


def changed_weight(net):
    with torch.no_grad():
        net.head.bias[3] += 1e-3
    return net


@pytest.mark.parametrize(
    "change, match",
    [
        ({"model": changed_weight(Net())}, "different: weights"),
        ({"model": Net(seed=1)}, "different: weights"),
        ({"preprocess": Size(6)}, "different: inputs"),
        ({"preprocess": lambda b: torch.from_numpy(np.array(b))}, "different: .*preprocess"),
        ({"units": Positions()}, "different: units"),
        ({"units": AveragePool(size=3)}, "different: units"),
        ({"ids": list("abcdefg")}, "different: ids"),
        ({"stimuli": 1.5}, "different: stimuli"),
        ({"dtype": "float32"}, "different: dtype"),
    ],
)
def test_old_responses_are_never_taken_for_new_ones(x, tmp_path, change, match):
    options = {"model": Net(), "stimuli": x, "preprocess": Size(8), "units": AveragePool(size=2)}
    record_to(tmp_path, layers="conv", **options)
    record_to(tmp_path, layers="conv", **options)
    if "stimuli" in change:
        change = {"stimuli": x.copy()}
        change["stimuli"][3, 0, 0, 0] += 1
    with pytest.raises(InputError, match=f"holds responses made otherwise .*{match}"):
        record_to(tmp_path, layers="conv", **(options | change))


def test_a_function_around_another_network_is_another_model(x, tmp_path):
    def around(net):
        return lambda batch: net.eval()(batch)

    record_to(tmp_path, around(Net(0)), x)
    record_to(tmp_path, around(Net(0)), x)
    with pytest.raises(InputError, match="different: outputs for one stimulus"):
        record_to(tmp_path, around(Net(1)), x)


def test_float16_overflow_is_an_error(net, x, tmp_path):
    with pytest.raises(InputError, match="exceed the largest float16; use a wider dtype"):
        record_to(tmp_path, net, x * 1e6, "conv")
    assert not torch.is_inference_mode_enabled()
    with pytest.raises(InputError, match="has no manifest"):
        open_store(tmp_path / "conv")


def test_image_preprocessing_is_part_of_the_key(tmp_path, rng):
    from PIL import Image

    for i in range(3):
        picture = Image.fromarray(rng.integers(0, 255, (20, 24, 3), dtype=np.uint8))
        picture.save(tmp_path / f"{i}.png")
    net = nn.Sequential(nn.Conv2d(3, 2, 3))
    options = {"layers": "0", "units": ChannelMean()}
    small = Preprocess(size=8, resize=10)
    stores = record_to(tmp_path / "r", net, tmp_path, preprocess=small, **options)
    assert list(stores["0"].stimuli) == ["0.png", "1.png", "2.png"]
    with pytest.raises(InputError, match="different: inputs, preprocess"):
        record_to(
            tmp_path / "r", net, tmp_path, preprocess=Preprocess(size=9, resize=10), **options
        )
