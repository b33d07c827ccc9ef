"""Images are prepared as torchvision, timm and transformers prepare them.

Those libraries do not import beside every torch: what their own transforms gave is frozen in
``zoo_transforms.json``. ``scripts/zoo_transforms.py`` compares all that they state where they do.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import Preprocess
from unbraid.responses.pictures._processor import image_preprocess

CLIP = {
    "image_processor_type": "CLIPImageProcessor", "do_resize": True, "do_center_crop": True,
    "size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}, "resample": 3,
    "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7], "do_convert_rgb": True,
}  # fmt: skip


def script():
    path = Path(__file__).parents[2] / "scripts" / "zoo_transforms.py"
    spec = importlib.util.spec_from_file_location("zoo_transforms", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ZOO = script()
WRITTEN = json.loads(ZOO.FACTS.read_text(encoding="utf-8"))
FACTS = WRITTEN["facts"]


def distances(preprocess, fact):
    found = [ZOO.summary(preprocess([picture])[0]) for picture in ZOO.pictures()]
    scale = 255 if fact["stated"].get("do_rescale") is False else 1
    return np.abs(np.subtract(found, fact["summary"])).max() / scale


@pytest.mark.parametrize("library", ["torchvision", "timm", "transformers"])
def test_ours_is_what_the_library_gave(library):
    facts = [fact for fact in FACTS if fact["library"] == library]
    assert len(facts) >= 10
    assert WRITTEN["versions"][library]
    for fact in facts:
        assert distances(ZOO.ours(library, fact["stated"]), fact) < 1e-5, fact["stated"]


@pytest.mark.parametrize(
    "change", [{"resize": 33}, {"filter": "bilinear"}, {"center": "round"}, {"fit": "stretch"},
               {"channels": "bgr"}, {"mean": (0.5, 0.4, 0.31)}, {"size": (32, 33)}]
)  # fmt: skip
def test_the_comparison_can_fail(change):
    made = image_preprocess(CLIP | {"size": {"shortest_edge": 41}}, "x")
    fact = {"stated": {}, "summary": [ZOO.summary(made([p])[0]) for p in ZOO.pictures()]}
    assert distances(made, fact) == 0
    if "fit" in change:
        change = change | {"resize": (41, 41)}
    assert distances(Preprocess(**(made.model_dump() | change)), fact) > 1e-4


def test_every_way_is_among_the_facts():
    timm = [fact["stated"] for fact in FACTS if fact["library"] == "timm"]
    assert {stated["crop_mode"] for stated in timm} == {"center", "squash", "border"}
    assert {stated["interpolation"] for stated in timm} == {"bilinear", "bicubic"}
    assert any(stated["input_size"][1] != stated["input_size"][2] for stated in timm)
    assert any(stated["crop_pct"] > 1 for stated in timm)  # margins that are filled


def test_margins_by_hand():
    """Cuts of 3 of 13: half of it rounded to even, or down; what is missing is filled."""
    image = np.zeros((10, 13, 3), np.uint8)
    image[:, :, 0] = np.arange(13)
    plain = {"resize": 10, "scale": 1.0, "mean": (0.0,), "std": (1.0,)}
    for center, first in (("round", 2), ("floor", 1)):
        found = Preprocess(size=10, center=center, **plain)([image])[0, 0]
        np.testing.assert_array_equal(found, np.tile(np.arange(first, first + 10.0), (10, 1)))
    wide = Preprocess(size=(13, 14), fill=(9, 8, 7), **plain)([image])[0]
    assert wide.shape == (3, 13, 14)
    for channel, shade in enumerate((9, 8, 7)):
        np.testing.assert_array_equal(wide[channel, 0], np.full(14, shade))
        np.testing.assert_array_equal(wide[channel, :, -1], np.full(13, shade))
    np.testing.assert_array_equal(wide[0, 1:11, :13], image[:, :, 0])
    inside = Preprocess(size=20, fit="inside", **(plain | {"resize": (26, 26)}))([image])[0]
    assert inside.shape == (3, 20, 20)


@pytest.mark.parametrize(
    "change, match",
    [
        ({"image_processor_type": "PerceiverImageProcessor"}, "what PerceiverImageProcessor does .*"
         "is not known here .known: Beit"),
        ({"image_processor_type": None}, "what None does to an image is not known"),
        ({"do_pad": True}, "do_pad=True is not understood"),
        ({"crop_pct": 0.9}, "crop_pct=0.9 is not understood"),
        ({"do_flip_channel_order": True}, "do_flip_channel_order=True is not understood"),
        ({"keep_aspect_ratio": True, "image_processor_type": "DPTImageProcessor"}, "keep_aspect_r"),
        ({"do_resize": False}, "does not resize"),
        ({"resample": None}, "does not say resample"),
        ({"image_std": None}, "does not say image_std"),
        ({"resample": 9}, "there is no resample=9 in Pillow"),
        ({"size": {"shortest_edge": 40}, "do_center_crop": False}, "to one size, .* and no crop"),
        ({"size": {"shortest_edge": 40, "longest_edge": 90}}, "to one size, got .*longest_edge"),
        ({"size": 40}, "to one size, got size=40"),
        ({"crop_size": {"shortest_edge": 3}}, "crop_size must have a height and a width"),
        ({"crop_size": {"height": 41, "width": 9}}, r"crops \(41, 9\) from images of \(40, 40\)"),
    ],
)  # fmt: skip
def test_processors_refused(change, match):
    with pytest.raises(InputError, match=match) as caught:
        image_preprocess(CLIP | change, "x")
    assert "\n" not in str(caught.value)
    image_preprocess(CLIP, "x")


def test_large_images_of_convnext_are_stretched():
    """From 384 on nothing is cropped; below, the side over ``crop_pct`` is the shorter one."""
    options = {k: v for k, v in CLIP.items() if "crop" not in k} | {"crop_pct": 0.875}
    options["image_processor_type"] = "ConvNextImageProcessor"
    large = image_preprocess(options | {"size": {"shortest_edge": 384}}, "x")
    assert (large.size, large.resize, large.fit) == ((384, 384), (384, 384), "stretch")
    small = image_preprocess(options | {"size": {"shortest_edge": 383}}, "x")
    assert (small.size, small.resize, small.fit) == ((383, 383), 437, "cover")


def test_options_that_change_nothing():
    made = image_preprocess(CLIP, "x")
    for kind in ("CLIPFeatureExtractor", "CLIPImageProcessorFast", "CLIPImageProcessorPil"):
        assert image_preprocess(CLIP | {"image_processor_type": kind}, "x") == made
    assert image_preprocess(CLIP | {"do_pad": False, "size_divisor": None}, "x") == made
    with pytest.raises(InputError, match="must hold a JSON object, got list"):
        image_preprocess([], "x")
