"""Clips that show something measurable, made with PyAV."""

from fractions import Fraction

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("av")

from tests.video.films import write  # noqa: E402

WIDTH, HEIGHT, FRAMES, RATE = 256, 144, 33, 16
BASE = Fraction(1, RATE)


def wall(seed=0, colour=True):
    """A wall of tiles with many corners, larger than the picture."""
    rng = np.random.default_rng(seed)
    tiles = rng.integers(30, 225, (60, 90, 3), np.uint8)
    if not colour:
        tiles[...] = tiles[..., :1]
    return np.kron(tiles, np.ones((8, 8, 1), np.uint8))


def pictures(kind):
    """The frames of a clip of that kind."""
    ground = wall(colour=kind != "grey")
    for n in range(FRAMES):
        x, y = 100, 100
        if kind == "pan":
            x = 40 + 5 * n
        picture = ground[y : y + HEIGHT, x : x + WIDTH].copy()
        if kind == "cut" and n >= FRAMES // 2:
            picture = wall(7)[y : y + HEIGHT, x : x + WIDTH].copy()
        if kind == "darker":
            picture = (picture * (1 - 0.8 * n / (FRAMES - 1))).astype(np.uint8)
        yield picture


@pytest.fixture(scope="session")
def clip_of(tmp_path_factory):
    """Gives the path of a clip of two seconds: `still`, `pan`, `cut`, `grey`, `darker`."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}

    def clip(kind):
        if kind not in made:
            options = {"crf": "12", "preset": "ultrafast"}
            frames = list(pictures(kind))
            made[kind] = write(folder / f"{kind}.mp4", range(len(frames)), base=BASE, size=(WIDTH, HEIGHT),
                               pictures=frames, options=options)  # fmt: skip
        return made[kind]

    return clip


@pytest.fixture(scope="session")
def still(clip_of):
    """A clip on which nothing moves."""
    return clip_of("still")


@pytest.fixture(scope="session")
def check(still):
    """Verifies the still clip, which was measured once: `check(prompt, judges=…)`."""
    from t2v_recaption import Verifier, measure

    measured = measure(still)

    def verified(prompt, **options):
        return Verifier(**options)(still, prompt, measured=measured)

    return verified
