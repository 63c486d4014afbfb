"""Small photos, made in memory, and files whose headers are written by hand."""

import base64
import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# 96 x 64 pixels: red and green above, blue and white below. Stored lying on its side, with `irot`
# and an EXIF orientation of 6; encoded with x265 at quality 60.
LYING_HEIC = base64.b64decode(
    """
    AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA
    ADRpbG9jAAAAAERAAAIAAQAAAAABxQABAAAAAAAAANwAAgAAAAACoQABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA
    AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4GlwcnAAAADAaXBjbwAAAHhodmNDAQNwAAAA
    kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBhZbq
    SSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAYAAAABBw
    aXhpAAAAAAMICAgAAAAJaXJvdAMAAAAYaXBtYQAAAAAAAAABAAEFgQIDBIUAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAQht
    ZGF0AAAA2CgBrwngIzaiP//4823//J8l//2EV9Kcf8190+/gDzb/wyNr9DB/8yIgNYW7/gBvwJmjArjCpiSqTCEPNUb1VcO9Avo+
    24UyFxSdKlpcUzqK/2FiHPyDaTzWbVQLWmYvtx7k+Krum1bCUvxIIHiZNRvEk2RzR//xpsZ+6gXfu6B/cpkipO8y+3vYtF9w9Kay
    BdwqvntkixkG2FDP6xyBIXwNQNHvj1WcRtNvj+s6IBpHJYc8mTEnm3NZ3AAa0dS1Kdhb7OKGItRHu8Pbxhble8EIJZWyd+ZiUAAA
    AAZFeGlmAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==
    """
)


def scene(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """(height, width, 3): a smooth picture with no symmetry at all."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    red = 255 * x / width
    green = 255 * y / height
    blue = 127 * (1 + np.sin(x / 11 + (y / 17) ** 2))
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def noisy_scene(width: int, height: int) -> NDArray[np.uint8]:
    """A scene with detail at every scale, as photos have."""
    noise = np.random.default_rng(7)
    picture = scene(width, height).astype(float)
    for step in (1, 2, 4, 8, 16, 32):
        coarse = noise.normal(0, 12, (height // step + 1, width // step + 1, 3))
        picture += np.kron(coarse, np.ones((step, step, 1)))[:height, :width]
    return picture.clip(0, 255).astype(np.uint8)


def lying(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A picture as a camera held that way stores it.

    Exif 2.32, 4.6.4: what the first row and the first column of the stored picture are to the eye:
    1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom,
    8 left bottom.
    """
    rows, columns = upright, upright.swapaxes(0, 1)
    return np.ascontiguousarray(
        {
            1: rows,
            2: rows[:, ::-1],
            3: rows[::-1, ::-1],
            4: rows[::-1],
            5: columns,
            6: columns[::-1],
            7: columns[::-1, ::-1],
            8: columns[:, ::-1],
        }[orientation]
    )


def encoded(image: Image.Image | NDArray[np.uint8], form: str, **options: object) -> bytes:
    """The bytes of an image file."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def mean_difference(one: object, other: object) -> float:
    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    assert first.shape == second.shape
    return float(np.abs(first - second).mean())


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG by hand (PNG specification, 5 and 11.2): header, data, end."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_claiming(width: int, height: int, *, frame: int = 0xC0) -> bytes:
    """A small JPEG whose frame header claims another size; 0xC0 is baseline, 0xC2 progressive."""
    data = encoded(scene(16, 16), "JPEG", progressive=frame == 0xC2)
    at = data.index(bytes((0xFF, frame)))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def gif_claiming(width: int, height: int) -> bytes:
    """A small GIF whose frame claims another size, as its screen does."""
    data = encoded(Image.new("P", (8, 8)), "GIF")
    frame = data.index(b"\x2c\0\0\0\0\x08\0\x08\0")
    size = struct.pack("<HH", width, height)
    return data[:6] + size + data[10 : frame + 5] + size + data[frame + 9 :]


def exif(orientation: int, *, order: str = "<", kind: int = 3) -> bytes:
    """EXIF with nothing but an orientation; kind 3 is SHORT, 4 LONG (TIFF 6.0, section 2)."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + {3: "HH", 4: "I"}[kind], *((orientation, 0) if kind == 3 else (orientation,)))
    entry = struct.pack(order + "HHI", 0x0112, kind, 1) + value
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def icc_profile(space: bytes, tags: dict[bytes, bytes], *, pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile for a display or printer, by hand (ICC.1:2010, 7)."""
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(">I4sI4s4s4s", place + len(body), b"\0\0\0\0", 0x02400000, kind, space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)  # D50
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def icc_point(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(65536 * value) for value in (x, y, z)))


def icc_gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma))


def display_p3(gamma: float = 2.2) -> bytes:
    """Display P3, with the primaries of SMPTE RP 431-2 brought to D50 and a plain gamma."""
    return icc_profile(
        b"RGB ",
        {
            b"wtpt": icc_point(0.9642, 1.0, 0.8249),
            b"rXYZ": icc_point(0.51512, 0.24120, -0.00105),
            b"gXYZ": icc_point(0.29198, 0.69225, 0.04189),
            b"bXYZ": icc_point(0.15710, 0.06657, 0.78407),
            b"rTRC": icc_gamma(gamma),
            b"gTRC": icc_gamma(gamma),
            b"bTRC": icc_gamma(gamma),
        },
    )


def linear_grey() -> bytes:
    return icc_profile(b"GRAY", {b"wtpt": icc_point(0.9642, 1.0, 0.8249), b"kTRC": icc_gamma(1.0)})


def red_cyan_ink() -> bytes:
    """A printer whose cyan ink is red: CIELAB (54, 81, 70); any other ink is black (ICC.1, 10.9)."""
    white, red, black = (255, 128, 128), (138, 209, 198), (0, 128, 128)
    inks = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    nodes = [white if not any(ink) else red if ink == (1, 0, 0, 0) else black for ink in inks]
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    steps = bytes(range(256))
    grid = bytes(value for node in nodes for value in node)
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + steps * 4 + grid + steps * 3
    return icc_profile(b"CMYK", {b"wtpt": icc_point(0.9642, 1.0, 0.8249), b"A2B0": table}, pcs=b"Lab ")
