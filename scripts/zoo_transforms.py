"""How torchvision, timm and transformers prepare images, against ``Preprocess``.

    python scripts/zoo_transforms.py          every one that they state; fails on the first that
                                              differs
    python scripts/zoo_transforms.py --write  the same, and writes the tests' zoo_transforms.json

Needs torchvision, timm and transformers beside a torch that they import with; no weights. The tests
compare with the file, so that they run without these libraries.
"""

import json
import math
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from unbraid.responses.networks import _timm, _torchvision
from unbraid.responses.pictures import _processor

FACTS = Path(__file__).parents[1] / "tests" / "responses" / "zoo_transforms.json"
SIZES = ((101, 153), (130, 94), (77, 240))
TOLERANCE = 1e-4  # of the preprocessed values: float32 rounds at 1e-7, a level of 255 is 1e-2
LARGEST = 225  # side up to which a preprocessing is written into the file: larger ones take long
PROCESSORS = {
    "BeitImageProcessor": [{}],
    "BitImageProcessor": [{}, {"size": {"shortest_edge": 256}}],
    "BlipImageProcessor": [{"size": {"height": 96, "width": 96}}],
    "CLIPImageProcessor": [{}, {"size": 90, "crop_size": 75}],
    "ChineseCLIPImageProcessor": [{}],
    "ConvNextImageProcessor": [{}, {"size": {"shortest_edge": 224}}, {"size": 64, "crop_pct": 0.9}],
    "DPTImageProcessor": [{"size": {"height": 96, "width": 128}}],
    "DeiTImageProcessor": [{}],
    "EfficientNetImageProcessor": [
        {"size": {"height": 60, "width": 60}, "rescale_offset": offset, "include_top": top,
         "do_normalize": normal, "resample": 0, "image_std": [0.5, 0.6, 0.7]}
        for offset in (False, True) for top in (False, True) for normal in (False, True)
    ],
    "LevitImageProcessor": [{}],
    "LlavaImageProcessor": [{}],
    "MobileNetV1ImageProcessor": [{}],
    "MobileNetV2ImageProcessor": [{}],
    "MobileViTImageProcessor": [
        {"size": {"shortest_edge": 288}, "crop_size": {"height": 256, "width": 256}},
        {"size": {"shortest_edge": 288}, "do_flip_channel_order": False},
    ],
    "OwlViTImageProcessor": [{"size": {"height": 96, "width": 96}}],
    "PoolFormerImageProcessor": [{}, {"crop_pct": 0.95}],
    "PvtImageProcessor": [{}],
    "SegformerImageProcessor": [{"size": {"height": 96, "width": 96}}],
    "SiglipImageProcessor": [{}],
    "ViTImageProcessor": [{}, {"do_rescale": False}, {"do_normalize": False, "resample": 5}],
}  # fmt: skip


def pictures():
    """Return three images of different proportions, by arithmetic that no library rounds."""
    found = []
    for height, width in SIZES:
        i, j, c = np.ogrid[:height, :width, :3]
        coarse = 40 * (i // 9) + 70 * (j // 11) + 90 * c
        found.append(((coarse + 3 * i * (c + 1) + 2 * j + i * j // 37) % 256).astype(np.uint8))
    return found


def summary(values):
    """Return four projections of an array (channels, height, width) on waves: any shift shows."""
    values, found = np.asarray(values, np.float64), []
    for rates in ((0.0, 0.0, 0.0), (0.4, 0.9, 1.7), (2.0, 0.31, 0.13), (1.1, 2.2, 0.7)):
        c, i, j = (np.exp(1j * r * np.arange(n)) for r, n in zip(rates, values.shape, strict=True))
        found.append(float((values @ j @ i @ c).real / values.size))
    return found


def ours(library, stated):
    """Return the Preprocess that is made of what a library states."""
    if library == "torchvision":
        how = {**stated, "interpolation": SimpleNamespace(value=stated["interpolation"])}
        member = SimpleNamespace(transforms=lambda: SimpleNamespace(**how))
        return _torchvision.preprocess("x", member)
    if library == "timm":
        return _timm.preprocess(stated, "x")
    return _processor.image_preprocess(stated, "x")


def of_torchvision():
    """Yield what torchvision states, and its own transform."""
    from torchvision.models import get_model_weights, list_models

    for name in list_models():
        for weights in get_model_weights(name):
            how = weights.transforms()
            if type(how).__name__ == "ImageClassification":
                stated = {key: getattr(how, key) for key in ("crop_size", "resize_size")}
                stated |= {"mean": list(how.mean), "std": list(how.std)}
                yield {**stated, "interpolation": how.interpolation.value}, how


def of_timm():
    """Yield what timm states, and its own transform."""
    import timm

    for name in timm.list_models(pretrained=True):
        config = timm.models.get_pretrained_cfg(name).to_dict()
        stated = timm.data.resolve_data_config(pretrained_cfg=config)
        yield stated, timm.data.create_transform(**stated, is_training=False)
    for size, mode, part in (
        ((60, 90), "squash", 0.9), ((90, 60), "border", 0.9), ((61, 40), "center", 0.9),
        ((64, 64), "center", 1.15),
    ):  # fmt: skip
        stated = {**stated, "input_size": (3, *size), "crop_mode": mode, "crop_pct": part}
        yield stated, timm.data.create_transform(**stated, is_training=False)


def of_transformers():
    """Yield what transformers' processors state, and what they do with Pillow."""
    import transformers

    for kind, several in PROCESSORS.items():
        for options in several:
            made = getattr(transformers, f"{kind}Pil")(**options)
            stated = json.loads(made.to_json_string())

            def how(picture, made=made):
                return made(picture, return_tensors="np")["pixel_values"][0]

            yield stated, how


def compare():
    """Return the facts; fail where ours is not the library's."""
    from importlib.metadata import version

    from PIL import Image

    facts = {"made by": "scripts/zoo_transforms.py", "versions": {}, "facts": []}
    for library, cases in (
        ("torchvision", of_torchvision), ("timm", of_timm), ("transformers", of_transformers),
    ):  # fmt: skip
        facts["versions"][library] = version(library)
        seen, largest = set(), 0.0
        for stated, theirs in cases():
            stated = json.loads(json.dumps(stated))
            text = json.dumps(stated, sort_keys=True)
            if text in seen:
                continue
            seen.add(text)
            made, found = ours(library, stated), []
            for picture in pictures():
                expected = np.asarray(theirs(Image.fromarray(picture)))
                got = made([picture])[0].numpy()
                off = np.inf if got.shape != expected.shape else float(abs(got - expected).max())
                if not off <= TOLERANCE * max(1.0, float(abs(expected).max())):
                    raise SystemExit(f"{library} {text}: ours is {off:.3g} away")
                largest = max(largest, off)
                found.append([round(number, 6) for number in summary(expected)])
            if math.prod(expected.shape[1:]) <= LARGEST**2:
                facts["facts"].append({"library": library, "stated": stated, "summary": found})
        sys.stdout.write(f"{library}: {len(seen)} as the library's, at most {largest:.2g} off\n")
    return facts


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = compare()
    if sys.argv[1:] == ["--write"]:
        lines = ",\n".join(json.dumps(fact, sort_keys=True) for fact in written.pop("facts"))
        head = json.dumps(written)[:-1]
        FACTS.write_text(f'{head}, "facts": [\n{lines}\n]}}\n', encoding="utf-8")
