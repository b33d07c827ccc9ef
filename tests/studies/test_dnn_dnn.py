"""Two networks: parts by planted truth, the whole on small files of the real layout."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image as PIL

from unbraid import studies
from unbraid.errors import InputError
from unbraid.responses import Network, Preprocess, images, network
from unbraid.studies.networks._dnn_page import claims_of_pairs, conclusion, figures_of_pairs
from unbraid.studies.networks._same_layers import SameLayers
from unbraid.studies.networks.dnn_dnn import DnnDnn
from unbraid.studies.systems import _small_pictures, _two_networks
from unbraid.studies.systems._convnet import trained
from unbraid.studies.systems._small_pictures import Pictures


def silent(*_):
    """Report to nobody."""


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.tobytes()


@pytest.fixture
def fashion(tmp_path, rng):
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for part, n in (("train", 40), ("t10k", 60)):
        shown = rng.integers(0, 256, (n, 28, 28), np.uint8)
        for name, array in (
            ("images-idx3", shown), ("labels-idx1", rng.integers(0, 10, n).astype(np.uint8))
        ):  # fmt: skip
            path = folder / f"{part}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(idx(array)))
    return tmp_path


def test_fashion_is_read_from_its_own_files(fashion):
    found = _small_pictures.fashion(fashion, 30, 50)
    assert found.images.shape == (80, 1, 28, 28)
    assert found.n_training == 30
    assert 0 <= found.images.min() < found.images.max() <= 1
    assert len(found.labels) == 80


@pytest.mark.parametrize(
    "content, match",
    [
        (b"hello", "cannot be read"),
        (
            gzip.compress(b"\0\0\x0d\3" + bytes(12), mtime=0),
            "is not an IDX file of bytes with 3 axes",
        ),
        (gzip.compress(b"\0\0\x08\3" + b"\xff" * 12, mtime=0), "claims .* bytes"),
        (
            gzip.compress(b"\0\0\x08\3" + b"\0\0\0\x09" * 3 + bytes(10), mtime=0),
            "truncated: 10 of 729",
        ),
        (
            gzip.compress(idx(np.arange(250, dtype=np.uint8).reshape(2, 5, 25)), mtime=0)[:60],
            "cannot be read",
        ),
    ],
)
def test_damaged_fashion_is_one_line(fashion, content, match):
    (fashion / "fashion-mnist" / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(InputError, match=match) as caught:
        _small_pictures.fashion(fashion, 30, 50)
    assert "\n" not in str(caught.value)


def test_fashion_that_is_absent_says_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(_small_pictures, "DEBIAN", tmp_path / "none")
    with pytest.raises(InputError, match="apt install dataset-fashion-mnist"):
        studies.run(DnnDnn(data=tmp_path, parts=("fashion",)))


def test_a_small_network_learns_and_its_seed_decides(rng):
    """Bright left or bright right: a network of two layers tells them apart."""
    labels = rng.integers(0, 2, 160)
    shown = rng.random((160, 1, 8, 8)).astype(np.float32)
    shown[np.arange(160), 0, :, :] += (labels[:, None, None] == (np.arange(8) > 3)) * 1.0
    small = Pictures("sides", shown, labels, 120)
    state = torch.random.get_rng_state()
    options = {"channels": 4, "depth": 2, "epochs": 40, "tell": silent}
    a, accuracy = trained(small, seed=1, **options)
    again, _ = trained(small, seed=1, **options)
    other, _ = trained(small, seed=2, **options)
    assert accuracy > 0.9
    weights = [net.model.layer0[0].weight.detach().numpy() for net in (a, again, other)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_layers_found_are_those_whose_diagonal_wins():
    table = np.array([[[0.9, 0.1, 0.2], [0.8, 0.7, 0.1], [0.0, 0.2, 0.3]]])
    same = SameLayers(
        name="x", accuracies=[1.0, 1.0], matrices={("units", "units", "cka_debiased"): table}, n=9
    )
    key = ("units", "units", "cka_debiased")
    np.testing.assert_array_equal(same.found(key), [[1, 0, 1]])
    assert same.own(key) == pytest.approx((0.9 + 0.7 + 0.3) / 3)
    assert same.others(key) == pytest.approx((0.1 + 0.2 + 0.8 + 0.1 + 0 + 0.2) / 6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # few steps
def test_seeds_from_end_to_end():
    study = DnnDnn(
        parts=("digits",), epochs=1, depth=2, channels=4, steps=5, n_vectors=1000, expansion=1,
        n_small_pictures=100, n_dictionary_pictures=60,
    )  # fmt: skip
    result = studies.run(study)
    assert [(row["source"], row["metric"]) for row in result.table] == [
        ("units -> units", "cka_debiased"), ("codes -> codes", "cka_debiased"),
        ("untrained -> untrained", "cka_debiased"), ("units -> units", "ridge"),
        ("codes -> units", "ridge"),
    ]  # fmt: skip
    assert all(0 <= row["layers found"] <= 1 for row in result.table)
    assert len(result.claims) == 2
    found = round(4 * result.table[0]["layers found"])
    assert result.conclusion.startswith(f"Of 4 layers {found} are most like their counterpart")
    assert {figure.title.rpartition(" ")[2] for figure in result.figures} == {"(cka)", "(ridge)"}
    assert "Left out: fashion, imagenet, robust" in result.notes[1]


def pictures_in(folder, rng, n):
    folder.mkdir()
    for i in range(n):
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        PIL.fromarray(coarse).resize((24, 24)).save(folder / f"{i:03d}.png")
    return images(folder)


class Rotated(torch.nn.Module):
    """Another network's first layer, its channels permuted: the same features."""

    def __init__(self, conv):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3)
        with torch.no_grad():
            self.conv.weight.copy_(conv.weight.flip(0))
            self.conv.bias.copy_(conv.bias.flip(0))

    def forward(self, x):
        return self.conv(x)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_permuted_channels_are_the_same_layer(tmp_path, rng):
    """The dictionaries see positions of some pictures, the scores only other pictures' centres."""
    some, others = (pictures_in(tmp_path / name, rng, 60) for name in ("some", "others"))
    conv = torch.nn.Conv2d(3, 8, 3)
    first = torch.nn.Sequential()
    first.add_module("conv", conv)
    options = DnnDnn(steps=20, n_vectors=2000, resamples=20, folds=3, expansion=1)
    sides = [
        _two_networks.vectors_of(
            Network("net", model, Preprocess(size=16, resize=None), ("conv",)), ("conv",),
            (some, others), options, np.random.default_rng(i), silent,
        )["conv"]
        for i, model in enumerate((first, Rotated(conv)))
    ]  # fmt: skip
    assert sides[0]["units"].shape == (60, 8)
    np.testing.assert_allclose(sides[0]["units"], sides[1]["units"][:, ::-1], atol=1e-5)
    found = _two_networks.aligned(("imagenet", "a:conv", "b:conv", 0), *sides, options)
    assert found.scores["units", "units", "ridge"].value > 0.999
    assert found.scores["units", "units", "semi_matching"].value > 0.999
    gain = found.gain(("codes", "units", "ridge"), ("units", "units", "ridge"))
    assert gain.value <= 0
    told = conclusion([], [found])
    assert told.startswith("Unbraiding does not help to predict another network")
    assert not any(claim.holds for claim in claims_of_pairs([found]) if "than units" in claim.text)
    assert [figure.kind for figure in figures_of_pairs([found], 0)] == ["bar", "bar"]


