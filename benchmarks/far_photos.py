"""Pictures that are unlike any photo of flowers, insects or cars: pages of text, screenshots, noise.

Drawn into a folder that the caller gives, from a seed; no file is fetched. Screenshots are those of a
browser, if Chromium is there.
"""

import html
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TEXT = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an "
    "they which one you were all her she there would their we him been has when who will no more if out so "
    "said what up its about into than them can only other time new some could these two may then first do "
    "any my now such like our over man me even most made after also did many before must through back years "
    "invoice total amount number date account address street report figure table section result method"
)
WORDS = re.findall("[a-z]+", TEXT)
FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "DejaVuSans-Bold.ttf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def draw_documents(folder: Path, *, number: int, seed: int) -> list[Path]:
    """Pages of text in several letters and sizes, some with columns or a table, some askew on a desk."""
    return _drawn(folder, number, seed, _page)


def draw_noise(folder: Path, *, number: int, seed: int) -> list[Path]:
    """White, coloured, coarse and smooth noise."""
    return _drawn(folder, number, seed, _noise)


def draw_patterns(folder: Path, *, number: int, seed: int) -> list[Path]:
    """Flat colours, gradients, stripes, squares and charts: far too, for choosing a method by."""
    return _drawn(folder, number, seed, _pattern)


