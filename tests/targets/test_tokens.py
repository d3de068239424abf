"""Token counting: real tokenizers are exact, and the estimate never counts fewer than real vocabularies do."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from t2v_recaption.errors import InvalidInput
from t2v_recaption.targets import load, names
from t2v_recaption.targets.tokens import counters_for, estimate, from_folder, from_tokenizer

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "prompts" / "vbench_category_800_gpt4o.txt"

Count = Callable[[str], int]


def fetched(name: str) -> Path:
    spec = importlib.util.spec_from_file_location("fetch_models", ROOT / "tests" / "fetch_models.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        return module.fetched(name)
    except OSError as error:
        pytest.skip(f"{error}; python tests/fetch_models.py fetches it")


def mistral() -> Count:
    sentencepiece = pytest.importorskip("sentencepiece")
    model = sentencepiece.SentencePieceProcessor(model_file=str(fetched("mistral")))
    return lambda text: len(model.encode(text))


def qwen() -> Count:
    tiktoken = pytest.importorskip("tiktoken")
    pairs = (line.split() for line in fetched("qwen").read_bytes().splitlines() if line)
    letters = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    pattern = letters + r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    encoding = tiktoken.Encoding("qwen", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def clip_tokenizer():
    """CLIP's tokenizer built from its published merges, as its own code builds it (without start and end token)."""
    tokenizers = pytest.importorskip("tokenizers")
    from tokenizers import Regex, models, normalizers, pre_tokenizers

    lines = gzip.decompress(fetched("clip").read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    merges = [tuple(line.split()) for line in lines]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    alphabet = [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(rest))]
    vocabulary = alphabet + [letter + "</w>" for letter in alphabet] + ["".join(merge) for merge in merges]
    model = models.BPE(
        vocab={token: number for number, token in enumerate(vocabulary)}, merges=merges, end_of_word_suffix="</w>"
    )
    made = tokenizers.Tokenizer(model)
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return made


def clip() -> Count:
    made = clip_tokenizer()
    return lambda text: len(made.encode(text).ids)


def knowledge() -> list[str]:
    """Paragraphs of six sentences out of the composer's knowledge, its notation resolved to the first form."""
    sentences = []
    for path in sorted((ROOT / "prompts" / "knowledge" / "subjects").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            sentences += json.loads(line).get("look", [])
    random.Random(0).shuffle(sentences)
    plain = [re.sub(r"[\[(<]([^|/\])>]*)[|/][^\])>]*[\])>]|\{(\w+)\}", r"\1\2", s) for s in sentences]
    return [" ".join(plain[index : index + 6]) for index in range(0, len(plain), 6)]


def odd() -> list[str]:
    return [
        "A 1920s jazz bar, 4K, 24 fps, 16:9, 1080p.",
        "“OPEN 24/7” — a neon sign… it's 5:30 p.m., 35mm, f/1.8",
        "Dr. Smith's café: naïve façade, über-cool, Łódź, Dvořák",
        "一只猫弹钢琴，镜头慢慢推进，阳光照在琴键上。",
        "日本の古い町を歩く女性、桜が舞う。",
        "고양이가 피아노를 친다.",
        "Кошка играет на пианино в тёплом свете лампы.",
        "كلب أسود يجري على الشاطئ عند الغروب",
        "SUPERCALIFRAGILISTIC WORDS IN CAPITALS, USA, NASA, DIY",
        "anticonstitutionnellement Donaudampfschifffahrtsgesellschaft xylophonist's zzz",
        "family 👨‍👩‍👧 walking ❤️ 🐈‍⬛",
        "{{ jinja }} <b>html</b> a_b_c = x*y**2; //path\\to#tag @user",
    ]


def published() -> list[str]:
    return PUBLISHED.read_text(encoding="utf-8").splitlines() if PUBLISHED.is_file() else []


@pytest.mark.parametrize("vocabulary", [mistral, qwen, clip])
@pytest.mark.parametrize("family", ["t5", "umt5", "clip", "llama3", "qwen2", "gemma"])
def test_the_estimate_never_counts_too_few(vocabulary, family: str) -> None:
    real, about = vocabulary(), estimate(family).count
    # A wide vocabulary joins Chinese, Japanese and Korean characters where a narrow one falls back to bytes.
    narrow = vocabulary is not qwen and family in ("umt5", "llama3", "qwen2", "gemma")
    texts = knowledge() + published() + [text for text in odd() if text.isascii() or not narrow]
    short = [text for text in texts if about(text) < real(text)]
    assert short == []


@pytest.mark.parametrize("vocabulary", [mistral, qwen, clip])
def test_the_estimate_is_not_wild(vocabulary) -> None:
    """On captions it stays under one and a half times the real count: more would drop sentences for nothing."""
    real, about = vocabulary(), estimate("t5").count
    texts = knowledge()
    assert sum(map(about, texts)) < 1.5 * sum(map(real, texts))


@pytest.fixture
def folder(tmp_path) -> Path:
    tokenizers = pytest.importorskip("tokenizers")
    words = ["a", "cat", "sits", "<eos>", "[UNK]"]
    model = tokenizers.models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", words.index("<eos>"))]
    )
    made.enable_truncation(2)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_a_folder_counts_exactly_and_without_its_own_limit(folder) -> None:
    counter = from_folder(folder)
    assert (counter.count("a cat sits"), counter.exact, counter.adds_special) == (4, True, True)


def test_a_transformers_tokenizer_counts_exactly(folder) -> None:
    transformers = pytest.importorskip("transformers")
    made = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=2)
    assert from_tokenizer(made).count("a cat sits") == 4


def test_the_hubs_cache_is_used_when_it_has_the_tokenizer(folder, tmp_path, monkeypatch) -> None:
    target = load("wan2.2")
    repository, _, subfolder = target.encoders[0].tokenizer.partition(":")
    snapshot = tmp_path / "hub" / f"models--{repository.replace('/', '--')}" / "snapshots" / "abc" / subfolder
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert counters_for(target)["UMT5-XXL"].count("a cat") == 3
    (snapshot / "tokenizer.json").write_text("broken")
    assert counters_for(target) == {}


def test_nothing_at_hand_means_estimates(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert all(counters_for(load(name)) == {} for name in names())


@pytest.mark.parametrize("content", [None, "not json"])
def test_a_folder_without_a_tokenizer_says_so(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(InvalidInput, match="holds no tokenizer"):
        from_folder(tmp_path)


def test_a_missing_folder_says_so(tmp_path) -> None:
    with pytest.raises(InvalidInput, match="no folder"):
        counters_for(load("generic"), tmp_path / "none")
