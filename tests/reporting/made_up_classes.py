"""A run of a hundred classes with long names in many scripts, and photos of noise."""

from pathlib import Path

import numpy as np
from made_up_runs import MadeUp, write_run
from PIL import Image

SCRIPTS = (
    "Ophrys apifera, Bienen-Ragwurz, Größe {0}, mit sehr langem Namen, der nirgends hineinpasst",
    "Οφρύς η μελισσοφόρος με πολύ μεγάλο όνομα {0}",
    "Башня_Татлина_и_другие_сооружения_{0}",
    "東京スカイツリーと富士山の長い名前{0}",
    "برج خليفة وأسماء أخرى طويلة جدا {0}",
    "{0:02d}.Golden_Gate_Bridge_from_the_north",
    "ÉtangDeLaCabaneSansUnSeulEspaceNiTraitDUnionDuTout{0}",
    "🦋 butterfly {0}",
    "คำไทยยาวๆไม่มีช่องว่าง{0}",
    "<b>bold</b> & \"quoted\" 'name' {0}",
)


def hundred_classes(folder: Path, *, photos: int = 300, side: int = 48) -> Path:
    """The run, in `folder/run`, and its photos, in `folder/photos`."""
    random = np.random.default_rng(0)
    classes = tuple(sorted(SCRIPTS[place % 10].format(place) for place in range(100)))
    labels = np.sort(random.integers(100, size=photos)).astype(np.int32)
    logits = random.normal(0, 1, (photos, 100))
    logits[np.arange(photos), labels] += 5.0
    logits[np.arange(photos), (labels // 10 * 10)] += 3.5  # each ten are confused with their first
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    paths = [
        f"{label}/a photo with a rather long name {row}.jpg" for row, label in enumerate(labels.tolist())
    ]
    for path, label in zip(paths, labels.tolist(), strict=True):
        place = folder / "photos" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (side * 2 // 3, side, 3)) // 2 + (label * 7 % 128)
        Image.fromarray(pixels.astype(np.uint8)).save(place)
    valid = MadeUp(
        paths,
        labels,
        powers / powers.sum(axis=1, keepdims=True),
        novelty=random.gamma(3, 0.2, photos).tolist(),
    )
    train = [(f"{place}/t{number}.jpg", name) for place, name in enumerate(classes) for number in range(8)]
    return write_run(
        folder / "run",
        classes,
        {"valid": valid},
        root=folder / "photos",
        train=train,
        options={
            "backbone": "scratch",
            "size": 96,
            "seed": 1,
            "epochs": 12,
            "best_epoch": 9,
            "epochs_done": 12,
        },
        history=[
            {
                "phase": "scratch",
                "epoch": epoch,
                "learning_rate": 0.001,
                "train_loss": 4.6 * 0.8**epoch,
                "held_out_loss": 4.6 * 0.83**epoch + 0.03 * max(0, epoch - 9),
                "error_rate": 0.99 * 0.88**epoch,
                "seconds": 1.0,
            }
            for epoch in range(1, 13)
        ],
    )
