"""Numbers of pictures as bytes: every kind of picture by a stated rule, or refused in one line.

Files are written out by hand where Pillow could make the same mistake in writing and in reading.
"""

import ast
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image

import unbraid
from unbraid.errors import InputError
from unbraid.responses import images
from unbraid.responses.pictures._pixels import rgb

RAMP = np.arange(0, 256, 5, dtype=np.uint8).reshape(4, 13)  # black to white


FLOATS = RAMP.astype("<f4") / 255


def tiff(values, *, bits, sign=1, inverted=False, extra=None, packed=None, more=()):
    """One strip, little-endian, as the TIFF 6.0 specification lays it out."""
    values = np.asarray(values)
    n = 1 if values.ndim == 2 else values.shape[2]
    data = values.tobytes() if packed is None else packed
    photometric = 0 if inverted else (2 if n > 2 else 1)
    tags = [(256, 4, [values.shape[1]]), (257, 4, [values.shape[0]]), (258, 3, [bits] * n),
            (259, 3, [1]), (262, 3, [photometric]), (273, 4, [8]), (277, 3, [n]),
            (278, 4, [values.shape[0]]), (279, 4, [len(data)]), (339, 3, [sign] * n)]  # fmt: skip
    tags += [] if extra is None else [(338, 3, extra)]
    tags = sorted({tag[0]: tag for tag in [*tags, *more]}.values())
    data += bytes(len(data) % 2)
    start = 8 + len(data)
    directory, beyond = struct.pack("<H", len(tags)), b""
    for tag, kind, numbers in tags:
        body = struct.pack("<" + {3: "H", 4: "I"}[kind] * len(numbers), *numbers)
        if len(body) > 4:
            beyond, body = (
                beyond + body,
                struct.pack("<I", start + 6 + 12 * len(tags) + len(beyond)),
            )
        directory += struct.pack("<HHI", tag, kind, len(numbers)) + body.ljust(4, b"\0")
    return struct.pack("<2sHI", b"II", 42, start) + data + directory + bytes(4) + beyond


def png(rows, *, bits, colour, more=()):
    """A PNG of big-endian samples; ``colour`` is 0 gray, 2 colour, 6 colour and opacity."""
    rows = np.asarray(rows)
    body = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], bits, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks
    )


