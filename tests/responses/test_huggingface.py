"""Models of transformers from a local folder: blocks, preprocessing, tokens, no pickles."""

import json
import warnings

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.responses import (
    Center,
    ChannelMean,
    ClassToken,
    Positions,
    huggingface,
    open_network,
    record,
)
from unbraid.responses.networks._huggingface import Tokens
from unbraid.studies.systems import _pooled

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import transformers
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PROCESSOR = {
    "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.5, 0.6, 0.7], "resample": 3, "rescale_factor": 1 / 255,
    "size": {"height": 32, "width": 32}, "image_processor_type": "ViTImageProcessor",
}  # fmt: skip
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 20,
}


@pytest.fixture
def vit(tmp_path):
    config = transformers.ViTConfig(image_size=32, patch_size=16, **SMALL)
    transformers.ViTModel(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return tmp_path


@pytest.fixture
def bert(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "dog", "sat"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(vocab_size=len(words), **SMALL)
    transformers.BertModel(config).save_pretrained(tmp_path)
    return tmp_path


def test_vision(vit, rng):
    net = huggingface(vit)
    assert len(net.layers) == 3
    images = rng.integers(0, 256, (4, 40, 50, 3), np.uint8)
    found = record(net.model, images, net.layers, units=ClassToken(), preprocess=net.preprocess)
    with torch.no_grad():
        states = net.model(net.preprocess(images), output_hidden_states=True).hidden_states
    for layer, state in zip(net.layers, states[1:], strict=False):
        if layer != net.layers[-1]:  # some versions normalise the last state
            np.testing.assert_allclose(found[layer].values, state[:, 0], atol=1e-5)
    last = record(
        net.model, images, preprocess=net.preprocess, select="last_hidden_state", units=ClassToken()
    )
    assert last["output"].shape == (4, 16)


def test_text(bert):
    net = huggingface(bert, tokens=6)
    lines = ["a cat", "a dog sat", "unknown words"]
    found = record(net.model, lines, net.layers[-1], units=ChannelMean(), preprocess=net.preprocess)
    (x,) = found.values()
    assert x.shape == (3, 16)
    assert net.preprocess(lines)["input_ids"].shape == (3, 6)
    again = record(
        net.model, lines[1:], net.layers[-1], units=ChannelMean(), preprocess=net.preprocess
    )
    np.testing.assert_allclose(next(iter(again.values())).values, x.values[1:], atol=1e-5)
    assert repr(net.preprocess).startswith("Tokens(")


def test_lines_of_a_file_and_a_tokenizer_that_does_not_pad(bert, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("a cat\na dog sat\n\n", encoding="utf-8-sig")
    net = huggingface(bert, tokens=6)
    net.preprocess.tokenizer.pad_token = None
    unpadded = Tokens(net.preprocess.tokenizer, 6)
    options = {"units": ClassToken()}
    here, there = (
        record(net.model, shown, net.layers[-1], preprocess=tokens, **options)[net.layers[-1]]
        for shown, tokens in ((["a cat", "a dog sat"], net.preprocess), (str(lines), unpadded))
    )
    np.testing.assert_allclose(here.values, there.values, atol=1e-5)  # what is padded is masked
    with pytest.raises(InputError, match="This network reads texts: give a list of them, or a .tx"):
        record(net.model, np.zeros((2, 4)), net.layers[-1], preprocess=net.preprocess)
    for content, match in ((b"\n\n", "holds no line of text"), (b"\xe9", "must be UTF-8 text")):
        lines.write_bytes(content)
        with pytest.raises(InputError, match=match):
            record(net.model, lines, net.layers[-1], preprocess=net.preprocess)


def test_of_two_towers_the_one_that_sees(tmp_path, rng):
    tower = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 20}  # fmt: skip
    config = transformers.CLIPConfig(
        vision_config=tower | {"image_size": 32, "patch_size": 16},
        text_config=tower | {"vocab_size": 9, "eos_token_id": 1, "bos_token_id": 0},
        projection_dim=8,
    )
    whole = transformers.CLIPModel(config).eval()
    whole.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    net = huggingface(tmp_path)
    images = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    last = record(net.model, images, preprocess=net.preprocess, select="pooler_output")["output"]
    with torch.no_grad():
        truth = whole.vision_model(net.preprocess(images)).pooler_output
    np.testing.assert_allclose(last.values, truth, atol=1e-5)
    assert record(net.model, images, net.layers, preprocess=net.preprocess).keys() == {*net.layers}


@pytest.fixture
def resnet(tmp_path):
    """As ResNet-50 is published: a classifier, and ConvNeXt's processor, whose size is a number."""
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1]
    )
    transformers.ResNetForImageClassification(config).save_pretrained(tmp_path)
    options = {
        k: v for k, v in PROCESSOR.items() if k not in ("do_rescale", "image_processor_type")
    }
    options |= {"size": 64, "crop_pct": 0.875, "feature_extractor_type": "ConvNextFeatureExtractor"}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(options))
    return tmp_path


