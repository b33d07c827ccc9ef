"""One way to name a model; the libraries that do not import everywhere are played by stand-ins."""

import hashlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import open_network, open_store, record, record_to
from unbraid.responses._formats.arrays import safetensors

SQUARE = {"input_size": (3, 20, 20), "mean": (0.5,) * 3, "std": (0.25,) * 3, "crop_pct": 0.5,
          "interpolation": "bicubic", "crop_mode": "center"}  # fmt: skip


def build(size=3):
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, size), torch.nn.ReLU(), torch.nn.Flatten())


def stated(resize, digest="00000000", name="IMAGENET1K_V1", size=224):
    """A member of torchvision's enumeration of weights."""
    how = SimpleNamespace(
        crop_size=[size], resize_size=[resize], mean=[0.5, 0.4, 0.3], std=[0.1, 0.2, 0.3],
        interpolation=SimpleNamespace(value="bicubic"),
    )  # fmt: skip
    url = f"somewhere/net-{digest}.pth"
    return SimpleNamespace(name=name, url=url, transforms=lambda: how)


@pytest.fixture
def libraries(monkeypatch):
    """Stand-ins that answer as torchvision and timm do; what they state can be changed."""
    members = {
        "resnet0": [stated(256)],
        "two": [stated(256), stated(232, name="IMAGENET1K_V2")],
        "alike": [stated(256), stated(256, name="IMAGENET1K_V2")],
        "vit_0": [stated(30, size=20)],
        "none": [],
        "video": [SimpleNamespace(name="V1", url="", transforms=SimpleNamespace)],
    }
    for two in members["alike"]:
        two.transforms = members["resnet0"][0].transforms
    configs = {"vit0": {"vit0.a": SQUARE}, "vit2": {"vit2.a": SQUARE, "vit2.b": SQUARE | {
        "crop_mode": "squash"}}, "vit3": {"vit3.a": SQUARE | {"crop_mode": "corner"}},
        "gray": {"gray.a": SQUARE | {"input_size": (1, 20, 20)}},
        "long": {"long.a": SQUARE | {"input_size": (3, 30, 20)}},
        "border": {"border.a": SQUARE | {"crop_mode": "border"}}}  # fmt: skip

    def get_model_weights(name):
        if name not in members:
            raise ValueError(f"Unknown model {name}")
        return members[name]

    def get_model(name, weights, image_size=None):
        assert weights is None
        assert (image_size == 20) == name.startswith("vit_")
        model = build()
        if name == "two":
            model.transform_input = False
        return model

    def create_model(name, pretrained, pretrained_cfg=None, num_classes=0):
        assert not pretrained
        arch, _, tag = name.partition(".")
        tag = f"{arch}.{tag or 'a'}"
        if tag not in configs.get(arch, {}):
            raise RuntimeError("Unknown model\nmore of it")
        model = build()
        model.classes = num_classes
        model.pretrained_cfg = pretrained_cfg or {**configs[arch][tag], "tag": tag[-1]}
        return model

    def resolve(pretrained_cfg):
        return {key: pretrained_cfg[key] for key in SQUARE}

    def every(arch):
        return {k: SimpleNamespace(to_dict=lambda v=v: v) for k, v in configs.get(arch, {}).items()}

    known = {
        "torchvision": SimpleNamespace(__version__="0.0"),
        "torchvision.models": SimpleNamespace(
            get_model=get_model, get_model_weights=get_model_weights
        ),
        "timm": SimpleNamespace(
            __version__="1.0",
            create_model=create_model,
            models=SimpleNamespace(get_arch_pretrained_cfgs=every),
            data=SimpleNamespace(
                resolve_data_config=resolve,
                resolve_model_data_config=lambda model: resolve(model.pretrained_cfg),
            ),
        ),
    }
    for module in ("_torchvision", "_timm"):
        monkeypatch.setattr(f"unbraid.responses.networks.{module}.library", known.get)
    return members


