"""The shadow of a car on the ground."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kclass.drawing.cars import Shape
from kclass.drawing.geometry import View
from kclass.drawing.light import Light


def cast_shadow(size: tuple[int, int], shape: Shape, view: View, light: Light) -> Image.Image:
    """How dark the ground is under and beside a car: L, 0 open to 255 black."""
    cast, contact = (Image.new("L", size, 0) for _ in range(2))
    canvas = ImageDraw.Draw(cast)
    sides = [shape.side(shape.outline, near=near) for near in (1, -1)]
    feet = [view.screen(view.ground(side, light.direction)) for side in sides]
    depth = int(np.clip(250 * light.strength / (light.strength + light.ambient), 0, 255))
    for k in range(len(feet[0])):
        after = (k + 1) % len(feet[0])
        canvas.polygon([feet[0][k], feet[0][after], feet[1][after], feet[1][k]], fill=depth)
    for foot in feet:
        canvas.polygon(foot, fill=depth)
    x, z = shape.length * 0.47, shape.width * 0.5
    base = [(-x, 0, z), (x, 0, z), (x, 0, -z), (-x, 0, -z)]
    ImageDraw.Draw(contact).polygon(view.pixels(base), fill=225)
    soft = cast.filter(ImageFilter.GaussianBlur(view.scale * 0.05))
    under = contact.filter(ImageFilter.GaussianBlur(view.scale * 0.09))
    darkest = np.maximum(np.asarray(soft), np.asarray(under))
    return Image.fromarray(darkest)
