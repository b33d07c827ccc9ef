"""Images: names are sorted, whatever the zip's own order; preprocessing without torchvision."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image as PIL

from unbraid.errors import InputError
from unbraid.responses import Preprocess, images


def png(array):
    stream = io.BytesIO()
    PIL.fromarray(array).save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def pictures(rng):
    return {f"image{i:02d}.png": rng.integers(0, 256, (6, 8, 3), np.uint8) for i in range(5)}


def packed(path, pictures, names, *, folder=""):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(folder + name, png(pictures[name]))
        archive.writestr("__MACOSX/._image00.png", b"junk")
        archive.writestr("readme.txt", "hello")
    return path


def test_the_order_inside_a_zip_does_not_matter(pictures, tmp_path):
    shuffled = ["image03.png", "image00.png", "image04.png", "image02.png", "image01.png"]
    found = images(packed(tmp_path / "x.zip", pictures, shuffled, folder="session/"))
    assert found.names == tuple(sorted(pictures))
    for i, name in enumerate(sorted(pictures)):
        np.testing.assert_array_equal(found[i], pictures[name])


@pytest.mark.parametrize(
    "name, message", [("../out.png", "holds '../out.png', outside"), ("/1.png", "two of one name")]
)
def test_no_picture_of_a_zip_is_lost_without_a_word(tmp_path, name, message):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for inside in ("1.png", name):
            archive.writestr(inside, b"x")
    with pytest.raises(InputError, match=message):
        images(path)


def test_a_folder_its_zip_and_a_list_are_the_same(pictures, tmp_path):
    for name, array in pictures.items():
        (tmp_path / "f").mkdir(exist_ok=True)
        (tmp_path / "f" / name).write_bytes(png(array))
    folder, archive = images(tmp_path / "f"), images(packed(tmp_path / "x.zip", pictures, pictures))
    listed = images(sorted((tmp_path / "f").iterdir()))
    assert folder.names == archive.names == listed.names
    assert folder.fingerprint() == archive.fingerprint() == listed.fingerprint()
    assert folder.take([2, 0]).names == ("image02.png", "image00.png")
    assert folder.take([2, 0]).fingerprint() != folder.fingerprint()
    assert repr(folder).startswith("Images(5 from ")
    back = images([tmp_path / "f" / "image03.png", tmp_path / "f" / "image01.png"])
    assert back.names == ("image03.png", "image01.png")  # a list keeps its own order


def test_images_refused(pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("not a zip at all")
    (tmp_path / "bad.png").write_bytes(png(pictures["image00.png"])[:60])
    for source, match in [
        (tmp_path / "empty", "holds no image"),
        (tmp_path / "none", "does not exist"),
        (tmp_path / "text.zip", "must be a folder or a zip of images"),
        ([tmp_path / "none.png"], "does not exist"),
        ([tmp_path / "bad.png"] * 2, "names of images must differ"),
    ]:
        with pytest.raises(InputError, match=match):
            images(source)
    with pytest.raises(InputError, match=r"bad.png is not a readable image"):
        images([tmp_path / "bad.png"])[0]
    archive = packed(tmp_path / "x.zip", pictures, pictures)
    content = bytearray(archive.read_bytes())
    content[80:90] = bytes(10)
    archive.write_bytes(content)
    with pytest.raises(InputError, match="is damaged|is not a readable"):
        images(archive)[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_as_zipfile_reads_them(pictures, tmp_path, method):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array in pictures.items():
            archive.writestr(name, png(array))
    found = images(path)
    for i, name in enumerate(found.names):
        np.testing.assert_array_equal(found[i], pictures[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", png(pictures["image00.png"]))
    with pytest.raises(InputError, match="compressed in an uncommon way"):
        images(path)[0]


def test_a_changed_member_is_noticed(pictures, tmp_path):
    stream = io.BytesIO()
    PIL.fromarray(pictures["image00.png"]).save(stream, "bmp")  # a format without checksums
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.bmp", stream.getvalue())
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[content.index(b"BM") + 60] ^= 1
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(InputError, match="a.bmp is damaged .its checksum differs"):
        images(tmp_path / "x.zip")[0]


def test_a_zip_that_inflates_without_end(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(2**20))
    content = path.read_bytes().replace(
        (2**20).to_bytes(4, "little"), (2**31).to_bytes(4, "little")
    )
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds a member of more than"):
        images(path)


def test_preprocess_by_hand(rng):
    image = rng.integers(0, 256, (5, 5, 3), np.uint8)
    same = Preprocess(size=None, mean=(0.0,), std=(1.0,))
    np.testing.assert_allclose(same([image])[0].numpy(), image.transpose(2, 0, 1) / 255, rtol=1e-6)
    bgr = Preprocess(size=None, scale=1, mean=(1.0, 2, 3), std=(1.0,), channels="bgr")([image])
    np.testing.assert_allclose(bgr[0, 0], image[:, :, 2] - 1.0)
    np.testing.assert_allclose(bgr[0, 2], image[:, :, 0] - 3.0)
    gray = Preprocess(size=None, mean=(0.5,), std=(0.5,), channels="gray")([image, image])
    assert gray.shape == (2, 1, 5, 5)
    flat = Preprocess(size=4, resize=4)([np.full((9, 13, 3), 128, np.uint8)])[0]
    expected = (128 / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(flat[:, 2, 2], expected, rtol=1e-5)


def test_crop_is_central_and_stretch_keeps_everything():
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 255
    plain = {"mean": (0.0,), "std": (1.0,)}
    assert Preprocess(size=10, resize=10, **plain)([image]).min() == 1  # the middle third alone
    stretched = Preprocess(size=30, resize=None, filter="nearest", **plain)([image])[0, 0]
    np.testing.assert_array_equal(stretched, np.repeat(image[:1, :, 0] / 255.0, 30, axis=0))


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
def test_preprocess_agrees_with_torchvision(rng):
    from torchvision import transforms

    image = rng.integers(0, 256, (70, 97, 3), np.uint8)
    theirs = transforms.Compose(
        [
            transforms.Resize(40),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )(PIL.fromarray(image))
    ours = Preprocess(size=32, resize=40)([image])[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    "image, options, match",
    [
        (np.zeros((4, 4, 3)), {}, "needs images .* of dtype uint8, got .* float64"),
        (np.zeros((4, 4, 4), np.uint8), {}, r"got \(4, 4, 4\) uint8"),
        (np.zeros((4, 4, 3), np.uint8), {"mean": (1.0, 2.0)}, "must have 1 or 3 numbers"),
    ],
)
def test_preprocess_refuses(image, options, match):
    with pytest.raises(InputError, match=match):
        Preprocess(size=None, **options)([image])


def test_images_of_several_sizes_need_a_size():
    pair = [np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)]
    with pytest.raises(InputError, match="Images differ in size; give Preprocess"):
        Preprocess(size=None)(pair)
    assert Preprocess(size=3)(pair).shape == (2, 3, 3, 3)


def test_gray_images_have_three_equal_channels():
    tensor = Preprocess(size=None, mean=(0.0,), std=(1.0,))([np.full((3, 3), 51, np.uint8)])
    np.testing.assert_allclose(tensor, np.full((1, 3, 3, 3), 0.2), rtol=1e-6)


def test_paths_from_the_root_and_relative_ones(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = list(pictures)[:2]
    for name in names:
        (tmp_path / name).write_bytes(png(pictures[name]))
    assert images([tmp_path / names[0], names[1]]).names == tuple(names)
    packed(tmp_path / "x.zip", pictures, names)
    content = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(content.replace(b"image01.png", b"/mage01.png"))
    assert images(tmp_path / "x.zip").names == ("image00.png", "mage01.png")
