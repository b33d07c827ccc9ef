# ruff: noqa: D103
"""How fast the browser of latents opens and scrolls, and its size, at 50,000 latents per side.

Claim: the first paint comes within a second, a frame of scrolling takes under 20 ms, sorting all
under 300 ms; its files keep to their bound. Needs Chromium, and playwright.

    python benchmarks/browser.py --latents 50000
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import report, sparse
from unbraid.comparison.browser._pair import pair_of
from unbraid.responses import Codes

K, UNITS = 32, 64

PAINT = """performance.getEntriesByType('paint')
  .find(entry => entry.name === 'first-contentful-paint').startTime"""
SCROLL = """async () => {
  const list = document.getElementById("list"), frames = [];
  let before = await new Promise(requestAnimationFrame);
  for (let i = 0; i < 120; i++) {
    list.scrollTop += 700;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames.sort((a, b) => a - b);
}"""
CHANGE = """([id, value]) => {
  const node = document.getElementById(id), started = performance.now();
  node.value = value;
  node.dispatchEvent(new Event(id === "search" ? "input" : "change"));
  document.body.getBoundingClientRect();
  return performance.now() - started;
}"""


def codes_of(n: int, m: int, rng: np.random.Generator) -> Codes:
    """Return codes of which K a stimulus are active, some latents far more often than others."""
    often = rng.permutation(1 / np.arange(10, m + 10))
    columns = np.minimum(np.searchsorted(often.cumsum() / often.sum(), rng.random((n, K))), m - 1)
    rows = np.repeat(np.arange(n), K)
    values = sp.coo_array((rng.exponential(size=n * K), (rows, columns.ravel())), shape=(n, m))
    return Codes(values.tocsr())


def made(n: int, m: int, seed: int) -> report.LatentBrowser:
    rng = np.random.default_rng(seed)
    codes = [codes_of(n, m, rng) for _ in range(2)]
    columns = [sp.csc_array(each.values) for each in codes]
    atoms = rng.normal(size=(m, UNITS)).astype(np.float32)
    partner = rng.permutation(m)

    def side(at: int) -> report.BrowserSide:
        mates = partner if at == 0 else np.argsort(partner)
        r = rng.uniform(-0.1, 1, m)

        def details(latents: Any) -> Any:
            for view in sparse.latent_views(codes[at], atoms, latents):
                mate = int(mates[view.latent])
                yield report.LatentDetail(
                    latent=view.latent, strongest=view.strongest, steps=view.steps,
                    random=view.random, low=view.low, high=view.high, counts=view.counts,
                    braids=[report.Braid(system="AB"[at], spread=view.spread,
                                         units=[(f"unit {u}", w) for u, w in view.units])],
                    near=view.near, pair=pair_of(*columns, mate, view.latent) if at else None,
                )  # fmt: skip

        names = ("r", "gain", "q", "stability")
        density = np.diff(columns[at].indptr) / n
        return report.BrowserSide(
            name="AB"[at],
            measures=[report.LatentMeasure(name=name, values=r * 0.9**i, help=name)
                      for i, name in enumerate(names)]
            + [report.LatentMeasure(name="density", values=density, help="share", digits=4)],
            groups=[report.LatentGroup(name="shared", mark="full", help="both"),
                    report.LatentGroup(name="silent", mark="none", help="never")],
            group=(density == 0).astype(int), partner=mates, details=details,
            first=np.argsort(-r),
        )  # fmt: skip

    return report.LatentBrowser(
        title="A and B", sides=[side(0), side(1)], stimuli=[f"stimulus {i}" for i in range(n)]
    )


def opened(page: Path) -> dict[str, float]:
    """Return milliseconds of what a person waits for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        shown = chromium.new_page(viewport={"width": 1400, "height": 900})
        shown.goto(page.as_uri())
        shown.wait_for_selector("#picked h2")
        answer = {
            "first_paint": shown.evaluate(PAINT),
            "first_latent": shown.evaluate("performance.now()"),
        }
        frames = shown.evaluate(SCROLL)
        answer["frame_median"] = frames[len(frames) // 2]
        answer["frame_99"] = frames[int(0.99 * len(frames))]
        answer["sort"] = shown.evaluate(CHANGE, ["sort", "4"])
        answer["search"] = shown.evaluate(CHANGE, ["search", "r>.9"])
        chromium.close()
    return answer


def main() -> None:
    """Measure and print JSON."""
    ask = argparse.ArgumentParser(description="The browser of latents at full size.")
    ask.add_argument("--latents", type=int, default=50_000)
    ask.add_argument("--stimuli", type=int, default=20_000)
    ask.add_argument("--fast", action="store_true", help="small: to see that it runs")
    asked = ask.parse_args()
    n, m = (500, 600) if asked.fast else (asked.stimuli, asked.latents)
    started = time.process_time()
    files = report.browser_files(made(n, m, 0))
    seconds = time.process_time() - started
    with tempfile.TemporaryDirectory() as place:
        for name, text in files.items():
            path = Path(place) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        answer = opened(Path(place) / report.BROWSER)
    size = {name: len(text.encode()) for name, text in files.items()}
    found = {
        "latents": m, "stimuli": n, "cpu_seconds_to_make": seconds, "files": len(files),
        "megabytes": sum(size.values()) / 2**20,
        "index_megabytes": size["browser/index.js"] / 2**20,
        "milliseconds": answer, "machine": platform.machine(),
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
