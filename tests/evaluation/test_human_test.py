"""The test for people: made, answered in a real browser, scored."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

import unbraid as ub
from unbraid import evaluation, interpret
from unbraid.errors import InputError
from unbraid.evaluation.human_test import page_of
from unbraid.responses import Responses

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    label = rng.integers(5, size=300)
    units = np.eye(5)[label] * rng.uniform(0.5, 1.5, size=(300, 1))
    ids = [f"<b>{c}</b>-{i}" for i, c in enumerate(label)]
    return interpret.intrusion_trials(Responses(units, stimuli=ids), trials=4)


def test_trials_for_people_have_units_and_obvious_ones(trials):
    chosen = evaluation.human_trials(trials, units=3, each=2, catch=4, rng=0)
    assert len(chosen) == 10 and (chosen.unit == -1).sum() == 4
    assert len(np.unique(chosen.unit[chosen.unit >= 0])) == 3
    for items, place in zip(chosen.items[chosen.unit < 0], chosen.place[chosen.unit < 0],
                            strict=True):  # fmt: skip
        assert len(set(items)) == 2 and (np.delete(items, place) == items[place - 1]).all()
    everyone = evaluation.human_trials(trials, units=99, each=99, catch=0)
    assert len(everyone) == len(trials)


def test_the_page_holds_no_key_and_shows_names_as_text(trials):
    chosen = evaluation.human_trials(trials, rng=0)
    page = page_of(chosen)
    (data,) = re.findall(r"const data = (.*);\n", page)
    held = json.loads(data)
    assert set(held) == {"trials", "stimuli"} and len(held["trials"]) == len(chosen)
    assert "<b>" not in page and "\\u003cb>" in page
    for row, items in zip(held["trials"], chosen.items, strict=True):
        assert [held["stimuli"][i]["text"] for i in row] == list(chosen.stimuli[items])
    assert "http" not in page  # nothing is fetched
    with pytest.raises(InputError, match="pictures must be uint8, one for each of the 300"):
        page_of(chosen, np.zeros((5, 4, 4), np.uint8))


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_from_the_first_trial_to_the_file(trials, tmp_path):
    """Answer by keys and by mouse in a real browser; the file that comes out is scored."""
    chosen = evaluation.human_trials(trials, units=4, each=1, catch=2, rng=1)
    pictures = np.random.default_rng(2).integers(0, 255, (300, 8, 8), np.uint8)
    folder = evaluation.write_test(chosen, tmp_path / "test", pictures=pictures)
    page = (folder / "index.html").read_text()
    places = json.dumps(chosen.place.tolist())
    driver = f"""<script>
      const right = {places};
      at("person").value = 'Ada "A", L';
      at("start").requestSubmit();
      while (running) {{
        const shown = places.indexOf(right[order[now]]);
        const key = String(shown + 1);
        if (now % 2) document.dispatchEvent(new KeyboardEvent("keydown", {{key}}));
        else at("items").querySelectorAll("button")[shown].click();
      }}
      const saved = table();
      document.body.innerHTML = "<pre></pre>";
      document.querySelector("pre").textContent = saved;
    </script></body>"""
    (tmp_path / "driven.html").write_text(page.replace("</body>", driver))
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "driven.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    (text,) = re.findall(r"<pre>(.*?)</pre>", done.stdout, flags=re.S)
    (tmp_path / "answers.csv").write_text(html.unescape(text))
    found = interpret.score_answers(interpret.read_trials(folder), tmp_path / "answers.csv")
    assert found.precision == 1 and found.catch == {'Ada "A", L': 1}


def test_a_run_becomes_a_test_and_its_answers_a_score(run, tmp_path):
    rng = np.random.default_rng(3)
    z = rng.uniform(0.5, 1.5, (160, 6)) * (rng.random((160, 6)) < 0.2)
    ids = [f"{i:03}.png" for i in range(160)]
    x = Responses(z @ rng.normal(size=(6, 6)), stimuli=ids)
    e = Responses(z, stimuli=ids)
    found = evaluation.evaluate(
        ub.PCA(one_sided=True), x, embeddings=e, measures="intrusion", baselines=(), seeds=1
    )
    found.save(tmp_path / "run")
    ub.save(e, tmp_path / "e.npz")
    (tmp_path / "p").mkdir()
    for name in ids:
        colours = rng.integers(0, 255, (12, 10, 3), np.uint8)
        Image.fromarray(colours).save(tmp_path / "p" / name)
    status, out, err = run("intrusion-test", "run", "--pictures", "p", "-o", "test")
    assert status == 0, err
    assert "test/index.html" in out
    assert "data:image" in (tmp_path / "test" / "index.html").read_text()
    assert run("intrusion-test", "run", "-o", "names")[0] == 0
    page = (tmp_path / "names" / "index.html").read_text()
    assert "data:image" not in page and "000.png" in page
    trials = interpret.read_trials(tmp_path / "test")
    rows = "".join(f"ada,{t + 1},{p + 1}\n" for t, p in enumerate(trials.place))
    (tmp_path / "ada.csv").write_text("person,trial,choice\n" + rows)
    status, out, err = run("intrusion-score", "test", "ada.csv", "--embeddings", "e.npz", "--json")
    assert status == 0, err
    record = json.loads(out)
    assert record["precision"] == 1 and record["machine"]["value"] is not None
    assert set(record["units"].values()) == {1.0}
    for more, told in ((["--embeddings", "e.npz"], True), ([], False)):
        status, out, _ = run("intrusion-score", "test", "ada.csv", *more)
        assert status == 0 and ("Machine: " in out) == told
    status, _, err = run("intrusion-score", "run", "no.csv")
    assert status == 2 and "holds no answers" in err
    status, _, err = run("intrusion-test", "p", "-o", "other")
    assert status == 2 and "holds no trials" in err
