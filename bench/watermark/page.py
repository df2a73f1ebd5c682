"""A page of text around a picture, as a screenshot shows it."""

import itertools
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

#: Of the page, over those of the picture on it.
WIDTH, HEIGHT = 1.45, 1.6
INK, GREY, PALE, ACCENT = "#1c1e21", "#6b7178", "#eef1f4", "#1f4e79"
TITLE = "The harbour wakes before the town does, and the gulls are the first to know"
TEXT = (
    "At half past four the lamps on the quay are still burning and the first boats come in low in "
    "the water. Nobody says much. The crates go up the steps from hand to hand, the scales are "
    "wiped dry, and by the time the bakery opens its shutters the best of the catch is already on "
    "its way inland. ",
    "It has been like this for longer than anyone can remember, says the woman who keeps the "
    "books. She has seen 41 winters here; she counts them by the storms. In 1987 the sea took the "
    "outer wall, and in 2013 it took it again. Both times they built it half a metre higher. ",
    "What has changed is the light. The new lamps are white and steady, and from the hill the "
    "harbour looks like a drawing of itself. Some people in town miss the old yellow ones. The "
    "gulls, as far as one can tell, have no opinion. ",
)
LINKS = ("News", "Coast", "Weather", "Markets", "Letters")
CARDS = ("Tides this week", "From the archive", "Most read", "Write to us")


def page_around(picture: Image.Image) -> Image.Image:
    """The picture at its size in an article: bar and title above, text below, boxes beside."""
    page = Image.new("RGB", (int(WIDTH * picture.width), int(HEIGHT * picture.height)), "white")
    draw = ImageDraw.Draw(page)
    size = max(12, page.width // 72)  # of the text, in pixels
    left, top = 2 * size, bar(draw, page.width, size)
    column = picture.width
    top = paragraph(draw, TITLE, (left, top + size), column, 2 * size, INK, 2)
    top = paragraph(draw, "By our correspondent, 14 March", (left, top), column, size, GREY, 1)
    page.paste(picture, (left, top + size))
    beside(draw, left + column + 2 * size, page.width - 2 * size, top + size, page.height, size)
    top += picture.height + 3 * size // 2
    top = paragraph(draw, "The quay at dawn.", (left, top), column, 4 * size // 5, GREY, 1) + size
    for text in itertools.cycle(TEXT):
        if top > page.height:
            return page
        top = paragraph(draw, text, (left, top), column, size, INK) + size
    raise AssertionError  # a cycle does not end


def bar(draw: ImageDraw.ImageDraw, width: int, size: int) -> int:
    """The bar of links at the top; gives where it ends."""
    draw.rectangle((0, 0, width, 3 * size), fill=ACCENT)
    for place, link in enumerate(LINKS):
        draw.text((2 * size + 6 * size * place, size), link, "white", font(size))
    draw.rounded_rectangle(
        (width - 8 * size, size // 2, width - 2 * size, 5 * size // 2), size // 2, fill="white"
    )
    draw.text((width - 7 * size, size), "Sign in", ACCENT, font(size))
    return 3 * size


def beside(
    draw: ImageDraw.ImageDraw, left: int, right: int, top: int, bottom: int, size: int
) -> None:
    """Boxes with headings, down to the bottom of the page."""
    for card, text in zip(itertools.cycle(CARDS), itertools.cycle(TEXT), strict=False):
        if top > bottom or right - left < 6 * size:
            return
        height = 16 * size
        draw.rounded_rectangle((left, top, right, top + height), size // 2, fill=PALE)
        width = right - left - 2 * size
        below = paragraph(draw, card, (left + size, top + size), width, size, ACCENT, 1)
        lines = int((top + height - below) / (1.4 * 0.8 * size)) - 1
        paragraph(draw, text, (left + size, below), width, 4 * size // 5, INK, lines)
        top += height + size


def paragraph(
    draw: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[int, int],
    width: int,
    size: int,
    colour: str,
    lines: int | None = None,
) -> int:
    """Text in lines of this width, at most so many; gives where it ends."""
    left, top = corner
    for line in itertools.islice(wrapped(draw, text, width, size), lines):
        draw.text((left, top), line, colour, font(size))
        top += int(1.4 * size)
    return top


def wrapped(draw: ImageDraw.ImageDraw, text: str, width: int, size: int) -> Iterator[str]:
    """The lines of a text."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and draw.textlength(longer, font(size)) > width:
            yield line
            longer = word
        line = longer
    yield line


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Aileron, which comes with Pillow."""
    return ImageFont.load_default(size)
