"""Networks with weights from a registry: their arithmetic, their names, and what is refused."""

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import ChannelMean, load, network, record, save
from unbraid.responses._formats.arrays.safetensors import write_tensors


def state_of(model):
    return {k: v.numpy() for k, v in model.state_dict().items() if "num_batches" not in k}


@pytest.mark.parametrize(
    "name, n_parameters, shapes",
    [
        ("squeezenet1_1", 1_235_496, {"relu1": (64, 113), "fire5": (256, 28), "fire9": (512, 14)}),
        ("efficientnet_lite0", 4_652_008, {"_blocks.0": (16, 112), "_blocks.15": (320, 7)}),
        ("efficientnet_lite1", 5_416_680, {"_blocks.20": (320, 8)}),
        ("efficientnet_lite2", 6_092_072, {"_blocks.20": (352, 9)}),
    ],
)
def test_published_sizes(name, n_parameters, shapes):
    net = network(name, untrained=True)
    assert sum(p.numel() for p in net.model.parameters()) == n_parameters
    x = net.preprocess([np.zeros((40, 50, 3), np.uint8)]).numpy()
    for layer, (channels, side) in shapes.items():
        assert layer in net.layers
        flat = record(net.model, x, layer)[layer]
        assert flat.shape == (1, channels * side * side)


def test_same_padding_is_that_of_tensorflow():
    from unbraid.responses.networks.architectures.efficientnet_lite import SameConv

    conv = SameConv(1, 1, 3, 2, bias=False)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        even, odd = conv(torch.ones(1, 1, 4, 5))[0, 0], conv(torch.ones(1, 1, 5, 4))[0, 0]
    # of 4 rows the odd zero is below; of 5 columns one zero stands on each side
    np.testing.assert_array_equal(even, [[6, 9, 6], [4, 6, 4]])
    np.testing.assert_array_equal(odd, np.transpose([[6, 9, 6], [4, 6, 4]]))


def test_weights_go_to_disk_and_back(rng, tmp_path):
    net = network("squeezenet1_1", untrained=True, rng=3)
    write_tensors(tmp_path / "squeezenet1_1.safetensors", state_of(net.model), {})
    back = network("squeezenet1_1", tmp_path)
    images = rng.integers(0, 256, (2, 60, 60, 3), np.uint8)
    a, b = (
        record(n.model, n.preprocess(list(images)).numpy(), "fire3", units=ChannelMean())
        for n in (net, back)
    )
    np.testing.assert_array_equal(a["fire3"].values, b["fire3"].values)
    other = network("squeezenet1_1", untrained=True, rng=4)
    assert not torch.equal(other.model.conv1.weight, net.model.conv1.weight)
    assert repr(net) == "Network(squeezenet1_1, 9 layers)"


def test_random_weights_leave_torch_alone():
    before = torch.random.get_rng_state()
    first = network("squeezenet1_1", untrained=True, rng=0).model.conv1.weight
    assert not torch.equal(before, torch.zeros_like(before))
    again = network("squeezenet1_1", untrained=True, rng=0).model.conv1.weight
    assert torch.equal(first, again)
    assert float(first.detach().std()) == pytest.approx((2 / 27) ** 0.5, rel=0.05)


def test_refused(tmp_path):
    with pytest.raises(InputError, match="There is no network 'resnet'; known: squeezenet1_1"):
        network("resnet")
    with pytest.raises(InputError, match="squeezenet1_1.safetensors does not exist"):
        network("squeezenet1_1", tmp_path)
    save(np.eye(2), tmp_path / "w.safetensors")
    assert load(tmp_path / "w.safetensors").shape == (2, 2)
    with pytest.raises(InputError, match="holds other weights than SqueezeNet's, e.g. conv1"):
        network("squeezenet1_1", tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="squeezenet1_1 comes without weights: .*--untrained"):
        network("squeezenet1_1")
    with pytest.raises(InputError, match="weights or untrained=True .--untrained., not both"):
        network("squeezenet1_1", tmp_path / "w.safetensors", untrained=True)
