"""Paths of tiles: each place has one, and only places of a log of that size exist."""

from __future__ import annotations

import pytest

from countermark.errors import InvalidProof
from countermark.registry.log.tiles import TilePlace, tiles_of


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("0/000", TilePlace(0, 0, 256)),
        ("1/005.p/7", TilePlace(1, 5, 7)),
        ("63/x001/x234/067", TilePlace(63, 1234067, 256)),
        ("entries/x001/000.p/255", TilePlace(None, 1000, 255)),
    ],
)
def test_a_path_names_a_place(path: str, place: TilePlace) -> None:
    assert TilePlace.parse(path) == place
    assert place.path == f"tile/{path}"


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/0", "0/0000", "64/000", "00/000", "-1/000", "0/x000/000", "0/x001", "0/001/000",
     "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/999", "0/000/", "0/000\n", "entries/",
     "entries/../checkpoint", "0/\u0660\u0660\u0660", "0/" + "x001/" * 9 + "000"],
)  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidProof):
        TilePlace.parse(path)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65535, 65536, 65793])
def test_a_log_has_the_tiles_of_its_size_and_those_it_outgrew(size: int) -> None:
    for level, number, width in tiles_of(size):
        assert TilePlace(level, number, width).exists_in(size)
        assert TilePlace(level, number, width).exists_in(size + 1)
        assert TilePlace(level, number, 1).exists_in(size)
        if width < 256:
            assert not TilePlace(level, number, width + 1).exists_in(size)
    assert not TilePlace(0, size // 256 + 1, 1).exists_in(size)
    assert not TilePlace(63, 0, 1).exists_in(size)