def test_resnet20_is_that_of_its_formula(rng):
    """Each block: relu(bn(conv(relu(bn(conv x)))) + shortcut x)."""
    net = network("resnet20_cifar10", untrained=True, rng=rng)
    assert len(net.layers) == 9
    block, x = net.model.stage_2[0], torch.from_numpy(rng.normal(size=(2, 16, 8, 8))).float()
    with torch.inference_mode():
        conv = torch.nn.functional.conv2d
        norm = 1 / np.sqrt(1 + 1e-5)  # fresh statistics: mean 0, variance 1
        y = torch.relu(conv(x, block.conv_1.weight, stride=2, padding=1) * norm)
        y = conv(y, block.conv_2.weight, padding=1) * norm
        short = conv(x, block.downsample[0].weight, stride=2) * norm
        np.testing.assert_allclose(block(x), torch.relu(y + short), atol=1e-5)
        assert net.model(torch.zeros(1, 3, 32, 32)).shape == (1, 10)


def test_published_resnet20_weights_fit(real_data):
    for name in ("resnet20.pth", "resnet20_pgd.pth"):
        net = network("resnet20_cifar10", real_data / "cifar10_resnet20_ehanw" / name)
        assert float(net.model.bn_1.running_var.max()) != 1
    with pytest.raises(InputError, match="holds other weights than ResNet20's"):
        other = real_data / "cifar10_resnets_akamaster" / "resnet20-12fca82f.th"
        network("resnet20_cifar10", other)


@pytest.fixture
def real_data():
    import os
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("UNBRAID_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip("the real data are absent; set UNBRAID_DATA to their folder")
    return data
