import shutil
from pathlib import Path

from small_fits import SmallFit

import kclass
from kclass.dataset.opening import open_data
from kclass.model_audit.learned_from import LearnedFrom, learned_from
from kclass.progress import silent


def moved(fitted: SmallFit, folder: Path) -> SmallFit:
    """The fit and its photos elsewhere, so that both can be changed."""
    data = Path(shutil.copytree(fitted.data, folder / "trees"))
    run = Path(shutil.copytree(fitted.run, folder / "run"))
    config = run / "config.json"
    config.write_text(config.read_text().replace(str(fitted.data), str(data)))
    return SmallFit(data, run, kclass.load(run))


def found_of(fit: SmallFit) -> LearnedFrom:
    samples = open_data(fit.data).samples
    labels = samples.labels
    return learned_from(fit.model, fit.classifier, samples, labels, seed=0, progress=silent)


def trained(fit: SmallFit) -> list[str]:
    lines = (fit.run / "split.csv").read_text().splitlines()
    return [line.split(",")[0] for line in lines if line.endswith(",train")]


def test_the_run_tells_which_photos_they_were(fitted: SmallFit) -> None:
    found = found_of(fitted)
    assert found.known
    assert {str(path.relative_to(fitted.data)) for path in found.files} == set(trained(fitted))
    assert [fitted.classifier.classes[label] for label in found.labels] == [
        path.parent.name for path in found.files
    ]
    assert found.judged == {0, 1, 2}
    assert found.given_away == ()  # with six photos a class nothing can be sure enough


def test_photos_that_are_gone_are_counted(fitted: SmallFit, tmp_path: Path) -> None:
    fit = moved(fitted, tmp_path)
    gone, *others = trained(fit)
    (fit.data / gone).unlink()
    found = found_of(fit)
    assert found.known
    assert len(found.files) == len(others)
    assert f"1 of {len(others) + 1} training photos are no longer in {fit.data}" in found.remark


def test_less_than_half_of_them_do_not_tell_what_it_learned(fitted: SmallFit, tmp_path: Path) -> None:
    fit = moved(fitted, tmp_path)
    names = trained(fit)
    for name in names[: len(names) // 2 + 1]:
        (fit.data / name).unlink()
    found = found_of(fit)
    assert not found.known
    assert found.remark.startswith("Which photos it learned from cannot be told: ")
    assert found.remark.endswith(f"{len(found.files)} of these stand for them.")
    assert len(found.files) == len(open_data(fit.data).samples)