def saved(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def shown(tmp_path):
    """The bytes of a picture in a file of a misleading name, gray ones as one channel."""

    def show(content, **options):
        (tmp_path / "a.png").write_bytes(content)
        array = images(tmp_path, **options)[0]
        assert array.dtype == np.uint8
        assert array.shape[2] == 3
        gray = (array == array[:, :, :1]).all()
        return array[:, :, 0] if gray else array

    return show


SAME = {
    "float 0..1": (tiff(FLOATS, bits=32, sign=3), {}),
    "float 0..255": (tiff(RAMP.astype("<f4"), bits=32, sign=3), {"white": 255}),
    "float 0..1, zero is white": (
        tiff(1 - FLOATS, bits=32, sign=3, inverted=True), {},
    ),
    "float map": (b"Pf\n13 4\n-1\n" + (RAMP[::-1].astype("<f4") / 255).tobytes(), {}),
    "8 bits": (tiff(RAMP, bits=8), {}),
    "8 bits, zero is white": (tiff(255 - RAMP, bits=8, inverted=True), {}),
    "8 bits of 0..51": (tiff(RAMP // 5, bits=8), {"white": 51}),
    "16 bits": (tiff(RAMP.astype("<u2") * 257, bits=16), {}),
    "16 bits, zero is white": (tiff(65535 - RAMP.astype("<u2") * 257, bits=16, inverted=True), {}),
    "16 bits of PNG": (png(RAMP.astype("u2") * 257, bits=16, colour=0), {}),
    "16 bits of PGM": (b"P5 13 4 65535\n" + (RAMP.astype(">u2") * 257).tobytes(), {}),
    "10 bits of PGM": (b"P5 13 4 1023\n" + np.rint(RAMP / 255 * 1023).astype(">u2").tobytes(), {}),
    "12 bits in 16": (tiff(np.rint(RAMP / 255 * 4095).astype("<u2"), bits=16), {"white": 4095}),
    "16 bits with a sign": (tiff(RAMP.astype("<i2") * 100, bits=16, sign=2), {"white": 25500}),
    "32 bits": (tiff(RAMP.astype("<u4") * 1000, bits=32), {"white": 255_000}),
    "32 bits with a sign": (tiff(RAMP.astype("<i4") * 1000, bits=32, sign=2), {"white": 255_000}),
    "16 bits of colour": (png(np.dstack([RAMP.astype("u2") * 257] * 3), bits=16, colour=2), {}),
    "16 bits of colour, TIFF": (tiff(np.dstack([RAMP.astype("<u2") * 257] * 3), bits=16), {}),
    "16 bits of colour, told": (
        png(np.dstack([RAMP.astype("u2") * 257] * 3), bits=16, colour=2), {"white": 65535},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
def test_gray_of_every_container(kind, shown):
    content, options = SAME[kind]
    np.testing.assert_array_equal(shown(content, **options), RAMP)


def test_twelve_bits_packed(shown):
    """Two numbers in three bytes."""
    values = np.rint(RAMP / 255 * 4095).astype(int).reshape(-1, 2)
    packed = np.stack([values[:, 0] >> 4, (values[:, 0] & 15) << 4 | values[:, 1] >> 8,
                       values[:, 1] & 255], axis=1).astype(np.uint8).tobytes()  # fmt: skip
    flat = np.zeros((1, 52), np.uint8)
    np.testing.assert_array_equal(shown(tiff(flat, bits=12, packed=packed)), RAMP.reshape(1, -1))


def test_one_bit_and_palettes(shown):
    mask = RAMP > 100
    for inverted in (False, True):
        bits = np.packbits(mask ^ inverted, axis=1).tobytes()
        found = shown(tiff(np.zeros(mask.shape), bits=1, inverted=inverted, packed=bits))
        np.testing.assert_array_equal(found, 255 * mask)
    palette = Image.fromarray(RAMP // 5)
    palette.putpalette([shade for i in range(52) for shade in (5 * i, 3 * i, 7)])
    colours = np.stack([RAMP, RAMP // 5 * 3, np.full_like(RAMP, 7)], axis=2)
    for kind in ("PNG", "GIF", "TIFF", "BMP"):
        np.testing.assert_array_equal(shown(saved(palette, kind)), colours)


def test_cmyk(shown):
    rng = np.random.default_rng(0)
    inks = rng.integers(0, 256, (5, 6, 4), dtype=np.uint8)
    found = shown(saved(Image.frombytes("CMYK", (6, 5), inks.tobytes()), "TIFF"))
    expected = (255.0 - inks[:, :, :3]) * (255.0 - inks[:, :, 3:]) / 255
    np.testing.assert_allclose(found, expected, atol=1)


REFUSED = {
    "float 0..255": (SAME["float 0..255"][0], {}, "holds floats from 0 to 255, expected 0 to 1"),
    "float below 0": (tiff(FLOATS - 0.5, bits=32, sign=3), {}, "floats from -0.5"),
    "NaN": (tiff(np.where(RAMP == 5, np.nan, FLOATS), bits=32, sign=3), {}, "not finite"),
    "infinite": (tiff(np.where(RAMP == 5, np.inf, FLOATS), bits=32, sign=3), {}, "not finite"),
    "dark floats": (tiff(RAMP.astype("<f4") / 9000, bits=32, sign=3), {}, "none above .* of 1:"),
    "12 bits in 16": (SAME["12 bits in 16"][0], {},
                      "numbers of 16 bits, none above 4095 of 65535: it would be dark.*white=VALUE"
                      r".*\(65535 if it is so dark"),
    "14 bits in PNG": (png(RAMP.astype("u2") * 64, bits=16, colour=0), {}, "above 16320 of 65535"),
    "12 bits of colour": (png(np.dstack([RAMP.astype("u2") * 16] * 3), bits=16, colour=2), {},
                          "numbers of 16 bits, none above 15 of 255"),
    "colour of 16 bits": (SAME["16 bits of colour"][0], {"white": 4095},
                          "colours of 16 bits, of which eight are read: white=4095 cannot"),
    "a mask of 0 and 1": (tiff((RAMP > 9).astype("u1"), bits=8), {}, "none above 1 of 255"),
    "white above bytes": (tiff(RAMP, bits=8), {"white": 4095}, "white=4095 cannot be applied"),
    "above white": (SAME["16 bits"][0], {"white": 4095}, "from 0 to 65535, expected 0 to 4095"),
    "32 bits": (SAME["32 bits"][0], {}, "whole numbers of 32 bits .* from 0 to 255000: whi"),
    "16 bits with a sign": (SAME["16 bits with a sign"][0], {}, "with a sign, from 0 to 25500"),
    "below 0": (tiff(RAMP.astype("<i2") - 9, bits=16, sign=2), {"white": 255}, "from -9 to 246"),
    "bytes with a sign": (tiff(RAMP // 2, bits=8, sign=2), {}, "bytes with a sign"),
    "a fourth channel": (tiff(np.dstack([RAMP] * 4), bits=8, extra=[0]), {}, "beside its colours"),
    "64-bit floats": (tiff(RAMP / 255, bits=64, sign=3), {}, "or a rare kind of one"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_wrong_is_refused(kind, shown):
    content, options, match = REFUSED[kind]
    with pytest.raises(InputError, match=f"a.png .*{match}") as caught:
        shown(content, **options)
    assert "\n" not in str(caught.value)


def test_black_and_dim_pictures_are_shown_where_that_is_meant(shown):
    for content, white in [(tiff(RAMP // 20, bits=8), 255), (SAME["12 bits in 16"][0], 65535)]:
        assert 0 < shown(content, white=white).max() <= 16
    for value in (0, 7):  # one colour all over: a blank
        assert (shown(tiff(np.full((3, 4), value, "u1"), bits=8)) == value).all()
    assert not shown(tiff(np.zeros((3, 4), "<f4"), bits=32, sign=3)).any()


def test_transparency(shown):
    rng = np.random.default_rng(0)
    colours, opacity = rng.integers(0, 256, (6, 7, 3)), rng.integers(0, 256, (6, 7, 1))
    clear = png(np.dstack([colours, opacity]), bits=8, colour=6)
    with pytest.raises(InputError, match="a.png has transparent pixels, .* background='white'"):
        shown(clear)
    for name, behind in [("white", 255), ("black", 0), ("#102030", np.array([16, 32, 48]))]:
        expected = np.rint((opacity * colours + (255 - opacity) * behind) / 255)
        np.testing.assert_array_equal(shown(clear, background=name), expected)
    opaque = png(np.dstack([colours, np.full_like(opacity, 255)]), bits=8, colour=6)
    np.testing.assert_array_equal(shown(opaque), colours)
    with pytest.raises(InputError, match="background must be a colour such as 'white'.*'whitish'"):
        shown(clear, background="whitish")


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_multiplied_by_their_opacity(channels, shown):
    """What TIFF calls associated: over black they stay as they are."""
    rng = np.random.default_rng(0)
    opacity = rng.integers(100, 256, (5, 6, 1))
    colours = rng.integers(0, 101, (5, 6, channels))
    content = tiff(np.dstack([colours, opacity]).astype("u1"), bits=8, extra=[1])
    if channels == 1 and int(PIL.__version__.split(".")[0]) < 13:  # which knows no such gray
        with pytest.raises(InputError, match="not a readable image"):
            shown(content, background="black")
        return
    expected = np.squeeze(colours)
    np.testing.assert_allclose(shown(content, background="black"), expected, atol=2)
    white = np.squeeze(colours + 255 - opacity)
    np.testing.assert_allclose(shown(content, background="white"), white, atol=2)


def test_a_palette_in_memory_with_opacity():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[1, 1] = (200, 100, 50, 255)
    palette = Image.fromarray(pixels).quantize(4)
    assert palette.palette.mode == "RGBA"
    with pytest.raises(InputError, match="x has transparent pixels"):
        rgb(palette, "x")
    found = rgb(palette, "x", background=(255, 255, 255))
    np.testing.assert_array_equal(found[1, 1], [200, 100, 50])
    assert found.sum() == 15 * 3 * 255 + 350


def test_a_colour_that_means_transparent(shown):
    """The chunk tRNS names one number; in a palette and a GIF it is an entry."""
    chunk = [(b"tRNS", struct.pack(">H", 100))]
    for bits, factor in ((8, 1), (16, 257)):
        key = [(b"tRNS", struct.pack(">H", 100 * factor))] if bits == 16 else chunk
        content = png(RAMP.astype("u2") * factor, bits=bits, colour=0, more=key)
        with pytest.raises(InputError, match="has transparent pixels"):
            shown(content)
        np.testing.assert_array_equal(
            shown(content, background="white"), np.where(RAMP == 100, 255, RAMP)
        )
    palette = Image.fromarray(RAMP // 5)
    palette.putpalette([shade for i in range(52) for shade in (5 * i,) * 3])
    for kind in ("PNG", "GIF"):
        content = saved(palette, kind, transparency=20)
        with pytest.raises(InputError, match="has transparent pixels"):
            shown(content)
        np.testing.assert_array_equal(
            shown(content, background="white"), np.where(RAMP == 100, 255, RAMP)
        )
    outline = np.zeros((5, 6, 4), np.uint8)  # a black drawing on nothing: black without a ground
    outline[1:3, 2, 3] = 255
    assert shown(saved(Image.fromarray(outline), "PNG"), background="white").mean() > 200


TURNS = {1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud,
         5: np.transpose, 6: lambda x: np.rot90(x, -1), 7: lambda x: np.rot90(x.T, 2),
         8: np.rot90}  # fmt: skip


@pytest.mark.parametrize("note", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_pictures_stand_as_their_camera_noted(kind, note, shown):
    expected, picture = TURNS[note](RAMP), Image.fromarray(RAMP)
    exif = Image.Exif()
    exif[274] = note
    if kind == "TIFF":
        found = shown(tiff(RAMP, bits=8, more=[(274, 3, [note])]))
    else:
        found = shown(saved(picture, kind, exif=exif, lossless=True, quality=100))
    np.testing.assert_allclose(found, expected, atol=3 if kind == "JPEG" else 0)


def test_a_note_that_cannot_be_read_says_nothing(shown):
    content = saved(Image.fromarray(RAMP), "PNG", exif=b"Exif\0\0junk")
    np.testing.assert_array_equal(shown(content), RAMP)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_several_pictures_in_one_file(kind, shown):
    first, second = Image.fromarray(RAMP), Image.fromarray(RAMP[::-1])
    content = saved(first, kind, save_all=True, append_images=[second])
    with pytest.raises(InputError, match=r"a.png holds several pictures \(an animation, or pages"):
        shown(content)
    assert shown(saved(first, kind, save_all=True)).shape == RAMP.shape


def test_views_of_one_camera(shown):
    first, second = Image.fromarray(RAMP), Image.fromarray(RAMP[::-1])
    content = saved(first, "MPO", save_all=True, append_images=[second], quality=100)
    np.testing.assert_allclose(shown(content), RAMP, atol=3)


FOREIGN = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 10 10
%%EndComments
0 0 10 10 rectfill
showpage
%%EOF
"""


def test_nothing_but_pictures_is_parsed(shown, tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    ghost = tmp_path / "bin" / "gs"
    ghost.parent.mkdir()
    ghost.write_text(f"#!{sys.executable}\nopen({str(tmp_path / 'started')!r}, 'w').close()\n")
    ghost.chmod(0o755)
    monkeypatch.setenv("PATH", str(ghost.parent))
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    monkeypatch.setattr(EpsImagePlugin, "gs_windows_binary", None, raising=False)
    contents = [FOREIGN, saved(Image.fromarray(RAMP), "ICO"), saved(Image.fromarray(RAMP), "PCX"),
                saved(Image.fromarray(RAMP), "TGA"), b"%PDF-1.4\n", b"<svg/>"]  # fmt: skip
    for content in contents:
        with pytest.raises(InputError, match="is not a readable image: .* none of JPEG, PNG, BMP"):
            shown(content)
    assert not (tmp_path / "started").exists()


def test_every_place_that_opens_a_picture_says_the_formats():
    source, found = Path(unbraid.__file__).parent, 0
    texts = {file: file.read_text(encoding="utf-8") for file in source.rglob("*.py")}
    for file, text in texts.items():
        for node in ast.walk(ast.parse(text)) if "Image.open" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Image.open"):
                found += 1
                assert "formats" in {keyword.arg for keyword in node.keywords}, file
    assert found == 1


def test_sizes_are_checked_before_decoding(shown):
    """None of these is a tenth of a megabyte; decoded, each would be hundreds."""
    side = [(256, 4, [20_000]), (257, 4, [10_000])]
    tile = [(322, 4, [30_000]), (323, 4, [30_000]), (324, 4, [8]), (325, 4, [13])]
    many = struct.pack(">IIBBBBB", 11_000, 11_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + many
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\r" + chunk + struct.pack(">I", zlib.crc32(chunk))
    huge += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    cases = {
        "20000 x 10000 pixels|limit": tiff(RAMP, bits=8, more=side),
        "30000 x 30000 pixels, at most 10": tiff(RAMP, bits=8, more=tile),
        "11000 x 11000 pixels, at most 10": huge,
        "exceeds limit": b"P6 60000 60000 255\n" + bytes(99),
    }
    for match, content in cases.items():
        with pytest.raises(InputError, match=f"a.png .*({match})"):
            shown(content)


def test_memory_is_checked_before_decoding(shown, monkeypatch):
    monkeypatch.setattr("unbraid.responses._files.free_memory", lambda: 100.0)
    with pytest.raises(InputError, match="a.png needs .* GiB of memory"):
        shown(tiff(RAMP, bits=8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_cut_off_pictures_are_refused_or_whole(kind, shown):
    content = saved(Image.fromarray(np.kron(RAMP, np.ones((4, 4), np.uint8))), kind)
    whole, refused = shown(content), 0
    for stop in range(1, len(content), max(1, len(content) // 40)):
        try:
            np.testing.assert_array_equal(shown(content[:stop]), whole)
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 30


def test_how_pictures_are_shown_is_part_of_their_hash(tmp_path):
    (tmp_path / "a.tif").write_bytes(SAME["16 bits"][0])
    found = [images(tmp_path, white=w, background=b).fingerprint()
             for w in (None, 65535) for b in (None, "white", "black")]  # fmt: skip
    assert len({*found}) == 6
    assert images(tmp_path, white=65535).take([0]).white == 65535
    for white in (0, -1, "white", float("nan")):
        with pytest.raises(InputError, match="white must be a positive number"):
            images(tmp_path, white=white)
