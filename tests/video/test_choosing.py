"""Sampling, scenes, key frames: on films whose cuts and contents are known."""

import random
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.video import (
    Clip,
    Every,
    Frame,
    KeyFrames,
    PerScene,
    SceneFinder,
    Uniform,
    key_frames,
    parse_sampling,
    sample,
    scenes,
)
from t2v_recaption.video.features import VisionEncoder, thumbnail
from tests.video.films import write

SIZE = (160, 90)


def world(seed):
    """A picture larger than a frame, to move about in."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (12, 20, 3), dtype=np.uint8)
    return cv2.resize(coarse, (400, 240), interpolation=cv2.INTER_CUBIC)


def shot(seed, length, speed=1):
    """A pan over a world."""
    place = world(seed)
    return [place[20:110, n * speed : n * speed + 160] for n in range(length)]


def found(pictures, times=None):
    finder = SceneFinder()
    for number, picture in enumerate(pictures):
        finder.feed(Frame(number, number * 0.04 if times is None else times[number], picture))
    return finder.finish()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(12, 40), min_size=1, max_size=6), st.integers(0, 1000))
def test_cuts_are_found_at_the_very_frame(lengths, seed):
    pictures, times, cuts = [], [0.3], []
    draw = random.Random(seed)
    for number, length in enumerate(lengths):
        cuts.append(len(pictures))
        pictures += shot(seed + number, length)
    while len(times) < len(pictures):
        times.append(times[-1] + draw.choice([0.04, 0.05, 0.1]))
    assert found(pictures, times) == [times[n] for n in cuts[1:]]


def test_a_flash_is_no_cut():
    pictures = shot(1, 40)
    pictures[20] = np.full_like(pictures[0], 255)
    assert found(pictures) == []


def test_a_fade_through_black_is_one():
    first, second = shot(1, 20), shot(2, 30)
    out = [(p * (1 - n / 19)).astype(np.uint8) for n, p in enumerate(first)]
    back = [(p * min(1, n / 15)).astype(np.uint8) for n, p in enumerate(second)]
    black = [np.zeros_like(first[0])] * 10
    (cut,) = found([*out, *black, *back])
    assert 30 * 0.04 <= cut <= 36 * 0.04
    assert found([*black, *back]) == []


def test_fast_motion_is_no_cut():
    assert found(shot(3, 30, speed=8)) == []


@pytest.mark.parametrize("pictures", [[], shot(1, 1), shot(1, 2)])
def test_hardly_any_frames(pictures):
    assert found(pictures) == []


@pytest.fixture(scope="module")
def film(films):
    """Black for 0.4 s, then three shots of 3 s: still, panning, still."""
    pictures = [np.zeros((90, 160, 3), np.uint8)] * 10
    pictures += [world(1)[20:110, :160]] * 75 + shot(2, 75, speed=3) + [world(3)[20:110, :160]] * 75
    path = films / "shots.mp4"
    return write(path, range(len(pictures)), base=Fraction(1, 25), size=SIZE, pictures=pictures, options={"g": "40"})


def test_scenes_of_a_file(film):
    assert [(round(s.start, 2), round(s.end, 2)) for s in scenes(Clip(film))] == [(0, 3.4), (3.4, 6.4), (6.4, 9.4)]
    assert [(round(s.start, 2), round(s.end, 2)) for s in scenes(Clip(film).part(2, 5))] == [(2, 3.4), (3.4, 5)]


def test_so_many_of_each_scene(film):
    times = [round(f.time, 2) for f in sample(Clip(film), PerScene(2))]
    assert times == [0.84, 2.52, 4.12, 5.64, 7.12, 8.64]


def test_key_frames_skip_the_black_head_and_what_stays_the_same(film):
    chosen = list(sample(Clip(film), KeyFrames(every=1.0)))
    assert [f.number for f in chosen] == list(range(len(chosen)))
    times = [round(f.time, 2) for f in chosen]
    assert times[0] == 0.4  # the first picture
    assert times[1:] == [3.4, 4.4, 5.4, 6.4, 9.36]  # of the still shots one, of the pan several; the last frame


def test_the_last_frame_comes_too(films):
    still = [world(1)[20:110, :160]] * 150
    path = write(films / "still.mp4", range(150), base=Fraction(1, 25), size=SIZE, pictures=still)
    assert [round(f.time, 2) for f in sample(Clip(path), KeyFrames())] == [0, 5.96]


def test_a_film_of_one_colour_has_a_key_frame():
    clip = Clip(np.zeros((50, 8, 8, 3), np.uint8), fps=10)
    assert next(sample(clip, KeyFrames())).time == 0


def test_a_threshold_over_every_similarity_keeps_the_whole_grid(film):
    kept = list(key_frames(Clip(film), every=1.0, threshold=1.0))
    assert len(kept) >= 8


def test_thumbnails_tell_noise_from_news():
    place = world(5)
    here = place[20:110, :160]
    noise = np.random.default_rng(0).normal(0, 6, here.shape)
    same = thumbnail(here) @ thumbnail(np.clip(here + noise, 0, 255).astype(np.uint8))
    darker = thumbnail(here) @ thumbnail((here * 0.8).astype(np.uint8))
    elsewhere = thumbnail(here) @ thumbnail(place[20:110, 60:220])
    assert same > 0.98
    assert darker > 0.96
    assert elsewhere < 0.9
    assert thumbnail(np.zeros((4, 4, 3), np.uint8)) @ thumbnail(here) < 0.93


def tiny(folder, kind):
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    }
    model = (
        CLIPVisionModel(CLIPVisionConfig(**sizes)) if kind == "clip" else SiglipVisionModel(SiglipVisionConfig(**sizes))
    )
    model.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}).save_pretrained(folder)
    return model.eval()


def test_clip_features_are_those_of_transformers(tmp_path):
    model = tiny(tmp_path, "clip")
    processor = CLIPImageProcessor.from_pretrained(tmp_path)
    picture = cv2.resize(world(4), (56, 56))
    pixels = processor(images=[picture], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        reference = model(pixel_values=pixels, output_hidden_states=True).hidden_states[-1][0, 0].numpy()
    (vector,) = VisionEncoder(str(tmp_path))([picture])
    assert vector @ reference / np.linalg.norm(reference) > 0.999


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_key_frames_by_a_model_from_disk(film, tmp_path, kind):
    tiny(tmp_path, kind)
    every = list(sample(Clip(film), KeyFrames(1.0, 1.0, str(tmp_path))))
    fewer = list(sample(Clip(film), KeyFrames(1.0, 0.9999, str(tmp_path))))
    assert len(every) > len(fewer) >= 2
    assert round(fewer[0].time, 2) == 0.4


def test_a_feature_that_is_no_model(film, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be loaded"):
        list(sample(Clip(film), KeyFrames(feature=str(tmp_path))))


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 40))
def test_uniform_gives_each_frame_once_and_all_when_it_can(count, length):
    clip = Clip(np.zeros((length, 2, 2, 3), np.uint8), fps=10)
    times = [f.time for f in sample(clip, Uniform(count))]
    assert len(times) == min(count, length)
    assert times == sorted(set(times))


@pytest.mark.parametrize("text", ["uniform", "uniform:0", "every:", "every:-1", "keyframes:x", "uniform:1:2"])
def test_text_that_is_no_sampling(text):
    with pytest.raises(InvalidInput):
        parse_sampling(text)


def test_a_sampling_nobody_knows():
    with pytest.raises(UnknownName, match="unifrom"):
        parse_sampling("unifrom:3")


@given(st.floats(0.1, 5), st.floats(0.1, 20))
def test_every_few_seconds(seconds, length):
    wanted = Every(seconds).times(1.0, 1.0 + length)
    assert wanted[0] == 1.0
    assert all(t < 1.0 + length for t in wanted)
    assert wanted[-1] >= 1.0 + length - seconds - 1e-6