@pytest.mark.parametrize("wrap", [False, True])
def test_state_dicts(libraries, tmp_path, wrap):
    source = build()
    state = {f"module.{k}" if wrap else k: v for k, v in source.state_dict().items()}
    torch.save({"state_dict": state} if wrap else state, tmp_path / "w.pth")
    net = open_network("torchvision:resnet0", tmp_path / "w.pth")
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 5)).astype("float32")
    ours, theirs = (record(m, x)["output"].values for m in (net.model, source))
    np.testing.assert_array_equal(ours, theirs)
    plain = {k: v.numpy() for k, v in source.state_dict().items()}
    safetensors.write_tensors(tmp_path / "resnet0.safetensors", plain, {})
    for weights in (tmp_path / "resnet0.safetensors", tmp_path):
        again = open_network("torchvision:resnet0", weights)
        assert torch.equal(again.model[0].weight, source[0].weight)
        assert again.origin["weights"]["file"] == "resnet0.safetensors"
    assert net.layers == ("0", "1", "2")


def test_torchvision_says_how_images_are_prepared(libraries, tmp_path):
    net = open_network("torchvision:resnet0", untrained=True)
    how = net.preprocess
    assert (how.size, how.resize, how.filter) == (224, 256, "bicubic")
    assert (how.mean, how.std) == ((0.5, 0.4, 0.3), (0.1, 0.2, 0.3))
    assert open_network("torchvision:two.IMAGENET1K_V2", untrained=True).preprocess.resize == 232
    assert open_network("torchvision:alike", untrained=True).preprocess.resize == 256
    assert open_network("torchvision:vit_0", untrained=True).preprocess.size == 20
    ambiguous = r"two in different ways; say for .* torchvision:two.IMAGENET1K_V1 \(it has .*_V2\)"
    with pytest.raises(InputError, match=ambiguous):
        open_network("torchvision:two", untrained=True)


def test_published_weights_are_known_by_their_hash(libraries, tmp_path):
    torch.save(build().state_dict(), tmp_path / "mine.pth")
    digest = hashlib.sha256((tmp_path / "mine.pth").read_bytes()).hexdigest()
    with pytest.raises(InputError, match="in different ways"):
        open_network("torchvision:two", tmp_path / "mine.pth")
    libraries["two"][1].url = f"somewhere/two-{digest[:8]}.pth"
    net = open_network("torchvision:two", tmp_path / "mine.pth")
    assert net.preprocess.resize == 232
    assert net.origin == {
        "network": "torchvision:two", "weights": {"file": "mine.pth", "sha256": digest},
        "prepared as for": "IMAGENET1K_V2", "torchvision": "0.0", "transform_input": True,
    }  # fmt: skip
    assert net.model.transform_input is True  # as of all weights of models that can
    with pytest.raises(InputError, match="mine.pth is two.IMAGENET1K_V2 by its hash, not two.IM"):
        open_network("torchvision:two.IMAGENET1K_V1", tmp_path / "mine.pth")


def test_timm_says_how_images_are_prepared(libraries):
    how = open_network("timm:vit0", untrained=True).preprocess
    assert (how.size, how.resize, how.fit, how.filter) == ((20, 20), 40, "cover", "bicubic")
    assert (how.mean, how.std) == ((0.5,) * 3, (0.25,) * 3)
    how = open_network("timm:vit2.b", untrained=True).preprocess
    assert (how.size, how.resize, how.fit) == ((20, 20), (40, 40), "stretch")
    how = open_network("timm:border", untrained=True).preprocess
    assert (how.resize, how.fit, how.fill) == ((40, 40), "inside", (128, 128, 128))
    how = open_network("timm:long", untrained=True).preprocess
    assert (how.size, how.resize, how.fit) == ((30, 20), (60, 40), "cover")
    with pytest.raises(InputError, match=r"in different ways; .* timm:vit2.a \(it has vit2.a, vit"):
        open_network("timm:vit2", untrained=True)


def test_a_configuration_beside_weights_of_timm(libraries, tmp_path):
    torch.save(build().state_dict(), tmp_path / "pytorch_model.bin")
    config = {"architecture": "vit2", "num_classes": 7,
              "pretrained_cfg": SQUARE | {"crop_mode": "squash", "crop_pct": 1.0}}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    net = open_network("timm:vit2", tmp_path)
    assert (net.preprocess.resize, net.preprocess.fit) == ((20, 20), "stretch")
    assert net.model.classes == 7
    assert net.origin["prepared as for"] == "config.json beside the weights"
    with pytest.raises(InputError, match="config.json belongs to timm:vit2, not to timm:vit0"):
        open_network("timm:vit0", tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="in different ways"):
        open_network("timm:vit2", tmp_path)


