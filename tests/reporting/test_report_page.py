import base64
import io
import json
import os
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_classes import hundred_classes
from made_up_runs import MadeUp, three_trees, write_run
from PIL import Image
from small_fits import SmallFit

import kclass
from kclass.reporting import pictures
from kclass.reporting.page import write_report

ALARM = "<script>alert(1)</script>"


def html_of(run: Path, **more: Any) -> str:
    return write_report(run, **more).read_text(encoding="utf-8")


def text_of(html: str) -> str:
    """The words of a page, without tags and scripts."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="photos-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def photos_of_trees(root: Path) -> Path:
    for name, number in (("ash", 2), ("birch", 2), ("cedar", 1)):
        (root / name).mkdir(parents=True)
        for place in range(number):
            Image.new("RGB", (300, 200), (40 * place, 90, 60)).save(root / name / f"{place}.png")
    return root


def test_the_page_of_a_fit_holds_all_its_parts(fitted: SmallFit) -> None:
    html = (fitted.run / "report.html").read_text(encoding="utf-8")
    places = re.findall(r'<section id="([a-z]+)">', html)
    assert places == [
        *("figures", "confusion", "classes", "losses", "calibration", "novelty", "gallery"),
        *("photos", "training", "again"),
    ] or set(places) >= {"figures", "confusion", "classes", "losses", "calibration", "gallery", "again"}
    assert re.findall(r'<a href="#([a-z]+)">', html) == places
    text = text_of(html)
    assert "None of these photos was learned from, and nothing was chosen by them" in text
    assert "3 classes · 24 photos · efficientnet_lite0, linear head, 320 px · run run" in text
    assert "Grad-CAM at " in text
    assert f"kclass fit {fitted.data}" in text
    assert fitted.classifier.record.data["fingerprint"] in text
    assert ".part-" not in html  # the run is told of where it will be


def test_a_run_says_where_its_page_is(tmp_path: Path, fitted: SmallFit) -> None:
    run = shutil.copytree(fitted.run, tmp_path / "run")
    (run / "report.html").unlink()
    assert kclass.write_report(run) == run / "report.html"
    assert kclass.write_report(str(run), out=tmp_path / "new" / "page.html") == tmp_path / "new" / "page.html"
    again, other = (run / "report.html").read_bytes(), (tmp_path / "new" / "page.html").read_bytes()
    assert again == other


def test_the_headline_is_that_of_the_test_photos_and_the_rest_is_about_validation(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    labels = np.arange(40, dtype=np.int32) % 2
    sure = np.where(random.random(40) < 0.8, 0.9, 0.2)
    probabilities = np.where(np.arange(2) == labels[:, None], sure[:, None], 1 - sure[:, None])
    splits = {
        "valid": MadeUp([f"v{row}" for row in range(40)], labels, probabilities),
        "test": MadeUp([f"t{row}" for row in range(20)], labels[:20], np.eye(2)[labels[:20]]),
    }
    text = text_of(html_of(write_run(tmp_path / "run", ("ash", "birch"), splits, options={"c": 1.0})))
    assert "100 % of the test photos are predicted right: 20 of 20" in text
    assert "From here on the page is about the validation photos" in text
    assert "Whoever compares runs" not in text
    assert "Figure Validation 95 % interval Test 95 % interval" in text


def test_validation_photos_come_with_a_word_on_choosing_among_runs(tmp_path: Path) -> None:
    assert "Whoever compares runs by these photos" in text_of(html_of(three_trees(tmp_path / "run")))


def test_a_run_without_judged_photos_says_that_nothing_is_known(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", ("ash", "birch"), {}, train=[("a", "ash"), ("b", "birch")])
    html = html_of(folder)
    assert "nothing is known of how good this model is" in text_of(html)
    assert 'id="confusion"' not in html and 'id="photos-data"' not in html
    assert "Training 2" in text_of(html)


def test_the_confusion_matrix_has_a_button_for_each_cell_with_photos(tmp_path: Path) -> None:
    html = html_of(three_trees(tmp_path / "run"))
    labels = re.findall(r'<button type="button" class="[rw][^>]*aria-label="([^"]*)"', html)
    assert labels == [
        "ash, predicted right: 2 of 2 (100 %)",
        "birch, taken for ash: 1 of 2 (50 %)",
        "birch, predicted right: 1 of 2 (50 %)",
        "cedar, predicted right: 1 of 1 (100 %)",
    ]
    assert "birch taken for ash 1 of 2, 50 %" in text_of(html)


def test_the_table_of_classes_has_the_weakest_on_top(tmp_path: Path) -> None:
    html = html_of(three_trees(tmp_path / "run"))
    table = html[html.index("<table data-sorts>") :]
    names = re.findall(r'<td class="name"><bdi>(\w+)</bdi>', table[: table.index("</table>")])
    assert names == ["birch", "ash", "cedar"]  # F1 of .667, .8 and 1
    assert 'aria-sort="ascending"><button type="button">F1</button>' in table


def test_top_losses_are_titled_prediction_actual_loss_and_probability(tmp_path: Path) -> None:
    text = text_of(html_of(three_trees(tmp_path / "run", root=photos_of_trees(tmp_path / "trees"))))
    assert "ash / birch 1.20 / 30 % birch/ 0.png" in text  # -ln .3 = 1.204


def test_names_of_classes_and_photos_stay_text(tmp_path: Path) -> None:
    paths = [f"{ALARM}/{place}.png" for place in range(4)]
    two = MadeUp(
        paths, np.array([0, 0, 1, 1], np.int32), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    )
    findings = [
        {
            "kind": "label-suspect",
            "severity": "warning",
            "path": paths[0],
            "class": ALARM,
            "split": "train",
            "score": 0.1,
            "others": "",
            "detail": f"{paths[0]} is labelled {ALARM} (4 %)",
        }
    ]
    run = write_run(
        tmp_path / "run" / ALARM.replace("/", "_"),
        (ALARM, "</script><img src=x onerror=alert(2)>"),
        {"valid": two},
        root=tmp_path / ALARM.replace("/", "_"),
        options={"backbone": ALARM, "seed": ALARM},
        findings=findings,
    )
    html = html_of(run)
    assert html.count("<script") == 2  # the page's own, and its data
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert data_of(html)["classes"][0] == ALARM


def test_the_page_may_load_nothing_and_run_no_other_script(tmp_path: Path) -> None:
    html = html_of(three_trees(tmp_path / "run"))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy.replace("&#43;", "+"))
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert not re.search(r"url\(|@import", html)


def test_photos_that_are_gone_are_empty_squares_that_say_so(tmp_path: Path) -> None:
    root = photos_of_trees(tmp_path / "trees")
    (root / "birch" / "0.png").unlink()
    html = html_of(three_trees(tmp_path / "run", root=root))
    assert html.count("cannot be read any more</div>") == 2  # a top loss, and an example of a pair
    assert "are not shown" not in text_of(html).replace("Where the network looked is not shown", "")
    shutil.rmtree(root)
    assert f"The photos are not shown: none of them is in {root} any more." in text_of(
        html_of(tmp_path / "run")
    )


def test_an_older_run_shows_no_photos_and_says_why(tmp_path: Path) -> None:
    text = text_of(html_of(three_trees(tmp_path / "run")))
    assert "made by a kclass that did not keep where the photos lie" in text


def test_a_model_that_cannot_be_read_leaves_the_gallery_out_and_says_why(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "run")
    (folder / "model.keras").write_text("no model")
    html = html_of(folder)
    assert 'id="gallery"' not in html
    assert "Where the network looked is not shown: " in text_of(html)


def test_thumbnails_stay_within_their_budget_and_what_is_left_out_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hundred_classes(tmp_path, photos=60)
    everything = data_of(html_of(folder))
    assert len(everything["photos"]) == 60
    monkeypatch.setattr(pictures, "MOST_BYTES", 20_000)
    html = html_of(folder)
    kept = data_of(html)["pictures"]
    assert 0 < len(kept) < len(everything["pictures"])
    assert sum(map(len, kept.values())) <= 20_000
    left_out = len(everything["pictures"]) - len(kept)
    assert f"{left_out} photos have no thumbnail, to keep the page small." in text_of(html)


def test_no_photo_is_on_the_page_twice_for_the_sake_of_the_matrix(tmp_path: Path) -> None:
    html = html_of(hundred_classes(tmp_path, photos=60))
    shown = set(re.findall(r'data-row="(\d+)"', html))
    assert shown
    assert not shown & set(data_of(html)["pictures"])


def test_pictures_in_cells_are_small_jpegs(tmp_path: Path) -> None:
    data = data_of(html_of(hundred_classes(tmp_path, photos=60, side=400)))
    for picture in data["pictures"].values():
        image = Image.open(io.BytesIO(base64.b64decode(picture)))
        assert image.format == "JPEG" and max(image.size) == 160


def test_findings_and_unreadable_photos_are_told(tmp_path: Path) -> None:
    finding = {"kind": "leak", "severity": "error", "path": "a", "class": "ash", "split": "train"}
    rows = [{**finding, "score": "", "others": "b", "detail": "a and b are one picture"}]
    folder = three_trees(tmp_path / "run", findings=rows)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["valid"]["unreadable"] = ["x.jpg is no photo"]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    text = text_of(html_of(folder))
    assert "Leaks between splits : 1 A photo that is judged was learned before" in text
    assert "a and b are one picture" in text
    assert "1 photo could not be read and was left out x.jpg is no photo" in text


def test_a_name_that_is_no_unicode_is_written_as_it_can_be(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    two = MadeUp((odd, "b"), np.array([0, 1], np.int32), np.array([[0.9, 0.1], [0.3, 0.7]]))
    run = write_run(tmp_path / "run", (odd, "birch"), {"valid": two})
    assert "caf\\udce9" in html_of(run)


def test_a_run_whose_epochs_made_nothing_better_says_so(tmp_path: Path) -> None:
    history = [{"epoch": 0, "train_loss": "", "held_out_loss": 0.5, "error_rate": 0.1}]
    folder = three_trees(tmp_path / "run", options={"best_epoch": 0, "epochs_done": 2}, history=history)
    assert "the solved head is kept" in text_of(html_of(folder))


def test_a_run_named_by_a_link_is_called_by_its_own_name(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "runs" / "2026-one")
    (tmp_path / "runs" / "latest").symlink_to("2026-one", target_is_directory=True)
    html = html_of(tmp_path / "runs" / "latest")
    assert (folder / "report.html").is_file()
    assert "run 2026-one" in text_of(html) and str(folder / "split.csv") in text_of(html)


def test_it_is_said_that_novelty_rests_on_training_photos_and_the_temperature_on_none(
    fitted: SmallFit,
) -> None:
    text = text_of((fitted.run / "report.html").read_text(encoding="utf-8"))
    assert "The threshold of novelty rests on training photos too" in text
    assert "Temperature 1, fitted on no photos" in text


def test_what_a_run_rests_on_is_told_without_its_model(tmp_path: Path, fitted: SmallFit) -> None:
    run = shutil.copytree(fitted.run, tmp_path / "run")
    (run / "model.keras").write_text("no model")
    text = text_of(html_of(run))
    assert "The threshold of novelty rests on training photos too" in text
    assert "Temperature 1, fitted on no photos" in text


def test_photos_that_could_not_be_read_are_told_of_every_split(tmp_path: Path) -> None:
    folder = three_trees(tmp_path / "run", options={"c": 0.1, "photos": 4})
    with (folder / "split.csv").open("a") as file:
        file.write("ash/9.png,ash,valid\n")
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["valid"]["unreadable"] = ["ash/9.png is no photo"]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    text = text_of(html_of(folder))
    assert "Training 4 The head was solved on all of them" in text and "2 more could not be read." in text
    assert "Validation 5 For judging alone" in text and "1 more could not be read." in text
    assert (
        "3 photos could not be read and were left out ash/9.png is no photo 2 more, named in log.txt" in text
    )
    assert "those that could not be read among them" in text
    config = json.loads((folder / "config.json").read_text())
    named = {**config, "unreadable": ["x is no photo", "y is no photo"]}
    (folder / "config.json").write_text(json.dumps(named))
    text = text_of(html_of(folder))
    assert "3 photos could not be read and were left out x is no photo y is no photo ash/9.png is" in text
    assert "log.txt" not in text


def test_a_class_without_judged_photos_has_no_figures_and_stands_last(tmp_path: Path) -> None:
    shares = np.array([[0.9, 0.05, 0.05], [0.4, 0.5, 0.1], [0.1, 0.7, 0.2]])
    two = MadeUp(("a", "b", "c"), np.array([0, 0, 1], np.int32), shares)
    html = html_of(write_run(tmp_path / "run", ("ash", "birch", "elm"), {"valid": two}))
    table = html[html.index("<table data-sorts>") :]
    rows = re.findall(r"<tr><td class=.name.*?</tr>", table[: table.index("</table>")])
    assert [text_of(row).split()[0] for row in rows] == ["ash", "birch", "elm"]
    assert text_of(rows[-1]) == "elm 0 \N{EN DASH} \N{EN DASH} \N{EN DASH}"
    assert rows[-1].count("data-value") == 1  # the photos: nothing else can be sorted by
    assert "A class without validation photos has none of them" in text_of(html)


def test_a_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for out in (tmp_path, str(tmp_path)):
        with pytest.raises(kclass.OptionError, match=r"out is the folder .*; it must be the path of a file"):
            write_report(tmp_path / "nowhere", out=out)


def test_an_epoch_trained_run_has_curves_with_the_kept_epoch(tmp_path: Path) -> None:
    html = html_of(hundred_classes(tmp_path, photos=30))
    assert html.count('class="marked"') >= 2
    assert ">held out</text>" in html and ">training</text>" in html
    assert "the epoch with the lowest loss on them was kept" in text_of(html)


def test_novelty_is_told_if_the_run_has_it(tmp_path: Path) -> None:
    scores = [0.5, 1.25, 0.75, 0.9, 1.5]
    folder = three_trees(tmp_path / "plain")
    assert 'id="novelty"' not in html_of(folder)
    text = (folder / "predictions.csv").read_text().splitlines()
    head, *rows = text
    lines = [f'{head},"novelty"', *(f"{row},{score}" for row, score in zip(rows, scores, strict=True))]
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
    assert "2 of these 5 photos (40 %) have a novelty above 1." in text_of(html_of(folder))
    lines = [f'{head},"novelty"', *(f"{row},0.5" for row in rows)]
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
    assert "None of these 5 photos has a novelty above 1." in text_of(html_of(folder))


def test_progress_is_told_of_thumbnails(tmp_path: Path) -> None:
    stages: list[str] = []

    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        stages.append(stage)

    write_report(three_trees(tmp_path / "run", root=photos_of_trees(tmp_path / "trees")), progress=progress)
    assert set(stages) == {"thumbnails"}


def test_the_page_of_a_thousand_photos_of_noise_stays_below_five_megabytes(tmp_path: Path) -> None:
    page = write_report(hundred_classes(tmp_path, photos=1000, side=160))
    assert 3_000_000 < page.stat().st_size < 5_000_000
    html = page.read_text(encoding="utf-8")
    shown = {int(row) for row in re.findall(r'data-row="(\d+)"', html)} | set(
        map(int, data_of(html)["pictures"])
    )
    assert shown == set(range(1000))
