"""fit: a caption is made to fit by dropping what was added, never what was stated."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.targets import Encoder, load
from t2v_recaption.targets.budget import fit
from t2v_recaption.targets.tokens import TokenCounter
from t2v_recaption.writers.base import Sentence

WORDS = TokenCounter("words", lambda text: len(text.split()), exact=True, adds_special=True)


def target(limit: int, *companions: int, prefix: str = "", suffix: str = ""):
    encoders = [Encoder("main", "", "t5", limit)]
    encoders += [Encoder(f"companion {n}", "", "clip", n, whole=False) for n in companions]
    return replace(load("generic"), encoders=tuple(encoders), prefix=prefix, suffix=suffix)


def counters(of) -> dict[str, TokenCounter]:
    return {encoder.name: WORDS for encoder in of.encoders}


STATED = Sentence("A red dog runs on a beach.", "prompt", 1.0)
LIGHT = Sentence("Warm light falls from the left.", "light", 0.3)
SUBJECT = Sentence("Its coat is wet.", "subject", 0.6)


def test_the_least_important_goes_first() -> None:
    wanted = target(11)
    fitted = fit([STATED, LIGHT, SUBJECT], wanted, counters(wanted))
    assert fitted.sentences == (STATED, SUBJECT)
    assert fitted.dropped == (LIGHT,)
    assert not fitted.over
    assert fitted.exact


def test_a_stated_fact_is_never_dropped_and_the_result_says_so() -> None:
    wanted = target(3)
    fitted = fit([STATED, LIGHT], wanted, counters(wanted))
    assert fitted.sentences == (STATED,)
    assert fitted.over


def test_what_scripts_add_counts() -> None:
    wanted = target(14, prefix="high quality, ", suffix=" 24 FPS.")
    fitted = fit([STATED, SUBJECT], wanted, counters(wanted))
    assert fitted.sentences == (STATED,)
    assert fitted.counts[0].tokens == 11


def test_the_companion_gets_its_own_short_version() -> None:
    wanted = target(50, 11)
    fitted = fit([STATED, LIGHT, SUBJECT], wanted, counters(wanted))
    assert fitted.sentences == (STATED, LIGHT, SUBJECT)
    assert fitted.short == f"{STATED.text} {SUBJECT.text}"


def test_without_a_tokenizer_the_result_is_an_estimate() -> None:
    assert not fit([STATED], load("generic")).exact


sentences = st.lists(
    st.builds(
        Sentence,
        st.lists(st.sampled_from(["dog", "runs", "red"]), min_size=1, max_size=9).map(" ".join),
        st.just("light"),
        st.sampled_from([0.1, 0.4, 0.9, 1.0]),
    ),
    max_size=9,
)


@given(sentences, st.integers(1, 60))
def test_always_stated_kept_order_kept_nothing_invented(given_sentences, limit) -> None:
    wanted = target(limit, 5)
    fitted = fit(given_sentences, wanted, counters(wanted))
    kept = list(fitted.sentences)
    assert [s for s in kept if s.importance == 1.0] == [s for s in given_sentences if s.importance == 1.0]
    rest = iter(given_sentences)
    assert all(any(s is other for other in rest) for s in kept)
    assert len(kept) + len(fitted.dropped) == len(given_sentences)
    assert not fitted.over or all(s.importance == 1.0 for s in kept)
