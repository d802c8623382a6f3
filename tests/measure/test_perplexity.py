import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.measure.perplexity import Perplexity


@settings(deadline=None)
@given(st.integers(2, 60_000), st.integers(1, 1000))
def test_a_uniform_guesser_is_as_perplexed_as_its_vocabulary(vocab_size, tokens):
    measured = Perplexity.from_totals(tokens * math.log(vocab_size), tokens, text_bytes=4 * tokens)
    assert measured.perplexity == pytest.approx(vocab_size)
    assert measured.nats_per_token == pytest.approx(math.log(vocab_size))
    assert measured.bits_per_byte == pytest.approx(math.log2(vocab_size) / 4)


def test_guessing_bytes_costs_eight_bits_and_the_unpredicted_first_one_does_not_count():
    text = "Où ?".encode()  # 5 bytes, of which the last 4 are predicted
    measured = Perplexity.from_totals(4 * math.log(256), 4, text_bytes=len(text), skipped_bytes=1)
    assert measured.bits_per_byte == pytest.approx(8)
    assert (measured.tokens, measured.bytes) == (4, 4)
    assert "8.0000 bits per byte (4 bytes)" in str(measured)


def test_a_hopeless_model_has_infinite_perplexity_not_an_error():
    assert Perplexity.from_totals(1e4, 1, text_bytes=1).perplexity == math.inf


@pytest.mark.parametrize(
    ("nats", "tokens", "text_bytes", "message"),
    [
        (1.0, 0, 1, "0 predicted tokens"),
        (1.0, 1, 0, "for 0 bytes"),
        (math.nan, 1, 1, "nan"),
        (math.inf, 1, 1, "inf"),
        (-1.0, 1, 1, "-1.0"),
    ],
)
def test_nonsense_is_refused(nats, tokens, text_bytes, message):
    with pytest.raises(ValueError, match=message):
        Perplexity.from_totals(nats, tokens, text_bytes=text_bytes)
