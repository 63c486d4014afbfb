import pytest
from small_fits import SmallFit, small_fit


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> SmallFit:
    return small_fit(tmp_path_factory)
