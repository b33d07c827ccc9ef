"""One way to name a model; the libraries that do not import everywhere are played by stand-ins."""

from types import SimpleNamespace

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import open_network, record
from unbraid.responses._formats import safetensors

torch = pytest.importorskip("torch")


def build():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.ReLU(), torch.nn.Flatten())


@pytest.fixture
def libraries(monkeypatch):
    """Stand-ins that answer as torchvision and timm do."""

    def get_model(name, weights):
        assert weights is None
        if name != "resnet0":
            raise ValueError(f"Unknown model {name}")
        return build()

    def create_model(name, pretrained):
        assert not pretrained
        if name != "vit0":
            raise RuntimeError("Unknown model")
        model = build()
        model.pretrained_cfg = {
            "input_size": (3, 20, 20), "mean": (0.5,) * 3, "std": (0.5,) * 3, "crop_pct": 0.5,
            "interpolation": "bicubic",
        }  # fmt: skip
        return model

    known = {
        "torchvision.models": SimpleNamespace(get_model=get_model),
        "timm": SimpleNamespace(create_model=create_model),
    }
    monkeypatch.setattr("unbraid.responses._open.need", lambda name, *_: known[name])


@pytest.mark.parametrize("wrap", [False, True])
def test_state_dicts(libraries, tmp_path, rng, wrap):
    source = build()
    state = {f"module.{k}" if wrap else k: v for k, v in source.state_dict().items()}
    torch.save({"state_dict": state} if wrap else state, tmp_path / "w.pth")
    net = open_network("torchvision:resnet0", tmp_path / "w.pth")
    x = rng.normal(size=(2, 3, 5, 5)).astype("float32")
    ours, theirs = (record(m, x)["output"].values for m in (net.model, source))
    np.testing.assert_array_equal(ours, theirs)
    plain = {k: v.numpy() for k, v in source.state_dict().items()}
    safetensors.write_tensors(tmp_path / "w.safetensors", plain, {})
    again = open_network("torchvision:resnet0", tmp_path / "w.safetensors")
    assert torch.equal(again.model[0].weight, source[0].weight)
    assert net.layers == ("0", "1", "2")
    assert (net.preprocess.size, net.preprocess.resize) == (224, 256)


def test_timm_says_how_images_are_prepared(libraries):
    net = open_network("timm:vit0")
    assert (net.preprocess.size, net.preprocess.resize) == (20, 40)
    assert net.preprocess.filter == "bicubic"


def test_known_networks(tmp_path):
    assert open_network("squeezenet1_1", rng=1).name == "squeezenet1_1"


class Bomb:
    def __reduce__(self):
        return (print, ("exploded",))


def test_refused(libraries, tmp_path, capsys):
    torch.save({"0.weight": Bomb()}, tmp_path / "bomb.pth")
    torch.save({"0.weight": torch.zeros(1)}, tmp_path / "small.pth")
    (tmp_path / "text.pth").write_text("hello")
    for name, weights, match in [
        ("torchvision:nothing", None, "torchvision has no model 'nothing'"),
        ("timm:nothing", None, "timm has no model 'nothing'"),
        ("resnet50", None, "There is no network 'resnet50'; give one of squeezenet1_1"),
        (tmp_path, "w", "brings its own weights"),
        (tmp_path, None, "is not a folder of a transformers model"),
        ("torchvision:resnet0", tmp_path / "none.pth", "does not exist"),
        ("torchvision:resnet0", tmp_path / "text.pth", "is not a whole torch state dict"),
        ("torchvision:resnet0", tmp_path / "bomb.pth", "is not a whole torch state dict"),
        ("torchvision:resnet0", tmp_path / "small.pth", "does not fit Sequential: size mismatch"),
    ]:
        with pytest.raises(InputError, match=match) as caught:
            open_network(name, weights)
        assert "\n" not in str(caught.value)
    assert "exploded" not in capsys.readouterr().out


def test_real_weights_of_another_network(libraries, real_data):
    path = real_data / "cifar10_resnets_akamaster" / "resnet20-12fca82f.th"
    with pytest.raises(InputError, match="does not fit Sequential: Unexpected.*conv1.weight"):
        open_network("torchvision:resnet0", path)
