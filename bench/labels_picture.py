"""Draws docs/images/labels.png: labels on light, dark, busy and cut-out pictures.

    python -m bench.labels_picture

The photographs are inside scikit-image: a cup of coffee by Rachel Michetti (CC0), Eileen Collins
and the Hubble deep field by NASA (public domain), a rocket by SpaceX (CC0), a cat by Stéfan van der
Walt (CC0).
"""

from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageDraw

from countermark.image import Pixels
from countermark.labels.visible import Wording, fonts, label_picture, wording

PLACE = Path(__file__).parents[1] / "docs/images/labels.png"
CELL = (316, 211)
GAP, CAPTION = 14, 30
PAPER, INK = "#ffffff", "#333333"
FILED = wording("cn", filing_number="网信算备000000000000000000000号")


def main() -> None:
    """Draw the sheet."""
    photographs = [
        ("coffee.png", FILED, "busy: on a plate  杂乱处加底板"),
        ("astronaut.png", wording("eu"), "in the quietest corner  最平静的一角"),
        ("rocket.jpg", wording("kr"), "dark: white ink  暗处白字"),
        ("hubble_deep_field.jpg", wording("in", "hi"), "Devanagari  天城文"),
        ("chelsea.png", wording("cn", "en"), "two languages  双语"),
    ]
    cells = [(labelled(cell(photo(name)), words), said) for name, words, said in photographs]
    cells.append((cut_out(), "cut out, transparent  透明背景"))
    across, down = CELL[0] + GAP, CELL[1] + CAPTION
    wide = strip(3 * across - GAP)
    sheet = Image.new("RGB", (3 * across + GAP, 2 * down + 2 * GAP + wide.height + CAPTION), PAPER)
    for number, (picture, said) in enumerate(cells):
        row, column = divmod(number, 3)
        place(sheet, picture, GAP + column * across, GAP + row * down, said)
    place(sheet, wide, GAP, GAP + 2 * down, "panorama of 10 to 1  十比一的全景图")
    sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(PLACE, optimize=True)


def photo(name: str) -> Image.Image:
    return Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")


def cell(picture: Image.Image) -> Pixels:
    """The middle of a photograph, as large as a cell."""
    ratio = max(CELL[0] / picture.width, CELL[1] / picture.height)
    size = round(picture.width * ratio), round(picture.height * ratio)
    resized = picture.resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - CELL[0]) // 2, (size[1] - CELL[1]) // 2
    return np.asarray(resized.crop((left, top, left + CELL[0], top + CELL[1])))


def labelled(pixels: Pixels, words: Wording) -> Image.Image:
    return Image.fromarray(label_picture(pixels, words).pixels)


def cut_out() -> Image.Image:
    """A round picture on nothing, shown on the squares that stand for nothing."""
    pixels = cell(photo("coffee.png"))
    rows, columns = np.mgrid[: CELL[1], : CELL[0]]
    inside = (rows - CELL[1] / 2) ** 2 + (columns - CELL[0] / 2) ** 2 < (CELL[1] / 2 - 6) ** 2
    shape = np.dstack([pixels, inside.astype(np.uint8) * 255])
    squares = (rows // 12 + columns // 12) % 2 * 26 + 229
    ground = Image.fromarray(squares.astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(ground, labelled(shape, wording("cn"))).convert("RGB")


def strip(width: int) -> Image.Image:
    """A cut through a photograph, ten times as wide as it is high."""
    picture = photo("coffee.png")
    height = width // 10
    scaled = picture.resize((width, width * picture.height // picture.width))
    top = round(scaled.height * 0.62)
    return labelled(np.asarray(scaled.crop((0, top, width, top + height))), FILED)


def place(sheet: Image.Image, picture: Image.Image, left: int, top: int, said: str) -> None:
    sheet.paste(picture, (left, top))
    font = fonts.find(said, "zh-Hans").at(13)
    middle = top + picture.height + CAPTION // 2 - 3
    ImageDraw.Draw(sheet).text((left, middle), said, INK, font, anchor="lm")


if __name__ == "__main__":
    main()
