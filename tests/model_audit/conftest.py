import pytest
from small_fits import CLASSES, SmallFit, write_photos

import kclass


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> SmallFit:
    """A fit at a size at which hundreds of passes take a second. Nothing may be written into it."""
    folder = tmp_path_factory.mktemp("smaller-fit")
    data = write_photos(folder / "trees", dict.fromkeys(CLASSES, 8))
    classifier = kclass.fit(data, size=96, out=folder / "run")
    return SmallFit(data, folder / "run", classifier)
