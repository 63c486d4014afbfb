from pathlib import Path

from processes import KCLASS, run
from small_fits import SmallFit

import kclass

RESULTS = ("metrics.json", "predictions.csv", "split.csv", "history.csv")


def results(run_folder: Path) -> list[bytes]:
    return [(run_folder / name).read_bytes() for name in RESULTS]


def test_fits_with_the_same_seed_give_the_same_numbers_to_the_last_digit(
    fitted: SmallFit, tmp_path: Path
) -> None:
    # The first has to fill its cache, the second has all features there; and strings have other
    # hashes, so that whatever is not sorted comes in another order.
    for name in ("1", "2"):
        variables = {"KCLASS_CACHE": str(tmp_path / "cache"), "PYTHONHASHSEED": name}
        ended = run(*KCLASS, "fit", str(fitted.data), "--out", name, cwd=tmp_path, variables=variables)
        assert ended.returncode == 0, ended.stderr
    assert results(tmp_path / "1") == results(tmp_path / "2")


def test_a_fit_with_another_seed_gives_others(fitted: SmallFit, tmp_path: Path) -> None:
    kclass.fit(fitted.data, seed=1, out=tmp_path / "run")
    assert all(a != b for a, b in zip(results(tmp_path / "run"), results(fitted.run), strict=True))