def draw_screenshots(folder: Path, *, number: int, seed: int) -> list[Path]:
    """Web pages as Chromium shows them: text, tables, forms, code, cards; none where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    return [_screenshot(browser, folder, place, seed) for place in range(number)]


def _drawn(folder: Path, number: int, seed: int, draw: Callable[[random.Random], Image.Image]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for place in range(number):
        paths.append(folder / f"{place:03}.png")
        draw(random.Random(f"{seed} {place}")).convert("RGB").save(paths[-1])
    return paths


def _text(draw: random.Random, words: int) -> str:
    found = " ".join(draw.choice(WORDS) for _ in range(words))
    return found[:1].upper() + found[1:] + draw.choice(".:;")


def _font(draw: random.Random, size: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / draw.choice(FONTS), size)


def _page(draw: random.Random) -> Image.Image:
    paper = draw.choice(["white", "#fbf8ee", "#f2f2f0", "#fffdf5"])
    page = Image.new("RGB", draw.choice([(620, 877), (877, 620), (700, 700)]), paper)
    pen, font = ImageDraw.Draw(page), _font(draw, draw.randint(10, 22))
    columns, margin = draw.choice([1, 1, 2]), draw.randint(30, 80)
    width = (page.width - 2 * margin) // columns - 10
    pen.text((margin, margin // 2), _text(draw, 4), fill="black", font=_font(draw, draw.randint(18, 34)))
    for column in range(columns):
        line = margin + 30
        while line < page.height - margin:
            text = _text(draw, 30)
            while pen.textlength(text, font=font) > width * draw.choice([1, 1, 1, 0.6]):
                text = text[:-1]
            pen.text((margin + column * (width + 20), line), text, fill="#1a1a1a", font=font)
            line += font.size * (3 if draw.random() < 0.1 else 1.4)
    if draw.random() < 0.4:
        _ruled_table(draw, pen, page)
    if draw.random() < 0.5:
        return page
    desk = Image.new(
        "RGB", (page.width + 160, page.height + 160), draw.choice(["#5b4636", "#777", "#c9c2b8"])
    )
    desk.paste(page, (80, 80))
    return desk.rotate(draw.uniform(-8, 8), resample=Image.Resampling.BICUBIC, fillcolor="#6b5a4a")


def _ruled_table(draw: random.Random, pen: ImageDraw.ImageDraw, page: Image.Image) -> None:
    left, top, cell = 60, draw.randint(150, 350), (draw.randint(60, 110), draw.randint(22, 34))
    rows, columns = draw.randint(4, 9), draw.randint(3, 5)
    pen.rectangle((left, top, left + columns * cell[0], top + rows * cell[1]), fill="white")
    font = _font(draw, 12)
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * cell[0], top + row * cell[1]
            pen.rectangle((x, y, x + cell[0], y + cell[1]), outline="black")
            pen.text((x + 5, y + 5), f"{draw.uniform(0, 900):.2f}", fill="black", font=font)


def _noise(draw: random.Random) -> Image.Image:
    made = np.random.default_rng(draw.getrandbits(32))
    coarse = draw.choice([320, 320, 160, 80, 40, 16, 6])
    channels = draw.choice([1, 3, 3])
    values = made.normal(128, draw.choice([20, 45, 80]), (coarse, coarse, channels))
    pixels = np.broadcast_to(values, (coarse, coarse, 3)).clip(0, 255).astype(np.uint8)
    how = draw.choice([Image.Resampling.NEAREST, Image.Resampling.BICUBIC])
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((320, 320), how)


def _pattern(draw: random.Random) -> Image.Image:
    colours = np.array([[draw.randint(0, 255) for _ in range(3)] for _ in range(2)], dtype=np.float64)
    rows, columns = np.mgrid[0:320, 0:320] / 320
    kind = draw.choice(["flat", "gradient", "stripes", "squares", "rings", "chart"])
    turns = draw.randint(2, 30)
    if kind == "chart":
        return _chart(draw)
    share = {
        "flat": np.zeros_like(rows),
        "gradient": rows,
        "stripes": np.sin(rows * turns * 6.3) > 0,
        "squares": (np.floor(rows * turns) + np.floor(columns * turns)) % 2,
        "rings": np.sin(np.hypot(rows - 0.5, columns - 0.5) * turns * 6.3) > 0,
    }[kind][..., None]
    return Image.fromarray((colours[0] * share + colours[1] * (1 - share)).astype(np.uint8))


def _chart(draw: random.Random) -> Image.Image:
    page = Image.new("RGB", (480, 360), "white")
    pen = ImageDraw.Draw(page)
    pen.line((40, 20, 40, 320, 460, 320), fill="black", width=2)
    for bar in range(draw.randint(4, 12)):
        height = draw.randint(10, 280)
        colour = tuple(draw.randint(0, 255) for _ in range(3))
        pen.rectangle((55 + bar * 34, 320 - height, 78 + bar * 34, 320), fill=colour)
    pen.text((150, 5), _text(draw, 4), fill="black", font=_font(draw, 14))
    return page


def _screenshot(browser: str, folder: Path, place: int, seed: int) -> Path:
    draw = random.Random(f"{seed} {place}")
    page, picture = folder / f"{place:03}.html", folder / f"{place:03}.png"
    page.write_text(_web_page(draw), encoding="utf-8")
    size = draw.choice(["1280,800", "1024,768", "390,844", "1440,700"])
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--window-size={size}", f"--screenshot={picture}", page.as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    page.unlink()
    return picture


def _web_page(draw: random.Random) -> str:
    dark = draw.random() < 0.3
    paper, ink = ("#15181c", "#e8e8e8") if dark else (draw.choice(["#fff", "#f6f7f9", "#fffaf0"]), "#1c1c1c")
    accent = f"hsl({draw.randint(0, 360)} 70% 45%)"
    kinds = [_paragraph, _cards, _table, _form, _code, _list]
    parts = "".join(draw.choice(kinds)(draw) for _ in range(draw.randint(3, 7)))
    style = (
        f"body{{margin:0;font:{draw.randint(13, 18)}px {draw.choice(['sans-serif', 'serif'])};"
        f"background:{paper};color:{ink}}}header{{background:{accent};color:#fff;padding:14px 24px}}"
        f"main{{padding:20px;max-width:{draw.choice([700, 1000, 1400])}px}}"
        "pre{background:#8882;padding:12px}"
        ".c{display:inline-block;width:200px;margin:8px;padding:9px;border:1px solid #8886;border-radius:9px}"
        f"button{{background:{accent};color:#fff;border:0;padding:8px 16px;margin:6px}}"
        "td,th{border:1px solid #8886;padding:6px 10px}input{padding:6px;margin:6px;width:240px}"
    )
    menu = " &nbsp; ".join(draw.choice(WORDS).title() for _ in range(5))
    return f"<style>{style}</style><header><b>{_text(draw, 2)}</b> &nbsp; {menu}</header><main>{parts}</main>"


def _paragraph(draw: random.Random) -> str:
    return f"<h2>{_text(draw, 4)}</h2><p>{_text(draw, draw.randint(30, 120))}</p>"


def _cards(draw: random.Random) -> str:
    cards = (f"<div class=c><b>{_text(draw, 2)}</b><p>{_text(draw, 12)}</p></div>" for _ in range(6))
    return "".join(cards)


def _table(draw: random.Random) -> str:
    rows = (
        "<tr>" + "".join(f"<td>{draw.uniform(0, 999):.1f}</td>" for _ in range(6)) + "</tr>" for _ in range(8)
    )
    return f"<table>{''.join(rows)}</table>"


def _form(draw: random.Random) -> str:
    fields = (f"<div>{draw.choice(WORDS)} <input value='{draw.choice(WORDS)}'></div>" for _ in range(5))
    return f"{''.join(fields)}<button>{draw.choice(WORDS).title()}</button>"


def _code(draw: random.Random) -> str:
    lines = [f"{'  ' * draw.randint(0, 3)}{draw.choice(WORDS)}({draw.choice(WORDS)}) = {draw.random():.3f}"]
    lines += [
        f"{'  ' * draw.randint(0, 3)}if {draw.choice(WORDS)}: return {draw.choice(WORDS)}" for _ in range(9)
    ]
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _list(draw: random.Random) -> str:
    return "<ul>" + "".join(f"<li>{_text(draw, 8)}" for _ in range(7)) + "</ul>"
