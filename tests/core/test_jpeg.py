"""A JPEG that was cut off is known by its missing end, whatever stands before or behind it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from face3d.jpeg import is_cut_off
from face3d.source import SourceError, read_image


def encode(*options: int, size: int = 120) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", noise, list(options))[1].tobytes()


WAYS = {
    "baseline": encode(),
    "progressive": encode(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": encode(cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "best": encode(cv2.IMWRITE_JPEG_QUALITY, 100),
}


def with_thumbnail(data: bytes) -> bytes:
    thumbnail = encode(size=16)
    return data[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + data[2:]


@pytest.mark.parametrize("way", WAYS)
def test_whole_pictures_are_whole_and_parts_are_not(way):
    whole = WAYS[way]
    assert not is_cut_off(whole)
    for length in np.linspace(2, len(whole) - 1, 300).astype(int):
        assert is_cut_off(whole[:length]), length


def test_a_thumbnail_is_not_the_end():
    whole = with_thumbnail(WAYS["baseline"])
    assert not is_cut_off(whole)
    assert all(is_cut_off(whole[:-cut]) for cut in (1, 2, 100, len(WAYS["baseline"]) - 10))


def test_what_is_appended_does_not_count():
    assert not is_cut_off(WAYS["progressive"] + b"ftyp\xff\xd9 a film \xff\xda and more of it")


def test_other_formats_are_never_cut_off():
    png = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()
    assert not any(map(is_cut_off, (png, png[:9], b"", b"\xff")))


def test_a_file_that_is_cut_off_is_named_so(tmp_path):
    path = tmp_path / "half.jpg"
    path.write_bytes(WAYS["baseline"][: len(WAYS["baseline"]) // 2])
    with pytest.raises(SourceError, match=r"half\.jpg is cut off: .* copy it again"):
        read_image(path)
