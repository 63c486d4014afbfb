"""Draws the sample data set, masks included."""

from kclass.drawing.plan import Photo
from kclass.drawing.sample import SampleSet, draw_sample

__all__ = ["Photo", "SampleSet", "draw_sample"]
