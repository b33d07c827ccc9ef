"""Words: analogies by identities, layers of an encoder by hand, the whole on a small encoder."""

import numpy as np
import pytest
import torch
import transformers

from unbraid import studies
from unbraid.errors import InputError
from unbraid.responses import Responses, save
from unbraid.studies.text import _language, _meaning, _words
from unbraid.studies.text.text import Text

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def systems(tmp_path, rng):
    """A table of word vectors in which relations are directions, and a random encoder."""
    words = {w for pairs in _words.ANALOGIES.values() for pair in pairs for w in pair}
    words |= {w for parts in _words.COMPOUNDS for w in parts}
    fill = {"".join(rng.choice(list(LETTERS), 5)) for _ in range(400)}
    names = [*sorted(words), *sorted(fill - words)]
    values = {name: rng.normal(size=12) for name in names}
    for pairs in _words.ANALOGIES.values():
        way = 2 * rng.normal(size=12)
        for first, second in pairs:
            values[second] = values[first] + way
    save(Responses(np.array([values[n] for n in names], "f4"), stimuli=names),
         tmp_path / _language.GLOVE)  # fmt: skip
    folder = tmp_path / _language.ENCODER
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS)]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    return tmp_path


def test_layers_are_means_over_the_tokens_of_each_line(systems):
    net = _language.encoder(systems)
    lines = ["ab", "abcde", "cd"]
    found = _language.layer_means(net, lines, ("embeddings", "encoder.layer.1"))
    for row, line in enumerate(lines):
        inputs = net.preprocess.tokenizer([line], return_tensors="pt")
        with torch.inference_mode():
            seen = net.model(**inputs, output_hidden_states=True).hidden_states
        for layer, at in (("embeddings", 0), ("encoder.layer.1", 2)):
            by_hand = seen[at][0].mean(0).numpy()
            np.testing.assert_allclose(found[layer][row], by_hand, atol=1e-5)


def test_relations_that_are_directions_are_solved_and_noise_is_not(rng):
    pairs = [(f"a{i}", f"b{i}") for i in range(8)]
    at = {word: 30 + i for i, word in enumerate(w for pair in pairs for w in pair)}
    values = rng.normal(size=(46, 20))
    (noise,) = _meaning.relations(values, at, {"r": pairs}, about=("s", "units"), vocabulary=30)
    assert noise.solved.sum() <= 2
    values[31::2] = values[30::2] + 3 * rng.normal(size=20)
    (line,) = _meaning.relations(values, at, {"r": pairs}, about=("s", "units"), vocabulary=30)
    assert line.solved.all()
    assert line.cosine == pytest.approx(1)
    assert line.gain > 0
    assert line.p < 0.01


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_text_from_end_to_end(systems):
    study = Text(
        networks=systems, layers=("encoder.layer.0",), n_words=100, n_training_words=200, steps=5,
        folds=3, resamples=30, expansion=1,
    )  # fmt: skip
    result = studies.run(study)
    solved = {
        row["what"]: row["solved"]
        for row in result.table
        if row["layer"] == "word vectors" and row["source"] == "units" and "solved" in row
    }
    assert solved == dict.fromkeys(_words.ANALOGIES, 1.0)
    assert result.conclusion.startswith("Word vectors solve 100% of the analogies")
    holds = {claim.text: claim.holds for claim in result.claims}
    assert holds["word vectors: a - b + c finds d more often than c alone does"]
    assert not holds["encoder.layer.0: codes solve more analogies than units do"]
    page = studies.save(result, systems / "run") / "report.html"
    assert "Analogies solved" in page.read_text(encoding="utf-8")


def test_what_is_missing_is_asked_for(tmp_path):
    with pytest.raises(InputError, match="glove_6b_50d.safetensors does not exist; scripts/fetch"):
        _language.word_vectors(tmp_path)
    with pytest.raises(InputError, match="all-minilm-l6-v2 does not exist; scripts/fetch"):
        _language.encoder(tmp_path)
    few = Responses(np.ones((3, 2)) * np.arange(3)[:, None], stimuli=["the", "a1", "cat"])
    with pytest.raises(InputError, match="must hold 3 ordinary words, got 2"):
        _language.ordinary_words(few, 3)
    assert _language.ordinary_words(few, 2).tolist() == [0, 2]
    assert _language.ordinary_words(few, 1, leave_out=[0]).tolist() == [2]


def test_the_table_of_words_has_no_slips():
    for pairs in _words.ANALOGIES.values():
        assert len({w for pair in pairs for w in pair}) == 2 * len(pairs)
    assert all(a + b == whole for a, b, whole in _words.COMPOUNDS)
    assert len(set(_words.THINGS)) == len(_words.THINGS)
