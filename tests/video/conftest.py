"""Films for the tests of reading."""

import pytest

from tests.video.films import write


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """A folder for files that are made once."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="session")
def film(films):
    """Six seconds at 25 frames a second, a key frame every second."""
    return write(films / "film.mp4", range(0, 6000, 40), options={"g": "25", "preset": "ultrafast"})
