"""Files that claim far more pixels than they have bytes: refused by their headers, in little memory."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from photo_samples import encoded, gif_claiming, jpeg_claiming, png, scene

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").is_file(), reason="limits on memory are measured as Linux does it"
)

# Reads photos with 64 MB to spare above what Python and its modules take, says what comes of each,
# and last by how many MB the memory in use has grown.
READER = """
import resource, sys
from pathlib import Path
from kclass.errors import PhotoError
from kclass.photos.loading import load
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 64 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        load(Path(path), size=224)
        print("decoded")
    except PhotoError as error:
        print(error.message.removeprefix(path + " "))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def read_in_little_memory(folder: Path, *files: bytes) -> tuple[list[str], int]:
    """What comes of reading each file, and by how many MB memory grew."""
    paths = [folder / f"{place}.jpg" for place in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    command = [sys.executable, "-W", "error", "-c", READER, *map(str, paths)]
    *said, grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return said, int(grown)


def bmp_claiming(width: int, height: int) -> bytes:
    data = encoded(scene(8, 8), "BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def gif_with_a_frame_beyond_its_screen(width: int, height: int) -> bytes:
    data = gif_claiming(width, height)
    return data[:6] + struct.pack("<HH", 8, 8) + data[10:]


def gif_to_be_cleared(width: int, height: int) -> bytes:
    """A GIF that asks for its first frame to be painted over afterwards (GIF89a, 23, disposal 2)."""
    data = gif_claiming(width, height)
    frame = data.index(b"\x2c\0\0\0\0")
    return data[:frame] + b"\x21\xf9\x04" + bytes((2 << 2, 0, 0, 0, 0)) + data[frame:]


def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    bomb = png(50_000, 50_000, depth=8, colour=2, rows=bytes(150_001))
    assert len(bomb) < 400
    said, grown = read_in_little_memory(
        tmp_path,
        bomb,
        gif_claiming(65_535, 65_535),
        gif_with_a_frame_beyond_its_screen(20_000, 20_000),
        gif_to_be_cleared(13_000, 13_000),
        bmp_claiming(40_000, 40_000),
        jpeg_claiming(65_000, 65_000),
        jpeg_claiming(65_000, 65_000, frame=0xC2),
    )
    assert said == [
        "has 2,500,000,000 pixels; the limit is 100,000,000",
        "has 4,294,836,225 pixels; the limit is 100,000,000",
        "has too many pixels; the limit is 100,000,000",
        "has 169,000,000 pixels; the limit is 100,000,000",
        "has 1,600,000,000 pixels; the limit is 100,000,000",
        "has 4,225,000,000 pixels; the limit is 500,000,000",
        "has 4,225,000,000 pixels; the limit is 100,000,000",
    ]
    assert grown < 16


def test_what_is_allowed_would_not_fit_into_so_little_memory(tmp_path: Path) -> None:
    # 81 million pixels, all black, in 12 kB: decoded it takes 81 MB, which the limit does not leave.
    black = png(9_000, 9_000, depth=1, colour=0, rows=bytes(9_000 * (1 + 9_000 // 8)))
    said, _ = read_in_little_memory(tmp_path, black, encoded(scene(), "PNG"))
    assert said == ["needs more memory than is free", "decoded"]