@pytest.mark.parametrize("name", ["torchvision:resnet0", "timm:vit0", "resnet20_cifar10"])
def test_random_weights_are_asked_for_and_repeat(libraries, name):
    with pytest.raises(InputError, match=f"{name} comes without weights: give .*--untrained"):
        open_network(name)
    before = torch.random.get_rng_state()
    nets = [open_network(name, untrained=True, rng=seed) for seed in (0, 0, 1)]
    assert torch.equal(before, torch.random.get_rng_state())
    first, again, other = (next(net.model.parameters()) for net in nets)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert nets[2].origin["weights"] == {"untrained": True, "seed": 1}


def test_what_made_responses_is_written_beside_them(libraries, tmp_path):
    shown = np.random.default_rng(0).integers(0, 256, (3, 30, 40, 3), dtype=np.uint8)
    net = open_network("timm:vit0", untrained=True, rng=5)
    found = record_to(tmp_path / "r", net, list(shown), net.layers[0])[net.layers[0]]
    made = open_store(found.path).made_by
    assert made["network"] == {"network": "timm:vit0", "prepared as for": "a", "timm": "1.0",
                               "weights": {"untrained": True, "seed": 5}}  # fmt: skip
    assert {*made["versions"]} == {"unbraid", "torch", "pillow"}
    assert made["preprocess"] == net.preprocess.describe()
    same = record(net.model, list(shown), net.layers[0], preprocess=net.preprocess)["0"]
    np.testing.assert_array_equal(record(net, list(shown), "0")["0"].values, same.values)
    assert same.made_by["network"] is None
    doubled = record(net, list(shown), "0", preprocess=lambda batch: 2 * net.preprocess(batch))
    assert not np.allclose(doubled["0"].values, same.values)


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_library_that_does_not_import(library, tmp_path, monkeypatch):
    """As torchvision does beside another torch than its own."""
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text("raise RuntimeError('no nms\\nhere')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, library, raising=False)
    with pytest.raises(InputError, match=rf"{library} does not import beside torch .* \(no nms\);"):
        open_network(f"{library}:x", untrained=True)


class Bomb:
    def __reduce__(self):
        return (print, ("exploded",))


def test_refused(libraries, tmp_path, capsys):
    torch.save({"0.weight": Bomb()}, tmp_path / "bomb.pth")
    torch.save({"0.weight": torch.zeros(1)}, tmp_path / "small.pth")
    (tmp_path / "text.pth").write_text("hello")
    resnet = "torchvision:resnet0"
    for name, weights, match in [
        ("torchvision:nothing", "small.pth", "torchvision has no model 'nothing'"),
        ("torchvision:none", "small.pth", "torchvision states no preprocessing for none"),
        ("torchvision:video", "small.pth", "for video by SimpleNamespace, which crops no square"),
        ("torchvision:resnet0.V9", "small.pth", "resnet0 has no weights 'V9'; it has IMAGENET1K"),
        ("timm:nothing", "small.pth", r"timm has no model 'nothing' \(Unknown model\)"),
        ("timm:vit3", "small.pth", "a crop_mode 'corner' that is not known"),
        ("timm:gray", "small.pth", "takes images of 1 channels, expected 3"),
        ("resnet50", None, "There is no network 'resnet50'; give one of squeezenet1_1"),
        (tmp_path, "w", "brings its own weights"),
        (tmp_path, None, "is not a folder of a transformers model"),
        (resnet, "none.pth", "none.pth does not exist"),
        (resnet, "", "holds none of resnet0.safetensors, resnet0.pth, model.safetensors"),
        (resnet, "text.pth", "is not a whole torch state dict"),
        (resnet, "bomb.pth", "is not a whole torch state dict"),
        (resnet, "small.pth", "does not fit Sequential: size mismatch"),
    ]:
        with pytest.raises(InputError, match=match) as caught:
            open_network(name, None if weights is None else tmp_path / weights)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="give weights or untrained=True"):
        open_network(resnet, tmp_path / "small.pth", untrained=True)
    assert "exploded" not in capsys.readouterr().out


def test_real_weights_of_another_network(libraries, real_data):
    path = real_data / "cifar10_resnets_akamaster" / "resnet20-12fca82f.th"
    with pytest.raises(InputError, match="does not fit Sequential: Unexpected.*conv1.weight"):
        open_network("torchvision:resnet0", path)