def test_resnet(resnet, rng):
    net = huggingface(resnet)
    assert net.layers == tuple(f"encoder.stages.{i}" for i in range(4))
    assert net.prefix == 0
    pictures = rng.integers(0, 256, (3, 80, 80, 3), np.uint8)
    theirs = transformers.AutoImageProcessor.from_pretrained(str(resnet))
    pixels = theirs(list(pictures), return_tensors="pt")["pixel_values"]
    assert net.preprocess(pictures).shape == (3, 3, 64, 64)
    np.testing.assert_allclose(net.preprocess(pictures), pixels, atol=0.02)  # a level of 255
    found = record(net.model, pictures, net.layers, units=Center(), preprocess=net.preprocess)
    with torch.no_grad():
        states = net.model(net.preprocess(pictures), output_hidden_states=True).hidden_states
    for layer, state in zip(net.layers, states[1:], strict=True):
        middle = state[:, :, state.shape[2] // 2, state.shape[3] // 2]
        np.testing.assert_allclose(found[layer].values, middle, atol=1e-5)


def test_positions_of_a_transformer_are_those_of_the_image(vit, rng):
    net = huggingface(vit)
    assert net.prefix == 1
    pictures = rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
    how = {"layers": net.layers[0], "preprocess": net.preprocess}
    every = record(net.model, pictures, units=Positions(), **how)[net.layers[0]]
    places = record(net.model, pictures, units=Positions(skip=net.prefix), **how)[net.layers[0]]
    rows = every.values.reshape(2, 5, 16)
    np.testing.assert_array_equal(places.values, rows[:, 1:].reshape(8, 16))
    first = record(net.model, pictures, units=ClassToken(), **how)[net.layers[0]]
    np.testing.assert_array_equal(first.values, rows[:, 0])
    sources = {net.layers[0]: {"units": None}}
    cells = _pooled.pooled(net, pictures, sources, 2, lambda *_: None)[net.layers[0], "units"]
    np.testing.assert_allclose(cells, rows[:, 1:].reshape(2, -1), atol=1e-6)


def test_folders_refused(vit):
    with pytest.raises(InputError, match=r"is not a folder of a transformers model \(no config"):
        huggingface(vit / "none")
    (vit / "model.safetensors").rename(vit / "pytorch_model.bin")
    with pytest.raises(InputError, match="has no .safetensors weights; pickled ones are never"):
        huggingface(vit)
    (vit / "x.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="is not a whole transformers file"):
        huggingface(vit)


@pytest.mark.parametrize("where", ["model", "type of its own", "processor"])
def test_code_in_a_folder_never_runs(vit, where, monkeypatch):
    """Transformers imports it where it is trusted; of a known model it is not even looked at."""
    trace = vit / "ran"
    (vit / "mine.py").write_text(f"open({str(trace)!r}, 'w').close()\nclass Mine: pass\n")
    file = vit / ("preprocessor_config.json" if where == "processor" else "config.json")
    told = json.loads(file.read_text())
    keys = ("AutoConfig", "AutoModel", "AutoImageProcessor", "AutoProcessor")
    told["auto_map"] = dict.fromkeys(keys, "mine.Mine")
    if where == "type of its own":
        told["model_type"] = "its own"
    file.write_text(json.dumps(told))
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # as if someone answered its question
    if where == "model":
        assert len(huggingface(vit).layers) == 3
    else:
        with pytest.raises(InputError, match="is not a whole transformers file|auto_map=.* is not"):
            huggingface(vit)
    assert not trace.exists()


def of_a_classifier(folder):
    """As most are published: a head that is not needed, no weights for the pooler."""
    config = transformers.ViTConfig(image_size=32, patch_size=16, **SMALL)
    whole = transformers.ViTForImageClassification(config).eval()
    whole.save_pretrained(folder)
    return whole


def test_what_would_be_random_is_taken_out(vit, rng):
    whole = of_a_classifier(vit)
    net = huggingface(vit)
    assert net.model.pooler is None
    assert net.origin["not used"] == ["classifier.bias", "classifier.weight"]
    assert net.origin["weights"][0]["file"] == "model.safetensors"
    images = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    last = record(net, images, select="last_hidden_state", units=ClassToken())["output"]
    with torch.no_grad():
        logits = whole(net.preprocess(images)).logits
        ours = whole.classifier(torch.from_numpy(last.values))
    np.testing.assert_allclose(ours, logits, atol=1e-5)
    with pytest.raises(InputError, match="no layer 'pooler'"):
        record(net, images, "pooler")


def test_weights_that_are_missing_or_have_no_place(vit):
    from safetensors.torch import load_file, save_file

    file = vit / "model.safetensors"
    state = load_file(file)
    dropped = [key for key in state if ".1." in key]
    assert dropped
    save_file({k: v for k, v in state.items() if k not in dropped}, file, {"format": "pt"})
    match = f"no weights for {len(dropped)} of the model's parameters, e.g. .*1.*--untrained"
    with pytest.raises(InputError, match=match):
        huggingface(vit)
    deeper = {k.replace(".1.", ".9."): v.clone() for k, v in state.items() if k in dropped}
    save_file(state | deeper, file, {"format": "pt"})
    with pytest.warns(RuntimeWarning, match=f"holds {len(dropped)} weights that its configuration"):
        huggingface(vit)


def test_untrained_ones_are_asked_for_and_repeat(vit):
    before = torch.random.get_rng_state()
    nets = [open_network(vit, untrained=True, rng=seed) for seed in (0, 0, 1)]
    assert torch.equal(before, torch.random.get_rng_state())
    first, again, other = (dict(n.model.named_parameters())["embeddings.cls_token"] for n in nets)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert nets[2].origin["weights"] == {"untrained": True, "seed": 1}
    (vit / "model.safetensors").unlink()
    assert open_network(vit, untrained=True).layers == nets[0].layers


def test_the_library_fills_in_what_its_processor_does_by_default(tmp_path, rng):
    """Old files say a number: of CLIP's it is the shorter side, of ViT's that of a square."""
    pictures = list(rng.integers(0, 256, (2, 70, 103, 3), np.uint8))
    config = transformers.CLIPVisionConfig(image_size=32, patch_size=16, **SMALL)
    transformers.CLIPVisionModel(config).save_pretrained(tmp_path)
    old = {"feature_extractor_type": "CLIPFeatureExtractor", "size": 40, "crop_size": 32}
    for options in (old, {"image_processor_type": "ViTImageProcessor", "size": 32}):
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(options))
        theirs = transformers.AutoImageProcessor.from_pretrained(str(tmp_path))
        pixels = theirs(pictures, return_tensors="pt")["pixel_values"]
        found = huggingface(tmp_path).preprocess(pictures)
        np.testing.assert_allclose(found, pixels, atol=0.03)  # a level of 255
    (tmp_path / "preprocessor_config.json").unlink()
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": old}))
    assert huggingface(tmp_path).preprocess.resize == 40
