"""Autoencoders of one's own: as strangers save them, against their encoders written out."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError


def torched(values):
    return {n: torch.as_tensor(np.array(v)) for n, v in values.items()}


def linear(sae):
    return {"encoder.weight": sae.W_enc.T, "encoder.bias": sae.b_enc,
            "decoder.weight": sae.W_dec.T, "decoder.bias": sae.b_dec}  # fmt: skip


def plain(sae):
    return {name: getattr(sae, name) for name in ("W_enc", "W_dec", "b_enc", "b_dec")}


@pytest.fixture
def load(tmp_path):
    """Save content as torch does, a configuration beside it, and load the file."""

    def load(content, beside=None, name="mine.pt", **options):
        whole = {n: torched(v) if isinstance(v, dict) and n not in ("config", "cfg", "hparams")
                 else v
                 for n, v in content.items()}  # fmt: skip
        whole = {n: torch.as_tensor(np.array(v)) if isinstance(v, np.ndarray | np.generic) else v
                 for n, v in whole.items()}  # fmt: skip
        torch.save(whole, tmp_path / name)
        if beside is not None:
            (tmp_path / "config.json").write_text(json.dumps(beside))
        return sparse.load_foreign(tmp_path / name, **options)

    return load


def test_a_bare_state_dict_is_asked_for_its_activation(sae, formulas, load):
    with pytest.raises(InputError, match="Give activation='relu', .* and centred=True if decoder"):
        load(linear(sae))
    with pytest.raises(InputError, match="whether decoder.bias is subtracted .* Give centred=True"):
        load(linear(sae), activation="relu")
    with pytest.raises(InputError, match="a topk encoder needs k; give k="):
        load(linear(sae), activation="topk", centred=False)
    for centred in (True, False):
        scores = sae.scores(centred=centred)
        right = {
            "relu": (formulas.relu(scores), {}),
            "topk": (formulas.top(formulas.relu(scores)), {"k": 3}),
            "signed_topk": (formulas.top(scores), {"k": 3}),
            "abstopk": (formulas.top(scores, size=np.abs(scores)), {"k": 3}),
            "jumprelu": (formulas.jump(scores, 0.7), {"threshold": 0.7}),
            "tanh_relu": (np.tanh(formulas.relu(scores)), {}),
        }
        for activation, (codes, options) in right.items():
            ours = load(linear(sae), activation=activation, centred=centred, **options)
            assert sae.agrees(ours, codes)


def test_a_decoder_without_bias_leaves_nothing_to_ask(sae, formulas, load):
    state = linear(sae)
    del state["decoder.bias"], state["encoder.bias"]
    ours = load(state, activation="relu")
    codes = formulas.relu(sae.x @ sae.W_enc)
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes, atol=2e-6)
    np.testing.assert_allclose(ours.decode(codes), codes @ sae.W_dec, atol=1e-5)


@pytest.mark.parametrize("state", ["state_dict", "model_state_dict", "sae_state_dict", "model"])
@pytest.mark.parametrize("config", ["config", "cfg", "hparams"])
def test_a_wrapper_says_what_is_in_it(sae, formulas, load, state, config):
    settings = {"activation": "TopK", "top_k": 3, "d_in": 6, "n_latents": 10, "lr": 1e-4}
    ours = load({state: linear(sae), config: settings, "epoch": 7}, centred=False)
    assert sae.agrees(ours, formulas.top(formulas.relu(sae.scores(centred=False))))
    assert {"lr", "epoch"} <= set(ours.method.unread)


def test_settings_and_parts_may_stand_in_other_places(sae, formulas, load):
    codes = formulas.top(formulas.relu(sae.scores()))
    layers = {"encoder": {"weight": sae.W_enc.T, "bias": sae.b_enc},
              "decoder": {"weight": sae.W_dec.T, "bias": sae.b_dec}}  # fmt: skip
    said = {"config": {"activation": "topk", "k": 3}}
    assert sae.agrees(load(layers | said, centred=True), codes)
    assert sae.agrees(load(plain(sae) | said, centred=True), codes)
    number = plain(sae) | {"k": np.int32(3)}
    assert sae.agrees(load(number, centred=True, activation="topk"), codes)
    batch = number | {"threshold": np.float32(0.7)}
    jump = formulas.jump(sae.scores(), np.float32(0.7))
    assert sae.agrees(load(batch, centred=True, activation="jumprelu"), jump)
    with pytest.raises(InputError, match="nothing says what its encoder does"):
        load(batch, centred=True)
    with pytest.raises(InputError, match=r"threshold \(\), for which .* has no use"):
        load(batch, centred=True, activation="topk")


def test_k_alone_means_top_k_and_says_so(sae, formulas, load):
    content = {"state_dict": linear(sae), "config": {"top_k": 3}}
    with pytest.warns(RuntimeWarning, match="names no activation: it is read as top-k"):
        ours = load(content, centred=True)
    assert sae.agrees(ours, formulas.top(formulas.relu(sae.scores())))
    load(content, centred=True, activation="topk")  # no warning: they are errors here


def test_weights_in_the_data_are_turned_by_their_shapes(sae, formulas, load):
    codes = formulas.relu(sae.scores())
    names = plain(sae)
    turned = names | {"W_enc": sae.W_enc.T, "W_dec": sae.W_dec.T}
    dotted = {f"module.sae.{n}": v for n, v in linear(sae).items()}
    matrices = {"encoder": sae.W_enc, "decoder": sae.W_dec, "latent_bias": sae.b_enc,
                "pre_bias": sae.b_dec}  # fmt: skip
    for state in (names, turned, dotted):
        assert sae.agrees(load(state, activation="relu", centred=True), codes)
    assert sae.agrees(load(matrices, activation="relu"), codes)


def test_a_pre_bias_and_an_output_bias_are_two_things(sae, formulas, load, rng):
    state = linear(sae) | {"b_pre": rng.normal(size=6).astype(np.float32)}
    codes = formulas.relu((sae.x - state["b_pre"]) @ sae.W_enc + sae.b_enc)
    assert sae.agrees(load(state, activation="relu"), codes, atol=1e-5)
    with pytest.raises(InputError, match="b_pre is subtracted first; leave centred out"):
        load(state, activation="relu", centred=True)


@pytest.mark.parametrize("kind", ["topk", "batchtopk", "vanilla"])
def test_a_state_dict_with_its_configuration_beside(sae, formulas, load, kind):
    beside = {"sae_type": kind, "top_k": 3, "top_k_aux": 512, "act_size": 6, "dict_size": 10,
              "input_unit_norm": True, "l1_coeff": 0.0, "n_batches_to_dead": 5, "lr": 3e-4,
              "wandb_project": "batchtopk", "hook_point": "blocks.8.hook_resid_pre"}  # fmt: skip
    given = {"threshold": 0.7} if kind == "batchtopk" else {}
    ours = load(plain(sae), beside, "sae.pt", centred=True, **given)
    scores = sae.scores(formulas.layer_norm(sae.x))
    codes = {"topk": formulas.top(formulas.relu(scores)), "vanilla": formulas.relu(scores),
             "batchtopk": formulas.jump(scores, 0.7)}[kind]  # fmt: skip
    assert sae.agrees(ours, codes)
    if kind == "batchtopk":
        with pytest.raises(InputError, match="and a batch top-k one. needs one threshold; give"):
            load(plain(sae), beside, "sae.pt", centred=True)


def test_jumprelu_from_a_logarithm(sae, formulas, load):
    state = plain(sae) | {"jumprelu.log_threshold": np.log(sae.threshold)}
    ours = load({"state_dict": state, "config": {"sae_type": "jumprelu"}}, centred=False)
    assert sae.agrees(ours, formulas.jump(sae.scores(centred=False), sae.threshold), atol=1e-5)
    with pytest.raises(InputError, match="jumprelu.log_threshold .*no use"):
        load(state, activation="relu", centred=False)


@pytest.mark.parametrize("name", ["mean", "act_mean", "mean_center", "std", "norm_factor"])
def test_what_may_move_the_input_is_refused_unless_it_does_not(sae, load, name):
    options = {"activation": "relu", "centred": True}
    with pytest.raises(InputError, match=rf"{name} \(6,\).* give ignore=\['{name}'\]"):
        load({"state_dict": plain(sae), name: np.full(6, 0.5, np.float32)}, **options)
    with pytest.raises(InputError, match=f"{name}=3.5 is not a setting"):
        load({"state_dict": plain(sae), name: 3.5}, **options)
    nothing = 0.0 if "mean" in name else 1.0
    ours = load({"state_dict": plain(sae), name: np.full(6, nothing, np.float32)}, **options)
    assert name in ours.method.unread


def test_counters_are_left_unread(sae, load):
    state = plain(sae) | {"num_batches_not_active": np.ones(10), "n_forward_passes_since_fired":
                          np.zeros(10, int), "act_freq": np.ones(10)}  # fmt: skip
    ours = load(state, activation="relu", centred=True)
    assert set(ours.method.unread) == set(state) - set(plain(sae))


@pytest.mark.parametrize("config, message", [
    ({"sae_type": "gated"}, "sae_type='gated' has no rule here"),
    ({"activation": "relu", "act_fn": "topk"}, "Two activations are named: activation='relu' in"),
    ({"k": 3, "top_k": 4}, "k=3 and top_k=4 are stated, and differ"),
    ({"top_k": 99, "activation": "topk"}, r"k must lie in 1..10 \(the latents\), got 99"),
    ({"top_k": "many", "activation": "topk"}, "k must be a whole number of at least 1, got 'many'"),
    ({"activation": "relu", "d_in": 7}, "d_in=7 fits neither the 6 units nor the 10 latents"),
    ({"activation": "relu", "normalize": True}, "normalize=True is not a setting"),
    ({"activation": "relu", "soft_cap": 30.0}, "soft_cap=30.0 is not a setting"),
    ({"activation": "relu", "gated_sae": True}, "gated_sae=True is not a setting"),
    ({"activation": "relu", "skip_connection": True}, "skip_connection=True is not a setting"),
    ({"activation": "relu", "apply_b_dec_to_input": 1}, "must be true or false, got 1"),
])  # fmt: skip
def test_settings_that_change_codes_are_refused_by_name(sae, load, config, message):
    with pytest.raises(InputError, match=message) as caught:
        load({"state_dict": plain(sae), "config": config}, centred=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [
    {"normalize": False}, {"soft_cap": None}, {"gated_sae": False}, {"scaling_factor": 1.0},
    {"wandb": {"project": "x"}, "training": {"lr": 0.1, "warm_up": 3}}, {"learning_rate_min": 0.1},
], ids=str)  # fmt: skip
def test_settings_that_are_off_or_of_the_training_are_noted(sae, load, config):
    content = {"state_dict": plain(sae), "config": {"activation": "relu"} | config}
    assert set(config) <= set(load(content, centred=True).method.unread)


def test_what_the_file_says_is_not_said_otherwise(sae, load):
    content = {"state_dict": plain(sae), "config": {"activation": "relu"}}
    with pytest.raises(InputError, match="activation='topk' was given, but the file says activ"):
        load(content, centred=True, activation="topk", k=3)
    with pytest.raises(InputError, match="a relu encoder has no k; leave k out"):
        load(content, centred=True, k=3)
    with pytest.raises(InputError, match="a relu encoder has no threshold; leave"):
        load(content, centred=True, threshold=0.5)
    with pytest.raises(InputError, match="was trained with k=3, got k=4; leave k out"):
        load({"state_dict": plain(sae), "config": {"k": 3}}, centred=True, activation="topk", k=4)
    with pytest.raises(InputError, match="activation must be one of topk, .* got 'softplus'"):
        load(plain(sae), activation="softplus", centred=True)


def test_tied_weights_are_said_to_be_tied(sae, formulas, load):
    state = {"encoder.weight": sae.W_enc.T, "encoder.bias": sae.b_enc, "pre_bias": sae.b_dec}
    with pytest.raises(InputError, match="holds no decoder under a name that is known"):
        load(state, activation="relu")
    ours = load({"state_dict": state, "config": {"activation": "relu", "tied": True}})
    sae.W_dec = sae.W_enc.T
    assert sae.agrees(ours, formulas.relu(sae.scores()))


def test_square_weights_say_their_axes_or_are_refused(rng, load):
    enc, dec = rng.normal(size=(2, 6, 6)).astype(np.float32)
    x = rng.normal(size=(20, 6)).astype(np.float32)
    ours = load({"encoder.weight": enc, "decoder.weight": dec}, activation="relu")
    codes = np.maximum(x @ enc.T, 0)
    np.testing.assert_allclose(ours.encode(x).toarray(), codes, atol=1e-5)
    np.testing.assert_allclose(ours.decode(codes), codes @ dec.T, atol=1e-5)
    with pytest.raises(InputError, match="does not say which of its axes are the units"):
        load({"W_enc": enc, "W_dec": dec}, activation="relu")


def test_a_file_in_several_parts(sae, formulas, tmp_path):
    parts = {"model-1-of-2.safetensors": ("W_enc", "b_enc"),
             "model-2-of-2.safetensors": ("W_dec", "b_dec")}  # fmt: skip
    for part, names in parts.items():
        save_file({name: getattr(sae, name) for name in names}, tmp_path / part)
    index = {
        "metadata": {},
        "weight_map": {n: part for part, names in parts.items() for n in names},
    }
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    ours = sparse.load_foreign(tmp_path, activation="relu", centred=True)
    assert sae.agrees(ours, formulas.relu(sae.scores()))
    whole = {name: getattr(sae, name) for name in ("W_enc", "W_dec", "b_dec")}
    save_file(whole, tmp_path / "model-2-of-2.safetensors")
    with pytest.raises(InputError, match="W_enc stands in two of its files; which is meant"):
        sparse.load_foreign(tmp_path, activation="relu", centred=True)
    (tmp_path / "model-2-of-2.safetensors").unlink()
    with pytest.raises(InputError, match="names 'model-2-of-2.safetensors', which is no file"):
        path = tmp_path / "model.safetensors.index.json"
        sparse.load_foreign(path, activation="relu", centred=True)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_precision_is_kept(sae, tmp_path, kind):
    state = {name: torch.as_tensor(value).to(kind) for name, value in plain(sae).items()}
    torch.save(state, tmp_path / "mine.pt")
    ours = sparse.load_foreign(tmp_path / "mine.pt", activation="relu", centred=True)
    assert ours.atoms.dtype == (np.float64 if kind == torch.float64 else np.float32)
    np.testing.assert_array_equal(ours.atoms, state["W_dec"].to(torch.float64).numpy())


def test_settings_of_a_safetensors_header(sae, formulas, tmp_path):
    said = {"activation": "topk", "k": "3", "format": "pt"}
    save_file(plain(sae), tmp_path / "mine.safetensors", metadata=said)
    ours = sparse.load_foreign(tmp_path / "mine.safetensors", centred=True)
    assert sae.agrees(ours, formulas.top(formulas.relu(sae.scores())))


def test_a_configuration_file_may_be_ignored(sae, load):
    config = {"vocab_size": 50257, "n_embd": 768}  # the language model's, in the same folder
    with pytest.raises(InputError, match="vocab_size=50257, n_embd=768 is not a setting"):
        load(plain(sae), config, activation="relu", centred=True)
    load(plain(sae), config, activation="relu", centred=True, ignore="config.json")
    with pytest.raises(InputError, match="ignore must be names of tensors, .* got 3"):
        load(plain(sae), activation="relu", centred=True, ignore=3)
