"""What SAELens has no layout for stands under a name that it refuses; cards and exports say so."""

import json
from dataclasses import replace

import numpy as np
import pytest

from unbraid import sparse
from unbraid.errors import InputError
from unbraid.sparse import Dictionary, Encoder, Imported

SOURCE = Imported(library="unbraid", architecture="made for a test")
KNOWN_TO_SAELENS = {  # of 6.54: every name that it opens
    "standard", "topk", "abstopk", "jumprelu", "gated", "matching_pursuit", "temporal",
    "transcoder", "skip_transcoder", "jumprelu_transcoder", "jumprelu_skip_transcoder",
    "batchtopk", "matryoshka_batchtopk",
}  # fmt: skip


def made(sae, activation="topk", **options):
    encoder = Encoder(weights=sae.W_enc, bias=sae.b_enc, activation=activation, k=3)
    return Dictionary(
        atoms=sae.W_dec, offset=sae.b_dec, encoder=encoder, method=SOURCE, k=3, **options
    )


@pytest.mark.parametrize("of", [
    "without encoder", "fista beside an encoder", "shuffled", "tanh_relu", "signed_topk",
    "signed_pursuit", "a pursuit of other columns",
])  # fmt: skip
def test_a_dictionary_that_saelens_would_encode_otherwise(sae, tmp_path, of):
    ours = {
        "without encoder": lambda: replace(made(sae), encoder=None, by="omp"),
        "fista beside an encoder": lambda: made(sae, by="fista", penalty=0.3),
        "shuffled": lambda: made(sae, shuffled=3),
        "a pursuit of other columns": lambda: made(sae, "pursuit"),
    }.get(of, lambda: made(sae, of))()
    folder = ours.save(tmp_path / "one")  # without a word: most who save have no SAELens in mind
    config = json.loads((folder / "cfg.json").read_text())
    assert config["architecture"] not in KNOWN_TO_SAELENS
    again = Dictionary.load(folder)
    np.testing.assert_array_equal(again.encode(sae.x).toarray(), ours.encode(sae.x).toarray())
    assert (again.encoder is None) == (ours.encoder is None)
    with pytest.raises(InputError, match="The saelens layout cannot hold"):
        sparse.export(ours, tmp_path / "two", "saelens")
    with pytest.warns(RuntimeWarning, match="SAELens has no layout for .*: it refuses the folder"):
        card = sparse.save_pretrained(ours, tmp_path / "three") / "README.md"
    assert "and refuses it" in card.read_text()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("activation", ["topk", "abstopk", "relu"])
def test_nothing_is_said_where_saelens_means_the_same(sae, tmp_path, activation):
    folder = made(sae, activation).save(tmp_path / "one")
    assert json.loads((folder / "cfg.json").read_text())["architecture"] in KNOWN_TO_SAELENS


@pytest.mark.parametrize("method", [sparse.SparseCoding(n_latents=8), sparse.Pursuit(n_latents=8)])
def test_learned_without_an_encoder(rng, tmp_path, method):
    learned = sparse.fit(rng.normal(size=(60, 5)), method, rng=0)
    folder = learned.save(tmp_path / "one")
    assert json.loads((folder / "cfg.json").read_text())["architecture"].startswith("unbraid_")


def test_a_pursuit_saved_before_under_their_name_stays_without_an_encoder(sae, tmp_path):
    folder = replace(made(sae), encoder=None, by="omp").save(tmp_path / "one")
    config = json.loads((folder / "cfg.json").read_text())
    config |= {"architecture": "matching_pursuit", "residual_threshold": 1e-2,
               "max_iterations": 3, "stop_on_duplicate_support": True}  # fmt: skip
    del config["metadata"]["unbraid"]["activation"]
    (folder / "cfg.json").write_text(json.dumps(config))
    again = Dictionary.load(folder)
    assert again.encoder is None and again.by == "omp"
