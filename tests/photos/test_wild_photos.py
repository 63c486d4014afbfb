from hypothesis import given, settings
from hypothesis import strategies as st
from photo_samples import encoded, exif, noisy_scene

from kclass.errors import PhotoError
from kclass.photos.decoding import decode

PICTURE = noisy_scene(40, 30)
PHOTOS = {
    "JPEG": encoded(PICTURE, "JPEG", exif=exif(6)),
    "progressive JPEG": encoded(PICTURE, "JPEG", progressive=True, exif=exif(3)),
    "PNG": encoded(PICTURE, "PNG", exif=exif(8)),
    "GIF": encoded(PICTURE, "GIF"),
    "BMP": encoded(PICTURE, "BMP"),
}
MARKS = [
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"RIFF\x24\0\0\0WEBPVP8 ",
    b"\0\0\0\x1cftypavif",
]


def rgb_or_photo_error(data: bytes) -> None:
    for at_least in (None, 8):
        try:
            image = decode(data, name="photo", at_least=at_least)
        except PhotoError as error:
            assert error.message.startswith("photo ")
            assert not isinstance(error.__cause__, Warning)
        else:
            assert image.mode == "RGB"
            assert min(image.size) > 0


@given(mark=st.sampled_from(MARKS), rest=st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_give_a_photo_or_a_photo_error(mark: bytes, rest: bytes) -> None:
    rgb_or_photo_error(mark + rest)


@given(form=st.sampled_from(sorted(PHOTOS)), kept=st.floats(0, 1))
@settings(deadline=None)
def test_truncated_photos_give_a_photo_or_a_photo_error(form: str, kept: float) -> None:
    rgb_or_photo_error(PHOTOS[form][: int(kept * len(PHOTOS[form]))])


@given(
    form=st.sampled_from(sorted(PHOTOS)),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
    ),
    early=st.booleans(),
)
@settings(deadline=None)
def test_damaged_photos_give_a_photo_or_a_photo_error(
    form: str, changes: list[tuple[float, int]], early: bool
) -> None:
    data = bytearray(PHOTOS[form])
    reach = min(200, len(data)) if early else len(data)  # headers are where damage does most
    for place, value in changes:
        data[int(place * reach)] = value
    rgb_or_photo_error(bytes(data))
